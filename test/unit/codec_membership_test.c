/* IGMP's and MLD's messages: octets written out from RFC 3376 §4, 2236 §2, 3810 §5 and 2710 §3; each rule broken alone;
 * every length of every message. The reader is given memory of exactly the size that it may look at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/checksum.h"
#include "codec/icmpv6.h"
#include "codec/ip_protocol.h"
#include "codec/membership.h"

enum { ZONE = 2 };

static struct membership_arrival from_router(bool v6)
{
    struct membership_arrival arrival = { .hop_limit = 1, .router_alert = true };

    arrival.source = v6 ? address_in_zone(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 9), ZONE) : baro_ipv4(10, 0, 0, 9);
    arrival.destination = v6 ? address_in_zone(baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1), ZONE) : baro_ipv4(224, 0, 0, 1);
    return arrival;
}

/* With the right checksum. The copy lives until the next call. */
static enum baro_drop_reason read_exactly(struct membership_message *message, const struct membership_arrival *arrival,
                                          const uint8_t *octets, size_t length)
{
    static uint8_t *copy;
    uint64_t sum = 0;

    free(copy);
    copy = malloc(length == 0 ? 1 : length);
    if (length != 0)
        memcpy(copy, octets, length);
    if (length >= 4) {
        memset(copy + 2, 0, 2);
        if (arrival->source.family == BARO_FAMILY_IPV6)
            sum = checksum_pseudo(arrival->source, arrival->destination, IP_PROTOCOL_ICMPV6, (uint32_t)length);
        write_be16(copy + 2, checksum_fold(checksum_add(sum, copy, length)));
    }
    return membership_read(message, arrival, (struct baro_bytes){ copy, length });
}

static const uint8_t igmp3[] = { 0x11, 0x9c, 0, 0, 239, 1, 2, 3, 0x0a, 0x90, 0, 2, 10, 0, 0, 1, 10, 0, 0, 2 };
static const uint8_t igmp2[] = { 0x11, 100, 0, 0, 0, 0, 0, 0 };
static const uint8_t igmp1[] = { 0x11, 0, 0, 0, 0, 0, 0, 0 };
static const uint8_t mld2[] = { 130, 0, 0, 0, 0x8f, 0xa0, 0, 0,
                                0xff, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x23,
                                2, 125, 0, 1, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7 };
static const uint8_t mld1[] = { 130, 0, 0, 0, 0x8f, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

static void queries_octet_by_octet(void **state)
{
    struct membership_arrival v4 = from_router(false), v6 = from_router(true);
    struct membership_message message;

    (void)state;
    assert_int_equal(read_exactly(&message, &v4, igmp3, sizeof igmp3), BARO_DROP_NONE);
    assert_int_equal(message.kind, MEMBERSHIP_QUERY);
    assert_int_equal(message.version, 3);
    assert_int_equal(message.response_ms, 44800); /* 0x9c: (12 | 16) << (1 + 3) tenths of a second */
    assert_int_equal(message.robustness, 2);
    assert_int_equal(message.interval_s, 16 << 4); /* 0x90: no mantissa, exponent 1 */
    assert_int_equal(message.sources, 2);
    assert_true(address_equal(message.group, baro_ipv4(239, 1, 2, 3)));
    assert_true(address_equal(membership_source(&message, 1), baro_ipv4(10, 0, 0, 2)));

    assert_int_equal(read_exactly(&message, &v4, igmp2, sizeof igmp2), BARO_DROP_NONE);
    assert_int_equal(message.version, 2);
    assert_int_equal(message.response_ms, 10000);
    assert_int_equal(read_exactly(&message, &v4, igmp1, sizeof igmp1), BARO_DROP_NONE);
    assert_int_equal(message.version, 1);
    assert_int_equal(message.response_ms, 10000);

    assert_int_equal(read_exactly(&message, &v6, mld2, sizeof mld2), BARO_DROP_NONE);
    assert_int_equal(message.version, 2);
    assert_int_equal(message.response_ms, 0x1fa0 << 3); /* 0x8fa0: exponent 0, mantissa 0xfa0 */
    assert_int_equal(message.interval_s, 125);
    assert_true(address_equal(message.group, baro_ipv6(0xff15, 0, 0, 0, 0, 0, 0, 0x123)));
    assert_true(address_equal(membership_source(&message, 0), baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 7)));
    assert_int_equal(read_exactly(&message, &v6, mld1, sizeof mld1), BARO_DROP_NONE);
    assert_int_equal(message.version, 1);
    assert_int_equal(message.response_ms, 0x8fa0); /* as it stands: the code is MLDv2's */
}

