/* Queries that leave the LAN: what goes out, what comes back and from whom it is taken, with an outside that is this test:
 * forged and broken answers, silence, failure, more queries than places, and what must never get out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "baro/dns_server.h"
#include "service/dns_server.h"
#include "support/frame_device.h"

static struct baro_stack *stack;
static struct baro_dns_server *server;
static struct baro_instant now;
static struct test_memory memory;
static const struct baro_endpoint place = { { BARO_FAMILY_IPV4, 0, { 127, 0, 0, 53 } }, { 53 } };

/* The outside: what was asked for each place last. */
static struct {
    bool open, stream;
    unsigned attempt, asked;
    size_t length;
    uint8_t query[600];
} outside[BARO_DNS_SERVER_PENDING];
static unsigned outside_open, outside_asked, last;
static int servers; /* what ask says */

static int ask_outside(void *context, unsigned at, unsigned attempt, bool stream, struct baro_bytes query)
{
    (void)context;
    assert_true(query.length <= sizeof outside[at].query);
    outside_open += !outside[at].open;
    outside[at].open = true;
    outside[at].stream = stream;
    outside[at].attempt = attempt;
    outside[at].length = query.length;
    outside[at].asked++;
    memcpy(outside[at].query, query.data, query.length);
    outside_asked++;
    last = at;
    return servers;
}

static void forget_outside(void *context, unsigned at)
{
    (void)context;
    outside_open -= outside[at].open;
    outside[at].open = false;
}

