/* ICMP: rows IC-1, IC-2, IC-3, IC-5, IC-6 and IC-9; the path MTU through what a ping's errors do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "hostile/craft.h"

static uint64_t feed(struct victim *v, const struct craft *craft, const uint8_t *message, uint32_t length,
                     enum baro_drop_reason reason)
{
    static struct crafted f;

    craft_ip(&f, craft, message, length);
    return victim_feed(v, f.octets, f.length, reason);
}

static void ic1_no_echo_to_a_group(void **state)
{
    const struct baro_address to[] = { baro_ipv4(255, 255, 255, 255), baro_ipv4(10, 0, 0, 255),
                                       baro_ipv4(224, 0, 0, 1) };
    uint8_t message[32];
    uint32_t length = craft_icmp(message, 8, 0, 1, "abcd", 4);
    struct craft c = craft_default();
    struct victim v;

    (void)state;
    victim_init(&v, false);
    c.protocol = 1;
    c.to = (struct baro_mac){ { 255, 255, 255, 255, 255, 255 } };
    for (unsigned i = 0; i < 3; i++) {
        c.destination = to[i];
        assert_int_equal(feed(&v, &c, message, length, BARO_DROP_ICMP_TO_GROUP), 1);
        assert_int_equal(victim_forget(&v), 0);
    }
    victim_release(&v);
}

static void ic2_short_and_wrong(void **state)
{
    const struct device_frame *frame;
    uint8_t message[32];
    uint32_t length = craft_icmp(message, 8, 0, 1, "abcde", 5);
    struct craft c = craft_default();
    struct victim v;

    (void)state;
    victim_init(&v, false);
    c.protocol = 1;
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(feed(&v, &c, message, i, BARO_DROP_ICMP_TRUNCATED), 1);
    for (uint32_t i = 8; i < length; i++)
        assert_int_equal(feed(&v, &c, message, i, BARO_DROP_ICMP_CHECKSUM), 1);
    feed(&v, &c, message, length, BARO_DROP_NONE);
    frame = victim_icmp(&v, 0);
    assert_non_null(frame);
    assert_int_equal(frame->length, 34 + length);
    craft_icmp(message, 0, 0, 1, "abcde", 5); /* a reply to nothing */
    assert_int_equal(feed(&v, &c, message, length, BARO_DROP_ICMP_NO_MATCH), 1);
    for (unsigned type = 0; type < 256; type++) {
        if (type == 0 || type == 3 || type == 8 || type == 11 || type == 12)
            continue;
        craft_icmp(message, (uint8_t)type, 0, 1, "abcde", 5);
        assert_int_equal(feed(&v, &c, message, length, BARO_DROP_ICMP_TYPE_UNKNOWN), 1);
    }
    assert_int_equal(victim_forget(&v), 0);
    victim_release(&v);
}

/* IC-3: errors that quote too little, nonsense, or what we never sent. */
static void ic3_quotes(void **state)
{
    uint8_t quote[28] = { 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 8, 0, 0, 0, 0, 9, 0, 9 };
    uint8_t message[64];
    struct craft c = craft_default();
    struct victim v;
    struct baro_ping_result result;

    (void)state;
    victim_init(&v, false);
    c.protocol = 1;
    baro_stack_ping(v.stack, baro_ipv4(10, 0, 0, 2), 9, 9, 0);
    victim_wait(&v, 0);
    victim_forget(&v);
    for (uint32_t length = 0; length < sizeof quote; length++) {
        uint32_t octets = craft_icmp(message, 3, 1, 0, quote, length);

        assert_int_equal(feed(&v, &c, message, octets, BARO_DROP_ICMP_NO_MATCH), 1);
    }
    for (unsigned first = 0; first < 256; first++) { /* every version and header length but 4 and 5 */
        uint32_t octets;

        if (first == 0x45)
            continue;
        quote[0] = (uint8_t)first;
        octets = craft_icmp(message, 3, 1, 0, quote, sizeof quote);
        assert_int_equal(feed(&v, &c, message, octets, BARO_DROP_ICMP_NO_MATCH), 1);
    }
    quote[0] = 0x45;
    quote[15] = 3; /* "from" another host */
    feed(&v, &c, message, craft_icmp(message, 3, 1, 0, quote, sizeof quote), BARO_DROP_NONE);
    quote[15] = 1;
    quote[27] = 8; /* a sequence number that we did not send */
    feed(&v, &c, message, craft_icmp(message, 3, 1, 0, quote, sizeof quote), BARO_DROP_NONE);
    assert_false(baro_stack_ping_result(v.stack, &result));
    quote[27] = 9;
    feed(&v, &c, message, craft_icmp(message, 3, 1, 0, quote, sizeof quote), BARO_DROP_NONE);
    assert_true(baro_stack_ping_result(v.stack, &result));
    assert_int_equal(result.type, 3);
    assert_int_equal(result.code, 1);
    assert_int_equal(victim_forget(&v), 0);
    victim_release(&v);
}

/* The largest frame of a ping of 1,400 octets. */
static uint32_t largest(struct victim *v, uint16_t sequence)
{
    const struct device_frame *frame;
    uint32_t length = 0;

    baro_stack_ping(v->stack, baro_ipv4(10, 0, 0, 2), 9, sequence, 1400);
    victim_wait(v, 0);
    while ((frame = frame_device_take(&v->device)) != NULL)
        length = frame->length > length ? frame->length : length;
    return length - 14;
}

/* IC-5 */
static void ic5_path_mtu_only_falls_and_has_a_floor(void **state)
{
    static const struct { uint16_t reported, packet; } step[] = { { 65535, 1428 }, { 1500, 1428 }, { 1400, 1396 },
                                                                  { 1450, 1396 }, { 1000, 996 },   { 67, 548 },
                                                                  { 0, 548 },     { 1, 548 } };
    uint8_t quote[28] = { 0x45, 0, 5, 148, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 8, 0, 0, 0, 0, 9, 0, 0 };
    uint8_t message[64];
    struct craft c = craft_default();
    struct victim v;

    (void)state;
    victim_init(&v, false);
    c.protocol = 1;
    quote[27] = 77; /* nothing of ours: believed by nobody */
    feed(&v, &c, message, craft_icmp(message, 3, 4, 600, quote, sizeof quote), BARO_DROP_NONE);
    assert_int_equal(largest(&v, 0), 1428);
    for (uint8_t i = 0; i < sizeof step / sizeof step[0]; i++) {
        uint32_t now;

        quote[27] = i;
        feed(&v, &c, message, craft_icmp(message, 3, 4, step[i].reported, quote, sizeof quote), BARO_DROP_NONE);
        now = largest(&v, (uint16_t)(i + 1));
        assert_int_equal(now, step[i].packet);
    }
    victim_wait(&v, 601000);
    assert_int_equal(largest(&v, 99), 1428);
    victim_release(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ic1_no_echo_to_a_group),
        cmocka_unit_test(ic2_short_and_wrong),
        cmocka_unit_test(ic3_quotes),
        cmocka_unit_test(ic5_path_mtu_only_falls_and_has_a_floor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
