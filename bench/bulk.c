/* bench/bulk.c: one connection that carries all it can.
 *
 * Program data is sent in calls of `message` octets (64 KiB where the row does not say) and received in calls of up to
 * 64 KiB. A turn of the loop: the clock is read, each end is polled, its program does what it can, and what that decided is
 * flushed. The operation that is counted is a frame of data, with its share of ACKs and of both programs' calls. */
#include "bench.h"

#include <errno.h>

enum { CHUNK = 65536, LARGEST_CALL = 1 << 20, PORT = 7, BUFFER = 1 << 20 };

struct bulk {
    struct bench_pair *pair;
    uint32_t call; /* octets of one call of send */
    int client, server;
    uint64_t octets, goal;
};

static void turn(struct bulk *bulk)
{
    static uint8_t out[LARGEST_CALL], in[CHUNK];
    struct baro_stack *sender = bench_pair_stack(bulk->pair, 0), *receiver = bench_pair_stack(bulk->pair, 1);
    struct baro_instant now = bench_now();
    ptrdiff_t taken;

    baro_stack_poll(sender, now);
    while (baro_send(sender, bulk->client, out, bulk->call, 0) == bulk->call)
        continue;
    baro_stack_flush(sender);
    baro_stack_poll(receiver, now);
    while ((taken = baro_recv(receiver, bulk->server, in, sizeof in, 0)) > 0)
        bulk->octets += (uint64_t)taken;
    bench_expect(taken == -EAGAIN, "data");
    baro_stack_flush(receiver);
}

static void carry(void *context)
{
    struct bulk *bulk = context;

    while (bulk->octets < bulk->goal)
        turn(bulk);
}

void bench_bulk(const struct bench_case *question, struct bench_answer *answer)
{
    const int buffer = BUFFER;
    const uint32_t call = question->message == 0 ? CHUNK : question->message;
    const uint64_t warm = (uint64_t)bench_amount(call < 256 ? 4 : 64, 4) << 20, more = (uint64_t)bench_amount(call < 256 ? 2 : 64, 2) << 20;
    struct bulk bulk = { .pair = bench_pair_create(question), .call = call };
    int listener = bench_listen(bulk.pair, PORT, 8);
    uint64_t octets, frames;

    bench_connect(bulk.pair, listener, PORT, &bulk.client, &bulk.server);
    baro_setsockopt(bench_pair_stack(bulk.pair, 0), bulk.client, BARO_SO_SEND_BUFFER, &buffer, sizeof buffer);
    baro_setsockopt(bench_pair_stack(bulk.pair, 1), bulk.server, BARO_SO_RECV_BUFFER, &buffer, sizeof buffer);
    bulk.goal = warm;
    carry(&bulk);
    octets = bulk.octets;
    frames = bench_pair_frames(bulk.pair, 1);
    do {
        bulk.goal = bulk.octets + more;
        answer->seconds += bench_timed(carry, &bulk);
    } while (!bench_is_counted() && answer->seconds < 0.3);
    answer->octets = (double)(bulk.octets - octets);
    answer->operations = (double)(bench_pair_frames(bulk.pair, 1) - frames);
    bench_pair_free(bulk.pair);
}
