/* transport/tcp/output_fast.h: what the files of the fast path out share: output_fast.c and syn_fast.c. */
#ifndef TRANSPORT_TCP_OUTPUT_FAST_H
#define TRANSPORT_TCP_OUTPUT_FAST_H

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

/* The header of an ACK that is plain. */
static inline void tcp_fast_plain(const struct intent_tcp_control *ack, struct tcp_fast *segment)
{
    const unsigned octets = TCP_FAST_HEADER;
    uint8_t *to = segment->header;

    segment->sum = word(to, (uint32_t)ack->local.port.number << 16 | ack->remote.port.number) +
                   word(to + 4, ack->seq.value) + word(to + 8, ack->ack.value) +
                   word(to + 12, octets << 26 | (uint32_t)ack->flags << 16 | ack->window) + word(to + 16, 0) +
                   word(to + 20, TCP_WORD_NOP_NOP_TIMESTAMPS) + word(to + 24, ack->ts_value) +
                   word(to + 28, ack->ts_echo);
    segment->header_length = (uint8_t)octets;
    segment->flow_label = ack->flow_label;
    segment->progress = ack->progress;
    segment->tos = ack->tos;
}

/* Has the first SYN of `c` yet to leave? */
static inline bool tcp_is_first_syn(const struct tcp_connection *c)
{
    return c->state == BARO_TCP_SYN_SENT && seq_eq(c->snd.nxt, c->snd.iss) && (c->flags & TCP_CLOSED_DONE) == 0;
}

/* syn_fast.c: that SYN. DECLINED: it is not for the fast path; nothing was changed. */
enum tcp_fast_verdict tcp_fast_syn(struct tcp *tcp, const struct ip_path *path, struct tcp_fast *segment);
/* syn_fast.c: the options of a SYN+ACK, behind the header at segment->header. Their octets; their sum is added. */
unsigned tcp_fast_syn_options(const struct intent_tcp_control *control, struct tcp_fast *segment);

#endif
