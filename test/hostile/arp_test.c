/* ARP: rows L-2, L-3 and L-5, and RFC 5227's probing, announcing, defending and losing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "hostile/craft.h"

static const struct baro_mac broadcast = { { 255, 255, 255, 255, 255, 255 } }, own = { { 2, 0, 0, 0, 0, 1 } },
                             other = { { 2, 0, 0, 0, 0, 7 } }, group = { { 1, 0, 0, 0, 0, 7 } };
static const uint8_t no_mac[6];

static const struct device_frame *next_arp(struct victim *v)
{
    const struct device_frame *frame;

    while ((frame = frame_device_take(&v->device)) != NULL) {
        if (frame->data[12] == 8 && frame->data[13] == 6)
            return frame;
    }
    return NULL;
}

static void l2_malformed(void **state)
{
    struct victim v;
    struct crafted good, f;

    (void)state;
    victim_init(&v, false);
    craft_arp(&good, 1, baro_ipv4(10, 0, 0, 7), other, baro_ipv4(10, 0, 0, 1), broadcast);
    for (uint32_t length = 14; length < 42; length++)
        assert_int_equal(victim_feed(&v, good.octets, length, BARO_DROP_ARP_MALFORMED), 1);
    for (unsigned at = 14; at < 20; at++) { /* hardware, protocol and their lengths, each octet in turn */
        f = good;
        f.octets[at] ^= 0xff;
        assert_int_equal(victim_feed(&v, f.octets, f.length, BARO_DROP_ARP_MALFORMED), 1);
    }
    for (unsigned operation = 0; operation < 65536; operation += operation < 8 ? 1 : 4093) {
        f = good;
        write_be16(f.octets + 20, (uint16_t)operation);
        assert_int_equal(victim_feed(&v, f.octets, f.length, BARO_DROP_ARP_MALFORMED),
                         operation != 1 && operation != 2);
        victim_forget(&v);
    }
    victim_release(&v);
}

static void l3_senders(void **state)
{
    const struct device_frame *frame;
    struct victim v;
    struct crafted f;

    (void)state;
    victim_init(&v, false);
    craft_arp(&f, 1, baro_ipv4(10, 0, 0, 7), group, baro_ipv4(10, 0, 0, 1), broadcast);
    assert_int_equal(victim_feed(&v, f.octets, f.length, BARO_DROP_ARP_BAD_SENDER), 1);
    craft_arp(&f, 1, baro_ipv4(224, 0, 0, 7), other, baro_ipv4(10, 0, 0, 1), broadcast);
    assert_int_equal(victim_feed(&v, f.octets, f.length, BARO_DROP_ARP_BAD_SENDER), 1);
    craft_arp(&f, 1, baro_ipv4(10, 0, 0, 7), other, baro_ipv4(10, 0, 0, 8), broadcast);
    assert_int_equal(victim_feed(&v, f.octets, f.length, BARO_DROP_ARP_NOT_FOR_ME), 1);
    assert_null(next_arp(&v));
    /* a probe for our address is answered, and its sender not remembered */
    craft_arp(&f, 1, baro_ipv4(0, 0, 0, 0), other, baro_ipv4(10, 0, 0, 1), broadcast);
    victim_feed(&v, f.octets, f.length, BARO_DROP_NONE);
    frame = next_arp(&v);
    assert_non_null(frame);
    assert_int_equal(frame->data[21], 2);
    assert_memory_equal(frame->data, other.octet, 6);
    /* an unsolicited reply makes no entry: a ping there asks first */
    craft_arp(&f, 2, baro_ipv4(10, 0, 0, 7), other, baro_ipv4(10, 0, 0, 1), own);
    victim_feed(&v, f.octets, f.length, BARO_DROP_NONE);
    baro_stack_ping(v.stack, baro_ipv4(10, 0, 0, 7), 1, 1, 0);
    victim_wait(&v, 0);
    frame = frame_device_take(&v.device);
    assert_non_null(frame);
    assert_int_equal(frame->data[13], 6);
    assert_int_equal(frame->data[21], 1);
    assert_memory_equal(frame->data, broadcast.octet, 6);
    assert_null(frame_device_take(&v.device));
    /* now it is an answer, and what waited goes out */
    victim_feed(&v, f.octets, f.length, BARO_DROP_NONE);
    frame = frame_device_take(&v.device);
    assert_non_null(frame);
    assert_int_equal(frame->data[23], 1);
    assert_memory_equal(frame->data, other.octet, 6);
    /* the fixed entry of the peer is not moved by any packet */
    craft_arp(&f, 2, baro_ipv4(10, 0, 0, 2), other, baro_ipv4(10, 0, 0, 1), own);
    victim_feed(&v, f.octets, f.length, BARO_DROP_NONE);
    baro_stack_ping(v.stack, baro_ipv4(10, 0, 0, 2), 1, 2, 0);
    victim_wait(&v, 0);
    frame = frame_device_take(&v.device);
    assert_int_equal(frame->data[5], 2);
    victim_release(&v);
}

static void conflict_is_defended_once_in_ten_seconds(void **state)
{
    struct victim v;
    struct crafted f;
    const struct device_frame *frame;

    (void)state;
    victim_init(&v, false);
    craft_arp(&f, 1, baro_ipv4(10, 0, 0, 1), other, baro_ipv4(10, 0, 0, 1), broadcast);
    for (unsigned ms = 0; ms < 10000; ms += 500) {
        assert_int_equal(victim_feed(&v, f.octets, f.length, BARO_DROP_ARP_CONFLICT), 1);
        frame = next_arp(&v);
        assert_int_equal(frame != NULL, ms == 0);
        if (frame != NULL)
            assert_memory_equal(frame->data + 22, own.octet, 6);
        victim_wait(&v, 500);
    }
    victim_feed(&v, f.octets, f.length, BARO_DROP_NONE);
    assert_non_null(next_arp(&v));
    victim_release(&v);
}

