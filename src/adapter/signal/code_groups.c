/* The 4B5B tables, IEEE 802.3 table 24-1. */
#include "adapter/signal/code_groups.h"

const uint8_t code_group_of_nibble[16] = {
    0x1E, 0x09, 0x14, 0x15, 0x0A, 0x0B, 0x0E, 0x0F, 0x12, 0x13, 0x16, 0x17, 0x1A, 0x1B, 0x1C, 0x1D,
};

const uint8_t code_meaning_of_group[32] = {
    MEANS_NOTHING, MEANS_NOTHING, MEANS_NOTHING, MEANS_NOTHING, /* 00000 to 00011 */
    MEANS_HALT,    MEANS_NOTHING, MEANS_NOTHING, MEANS_R,       /* 00100 to 00111 */
    MEANS_NOTHING, 0x1,           0x4,           0x5,           /* 01000 to 01011 */
    MEANS_NOTHING, MEANS_T,       0x6,           0x7,           /* 01100 to 01111 */
    MEANS_NOTHING, MEANS_K,       0x8,           0x9,           /* 10000 to 10011 */
    0x2,           0x3,           0xA,           0xB,           /* 10100 to 10111 */
    MEANS_J,       MEANS_NOTHING, 0xC,           0xD,           /* 11000 to 11011 */
    0xE,           0xF,           0x0,           MEANS_IDLE,    /* 11100 to 11111 */
};
