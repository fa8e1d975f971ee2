/* transport/tcp/events.c: whose readiness may have changed: a queue in which each owner stands once.
 *
 * It begins with a row as long as a burst. Who takes part of it lies there together with its owner's number, so that
 * nobody has to be looked at for the next one to be found: of many connections each look would be at a line that the
 * first cache has given up meanwhile, and waits for the one before. Who finds the row full is linked into a list behind
 * it, and goes to the row when that has room again. Of who stands in the row `previous` is NULL. */
#include "base/min.h"
#include "transport/tcp/exchange.h"

static inline bool is_listed(const struct tcp *tcp)
{
    return tcp->events.next != &tcp->events;
}

__attribute__((noinline)) void tcp_event_listed(struct tcp *tcp, struct tcp_event *event)
{
    event->next = &tcp->events;
    event->previous = tcp->events.previous;
    tcp->events.previous->next = event;
    tcp->events.previous = event;
}

static void leave_list(struct tcp_event *event)
{
    event->previous->next = event->next;
    event->next->previous = event->previous;
    event->next = event->previous = NULL;
}

/* Those behind it each go one place forward. */
static __attribute__((noinline)) void leave_midst(struct tcp *tcp, const struct tcp_event *event)
{
    uint32_t at = tcp->row_first;

    while (tcp->row[at].event != event)
        at++;
    for (; at < tcp->row_end; at++)
        tcp->row[at] = tcp->row[at + 1];
}

static inline void leave_row(struct tcp *tcp, const struct tcp_event *event)
{
    tcp->row_end--;
    if (UNLIKELY(tcp->row[tcp->row_end].event != event))
        leave_midst(tcp, event);
}

/* As many of the list as there is room for go to the row. */
static __attribute__((noinline)) void list_to_row(struct tcp *tcp)
{
    while (is_listed(tcp) && tcp->row_end != TCP_ROW) {
        struct tcp_event *event = tcp->events.next;

        leave_list(event);
        tcp_event_join(tcp, event);
    }
}

/* Somebody left the row. */
static inline void row_left(struct tcp *tcp)
{
    if (tcp->row_first == tcp->row_end)
        tcp->row_first = tcp->row_end = 0;
    if (UNLIKELY(is_listed(tcp)))
        list_to_row(tcp);
}

void tcp_event(struct tcp *tcp, struct tcp_event *event)
{
    if (event->next == NULL)
        tcp_event_join(tcp, event);
}

void tcp_event_forget(struct tcp *tcp, struct tcp_event *event)
{
    if (event->next == NULL)
        return;
    if (UNLIKELY(event->previous != NULL)) {
        leave_list(event);
        return;
    }
    event->next = NULL;
    leave_row(tcp, event);
    row_left(tcp);
}

void tcp_tell(struct tcp *tcp, struct tcp_connection *c)
{
    tcp_tell_here(tcp, c);
}

bool tcp_has_events(const struct tcp *tcp)
{
    return tcp->row_first != tcp->row_end;
}

unsigned tcp_next_events(struct tcp *tcp, uint32_t owner[], unsigned most)
{
    unsigned count = 0;

    while (count < most && tcp_has_events(tcp)) {
        const struct tcp_event_told *told = &tcp->row[tcp->row_first];
        const unsigned end = min_u32(most, count + tcp->row_end - tcp->row_first);

        tcp->row_first += end - count;
        for (; count != end; told++) {
            told->event->next = NULL;
            owner[count++] = told->owner;
        }
        row_left(tcp);
    }
    return count;
}
