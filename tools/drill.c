/* tools/drill.c: `baro drill`: packetdrill scripts in virtual time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baro/drill.h"
#include "tools.h"

static void help(void)
{
    puts("usage: baro drill [--verbose] [--journey] [--lang en|ko] [--seed N] [--ipv6]\n"
         "                  [-D NAME=VALUE]... [--NAME=VALUE]... SCRIPT.pkt...\n"
         "\n"
         "Runs packetdrill scripts against a stack in memory, in virtual time. Prints what differs from the\n"
         "script, field by field, and what the stack decided last about that connection; then one line of\n"
         "counts. With --verbose every event, too; with --journey each decision of the stack, whether the\n"
         "script passes or fails. --lang chooses the language of these, else the environment does. --seed\n"
         "chooses the stack's initial sequence numbers, ports and timestamps (default 0).\n"
         "\n"
         "--NAME=VALUE is a setting as it may stand in front of a script, which it overrides:\n"
         "  --ip_version=ipv4|ipv4-mapped-ipv6|ipv6   packets of IPv4 or IPv6; mapped: sockets of IPv6 on IPv4\n"
         "  --local_ip, --remote_ip, --gateway_ip, --netmask_ip, --mtu, --bind_port, --connect_port,\n"
         "  --tolerance_usecs, --speed (which means nothing here)\n"
         "  --tcp_ts_tick_usecs=N    TCP timestamps tick every N microseconds in the script; without it, their\n"
         "                           values are not compared\n"
         "  --non_fatal=packet,syscall   such differences are told, and the script goes on\n"
         "  --define=NAME=VALUE, -D NAME=VALUE   the script's word NAME stands for VALUE\n"
         "  --dry_run                the script is read, not run\n"
         "--ipv6 is --ip_version=ipv6 with an MTU 20 octets larger, so that segments have the length they have\n"
         "over IPv4: it runs every script that does not speak of one family over IPv6.\n"
         "\n"
         "Exit: 0 all passed, 1 a script failed, 2 a script was not understood or the command line was wrong.");
}

enum { SETTINGS_LIMIT = 64, SETTING_BYTES = 256 };

static const char *settings[SETTINGS_LIMIT];

/* `-D NAME=VALUE` as the setting that it is. False after tool_usage. */
static bool define(struct baro_drill_options *options, const char *what)
{
    static char texts[SETTINGS_LIMIT][SETTING_BYTES];
    char *text = texts[options->setting_count];

    if (what == NULL || strchr(what, '=') == NULL || strlen(what) >= SETTING_BYTES - 16)
        return tool_usage("drill", "-D wants NAME=VALUE"), false;
    snprintf(text, SETTING_BYTES, "--define=%.*s", SETTING_BYTES - 16, what);
    settings[options->setting_count++] = text;
    options->setting = settings;
    return true;
}

/* Takes the options off the front; the index of the first script, or -1 after tool_usage. */
static int read_options(int argc, char **argv, struct baro_drill_options *options)
{
    int at = 1;

    for (; at < argc && argv[at][0] == '-' && argv[at][1] != '\0'; at++) {
        if (strcmp(argv[at], "--verbose") == 0 || strcmp(argv[at], "-v") == 0) {
            options->verbose = true;
        } else if (strcmp(argv[at], "--journey") == 0) {
            options->journey = true;
        } else if (strcmp(argv[at], "--lang") == 0 && at + 1 < argc) {
            if (baro_language_parse(argv[++at], &options->language) != 0)
                return tool_usage("drill", "--lang is en or ko, not '%s'", argv[at]), -1;
        } else if (strcmp(argv[at], "--seed") == 0 && at + 1 < argc) {
            char *end;

            options->seed = strtoull(argv[++at], &end, 0);
            if (end == argv[at] || *end != '\0')
                return tool_usage("drill", "--seed wants a number, not '%s'", argv[at]), -1;
        } else if (strcmp(argv[at], "--ipv6") == 0) {
            options->ipv6 = true;
        } else if (options->setting_count < SETTINGS_LIMIT && strcmp(argv[at], "-D") == 0) {
            if (!define(options, argv[++at]))
                return -1;
        } else if (options->setting_count < SETTINGS_LIMIT &&
                   ((strncmp(argv[at], "--", 2) == 0 && strchr(argv[at], '=') != NULL) ||
                    strcmp(argv[at], "--dry_run") == 0)) {
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
    struct baro_drill_options options = { .language = baro_language_from_environment() };
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
