/* Addresses compared: each of an address's octets counts, and how closely a bound address fits a packet's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"

static void each_octet_is_asked(void **state)
{
    struct baro_address address = { .family = BARO_FAMILY_IPV6 };

    (void)state;
    assert_true(address_is_unspecified(address));
    for (unsigned i = 0; i < sizeof address.octet; i++) {
        for (unsigned bit = 1; bit <= 0x80; bit *= 2) {
            address.octet[i] = (uint8_t)bit;
            assert_false(address_is_unspecified(address));
        }
        address.octet[i] = 0;
    }
    address.zone = 3; /* no part of it */
    assert_true(address_is_unspecified(address));
}

static void how_closely_it_fits(void **state)
{
    const struct baro_address none = { .family = BARO_FAMILY_NONE }, any4 = baro_ipv4(0, 0, 0, 0),
                              any6 = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), own4 = baro_ipv4(10, 0, 0, 1),
                              own6 = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    struct baro_address zoned = own6, other = own6;

    (void)state;
    zoned.zone = 1;
    other.zone = 2;
    assert_int_equal(binding_fits(&own4, &own4), 3);
    assert_int_equal(binding_fits(&zoned, &zoned), 3);
    assert_int_equal(binding_fits(&zoned, &other), 0);
    assert_int_equal(binding_fits(&any4, &own4), 2);
    assert_int_equal(binding_fits(&any6, &own6), 2);
    assert_int_equal(binding_fits(&any6, &own4), 0);
    assert_int_equal(binding_fits(&any4, &own6), 0);
    assert_int_equal(binding_fits(&none, &own4), 1);
    assert_int_equal(binding_fits(&own4, &any4), 0);
    for (unsigned i = 0; i < sizeof own6.octet; i++) {
        other = own6;
        other.octet[i] ^= 0x10;
        assert_int_equal(binding_fits(&own6, &other), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_octet_is_asked),
        cmocka_unit_test(how_closely_it_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
