/* drill/run.h: a script running against one stack.
 *
 * The stack's only interface is a device in memory: what a script's inbound lines say is put into it, what
 * the stack sends is kept with its time until an outbound line claims it. The clock is the script's; it jumps
 * from one deadline of the stack to the next. Scripts count from sequence number 0 and know neither the ISN
 * that the stack chose nor its timestamps: each connection has the offsets between the two. */
#ifndef DRILL_RUN_H
#define DRILL_RUN_H

#include <stdio.h>

#include "baro/drill.h"
#include "baro/socket.h"
#include "script.h"
#include "words.h"

/* What TS val a script calls what the stack sent: a peer that echoes it says the script's number. */
enum { STAMPS_LIMIT = 64 };
struct stamp {
    uint32_t script, live;
};

enum { CONNECTIONS_LIMIT = 64, DESCRIPTORS_LIMIT = 256, NOBODY = -1 };

/* One datagram that the stack sent, not claimed yet. */
struct sent {
    int64_t at_ns;
    uint8_t *data;
    size_t length;
};

/* A four-tuple and the way between the script's numbers and those on the wire: live = script + offset. */
struct connection {
    bool udp;
    struct baro_endpoint local, remote;
    bool local_known; /* the stack's ISN was seen */
    uint32_t local_offset;
    uint32_t local_first; /* script sequence number of the stream's first octet, our side */
    bool remote_known;    /* the peer's SYN was in the script */
    uint32_t remote_offset;
    uint32_t remote_first;
    bool timestamps_known;
    uint32_t timestamps_offset;
    uint32_t timestamps_first; /* the script's number of the first */
    struct stamp stamp[STAMPS_LIMIT];
    unsigned stamps; /* taken so far; the ring keeps the last */
    bool own_words; /* the program or the peer sent contents of its own: no pattern to check */
};

/* What a descriptor is, unless an epoll. Of a pipe octets come out, or go in. */
enum drill_end { END_SOCKET, END_PIPE_OUT, END_PIPE_IN, END_FILE };

struct descriptor {
    bool used;
    int live;
    enum drill_end end;
    int pipe; /* index, of a pipe's end */
    enum baro_socket_type type;
    bool nonblocking;
    int connection;          /* index, NOBODY */
    int epoll;               /* index of an epoll, NOBODY: `end` says what it is */
    uint64_t written, taken; /* octets of the stream */
    bool send_buffer_set, receive_buffer_set; /* by SO_SNDBUF, SO_RCVBUF */
    int discovery;           /* IP_PMTUDISC_WANT and so on */
    int64_t receive_timeout_ns, send_timeout_ns; /* SO_RCVTIMEO and SO_SNDTIMEO; 0: for ever */
};

enum { PIPES_LIMIT = 16 };

/* How much is in it; which ends are open. */
struct pipe {
    size_t count;
    bool readable, writable;
};

enum { EPOLLS_LIMIT = 8, INTERESTS_LIMIT = 32 };

/* What an epoll was asked to tell about a descriptor. */
struct interest {
    bool used;
    bool changed; /* an edge that was not told */
    bool spent;   /* EPOLLONESHOT, and it was told */
    long long fd, data;
    int live;
    uint32_t events;
};

struct epoll {
    struct interest interest[INTERESTS_LIMIT];
};

/* A call that has not returned yet. */
struct outstanding {
    const struct event *event; /* NULL: none */
    int64_t began_ns, end_ns;
    uint64_t progress; /* octets a write has got rid of */
    bool again;        /* not the first attempt */
    int live;          /* the descriptor it waits for, NOBODY: any */
    int64_t timeout_ns; /* when it returns although nothing came, INT64_MAX: never */
};

struct run {
    struct script *script;
    struct baro_drill_options options;
    FILE *out; /* NULL: say nothing */
    struct baro_trace_sink trace;
    struct baro_stack *stack;
    struct baro_device device;
    size_t slab_bytes;       /* taken from this process and not given back */
    int64_t now_ns, base_ns; /* the script's clock; the previous event's time */
    int64_t tolerance_ns;
    bool failed;
    const struct event *event; /* the present one */
    uint8_t *incoming;         /* a frame for the stack, NULL: none */
    size_t incoming_length;
    bool incoming_lent;
    struct sent *sent;
    size_t sent_first, sent_count, sent_size;
    uint8_t quoted[64]; /* the beginning of the datagram claimed or seen last, for ICMP errors */
    size_t quoted_length;
    struct connection connection[CONNECTIONS_LIMIT];
    int connections, tcp_now, udp_now;
    int tcp_spoken; /* the TCP connection that a packet line or a call was about last, NOBODY: none */
    struct code_state *code;
    uint16_t next_remote_port;
    struct descriptor descriptor[DESCRIPTORS_LIMIT];
    struct outstanding waiting;
    struct outstanding *present; /* of the call that is being made: `waiting`, or one that returns at once */
    struct epoll epoll[EPOLLS_LIMIT];
    int epolls;
    struct pipe pipe[PIPES_LIMIT];
    int pipes;
    bool dont_wait; /* the present call has MSG_DONTWAIT */
};

