/* bench/transfer.c: bulk, round trips, connections, and how all that depends on the number of connections. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 65536, MESSAGE = 64, PORT = 7 };

/* Empties the queues of readiness: a program would be told. */
static void forget_readiness(struct bench_pair *pair)
{
    struct baro_ready ready;

    for (int i = 0; i < 2; i++) {
        while (baro_next_ready(bench_pair_stack(pair, i), &ready))
            continue;
    }
}

double bench_bulk(enum baro_family family, int argument)
{
    struct bench_pair *pair = bench_pair_create(family, (uint32_t)argument / 4,
                                                (enum bench_offload)(argument % 4));
    struct baro_stack *sender = bench_pair_stack(pair, 0), *receiver = bench_pair_stack(pair, 1);
    static uint8_t out[CHUNK], in[CHUNK];
    const int buffer = 1 << 20;
    int listener = bench_listen(pair, PORT, 8), client, server;
    uint64_t octets = 0, warm = UINT64_C(64) << 20, goal = 0;
    double begin = 0, end;

    bench_connect(pair, listener, PORT, &client, &server);
    baro_setsockopt(sender, client, BARO_SO_SEND_BUFFER, &buffer, sizeof buffer);
    baro_setsockopt(receiver, server, BARO_SO_RECV_BUFFER, &buffer, sizeof buffer);
    for (;;) {
        ptrdiff_t taken;

        while (baro_send(sender, client, out, sizeof out, 0) > 0)
            continue;
        bench_pair_poll(pair);
        while ((taken = baro_recv(receiver, server, in, sizeof in, 0)) > 0)
            octets += (uint64_t)taken;
        bench_expect(taken == -11 || taken > 0, "data");
        forget_readiness(pair);
        if (goal == 0 && octets >= warm) {
            begin = bench_seconds();
            goal = octets;
        }
        if (goal != 0 && octets - goal >= UINT64_C(256) << 20 && bench_seconds() - begin > 0.3)
            break;
    }
    end = bench_seconds();
    bench_pair_free(pair);
    return (double)(octets - goal) * 8 / (end - begin) / 1e9;
}

struct connections {
    struct bench_pair *pair;
    int count, *client, *server;
};

static void connections_open(struct connections *all, enum baro_family family, int count)
{
    int listener;

    all->pair = bench_pair_create(family, 1500, BENCH_NONE);
    all->count = count;
    all->client = malloc((size_t)count * sizeof *all->client);
    all->server = malloc((size_t)count * sizeof *all->server);
    bench_expect(all->client != NULL && all->server != NULL, "memory");
    listener = 0;
    for (int i = 0; i < count; i++) {
        uint16_t port = (uint16_t)(1000 + i / 20000);

        if (i % 20000 == 0)
            listener = bench_listen(all->pair, port, 64);
        bench_connect(all->pair, listener, port, &all->client[i], &all->server[i]);
    }
    forget_readiness(all->pair);
}

static void connections_close(struct connections *all)
{
    bench_pair_free(all->pair);
    free(all->client);
    free(all->server);
}

/* One message one way. Not inlined: bench/instructions.sh counts what happens in here. */
__attribute__((noinline)) void bench_message(struct bench_pair *pair, int from, int from_fd, int to_fd);
void bench_message(struct bench_pair *pair, int from, int from_fd, int to_fd)
{
    uint8_t message[MESSAGE] = { 0 };
    ptrdiff_t got = -1;

    bench_expect(baro_send(bench_pair_stack(pair, from), from_fd, message, sizeof message, 0) == MESSAGE, "send");
    for (int i = 0; i < 4 && got < 0; i++) {
        bench_pair_poll_from(pair, from);
        got = baro_recv(bench_pair_stack(pair, 1 - from), to_fd, message, sizeof message, 0);
    }
    bench_expect(got == MESSAGE, "a message came in");
}

