/* tools/tools.h: the subcommands of `baro`, one file each.
 *
 * A tool gets argv with its own name first and returns an exit code: 0 well, 1 what it was asked to do failed,
 * 2 a mistake at the command line, said in one line by tool_usage(). */
#ifndef TOOLS_TOOLS_H
#define TOOLS_TOOLS_H

#include <stdbool.h>
#include <stdint.h>

/* X(name, "what it does"). A tool's function is tool_<name>; one that a build leaves out is said to be so. */
#define BARO_TOOLS(X)                                                          \
    X(run, "run an unmodified program on a private host, rootless")           \
    X(lan, "programs on several hosts of one wire: the main job")             \
    X(journey, "show every decision about every packet, in words")            \
    X(drill, "run packetdrill scripts in virtual time")                       \
    X(signal, "frame loss over noise, and a picture of a frame on the wire")  \
    X(tap, "a host on a TAP device, to talk with this machine's kernel")      \
    X(gateway, "the way out for a guest behind a TAP, with DHCP")              \
    X(lookup, "ask name servers with this stack's resolver, over a TAP")       \
    X(iperf3, "both ends of iperf3 over a TAP, against this machine's kernel")  \
    X(bench, "measure this stack on this machine")

#define BARO_TOOL_DECLARE(name, text) int tool_##name(int argc, char **argv) __attribute__((weak));
BARO_TOOLS(BARO_TOOL_DECLARE)
#undef BARO_TOOL_DECLARE

enum { TOOL_OK = 0, TOOL_FAILED = 1, TOOL_USAGE = 2 };

/* `baro bench tcp`; argv begins with "tcp". */
int tool_bench_tcp(int argc, char **argv);
/* `baro bench link`; argv begins with "link". */
int tool_bench_link(int argc, char **argv);

/* `baro bench tap`; argv begins with "tap". */
int tool_bench_tap(int argc, char **argv);

/* Prints "baro TOOL: message" on standard error and returns TOOL_USAGE. */
int tool_usage(const char *tool, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A word that is a number from 1 to `most`, or of seconds, and nothing else. */
bool tool_number(const char *text, unsigned most, unsigned *number);
bool tool_seconds(const char *text, double least, double most, double *seconds);
/* Options of a benchmark in turns: --runs N, 1 to TOOL_TURNS, and --seconds S, `least` to 60. NULL: the value is
 * missing. TOOL_OK, or what is wrong was said. */
enum { TOOL_TURNS = 99 };
int tool_turns(const char *tool, const char *name, const char *value, double least, unsigned *runs, double *seconds);

/* The seed a person gave, or one from the machine's entropy: what a network draws (first sequence numbers, ports) is
 * not to be guessed unless a run is to be repeated. */
uint64_t tool_seed(uint64_t given);

#endif
