/* bench/bench.h: what the benchmarks share.
 *
 * All run in one thread: two stacks (or one and a peer made by hand), frames passed in memory, program data copied in
 * and out. A measurement prepares, then does its work in bench_timed(): the thread's processor time counts, and under
 * callgrind the instructions (bench/instructions.sh).
 *
 *   machine.c    clocks, memory, the copy that is the wire
 *   pair.c       two stacks whose devices hand each other frames
 *   peer.c       a peer made by hand for one stack: it makes connections and data segments without a stack of its own
 *   bulk.c       one connection, all it can carry
 *   messages.c   round trips, connections
 *   memory.c     connections that rest: what they take, what waking costs
 *   keepalive.c  connections that rest ask for their peers
 *   segment.c    a received segment among many connections
 *   limit.c      what the machine allows
 *   wire.c       the faithful wire
 *   shards.c     two stacks behind one address, a thread each
 *   rows.c       the list */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "baro/medium.h"
#include "baro/socket.h"

/* ---- rows ---- */

enum bench_offload {
    BENCH_NONE,     /* segment by segment, software checksums made and verified */
    BENCH_CHECKSUM, /* segment by segment, the device has the checksums */
    BENCH_LARGE,    /* super-segments, software checksums made and verified */
    BENCH_SUPER     /* super-segments and checksums offloaded */
};

/* Of connections that rest, what is measured. */
enum bench_rest_part {
    BENCH_WAKE_CALL,    /* send: the call, and the frame that leaves */
    BENCH_WAKE_SEGMENT, /* its segment comes to the other end, which rests, too */
    BENCH_REST_AGAIN    /* from then on until both rest: nothing but timers */
};

/* What is asked; a measurement looks at what concerns it. */
struct bench_case {
    enum baro_family family;
    uint32_t mtu;
    enum bench_offload offload;
    uint32_t connections;
    uint32_t before;               /* batches of segments that are taken before a counted row begins, 0: one */
    uint32_t batch;                /* requests in flight; see `resting` */
    uint32_t questions;            /* asked of a connection before it answers, 0: one */
    uint32_t message;              /* octets of one call of send */
    bool resting;                  /* connections go to rest as they are made, `batch` at a time, 0: a thousand */
    struct baro_instant keepalive; /* when the client's end asks for its peer; 0: never */
    bool asks;                     /* it has keepalive on as it comes, after two hours */
    enum bench_rest_part rest_part;
    bool longest;                  /* the figure is that of the longest polls */
    bool zero_copy;                /* the program reserves and commits, peeks and consumes */
    bool posted;                   /* it says beforehand where what comes shall go */
    uint32_t time_wait;            /* connections in TIME-WAIT before it begins */
    uint32_t time_wait_limit;      /* of the stacks, 0: their own */
    bool reused;                   /* a new connection takes over one in TIME-WAIT; else the oldest goes */
    uint32_t ports;                /* of the server, that connections are spread over */
    enum baro_medium_kind medium;
};

/* What was measured. A row's figure is made of it by its unit. */
struct bench_answer {
    double seconds;    /* of bench_timed() */
    double operations; /* that were done in them: segments, round trips, connections */
    double octets;     /* of program data, where that is the figure */
    double value;      /* where the figure is nothing of these: octets of memory, per cent */
};

typedef void (*bench_function)(const struct bench_case *question, struct bench_answer *answer);

enum bench_unit { BENCH_GBIT, BENCH_PER_SECOND, BENCH_NS, BENCH_BYTES, BENCH_PER_CENT, BENCH_TIMES };

struct bench_row {
    const char *name, *text;
    enum bench_unit unit;
    bench_function run;
    const char *kind;              /* what peers know it as; NULL: it is of this stack alone */
    struct bench_case question;    /* but for the family */
    const char *counted;           /* the operation whose instructions are counted, or NULL: none */
    bool seldom;                   /* takes minutes and gigabytes: only by its name */
    bool both;                     /* measures both families at once; the others are there twice */
};

/* The rows, ended by one without a name. */
extern const struct bench_row bench_rows[];

double bench_figure(enum bench_unit unit, const struct bench_answer *answer);
const char *bench_unit_name(enum bench_unit unit);

void bench_bulk(const struct bench_case *question, struct bench_answer *answer);
void bench_round_trips(const struct bench_case *question, struct bench_answer *answer);
void bench_batches(const struct bench_case *question, struct bench_answer *answer);
void bench_connections(const struct bench_case *question, struct bench_answer *answer);
void bench_segment(const struct bench_case *question, struct bench_answer *answer);
void bench_families(const struct bench_case *question, struct bench_answer *answer);
void bench_idle(const struct bench_case *question, struct bench_answer *answer);
void bench_limit(const struct bench_case *question, struct bench_answer *answer);
void bench_keepalive(const struct bench_case *question, struct bench_answer *answer);
void bench_rest_parts(const struct bench_case *question, struct bench_answer *answer);
void bench_wake(const struct bench_case *question, struct bench_answer *answer);
void bench_wire(const struct bench_case *question, struct bench_answer *answer);
void bench_shards(const struct bench_case *question, struct bench_answer *answer);
void bench_apart(const struct bench_case *question, struct bench_answer *answer);

