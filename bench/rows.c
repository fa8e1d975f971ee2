/* bench/rows.c: the list of measurements. Everything is on: timestamps, SACK, window scaling, validation, CUBIC, real
 * TIME-WAIT. What a row leaves out it says. */
#include "bench.h"

#include <stddef.h>

#define BULK(size, how) .unit = BENCH_GBIT, .run = bench_bulk, .kind = "bulk", .question = { .mtu = size, .offload = how }
#define SEGMENT(number) .unit = BENCH_NS, .run = bench_segment, .kind = "segment", .question = { .mtu = 1500, .connections = number }
#define FAMILIES(number) .unit = BENCH_PER_CENT, .run = bench_families, .both = true, \
                         .question = { .mtu = 1500, .connections = number }
#define SIZE(number) .unit = BENCH_GBIT, .run = bench_bulk, .kind = "bulk", .question = { .mtu = 1500, .message = number }
#define SIZE_SUPER(number) .unit = BENCH_GBIT, .run = bench_bulk, .kind = "bulk", \
    .question = { .mtu = 1500, .offload = BENCH_SUPER, .message = number }
#define CONNECTIONS(known_as, at_once, filled, limit, number, again) \
    .unit = BENCH_PER_SECOND, .run = bench_connections, \
    .kind = known_as, .question = { .mtu = 1500, .batch = at_once, .time_wait = filled, .time_wait_limit = limit, \
                                    .ports = number, .reused = again }
#define IDLE(number) .unit = BENCH_BYTES, .run = bench_idle, .kind = "idle", \
                     .question = { .mtu = 1500, .connections = number }
#define IDLE_ASKS(number) .unit = BENCH_BYTES, .run = bench_idle, \
    .question = { .mtu = 1500, .connections = number, .asks = true }
#define LIMIT(size, how) .unit = BENCH_GBIT, .run = bench_limit, .both = true, \
    .question = { .mtu = size, .offload = how }
#define WAKE(number) .unit = BENCH_NS, .run = bench_wake, .question = { .mtu = 1500, .connections = number }
#define REST(number, which) .unit = BENCH_NS, .run = bench_rest_parts, \
    .question = { .mtu = 1500, .connections = number, .rest_part = which }
#define KEEPALIVE(number, at_once, slice) .unit = BENCH_NS, .run = bench_keepalive, \
    .question = { .mtu = 1500, .connections = number, .batch = at_once, .longest = slice }
#define WIRE(medium_kind) .unit = BENCH_PER_SECOND, .run = bench_wire, .question = { .medium = medium_kind }

