/* A router between fd00::/64 and fd02::/64 (RFC 8200): what it passes on is the packet but for its hop limit, what it does
 * not its sender hears of, where he may (RFC 4443). Work left to a device is done, or the packet is dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/icmpv6.h"
#include "codec/ipv6.h"
#include "hostile/craft.h"

enum { NOTHING = 255, IP_AT = 14, DATA_AT = 54 };

struct router {
    struct victim victim;
    struct frame_device far; /* interface 2, fd02::1 */
};

struct sample {
    struct baro_address source, destination;
    uint8_t next, hop_limit;
    const uint8_t *chain; /* extension headers, `chain_length` octets */
    uint32_t chain_length;
    bool group_frame;
};

static const struct baro_mac near_mac = { { 2, 0, 0, 0, 0, 2 } }, far_mac = { { 2, 0, 0, 0, 0, 9 } };
static struct router router;
static uint8_t frame[70000];
static uint32_t length;

static struct baro_address net(unsigned number, unsigned host)
{
    return baro_ipv6((uint16_t)(0xfd00 + number), 0, 0, 0, 0, 0, 0, (uint16_t)host);
}

static struct baro_address local(unsigned host)
{
    return baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, (uint16_t)host);
}

static void setup(uint32_t mtu, uint32_t capabilities)
{
    struct baro_stack *stack;

    victim_init(&router.victim, false);
    stack = router.victim.stack;
    frame_device_init(&router.far, 3, mtu);
    router.far.device.capabilities = capabilities;
    assert_int_equal(baro_stack_add_interface(stack, &router.far.device), 2);
    assert_int_equal(baro_stack_add_address(stack, 1, net(0, 1), 64, false), 0);
    assert_int_equal(baro_stack_add_address(stack, 1, local(1), 64, false), 0);
    assert_int_equal(baro_stack_add_address(stack, 2, net(2, 1), 64, false), 0);
    assert_int_equal(baro_stack_add_address(stack, 2, local(1), 64, false), 0);
    assert_int_equal(baro_stack_set_neighbour(stack, 1, net(0, 2), near_mac), 0);
    assert_int_equal(baro_stack_set_neighbour(stack, 1, local(2), near_mac), 0);
    assert_int_equal(baro_stack_set_neighbour(stack, 2, net(2, 2), far_mac), 0);
    baro_stack_set_forwarding(stack, true);
    victim_wait(&router.victim, 5000);
    victim_forget(&router.victim);
    while (frame_device_take(&router.far) != NULL)
        continue;
}

static void teardown(void)
{
    victim_release(&router.victim);
    frame_device_release(&router.far);
}

static struct sample across(void)
{
    return (struct sample){ .source = net(0, 2), .destination = net(2, 2), .next = 17, .hop_limit = 64 };
}

static void build(const struct sample *sample, const uint8_t *data, uint32_t octets)
{
    const struct ipv6_header header = { .version_class_flow = ipv6_first_word(0xb8, 0x12345),
                                        .payload_length = (uint16_t)(sample->chain_length + octets),
                                        .next_header = sample->next, .hop_limit = sample->hop_limit,
                                        .source = sample->source, .destination = sample->destination };

    memcpy(frame, (const uint8_t[]){ 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd }, 14);
    if (sample->group_frame)
        memcpy(frame, (const uint8_t[]){ 0x33, 0x33, 0, 0, 0, 1 }, 6);
    ipv6_header_write(&header, frame + IP_AT);
    if (sample->chain_length != 0)
        memcpy(frame + DATA_AT, sample->chain, sample->chain_length);
    memcpy(frame + DATA_AT + sample->chain_length, data, octets);
    length = DATA_AT + sample->chain_length + octets;
}

static uint16_t sum_of(const struct sample *sample, uint8_t protocol, const uint8_t *data, uint32_t octets)
{
    return checksum_fold(
        checksum_add(checksum_pseudo(sample->source, sample->destination, protocol, octets), data, octets));
}

