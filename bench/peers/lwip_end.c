/* bench/peers/lwip_end.c: two instances of lwIP and the wire between them.
 *
 * lwIP keeps global state, so the library is loaded twice (dlmopen). Over IPv6 its addresses are valid at once, and
 * neighbours are found by the first connection, before anything is measured. */
#include "lwip_end.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef PEER_LIBRARY
#define PEER_LIBRARY "liblwip.so.0"
#endif

struct end ends[2];
static enum baro_family family;
static enum bench_offload offload;
static unsigned mtu;

void leave(const char *reason)
{
    puts(reason);
    exit(UNAVAILABLE);
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

void poll_end(struct end *end)
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

void timers(void)
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
#if LWIP_IPV6
    netif->output_ip6 = end->f.ethip6_output;
#endif
    netif->mtu = (u16_t)mtu;
    netif->hwaddr_len = 6;
    memcpy(netif->hwaddr, (uint8_t[6]){ 2, 0, 0, 0, 0, (uint8_t)(1 + (end - ends)) }, 6);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
#if LWIP_IPV6 && LWIP_IPV6_MLD
    netif->flags |= NETIF_FLAG_MLD6; /* or it does not hear who looks for it */
#endif
#if LWIP_CHECKSUM_CTRL_PER_NETIF
    if (offload == BENCH_CHECKSUM)
        netif->chksum_flags = NETIF_CHECKSUM_DISABLE_ALL;
#endif
    return ERR_OK;
}

/* The address of an end, in the row's family. */
static ip_addr_t address_of(int which)
{
    ip_addr_t address;

    memset(&address, 0, sizeof address);
#if LWIP_IPV6
    if (family == BARO_FAMILY_IPV6) {
        IP_ADDR6(&address, PP_HTONL(0xfd000007), 0, 0, (u32_t)PP_HTONL((u32_t)(1 + which)));
        return address;
    }
#endif
    IP_ADDR4(&address, 10, 0, 0, (uint8_t)(1 + which));
    return address;
}

static void begin(int which)
{
    struct end *end = &ends[which];
    ip4_addr_t address, mask, none;

    end->library = dlmopen(LM_ID_NEWLM, PEER_LIBRARY, RTLD_NOW);
    if (end->library == NULL)
        leave(dlerror());
#define FIND(name)                                                                                   \
    *(void **)&end->f.name = dlsym(end->library, #name);                                             \
    bench_expect(end->f.name != NULL, #name);
    FUNCTIONS(FIND) FUNCTIONS_IPV6(FIND)
#undef FIND
    end->now = dlsym(end->library, "baro_peer_now");
    end->active = dlsym(end->library, "tcp_active_pcbs");
    bench_expect(end->active != NULL, "tcp_active_pcbs");
    IP4_ADDR(&address, 10, 0, 0, (uint8_t)(1 + which));
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&none, 0, 0, 0, 0);
    end->peer = &ends[1 - which];
    end->f.lwip_init();
    end->f.netif_add(&end->netif, &address, &mask, &none, end, netif_begin, end->f.ethernet_input);
    end->f.netif_set_default(&end->netif);
    end->f.netif_set_link_up(&end->netif);
    end->f.netif_set_up(&end->netif);
#if LWIP_IPV6
    ip_addr_t own = address_of(which);

    if (family == BARO_FAMILY_IPV6) {
        end->f.netif_ip6_addr_set(&end->netif, 0, ip_2_ip6(&own));
        end->f.netif_ip6_addr_set_state(&end->netif, 0, IP6_ADDR_PREFERRED);
    }
#endif
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
    if (end->readies < SLOTS)
        end->ready[end->readies++] = pcb;
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

static u8_t type_of(void)
{
    return family == BARO_FAMILY_IPV6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4;
}

static void listen_on(uint16_t port)
{
    struct end *end = &ends[1];
    struct tcp_pcb *pcb = end->f.tcp_new_ip_type(type_of());
    ip_addr_t own = address_of(1);

    bench_expect(end->f.tcp_bind(pcb, &own, port) == ERR_OK, "bind");
    pcb = end->f.tcp_listen_with_backlog(pcb, 64);
    bench_expect(pcb != NULL, "listen");
    end->f.tcp_arg(pcb, end);
    end->f.tcp_accept(pcb, accepted);
}

struct tcp_pcb *connect_begin(uint16_t port)
{
    struct end *end = &ends[0];
    struct tcp_pcb *pcb = end->f.tcp_new_ip_type(type_of());
    ip_addr_t to = address_of(1);

    bench_expect(pcb != NULL, "a connection's memory");
    end->f.tcp_arg(pcb, end);
    end->f.tcp_recv(pcb, received);
    tcp_nagle_disable(pcb);
    bench_expect(end->f.tcp_connect(pcb, &to, port, connected) == ERR_OK, "connect");
    return pcb;
}

struct tcp_pcb *connect_to(uint16_t port)
{
    struct tcp_pcb *pcb;

    ends[1].accepted = NULL;
    pcb = connect_begin(port);
    for (int i = 0; i < 8 && ends[1].accepted == NULL; i++) {
        poll_end(&ends[1]);
        poll_end(&ends[0]);
    }
    bench_expect(ends[1].accepted != NULL, "a connection was accepted");
    return pcb;
}

void open_many(struct tcp_pcb **client, struct tcp_pcb **server, uint32_t count)
{
    const uint32_t each = (count + PORTS - 1) / PORTS;

    for (uint32_t i = 0; i < count; i++) {
        struct tcp_pcb *before[2] = { *ends[0].active, *ends[1].active };

        *ends[0].active = *ends[1].active = NULL;
        client[i] = connect_to((uint16_t)(FIRST_PORT + i / each));
        server[i] = ends[1].accepted;
        poll_end(&ends[1]);
        poll_end(&ends[0]);
        for (int which = 0; which < 2; which++) {
            bench_expect(*ends[which].active != NULL && (*ends[which].active)->next == NULL, "one new connection");
            (*ends[which].active)->next = before[which];
        }
    }
}

void ends_begin(enum baro_family of, unsigned row_mtu, enum bench_offload row_offload)
{
    family = of;
    mtu = row_mtu;
    offload = row_offload;
    begin(0);
    begin(1);
    for (int i = 0; i < PORTS; i++)
        listen_on((uint16_t)(FIRST_PORT + i));
}