static int set_up(void **state)
{
    const struct baro_stack_config config = { .memory = test_memory(&memory), .seed = { 1 } };
    const struct baro_dns_outside way = { NULL, ask_outside, forget_outside };
    struct baro_dns_server_config names = { .memory = test_memory(&memory),
                                            .local = { .address = place.address }, .outside = &way,
                                            .seed = { 7 } };
    int error;

    (void)state;
    memset(outside, 0, sizeof outside);
    outside_open = outside_asked = 0;
    servers = 2;
    names.stack = stack = baro_stack_create(&config);
    server = baro_dns_server_create(&names, &error);
    assert_int_equal(error, 0);
    assert_int_equal(baro_dns_server_add_host(server, "host", baro_ipv4(10, 7, 0, 1)), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    baro_dns_server_free(server);
    assert_int_equal(outside_open, 0);
    baro_stack_free(stack);
    assert_int_equal(memory.slabs, 0);
    return 0;
}

static void turn(void)
{
    for (int i = 0; i < 6; i++) {
        now.ns += 10000; /* many turns are less than a query waits outside */
        baro_stack_poll(stack, now);
        baro_dns_server_poll(server, now);
        baro_stack_flush(stack);
    }
}

static size_t make(uint8_t *octets, size_t size, uint16_t id, const char *name, uint16_t type, unsigned edns_size)
{
    const struct baro_dns_header header = { .id = id, .flags = BARO_DNS_RECURSION_DESIRED };
    struct baro_dns_question question = { .type = type, .dns_class = BARO_DNS_IN };
    struct baro_dns_writer writer;

    assert_int_equal(baro_dns_name_parse(&question.name, name), 0);
    baro_dns_write(&writer, (struct baro_buffer){ octets, size }, &header);
    baro_dns_write_question(&writer, &question);
    if (edns_size != 0)
        baro_dns_write_edns(&writer, &(struct baro_dns_edns){ .udp_size = (uint16_t)edns_size, .dnssec_ok = true });
    return baro_dns_write_end(&writer);
}

/* Asks inside by a datagram from a socket of its own. */
static int ask(const char *name, uint16_t type, unsigned edns_size)
{
    uint8_t octets[300];
    size_t length = make(octets, sizeof octets, 0xbeef, name, type, edns_size);
    int fd = baro_socket(stack, BARO_FAMILY_IPV4, BARO_DATAGRAM);

    assert_int_equal(baro_sendto(stack, fd, octets, length, 0, &place), length);
    turn();
    return fd;
}

/* What the asker has heard: a code, -1: nothing. */
static int heard(int fd, struct baro_dns_reader *reader)
{
    static uint8_t octets[70000];
    ptrdiff_t length = baro_recv(stack, fd, octets, sizeof octets, 0);

    if (length < 0)
        return -1;
    assert_int_equal(baro_dns_read(reader, (struct baro_bytes){ octets, (size_t)length }), 0);
    assert_int_equal(reader->header.id, 0xbeef);
    assert_true(reader->header.flags & BARO_DNS_RESPONSE);
    return reader->header.code;
}

/* The outside's answer to what it was asked last for a place: an address, and OPT with an option, if it was asked with one. */
static size_t answer(unsigned at, uint8_t *octets, size_t size, unsigned code, uint16_t flags)
{
    struct baro_dns_reader reader;
    struct baro_dns_question question;
    struct baro_dns_record record = { .type = BARO_DNS_A, .dns_class = BARO_DNS_IN, .ttl = 60 };
    struct baro_dns_writer writer;
    static const uint8_t option[6] = { 0, 65, 0, 2, 7, 7 };

    assert_int_equal(baro_dns_read(&reader, (struct baro_bytes){ outside[at].query, outside[at].length }), 0);
    assert_int_equal(baro_dns_read_question(&reader, &question), 1);
    reader.header.flags |= (uint16_t)(BARO_DNS_RESPONSE | flags);
    reader.header.code = (uint8_t)code;
    baro_dns_write(&writer, (struct baro_buffer){ octets, size }, &reader.header);
    baro_dns_write_question(&writer, &question);
    record.name = question.name;
    record.address = baro_ipv4(192, 0, 2, 80);
    if (code == 0)
        baro_dns_write_record(&writer, BARO_DNS_ANSWERS, &record);
    record = (struct baro_dns_record){ .name = { 1, { 0 } }, .type = BARO_DNS_OPT, .dns_class = 4000, .data = { option, sizeof option } };
    if (reader.header.count[BARO_DNS_ADDITIONAL] != 0)
        baro_dns_write_record(&writer, BARO_DNS_ADDITIONAL, &record);
    return baro_dns_write_end(&writer);
}

static bool tell(unsigned at, const uint8_t *octets, size_t length)
{
    static uint8_t copy[65535];
    bool taken = baro_dns_server_heard(server, at, (struct baro_buffer){ memcpy(copy, octets, length), length }, now);

    turn();
    return taken;
}

static void a_query_goes_out_and_comes_back(void **state)
{
    struct baro_dns_server_statistics counts;
    struct baro_dns_reader reader;
    struct baro_dns_record record;
    struct baro_dns_edns edns;
    enum baro_dns_section section;
    uint8_t octets[600];
    int fd = ask("WWW.example.com", BARO_DNS_A, 4096);

    (void)state;
    assert_int_equal(outside_asked, 1);
    assert_int_equal(baro_dns_read(&reader, (struct baro_bytes){ outside[last].query, outside[last].length }), 0);
    assert_true(reader.header.id != 0xbeef); /* not the asker's */
    assert_int_equal(reader.header.flags, BARO_DNS_RECURSION_DESIRED);
    assert_int_equal(baro_dns_find_edns(reader.message, &edns), 0);
    assert_true(edns.present && edns.dnssec_ok && edns.udp_size == BARO_DNS_UDP_EDNS); /* what we can pass on, not 4096 */
    assert_int_equal(heard(fd, &reader), -1);
    assert_true(tell(last, octets, answer(last, octets, sizeof octets, 0, BARO_DNS_RECURSION_AVAILABLE)));
    assert_int_equal(outside_open, 0);
    assert_int_equal(heard(fd, &reader), BARO_DNS_NO_ERROR);
    assert_int_equal(baro_dns_read_record(&reader, &record, &section), 1);
    assert_memory_equal(record.address.octet, "\300\0\2\120", 4);
    assert_memory_equal(record.name.octet, "\3WWW", 4);
    assert_int_equal(baro_dns_find_edns(reader.message, &edns), 0); /* OPT is ours: no larger, without the option */
    assert_true(edns.present && edns.udp_size == BARO_DNS_UDP_EDNS && reader.message.length == 12 + 21 + 16 + 11);
    baro_dns_server_statistics(server, &counts);
    assert_true(counts.forwarded == 1 && counts.returned == 1 && counts.forged == 0);
    fd = ask("www.example.com", BARO_DNS_A, 0);
    assert_int_equal(baro_dns_find_edns((struct baro_bytes){ outside[last].query, outside[last].length }, &edns), 0);
    assert_false(edns.present);
}

static void ids_differ_from_query_to_query(void **state)
{
    unsigned same = 0;
    uint16_t before = 0;

    (void)state;
    for (int i = 0; i < 40; i++) {
        uint16_t id;

        ask("www.example.com", BARO_DNS_A, 0);
        id = (uint16_t)(outside[last].query[0] << 8 | outside[last].query[1]);
        same += (uint16_t)(id - before) <= 2; /* neither kept nor counted up */
        before = id;
    }
    assert_true(same <= 1);
    assert_int_equal(outside_open, 40);
}

static void forged_answers_are_not_taken(void **state)
{
    struct baro_dns_server_statistics counts;
    struct baro_dns_reader reader;
    uint8_t octets[600], right[600];
    int fd = ask("www.example.com", BARO_DNS_A, 1232);
    unsigned at = last;
    size_t length = answer(at, right, sizeof right, 0, 0);

    (void)state;
    memcpy(octets, right, length);
    octets[1] ^= 1; /* another id */
    assert_false(tell(at, octets, length));
    memcpy(octets, right, length);
    octets[2] &= 0x7f; /* a query */
    assert_false(tell(at, octets, length));
    memcpy(octets, right, length);
    octets[14] ^= 1; /* wvw */
    assert_false(tell(at, octets, length));
    memcpy(octets, right, length);
    octets[12 + 17 + 1] = 28; /* of another type */
    assert_false(tell(at, octets, length));
    memcpy(octets, right, length);
    octets[5] = 0; /* no question, and an answer */
    assert_false(tell(at, octets, length));
    octets[5] = 2;
    assert_false(tell(at, octets, length));
    for (size_t cut = 0; cut < 12 + 21; cut++)
        assert_false(tell(at, right, cut));
    assert_int_equal(heard(fd, &reader), -1);
    memcpy(octets, right, length);
    octets[13] ^= 0x20; /* Www: the same name */
    assert_true(tell(at, octets, length));
    assert_int_equal(heard(fd, &reader), BARO_DNS_NO_ERROR);
    assert_true(tell(at, right, length)); /* late: nobody waits, nobody hears */
    assert_int_equal(heard(fd, &reader), -1);
    baro_dns_server_statistics(server, &counts);
    assert_int_equal(counts.forged, 6 + 33);
}

/* Right in front, broken behind: not passed on; the next server is asked, under another id. */
static void broken_answers_are_failures(void **state)
{
    struct baro_dns_reader reader;
    uint8_t octets[600], id[2];
    int fd = ask("www.example.com", BARO_DNS_A, 0);
    size_t length = answer(last, octets, sizeof octets, 0, 0);

    (void)state;
    memcpy(id, outside[last].query, 2);
    octets[12 + 21 + 1] = 12 + 21; /* the record's name points to itself */
    tell(last, octets, length);
    assert_true(outside_asked == 2 && outside[last].attempt == 1);
    assert_true(memcmp(id, outside[last].query, 2) != 0);
    length = answer(last, octets, sizeof octets, BARO_DNS_SERVER_FAILURE, 0);
    assert_true(tell(last, octets, length)); /* the last server's word counts */
    assert_int_equal(heard(fd, &reader), BARO_DNS_SERVER_FAILURE);
    assert_int_equal(outside_open, 0);
    /* FORMERR without a question: whoever asked with EDNS hears it and asks without */
    fd = ask("www.example.com", BARO_DNS_A, 1232);
    memcpy(octets, outside[last].query, 2);
    memcpy(octets + 2, "\200\1\0\0\0\0\0\0\0\0", 10);
    assert_true(tell(last, octets, 12));
    assert_int_equal(heard(fd, &reader), BARO_DNS_FORMAT_ERROR);
}

static void silence_and_failure_end_in_servfail(void **state)
{
    struct baro_dns_reader reader;
    struct baro_instant deadline, begun = now;
    int fd = ask("www.example.com", BARO_DNS_A, 0), code = -1;
    uint8_t octets[300];
    size_t length = make(octets, sizeof octets, 0xbeef, "www.example.com", BARO_DNS_A, 0);

    (void)state;
    assert_int_equal(baro_sendto(stack, fd, octets, length, 0, &place), length);
    turn();
    assert_int_equal(outside_asked, 1); /* asked again by the impatient: nothing new outside */
    while (code < 0) {
        assert_true(baro_dns_server_next_deadline(server, &deadline));
        now = deadline;
        turn();
        code = heard(fd, &reader);
        assert_true(now.ns - begun.ns < INT64_C(10000000000));
    }
    assert_int_equal(code, BARO_DNS_SERVER_FAILURE);
    assert_true(outside_asked == 3 && outside_open == 0);
    assert_true(now.ns - begun.ns >= INT64_C(6000000000));
    assert_false(baro_dns_server_next_deadline(server, &deadline));
    fd = ask("www.example.com", BARO_DNS_A, 0);
    for (int i = 0; i < 3; i++) { /* refused: at once the next */
        assert_int_equal(outside[last].attempt, i);
        baro_dns_server_failed(server, last, now);
        turn();
    }
    assert_int_equal(heard(fd, &reader), BARO_DNS_SERVER_FAILURE);
    servers = -ENETUNREACH;
    assert_int_equal(heard(ask("www.example.com", BARO_DNS_A, 0), &reader), BARO_DNS_SERVER_FAILURE);
}

static void more_queries_than_places(void **state)
{
    struct baro_dns_reader reader;
    uint8_t octets[600];
    int first = -1, second = -1;

    (void)state;
    for (int i = 0; i <= BARO_DNS_SERVER_PENDING; i++) {
        int fd = ask("www.example.com", BARO_DNS_A, 0);

        first = i == 0 ? fd : first;
        second = i == 1 ? fd : second;
    }
    assert_int_equal(outside_open, BARO_DNS_SERVER_PENDING);
    assert_int_equal(heard(first, &reader), BARO_DNS_SERVER_FAILURE);
    assert_int_equal(heard(second, &reader), -1);
    tell(1, octets, answer(1, octets, sizeof octets, 0, 0));
    assert_int_equal(heard(second, &reader), BARO_DNS_NO_ERROR);
}

static void what_is_private_stays_inside(void **state)
{
    static const char *const inside[] = {
        "lan", "nosuch.lan", "a.b.LAN", "x.local", "db.internal", "printer.home.arpa", "_dns.resolver.arpa", "a.localhost",
        "x.invalid", "abc.onion", "x.alt", "dotless", "1.0.0.10.in-addr.arpa", "10.in-addr.arpa",
        "b._dns-sd._udp.0.0.168.192.in-addr.arpa", "168.192.in-addr.arpa", "16.172.in-addr.arpa", "31.172.in-addr.arpa",
        "5.254.169.in-addr.arpa", "64.100.in-addr.arpa", "127.100.in-addr.arpa", "1.0.0.127.in-addr.arpa", "0.in-addr.arpa",
        "1.2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa", "255.255.255.255.in-addr.arpa",
        "d.f.ip6.arpa", "1.2.3.c.f.ip6.arpa", "8.e.f.ip6.arpa", "0.0.b.e.f.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
        "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa" };
    struct baro_dns_reader reader;

    (void)state;
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        int fd = ask(inside[i], BARO_DNS_A, 0), code = heard(fd, &reader);

        if (outside_asked != 0 || code < 0)
            fail_msg("%s got out", inside[i]);
        baro_close(stack, fd);
    }
    assert_int_equal(heard(ask("host.lan", BARO_DNS_A, 0), &reader), BARO_DNS_NO_ERROR);
    assert_int_equal(heard(ask("example.com", 252, 0), &reader), BARO_DNS_REFUSED); /* AXFR */
    assert_int_equal(outside_asked, 0);
}

