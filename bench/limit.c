/* bench/limit.c: what the machine allows, beside which a stack's figures are read: octets copied three times, as they
 * must be between two programs with a wire between them: into a send buffer, into a frame, out of it into the program;
 * in buffers of the benchmark's sizes, of which the programs' are 4 KiB, and a wire full at a time, since a loop's turn
 * takes each of these steps for all that the wire holds before it takes the next. Nothing else is done. */
#include "bench.h"

#include <stdlib.h>

struct limit {
    uint8_t *buffer, *slots, *from, *to;
    size_t piece, slot;
    unsigned pieces; /* on the wire */
    uint64_t octets, goal;
};

/* Between a program's memory and a piece of the stack's, in calls of as much as the program has. */
static void copy_call_by_call(uint8_t *to, const uint8_t *from, size_t length, bool into)
{
    for (size_t at = 0; at < length; at += BENCH_PROGRAM)
        bench_copy(into ? to + at : to, into ? from : from + at,
                   length - at < BENCH_PROGRAM ? length - at : BENCH_PROGRAM);
}

static void copy_thrice(void *context)
{
    struct limit *limit = context;

    while (limit->octets < limit->goal) {
        for (unsigned i = 0; i < limit->pieces; i++)
            copy_call_by_call(limit->buffer + i * limit->piece, limit->from, limit->piece, true);
        for (unsigned i = 0; i < limit->pieces; i++)
            bench_copy(limit->slots + i * limit->slot, limit->buffer + i * limit->piece, limit->piece);
        for (unsigned i = 0; i < limit->pieces; i++)
            copy_call_by_call(limit->to, limit->slots + i * limit->slot, limit->piece, false);
        limit->octets += limit->pieces * limit->piece;
    }
}

void bench_limit(const struct bench_case *question, struct bench_answer *answer)
{
    struct limit limit = { .piece = question->offload == BENCH_SUPER ? 65160 : question->mtu - 52 };

    limit.slot = (limit.piece + 66 + 63) / 64 * 64; /* its headers, and as the wire's are aligned */
    limit.pieces = bench_slots(limit.slot);
    limit.buffer = calloc(limit.pieces, limit.piece);
    limit.slots = aligned_alloc(64, limit.pieces * limit.slot);
    limit.from = calloc(1, BENCH_PROGRAM);
    limit.to = calloc(1, BENCH_PROGRAM);
    bench_expect(limit.buffer != NULL && limit.slots != NULL && limit.from != NULL && limit.to != NULL, "memory");
    limit.goal = UINT64_C(64) << 20;
    copy_thrice(&limit);
    limit.octets = 0;
    limit.goal = UINT64_C(2) << 30;
    answer->seconds = bench_timed(copy_thrice, &limit);
    answer->octets = (double)limit.octets;
    free(limit.buffer);
    free(limit.slots);
    free(limit.from);
    free(limit.to);
}
