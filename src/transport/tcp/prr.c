/* transport/tcp/prr.c: see prr.h. */
#include "transport/tcp/prr.h"

void prr_begin(struct prr *prr, uint32_t flight)
{
    *prr = (struct prr){ .flight = flight == 0 ? 1 : flight };
}

uint32_t prr_proportion(struct prr *prr, uint32_t delivered, uint32_t pipe, uint32_t ssthresh, uint32_t mss, bool safe)
{
    uint64_t send;

    prr->delivered += delivered;
    if (pipe > ssthresh) {
        /* Proportional rate reduction. */
        uint64_t share = ((uint64_t)prr->delivered * ssthresh + prr->flight - 1) / prr->flight;

        send = share > prr->out ? share - prr->out : 0;
    } else {
        /* Slow start reduction bound, or without a safe ACK the conservative one. */
        send = prr->delivered > prr->out ? prr->delivered - prr->out : 0;
        send = send > delivered ? send : delivered;
        send += safe ? mss : 0;
        send = send < ssthresh - pipe ? send : ssthresh - pipe;
    }
    return (uint32_t)send;
}

uint32_t prr_acked(struct prr *prr, uint32_t delivered, uint32_t pipe, uint32_t ssthresh, uint32_t mss, bool safe)
{
    uint32_t send = prr_proportion(prr, delivered, pipe, ssthresh, mss, safe);

    return send < mss && prr->out == 0 ? mss : send;
}
