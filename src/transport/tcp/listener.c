/* transport/tcp/listener.c: listeners and their three lists: SYNs that are held, half-open records, and the accept
 * queue (RFC 9293 §3.9.1.2, §3.10.1).
 *
 * `backlog` bounds the accept queue (one more than it says, as elsewhere). When it is full a SYN is dropped, and
 * the ACK that would end a dialogue is not heard: the peer believes itself connected, our SYN+ACK comes again, and
 * its answer, or the text that the peer sends again, finds room or does not. Nobody is reset for it: a peer that is
 * refused would tell its program, a peer that waits finds the room that the next accept makes. */
#include "transport/tcp/parts.h"

#include "base/bytes.h"

static void list_add(struct tcp *tcp, struct tcp_list *list, struct tcp_connection *c)
{
    struct handle own = tcp_handle(tcp, c);

    c->list_next = HANDLE_NONE;
    c->list_previous = list->last;
    if (list->count++ == 0)
        list->first = own;
    else
        tcp_resolve(tcp, list->last)->list_next = own;
    list->last = own;
}

static void list_remove(struct tcp *tcp, struct tcp_list *list, struct tcp_connection *c)
{
    if (handle_is_none(c->list_previous))
        list->first = c->list_next;
    else
        tcp_resolve(tcp, c->list_previous)->list_next = c->list_next;
    if (handle_is_none(c->list_next))
        list->last = c->list_previous;
    else
        tcp_resolve(tcp, c->list_next)->list_previous = c->list_previous;
    c->list_next = c->list_previous = HANDLE_NONE;
    list->count--;
}

void tcp_trace_queue(const struct tcp *tcp, const struct tcp_listener *listener)
{
    TRACE(tcp->core, ACCEPT_QUEUE, TRACE_N(tcp_listener_handle(tcp, listener).value),
          TRACE_N(listener->queue.count), TRACE_N(listener->half_open.count), TRACE_N(listener->backlog));
}

/* The first of the queue, which it leaves. */
static struct tcp_connection *take_first(struct tcp *tcp, struct tcp_listener *listener)
{
    struct tcp_connection *c = tcp_resolve(tcp, listener->queue.first);

    list_remove(tcp, &listener->queue, c);
    c->flags &= ~(uint32_t)TCP_IN_QUEUE;
    return c;
}

bool tcp_accept_queue_has_room(const struct tcp_listener *listener)
{
    return listener->queue.count <= listener->backlog;
}

void tcp_queue_for_accept(struct tcp *tcp, struct tcp_listener *listener, struct tcp_connection *c)
{
    list_add(tcp, &listener->queue, c);
    c->flags |= TCP_IN_QUEUE;
    tcp_trace_queue(tcp, listener);
    tcp_event(tcp, &listener->event);
}

int tcp_listen(struct tcp *tcp, struct baro_endpoint local, int backlog, const struct tcp_settings *settings,
               uint32_t owner, struct handle *handle)
{
    struct tcp_listener *listener;

    if (tcp_port_check(tcp, local, true, settings->reuse_port) != 0)
        return -EADDRINUSE;
    listener = pool_take(&tcp->listeners);
    if (listener == NULL)
        return -ENOBUFS;
    listener->local = local;
    listener->settings = *settings;
    listener->event.owner = owner;
    *handle = tcp_listener_handle(tcp, listener);
    tcp_listen_again(tcp, *handle, backlog);
    if (tcp_port_add_listener(tcp, listener))
        return 0;
    pool_give_back(&tcp->listeners, listener);
    return -ENOBUFS;
}

int tcp_listen_again(struct tcp *tcp, struct handle handle, int backlog)
{
    struct tcp_listener *listener = tcp_resolve_listener(tcp, handle);

    if (listener == NULL)
        return -EINVAL;
    listener->backlog = backlog < 1 ? 1 : backlog > UINT16_MAX ? UINT16_MAX : (uint32_t)backlog;
    return 0;
}

void tcp_unlisten(struct tcp *tcp, struct handle handle)
{
    struct tcp_listener *listener = tcp_resolve_listener(tcp, handle);

    if (listener == NULL)
        return;
    while (listener->queue.count != 0) {
        struct tcp_connection *c = take_first(tcp, listener);

        tcp_abort(tcp, c, ECONNABORTED);
        tcp_reap(tcp, c);
    }
    tcp_half_open_end_all(tcp, &listener->half_open);
    tcp_half_open_end_all(tcp, &listener->held);
    tcp_event_forget(tcp, &listener->event);
    tcp_port_remove_listener(tcp, listener);
    pool_give_back(&tcp->listeners, listener);
}

/* Are they the listener's still, and is there nothing to do about them? */
static bool has_settings(const struct tcp_listener *listener, const struct tcp_connection *c)
{
    return !listener->settings.keepalive && !listener->settings.hold_syn &&
           memcmp(&c->settings, &listener->settings, sizeof c->settings) == 0;
}

/* What the listener has now; silence is counted from here on, and SYNs are held by listeners only. */
static void take_settings(struct tcp *tcp, const struct tcp_listener *listener, struct handle connection)
{
    struct tcp_settings settings = listener->settings;

    settings.hold_syn = false;
    (void)tcp_change(tcp, connection, &settings); /* it cannot rest yet */
}

int tcp_accept(struct tcp *tcp, struct handle handle, uint32_t owner, struct handle *connection)
{
    struct tcp_listener *listener = tcp_resolve_listener(tcp, handle);
    struct tcp_connection *c;

    if (listener == NULL)
        return -EINVAL;
    if (listener->queue.count == 0)
        return -EAGAIN;
    c = take_first(tcp, listener);
    c->flags |= TCP_OWNED;
    c->event.owner = owner;
    if (tcp->place != NULL)
        tcp_rest_later(tcp, c);
    *connection = tcp_handle(tcp, c);
    tcp_trace_queue(tcp, listener);
    tcp_tell(tcp, c);
    if (!has_settings(listener, c))
        take_settings(tcp, listener, *connection);
    return 0;
}

unsigned tcp_listener_readiness(const struct tcp *tcp, struct handle handle)
{
    const struct tcp_listener *listener = tcp_resolve_listener(tcp, handle);

    if (listener == NULL)
        return BARO_EVENT_INVALID;
    return (listener->queue.count != 0 ? BARO_EVENT_IN : 0u) | (listener->held.count != 0 ? BARO_EVENT_PRIORITY : 0u);
}
