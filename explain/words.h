/* The words: one table a language, indexed by enum baro_trace_kind.
 *
 * A line has a label (what of the way the step is about) and a template:
 *
 *     {name}               an argument of the event, written by its type; name!error, name!call,
 *                          name!ready read it as a negative errno, a call, a set of readiness
 *     {name/limit}         a queue drawn: [##......] 2 of 8
 *     {name?A|B}           A if the argument is not 0 (an address: not empty), else B, which may be missing
 *     {name=x?A|B}         also < and >; x is another argument or a number; addresses can be equal too
 *     {name#A|B|C}         by number from 0; beyond the last the number itself
 *     {~name?A|B} {~name}  what the teller adds: ~waiting, the call that waits; ~ipv6, whether it is about IPv6
 *
 * A, B and C are templates again. There is no escape: text has none of { | }. */
#ifndef EXPLAIN_WORDS_H
#define EXPLAIN_WORDS_H

#include "baro/drop_reasons.h"
#include "baro/explain.h"
#include "baro/trace.h"
#include "text.h"

struct words {
    const char *label;
    const char *text;
};

/* Everything that is said apart from events. */
enum phrase {
    PHRASE_IN,            /* a frame received */
    PHRASE_OUT,           /* a frame sent */
    PHRASE_UNSENT,        /* a packet that did not get onto the wire now */
    PHRASE_CALL,          /* a socket call */
    PHRASE_LOST,          /* a frame the adapter lost */
    PHRASE_WIRE,          /* the adapter's part of sending */
    PHRASE_EVENT,         /* none of these */
    PHRASE_HOST,          /* "host %u" */
    PHRASE_LOOP,          /* a packet to this host itself */
    PHRASE_UNSENT_TEXT,   /* summary of an unsent packet */
    PHRASE_LOOP_TEXT,     /* of one to this host itself */
    PHRASE_LOST_TEXT,     /* summary of a lost frame: "frame %llu" */
    PHRASE_FRAME,         /* "frame %llu" */
    PHRASE_CALL_TEXT,     /* "%s on descriptor %lld" */
    PHRASE_OF,            /* "%llu of %llu" */
    PHRASE_NOBODY,        /* an empty endpoint */
    PHRASE_CONTROL_ONLY,  /* a TCP segment without data */
    PHRASE_WITH_DATA,     /* "with %u octets of data" */
    PHRASE_FRAGMENT,      /* "fragment at octet %u of packet %u" */
    PHRASE_CUT,           /* a frame too short for what it claims */
    PHRASE_OCTETS,        /* "%u octets" */
    PHRASE_ARP_ASK,       /* "who has %s? asks %s" */
    PHRASE_ARP_ANSWER,    /* "%s is at %s" */
    PHRASE_ARP_ANNOUNCE,  /* "%s says: this address is mine" */
    PHRASE_ARP_PROBE,     /* "does anybody use %s?" */
    PHRASE_ECHO_REQUEST,
    PHRASE_ECHO_REPLY,
    PHRASE_CONNECTION,    /* "connection %llu" */
    PHRASE_UNCHANGED,     /* no variable changed */
    PHRASE_WAITING,       /* "%s on descriptor %llu" */
    PHRASE_TYPE,          /* "type 0x%04x" */
    PHRASE_DROPS,         /* "dropped" */
    PHRASE_COUNTERS,      /* heading of the counters */
    PHRASE_NEIGHBOURS,    /* label of the neighbour cache where it is not ARP's */
    PHRASE_ND_ASK,        /* "who has %s?" */
    PHRASE_ND_HERE,       /* "%s is here", without its MAC address */
    PHRASE_ND_REDIRECT,   /* "there is a better way, by %s" */
    PHRASE_ROUTER_ASK,
    PHRASE_ROUTER_HERE,   /* "router for %u s" */
    PHRASE_MLD_QUERY,
    PHRASE_MLD_REPORT,
    PHRASE_MLD_DONE,
    PHRASE_UNREACHABLE,
    PHRASE_TOO_BIG,
    PHRASE_TIME_EXCEEDED,
    PHRASE_PARAMETER,
    PHRASE_COUNT
};

extern const struct words words_en[BARO_TRACE_COUNT], words_ko[BARO_TRACE_COUNT];
extern const char *const phrases_en[PHRASE_COUNT], *const phrases_ko[PHRASE_COUNT];
extern const char *const drops_ko[BARO_DROP_COUNT]; /* English ones are in the list of reasons */
extern const char *const ready_en[7], *const ready_ko[7];

/* An errno in words of the language, NULL for one that the stack does not use; and its name. */
const char *error_words(int error, enum baro_language language);
const char *error_name(int error);

const struct words *words_of(enum baro_trace_kind kind, enum baro_language language);
const char *phrase(enum phrase what, enum baro_language language);
/* "connect" for BARO_TRACE_CALL_CONNECT. */
const char *call_name(uint64_t call);

/* family.c: enum baro_family of the addresses in an event, NONE without any; what it cites, and its label. */
uint8_t event_family(const struct baro_trace_event *event);
const char *event_source(const struct baro_trace_event *event, bool ipv6);
const char *event_label(enum baro_trace_kind kind, enum baro_language language, bool ipv6);

/* What the teller knows besides the event. */
struct telling {
    enum baro_language language;
    const struct baro_trace_event *event;
    const char *waiting;                    /* ~waiting, NULL: none */
    bool ipv6;                              /* ~ipv6 */
    uint32_t base[BARO_TRACE_ARGUMENTS];    /* taken from arguments of type n: relative sequence numbers */
};

/* The argument called `name`: its place, -1 if the event has none of that name; `type` may be NULL. */
int argument_find(enum baro_trace_kind kind, const char *name, size_t length, char *type);
/* One argument, written by its type. */
void argument_write(struct text *text, const struct telling *telling, int index, char type);
/* The template `format` filled in. */
void template_fill(struct text *text, const struct telling *telling, const char *format);
/* Calls `visit` with every name in a template. False: braces do not match. */
bool template_names(const char *format, void (*visit)(void *context, const char *name, size_t length),
                    void *context);

#endif