static void an_answer_too_long_for_its_asker_is_cut(void **state)
{
    struct baro_dns_reader reader;
    struct baro_dns_question question;
    uint8_t octets[BARO_DNS_UDP_EDNS + 1] = { 0 };
    int fd = ask("www.example.com", BARO_DNS_A, 0);
    size_t length = answer(last, octets, sizeof octets, 0, 0);
    struct baro_dns_record filler = { .name = { 1, { 0 } }, .type = 999, .dns_class = BARO_DNS_IN, .data = { octets, 600 } };
    struct baro_dns_writer writer;
    uint8_t large[900];

    (void)state;
    assert_true(length < 100);
    assert_int_equal(baro_dns_read(&reader, (struct baro_bytes){ octets, length }), 0);
    baro_dns_read_question(&reader, &question);
    baro_dns_write(&writer, (struct baro_buffer){ large, sizeof large }, &reader.header);
    baro_dns_write_question(&writer, &question);
    assert_int_equal(baro_dns_write_record(&writer, BARO_DNS_ANSWERS, &filler), 0);
    assert_true(tell(last, large, baro_dns_write_end(&writer)));
    assert_int_equal(heard(fd, &reader), BARO_DNS_NO_ERROR);
    assert_true(reader.header.flags & BARO_DNS_TRUNCATED);
    assert_true(reader.header.count[BARO_DNS_ANSWERS] == 0 && reader.message.length <= BARO_DNS_UDP_PLAIN);
}

