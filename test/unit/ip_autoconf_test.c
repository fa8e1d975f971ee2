/* Addresses that a host makes itself: RFC 7217's properties of the stable ones, RFC 4862 §5.5.3's table of lifetimes
 * row by row, RFC 8981's change of temporary ones, retries after duplicates, and floods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/time.h"
#include "ip/autoconf.h"

enum { INTERFACE = 2, HOUR = 3600, DAY = 86400 };

static struct core core;
static struct autoconf autoconf;
static const struct baro_mac mac = { { 2, 0xba, 0x70, 0, 0, 9 } };

static void start(const char *secret, bool temporary)
{
    uint8_t octets[16] = { 0 }, seed[32] = { 7 };

    memcpy(octets, secret, strlen(secret));
    memset(&core, 0, sizeof core);
    random_init(&core.random, seed);
    autoconf_init(&autoconf, &core, octets);
    autoconf_enable(&autoconf, INTERFACE, mac, temporary);
}

static struct baro_address net(uint16_t number)
{
    return baro_ipv6(0xfd00, number, 0, 0, 0, 0, 0, 0);
}

static void advertise(struct baro_address prefix, uint32_t valid_s, uint32_t preferred_s)
{
    struct nd_message message = { .type = 134, .prefixes = 1 };

    message.prefix[0] = (struct nd_prefix){ .prefix = prefix, .length = 64, .autonomous = true, .on_link = true,
                                            .valid_s = valid_s, .preferred_s = preferred_s };
    autoconf_advertised(&autoconf, INTERFACE, &message);
    autoconf_check_invariants(&autoconf);
}

static void pass(int64_t seconds)
{
    core.now = instant_add(core.now, duration_s(seconds));
    autoconf_run(&autoconf);
    autoconf_check_invariants(&autoconf);
}

static struct autoconf_change expect(enum autoconf_change_kind kind, bool temporary)
{
    struct autoconf_change change;

    assert_true(autoconf_next(&autoconf, &change));
    assert_int_equal(change.kind, kind);
    assert_int_equal(change.temporary, temporary);
    assert_int_equal(change.interface, INTERFACE);
    return change;
}

static void expect_nothing(void)
{
    struct autoconf_change change;

    assert_false(autoconf_next(&autoconf, &change));
}

/* Seconds until the deadline; -1: there is none. */
static int64_t wait_s(void)
{
    struct baro_instant deadline;

    return autoconf_next_deadline(&autoconf, &deadline) ? instant_since(deadline, core.now).ns / NS_PER_S : -1;
}

/* ---- how they are called ---- */

static void stable_addresses(void **state)
{
    struct baro_address first, link;

    (void)state;
    start("one", false);
    first = autoconf_stable(&autoconf, INTERFACE, net(1), 0);
    assert_memory_equal(first.octet, net(1).octet, 8);
    assert_int_equal(first.zone, 0);
    start("one", false); /* another run, the same secret */
    assert_true(address_equal(first, autoconf_stable(&autoconf, INTERFACE, net(1), 0)));
    assert_memory_not_equal(first.octet + 8, autoconf_stable(&autoconf, INTERFACE, net(2), 0).octet + 8, 8);
    assert_memory_not_equal(first.octet + 8, autoconf_stable(&autoconf, INTERFACE, net(1), 1).octet + 8, 8);
    link = autoconf_stable(&autoconf, INTERFACE, baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 0), 0);
    assert_true(address_is_link_local(link) && link.zone == INTERFACE);
    assert_memory_not_equal(first.octet + 8, link.octet + 8, 8);
    autoconf.interface[INTERFACE].mac.octet[5]++;
    assert_false(address_equal(first, autoconf_stable(&autoconf, INTERFACE, net(1), 0)));
    start("two", false);
    assert_false(address_equal(first, autoconf_stable(&autoconf, INTERFACE, net(1), 0)));
}

/* RFC 4291 appendix A's example. */
static void the_modified_eui64(void **state)
{
    const struct baro_mac example = { { 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde } };
    struct baro_address address = autoconf_eui64(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 0), example, 5);
    struct baro_address wanted = baro_ipv6(0xfe80, 0, 0, 0, 0x3656, 0x78ff, 0xfe9a, 0xbcde);

    (void)state;
    wanted.zone = 5;
    assert_true(address_equal(address, wanted));
}

/* ---- RFC 4862 §5.5.3 ---- */

