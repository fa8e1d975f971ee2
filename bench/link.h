/* bench/link.h: devices of this machine measured over a veth between two network namespaces.
 *
 * One thread is both ends, or each end has its own. What counts is the clock on the wall, since the kernel's share of
 * the work is partly done behind the threads' backs. */
#ifndef BENCH_LINK_H
#define BENCH_LINK_H

#include "baro/link.h"
#include "baro/socket.h"

/* Two namespaces of the process's own and the veth between them. */
struct link_net {
    int home, space[2];       /* descriptors of namespaces: where the process was; the two ends */
    int control[2];           /* a socket in each */
    struct baro_mac mac[2];   /* of the interfaces veth0 and veth1 */
};

/* Makes them, the kernel's addresses 10.9.0.1 and 10.9.0.2 on them. 0, or -1 and why not in `error`. */
int link_net_open(struct link_net *net, char *error, size_t size);
void link_net_close(struct link_net *net);
/* The thread goes into one end's namespace (0, 1), or home (-1). */
void link_net_enter(const struct link_net *net, int which);
/* What both interfaces do for the kernel's TCP. */
enum link_offloads {
    LINK_OFFLOADS_NONE,
    LINK_OFFLOADS_GRO, /* generic receive offload alone, which the kernel does in software */
    LINK_OFFLOADS_ALL  /* checksums both ways, scatter-gather, TSO, GSO and GRO */
};
/* Makes it so, and looks whether it is. 0, or -1 and why not in `error`. */
int link_net_offloads(const struct link_net *net, enum link_offloads offloads, char *error, size_t size);
/* 0, or -1 and why not in `error`. */
int link_net_mtu(const struct link_net *net, uint32_t mtu, char *error, size_t size);
/* NAPI of both interfaces in threads of the kernel's, for which GRO must be on; or in who sends. 0, or -1 and why
 * not. */
int link_net_threaded(const struct link_net *net, bool threaded, char *error, size_t size);
/* What the end has received since it was made: frames at the interface; packets at the kernel's IP, to which GRO gives
 * several frames as one. */
struct link_received {
    uint64_t frames, packets;
};
struct link_received link_net_received(const struct link_net *net, int which);

/* What is measured. */
enum link_what {
    LINK_RAW,     /* frames without a stack, as many each way; `octets` each */
    LINK_RAW_MIX, /* two of the MTU one way for one of 66 the other way, as TCP's segments and ACKs are */
    LINK_STACK,   /* one TCP connection of this stack, frame by frame, checksums in software */
    LINK_GRO,     /* the same, and one ACK for what a burst brings (BARO_DEVICE_GRO) */
    LINK_SUPER,   /* ... with the interface's offloads: super-segments */
    LINK_KERNEL,  /* one TCP connection of the kernel, its offloads off */
    LINK_KERNEL_GRO,  /* the same, and GRO: its receiver, too, sends one ACK for what a burst brings */
    LINK_KERNEL_SUPER /* all on */
};

struct link_job {
    const char *name, *text;
    enum link_what what;
    enum baro_link_kind kind;
    uint32_t octets;
    bool threads; /* one for each end */
    bool napi;    /* the interfaces' NAPI has threads of its own */
    uint32_t mtu; /* of both interfaces: 9,000 wants several pieces for a frame of AF_XDP */
};

struct link_figure {
    double frames; /* a second, those of both directions; the kernel's TCP: as its interfaces count them */
    double gbit;   /* of program data a second */
    double per_ack;    /* TCP: frames to the receiver for one from it */
    double per_packet; /* the kernel's TCP: frames to the receiver in one packet to its IP; else 0 */
};

/* Measures for so many seconds. False, and why it could not be in `error`. */
bool link_measure(const struct link_net *net, const struct link_job *job, double seconds, struct link_figure *figure,
                  char *error, size_t size);

#endif
