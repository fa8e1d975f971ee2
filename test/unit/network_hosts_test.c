/* Hosts with several wires: an adapter, an interface and addresses of its own for each, all of them polled; routes by
 * the interface on whose link their gateway is. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "baro/network.h"
#include "support/frame_device.h"

enum { WIRES = 3 };

struct fixture {
    struct baro_network *network;
    struct baro_wire *wire[WIRES];
    struct baro_host *middle, *outer[WIRES];
};

/* A host in the middle, on three wires of different kinds: 10.1.0.1, 10.2.0.1 and 10.3.0.1; at the other ends .2. */
static void setup(struct fixture *f)
{
    static const char *const kind[WIRES] = { "fast", "100base-tx", "fast,delay=3ms" };
    struct baro_network_config network = { .seed = 5 };
    struct baro_host_config config = { .name = "middle", .prefix_length = 24 };
    char error[100];

    f->network = baro_network_create(&network);
    for (unsigned i = 0; i < WIRES; i++) {
        struct baro_wire_config wire;
        assert_int_equal(baro_wire_parse(kind[i], &wire, error, sizeof error), 0);
        f->wire[i] = baro_wire_create(f->network, &wire);
    }
    config.wire = f->wire[0];
    config.address = baro_ipv4(10, 1, 0, 1);
    f->middle = baro_host_create(f->network, &config, NULL);
    for (uint8_t i = 1; i < WIRES; i++) {
        const struct baro_host_address address = { baro_ipv4(10, (uint8_t)(i + 1), 0, 1), 24 };
        assert_int_equal(baro_host_add_wire(f->middle, f->wire[i], &address, 1), i + 1);
    }
    for (uint8_t i = 0; i < WIRES; i++) {
        config = (struct baro_host_config){ .wire = f->wire[i], .address = baro_ipv4(10, (uint8_t)(i + 1), 0, 2),
                                            .prefix_length = 24 };
        f->outer[i] = baro_host_create(f->network, &config, NULL);
        assert_non_null(f->outer[i]);
    }
}

static bool pings(struct fixture *f, struct baro_host *from, struct baro_address to)
{
    struct baro_stack *stack = baro_host_stack(from);
    struct baro_instant limit = baro_network_now(f->network);
    struct baro_ping_result result;

    assert_int_equal(baro_stack_ping(stack, to, 1, 1, 3000), 0);
    limit.ns += 500000000;
    baro_network_run_until(f->network, limit, NULL, NULL);
    return baro_stack_ping_result(stack, &result) && result.type == 0 && result.length == 3000;
}

static void every_wire_is_used(void **state)
{
    struct fixture f;
    (void)state;
    setup(&f);
    for (uint8_t i = 0; i < WIRES; i++) {
        assert_true(pings(&f, f.outer[i], baro_ipv4(10, (uint8_t)(i + 1), 0, 1)));
        assert_true(pings(&f, f.middle, baro_ipv4(10, (uint8_t)(i + 1), 0, 2)));
    }
    baro_network_free(f.network);
}

static void a_full_ring_on_one_wire_waits_for_room(void **state)
{
    struct fixture f;
    struct baro_host *slow;
    struct baro_host_config config = { .prefix_length = 24, .transmit_slots = 2 };
    struct baro_host_address address = { baro_ipv4(10, 8, 0, 1), 24 };
    struct baro_wire_config wire = { .kind = BARO_MEDIUM_10BASE_T };
    (void)state;
    setup(&f);
    config.wire = baro_wire_create(f.network, &wire);
    config.address = baro_ipv4(10, 9, 0, 1);
    slow = baro_host_create(f.network, &config, NULL);
    config = (struct baro_host_config){ .wire = config.wire, .address = baro_ipv4(10, 9, 0, 2), .prefix_length = 24 };
    assert_non_null(baro_host_create(f.network, &config, NULL));
    config.wire = baro_wire_create(f.network, &wire);
    assert_int_equal(baro_host_add_wire(slow, config.wire, &address, 1), 2);
    config.address = baro_ipv4(10, 8, 0, 2);
    assert_non_null(baro_host_create(f.network, &config, NULL));
    struct baro_instant limit = { 500000000 };
    for (uint16_t i = 0; i < 12; i++) { /* more than the rings hold, on the second wire */
        assert_int_equal(baro_stack_ping(baro_host_stack(slow), baro_ipv4(10, 8, 0, 2), 1, i, 1000), 0);
        if (i == 0) /* the neighbour is known then */
            baro_network_run_until(f.network, limit, NULL, NULL);
    }
    limit.ns *= 2;
    struct baro_ping_result result;
    unsigned answers = 0;
    baro_network_run_until(f.network, limit, NULL, NULL);
    while (baro_stack_ping_result(baro_host_stack(slow), &result))
        answers++;
    assert_int_equal(answers, 12);
    baro_network_free(f.network);
}

