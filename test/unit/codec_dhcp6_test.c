/* DHCPv6 messages: octets as servers and clients write them, options within options, what has no room, and octets that
 * cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "baro/dhcp6_message.h"

static uint8_t octets[4096];
static size_t used;

static void begin(uint8_t type)
{
    const uint8_t header[] = { type, 0xab, 0xcd, 0xef };

    memcpy(octets, header, sizeof header);
    used = sizeof header;
}

static size_t add(uint16_t code, const void *value, size_t length)
{
    size_t at = used;

    write_be16(octets + used, code);
    write_be16(octets + used + 2, (uint16_t)length);
    memcpy(octets + used + 4, value, length);
    used += 4 + length;
    return at;
}

/* What was added since becomes part of that option. */
static void enclose(size_t option)
{
    write_be16(octets + option + 2, (uint16_t)(used - option - 4));
}

/* From a buffer of just that size, so that a sanitizer sees a read beyond it. */
static int parse(struct baro_dhcp6_message *message)
{
    uint8_t *exact = malloc(used == 0 ? 1 : used);
    int result;

    assert_non_null(exact);
    memcpy(exact, octets, used);
    result = baro_dhcp6_parse(message, (struct baro_bytes){ exact, used });
    free(exact);
    return result;
}

static const uint8_t client_duid[] = { 0, 3, 0, 1, 2, 0, 0, 0, 0, 7 };
static const uint8_t server_duid[] = { 0, 1, 0, 1, 0x2a, 0, 0, 1, 2, 0, 0, 0, 0, 9 };
static const uint8_t leased[24] = { 0xfd, 0, [15] = 5, [18] = 0x0e, [19] = 0x10, [22] = 0x1c, [23] = 0x20 };

static void a_reply_as_servers_write_it(void **state)
{
    static const uint8_t ia[12] = { 0, 0, 0, 7, 0, 0, 7, 8, 0, 0, 0x0b, 0x40 };
    static const uint8_t dns[32] = { 0xfd, [15] = 1, [16] = 0xfd, [31] = 2 };
    static const uint8_t search[] = { 3, 'l', 'a', 'n', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 3, 'l', 'a', 'n', 0 };
    static const uint8_t text[] = { 0, 0, 'o', 'k' };
    struct baro_dhcp6_message m;
    size_t outer;

    (void)state;
    begin(7);
    add(1, client_duid, sizeof client_duid);
    add(2, server_duid, sizeof server_duid);
    outer = add(3, ia, sizeof ia);
    add(5, leased, sizeof leased);
    add(13, text, 2);
    enclose(outer);
    add(7, "\377", 1);
    add(13, text, sizeof text);
    add(14, "", 0);
    add(20, "", 0); /* reconfigure accept: not for us */
    add(23, dns, sizeof dns);
    add(24, search, sizeof search);
    add(32, "\0\1\121\200", 4);
    add(82, "\0\0\16\20", 4);
    add(83, "\0\0\0\73", 4); /* 59 s: not in its range */
    add(999, "whatever", 8);
    assert_int_equal(parse(&m), 0);
    assert_int_equal(m.type, BARO_DHCP6_REPLY);
    assert_int_equal(m.transaction, 0xabcdef);
    assert_true(m.client_id.length == 10 && memcmp(m.client_id.octet, client_duid, 10) == 0);
    assert_true(m.server_id.length == 14 && memcmp(m.server_id.octet, server_duid, 14) == 0);
    assert_int_equal(m.ias, 1);
    assert_true(m.ia[0].iaid == 7 && m.ia[0].renew_s == 1800 && m.ia[0].rebind_s == 2880 && m.ia[0].status == 0);
    assert_int_equal(m.ia[0].addresses, 1);
    assert_true(address_equal(m.ia[0].address[0].address, baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 5)));
    assert_true(m.ia[0].address[0].preferred_s == 3600 && m.ia[0].address[0].valid_s == 7200);
    assert_true(m.preference == 255 && m.has_status && m.status == 0 && m.rapid_commit);
    assert_int_equal(m.parameters.dns_servers, 2);
    assert_true(address_equal(m.parameters.dns[1], baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 2)));
    assert_int_equal(m.parameters.searches, 2);
    assert_string_equal(m.parameters.search[0], "lan.example");
    assert_string_equal(m.parameters.search[1], "lan");
    assert_true(m.has_refresh && m.refresh_s == 86400 && m.sol_max_rt_s == 3600 && m.inf_max_rt_s == 0);
    assert_false(m.other_ia);
}

