/* What RFC 4862 and RFC 8504 ask of a host as a whole, seen at one stack between routers written by hand: every
 * interface listens to its own, addresses come from several sides and have several ages, and what is sent of them is as
 * it must. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "baro/packet.h"
#include "baro/socket.h"
#include "codec/icmpv6.h"
#include "codec/ip_protocol.h"
#include "codec/nd.h"
#include "stack.h"
#include "support/frame_device.h"

enum { WIRES = 2, STATUSES = 24 };

static struct test_memory memory;
static struct frame_device device[WIRES];
static struct baro_stack *stack;
static struct baro_instant now;
static struct baro_address_status status[STATUSES];

static void begin_with(uint8_t seed, const struct baro_ipv6_config *ipv6)
{
    struct baro_stack_config config = { .memory = test_memory(&memory), .seed = { seed } };

    memset(&memory, 0, sizeof memory);
    now.ns = 0;
    stack = baro_stack_create(&config);
    for (int i = 0; i < WIRES; i++) {
        frame_device_init(&device[i], (uint8_t)(1 + i), 1500);
        assert_int_equal(baro_stack_add_interface(stack, &device[i].device), i + 1);
        assert_int_equal(baro_stack_enable_ipv6(stack, i + 1, ipv6), 0);
    }
}

static int start(void **state)
{
    const struct baro_ipv6_config ipv6 = { .secret = { 7 }, .accept_advertisements = true };

    (void)state;
    begin_with(1, &ipv6);
    return 0;
}

static int end(void **state)
{
    (void)state;
    baro_stack_check_invariants(stack);
    baro_stack_free(stack);
    for (int i = 0; i < WIRES; i++)
        frame_device_release(&device[i]);
    assert_int_equal(memory.slabs, 0);
    return 0;
}

static void pass(int64_t ms)
{
    for (int64_t i = 0; i < ms; i += 10) {
        now.ns += 10000000;
        baro_stack_poll(stack, now);
    }
}

/* Hands interface `wire` + 1 an IPv6 packet. */
static void feed(int wire, struct baro_packet packet)
{
    uint8_t frame[768];
    ptrdiff_t octets;

    packet.source_mac = (struct baro_mac){ { 2, 0, 0, 0, 0, 9 } };
    packet.destination_mac = packet.destination.octet[0] == 0xff ? (struct baro_mac){ { 0x33, 0x33, 0, 0, 0, 1 } }
                                                                 : device[wire].device.mac;
    packet.ethernet_type = 0x86dd;
    packet.vlan = -1;
    octets = baro_packet_build_frame(&packet, (struct baro_buffer){ frame, sizeof frame });
    assert_true(octets > 0);
    assert_true(frame_device_put(&device[wire], frame, (uint32_t)octets));
    baro_stack_poll(stack, now);
}

static void feed_nd(int wire, uint16_t router, const struct nd_message *message)
{
    uint8_t body[512];
    size_t length = nd_write(message, body, sizeof body);

    assert_true(length > 8);
    feed(wire, (struct baro_packet){ .source = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, router),
                                     .destination = baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1),
                                     .protocol = IP_PROTOCOL_ICMPV6, .ttl = 255, .layer = BARO_PACKET_ICMP,
                                     .icmp_type = body[0], .icmp_code = body[1], .icmp_rest = read_be32(body + 4),
                                     .payload = { body + 8, length - 8 } });
}

static struct nd_message advertisement(uint16_t prefix, uint32_t valid_s, uint32_t preferred_s)
{
    return (struct nd_message){ .type = ICMPV6_ROUTER_ADVERTISEMENT, .lifetime_s = 1800, .prefixes = 1,
                                .prefix = { { .prefix = baro_ipv6(0x2001, 0xdb8, prefix, 0, 0, 0, 0, 0), .length = 64,
                                              .on_link = true, .autonomous = true, .valid_s = valid_s,
                                              .preferred_s = preferred_s } } };
}

