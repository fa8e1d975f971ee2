/* The demux: what goes in is found, what was erased is not, at ten entries and at a million. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "transport/demux.h"

static size_t takes;
static size_t takes_allowed;

static void *take(void *context, size_t bytes)
{
    void *slab;

    (void)context;
    if (takes_allowed == 0)
        return NULL;
    takes_allowed--;
    takes++;
    slab = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    memset(slab, 0, bytes);
    return slab;
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(slab);
}

static struct slabs slabs_of_test(void)
{
    takes = 0;
    takes_allowed = SIZE_MAX;
    return (struct slabs){ .memory = { NULL, take, give_back }, .limit = SIZE_MAX };
}

static uint32_t hash_of(const struct demux *demux, uint32_t n)
{
    struct baro_endpoint local = { baro_ipv4(10, 0, 0, 1), { 80 } };
    struct baro_endpoint remote = { ipv4_from_number(0x0a010000u + n / 60000), { (uint16_t)(1024 + n % 60000) } };

    return demux_hash(demux, &local, &remote);
}

static bool has(const struct demux *demux, uint32_t hash, uint64_t value)
{
    struct demux_cursor cursor = demux_begin(demux, hash);
    uint32_t name;

    while (demux_next(&cursor, &name)) {
        if (name == value)
            return true;
    }
    return false;
}

static void a_million_entries_are_found_and_erased(void **state)
{
    enum { COUNT = 1000000 };
    struct slabs slabs = slabs_of_test();
    struct demux demux;

    (void)state;
    demux_init(&demux, &slabs, (struct hash_key){ { 1, 2 } });
    assert_false(has(&demux, 7, 7));
    for (uint32_t n = 0; n < COUNT; n++)
        assert_true(demux_insert(&demux, hash_of(&demux, n), (struct handle){ n + 1 }));
    assert_int_equal(demux.used, COUNT);
    assert_true(demux_is_in_order(&demux));
    for (uint32_t n = 0; n < COUNT; n++)
        assert_true(has(&demux, hash_of(&demux, n), n + 1));
    for (uint32_t n = 0; n < COUNT; n += 2)
        assert_true(demux_erase(&demux, hash_of(&demux, n), (struct handle){ n + 1 }));
    assert_true(demux_is_in_order(&demux));
    for (uint32_t n = 0; n < COUNT; n++)
        assert_int_equal(has(&demux, hash_of(&demux, n), n + 1), n & 1);
    for (uint32_t n = 1; n < COUNT; n += 2)
        assert_true(demux_erase(&demux, hash_of(&demux, n), (struct handle){ n + 1 }));
    assert_int_equal(demux.used, 0);
    assert_true(demux_is_in_order(&demux));
    demux_release(&demux);
    assert_int_equal(slabs.taken, 0);
}

/* Of the table that is being filled; what an insert adds to it beside its own entry was moved. */
static uint64_t in_new_table(const struct demux *demux)
{
    uint64_t used = 0;

    for (uint32_t i = 0; i < demux->table.count >> demux->table.shift; i++)
        used += demux->table.segment[i].used;
    return used;
}

/* What 1,000, 10,000, 100,000 and a million entries take, each, at every moment of every growth; and back. */
static void an_entry_takes_17_octets_at_most_at_every_count(void **state)
{
    enum { COUNT = 1200000, FEW = 16 * 1024 } /* the segment that is begun, and the one that is not empty yet */;
    struct slabs slabs = slabs_of_test();
    struct demux demux;
    size_t empty;

    (void)state;
    demux_init(&demux, &slabs, (struct hash_key){ { 9, 10 } });
    for (uint32_t n = 0; n < COUNT; n++) {
        assert_true(demux_insert(&demux, hash_of(&demux, n), (struct handle){ n + 1 }));
        assert_in_range(slabs.taken, 12 * (size_t)n, FEW + 17 * (size_t)n);
    }
    for (uint32_t n = 0; n < COUNT; n++)
        assert_true(demux_erase(&demux, hash_of(&demux, n), (struct handle){ n + 1 }));
    for (uint32_t n = 0; n < 200; n++) { /* the table that was left becomes small step by step */
        assert_true(demux_insert(&demux, hash_of(&demux, n), (struct handle){ n + 1 }));
        assert_true(demux_erase(&demux, hash_of(&demux, n), (struct handle){ n + 1 }));
    }
    empty = slabs.taken;
    demux_release(&demux);
    assert_int_equal(slabs.taken, 0);
    assert_in_range(empty, 1, FEW);
}

