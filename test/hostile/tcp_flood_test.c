/* A SYN flood of 100,000 spoofed addresses (RFC 4987), with legitimate clients in between; forged, replayed and old
 * cookies; resets at half-open records. The peers are played by hand, in virtual time, all of one seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "test/support/tcp_hand.h"

enum { FLOOD = 100000, CLIENTS = 200, QUEUE = 128, TRIES = 6 };

/* A client: SYN, and a round trip of 10 ms later its ACK with a request; each again after a second without an
 * answer. */
struct client {
    uint16_t port;
    uint32_t seq, ack, ts_echo;
    int64_t due_ns;                  /* of its next step, 0: it is done */
    unsigned tries;
    bool answered, refused, served;
};

struct flood {
    struct world world;
    struct hand hand;
    struct handle listener;
    struct client client[CLIENTS];
    bool timestamps;                 /* the clients' */
    unsigned served, half_opens;     /* clients; the most records at once */
    size_t slabs, charged;           /* bytes, the most at once */
};

static struct world_made from_client(const struct flood *f, const struct client *client, uint8_t flags)
{
    return (struct world_made){ .flags = flags, .seq = client->seq, .window = 9000, .port = client->port, .mss = 1460,
                                .timestamps = f->timestamps, .ts_value = (uint32_t)(f->world.now.ns / NS_PER_MS),
                                .ts_echo = client->ts_echo };
}

/* The SYN, and again until it is answered; then the ACK with two octets, and again until they are acknowledged. */
static void client_step(struct flood *f, struct client *client)
{
    struct world_made made = from_client(f, client, client->answered ? TCP_FLAG_ACK : TCP_FLAG_SYN);
    const struct world_segment *answer;

    client->due_ns = ++client->tries == TRIES ? 0 : f->world.now.ns + NS_PER_S;
    if (client->answered) {
        made.ack = client->ack;
        made.data = "hi";
        made.length = 2;
    }
    f->world.seen_count = 0;
    world_inject(&f->world, made);
    answer = world_last(&f->world, 1);
    if (answer == NULL)
        return;
    if (!client->answered && answer->flags == (TCP_FLAG_SYN | TCP_FLAG_ACK)) {
        client->answered = true;
        client->seq++;
        client->ack = answer->seq + 1;
        client->ts_echo = answer->options.ts_value;
        client->due_ns = f->world.now.ns + 10 * NS_PER_MS;
    } else if (answer->flags & TCP_FLAG_RST) {
        client->refused = true;
        client->due_ns = 0;
    } else if (client->answered && answer->ack == client->seq + 2) {
        client->due_ns = 0;
    }
}

static void serve(struct flood *f)
{
    struct baro_endpoint local, remote;
    struct handle connection;
    uint8_t request[8];

    while (tcp_accept(f->hand.tcp, f->listener, 3, &connection) == 0) {
        ptrdiff_t got = tcp_recv(f->hand.tcp, connection, (struct baro_buffer){ request, sizeof request }, 0);

        assert_true(tcp_endpoints(f->hand.tcp, connection, &local, &remote));
        assert_int_equal(remote.address.octet[1], 0); /* nobody of the flood ever gets so far */
        assert_int_equal(got, 2);
        f->served += !f->client[remote.port.number - 1000].served;
        f->client[remote.port.number - 1000].served = true;
        tcp_close(f->hand.tcp, connection); /* with a RST: see `linger` */
    }
}

static void spoof(struct flood *f)
{
    struct world *world = &f->world;
    struct world_made syn = { .flags = TCP_FLAG_SYN, .window = 9000, .mss = 1460 };

    syn.source = baro_ipv4(10, (uint8_t)(1 + world_random(world, 200)), (uint8_t)world_random(world, 256),
                           (uint8_t)world_random(world, 256));
    syn.port = (uint16_t)(1 + world_random(world, 65000));
    syn.seq = world_random(world, UINT32_MAX);
    syn.timestamps = world_random(world, 2) == 0;
    syn.has_scale = syn.sack_permitted = world_random(world, 2) == 0;
    syn.scale = (int)world_random(world, 16);
    world_inject(world, syn);
    world->seen_count = 0;
}

static void look(struct flood *f)
{
    const struct slabs *slabs = &f->world.side[1].core.slabs;

    f->half_opens = f->hand.tcp->half_opens.used > f->half_opens ? f->hand.tcp->half_opens.used : f->half_opens;
    f->slabs = slabs->taken > f->slabs ? slabs->taken : f->slabs;
    f->charged = slabs->charged > f->charged ? slabs->charged : f->charged;
}

