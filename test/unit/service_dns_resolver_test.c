/* What the resolver asks, in which order, and what it makes of the answers: both families, silence and failure, the search
 * list, what is kept and for how long, what needs no asking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "unit/dns_world.h"

static void both_families_are_asked_for_at_once(void **state)
{
    struct query four, six;
    struct baro_dns_result result;
    int lookup = look_up("www.example.com", BARO_DNS_WANT_BOTH);

    (void)state;
    assert_true(asked(0, &four) && asked(0, &six) && four.question.type == BARO_DNS_A && six.question.type == BARO_DNS_AAAA);
    assert_true(four.edns.present && four.edns.udp_size == BARO_DNS_UDP_EDNS);
    assert_true(four.header.id != six.header.id && four.peer.port.number != six.peer.port.number);
    say(&six, 0, 60, "2001:db8::1");
    assert_false(baro_dns_result(dns, lookup, &result)); /* a happy client begins with this one */
    assert_true(result.ipv6 == BARO_DNS_FOUND && result.ipv4 == BARO_DNS_PENDING && result.addresses == 1);
    say(&four, 0, 40, "192.0.2.1");
    found_is(lookup, 2, "2001:db8::1");
    baro_dns_result(dns, lookup, &result);
    assert_int_equal(result.ttl_s, 40);
    baro_dns_end(dns, lookup);
    lookup = look_up("www.example.com", BARO_DNS_WANT_IPV4);
    baro_dns_result(dns, lookup, &result);
    assert_true(result.ipv4 == BARO_DNS_FOUND && result.ipv6 == BARO_DNS_NOT_ASKED && !asked(0, &four));
}

static void no_name_no_data_and_failure_are_told_apart(void **state)
{
    static struct answer answer;
    struct query query, second;
    struct baro_dns_result result;
    int lookup = look_up("nosuch.example.com", BARO_DNS_WANT_IPV4);

    (void)state;
    assert_true(asked(0, &query));
    begin(&answer, &query, BARO_DNS_NAME_ERROR);
    add(&answer, BARO_DNS_AUTHORITY, "example.com", BARO_DNS_SOA, 3600, "ns.example.com");
    send_answer(&answer, &query);
    assert_int_equal(status(lookup), BARO_DNS_NO_NAME);
    assert_int_equal(status(look_up("nosuch.example.com", BARO_DNS_WANT_IPV4)), BARO_DNS_NO_NAME); /* kept, as the SOA says */
    assert_false(asked(0, &query));
    now.ns += INT64_C(31000000000);
    look_up("nosuch.example.com", BARO_DNS_WANT_IPV4);
    assert_true(asked(0, &query));
    say(&query, BARO_DNS_NAME_ERROR, 0, NULL); /* without one it is not kept */
    assert_int_equal(status(look_up("nosuch.example.com", BARO_DNS_WANT_IPV4)), BARO_DNS_PENDING);
    assert_true(asked(0, &query));
    lookup = look_up("mail.example.com", BARO_DNS_WANT_BOTH);
    assert_true(asked(0, &query) && asked(0, &second));
    say(&query, 0, 0, NULL);
    say(&second, 0, 0, NULL);
    assert_int_equal(status(lookup), BARO_DNS_NO_DATA);
    lookup = look_up("broken.example.com", BARO_DNS_WANT_BOTH);
    assert_true(asked(0, &query) && asked(0, &second));
    say(&query, BARO_DNS_SERVER_FAILURE, 0, NULL);
    say(&second, 0, 0, NULL);
    assert_true(baro_dns_result(dns, lookup, &result));
    assert_true(result.status == BARO_DNS_FAILED && result.code == BARO_DNS_SERVER_FAILURE && result.ipv6 == BARO_DNS_NO_DATA);
    assert_false(asked(0, &query)); /* the only server has spoken */
    /* one family fails, the other is there: there is an address */
    lookup = look_up("half.example.com", BARO_DNS_WANT_BOTH);
    assert_true(asked(0, &query) && asked(0, &second));
    say(&second, BARO_DNS_SERVER_FAILURE, 0, NULL);
    say(&query, 0, 60, "192.0.2.9");
    found_is(lookup, 1, "192.0.2.9");
}

