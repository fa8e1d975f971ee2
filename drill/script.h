/* drill/script.h: a script as the parser leaves it: values in an arena, nothing resolved against a stack yet.
 *
 * The tree follows packetdrill's language: settings, then events, each with a time and one action. Everything
 * in it lives until script_release. */
#ifndef DRILL_SCRIPT_H
#define DRILL_SCRIPT_H

#include "baro/drill.h"
#include "baro/packet.h"
#include "baro/socket.h"
#include "baro/stack.h"
#include "baro/types.h"

/* Where something stands in the script; both from 1. */
struct location {
    int line, column;
};

/* ---- memory: taken piece by piece, freed at once ---- */

struct arena_chunk;
struct arena {
    struct arena_chunk *chunks;
};

/* Zeroed bytes; never NULL (running out of memory ends the process: drill is a test program's library). */
void *drill_arena_take(struct arena *arena, size_t bytes);
char *drill_arena_copy(struct arena *arena, const char *text, size_t length);
void drill_arena_release(struct arena *arena);

/* ---- values in calls ---- */

enum value_kind {
    VALUE_ANY,     /* `...` */
    VALUE_NUMBER,  /* 3, 0x10, SOCK_STREAM|SOCK_NONBLOCK */
    VALUE_STRING,  /* "abc" */
    VALUE_ARRAY,   /* [a, b] */
    VALUE_STRUCT,  /* {name=a, name=b}; items have names, or not: {a, b} */
    VALUE_ADDRESS, /* inet_addr("1.2.3.4") */
    VALUE_NULL
};

struct value {
    enum value_kind kind;
    struct location at;
    const char *name; /* of a field, else NULL */
    const char *text; /* as written: the symbol, the string's contents */
    size_t length;    /* of the string */
    long long number;
    struct baro_address address;
    struct value *items;
    size_t count;
};

/* ---- packets ---- */

enum packet_kind { PACKET_TCP, PACKET_UDP, PACKET_ICMP };

/* `1:1001(1000)` */
struct sequence_range {
    uint32_t first, last, length;
};

enum { ECN_EITHER = 4 }; /* [ect01] */
enum { SCRIPT_OPTIONS_LIMIT = 40, SCRIPT_TS_LIMIT = 4 };

struct packet_line {
    bool inbound;
    enum packet_kind kind;
    int ecn, tos, ttl;                 /* -1: not said; ECN_EITHER; IPv6: traffic class and hop limit */
    int flow_label;                    /* IPv6, -1: not said */
    int source_port, destination_port; /* -1: not said */
    /* TCP */
    uint8_t flags;
    bool accurate_ecn; /* the flag AE */
    struct sequence_range range;
    bool has_ack, has_window, has_urgent;
    uint32_t ack, window, urgent;
    bool any_options; /* <...> */
    uint8_t options[SCRIPT_OPTIONS_LIMIT];
    uint8_t options_length;
    int timestamps_at; /* where in `options` the value of TS stands, -1: none */
    bool any_stamp, any_echo; /* TS val ..., ecr ... */
    /* UDP, and ICMP echo */
    uint32_t length;
    /* ICMP */
    bool is_icmpv6;
    uint8_t icmp_type, icmp_code;
    bool has_icmp_code;
    uint32_t icmp_rest;
    bool has_quote, quote_udp;
    struct sequence_range quote;
};

/* ---- calls ---- */

enum { CALL_ARGUMENTS_LIMIT = 8 };

/* X(name, arguments): the calls that scripts may make. */
#define DRILL_CALLS(X)                                                                                       \
    X(socket, 3) X(bind, 3) X(listen, 2) X(accept, 3) X(accept4, 4) X(connect, 3) X(read, 3) X(readv, 3)     \
    X(recv, 4) X(recvfrom, 6) X(recvmsg, 3) X(write, 3) X(writev, 3) X(send, 4) X(sendto, 6) X(sendmsg, 3)   \
    X(shutdown, 2) X(close, 1) X(fcntl, 3) X(ioctl, 3) X(getsockname, 3) X(getpeername, 3)                   \
    X(getsockopt, 5) X(setsockopt, 5) X(poll, 3) X(epoll_create, 1) X(epoll_create1, 1) X(epoll_ctl, 4)      \
    X(epoll_wait, 4) X(pipe, 1) X(open, 2) X(splice, 6) X(sendfile, 4)