/* `each_ms` spoofed SYNs a millisecond until they are 100,000, or as long without any. */
static void run(struct flood *f, enum baro_syn_cookies cookies, bool timestamps, unsigned each_ms, bool with_flood)
{
    unsigned steps = FLOOD / each_ms;

    memset(f, 0, sizeof *f);
    world_init(&f->world, 1);
    hand_init(&f->hand, &f->world);
    tcp_choose_syn_cookies(f->hand.tcp, cookies);
    f->hand.settings.linger = true;
    f->listener = world_listen(&f->world, &f->hand.settings, QUEUE);
    f->timestamps = timestamps;
    for (unsigned i = 0; i < CLIENTS; i++)
        f->client[i] = (struct client){ .port = (uint16_t)(1000 + i), .seq = 77 * i,
                                        .due_ns = f->world.now.ns + (int64_t)steps * i / CLIENTS * NS_PER_MS };
    for (unsigned step = 0; step < steps + TRIES * 1000; step++) {
        for (unsigned i = 0; with_flood && step < steps && i < each_ms; i++)
            spoof(f);
        for (unsigned i = 0; i < CLIENTS; i++) {
            if (f->client[i].due_ns != 0 && f->client[i].due_ns <= f->world.now.ns)
                client_step(f, &f->client[i]);
        }
        serve(f);
        look(f);
        world_pass(&f->world, NS_PER_MS);
        f->world.seen_count = 0;
    }
    world_pass(&f->world, 400 * NS_PER_S);
    assert_int_equal(f->hand.tcp->half_opens.used, 0);
    assert_int_equal(f->hand.tcp->connections.used, 0);
    assert_int_equal(f->world.side[1].core.slabs.charged, 0);
    world_free(&f->world);
}

static struct flood flood;

/* 20,000 a second: within a round trip of 10 ms there are more than the queue holds. */
static void cookies_let_the_honest_through(void **state)
{
    size_t calm_slabs, calm_charged;

    (void)state;
    run(&flood, BARO_SYN_COOKIES_DEFAULT, true, 20, false);
    assert_int_equal(flood.served, CLIENTS);
    calm_slabs = flood.slabs;
    calm_charged = flood.charged;
    for (unsigned timestamps = 0; timestamps < 2; timestamps++) {
        run(&flood, BARO_SYN_COOKIES_DEFAULT, timestamps != 0, 20, true);
        assert_true(flood.served >= CLIENTS * 99 / 100);
        assert_int_equal(flood.half_opens, QUEUE);
        /* What the flood adds: 128 records of 128 octets (a slab of 64 KiB), their places in the demux, the pool's
         * table; of buffers nothing. */
        assert_true(flood.slabs <= calm_slabs + 128 * 1024);
        assert_int_equal(flood.charged, calm_charged);
        run(&flood, BARO_SYN_COOKIES_ALWAYS, timestamps != 0, 20, true);
        assert_true(flood.served >= CLIENTS * 99 / 100);
        assert_int_equal(flood.half_opens, 0);
    }
}

/* Without cookies the oldest gives its place: that is enough while fewer come in a round trip than the queue holds, and
 * not beyond it. */
static void the_oldest_gives_its_place_without_them(void **state)
{
    (void)state;
    for (unsigned timestamps = 0; timestamps < 2; timestamps++) {
        run(&flood, BARO_SYN_COOKIES_OFF, timestamps != 0, 5, true);
        assert_true(flood.served >= CLIENTS * 99 / 100);
        assert_int_equal(flood.half_opens, QUEUE);
        run(&flood, BARO_SYN_COOKIES_OFF, timestamps != 0, 20, true);
        assert_true(flood.served < CLIENTS / 2);
        assert_int_equal(flood.half_opens, QUEUE);
    }
}

static struct hand cookie_hand(struct world *world)
{
    struct hand hand;

    world_init(world, 1);
    hand_init(&hand, world);
    tcp_choose_syn_cookies(hand.tcp, BARO_SYN_COOKIES_ALWAYS);
    hand_reach(&hand, BARO_TCP_SYN_RECEIVED);
    return hand;
}

