/* A connection at rest as octets: every octet of the structs has its place in the table, and whatever a field holds
 * comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "test/support/tcp_world.h"
#include "transport/tcp/rest_codec.h"
#include "transport/tcp/rest_fields.h"

enum { ROUNDS = 4000 };

static struct world world;
static struct rest_expected expected;

struct place {
    const char *name;
    size_t offset, size;
    bool is_bool;
};

#define IS_BOOL(thing) _Generic((thing), bool: true, default: false)
#define PLACE_OF(struct_name, field)                                                                                  \
    { #field, offsetof(struct struct_name, field), sizeof((struct struct_name *)0)->field,                            \
      IS_BOOL(((struct struct_name *)0)->field) },
#define PLACE(field, kind, value) PLACE_OF(tcp_connection, field)
#define NOT_PLACE(field) PLACE_OF(tcp_connection, field)
#define FLOW_PLACE(field, kind, value) PLACE_OF(tcp_flow, field)
#define FLOW_NOT_PLACE(field) PLACE_OF(tcp_flow, field)

static const struct place kept[] = { REST_FIELDS(PLACE) }, left_out[] = { REST_NOT(NOT_PLACE) },
                          flow_kept[] = { REST_FLOW_FIELDS(FLOW_PLACE) },
                          flow_left_out[] = { REST_FLOW_NOT(FLOW_NOT_PLACE) };

enum {
    KEPT = sizeof kept / sizeof kept[0],
    LEFT_OUT = sizeof left_out / sizeof left_out[0],
    FLOW_KEPT = sizeof flow_kept / sizeof flow_kept[0],
    FLOW_LEFT_OUT = sizeof flow_left_out / sizeof flow_left_out[0]
};

static void cover(uint8_t *map, const struct place *place, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t octet = 0; octet < place[i].size; octet++)
            map[place[i].offset + octet]++;
}

/* Padding has no name: what stands in none of the tables is counted, and a field that comes new must be named there. */
static unsigned uncovered(const uint8_t *map, size_t size)
{
    unsigned count = 0;

    for (size_t i = 0; i < size; i++) {
        if (map[i] == 0)
            print_message("octet %zu is in no table\n", i);
        count += map[i] == 0;
    }
    return count;
}

static void every_octet_has_its_place(void **state)
{
    uint8_t map[sizeof(struct tcp_connection)] = { 0 }, flow_map[sizeof(struct tcp_flow)] = { 0 };

    (void)state;
    cover(map, kept, KEPT);
    cover(map, left_out, LEFT_OUT);
    cover(flow_map, flow_kept, FLOW_KEPT);
    cover(flow_map, flow_left_out, FLOW_LEFT_OUT);
    assert_int_equal(uncovered(map, sizeof map), 0);
    assert_int_equal(uncovered(flow_map, sizeof flow_map), 0);
    for (size_t i = 0; i < sizeof map; i++) /* one deadline of all is kept */
        assert_true(map[i] == 1 ||
                    i - offsetof(struct tcp_connection, deadline_ns) < sizeof(int64_t) * TCP_TIMER_COUNT);
    for (size_t i = 0; i < sizeof flow_map; i++)
        assert_int_equal(flow_map[i], 1);
}

static uint64_t random_64(void)
{
    return (uint64_t)world_random(&world, UINT32_MAX) << 32 | world_random(&world, UINT32_MAX);
}

/* Anything, something small, something below zero, nothing. */
static void fill(void *object, const struct place *place, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = random_64();

        switch (world_random(&world, 4)) {
        case 0:
            value = world_random(&world, 300);
            break;
        case 1:
            value = (uint64_t)0 - world_random(&world, 300);
            break;
        case 2:
            value = 0;
            break;
        default:
            break;
        }
        if (place[i].is_bool)
            value &= 1;
        /* the low octets: a test for such machines */
        memcpy((uint8_t *)object + place[i].offset, &value, place[i].size);
    }
}

static void same(const void *a, const void *b, const struct place *place, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp((const uint8_t *)a + place[i].offset, (const uint8_t *)b + place[i].offset, place[i].size) != 0)
            fail_msg("%s did not come back", place[i].name);
    }
}

static struct baro_endpoint random_end(bool ipv6)
{
    struct baro_endpoint end = { .port = { (uint16_t)random_64() } };

    end.address.family = ipv6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
    end.address.zone = ipv6 && world_random(&world, 4) == 0 ? 3 : 0;
    for (int i = 0; i < (ipv6 ? 16 : 4); i++)
        end.address.octet[i] = (uint8_t)random_64();
    return end;
}

static void whatever_it_holds_comes_back(void **state)
{
    static const enum baro_tcp_state states[] = { BARO_TCP_ESTABLISHED, BARO_TCP_CLOSE_WAIT, BARO_TCP_FIN_WAIT_2 };
    uint32_t longest = 0;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct tcp_connection c = { 0 }, back = { 0 };
        struct tcp_flow flow = { 0 }, flow_back = { 0 };
        struct baro_endpoint local, remote;
        uint8_t record[REST_OCTETS_MOST];
        bool ipv6 = round % 2 != 0, has_flow = round % 3 == 0;
        uint32_t length;

        c.local = random_end(ipv6);
        c.remote = random_end(ipv6);
        fill(&c, kept, KEPT);
        fill(&flow, flow_kept, FLOW_KEPT);
        c.state = (uint8_t)states[round % 3];
        c.path_mtu = (uint16_t)(1280 + world_random(&world, 60000)); /* of which others are reckoned */
        c.mss = (uint16_t)(TCP_MSS_FLOOR + world_random(&world, 60000));
        c.rcv_scale %= 15;
        c.rtt.srtt_ns %= INT64_C(1) << 55; /* no sum of moments that can be comes near to 64 bits */
        c.rtt.rttvar_ns %= INT64_C(1) << 55;
        c.received_at_ns %= INT64_C(1) << 60;
        c.settings.send_buffer %= 1u << 30;
        c.settings.recv_buffer %= 1u << 30;
        c.flow = has_flow ? &flow : NULL;
        length = rest_encode(&expected, &c, record);
        assert_true(length <= REST_OCTETS_MOST - 64 && record[0] != 0);
        longest = length > longest ? length : longest;
        assert_int_equal(rest_decode(&expected, record, &back, &flow_back), has_flow);
        same(&c, &back, kept, KEPT);
        assert_memory_equal(&c.local, &back.local, sizeof c.local);
        assert_memory_equal(&c.remote, &back.remote, sizeof c.remote);
        if (has_flow)
            same(&flow, &flow_back, flow_kept, FLOW_KEPT);
        rest_ends(record, &local, &remote);
        assert_true(endpoint_equal(local, c.local) && endpoint_equal(remote, c.remote));
        assert_true(rest_is_of(record, &c.local, &c.remote));
        remote.port.number ^= 1;
        assert_false(rest_is_of(record, &c.local, &remote));
    }
    assert_true(longest > 300);
}

static int begin(void **state)
{
    (void)state;
    world_init(&world, 1);
    rest_expected_init(&expected, world.side[1].tcp);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_free(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_octet_has_its_place),
        cmocka_unit_test(whatever_it_holds_comes_back),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
