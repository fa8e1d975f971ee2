/* Two and four stacks behind one address, and a peer that is a whole host: connections both ways with random ports, datagrams, pings,
 * ICMP errors and fragments, over both families, in virtual time. Every answer arrives at the shard that waits for it, none of
 * them resets what another one has, and only fragments are ever another's. Where frames are given to the wrong one it drops them,
 * traced or not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "baro/shard.h"
#include "baro/socket.h"

enum { SHARDS = 4, QUEUE = 4096, FRAME = 1514, CONNECTIONS = 120, PORT = 7, LARGE = 3000 };

struct frames {
    uint8_t (*octet)[FRAME];
    uint32_t length[QUEUE];
    unsigned first, count, lent;
};

struct end {
    struct world *world;
    struct baro_stack *stack;
    struct baro_device device;
    struct frames in;
    uint32_t number; /* of a shard; SHARDS: the peer */
    int interface, listener;
};

struct world {
    uint32_t shards;
    struct baro_shard shard;
    struct end end[SHARDS + 1]; /* the peer last */
    struct baro_instant now;
    unsigned copies;     /* frames that went to all shards */
    bool astray, traced; /* shard 0 gets all frames, whose ever they are; has a trace */
};

static const struct baro_mac shard_mac = { { 2, 0, 0, 0, 0, 1 } }, peer_mac = { { 2, 0, 0, 0, 0, 2 } };

static struct baro_address address_of(bool v6, uint8_t host)
{
    return v6 ? baro_ipv6(0xfd00, 9, 0, 0, 0, 0, 0, host) : baro_ipv4(10, 9, 0, host);
}

/* ---- the wire ---- */

static void put(struct end *to, const uint8_t *octet, uint32_t length)
{
    struct frames *in = &to->in;
    unsigned slot = (in->first + in->count) % QUEUE;

    assert_true(in->count < QUEUE);
    memcpy(in->octet[slot], octet, length);
    in->length[slot] = length;
    in->count++;
}

static unsigned rx_burst(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    struct frames *in = &((struct end *)context)->in;
    unsigned count = in->count < limit ? in->count : limit;

    for (unsigned i = 0; i < count; i++)
        frames[i] = (struct baro_rx_frame){ .data = in->octet[(in->first + i) % QUEUE], .length = in->length[(in->first + i) % QUEUE] };
    in->lent = count;
    return count;
}

static void rx_end(void *context)
{
    struct frames *in = &((struct end *)context)->in;

    in->first = (in->first + in->lent) % QUEUE;
    in->count -= in->lent;
    in->lent = 0;
}

static unsigned tx_room(void *context)
{
    (void)context;
    return BARO_BURST_LIMIT;
}

static void carry(struct end *from, const uint8_t *octet, uint32_t length)
{
    struct world *world = from->world;
    uint32_t whose;

    if (from->number != SHARDS) {
        put(&world->end[SHARDS], octet, length);
        return;
    }
    whose = world->astray ? 0 : baro_shard_of_frame(&world->shard, (struct baro_bytes){ octet, length });
    if (whose != BARO_SHARD_ALL) {
        assert_true(whose < world->shards);
        put(&world->end[whose], octet, length);
        return;
    }
    world->copies++;
    for (uint32_t i = 0; i < world->shards; i++)
        put(&world->end[i], octet, length);
}

static unsigned tx_burst(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t octet[FRAME];
        uint32_t length = 0;

        for (unsigned j = 0; j < frames[i].parts; j++) {
            assert_true(length + frames[i].part[j].length <= FRAME);
            if (frames[i].part[j].length != 0)
                memcpy(octet + length, frames[i].part[j].data, frames[i].part[j].length);
            length += (uint32_t)frames[i].part[j].length;
        }
        carry(context, octet, length);
    }
    return count;
}

/* ---- the world ---- */

static void *take(void *context, size_t bytes)
{
    (void)context;
    return calloc(1, (bytes + 63) & ~(size_t)63);
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(slab);
}

/* Who has a trace goes the slow path with each frame. */
static void look_away(void *context, const struct baro_trace_event *event)
{
    (void)context, (void)event;
}

