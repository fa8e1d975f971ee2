/* bench/memory.c: what connections that nobody uses cost. */
#include "bench.h"

/* They have gone to rest by then, and what they had was given back. */
enum { SECONDS = 30 };

void bench_idle(const struct bench_case *question, struct bench_answer *answer)
{
    struct bench_connections all;
    struct bench_case one = *question;
    uint64_t before, after;

    one.connections = 1;
    bench_connections_open(&all, &one);
    before = bench_slab_bytes(bench_pair_stack(all.pair, 0));
    bench_connections_close(&all);
    bench_connections_open(&all, question);
    for (int i = 0; i < SECONDS; i++) {
        bench_skip((struct baro_duration){ INT64_C(1000000000) });
        bench_pair_poll(all.pair);
    }
    after = bench_slab_bytes(bench_pair_stack(all.pair, 0));
    bench_connections_close(&all);
    answer->value = (double)(after - before) / (question->connections - 1);
}
