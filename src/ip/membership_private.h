/* ip/membership_private.h: what membership.c, query.c and report.c share. */
#ifndef IP_MEMBERSHIP_PRIVATE_H
#define IP_MEMBERSHIP_PRIVATE_H

#include "ip/membership.h"

enum {
    MEMBERSHIP_ROBUSTNESS = 2,      /* RFC 3376 §8.1, RFC 3810 §9.1 */
    MEMBERSHIP_QUERY_INTERVAL_S = 125 /* §8.2, §9.2 */
};

static inline struct membership_link *membership_link_of(struct membership_interface *at, enum baro_family family)
{
    return &at->link[family == BARO_FAMILY_IPV6];
}

/* IGMP's or MLD's number of that age. */
uint8_t membership_version(enum baro_family family, enum membership_age age);

/* RFC 3376 §5, RFC 3810 §6: false of groups that every host is in, or that no router could be interested in. */
bool membership_tells(const struct group *group);

/* Sets the timer to whatever comes first. */
void membership_arm(struct membership *membership);
/* A moment in (now, now + ms]. */
struct baro_instant membership_within(struct core *core, uint32_t ms);

/* Leaves an intent, if there is none. */
void membership_intend(struct membership *membership, int interface, enum baro_family family);
/* What changed is told now, and in a while again (RFC 3376 §5.1, RFC 3810 §6.1). */
void membership_tell_change(struct membership *membership, int interface, struct group *group);
/* What is heard is told now. */
void membership_tell_state(struct membership *membership, int interface, struct group *group);
/* An old version's report now, and RFC 2236 §3's repetitions of it later. */
void membership_report_old(struct membership *membership, int interface, struct group *group, uint8_t repeats);

/* A group's change was written; its old report was. */
void membership_told(struct membership *membership, struct group_table *groups, struct group *group);
void membership_reported(struct membership *membership, struct group *group);

#endif