/* A UDP datagram of `octets` in all behind the chain, its checksum right. */
static void datagram(const struct sample *sample, uint32_t octets)
{
    static uint8_t udp[66000];

    craft_udp(udp, 1000, 2000, octets - 8);
    write_be16(udp + 6, sum_of(sample, 17, udp, octets));
    build(sample, udp, octets);
}

static const struct device_frame *icmp(uint8_t type)
{
    const struct device_frame *out;

    while ((out = frame_device_take(&router.victim.device)) != NULL) {
        if (out->data[12] == 0x86 && out->data[20] == 58 && (type == NOTHING || out->data[DATA_AT] == type) &&
            icmpv6_is_error(out->data[DATA_AT])) {
            uint64_t sum = checksum_pseudo(read_ipv6(out->data + 22), read_ipv6(out->data + 38), 58,
                                           out->length - DATA_AT);

            assert_int_equal(checksum_fold(checksum_add(sum, out->data + DATA_AT, out->length - DATA_AT)), 0);
            return out;
        }
    }
    return NULL;
}

/* Nothing went on, and an ICMP error of this kind came back, or none (type NOTHING). */
static void refused(enum baro_drop_reason reason, uint8_t type, uint8_t code, uint32_t value)
{
    const struct device_frame *error;
    uint32_t quoted = length - IP_AT < 1232 ? length - IP_AT : 1232;

    assert_int_equal(victim_feed(&router.victim, frame, length, reason), 1);
    assert_null(frame_device_take(&router.far));
    error = icmp(type);
    if (type == NOTHING) {
        assert_null(error);
        return;
    }
    assert_non_null(error);
    assert_int_equal(error->data[DATA_AT + 1], code);
    assert_int_equal(read_be32(error->data + DATA_AT + 4), value);
    assert_int_equal(error->length, DATA_AT + 8 + quoted);
    assert_memory_equal(error->data + DATA_AT + 8, frame + IP_AT, quoted); /* as it came, hop limit too */
    assert_memory_equal(error->data + 38, frame + 22, 16);                 /* to the source */
    assert_true(error->length <= 1280 + IP_AT);
    assert_int_equal(error->data[22 + 15], 1); /* from the interface's address */
    assert_null(icmp(NOTHING));
    victim_wait(&router.victim, 1000); /* the rate of errors */
}

/* It went on: the same but for the hop limit. */
static const struct device_frame *passed(void)
{
    const struct device_frame *out;

    victim_feed(&router.victim, frame, length, BARO_DROP_IP_NOT_FOR_ME);
    out = frame_device_take(&router.far);
    assert_non_null(out);
    assert_null(frame_device_take(&router.far));
    assert_memory_equal(out->data, far_mac.octet, 6);
    assert_int_equal(out->data[11], 3);
    assert_memory_equal(out->data + 12, frame + 12, 9);
    assert_int_equal(out->data[21], frame[21] - 1);
    return out;
}

static void untouched(uint32_t padding)
{
    const struct device_frame *out = passed();

    assert_int_equal(out->length, length - padding);
    assert_memory_equal(out->data + 22, frame + 22, length - padding - 22);
}

static void a_packet_goes_on_with_one_hop_less(void **state)
{
    struct sample sample = across();
    (void)state;
    setup(1500, 0);
    for (unsigned hops = 2; hops < 256; hops++) {
        sample.hop_limit = (uint8_t)hops;
        datagram(&sample, hops + 8);
        memset(frame + length, 0xee, 20); /* padding of the frame does not go on */
        length += hops % 20;
        untouched(hops % 20);
    }
    datagram(&sample, 1460);
    untouched(0); /* just fits */
    assert_int_equal(victim_forget(&router.victim), 0);
    teardown();
}

