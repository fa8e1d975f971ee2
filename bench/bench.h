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

/* With addresses and neighbours of one family. */
struct bench_pair *bench_pair_create(enum baro_family family, uint32_t mtu, enum bench_offload offload);
void bench_pair_free(struct bench_pair *pair);
struct baro_stack *bench_pair_stack(struct bench_pair *pair, int which); /* 0 client, 1 server */
/* Whether a stack gives out sockets of the family. */
bool bench_has(enum baro_family family);
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

/* One measurement gives one figure; the family and `argument` are the row's. */
typedef double (*bench_function)(enum baro_family family, int argument);

double bench_bulk(enum baro_family family, int argument);       /* mtu * 4 + offload -> Gbit/s */
double bench_round_trips(enum baro_family family, int argument);/* connections -> round trips of 64 octets a second */
double bench_connections(enum baro_family family, int argument);/* -> connect, 1 octet each way, close: a second */
double bench_segment(enum baro_family family, int argument);    /* connections -> ns a received segment, random connection */
double bench_idle(enum baro_family family, int argument);       /* connections -> bytes of memory an idle connection, one end */
double bench_wire(enum baro_family family, int argument);       /* enum baro_medium_kind -> frames of 1514 octets a second */

/* What a received segment costs over IPv6, in per cent of IPv4, on so many connections of each: both are measured in
 * turns of a few milliseconds, so that a machine that becomes slower does so for both. The family is not looked at. */
double bench_families(enum baro_family family, int argument);

#endif
