/* The multicast DNS responder in virtual time, on a stack whose device is this test: probes, announcements, answers to
 * all and to one, what is known already, conflicts of both kinds, goodbye. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "baro/mdns.h"
#include "baro/packet.h"
#include "baro/stack.h"

#define MS INT64_C(1000000)

enum { FRAMES = 32 };

/* The wire: what the stack sent as mDNS, and one frame for it. */
static struct {
    struct baro_stack *stack;
    struct baro_mdns *mdns;
    struct baro_instant now;
    uint8_t in[2000];
    size_t in_length;
    struct {
        uint8_t octets[1600];
        size_t length;
        struct baro_endpoint to;
        struct baro_instant at;
        uint8_t ttl;
    } out[FRAMES];
    unsigned outs;
} wire;

static const struct baro_mac other_mac = { { 2, 0, 0, 0, 0, 2 } };
static const struct baro_endpoint group = { { BARO_FAMILY_IPV4, 0, { 224, 0, 0, 251 } }, { 5353 } };
static const struct baro_endpoint group_v6 = { { BARO_FAMILY_IPV6, 0, { 0xff, 2, [15] = 0xfb } }, { 5353 } };
static const struct baro_endpoint peer = { { BARO_FAMILY_IPV4, 0, { 10, 9, 0, 1 } }, { 5353 } };
static const struct baro_endpoint peer_v6 = { { BARO_FAMILY_IPV6, 0, { 0xfe, 0x80, [15] = 1 } }, { 5353 } };

static void *take(void *context, size_t bytes)
{
    size_t whole = (bytes + 63) / 64 * 64;

    (void)context;
    return memset(aligned_alloc(64, whole), 0, whole);
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(slab);
}

static unsigned receive(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    (void)context;
    (void)limit;
    if (wire.in_length == 0)
        return 0;
    frames[0] = (struct baro_rx_frame){ .data = wire.in, .length = (uint32_t)wire.in_length };
    wire.in_length = 0;
    return 1;
}

static unsigned room(void *context)
{
    (void)context;
    return 64;
}

static unsigned transmit(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    (void)context;
    for (unsigned i = 0; i < count; i++) {
        uint8_t frame[2000];
        size_t length = 0;
        struct baro_packet packet;

        for (unsigned j = 0; j < frames[i].parts; j++) {
            memcpy(frame + length, frames[i].part[j].data, frames[i].part[j].length);
            length += frames[i].part[j].length;
        }
        if (baro_packet_parse_frame(&packet, (struct baro_bytes){ frame, length }) != BARO_DROP_NONE ||
            packet.layer != BARO_PACKET_UDP || packet.source_port.number != 5353)
            continue;
        assert_true(wire.outs < FRAMES);
        memcpy(wire.out[wire.outs].octets, packet.payload.data, packet.payload.length);
        wire.out[wire.outs].length = packet.payload.length;
        wire.out[wire.outs].to = (struct baro_endpoint){ packet.destination, packet.destination_port };
        wire.out[wire.outs].ttl = packet.ttl;
        wire.out[wire.outs++].at = wire.now;
    }
    return count;
}

static const struct baro_device device = { .mac = { { 2, 0, 0, 0, 0, 1 } }, .mtu = 1500, .rx_burst = receive, .tx_room = room,
                                           .tx_burst = transmit };

static void turn(void)
{
    baro_stack_poll(wire.stack, wire.now);
    baro_mdns_poll(wire.mdns, wire.now);
    baro_stack_flush(wire.stack);
}

/* Lets time pass from deadline to deadline. */
static void run_for(int64_t ms)
{
    struct baro_instant end = { wire.now.ns + ms * MS }, at;

    turn();
    while (baro_mdns_next_deadline(wire.mdns, &at) && at.ns <= end.ns) {
        wire.now = at;
        turn();
    }
    wire.now = end;
    turn();
}