/* Round trips on connections drawn at random. */
static void round_trips(struct connections *all, int rounds, uint32_t *random)
{
    for (int i = 0; i < rounds; i++) {
        int which = 0;

        *random = *random * 1664525 + 1013904223;
        which = (int)((uint64_t)*random * (uint64_t)all->count >> 32);
        bench_message(all->pair, 0, all->client[which], all->server[which]);
        bench_message(all->pair, 1, all->server[which], all->client[which]);
        forget_readiness(all->pair);
    }
}

double bench_round_trips(enum baro_family family, int argument)
{
    struct connections all;
    uint32_t random = 1;
    double begin, end;
    int rounds = 100000;

    connections_open(&all, family, argument);
    round_trips(&all, 1000, &random);
    begin = bench_seconds();
    round_trips(&all, rounds, &random);
    end = bench_seconds();
    connections_close(&all);
    return rounds / (end - begin);
}

double bench_segment(enum baro_family family, int argument)
{
    /* A round trip is two data segments with their ACKs on board: each received segment's share, everything on. */
    return 1e9 / bench_round_trips(family, argument) / 2;
}

double bench_families(enum baro_family family, int argument)
{
    enum { TURNS = 200, ROUNDS = 500 };
    struct connections all[2]; /* IPv4, IPv6 */
    uint32_t random[2] = { 1, 1 };
    double spent[2] = { 0, 0 };

    (void)family;
    connections_open(&all[0], BARO_FAMILY_IPV4, argument);
    connections_open(&all[1], BARO_FAMILY_IPV6, argument);
    for (int turn = -4; turn < TURNS; turn++) {
        int which = turn & 1;
        double begin = bench_seconds();

        round_trips(&all[which], ROUNDS, &random[which]);
        if (turn >= 0) /* the first are to warm up */
            spent[which] += bench_seconds() - begin;
    }
    connections_close(&all[0]);
    connections_close(&all[1]);
    return 100 * spent[1] / spent[0];
}

/* One connection: an octet each way, and both ends close. Not inlined: bench/instructions.sh counts what happens in here. */
__attribute__((noinline)) void bench_connection(struct bench_pair *pair, int listener, uint16_t port);
void bench_connection(struct bench_pair *pair, int listener, uint16_t port)
{
    struct baro_stack *a = bench_pair_stack(pair, 0), *b = bench_pair_stack(pair, 1);
    int client, server;
    uint8_t byte = 1;

    bench_connect(pair, listener, port, &client, &server);
    bench_expect(baro_send(a, client, &byte, 1, 0) == 1, "send");
    bench_pair_poll(pair);
    bench_expect(baro_recv(b, server, &byte, 1, 0) == 1 && baro_send(b, server, &byte, 1, 0) == 1, "echo");
    bench_pair_poll(pair);
    bench_pair_poll(pair);
    bench_expect(baro_recv(a, client, &byte, 1, 0) == 1, "answer");
    baro_close(a, client);
    bench_pair_poll(pair);
    baro_close(b, server);
    bench_pair_poll(pair);
    bench_pair_poll(pair);
    forget_readiness(pair);
}

double bench_connections(enum baro_family family, int argument)
{
    struct bench_pair *pair = bench_pair_create(family, 1500, BENCH_NONE);
    int listener[16], rounds = 30000;
    double begin, end;

    (void)argument;
    for (int i = 0; i < 16; i++)
        listener[i] = bench_listen(pair, (uint16_t)(1000 + i), 64);
    begin = bench_seconds();
    for (int i = 0; i < rounds; i++)
        bench_connection(pair, listener[i % 16], (uint16_t)(1000 + i % 16));
    end = bench_seconds();
    bench_pair_free(pair);
    return rounds / (end - begin);
}

double bench_idle(enum baro_family family, int argument)
{
    struct connections all;
    uint64_t before, after;

    connections_open(&all, family, 1);
    before = bench_slab_bytes(bench_pair_stack(all.pair, 0));
    connections_close(&all);
    connections_open(&all, family, argument);
    bench_pair_skip(all.pair, (struct baro_duration){ INT64_C(10000000000) });
    after = bench_slab_bytes(bench_pair_stack(all.pair, 0));
    connections_close(&all);
    return (double)(after - before) / (argument - 1);
}
