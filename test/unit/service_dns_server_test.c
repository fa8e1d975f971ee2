/* The name server inside a stack, asked over the stack's own loopback: what it says to right and to hostile queries,
 * over datagrams and over a connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "baro/dns_server.h"
#include "support/frame_device.h"

static struct baro_stack *stack;
static struct baro_dns_server *server;
static struct baro_instant now;
static struct test_memory memory;
static const struct baro_endpoint place = { { BARO_FAMILY_IPV4, 0, { 127, 0, 0, 53 } }, { 53 } };

static int set_up(void **state)
{
    const struct baro_stack_config config = { .memory = test_memory(&memory), .seed = { 1 } };
    const struct baro_dns_server_config names = { .memory = test_memory(&memory),
                                                  .local = { .address = place.address } };
    struct baro_dns_server_config with_stack = names;
    int error;

    (void)state;
    stack = baro_stack_create(&config);
    with_stack.stack = stack;
    server = baro_dns_server_create(&with_stack, &error);
    assert_int_equal(error, 0);
    assert_int_equal(baro_dns_server_add_host(server, "server", baro_ipv4(10, 7, 0, 1)), 0);
    assert_int_equal(baro_dns_server_add_host(server, "client", baro_ipv4(10, 7, 0, 2)), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    baro_dns_server_free(server);
    baro_stack_free(stack);
    assert_int_equal(memory.slabs, 0);
    return 0;
}

static void turn(void)
{
    for (int i = 0; i < 6; i++) {
        now.ns += 50000000; /* longer than an ACK is delayed */
        baro_stack_poll(stack, now);
        baro_dns_server_poll(server, now);
        baro_stack_flush(stack);
    }
}

/* Sends the octets from a socket of its own; the answer's length, 0: silence. */
static size_t ask(const uint8_t *octets, size_t length, uint8_t *answer, size_t size)
{
    int fd = baro_socket(stack, BARO_FAMILY_IPV4, BARO_DATAGRAM);
    struct baro_endpoint from;
    ptrdiff_t got;

    assert_int_equal(baro_sendto(stack, fd, octets, length, 0, &place), length);
    turn();
    got = baro_recvfrom(stack, fd, answer, size, 0, &from);
    assert_true(got > 0 || got == -EAGAIN);
    if (got > 0)
        assert_memory_equal(&from, &place, sizeof place);
    baro_close(stack, fd);
    return got < 0 ? 0 : (size_t)got;
}

static size_t make_query(uint8_t *octets, size_t size, const char *name, uint16_t type, int edns_version)
{
    const struct baro_dns_header header = { .id = 0xbeef, .flags = BARO_DNS_RECURSION_DESIRED };
    struct baro_dns_question question = { .type = type, .dns_class = BARO_DNS_IN };
    struct baro_dns_writer writer;

    assert_int_equal(baro_dns_name_parse(&question.name, name), 0);
    baro_dns_write(&writer, (struct baro_buffer){ octets, size }, &header);
    baro_dns_write_question(&writer, &question);
    if (edns_version >= 0)
        baro_dns_write_edns(&writer, &(struct baro_dns_edns){ .udp_size = 1232, .version = (uint8_t)edns_version });
    return baro_dns_write_end(&writer);
}

/* Asks for a name; the answer's code, its answers counted and the last of them. */
static int look_up(const char *name, uint16_t type, unsigned *answers, struct baro_dns_record *last, bool *soa)
{
    uint8_t query[300], answer[1500];
    size_t length = ask(query, make_query(query, sizeof query, name, type, 0), answer, sizeof answer);
    struct baro_dns_reader reader;
    struct baro_dns_record record;
    enum baro_dns_section section;

    *answers = 0;
    *soa = false;
    assert_int_equal(baro_dns_read(&reader, (struct baro_bytes){ answer, length }), 0);
    assert_int_equal(reader.header.id, 0xbeef);
    assert_true(reader.header.flags & BARO_DNS_AUTHORITATIVE);
    while (baro_dns_read_record(&reader, &record, &section) == 1) {
        if (section == BARO_DNS_ANSWERS) {
            *last = record;
            ++*answers;
        }
        *soa = *soa || (section == BARO_DNS_AUTHORITY && record.type == BARO_DNS_SOA);
    }
    return reader.header.code;
}