static void servers_take_turns(void **state)
{
    struct query query, other;
    struct baro_instant begun;
    struct baro_dns_result result;
    int lookup;

    (void)state;
    create(3, NULL, NULL, 0);
    begun = now;
    lookup = look_up("www.example.com", BARO_DNS_WANT_IPV4);
    assert_true(asked(0, &query) && !asked(1, &other));
    sleep_on();
    assert_true(asked(1, &other) && other.peer.address.family == BARO_FAMILY_IPV6);
    assert_true(other.header.id != query.header.id && other.peer.port.number != query.peer.port.number);
    say(&query, 0, 60, "203.0.113.66"); /* the first wakes up too late: its question is not outside any more */
    assert_int_equal(status(lookup), BARO_DNS_PENDING);
    say(&other, BARO_DNS_SERVER_FAILURE, 0, NULL); /* at once the next */
    assert_true(asked(2, &other));
    say(&other, 0, 60, "192.0.2.1");
    found_is(lookup, 1, "192.0.2.1");
    /* who answered last is asked first; silence ends after all of them have had two chances, but who refused only one */
    lookup = look_up("silent.example.com", BARO_DNS_WANT_IPV4);
    assert_true(asked(2, &query));
    sleep_on();
    assert_true(asked(0, &query));
    sleep_on();
    assert_true(asked(1, &query));
    say(&query, BARO_DNS_REFUSED, 0, NULL);
    assert_true(asked(2, &query) && !asked(1, &query));
    while (!baro_dns_result(dns, lookup, &result))
        sleep_on();
    assert_true(result.status == BARO_DNS_FAILED && result.code == BARO_DNS_REFUSED);
    assert_true(now.ns - begun.ns < INT64_C(20000000000) && asked(0, &query) && !asked(1, &query));
    create(1, NULL, NULL, 0);
    begun = now;
    lookup = look_up("silent.example.com", BARO_DNS_WANT_IPV4);
    while (!baro_dns_result(dns, lookup, &result))
        sleep_on();
    assert_int_equal(result.status, BARO_DNS_NO_ANSWER);
    assert_true(now.ns - begun.ns >= INT64_C(14000000000) && now.ns - begun.ns < INT64_C(14100000000));
}

/* Nobody at that port: the ICMP error says so at once. */
static void a_closed_port_is_not_waited_for(void **state)
{
    struct query query;
    int lookup;

    (void)state;
    create(3, NULL, NULL, 0);
    baro_close(stack, datagrams[0]);
    lookup = look_up("www.example.com", BARO_DNS_WANT_IPV4);
    assert_true(asked(1, &query));
    say(&query, 0, 60, "192.0.2.1");
    found_is(lookup, 1, "192.0.2.1");
}