static void a_request_as_clients_write_it(void **state)
{
    static const uint8_t asked[] = { 0, 23, 0, 24, 0, 82, 0, 23 }, ia[12] = { 9, 9, 9, 9 }, other[] = { 0, 0, 0, 1 };
    static const uint8_t not_on_link[] = { 0, 4 };
    struct baro_dhcp6_message m;
    size_t outer, inner;

    (void)state;
    begin(3);
    add(1, client_duid, sizeof client_duid);
    add(6, asked, sizeof asked);
    add(8, "\1\54", 2);
    outer = add(3, ia, sizeof ia);
    inner = add(5, leased, sizeof leased);
    add(13, not_on_link, 2);
    enclose(inner);
    add(13, "\0\2none", 6);
    enclose(outer);
    add(4, other, sizeof other);
    assert_int_equal(parse(&m), 0);
    assert_true(m.has_elapsed && m.elapsed_cs == 300);
    assert_int_equal(m.asks, 3); /* each once */
    assert_true(baro_dhcp6_asks(&m, BARO_DHCP6_OPTION_SEARCH) && !baro_dhcp6_asks(&m, BARO_DHCP6_OPTION_REFRESH));
    assert_true(m.ia[0].iaid == 0x09090909 && m.ia[0].status == BARO_DHCP6_NO_ADDRESSES);
    assert_int_equal(m.ia[0].address[0].status, BARO_DHCP6_NOT_ON_LINK);
    assert_true(m.other_ia && m.server_id.length == 0);
}

static void what_cannot_be_is_not_there(void **state)
{
    static const uint8_t pointer[] = { 3, 'l', 'a', 'n', 0, 0xc0, 0 }, wild[] = { 4, 'a', ' ', ';', 'b', 0 };
    struct baro_dhcp6_message m;
    size_t outer;

    (void)state;
    begin(7);
    add(3, "\0\0\0\1", 4);      /* an IA without times */
    outer = add(3, "\0\0\0\2\0\0\0\0\0\0\0\0", 12);
    add(5, leased, 23);
    enclose(outer);
    add(6, "\0\27\0", 3);
    add(7, "", 0);
    add(8, "\1", 1);
    add(13, "\1", 1);
    add(14, "x", 1);
    add(23, leased, 15);
    add(24, pointer, sizeof pointer); /* RFC 8415 §10: no compression */
    add(32, "\0\0\1", 3);
    add(82, "\0\1\121\201", 4); /* 86401 s */
    assert_int_equal(parse(&m), 0);
    assert_true(m.ias == 1 && m.ia[0].iaid == 2 && m.ia[0].addresses == 0);
    assert_true(m.asks == 0 && m.preference == 0 && !m.has_elapsed && !m.has_status && !m.rapid_commit);
    assert_true(m.parameters.dns_servers == 0 && m.parameters.searches == 0 && m.parameters.search[0][0] == '\0');
    assert_true(!m.has_refresh && m.sol_max_rt_s == 0);
    begin(7);
    add(24, wild, sizeof wild);
    add(24, "\3lan", 5); /* the first that can be counts */
    assert_int_equal(parse(&m), 0);
    assert_string_equal(m.parameters.search[0], "lan");
}

static void lists_end_at_their_limits(void **state)
{
    uint8_t many[200];
    struct baro_dhcp6_message m;
    size_t outer;

    (void)state;
    begin(7);
    for (unsigned i = 0; i < sizeof many; i += 2)
        write_be16(many + i, (uint16_t)(1000 + i));
    add(6, many, sizeof many);
    memset(many, 0xfd, sizeof many);
    add(23, many, 192);
    for (uint8_t i = 0; i < 8; i++) {
        const uint8_t ia[12] = { 0, 0, 0, i };

        outer = add(3, ia, sizeof ia);
        for (int j = 0; j < 8; j++)
            add(5, leased, sizeof leased);
        enclose(outer);
    }
    assert_int_equal(parse(&m), 0);
    assert_int_equal(m.asks, BARO_DHCP6_ASKED);
    assert_int_equal(m.parameters.dns_servers, BARO_DHCP6_DNS);
    assert_int_equal(m.ias, BARO_DHCP6_IAS);
    assert_int_equal(m.ia[3].addresses, BARO_DHCP6_IA_ADDRESSES);
    assert_int_equal(m.ia[3].iaid, 3);
}