/* RFC 3376 §4.1.1, §4.1.7 and RFC 3810 §5.1.3. */
static void codes(void **state)
{
    (void)state;
    assert_int_equal(membership_code(0, 8), 0);
    assert_int_equal(membership_code(127, 8), 127);
    assert_int_equal(membership_code(128, 8), 128);
    assert_int_equal(membership_code(255, 8), 31744);
    assert_int_equal(membership_code(32767, 16), 32767);
    assert_int_equal(membership_code(32768, 16), 32768);
    assert_int_equal(membership_code(65535, 16), 8387584);
}

/* RFC 3376 §7.1, RFC 3810 §8.1: eight or twelve octets and more, 24 or 28 and more, nothing between. */
static void a_length_of_no_version_is_no_query(void **state)
{
    struct membership_arrival v4 = from_router(false), v6 = from_router(true);
    struct membership_message message;
    uint8_t octets[64] = { 0x11, 10 };

    (void)state;
    for (size_t length = 0; length <= 40; length++) {
        bool right = length == 8 || length >= 12;

        assert_int_equal(read_exactly(&message, &v4, octets, length),
                         right ? BARO_DROP_NONE : BARO_DROP_GROUP_MALFORMED);
    }
    octets[0] = ICMPV6_MLD_QUERY;
    for (size_t length = 0; length <= 60; length++) {
        bool right = length == 24 || length >= 28;

        assert_int_equal(read_exactly(&message, &v6, octets, length),
                         right ? BARO_DROP_NONE : BARO_DROP_GROUP_MALFORMED);
    }
}

/* Every prefix of a query with sources is read within its bounds, and only the whole is one. */
static void sources_stay_within_the_message(void **state)
{
    struct membership_arrival v4 = from_router(false), v6 = from_router(true);
    struct membership_message message;
    uint8_t octets[sizeof mld2];

    (void)state;
    for (size_t length = 12; length < sizeof igmp3; length++)
        assert_int_equal(read_exactly(&message, &v4, igmp3, length), BARO_DROP_GROUP_MALFORMED);
    for (size_t length = 28; length < sizeof mld2; length++)
        assert_int_equal(read_exactly(&message, &v6, mld2, length), BARO_DROP_GROUP_MALFORMED);
    memcpy(octets, mld2, sizeof mld2);
    octets[26] = octets[27] = 0xff; /* 65,535 of them */
    assert_int_equal(read_exactly(&message, &v6, octets, sizeof octets), BARO_DROP_GROUP_MALFORMED);
}

static void each_rule_broken_alone(void **state)
{
    struct membership_message message;
    uint8_t octets[sizeof mld2];

    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        const uint8_t *query = v6 ? mld2 : igmp3;
        size_t length = v6 ? sizeof mld2 : sizeof igmp3;
        struct membership_arrival arrival = from_router(v6);

        arrival.hop_limit = 2;
        assert_int_equal(read_exactly(&message, &arrival, query, length), BARO_DROP_GROUP_HOP_LIMIT);
        arrival = from_router(v6);
        arrival.router_alert = false;
        assert_int_equal(read_exactly(&message, &arrival, query, length), BARO_DROP_GROUP_NO_ALERT);
        arrival = from_router(v6);
        arrival.fragmented = true;
        assert_int_equal(read_exactly(&message, &arrival, query, length), BARO_DROP_GROUP_MALFORMED);
        arrival = from_router(v6);
        memcpy(octets, query, length);
        memset(octets + (v6 ? 8 : 4), 1, v6 ? 16 : 4); /* no group */
        assert_int_equal(read_exactly(&message, &arrival, octets, length), BARO_DROP_GROUP_MALFORMED);
        memset(octets + (v6 ? 8 : 4), 0, v6 ? 16 : 4); /* any group, but from certain sources */
        assert_int_equal(read_exactly(&message, &arrival, octets, length), BARO_DROP_GROUP_MALFORMED);
        octets[v6 ? 27 : 11] = 0;
        arrival.destination = v6 ? baro_ipv6(0xff15, 0, 0, 0, 0, 0, 0, 1) : baro_ipv4(239, 1, 2, 3);
        assert_int_equal(read_exactly(&message, &arrival, octets, length), BARO_DROP_GROUP_BAD_DESTINATION);
        arrival.destination = v6 ? baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1) : baro_ipv4(10, 0, 0, 1);
        assert_int_equal(read_exactly(&message, &arrival, octets, length), BARO_DROP_NONE);
        octets[2] ^= 1;
        assert_int_equal(membership_read(&message, &arrival, (struct baro_bytes){ octets, length }),
                         BARO_DROP_GROUP_CHECKSUM);
    }
}

