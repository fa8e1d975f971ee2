/* bench/bulk.c: one connection that carries all it can.
 *
 * Both programs have 4 KiB of memory and call for as much, so that it stays in the first-level cache, and with it a
 * copy's one side. Where a row says how long `message` is, the sender calls for that, and the receiver for up to 64
 * KiB. The sender's buffer holds as much as the wire: what waits behind it leaves the caches. A turn of the loop: the
 * clock is read, each end is polled, its program does what it can, and what that decided is flushed. The operation that
 * is counted is a frame of data, with its share of ACKs and of both programs' calls. */
#include "bench.h"

#include <errno.h>

enum { CHUNK = 65536, LARGEST_CALL = 1 << 20, PORT = 7, SENT = 1 << 17, RECEIVED = 1 << 18 };

struct bulk {
    struct bench_pair *pair;
    uint32_t call, receive; /* octets of one call of send, and of recv at most */
    bool zero_copy, posted;
    int client, server;
    uint64_t octets, goal;
};

/* What the sending program does in a turn: all that the buffer takes. Without copies it leaves the octets as they
 * are. */
static void send_all(struct bulk *bulk, struct baro_stack *stack)
{
    static uint8_t out[LARGEST_CALL];
    struct baro_buffer part[2];
    ptrdiff_t room;

    if (!bulk->zero_copy) {
        while (baro_send(stack, bulk->client, out, bulk->call, 0) == bulk->call)
            continue;
        return;
    }
    while ((room = baro_send_reserve(stack, bulk->client, bulk->call, part)) > 0)
        bench_expect(baro_send_commit(stack, bulk->client, (size_t)room) == room, "commit");
}

/* One that said where what comes shall go, and says it again; 128 KiB, as much as the wire holds. */
static void collect_all(struct bulk *bulk, struct baro_stack *stack)
{
    static uint8_t in[2 * CHUNK];
    ptrdiff_t taken = baro_recv_collect(stack, bulk->server);

    if (taken > 0)
        bulk->octets += (uint64_t)taken;
    bench_expect((taken > 0 || taken == -EAGAIN || taken == -EINVAL) &&
                     baro_recv_post(stack, bulk->server, in, sizeof in) >= 0, "data where it was wanted");
}

/* And the receiving one; it looks at the first octet of what it does not copy. */
static void receive_all(struct bulk *bulk, struct baro_stack *stack)
{
    static uint8_t in[CHUNK];
    static volatile uint8_t seen;
    struct baro_bytes part[2];
    ptrdiff_t taken;

    if (bulk->zero_copy) {
        while ((taken = baro_recv_peek(stack, bulk->server, part)) > 0) {
            seen = part[0].data[0];
            bench_expect(baro_recv_consume(stack, bulk->server, (size_t)taken) == taken, "consume");
            bulk->octets += (uint64_t)taken;
        }
    } else {
        while ((taken = baro_recv(stack, bulk->server, in, bulk->receive, 0)) > 0)
            bulk->octets += (uint64_t)taken;
    }
    bench_expect(taken == -EAGAIN, "data");
    (void)seen;
}

static void turn(struct bulk *bulk)
{
    struct baro_stack *sender = bench_pair_stack(bulk->pair, 0), *receiver = bench_pair_stack(bulk->pair, 1);
    struct baro_instant now = bench_now();

    baro_stack_poll(sender, now);
    send_all(bulk, sender);
    baro_stack_flush(sender);
    baro_stack_poll(receiver, now);
    if (bulk->posted)
        collect_all(bulk, receiver);
    else
        receive_all(bulk, receiver);
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
    const int sent = SENT, received = RECEIVED;
    const uint32_t call = question->zero_copy ? CHUNK : question->message == 0 ? BENCH_PROGRAM : question->message;
    const uint64_t warm = (uint64_t)bench_amount(call < 256 ? 4 : 64, 4) << 20,
                   more = (uint64_t)bench_amount(call < 256 ? 2 : 64, 2) << 20;
    struct bulk bulk = { .pair = bench_pair_create(question),
                         .call = call,
                         .receive = question->message == 0 ? BENCH_PROGRAM : CHUNK,
                         .zero_copy = question->zero_copy,
                         .posted = question->posted };
    int listener = bench_listen(bulk.pair, PORT, 8);
    uint64_t octets, frames;

    bench_connect(bulk.pair, listener, PORT, &bulk.client, &bulk.server);
    baro_setsockopt(bench_pair_stack(bulk.pair, 0), bulk.client, BARO_SO_SEND_BUFFER, &sent, sizeof sent);
    baro_setsockopt(bench_pair_stack(bulk.pair, 1), bulk.server, BARO_SO_RECV_BUFFER, &received, sizeof received);
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
