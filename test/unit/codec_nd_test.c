/* Neighbour discovery's messages: octets written out from RFC 4861 §4, 4191 §2, 8106 §5; each rule of §6.1, §7.1 and
 * §8.1 broken alone; every option with every length; what is written reads back. The reader is given memory of exactly
 * the size that it may look at, so that a sanitizer sees one octet too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "codec/nd.h"

enum { ZONE = 3 };

static struct baro_address link_local(uint16_t last)
{
    return address_in_zone(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, last), ZONE);
}

static struct baro_address all_nodes(void)
{
    return address_in_zone(baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1), ZONE);
}

/* As a router would send it. */
static struct nd_arrival arrival_of(struct baro_address source, struct baro_address destination)
{
    return (struct nd_arrival){ .source = source, .destination = destination, .interface = ZONE, .hop_limit = 255 };
}

/* The copy lives until the next call: what is borrowed can be looked at. */
static enum baro_drop_reason read_exactly(struct nd_message *message, const struct nd_arrival *arrival,
                                          const uint8_t *octets, size_t length)
{
    static uint8_t *copy;

    free(copy);
    copy = malloc(length == 0 ? 1 : length);
    if (length != 0)
        memcpy(copy, octets, length);
    return nd_read(message, arrival, (struct baro_bytes){ copy, length });
}

/* ---- octets by hand ---- */

static const uint8_t advertisement[] = {
    134, 0, 0, 0, 64, 0xc8, 0x07, 0x08, 0, 0, 0x75, 0x30, 0, 0, 3, 0xe8,         /* M, O, high, 1800 s, 30 s, 1 s */
    1, 1, 2, 0, 0, 0, 0, 9,                                                      /* source MAC */
    5, 1, 0, 0, 0, 0, 5, 0xdc,                                                   /* MTU 1500 */
    3, 4, 64, 0xc0, 0, 1, 0x51, 0x80, 0, 0, 0x38, 0x40, 0, 0, 0, 0,              /* L, A, 86400 s, 14400 s */
    0xfd, 0, 0, 7, 0, 0, 0, 0, 0xaa, 0, 0, 0, 0, 0, 0, 1,                        /* fd00:7::/64 with octets behind it */
    24, 2, 48, 0x18, 0, 0, 2, 0x58, 0xfd, 0, 0, 8, 0, 1, 0, 0,                   /* fd00:8:1::/48, low, 600 s */
    25, 3, 0, 0, 0, 0, 0, 100, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5,
    31, 2, 0, 0, 0, 0, 0, 50, 3, 'l', 'a', 'n', 0, 0, 0, 0,
    200, 1, 1, 2, 3, 4, 5, 6                                                     /* nobody knows this one */
};

static void an_advertisement_octet_by_octet(void **state)
{
    const struct nd_arrival arrival = arrival_of(link_local(1), all_nodes());
    struct nd_message message;
    char text[ND_NAME_TEXT];
    size_t at = 0;

    (void)state;
    assert_int_equal(read_exactly(&message, &arrival, advertisement, sizeof advertisement), BARO_DROP_NONE);
    assert_int_equal(message.type, 134);
    assert_true(message.managed && message.other);
    assert_int_equal(message.preference, ND_PREFERENCE_HIGH);
    assert_int_equal(message.hop_limit, 64);
    assert_int_equal(message.lifetime_s, 1800);
    assert_int_equal(message.reachable_ms, 30000);
    assert_int_equal(message.retransmit_ms, 1000);
    assert_true(message.has_source_mac && message.source_mac.octet[5] == 9);
    assert_true(message.has_mtu && message.mtu == 1500);
    assert_int_equal(message.prefixes, 1);
    assert_true(address_equal(message.prefix[0].prefix, baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, 0)));
    assert_true(message.prefix[0].length == 64 && message.prefix[0].on_link && message.prefix[0].autonomous);
    assert_int_equal(message.prefix[0].valid_s, 86400);
    assert_int_equal(message.prefix[0].preferred_s, 14400);
    assert_int_equal(message.routes, 1);
    assert_true(address_equal(message.route[0].prefix, baro_ipv6(0xfd00, 8, 1, 0, 0, 0, 0, 0)));
    assert_true(message.route[0].length == 48 && message.route[0].preference == ND_PREFERENCE_LOW);
    assert_int_equal(message.route[0].lifetime_s, 600);
    assert_int_equal(message.servers, 1);
    assert_true(address_equal(message.server[0].address, link_local(5))); /* in the zone that it came from */
    assert_int_equal(message.server[0].lifetime_s, 100);
    assert_int_equal(message.searches, 1);
    assert_int_equal(message.search[0].lifetime_s, 50);
    assert_true(nd_name_text(message.search[0].names, &at, text));
    assert_string_equal(text, "lan");
    assert_false(nd_name_text(message.search[0].names, &at, text));
}