/* The interface's first address in 2001:db8:`prefix`::/64 that is (not) temporary, or NULL. */
static const struct baro_address_status *in_prefix(int interface, uint16_t prefix, bool temporary)
{
    int count = baro_stack_addresses(stack, interface, status, STATUSES);

    for (int i = 0; i < count; i++) {
        if (ip_in_prefix(status[i].address, baro_ipv6(0x2001, 0xdb8, prefix, 0, 0, 0, 0, 0), 64) &&
            status[i].temporary == temporary)
            return &status[i];
    }
    return NULL;
}

static struct ip_hop way_to(struct baro_address destination)
{
    struct ip_hop hop;

    if (!ip_find_route(&stack->table, destination, (struct baro_address){ .family = BARO_FAMILY_NONE }, 0, &hop))
        hop.next_hop.family = BARO_FAMILY_NONE;
    return hop;
}

static void advertisements_count_on_every_interface(void **state)
{
    const struct nd_message first = advertisement(1, 3600, 1800), second = advertisement(2, 3600, 1800);

    (void)state;
    pass(2000);
    feed_nd(0, 9, &first);
    feed_nd(1, 9, &second);
    pass(3000);
    assert_non_null(in_prefix(1, 1, false));
    assert_non_null(in_prefix(2, 2, false));
    assert_null(in_prefix(1, 2, false));
    assert_null(in_prefix(2, 1, false));
}

static void what_came_for_a_deprecated_address_goes_up(void **state)
{
    const struct nd_message told = advertisement(1, 3600, 10);
    const struct baro_endpoint any = { { .family = BARO_FAMILY_IPV6 }, { 5000 } };
    int fd = baro_socket(stack, BARO_FAMILY_IPV6, BARO_DATAGRAM);
    struct baro_address own;
    uint8_t data[8];

    (void)state;
    assert_int_equal(baro_bind(stack, fd, &any), 0);
    pass(2000);
    feed_nd(0, 9, &told);
    pass(12000);
    assert_non_null(in_prefix(1, 1, false));
    assert_true(in_prefix(1, 1, false)->deprecated);
    own = in_prefix(1, 1, false)->address;
    feed(0, (struct baro_packet){ .source = baro_ipv6(0x2001, 0xdb8, 9, 0, 0, 0, 0, 1), .destination = own,
                                  .protocol = IP_PROTOCOL_UDP, .ttl = 64, .layer = BARO_PACKET_UDP,
                                  .source_port = { 7 }, .destination_port = { 5000 },
                                  .payload = { (const uint8_t *)"old", 3 } });
    assert_int_equal(baro_recv(stack, fd, data, sizeof data, 0), 3);
}

/* Autoconfigured ones, and those that somebody (a DHCPv6 client) adds, up to sixteen. */
static void addresses_of_several_origins(void **state)
{
    const struct nd_message told = advertisement(1, 3600, 1800);

    (void)state;
    pass(2000);
    feed_nd(0, 9, &told);
    assert_int_equal(baro_stack_add_address(stack, 1, baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 5), 128, true), 0);
    pass(3000);
    assert_non_null(in_prefix(1, 1, false));
    assert_int_equal(baro_stack_address_state(stack, 1, baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 5)),
                     BARO_ADDRESS_USABLE);
    for (uint16_t i = 3; i < 16; i++)
        assert_int_equal(baro_stack_add_address(stack, 1, baro_ipv6(0xfd00, i, 0, 0, 0, 0, 0, 1), 64, false), 0);
    assert_int_equal(baro_stack_addresses(stack, 1, status, STATUSES), 16);
    assert_int_equal(baro_stack_add_address(stack, 1, baro_ipv6(0xfd00, 99, 0, 0, 0, 0, 0, 1), 64, false), -ENOSPC);
}

static struct baro_address link_local_with(uint8_t seed, uint8_t secret)
{
    const struct baro_ipv6_config ipv6 = { .secret = { secret } };
    struct baro_address made;

