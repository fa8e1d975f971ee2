/* No timeout where RACK-TLP can repair (RFC 8985): of a flight the last 1 to all segments are lost, for many paths and
 * flights. The probe comes at the RFC's PTO, everything arrives, and the retransmission timer never fires; lost
 * retransmissions are found without it, too. What failed is printed. Pacing is off: a flight leaves at one moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test/support/tcp_world.h"

enum { MSS = 1460, SEEN_LIMIT = WORLD_SEEN - 1000 };

struct pair {
    struct world world;
    struct tcp *tcp;
    struct handle client, server;
    uint64_t sent, received;
};

static uint8_t octets[65536];

/* Time passes; side 1 reads. */
static void wait_ms(struct pair *pair, int64_t ms)
{
    ptrdiff_t length;

    world_pass(&pair->world, ms * NS_PER_MS);
    while ((length =
                tcp_recv(pair->world.side[1].tcp, pair->server, (struct baro_buffer){ octets, sizeof octets }, 0)) > 0)
        pair->received += (uint64_t)length;
    world_drain(&pair->world);
}

static void put(struct pair *pair, unsigned segments)
{
    uint32_t flight = segments * (MSS - 12); /* timestamps take 12 */

    assert_int_equal(tcp_send(pair->tcp, pair->client, (struct baro_bytes){ octets, flight }, 0), flight);
    pair->sent += flight;
    world_drain(&pair->world);
}

/* A connection whose window holds `window` segments and more. */
static void begin(struct pair *pair, int64_t delay_ms, unsigned window)
{
    struct tcp_settings settings;
    struct handle listener;

    *pair = (struct pair){ 0 };
    world_init(&pair->world, 1);
    pair->world.delay_ns = delay_ms * NS_PER_MS;
    pair->tcp = pair->world.side[0].tcp;
    tcp_choose_pacing(pair->tcp, BARO_PACING_OFF);
    tcp_settings_init(&settings);
    settings.nodelay = true;
    listener = world_listen(&pair->world, &settings, 5);
    pair->client = world_connect(&pair->world, &settings, 40000);
    world_pass(&pair->world, 4 * delay_ms * NS_PER_MS);
    assert_int_equal(tcp_accept(pair->world.side[1].tcp, listener, 3, &pair->server), 0);
    while (world_connection(&pair->world, 0, pair->client)->congestion.cwnd < (window + 1) * MSS) {
        struct tcp_connection *c = world_connection(&pair->world, 0, pair->client);

        put(pair, c->congestion.cwnd / MSS);
        wait_ms(pair, 2 * delay_ms + 300);
        assert_true(pair->world.seen_count < SEEN_LIMIT);
    }
    assert_int_equal(pair->received, pair->sent);
}

/* What is on its way to side 1, the last `lost` of it, never arrives. */
static void lose_last(struct pair *pair, unsigned lost)
{
    for (; lost != 0; lost--) {
        struct world_packet *last = NULL;

        for (unsigned i = 0; i < WORLD_PACKETS; i++) {
            struct world_packet *packet = &pair->world.packet[i];

            if (packet->used && packet->to == 1 && (last == NULL || packet->order > last->order))
                last = packet;
        }
        assert_non_null(last);
        last->used = false;
    }
}

/* When side 0 sent for the first time after `mark`. */
static int64_t first_after(const struct pair *pair, unsigned mark)
{
    for (; mark < pair->world.seen_count; mark++)
        if (pair->world.seen[mark].from == 0 && pair->world.seen[mark].length != 0)
            return pair->world.seen[mark].at_ns;
    return -1;
}

static void one_tail(int64_t delay_ms, unsigned window, unsigned lost)
{
    static struct pair pair;
    const struct tcp_connection *c;
    int64_t news_ns, first_ns, srtt_ns, pto_ns, rto_ns;
    unsigned mark;

    begin(&pair, delay_ms, window);
    c = world_connection(&pair.world, 0, pair.client);
    put(&pair, window);
    mark = pair.world.seen_count;
    news_ns = pair.world.now.ns;
    lose_last(&pair, lost);
    srtt_ns = c->rtt.srtt_ns;
    rto_ns = c->rtt.rto_ns;
    wait_ms(&pair, 100 * delay_ms + 3000);
    if (pair.received != pair.sent || c->timeouts != 0)
        fail_msg("%lld ms, the last %u of %u lost: %u timeouts, %llu of %llu octets", (long long)delay_ms, lost, window,
                 (unsigned)c->timeouts, (unsigned long long)pair.received, (unsigned long long)pair.sent);
    srtt_ns = srtt_ns > c->rtt.srtt_ns ? srtt_ns : c->rtt.srtt_ns;
    /* one segment alone: a delayed ACK gets its time */
    pto_ns = 2 * srtt_ns + srtt_ns / 4 + (lost == 1 ? 200 * NS_PER_MS : 0);
    pto_ns = pto_ns < 40 * NS_PER_MS ? 40 * NS_PER_MS : pto_ns;
    first_ns = first_after(&pair, mark);
    for (unsigned i = mark; i < pair.world.seen_count; i++) { /* the last news before it */
        int64_t heard_ns = pair.world.seen[i].at_ns + pair.world.delay_ns;

        if (pair.world.seen[i].from == 1 && heard_ns < first_ns)
            news_ns = heard_ns;
    }
    assert_in_range(first_ns - news_ns, 1, (pto_ns > rto_ns ? pto_ns : rto_ns) + NS_PER_MS);
    if (lost > 1)
        assert_in_range(first_ns - news_ns, 1, pto_ns + NS_PER_MS);
    assert_int_equal(tcp_flight(c), 0);
    world_free(&pair.world);
}

static void tails_of_every_length(void **state)
{
    static const int64_t delays_ms[] = { 2, 20, 100 };
    static const unsigned windows[] = { 2, 3, 5, 10, 25, 40 };

    (void)state;
    for (unsigned i = 0; i < sizeof delays_ms / sizeof delays_ms[0]; i++)
        for (unsigned j = 0; j < sizeof windows / sizeof windows[0]; j++)
            for (unsigned lost = 1; lost <= windows[j]; lost++)
                one_tail(delays_ms[i], windows[j], lost);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(tails_of_every_length) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
