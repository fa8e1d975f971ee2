/* ip/group.h: the groups of one interface and whom they are heard from: what its members want, merged (RFC 3376 §3.2,
 * RFC 3810 §4.2).
 *
 * Each member wants a group from certain sources (INCLUDE) or from all but certain ones (EXCLUDE). Members are not kept
 * here, they are counted: how many include or exclude the group, and for each source how many include or exclude it. Of
 * that follows what the interface hears:
 *
 *     nobody excludes   INCLUDE of every source that somebody includes
 *     somebody does     EXCLUDE of the sources that all of them exclude and nobody includes
 *
 * A group without members, but with something left to report, keeps its place until it is reported, or until a new one
 * needs the place. ip/membership.h owns the fields that say what is still to be reported. */
#ifndef IP_GROUP_H
#define IP_GROUP_H

#include "baro/stack.h"
#include "base/bytes.h"

enum {
    GROUP_LIMIT = 64,      /* groups of an interface, those of its own addresses included */
    GROUP_SOURCES = 128,   /* sources of all groups of an interface */
    GROUP_ASKED = 16       /* sources that a router asks about, kept until it is answered */
};

/* What of a group is written at the next opportunity. */
enum group_due {
    GROUP_DUE_CHANGE = 1, /* what changed */
    GROUP_DUE_STATE = 2,  /* what is heard now */
    GROUP_DUE_ASKED = 4,  /* what of the sources asked about is heard now */
    GROUP_DUE_REPORT = 8, /* an old version's report */
    GROUP_DUE_LEAVE = 16  /* an old version's leave */
};

struct group {
    struct baro_address address;      /* family NONE: a free place */
    uint16_t including, excluding;    /* members */
    bool exclude;                     /* the mode of what is heard */
    /* an address of ours is among those that exclude nothing: see address_solicited_node */
    bool solicited;
    bool held;                        /* of that address, whose probe has not begun: not a word yet */
    bool reporter;                    /* an old version: the last report on the link was ours */
    uint8_t due;                      /* a set of enum group_due */
    uint8_t mode_changes;             /* reports that still tell the mode */
    uint8_t repeats;                  /* an old version: unsolicited reports still to send */
    bool responds, changes;           /* at respond_at to a router, at change_at again of a change */
    struct baro_instant respond_at, change_at;
    unsigned asked;
    struct baro_address asked_source[GROUP_ASKED];
};

struct group_source {
    struct baro_address address; /* family NONE: a free place */
    uint8_t group;               /* its index */
    bool listed;                 /* in the list that stands with `exclude` */
    bool change_due, state_due;  /* not yet written in this round */
    uint8_t changes;             /* reports that still tell of it */
    uint16_t including, excluding;
};

struct group_table {
    struct group group[GROUP_LIMIT];
    struct group_source source[GROUP_SOURCES];
};

/* NULL: there is none, or `table` is NULL. */
struct group *group_find(struct group_table *table, struct baro_address address);

static inline bool group_has_members(const struct group *group)
{
    return group->including != 0 || group->excluding != 0;
}

/* Is one of its members more than an address of ours? */
static inline bool group_is_joined(const struct group *group)
{
    return group->including + group->excluding > (group->solicited ? 1 : 0);
}

/* Sources of `group` from *at on; NULL: no more. *at begins at 0. */
struct group_source *group_next_source(struct group_table *table, const struct group *group, unsigned *at);

/* A member changes its mind from `before` to `after`; NULL: is no member. The group is made if need be, and its lists
 * are merged anew; *found is it. 0; -ENOSPC: there is no place for it or its sources, and nothing has changed. */
int group_change(struct group_table *table, struct baro_address address, const struct baro_source_filter *before,
                 const struct baro_source_filter *after, struct group **found);

/* Merges again: sets `exclude`, and `listed` of the sources. For each source whose place in the list changed while the
 * mode stayed, `changes` becomes `repeats`. Returns true when the mode changed. */
bool group_merge(struct group_table *table, struct group *group, uint8_t repeats, bool *sources_changed);

/* Gives places back: of sources that nobody wants and nothing is to be said about, and then of the group itself. */
void group_tidy(struct group_table *table, struct group *group);

/* Is what comes from `source` heard? */
bool group_hears(struct group_table *table, struct group *group, struct baro_address source);

void group_check_invariants(const struct group_table *table);

#endif
