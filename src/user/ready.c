/* user/ready.c: readiness: what a descriptor can do now (user_poll), and a queue of descriptors about which something
 * may have changed, each standing in it once. TCP and UDP keep queues of their own; they are merged here.
 *
 * The queue's links are descriptors' numbers, one a socket: who is closed stays in it unmarked and is passed over.
 *
 * Mostly a program asks until it knows of everybody, and only streams have something to tell. Then the queue is empty,
 * and a burst's streams stand in a row, unmarked, until their turn comes. As soon as anybody else has something to
 * tell, or a socket is closed, who is left of the row goes to the queue.
 *
 * Streams at rest that can do nothing, since the budget has no promise for them, wait in no queue: a bit of the socket
 * says so, and a bit a page that there are such. When nobody else has anything to tell and there is a promise, the next
 * of them is told, by descriptors from the last one on, so that each has its turn; and another one, as long as nobody
 * takes the promise. */
#include "user/user_private.h"

#include <errno.h>

#include "base/prefetch.h"
#include "base/likely.h"

/* Its page stays as long as the stack, so a number in the queue always has a place. */
static struct user_socket *place_of(const struct user *user, int fd)
{
    uint32_t number = (uint32_t)fd - USER_DESCRIPTOR_FIRST;

    return &user->page[number / USER_PAGE_SOCKETS]->socket[number % USER_PAGE_SOCKETS];
}

static void join_queue(struct user *user, struct user_socket *socket)
{
    socket->flags |= USER_IN_READY;
    socket->ready_next = 0;
    if (user->ready_first == 0)
        user->ready_first = socket->fd;
    else
        user->ready_last->ready_next = socket->fd;
    user->ready_last = socket;
}

/* The first one of the queue leaves it; NULL: the queue is empty. */
static struct user_socket *leave_queue(struct user *user)
{
    struct user_socket *socket;

    if (user->ready_first == 0)
        return NULL;
    socket = place_of(user, user->ready_first);
    user->ready_first = socket->ready_next;
    socket->flags &= (uint8_t)~USER_IN_READY;
    return socket;
}

static __attribute__((noinline)) void tell_trace(struct user *user, const struct user_socket *socket)
{
    unsigned events = user_poll(user, socket->fd);

    if (events != 0)
        TRACE(user->core, WOKE, TRACE_N(socket->fd), TRACE_N(events));
}

/* A stream that connect began and that TCP has connected: from now on TCP knows all of it, but what it was bound to. */
static inline void forget_details(struct user *user, struct user_socket *socket)
{
    const struct user_details *details;

    if (LIKELY(socket->phase != USER_CONNECTING))
        return;
    details = user_details(user, socket);
    if (details != NULL && !details->bound && tcp_is_connected(user->tcp, socket->handle))
        user_details_drop(user, socket);
}

static inline void mark(struct user *user, struct user_socket *socket)
{
    if (socket->flags & USER_MARKED)
        return;
    socket->flags |= USER_MARKED;
    if ((socket->flags & USER_IN_READY) == 0)
        join_queue(user, socket);
    if (TRACE_ON(user->core))
        tell_trace(user, socket);
}

static __attribute__((noinline)) void row_to_queue(struct user *user)
{
    while (user->told_first != user->told_end) {
        struct user_socket *socket = user->told[user->told_first++];

        forget_details(user, socket);
        mark(user, socket);
    }
}

void user_row_ends(struct user *user)
{
    if (UNLIKELY(user->told_first != user->told_end))
        row_to_queue(user);
}

void user_mark(struct user *user, struct user_socket *socket)
{
    user_row_ends(user);
    mark(user, socket);
}

void user_waits(void *context, uint32_t owner)
{
    struct user *user = context;
    struct user_socket *socket = place_of(user, (int)owner);
    uint32_t at = ((uint32_t)socket->fd - USER_DESCRIPTOR_FIRST) / USER_PAGE_SOCKETS;

    socket->flags |= USER_WAITS;
    user->waits[at / 64] |= UINT64_C(1) << (at % 64);
    user->somebody_waits = true;
}

/* The page at `from` or the next one behind it on which somebody may wait; their count: none. */
static uint32_t page_waiting(const struct user *user, uint32_t from)
{
    uint32_t at = from;

    while (at < user->pages) {
        uint64_t rest = user->waits[at / 64] >> (at % 64);

        if (rest != 0)
            return at + (uint32_t)__builtin_ctzll(rest);
        at = (at / 64 + 1) * 64;
    }
    return user->pages;
}

/* The first one who waits of that place in the table, or behind it; NULL: nobody. */
static struct user_socket *waiting_from(struct user *user, uint32_t number)
{
    uint32_t at = number / USER_PAGE_SOCKETS, place = number % USER_PAGE_SOCKETS;

    while ((at = page_waiting(user, at)) != user->pages) {
        struct user_socket *socket = user->page[at]->socket;
        const bool whole = at != number / USER_PAGE_SOCKETS || place == 0;

        for (uint32_t i = whole ? 0 : place; i < USER_PAGE_SOCKETS; i++)
            if (socket[i].type != 0 && (socket[i].flags & USER_WAITS) != 0)
                return &socket[i];
        if (whole)
            user->waits[at / 64] &= ~(UINT64_C(1) << (at % 64));
        at++;
    }
    return NULL;
}

