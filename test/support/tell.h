/* Trace events for tests, written as text: "TCP_IN source=10.0.0.1:40000 flags=2 seq=7". */
#ifndef TEST_SUPPORT_TELL_H
#define TEST_SUPPORT_TELL_H

#include "baro/trace.h"

/* Sends one event to a sink. Arguments are named as in the list of events; those not given are 0 or empty.
 * Numbers as in C, addresses 10.0.0.1, endpoints 10.0.0.1:80, MAC addresses 02:00:00:00:00:01. */
void tell(struct baro_trace_sink sink, uint32_t host, int64_t at_ns, const char *words);
/* The same with a frame. */
void tell_frame(struct baro_trace_sink sink, uint32_t host, int64_t at_ns, const char *words,
                const uint8_t *frame, size_t length);

/* A TCP segment 10.0.0.1:40000 > 10.0.0.2:80 in an Ethernet frame, checksums right, with `data` octets of
 * data. Returns its length: 54 + data. */
size_t tell_segment(uint8_t *frame, uint8_t flags, uint32_t seq, uint32_t ack, size_t data);

#endif