static void names_have_addresses_and_back(void **state)
{
    struct baro_address six = { .family = BARO_FAMILY_IPV6, .octet = { 0xfd, [15] = 1 } };
    struct baro_dns_record record;
    struct baro_dns_name name;
    unsigned answers;
    bool soa;

    (void)state;
    assert_int_equal(look_up("SeRvEr", BARO_DNS_A, &answers, &record, &soa), BARO_DNS_NO_ERROR);
    assert_int_equal(answers, 1);
    assert_memory_equal(record.address.octet, "\12\7\0\1", 4);
    assert_int_equal(look_up("server.lan", BARO_DNS_AAAA, &answers, &record, &soa), BARO_DNS_NO_ERROR);
    assert_true(answers == 0 && soa); /* there, but not of this type */
    assert_int_equal(baro_dns_server_add_host(server, "server", six), 0);
    assert_int_equal(baro_dns_server_add_host(server, "Server", six), -EEXIST);
    assert_int_equal(look_up("server.lan", BARO_DNS_AAAA, &answers, &record, &soa), BARO_DNS_NO_ERROR);
    assert_true(answers == 1 && memcmp(&record.address, &six, sizeof six) == 0);
    assert_int_equal(look_up("server", BARO_DNS_ANY, &answers, &record, &soa), BARO_DNS_NO_ERROR);
    assert_int_equal(answers, 2);
    baro_dns_name_parse(&name, "server.lan");
    assert_int_equal(look_up("1.0.7.10.in-addr.arpa", BARO_DNS_PTR, &answers, &record, &soa), BARO_DNS_NO_ERROR);
    assert_true(answers == 1 && baro_dns_name_equal(&record.target, &name));
    assert_int_equal(look_up("1.0.7.10.in-addr.arpa", BARO_DNS_TXT, &answers, &record, &soa), BARO_DNS_NO_ERROR);
    assert_true(answers == 0 && soa);
    assert_int_equal(look_up("localhost", BARO_DNS_AAAA, &answers, &record, &soa), BARO_DNS_NO_ERROR);
    assert_int_equal(answers, 1);
}

static void names_that_are_not_there_do_not_exist(void **state)
{
    static const char *const absent[] = { "nosuch",          "nosuch.lan",   "x.server.lan", "9.0.7.10.in-addr.arpa",
                                          "www.example.com", "server.local", "serverlan",    "server.lan.lan" };
    struct baro_dns_record record;
    unsigned answers;
    bool soa;

    (void)state;
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        assert_int_equal(look_up(absent[i], BARO_DNS_A, &answers, &record, &soa), BARO_DNS_NAME_ERROR);
        assert_true(answers == 0 && soa);
    }
    assert_int_equal(baro_dns_server_remove_host(server, "server", baro_ipv4(10, 7, 0, 1)), 0);
    assert_int_equal(baro_dns_server_remove_host(server, "server", baro_ipv4(10, 7, 0, 1)), -ENOENT);
    assert_int_equal(look_up("server", BARO_DNS_A, &answers, &record, &soa), BARO_DNS_NAME_ERROR);
    assert_int_equal(look_up("client", BARO_DNS_A, &answers, &record, &soa), BARO_DNS_NO_ERROR);
}

/* The code that octets are answered with, -1: silence. */
static int code_of(const uint8_t *octets, size_t length)
{
    uint8_t answer[1500];
    size_t got = ask(octets, length, answer, sizeof answer);

    return got == 0 ? -1 : answer[3] & 15;
}

static void queries_that_are_none(void **state)
{
    uint8_t query[300], changed[300], answer[1500];
    size_t length = make_query(query, sizeof query, "server", BARO_DNS_A, -1);

    (void)state;
    assert_int_equal(code_of(query, length), BARO_DNS_NO_ERROR);
    for (size_t cut = 1; cut < BARO_DNS_HEADER; cut++)
        assert_int_equal(code_of(query, cut), -1);
    for (size_t cut = BARO_DNS_HEADER; cut < length; cut++)
        assert_int_equal(code_of(query, cut), BARO_DNS_FORMAT_ERROR);
#define CHANGED(at, octet, code)                              \
    memcpy(changed, query, length);                           \
    changed[at] = octet;                                      \
    assert_int_equal(code_of(changed, length), code)
    CHANGED(2, 0x81, -1); /* a response: two that answer those never end */
    CHANGED(2, 0x29, BARO_DNS_NOT_IMPLEMENTED);
    CHANGED(5, 0, BARO_DNS_FORMAT_ERROR);
    CHANGED(5, 2, BARO_DNS_FORMAT_ERROR);
    CHANGED(7, 1, BARO_DNS_FORMAT_ERROR);
    CHANGED(12, 0xc0, BARO_DNS_FORMAT_ERROR);
    CHANGED(length - 1, 3, BARO_DNS_REFUSED); /* class CHAOS */
    length = make_query(query, sizeof query, "server", BARO_DNS_A, 1);
    assert_true(ask(query, length, answer, sizeof answer) != 0);
    assert_int_equal(answer[3] & 15, 0); /* BADVERS is 16: its upper bits are OPT's */
    assert_int_equal(answer[7], 0);
    assert_int_equal(answer[11], 1);
}

