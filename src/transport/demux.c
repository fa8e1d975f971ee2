/* transport/demux.c: see demux.h. */
#include "transport/demux.h"

#include <assert.h>

#include "base/bytes.h"
#include "base/likely.h"
#include "base/sip.h"

/* A segment of 128 buckets is full at 896 entries and has 672 of them in the mean when the table begins to grow, the
 * last one 736 when it has grown: eight and six standard deviations away. */
enum {
    FIRST_BUCKETS = 16, SEGMENT_SHIFT = 7, SEGMENT_SHIFT_MOST = 10,
    SEGMENTS_FEW = 64, /* more than these are made larger first */
    MOVES = 2          /* buckets an operation */
};

void demux_init(struct demux *demux, struct slabs *slabs, struct hash_key key)
{
    *demux = (struct demux){ .slabs = slabs, .key = key, .has_aes = aes_hash_is_there() };
    aes_hash_key_make(&demux->aes_key, &key);
}

static uint32_t segments_of(const struct demux_table *table)
{
    return table->count >> table->shift;
}

static void segment_release(struct demux *demux, struct demux_table *table, uint32_t number)
{
    struct demux_segment *segment = &table->segment[number];

    slab_give_back(demux->slabs, segment->bucket, sizeof *segment->bucket << table->shift);
    segment->bucket = NULL;
}

static void table_release(struct demux *demux, struct demux_table *table)
{
    for (uint32_t i = 0; i < segments_of(table); i++)
        segment_release(demux, table, i);
    slab_give_back(demux->slabs, table->segment, segments_of(table) * sizeof *table->segment);
    *table = (struct demux_table){ 0 };
}

void demux_release(struct demux *demux)
{
    table_release(demux, &demux->table);
    table_release(demux, &demux->old);
    demux->used = 0;
}

static uint64_t octets_as_word(const uint8_t *at)
{
    return (uint64_t)read_be32(at) << 32 | read_be32(at + 4);
}

/* A four-tuple in two or five numbers, the same on every machine; returns how many. */
static inline size_t tuple_words(uint64_t word[5], const struct baro_endpoint *local,
                                 const struct baro_endpoint *remote)
{
    word[0] = (uint64_t)local->port.number << 48 | (uint64_t)remote->port.number << 32 |
              (uint64_t)local->address.family << 24 | (uint64_t)remote->address.family << 16 |
              (uint64_t)local->address.zone << 8 | remote->address.zone;
    if (local->address.family == BARO_FAMILY_IPV6) {
        word[1] = octets_as_word(local->address.octet);
        word[2] = octets_as_word(local->address.octet + 8);
        word[3] = octets_as_word(remote->address.octet);
        word[4] = octets_as_word(remote->address.octet + 8);
        return 5;
    }
    word[1] = (uint64_t)ipv4_number(local->address) << 32 | ipv4_number(remote->address);
    return 2;
}

uint64_t demux_hash_by(const struct hash_key *key, const struct baro_endpoint *local,
                       const struct baro_endpoint *remote)
{
    uint64_t word[5];

    return tuple_words(word, local, remote) == 2 ? sip_long(key, word, 2) : sip_long(key, word, 5);
}

/* What a table hashes is the four-tuple as it stands in a packet, two words or five: ports and what the addresses are,
 * then the addresses, the remote end first. No numbers are made of them. */
static inline uint64_t first_word(const uint8_t ports[4], uint32_t kind)
{
    uint32_t both;

    memcpy(&both, ports, sizeof both);
    return (uint64_t)kind << 32 | both;
}

static inline size_t packet_words(uint64_t word[5], const uint8_t *addresses, const uint8_t *ports, uint32_t kind)
{
    word[0] = first_word(ports, kind);
    if (kind >> 16 == BARO_FAMILY_IPV6) { /* as they are read: the first, two, and one */
        memcpy(word + 1, addresses, 8);
        memcpy(word + 2, addresses + 8, 16);
        memcpy(word + 4, addresses + 24, 8);
        return 5;
    }
    memcpy(word + 1, addresses, 8);
    return 2;
}

static inline size_t endpoint_words(uint64_t word[5], const struct baro_endpoint *local,
                                    const struct baro_endpoint *remote)
{
    uint8_t ports[4];

    write_be32(ports, (uint32_t)remote->port.number << 16 | local->port.number);
    word[0] = first_word(ports, demux_kind(remote->address.family, remote->address.zone, local->address.zone));
    if (local->address.family == BARO_FAMILY_IPV6) {
        memcpy(word + 1, remote->address.octet, 16);
        memcpy(word + 3, local->address.octet, 16);
        return 5;
    }
    memcpy(word + 1, remote->address.octet, 4);
    memcpy((uint8_t *)(word + 1) + 4, local->address.octet, 4);
    return 2;
}