static void what_is_no_message(void **state)
{
    uint8_t long_duid[131] = { 0, 2 };
    struct baro_dhcp6_message m;
    size_t outer, inner;

    (void)state;
    used = 0;
    assert_int_equal(parse(&m), -EBADMSG);
    begin(1);
    used = 3;
    assert_int_equal(parse(&m), -EBADMSG);
    used = 4;
    assert_int_equal(parse(&m), 0); /* nothing in it; whoever needs something misses it */
    begin(0);
    assert_int_equal(parse(&m), -EBADMSG);
    begin(14);
    assert_int_equal(parse(&m), -EBADMSG);
    for (uint8_t type = 12; type <= 13; type++) { /* of relay agents, and told apart */
        begin(type);
        assert_int_equal(parse(&m), -EPROTONOSUPPORT);
    }
    begin(1);
    add(1, long_duid, sizeof long_duid);
    assert_int_equal(parse(&m), -EBADMSG);
    begin(1);
    add(1, long_duid, 130);
    assert_int_equal(parse(&m), 0);
    assert_int_equal(m.client_id.length, 130);
    begin(1);
    add(2, long_duid, 2);
    assert_int_equal(parse(&m), -EBADMSG);
    for (size_t cut = 1; cut < 14; cut++) { /* at every octet of an option */
        begin(1);
        add(1, client_duid, sizeof client_duid);
        used -= cut;
        assert_int_equal(parse(&m), -EBADMSG);
    }
    begin(1); /* a length that leads out of an IA, and one out of an address in it, but not out of the message */
    outer = add(3, "\0\0\0\2\0\0\0\0\0\0\0\0", 12);
    inner = add(5, leased, sizeof leased);
    enclose(outer);
    write_be16(octets + inner + 2, sizeof leased + 1);
    add(8, "\0\0", 2);
    assert_int_equal(parse(&m), -EBADMSG);
    begin(1);
    outer = add(3, "\0\0\0\2\0\0\0\0\0\0\0\0", 12);
    inner = add(5, leased, sizeof leased);
    add(13, "\0\0", 2);
    write_be16(octets + used - 4, 3);
    enclose(inner);
    enclose(outer);
    add(8, "\0\0", 2);
    assert_int_equal(parse(&m), -EBADMSG);
}

static struct baro_dhcp6_message full_message(void)
{
    struct baro_dhcp6_message m = { .type = BARO_DHCP6_REPLY, .transaction = 0x123456, .preference = 3,
                                    .has_elapsed = true, .elapsed_cs = 65535, .has_status = true,
                                    .status = BARO_DHCP6_USE_MULTICAST, .rapid_commit = true, .has_refresh = true,
                                    .refresh_s = UINT32_MAX, .sol_max_rt_s = 60, .inf_max_rt_s = 86400 };

    m.client_id = baro_dhcp6_duid_of_mac((struct baro_mac){ { 2, 0, 0, 0, 0, 7 } });
    m.server_id = baro_dhcp6_duid_of_uuid((const uint8_t[16]){ 1, 2, 3, [15] = 16 });
    m.ias = 2;
    m.ia[0] = (struct baro_dhcp6_ia){ .iaid = 1, .renew_s = 5, .rebind_s = 8, .addresses = 2 };
    m.ia[0].address[0] = (struct baro_dhcp6_ia_address){ baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1), 10, 20, 0 };
    m.ia[0].address[1] = (struct baro_dhcp6_ia_address){ baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 2), 0, 0, 4 };
    m.ia[1] = (struct baro_dhcp6_ia){ .iaid = 2, .status = BARO_DHCP6_NO_BINDING };
    baro_dhcp6_ask(&m, BARO_DHCP6_OPTION_DNS);
    baro_dhcp6_ask(&m, BARO_DHCP6_OPTION_SOL_MAX_RT);
    m.parameters.dns_servers = BARO_DHCP6_DNS;
    for (uint16_t i = 0; i < BARO_DHCP6_DNS; i++)
        m.parameters.dns[i] = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 1, i);
    m.parameters.searches = 2;
    strcpy(m.parameters.search[0], "lan.example");
    strcpy(m.parameters.search[1], "example");
    return m;
}

