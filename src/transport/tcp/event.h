/* transport/tcp/event.h: what stands in the queue of those whose readiness may have changed: events.c. */
#ifndef TRANSPORT_TCP_EVENT_H
#define TRANSPORT_TCP_EVENT_H

#include <stdint.h>

#include "baro/device.h"

/* Links an owner's object into the queue of events. */
struct tcp_event {
    struct tcp_event *next, *previous; /* next NULL: not queued */
    uint32_t owner, spare;
};

/* As one of a row: events.c. */
enum { TCP_ROW = BARO_BURST_LIMIT };
struct tcp_event_told {
    struct tcp_event *event;
    uint32_t owner;
};

#endif
