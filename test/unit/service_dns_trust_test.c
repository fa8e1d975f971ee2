/* What the resolver believes: forged, broken, circular, truncated, oversized and poisoned answers from name servers
 * that this test plays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "unit/dns_world.h"

static void ids_and_ports_cannot_be_guessed(void **state)
{
    unsigned close_by = 0;
    struct query query, last = { 0 };

    (void)state;
    for (int i = 0; i < 60; i++) {
        char name[] = "hAA.example.com";

        name[1] = (char)('a' + i / 26);
        name[2] = (char)('a' + i % 26);
        baro_dns_end(dns, look_up(name, BARO_DNS_WANT_IPV4));
        assert_true(asked(0, &query) && query.peer.port.number >= 1024);
        close_by += (uint16_t)(query.header.id - last.header.id + 8) < 16;
        close_by += (uint16_t)(query.peer.port.number - last.peer.port.number + 8) < 16;
        last = query;
    }
    assert_true(close_by <= 2);
}

static void forged_answers_are_not_believed(void **state)
{
    static struct answer answer;
    struct baro_dns_statistics counts;
    struct query query, other;
    struct baro_endpoint elsewhere = { { BARO_FAMILY_IPV4, 0, { 127, 0, 0, 2 } }, { 5353 } };
    int lookup = look_up("www.example.com", BARO_DNS_WANT_IPV4),
        fd = baro_socket(stack, BARO_FAMILY_IPV4, BARO_DATAGRAM);

    (void)state;
    assert_true(asked(0, &query));
    begin(&answer, &query, 0);
    add(&answer, BARO_DNS_ANSWERS, "www.example.com", BARO_DNS_A, 60, "203.0.113.66");
    answer.length = baro_dns_write_end(&answer.writer);
    /* right in all but where it comes from: another server's address, another port of the right one */
    send_octets(&query, answer.octets + 2, answer.length, datagrams[2]);
    baro_bind(stack, fd, &elsewhere);
    send_octets(&query, answer.octets + 2, answer.length, fd);
    assert_int_equal(status(lookup), BARO_DNS_PENDING);
    other = query;
    other.header.id++;
    say(&other, 0, 60, "203.0.113.66");
    other = query;
    baro_dns_name_parse(&other.question.name, "www.example.org");
    say(&other, 0, 60, "203.0.113.66");
    other = query;
    other.question.type = BARO_DNS_AAAA;
    say(&other, 0, 60, "2001:db8::66");
    answer.octets[2 + 2] &= 0x7f; /* a query */
    send_octets(&query, answer.octets + 2, answer.length, datagrams[0]);
    for (size_t cut = 0; cut < 8; cut++)
        send_octets(&query, answer.octets + 2, cut, datagrams[0]);
    baro_dns_statistics(dns, &counts);
    assert_int_equal(counts.strange, 4 + 8);
    assert_int_equal(status(lookup), BARO_DNS_PENDING);
    query.question.name.octet[1] = 'W';
    say(&query, 0, 60, "192.0.2.1");
    found_is(lookup, 1, "192.0.2.1");
    say(&query, 0, 60, "203.0.113.66"); /* too late */
    found_is(lookup, 1, "192.0.2.1");
}

static void who_guesses_meets_a_connection(void **state)
{
    struct query query, other, stream;
    int lookup = look_up("www.example.com", BARO_DNS_WANT_IPV4);

    (void)state;
    assert_true(asked(0, &query));
    other = query;
    for (int i = 0; i < 16; i++) {
        other.header.id = (uint16_t)(query.header.id + 1 + i);
        assert_false(asked_by_stream(0, &stream));
        say(&other, 0, 60, "203.0.113.66");
    }
    assert_true(asked_by_stream(0, &stream));
    say(&query, 0, 60, "203.0.113.66"); /* even the right one: nobody listens there any more */
    assert_int_equal(status(lookup), BARO_DNS_PENDING);
    say(&stream, 0, 60, "192.0.2.1");
    found_is(lookup, 1, "192.0.2.1");
}

static void nothing_is_poisoned(void **state)
{
    static struct answer answer;
    struct query query;
    int lookup = look_up("www.example.com", BARO_DNS_WANT_IPV4);

    (void)state;
    assert_true(asked(0, &query));
    begin(&answer, &query, 0);
    add(&answer, BARO_DNS_ANSWERS, "bank.example.org", BARO_DNS_A, 9999, "203.0.113.66"); /* of another name */
    add(&answer, BARO_DNS_ANSWERS, "www.example.com", BARO_DNS_AAAA, 60, "2001:db8::66"); /* of another type */
    add(&answer, BARO_DNS_ANSWERS, "www.example.com", BARO_DNS_A, 60, "192.0.2.1");
    add(&answer, BARO_DNS_AUTHORITY, "www.example.com", BARO_DNS_A, 60, "203.0.113.66");
    add(&answer, BARO_DNS_AUTHORITY, "org", BARO_DNS_NS, 9999, "ns.evil.example");
    add(&answer, BARO_DNS_ADDITIONAL, "www.example.com", BARO_DNS_A, 60, "203.0.113.66");
    add(&answer, BARO_DNS_ADDITIONAL, "bank.example.org", BARO_DNS_A, 9999, "203.0.113.66");
    send_answer(&answer, &query);
    found_is(lookup, 1, "192.0.2.1");
    lookup = look_up("bank.example.org", BARO_DNS_WANT_IPV4);
    assert_int_equal(status(lookup), BARO_DNS_PENDING);
    assert_true(asked(0, &query));
}

