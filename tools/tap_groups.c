/* tools/tap_groups.c: see tap_groups.h. */
#include "tap_groups.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools.h"

enum { LONGEST_STAY_S = 86400 };

static bool parse_group(const char *text, struct baro_address *group)
{
    *group = (struct baro_address){ .family = BARO_FAMILY_IPV4 };
    if (inet_pton(AF_INET, text, group->octet) == 1)
        return (group->octet[0] & 0xf0) == 0xe0;
    *group = (struct baro_address){ .family = BARO_FAMILY_IPV6 };
    return inet_pton(AF_INET6, text, group->octet) == 1 && group->octet[0] == 0xff;
}

static bool parse_groups(struct tap_groups *groups, const char *text)
{
    char copy[TAP_GROUPS * INET6_ADDRSTRLEN], *rest = copy, *word;

    if (strlen(text) >= sizeof copy)
        return false;
    strcpy(copy, text);
    groups->groups = 0;
    while ((word = strsep(&rest, ",")) != NULL) {
        if (groups->groups == TAP_GROUPS || !parse_group(word, &groups->group[groups->groups++]))
            return false;
    }
    return true;
}

int tap_groups_option(struct tap_groups *groups, int argc, char **argv, int *at)
{
    const char *word = argv[*at];
    bool join = strcmp(word, "--join") == 0;
    char *end;
    unsigned long seconds;

    if (!join && strcmp(word, "--leave-after") != 0)
        return 0;
    if (*at + 1 >= argc) {
        tool_usage("tap", "%s wants a value", word);
        return -1;
    }
    word = argv[*at + 1];
    *at += 2;
    if (join && !parse_groups(groups, word)) {
        tool_usage("tap", "'%s' is no multicast group, or a list of up to 8", word);
        return -1;
    }
    if (join)
        return 1;
    seconds = strtoul(word, &end, 10);
    if (*word < '0' || *word > '9' || *end != '\0' || seconds == 0 || seconds > LONGEST_STAY_S) {
        tool_usage("tap", "--leave-after wants 1 to 86400 seconds, not '%s'", word);
        return -1;
    }
    groups->leave_after_s = (unsigned)seconds;
    return 1;
}

int tap_groups_join(struct tap_groups *groups, struct baro_host *host, struct baro_instant now)
{
    for (unsigned i = 0; i < groups->groups; i++) {
        int error = baro_stack_join_group(baro_host_stack(host), baro_host_interface(host), groups->group[i]);

        if (error != 0)
            return error;
    }
    groups->joined = groups->groups != 0;
    groups->until.ns = now.ns + (int64_t)groups->leave_after_s * 1000000000;
    return 0;
}

void tap_groups_run(struct tap_groups *groups, struct baro_host *host, struct baro_instant now)
{
    struct baro_instant until;

    if (!tap_groups_deadline(groups, &until) || now.ns < until.ns)
        return;
    groups->joined = false;
    for (unsigned i = 0; i < groups->groups; i++)
        (void)baro_stack_leave_group(baro_host_stack(host), baro_host_interface(host), groups->group[i]);
    fprintf(stderr, "baro tap: left %u %s\n", groups->groups, groups->groups == 1 ? "group" : "groups");
}

bool tap_groups_deadline(const struct tap_groups *groups, struct baro_instant *deadline)
{
    *deadline = groups->until;
    return groups->joined && groups->leave_after_s != 0;
}
