/* drill/call_events.c: poll and epoll.
 *
 * Both wait for any descriptor, with their own timeout in milliseconds, which the script's clock reaches by
 * itself. An edge is what the stack says about a descriptor (baro_next_ready): with EPOLLET it is told once.
 */
#include "calls.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

#include "symbols.h"

static const int64_t ns_per_ms = 1000000;

/* Linux' bits for what the stack says of a descriptor. */
static unsigned events_of(struct run *run, int live)
{
    static const struct {
        unsigned event, bits;
    } table[] = { { BARO_EVENT_IN, POLLIN | POLLRDNORM }, { BARO_EVENT_OUT, POLLOUT | POLLWRNORM },
                  { BARO_EVENT_PRIORITY, POLLPRI },       { BARO_EVENT_ERROR, POLLERR },
                  { BARO_EVENT_HANGUP, POLLHUP },         { BARO_EVENT_READ_HANGUP, POLLRDHUP },
                  { BARO_EVENT_INVALID, POLLNVAL } };
    unsigned events = baro_poll(run->stack, live), bits = 0;

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if ((events & table[i].event) != 0)
            bits |= table[i].bits;
    return bits;
}

static const struct value *field(const struct value *structure, const char *name)
{
    for (size_t i = 0; i < structure->count; i++)
        if (structure->items[i].name != NULL && strcmp(structure->items[i].name, name) == 0)
            return &structure->items[i];
    return NULL;
}

static bool is_number(const struct value *value)
{
    return value != NULL && value->kind == VALUE_NUMBER;
}

/* Begins the call's timeout, the first time. False: it has passed, or there is none to wait for. */
static bool may_wait(struct run *run, const struct value *timeout)
{
    if (!run->present->again)
        run->present->timeout_ns =
            timeout->number < 0
                ? INT64_MAX
                : run->now_ns + (timeout->number > INT_MAX ? INT_MAX : timeout->number) * ns_per_ms;
    return run->now_ns < run->present->timeout_ns;
}

/* POLLIN|POLLOUT for people. */
static void names_of(unsigned bits, const char *prefix, char *to, size_t size)
{
    static const struct {
        unsigned bit;
        const char *name;
    } table[] = { { POLLIN, "IN" },       { POLLOUT, "OUT" },       { POLLPRI, "PRI" },
                  { POLLERR, "ERR" },     { POLLHUP, "HUP" },       { POLLNVAL, "NVAL" },
                  { POLLRDHUP, "RDHUP" }, { POLLRDNORM, "RDNORM" }, { POLLWRNORM, "WRNORM" } };
    size_t used = 0;

    snprintf(to, size, "0");
    for (size_t i = 0; i < sizeof table / sizeof table[0] && used + 16 < size; i++)
        if ((bits & table[i].bit) != 0)
            used += (size_t)snprintf(to + used, size - used, "%s%s%s", used == 0 ? "" : "|", prefix,
                                     table[i].name);
}

static bool check_events(struct run *run, long long fd, const char *prefix, unsigned expected,
                         unsigned actual)
{
    char words[96];

    if (expected == actual)
        return true;
    drill_run_fail(run, "descriptor %lld has other events", fd);
    names_of(expected, prefix, words, sizeof words);
    drill_run_detail(run, drill_run_words(run, WORD_EXPECTED), "%s", words);
    names_of(actual, prefix, words, sizeof words);
    drill_run_detail(run, drill_run_words(run, WORD_ACTUAL), "%s", words);
    return false;
}

/* ---- poll ---- */

/* What one pollfd sees now; -1 after a run_fail. */
static int poll_one(struct run *run, const struct value *item)
{
    const struct value *fd = field(item, "fd"), *events = field(item, "events");
    unsigned asked;

    if (item->kind != VALUE_STRUCT || !is_number(fd) || !is_number(events))
        return drill_run_fail(run, "expected {fd=4, events=POLLIN, revents=POLLIN}"), -1;
    if (fd->number < 0)
        return 0;
    if (fd->number >= DESCRIPTORS_LIMIT || !run->descriptor[fd->number].used)
        return POLLNVAL;
    if (!drill_call_is_socket(&run->descriptor[fd->number]))
        return drill_run_fail(run, "poll waits for sockets here, not for an epoll or a pipe"), -1;
    asked = (unsigned)events->number | POLLERR | POLLHUP | POLLNVAL;
    return (int)(events_of(run, run->descriptor[fd->number].live) & asked);
}

