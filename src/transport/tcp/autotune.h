/* transport/tcp/autotune.h: how large a connection's buffers should be (RFC 9293 §3.8.6 leaves it to us).
 *
 * Receive: the window must let out what the sender can have under way in a round trip, and there is no use in more than
 * the program reads. So it follows what the program reads in one round trip (dynamic right-sizing: Fisk and Feng,
 * 2001): twice that, since a sender in slow start doubles from one to the next, and twice that again while it was more
 * than in the round trip before. What was read in less than a round trip counts already: it can only become more. A
 * program that reads slowly keeps the window that it has.
 *
 * The round trip as a receiver sees it: the age of the timestamps that full-sized segments echo, or, without them, how
 * long a whole window took to come: never less than a round trip, so the least is kept. Timestamps tick in
 * milliseconds; below two of them the connection's own least sample, which has a finer clock, is better.
 *
 * Send: room for two congestion windows, so that what an acknowledgement lets out is there when it comes.
 *
 * Neither may take what others need: a buffer grows only to a size of which the stack's budget has as much left
 * afterwards (Choudhury and Hahne's dynamic threshold, 1998). So the budget is never used up by growth, whoever came
 * first.
 *
 * Pure: the moment and the facts come in; receive_buffer.c and send_buffer.c ask. */
#ifndef TRANSPORT_TCP_AUTOTUNE_H
#define TRANSPORT_TCP_AUTOTUNE_H

#include "base/likely.h"
#include "base/seq.h"
#include "base/time.h"
#include "baro/types.h"

struct receive_tuning {
    uint32_t rtt_us;       /* round trip as the receiver sees it, 0: not known */
    uint32_t copied;       /* octets that the program took in the present one */
    uint32_t space;        /* the most in one so far, or half of the window that it began with */
    struct seq mark;       /* without timestamps: the window measured ends here */
    uint32_t since_us;     /* the present round trip began, 0: with the next octet; the clock's lower 32 bits */
    uint32_t marked_at_us; /* without timestamps: the window measured began, 0: none is */
};

/* `first`: octets of the window that the connection begins with. */
void receive_tuning_init(struct receive_tuning *tuning, uint32_t first);
/* Nothing was heard for a while: what was begun measuring then means nothing. */
void receive_tuning_pause(struct receive_tuning *tuning);

enum { RTT_FINEST_US = 2000, RTT_LARGEST_US = 10000000, SEND_SEGMENTS = 10 };

/* The clock as the struct keeps it: it wraps after 71 minutes, and is never 0. */
static inline uint32_t receive_tuning_clock_us(struct baro_instant now)
{
    return (uint32_t)((uint64_t)now.ns / NS_PER_US) | 1;
}

/* A full-sized segment echoed a timestamp of this age; `own_us`: the connection's own least round trip, 0: none. */
static inline void receive_tuning_echo(struct receive_tuning *tuning, uint32_t age_us, uint32_t own_us)
{
    uint32_t sample_us = age_us;

    if (age_us == 0) {
        tuning->rtt_us = 1; /* less is none, whatever the own one is, and nothing is below it */
        return;
    }
    if (age_us < RTT_FINEST_US)
        sample_us = own_us != 0 && own_us < age_us ? own_us : age_us;
    else if (age_us > RTT_LARGEST_US)
        sample_us = RTT_LARGEST_US;
    if (tuning->rtt_us == 0 || sample_us < tuning->rtt_us)
        /* a program that thinks between two segments lengthens an age, nothing shortens it */
        tuning->rtt_us = sample_us;
    else
        tuning->rtt_us += (sample_us - tuning->rtt_us) / 8;
}

/* Without timestamps: text came in order up to `nxt`, and the window reaches to `edge`. */
void receive_tuning_window(struct receive_tuning *tuning, struct baro_instant now, struct seq nxt, struct seq edge);

/* The program took `octets`. What the window should be at least, octets; 0: as it is. */
static inline uint32_t receive_tuning_taken(struct receive_tuning *tuning, struct baro_instant now, uint32_t octets)
{
    uint32_t at_us, twice;

    if (tuning->rtt_us == 0)
        return 0;
    at_us = receive_tuning_clock_us(now);
    if (tuning->since_us == 0 || at_us - tuning->since_us > tuning->rtt_us) {
        /* The present round trip began now: what came in the last one is known. */
        if (tuning->copied > tuning->space)
            tuning->space = tuning->copied;
        tuning->copied = 0;
        tuning->since_us = at_us;
    }
    tuning->copied = octets > UINT32_MAX - tuning->copied ? UINT32_MAX : tuning->copied + octets;
    twice = tuning->copied > UINT32_MAX / 2 ? UINT32_MAX : 2 * tuning->copied;
    if (tuning->copied <= tuning->space)
        return twice;
    return twice > UINT32_MAX / 2 ? UINT32_MAX : 2 * twice;
}

/* What the send buffer would best hold, octets. */
static inline uint64_t send_tuning_wants(uint32_t cwnd, uint32_t mss)
{
    return 2 * (uint64_t)(cwnd > SEND_SEGMENTS * mss ? cwnd : SEND_SEGMENTS * mss);
}

/* What it should hold: `limit` or more, up to `most`. */
static inline uint32_t send_tuning(uint32_t limit, uint32_t most, uint32_t cwnd, uint32_t mss)
{
    uint64_t want = send_tuning_wants(cwnd, mss);

    if (LIKELY(want <= limit))
        return limit;
    if (want > most)
        want = most;
    return want > limit ? (uint32_t)want : limit;
}

/* How large a buffer may become that costs `now` octets of the budget and wants to cost `wanted`, both powers of two,
 * of which `left` octets are free: the largest power of two in between that leaves as much as it is; `now` when there
 * is none. */
uint32_t autotune_share(uint32_t now, uint32_t wanted, size_t left);

#endif
