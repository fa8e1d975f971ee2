/* transport/tcp/validation.h: is the congestion window known to be good? (RFC 7661)
 *
 * A program that sends little leaves a window from long ago, of which nobody knows whether the path still carries it. What
 * it does carry is measured: pipeACK, the most octets acknowledged in a round trip of the last three (a second at least).
 * While that is half of the window or more, or not known yet, the window is validated and everything is as usual. Below,
 * the window stays as it is, neither growing unless it is full, nor shrinking for being idle; but a loss then counts against
 * what was in use, and after five minutes the window is halved, down to an initial one at least (§4.4.3).
 *
 * This takes the place of RFC 5681 §4.1's restart after idle. Pure. */
#ifndef TRANSPORT_TCP_VALIDATION_H
#define TRANSPORT_TCP_VALIDATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/seq.h"

struct validation {
    bool measuring, defined; /* a round trip is being measured; pipeACK is known */
    uint8_t spare[2];
    struct seq mark;         /* ... to here */
    uint32_t gathered;       /* octets acknowledged in it */
    uint32_t best, older;    /* the most in this half of the sampling period and in the one before */
    uint32_t used;           /* Max(pipeACK, LossFlightSize) of the loss that is being repaired, 0: it was validated */
    int64_t half_ns;         /* when this half began */
    int64_t sampled_ns;      /* the last measurement */
    int64_t since_ns;        /* in the non-validated phase since, 0: not in it */
    uint64_t again;          /* octets sent again before that */
};

/* `acked` octets were acknowledged outside of a loss recovery; `una`, `nxt`: then. */
void validation_acked(struct validation *validation, struct seq una, struct seq nxt, uint32_t acked, int64_t now_ns,
                      int64_t srtt_ns);
/* Is the window validated? Enters and leaves the phase (§4.3). `flight`: octets under way. A measurement is up to a round trip
 * old, in which slow start doubles the window: who fills three quarters of it needs half as much. */
bool validation_is_valid(struct validation *validation, uint32_t cwnd, uint32_t flight, int64_t now_ns, int64_t srtt_ns);
/* The one after the other, for an ACK. */
bool validation_acked_is_valid(struct validation *validation, struct seq una, struct seq nxt, uint32_t acked, uint32_t cwnd,
                               uint32_t flight, int64_t now_ns, int64_t srtt_ns);
/* How many times five minutes have passed in the non-validated phase; each counts once. */
uint32_t validation_periods(struct validation *validation, int64_t now_ns);
/* A loss was found with `flight` octets under way, `missing` of them not SACKED; `again`: octets sent again so far. ssthresh, 0:
 * as usual (§4.4.1). */
uint32_t validation_loss(struct validation *validation, uint32_t cwnd, uint32_t flight, uint32_t missing, uint64_t again,
                         int64_t now_ns, int64_t srtt_ns);
/* It is repaired. The window, 0: as usual. */
uint32_t validation_recovered(struct validation *validation, uint64_t again, uint32_t mss);

#endif
