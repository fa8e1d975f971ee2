/* transport/tcp/validation.c: see validation.h. */
#include "transport/tcp/validation.h"

#include "base/time.h"

enum { ROUND_TRIPS = 3 };
#define SAMPLING_LEAST_NS NS_PER_S
#define NON_VALIDATED_NS (300 * NS_PER_S)

static int64_t sampling_ns(int64_t srtt_ns)
{
    return ROUND_TRIPS * srtt_ns > SAMPLING_LEAST_NS ? ROUND_TRIPS * srtt_ns : SAMPLING_LEAST_NS;
}

/* What lies before the sampling period is forgotten, by halves: what is told is never more than the period's most. */
static void forget(struct validation *validation, int64_t now_ns, int64_t srtt_ns)
{
    int64_t half_ns = sampling_ns(srtt_ns) / 2, passed_ns = now_ns - validation->half_ns;

    if (passed_ns < half_ns)
        return;
    validation->older = passed_ns < 2 * half_ns ? validation->best : 0;
    validation->best = 0;
    validation->half_ns = now_ns;
}

static uint32_t pipe_ack(const struct validation *validation)
{
    return validation->best > validation->older ? validation->best : validation->older;
}

static inline void gather(struct validation *validation, struct seq una, struct seq nxt, uint32_t acked, int64_t now_ns)
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

static inline bool judge(struct validation *validation, uint32_t cwnd, uint32_t flight, int64_t now_ns, int64_t srtt_ns)
{
    uint32_t enough = flight >= cwnd - cwnd / 4 ? cwnd / 4 : cwnd / 2;

    if (!validation->defined || pipe_ack(validation) >= enough) {
        validation->since_ns = 0;
    } else if (validation->since_ns == 0) { /* who was silent is asked only now */
        int64_t from_ns = validation->sampled_ns + sampling_ns(srtt_ns);

        validation->since_ns = from_ns < now_ns ? from_ns : now_ns;
    }
    return validation->since_ns == 0;
}

void validation_acked(struct validation *validation, struct seq una, struct seq nxt, uint32_t acked, int64_t now_ns,
                      int64_t srtt_ns)
{
    forget(validation, now_ns, srtt_ns);
    gather(validation, una, nxt, acked, now_ns);
}

bool validation_is_valid(struct validation *validation, uint32_t cwnd, uint32_t flight, int64_t now_ns, int64_t srtt_ns)
{
    if (validation->defined)
        forget(validation, now_ns, srtt_ns);
    return judge(validation, cwnd, flight, now_ns, srtt_ns);
}

bool validation_acked_is_valid(struct validation *validation, struct seq una, struct seq nxt, uint32_t acked, uint32_t cwnd,
                               uint32_t flight, int64_t now_ns, int64_t srtt_ns)
{
    forget(validation, now_ns, srtt_ns); /* a second time it would find nothing: half a second at least lies between */
    gather(validation, una, nxt, acked, now_ns);
    return judge(validation, cwnd, flight, now_ns, srtt_ns);
}

uint32_t validation_periods(struct validation *validation, int64_t now_ns)
{
    int64_t count;

    if (validation->since_ns == 0 || now_ns - validation->since_ns < NON_VALIDATED_NS)
        return 0;
    count = (now_ns - validation->since_ns) / NON_VALIDATED_NS;
    validation->since_ns += count * NON_VALIDATED_NS;
    return count < 32 ? (uint32_t)count : 32;
}

uint32_t validation_loss(struct validation *validation, uint32_t cwnd, uint32_t flight, uint32_t missing, uint64_t again,
                         int64_t now_ns, int64_t srtt_ns)
{
    uint32_t used;

    forget(validation, now_ns, srtt_ns);
    used = pipe_ack(validation);
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
