/* bench/segment.c: a received segment of 64 octets, of a connection drawn at random.
 *
 * Frames are made by hand in batches outside of the measured time (bench/peer.c); in it the stack is polled, a burst of
 * 64 at a time, and the program reads what it is told of. ACKs that the stack sends are part of it and go nowhere.
 *
 * Connections are awake: each gets a segment before it begins. Else those of a long set-up would go to rest meanwhile,
 * and the first touch of buffers, which the kernel has to clear, would be measured as if it came again. */
#include "bench.h"

enum { MESSAGE = 64, BATCH = 1024 };

struct segments {
    struct bench_peer *peer;
    uint64_t octets;
};

static void receive(void *context)
{
    struct segments *work = context;
    struct baro_stack *stack = bench_peer_stack(work->peer);
    struct baro_ready ready;
    uint8_t data[4096];

    while (bench_peer_waiting(work->peer) != 0) {
        baro_stack_poll(stack, bench_now());
        while (baro_next_ready(stack, &ready)) {
            ptrdiff_t taken = baro_recv(stack, ready.fd, data, sizeof data, 0);

            work->octets += taken > 0 ? (uint64_t)taken : 0;
        }
        baro_stack_flush(stack);
    }
}

void bench_segment(const struct bench_case *question, struct bench_answer *answer)
{
    struct segments work = { .peer = bench_peer_create(question) };
    uint32_t random = 1, batches = bench_amount(256, 2), before = bench_amount(batches / 4, question->before);

    for (uint32_t first = 0; first < question->connections;) {
        first += bench_peer_make_each(work.peer, first, MESSAGE);
        receive(&work);
    }
    bench_expect(work.octets == (uint64_t)question->connections * MESSAGE, "every connection is awake");
    for (uint32_t i = 0; i < before + 1; i++) {
        bench_peer_make(work.peer, BATCH, MESSAGE, &random);
        receive(&work);
    }
    work.octets = 0;
    for (uint32_t i = 0; i < batches; i++) {
        bench_peer_make(work.peer, BATCH, MESSAGE, &random);
        answer->seconds += bench_timed(receive, &work);
    }
    answer->operations = (double)batches * BATCH;
    bench_expect(work.octets == (uint64_t)batches * BATCH * MESSAGE, "every segment was read");
    bench_peer_free(work.peer);
}
