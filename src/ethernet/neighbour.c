/* ethernet/neighbour.c: see neighbour.h. The states: asking, and what packets say. */
#include "ethernet/neighbour_parts.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/time.h"
#include "codec/arp.h"
#include "codec/icmpv6.h"
#include "ethernet/arp.h"
#include "ethernet/frame.h"

enum { REACHABLE_S = 60, STALE_S = 1200, DELAY_S = 5, REQUEST_MS = 1000, REQUESTS = 3 };

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

static void change_state(struct neighbours *neighbours, struct neighbour *entry, enum baro_trace_neighbour state)
{
    TRACE(neighbours->core, NEIGHBOUR, TRACE_A(entry->address), TRACE_M(entry->mac), TRACE_N(entry->state),
          TRACE_N(state));
    entry->state = state;
}

static void arm(struct neighbours *neighbours, struct neighbour *entry, struct baro_duration after)
{
    struct core *core = neighbours->core;

    wheel_arm(&core->wheel, &entry->timer, instant_add(core->now, after));
}

static bool is_v6(const struct neighbour *entry)
{
    return entry->address.family == BARO_FAMILY_IPV6;
}

/* ---- does it answer? ---- */

static void failed(struct neighbours *neighbours, struct neighbour *entry)
{
    entry->failures++;
    neighbours->verdicts++;
}

static void lives(struct neighbours *neighbours, struct neighbour *entry)
{
    neighbours->verdicts += entry->failures != 0;
    entry->failures = 0;
}

static void move(struct neighbours *neighbours, struct neighbour *entry, struct baro_mac mac)
{
    neighbours->places += !mac_equal(entry->mac, mac);
    entry->mac = mac;
}

struct neighbour *neighbour_ready(struct neighbours *neighbours, int interface, struct baro_address address)
{
    struct neighbour *entry = neighbour_find(neighbours, interface, address);

    return entry != NULL && neighbour_is_ready(entry) ? entry : NULL;
}

bool neighbour_knows(struct neighbours *neighbours, int interface, struct baro_address address)
{
    return neighbour_find(neighbours, interface, address) != NULL;
}

unsigned neighbour_failures(struct neighbours *neighbours, int interface, struct baro_address address)
{
    const struct neighbour *entry = neighbour_find(neighbours, interface, address);

    return entry == NULL ? 0 : entry->failures;
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
    struct baro_duration between =
        duration_ms(is_v6(entry) ? neighbours->times[entry->interface].retransmit_ms : REQUEST_MS);
    struct baro_instant next = instant_add(entry->asked_at, between);

    if (entry->ever_asked && instant_before(core->now, next)) {
        wheel_arm(&core->wheel, &entry->timer, next);
        return;
    }
    entry->asked++;
    entry->ever_asked = true;
    entry->asked_at = core->now;
    if (is_v6(entry))
        ask_by_solicitation(neighbours, entry, broadcast);
    else
        ask_by_arp(neighbours, entry, broadcast);
    arm(neighbours, entry, between);
}

static void start_asking(struct neighbours *neighbours, struct neighbour *entry)
{
    neighbour_change_class(neighbours, entry, NEIGHBOUR_UNRESOLVED);
    change_state(neighbours, entry, BARO_TRACE_NEIGHBOUR_INCOMPLETE);
    entry->asked = 0;
    ask(neighbours, entry, true);
}

bool neighbour_resolve(struct neighbours *neighbours, int interface, struct baro_address address,
                       struct baro_address source, struct baro_mac *mac, struct neighbour **entry)
{
    struct neighbour *found = neighbour_find(neighbours, interface, address);

    if (found == NULL) {
        found = neighbour_create(neighbours, interface, address, NEIGHBOUR_UNRESOLVED);
        *entry = found;
        if (found == NULL)
            return false;
        found->source = source;
        start_asking(neighbours, found);
        return false;
    }
    *entry = found;
    if (neighbours->newest[found->class] != found)
        neighbour_use(neighbours, found);
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
        arm(neighbours, found, duration_s(DELAY_S));
    }
    return true;
}

void neighbour_doubt(struct neighbours *neighbours, int interface, struct baro_address address)
{
    struct neighbour *entry = neighbour_find(neighbours, interface, address);

    if (entry == NULL || entry->state != BARO_TRACE_NEIGHBOUR_REACHABLE)
        return;
    change_state(neighbours, entry, BARO_TRACE_NEIGHBOUR_STALE);
    arm(neighbours, entry, duration_s(STALE_S));
}