/* Hop-by-hop options (unknown ones too), routing headers and fragments are the hosts' business. */
static void extension_headers_go_on_unread(void **state)
{
    static const uint8_t chains[][9] = {
        { 0, 17, 0, 1, 4, 0, 0, 0, 0 },     { 0, 17, 0, 0xde, 4, 1, 2, 3, 4 }, { 0, 17, 255, 0, 0, 0, 0, 0, 0 },
        { 43, 17, 0, 0, 1, 0, 0, 0, 0 },    { 44, 17, 0, 0, 1, 9, 9, 9, 9 },   { 44, 17, 0, 1, 0, 9, 9, 9, 9 },
        { 60, 17, 0, 0x9e, 4, 0, 0, 0, 0 }, { 59, 0, 0, 0, 0, 0, 0, 0, 0 },    { 200, 1, 2, 3, 4, 5, 6, 7, 8 },
    };
    struct sample sample = across();
    (void)state;
    setup(1500, 0);
    for (unsigned i = 0; i < sizeof chains / sizeof chains[0]; i++) {
        sample.next = chains[i][0];
        sample.chain = chains[i] + 1;
        sample.chain_length = 8;
        datagram(&sample, 100);
        untouched(0);
    }
    assert_int_equal(victim_forget(&router.victim), 0);
    teardown();
}

static void what_cannot_go_on(void **state)
{
    static const uint8_t fragment[8] = { 17, 0, 0, 9, 1, 2, 3, 4 };
    struct sample sample = across();
    (void)state;
    setup(1280, 0);
    for (sample.hop_limit = 0; sample.hop_limit <= 1; sample.hop_limit++) {
        datagram(&sample, 100);
        refused(BARO_DROP_IP_TTL_EXPIRED, ICMPV6_TIME_EXCEEDED, 0, 0);
    }
    sample = across();
    sample.destination = net(9, 1);
    datagram(&sample, 100);
    refused(BARO_DROP_IP_NO_ROUTE, ICMPV6_UNREACHABLE, ICMPV6_NO_ROUTE, 0);
    sample = across();
    datagram(&sample, 1241); /* one octet too many */
    refused(BARO_DROP_IP_TOO_BIG, ICMPV6_PACKET_TOO_BIG, 0, 1280);
    sample.next = IP_PROTOCOL_FRAGMENT;
    sample.chain = fragment;
    sample.chain_length = 8;
    datagram(&sample, 1240);
    refused(BARO_DROP_IP_TOO_BIG, ICMPV6_PACKET_TOO_BIG, 0, 1280);
    sample = across();
    sample.source = local(2);
    datagram(&sample, 100);
    refused(BARO_DROP_IP_NOT_FORWARDED, ICMPV6_UNREACHABLE, ICMPV6_BEYOND_SCOPE, 0);
    teardown();
}

static void no_word(struct sample sample, enum baro_drop_reason reason)
{
    datagram(&sample, 100);
    refused(reason, NOTHING, 0, 0);
}

static void what_is_dropped_without_a_word(void **state)
{
    struct sample sample = across();
    (void)state;
    setup(1500, 0);
    sample.source = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0);
    no_word(sample, BARO_DROP_IP_MARTIAN_SOURCE);
    sample.source = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1);
    no_word(sample, BARO_DROP_IP_MARTIAN_SOURCE);
    sample.source = net(2, 1); /* the router's own, on the other side */
    no_word(sample, BARO_DROP_IP_MARTIAN_SOURCE);
    sample.source = baro_ipv6(0xff05, 0, 0, 0, 0, 0, 0, 1);
    no_word(sample, BARO_DROP_IP_MARTIAN_SOURCE);
    sample = across();
    sample.destination = local(77); /* of whatever link */
    no_word(sample, BARO_DROP_IP_NOT_FORWARDED);
    sample.source = local(2);
    no_word(sample, BARO_DROP_IP_NOT_FORWARDED);
    sample = across();
    sample.group_frame = true;
    no_word(sample, BARO_DROP_IP_NOT_FORWARDED);
    sample.source = local(2);
    no_word(sample, BARO_DROP_IP_NOT_FORWARDED);
    sample.source = net(0, 2);
    sample.destination = baro_ipv6(0xff0e, 0, 0, 0, 0, 0, 0, 0x101);
    no_word(sample, BARO_DROP_IP_NOT_FORWARDED);
    sample = across();
    sample.destination = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1);
    no_word(sample, BARO_DROP_IP_MARTIAN_DESTINATION);
    teardown();
}