ptrdiff_t drill_call_poll(struct run *run, const struct call_line *call)
{
    const struct value *list = &call->argument[0];
    ptrdiff_t ready = 0;

    if (list->kind != VALUE_ARRAY || !is_number(&call->argument[1]) || !is_number(&call->argument[2]) ||
        call->argument[1].number != (long long)list->count)
        return drill_run_fail(run, "expected poll([{fd=..., events=..., revents=...}], 1, 1000)"), -EINVAL;
    for (size_t i = 0; i < list->count; i++) {
        int seen = poll_one(run, &list->items[i]);

        if (seen < 0)
            return -EINVAL;
        ready += seen != 0;
    }
    if (ready == 0 && may_wait(run, &call->argument[2]))
        return -EAGAIN;
    for (size_t i = 0; i < list->count; i++) {
        const struct value *expected = field(&list->items[i], "revents"), *fd = field(&list->items[i], "fd");

        if (is_number(expected) && !check_events(run, fd->number, "POLL", (unsigned)expected->number,
                                                 (unsigned)poll_one(run, &list->items[i])))
            break;
    }
    return ready;
}

/* ---- epoll ---- */

void drill_call_changed(struct run *run, int live)
{
    for (int i = 0; i < run->epolls; i++)
        for (int j = 0; j < INTERESTS_LIMIT; j++)
            if (run->epoll[i].interest[j].used && run->epoll[i].interest[j].live == live)
                run->epoll[i].interest[j].changed = true;
}

void drill_call_forget(struct run *run, long long fd)
{
    for (int i = 0; i < run->epolls; i++)
        for (int j = 0; j < INTERESTS_LIMIT; j++)
            if (run->epoll[i].interest[j].fd == fd)
                run->epoll[i].interest[j].used = false;
}

ptrdiff_t drill_call_epoll_create(struct run *run, const struct call_line *call)
{
    ptrdiff_t number;

    if (call->kind == CALL_epoll_create && call->argument[0].number <= 0)
        return -EINVAL;
    if (run->epolls == EPOLLS_LIMIT)
        return drill_run_fail(run, "more than %d epolls in one script", EPOLLS_LIMIT), -EMFILE;
    number = drill_call_number(run, call);
    if (number > 0)
        run->descriptor[number] =
            (struct descriptor){ .used = true, .connection = NOBODY, .epoll = run->epolls++, .live = NOBODY };
    return number;
}

/* The epoll that argument 0 names; NULL with `*error` set, or after a run_fail. */
static struct epoll *epoll_of(struct run *run, const struct call_line *call, int *error)
{
    long long number = call->argument[0].number;

    *error = -EBADF;
    if (call->argument[0].kind != VALUE_NUMBER || number < 0 || number >= DESCRIPTORS_LIMIT ||
        !run->descriptor[number].used)
        return NULL;
    *error = -EINVAL;
    return run->descriptor[number].epoll == NOBODY ? NULL : &run->epoll[run->descriptor[number].epoll];
}

/* {events=EPOLLIN, fd=4}: the data may be called fd, ptr, u32 or u64. */
static const struct value *data_of(const struct value *event)
{
    static const char *const names[] = { "fd", "ptr", "u32", "u64", "data" };
    const struct value *data = NULL;

    for (size_t i = 0; i < sizeof names / sizeof names[0] && data == NULL; i++)
        data = field(event, names[i]);
    if (data != NULL && data->kind == VALUE_STRUCT && data->count == 1) /* data={fd=4} */
        data = &data->items[0];
    return data;
}

