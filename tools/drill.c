/* tools/drill.c: `baro drill`: packetdrill scripts in virtual time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baro/drill.h"
#include "tools.h"

static void help(void)
{
    puts("usage: baro drill [--verbose] [--journey] [--seed N] [--ipv6] [--NAME=VALUE]... SCRIPT.pkt...\n"
         "\n"
         "Runs packetdrill scripts against a stack in memory, in virtual time. Prints what differs from the\n"
         "script, then one line of counts; with --verbose every event, too, and with\n"
         "--journey each decision of the stack that led to a failure, in words. --seed chooses the stack's\n"
         "initial sequence numbers, ports and timestamps (default 0).\n"
         "\n"
         "--NAME=VALUE is a setting as it may stand in front of a script, which it overrides:\n"
         "  --ip_version=ipv4|ipv4-mapped-ipv6|ipv6   packets of IPv4 or IPv6; mapped: sockets of IPv6 on IPv4\n"
         "  --local_ip, --remote_ip, --gateway_ip, --netmask_ip, --mtu, --bind_port, --connect_port,\n"
         "  --tolerance_usecs\n"
         "--ipv6 is --ip_version=ipv6 with an MTU 20 octets larger, so that segments have the length they have\n"
         "over IPv4: it runs every script that does not speak of one family over IPv6.\n"
         "\n"
         "Exit: 0 all passed, 1 a script failed, 2 a script was not understood or the command line was wrong.");
}

enum { SETTINGS_LIMIT = 16 };

static const char *settings[SETTINGS_LIMIT];

/* Takes the options off the front; the index of the first script, or -1 after tool_usage. */
static int read_options(int argc, char **argv, struct baro_drill_options *options)
{
    int at = 1;

    for (; at < argc && argv[at][0] == '-' && argv[at][1] != '\0'; at++) {
        if (strcmp(argv[at], "--verbose") == 0 || strcmp(argv[at], "-v") == 0) {
            options->verbose = true;
        } else if (strcmp(argv[at], "--journey") == 0) {
            options->journey = true;
        } else if (strcmp(argv[at], "--seed") == 0 && at + 1 < argc) {
            char *end;

            options->seed = strtoull(argv[++at], &end, 0);
            if (end == argv[at] || *end != '\0')
                return tool_usage("drill", "--seed wants a number, not '%s'", argv[at]), -1;
        } else if (strcmp(argv[at], "--ipv6") == 0) {
            options->ipv6 = true;
        } else if (strncmp(argv[at], "--", 2) == 0 && strchr(argv[at], '=') != NULL &&
                   options->setting_count < SETTINGS_LIMIT) {
            settings[options->setting_count++] = argv[at];
            options->setting = settings;
        } else {
            return tool_usage("drill", "no option '%s'; `baro drill --help` lists them", argv[at]), -1;
        }
    }
    if (at == argc)
        return tool_usage("drill", "no script given: baro drill SCRIPT.pkt..."), -1;
    return at;
}

int tool_drill(int argc, char **argv)
{
    struct baro_drill_options options = { .seed = 0 };
    unsigned results[3] = { 0 };
    int at;

    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        help();
        return TOOL_OK;
    }
    at = read_options(argc, argv, &options);
    if (at < 0)
        return TOOL_USAGE;
    for (; at < argc; at++)
        results[baro_drill_run_file(argv[at], &options, stdout)]++;
    printf("%u passed, %u failed, %u not understood\n", results[BARO_DRILL_PASSED], results[BARO_DRILL_FAILED],
           results[BARO_DRILL_NOT_A_SCRIPT]);
    if (results[BARO_DRILL_NOT_A_SCRIPT] != 0)
        return TOOL_USAGE;
    return results[BARO_DRILL_FAILED] != 0 ? TOOL_FAILED : TOOL_OK;
}