static void answers_are_kept_as_long_as_they_say(void **state)
{
    struct query query;
    struct baro_dns_result result;
    char name[] = "xx.example.net";
    int lookup = look_up("www.example.com", BARO_DNS_WANT_IPV4);

    (void)state;
    assert_true(asked(0, &query));
    say(&query, 0, 10, "192.0.2.1");
    now.ns += INT64_C(6000000000);
    lookup = look_up("WWW.example.COM", BARO_DNS_WANT_IPV4);
    assert_true(baro_dns_result(dns, lookup, &result) && result.ttl_s == 4 && !asked(0, &query));
    now.ns += INT64_C(4100000000);
    lookup = look_up("www.example.com", BARO_DNS_WANT_IPV4);
    assert_true(status(lookup) == BARO_DNS_PENDING && asked(0, &query));
    say(&query, 0, 0, "192.0.2.1");
    found_is(lookup, 1, "192.0.2.1");
    lookup = look_up("www.example.com", BARO_DNS_WANT_IPV4);
    assert_true(status(lookup) == BARO_DNS_PENDING && asked(0, &query)); /* TTL 0: for that lookup only */
    say(&query, 0, 0x80000000, "192.0.2.1");                             /* RFC 2181 §8 */
    assert_true(status(look_up("www.example.com", BARO_DNS_WANT_IPV4)) == BARO_DNS_PENDING && asked(0, &query));
    say(&query, 0, 0x7fffffff, "192.0.2.1");
    lookup = look_up("www.example.com", BARO_DNS_WANT_IPV4);
    assert_true(baro_dns_result(dns, lookup, &result) && result.ttl_s == 86400);
    for (int i = 0; i < 2 * DNS_KEPT; i++) { /* a full cache goes on */
        name[0] = (char)('a' + i / 26);
        name[1] = (char)('a' + i % 26);
        lookup = look_up(name, BARO_DNS_WANT_IPV4);
        assert_true(asked(0, &query));
        say(&query, 0, (uint32_t)(60 + i), "192.0.2.3");
        found_is(lookup, 1, "192.0.2.3");
        baro_dns_end(dns, lookup);
    }
    lookup = look_up(name, BARO_DNS_WANT_IPV4);
    found_is(lookup, 1, "192.0.2.3");
    assert_false(asked(0, &query));
}

static void name_is(const struct query *query, const char *text)
{
    char name[BARO_DNS_TEXT_LIMIT];

    baro_dns_name_text(&query->question.name, name, sizeof name);
    assert_string_equal(name, text);
}

static void names_are_searched_for(void **state)
{
    struct query query;
    int lookup;

    (void)state;
    create(1, "lan", "example.com", 0);
    lookup = look_up("www", BARO_DNS_WANT_IPV4);
    assert_true(asked(0, &query));
    name_is(&query, "www.lan");
    say(&query, BARO_DNS_NAME_ERROR, 0, NULL);
    assert_true(asked(0, &query));
    name_is(&query, "www.example.com");
    say(&query, 0, 0, NULL);
    assert_true(asked(0, &query));
    name_is(&query, "www");
    say(&query, BARO_DNS_NAME_ERROR, 0, NULL);
    assert_int_equal(status(lookup), BARO_DNS_NO_DATA); /* one of them was there */
    lookup = look_up("www.example.org", BARO_DNS_WANT_IPV4);
    assert_true(asked(0, &query));
    name_is(&query, "www.example.org"); /* a dot: as it is first */
    say(&query, BARO_DNS_NAME_ERROR, 0, NULL);
    assert_true(asked(0, &query));
    name_is(&query, "www.example.org.lan");
    say(&query, BARO_DNS_SERVER_FAILURE, 0, NULL);
    assert_int_equal(status(lookup), BARO_DNS_FAILED); /* who knows: not another name's address */
    lookup = look_up("host.", BARO_DNS_WANT_IPV4);
    assert_true(asked(0, &query));
    name_is(&query, "host");
    say(&query, BARO_DNS_NAME_ERROR, 0, NULL);
    assert_int_equal(status(lookup), BARO_DNS_NO_NAME);
    create(1, "lan", NULL, 2);
    look_up("www.example", BARO_DNS_WANT_IPV4);
    assert_true(asked(0, &query));
    name_is(&query, "www.example.lan");
}