static void prefixes_that_make_no_address(void **state)
{
    const struct nd_prefix good = {
        .prefix = net(1), .length = 64, .autonomous = true, .valid_s = 100, .preferred_s = 50
    };
    struct nd_message message = { .type = 134, .prefixes = 5 };

    (void)state;
    start("one", true);
    for (unsigned i = 0; i < 5; i++)
        message.prefix[i] = good;
    message.prefix[0].autonomous = false;
    message.prefix[1].prefix = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 0);
    message.prefix[2].preferred_s = 101;
    message.prefix[3].valid_s = message.prefix[3].preferred_s = 0;
    message.prefix[4].length = 63;
    autoconf_advertised(&autoconf, INTERFACE, &message);
    expect_nothing();
    message.prefix[0] = good;
    autoconf_advertised(&autoconf, INTERFACE + 1, &message); /* nobody wants addresses there */
    expect_nothing();
    autoconf_advertised(&autoconf, INTERFACE, &message);
    assert_true(address_equal(expect(AUTOCONF_ADD, false).address, autoconf_stable(&autoconf, INTERFACE, net(1), 0)));
}

static void a_life(void **state)
{
    (void)state;
    start("one", false);
    advertise(net(1), 100, 40);
    expect(AUTOCONF_ADD, false);
    expect_nothing();
    assert_int_equal(wait_s(), 40);
    pass(39);
    expect_nothing();
    pass(1);
    expect(AUTOCONF_DEPRECATE, false);
    assert_int_equal(wait_s(), 60);
    advertise(net(1), 100, 40);
    expect(AUTOCONF_PREFER, false);
    pass(99);
    expect(AUTOCONF_DEPRECATE, false);
    pass(1);
    expect(AUTOCONF_REMOVE, false);
    expect_nothing();
    assert_int_equal(wait_s(), -1);
    advertise(net(1), ND_INFINITE, ND_INFINITE);
    expect(AUTOCONF_ADD, false);
    assert_int_equal(wait_s(), -1);
    pass(INT64_C(1000) * DAY);
    expect_nothing();
}

/* (e): remaining, received, what comes of it. */
static void the_two_hour_rule(void **state)
{
    static const struct { uint32_t remaining, received, result; } rows[] = {
        { 10 * HOUR, 5 * HOUR, 5 * HOUR },     /* 1: more than two hours */
        { HOUR, 90 * 60, 90 * 60 },            /* 1: more than remains */
        { HOUR, 60, HOUR },                    /* 2: two hours or less remain, and it would be shortened */
        { 2 * HOUR, 0, 2 * HOUR },             /* 2 */
        { 10 * HOUR, HOUR, 2 * HOUR },         /* 3: an attacker's word takes nothing at once */
        { 10 * HOUR, 0, 2 * HOUR },            /* 3 */
        { ND_INFINITE, 1, 2 * HOUR },
        { HOUR, HOUR, HOUR },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        start("one", false);
        advertise(net(1), rows[i].remaining, 0);
        expect(AUTOCONF_ADD, false);
        expect(AUTOCONF_DEPRECATE, false);
        advertise(net(1), rows[i].received, 0);
        if (wait_s() != rows[i].result)
            fail_msg("row %u: %lld instead of %u", i, (long long)wait_s(), rows[i].result);
    }
    start("one", false); /* the preference may be ended at once, however long the life */
    advertise(net(1), 10 * HOUR, 5 * HOUR);
    expect(AUTOCONF_ADD, false);
    advertise(net(1), 10 * HOUR, 0);
    expect(AUTOCONF_DEPRECATE, false);
}

/* ---- duplicates ---- */

static void duplicates_are_retried_and_then_given_up(void **state)
{
    struct baro_address before = { .family = BARO_FAMILY_NONE };

    (void)state;
    start("one", false);
    advertise(net(1), 1000, 500);
    for (unsigned attempt = 0; attempt < AUTOCONF_ATTEMPTS; attempt++) {
        struct autoconf_change change = expect(AUTOCONF_ADD, false);

        assert_true(address_equal(change.address, autoconf_stable(&autoconf, INTERFACE, net(1), attempt)));
        assert_false(address_equal(change.address, before));
        before = change.address;
        autoconf_duplicate(&autoconf, INTERFACE, before);
        autoconf_check_invariants(&autoconf);
    }
    expect_nothing();
    advertise(net(1), 1000, 500); /* and not again with each advertisement: that would be a loop */
    expect_nothing();
    autoconf_duplicate(&autoconf, INTERFACE, before);
    autoconf_check_invariants(&autoconf);
    expect_nothing();
}