static void probing_ends_well_or_not(void **state)
{
    for (unsigned lost = 0; lost < 2; lost++) {
        struct victim v;
        struct crafted f;
        const struct device_frame *frame;
        unsigned probes = 0, announcements = 0;

        (void)state;
        victim_init(&v, false);
        assert_int_equal(baro_stack_add_address(v.stack, 1, baro_ipv4(10, 0, 0, 50), 24, true), 0);
        for (unsigned ms = 0; ms < 12000; ms += 100) {
            victim_wait(&v, 100);
            while ((frame = next_arp(&v)) != NULL) {
                assert_int_equal(frame->data[41], 50);
                if (memcmp(frame->data + 28, no_mac, 4) == 0)
                    probes++;
                else
                    announcements++;
                if (lost != 0 && probes == 2) {
                    craft_arp(&f, 2, baro_ipv4(10, 0, 0, 50), other, baro_ipv4(0, 0, 0, 0), broadcast);
                    victim_feed(&v, f.octets, f.length, BARO_DROP_NONE);
                }
            }
        }
        assert_int_equal(probes, lost != 0 ? 2 : 3);
        assert_int_equal(announcements, lost != 0 ? 0 : 2);
        craft_arp(&f, 1, baro_ipv4(10, 0, 0, 7), other, baro_ipv4(10, 0, 0, 50), broadcast);
        victim_feed(&v, f.octets, f.length, BARO_DROP_NONE);
        assert_int_equal(next_arp(&v) != NULL, lost == 0);
        victim_release(&v);
    }
}

/* Who asked for us is believed and used at once, and asked himself five seconds after that, three times, at his known
 * address; an answer that comes before the question proves nothing. */
static void an_unproven_neighbour_is_asked_after_its_use(void **state)
{
    const struct device_frame *frame;
    struct victim v;
    struct crafted f;
    unsigned asked = 0;

    (void)state;
    victim_init(&v, false);
    craft_arp(&f, 1, baro_ipv4(10, 0, 0, 7), other, baro_ipv4(10, 0, 0, 1), broadcast);
    victim_feed(&v, f.octets, f.length, BARO_DROP_NONE);
    victim_forget(&v);
    baro_stack_ping(v.stack, baro_ipv4(10, 0, 0, 7), 1, 1, 0);
    victim_wait(&v, 0);
    frame = frame_device_take(&v.device);
    assert_non_null(frame);
    assert_memory_equal(frame->data, other.octet, 6);
    assert_int_equal(frame->data[13], 0);
    craft_arp(&f, 2, baro_ipv4(10, 0, 0, 7), other, baro_ipv4(10, 0, 0, 1), own);
    victim_feed(&v, f.octets, f.length, BARO_DROP_NONE);
    victim_wait(&v, 4900);
    assert_null(next_arp(&v));
    for (unsigned ms = 0; ms < 3100; ms += 100) {
        victim_wait(&v, 100);
        while ((frame = next_arp(&v)) != NULL)
            asked += memcmp(frame->data, other.octet, 6) == 0;
    }
    assert_int_equal(asked, 3);
    victim_release(&v);
}

/* L-5: floods of requests and of lookups are bounded and leave a neighbour that answers alone. */
static void floods_leave_proven_neighbours(void **state)
{
    struct victim v;
    struct crafted f;
    struct baro_statistics before, after;
    const struct device_frame *frame;

    (void)state;
    victim_init(&v, false);
    assert_int_equal(baro_stack_add_address(v.stack, 1, baro_ipv4(10, 1, 0, 1), 16, false), 0);
    baro_stack_ping(v.stack, baro_ipv4(10, 0, 0, 7), 1, 1, 0);
    victim_wait(&v, 0);
    craft_arp(&f, 2, baro_ipv4(10, 0, 0, 7), other, baro_ipv4(10, 0, 0, 1), own);
    victim_feed(&v, f.octets, f.length, BARO_DROP_NONE);
    for (unsigned i = 0; i < 5000; i++) {
        if (i == 2000)
            baro_stack_statistics(v.stack, &before);
        craft_arp(&f, 1, baro_ipv4(10, 1, (uint8_t)(2 + i / 256), (uint8_t)i), other, baro_ipv4(10, 1, 0, 1),
                  broadcast);
        victim_feed(&v, f.octets, f.length, BARO_DROP_NONE);
        baro_stack_ping(v.stack, baro_ipv4(10, 1, (uint8_t)(100 + i / 256), (uint8_t)i), 1, 1, 0);
        victim_wait(&v, 0);
        victim_forget(&v);
    }
    baro_stack_statistics(v.stack, &after);
    assert_int_equal(after.slab_bytes, before.slab_bytes);
    baro_stack_ping(v.stack, baro_ipv4(10, 0, 0, 7), 1, 2, 0);
    victim_wait(&v, 0);
    frame = frame_device_take(&v.device);
    assert_non_null(frame);
    assert_int_equal(frame->data[13], 0); /* IPv4: nobody had to be asked */
    victim_release(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(l2_malformed),
        cmocka_unit_test(l3_senders),
        cmocka_unit_test(conflict_is_defended_once_in_ten_seconds),
        cmocka_unit_test(probing_ends_well_or_not),
        cmocka_unit_test(an_unproven_neighbour_is_asked_after_its_use),
        cmocka_unit_test(floods_leave_proven_neighbours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
