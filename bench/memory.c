/* bench/memory.c: what connections that nobody uses cost.
 *
 * Memory that a stack once took for connections in use it keeps for the next ones, so connections come a thousand at a
 * time and go to rest before the next thousand; the first thousand's memory does not count, but their records do. */
#include "bench.h"

/* What `count` connections at rest take at the client's end. */
static uint64_t taken_by(const struct bench_case *question, uint32_t count)
{
    struct bench_connections all;
    struct bench_case some = *question;
    uint64_t octets;

    some.connections = count;
    some.resting = true;
    bench_connections_open(&all, &some);
    octets = bench_slab_bytes(bench_pair_stack(all.pair, 0));
    bench_connections_close(&all);
    return octets;
}

void bench_idle(const struct bench_case *question, struct bench_answer *answer)
{
    uint64_t before = taken_by(question, 1000), after = taken_by(question, 1000 + question->connections);

    answer->value = (double)(after - before) / question->connections;
}