    begin_with(seed, &ipv6);
    assert_true(baro_stack_addresses(stack, 1, status, STATUSES) > 0);
    made = status[0].address;
    end(NULL);
    return made;
}

/* RFC 7217: of the secret and the link, not of the moment and not of the MAC address. */
static void identifiers_are_stable_and_opaque(void **state)
{
    struct baro_address first = link_local_with(1, 7), again = link_local_with(2, 7), other = link_local_with(1, 8);
    const uint8_t eui64[8] = { 0, 0, 0, 0xff, 0xfe, 0, 0, 1 };

    assert_true(address_equal(first, again));
    assert_false(address_equal(first, other));
    assert_memory_not_equal(first.octet + 8, eui64, 8);
    assert_true(first.octet[11] != 0xff || first.octet[12] != 0xfe);
    start(state);
}

static void temporary_addresses_are_made_and_used(void **state)
{
    const struct baro_ipv6_config ipv6 = { .secret = { 7 },
                                           .accept_advertisements = true,
                                           .temporary_addresses = true };
    const struct nd_message told = advertisement(1, 604800, 86400);

    end(state);
    begin_with(1, &ipv6);
    pass(2000);
    feed_nd(0, 9, &told);
    pass(3000);
    assert_non_null(in_prefix(1, 1, false));
    assert_non_null(in_prefix(1, 1, true));
    assert_true(
        address_equal(way_to(baro_ipv6(0x2001, 0xdb8, 9, 0, 0, 0, 0, 1)).source, in_prefix(1, 1, true)->address));
}

/* RFC 4191: of two default routers the one that says it is better. */
static void the_better_router_is_used(void **state)
{
    struct nd_message plain = advertisement(1, 3600, 1800), better = plain;

    (void)state;
    pass(2000);
    better.preference = ND_PREFERENCE_HIGH;
    feed_nd(0, 9, &plain);
    feed_nd(0, 10, &better);
    feed_nd(0, 11, &plain);
    pass(3000);
    assert_int_equal(way_to(baro_ipv6(0x2001, 0xdb8, 9, 0, 0, 0, 0, 1)).next_hop.octet[15], 10);
}

/* RFC 5942: an address in a prefix does not put the prefix on the link. */
static void on_the_link_is_what_a_router_says(void **state)
{
    struct nd_message told = advertisement(1, 3600, 1800);
    const struct baro_address neighbour = baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 77);

    (void)state;
    pass(2000);
    told.prefix[0].on_link = false;
    feed_nd(0, 9, &told);
    pass(3000);
    assert_non_null(in_prefix(1, 1, false));
    assert_int_equal(way_to(neighbour).next_hop.octet[15], 9);
    told.prefix[0].on_link = true;
    feed_nd(0, 9, &told);
    assert_true(address_equal(way_to(neighbour).next_hop, neighbour));
}

/* How many probes of its link-local address leave before it may be used; *ms: after how long that is. */
static unsigned probes_with(int probes, int64_t *ms)
{
    const struct baro_ipv6_config ipv6 = { .secret = { 7 }, .probes = (int8_t)probes };
    const struct device_frame *frame;
    unsigned sent = 0;

    begin_with(1, &ipv6);
    for (*ms = 0;; *ms += 10) {
        assert_true(baro_stack_addresses(stack, 1, status, STATUSES) > 0);
        while ((frame = frame_device_take(&device[0])) != NULL) {
            const uint8_t *packet = frame->data + 14;

            sent += packet[6] == IP_PROTOCOL_ICMPV6 && packet[40] == ICMPV6_NEIGHBOUR_SOLICITATION &&
                    memcmp(packet + 48, status[0].address.octet, 16) == 0;
        }
        if (!status[0].tentative)
            break;
        pass(10);
    }
    end(NULL);
    return sent;
}

