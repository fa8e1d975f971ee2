/* codec/tcp_options.h: TCP options, bytes to a value and back (RFC 9293 §3.2, RFC 7323, RFC 2018).
 *
 * The parser is pure and decides nothing: it says what was there. An option with an illegal length ends the parse
 * (MUST-7) and what stood before it stays, also of its own kind; of two good ones the last counts. Unknown kinds are
 * stepped over by their length (MUST-6). */
#ifndef CODEC_TCP_OPTIONS_H
#define CODEC_TCP_OPTIONS_H

#include "base/seq.h"
#include "baro/types.h"

enum tcp_option_kind {
    TCP_OPTION_END = 0,
    TCP_OPTION_NOP = 1,
    TCP_OPTION_MSS = 2,
    TCP_OPTION_WINDOW_SCALE = 3,
    TCP_OPTION_SACK_PERMITTED = 4,
    TCP_OPTION_SACK = 5,
    TCP_OPTION_TIMESTAMPS = 8,
    TCP_OPTION_ACCECN_0 = 172, /* RFC 9768 §3.2.3: stepped over, as unknown ones are */
    TCP_OPTION_ACCECN_1 = 174
};

enum { TCP_SACK_LIMIT = 4, TCP_OPTIONS_LIMIT = 40, TCP_SCALE_LIMIT = 14 };

/* Options as nearly everybody writes them, in words of 32 bits (RFC 7323 appendix A). */
#define TCP_WORD_MSS UINT32_C(0x02040000)                  /* with the MSS in it */
#define TCP_WORD_NOP_NOP_PERMITTED UINT32_C(0x01010402)
#define TCP_WORD_NOP_NOP_TIMESTAMPS UINT32_C(0x0101080a)   /* value and echo follow */
#define TCP_WORD_PERMITTED_TIMESTAMPS UINT32_C(0x0402080a) /* so they do */
#define TCP_WORD_NOP_SCALE UINT32_C(0x01030300)            /* with the scale in it */

struct tcp_sack_block { struct seq left, right; };

struct tcp_options {
    bool has_mss, has_scale, has_timestamps, sack_permitted;
    bool malformed;         /* the parse ended at an illegal length */
    uint8_t sack_count;
    uint8_t scale;          /* as received: the caller applies RFC 7323 §2.3's limit of 14 */
    uint16_t mss;
    uint32_t ts_value, ts_echo;
    struct tcp_sack_block sack[TCP_SACK_LIMIT];
};

void tcp_options_read(struct tcp_options *options, struct baro_bytes bytes);

/* Writes the options that are set, aligned by NOPs in front of each; returns the octets, a multiple of four
 * and at most TCP_OPTIONS_LIMIT. SACK blocks that do not fit are left out. */
unsigned tcp_options_write(const struct tcp_options *options, uint8_t to[TCP_OPTIONS_LIMIT]);

#endif
