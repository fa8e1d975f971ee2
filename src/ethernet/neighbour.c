/* ethernet/neighbour.c: see neighbour.h. The table, its classes, and what packets say. */
#include "ethernet/neighbour.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/time.h"
#include "codec/arp.h"
#include "codec/icmpv6.h"
#include "ethernet/arp.h"
#include "ethernet/frame.h"

/* RFC 4861 §6.3.2: a reachable time of 0.5 to 1.5 times 30 s, so that not everybody asks at once. */
enum { ND_REACHABLE_LEAST_S = 15, ND_REACHABLE_SPAN_S = 31, REACHABLE_S = 60, STALE_S = 1200, DELAY_S = 5, REQUEST_S = 1, REQUESTS = 3 };

static const unsigned class_limit[NEIGHBOUR_CLASSES] = { NEIGHBOUR_UNRESOLVED_LIMIT, NEIGHBOUR_UNPROVEN_LIMIT,
                                                         NEIGHBOUR_PROVEN_LIMIT };

void neighbours_init(struct neighbours *neighbours, struct core *core)
{
    *neighbours = (struct neighbours){ .core = core, .key = random_key(&core->random) };
    pool_init(&neighbours->pool, &core->slabs, sizeof(struct neighbour), NEIGHBOUR_LIMIT);
    pool_init(&neighbours->small, &core->slabs, sizeof(struct pending) + NEIGHBOUR_SMALL, NEIGHBOUR_PACKETS_LIMIT);
    pool_init(&neighbours->large, &core->slabs, sizeof(struct pending) + UINT16_MAX + ethernet_header_SIZE,
              NEIGHBOUR_LARGE_LIMIT);
}