/* RFC 4443 §2.4 (e.1): behind extension headers too. */
static void no_error_about_an_error(void **state)
{
    static const uint8_t chain[8] = { 58, 0, 1, 4 }, error[48] = { ICMPV6_TIME_EXCEEDED },
                         request[48] = { ICMPV6_ECHO_REQUEST };
    struct sample sample = across();
    (void)state;
    setup(1500, 0);
    sample.hop_limit = 1;
    for (unsigned i = 0; i < 2; i++) {
        sample.next = i == 0 ? 58 : IP_PROTOCOL_HOP_BY_HOP;
        sample.chain = chain;
        sample.chain_length = i * 8;
        build(&sample, error, sizeof error);
        refused(BARO_DROP_IP_TTL_EXPIRED, NOTHING, 0, 0);
        build(&sample, request, sizeof request);
        refused(BARO_DROP_IP_TTL_EXPIRED, ICMPV6_TIME_EXCEEDED, 0, 0);
    }
    teardown();
}

static void nobody_at_the_next_hop(void **state)
{
    struct sample sample = across();
    const struct device_frame *error;
    (void)state;
    setup(1500, 0);
    sample.destination = net(2, 77);
    datagram(&sample, 64);
    victim_feed(&router.victim, frame, length, BARO_DROP_IP_NOT_FOR_ME);
    for (int second = 0; second < 4; second++)
        victim_wait(&router.victim, 1000);
    assert_int_equal(victim_drops(&router.victim, BARO_DROP_NEIGHBOUR_UNREACHABLE), 1);
    error = icmp(ICMPV6_UNREACHABLE);
    assert_non_null(error);
    assert_int_equal(error->data[DATA_AT + 1], ICMPV6_ADDRESS_UNREACHABLE);
    assert_int_equal(error->data[DATA_AT + 8 + 39], 77); /* quotes the destination */
    assert_memory_equal(error->data + 38, frame + 22, 16);
    teardown();
}

/* Back by the interface it came in: passed on, no redirect. All global addresses answer on every interface, link-local
 * ones on their own. */
static void one_arm_and_far_addresses(void **state)
{
    struct sample sample = across();
    const struct device_frame *out;
    (void)state;
    setup(1500, 0);
    assert_int_equal(baro_stack_set_neighbour(router.victim.stack, 1, net(0, 3), far_mac), 0);
    sample.destination = net(0, 3);
    datagram(&sample, 64);
    victim_feed(&router.victim, frame, length, BARO_DROP_IP_NOT_FOR_ME);
    out = frame_device_take(&router.victim.device);
    assert_non_null(out);
    assert_int_equal(out->data[21], 63);
    assert_memory_equal(out->data, far_mac.octet, 6);
    assert_null(frame_device_take(&router.victim.device));
    sample.destination = net(2, 1);
    datagram(&sample, 64);
    assert_int_equal(victim_feed(&router.victim, frame, length, BARO_DROP_UDP_NO_SOCKET), 1);
    out = icmp(ICMPV6_UNREACHABLE);
    assert_non_null(out);
    assert_int_equal(out->data[DATA_AT + 1], ICMPV6_PORT_UNREACHABLE);
    assert_memory_equal(out->data + 22, frame + 38, 16);
    baro_stack_set_forwarding(router.victim.stack, false); /* a strong host again */
    assert_int_equal(victim_feed(&router.victim, frame, length, BARO_DROP_IP_NOT_FOR_ME), 1);
    teardown();
}

