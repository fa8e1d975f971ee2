/* What ICMP and ICMPv6 errors mean to who sent the packet, and the errno that a program sees: every type and
 * code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>

#include "codec/icmp.h"

struct row {
    uint8_t type, first, last; /* codes */
    enum icmp_meaning meaning;
    int number;
};

static void expect(enum baro_family family, const struct row *row, size_t rows)
{
    for (unsigned type = 0; type < 256; type++) {
        for (unsigned code = 0; code < 256; code++) {
            enum icmp_meaning meaning = ICMP_MEANS_NOTHING;
            int number = 0;

            for (size_t i = 0; i < rows; i++) {
                if (row[i].type == type && row[i].first <= code && code <= row[i].last) {
                    meaning = row[i].meaning;
                    number = row[i].number;
                }
            }
            /* An error of a type that nobody knows yet (RFC 4443 §2.4 (a)). */
            if (family == BARO_FAMILY_IPV6 && type < 128 && meaning == ICMP_MEANS_NOTHING) {
                meaning = ICMP_MEANS_PARAMETER_PROBLEM;
                number = EPROTO;
            }
            assert_int_equal(icmp_meaning(family, (uint8_t)type, (uint8_t)code), meaning);
            assert_int_equal(icmp_meaning_errno(meaning), number);
        }
    }
}

static void icmp_errors_by_meaning(void **state)
{
    static const struct row rows[] = {
        { 3, 0, 255, ICMP_MEANS_HOST_UNREACHABLE, EHOSTUNREACH },
        { 3, 0, 0, ICMP_MEANS_NET_UNREACHABLE, ENETUNREACH },
        { 3, 2, 2, ICMP_MEANS_PROTOCOL_UNREACHABLE, ENOPROTOOPT },
        { 3, 3, 3, ICMP_MEANS_PORT_UNREACHABLE, ECONNREFUSED },
        { 3, 4, 4, ICMP_MEANS_TOO_BIG, EMSGSIZE },
        { 3, 6, 6, ICMP_MEANS_NET_UNREACHABLE, ENETUNREACH },
        { 3, 9, 9, ICMP_MEANS_NET_UNREACHABLE, ENETUNREACH },
        { 3, 11, 11, ICMP_MEANS_NET_UNREACHABLE, ENETUNREACH },
        { 11, 0, 255, ICMP_MEANS_TIME_EXCEEDED, EHOSTUNREACH },
        { 12, 0, 255, ICMP_MEANS_PARAMETER_PROBLEM, EPROTO },
    };

    (void)state;
    expect(BARO_FAMILY_IPV4, rows, sizeof rows / sizeof rows[0]);
}

static void icmpv6_errors_by_meaning(void **state)
{
    static const struct row rows[] = {
        { 1, 0, 255, ICMP_MEANS_HOST_UNREACHABLE, EHOSTUNREACH },
        { 1, 0, 0, ICMP_MEANS_NET_UNREACHABLE, ENETUNREACH },
        { 1, 1, 1, ICMP_MEANS_PROHIBITED, EACCES },
        { 1, 4, 4, ICMP_MEANS_PORT_UNREACHABLE, ECONNREFUSED },
        { 1, 5, 6, ICMP_MEANS_PROHIBITED, EACCES },
        { 2, 0, 255, ICMP_MEANS_TOO_BIG, EMSGSIZE },
        { 3, 0, 255, ICMP_MEANS_TIME_EXCEEDED, EHOSTUNREACH },
        { 4, 0, 255, ICMP_MEANS_PARAMETER_PROBLEM, EPROTO },
        { 4, 1, 1, ICMP_MEANS_PROTOCOL_UNREACHABLE, ENOPROTOOPT },
    };

    (void)state;
    expect(BARO_FAMILY_IPV6, rows, sizeof rows / sizeof rows[0]);
}

static void what_cannot_be_reached(void **state)
{
    (void)state;
    assert_true(icmp_means_unreachable(ICMP_MEANS_NET_UNREACHABLE));
    assert_true(icmp_means_unreachable(ICMP_MEANS_PORT_UNREACHABLE));
    assert_true(icmp_means_unreachable(ICMP_MEANS_PROHIBITED));
    assert_false(icmp_means_unreachable(ICMP_MEANS_NOTHING));
    assert_false(icmp_means_unreachable(ICMP_MEANS_TOO_BIG));
    assert_false(icmp_means_unreachable(ICMP_MEANS_TIME_EXCEEDED));
    assert_false(icmp_means_unreachable(ICMP_MEANS_PARAMETER_PROBLEM));
}

/* What we say that way is read that way; IPv4 has no word for PROHIBITED that a host reads as such, and IPv6 says of a
 * protocol by a parameter problem. */
static void unreachable_is_said_as_it_is_read(void **state)
{
    (void)state;
    for (int meaning = ICMP_MEANS_NET_UNREACHABLE; meaning <= ICMP_MEANS_PROHIBITED; meaning++) {
        enum icmp_meaning means = (enum icmp_meaning)meaning;
        struct icmp_kind v4 = icmp_unreachable(BARO_FAMILY_IPV4, means), v6 = icmp_unreachable(BARO_FAMILY_IPV6, means);

        assert_int_equal(icmp_meaning(BARO_FAMILY_IPV4, v4.type, v4.code),
                         means == ICMP_MEANS_PROHIBITED ? ICMP_MEANS_HOST_UNREACHABLE : means);
        assert_int_equal(icmp_meaning(BARO_FAMILY_IPV6, v6.type, v6.code),
                         means == ICMP_MEANS_PROTOCOL_UNREACHABLE ? ICMP_MEANS_HOST_UNREACHABLE : means);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(icmp_errors_by_meaning),
        cmocka_unit_test(icmpv6_errors_by_meaning),
        cmocka_unit_test(what_cannot_be_reached),
        cmocka_unit_test(unreachable_is_said_as_it_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
