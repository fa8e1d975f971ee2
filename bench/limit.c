/* bench/limit.c: what the machine allows, beside which a stack's figures are read: octets copied three times, as they must
 * be between two programs with a wire between them: into a send buffer, into a frame, out of it into the program; frame by
 * frame, in buffers of the benchmark's sizes. Nothing else is done. */
#include "bench.h"

#include <stdlib.h>

enum { BUFFER = 1 << 18 };

struct limit {
    uint8_t *buffer, *slots, *program;
    size_t piece;
    uint64_t octets, goal;
};

static void copy_thrice(void *context)
{
    struct limit *limit = context;
    size_t at = 0, slot = 0;

    while (limit->octets < limit->goal) {
        bench_copy(limit->buffer + at, limit->program, limit->piece);
        bench_copy(limit->slots + slot * limit->piece, limit->buffer + at, limit->piece);
        bench_copy(limit->program, limit->slots + slot * limit->piece, limit->piece);
        at = at + 2 * limit->piece > BUFFER ? 0 : at + limit->piece;
        slot = (slot + 1) % bench_slots(limit->piece);
        limit->octets += limit->piece;
    }
}

void bench_limit(const struct bench_case *question, struct bench_answer *answer)
{
    struct limit limit = { .piece = question->offload == BENCH_SUPER ? 65160 : question->mtu - 52 };

    limit.buffer = calloc(1, BUFFER + 64);
    limit.slots = calloc(BENCH_SLOTS, limit.piece);
    limit.program = calloc(1, limit.piece);
    bench_expect(limit.buffer != NULL && limit.slots != NULL && limit.program != NULL, "memory");
    limit.goal = UINT64_C(64) << 20;
    copy_thrice(&limit);
    limit.octets = 0;
    limit.goal = UINT64_C(2) << 30;
    answer->seconds = bench_timed(copy_thrice, &limit);
    answer->octets = (double)limit.octets;
    free(limit.buffer);
    free(limit.slots);
    free(limit.program);
}
