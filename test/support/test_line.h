/* test/support/test_line.h: a medium that keeps what was sent into it, and a sink that keeps events. */
#ifndef TEST_LINE_H
#define TEST_LINE_H

#include "baro/adapter.h"

enum { TEST_LINE_SENT = 64, TEST_LINE_EVENTS = 512 };

struct sent_transmission {
    struct baro_transmission transmission; /* part[0] and samples are copies, owned */
    uint8_t *octets;
    size_t length;
    int16_t *samples;
};

struct test_line {
    struct baro_medium medium; /* give this to baro_adapter_create */
    struct sent_transmission sent[TEST_LINE_SENT];
    unsigned sent_count, signs; /* transmissions of frames; signs of life (not kept) */
    bool refuse;
};

void test_line_init(struct test_line *line, enum baro_medium_kind kind);
void test_line_release(struct test_line *line);

struct test_events {
    struct baro_trace_event event[TEST_LINE_EVENTS];
    unsigned count;
};
struct baro_trace_sink test_events_sink(struct test_events *events);
/* The last event of a kind, or NULL. */
const struct baro_trace_event *test_events_last(const struct test_events *events, enum baro_trace_kind kind);

/* Fills `frame` with a frame of `length` octets without FCS: destination, source 02:..:99, a pattern. */
void test_frame_make(uint8_t *frame, uint32_t length, struct baro_mac destination);
/* Appends the FCS; returns the length with it. */
uint32_t test_frame_add_fcs(uint8_t *frame, uint32_t length);
/* Lets a station hear a frame in memory that ended at `at`. */
void test_frame_arrive(struct baro_station station, const uint8_t *frame, uint32_t length, bool fcs,
                       struct baro_instant at);

#endif