/* RFC 4191 §2.2: the reserved preference is medium, and so is any of a router with lifetime 0. */
static void preferences(void **state)
{
    static const enum nd_preference wanted[4] = { ND_PREFERENCE_MEDIUM, ND_PREFERENCE_HIGH, ND_PREFERENCE_MEDIUM,
                                                  ND_PREFERENCE_LOW };
    const struct nd_arrival arrival = arrival_of(link_local(1), all_nodes());
    uint8_t octets[16] = { 134 };
    struct nd_message message;

    (void)state;
    for (unsigned bits = 0; bits < 4; bits++) {
        octets[5] = (uint8_t)(bits << 3);
        octets[7] = 1;
        assert_int_equal(read_exactly(&message, &arrival, octets, 16), BARO_DROP_NONE);
        assert_int_equal(message.preference, wanted[bits]);
        octets[7] = 0;
        assert_int_equal(read_exactly(&message, &arrival, octets, 16), BARO_DROP_NONE);
        assert_int_equal(message.preference, ND_PREFERENCE_MEDIUM);
    }
    assert_true(nd_preference_rank(ND_PREFERENCE_HIGH) > nd_preference_rank(ND_PREFERENCE_MEDIUM));
    assert_true(nd_preference_rank(ND_PREFERENCE_MEDIUM) > nd_preference_rank(ND_PREFERENCE_LOW));
}

/* ---- the rules, each broken alone ---- */

enum { SPOIL_HOPS = 1, SPOIL_CODE, SPOIL_FRAGMENT };

struct rule {
    const char *name;
    struct nd_message message;
    struct baro_address source, destination;
    int spoil;       /* one of the above, or 0 */
    unsigned length; /* cut to this; 0: whole */
    enum baro_drop_reason wanted;
};

static void judge(const struct rule *rule)
{
    struct nd_arrival arrival = arrival_of(rule->source, rule->destination);
    struct nd_message message;
    uint8_t octets[128];
    size_t length = nd_write(&rule->message, octets, sizeof octets);
    enum baro_drop_reason reason;

    assert_true(length != 0);
    if (rule->spoil == SPOIL_HOPS)
        arrival.hop_limit = 254;
    if (rule->spoil == SPOIL_CODE)
        octets[1] = 1;
    if (rule->spoil == SPOIL_FRAGMENT)
        arrival.fragmented = true;
    reason = read_exactly(&message, &arrival, octets, rule->length == 0 ? length : rule->length);
    if (reason != rule->wanted)
        fail_msg("%s: %u instead of %u", rule->name, (unsigned)reason, (unsigned)rule->wanted);
}

static void what_is_true_of_all_five(void **state)
{
    static const unsigned least[] = { 8, 16, 24, 24, 40 };

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        const struct nd_message message = { .type = (uint8_t)(133 + i), .target = link_local(2),
                                            .destination = link_local(2) };
        struct rule rule = { "whole", message, link_local(1), all_nodes(), 0, 0, BARO_DROP_NONE };

        judge(&rule);
        rule.spoil = SPOIL_HOPS, rule.wanted = BARO_DROP_ND_HOP_LIMIT;
        judge(&rule);
        rule.spoil = SPOIL_FRAGMENT, rule.wanted = BARO_DROP_ND_FRAGMENTED;
        judge(&rule);
        rule.spoil = SPOIL_CODE, rule.wanted = BARO_DROP_ND_MALFORMED;
        judge(&rule);
        for (rule.spoil = 0, rule.length = 1; rule.length < least[i]; rule.length++)
            judge(&rule);
    }
}

