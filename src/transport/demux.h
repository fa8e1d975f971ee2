/* transport/demux.h: from a four-tuple to what it belongs to.
 *
 * A hash table of names, used by TCP and by UDP. The hash is one of the two endpoints under a key from the stack's
 * seed, so a peer cannot choose tuples that collide: by AES's rounds where the processor has them, else SipHash-1-3. A
 * bucket is one cache line: seven tags of 32 bits and seven names; the tag is the hash itself, so the table grows
 * without asking its user for keys. A name is a handle's lower half: nobody stands in the table who is gone, so that
 * the generation says nothing, and who asks finds it in the object.
 *
 * Buckets lie in the order of the hashes: where a search begins is hash * buckets / 2^32, so there may be any number of
 * them. They are taken by segments (8 KiB, of large tables 64), and what does not fit into its bucket goes
 * to the next one of the same segment, behind the last to the first. Each bucket counts how many passed it, so a search
 * ends where nothing passed and erasing leaves no tombstones.
 *
 * At five and a quarter entries a bucket the table becomes a quarter larger, at two half as large: with each insert or
 * erase two buckets of the old table are moved, from the lowest hash up. Below that frontier everything stands in the
 * new table, above it in the old one, so a search looks at one of them; the new one's segments are taken when the
 * frontier comes to them, and the old one's given back behind it. So an entry takes 12 to 17 octets, at every count and
 * at every moment of a growth (a table of less than a few segments the rest of a segment or two besides), and no
 * operation moves more than what stood in two buckets.
 *
 * What is bounded by a segment: more than some 900 entries of one and the same hash are refused, which no two different
 * tuples have but by chance.
 *
 * The table compares tags only: the caller looks at each candidate and compares its endpoints. */
#ifndef TRANSPORT_DEMUX_H
#define TRANSPORT_DEMUX_H

#include "base/aes_hash.h"
#include "base/inline.h"
#include "base/pool.h"
#include "base/prefetch.h"
#include "base/likely.h"

enum { DEMUX_PLACES = 7, DEMUX_ALL = (1 << DEMUX_PLACES) - 1 };

struct demux_bucket {
    uint32_t tag[DEMUX_PLACES];
    uint32_t name[DEMUX_PLACES];
    uint32_t taken;                /* a bit a place where somebody stands */
    uint32_t passed;               /* entries that belong here or before and lie further on */
};

struct demux_segment {
    struct demux_bucket *bucket;   /* NULL: it is not there yet, or no more */
    uint32_t used;                 /* entries */
};

struct demux_table {
    struct demux_segment *segment; /* NULL: no table */
    uint32_t count;                /* buckets */
    uint32_t shift;                /* log2 of the buckets of a segment */
};

struct demux {
    struct slabs *slabs;
    struct hash_key key;
    struct aes_hash_key aes_key;   /* made of it */
    bool has_aes;
    struct demux_table table, old; /* old: being moved; its buckets below `moved` belong to `table` already */
    uint32_t moved;
    uint32_t used;                 /* entries */
    uint32_t moves;                /* times that buckets may have moved */
};

/* Where a search stands. */
struct demux_cursor {
    const struct demux_bucket *bucket; /* of the segment; NULL: the search is over */
    uint32_t hash, at, mask, left;     /* buckets to be seen, this one too */
    uint32_t seen;                     /* a bit a place of this bucket that was an answer */
};

/* Takes no memory yet. */
void demux_init(struct demux *demux, struct slabs *slabs, struct hash_key key);
void demux_release(struct demux *demux);

/* Of a four-tuple, for this table, on this processor. The table asks for its lower half. Nothing that a run shows may
 * depend on it. */
uint64_t demux_hash_whole(const struct demux *demux, const struct baro_endpoint *local,
                          const struct baro_endpoint *remote);
static inline uint32_t demux_hash(const struct demux *demux, const struct baro_endpoint *local,
                                  const struct baro_endpoint *remote)
{
    return (uint32_t)demux_hash_whole(demux, local, remote);
}
/* The family and the zones of a packet's addresses in one number, for demux_hash_packet(). */
static inline uint32_t demux_kind(uint32_t family, uint32_t source_zone, uint32_t destination_zone)
{
    return family << 16 | source_zone << 8 | destination_zone;
}
/* A packet's: source and destination address, and both ports, as they stand there; `kind`: demux_kind(). */
uint64_t demux_hash_packet(const struct demux *demux, const uint8_t *addresses, const uint8_t *ports, uint32_t kind);
/* Of a four-tuple, to be shown to others: SipHash-2-4, the same on every machine. */
uint64_t demux_hash_by(const struct hash_key *key, const struct baro_endpoint *local,
                       const struct baro_endpoint *remote);

/* The bucket of a table where the search for a hash begins. */
static inline uint32_t demux_home(const struct demux_table *table, uint32_t hash)
{
    return (uint32_t)((uint64_t)hash * table->count >> 32);
}