/* Over TCP: the query goes out as a stream's, the longest answer there is comes back, the connection goes on; a client that
 * goes leaves nothing outside. */
static void streams(void **state)
{
    static uint8_t large[65535], got[70000];
    struct baro_dns_record filler = { .name = { 1, { 0 } }, .type = 999, .dns_class = BARO_DNS_IN, .data = { got, 65000 } };
    struct baro_dns_reader reader;
    struct baro_dns_question question;
    struct baro_dns_writer writer;
    int fd = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);
    uint8_t query[2 + 300];
    size_t length, answered = 0, longest;

    (void)state;
    assert_int_equal(baro_connect(stack, fd, &place), -EINPROGRESS);
    turn();
    length = make(query + 2, sizeof query - 2, 0xbeef, "www.example.com", BARO_DNS_A, 1232);
    query[0] = 0;
    query[1] = (uint8_t)length;
    assert_int_equal(baro_send(stack, fd, query, 2 + length, 0), 2 + length);
    turn();
    assert_true(outside_open == 1 && outside[last].stream);
    assert_int_equal(baro_dns_read(&reader, (struct baro_bytes){ outside[last].query, outside[last].length }), 0);
    baro_dns_read_question(&reader, &question);
    reader.header.flags |= BARO_DNS_RESPONSE;
    baro_dns_write(&writer, (struct baro_buffer){ large, sizeof large }, &reader.header);
    baro_dns_write_question(&writer, &question);
    baro_dns_write_record(&writer, BARO_DNS_ANSWERS, &filler);
    longest = baro_dns_write_end(&writer);
    assert_true(longest > 65000 && tell(last, large, longest));
    for (int i = 0; i < 200 && answered < 2 + longest; i++) {
        ptrdiff_t octets = baro_recv(stack, fd, got + answered, sizeof got - answered, 0);

        answered += octets > 0 ? (size_t)octets : 0;
        turn();
    }
    assert_int_equal(answered, 2 + longest);
    assert_true(got[2] == 0xbe && got[3] == 0xef);
    assert_memory_equal(got + 4, large + 2, longest - 2);
    assert_int_equal(baro_send(stack, fd, query, 2 + length, 0), 2 + length);
    turn();
    assert_int_equal(outside_open, 1);
    for (int i = 0; i < 4; i++) { /* nobody answers: SERVFAIL, on the connection that is still there */
        now.ns += INT64_C(5000000000);
        turn();
    }
    assert_int_equal(outside_open, 0);
    answered = (size_t)baro_recv(stack, fd, got, sizeof got, 0);
    assert_true(answered > 14 && answered < 100 && (got[5] & 15) == BARO_DNS_SERVER_FAILURE);
}

