/* transport/tcp/borrowed.h: text in order that still stands in its frame, until the program's turn is over
 * (borrowed.c). */
#ifndef TRANSPORT_TCP_BORROWED_H
#define TRANSPORT_TCP_BORROWED_H

#include "baro/device.h"
#include "base/pool.h"

struct tcp;
struct tcp_connection;

enum {
    TCP_BORROWED_MOST = BARO_BURST_LIMIT, /* a frame has one text */
    TCP_BORROWED_LEAST = 512,             /* octets that are better not copied wherever they would go */
    TCP_BORROWED_PAUSE = 32               /* bursts that are copied at once after one that the program left */
};

/* The text of a frame, or what is left of it to be read. */
struct tcp_borrowed_text {
    const uint8_t *at;
    uint64_t offset;              /* in its stream, where the octets have their place in the ring */
    uint32_t octets;              /* 0: all are read */
    struct tcp_connection *place; /* which may have ended since: `handle` tells */
    struct handle handle;
};

struct tcp_borrowed {
    bool stays;                   /* frames of this burst stay when it is over */
    uint8_t pause;                /* bursts for which they do not */
    uint32_t count, unread;       /* texts of the burst; those of them with something left */
    struct tcp_borrowed_text text[TCP_BORROWED_MOST];
};

/* For connection `c`, of whose text something is borrowed. What is left of it is copied into its ring. */
void tcp_borrowed_settle_of(struct tcp *tcp, struct tcp_connection *c);
/* Memory of connections that are no more is about to go: what is borrowed of them is forgotten. */
void tcp_borrowed_forget(struct tcp *tcp);
/* recv.begin has moved. */
void tcp_borrowed_passed(struct tcp *tcp, struct tcp_connection *c);
/* As ring_read(), of the ring or of frames. */
void tcp_borrowed_read(const struct tcp *tcp, const struct tcp_connection *c, uint64_t offset, uint8_t *data,
                       uint32_t length);
/* All that is there to be read, in two parts; false: it takes more of them. */
bool tcp_borrowed_slice(const struct tcp *tcp, const struct tcp_connection *c, struct baro_bytes part[2]);

#endif
