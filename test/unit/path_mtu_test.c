/* Path MTUs of both families: their floors, what is not believed, that only age raises them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/time.h"
#include "ip/path_mtu.h"

static struct core core;
static struct path_mtus mtus;

static int begin(void **state)
{
    static const uint8_t seed[32] = { 1 };

    (void)state;
    memset(&core, 0, sizeof core);
    random_init(&core.random, seed);
    path_mtus_init(&mtus, &core);
    return 0;
}

static uint32_t reported(struct baro_address destination, uint32_t mtu)
{
    uint32_t wanted = path_mtu_lowered(&mtus, destination, 1500, mtu, 1500);

    path_mtu_lower(&mtus, destination, 1500, wanted);
    return path_mtu_get(&mtus, destination, 1500);
}

static void ipv6_never_below_1280(void **state)
{
    static const uint32_t small[] = { 0, 1, 68, 552, 1279 };

    (void)state;
    for (unsigned i = 0; i < sizeof small / sizeof small[0]; i++) /* RFC 8201 §4: discarded, not clamped */
        assert_int_equal(reported(baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1), small[i]), 1500);
    assert_int_equal(reported(baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1), 1400), 1400);
    assert_int_equal(reported(baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1), 1279), 1400);
    assert_int_equal(reported(baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1), 1280), 1280);
    assert_int_equal(reported(baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 2), 65535), 1500);
}

static void ipv6_is_raised_by_age_alone(void **state)
{
    struct baro_address there = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1);

    (void)state;
    assert_int_equal(reported(there, 1300), 1300);
    assert_int_equal(reported(there, 1400), 1300);
    core.now = instant_add(core.now, duration_s(PATH_MTU_AGE_S - 1));
    assert_int_equal(path_mtu_get(&mtus, there, 1500), 1300);
    core.now = instant_add(core.now, duration_s(1));
    assert_int_equal(path_mtu_get(&mtus, there, 1500), 1500);
}

static void ipv4_has_its_own_floor_and_plateaus(void **state)
{
    (void)state;
    assert_int_equal(reported(baro_ipv4(10, 0, 0, 1), 68), PATH_MTU_FLOOR);
    assert_int_equal(reported(baro_ipv4(10, 0, 0, 2), 0), 1492);
    assert_int_equal(reported(baro_ipv4(10, 0, 0, 3), 1279), 1279);
}

/* The same octets on another link are another host. */
static void zones_are_told_apart(void **state)
{
    struct baro_address here = address_in_zone(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1), 1);

    (void)state;
    assert_int_equal(reported(here, 1300), 1300);
    assert_int_equal(path_mtu_get(&mtus, address_in_zone(here, 2), 1500), 1500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(ipv6_never_below_1280, begin),
        cmocka_unit_test_setup(ipv6_is_raised_by_age_alone, begin),
        cmocka_unit_test_setup(ipv4_has_its_own_floor_and_plateaus, begin),
        cmocka_unit_test_setup(zones_are_told_apart, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
