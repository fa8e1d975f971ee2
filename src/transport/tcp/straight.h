/* transport/tcp/straight.h: what the files of the straight way out share: output_straight.c and syn_straight.c. */
#ifndef TRANSPORT_TCP_STRAIGHT_H
#define TRANSPORT_TCP_STRAIGHT_H

#include "base/bytes.h"
#include "base/words.h"
#include "transport/tcp/parts.h"

/* Writes 32 bits at `at`; their native sum (base/octets.h). */
static inline uint64_t word(uint8_t *at, uint32_t value)
{
    const uint64_t native = words_number(value);

    write_be32(at, value);
    return native;
}

/* Has the first SYN of `c` yet to leave? */
static inline bool tcp_is_first_syn(const struct tcp_connection *c)
{
    return c->state == BARO_TCP_SYN_SENT && seq_eq(c->snd.nxt, c->snd.iss) && (c->flags & TCP_CLOSED_DONE) == 0;
}

/* syn_straight.c: that SYN. OPEN: it is not for the straight way; nothing was changed. */
enum tcp_straight_verdict tcp_straight_syn(struct tcp *tcp, const struct ip_path *path, struct tcp_straight *segment);
/* syn_straight.c: the options of a SYN+ACK, behind the header at segment->header. Their octets; their sum is added. */
unsigned tcp_straight_syn_options(const struct intent_tcp_control *control, struct tcp_straight *segment);

#endif
