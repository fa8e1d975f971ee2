/* ip/group.c: see group.h. */
#include "ip/group.h"

#include <assert.h>
#include <errno.h>

struct group *group_find(struct group_table *table, struct baro_address address)
{
    for (unsigned i = 0; table != NULL && i < GROUP_LIMIT; i++) {
        if (table->group[i].address.family != BARO_FAMILY_NONE && address_equal(table->group[i].address, address))
            return &table->group[i];
    }
    return NULL;
}

static uint8_t index_of(const struct group_table *table, const struct group *group)
{
    return (uint8_t)(group - table->group);
}

struct group_source *group_next_source(struct group_table *table, const struct group *group, unsigned *at)
{
    while (*at < GROUP_SOURCES) {
        struct group_source *source = &table->source[(*at)++];

        if (source->address.family != BARO_FAMILY_NONE && source->group == index_of(table, group))
            return source;
    }
    return NULL;
}

static struct group_source *find_source(struct group_table *table, const struct group *group,
                                        struct baro_address address)
{
    struct group_source *source;
    unsigned at = 0;

    while ((source = group_next_source(table, group, &at)) != NULL) {
        if (address_equal(source->address, address))
            return source;
    }
    return NULL;
}

/* ---- places ---- */

static void free_group(struct group_table *table, struct group *group)
{
    struct group_source *source;
    unsigned at = 0;

    while ((source = group_next_source(table, group, &at)) != NULL)
        *source = (struct group_source){ .group = 0 };
    *group = (struct group){ .due = 0 };
}

/* A free place, or that of a group that was left and only waits to say so once more. */
static struct group *take_group(struct group_table *table, struct baro_address address)
{
    struct group *place = NULL;

    for (unsigned i = 0; i < GROUP_LIMIT; i++) {
        struct group *group = &table->group[i];

        if (group->address.family == BARO_FAMILY_NONE) {
            place = group;
            break;
        }
        if (place == NULL && !group_has_members(group))
            place = group;
    }
    if (place == NULL)
        return NULL;
    free_group(table, place);
    place->address = address;
    return place;
}

static bool take_sources(struct group_table *table, const struct group *group, const struct baro_source_filter *filter)
{
    unsigned at = 0;

    for (unsigned i = 0; i < filter->sources; i++) {
        if (find_source(table, group, filter->source[i]) != NULL)
            continue;
        while (at < GROUP_SOURCES && table->source[at].address.family != BARO_FAMILY_NONE)
            at++;
        if (at == GROUP_SOURCES)
            return false;
        table->source[at] = (struct group_source){ .address = filter->source[i], .group = index_of(table, group) };
    }
    return true;
}

void group_tidy(struct group_table *table, struct group *group)
{
    struct group_source *source;
    unsigned at = 0;
    bool silent = group->due == 0 && group->mode_changes == 0 && !group->changes;

    while ((source = group_next_source(table, group, &at)) != NULL) {
        if (source->including == 0 && source->excluding == 0 && source->changes == 0 && !source->change_due)
            *source = (struct group_source){ .group = 0 };
        else if (source->changes != 0)
            silent = false;
    }
    if (silent && !group_has_members(group))
        free_group(table, group);
}

/* ---- counting ---- */

static void count(struct group_table *table, struct group *group, const struct baro_source_filter *filter, int by)
{
    if (filter == NULL)
        return;
    if (filter->exclude)
        group->excluding = (uint16_t)(group->excluding + by);
    else
        group->including = (uint16_t)(group->including + by);
    for (unsigned i = 0; i < filter->sources; i++) {
        struct group_source *source = find_source(table, group, filter->source[i]);

        assert(source != NULL);
        if (filter->exclude)
            source->excluding = (uint16_t)(source->excluding + by);
        else
            source->including = (uint16_t)(source->including + by);
    }
}

int group_change(struct group_table *table, struct baro_address address, const struct baro_source_filter *before,
                 const struct baro_source_filter *after, struct group **found)
{
    struct group *group = group_find(table, address);

    assert(group != NULL || before == NULL);
    if (group == NULL)
        group = take_group(table, address);
    if (group == NULL || group->including == UINT16_MAX || group->excluding == UINT16_MAX)
        return -ENOSPC;
    if (after != NULL && !take_sources(table, group, after)) {
        group_tidy(table, group);
        return -ENOSPC;
    }
    count(table, group, after, 1);
    count(table, group, before, -1);
    *found = group;
    return 0;
}

bool group_merge(struct group_table *table, struct group *group, uint8_t repeats, bool *sources_changed)
{
    bool exclude = group->excluding != 0, other_mode = exclude != group->exclude;
    struct group_source *source;
    unsigned at = 0;

    *sources_changed = false;
    group->exclude = exclude;
    while ((source = group_next_source(table, group, &at)) != NULL) {
        bool listed = exclude ? source->excluding == group->excluding && source->including == 0
                              : source->including != 0;

        if (other_mode) {
            source->changes = 0; /* the mode is told with the whole list */
        } else if (listed != source->listed) {
            source->changes = repeats;
            *sources_changed = true;
        }
        source->listed = listed;
    }
    return other_mode;
}

bool group_hears(struct group_table *table, struct group *group, struct baro_address source)
{
    struct group_source *found = find_source(table, group, source);

    return (found != NULL && found->listed) != group->exclude;
}

void group_check_invariants(const struct group_table *table)
{
    for (unsigned i = 0; i < GROUP_SOURCES; i++) {
        const struct group_source *source = &table->source[i];
        const struct group *group = &table->group[source->group];

        if (source->address.family == BARO_FAMILY_NONE)
            continue;
        assert(source->group < GROUP_LIMIT && group->address.family == source->address.family);
        assert(source->including <= group->including && source->excluding <= group->excluding);
        (void)group;
    }
    for (unsigned i = 0; i < GROUP_LIMIT; i++) {
        const struct group *group = &table->group[i];

        assert(group->address.family != BARO_FAMILY_NONE || (group->due == 0 && !group_has_members(group)));
        assert(group->exclude == (group->excluding != 0) && group->asked <= GROUP_ASKED);
        (void)group;
    }
}
