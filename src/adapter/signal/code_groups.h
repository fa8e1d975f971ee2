/* 100BASE-X: the 4B5B code groups (IEEE 802.3 table 24-1) and the scrambler's key stream.
 *
 * Sixteen of the 32 groups of five bits are a nibble each, the others idle, delimiters, or nothing.
 * A group is written, and sent, highest bit first; an octet is sent low nibble first.
 *
 * The line carries data XOR key stream, k(n) = k(n-9) XOR k(n-11) (ANSI X3.263 §7.1.1, IEEE 802.3
 * §25.3), of period 2047. Idle is all ones, so in it the line shows the key stream complemented: eleven
 * bits of that are the generator's whole state, which is how a receiver locks. */
#ifndef BARO_ADAPTER_SIGNAL_CODE_GROUPS_H
#define BARO_ADAPTER_SIGNAL_CODE_GROUPS_H

#include <stdint.h>

enum code_group {
    GROUP_I = 0x1F, /* idle */
    GROUP_J = 0x18, /* start of stream, first */
    GROUP_K = 0x11, /* start of stream, second */
    GROUP_T = 0x0D, /* end of stream, first */
    GROUP_R = 0x07, /* end of stream, second */
    GROUP_H = 0x04  /* transmit error */
};

/* What a group means: 0 to 15 a nibble, or one of these. */
enum code_meaning { MEANS_IDLE = 16, MEANS_J, MEANS_K, MEANS_T, MEANS_R, MEANS_HALT, MEANS_NOTHING };

extern const uint8_t code_group_of_nibble[16];
extern const uint8_t code_meaning_of_group[32];

/* Five bits of key, the first one highest. `state` holds the last eleven, the newest lowest. The taps
 * reach back nine bits at least, so five are had at once. */
static inline unsigned scrambler_five(uint16_t *state)
{
    unsigned key = ((unsigned)*state >> 4 ^ (unsigned)*state >> 6) & 0x1F;
    *state = (uint16_t)(((unsigned)*state << 5 | key) & 0x7FF);
    return key;
}

static inline unsigned scrambler_one(uint16_t *state)
{
    unsigned key = ((unsigned)*state >> 8 ^ (unsigned)*state >> 10) & 1;
    *state = (uint16_t)(((unsigned)*state << 1 | key) & 0x7FF);
    return key;
}

#endif
