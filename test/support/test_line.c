/* A medium that keeps what was sent into it: see test_line.h. */
#include "support/test_line.h"

#include "baro/fcs.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int keep(void *context, const struct baro_transmission *transmission)
{
    struct test_line *line = context;
    if (line->refuse)
        return -EAGAIN;
    if (transmission->link_sign) {
        line->signs++;
        return 0;
    }
    assert(line->sent_count < TEST_LINE_SENT);
    struct sent_transmission *sent = &line->sent[line->sent_count++];
    sent->transmission = *transmission;
    sent->length = 0;
    for (unsigned i = 0; i < transmission->parts; i++)
        sent->length += transmission->part[i].length;
    sent->octets = malloc(sent->length + 1);
    uint8_t *to = sent->octets;
    for (unsigned i = 0; i < transmission->parts; i++) {
        memcpy(to, transmission->part[i].data, transmission->part[i].length);
        to += transmission->part[i].length;
    }
    if (transmission->samples) {
        sent->samples = malloc(transmission->sample_count * sizeof(int16_t));
        memcpy(sent->samples, transmission->samples, transmission->sample_count * sizeof(int16_t));
        sent->transmission.samples = sent->samples;
        sent->transmission.parts = 0;
    }
    return 0;
}

void test_line_init(struct test_line *line, enum baro_medium_kind kind)
{
    memset(line, 0, sizeof *line);
    line->medium = (struct baro_medium){ line, kind, 1500, kind != BARO_MEDIUM_FAST, false, keep };
}

void test_line_release(struct test_line *line)
{
    for (unsigned i = 0; i < line->sent_count; i++) {
        free(line->sent[i].octets);
        free(line->sent[i].samples);
    }
}

static void note(void *context, const struct baro_trace_event *event)
{
    struct test_events *events = context;
    assert(events->count < TEST_LINE_EVENTS);
    events->event[events->count++] = *event;
}

struct baro_trace_sink test_events_sink(struct test_events *events)
{
    struct baro_trace_sink sink = { events, note };
    return sink;
}

const struct baro_trace_event *test_events_last(const struct test_events *events, enum baro_trace_kind kind)
{
    for (unsigned i = events->count; i > 0; i--)
        if (events->event[i - 1].kind == kind)
            return &events->event[i - 1];
    return NULL;
}

void test_frame_make(uint8_t *frame, uint32_t length, struct baro_mac destination)
{
    static const uint8_t rest[] = { 2, 0, 0, 0, 0, 0x99, 0x08, 0x00 };
    for (uint32_t i = 0; i < length; i++)
        frame[i] = (uint8_t)(i * 7 + length);
    memcpy(frame, destination.octet, 6);
    memcpy(frame + 6, rest, sizeof rest);
}

uint32_t test_frame_add_fcs(uint8_t *frame, uint32_t length)
{
    uint32_t fcs = baro_fcs(frame, length);
    for (unsigned i = 0; i < 4; i++)
        frame[length + i] = (uint8_t)(fcs >> 8 * i);
    return length + 4;
}

void test_frame_arrive(struct baro_station station, const uint8_t *frame, uint32_t length, bool fcs,
                       struct baro_instant at)
{
    struct baro_transmission transmission = { .start = at, .part = { { frame, length } }, .parts = 1, .fcs = fcs };
    station.arrive(station.context, &transmission);
}
