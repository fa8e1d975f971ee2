/* transport/tcp/expected.h: the segments that connections wait for, before anything else is made of them;
 * expected.c says which they are.
 *
 * A burst is looked at several times, so that what one segment needs of memory is on its way while others are worked
 * off: first all four-tuples are hashed and the buckets asked for; then, some segments ahead of the work, the bucket is
 * searched and the connection asked for, and fewer ahead, what hangs on the connection. Of a million connections each
 * of these is a miss, and they overlap. No more are under way at once than the processor can wait for. */
#ifndef TRANSPORT_TCP_EXPECTED_H
#define TRANSPORT_TCP_EXPECTED_H

#include <stddef.h>

#include "baro/device.h"
#include "baro/types.h"
#include "base/inline.h"
#include "base/pool.h"
#include "base/words.h"
#include "codec/ip_protocol.h"

struct demux_bucket;
struct tcp;
struct tcp_connection;

/* A connection that took an expected segment of late: among a few hundred the next one finds it without a hash. What is
 * remembered of the four-tuple says whether it is worth looking at the connection; who it is, the connection says. */
enum { TCP_LATELY_BITS = 8 };
/* Of many connections nearly nobody is found there. Behind TRIES segments in a row of bursts in which hardly anybody
 * was, nobody is looked for or remembered but in the FIRST of EACH so many more, which would find out that they are
 * fewer again. */
enum { TCP_LATELY_TRIES = 512, TCP_LATELY_EACH = 4096, TCP_LATELY_FIRST = 512 };
struct tcp_lately {
    uint32_t ports, from;              /* as they stand in the segment; of the source address the last four octets */
    struct handle handle;
    struct tcp_connection *place;      /* NULL: nobody, or forgotten */
};

#define TCP_NOBODY UINT32_MAX /* no name in the demux */

/* A segment in an IP packet about which nothing is special: no options or extension headers, no fragment, one
 * host's address to another's. */
struct tcp_arrival {
    const uint8_t *addresses; /* source and destination, as they stand in the IP header */
    const uint8_t *octets;    /* TCP's header and text; at least the header without options is there */
    uint32_t length;          /* of them */
    uint32_t moves;           /* of the demux, when it said `bucket` */
    uint64_t hash;            /* of the four-tuple, the whole */
    /* the native sum of the pseudo-header; of as long a segment between the same two it is the same */
    uint64_t sum_of_pseudo;
    /* where the demux looks for the hash first, or NULL; none where it is sure whose it is */
    const struct demux_bucket *bucket;
    struct tcp_connection *place; /* a connection, while `handle` is good; NULL: none. `sure`: the one */
    struct handle handle;     /* whose it seems to be; not `sure`: known from the third look on */
    uint32_t name;            /* ... and in the demux from the second on, or TCP_NOBODY */
    uint16_t gso_size;        /* TCP payload of each piece when it is a super-segment, else 0 */
    uint8_t family, source_zone, destination_zone;
    uint8_t tos;            /* or traffic class */
    bool checksum_verified; /* by the device */
    bool sure;              /* its four-tuple is that of `handle` */
};

/* Of two addresses, `octets` in all, and a segment of that length. */
ALWAYS_INLINE uint64_t tcp_sum_of_pseudo(const uint8_t *addresses, unsigned octets, uint32_t length)
{
    /* both halves of it: 2^16 counts as 1 */
    return words_carry(words_add(0, addresses, octets), words_number(IP_PROTOCOL_TCP + length));
}

/* The connection of a segment is found step by step, and its memory fetched ahead; once it is `sure`, later steps do
 * nothing:
 *
 *   1 tcp_look_up() alone, tcp_look_up_of_burst(): is it the one heard of last, or one of those of late? Sets place,
 *     handle, sure.
 *   2 tcp_look_up_hashes(): the hash of the four-tuple, and the demux's bucket, which is prefetched.
 *   3 tcp_look_up_connection(): the bucket is searched, the connection's first line prefetched. Sets name and place.
 *   4 tcp_prefetch_lines(), 5 tcp_prefetch_text(): its other lines; its rings and what is in flight.
 *
 * Steps 3 and 4 touch pages that the processor has not seen for long: for several segments at once it walks to them
 * side by side. */
void tcp_look_up(struct tcp *tcp, struct tcp_arrival *arrival);
/* Is this connection still the one that was heard of last? Then it is the segment's, of which the caller knows that. */
bool tcp_look_up_again(const struct tcp *tcp, struct handle connection, struct tcp_arrival *arrival);
/* The same of a segment that says who its connection is, and where it was. */
bool tcp_look_up_same(const struct tcp *tcp, const struct tcp_arrival *arrival);
bool tcp_look_up_known(const struct tcp *tcp, struct tcp_arrival *arrival);
/* Is it sure, of one of a burst? Among thousands nobody is asked for, and nobody known. */
bool tcp_look_up_of_burst(const struct tcp *tcp, struct tcp_arrival *arrival);
/* Of a burst of `count` so many were not known. */
void tcp_look_up_strangers(struct tcp *tcp, unsigned unknown, unsigned count);
void tcp_look_up_hashes(const struct tcp *tcp, struct tcp_arrival *const arrival[], unsigned count);
void tcp_look_up_connection(struct tcp *tcp, struct tcp_arrival *arrival);
void tcp_prefetch_lines(const struct tcp_arrival *arrival);
void tcp_prefetch_text(const struct tcp *tcp, struct tcp_arrival *arrival);

/* The work: it is what its connection waits for, and everything is done. False: nothing was touched, and
 * tcp_in() shall have it. The trace is off. */
bool tcp_expected(struct tcp *tcp, const struct tcp_arrival *arrival);

/* As tcp_expected(), of the segments in `count` frames, each `at` octets behind its beginning, that say the same as
 * `first` up to their ports and are as long; that one was in front of them in the burst, it is sure whose it is, and
 * tcp_expected() took it. Nothing came between. How many were taken: not more than the queue of intents has room for.
 * expected_again.c */
unsigned tcp_expected_again(struct tcp *tcp, const struct tcp_arrival *first, const struct baro_rx_frame frame[],
                            ptrdiff_t at, unsigned count);

/* The same for the segments of an opening dialogue; `mtu`: of the interface that it came in by. expected_open.c */
bool tcp_expected_opening(struct tcp *tcp, const struct tcp_arrival *arrival, uint32_t mtu);

/* Whose it is after all, so that nobody searches again; NULL: not known. */
struct tcp_connection *tcp_looked_up(const struct tcp *tcp, const struct tcp_arrival *arrival);

#endif
