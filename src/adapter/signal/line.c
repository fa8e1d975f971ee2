/* Line codes from outside: what is fixed about each, and the transmitter's and receiver's door.
 *
 * The receiver keeps nothing of the signal between two bursts: since idle is not sampled, clock
 * and descrambler are locked anew from each lead-in. What it keeps is the link.
 *
 * Link integrity is that of IEEE 802.3 §14.2.1.7 (figure 14-6): while the link is down, link pulses
 * in a row, not too near and not too far from each other, bring it up, or carrier does; once up, a
 * link_loss time without pulse or carrier takes it down. 100BASE-TX takes the descrambler's lock on
 * idle for a pulse: a second look after the stabilize time of §24.3.4.4 (330 us at least). */
#include "adapter/signal/line.h"

#include <assert.h>

static const struct baro_line_properties properties[] = {
    { .name = "10BASE-T",
      .bit_rate = 10000000,
      .symbol_rate = 20000000,
      .samples_per_symbol = LINE_SAMPLES_PER_SYMBOL,
      .sample_period_ps = 12500,
      .gap_ns = 9600,
      .amplitude_mv = MANCHESTER_AMPLITUDE_MV },
    { .name = "100BASE-TX",
      .bit_rate = 100000000,
      .symbol_rate = 125000000,
      .samples_per_symbol = LINE_SAMPLES_PER_SYMBOL,
      .sample_period_ps = 2000,
      .gap_ns = 960,
      .amplitude_mv = MLT3_AMPLITUDE_MV },
};

const struct baro_line_properties *baro_line_properties(enum baro_line_code code)
{
    switch (code) {
    case BARO_LINE_10BASE_T:
        return &properties[0];
    case BARO_LINE_100BASE_TX:
        return &properties[1];
    }
    return NULL;
}

uint32_t baro_line_frame_samples(enum baro_line_code code, uint32_t octets)
{
    assert(octets <= BARO_SIGNAL_FRAME_LIMIT);
    return code == BARO_LINE_10BASE_T ? manchester_frame_samples(octets) : mlt3_frame_samples(octets);
}

struct baro_duration baro_line_frame_time(enum baro_line_code code, uint32_t octets)
{
    int64_t bit_ns = code == BARO_LINE_10BASE_T ? 100 : 10;
    return (struct baro_duration){ (LINE_PREAMBLE_OCTETS + (int64_t)octets) * 8 * bit_ns };
}

void baro_signal_transmitter_init(struct baro_signal_transmitter *transmitter, enum baro_line_code code,
                                  uint32_t seed)
{
    assert(baro_line_properties(code) != NULL);
    /* All zero would stay zero: the one state that the generator must not be in. */
    uint32_t scrambler = 1 + (seed ^ seed >> 11 ^ seed >> 22) % 2047;
    *transmitter = (struct baro_signal_transmitter){ .code = code, .scrambler = (uint16_t)scrambler };
}

uint32_t baro_signal_send_frame(struct baro_signal_transmitter *transmitter, const uint8_t *frame,
                                uint32_t length, int16_t *samples, uint32_t capacity)
{
    assert(length >= 1 && length <= BARO_SIGNAL_FRAME_LIMIT);
    assert(capacity >= baro_line_frame_samples(transmitter->code, length));
    (void)capacity;
    return transmitter->code == BARO_LINE_10BASE_T ? manchester_send_frame(frame, length, samples)
                                                   : mlt3_send_frame(transmitter, frame, length, samples);
}

uint32_t baro_signal_send_link(struct baro_signal_transmitter *transmitter, int16_t *samples,
                               uint32_t capacity)
{
    assert(capacity >= BARO_SIGNAL_LINK_SAMPLES);
    (void)capacity;
    return transmitter->code == BARO_LINE_10BASE_T ? manchester_send_pulse(samples)
                                                   : mlt3_send_idle(transmitter, samples);
}

void baro_signal_receiver_init(struct baro_signal_receiver *receiver, enum baro_line_code code)
{
    assert(baro_line_properties(code) != NULL);
    *receiver = (struct baro_signal_receiver){ .code = code };
}

/* ---- link integrity ---- */

static const struct link_rule {
    uint32_t signs;      /* signs of life in a row that bring the link up (lc_max, 2 to 10) */
    int64_t nearest_ns;  /* link_test_min, 2 to 7 ms; for 100BASE-TX the stabilize time */
    int64_t farthest_ns; /* link_test_max, 25 to 150 ms */
} link_rules[] = { { 3, 2000000, 150000000 }, { 2, 330000, 150000000 } };

bool baro_signal_link_up(const struct baro_signal_receiver *receiver, struct baro_instant now)
{
    return receiver->link && now.ns - receiver->heard.ns < BARO_SIGNAL_LINK_LOSS_NS;
}

bool baro_signal_link_deadline(const struct baro_signal_receiver *receiver, struct baro_instant *deadline)
{
    if (!receiver->link)
        return false;
    deadline->ns = receiver->heard.ns + BARO_SIGNAL_LINK_LOSS_NS;
    return true;
}

static void link_sign(struct baro_signal_receiver *receiver, struct baro_instant now)
{
    const struct link_rule *rule = &link_rules[receiver->code == BARO_LINE_10BASE_T ? 0 : 1];
    int64_t since_ns = now.ns - receiver->heard.ns;
    bool spaced = since_ns >= rule->nearest_ns && since_ns <= rule->farthest_ns;
    if (receiver->link && !spaced)
        return; /* a pulse too early proves nothing; one too late cannot be, the link would be down */
    receiver->heard = now;
    if (receiver->link)
        return;
    receiver->signs = receiver->signs > 0 && spaced ? receiver->signs + 1 : 1;
    receiver->link = receiver->signs >= rule->signs;
}

static void link_carrier(struct baro_signal_receiver *receiver, struct baro_instant now)
{
    receiver->link = true;
    receiver->heard = now;
}

struct baro_signal_result baro_signal_receive(struct baro_signal_receiver *receiver, struct baro_instant now,
                                              const int16_t *samples, uint32_t count, uint8_t *frame,
                                              uint32_t limit)
{
    if (receiver->link && !baro_signal_link_up(receiver, now)) {
        receiver->link = false;
        receiver->signs = 0;
    }
    struct baro_signal_result result = receiver->code == BARO_LINE_10BASE_T
                                           ? manchester_receive(samples, count, frame, limit)
                                           : mlt3_receive(samples, count, frame, limit);
    if (result.position > count)
        result.position = count; /* where the next symbol would have been */
    bool link = receiver->link;
    if (result.event == BARO_SIGNAL_LINK)
        link_sign(receiver, now);
    else if (result.event == BARO_SIGNAL_FRAME || (link && result.reason != BARO_DROP_SIGNAL_NO_LOCK))
        link_carrier(receiver, now);
    if (result.event == BARO_SIGNAL_FRAME && !link) {
        /* LINK_TEST_FAIL_EXTEND: what brings the link up is itself not passed on. */
        result.event = BARO_SIGNAL_LOST;
        result.reason = BARO_DROP_LINK_DOWN;
        result.length = 0;
    }
    return result;
}
