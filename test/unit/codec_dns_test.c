/* DNS messages as values: known octets are read right, what is written reads back, lies about lengths and pointers
 * that lead nowhere or in a circle are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "baro/dns_message.h"

static struct baro_dns_name named(const char *text)
{
    struct baro_dns_name name;

    assert_int_equal(baro_dns_name_parse(&name, text), 0);
    return name;
}

static void names_are_read_and_written(void **state)
{
    static const char *const right[][2] = {
        { "server.lan", "server.lan" }, { "Server.LAN.", "Server.LAN" }, { ".", "." }, { "a\\.b.c", "a\\.b.c" },
        { "\\000\\255x", "\\000\\255x" }, { "a b", "a\\032b" },
    };
    static const char *const wrong[] = { "", "..", ".a", "a..b", "a\\", "a\\25", "a\\999" };
    struct baro_dns_name name;
    char text[BARO_DNS_TEXT_LIMIT], longest[300];

    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        name = named(right[i][0]);
        assert_int_equal(baro_dns_name_text(&name, text, sizeof text), strlen(right[i][1]));
        assert_string_equal(text, right[i][1]);
        assert_int_equal(baro_dns_name_text(&name, text, strlen(right[i][1])), -ENOSPC);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(baro_dns_name_parse(&name, wrong[i]), -EINVAL);
    memset(longest, 'a', sizeof longest);
    longest[63] = '\0';
    assert_int_equal(baro_dns_name_parse(&name, longest), 0);
    longest[63] = 'a';
    longest[64] = '\0';
    assert_int_equal(baro_dns_name_parse(&name, longest), -EINVAL);
    memset(longest, 'a', sizeof longest);
    longest[63] = longest[127] = longest[191] = '.';
    longest[253] = '\0';
    assert_int_equal(baro_dns_name_parse(&name, longest), 0);
    assert_int_equal(name.length, 255);
    longest[253] = 'a';
    longest[254] = '\0';
    assert_int_equal(baro_dns_name_parse(&name, longest), -EINVAL);
}

static void names_compare_without_case(void **state)
{
    struct baro_dns_name a = named("Server.Lan"), b = named("server.lan"), zone = named("lan"), other = named("n");
    struct baro_dns_name trick = named("xserver.lan"), root = named(".");

    (void)state;
    assert_true(baro_dns_name_equal(&a, &b));
    assert_true(baro_dns_name_within(&a, &zone) && baro_dns_name_within(&zone, &zone) &&
                baro_dns_name_within(&a, &root));
    assert_false(baro_dns_name_within(&a, &other) || baro_dns_name_within(&zone, &a) ||
                 baro_dns_name_within(&trick, &b));
    assert_int_equal(baro_dns_name_append(&other, &zone), 0);
    b = named("N.LAN");
    assert_true(baro_dns_name_equal(&other, &b));
    assert_int_equal(baro_dns_name_labels(&b), 2);
}

static void reverse_names_are_addresses(void **state)
{
    struct baro_address four = baro_ipv4(10, 7, 0, 255),
                        six = { .family = BARO_FAMILY_IPV6, .octet = { 0xfd, 0, [15] = 0x1f } };
    struct baro_address back;
    struct baro_dns_name name, wanted = named("255.0.7.10.IN-ADDR.ARPA");
    static const char *const wrong[] = { "256.0.7.10.in-addr.arpa", "01.0.7.10.in-addr.arpa", "0.7.10.in-addr.arpa",
                                         "1.2.3.4.in-addr.arpx", "a.0.7.10.in-addr.arpa", "server.lan" };

    (void)state;
    baro_dns_name_reverse(&name, four);
    assert_true(baro_dns_name_equal(&name, &wanted));
    assert_true(baro_dns_name_address(&name, &back));
    assert_memory_equal(&back, &four, sizeof back);
    baro_dns_name_reverse(&name, six);
    assert_memory_equal(name.octet, "\1f\1" "1\1" "0", 6);
    assert_true(baro_dns_name_address(&name, &back));
    assert_memory_equal(&back, &six, sizeof back);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        name = named(wrong[i]);
        assert_false(baro_dns_name_address(&name, &back));
    }
}

/* An answer by hand: www.a.b is an alias of a.b, which has an address; the alias's data and the second owner are
 * pointers. */
static const uint8_t answer[] = {
    0x12, 0x34, 0x85, 0x80, 0, 1, 0, 2, 0, 0, 0, 0,
    3, 'w', 'w', 'w', 1, 'a', 1, 'b', 0, 0, 1, 0, 1,
    0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 16,
    0xc0, 16, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 192, 0, 2, 1,
};