/* ---- run.c ---- */

/* Tells what went wrong, once; `detail` lines may follow with run_detail. Always false. */
bool drill_run_fail(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
void drill_run_detail(struct run *run, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with a label, or a sentence, in the language of the run. */
const char *drill_run_words(const struct run *run, enum drill_word word);

/* Lets the script's clock run to `until_ns`. */
bool drill_run_advance(struct run *run, int64_t until_ns);
/* After a call or a frame: the stack does what it decided, waiting calls try again. */
bool drill_run_settle(struct run *run, bool poll);
/* When the stack next wants to act, on the script's clock. False: never. */
bool drill_run_deadline(const struct run *run, int64_t *at_ns);
/* The oldest unclaimed datagram, NULL: none. */
const struct sent *drill_run_sent(const struct run *run);
void drill_run_sent_take(struct run *run);

/* ---- device.c: the stack's end ---- */

bool drill_device_open(struct run *run);
void drill_device_close(struct run *run);
/* The script's clock as the stack is told. */
struct baro_instant drill_device_now(const struct run *run);
/* Gives the stack a bare datagram in an Ethernet frame from the gateway. */
bool drill_device_receive(struct run *run, const uint8_t *datagram, size_t length);

/* ---- connections.c ---- */

/* The connection with these ports, or a new one; NOBODY when there are too many. */
int drill_connection_find(struct run *run, bool udp, struct baro_endpoint local, struct baro_endpoint remote);
int drill_connection_new(struct run *run, bool udp, struct baro_endpoint local, struct baro_endpoint remote);
/* Whose the line is: by its ports, else the newest of its protocol, else a new one. */
int drill_connection_of_line(struct run *run, const struct packet_line *line);
/* What stands at `offset` of every stream and datagram whose contents no script gives. */
uint8_t drill_pattern_at(uint64_t offset);

/* ---- packets.c ---- */

bool drill_packet_inject(struct run *run, const struct packet_line *line);
bool drill_packet_expect(struct run *run, const struct event *event, int64_t from_ns, int64_t to_ns);
/* Prints what is sent and unclaimed, at most `limit` of it. */
void drill_packet_list_sent(struct run *run, size_t limit);

/* ---- view.c: datagrams and lines ---- */

/* A datagram of the stack's as a line in the script's numbers. */
void drill_view_datagram(const struct run *run, const struct connection *connection,
                         const struct baro_packet *packet, struct packet_line *line);
/* The line as a script would write it. */
void drill_view_print(const struct packet_line *line, char *to, size_t size);
/* Pieces of it. */
void drill_view_flags(const struct packet_line *line, char *to, size_t size);
void drill_view_option(const struct baro_tcp_option *option, char *to, size_t size);
void drill_view_options(const struct packet_line *line, char *to, size_t size);
const char *drill_view_ecn(int ecn);
bool drill_view_is_echo(const struct packet_line *line);

/* ---- compare.c ---- */

/* How TS val is compared: a tick of the script's numbers, which begin with `first`; 0: not at all. */
struct stamp_rule {
    int64_t tick_ns, tolerance_ns;
    uint32_t first;
};

enum { ROWS_LIMIT = 64, ROW_WORDS = 96 };

/* A field of both packets; "" names the one above once more. */
struct row {
    const char *name;
    char expected[ROW_WORDS], seen[ROW_WORDS];
    bool differs;
};

struct comparison {
    struct row row[ROWS_LIMIT];
    int rows;
    bool differs;
};

/* Fills the comparison; true: nothing differs. */
bool drill_compare(const struct packet_line *expected, const struct packet_line *seen,
                   const struct stamp_rule *rule, struct comparison *comparison);
/* "ack, options" */
void drill_compare_names(const struct comparison *comparison, char *to, size_t size);
/* Both side by side, with marks where they differ. */
void drill_compare_print(struct run *run, const struct comparison *comparison);

/* ---- journey.c ---- */

/* Runs the script once more with this trace. */
typedef void drill_journey_run(void *context, struct baro_trace_sink trace);
void drill_journey_all(FILE *out, enum baro_language language, drill_journey_run *again, void *context);
/* The last of what happened to the packets of a port, 0: of any. */
void drill_journey_last(FILE *out, struct baro_port port, enum baro_language language, drill_journey_run *again,
                        void *context);

/* ---- code_run.c ---- */

void drill_code_begin(struct run *run);
void drill_code_end(struct run *run);
/* Does what a code block says. False: an assertion does not hold, or something has no value. */
bool drill_code_run(struct run *run, const struct code_statement *first);

/* ---- calls.c ---- */

bool drill_call_make(struct run *run, const struct event *event, int64_t now_ns);
/* Tries the waiting call again: its descriptor was in the stack's queue of changes. */
bool drill_call_retry(struct run *run);

#endif
