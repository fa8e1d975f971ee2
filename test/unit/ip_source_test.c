/* Source addresses of IPv6 by RFC 6724 §5: the examples of §10.1 that ask for one interface's addresses, and routes of
 * IPv6 beside those of IPv4. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "ip/source.h"

static struct ip_table table;

static const struct baro_address any = { .family = BARO_FAMILY_NONE };

static int start(void **state)
{
    (void)state;
    memset(&table, 0, sizeof table);
    table.interfaces = 3;
    return 0;
}

static struct baro_address zoned(struct baro_address address, int interface)
{
    return address_in_zone(address, interface);
}

static void add(struct baro_address address, unsigned prefix_length)
{
    assert_int_equal(ip_address_add(&table, 1, zoned(address, 1), prefix_length, true), 0);
}

static void expect(struct baro_address destination, struct baro_address source)
{
    struct baro_address got = ip_source_select(&table.interface[1], zoned(destination, 1));

    assert_true(address_equal(got, zoned(source, 1)));
}

/* Rule 1: who speaks to an address of its own speaks from that, even where all other rules are for another. */
static void prefers_the_destination_itself(void **state)
{
    (void)state;
    add(baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 2), 64);
    add(baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 3), 64);
    table.interface[1].own[0].deprecated = true;
    table.interface[1].own[1].temporary = true;
    expect(baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 2), baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 2));
    expect(baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 3), baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 3));
}

/* Rule 2, §10.1: destination 2001:db8:1::1 takes 2001:db8:3::1 rather than fe80::1; ff05::1 likewise. */
static void prefers_the_scope_that_is_large_enough(void **state)
{
    (void)state;
    add(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1), 64);
    add(baro_ipv6(0x2001, 0xdb8, 3, 0, 0, 0, 0, 1), 64);
    expect(baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1), baro_ipv6(0x2001, 0xdb8, 3, 0, 0, 0, 0, 1));
    expect(baro_ipv6(0xff05, 0, 0, 0, 0, 0, 0, 1), baro_ipv6(0x2001, 0xdb8, 3, 0, 0, 0, 0, 1));
    expect(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 2), baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1));
    expect(baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1), baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1));
}

/* Rule 3: a deprecated address is the last resort. */
static void avoids_deprecated_ones(void **state)
{
    (void)state;
    add(baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 2), 64);
    add(baro_ipv6(0x2001, 0xdb8, 3, 0, 0, 0, 0, 2), 64);
    table.interface[1].own[0].deprecated = true;
    expect(baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1), baro_ipv6(0x2001, 0xdb8, 3, 0, 0, 0, 0, 2));
    table.interface[1].own[1].usable = false;
    expect(baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1), baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 2));
}

/* Rule 6, §10.1: 2002:c633:6401::1 goes from the 6to4 address, a unique local one from a unique local one. */
static void prefers_the_same_label(void **state)
{
    (void)state;
    add(baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 2), 64);
    add(baro_ipv6(0x2002, 0xc633, 0x6401, 0, 0, 0, 0, 2), 64);
    add(baro_ipv6(0xfd00, 1, 0, 0, 0, 0, 0, 2), 64);
    expect(baro_ipv6(0x2002, 0xc633, 0x6401, 0, 0, 0, 0, 1), baro_ipv6(0x2002, 0xc633, 0x6401, 0, 0, 0, 0, 2));
    expect(baro_ipv6(0xfd00, 2, 0, 0, 0, 0, 0, 1), baro_ipv6(0xfd00, 1, 0, 0, 0, 0, 0, 2));
    expect(baro_ipv6(0x2001, 0x4860, 0, 0, 0, 0, 0, 1), baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 2));
    /* 2003:: has more bits in common with the 6to4 address: rule 8, which comes later, would take that. */
    expect(baro_ipv6(0x2003, 0, 0, 0, 0, 0, 0, 1), baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 2));
}

/* Rules 7 and 8: temporary before public, then the longest prefix in common; §10.1's last example. */
static void prefers_temporary_then_longest_prefix(void **state)
{
    (void)state;
    add(baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 2), 64);
    add(baro_ipv6(0x2001, 0xdb8, 3, 0, 0, 0, 0, 2), 64);
    expect(baro_ipv6(0x2001, 0xdb8, 3, 0, 0, 0, 0, 9), baro_ipv6(0x2001, 0xdb8, 3, 0, 0, 0, 0, 2));
    table.interface[1].own[0].temporary = true;
    expect(baro_ipv6(0x2001, 0xdb8, 3, 0, 0, 0, 0, 9), baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 2));
}

static void routes_of_both_families_stand_side_by_side(void **state)
{
    struct ip_hop hop;

    (void)state;
    assert_int_equal(ip_address_add(&table, 1, baro_ipv4(10, 0, 0, 2), 24, true), 0);
    add(baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 2), 64);
    add(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 2), 64);
    assert_int_equal(ip_route_add(&table, baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), 0,
                                  zoned(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1), 1), 1), 0);
    assert_false(ip_find_route(&table, baro_ipv4(8, 8, 8, 8), any, 0, &hop)); /* ::/0 is no IPv4 route */
    assert_true(ip_find_route(&table, baro_ipv6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9), any, 0, &hop));
    assert_true(address_equal(hop.next_hop, zoned(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1), 1)));
    assert_true(address_equal(hop.source, baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 2)));
    /* A link-local address of another link is not behind the default route, nor is one without a link. */
    assert_false(ip_find_route(&table, zoned(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 9), 2), any, 0, &hop));
    assert_false(ip_find_route(&table, baro_ipv6(0, 0, 0, 0, 0, 0xffff, 0x0a00, 1), any, 0, &hop));
    assert_true(ip_find_route(&table, baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1), any, 0, &hop));
    assert_int_equal(hop.interface, 0);
    assert_int_equal(ip_route_add(&table, baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1), 64, any, 1), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(prefers_the_destination_itself, start),
        cmocka_unit_test_setup(prefers_the_scope_that_is_large_enough, start),
        cmocka_unit_test_setup(avoids_deprecated_ones, start),
        cmocka_unit_test_setup(prefers_the_same_label, start),
        cmocka_unit_test_setup(prefers_temporary_then_longest_prefix, start),
        cmocka_unit_test_setup(routes_of_both_families_stand_side_by_side, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
