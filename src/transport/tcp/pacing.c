/* transport/tcp/pacing.c: see pacing.h. */
#include "transport/tcp/pacing.h"

#include "base/time.h"

enum { SLOW_START_PERCENT = 200, AVOIDANCE_PERCENT = 120, BURST_SEGMENTS = 2, BURST_LARGEST = 1 << 30 };

/* Beyond, it is no limit: the products below stay within 64 bits. */
#define RATE_LARGEST UINT64_C(1000000000000)

uint64_t pacing_rate(uint32_t cwnd, uint32_t ssthresh, int64_t srtt_ns, uint64_t limit, bool on)
{
    uint64_t rate = 0;

    if (on && srtt_ns >= NS_PER_MS) {
        unsigned percent = cwnd < ssthresh / 2 ? SLOW_START_PERCENT : AVOIDANCE_PERCENT;

        rate = (uint64_t)cwnd * percent / 100 * (uint64_t)(NS_PER_S / NS_PER_US) / (uint64_t)(srtt_ns / NS_PER_US);
        rate = rate == 0 ? 1 : rate;
    }
    if (limit != 0 && (rate == 0 || limit < rate))
        rate = limit;
    return rate < RATE_LARGEST ? rate : 0;
}

/* What so many octets cost. */
static int64_t price_ns(uint32_t octets, uint64_t rate)
{
    return (int64_t)(octets * (uint64_t)NS_PER_S / rate);
}

static uint32_t burst(uint64_t rate, uint32_t mss)
{
    uint64_t octets = rate / 1000;

    if (octets < (uint64_t)BURST_SEGMENTS * mss)
        return BURST_SEGMENTS * mss;
    return octets < BURST_LARGEST ? (uint32_t)octets : BURST_LARGEST;
}

void pacing_restart(struct pacing *pacing, int64_t now_ns, uint32_t octets)
{
    if (!pacing->waiting && pacing->paid_ns <= now_ns)
        pacing->credit = octets;
}

uint32_t pacing_allows(struct pacing *pacing, int64_t now_ns, uint64_t rate, uint32_t mss, int64_t *wait_ns)
{
    uint32_t most = burst(rate, mss);
    int64_t most_ns = price_ns(most, rate), floor_ns = pacing->waiting ? now_ns - most_ns : now_ns, ahead_ns, may;

    if (pacing->paid_ns < floor_ns)
        pacing->paid_ns = floor_ns;
    ahead_ns = pacing->paid_ns - now_ns;
    may = ahead_ns >= most_ns ? 0 : most - ahead_ns * (int64_t)rate / NS_PER_S;
    may += pacing->credit;
    pacing->waiting = may < mss;
    *wait_ns = pacing->waiting ? ahead_ns : 0;
    return pacing->waiting ? 0 : (uint32_t)(may - may % mss);
}

void pacing_sent(struct pacing *pacing, uint32_t octets, uint64_t rate)
{
    pacing->credit -= octets < pacing->credit ? octets : pacing->credit;
    pacing->paid_ns += price_ns(octets, rate);
}
