/* transport/tcp/validation.h: is the congestion window known to be good? (RFC 7661)
 *
 * A program that sends little leaves a window from long ago, of which nobody knows whether the path still carries it.
 * What it does carry is measured: pipeACK, the most octets acknowledged in a round trip of the last three (a second at
 * least). While that is half of the window or more, or not known yet, the window is validated and everything is as
 * usual. Below, the window stays as it is, neither growing unless it is full, nor shrinking for being idle; but a loss
 * then counts against what was in use, and after five minutes the window is halved, down to an initial one at least
 * (§4.4.3).
 *
 * This takes the place of RFC 5681 §4.1's restart after idle. Pure. */
#ifndef TRANSPORT_TCP_VALIDATION_H
#define TRANSPORT_TCP_VALIDATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/likely.h"
#include "base/seq.h"
#include "base/time.h"

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

#define VALIDATION_SAMPLING_LEAST_NS NS_PER_S
#define VALIDATION_PERIOD_NS (300 * NS_PER_S)

static inline int64_t validation_sampling_ns(int64_t srtt_ns)
{
    return 3 * srtt_ns > VALIDATION_SAMPLING_LEAST_NS ? 3 * srtt_ns : VALIDATION_SAMPLING_LEAST_NS;
}

/* validation.c: half a sampling period, `half_ns`, is over. */
void validation_turn(struct validation *validation, int64_t half_ns, int64_t passed_ns, int64_t now_ns);

/* What lies before the sampling period is forgotten, by halves: what is told is never more than the period's most. */
static inline void validation_forget(struct validation *validation, int64_t now_ns, int64_t srtt_ns)
{
    int64_t half_ns, passed_ns = now_ns - validation->half_ns;

    if (LIKELY(passed_ns < VALIDATION_SAMPLING_LEAST_NS / 2))
        return;
    half_ns = validation_sampling_ns(srtt_ns) / 2;
    if (passed_ns >= half_ns)
        validation_turn(validation, half_ns, passed_ns, now_ns);
}

static inline uint32_t validation_pipe_ack(const struct validation *validation)
{
    return validation->best > validation->older ? validation->best : validation->older;
}

static inline void validation_gather(struct validation *validation, struct seq una, struct seq nxt, uint32_t acked,
                                     int64_t now_ns)
{
    if (!validation->measuring) {
        validation->measuring = true;
        validation->mark = nxt;
        validation->gathered = 0;
        return;
    }
    validation->gathered += acked;
    if (seq_lt(una, validation->mark))
        return;
    if (validation->gathered > validation->best)
        validation->best = validation->gathered;
    validation->defined = true;
    validation->sampled_ns = now_ns;
    validation->mark = nxt;
    validation->gathered = 0;
}

static inline bool validation_judge(struct validation *validation, uint32_t cwnd, uint32_t flight, int64_t now_ns,
                                    int64_t srtt_ns)
{
    const uint32_t pipe_ack = validation_pipe_ack(validation);

    if (!validation->defined || (pipe_ack >= cwnd / 4 && (pipe_ack >= cwnd / 2 || flight >= cwnd - cwnd / 4))) {
        validation->since_ns = 0;
    } else if (validation->since_ns == 0) { /* who was silent is asked only now */
        int64_t from_ns = validation->sampled_ns + validation_sampling_ns(srtt_ns);

        validation->since_ns = from_ns < now_ns ? from_ns : now_ns;
    }
    return validation->since_ns == 0;
}

/* `acked` octets were acknowledged outside of a loss recovery; `una`, `nxt`: then. */
void validation_acked(struct validation *validation, struct seq una, struct seq nxt, uint32_t acked, int64_t now_ns,
                      int64_t srtt_ns);
/* Is the window validated? Enters and leaves the phase (§4.3). `flight`: octets under way. A measurement is up to a
 * round trip old, in which slow start doubles the window: who fills three quarters of it needs half as much. */
bool validation_is_valid(struct validation *validation, uint32_t cwnd, uint32_t flight, int64_t now_ns,
                         int64_t srtt_ns);
/* The one after the other, for an ACK: a second time nothing is forgotten, since half a second at least lies
 * between. */
static inline bool validation_acked_is_valid(struct validation *validation, struct seq una, struct seq nxt,
                                             uint32_t acked, uint32_t cwnd, uint32_t flight, int64_t now_ns,
                                             int64_t srtt_ns)
{
    validation_forget(validation, now_ns, srtt_ns);
    validation_gather(validation, una, nxt, acked, now_ns);
    return validation_judge(validation, cwnd, flight, now_ns, srtt_ns);
}
/* Have five minutes passed in the non-validated phase? */
static inline bool validation_lapses(const struct validation *validation, int64_t now_ns)
{
    return validation->since_ns != 0 && now_ns - validation->since_ns >= VALIDATION_PERIOD_NS;
}
/* How many times five minutes have passed in the non-validated phase; each counts once. */
uint32_t validation_periods(struct validation *validation, int64_t now_ns);
/* A loss was found with `flight` octets under way, `missing` of them not SACKED; `again`: octets sent again so far.
 * ssthresh, 0: as usual (§4.4.1). */
uint32_t validation_loss(struct validation *validation, uint32_t cwnd, uint32_t flight, uint32_t missing,
                         uint64_t again, int64_t now_ns, int64_t srtt_ns);
/* It is repaired. The window, 0: as usual. */
uint32_t validation_recovered(struct validation *validation, uint64_t again, uint32_t mss);

#endif
