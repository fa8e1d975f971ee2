/* transport/tcp/time_wait.h: TIME-WAIT records and where they are kept.
 *
 * A record is what RFC 9293 §3.10.7.4 and RFC 6191 want to know, 64 octets with the addresses of IPv4 and 88 with those
 * of IPv6, all included: it stands in an array, links are places in it, and nothing is in front of it. A table for each
 * family, in chunks of 1,024 that are taken as needed and go back when nothing rests any more.
 *
 * All records last equally long, so each table's records form one queue in order of their deadlines: the next that ends
 * is the first, and where there may be no more the first is the one that goes. */
#ifndef TRANSPORT_TCP_TIME_WAIT_H
#define TRANSPORT_TCP_TIME_WAIT_H

#include "base/pool.h"
#include "base/seq.h"

struct tcp_time_wait {
    int64_t began_ns;                  /* or began anew */
    uint32_t generation;               /* odd while in use */
    /* in the queue: the place and 1, 0: none; `next` of a free one: the next free one */
    uint32_t next, previous;
    uint32_t hash;                     /* of its four-tuple, for the demux */
    struct seq snd_nxt, rcv_nxt;
    uint32_t ts_recent, ts_offset;
    uint32_t answered_ms;              /* the last ACK for nothing; 0: none */
    uint16_t local_port, remote_port;
    uint16_t window;                   /* as it goes into the header */
    int16_t ttl;                       /* -1: the path's */
    uint8_t tos;
    bool timestamps;
    uint8_t local_zone, remote_zone;
    uint8_t addresses[];               /* local, remote: 4 octets each or 16 */
};

enum {
    TIME_WAIT_BYTES_IPV4 = 64,
    TIME_WAIT_BYTES_IPV6 = 88,
    TIME_WAIT_CHUNK = 1024,            /* records */
    TIME_WAIT_CHUNKS = 4096,
    TIME_WAIT_MOST = 1000000           /* unless the embedder says otherwise */
};
_Static_assert(sizeof(struct tcp_time_wait) + 8 == TIME_WAIT_BYTES_IPV4, "a TIME-WAIT record has grown");

struct time_wait_table {
    struct slabs *slabs;
    uint32_t size;                     /* octets of a record */
    uint32_t used, fresh;              /* records now; places below `fresh` have been used */
    uint32_t chunks;
    uint32_t free_first;               /* links, as in a record */
    uint32_t first, last;              /* of the queue */
    uint8_t **chunk;                   /* TIME_WAIT_CHUNKS pointers */
};

/* Takes no memory yet. */
void time_wait_table_init(struct time_wait_table *table, struct slabs *slabs, uint32_t size);
void time_wait_table_release(struct time_wait_table *table);

/* The record that a link names. */
static inline struct tcp_time_wait *time_wait_at(const struct time_wait_table *table, uint32_t link)
{
    uint32_t place = link - 1;

    return (struct tcp_time_wait *)(void *)(table->chunk[place / TIME_WAIT_CHUNK] +
                                            (size_t)table->size * (place % TIME_WAIT_CHUNK));
}

/* A record at the end of the queue, and the link to it; nothing in it is zeroed. 0: no memory. */
uint32_t time_wait_take(struct time_wait_table *table);
void time_wait_give_back(struct time_wait_table *table, uint32_t link);
/* To the end of the queue, once more. */
void time_wait_requeue(struct time_wait_table *table, uint32_t link);

#endif
