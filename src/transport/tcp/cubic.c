/* transport/tcp/cubic.c: see cubic.h. */
#include "transport/tcp/cubic.h"

#include "base/time.h"

/* C = 0.4 segments a second cubed, beta = 0.7 (RFC 9438 §4.1.2, §4.6). Reno's share with that beta: alpha = 9/17
 * (§4.3). */
enum { ALPHA_PART = 9, ALPHA_WHOLE = 17, FARTHEST_MS = 60000 };

/* The largest x with x^3 <= value. */
static uint32_t cube_root(uint64_t value)
{
    uint64_t root = 0;

    for (uint64_t bit = 1u << 20; bit != 0; bit >>= 1) {
        uint64_t more = root | bit;

        if (more * more * more <= value)
            root = more;
    }
    return (uint32_t)root;
}

/* C * (t - K)^3 in octets, t - K in ms and at most a minute. */
static int64_t curve(int64_t from_k_ms, uint32_t mss)
{
    int64_t cubed;

    if (from_k_ms > FARTHEST_MS)
        from_k_ms = FARTHEST_MS;
    if (from_k_ms < -FARTHEST_MS)
        from_k_ms = -FARTHEST_MS;
    cubed = from_k_ms * from_k_ms * from_k_ms / 1024; /* below 2^48, so that the product stays below 2^63 */
    return cubed * (int64_t)mss / (2500000000 / 1024);
}

static void begin_epoch(struct cubic *cubic, uint32_t cwnd, uint32_t mss, int64_t now_ns)
{
    cubic->epoch_ns = now_ns == 0 ? 1 : now_ns;
    cubic->w_est = cwnd;
    cubic->est_gathered = cubic->gathered = 0;
    if (cubic->w_max <= cwnd) {
        cubic->w_max = cwnd;
        cubic->k_ms = 0;
        return;
    }
    /* K = cbrt((W_max - cwnd) / C), in ms: 10^9 / 0.4 = 2.5 * 10^9. */
    cubic->k_ms = cube_root((uint64_t)(cubic->w_max - cwnd) * 2500000000u / mss);
}

void cubic_loss(struct cubic *cubic, uint32_t cwnd)
{
    cubic->w_max = cwnd < cubic->w_max ? (uint32_t)((uint64_t)cwnd * 17 / 20) : cwnd;
    cubic->prior = cwnd;
    cubic->epoch_ns = 0;
}

void cubic_timeout(struct cubic *cubic, uint32_t cwnd)
{
    cubic->w_max = 0;
    cubic->prior = cwnd;
    cubic->epoch_ns = 0;
}

void cubic_pause(struct cubic *cubic)
{
    cubic->epoch_ns = 0;
}

uint32_t cubic_ssthresh(uint32_t flight, uint32_t mss)
{
    uint32_t part = (uint32_t)((uint64_t)flight * 7 / 10);

    return part > 2 * mss ? part : 2 * mss;
}

/* What Reno would have by now. */
static void estimate(struct cubic *cubic, uint32_t cwnd, uint32_t acked, uint32_t mss)
{
    uint64_t whole = (uint64_t)cwnd * ALPHA_WHOLE;
    uint64_t gathered =
        cubic->est_gathered + (uint64_t)acked * (cubic->w_est >= cubic->prior ? ALPHA_WHOLE : ALPHA_PART);

    cubic->w_est += (uint32_t)(gathered / whole) * mss;
    gathered %= whole;
    cubic->est_gathered = gathered < UINT32_MAX ? (uint32_t)gathered : UINT32_MAX;
}

uint32_t cubic_acked(struct cubic *cubic, uint32_t cwnd, uint32_t acked, uint32_t mss, int64_t now_ns, int64_t srtt_ns)
{
    int64_t t_ms, target, most = cwnd + cwnd / 2;
    uint64_t gathered;

    if (cubic->epoch_ns == 0)
        begin_epoch(cubic, cwnd, mss, now_ns);
    t_ms = (now_ns - cubic->epoch_ns) / NS_PER_MS;
    estimate(cubic, cwnd, acked, mss);
    if (cubic->w_max + curve(t_ms - cubic->k_ms, mss) < (int64_t)cubic->w_est)
        return cwnd > cubic->w_est ? cwnd : cubic->w_est;
    target = cubic->w_max + curve(t_ms + srtt_ns / NS_PER_MS - cubic->k_ms, mss);
    target = target > most ? most : target;
    if (target <= (int64_t)cwnd)
        return cwnd;
    gathered = cubic->gathered + (uint64_t)(target - cwnd) * acked;
    cubic->gathered = (uint32_t)(gathered % cwnd);
    return cwnd + (uint32_t)(gathered / cwnd);
}