static void an_answer_is_read(void **state)
{
    struct baro_dns_reader reader;
    struct baro_dns_question question;
    struct baro_dns_record record;
    enum baro_dns_section section;
    struct baro_dns_name alias = named("www.a.b"), name = named("a.b");

    (void)state;
    assert_int_equal(baro_dns_read(&reader, (struct baro_bytes){ answer, sizeof answer }), 0);
    assert_int_equal(reader.header.id, 0x1234);
    assert_int_equal(reader.header.flags, BARO_DNS_RESPONSE | BARO_DNS_AUTHORITATIVE | BARO_DNS_RECURSION_DESIRED |
                                              BARO_DNS_RECURSION_AVAILABLE);
    assert_int_equal(baro_dns_read_question(&reader, &question), 1);
    assert_true(baro_dns_name_equal(&question.name, &alias) && question.type == BARO_DNS_A);
    assert_int_equal(baro_dns_read_question(&reader, &question), 0);
    assert_int_equal(baro_dns_read_record(&reader, &record, &section), 1);
    assert_true(record.type == BARO_DNS_CNAME && record.ttl == 60 && section == BARO_DNS_ANSWERS);
    assert_true(baro_dns_name_equal(&record.name, &alias) && baro_dns_name_equal(&record.target, &name));
    assert_int_equal(baro_dns_read_record(&reader, &record, &section), 1);
    assert_true(record.type == BARO_DNS_A && baro_dns_name_equal(&record.name, &name));
    assert_memory_equal(record.address.octet, "\300\0\2\1", 4);
    assert_int_equal(baro_dns_read_record(&reader, &record, &section), 0);
}

/* Reads all of it; the last result. */
static int read_all(const uint8_t *octets, size_t length)
{
    uint8_t *copy = malloc(length + 1);
    struct baro_dns_edns edns;
    int result;

    assert_non_null(copy);
    memcpy(copy, octets, length);
    result = baro_dns_find_edns((struct baro_bytes){ copy, length }, &edns);
    free(copy);
    return result;
}

static void no_prefix_of_an_answer_is_one(void **state)
{
    (void)state;
    for (size_t length = 0; length < sizeof answer; length++)
        assert_int_equal(read_all(answer, length), -EBADMSG);
    assert_int_equal(read_all(answer, sizeof answer), 0);
}

static void pointers_lead_backwards_only(void **state)
{
    /* what stands for the pointer in the alias's data (at 37), and for the second owner (at 39) */
    static const struct { size_t at; uint8_t octet[2]; } lies[] = {
        { 25, { 0xc0, 25 } }, /* to itself */
        { 25, { 0xc0, 39 } }, /* forwards */
        { 25, { 0xff, 0xff } }, /* out of the message */
        { 37, { 0xc0, 37 } }, { 37, { 0xc0, 39 } }, { 37, { 0xc0, 0 } }, /* into the header */
        { 37, { 0xc0, 11 } }, { 39, { 0x40, 16 } }, { 39, { 0x80, 16 } }, /* kinds of labels that do not exist */
        { 37, { 1, 'x' } }, /* a name that leaves its data */
        { 35, { 0, 3 } }, /* data longer than its name */
        { 49, { 0, 3 } }, { 49, { 0, 5 } }, /* an address of three octets, of five */
    };

    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        uint8_t lie[sizeof answer];

        memcpy(lie, answer, sizeof lie);
        memcpy(lie + lies[i].at, lies[i].octet, 2);
        assert_int_equal(read_all(lie, sizeof lie), -EBADMSG);
    }
    /* two pointers that lead to one another */
    uint8_t ring[sizeof answer];
    memcpy(ring, answer, sizeof ring);
    memcpy(ring + 12, "\300\024\300\014", 4);
    assert_int_equal(read_all(ring, sizeof ring), -EBADMSG);
}