static int set_up(void **state)
{
    const struct baro_memory memory = { NULL, take, give_back };
    const struct baro_stack_config config = { .memory = memory, .seed = { 1 }, .now = { 1000 * MS } };
    struct baro_mdns_config mdns = { .memory = memory, .seed = { 2 }, .name = "pebble" };
    int error;

    (void)state;
    memset(&wire, 0, sizeof wire);
    wire.now = config.now;
    wire.stack = baro_stack_create(&config);
    mdns.stack = wire.stack;
    mdns.interface = baro_stack_add_interface(wire.stack, &device);
    assert_int_equal(baro_stack_add_address(wire.stack, mdns.interface, baro_ipv4(10, 9, 0, 2), 24, false), 0);
    baro_stack_set_neighbour(wire.stack, mdns.interface, peer.address, other_mac);
    wire.mdns = baro_mdns_create(&mdns, &error);
    assert_int_equal(error, 0);
    assert_int_equal(baro_mdns_add_address(wire.mdns, baro_ipv4(10, 9, 0, 2), 24, wire.now), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    baro_mdns_free(wire.mdns);
    baro_stack_free(wire.stack);
    return 0;
}

static struct baro_dns_name named(const char *text)
{
    struct baro_dns_name name;

    assert_int_equal(baro_dns_name_parse(&name, text), 0);
    return name;
}

/* A message from `from`, begun; tell() ends and delivers it. */
static uint8_t message[1400];
static struct baro_dns_writer writer;

static void begin(uint16_t flags)
{
    const struct baro_dns_header header = { .id = 77, .flags = flags };

    baro_dns_write(&writer, (struct baro_buffer){ message, sizeof message }, &header);
}

static void question(const char *name, uint16_t type, uint16_t dns_class)
{
    const struct baro_dns_question asked = { named(name), type, dns_class };

    assert_int_equal(baro_dns_write_question(&writer, &asked), 0);
}

static void address(enum baro_dns_section section, const char *name, uint8_t last, uint32_t ttl)
{
    const struct baro_dns_record record = { .name = named(name), .type = BARO_DNS_A, .dns_class = BARO_DNS_IN, .ttl = ttl,
                                            .address = baro_ipv4(10, 9, 0, last) };

    assert_int_equal(baro_dns_write_record(&writer, section, &record), 0);
}

static void tell_to(struct baro_endpoint from, struct baro_endpoint to)
{
    bool v6 = from.address.family == BARO_FAMILY_IPV6, grouped = to.address.octet[0] >= 224;
    struct baro_packet packet = { .vlan = -1, .destination_mac = device.mac, .source_mac = other_mac,
                                  .ethernet_type = v6 ? 0x86dd : 0x0800, .source = from.address, .source_port = from.port,
                                  .destination = to.address, .destination_port = to.port, .protocol = 17, .ttl = 255,
                                  .layer = BARO_PACKET_UDP };

    if (grouped)
        packet.destination_mac = v6 ? (struct baro_mac){ { 0x33, 0x33, 0, 0, 0, 0xfb } } : (struct baro_mac){ { 1, 0, 0x5e, 0, 0, 251 } };
    packet.payload = (struct baro_bytes){ message, baro_dns_write_end(&writer) };
    wire.in_length = (size_t)baro_packet_build_frame(&packet, (struct baro_buffer){ wire.in, sizeof wire.in });
    wire.outs = 0;
    turn();
}

static void tell(struct baro_endpoint from)
{
    tell_to(from, from.address.family == BARO_FAMILY_IPV6 ? group_v6 : group);
}

/* The counts of the last message sent. */
static void expect(uint16_t questions, uint16_t answers, uint16_t authority)
{
    struct baro_dns_reader reader;
    size_t last = wire.outs - 1;

    assert_true(wire.outs > 0);
    assert_int_equal(baro_dns_read(&reader, (struct baro_bytes){ wire.out[last].octets, wire.out[last].length }), 0);
    assert_int_equal(reader.header.count[0], questions);
    assert_int_equal(reader.header.count[1], answers);
    assert_int_equal(reader.header.count[2], authority);
    assert_int_equal(wire.out[last].ttl, 255);
}

static struct baro_dns_record first_record(void)
{
    struct baro_dns_reader reader;
    struct baro_dns_record record;
    enum baro_dns_section section;
    size_t last = wire.outs - 1;

    baro_dns_read(&reader, (struct baro_bytes){ wire.out[last].octets, wire.out[last].length });
    assert_int_equal(baro_dns_read_record(&reader, &record, &section), 1);
    return record;
}

static void up(void)
{
    run_for(5000);
    assert_int_equal(baro_mdns_state(wire.mdns), BARO_MDNS_RUNNING);
    run_for(60000);
    wire.outs = 0;
}

static void three_probes_then_two_announcements(void **state)
{
    struct baro_dns_record record;
    struct baro_instant at;

    (void)state;
    run_for(5000);
    assert_int_equal(wire.outs, 5);
    assert_true(wire.out[0].at.ns <= 1250 * MS);
    for (int i = 1; i < 3; i++)
        assert_int_equal(wire.out[i].at.ns - wire.out[i - 1].at.ns, 250 * MS);
    assert_int_equal(wire.out[3].at.ns - wire.out[2].at.ns, 250 * MS);
    assert_int_equal(wire.out[4].at.ns - wire.out[3].at.ns, 1000 * MS);
    expect(0, 2, 0); /* the address and its reverse name; what is not there besides */
    record = first_record();
    assert_int_equal(record.dns_class, BARO_DNS_IN | BARO_DNS_CLASS_TOP);
    assert_int_equal(record.ttl, 120);
    wire.outs = 3;
    expect(1, 0, 1);
    assert_memory_equal(&wire.out[0].to, &group, sizeof group);
    assert_false(baro_mdns_next_deadline(wire.mdns, &at));
}

static void questions_are_answered_to_all_or_to_one(void **state)
{
    struct baro_dns_record record;

    (void)state;
    up();
    begin(0);
    question("Pebble.LOCAL", BARO_DNS_A, BARO_DNS_IN);
    tell(peer);
    expect(0, 1, 0);
    assert_memory_equal(&wire.out[0].to, &group, sizeof group);
    begin(0);
    question("pebble.local", BARO_DNS_A, BARO_DNS_IN);
    tell(peer);
    assert_int_equal(wire.outs, 0); /* all have just heard it */
    begin(0);
    question("pebble.local", BARO_DNS_A, BARO_DNS_IN | BARO_DNS_CLASS_TOP);
    tell(peer);
    expect(0, 1, 0);
    assert_memory_equal(&wire.out[0].to, &peer, sizeof peer);
    run_for(2000);
    begin(0);
    question("pebble.local", BARO_DNS_AAAA, BARO_DNS_IN);
    tell(peer);
    expect(0, 1, 0);
    record = first_record();
    assert_true(record.type == BARO_DNS_NSEC && baro_dns_nsec_has(record.data, BARO_DNS_A) &&
                !baro_dns_nsec_has(record.data, BARO_DNS_AAAA));
    begin(0);
    question("2.0.9.10.in-addr.arpa", BARO_DNS_PTR, BARO_DNS_IN);
    tell(peer);
    expect(0, 1, 0);
    begin(0);
    question("other.local", BARO_DNS_A, BARO_DNS_IN);
    tell(peer);
    assert_int_equal(wire.outs, 0);
}

static void who_is_no_such_host_is_answered_as_by_a_server(void **state)
{
    struct baro_endpoint old = { peer.address, { 40000 } };

    (void)state;
    up();
    begin(BARO_DNS_RECURSION_DESIRED);
    question("pebble.local", BARO_DNS_A, BARO_DNS_IN);
    tell(old);
    expect(1, 1, 0);
    assert_memory_equal(&wire.out[0].to, &old, sizeof old);
    assert_int_equal(wire.out[0].octets[1], 77);
    assert_int_equal(first_record().ttl, 10);
    assert_int_equal(first_record().dns_class, BARO_DNS_IN);
}

static void what_is_known_is_left_out(void **state)
{
    (void)state;
    up();
    begin(0);
    question("pebble.local", BARO_DNS_A, BARO_DNS_IN);
    address(BARO_DNS_ANSWERS, "pebble.local", 2, 60);
    tell(peer);
    assert_int_equal(wire.outs, 0);
    begin(0);
    question("pebble.local", BARO_DNS_A, BARO_DNS_IN);
    address(BARO_DNS_ANSWERS, "pebble.local", 2, 59);
    tell(peer);
    expect(0, 1, 0);
    run_for(2000);
    /* more of it follows in a second message */
    begin(BARO_DNS_TRUNCATED);
    question("pebble.local", BARO_DNS_A, BARO_DNS_IN);
    tell(peer);
    assert_int_equal(wire.outs, 0);
    begin(0);
    address(BARO_DNS_ANSWERS, "pebble.local", 2, 100);
    tell(peer);
    run_for(1000);
    assert_int_equal(wire.outs, 0);
    begin(BARO_DNS_TRUNCATED);
    question("pebble.local", BARO_DNS_A, BARO_DNS_IN);
    tell(peer);
    run_for(1000);
    expect(0, 1, 0);
}

static void strangers_and_nonsense_are_ignored(void **state)
{
    struct baro_endpoint far = { { BARO_FAMILY_IPV4, 0, { 10, 8, 0, 1 } }, { 5353 } };
    struct baro_endpoint wrong_port = { peer.address, { 5354 } }, ours = { { BARO_FAMILY_IPV4, 0, { 10, 9, 0, 2 } }, { 5353 } };

    (void)state;
    up();
    begin(0);
    question("pebble.local", BARO_DNS_A, BARO_DNS_IN);
    tell_to(far, ours);
    assert_int_equal(wire.outs, 0);
    tell(far); /* what comes to the group cannot be from far away, whatever its sender calls itself */
    expect(0, 1, 0);
    begin(BARO_DNS_RESPONSE);
    address(BARO_DNS_ANSWERS, "pebble.local", 9, 120);
    tell(wrong_port);
    assert_int_equal(baro_mdns_state(wire.mdns), BARO_MDNS_RUNNING);
    begin(BARO_DNS_RESPONSE);
    address(BARO_DNS_ANSWERS, "pebble.local", 9, 120);
    message[7] = 2; /* one more than there are */
    tell(peer);
    assert_int_equal(baro_mdns_state(wire.mdns), BARO_MDNS_RUNNING);
}

static void another_holder_takes_the_name(void **state)
{
    struct baro_dns_name second = named("pebble-2.local"), third = named("pebble-3.local");

    (void)state;
    run_for(300);
    begin(BARO_DNS_RESPONSE);
    address(BARO_DNS_ANSWERS, "PEBBLE.local", 9, 120);
    tell(peer);
    assert_true(baro_dns_name_equal(baro_mdns_name(wire.mdns), &second));
    assert_int_equal(baro_mdns_state(wire.mdns), BARO_MDNS_PROBING);
    run_for(5000);
    assert_int_equal(baro_mdns_state(wire.mdns), BARO_MDNS_RUNNING);
    /* later: probed again; only if it is defended is it given up */
    begin(BARO_DNS_RESPONSE);
    address(BARO_DNS_ANSWERS, "pebble-2.local", 9, 120);
    tell(peer);
    assert_int_equal(baro_mdns_state(wire.mdns), BARO_MDNS_PROBING);
    assert_true(baro_dns_name_equal(baro_mdns_name(wire.mdns), &second));
    begin(BARO_DNS_RESPONSE);
    address(BARO_DNS_ANSWERS, "pebble-2.local", 9, 120);
    tell(peer);
    assert_true(baro_dns_name_equal(baro_mdns_name(wire.mdns), &third));
}

static void of_two_probes_the_later_in_the_order_wins(void **state)
{
    struct baro_instant at, before;

    (void)state;
    run_for(300);
    assert_true(baro_mdns_next_deadline(wire.mdns, &before));
    for (uint8_t last = 1; last <= 3; last++) { /* ours is 2 */
        begin(0);
        question("pebble.local", BARO_DNS_ANY, BARO_DNS_IN | BARO_DNS_CLASS_TOP);
        address(BARO_DNS_AUTHORITY, "pebble.local", last, 120);
        tell(peer);
        assert_true(baro_mdns_next_deadline(wire.mdns, &at));
        assert_int_equal(at.ns, last == 3 ? wire.now.ns + 1000 * MS : before.ns);
    }
    assert_int_equal(baro_mdns_state(wire.mdns), BARO_MDNS_PROBING);
}

/* ff02::fb is a world of its own: probed, announced, asked and answered there, about both families. The name is one. */
static void ipv6_has_its_own_world(void **state)
{
    const struct baro_address own = { BARO_FAMILY_IPV6, 0, { 0xfe, 0x80, [15] = 2 } };
    struct baro_dns_name second = named("pebble-2.local");

    (void)state;
    up();
    assert_int_equal(baro_stack_add_address(wire.stack, 1, (struct baro_address){ BARO_FAMILY_IPV6, 1, { 0xfe, 0x80, [15] = 2 } }, 64, false), 0);
    baro_stack_set_neighbour(wire.stack, 1, (struct baro_address){ BARO_FAMILY_IPV6, 1, { 0xfe, 0x80, [15] = 1 } }, other_mac);
    assert_int_equal(baro_mdns_add_address(wire.mdns, own, 64, wire.now), 0);
    assert_int_equal(baro_mdns_state(wire.mdns), BARO_MDNS_PROBING);
    run_for(5000);
    assert_int_equal(wire.outs, 3 + 2 + 2); /* probes there, the news in both */
    expect(0, 4, 0);
    assert_memory_equal(&wire.out[6].to, &group_v6, sizeof group_v6);
    run_for(60000);
    begin(0);
    question("pebble.local", BARO_DNS_AAAA, BARO_DNS_IN);
    tell(peer_v6);
    assert_true(wire.outs == 1 && memcmp(&wire.out[0].to, &group_v6, sizeof group_v6) == 0);
    assert_memory_equal(first_record().address.octet, own.octet, 16);
    begin(0);
    question("pebble.local", BARO_DNS_AAAA, BARO_DNS_IN | BARO_DNS_CLASS_TOP);
    tell(peer_v6); /* asked alone */
    assert_true(wire.outs == 1 && memcmp(wire.out[0].to.address.octet, peer_v6.address.octet, 16) == 0);
    begin(BARO_DNS_RESPONSE);
    address(BARO_DNS_ANSWERS, "pebble.local", 9, 120);
    tell(peer_v6); /* lost in one is asked for again in both, and given up in both */
    run_for(300);
    begin(BARO_DNS_RESPONSE);
    address(BARO_DNS_ANSWERS, "pebble.local", 9, 120);
    tell(peer_v6);
    run_for(5000);
    assert_true(baro_dns_name_equal(baro_mdns_name(wire.mdns), &second) && baro_mdns_state(wire.mdns) == BARO_MDNS_RUNNING);
    wire.outs = 0;
    assert_int_equal(baro_mdns_remove_address(wire.mdns, own, wire.now), 0);
    baro_stack_flush(wire.stack);
    assert_true(wire.outs == 2 && first_record().ttl == 0 && first_record().type == BARO_DNS_AAAA);
    assert_int_equal(baro_mdns_remove_address(wire.mdns, own, wire.now), -ENOENT);
}

static void leave_is_taken(void **state)
{
    (void)state;
    up();
    baro_mdns_stop(wire.mdns, wire.now);
    baro_stack_flush(wire.stack);
    expect(0, 2, 0);
    assert_int_equal(first_record().ttl, 0);
    begin(0);
    question("pebble.local", BARO_DNS_A, BARO_DNS_IN);
    tell(peer);
    assert_int_equal(wire.outs, 0);
}

static void names_that_do_not_fit_are_refused(void **state)
{
    const char *const wrong[] = { "", "a.b", "a23456789012345678901234567890123456789012345678901234567890" };
    struct baro_mdns_config config = { .memory = { NULL, take, give_back }, .stack = wire.stack, .interface = 1 };
    int error;

    (void)state;
    for (int i = 0; i < 3; i++) {
        config.name = wrong[i];
        assert_null(baro_mdns_create(&config, &error));
        assert_int_equal(error, -EINVAL);
    }
    assert_int_equal(baro_mdns_add_address(wire.mdns, baro_ipv4(10, 9, 0, 2), 24, wire.now), -EEXIST);
    assert_int_equal(baro_mdns_add_address(wire.mdns, baro_ipv4(10, 9, 0, 3), 33, wire.now), -EINVAL);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(three_probes_then_two_announcements), TEST(questions_are_answered_to_all_or_to_one),
        TEST(who_is_no_such_host_is_answered_as_by_a_server), TEST(what_is_known_is_left_out),
        TEST(strangers_and_nonsense_are_ignored), TEST(another_holder_takes_the_name),
        TEST(of_two_probes_the_later_in_the_order_wins), TEST(ipv6_has_its_own_world),
        TEST(leave_is_taken), TEST(names_that_do_not_fit_are_refused) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