static void forged_cookies_open_nothing(void **state)
{
    struct world world;
    struct hand hand = cookie_hand(&world);

    (void)state;
    for (unsigned i = 0; i < FLOOD; i++) {
        struct world_made forged = { .flags = TCP_FLAG_ACK, .seq = world_random(&world, UINT32_MAX), .window = 9000,
                                     .ack = world_random(&world, UINT32_MAX), .port = (uint16_t)(1 + i % 60000),
                                     .timestamps = i % 2 == 0, .ts_echo = world_random(&world, UINT32_MAX),
                                     .length = i % 3 };

        forged.source = baro_ipv4(10, 7, (uint8_t)(i >> 8), (uint8_t)i);
        assert_int_equal(world_inject(&world, forged), BARO_DROP_TCP_NO_CONNECTION);
        assert_int_equal(world_last(&world, 1)->flags, TCP_FLAG_RST);
        world.seen_count = 0;
    }
    assert_int_equal(world.side[1].core.counters.tcp_cookies_failed, FLOOD);
    assert_int_equal(hand.tcp->connections.used + hand.tcp->half_opens.used, 0);
    hand.mark = 0;
    assert_int_equal(hand_send(&hand, TCP_FLAG_ACK, NULL, 0), BARO_DROP_NONE); /* the true one still does */
    assert_int_equal(tcp_accept(hand.tcp, hand.listener, 3, &hand.connection), 0);
    world_free(&world);
}

/* Who saw a cookie may use it again, as he may send a SYN again; but from nowhere else, and not for long. While its
 * connection lives it makes no second one. */
static void a_replayed_cookie_is_bound_to_its_peer_and_time(void **state)
{
    struct world world;
    struct hand hand = cookie_hand(&world);
    struct world_made replay = { .flags = TCP_FLAG_ACK, .seq = hand.seq, .ack = hand.ack, .window = 9000, .mss = 0 };

    (void)state;
    assert_int_equal(world_inject(&world, replay), BARO_DROP_NONE);
    for (unsigned i = 0; i < 1000; i++)
        world_inject(&world, replay);
    assert_int_equal(world.side[1].core.counters.tcp_cookies_accepted, 1);
    assert_int_equal(hand.tcp->connections.used, 1);
    replay.port = 40001;
    assert_int_equal(world_inject(&world, replay), BARO_DROP_TCP_NO_CONNECTION);
    replay.port = 40000;
    replay.source = baro_ipv4(10, 0, 0, 77);
    assert_int_equal(world_inject(&world, replay), BARO_DROP_TCP_NO_CONNECTION);
    replay.source.family = 0;
    assert_int_equal(tcp_accept(hand.tcp, hand.listener, 3, &hand.connection), 0);
    hand_send(&hand, TCP_FLAG_RST, NULL, 0);
    tcp_close(hand.tcp, hand.connection);
    assert_int_equal(hand.tcp->connections.used, 0);
    world_pass(&world, 128 * NS_PER_S);
    /* others keep cookies in use */
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = 1, .window = 9000, .port = 9 });
    assert_int_equal(world_inject(&world, replay), BARO_DROP_TCP_NO_CONNECTION);
    assert_int_equal(world.side[1].core.counters.tcp_cookies_accepted, 1);
    world_free(&world);
}

/* Blind resets: outside the window nothing, inside it one question in half a second for each record. */
static void resets_do_not_sweep_the_records_away(void **state)
{
    struct world world;
    struct hand hand;
    unsigned answers = 0, mark = 0;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    world_listen(&world, &hand.settings, QUEUE);
    for (uint16_t port = 1; port <= 100; port++)
        world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = 5000, .window = 9000, .port = port });
    world.seen_count = 0;
    for (unsigned i = 0; i < 50000; i++) {
        uint32_t seq = world_random(&world, UINT32_MAX);

        if (seq == 5001)
            continue;
        world_inject(&world, (struct world_made){ .flags = TCP_FLAG_RST, .seq = i % 2 == 0 ? seq : 5002 + i % 9000,
                                                  .port = (uint16_t)(1 + i % 100) });
    }
    while (world_next(&world, &mark, 1) != NULL)
        answers++;
    assert_int_equal(hand.tcp->half_opens.used, 100);
    assert_in_range(answers, 1, 100);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cookies_let_the_honest_through),
        cmocka_unit_test(the_oldest_gives_its_place_without_them),
        cmocka_unit_test(forged_cookies_open_nothing),
        cmocka_unit_test(a_replayed_cookie_is_bound_to_its_peer_and_time),
        cmocka_unit_test(resets_do_not_sweep_the_records_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