static void a_route_finds_its_interface(void **state)
{
    struct fixture f;
    (void)state;
    setup(&f);
    assert_int_equal(baro_host_add_route(f.middle, baro_ipv4(192, 0, 2, 0), 24, baro_ipv4(10, 3, 0, 2)), 0);
    assert_int_equal(baro_host_add_route(f.middle, baro_ipv4(192, 0, 2, 0), 24, baro_ipv4(10, 3, 0, 2)), -EEXIST);
    assert_int_equal(baro_host_add_route(f.middle, baro_ipv4(198, 51, 100, 0), 24, baro_ipv4(10, 4, 0, 2)),
                     -ENETUNREACH);
    assert_int_equal(baro_host_add_route(f.middle, baro_ipv4(198, 51, 100, 1), 24, baro_ipv4(10, 3, 0, 2)), -EINVAL);
    /* 192.0.2.9 at the third wire's other end: the way goes there and back */
    assert_int_equal(baro_stack_add_address(baro_host_stack(f.outer[2]), 1, baro_ipv4(192, 0, 2, 9), 24, false), 0);
    assert_true(pings(&f, f.middle, baro_ipv4(192, 0, 2, 9)));
    baro_network_free(f.network);
}

static void several_addresses_on_one_wire(void **state)
{
    struct fixture f;
    const struct baro_host_address more[] = { { baro_ipv4(10, 1, 0, 8), 24 }, { baro_ipv4(10, 1, 0, 9), 24 } };
    struct baro_host_config config = { .address = baro_ipv4(10, 1, 0, 7), .prefix_length = 24, .addresses = more,
                                       .address_count = 2 };
    struct baro_host *pair[2];
    (void)state;
    setup(&f);
    config.wire = baro_wire_create(f.network, &(struct baro_wire_config){ 0 });
    pair[0] = baro_host_create(f.network, &config, NULL);
    pair[1] = baro_host_create(f.network, &(struct baro_host_config){ .wire = config.wire, .prefix_length = 24,
                                                                      .address = baro_ipv4(10, 1, 0, 1) }, NULL);
    assert_non_null(pair[0]);
    for (uint8_t last = 7; last <= 9; last++)
        assert_true(pings(&f, pair[1], baro_ipv4(10, 1, 0, last)));
    baro_network_free(f.network);
}

static void what_cannot_be_plugged_in(void **state)
{
    struct fixture f;
    struct baro_host_address wrong[] = { { baro_ipv4(10, 7, 0, 1), 24 }, { baro_ipv4(10, 1, 0, 1), 24 } };
    struct baro_wire *wire;
    (void)state;
    setup(&f);
    assert_int_equal(baro_host_add_wire(f.middle, f.wire[0], NULL, 0), -EBUSY);
    wire = baro_wire_create(f.network, &(struct baro_wire_config){ 0 });
    assert_int_equal(baro_host_add_wire(f.middle, wire, wrong, 2), -EEXIST); /* its own already */
    assert_int_equal(baro_host_add_wire(f.outer[0], wire, NULL, 0), 2);      /* both ends were free again */
    assert_int_equal(baro_host_add_wire(f.outer[1], wire, NULL, 0), 2);
    assert_int_equal(baro_host_add_wire(f.outer[2], wire, NULL, 0), -EBUSY);
    for (int i = 5; i <= 16; i++) {
        wire = baro_wire_create(f.network, &(struct baro_wire_config){ 0 });
        assert_int_equal(baro_host_add_wire(f.middle, wire, NULL, 0), i);
    }
    wire = baro_wire_create(f.network, &(struct baro_wire_config){ 0 });
    assert_int_equal(baro_host_add_wire(f.middle, wire, NULL, 0), -ENOSPC);
    assert_true(pings(&f, f.middle, baro_ipv4(10, 1, 0, 2)));
    baro_network_free(f.network);
}

static unsigned link_locals(struct baro_host *host, int interface, bool tentative)
{
    struct baro_address_status status[8];
    int count = baro_stack_addresses(baro_host_stack(host), interface, status, 8);
    unsigned found = 0;

    for (int i = 0; i < count; i++)
        found += status[i].address.octet[0] == 0xfe && status[i].tentative == tentative;
    return found;
}

