/* Arbitrary samples to both receivers. The first octet picks the code and whether the samples arrive
 * alone or on top of a good frame (so that the fuzzer gets past lock and start delimiter); the rest are
 * the samples. Nothing may be read or written out of bounds, whatever the line does. */
#include "baro/fcs.h"
#include "baro/signal.h"

#include <stdlib.h>
#include <string.h>

static int16_t samples[BARO_SIGNAL_BURST_LIMIT + BARO_SIGNAL_CHANNEL_SLACK];

static uint32_t good_frame(enum baro_line_code code, unsigned octets)
{
    struct baro_signal_transmitter transmitter;
    uint8_t frame[BARO_SIGNAL_FRAME_LIMIT];
    for (unsigned i = 0; i < octets; i++)
        frame[i] = (uint8_t)(i * 37);
    baro_signal_transmitter_init(&transmitter, code, octets);
    return baro_signal_send_frame(&transmitter, frame, octets, samples, BARO_SIGNAL_BURST_LIMIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 2 * BARO_SIGNAL_BURST_LIMIT)
        return 0;
    enum baro_line_code code = (data[0] & 1) != 0 ? BARO_LINE_10BASE_T : BARO_LINE_100BASE_TX;
    uint32_t limit = data[1], count = 0;
    bool on_top = (data[0] & 2) != 0;
    if (on_top)
        count = good_frame(code, 1 + data[0] / 4u);
    for (size_t i = 0; i + 3 < size; i += 2) {
        int16_t sample = (int16_t)(data[i + 2] | data[i + 3] << 8);
        uint32_t at = (uint32_t)(i / 2);
        if (at >= count)
            samples[count++] = sample;
        else
            samples[at] = (int16_t)((samples[at] + sample) / 2);
    }
    /* Exact copies on the heap, so that the sanitizer sees one octet too many. */
    int16_t *line = malloc(count > 0 ? count * sizeof *line : 1);
    uint8_t *frame = malloc(limit > 0 ? limit : 1);
    if (line == NULL || frame == NULL)
        abort();
    memcpy(line, samples, count * sizeof *line);

    struct baro_signal_receiver receiver;
    baro_signal_receiver_init(&receiver, code);
    for (int64_t at = 0; at < 3; at++) {
        struct baro_instant now = { at * BARO_SIGNAL_LINK_INTERVAL_NS };
        struct baro_signal_result result = baro_signal_receive(&receiver, now, line, count, frame, limit);
        if (result.length > limit || result.position > count)
            abort();
        if ((result.event == BARO_SIGNAL_LOST) != (result.reason != BARO_DROP_NONE))
            abort();
    }
    free(line);
    free(frame);
    return 0;
}
