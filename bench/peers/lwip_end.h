/* bench/peers/lwip_end.h: two instances of lwIP in one thread and the wire between them (lwip_end.c), for the work of
 * the benchmark's rows (lwip.c). */
#ifndef BARO_BENCH_LWIP_END_H
#define BARO_BENCH_LWIP_END_H

#include "../bench.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/init.h"
#include "lwip/nd6.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

/* Ports of the server; a client has 16,383, so one address and one port of the server are not enough for more. */
enum { SLOTS = 128, SLOTS_OCTETS = SLOTS * 9216, CHUNK = 65535, MESSAGE = 64, QUESTION_LIMIT = 16 };
enum { PORTS = 16, FIRST_PORT = 1000, UNAVAILABLE = 77 };

#define FUNCTIONS(X)                                                                                 \
    X(lwip_init) X(netif_add) X(netif_set_up) X(netif_set_link_up) X(netif_set_default) X(ethernet_input) \
    X(etharp_output) X(tcp_new_ip_type) X(tcp_bind) X(tcp_listen_with_backlog) X(tcp_accept) X(tcp_connect) X(tcp_arg) \
    X(tcp_recv) X(tcp_write) X(tcp_output) X(tcp_recved) X(tcp_close) X(tcp_abort) X(pbuf_alloc) X(pbuf_free) \
    X(pbuf_copy_partial) X(sys_check_timeouts)
#if LWIP_IPV6
#define FUNCTIONS_IPV6(X) X(ethip6_output) X(netif_ip6_addr_set) X(netif_ip6_addr_set_state)
#else
#define FUNCTIONS_IPV6(X)
#endif

struct functions {
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER) FUNCTIONS_IPV6(MEMBER)
#undef MEMBER
};

/* One instance, its wire towards it, and what its program knows. */
struct end {
    struct functions f;
    void *library;
    uint32_t *now;           /* its clock in milliseconds; NULL: it reads one by itself */
    struct tcp_pcb **active; /* the library's list of connections */
    struct netif netif;
    struct end *peer;
    uint8_t slots[SLOTS_OCTETS];
    uint16_t length[SLOTS];
    unsigned first, count;
    uint64_t octets; /* that the program got */
    uint64_t ended;  /* streams that ended */
    struct tcp_pcb *accepted;
    struct tcp_pcb *ready[SLOTS]; /* connections that data came for, since somebody looked */
    unsigned readies;
};

extern struct end ends[2]; /* client, server */

_Noreturn void leave(const char *reason);

/* Both instances, and the server's ports. */
void ends_begin(enum baro_family family, unsigned mtu, enum bench_offload offload);
/* A connection's SYN. */
struct tcp_pcb *connect_begin(uint16_t port);
/* A connection; the server's end of it is in ends[1].accepted. */
struct tcp_pcb *connect_to(uint16_t port);
/* As many, as they are when opened one after another: the lists of connections are out of the way meanwhile, in which
 * each step would look for its own. */
void open_many(struct tcp_pcb **client, struct tcp_pcb **server, uint32_t count);
/* What waits for an end goes up, in place: its program copies before the slot is free. */
void poll_end(struct end *end);
/* A turn of the loop: the clock is read once for both, where the build lets us say what time it is. */
void timers(void);

#endif
