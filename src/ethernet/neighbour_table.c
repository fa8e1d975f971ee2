/* ethernet/neighbour_table.c: the table of the neighbour cache and its three classes, see neighbour.h. */
#include "ethernet/neighbour_parts.h"

#include <assert.h>
#include <string.h>

#include "codec/ethernet.h"

static const unsigned class_limit[NEIGHBOUR_CLASSES] = { NEIGHBOUR_UNRESOLVED_LIMIT, NEIGHBOUR_UNPROVEN_LIMIT,
                                                         NEIGHBOUR_PROVEN_LIMIT };

void neighbours_init(struct neighbours *neighbours, struct core *core)
{
    *neighbours = (struct neighbours){ .core = core, .key = random_key(&core->random) };
    for (unsigned i = 0; i < NEIGHBOUR_INTERFACES; i++)
        neighbours->times[i] = (struct neighbour_times){ NEIGHBOUR_REACHABLE_MS, NEIGHBOUR_RETRANSMIT_MS };
    pool_init(&neighbours->pool, &core->slabs, sizeof(struct neighbour), NEIGHBOUR_LIMIT);
    pool_init(&neighbours->small, &core->slabs, sizeof(struct pending) + NEIGHBOUR_SMALL, NEIGHBOUR_PACKETS_LIMIT);
    pool_init(&neighbours->large, &core->slabs, sizeof(struct pending) + UINT16_MAX + ethernet_header_SIZE,
              NEIGHBOUR_LARGE_LIMIT);
}

void neighbours_release(struct neighbours *neighbours)
{
    for (uint32_t i = 0; i < neighbours->pool.places; i++) {
        struct neighbour *entry = pool_at(&neighbours->pool, i);

        if (entry != NULL)
            wheel_cancel(&neighbours->core->wheel, &entry->timer);
    }
    pool_release(&neighbours->pool);
    pool_release(&neighbours->small);
    pool_release(&neighbours->large);
}

static struct neighbour **bucket_of(struct neighbours *neighbours, int interface, struct baro_address address)
{
    uint64_t words[3] = { (uint64_t)(unsigned)interface << 8 | address.family };

    memcpy(&words[1], address.octet, sizeof address.octet);
    return &neighbours->bucket[hash_words(&neighbours->key, words, 3) % NEIGHBOUR_BUCKETS];
}

struct neighbour *neighbour_search(struct neighbours *neighbours, int interface, struct baro_address address)
{
    struct neighbour *entry = *bucket_of(neighbours, interface, address);

    while (entry != NULL && (entry->interface != interface || !address_equal(entry->address, address)))
        entry = entry->chain;
    if (entry != NULL)
        neighbours->last = entry;
    return entry;
}

/* ---- the classes' lists ---- */

static void list_remove(struct neighbours *neighbours, struct neighbour *entry)
{
    if (entry->newer != NULL)
        entry->newer->older = entry->older;
    else
        neighbours->newest[entry->class] = entry->older;
    if (entry->older != NULL)
        entry->older->newer = entry->newer;
    else
        neighbours->oldest[entry->class] = entry->newer;
    neighbours->count[entry->class]--;
}

static void list_add(struct neighbours *neighbours, struct neighbour *entry, enum neighbour_class class)
{
    entry->class = class;
    entry->newer = NULL;
    entry->older = neighbours->newest[class];
    if (entry->older != NULL)
        entry->older->newer = entry;
    else
        neighbours->oldest[class] = entry;
    neighbours->newest[class] = entry;
    neighbours->count[class]++;
}

void neighbour_forget(struct neighbours *neighbours, struct neighbour *entry)
{
    struct neighbour **at = bucket_of(neighbours, entry->interface, entry->address);

    while (entry->first != NULL) {
        struct pending *pending = entry->first;

        entry->first = pending->next;
        core_drop(neighbours->core, BARO_DROP_NEIGHBOUR_QUEUE_FULL);
        neighbour_release(neighbours, pending);
    }
    while (*at != entry)
        at = &(*at)->chain;
    *at = entry->chain;
    if (neighbours->last == entry)
        neighbours->last = NULL;
    neighbours->places++;
    neighbours->verdicts += entry->failures != 0;
    list_remove(neighbours, entry);
    wheel_cancel(&neighbours->core->wheel, &entry->timer);
    pool_give_back(&neighbours->pool, entry);
}

/* Makes room in a class: its least recently used entry goes, fixed ones excepted. False: all are fixed. */
static bool make_room(struct neighbours *neighbours, enum neighbour_class class)
{
    struct neighbour *entry = neighbours->oldest[class];

    if (neighbours->count[class] < class_limit[class])
        return true;
    while (entry != NULL && entry->state == BARO_TRACE_NEIGHBOUR_FIXED)
        entry = entry->newer;
    if (entry == NULL)
        return false;
    neighbour_forget(neighbours, entry);
    return true;
}

struct neighbour *neighbour_create(struct neighbours *neighbours, int interface, struct baro_address address,
                                enum neighbour_class class)
{
    struct neighbour **bucket = bucket_of(neighbours, interface, address);
    struct neighbour *entry = make_room(neighbours, class) ? pool_take(&neighbours->pool) : NULL;

    if (entry == NULL)
        return NULL;
    entry->timer.kind = TIMER_NEIGHBOUR;
    entry->address = address;
    entry->interface = interface;
    entry->chain = *bucket;
    *bucket = entry;
    list_add(neighbours, entry, class);
    return entry;
}

/* It is the last of its class to be given up. */
void neighbour_use(struct neighbours *neighbours, struct neighbour *entry)
{
    list_remove(neighbours, entry);
    list_add(neighbours, entry, entry->class);
}

bool neighbour_change_class(struct neighbours *neighbours, struct neighbour *entry, enum neighbour_class class)
{
    if (entry->class == class)
        return true;
    if (!make_room(neighbours, class)) /* chooses from the other class: never this entry */
        return false;
    list_remove(neighbours, entry);
    list_add(neighbours, entry, class);
    return true;
}

/* ---- for tests ---- */

static unsigned length_of(const struct pending *pending)
{
    unsigned count = 0;

    for (; pending != NULL; pending = pending->next)
        count++;
    return count;
}

void neighbours_check_invariants(const struct neighbours *neighbours)
{
    unsigned packets = length_of(neighbours->ready_first) + length_of(neighbours->failed_first), entries = 0;

    for (unsigned class = 0; class < NEIGHBOUR_CLASSES; class++) {
        unsigned count = 0;

        for (const struct neighbour *entry = neighbours->newest[class]; entry != NULL; entry = entry->older) {
            assert(entry->class == class);
            assert(entry->waiting == length_of(entry->first));
            assert(entry->waiting == 0 || entry->state == BARO_TRACE_NEIGHBOUR_INCOMPLETE);
            assert(entry->state == BARO_TRACE_NEIGHBOUR_FIXED || wheel_is_armed(&entry->timer));
            packets += entry->waiting;
            count++;
        }
        assert(count == neighbours->count[class] && count <= class_limit[class]);
        entries += count;
    }
    assert(entries == neighbours->pool.used);
    assert(packets == neighbours->packets);
    (void)packets, (void)entries;
}
