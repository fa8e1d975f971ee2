/* transport/tcp/autotune.c: see autotune.h. */
#include "transport/tcp/autotune.h"

#include "base/time.h"

enum { RTT_FINEST_US = 2000, RTT_LARGEST_US = 10000000, SEND_SEGMENTS = 10 };

static uint32_t microseconds(int64_t ns)
{
    if (ns < NS_PER_US)
        return 1;
    return ns / NS_PER_US > RTT_LARGEST_US ? RTT_LARGEST_US : (uint32_t)(ns / NS_PER_US);
}

/* The clock as the struct keeps it: it wraps after 71 minutes, and is never 0. */
static uint32_t clock_us(struct baro_instant now)
{
    return (uint32_t)(now.ns / NS_PER_US) | 1;
}

void receive_tuning_init(struct receive_tuning *tuning, uint32_t first)
{
    *tuning = (struct receive_tuning){ .space = first / 2 };
}

void receive_tuning_pause(struct receive_tuning *tuning)
{
    tuning->copied = 0;
    tuning->since_us = tuning->marked_at_us = 0;
}

void receive_tuning_echo(struct receive_tuning *tuning, int64_t age_ns, int64_t own_ns)
{
    uint32_t sample_us = microseconds(age_ns);

    if (sample_us < RTT_FINEST_US && own_ns != 0)
        sample_us = microseconds(own_ns) < sample_us ? microseconds(own_ns) : sample_us;
    if (tuning->rtt_us == 0 || sample_us < tuning->rtt_us)
        tuning->rtt_us = sample_us; /* a program that thinks between two segments lengthens an age, nothing shortens it */
    else
        tuning->rtt_us += (sample_us - tuning->rtt_us) / 8;
}

void receive_tuning_window(struct receive_tuning *tuning, struct baro_instant now, struct seq nxt, struct seq edge)
{
    uint32_t sample_us;

    if (tuning->marked_at_us != 0 && seq_lt(nxt, tuning->mark))
        return;
    if (tuning->marked_at_us != 0) {
        sample_us = clock_us(now) - tuning->marked_at_us;
        if (tuning->rtt_us == 0 || sample_us < tuning->rtt_us)
            tuning->rtt_us = sample_us;
    }
    tuning->mark = edge;
    tuning->marked_at_us = clock_us(now);
}

/* The present round trip began now: what came in the last one is known. */
static __attribute__((noinline)) void begin_round_trip(struct receive_tuning *tuning, uint32_t at_us)
{
    if (tuning->copied > tuning->space)
        tuning->space = tuning->copied;
    tuning->copied = 0;
    tuning->since_us = at_us;
}

uint32_t receive_tuning_taken(struct receive_tuning *tuning, struct baro_instant now, uint32_t octets)
{
    uint32_t at_us, twice;

    if (tuning->rtt_us == 0)
        return 0;
    at_us = clock_us(now);
    if (tuning->since_us == 0 || at_us - tuning->since_us > tuning->rtt_us)
        begin_round_trip(tuning, at_us);
    tuning->copied = octets > UINT32_MAX - tuning->copied ? UINT32_MAX : tuning->copied + octets;
    twice = tuning->copied > UINT32_MAX / 2 ? UINT32_MAX : 2 * tuning->copied;
    if (tuning->copied <= tuning->space)
        return twice;
    return twice > UINT32_MAX / 2 ? UINT32_MAX : 2 * twice;
}

uint32_t send_tuning(uint32_t limit, uint32_t most, uint32_t cwnd, uint32_t mss)
{
    uint64_t want = 2 * (uint64_t)(cwnd > SEND_SEGMENTS * mss ? cwnd : SEND_SEGMENTS * mss);

    if (want > most)
        want = most;
    return want > limit ? (uint32_t)want : limit;
}

uint32_t autotune_share(uint32_t now, uint32_t wanted, size_t left)
{
    while (wanted > now && (wanted - now > left || left - (wanted - now) < wanted))
        wanted /= 2;
    return wanted > now ? wanted : now;
}
