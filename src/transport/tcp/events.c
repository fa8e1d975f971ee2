/* transport/tcp/events.c: whose readiness may have changed: a queue in which each owner stands once. */
#include "transport/tcp/parts.h"

void tcp_event(struct tcp *tcp, struct tcp_event *event)
{
    if (event->next != NULL)
        return;
    event->next = &tcp->events;
    event->previous = tcp->events.previous;
    tcp->events.previous->next = event;
    tcp->events.previous = event;
}

void tcp_event_forget(struct tcp_event *event)
{
    if (event->next == NULL)
        return;
    event->previous->next = event->next;
    event->next->previous = event->previous;
    event->next = event->previous = NULL;
}

void tcp_tell(struct tcp *tcp, struct tcp_connection *c)
{
    if (c->flags & TCP_OWNED)
        tcp_event(tcp, &c->event);
}

bool tcp_has_events(const struct tcp *tcp)
{
    return tcp->events.next != &tcp->events;
}

unsigned tcp_next_events(struct tcp *tcp, uint32_t owner[], unsigned most)
{
    struct tcp_event *event = tcp->events.next, *next;
    unsigned count = 0;

    for (; event != &tcp->events && count < most; event = next) {
        next = event->next;
        owner[count++] = event->owner;
        event->next = event->previous = NULL;
    }
    tcp->events.next = event;
    event->previous = &tcp->events;
    return count;
}
