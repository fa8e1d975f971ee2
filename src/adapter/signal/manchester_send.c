/* 10BASE-T, sending: Manchester, preamble and SFD, TP_IDL, link pulses.
 *
 * A bit is two half bits: its complement, then itself (IEEE 802.3 §7.3.1.1), octets go lowest bit
 * first. Four samples to a half bit, and an edge takes two of them: the voltage goes from level to
 * level in a straight line of 25 ns, so that a receiver can tell where between two samples it
 * crosses zero. A frame is preceded by 62 alternating bits and 11 (§3.2.1, §3.2.2) and followed by
 * TP_IDL, at least 2.5 bit times of high that no bit has (§14.3.1.2.1); then the pair is silent. */
#include "adapter/signal/line.h"

#include <string.h>

#define LEAD_SAMPLES 8       /* of silence, so that carrier has a beginning */
#define IDLE_HIGH_SAMPLES 24 /* TP_IDL: 3 bit times */
#define IDLE_TAIL_SAMPLES 8
#define PULSE_TAIL_SAMPLES 32

enum pair_level { PAIR_LOW = 0, PAIR_HIGH = 1, PAIR_SILENT = 2 };

/* Half of the peak: what lies a quarter of the way on an edge between the peaks. */
#define P MANCHESTER_AMPLITUDE_MV
#define H (MANCHESTER_AMPLITUDE_MV / 2)
#define Q (MANCHESTER_AMPLITUDE_MV / 4)

/* A bit after low, high or silence. */
static const int16_t bit_wave[3][2][MANCHESTER_BIT_SAMPLES] = {
    { { -H, H, P, P, H, -H, -P, -P }, { -P, -P, -P, -P, -H, H, P, P } },
    { { P, P, P, P, H, -H, -P, -P }, { H, -H, -P, -P, -H, H, P, P } },
    { { Q, 3 * Q, P, P, H, -H, -P, -P }, { -Q, -3 * Q, -P, -P, -H, H, P, P } },
};

static enum pair_level send_octet(int16_t *samples, enum pair_level level, unsigned octet)
{
    for (unsigned bit = 0; bit < 8; bit++) {
        unsigned value = octet >> bit & 1;
        memcpy(samples + bit * MANCHESTER_BIT_SAMPLES, bit_wave[level][value], sizeof bit_wave[level][value]);
        level = value ? PAIR_HIGH : PAIR_LOW; /* a bit ends on its own value */
    }
    return level;
}

/* High for `high` samples from `level` on, then silence. */
static void send_high(int16_t *samples, enum pair_level level, uint32_t high, uint32_t silent)
{
    static const int16_t rise[3][2] = { { -H, H }, { P, P }, { Q, 3 * Q } };
    for (uint32_t i = 0; i < high; i++)
        samples[i] = i < 2 ? rise[level][i] : P;
    for (uint32_t i = 0; i < silent; i++)
        samples[high + i] = i == 0 ? 3 * Q : i == 1 ? Q : 0;
}

uint32_t manchester_frame_samples(uint32_t octets)
{
    return LEAD_SAMPLES + (LINE_PREAMBLE_OCTETS + octets) * 8 * MANCHESTER_BIT_SAMPLES + IDLE_HIGH_SAMPLES +
           IDLE_TAIL_SAMPLES;
}

uint32_t manchester_send_frame(const uint8_t *frame, uint32_t length, int16_t *samples)
{
    const uint32_t octet_samples = 8 * MANCHESTER_BIT_SAMPLES;
    int16_t *at = samples + LEAD_SAMPLES;
    enum pair_level level = PAIR_SILENT;
    memset(samples, 0, LEAD_SAMPLES * sizeof *samples);
    for (unsigned i = 0; i < LINE_PREAMBLE_OCTETS; i++, at += octet_samples)
        level = send_octet(at, level, i + 1 < LINE_PREAMBLE_OCTETS ? 0x55 : 0xD5);
    for (uint32_t i = 0; i < length; i++, at += octet_samples)
        level = send_octet(at, level, frame[i]);
    send_high(at, level, IDLE_HIGH_SAMPLES, IDLE_TAIL_SAMPLES);
    return manchester_frame_samples(length);
}

uint32_t manchester_send_pulse(int16_t *samples)
{
    memset(samples, 0, LEAD_SAMPLES * sizeof *samples);
    send_high(samples + LEAD_SAMPLES, PAIR_SILENT, MANCHESTER_BIT_SAMPLES, PULSE_TAIL_SAMPLES);
    return LEAD_SAMPLES + MANCHESTER_BIT_SAMPLES + PULSE_TAIL_SAMPLES;
}
