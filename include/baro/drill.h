/* baro/drill.h: packetdrill's scripts against a stack of ours, in virtual time, over either family.
 *
 * A script says at which time a program calls what and a peer sends what, and what must come back: results,
 * errno and packets. Here one stack in memory is the system under test: no device, no root, no waiting; a
 * script that spans hours runs in a moment and the same way each time.
 *
 * The language is packetdrill's. What of it is not understood yet is a parse error that names it, with line and
 * column; nothing is skipped silently. Differences to know: a script also fails when the stack sent a packet
 * that no line expected before the time of the last event; and bytes of the stream are checked, not only counted
 * (where a script gives no contents, both directions carry a known pattern). */
#ifndef BARO_DRILL_H
#define BARO_DRILL_H

#include <stdio.h>

#include "baro/explain.h"
#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct baro_drill_options {
    struct baro_duration tolerance; /* of times; 0: 4 ms, or what the script says with --tolerance_usecs */
    uint64_t seed;                  /* of the stack: its ISNs, ports and timestamps */
    bool verbose;                   /* print every event as it happens, not only failures */
    /* print every decision of the stack (baro/explain.h), whether it passes or fails; without it, after a failure
     * the last ones of that connection are printed */
    bool journey;
    enum baro_language language;    /* of both, and of what is said around a failure */
    /* over IPv6, with an MTU that is 20 octets larger: segments stay as long as in IPv4 */
    bool ipv6;
    const char *const *setting;     /* "--mtu=1400" and so on, as in front of a script: they override the script's */
    size_t setting_count;
};

enum baro_drill_result {
    BARO_DRILL_PASSED = 0,
    BARO_DRILL_FAILED = 1,     /* the stack did something else; `out` says what, line by line */
    BARO_DRILL_NOT_A_SCRIPT = 2 /* unreadable, or not understood; `out` says where */
};

/* Runs one script from a file. `options` may be NULL. Nothing is printed when it passes without `verbose`. */
enum baro_drill_result baro_drill_run_file(const char *path, const struct baro_drill_options *options, FILE *out);

/* The same from memory; `name` stands for the file in messages. */
enum baro_drill_result baro_drill_run_text(const char *name, const char *text, size_t length,
                                           const struct baro_drill_options *options, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
