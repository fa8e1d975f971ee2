/* ip/query.c: what routers ask and in which version, and the timer by which they are answered, see membership.h. */
#include "ip/membership_private.h"

#include "base/time.h"

enum { QUERY_RESPONSE_S = 10 /* RFC 3376 §8.3, RFC 3810 §9.3 */ };

/* ---- which version ---- */

/* RFC 3376 §7.2.1, RFC 3810 §8.2.1: with another version nothing of what was pending is sent. */
static void set_age(struct membership *membership, int interface, enum baro_family family)
{
    struct membership_interface *at = membership->interface[interface];
    struct membership_link *link = membership_link_of(at, family);
    enum membership_age age = link->oldest_heard ? MEMBERSHIP_OLDEST
                              : link->old_heard  ? MEMBERSHIP_OLD
                                                 : MEMBERSHIP_NEW;
    struct group_source *source;

    if (age == link->age)
        return;
    TRACE(membership->core, GROUP_VERSION, TRACE_N(interface), TRACE_N(family == BARO_FAMILY_IPV6),
          TRACE_N(membership_version(family, link->age)), TRACE_N(membership_version(family, age)));
    link->age = age;
    link->responds = false;
    for (unsigned i = 0; i < GROUP_LIMIT; i++) {
        struct group *group = &at->groups.group[i];
        unsigned next = 0;

        if (group->address.family != family)
            continue;
        group->responds = group->changes = false;
        group->due = group->mode_changes = group->repeats = 0;
        group->asked = 0;
        while ((source = group_next_source(&at->groups, group, &next)) != NULL) {
            source->changes = 0;
            source->change_due = source->state_due = false;
        }
        group_tidy(&at->groups, group);
    }
}

/* A general query of an older version counts for as long as its router may be silent (RFC 3376 §8.12, RFC 3810
 * §9.12). */
static void hear_version(struct membership *membership, int interface, const struct membership_message *query)
{
    enum baro_family family = (enum baro_family)query->group.family;
    struct membership_link *link = membership_link_of(membership->interface[interface], family);
    struct baro_instant until;

    if (query->version == membership_version(family, MEMBERSHIP_NEW)) {
        link->robustness = query->robustness == 0 ? (uint8_t)MEMBERSHIP_ROBUSTNESS : query->robustness;
        link->interval_s = query->interval_s == 0 ? (uint32_t)MEMBERSHIP_QUERY_INTERVAL_S : query->interval_s;
        return;
    }
    if (!address_is_unspecified(query->group))
        return; /* only a general query says what the router speaks */
    until = instant_add(membership->core->now,
                        duration_s((int64_t)link->robustness * link->interval_s + QUERY_RESPONSE_S));
    if (query->version == membership_version(family, MEMBERSHIP_OLD)) {
        link->old_heard = true;
        link->old_until = until;
    } else {
        link->oldest_heard = true;
        link->oldest_until = until;
    }
    set_age(membership, interface, family);
}

/* ---- queries ---- */

/* RFC 2236 §3, RFC 2710 §4: one timer a group; a query that is in less of a hurry does not move it. */
static void ask_old(struct membership *membership, struct group *group, uint32_t response_ms)
{
    struct baro_instant latest = instant_add(membership->core->now, duration_ms(response_ms));

    if (group->responds && !instant_before(latest, group->respond_at))
        return;
    group->responds = true;
    group->respond_at = membership_within(membership->core, response_ms);
}

/* Remembers what of a group is asked. Nothing asked means all of it (RFC 3376 §5.2 rules 3 to 5, RFC 3810 §6.2). */
static void ask_group(struct group *group, int interface, const struct membership_message *query,
                      struct baro_instant at)
{
    bool all = query->sources == 0 || (group->responds && group->asked == 0);

    if (!group->responds || instant_before(at, group->respond_at))
        group->respond_at = at;
    group->responds = true;
    for (unsigned i = 0; i < query->sources && !all; i++) {
        struct baro_address source = address_in_zone(membership_source(query, i), interface);
        unsigned known = 0;

        while (known < group->asked && !address_equal(group->asked_source[known], source))
            known++;
        if (known == GROUP_ASKED)
            all = true; /* more than is kept: all of it holds the answer */
        else if (known == group->asked)
            group->asked_source[group->asked++] = source;
    }
    if (all)
        group->asked = 0;
}

static bool is_asked(const struct group *group, const struct membership_message *query)
{
    return group->address.family == query->group.family && group_has_members(group) && membership_tells(group) &&
           !group->held && (address_is_unspecified(query->group) || address_equal(query->group, group->address));
}