/* The neighbours hear that this is a router (RFC 4861 §7.2.4). */
static void advertised_as_a_router(void **state)
{
    struct sample sample = { .source = net(0, 2), .destination = net(0, 1), .next = 58, .hop_limit = 255 };
    uint8_t solicitation[24] = { ICMPV6_NEIGHBOUR_SOLICITATION };
    (void)state;
    setup(1500, 0);
    write_ipv6(solicitation + 8, net(0, 1));
    write_be16(solicitation + 2, sum_of(&sample, 58, solicitation, 24));
    for (unsigned i = 0; i < 2; i++) {
        const struct device_frame *out;

        baro_stack_set_forwarding(router.victim.stack, i == 0);
        build(&sample, solicitation, 24);
        victim_feed(&router.victim, frame, length, BARO_DROP_IP_NOT_FOR_ME);
        out = frame_device_take(&router.victim.device);
        assert_non_null(out);
        assert_int_equal(out->data[DATA_AT], ICMPV6_NEIGHBOUR_ADVERTISEMENT);
        assert_int_equal(out->data[DATA_AT + 4] & 0x80, i == 0 ? 0x80 : 0);
    }
    teardown();
}

/* ---- what never was on a wire ---- */

/* The frame goes in as from a device that left its checksum undone, or a super-segment. */
static uint64_t feed_unfinished(uint16_t gso_size, enum baro_drop_reason reason)
{
    struct frame_device *device = &router.victim.device;
    uint64_t before = victim_drops(&router.victim, reason);
    struct device_frame *in;

    assert_true(frame_device_put(device, frame, length));
    in = &device->in[(device->in_first + device->in_count - 1) % FRAME_DEVICE_FRAMES];
    in->checksum = BARO_RX_CHECKSUM_VERIFIED;
    in->gso_size = gso_size;
    victim_wait(&router.victim, 0);
    return victim_drops(&router.victim, reason) - before;
}

static uint32_t super_segment(uint8_t *tcp, uint32_t octets)
{
    memset(tcp, 0, 20);
    write_be16(tcp, 1000);
    write_be16(tcp + 2, 2000);
    write_be32(tcp + 4, 0xfffffff0);
    tcp[12] = 5 << 4;
    tcp[13] = 0x99; /* CWR, ACK, PSH, FIN */
    for (uint32_t i = 0; i < octets; i++)
        tcp[20 + i] = (uint8_t)(i * 7 + i / 1000);
    return 20 + octets;
}

static void a_checksum_is_filled_in_or_left(void **state)
{
    struct sample sample = across();
    const struct device_frame *out;
    (void)state;
    for (unsigned able = 0; able < 2; able++) {
        uint16_t right;

        setup(1500, able == 0 ? 0 : BARO_DEVICE_TX_CHECKSUM);
        datagram(&sample, 333);
        right = read_be16(frame + DATA_AT + 6);
        write_be16(frame + DATA_AT + 6, 0x1234);
        feed_unfinished(0, BARO_DROP_IP_NOT_FOR_ME);
        out = frame_device_take(&router.far);
        assert_non_null(out);
        assert_int_equal(out->checksum_start, able == 0 ? 0 : DATA_AT);
        assert_int_equal(out->checksum_offset, able == 0 ? 0 : 6);
        if (able == 0)
            assert_int_equal(read_be16(out->data + DATA_AT + 6), right);
        else
            assert_int_equal((uint16_t)~read_be16(out->data + DATA_AT + 6),
                             checksum_fold(checksum_pseudo(sample.source, sample.destination, 17, 333)));
        teardown();
    }
}

