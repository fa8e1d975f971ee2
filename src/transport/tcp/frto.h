/* transport/tcp/frto.h: was a timeout a mistake? Forward RTO-recovery (RFC 5682), which needs no timestamps.
 *
 * The timer fired and the first segment was sent again. The ACK that comes now may answer the original or the copy, so
 * it says nothing; but in place of the next segments again, two new ones leave. What the next ACK then newly covers of
 * the old flight was sent once, before the timer fired: it was never lost, and the timeout was a mistake. A duplicate
 * instead answers the new segments, and tells of a hole: the loss is genuine and what is missing is sent again.
 *
 * Two variants, §2.1 without SACK and §3.1 with it, told apart by facts: with SACK a duplicate before the first ACK
 * is awaited out, and data that is newly SACKED counts as much as data that is acknowledged. An ACK of only a part of
 * what was sent again ends the test in both. Where nothing new can be sent the test is not possible (Appendix A's
 * other ways are not taken). Pure. */
#ifndef TRANSPORT_TCP_FRTO_H
#define TRANSPORT_TCP_FRTO_H

#include <stdbool.h>
#include <stdint.h>

enum frto_step {
    FRTO_OFF,    /* no test, or the loss was found genuine */
    FRTO_REPAIR, /* step 2: the ACK of what the timer sent again is awaited */
    FRTO_NEW     /* step 3: new segments have left instead of old ones; the next ACK decides */
};

enum frto_verdict { FRTO_NOTHING, FRTO_SEND_NEW, FRTO_GENUINE, FRTO_SPURIOUS };

/* What an ACK told. `recover`: what was in flight when the timer fired. */
struct frto_ack {
    bool sack;        /* both ends agreed on SACK */
    bool advances;    /* SND.UNA moved */
    bool whole;       /* all that the timer sent again is acknowledged */
    bool covers;      /* `recover` is acknowledged, to its end */
    bool beyond;      /* something behind `recover` is acknowledged or SACKED */
    bool news;        /* something is known to be delivered that was not before */
    bool duplicate;   /* a duplicate in the sense of RFC 5681 §2 */
    bool new_text;    /* a new segment could leave now */
};

/* The step after the timer fired in step `step`. `recovering`: losses were being repaired already (step 1). */
uint8_t frto_timeout(uint8_t step, bool recovering);
/* Moves `*step`. SEND_NEW: nothing is sent again now. GENUINE and SPURIOUS: the verdict of step 3. */
enum frto_verdict frto_acked(uint8_t *step, const struct frto_ack *ack);

#endif
