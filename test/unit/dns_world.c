/* dns_world.c: see dns_world.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "unit/dns_world.h"
#include "support/frame_device.h"

struct baro_stack *stack;
struct baro_dns *dns;
struct baro_instant now;
static struct test_memory memory;
int datagrams[SERVERS];
static int listener[SERVERS];
static const struct baro_endpoint place[SERVERS] = { { { BARO_FAMILY_IPV4, 0, { 127, 0, 0, 2 } }, { 53 } },
                                                     { { BARO_FAMILY_IPV6, 0, { [15] = 1 } }, { 53 } },
                                                     { { BARO_FAMILY_IPV4, 0, { 127, 0, 0, 4 } }, { 53 } } };

void create(unsigned servers, const char *first, const char *second, unsigned dots)
{
    struct baro_dns_config config = { .memory = test_memory(&memory), .stack = stack, .seed = { 9 },
                                      .servers = servers, .dots = dots };
    int error;

    for (unsigned i = 0; i < servers; i++) {
        config.server[i] = place[i];
        config.server[i].port.number = 0;
    }
    config.search[0] = first;
    config.search[1] = second;
    config.searches = second != NULL ? 2 : first != NULL ? 1 : 0;
    baro_dns_free(dns);
    dns = baro_dns_create(&config, &error);
    assert_int_equal(error, 0);
}

int set_up(void **state)
{
    const struct baro_stack_config config = { .memory = test_memory(&memory), .seed = { 1 } };

    (void)state;
    stack = baro_stack_create(&config);
    now.ns = 0;
    for (int i = 0; i < SERVERS; i++) {
        enum baro_family family = (enum baro_family)place[i].address.family;

        datagrams[i] = baro_socket(stack, family, BARO_DATAGRAM);
        listener[i] = baro_socket(stack, family, BARO_STREAM);
        assert_int_equal(baro_bind(stack, datagrams[i], &place[i]), 0);
        assert_int_equal(baro_bind(stack, listener[i], &place[i]), 0);
        assert_int_equal(baro_listen(stack, listener[i], 8), 0);
    }
    dns = NULL;
    create(1, NULL, NULL, 0);
    return 0;
}

int tear_down(void **state)
{
    (void)state;
    baro_dns_free(dns);
    baro_stack_free(stack);
    assert_int_equal(memory.slabs, 0);
    return 0;
}

void turn(void)
{
    for (int i = 0; i < 8; i++) {
        now.ns += 1000000;
        baro_stack_poll(stack, now);
        baro_dns_poll(dns, now);
        baro_stack_flush(stack);
    }
}

/* ---- the servers ---- */

static void understand(struct query *query, const uint8_t *octets, size_t length)
{
    struct baro_dns_reader reader;

    assert_int_equal(baro_dns_read(&reader, (struct baro_bytes){ octets, length }), 0);
    query->header = reader.header;
    assert_int_equal(query->header.flags, BARO_DNS_RECURSION_DESIRED);
    assert_int_equal(baro_dns_read_question(&reader, &query->question), 1);
    assert_int_equal(baro_dns_find_edns(reader.message, &query->edns), 0);
}

bool asked(int server, struct query *query)
{
    uint8_t octets[600];
    ptrdiff_t length = baro_recvfrom(stack, datagrams[server], octets, sizeof octets, 0, &query->peer);

    query->server = server;
    query->stream = -1;
    if (length >= 0)
        understand(query, octets, (size_t)length);
    return length >= 0;
}

bool asked_by_stream(int server, struct query *query)
{
    uint8_t octets[600];
    ptrdiff_t length;

    query->server = server;
    query->stream = baro_accept(stack, listener[server], &query->peer);
    if (query->stream < 0)
        return false;
    turn();
    length = baro_recv(stack, query->stream, octets, sizeof octets, 0);
    assert_true(length > 2 && (octets[0] << 8 | octets[1]) == length - 2);
    understand(query, octets + 2, (size_t)length - 2);
    return true;
}

void begin(struct answer *answer, const struct query *query, unsigned code)
{
    struct baro_dns_header header = query->header;

    header.flags |= BARO_DNS_RESPONSE | BARO_DNS_RECURSION_AVAILABLE;
    header.code = (uint8_t)code;
    baro_dns_write(&answer->writer, (struct baro_buffer){ answer->octets + 2, 65535 }, &header);
    baro_dns_write_question(&answer->writer, &query->question);
}

void add(struct answer *answer, enum baro_dns_section section, const char *name, uint16_t type, uint32_t ttl,
                const char *value)
{
    struct baro_dns_record record = { .type = type, .dns_class = BARO_DNS_IN, .ttl = ttl };

    assert_int_equal(baro_dns_name_parse(&record.name, name), 0);
    if (type == BARO_DNS_A || type == BARO_DNS_AAAA)
        assert_true(dns_literal(value, &record.address));
    else
        assert_int_equal(baro_dns_name_parse(&record.target, value), 0);
    if (type == BARO_DNS_SOA) {
        record.authority.mailbox = record.target;
        record.authority.minimum_s = 30;
    }
    assert_int_equal(baro_dns_write_record(&answer->writer, section, &record), 0);
}

void send_octets(const struct query *query, const uint8_t *octets, size_t length, int from)
{
    if (query->stream >= 0)
        assert_int_equal(baro_send(stack, query->stream, octets, length, 0), length);
    else
        assert_int_equal(baro_sendto(stack, from, octets, length, 0, &query->peer), length);
    turn();
}

void send_answer(struct answer *answer, const struct query *query)
{
    answer->length = baro_dns_write_end(&answer->writer);
    answer->octets[0] = (uint8_t)(answer->length >> 8);
    answer->octets[1] = (uint8_t)answer->length;
    if (query->stream >= 0)
        send_octets(query, answer->octets, 2 + answer->length, -1);
    else
        send_octets(query, answer->octets + 2, answer->length, datagrams[query->server]);
}

void say(const struct query *query, unsigned code, uint32_t ttl, const char *value)
{
    static struct answer answer;
    char name[BARO_DNS_TEXT_LIMIT];

    begin(&answer, query, code);
    baro_dns_name_text(&query->question.name, name, sizeof name);
    if (value != NULL)
        add(&answer, BARO_DNS_ANSWERS, name, query->question.type, ttl, value);
    send_answer(&answer, query);
}

int look_up(const char *name, enum baro_dns_want want)
{
    int lookup = baro_dns_query(dns, name, want, now);

    turn();
    return lookup;
}

enum baro_dns_status status(int lookup)
{
    struct baro_dns_result result;
    bool all = baro_dns_result(dns, lookup, &result);

    assert_int_equal(all, result.status != BARO_DNS_PENDING);
    return result.status;
}

void found_is(int lookup, unsigned count, const char *first)
{
    struct baro_dns_result result;
    struct baro_address address;

    assert_true(baro_dns_result(dns, lookup, &result));
    assert_int_equal(result.status, BARO_DNS_FOUND);
    assert_int_equal(result.addresses, count);
    assert_true(dns_literal(first, &address));
    assert_memory_equal(&result.address[0], &address, sizeof address);
}

void sleep_on(void)
{
    struct baro_instant deadline;

    assert_true(baro_dns_next_deadline(dns, &deadline));
    assert_true(deadline.ns > now.ns);
    now = deadline;
    turn();
}
