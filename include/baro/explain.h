/* baro/explain.h: the one place that turns trace events into words, English and Korean,
 * and into pcapng. Needs stdio and malloc; the core needs neither.
 *
 * The core tells numbers and addresses (baro/trace.h). Here stand the words, one template an
 * event and language, and the joining of events into blocks: a frame with all its steps, a
 * socket call with all it did. The order of events that this relies on is the contract in
 * baro/trace.h: FRAME_IN ... FRAME_END, PACKET_OUT ... FRAME_OUT FRAME_END, CALL ... CALL_END.
 * Events of the LAN adapter that come before a frame's FRAME_IN are kept, at most 64 frames a
 * host, and printed in its block, so that steps 1 to 11 stand in order; a frame that the adapter
 * loses is a block of its own. On the way out the adapter's steps come after FRAME_END and are
 * a block of their own too. All other events are one line each.
 *
 * Sinks are not thread-safe: stacks of several threads need a lock around a shared one. Write
 * errors are kept and returned by *_finish. */
#ifndef BARO_EXPLAIN_H
#define BARO_EXPLAIN_H

#include <stdio.h>

#include "baro/stack.h"
#include "baro/trace.h"
#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum baro_language { BARO_LANGUAGE_ENGLISH, BARO_LANGUAGE_KOREAN, BARO_LANGUAGE_COUNT };

/* "en", "ko", or a locale's name that begins so ("ko_KR.UTF-8"). 0, or -EINVAL for anything else. */
int baro_language_parse(const char *text, enum baro_language *language);
/* The language of LC_ALL, LC_MESSAGES or LANG, the first that is set; English if it is none of ours. */
enum baro_language baro_language_from_environment(void);

/* What a host with this trace number (struct baro_stack_config.trace_host) is called. */
struct baro_host_name {
    uint32_t host;
    const char *name;
};

/* What an interface of a host is on: frames that pass it are told as of NAME@WIRE. */
struct baro_interface_name {
    uint32_t host, interface;
    const char *wire;
};

/* Words about one event, without its step and source, zero-terminated and cut at a character's end if
 * `size` is too small. Returns their length in bytes. */
size_t baro_event_words(const struct baro_trace_event *event, enum baro_language language, char *text,
                        size_t size);
/* A frame (from the destination MAC on) in one line: "TCP 10.0.0.1:4000 > 10.0.0.2:80 SYN seq 7 win 65535,
 * control only". Truncated and lying frames are told as far as they go. As above. */
size_t baro_frame_summary(struct baro_bytes frame, enum baro_language language, char *text, size_t size);
/* A drop reason in words of the language. */
const char *baro_drop_words(enum baro_drop_reason reason, enum baro_language language);

/* The journey: text for a person. */
struct baro_journey_config {
    FILE *out;                          /* required; borrowed until baro_journey_free */
    enum baro_language language;
    const struct baro_host_name *hosts; /* copied; hosts without a name are "host 7" */
    size_t host_count;
    const struct baro_interface_name *interfaces; /* copied; those without a name are not told */
    size_t interface_count;
    unsigned frame_limit;               /* after so many frames nothing more is printed; 0: all */
    struct baro_port port;              /* not 0: TCP and UDP packets of other ports are left out */
    unsigned width;                     /* columns of the terminal, 40 and more; 0: lines are not broken */
    bool colour;                        /* ANSI colours */
    bool absolute_sequence;             /* TCP sequence numbers as on the wire, not counted from the ISN */
};
struct baro_journey;
/* NULL when memory fails. */
struct baro_journey *baro_journey_create(const struct baro_journey_config *config);
struct baro_trace_sink baro_journey_sink(struct baro_journey *journey);
/* Whether the frame limit is reached. */
bool baro_journey_done(const struct baro_journey *journey);
/* Prints what is not complete yet and flushes the file. 0, or -errno of the first error: -ENOMEM, or what
 * writing gave. */
int baro_journey_finish(struct baro_journey *journey);
/* Finishes; NULL is allowed. */
void baro_journey_free(struct baro_journey *journey);

/* pcapng (draft-ietf-opsawg-pcapng): every frame in and out as an Enhanced Packet Block with nanoseconds,
 * direction and the journey's words as comment; one interface a host and device. */
struct baro_pcapng_config {
    FILE *out;                          /* required; borrowed until baro_pcapng_free */
    enum baro_language language;
    const struct baro_host_name *hosts; /* copied */
    size_t host_count;
    const struct baro_interface_name *interfaces; /* copied; those without a name are called by their number */
    size_t interface_count;
    uint32_t snap_length;               /* octets of a frame that are kept; 0: 262,144 */
    struct baro_instant epoch;          /* added to every instant: Unix time in ns of the clock's 0 */
    bool absolute_sequence;             /* as in struct baro_journey_config */
};
struct baro_pcapng;
/* NULL when memory fails. The file's header is written at once. */
struct baro_pcapng *baro_pcapng_create(const struct baro_pcapng_config *config);
struct baro_trace_sink baro_pcapng_sink(struct baro_pcapng *pcapng);
/* Writes what is not complete yet and flushes the file. 0, or -errno of the first error. */
int baro_pcapng_finish(struct baro_pcapng *pcapng);
/* Finishes; NULL is allowed. */
void baro_pcapng_free(struct baro_pcapng *pcapng);

/* One trace to several sinks, in order. The structure belongs to the caller and must stay. */
#define BARO_FANOUT_LIMIT 8
struct baro_fanout {
    struct baro_trace_sink sink[BARO_FANOUT_LIMIT];
    unsigned count;
};
struct baro_trace_sink baro_fanout_sink(struct baro_fanout *fanout);

/* Counters for a person: one line of the few that are always asked for, or a table of all that are not 0.
 * Drops are listed by reason. 0, or -errno when writing failed. */
enum baro_statistics_form { BARO_STATISTICS_LINE, BARO_STATISTICS_TABLE };
int baro_statistics_print(FILE *out, const struct baro_statistics *statistics,
                          enum baro_statistics_form form, enum baro_language language);

#ifdef __cplusplus
}
#endif
#endif
