/* A router between 10.0.0.0/24 and 10.2.0.0/24 (RFC 1812 §5): what it passes on is the packet but for TTL and checksum,
 * what it does not its sender hears of, where he may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "hostile/craft.h"

struct router {
    struct victim victim;
    struct frame_device far; /* interface 2, 10.2.0.1 */
};

static const struct baro_mac far_mac = { { 2, 0, 0, 0, 0, 9 } };

static void setup(struct router *router, uint32_t mtu)
{
    victim_init(&router->victim, false);
    frame_device_init(&router->far, 3, mtu);
    assert_int_equal(baro_stack_add_interface(router->victim.stack, &router->far.device), 2);
    assert_int_equal(baro_stack_add_address(router->victim.stack, 2, baro_ipv4(10, 2, 0, 1), 24, false), 0);
    assert_int_equal(baro_stack_set_neighbour(router->victim.stack, 2, baro_ipv4(10, 2, 0, 2), far_mac), 0);
    baro_stack_set_forwarding(router->victim.stack, true);
    victim_wait(&router->victim, 0);
    while (frame_device_take(&router->far) != NULL)
        continue;
}

static void teardown(struct router *router)
{
    victim_release(&router->victim);
    frame_device_release(&router->far);
}

/* A UDP datagram of `length` octets from 10.0.0.2 to 10.2.0.2. */
static void datagram(struct crafted *frame, struct craft craft, uint32_t length)
{
    static uint8_t udp[4096];

    craft_ip(frame, &craft, udp, craft_udp(udp, 1000, 2000, length));
}

static struct craft across(void)
{
    struct craft craft = craft_default();

    craft.destination = baro_ipv4(10, 2, 0, 2);
    return craft;
}

static void header_is_right(const struct device_frame *frame)
{
    assert_int_equal(checksum_fold(checksum_add(0, frame->data + 14, (frame->data[14] & 15U) * 4)), 0);
}

/* Nothing went on, and an ICMP error of this kind came back, or none (type 255). */
static void refused(struct router *router, const struct crafted *frame, enum baro_drop_reason reason, uint8_t type,
                    uint8_t code, uint16_t mtu)
{
    const struct device_frame *error;

    assert_int_equal(victim_feed(&router->victim, frame->octets, frame->length, reason), 1);
    assert_null(frame_device_take(&router->far));
    error = victim_icmp(&router->victim, type);
    if (type == 255) {
        assert_null(error);
        return;
    }
    assert_non_null(error);
    assert_int_equal(error->data[35], code);
    assert_int_equal(read_be16(error->data + 40), mtu);
    assert_memory_equal(error->data + 42, frame->octets + 14, 28); /* the quote: as it came, TTL too */
    assert_int_equal(read_be32(error->data + 26), 0x0a000001);     /* from the interface's address */
}

static void a_packet_goes_on_with_one_less_to_live(void **state)
{
    struct router router;
    struct crafted frame;
    struct craft craft = across();
    const struct device_frame *out;
    (void)state;
    setup(&router, 1500);
    for (unsigned ttl = 2; ttl < 256; ttl++) {
        craft.ttl = (uint8_t)ttl;
        craft.id = (uint16_t)(ttl * 251);
        datagram(&frame, craft, ttl); /* short ones are padded: padding does not go on */
        frame.length = frame.length < 60 ? 60 : frame.length;
        victim_feed(&router.victim, frame.octets, frame.length, BARO_DROP_IP_NOT_FOR_ME);
        out = frame_device_take(&router.far);
        assert_non_null(out);
        assert_int_equal(out->length, 14 + 28 + ttl);
        assert_int_equal(out->data[22], ttl - 1);
        header_is_right(out);
        assert_memory_equal(out->data, far_mac.octet, 6);
        assert_int_equal(out->data[11], 3);
        assert_memory_equal(out->data + 14, frame.octets + 14, 8);
        assert_memory_equal(out->data + 26, frame.octets + 26, out->length - 26);
    }
    assert_int_equal(victim_forget(&router.victim), 0);
    teardown(&router);
}

static void what_cannot_go_on(void **state)
{
    struct router router;
    struct crafted frame;
    struct craft craft = across();
    (void)state;
    setup(&router, 1280);
    for (craft.ttl = 0; craft.ttl <= 1; craft.ttl++) {
        datagram(&frame, craft, 100);
        refused(&router, &frame, BARO_DROP_IP_TTL_EXPIRED, 11, 0, 0);
    }
    craft = across();
    craft.destination = baro_ipv4(192, 0, 2, 1);
    datagram(&frame, craft, 100);
    refused(&router, &frame, BARO_DROP_IP_NO_ROUTE, 3, 0, 0);
    craft = across();
    craft.flags_offset = 0x4000;
    datagram(&frame, craft, 1300);
    refused(&router, &frame, BARO_DROP_IP_TOO_BIG, 3, 4, 1280);
    teardown(&router);
}

