/* transport/tcp/validation.c: see validation.h. */
#include "transport/tcp/validation.h"

void validation_turn(struct validation *validation, int64_t half_ns, int64_t passed_ns, int64_t now_ns)
{
    validation->older = passed_ns < 2 * half_ns ? validation->best : 0;
    validation->best = 0;
    validation->half_ns = now_ns;
}

void validation_acked(struct validation *validation, struct seq una, struct seq nxt, uint32_t acked, int64_t now_ns,
                      int64_t srtt_ns)
{
    validation_forget(validation, now_ns, srtt_ns);
    validation_gather(validation, una, nxt, acked, now_ns);
}

bool validation_is_valid(struct validation *validation, uint32_t cwnd, uint32_t flight, int64_t now_ns, int64_t srtt_ns)
{
    if (validation->defined)
        validation_forget(validation, now_ns, srtt_ns);
    return validation_judge(validation, cwnd, flight, now_ns, srtt_ns);
}

uint32_t validation_periods(struct validation *validation, int64_t now_ns)
{
    int64_t count;

    if (!validation_lapses(validation, now_ns))
        return 0;
    count = (now_ns - validation->since_ns) / VALIDATION_PERIOD_NS;
    validation->since_ns += count * VALIDATION_PERIOD_NS;
    return count < 32 ? (uint32_t)count : 32;
}

uint32_t validation_loss(struct validation *validation, uint32_t cwnd, uint32_t flight, uint32_t missing,
                         uint64_t again, int64_t now_ns, int64_t srtt_ns)
{
    uint32_t used;

    validation_forget(validation, now_ns, srtt_ns);
    used = validation_pipe_ack(validation);
    validation->used = 0;
    if (validation_is_valid(validation, cwnd, flight, now_ns, srtt_ns))
        return 0;
    validation->used = used > missing ? used : missing;
    validation->again = again;
    return validation->used / 2;
}

uint32_t validation_recovered(struct validation *validation, uint64_t again, uint32_t mss)
{
    uint32_t used = validation->used, window;
    uint64_t repaired = again - validation->again;

    validation->measuring = validation->defined = false; /* to be measured anew, as usual until then */
    validation->since_ns = 0;
    validation->used = 0;
    if (used == 0)
        return 0;
    window = repaired < used ? (uint32_t)(used - repaired) / 2 : 0;
    return window > mss ? window : mss;
}
