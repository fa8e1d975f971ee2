/* test/support/twice.h: runs of two stacks on a cable, each seed twice: with a trace, so that every segment goes the
 * whole way, and without, so that it takes the fast paths. What is noted of both runs must be the same to the last bit.
 *
 * Who includes this has the two stacks and says what happens to them; everything that may differ is drawn here and
 * everything that shall be the same is noted here. One run at a time. */
#ifndef TEST_TWICE_H
#define TEST_TWICE_H

#include "baro/trace.h"
#include "support/cable.h"

/* The run that goes on. */
struct twice_run {
    uint64_t state; /* of what is drawn */
    uint64_t hash;  /* of what was noted */
    bool ipv6;
    uint64_t frames, fast, expected; /* noted; that left by the fast path, or came by it */
};
extern struct twice_run this_run;

uint64_t draw(uint64_t below);
bool one_in(unsigned many);
void note(const void *bytes, size_t length);
void note_number(int64_t number);
/* A frame that a stack gave to its device, with all that it asked for. */
void note_frame(const struct device_frame *frame);
/* What TCP_INFO says. */
void note_info(struct baro_stack *stack, int fd);
/* The counters and the next deadline. */
void note_stack(struct baro_stack *stack);

/* Of end 0 or 1 on the cable; others of its network follow. */
struct baro_address address(unsigned end);
enum baro_family family(void);

/* Another 16 bits at `at`, and the checksum that covers them as if they had always stood there (RFC 1624). */
void forge(uint8_t *at, unsigned value, uint8_t *checksum);

/* As cable_end(); what took fast paths is counted. */
void twice_end(struct baro_stack *stack, struct frame_device *device, const struct test_memory *memory);

/* A trace that nobody reads; or none. */
struct baro_trace_sink twice_trace(bool watched);

/* Runs each seed from 1 to `seeds` twice and fails where the runs differ. Returns the sums of the unwatched ones:
 * frames, straight, expected. */
struct twice_run twice_compare(unsigned seeds, void (*run)(bool watched));

#endif
