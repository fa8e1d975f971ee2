/* What routers tell: the order of next hops, preferences and lives (RFC 4191 §3, RFC 4861 §6.3), redirects and who may
 * send them (§8), turns among the dead (§6.3.6), floods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/time.h"
#include "ip/router.h"

enum { INTERFACE = 2 };

static struct core core;
static struct routers routers;

static void start(void)
{
    memset(&core, 0, sizeof core);
    routers_init(&routers, &core);
}

static struct baro_address link_local(uint16_t last)
{
    return address_in_zone(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, last), INTERFACE);
}

static struct baro_address far(uint16_t net)
{
    return baro_ipv6(0x2001, 0xdb8, net, 0, 0, 0, 0, 9);
}

static void advertise(uint16_t router, uint16_t lifetime_s, enum nd_preference preference)
{
    const struct nd_message message = { .type = 134, .lifetime_s = lifetime_s, .preference = preference };

    routers_advertised(&routers, INTERFACE, link_local(router), &message);
}

static void advertise_route(uint16_t router, struct baro_address prefix, uint8_t length, uint32_t lifetime_s,
                            enum nd_preference preference)
{
    struct nd_message message = { .type = 134, .routes = 1 };

    message.route[0] =
        (struct nd_route){ .prefix = prefix, .length = length, .lifetime_s = lifetime_s, .preference = preference };
    routers_advertised(&routers, INTERFACE, link_local(router), &message);
}

static void advertise_prefix(struct baro_address prefix, uint8_t length, uint32_t valid_s, bool on_link)
{
    struct nd_message message = { .type = 134, .lifetime_s = 1000, .preference = ND_PREFERENCE_HIGH, .prefixes = 1 };

    message.prefix[0] =
        (struct nd_prefix){ .prefix = prefix, .length = length, .valid_s = valid_s, .on_link = on_link };
    routers_advertised(&routers, INTERFACE, link_local(1), &message);
}

static void pass(int64_t seconds)
{
    core.now = instant_add(core.now, duration_s(seconds));
    routers_run(&routers);
}

/* The next hop's last 16 bits; 0: none. */
static unsigned hop(struct baro_address destination)
{
    struct baro_address next;
    int by;

    if (!router_next_hop(&routers, 0, destination, &next, &by))
        return 0;
    assert_int_equal(by, INTERFACE);
    assert_true(address_is_link_local(next) || address_equal(next, destination));
    return read_be16(next.octet + 14);
}

static int64_t wait_s(void)
{
    struct baro_instant deadline;

    return routers_next_deadline(&routers, &deadline) ? instant_since(deadline, core.now).ns / NS_PER_S : -1;
}

static void preference_and_life(void **state)
{
    (void)state;
    start();
    assert_int_equal(hop(far(1)), 0);
    advertise(1, 100, ND_PREFERENCE_LOW);
    assert_int_equal(hop(far(1)), 1);
    advertise(2, 50, ND_PREFERENCE_HIGH);
    advertise(3, 200, ND_PREFERENCE_MEDIUM);
    assert_int_equal(hop(far(1)), 2);
    assert_int_equal(wait_s(), 50);
    pass(49);
    assert_int_equal(hop(far(1)), 2);
    pass(1);
    assert_int_equal(hop(far(1)), 3);
    advertise(3, 0, ND_PREFERENCE_MEDIUM); /* §6.3.4: it says so itself */
    assert_int_equal(hop(far(1)), 1);
    router_is_host(&routers, link_local(1));
    assert_int_equal(hop(far(1)), 0);
    assert_int_equal(wait_s(), -1);
    advertise(4, 0, ND_PREFERENCE_HIGH); /* no default router: unknown to us */
    assert_int_equal(hop(far(1)), 0);
}

/* RFC 4861 §6.3.4, RFC 5942: on the link is what was said to be, and no more. */
static void what_is_on_the_link(void **state)
{
    const struct baro_address net = baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, 0),
                              host = baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, 0x99);

    (void)state;
    start();
    advertise(1, 1000, ND_PREFERENCE_HIGH);
    assert_int_equal(hop(host), 1);
    advertise_prefix(net, 64, 100, false);
    assert_int_equal(hop(host), 1);
    advertise_prefix(net, 64, 100, true);
    assert_int_equal(hop(host), 0x99);
    assert_int_equal(hop(baro_ipv6(0xfd00, 7, 0, 1, 0, 0, 0, 0x99)), 1);
    advertise_prefix(net, 64, 0, true); /* unlike an address, it ends at once */
    assert_int_equal(hop(host), 1);
    advertise_prefix(net, 64, 10, true);
    advertise_prefix(net, 64, 20, true);
    pass(19);
    assert_int_equal(hop(host), 0x99);
    pass(1);
    assert_int_equal(hop(host), 1);
}

