/* bench/tcp_kernel.h: this machine's kernel as an end of the wire. See tcp_kernel.c. */
#ifndef BENCH_TCP_KERNEL_H
#define BENCH_TCP_KERNEL_H

#include "tcp.h"

struct baro_tap;

struct tcp_kernel {
    const struct tcp_run *run;
    struct baro_tap *tap[2];           /* of end 0, the senders', and end 1, the sink's; NULL: not the kernel's */
    int control[2];                    /* a socket of each end's namespace */
    struct baro_mac mac[2];            /* the kernel's */
    int sender[TCP_FLOW_LIMIT], sink[TCP_FLOW_LIMIT], listener;
    int counters;                      /* /proc/net/netstat of the senders' namespace */
    unsigned begun, accepted;
    uint64_t received[TCP_FLOW_LIMIT];
    int error;                         /* the first, -errno */
};

void tcp_kernel_init(struct tcp_kernel *kernel, const struct tcp_run *run);
void tcp_kernel_release(struct tcp_kernel *kernel);
/* Makes the kernel the wire's next end: 0 the senders', 1 the sink's. 0, or -1 with what failed in `error`. */
int tcp_kernel_join(struct tcp_kernel *kernel, struct baro_network *network, struct baro_wire *wire, unsigned which,
                    char *error, size_t size);
/* A fixed neighbour entry of that end: the other end's address. 0 or -1. */
int tcp_kernel_set_neighbour(const struct tcp_kernel *kernel, unsigned which, struct baro_mac peer);
/* Begins flows whose time has come, sends and receives all that can be. */
void tcp_kernel_work(struct tcp_kernel *kernel, const struct baro_instant *begin, struct baro_instant now);
/* Until a frame or a socket is ready, or so long. */
void tcp_kernel_sleep(struct tcp_kernel *kernel, int64_t longest_ns);
bool tcp_kernel_left_slow_start(const struct tcp_kernel *kernel);
/* Adds retransmissions and timeouts. */
void tcp_kernel_count(const struct tcp_kernel *kernel, struct tcp_figures *figures);

#endif
