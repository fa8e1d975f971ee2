/* tools/observe.h: --journey, --pcap and --stats, the same for every tool that runs a network.
 *
 * Hosts are known by their trace number, which is also their place in the list of names. */
#ifndef TOOLS_OBSERVE_H
#define TOOLS_OBSERVE_H

#include "baro/explain.h"

enum { OBSERVE_HOSTS = 16, OBSERVE_INTERFACES = 256 };

/* Lets through what one host tells. */
struct observe_filter {
    struct baro_trace_sink sink;
    uint32_t host;
};

struct observe {
    const char *tool;
    bool journey, stats;
    unsigned frames;                /* of the journey; 0: all */
    enum baro_language language;
    const char *pcap_path;
    const char *journey_of;         /* NULL: of all hosts, else of the one with this name */
    const char *pcap_of;            /* NULL: of the first host; "all": of all, each frame as often as it is seen */
    struct observe_filter journey_filter, pcap_filter;
    const char *journey_path;       /* NULL: standard error, so that programs' output stays clean */
    FILE *pcap_file, *journey_file;
    struct baro_journey *journey_made;
    struct baro_pcapng *pcapng;
    struct baro_fanout fanout;
    struct baro_host_name name[OBSERVE_HOSTS];
    size_t hosts;
    struct baro_interface_name interface[OBSERVE_INTERFACES];
    size_t interfaces;
};

#define OBSERVE_HELP                                                                          \
    "  --journey[=N]    say every decision about every packet, or about the first N frames\n" \
    "  --journey-of H   the journey as host H sees it\n"                                      \
    "  --journey-to F   write the journey to a file; '-' is standard output\n"                \
    "  --lang en|ko     the journey's language (default: LANG)\n"                             \
    "  --pcap FILE      write pcapng with the same words as comments\n"                       \
    "  --pcap-of H      as host H sees it, or 'all' (default: the first host)\n"              \
    "  --stats          print counters at the end\n"

void observe_init(struct observe *observe, const char *tool);

/* Looks at argv[*at]: 1 and *at moved on when it is one of ours, 0 when not, -1 after saying what is wrong. */
int observe_option(struct observe *observe, int argc, char **argv, int *at);

/* Names the next host; `name` is borrowed. Its trace number. */
uint32_t observe_host(struct observe *observe, const char *name);

/* Names the wire that a host's interface is on: its frames are told as of HOST@WIRE. Borrowed. */
void observe_interface(struct observe *observe, uint32_t host, uint32_t interface, const char *wire);

/* Opens what was asked for, after all hosts are named. TOOL_OK, or TOOL_FAILED after saying why. */
int observe_open(struct observe *observe);

/* For the hosts' configurations; event NULL when nothing was asked for. */
struct baro_trace_sink observe_sink(struct observe *observe);

/* Adds another sink in front of the others. */
void observe_add(struct observe *observe, struct baro_trace_sink sink);

/* Finishes files. TOOL_OK, or TOOL_FAILED after saying what could not be written. */
int observe_close(struct observe *observe);

#endif
