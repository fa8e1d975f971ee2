/* test/support/twice.c: see twice.h. */
#include "support/twice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "stack.h"
#include "support/chance.h"
#include "transport/tcp/connection.h"

struct twice_run this_run;

uint64_t draw(uint64_t below)
{
    return chance_draw(&this_run.state, below);
}

bool one_in(unsigned many)
{
    return draw(many) == 0;
}

void note(const void *bytes, size_t length)
{
    chance_note(&this_run.hash, bytes, length);
}

void note_number(int64_t number)
{
    note(&number, sizeof number);
}

void note_frame(const struct device_frame *frame)
{
    const uint16_t asked[] = { frame->gso_size, frame->header_length, frame->checksum_start, frame->checksum_offset };

    note(frame->data, frame->length);
    note(asked, sizeof asked);
    this_run.frames++;
}

void note_info(struct baro_stack *stack, int fd)
{
    struct baro_tcp_info info;
    size_t size = sizeof info;

    memset(&info, 0, sizeof info);
    baro_getsockopt(stack, fd, BARO_TCP_INFO, &info, &size);
    note(&info, sizeof info);
}

void note_stack(struct baro_stack *stack)
{
    struct baro_statistics statistics;
    const struct baro_device *lender = stack->lender;
    struct baro_instant deadline = { 0 };

    baro_stack_statistics(stack, &statistics);
    statistics.slab_bytes = 0; /* a trace of frames takes memory for them */
    stack->lender = NULL;      /* and who holds frames asks for a poll to give them back */
    baro_stack_next_deadline(stack, &deadline);
    stack->lender = lender;
    note(&statistics, sizeof statistics);
    note(&deadline, sizeof deadline);
}

struct baro_address address(unsigned end)
{
    return cable_address(this_run.ipv6, end);
}

enum baro_family family(void)
{
    return this_run.ipv6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
}

void forge(uint8_t *at, unsigned value, uint8_t *checksum)
{
    write_be16(checksum, checksum_update(read_be16(checksum), read_be16(at), (uint16_t)value));
    write_be16(at, (uint16_t)value);
}

void twice_end(struct baro_stack *stack, struct frame_device *device, const struct test_memory *memory)
{
    this_run.fast += stack->fast;
    this_run.expected += stack->tcp->expected;
    cable_end(stack, device, memory);
}

static void watch(void *context, const struct baro_trace_event *event)
{
    (void)context;
    (void)event;
}

struct baro_trace_sink twice_trace(bool watched)
{
    return (struct baro_trace_sink){ NULL, watched ? watch : NULL };
}

static struct twice_run once(unsigned seed, bool watched, void (*run)(bool watched))
{
    this_run = (struct twice_run){ .state = seed };
    this_run.ipv6 = one_in(2);
    run(watched);
    return this_run;
}

struct twice_run twice_compare(unsigned seeds, void (*run)(bool watched))
{
    struct twice_run sums = { 0 };

    for (unsigned seed = 1; seed <= seeds; seed++) {
        struct twice_run whole = once(seed, true, run), cut = once(seed, false, run);

        assert_int_equal(whole.fast + whole.expected, 0);
        if (whole.hash != cut.hash)
            fail_msg("seed %u: the runs differ; frames %llu and %llu", seed, (unsigned long long)whole.frames,
                     (unsigned long long)cut.frames);
        sums.frames += cut.frames;
        sums.fast += cut.fast;
        sums.expected += cut.expected;
    }
    return sums;
}
