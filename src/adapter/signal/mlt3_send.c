/* 100BASE-TX, sending: 4B5B, /J/K/ and /T/R/, scrambler, MLT-3.
 *
 * Octets become code groups (IEEE 802.3 §24.2.2): /J/K/ in the place of the first octet of the
 * preamble, the rest of it, the SFD, the frame, then /T/R/ and idle. The groups' bits are scrambled
 * (§25.3, ANSI X3.263 §7.1.1), and each one that is 1 moves the line a step on in the cycle 0, +, 0, -
 * (MLT-3, ANSI X3.263 §7.1.2). Four samples to a symbol of 8 ns, 1, 3, 5 and 7 ns into it; an
 * edge is a straight line over the first 4 ns, within the 3 to 5 ns of X3.263 §9.1.6.
 *
 * Scrambler and place in the cycle go on from burst to burst, as they do on a line that never rests. */
#include "adapter/signal/line.h"
#include "adapter/signal/code_groups.h"

#include <string.h>

#define P MLT3_AMPLITUDE_MV
#define T (3 * MLT3_AMPLITUDE_MV / 4)
#define Q (MLT3_AMPLITUDE_MV / 4)

/* A symbol from each place of the cycle: staying, stepping on. */
static const int16_t symbol_wave[4][2][LINE_SAMPLES_PER_SYMBOL] = {
    { { 0, 0, 0, 0 }, { Q, T, P, P } },
    { { P, P, P, P }, { T, Q, 0, 0 } },
    { { 0, 0, 0, 0 }, { -Q, -T, -P, -P } },
    { { -P, -P, -P, -P }, { -T, -Q, 0, 0 } },
};

/* The five symbols of a code group; returns where the next one's samples go. */
static inline int16_t *send_group(struct baro_signal_transmitter *transmitter, unsigned group,
                                  int16_t *samples)
{
    unsigned bits = group ^ scrambler_five(&transmitter->scrambler);
    unsigned level = transmitter->level;
    for (unsigned i = 5; i-- > 0; samples += LINE_SAMPLES_PER_SYMBOL) {
        unsigned step = bits >> i & 1;
        memcpy(samples, symbol_wave[level][step], sizeof symbol_wave[level][step]);
        level = (level + step) & 3;
    }
    transmitter->level = (uint8_t)level;
    return samples;
}

static inline int16_t *send_octet(struct baro_signal_transmitter *transmitter, unsigned octet,
                                  int16_t *samples)
{
    samples = send_group(transmitter, code_group_of_nibble[octet & 0xF], samples);
    return send_group(transmitter, code_group_of_nibble[octet >> 4], samples);
}

uint32_t mlt3_frame_samples(uint32_t octets)
{
    uint32_t groups = MLT3_LEAD_GROUPS + 2 * (LINE_PREAMBLE_OCTETS + octets) + 2 + MLT3_TAIL_GROUPS;
    return groups * MLT3_GROUP_SAMPLES;
}

uint32_t mlt3_send_frame(struct baro_signal_transmitter *transmitter, const uint8_t *frame, uint32_t length,
                         int16_t *samples)
{
    int16_t *at = samples + mlt3_send_idle(transmitter, samples);
    at = send_group(transmitter, GROUP_J, at);
    at = send_group(transmitter, GROUP_K, at);
    for (unsigned i = 1; i < LINE_PREAMBLE_OCTETS; i++)
        at = send_octet(transmitter, i + 1 < LINE_PREAMBLE_OCTETS ? 0x55 : 0xD5, at);
    for (uint32_t i = 0; i < length; i++)
        at = send_octet(transmitter, frame[i], at);
    at = send_group(transmitter, GROUP_T, at);
    at = send_group(transmitter, GROUP_R, at);
    for (unsigned i = 0; i < MLT3_TAIL_GROUPS; i++)
        at = send_group(transmitter, GROUP_I, at);
    return mlt3_frame_samples(length);
}

uint32_t mlt3_send_idle(struct baro_signal_transmitter *transmitter, int16_t *samples)
{
    int16_t *at = samples;
    for (unsigned i = 0; i < MLT3_LEAD_GROUPS; i++)
        at = send_group(transmitter, GROUP_I, at);
    return MLT3_LEAD_GROUPS * MLT3_GROUP_SAMPLES;
}
