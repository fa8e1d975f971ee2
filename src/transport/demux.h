/* transport/demux.h: from a four-tuple to what it belongs to.
 *
 * A hash table of handles, used by TCP and by UDP. The hash is SipHash-1-3 of the two endpoints under a key from the
 * stack's seed, so a peer cannot choose tuples that collide. A bucket is one cache line: five tags of 32 bits and
 * five handles; the tag is the hash itself, so the table grows without asking its user for keys. What does not fit
 * into its bucket goes to the next one, and each bucket counts how many passed it, so a search ends where nothing
 * passed and erasing leaves no tombstones. The table doubles at three entries a bucket and moves a few old buckets
 * at each insert, so the cost of an operation is flat from ten entries to millions.
 *
 * The table compares tags only: the caller resolves each candidate and compares its endpoints. A listener is an
 * entry whose remote endpoint is all zero; lookups try the exact local address first and "any" after it. */
#ifndef TRANSPORT_DEMUX_H
#define TRANSPORT_DEMUX_H

#include "base/hash.h"
#include "base/pool.h"
#include "base/prefetch.h"

enum { DEMUX_PLACES = 5 };

struct demux_bucket {
    uint32_t tag[DEMUX_PLACES];
    uint32_t passed;               /* entries that belong here or before and lie further on */
    struct handle handle[DEMUX_PLACES];
};

struct demux_table {
    struct demux_bucket *bucket;   /* NULL: no table */
    uint32_t count;                /* buckets, a power of two */
};

struct demux {
    struct slabs *slabs;
    struct hash_key key;
    struct demux_table table, old; /* old: being moved, its buckets below `moved` are empty */
    uint32_t moved;
    uint32_t used;                 /* entries */
};

/* Where a search stands. */
struct demux_cursor {
    uint32_t hash, bucket, place;
    bool in_old;
};

/* Takes no memory yet. */
void demux_init(struct demux *demux, struct slabs *slabs, struct hash_key key);
void demux_release(struct demux *demux);

/* Of a four-tuple, for this table: SipHash-1-3. */
uint32_t demux_hash(const struct demux *demux, const struct baro_endpoint *local, const struct baro_endpoint *remote);
/* Of a four-tuple under another key, to be shown to others: SipHash-2-4. */
uint64_t demux_hash_by(const struct hash_key *key, const struct baro_endpoint *local, const struct baro_endpoint *remote);

/* The bucket where a search begins is on its way. */
static inline void demux_prefetch(const struct demux *demux, uint32_t hash)
{
    if (demux->table.bucket != NULL)
        prefetch_line(&demux->table.bucket[hash & (demux->table.count - 1)]);
}

/* `handle` is not HANDLE_NONE. False when memory fails. */
bool demux_insert(struct demux *demux, uint32_t hash, struct handle handle);
/* Takes out one entry; false: there is none. */
bool demux_erase(struct demux *demux, uint32_t hash, struct handle handle);

/* The entry `handle` now names another object of the same hash; false: there is none. Never needs memory. */
bool demux_replace(struct demux *demux, uint32_t hash, struct handle handle, struct handle by);

/* All entries with this hash, one after the other. The table must not change meanwhile. */
struct demux_cursor demux_begin(const struct demux *demux, uint32_t hash);
bool demux_next(const struct demux *demux, struct demux_cursor *cursor, struct handle *handle);

#endif