/* When the answer to a query is due; an answer to all that comes sooner will do. The group, if it asks for one. */
static void ask(struct membership *membership, int interface, const struct membership_message *query)
{
    struct membership_interface *at = membership->interface[interface];
    struct membership_link *link = membership_link_of(at, (enum baro_family)query->group.family);
    struct baro_instant when = membership_within(membership->core, query->response_ms);
    bool soon = link->responds && !instant_before(when, link->respond_at), any = false;

    for (unsigned i = 0; i < GROUP_LIMIT; i++) {
        struct group *group = &at->groups.group[i];

        if (!is_asked(group, query))
            continue;
        any = true;
        if (link->age != MEMBERSHIP_NEW)
            ask_old(membership, group, query->response_ms);
        else if (!soon && !address_is_unspecified(query->group))
            ask_group(group, interface, query, when);
    }
    if (any && !soon && link->age == MEMBERSHIP_NEW && address_is_unspecified(query->group)) {
        link->responds = true;
        link->respond_at = when;
    }
}

/* Another host of our group was faster: one report is enough (RFC 2236 §3, RFC 2710 §4). */
static void spared(struct membership_interface *at, const struct membership_message *report)
{
    struct membership_link *link = membership_link_of(at, (enum baro_family)report->group.family);
    struct group *group = group_find(&at->groups, report->group);

    if (group == NULL || link->age == MEMBERSHIP_NEW)
        return;
    group->responds = group->reporter = false;
    group->repeats = 0;
    group->due &= (uint8_t)~GROUP_DUE_REPORT;
}

enum baro_drop_reason membership_in(struct membership *membership, int interface, struct baro_address from,
                                    const struct membership_message *message)
{
    const struct baro_address any = { .family = BARO_FAMILY_NONE };

    if (message->kind == MEMBERSHIP_LEAVE || message->kind == MEMBERSHIP_REPORT)
        return BARO_DROP_GROUP_FOR_ROUTERS;
    TRACE(membership->core, GROUP_MESSAGE_IN, TRACE_A(from), TRACE_N(message->kind), TRACE_N(message->version),
          TRACE_A(address_is_unspecified(message->group) ? any : message->group), TRACE_N(message->sources),
          TRACE_T(duration_ms(message->response_ms)));
    if (membership_groups(membership, interface) == NULL)
        return BARO_DROP_NO_SOCKET_MEMORY;
    if (message->kind == MEMBERSHIP_OLD_REPORT) {
        spared(membership->interface[interface], message);
    } else {
        hear_version(membership, interface, message);
        ask(membership, interface, message);
    }
    membership_arm(membership);
    return BARO_DROP_NONE;
}

/* ---- the timer ---- */

static void run_group(struct membership *membership, int interface, struct group *group)
{
    struct membership_interface *at = membership->interface[interface];
    struct membership_link *link = membership_link_of(at, (enum baro_family)group->address.family);
    struct baro_instant now = membership->core->now;

    if (group->responds && instant_reached(now, group->respond_at)) {
        group->responds = false;
        if (link->age != MEMBERSHIP_NEW) {
            membership_report_old(membership, interface, group, group->repeats);
        } else if (group->asked != 0) {
            group->due |= GROUP_DUE_ASKED;
            membership_intend(membership, interface, (enum baro_family)group->address.family);
        } else {
            membership_tell_state(membership, interface, group);
        }
    }
    if (group->changes && instant_reached(now, group->change_at))
        membership_tell_change(membership, interface, group);
}

static void run_link(struct membership *membership, int interface, enum baro_family family)
{
    struct membership_interface *at = membership->interface[interface];
    struct membership_link *link = membership_link_of(at, family);
    struct baro_instant now = membership->core->now;
    bool all = link->responds && instant_reached(now, link->respond_at);

    link->old_heard &= !instant_reached(now, link->old_until);
    link->oldest_heard &= !instant_reached(now, link->oldest_until);
    set_age(membership, interface, family);
    if (all)
        link->responds = false;
    for (unsigned i = 0; i < GROUP_LIMIT; i++) {
        struct group *group = &at->groups.group[i];

        if (group->address.family != family)
            continue;
        if (all && group_has_members(group) && membership_tells(group) && !group->held)
            membership_tell_state(membership, interface, group);
        run_group(membership, interface, group);
    }
}

void membership_timer(struct membership *membership)
{
    for (int i = 1; i < IP_INTERFACES; i++) {
        if (membership->interface[i] == NULL)
            continue;
        run_link(membership, i, BARO_FAMILY_IPV4);
        run_link(membership, i, BARO_FAMILY_IPV6);
    }
    membership_arm(membership);
}
