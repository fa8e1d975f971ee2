/* ip/membership.c: see membership.h. What members change and how often it is told. Queries are answered in query.c, and
 * messages written in report.c. */
#include "ip/membership_private.h"

#include <assert.h>
#include <errno.h>

#include "base/time.h"

enum {
    UNSOLICITED_MS = 1000,      /* RFC 3376 §8.11, RFC 3810 §9.11 */
    UNSOLICITED_OLD_MS = 10000 /* RFC 2236 §8.10, RFC 2710 §7.10 */
};

uint8_t membership_version(enum baro_family family, enum membership_age age)
{
    return (uint8_t)((family == BARO_FAMILY_IPV6 ? 2 : 3) - (int)age);
}

bool membership_tells(const struct group *group)
{
    const struct baro_address address = group->address;
    struct baro_address all = baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1);

    all.zone = address.zone;
    if (address.family == BARO_FAMILY_IPV4)
        return !address_equal(address, baro_ipv4(224, 0, 0, 1));
    return (address.octet[1] & 0x0f) > 1 && !address_equal(address, all);
}

/* ---- time ---- */

static void sooner(struct baro_instant *a, struct baro_instant b)
{
    if (instant_before(b, *a))
        *a = b;
}

static void sooner_of_interface(const struct membership_interface *at, struct baro_instant *next)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct membership_link *link = &at->link[i];

        if (link->responds)
            sooner(next, link->respond_at);
        if (link->old_heard)
            sooner(next, link->old_until);
        if (link->oldest_heard)
            sooner(next, link->oldest_until);
    }
    for (unsigned i = 0; i < GROUP_LIMIT; i++) {
        const struct group *group = &at->groups.group[i];

        if (group->responds)
            sooner(next, group->respond_at);
        if (group->changes)
            sooner(next, group->change_at);
    }
}

void membership_arm(struct membership *membership)
{
    struct baro_instant next = { INT64_MAX };

    for (int i = 1; i < IP_INTERFACES; i++) {
        if (membership->interface[i] != NULL)
            sooner_of_interface(membership->interface[i], &next);
    }
    wheel_cancel(&membership->core->wheel, &membership->timer);
    if (next.ns != INT64_MAX)
        wheel_arm(&membership->core->wheel, &membership->timer, next);
}

struct baro_instant membership_within(struct core *core, uint32_t ms)
{
    return instant_add(core->now, duration_ms(1 + (int64_t)random_below(&core->random, ms == 0 ? 1 : ms)));
}

/* ---- what is to be sent ---- */

void membership_intend(struct membership *membership, int interface, enum baro_family family)
{
    struct membership_link *link = membership_link_of(membership->interface[interface], family);
    struct intent *intent;

    if (link->intended)
        return;
    intent = intent_add(&membership->core->intents, INTENT_MEMBERSHIP);
    if (intent == NULL) { /* the marks stay: the next occasion takes them along */
        core_drop(membership->core, BARO_DROP_INTENT_QUEUE_FULL);
        return;
    }
    link->intended = true;
    intent->as.membership = (struct intent_membership){ .interface = interface, .family = (uint8_t)family };
}

static void mark_sources(struct group_table *groups, struct group *group, bool change)
{
    struct group_source *source;
    unsigned at = 0;

    while ((source = group_next_source(groups, group, &at)) != NULL) {
        if (!change)
            source->state_due = source->listed;
        else
            source->change_due = group->mode_changes != 0 ? source->listed : source->changes != 0;
    }
}

void membership_tell_change(struct membership *membership, int interface, struct group *group)
{
    group->changes = false;
    group->due |= GROUP_DUE_CHANGE;
    mark_sources(&membership->interface[interface]->groups, group, true);
    membership_intend(membership, interface, (enum baro_family)group->address.family);
}

void membership_tell_state(struct membership *membership, int interface, struct group *group)
{
    group->due |= GROUP_DUE_STATE;
    mark_sources(&membership->interface[interface]->groups, group, false);
    membership_intend(membership, interface, (enum baro_family)group->address.family);
}