static void what_needs_no_asking(void **state)
{
    struct baro_dns_result result;
    struct baro_dns_name name;
    struct query query;

    (void)state;
    found_is(look_up("localhost", BARO_DNS_WANT_BOTH), 2, "::1");
    found_is(look_up("a.LOCALHOST.", BARO_DNS_WANT_IPV4), 1, "127.0.0.1");
    found_is(look_up("192.0.2.1", BARO_DNS_WANT_BOTH), 1, "192.0.2.1");
    found_is(look_up("2001:db8::7", BARO_DNS_WANT_BOTH), 1, "2001:db8::7");
    assert_int_equal(status(look_up("2001:db8::7", BARO_DNS_WANT_IPV4)), BARO_DNS_NO_DATA);
    assert_int_equal(status(look_up("x.invalid", BARO_DNS_WANT_BOTH)), BARO_DNS_NO_NAME);
    assert_int_equal(status(look_up("abc.onion", BARO_DNS_WANT_BOTH)), BARO_DNS_NO_NAME);
    assert_int_equal(look_up("printer.local", BARO_DNS_WANT_BOTH), -EOPNOTSUPP);
    assert_int_equal(look_up("", BARO_DNS_WANT_BOTH), -EINVAL);
    assert_int_equal(look_up(".", BARO_DNS_WANT_BOTH), -EINVAL);
    assert_int_equal(look_up("a..b", BARO_DNS_WANT_BOTH), -EINVAL);
    assert_true(baro_dns_result(dns, baro_dns_query_name(dns, baro_ipv4(127, 0, 0, 1), now), &result));
    baro_dns_name_parse(&name, "localhost");
    assert_true(baro_dns_name_equal(&result.name, &name));
    assert_false(asked(0, &query));
    create(0, NULL, NULL, 0);
    assert_int_equal(look_up("www.example.com", BARO_DNS_WANT_BOTH), -ENETUNREACH);
    found_is(look_up("localhost", BARO_DNS_WANT_IPV6), 1, "::1");
    for (int i = 1; i < BARO_DNS_LOOKUPS; i++)
        assert_true(look_up("localhost", BARO_DNS_WANT_IPV6) >= 0);
    assert_int_equal(look_up("localhost", BARO_DNS_WANT_IPV6), -ENOSPC);
}

static void addresses_have_names(void **state)
{
    struct query query;
    struct baro_dns_result result;
    struct baro_dns_name name;
    int lookup = baro_dns_query_name(dns, baro_ipv4(192, 0, 2, 1), now);

    (void)state;
    turn();
    assert_true(asked(0, &query) && query.question.type == BARO_DNS_PTR);
    name_is(&query, "1.2.0.192.in-addr.arpa");
    say(&query, 0, 60, "www.example.com");
    assert_true(baro_dns_result(dns, lookup, &result) && result.status == BARO_DNS_FOUND);
    baro_dns_name_parse(&name, "www.example.com");
    assert_true(baro_dns_name_equal(&result.name, &name));
}

static void literals(void **state)
{
    static const char *const right[] = { "0.0.0.0", "255.255.255.255", "::", "::1", "1::", "1:2:3:4:5:6:7:8", "1::8", "1:2:3:4:5:6:7::",
                                         "::2:3:4:5:6:7:8", "fe80::1%2", "ff02::fb%1", "::ffff:192.0.2.1", "64:ff9b::192.0.2.1",
                                         "1:2:3:4:5:6:192.0.2.1", "ABCD::ef01" };
    static const char *const wrong[] = { "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", "1..2.3", ":", ":::", "1:", ":1",
                                         "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "::1%1", "fe80::1%", "fe80::1%256",
                                         "fe80::1%x", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "1:2:3:4:5:6:7:8::", "1::%2", "::1:", "4294967297.1.1.1" };
    struct baro_address address;

    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        if (!dns_literal(right[i], &address))
            fail_msg("%s", right[i]);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (dns_literal(wrong[i], &address))
            fail_msg("%s", wrong[i]);
    }
    assert_true(dns_literal("fe80::1:a%2", &address) && address.zone == 2 && address.octet[0] == 0xfe && address.octet[15] == 10 &&
                address.octet[13] == 1 && address.octet[2] == 0);
    assert_true(dns_literal("::ffff:192.0.2.1", &address) && address.octet[12] == 192 && address.octet[10] == 0xff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_families_are_asked_for_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_name_no_data_and_failure_are_told_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(servers_take_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_closed_port_is_not_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_are_kept_as_long_as_they_say, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_are_searched_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_needs_no_asking, set_up, tear_down),
        cmocka_unit_test_setup_teardown(addresses_have_names, set_up, tear_down),
        cmocka_unit_test(literals)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