static void what_is_dropped_without_a_word(void **state)
{
    struct router router;
    struct crafted frame;
    struct craft craft = across();
    (void)state;
    setup(&router, 1500);
    craft.source = baro_ipv4(10, 2, 0, 1); /* the router's own, on the other side */
    datagram(&frame, craft, 10);
    refused(&router, &frame, BARO_DROP_IP_MARTIAN_SOURCE, 255, 0, 0);
    craft.source = baro_ipv4(169, 254, 1, 1);
    datagram(&frame, craft, 10);
    refused(&router, &frame, BARO_DROP_IP_NOT_FORWARDED, 255, 0, 0);
    craft = across();
    craft.destination = baro_ipv4(169, 254, 1, 1);
    datagram(&frame, craft, 10);
    refused(&router, &frame, BARO_DROP_IP_NOT_FORWARDED, 255, 0, 0);
    craft.destination = baro_ipv4(10, 2, 0, 255); /* RFC 2644 */
    datagram(&frame, craft, 10);
    refused(&router, &frame, BARO_DROP_IP_NOT_FORWARDED, 255, 0, 0);
    craft = across();
    craft.to = (struct baro_mac){ { 255, 255, 255, 255, 255, 255 } };
    datagram(&frame, craft, 10);
    refused(&router, &frame, BARO_DROP_IP_NOT_FORWARDED, 255, 0, 0);
    craft = across();
    craft.destination = baro_ipv4(224, 1, 1, 1);
    craft.to = (struct baro_mac){ { 1, 0, 0x5e, 1, 1, 1 } };
    datagram(&frame, craft, 10);
    refused(&router, &frame, BARO_DROP_IP_NOT_FORWARDED, 255, 0, 0);
    craft = across();
    memcpy(craft.options, (const uint8_t[]){ 131, 7, 4, 10, 2, 0, 2, 0 }, 8);
    craft.options_length = 8;
    datagram(&frame, craft, 10);
    refused(&router, &frame, BARO_DROP_IP_SOURCE_ROUTE, 255, 0, 0);
    teardown(&router);
}

/* Fragments cut here: offsets, flags and lengths fit together, the later ones keep only options that say so. */
static void too_large_is_cut_again(void **state)
{
    struct router router;
    struct crafted frame;
    struct craft craft = across();
    const struct device_frame *out;
    uint8_t whole[1400];
    uint32_t got = 0;
    unsigned count = 0;
    (void)state;
    setup(&router, 600);
    memcpy(craft.options, (const uint8_t[]){ 7, 3, 4, 148, 4, 0, 0, 0 }, 8); /* record route, router alert */
    craft.options_length = 8;
    craft.id = 0x1234;
    craft.flags_offset = 0x2000 | 100; /* itself a fragment in the middle */
    datagram(&frame, craft, 1392);
    victim_feed(&router.victim, frame.octets, frame.length, BARO_DROP_IP_NOT_FOR_ME);
    while ((out = frame_device_take(&router.far)) != NULL) {
        uint32_t header = (out->data[14] & 15U) * 4;

        header_is_right(out);
        assert_true(out->length <= 614);
        assert_int_equal(out->length, 14U + read_be16(out->data + 16));
        assert_int_equal(read_be16(out->data + 18), 0x1234);
        assert_int_equal(read_be16(out->data + 20), 0x2000 | (100 + got / 8));
        assert_int_equal(header, count == 0 ? 28 : 24);
        assert_int_equal(out->data[count == 0 ? 37 : 34], 148);
        memcpy(whole + got, out->data + 14 + header, out->length - 14 - header);
        got += out->length - 14 - header;
        count++;
    }
    assert_int_equal(count, 3);
    assert_int_equal(got, 1400);
    assert_memory_equal(whole, frame.octets + 42, 1400);
    teardown(&router);
}

static void nobody_at_the_next_hop(void **state)
{
    struct router router;
    struct crafted frame;
    struct craft craft = across();
    const struct device_frame *error;
    (void)state;
    setup(&router, 1500);
    craft.destination = baro_ipv4(10, 2, 0, 77);
    datagram(&frame, craft, 64);
    victim_feed(&router.victim, frame.octets, frame.length, BARO_DROP_IP_NOT_FOR_ME);
    for (int second = 0; second < 4; second++)
        victim_wait(&router.victim, 1000);
    error = victim_icmp(&router.victim, 3);
    assert_non_null(error);
    assert_int_equal(error->data[35], 1);
    assert_int_equal(read_be32(error->data + 14 + 20 + 8 + 16), 0x0a02004d); /* quotes the destination */
    teardown(&router);
}

/* Back by the interface it came in: passed on, no redirect (type 5). All its addresses answer on every interface. */
static void one_arm_and_far_addresses(void **state)
{
    struct router router;
    struct crafted frame;
    struct craft craft = across();
    const struct device_frame *out;
    uint8_t echo[64];
    (void)state;
    setup(&router, 1500);
    assert_int_equal(baro_stack_set_neighbour(router.victim.stack, 1, baro_ipv4(10, 0, 0, 3), far_mac), 0);
    craft.destination = baro_ipv4(10, 0, 0, 3);
    datagram(&frame, craft, 64);
    victim_feed(&router.victim, frame.octets, frame.length, BARO_DROP_IP_NOT_FOR_ME);
    out = frame_device_take(&router.victim.device);
    assert_non_null(out);
    assert_int_equal(out->data[22], 63);
    assert_memory_equal(out->data, far_mac.octet, 6);
    assert_null(frame_device_take(&router.victim.device));
    craft = across();
    craft.destination = baro_ipv4(10, 2, 0, 1);
    craft.protocol = 1;
    craft_ip(&frame, &craft, echo, craft_icmp(echo, 8, 0, 1, NULL, 0));
    victim_feed(&router.victim, frame.octets, frame.length, BARO_DROP_IP_NOT_FOR_ME);
    out = victim_icmp(&router.victim, 0);
    assert_non_null(out);
    assert_int_equal(read_be32(out->data + 26), 0x0a020001);
    baro_stack_set_forwarding(router.victim.stack, false); /* a strong host again */
    assert_int_equal(victim_feed(&router.victim, frame.octets, frame.length, BARO_DROP_IP_NOT_FOR_ME), 1);
    teardown(&router);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_goes_on_with_one_less_to_live), cmocka_unit_test(what_cannot_go_on),
        cmocka_unit_test(what_is_dropped_without_a_word),         cmocka_unit_test(too_large_is_cut_again),
        cmocka_unit_test(nobody_at_the_next_hop),                 cmocka_unit_test(one_arm_and_far_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