/* Two and five by themselves, so that nothing is left of the loops. */
static inline uint64_t sip_tuple(const struct demux *demux, const uint64_t word[5], size_t count)
{
    return count == 2 ? sip_short(&demux->key, word, 2) : sip_short(&demux->key, word, 5);
}

#ifdef AES_HASH

WITH_AES static inline uint64_t aes_tuple(const struct demux *demux, const uint64_t word[5], size_t count)
{
    return count == 2 ? aes_hash_words(&demux->aes_key, word, 2) : aes_hash_words(&demux->aes_key, word, 5);
}

/* From the packet to the hash in one function of AES: it keeps the words in registers. */
WITH_AES static uint64_t aes_packet(const struct demux *demux, const uint8_t *addresses, const uint8_t *ports,
                                    uint32_t kind)
{
    uint64_t word[5];
    const size_t count = packet_words(word, addresses, ports, kind);

    return aes_tuple(demux, word, count);
}

WITH_AES static uint64_t aes_endpoints(const struct demux *demux, const struct baro_endpoint *local,
                                       const struct baro_endpoint *remote)
{
    uint64_t word[5];
    const size_t count = endpoint_words(word, local, remote);

    return aes_tuple(demux, word, count);
}

#endif

uint64_t demux_hash_whole(const struct demux *demux, const struct baro_endpoint *local,
                          const struct baro_endpoint *remote)
{
    uint64_t word[5];

#ifdef AES_HASH
    if (LIKELY(demux->has_aes))
        return aes_endpoints(demux, local, remote);
#endif
    return sip_tuple(demux, word, endpoint_words(word, local, remote));
}

static __attribute__((noinline)) uint64_t sip_packet(const struct demux *demux, const uint8_t *addresses,
                                                     const uint8_t *ports, uint32_t kind)
{
    uint64_t word[5];

    return sip_tuple(demux, word, packet_words(word, addresses, ports, kind));
}

uint64_t demux_hash_packet(const struct demux *demux, const uint8_t *addresses, const uint8_t *ports, uint32_t kind)
{
#ifdef AES_HASH
    if (LIKELY(demux->has_aes))
        return aes_packet(demux, addresses, ports, kind);
#endif
    return sip_packet(demux, addresses, ports, kind);
}

/* ---- one table ---- */

/* A bucket's segment, and its place there. */
struct spot {
    struct demux_segment *segment;
    uint32_t at, mask;
};

static inline struct spot spot_of(const struct demux_table *table, uint32_t home)
{
    uint32_t mask = (UINT32_C(1) << table->shift) - 1;

    return (struct spot){ &table->segment[home >> table->shift], home & mask, mask };
}

static inline bool is_full(const struct spot *spot, uint32_t more)
{
    return spot->segment->used + more > (spot->mask + 1) * DEMUX_PLACES;
}

/* False: its segment is full. */
ALWAYS_INLINE bool table_insert(struct demux_table *table, uint32_t hash, uint32_t name)
{
    struct spot spot = spot_of(table, demux_home(table, hash));

    if (is_full(&spot, 1))
        return false;
    for (;; spot.at = (spot.at + 1) & spot.mask) {
        struct demux_bucket *bucket = &spot.segment->bucket[spot.at];

        if (bucket->taken == DEMUX_ALL) {
            bucket->passed++;
            continue;
        }
        int place = __builtin_ctz(~bucket->taken);

        bucket->taken |= 1u << place;
        bucket->tag[place] = hash;
        bucket->name[place] = name;
        spot.segment->used++;
        return true;
    }
}

/* Empties `count` places of a bucket and tells the buckets from `home` on that their entries had passed. */
ALWAYS_INLINE void table_clear(const struct spot *spot, uint32_t home, uint32_t places, uint32_t count)
{
    struct demux_bucket *bucket = spot->segment->bucket;

    for (uint32_t b = home; b != spot->at; b = (b + 1) & spot->mask)
        bucket[b].passed -= count;
    bucket[spot->at].taken &= ~places;
    spot->segment->used -= count;
}

