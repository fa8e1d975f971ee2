/* bench/peers/lwip.c: lwIP as a peer of `baro bench`: two instances of the library in one thread, by its raw interface,
 * with the same loop, the same wire and the same calls of the program as this stack's rows.
 *
 * usage: KIND FAMILY MTU OFFLOAD CONNECTIONS BATCH MESSAGE TIME_WAIT; one line of four numbers is the answer (seconds, operations,
 * octets, value), or exit code 77 and the reason.
 *
 * lwIP keeps global state, so the library is loaded twice (dlmopen). As Debian packages it, some settings make it slower
 * than it could be: a lock around each allocation (NO_SYS 0), a checksum of two octets at a time, windows of 64 KiB, a
 * copied single buffer a frame (LWIP_NETIF_TX_SINGLE_PBUF), and MTU 1500 at most (TCP_MSS 1460). bench/peers/build.sh
 * builds it with better ones as baro-bench-lwip-tuned. On the other side it has no timestamps, no SACK on sending, no
 * CUBIC, and here keeps no TIME-WAIT: it walks the list of them at each segment, so many would stop it. */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../bench.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#ifndef PEER_LIBRARY
#define PEER_LIBRARY "liblwip.so.0"
#endif

enum { SLOTS = 128, SLOTS_OCTETS = SLOTS * 9216, CHUNK = 65535, MESSAGE = 64, PORTS = 16, FIRST_PORT = 1000, UNAVAILABLE = 77 };

#define FUNCTIONS(X)                                                                                                     \
    X(lwip_init) X(netif_add) X(netif_set_up) X(netif_set_link_up) X(netif_set_default) X(ethernet_input)                  \
    X(etharp_output) X(tcp_new_ip_type) X(tcp_bind) X(tcp_listen_with_backlog) X(tcp_accept) X(tcp_connect) X(tcp_arg)     \
    X(tcp_recv) X(tcp_write) X(tcp_output) X(tcp_recved) X(tcp_close) X(tcp_abort) X(pbuf_alloc) X(pbuf_free)              \
    X(pbuf_copy_partial) X(sys_check_timeouts)

struct functions {
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
};

/* One instance, its wire towards it, and what its program knows. */
struct end {
    struct functions f;
    void *library;
    uint32_t *now; /* its clock in milliseconds; NULL: it reads one by itself */
    struct netif netif;
    struct end *peer;
    uint8_t slots[SLOTS_OCTETS];
    uint16_t length[SLOTS];
    unsigned first, count;
    uint64_t octets; /* that the program got */
    uint64_t ended;  /* streams that ended */
    struct tcp_pcb *accepted;
};

static struct end ends[2];
static enum bench_offload offload;
static unsigned mtu;

static _Noreturn void leave(const char *reason)
{
    puts(reason);
    exit(UNAVAILABLE);
}

/* What takes it longer than this is not measured. */
static void too_long(int signal)
{
    static const char text[] = "it did not end within 20 seconds\n";

    (void)signal;
    _exit(write(STDOUT_FILENO, text, sizeof text - 1) < 0 ? 1 : UNAVAILABLE);
}

/* ---- the wire ---- */

static uint8_t *slot_of(struct end *end, unsigned slot)
{
    return end->slots + slot * ((mtu + 18 + 63) / 64 * 64);
}

static err_t link_output(struct netif *netif, struct pbuf *p)
{
    struct end *to = ((struct end *)netif->state)->peer;
    unsigned slot = (to->first + to->count) % SLOTS;
    uint16_t length = 0;

    if (to->count == SLOTS)
        return ERR_MEM;
    for (; p != NULL; p = p->next) {
        bench_copy(slot_of(to, slot) + length, p->payload, p->len);
        length = (uint16_t)(length + p->len);
    }
    to->length[slot] = length;
    to->count++;
    return ERR_OK;
}