void membership_report_old(struct membership *membership, int interface, struct group *group, uint8_t repeats)
{
    group->repeats = repeats;
    group->responds = false;
    group->due = GROUP_DUE_REPORT;
    membership_intend(membership, interface, (enum baro_family)group->address.family);
}

void membership_told(struct membership *membership, struct group_table *groups, struct group *group)
{
    struct group_source *source;
    bool more;
    unsigned at = 0;

    if (group->mode_changes != 0)
        group->mode_changes--;
    more = group->mode_changes != 0;
    while ((source = group_next_source(groups, group, &at)) != NULL) {
        if (source->changes != 0)
            source->changes--;
        source->change_due = false;
        more |= source->changes != 0;
    }
    if (more) {
        group->changes = true;
        group->change_at = membership_within(membership->core, UNSOLICITED_MS);
    }
    group_tidy(groups, group);
    membership_arm(membership);
}

void membership_reported(struct membership *membership, struct group *group)
{
    group->reporter = true;
    if (group->repeats != 0) {
        group->repeats--;
        group->responds = true;
        group->respond_at = membership_within(membership->core, UNSOLICITED_OLD_MS);
    }
    membership_arm(membership);
}

/* ---- members ---- */

struct group_table *membership_groups(struct membership *membership, int interface)
{
    struct membership_interface *at = membership->interface[interface];

    if (at == NULL) {
        at = slab_take(&membership->core->slabs, sizeof *at);
        membership->interface[interface] = at;
        for (unsigned i = 0; at != NULL && i < 2; i++)
            at->link[i] = (struct membership_link){ .robustness = MEMBERSHIP_ROBUSTNESS,
                                                    .interval_s = MEMBERSHIP_QUERY_INTERVAL_S };
    }
    return at == NULL ? NULL : &at->groups;
}

/* RFC 2236 §3, RFC 2710 §4: who told of it last tells that it is over. IGMPv1 has no words for it. */
static void leave_old(struct membership *membership, int interface, struct group *group)
{
    enum baro_family family = (enum baro_family)group->address.family;

    group->responds = false;
    group->due = 0;
    if (!group->reporter || membership_link_of(membership->interface[interface], family)->age != MEMBERSHIP_OLD)
        return;
    group->due = GROUP_DUE_LEAVE;
    membership_intend(membership, interface, family);
}

static unsigned listed(struct group_table *groups, const struct group *group)
{
    const struct group_source *source;
    unsigned at = 0, count = 0;

    while ((source = group_next_source(groups, group, &at)) != NULL)
        count += source->listed;
    return count;
}

/* What the members want has changed: what is heard, and what has to be told. `had`: the group had members. */
static void settle(struct membership *membership, int interface, struct group *group, bool had)
{
    struct membership_interface *at = membership->interface[interface];
    struct membership_link *link = membership_link_of(at, (enum baro_family)group->address.family);
    bool has = group_has_members(group), sources_changed, mode_changed;

    mode_changed = group_merge(&at->groups, group, link->robustness, &sources_changed);
    if (mode_changed || sources_changed)
        TRACE(membership->core, GROUP_HEARD, TRACE_N(interface), TRACE_A(group->address), TRACE_N(group->exclude),
              TRACE_N(listed(&at->groups, group)), TRACE_N(group->including + group->excluding));
    if (membership_tells(group) && !group->held) {
        if (link->age == MEMBERSHIP_NEW && mode_changed)
            group->mode_changes = link->robustness;
        if (link->age == MEMBERSHIP_NEW && (mode_changed || sources_changed))
            membership_tell_change(membership, interface, group);
        else if (link->age != MEMBERSHIP_NEW && has && !had)
            membership_report_old(membership, interface, group, (uint8_t)(link->robustness - 1));
        else if (link->age != MEMBERSHIP_NEW && had && !has)
            leave_old(membership, interface, group);
    }
    group_tidy(&at->groups, group);
    membership_arm(membership);
}

