/* transport/demux.c: see demux.h. */
#include "transport/demux.h"

#include <assert.h>

#include "base/bytes.h"
#include "base/sip.h"

enum { DEMUX_FIRST_BUCKETS = 16, DEMUX_LOAD = 3, DEMUX_MOVES = 8 };

void demux_init(struct demux *demux, struct slabs *slabs, struct hash_key key)
{
    *demux = (struct demux){ .slabs = slabs, .key = key };
}

static void table_release(struct demux *demux, struct demux_table *table)
{
    slab_give_back(demux->slabs, table->bucket, (size_t)table->count * sizeof *table->bucket);
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

/* A four-tuple in two or five words; returns how many. */
static inline size_t tuple_words(uint64_t word[5], const struct baro_endpoint *local, const struct baro_endpoint *remote)
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

uint64_t demux_hash_by(const struct hash_key *key, const struct baro_endpoint *local, const struct baro_endpoint *remote)
{
    uint64_t word[5];

    return tuple_words(word, local, remote) == 2 ? sip_long(key, word, 2) : sip_long(key, word, 5);
}

uint32_t demux_hash(const struct demux *demux, const struct baro_endpoint *local, const struct baro_endpoint *remote)
{
    uint64_t word[5];

    return (uint32_t)(tuple_words(word, local, remote) == 2 ? sip_short(&demux->key, word, 2) : sip_short(&demux->key, word, 5));
}

static void table_insert(struct demux_table *table, uint32_t hash, struct handle handle)
{
    uint32_t mask = table->count - 1, at = hash & mask;

    for (;; at = (at + 1) & mask) {
        struct demux_bucket *bucket = &table->bucket[at];

        for (int i = 0; i < DEMUX_PLACES; i++) {
            if (handle_is_none(bucket->handle[i])) {
                bucket->tag[i] = hash;
                bucket->handle[i] = handle;
                return;
            }
        }
        bucket->passed++;
    }
}

/* Empties one place and tells the buckets that its entry had passed. */
static void table_clear(struct demux_table *table, uint32_t at, int place)
{
    struct demux_bucket *bucket = &table->bucket[at];
    uint32_t mask = table->count - 1;

    for (uint32_t b = bucket->tag[place] & mask; b != at; b = (b + 1) & mask)
        table->bucket[b].passed--;
    bucket->handle[place] = HANDLE_NONE;
}

/* The place of an entry in the bucket *at, or -1. */
static int table_find(const struct demux_table *table, uint32_t hash, struct handle handle, uint32_t *at)
{
    uint32_t mask = table->count - 1;

    *at = hash & mask;
    if (table->bucket == NULL)
        return -1;
    for (uint32_t n = 0; n < table->count; n++, *at = (*at + 1) & mask) {
        const struct demux_bucket *bucket = &table->bucket[*at];

        for (int i = 0; i < DEMUX_PLACES; i++) {
            if (bucket->tag[i] == hash && handle_equal(bucket->handle[i], handle))
                return i;
        }
        if (bucket->passed == 0)
            return -1;
    }
    return -1;
}

static bool table_erase(struct demux_table *table, uint32_t hash, struct handle handle)
{
    uint32_t at;
    int place = table_find(table, hash, handle, &at);

    if (place < 0)
        return false;
    table_clear(table, at, place);
    return true;
}

/* Moves a few buckets of the old table into the new one. */
static void move_some(struct demux *demux)
{
    for (int n = 0; n < DEMUX_MOVES && demux->old.bucket != NULL; n++) {
        struct demux_bucket *bucket = &demux->old.bucket[demux->moved];

        for (int i = 0; i < DEMUX_PLACES; i++) {
            if (handle_is_none(bucket->handle[i]))
                continue;
            table_insert(&demux->table, bucket->tag[i], bucket->handle[i]);
            table_clear(&demux->old, demux->moved, i);
        }
        if (++demux->moved == demux->old.count)
            table_release(demux, &demux->old);
    }
}

static bool grow(struct demux *demux)
{
    uint32_t count = demux->table.bucket == NULL ? DEMUX_FIRST_BUCKETS : demux->table.count * 2;
    struct demux_bucket *bucket;

    if (demux->old.bucket != NULL || count > UINT32_C(1) << 30)
        return false;
    bucket = slab_take(demux->slabs, (size_t)count * sizeof *bucket);
    if (bucket == NULL)
        return false;
    demux->old = demux->table;
    demux->table = (struct demux_table){ bucket, count };
    demux->moved = 0;
    return true;
}

bool demux_insert(struct demux *demux, uint32_t hash, struct handle handle)
{
    assert(!handle_is_none(handle));
    if (demux->old.bucket != NULL)
        move_some(demux);
    /* Above the load a search takes longer; only a full table is an error. */
    if (demux->used >= (uint64_t)demux->table.count * DEMUX_LOAD && !grow(demux) &&
        demux->used + 1 >= (uint64_t)demux->table.count * DEMUX_PLACES)
        return false;
    table_insert(&demux->table, hash, handle);
    demux->used++;
    return true;
}

bool demux_erase(struct demux *demux, uint32_t hash, struct handle handle)
{
    if (demux->table.bucket == NULL)
        return false;
    if (!table_erase(&demux->table, hash, handle) && !table_erase(&demux->old, hash, handle))
        return false;
    demux->used--;
    if (demux->old.bucket != NULL)
        move_some(demux);
    return true;
}

bool demux_replace(struct demux *demux, uint32_t hash, struct handle handle, struct handle by)
{
    struct demux_table *table = &demux->table;
    uint32_t at;
    int place = table_find(table, hash, handle, &at);

    assert(!handle_is_none(by));
    if (place < 0) {
        table = &demux->old;
        place = table_find(table, hash, handle, &at);
    }
    if (place < 0)
        return false;
    table->bucket[at].handle[place] = by;
    return true;
}

struct demux_cursor demux_begin(const struct demux *demux, uint32_t hash)
{
    return (struct demux_cursor){ .hash = hash, .bucket = hash & (demux->table.count - 1) };
}

bool demux_next(const struct demux *demux, struct demux_cursor *cursor, struct handle *handle)
{
    for (;;) {
        const struct demux_table *table = cursor->in_old ? &demux->old : &demux->table;
        const struct demux_bucket *bucket;

        if (table->bucket == NULL)
            return false;
        bucket = &table->bucket[cursor->bucket];
        while (cursor->place < DEMUX_PLACES) {
            uint32_t place = cursor->place++;

            if (bucket->tag[place] == cursor->hash && !handle_is_none(bucket->handle[place])) {
                *handle = bucket->handle[place];
                return true;
            }
        }
        cursor->place = 0;
        cursor->bucket = (cursor->bucket + 1) & (table->count - 1);
        if (bucket->passed != 0)
            continue;
        if (cursor->in_old || demux->old.bucket == NULL)
            return false;
        cursor->in_old = true;
        cursor->bucket = cursor->hash & (demux->old.count - 1);
    }
}
