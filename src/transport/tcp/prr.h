/* transport/tcp/prr.h: how much may be sent at each ACK of a recovery (RFC 9937).
 *
 * What is sent follows what is delivered, in the proportion that brings the flight down to ssthresh by the end of the
 * recovery; once it is there or below (more was lost), it is rebuilt: one segment for one delivered, and one more as
 * long as ACKs advance without new losses. Pure. */
#ifndef TRANSPORT_TCP_PRR_H
#define TRANSPORT_TCP_PRR_H

#include <stdbool.h>
#include <stdint.h>

struct prr {
    uint32_t delivered, out; /* octets since the recovery began: prr_delivered, prr_out */
    uint32_t flight;         /* RecoverFS */
};

/* Recovery begins; `flight`: octets that were on their way when the loss was found, those that are lost included. */
void prr_begin(struct prr *prr, uint32_t flight);
/* An ACK delivered `delivered` octets; `pipe`: still on their way. What may be sent now, in octets; `safe`: SND.UNA
 * advanced and nothing more was found lost. */
uint32_t prr_proportion(struct prr *prr, uint32_t delivered, uint32_t pipe, uint32_t ssthresh, uint32_t mss, bool safe);
/* The same, but the recovery's first segment leaves in any case: something is to be sent again. */
uint32_t prr_acked(struct prr *prr, uint32_t delivered, uint32_t pipe, uint32_t ssthresh, uint32_t mss, bool safe);

#endif