static void end_init(struct world *world, uint32_t number)
{
    struct end *end = &world->end[number];
    bool peer = number == SHARDS;
    struct baro_stack_config config = { .memory = { NULL, take, give_back }, .seed = { (uint8_t)(number + 1), (uint8_t)world->shards },
                                        .now = world->now };

    config.shard = world->shard;
    config.shard.number = number;
    if (peer)
        config.shard.count = 0;
    if (world->traced && number == 0)
        config.trace.event = look_away;
    *end = (struct end){ .world = world, .number = number };
    end->in.octet = malloc(QUEUE * sizeof *end->in.octet);
    end->device = (struct baro_device){ .context = end, .mac = peer ? peer_mac : shard_mac, .mtu = 1500, .rx_burst = rx_burst,
                                        .rx_end = rx_end, .tx_room = tx_room, .tx_burst = tx_burst };
    end->stack = baro_stack_create(&config);
    assert_non_null(end->stack);
    end->interface = baro_stack_add_interface(end->stack, &end->device);
    for (int v6 = 0; v6 < 2; v6++)
        assert_int_equal(baro_stack_add_address(end->stack, end->interface, address_of(v6, peer ? 2 : 1), v6 ? 64 : 24, false), 0);
}

static void world_init(struct world *world, uint32_t shards, bool traced)
{
    memset(world, 0, sizeof *world);
    world->traced = traced;
    world->shards = shards;
    world->shard = (struct baro_shard){ .count = shards, .key = { 7, shards } };
    for (uint32_t i = 0; i < shards; i++)
        end_init(world, i);
    end_init(world, SHARDS);
}

static void world_release(struct world *world)
{
    for (uint32_t i = 0; i <= SHARDS; i++) {
        if (world->end[i].stack != NULL) {
            baro_stack_check_invariants(world->end[i].stack);
            baro_stack_free(world->end[i].stack);
        }
        free(world->end[i].in.octet);
    }
}

static void turn(struct world *world)
{
    world->now.ns += 100000;
    for (uint32_t i = 0; i <= SHARDS; i++) {
        if (world->end[i].stack != NULL)
            baro_stack_poll(world->end[i].stack, world->now);
    }
}

static void turns(struct world *world, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        turn(world);
}

static struct baro_statistics statistics_of(const struct end *end)
{
    struct baro_statistics statistics;

    baro_stack_statistics(end->stack, &statistics);
    return statistics;
}

/* What must stay nothing for everybody: resets, and packets that are another's. */
static void check_quiet(const struct world *world)
{
    for (uint32_t i = 0; i < world->shards; i++) {
        struct baro_statistics statistics = statistics_of(&world->end[i]);

        assert_int_equal(statistics.tcp_resets_out, 0);
        assert_int_equal(statistics.tcp_retransmitted, 0);
        assert_int_equal(statistics.drops[BARO_DROP_SHARD_OTHER], 0);
    }
    assert_int_equal(statistics_of(&world->end[SHARDS]).tcp_resets_out, 0);
}

/* ---- connections ---- */

static int listen_at(struct end *end, bool v6, uint8_t host)
{
    const struct baro_endpoint local = { address_of(v6, host), { PORT } };
    int fd = baro_socket(end->stack, v6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4, BARO_STREAM);

    assert_true(fd >= 0);
    assert_int_equal(baro_bind(end->stack, fd, &local), 0);
    assert_int_equal(baro_listen(end->stack, fd, 2 * CONNECTIONS), 0);
    return fd;
}

static int connect_to(struct end *end, bool v6, uint8_t host)
{
    const struct baro_endpoint remote = { address_of(v6, host), { PORT } };
    int fd = baro_socket(end->stack, v6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4, BARO_STREAM);

    assert_true(fd >= 0);
    assert_int_equal(baro_connect(end->stack, fd, &remote), -EINPROGRESS);
    return fd;
}

/* The accepted end of a connection says on it what came first, its number. */
static void exchange(struct world *world, struct end *client, int fd, struct end *server, int accepted, uint32_t number)
{
    uint32_t word = 0;

    assert_int_equal(baro_send(client->stack, fd, &number, sizeof number, 0), sizeof number);
    turns(world, 4);
    assert_int_equal(baro_recv(server->stack, accepted, &word, sizeof word, 0), sizeof word);
    assert_int_equal(word, number);
    assert_int_equal(baro_send(server->stack, accepted, &word, sizeof word, 0), sizeof word);
    turns(world, 4);
    word = 0;
    assert_int_equal(baro_recv(client->stack, fd, &word, sizeof word, 0), sizeof word);
    assert_int_equal(word, number);
    assert_int_equal(baro_close(client->stack, fd), 0);
    turns(world, 2);
    assert_int_equal(baro_close(server->stack, accepted), 0);
    turns(world, 4);
}