/* The place of an entry in the bucket of *spot, or -1. */
ALWAYS_INLINE int table_find(const struct demux_table *table, uint32_t hash, uint32_t name, struct spot *spot)
{
    *spot = spot_of(table, demux_home(table, hash));
    for (uint32_t n = 0; n <= spot->mask; n++, spot->at = (spot->at + 1) & spot->mask) {
        const struct demux_bucket *bucket = &spot->segment->bucket[spot->at];

        for (int i = 0; i < DEMUX_PLACES; i++) {
            if (bucket->tag[i] == hash && bucket->name[i] == name && (bucket->taken >> i & 1) != 0)
                return i;
        }
        if (bucket->passed == 0)
            return -1;
    }
    return -1;
}

/* ---- from a table to a larger or smaller one ---- */

static uint32_t round_up(uint32_t count, uint32_t shift)
{
    return (((count - 1) >> shift) + 1) << shift;
}

static bool resize(struct demux *demux, uint32_t count)
{
    struct demux_table table = { .shift = SEGMENT_SHIFT };

    count = count < FIRST_BUCKETS ? FIRST_BUCKETS : count;
    while (count <= UINT32_C(1) << (table.shift - 1)) /* one segment of a power of two */
        table.shift--;
    while (table.shift >= SEGMENT_SHIFT && table.shift < SEGMENT_SHIFT_MOST && count >> table.shift >= SEGMENTS_FEW)
        table.shift++;
    table.count = round_up(count, table.shift);
    table.segment = slab_take(demux->slabs, segments_of(&table) * sizeof *table.segment);
    if (table.segment == NULL)
        return false;
    demux->old = demux->table;
    demux->table = table;
    demux->moved = 0;
    return true;
}

/* The buckets of the new table for all hashes of an old bucket: [first, last]. */
static void new_homes(const struct demux *demux, uint32_t home, uint32_t *first, uint32_t *last)
{
    uint64_t count = demux->table.count, before = demux->old.count;

    *first = (uint32_t)(home * count / before);
    *last = (uint32_t)(((home + 1) * count + before - 1) / before - 1);
}

static bool has_segment(struct demux *demux, struct demux_table *table, uint32_t number)
{
    struct demux_segment *segment = &table->segment[number];

    if (segment->bucket == NULL)
        segment->bucket = slab_take(demux->slabs, sizeof *segment->bucket << table->shift);
    return segment->bucket != NULL;
}

/* Moves those whose home in the old table is `home`. */
static void move_home(struct demux *demux, uint32_t home)
{
    struct spot spot = spot_of(&demux->old, home);
    const uint32_t first = spot.at;

    for (uint32_t n = 0; n <= spot.mask; n++, spot.at = (spot.at + 1) & spot.mask) {
        const struct demux_bucket *bucket = &spot.segment->bucket[spot.at];
        uint32_t moved = 0, count = 0;

        for (uint32_t left = bucket->taken; left != 0; left &= left - 1) {
            int i = __builtin_ctz(left);

            if (demux_home(&demux->old, bucket->tag[i]) != home)
                continue;
            (void)table_insert(&demux->table, bucket->tag[i], bucket->name[i]);
            moved |= left & -left;
            count++;
        }
        table_clear(&spot, first, moved, count);
        if (bucket->passed == 0)
            break;
    }
}

/* Is there room for those of an old bucket, whichever of its new ones they belong to? They stand in it or passed it. */
static bool has_room(struct demux *demux, uint32_t home)
{
    struct spot before = spot_of(&demux->old, home);
    struct demux_table *table = &demux->table;
    uint32_t first, last, most = DEMUX_PLACES + before.segment->bucket[before.at].passed;

    new_homes(demux, home, &first, &last);
    for (uint32_t number = first >> table->shift; number <= last >> table->shift; number++) {
        struct spot spot = spot_of(table, number << table->shift);

        if (!has_segment(demux, table, number) || is_full(&spot, most))
            return false;
    }
    return true;
}

/* Moves a few buckets of the old table into the new one, as long as there is memory. */
static void move_some(struct demux *demux)
{
    for (int n = 0; n < MOVES && demux->old.count != 0 && has_room(demux, demux->moved); n++) {
        move_home(demux, demux->moved++);
        if (demux->moved % (UINT32_C(1) << demux->old.shift) == 0)
            segment_release(demux, &demux->old, (demux->moved - 1) >> demux->old.shift);
        if (demux->moved == demux->old.count)
            table_release(demux, &demux->old);
    }
}

static inline bool is_too_small(const struct demux *demux)
{
    return demux->used * UINT64_C(4) >= demux->table.count * UINT64_C(21);
}