static void a_name_grows_to_255_by_pointers_and_no_further(void **state)
{
    uint8_t message[400] = { 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
    size_t at = 12;

    (void)state;
    /* each record's owner is a label of 62 octets and a pointer to the owner before */
    for (unsigned i = 0; i < 5; i++) {
        size_t begin = at;
        static size_t before;

        message[at] = 62;
        memset(message + at + 1, 'a', 62);
        at += 63;
        if (i == 0) {
            message[at++] = 0;
        } else {
            message[at++] = (uint8_t)(0xc0 | before >> 8);
            message[at++] = (uint8_t)before;
        }
        before = begin;
        message[at + 1] = 99;
        message[at + 3] = 1;
        at += 10;
        message[7] = (uint8_t)(i + 1);
        assert_int_equal(read_all(message, at), i < 4 ? 0 : -EBADMSG); /* 4 * 63 + 1 = 253 */
    }
}

static struct baro_dns_record record_of(const char *name, uint16_t type)
{
    return (struct baro_dns_record){ .name = named(name), .type = type, .dns_class = BARO_DNS_IN, .ttl = 120 };
}

static void what_is_written_reads_back(void **state)
{
    static const uint8_t text[] = "\5hello\0", maps[] = { 0, 4, 0x40, 0, 0, 8 };
    uint8_t octets[512];
    struct baro_dns_header header = { .id = 7, .flags = BARO_DNS_RESPONSE, .code = BARO_DNS_NAME_ERROR };
    struct baro_dns_question question = { named("server.lan"), BARO_DNS_ANY, BARO_DNS_IN };
    struct baro_dns_record sent[7], back;
    struct baro_dns_edns edns = { .present = true, .udp_size = 1232, .dnssec_ok = true }, heard;
    struct baro_dns_writer writer;
    struct baro_dns_reader reader;
    enum baro_dns_section section;
    size_t length;

    (void)state;
    sent[0] = record_of("server.lan", BARO_DNS_A);
    sent[0].address = baro_ipv4(10, 7, 0, 1);
    sent[1] = record_of("server.lan", BARO_DNS_AAAA);
    sent[1].address = (struct baro_address){ .family = BARO_FAMILY_IPV6, .octet = { 0xfd, 1, 2 } };
    sent[2] = record_of("1.0.7.10.in-addr.arpa", BARO_DNS_PTR);
    sent[2].target = named("SERVER.lan");
    sent[3] = record_of("_http._tcp.lan", BARO_DNS_SRV);
    sent[3].service.port.number = 8000;
    sent[3].target = named("server.lan");
    sent[4] = record_of("server.lan", BARO_DNS_TXT);
    sent[4].data = (struct baro_bytes){ text, 7 };
    sent[5] = record_of("server.lan", BARO_DNS_NSEC);
    sent[5].target = named("server.lan");
    sent[5].data = (struct baro_bytes){ maps, sizeof maps };
    sent[6] = record_of("lan", BARO_DNS_SOA);
    sent[6].target = named("lan");
    sent[6].authority.mailbox = named("nobody.lan");
    sent[6].authority.minimum_s = 5;
    baro_dns_write(&writer, (struct baro_buffer){ octets, sizeof octets }, &header);
    assert_int_equal(baro_dns_write_question(&writer, &question), 0);
    for (int i = 0; i < 7; i++)
        assert_int_equal(baro_dns_write_record(&writer, i < 6 ? BARO_DNS_ANSWERS : BARO_DNS_AUTHORITY, &sent[i]), 0);
    assert_int_equal(baro_dns_write_edns(&writer, &edns), 0);
    length = baro_dns_write_end(&writer);
    assert_int_equal(octets[12 + 12 + 4], 0xc0); /* the first owner is a pointer to the question's name */
    assert_int_equal(baro_dns_find_edns((struct baro_bytes){ octets, length }, &heard), 0);
    assert_true(heard.present && heard.udp_size == 1232 && heard.dnssec_ok && heard.version == 0);
    assert_int_equal(baro_dns_read(&reader, (struct baro_bytes){ octets, length }), 0);
    assert_int_equal(reader.header.code, BARO_DNS_NAME_ERROR);
    for (int i = 0; i < 7; i++) {
        assert_int_equal(baro_dns_read_record(&reader, &back, &section), 1);
        assert_true(baro_dns_name_equal(&back.name, &sent[i].name) && back.type == sent[i].type && back.ttl == 120);
        assert_true(baro_dns_name_equal(&back.target, &sent[i].target));
        assert_memory_equal(&back.address, &sent[i].address, sizeof back.address);
        assert_int_equal(back.service.port.number, sent[i].service.port.number);
        assert_int_equal(back.authority.minimum_s, sent[i].authority.minimum_s);
        if (i == 5) {
            assert_true(baro_dns_nsec_has(back.data, BARO_DNS_A) && baro_dns_nsec_has(back.data, BARO_DNS_AAAA));
            assert_false(baro_dns_nsec_has(back.data, BARO_DNS_TXT) || baro_dns_nsec_has(back.data, 257));
        }
    }
}

static void what_does_not_fit_is_left_out_whole(void **state)
{
    uint8_t octets[512], *small;
    struct baro_dns_header header = { .flags = BARO_DNS_RESPONSE };
    struct baro_dns_question question = { named("server.lan"), BARO_DNS_A, BARO_DNS_IN };
    struct baro_dns_record record = record_of("other.server.lan", BARO_DNS_PTR);
    struct baro_dns_writer writer;
    size_t whole;

    (void)state;
    record.target = named("server.lan");
    baro_dns_write(&writer, (struct baro_buffer){ octets, sizeof octets }, &header);
    baro_dns_write_question(&writer, &question);
    baro_dns_write_record(&writer, BARO_DNS_ANSWERS, &record);
    whole = baro_dns_write_end(&writer);
    for (size_t size = 28; size < whole; size++) {
        small = malloc(size);
        baro_dns_write(&writer, (struct baro_buffer){ small, size }, &header);
        assert_int_equal(baro_dns_write_question(&writer, &question), 0);
        assert_int_equal(baro_dns_write_record(&writer, BARO_DNS_ANSWERS, &record), -ENOSPC);
        assert_int_equal(baro_dns_write_end(&writer), 28);
        assert_int_equal(small[2] & BARO_DNS_TRUNCATED >> 8, BARO_DNS_TRUNCATED >> 8);
        assert_int_equal(read_all(small, 28), 0);
        free(small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read_and_written),
        cmocka_unit_test(names_compare_without_case),
        cmocka_unit_test(reverse_names_are_addresses),
        cmocka_unit_test(an_answer_is_read),
        cmocka_unit_test(no_prefix_of_an_answer_is_one),
        cmocka_unit_test(pointers_lead_backwards_only),
        cmocka_unit_test(a_name_grows_to_255_by_pointers_and_no_further),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(what_does_not_fit_is_left_out_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