static void rules_of_each(void **state)
{
    const struct baro_address nobody = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0),
                              global = baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, 9);
    const struct baro_address node = address_solicited_node(global, ZONE), me = link_local(7), it = link_local(1);
    const struct nd_message rs = { .type = 133 }, ra = { .type = 134 }, ns = { .type = 135, .target = global };
    const struct nd_message na = { .type = 136, .target = global },
                            answer = { .type = 136, .target = global, .solicited = true };
    const struct nd_message rs_mac = { .type = 133, .has_source_mac = true },
                            ns_mac = { .type = 135, .target = global, .has_source_mac = true };
    const struct nd_message on_link = { .type = 137, .target = global, .destination = global };
    const struct nd_message better = { .type = 137, .target = link_local(2), .destination = global };
    const struct nd_message astray = { .type = 137,
                                       .target = baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, 8),
                                       .destination = global };
    const struct nd_message group = { .type = 137, .target = link_local(2), .destination = all_nodes() };
    const struct nd_message ns_group = { .type = 135, .target = all_nodes() },
                            na_group = { .type = 136, .target = all_nodes() };
    const struct rule rules[] = {
        { "RS of nobody", rs, nobody, all_nodes(), 0, 0, BARO_DROP_NONE },
        { "RS of nobody with a MAC", rs_mac, nobody, all_nodes(), 0, 0, BARO_DROP_ND_BAD_SOURCE },
        { "RS with a MAC", rs_mac, it, all_nodes(), 0, 0, BARO_DROP_NONE },
        { "RA of a global address", ra, global, all_nodes(), 0, 0, BARO_DROP_ND_BAD_SOURCE },
        { "RA of nobody", ra, nobody, all_nodes(), 0, 0, BARO_DROP_ND_BAD_SOURCE },
        { "RA to one", ra, it, me, 0, 0, BARO_DROP_NONE },
        { "NS", ns_mac, it, node, 0, 0, BARO_DROP_NONE },
        { "NS of nobody", ns, nobody, node, 0, 0, BARO_DROP_NONE },
        { "NS of nobody to one", ns, nobody, global, 0, 0, BARO_DROP_ND_BAD_SOURCE },
        { "NS of nobody to all", ns, nobody, all_nodes(), 0, 0, BARO_DROP_ND_BAD_SOURCE },
        { "NS of nobody with a MAC", ns_mac, nobody, node, 0, 0, BARO_DROP_ND_BAD_SOURCE },
        { "NS for a group", ns_group, it, node, 0, 0, BARO_DROP_ND_BAD_ADDRESS },
        { "NA to all", na, it, all_nodes(), 0, 0, BARO_DROP_NONE },
        { "NA solicited, to all", answer, it, all_nodes(), 0, 0, BARO_DROP_ND_BAD_ADDRESS },
        { "NA solicited", answer, it, me, 0, 0, BARO_DROP_NONE },
        { "NA for a group", na_group, it, me, 0, 0, BARO_DROP_ND_BAD_ADDRESS },
        { "redirect onto the link", on_link, it, me, 0, 0, BARO_DROP_NONE },
        { "redirect to a router", better, it, me, 0, 0, BARO_DROP_NONE },
        { "redirect of a global address", better, global, me, 0, 0, BARO_DROP_ND_BAD_SOURCE },
        { "redirect to neither", astray, it, me, 0, 0, BARO_DROP_ND_BAD_ADDRESS },
        { "redirect of a group", group, it, me, 0, 0, BARO_DROP_ND_BAD_ADDRESS },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rules / sizeof rules[0]; i++)
        judge(&rules[i]);
}

/* ---- options ---- */

static bool length_fits(unsigned kind, unsigned units)
{
    switch (kind) {
    case 1: case 5: return units == 1;
    case 3: return units == 4;
    case 24: return units == 2 || units == 3; /* the prefix of 32 bits below wants four octets */
    case 25: return units >= 3 && units % 2 == 1;
    default: return false;
    }
}

/* §4.6: zero or too long condemns the message; a wrong one of a known kind hides that option alone. */
static void every_option_with_every_length(void **state)
{
    const struct nd_arrival arrival = arrival_of(link_local(1), all_nodes());
    uint8_t octets[16 + 56 + 8];

    (void)state;
    for (unsigned kind = 0; kind < 256; kind++) {
        for (unsigned units = 0; units < 256; units++) {
            for (unsigned room = 1; room <= 56; room++) {
                size_t length = 16 + room;
                bool good = room == units * 8 && units != 0;
                enum baro_drop_reason reason;
                struct nd_message message;

                if (room % 8 > 1 && units > 8) /* more of the same */
                    continue;
                memset(octets, 0x20, sizeof octets);
                memset(octets, 0, 16);
                octets[0] = 134;
                octets[16] = (uint8_t)kind;
                octets[17] = (uint8_t)units;
                if (!good && units != 0 && units * 8 < room)
                    continue; /* what follows is another option */
                reason = read_exactly(&message, &arrival, octets, length);
                if (reason != (good ? BARO_DROP_NONE : BARO_DROP_ND_MALFORMED))
                    fail_msg("kind %u, units %u, room %u: %u", kind, units, room, (unsigned)reason);
                if (good && message.has_source_mac + message.has_mtu + message.prefixes + message.routes +
                            (message.servers != 0) != length_fits(kind, units))
                    fail_msg("kind %u, units %u", kind, units);
            }
        }
    }
}