/* RFC 4191 §3.2: the longest prefix of those who answer. */
static void routes_through_routers(void **state)
{
    const struct baro_address net = baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0);

    (void)state;
    start();
    advertise(1, 1000, ND_PREFERENCE_HIGH);
    advertise_route(2, net, 48, 500, ND_PREFERENCE_LOW);
    assert_int_equal(hop(far(1)), 2);
    assert_int_equal(hop(far(2)), 1);
    advertise_route(3, net, 48, 500, ND_PREFERENCE_MEDIUM);
    assert_int_equal(hop(far(1)), 3);
    router_reachable(&routers, link_local(3), false);
    assert_int_equal(hop(far(1)), 2);
    router_reachable(&routers, link_local(2), false);
    assert_int_equal(hop(far(1)), 1); /* shorter, but it answers */
    router_reachable(&routers, link_local(3), true);
    assert_int_equal(hop(far(1)), 3);
    advertise_route(3, net, 48, 0, ND_PREFERENCE_MEDIUM);
    assert_int_equal(hop(far(1)), 1);
    router_reachable(&routers, link_local(2), true);
    pass(500);
    assert_int_equal(hop(far(1)), 1);
    advertise_route(4, baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), 0, 100, ND_PREFERENCE_HIGH); /* ::/0 */
    pass(500);
    assert_int_equal(hop(far(1)), 0);
}

/* §6.3.6: those who answer first, whatever the preference; when none does, each in turn, so that one may be found
 * alive. */
static void the_dead_in_turn(void **state)
{
    unsigned seen = 0;

    (void)state;
    start();
    for (uint16_t i = 1; i <= 3; i++)
        advertise(i, 1000, i == 1 ? ND_PREFERENCE_HIGH : ND_PREFERENCE_LOW);
    router_reachable(&routers, link_local(1), false);
    assert_int_equal(hop(far(1)), 2);
    assert_int_equal(hop(far(1)), 2);
    router_reachable(&routers, link_local(2), false);
    assert_int_equal(hop(far(1)), 3);
    router_reachable(&routers, link_local(3), false);
    for (unsigned i = 0; i < 3; i++)
        seen |= 1U << hop(far(1));
    assert_int_equal(seen, 0xe);
    router_reachable(&routers, link_local(3), true);
    assert_int_equal(hop(far(1)), 3);
}

/* ---- redirects ---- */

static bool redirect(uint16_t from, struct baro_address destination, struct baro_address target)
{
    const struct nd_message message = { .type = 137, .destination = destination, .target = target };

    return routers_redirected(&routers, INTERFACE, link_local(from), &message);
}

static void redirects(void **state)
{
    (void)state;
    start();
    assert_false(redirect(1, far(1), link_local(5)));
    advertise(1, 1000, ND_PREFERENCE_MEDIUM);
    advertise(2, 1000, ND_PREFERENCE_LOW);
    assert_false(redirect(2, far(1), link_local(5))); /* a router, but not the one in use */
    assert_false(redirect(7, far(1), link_local(5))); /* none at all */
    assert_true(redirect(1, far(1), link_local(5)));
    assert_int_equal(hop(far(1)), 5);
    assert_int_equal(hop(far(2)), 1);
    assert_false(redirect(1, far(1), link_local(6))); /* the next hop is another one now */
    assert_true(redirect(5, far(1), link_local(6)));
    assert_int_equal(hop(far(1)), 6);
    assert_true(redirect(1, far(2), far(2))); /* on the link after all */
    assert_int_equal(hop(far(2)), 9);
    router_is_host(&routers, link_local(1)); /* §6.3.5: what it said goes with it */
    assert_int_equal(hop(far(2)), 2);
    assert_true(redirect(2, far(3), link_local(2)));
    for (uint16_t i = 10; i < 10 + 3 * ROUTER_REDIRECT_LIMIT; i++)
        assert_true(redirect(2, far(i), link_local(5)));
    assert_int_equal(hop(far(10)), 2); /* the oldest went */
    assert_int_equal(hop(far(9 + 3 * ROUTER_REDIRECT_LIMIT)), 5);
}

static void floods(void **state)
{
    (void)state;
    start();
    advertise(1, 1000, ND_PREFERENCE_MEDIUM);
    advertise_prefix(baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, 0), 64, 1000, true);
    for (uint16_t i = 2; i < 20000; i++) {
        advertise(i, 9000, ND_PREFERENCE_LOW);
        advertise_prefix(baro_ipv6(0xfd01, i, 0, 0, 0, 0, 0, 0), 64, 9000, true);
        advertise_route(i, baro_ipv6(0xfd02, i, 0, 0, 0, 0, 0, 0), 32, 9000, ND_PREFERENCE_HIGH);
    }
    assert_int_equal(hop(far(1)), 1);
    assert_int_equal(hop(baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, 0x55)), 0x55);
    assert_int_equal(hop(baro_ipv6(0xfd01, 2, 0, 0, 0, 0, 0, 0x55)), 0x55);
    assert_int_equal(hop(baro_ipv6(0xfd01, 9999, 0, 0, 0, 0, 0, 0x55)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(preference_and_life),
        cmocka_unit_test(what_is_on_the_link),
        cmocka_unit_test(routes_through_routers),
        cmocka_unit_test(the_dead_in_turn),
        cmocka_unit_test(redirects),
        cmocka_unit_test(floods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