void neighbour_timer(struct neighbours *neighbours, struct wheel_timer *timer)
{
    struct neighbour *entry = (struct neighbour *)(void *)timer;

    switch (entry->state) {
    case BARO_TRACE_NEIGHBOUR_REACHABLE:
        if (!instant_reached(neighbours->core->now, instant_add(entry->confirmed_at, entry->reachable))) {
            wheel_arm(&neighbours->core->wheel, timer, instant_add(entry->confirmed_at, entry->reachable));
            break;
        }
        change_state(neighbours, entry, BARO_TRACE_NEIGHBOUR_STALE);
        arm(neighbours, entry, duration_s(STALE_S));
        break;
    case BARO_TRACE_NEIGHBOUR_INCOMPLETE:
        if (entry->asked < REQUESTS) {
            ask(neighbours, entry, true);
            break;
        }
        failed(neighbours, entry);
        change_state(neighbours, entry, BARO_TRACE_NEIGHBOUR_FAILED);
        queue_move(entry, &neighbours->failed_first, &neighbours->failed_last);
        arm(neighbours, entry, duration_s(STALE_S));
        break;
    case BARO_TRACE_NEIGHBOUR_PROBE:
        if (entry->asked < REQUESTS) {
            ask(neighbours, entry, false);
            break;
        }
        failed(neighbours, entry);
        start_asking(neighbours, entry);
        break;
    default: /* STALE or FAILED for too long */
        neighbour_forget(neighbours, entry);
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
    uint32_t base_ms = neighbours->times[entry->interface].base_reachable_ms;

    lives(neighbours, entry);
    change_state(neighbours, entry, BARO_TRACE_NEIGHBOUR_REACHABLE);
    neighbour_change_class(neighbours, entry, NEIGHBOUR_PROVEN);
    /* RFC 4861 §6.3.2: 0.5 to 1.5 times the base, so that not everybody asks at once. */
    entry->reachable = is_v6(entry) ? duration_ms(base_ms / 2 + random_below(&neighbours->core->random, base_ms + 1))
                                    : duration_s(REACHABLE_S);
    entry->confirmed_at = neighbours->core->now;
    arm(neighbours, entry, entry->reachable);
}

void neighbour_confirm(struct neighbours *neighbours, struct neighbour *entry)
{
    if (entry->state == BARO_TRACE_NEIGHBOUR_STALE || entry->state == BARO_TRACE_NEIGHBOUR_PROBE)
        confirm(neighbours, entry);
}

void neighbour_learn(struct neighbours *neighbours, int interface, struct baro_address address, struct baro_mac mac,
                     bool for_us, bool reply)
{
    struct neighbour *entry = neighbour_find(neighbours, interface, address);
    bool confirmed;

    if (mac_is_group(mac) || address_is_unspecified(address))
        return;
    if (entry == NULL && for_us)
        entry = neighbour_create(neighbours, interface, address, NEIGHBOUR_UNPROVEN);
    if (entry == NULL || entry->state == BARO_TRACE_NEIGHBOUR_FIXED)
        return;
    /* Only the answer to a question of ours proves that the neighbour hears us. */
    confirmed = reply && (entry->state == BARO_TRACE_NEIGHBOUR_INCOMPLETE ||
                          (entry->state == BARO_TRACE_NEIGHBOUR_PROBE && entry->asked != 0));
    if (!confirmed && entry->state == BARO_TRACE_NEIGHBOUR_REACHABLE && mac_equal(entry->mac, mac))
        return;
    move(neighbours, entry, mac);
    if (confirmed) {
        confirm(neighbours, entry);
    } else if (entry->state != BARO_TRACE_NEIGHBOUR_PROBE) {
        lives(neighbours, entry);
        change_state(neighbours, entry, BARO_TRACE_NEIGHBOUR_STALE);
        if (entry->class == NEIGHBOUR_UNRESOLVED)
            neighbour_change_class(neighbours, entry, NEIGHBOUR_UNPROVEN);
        arm(neighbours, entry, duration_s(STALE_S));
    }
    resolved(neighbours, entry);
}

void neighbour_advertised(struct neighbours *neighbours, int interface, struct baro_address address,
                          const struct baro_mac *mac, bool solicited, bool override)
{
    struct neighbour *entry = neighbour_find(neighbours, interface, address);
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
        move(neighbours, entry, *mac);
    if (solicited) {
        confirm(neighbours, entry);
        return;
    }
    change_state(neighbours, entry, BARO_TRACE_NEIGHBOUR_STALE);
    arm(neighbours, entry, duration_s(STALE_S));
}

int neighbour_fix(struct neighbours *neighbours, int interface, struct baro_address address, struct baro_mac mac)
{
    struct neighbour *entry = neighbour_find(neighbours, interface, address);

    if (entry == NULL)
        entry = neighbour_create(neighbours, interface, address, NEIGHBOUR_PROVEN);
    else if (!neighbour_change_class(neighbours, entry, NEIGHBOUR_PROVEN))
        entry = NULL;
    if (entry == NULL)
        return -ENOSPC;
    wheel_cancel(&neighbours->core->wheel, &entry->timer);
    move(neighbours, entry, mac);
    change_state(neighbours, entry, BARO_TRACE_NEIGHBOUR_FIXED);
    resolved(neighbours, entry);
    return 0;
}
