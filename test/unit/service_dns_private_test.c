/* Which names may go outside: those that merely look like private ones, and the public neighbours of private zones. That the
 * private ones stay is service_dns_forwarder_test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "service/dns_server.h"

static void public_names_go_out(void **state)
{
    static const char *const out[] = {
        "lan.example.com", "x.test", "local.org", "internal.example", "plan", "9.in-addr.arpa", "11.in-addr.arpa", "172.in-addr.arpa",
        "15.172.in-addr.arpa", "32.172.in-addr.arpa", "192.in-addr.arpa", "63.100.in-addr.arpa", "128.100.in-addr.arpa",
        "8.8.8.8.in-addr.arpa", "10.in-addr.arpa.example.com", "10.8.8.8.in-addr.arpa", "in-addr.arpa", "ip6.arpa", "arpa",
        "c.e.f.ip6.arpa", "7.e.f.ip6.arpa", "f.f.ip6.arpa", "010x.in-addr.arpa", "9999999999910.in-addr.arpa", "10x.in-addr.arpa",
        "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa" };
    struct baro_dns_name name;

    (void)state;
    for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
        assert_int_equal(baro_dns_name_parse(&name, out[i]), 0);
        if (dns_is_private(&name, BARO_DNS_NS))
            fail_msg("%s does not get out", out[i]);
    }
    assert_int_equal(baro_dns_name_parse(&name, "com"), 0);
    assert_false(dns_is_private(&name, BARO_DNS_NS)); /* who validates asks about the top */
    assert_true(dns_is_private(&name, BARO_DNS_A));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_names_go_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
