/* ip/report.c: what is marked in the groups becomes messages, see membership.h.
 *
 * A message takes as many records as it has room for; what does not fit any more stays marked. A record that is larger
 * than a message alone: of one that tells what is excluded the rest is left out, any other goes on in the next message
 * (RFC 3376 §4.2.16, RFC 3810 §5.2.15). */
#include "ip/membership_private.h"

struct writer {
    struct membership *membership;
    struct group_table *groups;
    uint8_t *octets;
    size_t room, length;
    struct membership_out *out;
};

/* Which sources a record takes. */
enum choice { CHOOSE_LISTED, CHOOSE_HEARD_CHANGES, CHOOSE_UNHEARD_CHANGES, CHOOSE_CHANGED_LISTED };

static bool is_chosen(const struct group *group, const struct group_source *source, enum choice choice)
{
    bool heard = source->listed != group->exclude;

    switch (choice) {
    case CHOOSE_LISTED:
        return source->state_due && source->listed;
    case CHOOSE_HEARD_CHANGES:
        return source->change_due && heard;
    case CHOOSE_UNHEARD_CHANGES:
        return source->change_due && !heard;
    case CHOOSE_CHANGED_LISTED:
        return source->change_due && source->listed;
    }
    return false;
}

/* How many sources fit into a record that would hold `wanted`. Negative: it belongs into the next message. */
static int sources_that_fit(const struct writer *writer, enum baro_family family, unsigned wanted)
{
    size_t left = writer->room - writer->length, head = membership_record_size(family, 0);
    size_t each = membership_record_size(family, 1) - head;

    if (head + wanted * each <= left)
        return (int)wanted;
    if (writer->out->records != 0 || left < head + (wanted != 0 ? each : 0))
        return -1;
    return (int)((left - head) / each);
}

static void begin_record(struct writer *writer, enum membership_record type, struct baro_address group,
                         unsigned sources)
{
    if (writer->out->records++ == 0)
        writer->out->group = group;
    writer->length += membership_write_record(type, group, sources, writer->octets + writer->length);
}

/* A record of the chosen sources, even of none if `always`. False: the message is full, and some is left. */
static bool put_record(struct writer *writer, struct group *group, enum membership_record type, enum choice choice,
                       bool always)
{
    bool excludes = type == MEMBERSHIP_IS_EXCLUDE || type == MEMBERSHIP_TO_EXCLUDE;
    struct group_source *source;
    unsigned at = 0, wanted = 0;
    int fit;

    while ((source = group_next_source(writer->groups, group, &at)) != NULL)
        wanted += is_chosen(group, source, choice);
    if (wanted == 0 && !always)
        return true;
    fit = sources_that_fit(writer, (enum baro_family)group->address.family, wanted);
    if (fit < 0)
        return false;
    begin_record(writer, type, group->address, (unsigned)fit);
    at = 0;
    for (int left = fit; left > 0 && (source = group_next_source(writer->groups, group, &at)) != NULL;) {
        if (!is_chosen(group, source, choice))
            continue;
        writer->length += membership_write_address(source->address, writer->octets + writer->length);
        if (choice == CHOOSE_LISTED)
            source->state_due = false;
        else
            source->change_due = false;
        left--;
    }
    return excludes || (unsigned)fit == wanted;
}

static bool put_change(struct writer *writer, struct group *group)
{
    if (group->mode_changes != 0) {
        if (!put_record(writer, group, group->exclude ? MEMBERSHIP_TO_EXCLUDE : MEMBERSHIP_TO_INCLUDE,
                        CHOOSE_CHANGED_LISTED, true))
            return false;
    } else if (!put_record(writer, group, MEMBERSHIP_ALLOW, CHOOSE_HEARD_CHANGES, false) ||
               !put_record(writer, group, MEMBERSHIP_BLOCK, CHOOSE_UNHEARD_CHANGES, false)) {
        return false;
    }
    group->due &= (uint8_t)~GROUP_DUE_CHANGE;
    membership_told(writer->membership, writer->groups, group);
    return true;
}

static bool put_state(struct writer *writer, struct group *group)
{
    if (group_has_members(group) &&
        !put_record(writer, group, group->exclude ? MEMBERSHIP_IS_EXCLUDE : MEMBERSHIP_IS_INCLUDE, CHOOSE_LISTED,
                    group->exclude))
        return false;
    group->due &= (uint8_t)~GROUP_DUE_STATE;
    return true;
}