/* ---- machine.c ---- */

/* Aborts the benchmark with a clear line: a figure of a broken run is worth nothing. */
void bench_missed(const char *what);
static inline void bench_expect(bool truth, const char *what)
{
    if (__builtin_expect(!truth, 0))
        bench_missed(what);
}

/* Counting: short runs, and a clock that moves by a microsecond a look, so that every run is the same. */
void bench_count_only(void);
bool bench_is_counted(void);
/* `many` of something, or of a counted run `few`. */
uint32_t bench_amount(uint32_t many, uint32_t few);

/* Does the work; the thread's processor time that it took. */
double bench_timed(void (*work)(void *context), void *context);
double bench_seconds(void);
/* The time for a stack, whose clock it is. */
struct baro_instant bench_now(void);
/* That clock jumps on, so that timers expire without waiting. */
void bench_skip(struct baro_duration span);

/* Callgrind counts from here to bench_row_end(), whatever bench_timed() does. */
void bench_row_end(void);

/* For struct baro_stack_config. */
struct baro_memory bench_memory(void);
/* The same of the C library, for stacks that threads come and go with. */
struct baro_memory bench_memory_plain(void);
struct baro_statistics bench_statistics(struct baro_stack *stack);
uint32_t bench_random(uint32_t *state, uint32_t below);

/* Octets of memory that a program of the bulk rows has, and calls for at once. */
enum { BENCH_PROGRAM = 4096 };
/* Copies a frame's octets: plain vector moves, since memcpy's choice for long ones, `rep movsb`, is slow on some
 * machines. */
void bench_copy(uint8_t *to, const uint8_t *from, size_t length);
/* The same of a frame's parts, one behind the other; how many octets. */
size_t bench_gather(uint8_t *to, const struct baro_bytes part[], unsigned parts);
/* Slots of a wire for frames of so many octets: what 128 KiB hold, so that a second-level cache holds them beside
 * buffers. */
enum { BENCH_SLOTS = 64 };
unsigned bench_slots(size_t octets);

/* ---- pair.c ---- */

/* Two stacks whose devices hand each other frames in memory, with addresses and neighbours of one family. */
struct bench_pair;

struct bench_pair *bench_pair_create(const struct bench_case *question);
void bench_pair_free(struct bench_pair *pair);
struct baro_stack *bench_pair_stack(struct bench_pair *pair, int which); /* 0 client, 1 server */
/* Frames that came to an end so far. */
uint64_t bench_pair_frames(const struct bench_pair *pair, int which);
/* Whether a stack gives out sockets of the family. */
bool bench_has(enum baro_family family);
/* Polls both once, the client first. */
void bench_pair_poll(struct bench_pair *pair);
/* Polls both until neither wants to be polled at once: who is idle for long enough rests. Readiness is forgotten. */
void bench_pair_settle(struct bench_pair *pair);
/* So many times nothing happens for `step_s` seconds: nothing is owed then, and who is idle rests. */
void bench_pair_silence(struct bench_pair *pair, unsigned times, unsigned step_s);
/* Empties the queues of readiness: a program would be told. */
void bench_pair_forget(struct bench_pair *pair);

/* A listener of the server on a port, and a connection through it. Descriptors. */
int bench_listen(struct bench_pair *pair, uint16_t port, int backlog);
void bench_connect(struct bench_pair *pair, int listener, uint16_t port, int *client, int *server);
struct baro_endpoint bench_pair_server(const struct bench_pair *pair, uint16_t port);

/* Established connections, 20,000 a port of the server. */
struct bench_connections {
    struct bench_pair *pair;
    uint32_t count;
    int *client, *server;
};
void bench_connections_open(struct bench_connections *all, const struct bench_case *question);
void bench_connections_close(struct bench_connections *all);

/* ---- peer.c ---- */

/* One stack, a server on port 7, and a peer made by hand: clients behind a router, up to 50,000 an address. */
struct bench_peer;

struct bench_peer *bench_peer_create(const struct bench_case *question);
void bench_peer_free(struct bench_peer *peer);
struct baro_stack *bench_peer_stack(struct bench_peer *peer);
/* Makes data segments of `length` octets, each of a connection drawn at random; they wait for the stack's next
 * polls. */
void bench_peer_make(struct bench_peer *peer, uint32_t count, uint32_t length, uint32_t *random);
/* The same of connection number `first` and those that follow it, one each, as many as fit: how many. */
uint32_t bench_peer_make_each(struct bench_peer *peer, uint32_t first, uint32_t length);
/* Of these, how many still wait. */
uint32_t bench_peer_waiting(const struct bench_peer *peer);

#endif