/* RFC 4191 §2.3, RFC 4861 §4.6.2: a prefix longer than an address, or than its option. */
static void prefixes_that_are_none(void **state)
{
    const struct nd_arrival arrival = arrival_of(link_local(1), all_nodes());
    uint8_t octets[48] = { 134 };
    struct nd_message message;

    (void)state;
    octets[16] = 3, octets[17] = 4, octets[18] = 129;
    assert_int_equal(read_exactly(&message, &arrival, octets, 48), BARO_DROP_NONE);
    assert_int_equal(message.prefixes, 0);
    octets[18] = 128;
    assert_int_equal(read_exactly(&message, &arrival, octets, 48), BARO_DROP_NONE);
    assert_int_equal(message.prefixes, 1);
    octets[16] = 24, octets[17] = 2, octets[18] = 65;
    octets[32] = 200, octets[33] = 2;
    assert_int_equal(read_exactly(&message, &arrival, octets, 48), BARO_DROP_NONE);
    assert_int_equal(message.routes, 0);
    octets[18] = 64;
    assert_int_equal(read_exactly(&message, &arrival, octets, 48), BARO_DROP_NONE);
    assert_int_equal(message.routes, 1);
    octets[19] = 0x10; /* the reserved preference */
    assert_int_equal(read_exactly(&message, &arrival, octets, 48), BARO_DROP_NONE);
    assert_int_equal(message.routes, 0);
}

/* A flood in one packet is kept in bounds, its first ones count. */
static void many_are_few(void **state)
{
    const struct nd_arrival arrival = arrival_of(link_local(1), all_nodes());
    static uint8_t octets[16 + 200 * 32];
    struct nd_message message;

    (void)state;
    octets[0] = 134;
    for (unsigned i = 0; i < 200; i++) {
        uint8_t *at = octets + 16 + (size_t)i * 32;

        at[0] = 3, at[1] = 4, at[2] = 64, at[16] = 0xfd, at[23] = (uint8_t)i;
    }
    assert_int_equal(read_exactly(&message, &arrival, octets, sizeof octets), BARO_DROP_NONE);
    assert_int_equal(message.prefixes, ND_PREFIXES);
    assert_int_equal(message.prefix[ND_PREFIXES - 1].prefix.octet[7], ND_PREFIXES - 1);
    for (unsigned i = 0; i < 200; i++)
        octets[16 + i * 32] = 24, octets[17 + i * 32] = 4; /* too long for a route */
    assert_int_equal(read_exactly(&message, &arrival, octets, sizeof octets), BARO_DROP_NONE);
    assert_int_equal(message.routes + message.prefixes, 0);
}

