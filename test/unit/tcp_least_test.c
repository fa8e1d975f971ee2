/* The least round trip of ten seconds (RFC 8985 §6.2 step 1): against a list of all samples, and what is forgotten
 * when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/time.h"
#include "transport/tcp/least.h"

static void a_longer_path_is_known_after_ten_seconds(void **state)
{
    struct least least = { 0 };
    int64_t now_ns = 7 * NS_PER_S;

    (void)state;
    assert_int_equal(least_ns(&least), 0);
    least_sample(&least, 20 * NS_PER_MS, now_ns);
    assert_int_equal(least_ns(&least), 20 * NS_PER_MS);
    for (int i = 0; i < 100; i++) {
        now_ns += 100 * NS_PER_MS;
        least_sample(&least, 80 * NS_PER_MS, now_ns);
        assert_int_equal(least_ns(&least), 20 * NS_PER_MS);
    }
    least_sample(&least, 90 * NS_PER_MS, now_ns + NS_PER_MS);
    assert_int_equal(least_ns(&least), 80 * NS_PER_MS);
    least_sample(&least, 5 * NS_PER_MS, now_ns + 2 * NS_PER_MS); /* a shorter one at once */
    assert_int_equal(least_ns(&least), 5 * NS_PER_MS);
}

static void nothing_is_forgotten_in_silence(void **state)
{
    struct least least = { 0 };

    (void)state;
    least_sample(&least, 20 * NS_PER_MS, NS_PER_S);
    least_sample(&least, 30 * NS_PER_MS, 3601 * NS_PER_S);
    assert_int_equal(least_ns(&least), 30 * NS_PER_MS);
    least_sample(&least, INT64_MAX, 3602 * NS_PER_S);
    assert_int_equal(least_ns(&least), 30 * NS_PER_MS);
}

/* Random walks: never below the true least of the window, never above that of the window's younger two thirds. */
static void it_lies_between_two_truths(void **state)
{
    enum { COUNT = 4000 };
    static int64_t at_ns[COUNT], sample_ns[COUNT];
    struct least least = { 0 };
    uint64_t random = 88172645463325252u;
    int64_t now_ns = NS_PER_S, rtt_ns = 50 * NS_PER_MS;

    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        int64_t whole = INT64_MAX, part = INT64_MAX;

        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        now_ns += (int64_t)(random % 200) * NS_PER_MS;
        rtt_ns += (int64_t)(random >> 32) % 5000 * 1000 - 2450 * 1000;
        rtt_ns = rtt_ns < NS_PER_MS ? NS_PER_MS : rtt_ns;
        at_ns[i] = now_ns;
        sample_ns[i] = rtt_ns / 1000 * 1000;
        least_sample(&least, rtt_ns, now_ns);
        for (unsigned j = 0; j <= i; j++) {
            if (now_ns - at_ns[j] <= 10001 * NS_PER_MS && sample_ns[j] < whole)
                whole = sample_ns[j];
            if (now_ns - at_ns[j] < 6600 * NS_PER_MS && sample_ns[j] < part)
                part = sample_ns[j];
        }
        assert_true(least_ns(&least) >= whole);
        assert_true(least_ns(&least) <= part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_longer_path_is_known_after_ten_seconds),
        cmocka_unit_test(nothing_is_forgotten_in_silence),
        cmocka_unit_test(it_lies_between_two_truths)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