/* The peer connects: whose the flow is accepts, all get their share. */
static void from_peer(struct world *world, bool v6)
{
    struct end *peer = &world->end[SHARDS];
    unsigned share[SHARDS] = { 0 };
    int listener[SHARDS];

    for (uint32_t i = 0; i < world->shards; i++)
        listener[i] = listen_at(&world->end[i], v6, 1);
    for (uint32_t n = 0; n < CONNECTIONS; n++) {
        int fd = connect_to(peer, v6, 1), accepted = -1;
        struct baro_endpoint local, remote;
        uint32_t whose;

        turns(world, 6);
        assert_int_equal(baro_getsockname(peer->stack, fd, &local), 0);
        assert_int_equal(baro_getpeername(peer->stack, fd, &remote), 0);
        whose = baro_shard_of_flow(&world->shard, 6, &local, &remote);
        for (uint32_t i = 0; i < world->shards; i++) {
            int got = baro_accept(world->end[i].stack, listener[i], NULL);

            assert_int_equal(got >= 0, i == whose);
            accepted = got >= 0 ? got : accepted;
        }
        share[whose]++;
        exchange(world, peer, fd, &world->end[whose], accepted, n);
    }
    for (uint32_t i = 0; i < world->shards; i++) {
        assert_true(share[i] > 0);
        assert_int_equal(baro_close(world->end[i].stack, listener[i]), 0);
    }
    check_quiet(world);
}

/* Each shard connects to the peer. */
static void from_shards(struct world *world, bool v6)
{
    struct end *peer = &world->end[SHARDS];
    int listener = listen_at(peer, v6, 2);

    for (uint32_t n = 0; n < CONNECTIONS; n++) {
        struct end *shard = &world->end[n % world->shards];
        int fd = connect_to(shard, v6, 2), accepted;

        turns(world, 6);
        accepted = baro_accept(peer->stack, listener, NULL);
        assert_true(accepted >= 0);
        exchange(world, shard, fd, peer, accepted, n);
    }
    assert_int_equal(baro_close(peer->stack, listener), 0);
    check_quiet(world);
}

/* A port that was bound before: connect goes where the answers come home, and says so where they do not. */
static void from_bound_ports(struct world *world)
{
    struct end *peer = &world->end[SHARDS], *shard = &world->end[0];
    int listener = listen_at(peer, false, 2);
    unsigned home = 0, refused = 0;

    for (uint16_t port = 4000; port < 4040; port++) {
        const struct baro_endpoint local = { address_of(false, 1), { port } }, remote = { address_of(false, 2), { PORT } };
        int fd = baro_socket(shard->stack, BARO_FAMILY_IPV4, BARO_STREAM), result;

        assert_int_equal(baro_bind(shard->stack, fd, &local), 0);
        result = baro_connect(shard->stack, fd, &remote);
        if (baro_shard_of_flow(&world->shard, 6, &local, &remote) == 0) {
            int accepted;

            assert_int_equal(result, -EINPROGRESS);
            turns(world, 6);
            accepted = baro_accept(peer->stack, listener, NULL);
            assert_true(accepted >= 0);
            exchange(world, shard, fd, peer, accepted, port);
            home++;
        } else {
            assert_int_equal(result, -EADDRNOTAVAIL);
            assert_int_equal(baro_close(shard->stack, fd), 0);
            refused++;
        }
    }
    assert_true(home > 0 && refused > 0);
    assert_int_equal(baro_close(peer->stack, listener), 0);
    check_quiet(world);
}

/* ---- datagrams, pings, errors ---- */

static void datagrams(struct world *world, bool v6)
{
    struct end *peer = &world->end[SHARDS];
    const enum baro_family family = v6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
    const struct baro_endpoint server = { address_of(v6, 2), { PORT } }, closed = { address_of(v6, 2), { 9999 } };
    int echo = baro_socket(peer->stack, family, BARO_DATAGRAM);
    uint64_t others = 0;

    assert_int_equal(baro_bind(peer->stack, echo, &server), 0);
    for (uint32_t n = 0; n < 40; n++) {
        struct end *shard = &world->end[n % world->shards];
        size_t length = n < 20 ? sizeof n : LARGE; /* the second half goes in fragments */
        int fd = baro_socket(shard->stack, family, BARO_DATAGRAM);
        uint8_t out[LARGE] = { 0 }, in[LARGE] = { 0 };
        struct baro_endpoint from;

        memcpy(out, &n, sizeof n);
        out[length - 1] = 0x5a;
        assert_int_equal(baro_connect(shard->stack, fd, &server), 0);
        assert_int_equal(baro_send(shard->stack, fd, out, length, 0), length);
        turns(world, 4);
        assert_int_equal(baro_recvfrom(peer->stack, echo, in, sizeof in, 0, &from), length);
        assert_int_equal(baro_sendto(peer->stack, echo, in, length, 0, &from), length);
        turns(world, 4);
        memset(in, 0, sizeof in);
        assert_int_equal(baro_recv(shard->stack, fd, in, sizeof in, 0), length);
        assert_memory_equal(in, out, length);
        baro_close(shard->stack, fd);
        fd = baro_socket(shard->stack, family, BARO_DATAGRAM); /* nobody there: the error comes home */
        assert_int_equal(baro_connect(shard->stack, fd, &closed), 0);
        assert_int_equal(baro_send(shard->stack, fd, out, 8, 0), 8);
        world->now.ns += INT64_C(1000000000); /* errors are sent at a bounded rate */
        turns(world, 4);
        assert_int_equal(baro_recv(shard->stack, fd, in, sizeof in, 0), -ECONNREFUSED);
        baro_close(shard->stack, fd);
    }
    for (uint32_t i = 0; i < world->shards; i++)
        others += statistics_of(&world->end[i]).drops[BARO_DROP_SHARD_OTHER];
    assert_int_equal(others, (v6 ? 2u : 1u) * 20 * (world->shards - 1)); /* whole datagrams, in all but one; of both families by now */
    assert_int_equal(statistics_of(peer).drops[BARO_DROP_UDP_NO_SOCKET], (v6 ? 2 : 1) * 40);
    baro_close(peer->stack, echo);
}