const struct bench_row bench_rows[] = {
    { "bulk-1500", "bulk, MTU 1500, software checksums", BULK(1500, BENCH_NONE), .counted = "segment" },
    { "bulk-1500-offload", "bulk, MTU 1500, checksums offloaded", BULK(1500, BENCH_CHECKSUM), .counted = "segment" },
    { "bulk-9000", "bulk, MTU 9000, software checksums", BULK(9000, BENCH_NONE), .counted = "segment" },
    { "bulk-9000-posted", "the same, the program says beforehand where what comes shall go", .unit = BENCH_GBIT,
      .run = bench_bulk, .kind = "bulk", .question = { .mtu = 9000, .posted = true }, .counted = "segment" },
    { "bulk-large", "bulk, super-segments, software checksums", BULK(1500, BENCH_LARGE), .counted = "super-segment" },
    { "bulk-super", "bulk, super-segments, checksums offloaded", BULK(1500, BENCH_SUPER), .counted = "super-segment" },
    { "bulk-super-zero", "the same, the program reserves and commits, peeks and consumes", .unit = BENCH_GBIT,
      .run = bench_bulk, .question = { .mtu = 1500, .offload = BENCH_SUPER, .zero_copy = true },
      .counted = "super-segment" },
    { "bulk-large-posted", "super-segments, software checksums, the program says beforehand where what comes shall go",
      .unit = BENCH_GBIT, .run = bench_bulk, .question = { .mtu = 1500, .offload = BENCH_LARGE, .posted = true },
      .counted = "super-segment" },
    { "bulk-super-posted", "the same, checksums offloaded", .unit = BENCH_GBIT, .run = bench_bulk,
      .question = { .mtu = 1500, .offload = BENCH_SUPER, .posted = true }, .counted = "super-segment" },
    { "round-trips", "64-byte round trips, one connection", .unit = BENCH_PER_SECOND, .run = bench_round_trips,
      .kind = "round-trips", .question = { .mtu = 1500, .connections = 1 }, .counted = "round trip" },
    { "round-trips-100000", "64-byte round trips over 100,000 connections, 16 in flight", .unit = BENCH_PER_SECOND,
      .run = bench_batches, .kind = "batches", .question = { .mtu = 1500, .connections = 100000, .batch = 16 },
      .counted = "round trip" },
    { "round-trips-100000-8", "the same, 8 questions at once on each of the 16", .unit = BENCH_PER_SECOND,
      .run = bench_batches, .kind = "batches",
      .question = { .mtu = 1500, .connections = 100000, .batch = 16, .questions = 8 }, .counted = "round trip" },
    { "connections", "connect, 1 byte each way, close; 16 ports, TIME-WAIT is kept",
      CONNECTIONS("connections", 1, 0, 0, 16, false), .counted = "connection" },
    { "connections-16", "the same, 16 at a time", CONNECTIONS("connections", 16, 0, 0, 16, false),
      .counted = "connection" },
    { "connections-oldest", "one at a time, a million in TIME-WAIT, 64 ports: the oldest goes",
      CONNECTIONS("connections-oldest", 1, 1000000, 1000000, 64, false), .counted = "connection" },
    { "connections-reused", "the same, 500,000 in TIME-WAIT, 16 ports: most are reused",
      CONNECTIONS("connections-reused", 1, 500000, 1100000, 16, true), .counted = "connection" },
    { "segment-10", "a received segment, random one of 10 connections", SEGMENT(10), .counted = "segment" },
    { "segment-1000", "a received segment, random one of 1,000", SEGMENT(1000), .counted = "segment" },
    { "segment-10000", "a received segment, random one of 10,000", SEGMENT(10000), .counted = "segment" },
    { "segment-100000", "a received segment, random one of 100,000", SEGMENT(100000), .counted = "segment" },
    { "segment-1000000", "a received segment, random one of 1,000,000", SEGMENT(1000000), .counted = "segment" },
    { "size-1", "calls of send of 1 octet, MTU 1500", SIZE(1), .counted = "segment" },
    { "size-4", "calls of send of 4 octets", SIZE(4), .counted = "segment" },
    { "size-16", "calls of send of 16 octets", SIZE(16), .counted = "segment" },
    { "size-64", "calls of send of 64 octets", SIZE(64), .counted = "segment" },
    { "size-256", "calls of send of 256 octets", SIZE(256), .counted = "segment" },
    { "size-1024", "calls of send of 1 KiB", SIZE(1024), .counted = "segment" },
    { "size-4096", "calls of send of 4 KiB", SIZE(4096), .counted = "segment" },
    { "size-16384", "calls of send of 16 KiB", SIZE(16384), .counted = "segment" },
    { "size-65536", "calls of send of 64 KiB", SIZE(65536), .counted = "segment" },
    { "size-262144", "calls of send of 256 KiB", SIZE(262144), .counted = "segment" },
    { "size-1048576", "calls of send of 1 MiB", SIZE(1048576), .counted = "segment" },
    { "size-super-1", "calls of send of 1 octet, super-segments, checksums offloaded", SIZE_SUPER(1),
      .counted = "super-segment" },
    { "size-super-4", "calls of send of 4 octets, super-segments", SIZE_SUPER(4), .counted = "super-segment" },
    { "size-super-16", "calls of send of 16 octets, super-segments", SIZE_SUPER(16), .counted = "super-segment" },
    { "size-super-64", "calls of send of 64 octets, super-segments", SIZE_SUPER(64), .counted = "super-segment" },
    { "size-super-256", "calls of send of 256 octets, super-segments", SIZE_SUPER(256), .counted = "super-segment" },
    { "size-super-1024", "calls of send of 1 KiB, super-segments", SIZE_SUPER(1024), .counted = "super-segment" },
    { "size-super-4096", "calls of send of 4 KiB, super-segments", SIZE_SUPER(4096), .counted = "super-segment" },
    { "size-super-16384", "calls of send of 16 KiB, super-segments", SIZE_SUPER(16384), .counted = "super-segment" },
    { "size-super-65536", "calls of send of 64 KiB, super-segments", SIZE_SUPER(65536), .counted = "super-segment" },
    { "size-super-262144", "calls of send of 256 KiB, super-segments", SIZE_SUPER(262144), .counted = "super-segment" },
    { "size-super-1048576", "calls of send of 1 MiB, super-segments", SIZE_SUPER(1048576), .counted = "super-segment" },
    { "families-10", "IPv6 over IPv4, a round trip, of 10 connections", FAMILIES(10) },
    { "families-1000", "IPv6 over IPv4, a round trip, of 1,000 connections", FAMILIES(1000) },
    { "families-10000", "IPv6 over IPv4, a round trip, of 10,000 connections", FAMILIES(10000) },
    { "idle-100", "memory of an idle connection, one end, of 100", IDLE(100) },
    { "idle-1000", "memory of an idle connection, one end, of 1,000", IDLE(1000) },
    { "idle-10000", "memory of an idle connection, one end, of 10,000", IDLE(10000) },
    { "idle-100000", "memory of an idle connection, one end, of 100,000", IDLE(100000) },
    { "idle-1000000", "memory of an idle connection, one end, of 1,000,000", IDLE(1000000) },
    { "idle-keepalive-10000", "memory of an idle connection with keepalive on, one end, of 10,000", IDLE_ASKS(10000) },
    { "idle-keepalive-100000", "memory of an idle connection with keepalive on, one end, of 100,000",
      IDLE_ASKS(100000) },
    { "limit-1500", "the machine's limit: octets copied three times, MTU 1500", LIMIT(1500, BENCH_NONE) },
    { "limit-9000", "the machine's limit: octets copied three times, MTU 9000", LIMIT(9000, BENCH_NONE) },
    { "limit-super", "the machine's limit: octets copied three times, 64 KiB", LIMIT(1500, BENCH_SUPER) },
    { "wake-1000", "question and answer on a random one of 1,000 that rest", WAKE(1000),
      .counted = "question and answer" },
    { "wake-100000", "question and answer on a random one of 100,000 that rest", WAKE(100000),
      .counted = "question and answer" },
    { "wake-10000000", "question and answer on a random one of 10,000,000 that rest", WAKE(10000000), .seldom = true },
    { "wake-call", "a send by one of 1,000 that rest, its frame included", REST(1000, BENCH_WAKE_CALL),
      .counted = "call" },
    { "wake-segment", "a segment for one of 1,000 that rest", REST(1000, BENCH_WAKE_SEGMENT), .counted = "segment" },
    { "wake-segment-100000", "a segment for one of 100,000 that rest", REST(100000, BENCH_WAKE_SEGMENT) },
    { "rest-again", "from the last text to the rest: all timers of an end", REST(1000, BENCH_REST_AGAIN),
      .counted = "connection" },
    { "keepalive-100000", "a keepalive pass over 100,000 that rest, all due at once: a connection's share",
      KEEPALIVE(100000, 1000, false) },
    { "keepalive-slice-100000", "999 of 1,000 polls of such a pass took at most", KEEPALIVE(100000, 1000, true) },
    { "keepalive-10000000", "a keepalive pass over 10,000,000 that rest", KEEPALIVE(10000000, 20000, false),
      .seldom = true },
    { "keepalive-slice-10000000", "999 of 1,000 polls of such a pass took at most", KEEPALIVE(10000000, 20000, true),
      .seldom = true },
    { "wire-10", "frames of 1,514 octets through 10BASE-T, both ends", WIRE(BARO_MEDIUM_10BASE_T) },
    { "wire-100", "frames of 1,514 octets through 100BASE-TX, both ends", WIRE(BARO_MEDIUM_100BASE_TX) },
    { "shards-2", "two shards on two cores, bulk, MTU 1500", .unit = BENCH_TIMES, .run = bench_shards,
      .question = { .mtu = 1500 } },
    { "limit-shards-2", "the machine's limit: two processes that share nothing", .unit = BENCH_TIMES,
      .run = bench_apart, .question = { .mtu = 1500 } },
    { .name = NULL },
};

double bench_figure(enum bench_unit unit, const struct bench_answer *answer)
{
    switch (unit) {
    case BENCH_GBIT:
        return answer->octets * 8 / answer->seconds / 1e9;
    case BENCH_PER_SECOND:
        return answer->operations / answer->seconds;
    case BENCH_NS:
        return answer->seconds * 1e9 / answer->operations;
    default:
        return answer->value;
    }
}

const char *bench_unit_name(enum bench_unit unit)
{
    static const char *const names[] = { "Gbit/s", "a second", "ns", "bytes", "% of IPv4", "times one" };

    return names[unit];
}
