/* DHCPv4 messages: octets as servers and clients write them, options in pieces and in `file` and `sname`, what has no
 * room, and octets that cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "baro/dhcp_message.h"
#include "codec/dhcp_options.h"

static uint8_t octets[2048];
static size_t used;

static void begin(void)
{
    static const uint8_t fixed[] = { 2, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef, 0, 9, 0x80, 0 };
    static const uint8_t addresses[] = { 0, 0, 0, 0, 10, 7, 0, 50, 10, 7, 0, 1, 0, 0, 0, 0 };
    static const uint8_t mac[] = { 2, 0, 0, 0, 0, 7 }, cookie[] = { 99, 130, 83, 99 };

    memset(octets, 0, sizeof octets);
    memcpy(octets, fixed, sizeof fixed);
    memcpy(octets + 12, addresses, sizeof addresses);
    memcpy(octets + 28, mac, sizeof mac);
    memcpy(octets + 236, cookie, sizeof cookie);
    used = 240;
}

static void add(uint8_t code, const void *value, size_t length)
{
    octets[used++] = code;
    octets[used++] = (uint8_t)length;
    memcpy(octets + used, value, length);
    used += length;
}

static void add_type(uint8_t type)
{
    add(53, &type, 1);
}

static int parse(struct baro_dhcp_message *message)
{
    return baro_dhcp_parse(message, (struct baro_bytes){ octets, used });
}

static void an_ack_as_servers_write_it(void **state)
{
    static const uint8_t mask[] = { 255, 255, 255, 0 }, routers[] = { 10, 7, 0, 1, 10, 7, 0, 2 };
    static const uint8_t day[] = { 0, 1, 0x51, 0x80 }, mtu[] = { 0x05, 0x78 };
    /* 0.0.0.0/0 by 10.7.0.1, 192.168.2.0/23 by 10.7.0.9, 10.8.0.1/32 on the link */
    static const uint8_t routes[] = { 0, 10, 7, 0, 1, 23, 192, 168, 3, 10, 7, 0, 9, 32, 10, 8, 0, 1, 0, 0, 0, 0 };
    static const uint8_t search[] = { 3, 'e', 'n', 'g', 5, 'a', 'p', 'p', 'l', 'e', 3, 'c', 'o', 'm', 0,
                                      9, 'm', 'a', 'r', 'k', 'e', 't', 'i', 'n', 'g', 0xc0, 4 };
    struct baro_dhcp_message m;

    (void)state;
    begin();
    add_type(5);
    add(1, mask, 4);
    add(3, routers, 8);
    add(51, day, 4);
    add(26, mtu, 2);
    octets[used++] = 0; /* a pad between two */
    add(15, "lan.example\0", 12);
    add(12, "printer.", 8);
    add(121, routes, sizeof routes);
    add(119, search, sizeof search);
    octets[used++] = 255;
    octets[used++] = 51; /* behind the end: nothing */
    assert_int_equal(parse(&m), 0);
    assert_true(m.reply && m.broadcast);
    assert_int_equal(m.type, BARO_DHCP_ACK);
    assert_int_equal(m.xid, 0xdeadbeef);
    assert_int_equal(m.seconds, 9);
    assert_true(address_equal(m.your, baro_ipv4(10, 7, 0, 50)));
    assert_int_equal(m.mac.octet[5], 7);
    assert_true(m.has_lease_time && m.lease_time_s == 86400 && !m.has_renewal_time);
    assert_true(address_equal(m.parameters.subnet_mask, baro_ipv4(255, 255, 255, 0)));
    assert_int_equal(m.parameters.routers, 2);
    assert_true(address_equal(m.parameters.router[1], baro_ipv4(10, 7, 0, 2)));
    assert_int_equal(m.parameters.mtu, 1400);
    assert_string_equal(m.parameters.domain, "lan.example");
    assert_string_equal(m.parameters.host_name, "printer");
    assert_int_equal(m.parameters.routes, 3);
    assert_int_equal(m.parameters.route[1].prefix_length, 23);
    assert_true(address_equal(m.parameters.route[1].prefix, baro_ipv4(192, 168, 2, 0))); /* cut to its width */
    assert_true(address_is_unspecified(m.parameters.route[2].router));
    assert_int_equal(m.parameters.searches, 2);
    assert_string_equal(m.parameters.search[0], "eng.apple.com");
    assert_string_equal(m.parameters.search[1], "marketing.apple.com");
}