/* Five queries in one piece: four are outside at once, the fifth when one has come back; answers in the order they come, also
 * to who has nothing more to ask. */
static void a_stream_has_many_queries_outside(void **state)
{
    static const uint16_t order[4] = { 2, 0, 3, 1 };
    uint8_t octets[600], got[2000];
    int fd = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);

    (void)state;
    assert_int_equal(baro_connect(stack, fd, &place), -EINPROGRESS);
    turn();
    for (uint16_t i = 0; i < 5; i++) {
        octets[0] = 0;
        octets[1] = (uint8_t)make(octets + 2, sizeof octets - 2, i, "www.example.com", BARO_DNS_A, 0);
        baro_send(stack, fd, octets, 2u + octets[1], 0);
    }
    baro_shutdown(stack, fd, BARO_SHUT_WRITE);
    turn();
    assert_int_equal(outside_open, 4);
    for (int i = 0; i < 5; i++) {
        unsigned at = i == 4 ? last : order[i]; /* the fifth has the place that was free first */

        assert_true(tell(at, octets, answer(at, octets, sizeof octets, 0, 0)));
        assert_true(baro_recv(stack, fd, got, sizeof got, 0) > 20);
        assert_int_equal(got[2] << 8 | got[3], i == 4 ? 4 : order[i]);
    }
    turn();
    assert_int_equal(baro_recv(stack, fd, got, sizeof got, 0), 0); /* then it is over */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_query_goes_out_and_comes_back), TEST(ids_differ_from_query_to_query),
        TEST(forged_answers_are_not_taken), TEST(broken_answers_are_failures),
        TEST(silence_and_failure_end_in_servfail), TEST(more_queries_than_places),
        TEST(what_is_private_stays_inside), TEST(an_answer_too_long_for_its_asker_is_cut),
        TEST(streams), TEST(a_stream_has_many_queries_outside)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
