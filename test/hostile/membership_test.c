/* Group membership messages that no router would send (the table of attacks: D-6, I6-15): each is dropped for its
 * reason, none is answered, moves a timer, or changes which version is spoken; and what may be sent in any number costs
 * no more than its answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "support/group_peer.h"
#include "unit/membership.h"

static struct peer_told told;

static void join(void)
{
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    assert_int_equal(baro_stack_join_group(stack, 1, group6), 0);
    pass(5000);
    while (peer_told(&device, &told))
        continue;
}

/* The query is dropped for that reason, and nothing comes of it. */
static void refused(const struct peer_query *query, enum baro_drop_reason reason)
{
    struct baro_statistics before, after;

    baro_stack_statistics(stack, &before);
    peer_ask(&device, query);
    pass(30000);
    baro_stack_statistics(stack, &after);
    assert_int_equal(after.drops[reason], before.drops[reason] + 1);
    assert_int_equal(after.groups_out, before.groups_out);
    assert_int_equal(after.icmp_out, before.icmp_out);
}

static void d_6_igmp_queries(void **state)
{
    const struct baro_address group = baro_ipv4(239, 1, 2, 3);
    const struct peer_query hostile[] = {
        { .code = 10, .hop_limit = 2 },
        { .code = 10, .hop_limit = 64, .group = group },
        { .code = 10, .no_alert = true },
        { .code = 10, .no_alert = true, .version = 2 },
        { .code = 10, .bad_sum = true },
        { .code = 10, .claimed = 65535, .group = group },
        { .code = 10, .claimed = 65535, .sources = 3, .group = group },
        { .code = 10, .cut = 1 },
        { .code = 10, .version = 2, .extra = 3 },
        { .code = 10, .version = 2, .cut = 1 },
        { .code = 10, .group = { BARO_FAMILY_IPV4, 0, { 10, 0, 0, 1 } } },
        { .code = 10, .to = { BARO_FAMILY_IPV4, 0, { 239, 1, 2, 3 } } },
        { .type = 0x22, .to = { BARO_FAMILY_IPV4, 0, { 239, 1, 2, 3 } } },
        { .type = 0x17, .version = 2, .group = group },
        { .type = 0x99, .version = 2, .group = group },
    };
    const enum baro_drop_reason reason[] = {
        BARO_DROP_GROUP_HOP_LIMIT,   BARO_DROP_GROUP_HOP_LIMIT,   BARO_DROP_GROUP_NO_ALERT,
        BARO_DROP_GROUP_NO_ALERT,    BARO_DROP_GROUP_CHECKSUM,    BARO_DROP_GROUP_MALFORMED,
        BARO_DROP_GROUP_MALFORMED,   BARO_DROP_GROUP_MALFORMED,   BARO_DROP_GROUP_MALFORMED,
        BARO_DROP_GROUP_MALFORMED,   BARO_DROP_GROUP_MALFORMED,   BARO_DROP_GROUP_BAD_DESTINATION,
        BARO_DROP_GROUP_FOR_ROUTERS, BARO_DROP_GROUP_FOR_ROUTERS, BARO_DROP_GROUP_TYPE_UNKNOWN,
    };

    (void)state;
    join();
    for (unsigned i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        struct peer_query query = hostile[i];

        if (query.group.octet[0] == 10)
            query.to = baro_ipv4(224, 0, 0, 1);
        refused(&query, reason[i]);
    }
}