/* If somebody waits for a promise and there is one, it stands in the queue from now on. */
static __attribute__((noinline)) void queue_waiting(struct user *user)
{
    struct user_socket *socket;

    if (!tcp_has_promise(user->tcp))
        return;
    socket = waiting_from(user, user->waits_from);
    if (socket == NULL)
        socket = waiting_from(user, 0);
    user->somebody_waits = socket != NULL;
    if (socket == NULL)
        return;
    user->waits_from = (uint32_t)socket->fd - USER_DESCRIPTOR_FIRST + 1;
    socket->flags &= (uint8_t)~USER_WAITS;
    mark(user, socket);
}

static void collect_captures(struct user *user)
{
    struct user_socket *socket;
    uint32_t owner;

    while (capture_next_event(user->captures, &owner)) {
        socket = user_find(user, (int)owner);
        if (socket != NULL && socket->type == BARO_PACKET)
            user_mark(user, socket);
    }
}

/* The row is empty. As many as it holds: of many sockets each is a miss, and those of several can be waited for
 * together. */
static void next_row(struct user *user)
{
    uint32_t owner[USER_TOLD];
    const unsigned count = tcp_next_events(user->tcp, owner, USER_TOLD);

    for (unsigned i = 0; i < count; i++) {
        user->told[i] = place_of(user, (int)owner[i]);
        prefetch_line(user->told[i]);
    }
    user->told_first = user->told_end = 0;
    /* They are looked at together, too: what is asked for does not always come where its page must be walked to. */
    for (unsigned i = 0; i < count; i++) {
        user->told[user->told_end] = user->told[i];
        user->told_end += user->told[i]->type == BARO_STREAM;
    }
}

static void collect_streams(struct user *user)
{
    user_row_ends(user);
    while (tcp_has_events(user->tcp)) {
        next_row(user);
        row_to_queue(user);
    }
}

static inline bool others_have_events(const struct user *user)
{
    return udp_has_events(user->udp) || udp_has_events(user->pings) || user->captures->events;
}

/* Is nobody in the queue, and will nobody be but streams? */
static inline bool is_streams_alone(const struct user *user)
{
    return LIKELY(user->ready_first == 0 && !others_have_events(user) && !TRACE_ON(user->core));
}

void user_collect(struct user *user)
{
    struct user_socket *socket;
    uint32_t owner;

    if (user->told_first == user->told_end && is_streams_alone(user)) {
        if (!tcp_has_events(user->tcp))
            return;
        next_row(user);
        if (LIKELY(!tcp_has_events(user->tcp)))
            return;
    }
    collect_streams(user);
    while (udp_next_event(user->udp, &owner) || udp_next_event(user->pings, &owner)) {
        socket = user_find(user, (int)owner);
        if (socket != NULL && socket->type != BARO_STREAM)
            user_mark(user, socket);
    }
    collect_captures(user);
}

static unsigned poll_datagram(const struct user *user, const struct user_socket *socket)
{
    const struct user_details *details = user_details(user, socket);
    unsigned events = udp_readiness(user_udp(user, socket), socket->handle);

    if (details->shut_read)
        events |= BARO_EVENT_IN | BARO_EVENT_READ_HANGUP;
    if (details->shut_write)
        events |= BARO_EVENT_OUT; /* send will not wait: it fails */
    if (details->shut_read && details->shut_write)
        events |= BARO_EVENT_HANGUP;
    return events;
}

static inline unsigned poll_stream(const struct user *user, const struct user_socket *socket)
{
    if (socket->phase == USER_LISTENING)
        return tcp_listener_readiness(user->tcp, socket->handle);
    if (socket->phase == USER_FRESH) /* neither call would wait: both say "not connected" */
        return BARO_EVENT_OUT | BARO_EVENT_HANGUP;
    return tcp_readiness(user->tcp, socket->handle);
}

static unsigned poll_socket(const struct user *user, const struct user_socket *socket)
{
    if (socket->type == BARO_PACKET)
        return capture_readiness(user->captures, socket->handle);
    return socket->type == BARO_STREAM ? poll_stream(user, socket) : poll_datagram(user, socket);
}

unsigned user_poll(struct user *user, int fd)
{
    const struct user_socket *socket = user_find(user, fd);

    return socket == NULL ? BARO_EVENT_INVALID : poll_socket(user, socket);
}

/* By the queue. */
static __attribute__((noinline)) bool next_of_queue(struct user *user, struct baro_ready *ready)
{
    struct user_socket *socket;

    user_row_ends(user);
    if (tcp_has_events(user->tcp) || others_have_events(user))
        user_collect(user);
    do {
        if (UNLIKELY(user->somebody_waits) && user->ready_first == 0)
            queue_waiting(user);
        socket = leave_queue(user);
        if (socket == NULL)
            return false;
    } while (socket->type == 0 || (socket->flags & USER_MARKED) == 0);
    socket->flags &= (uint8_t)~USER_MARKED;
    ready->fd = socket->fd;
    ready->events = poll_socket(user, socket);
    return true;
}

bool user_next_ready(struct user *user, struct baro_ready *ready)
{
    struct user_socket *socket;

    if (user->told_first == user->told_end) {
        if (!is_streams_alone(user))
            return next_of_queue(user, ready);
        if (!tcp_has_events(user->tcp))
            return UNLIKELY(user->somebody_waits) && next_of_queue(user, ready);
        next_row(user);
        if (UNLIKELY(user->told_end == 0))
            return false;
    } else if (UNLIKELY(tcp_has_events(user->tcp) || others_have_events(user))) {
        return next_of_queue(user, ready);
    }
    socket = user->told[user->told_first++];
    forget_details(user, socket);
    ready->fd = socket->fd;
    ready->events = poll_stream(user, socket);
    return true;
}
