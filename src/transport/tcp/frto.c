/* transport/tcp/frto.c: see frto.h. */
#include "transport/tcp/frto.h"

uint8_t frto_timeout(uint8_t step, bool recovering)
{
    /* Again and no ACK in between: still the same question. */
    return !recovering || step == FRTO_REPAIR ? FRTO_REPAIR : FRTO_OFF;
}

static enum frto_verdict first_ack(uint8_t *step, const struct frto_ack *ack)
{
    if (!ack->advances) {
        if (ack->duplicate && !ack->sack)
            *step = FRTO_OFF; /* §2.1 step 2a */
        return FRTO_NOTHING;
    }
    *step = ack->whole && !ack->covers && ack->new_text ? FRTO_NEW : FRTO_OFF;
    return *step == FRTO_NEW ? FRTO_SEND_NEW : FRTO_NOTHING;
}

static enum frto_verdict second_ack(uint8_t *step, const struct frto_ack *ack)
{
    if (!ack->news && !ack->duplicate)
        return FRTO_NOTHING; /* a window update, old news: not the answer */
    *step = FRTO_OFF;
    /* §3.1 step 3a: what is new behind `recover` may have come without what is before it. */
    return ack->news && !(ack->sack && ack->beyond) ? FRTO_SPURIOUS : FRTO_GENUINE;
}

enum frto_verdict frto_acked(uint8_t *step, const struct frto_ack *ack)
{
    switch (*step) {
    case FRTO_REPAIR:
        return first_ack(step, ack);
    case FRTO_NEW:
        return second_ack(step, ack);
    default:
        return FRTO_NOTHING;
    }
}