/* RFC 4862 §5.1: DupAddrDetectTransmits, 1 if nothing is said. */
static void as_many_probes_as_are_wished(void **state)
{
    int64_t ms;

    assert_int_equal(probes_with(0, &ms), 1);
    assert_in_range(ms, 1000, 2020);
    assert_int_equal(probes_with(3, &ms), 3);
    assert_in_range(ms, 3000, 4020);
    assert_int_equal(probes_with(-1, &ms), 0);
    assert_int_equal(ms, 0);
    start(state);
}

/* RFC 4862 §5.4.2: where the answer to a probe goes is listened to before it leaves. */
static void groups_are_joined_before_the_probe(void **state)
{
    struct baro_address own;
    bool all = false, solicited = false;

    (void)state;
    assert_true(baro_stack_addresses(stack, 1, status, STATUSES) > 0);
    assert_true(status[0].tentative);
    assert_int_equal(device[0].sent, 0);
    own = status[0].address;
    for (unsigned i = 0; i < device[0].groups; i++) {
        const uint8_t *group = device[0].group[i].octet;

        all |= memcmp(group, (const uint8_t[]){ 0x33, 0x33, 0, 0, 0, 1 }, 6) == 0;
        solicited |= group[2] == 0xff && memcmp(group + 3, own.octet + 13, 3) == 0;
    }
    assert_true(all && solicited);
    assert_true(ip_is_member(&stack->table, 1, address_in_zone(baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1), 1)));
    assert_true(ip_is_member(&stack->table, 1, address_solicited_node(own, 1)));
}

/* When the first frame of the first interface leaves, in ms. */
static int64_t first_word(uint8_t seed)
{
    const struct baro_ipv6_config ipv6 = { .secret = { 7 } };
    int64_t ms = 0;

    begin_with(seed, &ipv6);
    for (; frame_device_take(&device[0]) == NULL && ms < 3000; ms += 10)
        pass(10);
    end(NULL);
    return ms;
}

/* RFC 4862 §5.4.2: hosts that start together do not speak together. */
static void the_first_message_waits_for_a_random_time(void **state)
{
    int64_t before = first_word(1), different = 0;

    for (uint8_t seed = 2; seed < 8; seed++) {
        int64_t ms = first_word(seed);

        assert_in_range(ms, 0, 1010);
        different += ms != before;
    }
    assert_true(different >= 5);
    start(state);
}

/* The next packet to `destination` that left by the first interface. */
static bool left(struct baro_address destination, struct baro_packet *packet)
{
    const struct device_frame *frame;

    while ((frame = frame_device_take(&device[0])) != NULL) {
        if (baro_packet_parse_frame(packet, (struct baro_bytes){ frame->data, frame->length }) == 0 &&
            address_equal(packet->destination, destination))
            return true;
    }
    return false;
}

/* A socket on an interface with an address by hand, to a neighbour that is known. */
static int speaker(struct baro_endpoint *peer)
{
    *peer = (struct baro_endpoint){ baro_ipv6(0xfd00, 5, 0, 0, 0, 0, 0, 9), { 7 } };
    pass(2000);
    assert_int_equal(baro_stack_add_address(stack, 1, baro_ipv6(0xfd00, 5, 0, 0, 0, 0, 0, 1), 64, false), 0);
    assert_int_equal(baro_stack_set_neighbour(stack, 1, peer->address, (struct baro_mac){ { 2, 0, 0, 0, 0, 9 } }), 0);
    return baro_socket(stack, BARO_FAMILY_IPV6, BARO_DATAGRAM);
}

