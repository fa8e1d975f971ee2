/* tools/tap_groups.h: the multicast groups that `baro tap` is told to join, and to leave after a while. */
#ifndef TOOLS_TAP_GROUPS_H
#define TOOLS_TAP_GROUPS_H

#include "baro/network.h"

enum { TAP_GROUPS = 8 };

struct tap_groups {
    struct baro_address group[TAP_GROUPS];
    unsigned groups;
    unsigned leave_after_s;     /* 0: never */
    bool joined;
    struct baro_instant until;  /* if leave_after_s says so */
};

#define TAP_GROUPS_HELP \
    "  --join G         join these multicast groups, commas between\n" \
    "  --leave-after S  leave them again after S seconds\n"

/* 1: argv[*at] was an option of ours, and *at stands behind its value; 0: it is not; -1: it is wrong, and that was
 * said. */
int tap_groups_option(struct tap_groups *groups, int argc, char **argv, int *at);
/* 0 or -errno. */
int tap_groups_join(struct tap_groups *groups, struct baro_host *host, struct baro_instant now);
void tap_groups_run(struct tap_groups *groups, struct baro_host *host, struct baro_instant now);
bool tap_groups_deadline(const struct tap_groups *groups, struct baro_instant *deadline);

#endif
