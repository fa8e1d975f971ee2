/* tools/busy.c: see busy.h. */
#include "busy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tools.h"

enum { LONGEST_US = 1000000 };

int busy_option(struct baro_duration *busy, const char *tool, int argc, char **argv, int *at)
{
    const char *text;
    unsigned long us;
    char *end;

    if (strcmp(argv[*at], "--busy-poll") != 0)
        return 0;
    text = *at + 1 < argc ? argv[*at + 1] : "";
    us = strtoul(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || us > LONGEST_US) {
        tool_usage(tool, "--busy-poll wants microseconds, 0 to %d", LONGEST_US);
        return -1;
    }
    busy->ns = (int64_t)us * 1000;
    *at += 2;
    return 1;
}
