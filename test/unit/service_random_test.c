/* The services' randomness is ChaCha20: the known keystream of the zero key, and bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "service/random.h"

static void it_is_chacha20(void **state)
{
    static const uint8_t zero[32], stream[] = { 0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90 };
    struct service_random random;
    uint8_t octets[100];

    (void)state;
    service_random_init(&random, zero);
    service_random_fill(&random, octets, sizeof octets);
    assert_memory_equal(octets, stream, sizeof stream);
    assert_memory_equal(octets + 64, "\x9f\x07\xe7\xbe\x55\x51\x38\x7a", 8); /* its second block */
}

static void numbers_stay_below_their_limit(void **state)
{
    static const uint8_t seed[32] = { 1 };
    struct service_random random;
    unsigned seen[3] = { 0 };

    (void)state;
    service_random_init(&random, seed);
    for (unsigned i = 0; i < 300; i++) {
        uint32_t value = service_random_below(&random, 3);

        assert_in_range(value, 0, 2);
        seen[value]++;
    }
    assert_true(seen[0] > 50 && seen[1] > 50 && seen[2] > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_chacha20),
        cmocka_unit_test(numbers_stay_below_their_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