/* A group that routers have not heard of, or not from that address. */
static void introduce(struct membership *membership, int interface, struct group *group)
{
    struct membership_link *link = membership_link_of(membership->interface[interface],
                                                      (enum baro_family)group->address.family);

    if (link->age != MEMBERSHIP_NEW) {
        membership_report_old(membership, interface, group, (uint8_t)(link->robustness - 1));
        return;
    }
    group->mode_changes = link->robustness;
    membership_tell_change(membership, interface, group);
}

static unsigned joined(const struct group_table *groups)
{
    unsigned count = 0;

    for (unsigned i = 0; i < GROUP_LIMIT; i++)
        count += groups->group[i].address.family != BARO_FAMILY_NONE && group_is_joined(&groups->group[i]);
    return count;
}

int membership_change(struct membership *membership, int interface, struct baro_address address,
                      const struct baro_source_filter *before, const struct baro_source_filter *after)
{
    struct group_table *groups = membership_groups(membership, interface);
    struct group *group = group_find(groups, address);
    bool had = group != NULL && group_has_members(group);
    int error;

    if (groups == NULL)
        return -ENOBUFS;
    if (before == NULL && (group == NULL || !group_is_joined(group)) && joined(groups) >= MEMBERSHIP_JOINED)
        return -ENOSPC;
    error = group_change(groups, address, before, after, &group);
    if (error != 0)
        return error;
    if (after != NULL && group->held) { /* now it is more than an address's: it is told of at once */
        group->held = false;
        introduce(membership, interface, group);
    }
    settle(membership, interface, group, had);
    return 0;
}

/* ---- our own addresses' groups ---- */

static const struct baro_source_filter everything = { .exclude = true };

int membership_solicited(struct membership *membership, int interface, struct baro_address address, bool held)
{
    struct group_table *groups = membership_groups(membership, interface);
    struct group *group = group_find(groups, address);
    bool had = group != NULL && group_has_members(group);
    int error;

    if (groups == NULL)
        return -ENOBUFS;
    if (group != NULL && group->solicited)
        return 0;
    error = group_change(groups, address, NULL, &everything, &group);
    if (error != 0)
        return error;
    group->solicited = true;
    group->held = held && !had;
    settle(membership, interface, group, had);
    return 0;
}

void membership_speak(struct membership *membership, int interface, struct baro_address address)
{
    struct membership_interface *at = membership->interface[interface];
    struct group *group = at == NULL ? NULL : group_find(&at->groups, address);

    if (group == NULL || !group->held)
        return;
    group->held = false;
    introduce(membership, interface, group);
    membership_arm(membership);
}

void membership_unsolicited(struct membership *membership, int interface, struct baro_address address)
{
    struct membership_interface *at = membership->interface[interface];
    struct group *group = at == NULL ? NULL : group_find(&at->groups, address);

    if (group == NULL || !group->solicited)
        return;
    group->solicited = false;
    (void)group_change(&at->groups, address, &everything, NULL, &group);
    settle(membership, interface, group, true);
}

void membership_again(struct membership *membership, int interface, enum baro_family family)
{
    struct membership_interface *at = membership->interface[interface];

    for (unsigned i = 0; at != NULL && i < GROUP_LIMIT; i++) {
        struct group *group = &at->groups.group[i];

        if (group->address.family != family || !group_has_members(group) || !membership_tells(group) || group->held)
            continue;
        introduce(membership, interface, group);
    }
    if (at != NULL)
        membership_arm(membership);
}

/* ---- life ---- */

void membership_init(struct membership *membership, struct core *core)
{
    *membership = (struct membership){ .core = core };
    membership->timer.kind = TIMER_GROUP;
}

void membership_release(struct membership *membership)
{
    if (membership->core == NULL)
        return;
    wheel_cancel(&membership->core->wheel, &membership->timer);
    for (int i = 0; i < IP_INTERFACES; i++)
        slab_give_back(&membership->core->slabs, membership->interface[i], sizeof *membership->interface[i]);
}

void membership_check_invariants(const struct membership *membership)
{
    for (int i = 1; i < IP_INTERFACES; i++) {
        if (membership->interface[i] != NULL)
            group_check_invariants(&membership->interface[i]->groups);
    }
}