void neighbours_release(struct neighbours *neighbours)
{
    for (uint32_t i = 0; i < neighbours->pool.fresh; i++) {
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

static struct neighbour *find(struct neighbours *neighbours, int interface, struct baro_address address)
{
    struct neighbour *entry = neighbours->last;

    if (entry != NULL && entry->interface == interface && address_equal(entry->address, address))
        return entry;
    entry = *bucket_of(neighbours, interface, address);
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

static void queue_move(struct neighbour *entry, struct pending **first, struct pending **last)
{
    if (entry->first == NULL)
        return;
    if (*first == NULL)
        *first = entry->first;
    else
        (*last)->next = entry->first;
    *last = entry->last;
    entry->first = entry->last = NULL;
    entry->waiting = 0;
}

static void forget(struct neighbours *neighbours, struct neighbour *entry)
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
    forget(neighbours, entry);
    return true;
}

static struct neighbour *create(struct neighbours *neighbours, int interface, struct baro_address address,
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

static void change_state(struct neighbours *neighbours, struct neighbour *entry, enum baro_trace_neighbour state)
{
    TRACE(neighbours->core, NEIGHBOUR, TRACE_A(entry->address), TRACE_M(entry->mac), TRACE_N(entry->state),
          TRACE_N(state));
    entry->state = state;
}

static void use(struct neighbours *neighbours, struct neighbour *entry)
{
    list_remove(neighbours, entry);
    list_add(neighbours, entry, entry->class);
}

/* False, and it stays where it is, when the class is full of fixed entries. */
static bool change_class(struct neighbours *neighbours, struct neighbour *entry, enum neighbour_class class)
{
    if (entry->class == class)
        return true;
    if (!make_room(neighbours, class)) /* chooses from the other class: never this entry */
        return false;
    list_remove(neighbours, entry);
    list_add(neighbours, entry, class);
    return true;
}

static void arm(struct neighbours *neighbours, struct neighbour *entry, int64_t seconds)
{
    struct core *core = neighbours->core;

    wheel_arm(&core->wheel, &entry->timer, instant_add(core->now, duration_s(seconds)));
}

/* ---- asking ---- */

static void ask_by_arp(struct neighbours *neighbours, const struct neighbour *entry, bool broadcast)
{
    const struct intent_arp arp = { .operation = ARP_REQUEST,
                                    .interface = entry->interface,
                                    .sender = entry->source,
                                    .target = entry->address,
                                    .destination = broadcast ? ethernet_broadcast_mac() : entry->mac };

    arp_intend(neighbours->core, &arp);
}

/* To the group that only the target is in, or to where it was last (RFC 4861 §7.2.2, §7.3.3). */
static void ask_by_solicitation(struct neighbours *neighbours, const struct neighbour *entry, bool group)
{
    struct intent *intent;

    if (entry->source.family != BARO_FAMILY_IPV6)
        return;
    intent = intent_add(&neighbours->core->intents, INTENT_ND);
    if (intent == NULL) {
        core_drop(neighbours->core, BARO_DROP_INTENT_QUEUE_FULL);
        return;
    }
    intent->as.nd = (struct intent_nd){ .type = ICMPV6_NEIGHBOUR_SOLICITATION,
                                        .interface = entry->interface,
                                        .source = entry->source,
                                        .destination = group ? address_solicited_node(entry->address, entry->interface)
                                                             : entry->address,
                                        .target = entry->address };
}

/* One request, and the timer for the next; when the last one was less than a second ago only the timer. */
static void ask(struct neighbours *neighbours, struct neighbour *entry, bool broadcast)
{
    struct core *core = neighbours->core;
    struct baro_instant next = instant_add(entry->asked_at, duration_s(REQUEST_S));

    if (entry->ever_asked && instant_before(core->now, next)) {
        wheel_arm(&core->wheel, &entry->timer, next);
        return;
    }
    entry->asked++;
    entry->ever_asked = true;
    entry->asked_at = core->now;
    if (entry->address.family == BARO_FAMILY_IPV4)
        ask_by_arp(neighbours, entry, broadcast);
    else
        ask_by_solicitation(neighbours, entry, broadcast);
    arm(neighbours, entry, REQUEST_S);
}

static void start_asking(struct neighbours *neighbours, struct neighbour *entry)
{
    change_class(neighbours, entry, NEIGHBOUR_UNRESOLVED);
    change_state(neighbours, entry, BARO_TRACE_NEIGHBOUR_INCOMPLETE);
    entry->asked = 0;
    ask(neighbours, entry, true);
}

bool neighbour_resolve(struct neighbours *neighbours, int interface, struct baro_address address,
                       struct baro_address source, struct baro_mac *mac, struct neighbour **entry)
{
    struct neighbour *found = find(neighbours, interface, address);

    if (found == NULL) {
        found = create(neighbours, interface, address, NEIGHBOUR_UNRESOLVED);
        *entry = found;
        if (found == NULL)
            return false;
        found->source = source;
        start_asking(neighbours, found);
        return false;
    }
    *entry = found;
    if (neighbours->newest[found->class] != found)
        use(neighbours, found);
    if (found->state == BARO_TRACE_NEIGHBOUR_INCOMPLETE)
        return false;
    found->source = source;
    if (found->state == BARO_TRACE_NEIGHBOUR_FAILED) {
        start_asking(neighbours, found);
        return false;
    }
    *mac = found->mac;
    if (found->state == BARO_TRACE_NEIGHBOUR_STALE) {
        change_state(neighbours, found, BARO_TRACE_NEIGHBOUR_PROBE);
        found->asked = 0;
        arm(neighbours, found, DELAY_S);
    }
    return true;
}

void neighbour_doubt(struct neighbours *neighbours, int interface, struct baro_address address)
{
    struct neighbour *entry = find(neighbours, interface, address);

    if (entry == NULL || entry->state != BARO_TRACE_NEIGHBOUR_REACHABLE)
        return;
    change_state(neighbours, entry, BARO_TRACE_NEIGHBOUR_STALE);
    arm(neighbours, entry, STALE_S);
}

void neighbour_timer(struct neighbours *neighbours, struct wheel_timer *timer)
{
    struct neighbour *entry = (struct neighbour *)(void *)timer;

    switch (entry->state) {
    case BARO_TRACE_NEIGHBOUR_REACHABLE:
        change_state(neighbours, entry, BARO_TRACE_NEIGHBOUR_STALE);
        arm(neighbours, entry, STALE_S);
        break;
    case BARO_TRACE_NEIGHBOUR_INCOMPLETE:
        if (entry->asked < REQUESTS) {
            ask(neighbours, entry, true);
            break;
        }
        change_state(neighbours, entry, BARO_TRACE_NEIGHBOUR_FAILED);
        queue_move(entry, &neighbours->failed_first, &neighbours->failed_last);
        arm(neighbours, entry, STALE_S);
        break;
    case BARO_TRACE_NEIGHBOUR_PROBE:
        if (entry->asked < REQUESTS)
            ask(neighbours, entry, false);
        else
            start_asking(neighbours, entry);
        break;
    default: /* STALE or FAILED for too long */
        forget(neighbours, entry);
        break;
    }
}

/* ---- being told ---- */

static void resolved(struct neighbours *neighbours, struct neighbour *entry)
{
    for (struct pending *pending = entry->first; pending != NULL; pending = pending->next)
        write_mac(pending->octets, entry->mac);
    queue_move(entry, &neighbours->ready_first, &neighbours->ready_last);
}

static void confirm(struct neighbours *neighbours, struct neighbour *entry)
{
    bool is_v6 = entry->address.family == BARO_FAMILY_IPV6;

    change_state(neighbours, entry, BARO_TRACE_NEIGHBOUR_REACHABLE);
    change_class(neighbours, entry, NEIGHBOUR_PROVEN);
    arm(neighbours, entry, is_v6 ? ND_REACHABLE_LEAST_S + random_below(&neighbours->core->random, ND_REACHABLE_SPAN_S)
                                 : REACHABLE_S);
}

void neighbour_learn(struct neighbours *neighbours, int interface, struct baro_address address, struct baro_mac mac,
                     bool for_us, bool reply)
{
    struct neighbour *entry = find(neighbours, interface, address);
    bool confirmed;

    if (mac_is_group(mac) || address_is_unspecified(address))
        return;
    if (entry == NULL && for_us)
        entry = create(neighbours, interface, address, NEIGHBOUR_UNPROVEN);
    if (entry == NULL || entry->state == BARO_TRACE_NEIGHBOUR_FIXED)
        return;
    /* Only the answer to a question of ours proves that the neighbour hears us. */
    confirmed = reply && (entry->state == BARO_TRACE_NEIGHBOUR_INCOMPLETE ||
                          (entry->state == BARO_TRACE_NEIGHBOUR_PROBE && entry->asked != 0));
    if (!confirmed && entry->state == BARO_TRACE_NEIGHBOUR_REACHABLE && mac_equal(entry->mac, mac))
        return;
    entry->mac = mac;
    if (confirmed) {
        confirm(neighbours, entry);
    } else if (entry->state != BARO_TRACE_NEIGHBOUR_PROBE) {
        change_state(neighbours, entry, BARO_TRACE_NEIGHBOUR_STALE);
        if (entry->class == NEIGHBOUR_UNRESOLVED)
            change_class(neighbours, entry, NEIGHBOUR_UNPROVEN);
        arm(neighbours, entry, STALE_S);
    }
    resolved(neighbours, entry);
}

void neighbour_advertised(struct neighbours *neighbours, int interface, struct baro_address address,
                          const struct baro_mac *mac, bool solicited, bool override)
{
    struct neighbour *entry = find(neighbours, interface, address);
    bool same;

    if (entry == NULL || entry->state == BARO_TRACE_NEIGHBOUR_FIXED || entry->state == BARO_TRACE_NEIGHBOUR_FAILED)
        return;
    if (entry->state == BARO_TRACE_NEIGHBOUR_INCOMPLETE) {
        if (mac != NULL)
            neighbour_learn(neighbours, interface, address, *mac, false, solicited);
        return;
    }
    same = mac == NULL || mac_equal(entry->mac, *mac);
    if ((!same && mac_is_group(*mac)) || (same && !solicited))
        return;
    if (!same && !override) { /* two of them: which one is it? */
        neighbour_doubt(neighbours, interface, address);
        return;
    }
    if (!same)
        entry->mac = *mac;
    if (solicited) {
        confirm(neighbours, entry);
        return;
    }
    change_state(neighbours, entry, BARO_TRACE_NEIGHBOUR_STALE);
    arm(neighbours, entry, STALE_S);
}

int neighbour_fix(struct neighbours *neighbours, int interface, struct baro_address address, struct baro_mac mac)
{
    struct neighbour *entry = find(neighbours, interface, address);

    if (entry == NULL)
        entry = create(neighbours, interface, address, NEIGHBOUR_PROVEN);
    else if (!change_class(neighbours, entry, NEIGHBOUR_PROVEN))
        entry = NULL;
    if (entry == NULL)
        return -ENOSPC;
    wheel_cancel(&neighbours->core->wheel, &entry->timer);
    entry->mac = mac;
    change_state(neighbours, entry, BARO_TRACE_NEIGHBOUR_FIXED);
    resolved(neighbours, entry);
    return 0;
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