static inline bool is_too_large(const struct demux *demux)
{
    return demux->used < demux->table.count * UINT64_C(2) && demux->table.count > FIRST_BUCKETS;
}

static inline bool is_settled(const struct demux *demux)
{
    return demux->old.count == 0 && !is_too_small(demux) && !is_too_large(demux);
}

/* Where no memory is left the table fills up. */
static __attribute__((noinline)) void go_on(struct demux *demux)
{
    uint64_t count = demux->table.count;

    demux->moves++;
    if (demux->old.count != 0)
        move_some(demux);
    else if (is_too_small(demux))
        (void)resize(demux, (uint32_t)(count < 128 ? 2 * count : count + count / 4));
    else if (is_too_large(demux))
        (void)resize(demux, (uint32_t)(count / 2));
}

bool demux_insert(struct demux *demux, uint32_t hash, struct handle handle)
{
    struct demux_table *table;

    assert(!handle_is_none(handle));
    demux->moves += demux->table.count == 0;
    if (demux->table.count == 0 && (!resize(demux, FIRST_BUCKETS) || !has_segment(demux, &demux->table, 0))) {
        table_release(demux, &demux->table);
        return false;
    }
    if (!is_settled(demux))
        go_on(demux);
    table = demux_table_of(demux, hash) == &demux->old ? &demux->old : &demux->table;
    if (!table_insert(table, hash, (uint32_t)handle.value))
        return false;
    demux->used++;
    return true;
}

/* The table that has an entry, and where; NULL: none. */
ALWAYS_INLINE struct demux_table *find(struct demux *demux, uint32_t hash, struct handle handle, struct spot *spot,
                                       int *place)
{
    struct demux_table *table = demux_table_of(demux, hash) == &demux->old ? &demux->old : &demux->table;

    *place = table->count == 0 ? -1 : table_find(table, hash, (uint32_t)handle.value, spot);
    return *place < 0 ? NULL : table;
}

bool demux_erase(struct demux *demux, uint32_t hash, struct handle handle)
{
    struct spot spot;
    int place;
    struct demux_table *table = find(demux, hash, handle, &spot, &place);

    if (table == NULL)
        return false;
    table_clear(&spot, demux_home(table, hash) & spot.mask, 1u << place, 1);
    demux->used--;
    if (!is_settled(demux))
        go_on(demux);
    return true;
}

bool demux_replace(struct demux *demux, uint32_t hash, struct handle handle, struct handle by)
{
    struct spot spot;
    int place;

    assert(!handle_is_none(by));
    if (find(demux, hash, handle, &spot, &place) == NULL)
        return false;
    spot.segment->bucket[spot.at].name[place] = (uint32_t)by.value;
    return true;
}

/* ---- for tests ---- */

static bool entry_is_found(const struct demux *demux, const struct demux_table *table, uint32_t hash, uint32_t name)
{
    struct spot spot;

    return demux_table_of(demux, hash) == table && table_find(table, hash, name, &spot) >= 0;
}

/* The entries of a segment; UINT32_MAX: it is not in order. */
static uint32_t check_segment(const struct demux *demux, const struct demux_table *table, uint32_t number)
{
    uint32_t used = 0, mask = (UINT32_C(1) << table->shift) - 1, passed = 0, stood = 0;
    const struct demux_segment *segment = &table->segment[number];

    for (uint32_t at = 0; segment->bucket != NULL && at <= mask; at++) {
        const struct demux_bucket *bucket = &segment->bucket[at];

        passed += bucket->passed;
        for (int i = 0; i < DEMUX_PLACES; i++) {
            if ((bucket->taken >> i & 1) == 0)
                continue;
            used++;
            stood += (at - demux_home(table, bucket->tag[i])) & mask; /* so many buckets it has passed */
            if (!entry_is_found(demux, table, bucket->tag[i], bucket->name[i]))
                return UINT32_MAX;
        }
    }
    return used == segment->used && passed == stood ? used : UINT32_MAX;
}

bool demux_is_in_order(const struct demux *demux)
{
    const struct demux_table *tables[] = { &demux->table, &demux->old };
    uint32_t used = 0;

    for (int i = 0; i < 2; i++) {
        for (uint32_t number = 0; number < segments_of(tables[i]); number++) {
            uint32_t more = check_segment(demux, tables[i], number);

            if (more == UINT32_MAX)
                return false;
            used += more;
        }
    }
    return used == demux->used;
}