/* ---- temporary addresses ---- */

static void temporary_addresses_change(void **state)
{
    struct baro_address first, second;
    int64_t until;

    (void)state;
    start("one", true);
    advertise(net(1), ND_INFINITE, ND_INFINITE);
    expect(AUTOCONF_ADD, false);
    first = expect(AUTOCONF_ADD, true).address;
    assert_memory_equal(first.octet, net(1).octet, 8);
    until = wait_s();
    assert_true(until <= DAY - TEMPORARY_ADVANCE_S && until >= DAY - TEMPORARY_DESYNC_S - TEMPORARY_ADVANCE_S);
    advertise(net(1), ND_INFINITE, ND_INFINITE); /* prolongs the stable one alone */
    expect_nothing();
    assert_int_equal(wait_s(), until);
    pass(until);
    second = expect(AUTOCONF_ADD, true).address; /* before the first one is deprecated */
    expect_nothing();
    assert_false(address_equal(first, second));
    assert_int_equal(wait_s(), TEMPORARY_ADVANCE_S);
    pass(TEMPORARY_ADVANCE_S);
    assert_true(address_equal(expect(AUTOCONF_DEPRECATE, true).address, first));
    expect_nothing();
    for (unsigned changes = 0; core.now.ns < duration_s(10 * DAY).ns; changes++) { /* and so on; the old ones end */
        struct autoconf_change change;

        assert_true(changes < 100);
        pass(wait_s());
        while (autoconf_next(&autoconf, &change))
            assert_true(change.temporary);
    }
}

static void temporary_addresses_end_with_their_prefix(void **state)
{
    (void)state;
    start("one", true);
    advertise(net(1), 100, TEMPORARY_ADVANCE_S); /* would have to be replaced at once: none is made */
    expect(AUTOCONF_ADD, false);
    expect_nothing();
    start("one", true);
    advertise(net(1), 100, 50);
    expect(AUTOCONF_ADD, false);
    expect(AUTOCONF_ADD, true);
    pass(50); /* nothing replaces it: the prefix's own preference is over */
    expect(AUTOCONF_DEPRECATE, false);
    expect(AUTOCONF_DEPRECATE, true);
    advertise(net(1), 100, 50); /* and it goes on */
    expect(AUTOCONF_PREFER, false);
    expect(AUTOCONF_PREFER, true);
    pass(100);
    expect(AUTOCONF_REMOVE, false);
    expect(AUTOCONF_REMOVE, true);
    expect_nothing();
}

/* ---- floods ---- */

static void a_flood_of_prefixes_takes_nothing_away(void **state)
{
    struct autoconf_change change;
    struct baro_address first;
    unsigned added = 0;

    (void)state;
    start("one", true);
    advertise(net(1), 1000, 500);
    first = expect(AUTOCONF_ADD, false).address;
    for (unsigned i = 2; i < 20000; i++)
        advertise(net((uint16_t)i), ND_INFINITE, ND_INFINITE);
    while (autoconf_next(&autoconf, &change)) {
        assert_int_equal(change.kind, AUTOCONF_ADD);
        assert_false(address_equal(change.address, first));
        added++;
    }
    assert_int_equal(added, AUTOCONF_ADDRESSES - 1);
    start("one", false); /* stable ones leave room for temporary ones, wanted or not */
    for (unsigned i = 2; i < 100; i++)
        advertise(net((uint16_t)i), ND_INFINITE, ND_INFINITE);
    for (added = 0; autoconf_next(&autoconf, &change); added++)
        assert_false(change.temporary);
    assert_int_equal(added, AUTOCONF_STABLE_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stable_addresses),
        cmocka_unit_test(the_modified_eui64),
        cmocka_unit_test(prefixes_that_make_no_address),
        cmocka_unit_test(a_life),
        cmocka_unit_test(the_two_hour_rule),
        cmocka_unit_test(duplicates_are_retried_and_then_given_up),
        cmocka_unit_test(temporary_addresses_change),
        cmocka_unit_test(temporary_addresses_end_with_their_prefix),
        cmocka_unit_test(a_flood_of_prefixes_takes_nothing_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