static void options_in_pieces_and_in_other_fields(void **state)
{
    static const uint8_t overload = 3;
    static const uint8_t file[] = { 3, 2, 0, 1, 12, 3, 'a', 'b', 'c', 6, 4, 9, 9, 9, 9, 255 };
    static const uint8_t sname[] = { 6, 4, 8, 8, 8, 8, 12, 2, 'd', 'e', 255 };
    struct baro_dhcp_message m;

    (void)state;
    begin();
    add(3, "\12\7", 2); /* half an address here, its other half in `file` */
    add(52, &overload, 1);
    add_type(2);
    memcpy(octets + 108, file, sizeof file);
    memcpy(octets + 44, sname, sizeof sname);
    assert_int_equal(parse(&m), 0); /* without an end: as if it stood there */
    assert_int_equal(m.parameters.routers, 1);
    assert_true(address_equal(m.parameters.router[0], baro_ipv4(10, 7, 0, 1)));
    assert_string_equal(m.parameters.host_name, "abcde");
    assert_int_equal(m.parameters.dns_servers, 2);
    assert_true(address_equal(m.parameters.dns[0], baro_ipv4(9, 9, 9, 9)));
    assert_true(address_equal(m.parameters.dns[1], baro_ipv4(8, 8, 8, 8)));

    begin(); /* the same without option 52: names of a boot server and file, not options */
    add_type(2);
    memcpy(octets + 108, file, sizeof file);
    assert_int_equal(parse(&m), 0);
    assert_int_equal(m.parameters.dns_servers, 0);
}

static void what_cannot_be_is_not_there(void **state)
{
    static const uint8_t holes[] = { 255, 0, 255, 0 }, wide[] = { 33, 10, 0, 0, 0, 0, 10, 0, 0, 1 };
    static const uint8_t circle[] = { 1, 'a', 0xc0, 0 }, ahead[] = { 0xc0, 2, 1, 'a', 0 };
    struct baro_dhcp_message m;

    (void)state;
    begin();
    add_type(5);
    add(1, holes, 4);           /* a mask with a hole */
    add(121, wide, sizeof wide); /* wider than an address */
    add(51, "abc", 3);
    add(26, "\0\101", 2);       /* MTU 65 */
    add(12, "my pc; rm", 9);    /* no host's name */
    add(15, "a..b", 4);
    add(119, circle, sizeof circle);
    add(61, "\1", 1);           /* an identifier without value */
    add(6, "\1\2\3", 3);
    add(56, "no\nway", 6);
    assert_int_equal(parse(&m), 0);
    assert_int_equal(m.parameters.subnet_mask.family, BARO_FAMILY_NONE);
    assert_int_equal(m.parameters.routes, 0);
    assert_false(m.has_lease_time);
    assert_int_equal(m.parameters.mtu, 0);
    assert_string_equal(m.parameters.host_name, "");
    assert_string_equal(m.parameters.domain, "");
    assert_int_equal(m.parameters.searches, 0);
    assert_int_equal(m.id_length, 0);
    assert_int_equal(m.parameters.dns_servers, 0);
    assert_string_equal(m.text, "no?way");
    begin();
    add_type(5);
    add(119, ahead, sizeof ahead);
    assert_int_equal(parse(&m), 0);
    assert_int_equal(m.parameters.searches, 0);
}

static void what_is_no_message(void **state)
{
    struct baro_dhcp_message m;

    (void)state;
    begin();
    assert_int_equal(parse(&m), -EBADMSG); /* no type: BOOTP */
    add_type(9);
    assert_int_equal(parse(&m), -EBADMSG);
    begin();
    add_type(1);
    assert_int_equal(parse(&m), 0);
    octets[236] ^= 1;
    assert_int_equal(parse(&m), -EBADMSG);
    octets[236] ^= 1;
    octets[2] = 16; /* a hardware address of 16 octets */
    assert_int_equal(parse(&m), -EBADMSG);
    octets[2] = 6;
    octets[0] = 3;
    assert_int_equal(parse(&m), -EBADMSG);
    octets[0] = 1;
    used--; /* the last option's value is cut off */
    assert_int_equal(parse(&m), -EBADMSG);
    used = 239;
    assert_int_equal(parse(&m), -EBADMSG);
    used = 0;
    assert_int_equal(parse(&m), -EBADMSG);
}

static struct baro_dhcp_message full_message(void)
{
    struct baro_dhcp_message m = { .reply = true, .broadcast = true, .hops = 2, .xid = 7, .seconds = 3,
                                   .type = BARO_DHCP_OFFER, .mac = { { 2, 0, 0, 0, 0, 9 } },
                                   .has_lease_time = true, .lease_time_s = UINT32_MAX,
                                   .has_renewal_time = true, .renewal_time_s = 5,
                                   .has_rebinding_time = true, .rebinding_time_s = 6, .message_size = 1500,
                                   .has_fqdn = true, .fqdn_flags = 5, .fqdn = "guest.lan" };
    struct baro_dhcp_parameters *p = &m.parameters;