static void an_insert_moves_what_stood_in_two_buckets(void **state)
{
    enum { COUNT = 300000 };
    struct slabs slabs = slabs_of_test();
    struct demux demux;
    uint64_t most = 0;

    (void)state;
    demux_init(&demux, &slabs, (struct hash_key){ { 11, 12 } });
    for (uint32_t n = 0; n < COUNT; n++) {
        uint32_t count = demux.table.count;
        uint64_t before = in_new_table(&demux), moved;

        assert_true(demux_insert(&demux, hash_of(&demux, n), (struct handle){ n + 1 }));
        if (demux.table.count != count)
            continue; /* another table, in which nobody stands */
        moved = in_new_table(&demux) - before;
        most = moved > most ? moved : most;
    }
    assert_in_range(most, 8, 45); /* some 20 of a home are possible, and two homes; in the mean there are five */
    demux_release(&demux);
}

static void entries_stay_findable_at_every_step_of_growth(void **state)
{
    enum { COUNT = 3000 };
    struct slabs slabs = slabs_of_test();
    struct demux demux;

    (void)state;
    demux_init(&demux, &slabs, (struct hash_key){ { 3, 4 } });
    for (uint32_t n = 0; n < COUNT; n++) {
        assert_true(demux_insert(&demux, hash_of(&demux, n), (struct handle){ n + 1 }));
        for (uint32_t m = n > 40 ? n - 40 : 0; m <= n; m++)
            assert_true(has(&demux, hash_of(&demux, m), m + 1));
        assert_true(has(&demux, hash_of(&demux, n / 2), n / 2 + 1));
        assert_false(has(&demux, hash_of(&demux, n + 1), n + 2));
    }
    demux_release(&demux);
}

static void equal_hashes_live_side_by_side(void **state)
{
    struct slabs slabs = slabs_of_test();
    struct demux demux;

    (void)state;
    demux_init(&demux, &slabs, (struct hash_key){ { 5, 6 } });
    for (uint64_t n = 1; n <= 40; n++)
        assert_true(demux_insert(&demux, 0xffffffffu, (struct handle){ n })); /* wraps to bucket 0 */
    for (uint64_t n = 1; n <= 40; n += 3)
        assert_true(demux_erase(&demux, 0xffffffffu, (struct handle){ n }));
    for (uint64_t n = 1; n <= 40; n++)
        assert_int_equal(has(&demux, 0xffffffffu, n), n % 3 != 1);
    assert_false(demux_erase(&demux, 0xffffffffu, (struct handle){ 99 }));
    demux_release(&demux);
}

/* Whatever stands there, the same places as one by one; the fourth is looked at twice where four are compared at
 * once. */
static void a_bucket_is_asked_as_a_whole(void **state)
{
    (void)state;
    for (uint32_t places = 0; places <= DEMUX_ALL; places++) {
        struct demux_bucket bucket = { .name = { 7, 7, 7, 7, 7, 7, 7 }, .taken = 7, .passed = 7 };

        for (uint32_t place = 0; place < DEMUX_PLACES; place++)
            bucket.tag[place] = (places >> place & 1) != 0 ? 7 : UINT32_C(0x80000007) + place;
        assert_int_equal(demux_places(&bucket, 7), places);
        assert_int_equal(demux_places_plain(&bucket, 7), places);
    }
}