static void large_answers_are_cut_and_told(void **state)
{
    uint8_t query[300], answer[4096];
    size_t length;

    (void)state;
    for (uint8_t i = 0; i < 100; i++)
        assert_int_equal(baro_dns_server_add_host(server, "many", baro_ipv4(10, 8, 0, i)), 0);
    length = ask(query, make_query(query, sizeof query, "many", BARO_DNS_A, -1), answer, sizeof answer);
    assert_true(length <= 512 && length > 480 && (answer[2] & 2) != 0);
    length = ask(query, make_query(query, sizeof query, "many", BARO_DNS_A, 0), answer, sizeof answer);
    assert_true(length <= 1232 && length > 1200 && (answer[2] & 2) != 0 && answer[11] == 1);
}

static int connected(void)
{
    int fd = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);

    assert_int_equal(baro_connect(stack, fd, &place), -EINPROGRESS);
    turn();
    return fd;
}

static void streams_carry_many_queries_in_any_pieces(void **state)
{
    uint8_t octets[700], answer[4096];
    size_t length = 0, got = 0;
    int fd = connected();

    (void)state;
    for (int i = 0; i < 3; i++) {
        size_t query = make_query(octets + length + 2, 200, i == 1 ? "client" : "server", BARO_DNS_A, 0);

        octets[length] = 0;
        octets[length + 1] = (uint8_t)query;
        length += 2 + query;
    }
    for (size_t i = 0; i < length; i++) {
        assert_int_equal(baro_send(stack, fd, octets + i, 1, 0), 1);
        if (i % 7 == 0)
            turn();
    }
    turn();
    got = (size_t)baro_recv(stack, fd, answer, sizeof answer, 0);
    for (int i = 0; i < 3; i++) {
        size_t one = (size_t)answer[0] << 8 | answer[1];

        assert_true(got >= 2 + one);
        assert_memory_equal(answer + 2, "\xbe\xef", 2);
        assert_memory_equal(answer + 2 + one - 11 - 4, i == 1 ? "\12\7\0\2" : "\12\7\0\1", 4);
        memmove(answer, answer + 2 + one, got -= 2 + one);
    }
    assert_int_equal(got, 0);
    now.ns += INT64_C(11000000000); /* idle: ended */
    turn();
    assert_int_equal(baro_recv(stack, fd, answer, sizeof answer, 0), 0);
    baro_close(stack, fd);
}

static void streams_end_for_what_is_no_query(void **state)
{
    static const uint8_t lies[][4] = { { 0xff, 0xff, 0, 0 }, { 0, 2, 1, 2 }, { 0, 0, 0, 0 } };
    uint8_t answer[100];

    (void)state;
    for (int i = 0; i < 3; i++) {
        int fd = connected();
        ptrdiff_t got;

        baro_send(stack, fd, lies[i], 4, 0);
        turn();
        got = baro_recv(stack, fd, answer, sizeof answer, 0);
        assert_true(got == 0 || got == -ECONNRESET);
        baro_close(stack, fd);
    }
}

static void more_connections_than_places(void **state)
{
    struct baro_instant deadline;
    int fd[BARO_DNS_SERVER_CLIENTS + 4];
    uint8_t octet;

    (void)state;
    assert_false(baro_dns_server_next_deadline(server, &deadline));
    for (int i = 0; i < BARO_DNS_SERVER_CLIENTS + 4; i++) {
        fd[i] = connected();
    }
    assert_true(baro_dns_server_next_deadline(server, &deadline));
    assert_int_equal(baro_recv(stack, fd[0], &octet, 1, 0), 0); /* the oldest made room */
    assert_int_equal(baro_recv(stack, fd[3], &octet, 1, 0), 0);
    assert_int_equal(baro_recv(stack, fd[4], &octet, 1, 0), -EAGAIN);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(names_have_addresses_and_back),
        TEST(names_that_are_not_there_do_not_exist),
        TEST(queries_that_are_none),
        TEST(large_answers_are_cut_and_told),
        TEST(streams_carry_many_queries_in_any_pieces),
        TEST(streams_end_for_what_is_no_query),
        TEST(more_connections_than_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