/* The table in which a hash stands, if it does; it may have no segments. */
static inline const struct demux_table *demux_table_of(const struct demux *demux, uint32_t hash)
{
    return UNLIKELY(demux->old.count != 0) && demux_home(&demux->old, hash) >= demux->moved ? &demux->old
                                                                                            : &demux->table;
}

/* The bucket where a search begins is on its way; it is that one for as long as `moves` says the same. NULL: there is
 * none. */
static inline const struct demux_bucket *demux_prefetch(const struct demux *demux, uint32_t hash)
{
    const struct demux_table *table = demux_table_of(demux, hash);
    const uint32_t home = demux_home(table, hash);
    const struct demux_bucket *bucket;

    if (UNLIKELY(table->segment == NULL))
        return NULL;
    bucket = table->segment[home >> table->shift].bucket;
    if (UNLIKELY(bucket == NULL))
        return NULL;
    bucket += home & ((UINT32_C(1) << table->shift) - 1);
    prefetch_line(bucket);
    return bucket;
}

/* `handle` is not HANDLE_NONE, and nobody who stands in the table has the same lower half. False when memory fails. */
bool demux_insert(struct demux *demux, uint32_t hash, struct handle handle);
/* Takes out one entry; false: there is none. */
bool demux_erase(struct demux *demux, uint32_t hash, struct handle handle);

/* The entry `handle` now names another object of the same hash; false: there is none. Never needs memory. */
bool demux_replace(struct demux *demux, uint32_t hash, struct handle handle, struct handle by);

/* The places of a bucket with this tag, a bit each, whether somebody stands there or not. */
static inline uint32_t demux_places_plain(const struct demux_bucket *bucket, uint32_t hash)
{
    uint32_t places = 0;

    for (uint32_t place = 0; place < DEMUX_PLACES; place++)
        places |= (uint32_t)(bucket->tag[place] == hash) << place;
    return places;
}

#ifdef __SSE2__
typedef uint32_t demux_tags __attribute__((vector_size(16), aligned(4), may_alias));
typedef float demux_signs __attribute__((vector_size(16)));
#endif

/* The same, all at once where the machine can: which place it is cannot be foretold, and a processor that walks there
 * in a loop goes wrong at its end nearly each time. */
static inline uint32_t demux_places(const struct demux_bucket *bucket, uint32_t hash)
{
#ifdef __SSE2__
    const demux_tags wanted = { hash, hash, hash, hash };
    const demux_tags first = *(const demux_tags *)bucket->tag,
                     last = *(const demux_tags *)(bucket->tag + DEMUX_PLACES - 4);

    return (uint32_t)__builtin_ia32_movmskps((demux_signs)(first == wanted)) |
           (uint32_t)__builtin_ia32_movmskps((demux_signs)(last == wanted)) << (DEMUX_PLACES - 4);
#else
    return demux_places_plain(bucket, hash);
#endif
}

/* The lower halves of all handles with this hash, one after the other. The table must not change meanwhile. In place: a
 * cursor that has no address is a few registers. */
ALWAYS_INLINE struct demux_cursor demux_begin(const struct demux *demux, uint32_t hash)
{
    const struct demux_table *table = demux_table_of(demux, hash);
    uint32_t home = demux_home(table, hash), mask = (UINT32_C(1) << table->shift) - 1;

    if (table->count == 0)
        return (struct demux_cursor){ .bucket = NULL };
    return (struct demux_cursor){ .bucket = table->segment[home >> table->shift].bucket,
                                  .hash = hash,
                                  .at = home & mask,
                                  .mask = mask,
                                  .left = mask + 1 };
}

ALWAYS_INLINE bool demux_next(struct demux_cursor *cursor, uint32_t *name)
{
    while (cursor->bucket != NULL) {
        const struct demux_bucket *bucket = &cursor->bucket[cursor->at];
        uint32_t places = demux_places(bucket, cursor->hash) & bucket->taken & ~cursor->seen;

        if (places != 0) {
            *name = bucket->name[__builtin_ctz(places)];
            cursor->seen |= places & -places;
            return true;
        }
        cursor->seen = 0;
        cursor->at = (cursor->at + 1) & cursor->mask;
        if (bucket->passed == 0 || --cursor->left == 0)
            cursor->bucket = NULL;
    }
    return false;
}

/* The first answer of a search where it is in the bucket that demux_prefetch() told of. False: demux_begin() and
 * demux_next() say. */
ALWAYS_INLINE bool demux_at_home(const struct demux_bucket *bucket, uint32_t hash, uint32_t *name)
{
    const uint32_t places = demux_places(bucket, hash) & bucket->taken;

    if (UNLIKELY(places == 0))
        return false;
    *name = bucket->name[__builtin_ctz(places)];
    return true;
}

/* Has anybody this hash? */
static inline bool demux_has(const struct demux *demux, uint32_t hash)
{
    struct demux_cursor cursor = demux_begin(demux, hash);
    uint32_t name;

    return demux_next(&cursor, &name);
}

/* For tests: everything stands where a search finds it, and is counted. */
bool demux_is_in_order(const struct demux *demux);

#endif