static void i6_15_mld_queries(void **state)
{
    const struct peer_query hostile[] = {
        { .v6 = true, .hop_limit = 2 },
        { .v6 = true, .hop_limit = 255 },
        { .v6 = true, .no_alert = true },
        { .v6 = true, .no_alert = true, .version = 1 },
        { .v6 = true, .bad_sum = true },
        { .v6 = true, .from = { BARO_FAMILY_IPV6, 0, { 0xfd, [15] = 9 } } },
        { .v6 = true, .from = { BARO_FAMILY_IPV6, 0, { 0 } } },
        { .v6 = true, .claimed = 65535, .group = { BARO_FAMILY_IPV6, 0, { 0xff, 0x15, [14] = 1, [15] = 0x23 } } },
        { .v6 = true, .cut = 1 },
        { .v6 = true, .version = 1, .cut = 1 },
        { .v6 = true, .version = 1, .extra = 3 },
        { .v6 = true, .to = { BARO_FAMILY_IPV6, 0, { 0xff, 0x15, [14] = 1, [15] = 0x23 } } },
    };
    const enum baro_drop_reason reason[] = {
        BARO_DROP_GROUP_HOP_LIMIT, BARO_DROP_GROUP_HOP_LIMIT,  BARO_DROP_GROUP_NO_ALERT,   BARO_DROP_GROUP_NO_ALERT,
        BARO_DROP_GROUP_CHECKSUM,  BARO_DROP_GROUP_BAD_SOURCE, BARO_DROP_GROUP_BAD_SOURCE, BARO_DROP_GROUP_MALFORMED,
        BARO_DROP_GROUP_MALFORMED, BARO_DROP_GROUP_MALFORMED,  BARO_DROP_GROUP_MALFORMED,
        BARO_DROP_GROUP_BAD_DESTINATION,
    };

    (void)state;
    join();
    for (unsigned i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
        refused(&hostile[i], reason[i]);
    /* ff02:: as a source is nobody's, whatever the message */
    refused(&(struct peer_query){ .v6 = true, .from = { BARO_FAMILY_IPV6, 0, { 0xff, 2 } } },
            BARO_DROP_IP_MARTIAN_SOURCE);
}

/* A forged query of an old version from beyond a router does not change how we speak. */
static void versions_are_not_changed_from_afar(void **state)
{
    (void)state;
    refused(&(struct peer_query){ .version = 2, .code = 10, .hop_limit = 9 }, BARO_DROP_GROUP_HOP_LIMIT);
    refused(&(struct peer_query){ .v6 = true, .version = 1, .hop_limit = 9 }, BARO_DROP_GROUP_HOP_LIMIT);
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    assert_int_equal(baro_stack_join_group(stack, 1, group6), 0);
    pass(0);
    assert_true(peer_told(&device, &told));
    assert_int_equal(told.type, 0x22);
    assert_true(peer_told(&device, &told));
    assert_int_equal(told.type, 143);
}

/* A thousand queries, in all versions: one answer to each millisecond at most, and no memory. */
static void a_flood_of_queries(void **state)
{
    struct baro_statistics before, after;
    size_t slabs;

    (void)state;
    join();
    baro_stack_statistics(stack, &before);
    slabs = memory.bytes;
    for (unsigned i = 0; i < 1000; i++) {
        struct peer_query query = { .v6 = i % 2 != 0,
                                    .code = (uint16_t)(i % 7),
                                    .robustness = 7,
                                    .interval = 255,
                                    .group =
                                        i % 3 == 0 ? group4 : (struct baro_address){ .family = BARO_FAMILY_NONE } };

        if (query.v6 && query.group.family != BARO_FAMILY_NONE)
            query.group = group6;
        for (; query.group.family != BARO_FAMILY_NONE && query.sources < 60; query.sources++)
            query.source[query.sources] = query.v6
                                              ? baro_ipv6(0xfd00, 0, 0, 0, 0, 0, (uint16_t)i, (uint16_t)query.sources)
                                              : baro_ipv4(11, (uint8_t)i, (uint8_t)(i >> 8), (uint8_t)query.sources);
        peer_ask(&device, &query);
        baro_stack_poll(stack, now);
        baro_stack_check_invariants(stack);
    }
    pass(100000);
    baro_stack_statistics(stack, &after);
    assert_in_range(after.groups_out - before.groups_out, 1, 20);
    assert_int_equal(memory.bytes, slabs);
}

/* 20,000 messages of any octets. */
static void any_octets(void **state)
{
    uint64_t random = 88172645463325252u;

    (void)state;
    join();
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t frame[128];
        uint32_t length;

        for (unsigned j = 0; j < sizeof frame; j++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            frame[j] = (uint8_t)random;
        }
        length = 14 + 24 + (uint32_t)(random >> 8) % 60;
        memcpy(frame, (const uint8_t[]){ 1, 0, 0x5e, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 0 }, 14);
        memcpy(frame + 14,
               (const uint8_t[]){
                   0x46, 0xc0, 0, (uint8_t)(length - 14), 0, 0, 0, 0, 1, 2, 0, 0, 10, 0, 0, 9, 224, 0, 0, 1, 148,
                   4,    0,    0 },
               24);
        frame[38] = (const uint8_t[]){ 0x11, 0x12, 0x16, 0x17, 0x22, 0x11, 0x11, 0x11 }[random % 8];
        if (random & 1024)
            memset(frame + 42, 0, 4);
        memset(frame + 40, 0, 2);
        write_be16(frame + 24, checksum_fold(checksum_add(0, frame + 14, 24)));
        write_be16(frame + 40, checksum_fold(checksum_add(0, frame + 38, length - 38)));
        assert_true(frame_device_put(&device, frame, length));
        baro_stack_poll(stack, now);
        baro_stack_check_invariants(stack);
        if (i % 64 == 0)
            pass(100);
        while (frame_device_take(&device) != NULL)
            continue;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(d_6_igmp_queries, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(i6_15_mld_queries, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(versions_are_not_changed_from_afar, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_queries, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(any_octets, group_setup, group_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