static void without_memory_it_fills_up_and_then_refuses(void **state)
{
    struct slabs slabs = slabs_of_test();
    struct demux demux;
    uint32_t n = 0;

    (void)state;
    demux_init(&demux, &slabs, (struct hash_key){ { 7, 8 } });
    takes_allowed = 0;
    assert_false(demux_insert(&demux, 1, (struct handle){ 1 }));
    takes_allowed = 2; /* the directory and one segment */
    while (demux_insert(&demux, hash_of(&demux, n), (struct handle){ n + 1 }))
        n++;
    assert_int_equal(n, 16 * DEMUX_PLACES);
    for (uint32_t m = 0; m < n; m++)
        assert_true(has(&demux, hash_of(&demux, m), m + 1));
    assert_false(has(&demux, hash_of(&demux, n), n + 1));
    demux_release(&demux);
}

/* While the table grows an entry may stand in the old half or in the new one. */
static void an_entry_changes_hands_in_its_place(void **state)
{
    struct slabs slabs = slabs_of_test();
    struct demux demux;

    (void)state;
    demux_init(&demux, &slabs, (struct hash_key){ { 1, 2 } });
    for (uint32_t n = 1; n <= 400; n++) {
        assert_true(demux_insert(&demux, hash_of(&demux, n), (struct handle){ n }));
        takes_allowed = 0; /* it needs no memory */
        for (uint32_t i = 1; i < n; i++)
            assert_true(demux_replace(&demux, hash_of(&demux, i), (struct handle){ n - 1 + i },
                                      (struct handle){ n + i }));
        assert_true(demux_replace(&demux, hash_of(&demux, n), (struct handle){ n }, (struct handle){ 2 * n }));
        takes_allowed = SIZE_MAX;
    }
    assert_int_equal(demux.used, 400);
    for (uint32_t i = 1; i <= 400; i++) {
        assert_true(has(&demux, hash_of(&demux, i), 400 + i));
        assert_false(has(&demux, hash_of(&demux, i), 399 + i));
        assert_true(demux_erase(&demux, hash_of(&demux, i), (struct handle){ 400 + i }));
    }
    assert_false(demux_replace(&demux, hash_of(&demux, 7), (struct handle){ 407 }, (struct handle){ 1 }));
    demux_release(&demux);
    assert_int_equal(slabs.taken, 0);
}

static void the_hash_depends_on_key_ports_and_addresses(void **state)
{
    struct slabs slabs = slabs_of_test();
    struct demux one, two;
    struct baro_endpoint a = { baro_ipv4(10, 0, 0, 1), { 80 } }, b = { baro_ipv4(10, 0, 0, 2), { 80 } };
    struct baro_endpoint none = { 0 };

    (void)state;
    demux_init(&one, &slabs, (struct hash_key){ { 1, 2 } });
    demux_init(&two, &slabs, (struct hash_key){ { 1, 3 } });
    assert_int_not_equal(demux_hash(&one, &a, &b), demux_hash(&two, &a, &b));
    assert_int_not_equal(demux_hash(&one, &a, &b), demux_hash(&one, &b, &a));
    assert_int_not_equal(demux_hash(&one, &a, &none), demux_hash(&one, &a, &b));
    b.port.number = 81;
    assert_int_not_equal(demux_hash(&one, &a, &b), demux_hash(&one, &a, &a));
}

