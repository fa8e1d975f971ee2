/* transport/tcp/held.h: text in order that still stands in its frame, until the program's turn is over (held.c). */
#ifndef TRANSPORT_TCP_HELD_H
#define TRANSPORT_TCP_HELD_H

#include "baro/device.h"
#include "base/pool.h"

struct tcp;
struct tcp_connection;

enum {
    TCP_HELD_MOST = BARO_BURST_LIMIT, /* a frame has one text */
    TCP_HELD_LEAST = 512,             /* octets that are better not copied wherever they would go */
    TCP_HELD_PAUSE = 32               /* bursts that are copied at once after one that the program left */
};

/* The text of a frame, or what is left of it to be read. */
struct tcp_held_text {
    const uint8_t *at;
    uint64_t offset;              /* in its stream, where the octets have their place in the ring */
    uint32_t octets;              /* 0: all are read */
    struct tcp_connection *place; /* which may have ended since: `handle` tells */
    struct handle handle;
};

struct tcp_held {
    bool open;                    /* frames of this burst stay when it is over */
    uint8_t pause;                /* bursts for which they do not */
    uint32_t count, unread;       /* texts of the burst; those of them with something left */
    struct tcp_held_text text[TCP_HELD_MOST];
};

/* For connection `c`, of which something is held. What is left of it is copied into its ring. */
void tcp_held_settle_of(struct tcp *tcp, struct tcp_connection *c);
/* Memory of connections that are no more is about to go: what is held of them is forgotten. */
void tcp_held_forget(struct tcp *tcp);
/* recv.begin has moved. */
void tcp_held_passed(struct tcp *tcp, struct tcp_connection *c);
/* As ring_read(), of the ring or of frames. */
void tcp_held_read(const struct tcp *tcp, const struct tcp_connection *c, uint64_t offset, uint8_t *data, uint32_t length);
/* All that is there to be read, in two parts; false: it takes more of them. */
bool tcp_held_slice(const struct tcp *tcp, const struct tcp_connection *c, struct baro_bytes part[2]);

#endif