/* What waits for an end goes up, in place: its program copies before the slot is free. */
static void poll_end(struct end *end)
{
    for (unsigned count = end->count; count > 0; count--) {
        struct pbuf *p = end->f.pbuf_alloc(PBUF_RAW, end->length[end->first], PBUF_REF);

        bench_expect(p != NULL, "a buffer");
        p->payload = slot_of(end, end->first);
        if (end->f.ethernet_input(p, &end->netif) != ERR_OK)
            end->f.pbuf_free(p);
        end->first = (end->first + 1) % SLOTS;
        end->count--;
    }
    if (end->count == 0)
        end->first = 0;
}

/* A turn of the loop: the clock is read once for both, where the build lets us say what time it is. */
static void timers(void)
{
    uint32_t now = (uint32_t)(bench_now().ns / 1000000);

    for (int i = 0; i < 2; i++) {
        if (ends[i].now != NULL)
            *ends[i].now = now;
    }
    ends[0].f.sys_check_timeouts();
    ends[1].f.sys_check_timeouts();
}

/* ---- instances ---- */

static err_t netif_begin(struct netif *netif)
{
    struct end *end = netif->state;

    netif->name[0] = 'b';
    netif->name[1] = 'n';
    netif->output = end->f.etharp_output;
    netif->linkoutput = link_output;
    netif->mtu = (u16_t)mtu;
    netif->hwaddr_len = 6;
    memcpy(netif->hwaddr, (uint8_t[6]){ 2, 0, 0, 0, 0, (uint8_t)(1 + (end - ends)) }, 6);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
#if LWIP_CHECKSUM_CTRL_PER_NETIF
    if (offload == BENCH_CHECKSUM)
        netif->chksum_flags = NETIF_CHECKSUM_DISABLE_ALL;
#endif
    return ERR_OK;
}

