/* transport/tcp/autotune.c: see autotune.h. */
#include "transport/tcp/autotune.h"

void receive_tuning_init(struct receive_tuning *tuning, uint32_t first)
{
    *tuning = (struct receive_tuning){ .space = first / 2 };
}

void receive_tuning_pause(struct receive_tuning *tuning)
{
    tuning->copied = 0;
    tuning->since_us = tuning->marked_at_us = 0;
}

void receive_tuning_window(struct receive_tuning *tuning, struct baro_instant now, struct seq nxt, struct seq edge)
{
    uint32_t sample_us;

    if (tuning->marked_at_us != 0 && seq_lt(nxt, tuning->mark))
        return;
    if (tuning->marked_at_us != 0) {
        sample_us = receive_tuning_clock_us(now) - tuning->marked_at_us;
        if (tuning->rtt_us == 0 || sample_us < tuning->rtt_us)
            tuning->rtt_us = sample_us;
    }
    tuning->mark = edge;
    tuning->marked_at_us = receive_tuning_clock_us(now);
}

uint32_t autotune_share(uint32_t now, uint32_t wanted, size_t left)
{
    while (wanted > now && (wanted - now > left || left - (wanted - now) < wanted))
        wanted /= 2;
    return wanted > now ? wanted : now;
}