static void who_may_ask(void **state)
{
    struct membership_arrival v4 = from_router(false), v6 = from_router(true);
    struct membership_message message;

    (void)state;
    v6.source = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 9);
    assert_int_equal(read_exactly(&message, &v6, mld2, sizeof mld2), BARO_DROP_GROUP_BAD_SOURCE);
    v6.source = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0);
    assert_int_equal(read_exactly(&message, &v6, mld1, sizeof mld1), BARO_DROP_GROUP_BAD_SOURCE);
    v4.source = baro_ipv4(0, 0, 0, 0); /* a switch */
    assert_int_equal(read_exactly(&message, &v4, igmp3, sizeof igmp3), BARO_DROP_NONE);
    v4.router_alert = false; /* RFC 3376 §9.1: version 1 is older than the option */
    assert_int_equal(read_exactly(&message, &v4, igmp1, sizeof igmp1), BARO_DROP_NONE);
    assert_int_equal(read_exactly(&message, &v4, igmp2, sizeof igmp2), BARO_DROP_GROUP_NO_ALERT);
}

static void old_messages_read_back(void **state)
{
    static const struct { enum membership_kind kind; uint8_t version; bool v6; uint8_t type; } all[] = {
        { MEMBERSHIP_OLD_REPORT, 1, false, IGMP_REPORT_V1 }, { MEMBERSHIP_OLD_REPORT, 2, false, IGMP_REPORT_V2 },
        { MEMBERSHIP_LEAVE, 2, false, IGMP_LEAVE },          { MEMBERSHIP_OLD_REPORT, 1, true, ICMPV6_MLD_REPORT },
        { MEMBERSHIP_LEAVE, 1, true, ICMPV6_MLD_DONE }
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct membership_arrival arrival = from_router(all[i].v6);
        struct baro_address group = all[i].v6 ? baro_ipv6(0xff15, 0, 0, 0, 0, 0, 0, 5) : baro_ipv4(239, 0, 0, 5);
        uint8_t octets[MEMBERSHIP_OLD_LONGEST];
        size_t length = membership_write_old(all[i].kind, all[i].version, group, octets);
        struct membership_message message;

        assert_int_equal(octets[0], all[i].type);
        assert_int_equal(length, all[i].v6 ? 24 : 8);
        assert_int_equal(read_exactly(&message, &arrival, octets, length), BARO_DROP_NONE);
        assert_int_equal(message.kind, all[i].kind);
        assert_int_equal(message.version, all[i].version);
        assert_true(address_equal(message.group, group));
    }
}

static void records_read_back(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct membership_arrival arrival = from_router(v6);
        struct baro_address group = v6 ? baro_ipv6(0xff15, 0, 0, 0, 0, 0, 0, 5) : baro_ipv4(239, 0, 0, 5);
        struct baro_address source = v6 ? baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 7) : baro_ipv4(10, 0, 0, 7);
        struct membership_record_view view;
        struct membership_message message;
        uint8_t octets[128];
        size_t length = MEMBERSHIP_HEADER, at = 0;

        membership_write_header(group.family, 2, octets);
        length += membership_write_record(MEMBERSHIP_ALLOW, group, 1, octets + length);
        length += membership_write_address(source, octets + length);
        assert_int_equal(length, MEMBERSHIP_HEADER + membership_record_size(group.family, 1));
        length += membership_write_record(MEMBERSHIP_TO_EXCLUDE, group, 0, octets + length);
        assert_int_equal(read_exactly(&message, &arrival, octets, length), BARO_DROP_NONE);
        assert_int_equal(message.records, 2);
        assert_true(membership_next_record(&message, &at, &view));
        assert_int_equal(view.type, MEMBERSHIP_ALLOW);
        assert_int_equal(view.sources, 1);
        assert_true(address_equal(view.group, group));
        assert_true(membership_next_record(&message, &at, &view));
        assert_int_equal(view.type, MEMBERSHIP_TO_EXCLUDE);
        assert_false(membership_next_record(&message, &at, &view));
        for (size_t cut = MEMBERSHIP_HEADER; cut < length; cut++) {
            assert_int_equal(read_exactly(&message, &arrival, octets, cut), BARO_DROP_NONE);
            at = 0;
            while (membership_next_record(&message, &at, &view))
                assert_true(at <= cut - MEMBERSHIP_HEADER);
        }
    }
}

static void types_nobody_knows(void **state)
{
    struct membership_arrival arrival = from_router(false);
    struct membership_message message;
    const uint8_t dvmrp[8] = { 0x13, 1 };

    (void)state;
    assert_int_equal(read_exactly(&message, &arrival, dvmrp, sizeof dvmrp), BARO_DROP_GROUP_TYPE_UNKNOWN);
    for (unsigned type = 0; type < 256; type++)
        assert_int_equal(membership_is_mld((uint8_t)type), (type >= 130 && type <= 132) || type == 143);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_octet_by_octet),
        cmocka_unit_test(codes),
        cmocka_unit_test(a_length_of_no_version_is_no_query),
        cmocka_unit_test(sources_stay_within_the_message),
        cmocka_unit_test(each_rule_broken_alone),
        cmocka_unit_test(who_may_ask),
        cmocka_unit_test(old_messages_read_back),
        cmocka_unit_test(records_read_back),
        cmocka_unit_test(types_nobody_knows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