/* RFC 8106 §5.2: labels, no compression, an end, zeros up to the option's. */
static void search_lists(void **state)
{
    static const struct { uint8_t octets[16]; unsigned names; } lists[] = {
        { { 1, 'a', 0, 2, 'b', 'c', 1, 'd', 0, 0, 0, 0, 0, 0, 0, 0 }, 2 },
        { { 1, 'a', 0, 0, 1, 'b', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 0 },   /* something behind the zeros */
        { { 1, 'a', 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 0 },  /* a compression pointer */
        { { 15, 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a' }, 0 }, /* no end */
        { { 14, 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 0 }, 1 },
        { { 0 }, 0 },
        { { 64, 0 }, 0 },
    };
    const struct nd_arrival arrival = arrival_of(link_local(1), all_nodes());

    (void)state;
    for (unsigned i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        uint8_t octets[40] = { 134, [16] = 31, [17] = 3 };
        struct nd_message message;
        char text[ND_NAME_TEXT];
        unsigned names = 0;
        size_t at = 0;

        memcpy(octets + 24, lists[i].octets, 16);
        assert_int_equal(read_exactly(&message, &arrival, octets, 40), BARO_DROP_NONE);
        while (message.searches != 0 && nd_name_text(message.search[0].names, &at, text))
            names++;
        assert_int_equal(names, lists[i].names);
        if (i == 0)
            assert_string_equal(text, "bc.d");
    }
}

static void names_are_written(void **state)
{
    uint8_t octets[256], wanted[] = { 3, 'l', 'a', 'n', 4, 'h', 'o', 'm', 'e', 0 };
    char label[70], text[ND_NAME_TEXT];
    size_t at = 0;

    (void)state;
    assert_int_equal(nd_name_write("lan.home", octets, sizeof octets), sizeof wanted);
    assert_memory_equal(octets, wanted, sizeof wanted);
    assert_int_equal(nd_name_write("lan.home.", octets, sizeof octets), sizeof wanted);
    assert_int_equal(nd_name_write("lan.home", octets, sizeof wanted), sizeof wanted);
    assert_int_equal(nd_name_write("lan.home", octets, sizeof wanted - 1), 0);
    assert_int_equal(nd_name_write("", octets, sizeof octets), 0);
    assert_int_equal(nd_name_write("a..b", octets, sizeof octets), 0);
    memset(label, 'x', sizeof label);
    label[64] = '\0';
    assert_int_equal(nd_name_write(label, octets, sizeof octets), 0);
    label[63] = '\0';
    assert_int_equal(nd_name_write(label, octets, sizeof octets), 65);
    /* what could write elsewhere on a screen or in resolv.conf does not come through */
    octets[0] = 4, octets[1] = '\n', octets[2] = '.', octets[3] = ' ', octets[4] = 'a', octets[5] = 0;
    assert_true(nd_name_text((struct baro_bytes){ octets, 6 }, &at, text));
    assert_string_equal(text, "???a");
}

/* ---- there and back ---- */

static void what_is_written_reads_back(void **state)
{
    static const uint8_t nonce[ND_NONCE] = { 1, 2, 3, 4, 5, 6 }, packet[60] = { 0x60 };
    const struct nd_arrival arrival = arrival_of(link_local(1), all_nodes());
    struct nd_message message, again;
    uint8_t octets[512];
    size_t length;

    (void)state;
    /* The advertisement above again, but for what nobody knows and what stood behind the prefix. */
    assert_int_equal(read_exactly(&message, &arrival, advertisement, sizeof advertisement), BARO_DROP_NONE);
    length = nd_write(&message, octets, sizeof octets);
    assert_int_equal(length, sizeof advertisement - 8);
    assert_memory_equal(octets, advertisement, 48);
    assert_memory_equal(octets + 64, advertisement + 64, length - 64);
    for (size_t room = 0; room < length; room++)
        assert_int_equal(nd_write(&message, octets, room), 0);

    message = (struct nd_message){ .type = 135, .target = link_local(4), .nonce = { nonce, sizeof nonce },
                                   .has_source_mac = true, .source_mac = { { 2, 0, 0, 0, 0, 4 } } };
    length = nd_write(&message, octets, sizeof octets);
    assert_int_equal(length, 40);
    assert_int_equal(read_exactly(&again, &arrival, octets, length), BARO_DROP_NONE);
    assert_true(address_equal(again.target, link_local(4)) && again.has_source_mac);
    assert_true(again.nonce.length == ND_NONCE && memcmp(again.nonce.data, nonce, ND_NONCE) == 0);

    message = (struct nd_message){ .type = 136, .target = link_local(4), .router = true, .override = true,
                                   .has_target_mac = true };
    length = nd_write(&message, octets, sizeof octets);
    assert_int_equal(octets[4], 0xa0);
    assert_int_equal(read_exactly(&again, &arrival, octets, length), BARO_DROP_NONE);
    assert_true(again.router && !again.solicited && again.override && again.has_target_mac && !again.has_source_mac);

    /* A redirected packet is cut to what fits; its octets are those of the packet's start. */
    message = (struct nd_message){ .type = 137,
                                   .target = link_local(4),
                                   .destination = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1),
                                   .redirected = { packet, sizeof packet } };
    assert_int_equal(nd_write(&message, octets, sizeof octets), 40 + 8 + 64);
    length = nd_write(&message, octets, 40 + 8 + 33);
    assert_int_equal(length, 40 + 8 + 32);
    assert_int_equal(read_exactly(&again, &arrival, octets, length), BARO_DROP_NONE);
    assert_int_equal(again.redirected.length, 32);
    assert_memory_equal(again.redirected.data, packet, 32);
    assert_true(address_equal(again.destination, message.destination));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_advertisement_octet_by_octet),
        cmocka_unit_test(preferences),
        cmocka_unit_test(what_is_true_of_all_five),
        cmocka_unit_test(rules_of_each),
        cmocka_unit_test(every_option_with_every_length),
        cmocka_unit_test(prefixes_that_are_none),
        cmocka_unit_test(many_are_few),
        cmocka_unit_test(search_lists),
        cmocka_unit_test(names_are_written),
        cmocka_unit_test(what_is_written_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
