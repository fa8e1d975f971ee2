/* transport/tcp/calendar.h: when connections at rest wake to ask whether their peer is still there (keepalive).
 *
 * A ring of slots of one second each, 8,192 of them, which is two hours and a quarter. A record with keepalive stands
 * in the list of the second in which its next probe is due; the two links of the list stand in the record, eight
 * octets, so that coming and going cost the same however many rest. What is due later than the ring reaches stands in
 * its last slot, wakes then and rests again. The ring is taken when the first such connection rests (33 KiB), and kept.
 *
 * A slot is opened when its second begins: up to CALENDAR_EARLY of it wake before their time and wait for it as any
 * connection that is awake, so that their probes leave at the very moment at which they would have left without a rest.
 * Of a slot that holds more the others wake when its second is over: late, by a second and as long as it takes, and
 * never early. Ten million whose probes are due in one second are not all awake at once.
 *
 * One poll wakes no more than CALENDAR_SLICE connections. Where more of a slot's early ones are due the stack's next
 * deadline is the next nanosecond, and what else a program's loop has to do comes in between. Those who are late come
 * in step: a slice each CALENDAR_STEP_NS, 80,000 a second. So no more of them are awake at a time than wake within an
 * RTO, and memory for those is taken once and used again: as fast as the program polls, a third of a hundred thousand
 * were awake at a time, and the longest polls of all were those in which the kernel cleared pages for them. A minute
 * later they do come as fast as the program polls, at some 2.5 us each: of ten million due in one second 4.8 million
 * have asked within that minute and the others 13 seconds later, before the 75 seconds are over after which a silent
 * peer is asked again. Those that want to rest come first, by the order of deadlines, so that not many are awake at a
 * time (tcp_timers_go_on). Where one cannot wake, since memory or the budget is used up, the calendar stands still for
 * a while: connections that are awake go to rest and make room. */
#ifndef TRANSPORT_TCP_CALENDAR_H
#define TRANSPORT_TCP_CALENDAR_H

#include "transport/tcp/connection.h"

enum { CALENDAR_SLICE = 8, CALENDAR_EARLY = 1024, CALENDAR_STEP_NS = 100000 };

/* The record `name` shall wake for `deadline_ns`. False: no memory. */
bool tcp_calendar_enter(struct tcp *tcp, uint32_t name, int64_t deadline_ns);
/* It wakes, or is no more. */
void tcp_calendar_leave(struct tcp *tcp, uint32_t name);
/* The calendar's timer fired. */
void tcp_calendar_timer(struct tcp *tcp);
void tcp_calendar_release(struct tcp *tcp);
/* How many stand in it; UINT32_MAX: it is not in order. For tests: it walks everything. */
uint32_t tcp_calendar_check(const struct tcp *tcp);

#endif
