/* tools/busy.h: --busy-poll US, the same for every tool that waits for descriptors. */
#ifndef TOOLS_BUSY_H
#define TOOLS_BUSY_H

#include "baro/loop.h"

#define BUSY_HELP                                                                                    \
    "  --busy-poll US   look for so many microseconds, up to 1,000,000, before sleeping: answers\n" \
    "                   sooner, and keeps a processor busy\n"

/* Looks at argv[*at]: 1 and *at moved on when it is --busy-poll, 0 when not, -1 after saying in the name of `tool` what
 * is wrong. */
int busy_option(struct baro_duration *busy, const char *tool, int argc, char **argv, int *at);

#endif