static void pings(struct world *world, bool v6)
{
    struct end *peer = &world->end[SHARDS];
    struct baro_ping_result result;

    for (uint16_t n = 0; n < 20; n++) {
        struct end *shard = &world->end[n % world->shards];

        assert_int_equal(baro_stack_ping(shard->stack, address_of(v6, 2), n, 1, n < 10 ? 56 : LARGE), 0);
        turns(world, 4);
        assert_true(baro_stack_ping_result(shard->stack, &result));
        assert_true(result.id == n && result.type == (v6 ? 129 : 0));
        assert_int_equal(baro_stack_ping(peer->stack, address_of(v6, 1), n, 1, n < 10 ? 56 : LARGE), 0);
        turns(world, 4);
        assert_true(baro_stack_ping_result(peer->stack, &result)); /* one answers, one alone */
        assert_false(baro_stack_ping_result(peer->stack, &result));
    }
}

/* ---- steered wrongly ---- */

/* Shard 0 gets everything: connections of others' flows are not made there, and each such SYN is told of. How many were. */
static uint64_t all_to_one(bool v6, bool traced)
{
    const struct baro_endpoint remote = { address_of(v6, 1), { PORT } };
    struct baro_endpoint local;
    struct world world;
    uint64_t accepted = 0, others = 0, dropped;
    struct end *peer = &world.end[SHARDS], *shard = &world.end[0];

    world_init(&world, 2, traced);
    world.astray = true;
    const int listener = listen_at(shard, v6, 1);

    dropped = statistics_of(shard).drops[BARO_DROP_SHARD_OTHER];
    for (uint32_t n = 0; n < CONNECTIONS; n++) {
        int fd = connect_to(peer, v6, 1);

        turns(&world, 6);
        assert_int_equal(baro_getsockname(peer->stack, fd, &local), 0);
        others += baro_shard_of_flow(&world.shard, 6, &local, &remote) != 0;
        accepted += baro_accept(shard->stack, listener, NULL) >= 0;
        assert_int_equal(accepted + others, n + 1);
        assert_int_equal(statistics_of(shard).drops[BARO_DROP_SHARD_OTHER] - dropped, others);
    }
    assert_true(accepted > 0 && others > 0);
    assert_int_equal(statistics_of(shard).tcp_resets_out, 0);
    world_release(&world);
    return others;
}

/* ---- tests ---- */

static void run(uint32_t shards)
{
    struct world world;

    world_init(&world, shards, false);
    turns(&world, 100);
    for (int v6 = 0; v6 < 2; v6++) {
        from_peer(&world, v6);
        from_shards(&world, v6);
    }
    from_bound_ports(&world);
    for (int v6 = 0; v6 < 2; v6++)
        datagrams(&world, v6);
    for (int v6 = 0; v6 < 2; v6++)
        pings(&world, v6);
    assert_true(world.copies > 0);
    assert_int_equal(statistics_of(&world.end[SHARDS]).drops[BARO_DROP_ARP_CONFLICT], 0);
    world_release(&world);
}

static void test_two(void **state)
{
    (void)state;
    run(2);
}

static void test_four(void **state)
{
    (void)state;
    run(4);
}

static void test_astray(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++)
        assert_int_equal(all_to_one(v6, false), all_to_one(v6, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_two), cmocka_unit_test(test_four), cmocka_unit_test(test_astray) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