static void ipv6_by_itself(void **state)
{
    struct fixture f;
    struct baro_host_address eight[8];
    struct baro_host_config config = { .addresses = eight, .address_count = 8 };
    struct baro_instant later;
    (void)state;
    setup(&f);
    for (uint8_t i = 0; i < 8; i++)
        eight[i] = (struct baro_host_address){ baro_ipv6(0xfd00, 1, 0, 0, 0, 0, 0, i), 64 };
    config.wire = baro_wire_create(f.network, &(struct baro_wire_config){ 0 });
    struct baro_host *full = baro_host_create(f.network, &config, NULL);
    config.address_count = 7;
    struct baro_host *seven = baro_host_create(f.network, &config, NULL);
    config =
        (struct baro_host_config){ .wire = baro_wire_create(f.network, &(struct baro_wire_config){ .mtu = 1279 }) };
    struct baro_host *narrow = baro_host_create(f.network, &config, NULL);
    config = (struct baro_host_config){ .wire = baro_wire_create(f.network, &(struct baro_wire_config){ 0 }),
                                        .ipv6 = BARO_HOST_IPV6_BY_HAND };
    struct baro_host *by_hand = baro_host_create(f.network, &config, NULL);
    for (int i = 1; i <= WIRES; i++) /* on each wire, asked for first */
        assert_int_equal(link_locals(f.middle, i, true), 1);
    later = baro_network_now(f.network);
    later.ns += 2500000000;
    assert_false(baro_network_run_until(f.network, later, NULL, NULL));
    for (int i = 1; i <= WIRES; i++)
        assert_int_equal(link_locals(f.middle, i, false), 1);
    assert_int_equal(link_locals(full, 1, false), 0);
    assert_int_equal(link_locals(seven, 1, false), 1);
    assert_int_equal(link_locals(narrow, 1, false) + link_locals(narrow, 1, true), 0);
    assert_int_equal(link_locals(by_hand, 1, false) + link_locals(by_hand, 1, true), 0);
    baro_network_free(f.network);
}

/* Two hosts, each on a device of somebody else's, that the test carries frames between. */
static void a_host_is_on_a_device_in_place_of_a_wire(void **state)
{
    struct baro_network *network = baro_network_create(&(struct baro_network_config){ .seed = 5 });
    struct frame_device *device = calloc(2, sizeof *device);
    struct baro_host_config config = { .prefix_length = 24, .ipv6 = BARO_HOST_IPV6_BY_HAND };
    struct baro_ping_result result;
    struct baro_host *host[2];
    struct baro_mac mac;
    int error;
    (void)state;

    for (uint8_t i = 0; i < 2; i++) {
        frame_device_init(&device[i], (uint8_t)(7 + i), 1500);
        config.address = baro_ipv4(10, 1, 0, (uint8_t)(1 + i));
        config.device = &device[i].device;
        host[i] = baro_host_create(network, &config, &error);
        assert_non_null(host[i]);
        assert_null(baro_host_adapter(host[i]));
        mac = baro_host_mac(host[i]);
        assert_memory_equal(&mac, &device[i].device.mac, sizeof mac);
    }
    assert_int_equal(baro_stack_ping(baro_host_stack(host[0]), baro_ipv4(10, 1, 0, 2), 1, 1, 3000), 0);
    for (unsigned round = 0; round < 8; round++) {
        baro_network_follow(network, (struct baro_instant){ round * 1000000 });
        frame_device_carry(&device[0], &device[1]);
        frame_device_carry(&device[1], &device[0]);
    }
    assert_true(baro_stack_ping_result(baro_host_stack(host[0]), &result) && result.type == 0);
    config.wire = baro_wire_create(network, &(struct baro_wire_config){ 0 });
    assert_null(baro_host_create(network, &config, &error)); /* one or the other */
    assert_int_equal(error, -EINVAL);
    config.wire = NULL;
    config.device = NULL;
    assert_null(baro_host_create(network, &config, &error));
    assert_int_equal(error, -EINVAL);
    baro_network_free(network);
    frame_device_release(&device[0]);
    frame_device_release(&device[1]);
    free(device);
}

/* More than one burst waits in a device: all of it is taken before the network rests. */
static void a_device_is_asked_until_it_has_nothing(void **state)
{
    struct baro_network *network = baro_network_create(&(struct baro_network_config){ .seed = 5 });
    struct frame_device *device = calloc(1, sizeof *device);
    const struct baro_host_config config = { .address = baro_ipv4(10, 1, 0, 1), .prefix_length = 24,
                                             .device = &device->device };
    uint8_t frame[60] = { 2, 0, 0, 0, 0, 9 };
    (void)state;

    frame_device_init(device, 7, 1500);
    assert_non_null(baro_host_create(network, &config, NULL));
    for (unsigned i = 0; i < 3 * BARO_BURST_LIMIT; i++)
        assert_true(frame_device_put(device, frame, sizeof frame));
    baro_network_step(network);
    assert_int_equal(device->in_count, 0);
    baro_network_free(network);
    frame_device_release(device);
    free(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_is_on_a_device_in_place_of_a_wire),
        cmocka_unit_test(a_device_is_asked_until_it_has_nothing),
        cmocka_unit_test(every_wire_is_used),
        cmocka_unit_test(a_full_ring_on_one_wire_waits_for_room),
        cmocka_unit_test(a_route_finds_its_interface),
        cmocka_unit_test(several_addresses_on_one_wire),
        cmocka_unit_test(what_cannot_be_plugged_in),
        cmocka_unit_test(ipv6_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
