/* transport/capture.h: packet sockets: copies of the frames that pass, for programs that look (tcpdump's side of a
 * host).
 *
 * Each open socket gets a copy of every frame of its interface (or of all), in and out, cut to its snap length, behind
 * a record of when, where and how long it was. The queue is bounded; a frame that finds it full is counted and not
 * kept, so looking never holds the way up. With no socket open a frame costs one branch. What we send is seen as it is
 * handed to the device: super-segments whole, checksums that the device fills in not yet right. What goes to ourselves
 * is seen twice, going out and coming in, as on Linux. */
#ifndef TRANSPORT_CAPTURE_H
#define TRANSPORT_CAPTURE_H

#include "baro/socket.h"
#include "base/core.h"
#include "base/pool.h"
#include "base/queue.h"
#include "base/likely.h"

struct capture_settings {
    uint32_t recv_buffer, snap_length; /* octets */
    int interface;                     /* -1: all */
};

struct capture {
    struct capture_settings settings;
    struct queue queue;
    uint64_t seen, dropped;
    uint32_t owner;
    bool told; /* its owner's event waits */
    struct capture *next;
};

struct captures {
    struct core *core;
    struct pool sockets;
    struct capture *first; /* newest first */
    bool events;           /* some are `told` */
};

void captures_init(struct captures *captures, struct core *core, uint32_t socket_limit);
void captures_release(struct captures *captures);

static inline bool captures_wanted(const struct captures *captures)
{
    return UNLIKELY(captures->first != NULL);
}

/* A frame in up to three parts passes. */
void captures_frame(struct captures *captures, int interface, bool outgoing, const struct baro_bytes *part,
                    unsigned parts);

void capture_settings_init(struct capture_settings *settings);
/* 0, -ENOBUFS. */
int capture_open(struct captures *captures, uint32_t owner, const struct capture_settings *settings,
                 struct handle *socket);
void capture_close(struct captures *captures, struct handle socket);
void capture_change(struct captures *captures, struct handle socket, const struct capture_settings *settings);
/* The octets kept that fit, or -EAGAIN. */
ptrdiff_t capture_recv(struct captures *captures, struct handle socket, struct baro_message *message, unsigned flags);
unsigned capture_readiness(const struct captures *captures, struct handle socket);
uint32_t capture_readable(const struct captures *captures, struct handle socket);
struct baro_packet_statistics capture_statistics(const struct captures *captures, struct handle socket);
bool capture_next_event(struct captures *captures, uint32_t *owner);
void captures_check_invariants(const struct captures *captures);

#endif