static void chains_are_followed_with_a_bound(void **state)
{
    static struct answer answer;
    struct baro_dns_result result;
    struct baro_dns_name name;
    struct query query;
    int lookup = look_up("a.example.com", BARO_DNS_WANT_IPV4);
    char from[] = "a.example.com", to[] = "a.example.com";

    (void)state;
    assert_true(asked(0, &query));
    begin(&answer, &query, 0); /* in no order */
    add(&answer, BARO_DNS_ANSWERS, "c.example.com", BARO_DNS_A, 60, "192.0.2.1");
    add(&answer, BARO_DNS_ANSWERS, "b.example.com", BARO_DNS_CNAME, 5, "c.example.com");
    add(&answer, BARO_DNS_ANSWERS, "a.example.com", BARO_DNS_CNAME, 60, "b.example.com");
    send_answer(&answer, &query);
    found_is(lookup, 1, "192.0.2.1");
    baro_dns_result(dns, lookup, &result);
    baro_dns_name_parse(&name, "c.example.com");
    assert_true(baro_dns_name_equal(&result.name, &name) && result.ttl_s == 5);
    /* the answer ends in the middle: the rest is asked for */
    lookup = look_up("d.example.com", BARO_DNS_WANT_IPV4);
    assert_true(asked(0, &query));
    begin(&answer, &query, 0);
    add(&answer, BARO_DNS_ANSWERS, "d.example.com", BARO_DNS_CNAME, 60, "e.example.com");
    send_answer(&answer, &query);
    baro_dns_name_parse(&name, "e.example.com");
    assert_true(asked(0, &query) && baro_dns_name_equal(&query.question.name, &name));
    say(&query, 0, 60, "192.0.2.2");
    found_is(lookup, 1, "192.0.2.2");
    /* a circle in one answer, a name that is its own, and a chain that grows with every answer */
    lookup = look_up("x.example.com", BARO_DNS_WANT_IPV4);
    assert_true(asked(0, &query));
    begin(&answer, &query, 0);
    add(&answer, BARO_DNS_ANSWERS, "x.example.com", BARO_DNS_CNAME, 60, "y.example.com");
    add(&answer, BARO_DNS_ANSWERS, "y.example.com", BARO_DNS_CNAME, 60, "x.example.com");
    send_answer(&answer, &query);
    assert_int_equal(status(lookup), BARO_DNS_FAILED);
    lookup = look_up("a.example.org", BARO_DNS_WANT_IPV4);
    from[11] = to[11] = 'r'; /* .crm */
    for (int i = 0; i < 20 && status(lookup) == BARO_DNS_PENDING; i++) {
        assert_true(asked(0, &query));
        begin(&answer, &query, 0);
        from[0] = (char)('a' + i);
        to[0] = (char)('b' + i);
        add(&answer, BARO_DNS_ANSWERS, i == 0 ? "a.example.org" : from, BARO_DNS_CNAME, 60, to);
        send_answer(&answer, &query);
        assert_true(i <= DNS_CHAIN_LIMIT);
    }
    assert_int_equal(status(lookup), BARO_DNS_FAILED);
}