/* By AES's rounds and without them, over both families. */
static void a_packet_has_the_hash_of_its_four_tuple(void **state)
{
    static const uint8_t octets[32] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21 };
    static const uint8_t ports[4] = { 0x12, 0x34, 0x56, 0x78 };
    struct slabs slabs = slabs_of_test();
    struct demux demux;

    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        const bool v6 = round % 2 != 0;
        struct baro_endpoint remote = { v6 ? read_ipv6(octets) : read_ipv4(octets), { 0x1234 } };
        struct baro_endpoint local = { v6 ? read_ipv6(octets + 16) : read_ipv4(octets + 4), { 0x5678 } };
        uint64_t hash;

        demux_init(&demux, &slabs, (struct hash_key){ { 5, 6 } });
        demux.has_aes = demux.has_aes && round / 2 == 0;
        remote.address.zone = v6 ? 3 : 0;
        local.address.zone = v6 ? 4 : 0;
        hash = demux_hash_packet(&demux, octets, ports,
                                 demux_kind(local.address.family, remote.address.zone, local.address.zone));
        assert_true(hash == demux_hash_whole(&demux, &local, &remote));
        for (int i = 0; i < 2; i++) {   /* every octet of either end counts */
            struct baro_endpoint *end = i == 0 ? &local : &remote;

            for (unsigned at = 0; at < (v6 ? 16u : 4u); at++) {
                end->address.octet[at] ^= 1;
                assert_false(hash == demux_hash_whole(&demux, &local, &remote));
                end->address.octet[at] ^= 1;
            }
            end->port.number ^= 0x100;
            assert_false(hash == demux_hash_whole(&demux, &local, &remote));
            end->port.number ^= 0x100;
            end->address.zone ^= 1;
            assert_false(hash == demux_hash_whole(&demux, &local, &remote));
            end->address.zone ^= 1;
        }
        demux_release(&demux);
    }
}

enum { KEPT = 64 };

struct kept {
    const struct demux_bucket *bucket;
    uint32_t moves;
};

/* While nothing moved a bucket is where it was said to be; who is found there is who is looked for. How many moved. */
static unsigned look_at_kept(const struct demux *demux, struct kept kept[KEPT], uint32_t present)
{
    unsigned moved = 0;

    for (uint32_t n = 0; n < KEPT; n++) {
        const uint32_t hash = hash_of(demux, n);
        const struct demux_bucket *bucket = demux_prefetch(demux, hash);
        uint32_t name = 0;

        if (kept[n].bucket != NULL && kept[n].moves == demux->moves)
            assert_ptr_equal(bucket, kept[n].bucket);
        moved += bucket != kept[n].bucket;
        kept[n] = (struct kept){ bucket, demux->moves };
        if (bucket != NULL && demux_at_home(bucket, hash, &name)) {
            assert_true(n < present);
            assert_int_equal(name, n + 1);
        }
        assert_int_equal(has(demux, hash, n + 1), n < present);
    }
    return moved;
}

static void a_bucket_is_kept_while_nothing_moves(void **state)
{
    enum { COUNT = 6000 };
    struct slabs slabs = slabs_of_test();
    struct kept kept[KEPT] = { { NULL, 0 } };
    struct demux demux;
    unsigned moved = 0;

    (void)state;
    demux_init(&demux, &slabs, (struct hash_key){ { 3, 4 } });
    look_at_kept(&demux, kept, 0);
    for (uint32_t n = 0; n < COUNT; n++) {
        assert_true(demux_insert(&demux, hash_of(&demux, n), (struct handle){ n + 1 }));
        moved += look_at_kept(&demux, kept, n + 1);
    }
    for (uint32_t n = COUNT; n-- > 0;) {
        assert_true(demux_erase(&demux, hash_of(&demux, n), (struct handle){ n + 1 }));
        moved += look_at_kept(&demux, kept, n);
    }
    assert_true(moved > 4 * KEPT);
    demux_release(&demux);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_entries_are_found_and_erased),
        cmocka_unit_test(an_entry_takes_17_octets_at_most_at_every_count),
        cmocka_unit_test(an_insert_moves_what_stood_in_two_buckets),
        cmocka_unit_test(entries_stay_findable_at_every_step_of_growth),
        cmocka_unit_test(equal_hashes_live_side_by_side),
        cmocka_unit_test(a_bucket_is_asked_as_a_whole),
        cmocka_unit_test(without_memory_it_fills_up_and_then_refuses),
        cmocka_unit_test(an_entry_changes_hands_in_its_place),
        cmocka_unit_test(a_bucket_is_kept_while_nothing_moves),
        cmocka_unit_test(the_hash_depends_on_key_ports_and_addresses),
        cmocka_unit_test(a_packet_has_the_hash_of_its_four_tuple),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