static void what_is_written_reads_the_same(void **state)
{
    struct baro_dhcp6_message m = full_message(), again;
    uint8_t to[BARO_DHCP6_MESSAGE_OCTETS];
    ptrdiff_t length = baro_dhcp6_build(&m, (struct baro_buffer){ to, sizeof to });

    (void)state;
    assert_true(length > 0);
    assert_int_equal(baro_dhcp6_parse(&again, (struct baro_bytes){ to, (size_t)length }), 0);
    assert_memory_equal(&m, &again, sizeof m);
    assert_memory_equal(m.client_id.octet, client_duid, sizeof client_duid);
    assert_memory_equal(m.server_id.octet, "\0\4\1\2\3", 5);
}

static void what_has_no_room_is_left_out_or_told(void **state)
{
    struct baro_dhcp6_message m = full_message(), again;
    uint8_t to[600];
    ptrdiff_t whole = baro_dhcp6_build(&m, (struct baro_buffer){ to, sizeof to }), length;
    size_t needed;

    (void)state;
    memset(&again, 0, sizeof again);
    m.parameters = again.parameters;
    needed = (size_t)baro_dhcp6_build(&m, (struct baro_buffer){ to, sizeof to });
    m = full_message();
    for (size_t size = 0; size <= (size_t)whole; size++) {
        to[size] = 0x5a;
        length = baro_dhcp6_build(&m, (struct baro_buffer){ to, size });
        assert_int_equal(to[size], 0x5a);
        assert_true(size < needed ? length == -ENOSPC : length >= (ptrdiff_t)needed && length <= (ptrdiff_t)size);
        if (length > 0)
            assert_int_equal(baro_dhcp6_parse(&again, (struct baro_bytes){ to, (size_t)length }), 0);
    }
    assert_int_equal(again.parameters.searches, 2);
}

static void what_cannot_be_written(void **state)
{
    struct baro_dhcp6_message m = full_message();
    uint8_t to[600];
    struct baro_buffer room = { to, sizeof to };

    (void)state;
    strcpy(m.parameters.search[1], "not a name");
    assert_int_equal(baro_dhcp6_build(&m, room), -EINVAL);
    m = full_message();
    m.client_id.length = 2;
    assert_int_equal(baro_dhcp6_build(&m, room), -EINVAL);
    m.client_id.length = 131;
    assert_int_equal(baro_dhcp6_build(&m, room), -EINVAL);
    m = full_message();
    m.type = BARO_DHCP6_RELAY_FORWARD;
    assert_int_equal(baro_dhcp6_build(&m, room), -EINVAL);
}

static void types_and_status_codes_have_names(void **state)
{
    (void)state;
    assert_string_equal(baro_dhcp6_type_name(BARO_DHCP6_INFORMATION_REQUEST), "INFORMATION-REQUEST");
    assert_string_equal(baro_dhcp6_type_name(BARO_DHCP6_RELAY_REPLY), "RELAY-REPL");
    assert_string_equal(baro_dhcp6_type_name(99), "?");
    assert_string_equal(baro_dhcp6_status_name(BARO_DHCP6_NO_PREFIX), "NoPrefixAvail");
    assert_string_equal(baro_dhcp6_status_name(7), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_as_servers_write_it),
        cmocka_unit_test(a_request_as_clients_write_it),
        cmocka_unit_test(what_cannot_be_is_not_there),
        cmocka_unit_test(lists_end_at_their_limits),
        cmocka_unit_test(what_is_no_message),
        cmocka_unit_test(what_is_written_reads_the_same),
        cmocka_unit_test(what_has_no_room_is_left_out_or_told),
        cmocka_unit_test(what_cannot_be_written),
        cmocka_unit_test(types_and_status_codes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