static void truncated_answers_come_by_connection(void **state)
{
    static struct answer answer;
    struct query query, stream;
    char name[] = "xx.example.com";
    int lookup = look_up("big.example.com", BARO_DNS_WANT_IPV4);

    (void)state;
    assert_true(asked(0, &query));
    begin(&answer, &query, 0);
    add(&answer, BARO_DNS_ANSWERS, "big.example.com", BARO_DNS_A, 60, "203.0.113.66"); /* what is in it is not used */
    answer.writer.truncated = true;
    send_answer(&answer, &query);
    assert_int_equal(status(lookup), BARO_DNS_PENDING);
    assert_true(asked_by_stream(0, &stream) && stream.header.id != query.header.id);
    begin(&answer, &stream, 0);
    for (int i = 0; i < 26 * 26; i++) {
        name[0] = (char)('a' + i / 26);
        name[1] = (char)('a' + i % 26);
        add(&answer, BARO_DNS_ANSWERS, name, BARO_DNS_A, 60, "192.0.2.7");
    }
    add(&answer, BARO_DNS_ANSWERS, "big.example.com", BARO_DNS_A, 60, "192.0.2.1");
    answer.length = baro_dns_write_end(&answer.writer);
    answer.octets[0] = (uint8_t)(answer.length >> 8);
    answer.octets[1] = (uint8_t)answer.length;
    for (size_t at = 0; at < 2 + answer.length; at += 1999) {
        assert_int_equal(status(lookup), BARO_DNS_PENDING);
        send_octets(&stream, answer.octets + at, 2 + answer.length - at < 1999 ? 2 + answer.length - at : 1999, -1);
    }
    found_is(lookup, 1, "192.0.2.1");
    /* a datagram longer than we said we take is taken for a truncated one */
    lookup = look_up("long.example.com", BARO_DNS_WANT_IPV4);
    assert_true(asked(0, &query));
    begin(&answer, &query, 0);
    for (int i = 0; i < 100; i++)
        add(&answer, BARO_DNS_ANSWERS, "long.example.com", BARO_DNS_A, 60, "192.0.2.7");
    send_answer(&answer, &query);
    assert_true(answer.length > BARO_DNS_UDP_EDNS && asked_by_stream(0, &stream));
    /* a server that hangs up or speaks nonsense there has failed */
    baro_close(stack, stream.stream);
    turn();
    assert_int_equal(status(lookup), BARO_DNS_NO_ANSWER);
    lookup = look_up("more.example.com", BARO_DNS_WANT_IPV4);
    assert_true(asked(0, &query));
    begin(&answer, &query, 0);
    answer.writer.truncated = true;
    send_answer(&answer, &query);
    assert_true(asked_by_stream(0, &stream));
    stream.header.id ^= 1;
    say(&stream, 0, 60, "203.0.113.66");
    assert_int_equal(status(lookup), BARO_DNS_FAILED);
}

static void broken_answers_fail_and_end(void **state)
{
    static struct answer answer;
    struct query query;
    int lookup = look_up("www.example.com", BARO_DNS_WANT_IPV4);

    (void)state;
    assert_true(asked(0, &query));
    begin(&answer, &query, 0);
    add(&answer, BARO_DNS_ANSWERS, "www.example.com", BARO_DNS_A, 60, "192.0.2.1");
    answer.length = baro_dns_write_end(&answer.writer);
    answer.octets[2 + 12 + 21 + 1] = 12 + 21; /* the record's name points to itself */
    send_octets(&query, answer.octets + 2, answer.length, datagrams[0]);
    assert_int_equal(status(lookup), BARO_DNS_FAILED);
    lookup = look_up("www.example.org", BARO_DNS_WANT_IPV4);
    assert_true(asked(0, &query));
    begin(&answer, &query, 0);
    add(&answer, BARO_DNS_ANSWERS, "www.example.org", BARO_DNS_A, 60, "192.0.2.1");
    answer.length = baro_dns_write_end(&answer.writer);
    send_octets(&query, answer.octets + 2, answer.length - 1, datagrams[0]); /* an octet is missing */
    assert_int_equal(status(lookup), BARO_DNS_FAILED);
}

static void servers_without_edns_are_asked_without(void **state)
{
    struct query query;
    uint8_t octets[12] = { 0 };
    int lookup = look_up("www.example.com", BARO_DNS_WANT_IPV4);

    (void)state;
    assert_true(asked(0, &query) && query.edns.present);
    octets[0] = (uint8_t)(query.header.id >> 8);
    octets[1] = (uint8_t)query.header.id;
    octets[2] = 0x80;
    octets[3] = BARO_DNS_FORMAT_ERROR;
    send_octets(&query, octets, sizeof octets, datagrams[0]); /* as old ones do: the header alone */
    assert_true(asked(0, &query) && !query.edns.present);
    say(&query, 0, 60, "192.0.2.1");
    found_is(lookup, 1, "192.0.2.1");
    look_up("www.example.org", BARO_DNS_WANT_IPV4);
    assert_true(asked(0, &query) && !query.edns.present); /* remembered */
    create(1, NULL, NULL, 0);
    lookup = look_up("www.example.com", BARO_DNS_WANT_IPV4);
    assert_true(asked(0, &query));
    say(&query, BARO_DNS_FORMAT_ERROR, 0, NULL);
    assert_true(asked(0, &query) && !query.edns.present);
    say(&query, BARO_DNS_FORMAT_ERROR, 0, NULL); /* that was not it */
    assert_int_equal(status(lookup), BARO_DNS_FAILED);
}

static void the_same_question_is_outside_once(void **state)
{
    struct query query;
    int first = look_up("www.example.com", BARO_DNS_WANT_IPV4),
        second = look_up("www.example.com.", BARO_DNS_WANT_IPV4), third;

    (void)state;
    assert_true(asked(0, &query));
    third = look_up("WWW.example.com", BARO_DNS_WANT_IPV4);
    baro_dns_end(dns, first);
    say(&query, 0, 0, "192.0.2.1");
    found_is(second, 1, "192.0.2.1");
    found_is(third, 1, "192.0.2.1");
    assert_false(asked(0, &query));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ids_and_ports_cannot_be_guessed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(forged_answers_are_not_believed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_guesses_meets_a_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_poisoned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chains_are_followed_with_a_bound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(truncated_answers_come_by_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(broken_answers_fail_and_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(servers_without_edns_are_asked_without, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_question_is_outside_once, set_up, tear_down)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