static void a_super_segment_is_cut(void **state)
{
    static uint8_t tcp[4000];
    struct sample sample = across();
    const struct device_frame *out;
    uint32_t octets = super_segment(tcp, 3000), got = 0;
    (void)state;
    setup(1280, 0);
    sample.next = 6;
    build(&sample, tcp, octets);
    feed_unfinished(1200, BARO_DROP_IP_NOT_FOR_ME);
    for (unsigned i = 0; i < 3; i++) {
        uint32_t here;

        out = frame_device_take(&router.far);
        assert_non_null(out);
        here = out->length - DATA_AT - 20;
        assert_int_equal(here, i < 2 ? 1200 : 600);
        assert_int_equal(read_be16(out->data + 18), here + 20);
        assert_int_equal(out->data[21], 63);
        assert_memory_equal(out->data + 14, frame + 14, 4); /* class and flow label */
        assert_int_equal(sum_of(&sample, 6, out->data + DATA_AT, here + 20), 0);
        assert_int_equal(read_be32(out->data + DATA_AT + 4), (uint32_t)(0xfffffff0 + got));
        assert_int_equal(out->data[DATA_AT + 13], i == 0 ? 0x90 : i == 1 ? 0x10 : 0x19);
        assert_memory_equal(out->data + DATA_AT + 20, tcp + 20 + got, here);
        got += here;
    }
    assert_null(frame_device_take(&router.far));
    build(&sample, tcp, octets);
    assert_int_equal(feed_unfinished(1221, BARO_DROP_IP_TOO_BIG), 1); /* its pieces do not fit */
    out = icmp(ICMPV6_PACKET_TOO_BIG);
    assert_non_null(out);
    assert_int_equal(read_be32(out->data + DATA_AT + 4), 1280);
    teardown();
}

static void a_super_segment_goes_on_where_the_device_cuts(void **state)
{
    static uint8_t tcp[4000];
    struct sample sample = across();
    const struct device_frame *out;
    uint32_t octets = super_segment(tcp, 3000);
    (void)state;
    setup(1280, BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_TSO);
    sample.next = 6;
    build(&sample, tcp, octets);
    feed_unfinished(1200, BARO_DROP_IP_NOT_FOR_ME);
    out = frame_device_take(&router.far);
    assert_non_null(out);
    assert_int_equal(out->length, length);
    assert_int_equal(out->gso_size, 1200);
    assert_int_equal(out->header_length, DATA_AT + 20);
    assert_int_equal(out->checksum_start, DATA_AT);
    assert_int_equal(out->checksum_offset, 16);
    assert_int_equal(read_be16(out->data + 18), octets);
    assert_null(frame_device_take(&router.far));
    teardown();
}

static void behind_extension_headers_nothing_is_finished(void **state)
{
    static const uint8_t udp_follows[8] = { 17, 0, 1, 4 }, tcp_follows[8] = { 6, 0, 1, 4 };
    static uint8_t tcp[4000];
    struct sample sample = across();
    (void)state;
    setup(1500, BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_TSO);
    sample.next = IP_PROTOCOL_HOP_BY_HOP;
    sample.chain_length = 8;
    sample.chain = udp_follows;
    datagram(&sample, 100);
    assert_int_equal(feed_unfinished(0, BARO_DROP_IPV6_UNFINISHED), 0); /* it is right */
    assert_non_null(frame_device_take(&router.far));
    frame[DATA_AT + 8 + 7] ^= 1;
    assert_int_equal(feed_unfinished(0, BARO_DROP_IPV6_UNFINISHED), 1);
    assert_null(frame_device_take(&router.far));
    untouched(0); /* from a wire, a wrong one is its receiver's business */
    sample.chain = tcp_follows;
    build(&sample, tcp, super_segment(tcp, 1300));
    assert_int_equal(feed_unfinished(650, BARO_DROP_IPV6_UNFINISHED), 1);
    assert_null(frame_device_take(&router.far));
    teardown();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_goes_on_with_one_hop_less),
        cmocka_unit_test(extension_headers_go_on_unread),
        cmocka_unit_test(what_cannot_go_on),
        cmocka_unit_test(what_is_dropped_without_a_word),
        cmocka_unit_test(no_error_about_an_error),
        cmocka_unit_test(nobody_at_the_next_hop),
        cmocka_unit_test(one_arm_and_far_addresses),
        cmocka_unit_test(advertised_as_a_router),
        cmocka_unit_test(a_checksum_is_filled_in_or_left),
        cmocka_unit_test(a_super_segment_is_cut),
        cmocka_unit_test(a_super_segment_goes_on_where_the_device_cuts),
        cmocka_unit_test(behind_extension_headers_nothing_is_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