    m.client = m.next_server = m.relay = baro_ipv4(0, 0, 0, 0);
    m.your = m.requested = baro_ipv4(10, 0, 0, 5);
    m.server_id = baro_ipv4(10, 0, 0, 1);
    m.id_length = 200;
    memset(m.id, 0xab, 200);
    baro_dhcp_ask(&m, BARO_DHCP_OPTION_DNS);
    baro_dhcp_ask(&m, 254);
    p->subnet_mask = baro_ipv4(255, 0, 0, 0);
    p->broadcast = baro_ipv4(10, 255, 255, 255);
    p->mtu = 1280;
    p->routers = p->dns_servers = p->ntp_servers = BARO_DHCP_ADDRESSES;
    for (uint8_t i = 0; i < BARO_DHCP_ADDRESSES; i++)
        p->router[i] = p->dns[i] = p->ntp[i] = baro_ipv4(10, 0, 1, i);
    p->routes = BARO_DHCP_ROUTES;
    for (uint8_t i = 0; i < BARO_DHCP_ROUTES; i++)
        p->route[i] = (struct baro_dhcp_route){ baro_ipv4(10, 1, 0, i), baro_ipv4(10, 0, 0, 1), 32 };
    p->searches = BARO_DHCP_SEARCH;
    for (unsigned i = 0; i < BARO_DHCP_SEARCH; i++) {
        memset(p->search[i], 'a' + (int)i, 60);
        memcpy(p->search[i] + 60, ".lan", 4);
    }
    strcpy(p->domain, "lan");
    strcpy(p->host_name, "guest");
    strcpy(m.text, "hello");
    return m;
}

static void what_is_written_reads_the_same(void **state)
{
    struct baro_dhcp_message m = full_message(), again;
    uint8_t to[BARO_DHCP_MESSAGE_OCTETS];
    ptrdiff_t length = baro_dhcp_build(&m, (struct baro_buffer){ to, sizeof to });

    (void)state;
    assert_true(length > 300);
    assert_int_equal(to[108], 0); /* no need of `file` */
    assert_int_equal(baro_dhcp_parse(&again, (struct baro_bytes){ to, (size_t)length }), 0);
    assert_memory_equal(&m, &again, sizeof m);

    /* RFC 3396: 390 octets of domains in two pieces, one behind the other */
    size_t at = 240;
    unsigned pieces = 0;
    for (; to[at] != 255; at += 2u + to[at + 1])
        pieces += to[at] == 119;
    assert_int_equal(pieces, 2);
}

static void what_has_no_room_goes_elsewhere_or_is_left_out(void **state)
{
    struct baro_dhcp_message m = full_message(), again;
    uint8_t to[548]; /* of the 576 octets that everybody takes (RFC 2131 §2) */
    ptrdiff_t length = baro_dhcp_build(&m, (struct baro_buffer){ to, sizeof to });

    (void)state;
    assert_in_range(length, 300, sizeof to);
    assert_int_equal(baro_dhcp_parse(&again, (struct baro_bytes){ to, (size_t)length }), 0);
    assert_int_equal(again.id_length, 200);
    assert_int_equal(again.parameters.routers, BARO_DHCP_ADDRESSES);
    assert_int_equal(again.parameters.dns_servers, BARO_DHCP_ADDRESSES);
    assert_string_equal(again.parameters.domain, "lan");
    assert_int_equal(again.parameters.searches, 0);
    assert_true(to[108] != 0 || to[44] != 0);
    for (size_t size = 300; size <= sizeof to; size++) {
        uint8_t exact[548 + 1];

        exact[size] = 0x5a;
        length = baro_dhcp_build(&m, (struct baro_buffer){ exact, size });
        assert_int_equal(exact[size], 0x5a);
        assert_true(length == -ENOSPC || (length >= 300 && length <= (ptrdiff_t)size));
        if (length > 0)
            assert_int_equal(baro_dhcp_parse(&again, (struct baro_bytes){ exact, (size_t)length }), 0);
    }
    assert_int_equal(baro_dhcp_build(&m, (struct baro_buffer){ to, 300 }), -ENOSPC);
    assert_int_equal(baro_dhcp_build(&m, (struct baro_buffer){ to, 299 }), -ENOSPC);
    strcpy(m.parameters.domain, "not a name");
    assert_int_equal(baro_dhcp_build(&m, (struct baro_buffer){ to, sizeof to }), -EINVAL);
}

static void a_small_one_is_padded_to_what_relays_want(void **state)
{
    struct baro_dhcp_message m = { .type = BARO_DHCP_DISCOVER, .xid = 1 };
    uint8_t to[400];

    (void)state;
    memset(to, 0xee, sizeof to);
    assert_int_equal(baro_dhcp_build(&m, (struct baro_buffer){ to, sizeof to }), 300);
    assert_memory_equal(to + 240, "\65\1\1\377\0\0", 6);
    assert_int_equal(to[299], 0);
}

static void types_have_names(void **state)
{
    (void)state;
    assert_string_equal(baro_dhcp_type_name(BARO_DHCP_INFORM), "INFORM");
    assert_string_equal(baro_dhcp_type_name(99), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ack_as_servers_write_it),
        cmocka_unit_test(options_in_pieces_and_in_other_fields),
        cmocka_unit_test(what_cannot_be_is_not_there),
        cmocka_unit_test(what_is_no_message),
        cmocka_unit_test(what_is_written_reads_the_same),
        cmocka_unit_test(what_has_no_room_goes_elsewhere_or_is_left_out),
        cmocka_unit_test(a_small_one_is_padded_to_what_relays_want),
        cmocka_unit_test(types_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
