/* host/device/link_internal.h: what the two kinds of links share.
 *
 * link.c asks the kernel about the interface and keeps the counters; packet.c and xdp.c are a kind each. */
#ifndef DEVICE_LINK_INTERNAL_H
#define DEVICE_LINK_INTERNAL_H

#include "baro/link.h"

enum {
    LINK_HEADER = 14,
    LINK_FRAME_EXTRA = 18, /* Ethernet header and a VLAN tag */
    LINK_SUPER = 65536 + LINK_FRAME_EXTRA /* octets of the largest super-segment with its headers */
};

struct baro_link {
    struct baro_device device;
    struct baro_link_counts counts;
    int fd, control;    /* the frames' socket; one to ask about the interface */
    int index;          /* of the interface */
    char name[16];
    uint32_t queue;
    uint32_t empty;     /* bursts without frames */
    bool offloads, promiscuous;
    bool local;         /* the other end is this machine (veth): checksums may be undone without a word */
    void *kind;         /* struct packet, struct xdp */
    void (*close)(struct baro_link *link);
    void (*count)(struct baro_link *link); /* adds what the kernel counted since the last time */
};

/* Each opens what the link's kind needs on link->fd, fills in the device's functions, `kind`, `close` and `count`; on
 * failure says why and leaves nothing behind. 0 or -1 with errno. */
int packet_open(struct baro_link *link, char *error, size_t size);
int xdp_open(struct baro_link *link, char *error, size_t size);

/* For a burst without frames: a socket whose interface went has an error until it is read, and would wake us for
 * ever. */
void link_look_for_errors(struct baro_link *link);

/* Says "WHAT: strerror" and returns -1, errno untouched. */
int link_complain(char *error, size_t size, const char *what);

#endif