ptrdiff_t drill_call_epoll_ctl(struct run *run, const struct call_line *call)
{
    long long operation = call->argument[1].number, fd = call->argument[2].number;
    const struct value *event = &call->argument[3], *events = field(event, "events"), *data = data_of(event);
    struct interest *found = NULL, *vacant = NULL;
    int error;
    struct epoll *epoll = epoll_of(run, call, &error);

    if (epoll == NULL)
        return error;
    if (fd < 0 || fd >= DESCRIPTORS_LIMIT || !run->descriptor[fd].used)
        return -EBADF;
    if (!drill_call_is_socket(&run->descriptor[fd]))
        return drill_run_fail(run, "an epoll waits for sockets here, not for another one or a pipe"), -EINVAL;
    for (int i = 0; i < INTERESTS_LIMIT; i++) {
        struct interest *interest = &epoll->interest[i];

        found = interest->used && interest->fd == fd ? interest : found;
        vacant = !interest->used && vacant == NULL ? interest : vacant;
    }
    if ((operation == EPOLL_CTL_ADD) == (found != NULL))
        return found != NULL ? -EEXIST : -ENOENT;
    if (operation == EPOLL_CTL_DEL) {
        found->used = false;
        return 0;
    }
    if (event->kind != VALUE_STRUCT || !is_number(events) || !is_number(data))
        return drill_run_fail(run, "expected {events=EPOLLIN, fd=4}"), -EINVAL;
    if (found == NULL && (found = vacant) == NULL)
        return drill_run_fail(run, "more than %d descriptors in one epoll", INTERESTS_LIMIT), -ENOSPC;
    *found = (struct interest){ .used = true,
                                .fd = fd,
                                .live = run->descriptor[fd].live,
                                .events = (uint32_t)events->number,
                                .data = data->number,
                                .changed = true };
    return 0;
}

/* What the interest would tell now. */
static unsigned told_by(struct run *run, const struct interest *interest)
{
    unsigned edge = (interest->events & EPOLLET) != 0;

    if (!interest->used || interest->spent || (edge && !interest->changed))
        return 0;
    return events_of(run, interest->live) & (interest->events | EPOLLERR | EPOLLHUP);
}

static bool check_one(struct run *run, const struct value *list, ptrdiff_t at,
                      const struct interest *interest, unsigned events)
{
    const struct value *expected = list->kind == VALUE_ARRAY ? &list->items[at] : list, *wanted, *data;

    if (list->kind == VALUE_ANY || (list->kind == VALUE_ARRAY && (size_t)at >= list->count) ||
        (list->kind != VALUE_ARRAY && at > 0) || expected->kind != VALUE_STRUCT)
        return true;
    wanted = field(expected, "events");
    data = data_of(expected);
    if (is_number(data) && data->number != interest->data) {
        drill_run_fail(run, "epoll tells of another descriptor");
        drill_run_detail(run, drill_run_words(run, WORD_EXPECTED), "%lld", data->number);
        drill_run_detail(run, drill_run_words(run, WORD_ACTUAL), "%lld", interest->data);
        return false;
    }
    return !is_number(wanted) || check_events(run, interest->fd, "EPOLL", (unsigned)wanted->number, events);
}

ptrdiff_t drill_call_epoll_wait(struct run *run, const struct call_line *call)
{
    int error;
    struct epoll *epoll = epoll_of(run, call, &error);
    ptrdiff_t told = 0;

    if (epoll == NULL)
        return error;
    if (!is_number(&call->argument[2]) || !is_number(&call->argument[3]))
        return drill_run_fail(run, "expected epoll_wait(5, {events=EPOLLIN, fd=4}, 1, 1000)"), -EINVAL;
    if (call->argument[2].number <= 0)
        return -EINVAL;
    for (int i = 0; i < INTERESTS_LIMIT && told < call->argument[2].number; i++) {
        struct interest *interest = &epoll->interest[i];
        unsigned events = told_by(run, interest);

        if (events == 0)
            continue;
        interest->changed = false;
        interest->spent = (interest->events & EPOLLONESHOT) != 0;
        if (!check_one(run, &call->argument[1], told++, interest, events))
            break;
    }
    return told == 0 && may_wait(run, &call->argument[3]) ? -EAGAIN : told;
}