/* Of the sources asked about those that are heard: of INCLUDE (A) A*B, of EXCLUDE (A) B-A (RFC 3376 §5.2). */
static bool put_asked(struct writer *writer, struct group *group)
{
    unsigned heard = 0;
    int fit;

    for (unsigned i = 0; i < group->asked; i++) {
        if (group_hears(writer->groups, group, group->asked_source[i]))
            group->asked_source[heard++] = group->asked_source[i];
    }
    group->asked = group_has_members(group) ? heard : 0;
    if (group->asked != 0) {
        fit = sources_that_fit(writer, (enum baro_family)group->address.family, group->asked);
        if (fit < 0)
            return false;
        begin_record(writer, MEMBERSHIP_IS_INCLUDE, group->address, (unsigned)fit);
        for (int i = 0; i < fit; i++)
            writer->length += membership_write_address(group->asked_source[--group->asked],
                                                       writer->octets + writer->length);
        if (group->asked != 0)
            return false;
    }
    group->due &= (uint8_t)~GROUP_DUE_ASKED;
    return true;
}

/* False: the message is full. */
static bool put_group(struct writer *writer, struct group *group)
{
    if ((group->due & GROUP_DUE_STATE) != 0 && !put_state(writer, group))
        return false;
    if ((group->due & GROUP_DUE_ASKED) != 0 && !put_asked(writer, group))
        return false;
    return (group->due & GROUP_DUE_CHANGE) == 0 || put_change(writer, group);
}

/* Where reports of records go (RFC 3376 §4.2.14, RFC 3810 §5.2.14), and leaves (RFC 2236 §9, RFC 2710 §8). */
static struct baro_address destination_of(enum membership_kind kind, struct baro_address group)
{
    bool v6 = group.family == BARO_FAMILY_IPV6;

    if (kind == MEMBERSHIP_OLD_REPORT)
        return group;
    if (kind == MEMBERSHIP_LEAVE)
        return v6 ? baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 2) : baro_ipv4(224, 0, 0, 2);
    return v6 ? baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 0x16) : baro_ipv4(224, 0, 0, 22);
}

static void finish(struct membership_out *out, int interface, enum membership_kind kind, uint8_t version)
{
    out->kind = kind;
    out->version = version;
    out->destination = address_in_zone(destination_of(kind, out->group), interface);
}

/* An old version's message: one group. */
static bool next_old(struct membership *membership, struct membership_interface *at, int interface,
                     enum baro_family family, struct membership_out *out)
{
    uint8_t version = membership_version(family, at->link[family == BARO_FAMILY_IPV6].age);

    for (unsigned i = 0; i < GROUP_LIMIT; i++) {
        struct group *group = &at->groups.group[i];
        bool leave = (group->due & GROUP_DUE_LEAVE) != 0;

        if (group->address.family != family || group->due == 0)
            continue;
        out->group = group->address;
        out->head_length = (unsigned)membership_write_old(leave ? MEMBERSHIP_LEAVE : MEMBERSHIP_OLD_REPORT, version,
                                                          group->address, out->head);
        finish(out, interface, leave ? MEMBERSHIP_LEAVE : MEMBERSHIP_OLD_REPORT, version);
        group->due = 0;
        if (leave)
            group_tidy(&at->groups, group);
        else
            membership_reported(membership, group);
        return true;
    }
    return false;
}

bool membership_next(struct membership *membership, int interface, enum baro_family family, size_t room,
                     struct membership_out *out)
{
    struct membership_interface *at = membership->interface[interface];
    struct membership_link *link = &at->link[family == BARO_FAMILY_IPV6];
    struct writer writer = { .membership = membership, .groups = &at->groups, .octets = at->octets, .out = out };
    bool full = false;

    *out = (struct membership_out){ .group = { .family = BARO_FAMILY_NONE } };
    if (link->age != MEMBERSHIP_NEW) {
        link->intended = next_old(membership, at, interface, family, out);
        return link->intended;
    }
    writer.room = room < MEMBERSHIP_HEADER ? 0 : room - MEMBERSHIP_HEADER;
    if (writer.room > sizeof at->octets)
        writer.room = sizeof at->octets;
    for (unsigned i = 0; i < GROUP_LIMIT && !full; i++) {
        struct group *group = &at->groups.group[i];

        if (group->address.family == family && group->due != 0)
            full = !put_group(&writer, group);
    }
    link->intended = out->records != 0;
    if (out->records == 0)
        return false;
    membership_write_header(family, out->records, out->head);
    out->head_length = MEMBERSHIP_HEADER;
    out->body = (struct baro_bytes){ at->octets, writer.length };
    finish(out, interface, MEMBERSHIP_REPORT, membership_version(family, MEMBERSHIP_NEW));
    return true;
}