static void begin(int which)
{
    struct end *end = &ends[which];
    ip4_addr_t address, mask, none;

    end->library = dlmopen(LM_ID_NEWLM, PEER_LIBRARY, RTLD_NOW);
    if (end->library == NULL)
        leave(dlerror());
#define FIND(name)                                                                                                       \
    *(void **)&end->f.name = dlsym(end->library, #name);                                                                 \
    bench_expect(end->f.name != NULL, #name);
    FUNCTIONS(FIND)
#undef FIND
    end->now = dlsym(end->library, "baro_peer_now");
    IP4_ADDR(&address, 10, 0, 0, (uint8_t)(1 + which));
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&none, 0, 0, 0, 0);
    end->peer = &ends[1 - which];
    end->f.lwip_init();
    end->f.netif_add(&end->netif, &address, &mask, &none, end, netif_begin, end->f.ethernet_input);
    end->f.netif_set_default(&end->netif);
    end->f.netif_set_link_up(&end->netif);
    end->f.netif_set_up(&end->netif);
}

/* ---- programs ---- */

static err_t received(void *context, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    static uint8_t in[CHUNK];
    struct end *end = context;

    (void)error;
    if (p == NULL) {
        end->ended++;
        return ERR_OK;
    }
    end->octets += end->f.pbuf_copy_partial(p, in, p->tot_len, 0);
    end->f.tcp_recved(pcb, p->tot_len);
    end->f.pbuf_free(p);
    return ERR_OK;
}

static err_t accepted(void *context, struct tcp_pcb *pcb, err_t error)
{
    struct end *end = context;

    (void)error;
    end->accepted = pcb;
    end->f.tcp_arg(pcb, end);
    end->f.tcp_recv(pcb, received);
    tcp_nagle_disable(pcb);
    return ERR_OK;
}

static err_t connected(void *context, struct tcp_pcb *pcb, err_t error)
{
    (void)context;
    (void)pcb;
    return error;
}

static void listen_on(uint16_t port)
{
    struct end *end = &ends[1];
    struct tcp_pcb *pcb = end->f.tcp_new_ip_type(IPADDR_TYPE_V4);

    bench_expect(end->f.tcp_bind(pcb, NULL, port) == ERR_OK, "bind");
    pcb = end->f.tcp_listen_with_backlog(pcb, 64);
    bench_expect(pcb != NULL, "listen");
    end->f.tcp_arg(pcb, end);
    end->f.tcp_accept(pcb, accepted);
}

static struct tcp_pcb *connect_to(uint16_t port)
{
    struct end *end = &ends[0];
    struct tcp_pcb *pcb = end->f.tcp_new_ip_type(IPADDR_TYPE_V4);
    ip_addr_t to = IPADDR4_INIT_BYTES(10, 0, 0, 2);

    bench_expect(pcb != NULL, "a connection's memory");
    end->f.tcp_arg(pcb, end);
    end->f.tcp_recv(pcb, received);
    tcp_nagle_disable(pcb);
    ends[1].accepted = NULL;
    bench_expect(end->f.tcp_connect(pcb, &to, port, connected) == ERR_OK, "connect");
    for (int i = 0; i < 8 && ends[1].accepted == NULL; i++) {
        poll_end(&ends[1]);
        poll_end(&ends[0]);
    }
    bench_expect(ends[1].accepted != NULL, "a connection was accepted");
    return pcb;
}

/* ---- kinds ---- */

struct work {
    struct tcp_pcb **client, **server;
    uint32_t connections, call, rounds, random;
    uint64_t goal;
};

static void carry(void *context)
{
    static uint8_t out[1 << 20];
    struct work *work = context;
    struct tcp_pcb *pcb = work->client[0];

    while (ends[1].octets < work->goal) {
        timers();
        poll_end(&ends[0]);
        for (;;) {
            uint32_t length = work->call < CHUNK ? work->call : CHUNK;

            if (length > tcp_sndbuf(pcb))
                length = tcp_sndbuf(pcb);
            if (length == 0 || ends[0].f.tcp_write(pcb, out, (u16_t)length, TCP_WRITE_FLAG_COPY) != ERR_OK)
                break;
        }
        ends[0].f.tcp_output(pcb);
        poll_end(&ends[1]);
    }
}

static void write_message(struct end *end, struct tcp_pcb *pcb)
{
    static const uint8_t message[MESSAGE];

    bench_expect(end->f.tcp_write(pcb, message, MESSAGE, TCP_WRITE_FLAG_COPY) == ERR_OK &&
                     end->f.tcp_output(pcb) == ERR_OK, "a message was written");
}

static void round_trips(void *context)
{
    struct work *work = context;

    for (uint32_t i = 0; i < work->rounds; i++) {
        uint64_t before = ends[0].octets + ends[1].octets;

        timers();
        write_message(&ends[0], work->client[0]);
        poll_end(&ends[1]);
        write_message(&ends[1], work->server[0]);
        poll_end(&ends[0]);
        bench_expect(ends[0].octets + ends[1].octets == before + 2 * MESSAGE, "a round trip");
    }
}

static void connections(void *context)
{
    struct work *work = context;

    for (uint32_t i = 0; i < work->rounds; i++) {
        uint64_t before = ends[0].octets + ends[1].octets, ended = ends[0].ended + ends[1].ended;
        struct tcp_pcb *client = connect_to((uint16_t)(FIRST_PORT + i % PORTS)), *server = ends[1].accepted;

        timers();
        bench_expect(ends[0].f.tcp_write(client, "a", 1, TCP_WRITE_FLAG_COPY) == ERR_OK, "write");
        ends[0].f.tcp_output(client);
        poll_end(&ends[1]);
        bench_expect(ends[1].f.tcp_write(server, "a", 1, TCP_WRITE_FLAG_COPY) == ERR_OK, "write");
        ends[1].f.tcp_output(server);
        poll_end(&ends[0]);
        ends[0].f.tcp_close(client);
        poll_end(&ends[1]);
        ends[1].f.tcp_close(server);
        poll_end(&ends[0]);
        poll_end(&ends[1]);
        bench_expect(ends[0].octets + ends[1].octets == before + 2 && ends[0].ended + ends[1].ended >= ended + 1,
                     "an octet each way and the end");
        ends[0].f.tcp_abort(client); /* in TIME-WAIT: it goes without a word */
    }
}

/* Segments wait already; the receiver takes them. */
static void receive(void *context)
{
    (void)context;
    poll_end(&ends[1]);
}

static void open_all(struct work *work)
{
    for (uint32_t i = 0; i < work->connections; i++) {
        work->client[i] = connect_to((uint16_t)(FIRST_PORT + i % PORTS));
        work->server[i] = ends[1].accepted;
    }
}

static void segments(struct work *work, struct bench_answer *answer)
{
    enum { BURST = 32 };
    const uint32_t bursts = work->connections > 1000 ? 60 : 2000;
    uint64_t before = 0;

    for (uint32_t i = 0; i < bursts + bursts / 4; i++) {
        if (i == bursts / 4) {
            before = ends[1].octets;
            answer->seconds = 0;
        }
        for (int j = 0; j < BURST; j++)
            write_message(&ends[0], work->client[bench_random(&work->random, work->connections)]);
        answer->seconds += bench_timed(receive, NULL);
        poll_end(&ends[0]);
    }
    answer->operations = (double)(ends[1].octets - before) / MESSAGE;
}

static void bulk(struct work *work, struct bench_answer *answer)
{
    uint64_t begin_octets;

    work->goal = UINT64_C(16) << 20;
    carry(work);
    begin_octets = ends[1].octets;
    do {
        work->goal = ends[1].octets + (UINT64_C(1) << 20) * (work->call < 256 ? 1 : 32);
        answer->seconds += bench_timed(carry, work);
    } while (answer->seconds < 0.3);
    answer->octets = (double)(ends[1].octets - begin_octets);
}

/* Octets of its control block, one end; with what malloc keeps in front of it. */
static double idle(void)
{
    return (double)((sizeof(struct tcp_pcb) + 8 + 15) / 16 * 16);
}

static void check(const char *kind, const char *family)
{
    if (strcmp(family, "6") == 0)
        leave("this peer is compared over IPv4");
    if (mtu > TCP_MSS + 40)
        leave("built for MTU 1500");
    if (strcmp(kind, "batches") == 0)
        leave("100,000 connections take it over a millisecond a segment");
#if !LWIP_CHECKSUM_CTRL_PER_NETIF
    if (offload == BENCH_CHECKSUM)
        leave("built without a choice of checksums");
#endif
    if (offload == BENCH_LARGE || offload == BENCH_SUPER)
        leave("it has no super-segments");
}

static void run(const char *kind, struct work *work, struct bench_answer *answer)
{
    if (strcmp(kind, "bulk") == 0)
        bulk(work, answer);
    else if (strcmp(kind, "round-trips") == 0) {
        work->rounds = 300000;
        answer->seconds = bench_timed(round_trips, work);
        answer->operations = work->rounds;
    } else if (strncmp(kind, "connections", 11) == 0) {
        work->rounds = 30000;
        answer->seconds = bench_timed(connections, work);
        answer->operations = work->rounds;
    } else if (strcmp(kind, "segment") == 0)
        segments(work, answer);
    else if (strcmp(kind, "idle") == 0)
        answer->value = idle();
    else
        leave("this peer does not know it");
}

int main(int argc, char **argv)
{
    struct work work = { .random = 1 };
    struct bench_answer answer = { 0 };

    if (argc != 9)
        leave("usage: KIND FAMILY MTU OFFLOAD CONNECTIONS BATCH MESSAGE TIME_WAIT");
    signal(SIGALRM, too_long);
    alarm(20);
    mtu = (unsigned)atoi(argv[3]);
    offload = (enum bench_offload)atoi(argv[4]);
    work.connections = strcmp(argv[1], "segment") == 0 ? (uint32_t)atoi(argv[5]) : 1;
    work.call = atoi(argv[7]) == 0 ? CHUNK : (uint32_t)atoi(argv[7]);
    check(argv[1], argv[2]);
    if (work.connections > 10000)
        leave("so many connections take it over a millisecond a segment");
    work.client = calloc(work.connections, sizeof *work.client);
    work.server = calloc(work.connections, sizeof *work.server);
    begin(0);
    begin(1);
    for (int i = 0; i < PORTS; i++)
        listen_on((uint16_t)(FIRST_PORT + i));
    open_all(&work);
    run(argv[1], &work, &answer);
    printf("%.9f %.0f %.0f %.1f\n", answer.seconds, answer.operations, answer.octets, answer.value);
    return 0;
}
