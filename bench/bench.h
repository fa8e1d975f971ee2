/* bench/bench.h: what the benchmarks share.
 *
 * All run in one thread: two stacks, frames passed in memory, program data copied in and out. A row is repeated and
 * its median, minimum and maximum are told; the time is the thread's own processor time. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "baro/socket.h"

/* Two stacks whose devices hand each other frames in memory. */
struct bench_pair;

enum bench_offload {
    BENCH_NONE,     /* segment by segment, software checksums made and verified */
    BENCH_CHECKSUM, /* segment by segment, the device has the checksums */
    BENCH_SUPER     /* super-segments and checksums offloaded */
};

struct bench_pair *bench_pair_create(uint32_t mtu, enum bench_offload offload);
void bench_pair_free(struct bench_pair *pair);
struct baro_stack *bench_pair_stack(struct bench_pair *pair, int which); /* 0 client, 1 server */
/* Polls both once, the client first. */
void bench_pair_poll(struct bench_pair *pair);
/* The same, `first` first: what it sends is with the other one then. */
void bench_pair_poll_from(struct bench_pair *pair, int first);
/* Makes the pair's clock jump on, so that timers expire without waiting. */
void bench_pair_skip(struct bench_pair *pair, struct baro_duration span);

/* A listener of the server on a port, and a connection through it. Descriptors; they abort the benchmark with a
 * clear line when something fails, since a figure of a broken run is worth nothing. */
int bench_listen(struct bench_pair *pair, uint16_t port, int backlog);
void bench_connect(struct bench_pair *pair, int listener, uint16_t port, int *client, int *server);
void bench_expect(bool truth, const char *what);

/* The thread's processor time and memory slabs now taken by a stack. */
double bench_seconds(void);
uint64_t bench_slab_bytes(struct baro_stack *stack);

/* One measurement gives one figure; `argument` is the row's. */
typedef double (*bench_function)(int argument);

double bench_bulk(int argument);       /* mtu * 4 + offload -> Gbit/s */
double bench_round_trips(int argument);/* connections -> round trips of 64 octets a second */
double bench_connections(int argument);/* -> connect, 1 octet each way, close: a second */
double bench_segment(int argument);    /* connections -> ns a received segment, random connection */
double bench_idle(int argument);       /* connections -> bytes of memory an idle connection, one end */
double bench_wire(int argument);       /* enum baro_medium_kind -> frames of 1514 octets a second */

#endif