enum call_kind {
#define DRILL_CALL_ENUM(name, arguments) CALL_##name,
    DRILL_CALLS(DRILL_CALL_ENUM)
#undef DRILL_CALL_ENUM
        CALL_COUNT
};

struct call_line {
    enum call_kind kind;
    const char *name;
    struct value argument[CALL_ARGUMENTS_LIMIT];
    size_t arguments;
    struct value result;
    int error;      /* expected errno, 0: none said */
    bool blocking;  /* it has an end time */
    int64_t end_ns; /* as written; relative to the same base as the start when that is relative */
};

/* ---- code blocks (code.h) ---- */

enum { CODE_VARIABLES_LIMIT = 64 };

/* The variables of a script: an assignment makes one. */
struct code_names {
    const char *name[CODE_VARIABLES_LIMIT];
    int count;
};

/* ---- events ---- */

enum time_kind { TIME_ABSOLUTE, TIME_RELATIVE, TIME_ANY };
enum event_kind { EVENT_PACKET, EVENT_CALL, EVENT_CODE, EVENT_NOTHING };

struct event {
    struct location at;
    enum time_kind time;
    int64_t from_ns, to_ns; /* as written; to_ns is from_ns unless a range was given */
    enum event_kind kind;
    union {
        struct packet_line packet;
        struct call_line call;
        struct code_statement *code;
    } as;
    struct event *next;
};

/* As `--ip_version` counts them: MAPPED is IPv6's sockets on IPv4's packets. */
enum drill_version { DRILL_IPV4, DRILL_MAPPED, DRILL_IPV6 };

/* How an option's number in a script counts the stack's. */
enum drill_unit { DRILL_PLAIN, DRILL_SECONDS, DRILL_MILLISECONDS };

/* A socket option that every new socket gets: what sysctl sets for all of them. */
enum { OPTION_DEFAULTS_LIMIT = 16, DEFINES_LIMIT = 64 };
enum drill_moment { DRILL_AT_SOCKET, DRILL_AT_CONNECT, DRILL_AT_LISTEN };
struct option_default {
    enum baro_option option;
    enum drill_unit unit;
    /* of one option there may be another value for those that connect and those that listen */
    enum drill_moment moment;
    long long number;
};

/* `--define=NAME=VALUE` */
struct define {
    const char *name, *value;
};

struct settings {
    enum drill_version version;
    int64_t tolerance_ns;
    struct baro_address local, remote, gateway;
    unsigned prefix_length;
    uint32_t mtu;
    uint16_t bind_port, connect_port;
    int64_t timestamp_tick_ns; /* of TS val: 0: what it says is not looked at */
    bool dry_run, verbose;
    bool packets_not_fatal, calls_not_fatal; /* --non_fatal */
    struct baro_stack_config config; /* what sysctl lines have chosen; zero elsewhere */
    struct option_default option[OPTION_DEFAULTS_LIMIT];
    size_t options;
    struct define define[DEFINES_LIMIT];
    size_t defines;
};

struct script {
    const char *name;
    const char *text;
    size_t length;
    struct arena arena;
    struct settings settings;
    struct code_names names;
    struct event *first, *last;
    size_t events;
    /* why it could not be read: the first error, and where */
    bool failed;
    struct location error_at;
    char error[256];
};

/* Reads a script. `text` is borrowed while the script is used; `options` may be NULL. False: see `error`. */
bool drill_script_parse(struct script *script, const char *name, const char *text, size_t length,
                        const struct baro_drill_options *options);
void drill_script_release(struct script *script);

/* The text of a line, without its end; for messages. */
struct baro_bytes drill_script_line(const struct script *script, int line);

#endif