/* RFC 8021, RFC 8200 §5: a router that carries less than 1,280 octets gets no fragment header for what is whole. */
static void no_atomic_fragments(void **state)
{
    struct baro_endpoint peer, local;
    struct baro_packet packet;
    uint8_t data[1300] = { 0 }, quote[100];
    int fd = speaker(&peer);

    (void)state;
    assert_int_equal(baro_sendto(stack, fd, data, 500, 0, &peer), 500);
    pass(10);
    assert_true(left(peer.address, &packet) && !packet.fragment);
    local = (struct baro_endpoint){ packet.source, packet.source_port };
    memset(quote, 0, sizeof quote);
    quote[0] = 0x60;
    write_be16(quote + 4, 508);
    quote[6] = IP_PROTOCOL_UDP;
    quote[7] = 64;
    write_ipv6(quote + 8, local.address);
    write_ipv6(quote + 24, peer.address);
    write_be16(quote + 40, local.port.number);
    write_be16(quote + 42, 7);
    write_be16(quote + 44, 508);
    feed(0, (struct baro_packet){ .source = peer.address, .destination = local.address, .protocol = IP_PROTOCOL_ICMPV6,
                                  .ttl = 64, .layer = BARO_PACKET_ICMP, .icmp_type = ICMPV6_PACKET_TOO_BIG,
                                  .icmp_rest = 600, .payload = { quote, sizeof quote } });
    assert_int_equal(baro_sendto(stack, fd, data, 1100, 0, &peer), 1100);
    pass(10);
    assert_true(left(peer.address, &packet) && !packet.fragment);
    assert_int_equal(packet.payload.length, 1100);
}

/* RFC 7739: a peer that got one number knows nothing of the next, its own or another's. */
static void numbers_of_fragments_are_not_counted(void **state)
{
    struct baro_endpoint peer;
    struct baro_packet packet;
    uint8_t data[2000] = { 0 };
    uint32_t before = 0;
    int fd = speaker(&peer);

    (void)state;
    for (int i = 0; i < 8; i++) {
        assert_int_equal(baro_sendto(stack, fd, data, sizeof data, 0, &peer), (int)sizeof data);
        pass(10);
        assert_true(left(peer.address, &packet) && packet.fragment);
        assert_true(packet.id - before > 65536 && before - packet.id > 65536);
        before = packet.id;
        assert_true(left(peer.address, &packet));
        assert_int_equal(packet.id, before);
    }
}

/* RFC 8200 §5: a link that carries less has no IPv6. */
static void no_link_below_the_minimum(void **state)
{
    const struct baro_ipv6_config ipv6 = { .secret = { 7 } };
    struct frame_device small;

    (void)state;
    frame_device_init(&small, 3, 1279);
    assert_int_equal(baro_stack_add_interface(stack, &small.device), 3);
    assert_int_equal(baro_stack_enable_ipv6(stack, 3, &ipv6), -EINVAL);
    assert_int_equal(baro_stack_add_address(stack, 3, baro_ipv6(0xfd00, 5, 0, 0, 0, 0, 0, 1), 64, false), -EINVAL);
    assert_int_equal(baro_stack_add_address(stack, 3, baro_ipv4(10, 0, 3, 1), 24, false), 0);
    baro_stack_poll(stack, now);
    while (frame_device_take(&small) != NULL)
        continue;
    end(NULL);
    frame_device_release(&small);
    start(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(advertisements_count_on_every_interface, start, end),
        cmocka_unit_test_setup_teardown(what_came_for_a_deprecated_address_goes_up, start, end),
        cmocka_unit_test_setup_teardown(addresses_of_several_origins, start, end),
        cmocka_unit_test_teardown(identifiers_are_stable_and_opaque, end),
        cmocka_unit_test_setup_teardown(temporary_addresses_are_made_and_used, start, end),
        cmocka_unit_test_setup_teardown(the_better_router_is_used, start, end),
        cmocka_unit_test_setup_teardown(on_the_link_is_what_a_router_says, start, end),
        cmocka_unit_test_teardown(as_many_probes_as_are_wished, end),
        cmocka_unit_test_setup_teardown(groups_are_joined_before_the_probe, start, end),
        cmocka_unit_test_teardown(the_first_message_waits_for_a_random_time, end),
        cmocka_unit_test_setup_teardown(no_atomic_fragments, start, end),
        cmocka_unit_test_setup_teardown(numbers_of_fragments_are_not_counted, start, end),
        cmocka_unit_test_setup_teardown(no_link_below_the_minimum, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
