/* drill/device.c: a device in memory, and the stack on it.
 *
 * One frame at a time goes in. Everything that comes out is copied and stamped with the script's time; what
 * keeps the link going (ARP, neighbour discovery, reports of groups) is not what a script is about and is not kept: the
 * gateway has a fixed neighbour entry. Memory that
 * the stack takes is counted, so that what it does not give back is seen. */
#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    ETHERNET_HEADER = 14,
    TYPE_AT = 12,
    TYPE_IPV4 = 0x0800,
    TYPE_IPV6 = 0x86dd,
    IPV6_HEADER = 40,
    NEXT_HEADER_AT = 6,
    HOP_BY_HOP = 0,
    ICMPV6 = 58,
    ICMPV6_GROUPS_FIRST = 130, /* queries and reports of groups, then neighbour discovery's five */
    ICMPV6_DISCOVERY_LAST = 137,
    ICMPV6_REPORT_V2 = 143,
    TX_ROOM = 64,
    SLAB_ALIGNMENT = 64,
    MEMORY_LIMIT = 64 << 20,
    FIRST_REMOTE_PORT = 40000
};

/* The stack's clock at the script's zero: no timer or timestamp starts from nothing. */
static const int64_t epoch_ns = INT64_C(1000000) * 1000000000;

static const struct baro_mac own_mac = { { 0x02, 0xba, 0x10, 0, 0, 1 } };
static const struct baro_mac gateway_mac = { { 0x02, 0xba, 0x10, 0, 0, 2 } };

static void *take(void *context, size_t bytes)
{
    struct run *run = context;
    void *slab =
        aligned_alloc(SLAB_ALIGNMENT, (bytes + SLAB_ALIGNMENT - 1) / SLAB_ALIGNMENT * SLAB_ALIGNMENT);

    if (slab == NULL)
        return NULL;
    memset(slab, 0, bytes);
    run->slab_bytes += bytes;
    return slab;
}

static void give_back(void *context, void *slab, size_t bytes)
{
    struct run *run = context;

    run->slab_bytes -= bytes;
    free(slab);
}

static unsigned rx_burst(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    struct run *run = context;

    if (run->incoming == NULL || run->incoming_lent || limit == 0)
        return 0;
    frames[0] = (struct baro_rx_frame){ .data = run->incoming, .length = (uint32_t)run->incoming_length };
    run->incoming_lent = true;
    return 1;
}

static void rx_end(void *context)
{
    struct run *run = context;

    if (!run->incoming_lent)
        return;
    free(run->incoming);
    run->incoming = NULL;
    run->incoming_lent = false;
}

static unsigned tx_room(void *context)
{
    (void)context;
    return TX_ROOM;
}

static void keep(struct run *run, uint8_t *frame, size_t length)
{
    if (run->sent_first + run->sent_count == run->sent_size) {
        run->sent_size = run->sent_size == 0 ? 64 : run->sent_size * 2;
        run->sent = realloc(run->sent, run->sent_size * sizeof *run->sent);
        if (run->sent == NULL)
            abort();
    }
    run->sent[run->sent_first + run->sent_count++] = (struct sent){ run->now_ns, frame, length };
}

/* A datagram, and not the link's own talk? */
static bool is_kept(const uint8_t *frame, size_t length)
{
    unsigned type = length < ETHERNET_HEADER ? 0 : (unsigned)frame[TYPE_AT] << 8 | frame[TYPE_AT + 1];
    const uint8_t *datagram = frame + ETHERNET_HEADER;
    uint8_t icmp;

    if (type != TYPE_IPV6 || length <= ETHERNET_HEADER + IPV6_HEADER)
        return type == TYPE_IPV4 || type == TYPE_IPV6;
    icmp = datagram[IPV6_HEADER];
    if (datagram[NEXT_HEADER_AT] == HOP_BY_HOP) /* reports have the router alert option */
        return false;
    return datagram[NEXT_HEADER_AT] != ICMPV6 ||
           !((icmp >= ICMPV6_GROUPS_FIRST && icmp <= ICMPV6_DISCOVERY_LAST) || icmp == ICMPV6_REPORT_V2);
}

static unsigned tx_burst(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    struct run *run = context;

    for (unsigned i = 0; i < count; i++) {
        size_t length = 0, at = 0;
        uint8_t *whole;

        for (unsigned j = 0; j < frames[i].parts; j++)
            length += frames[i].part[j].length;
        whole = malloc(length);
        if (whole == NULL)
            abort();
        for (unsigned j = 0; j < frames[i].parts; at += frames[i].part[j++].length)
            if (frames[i].part[j].length != 0)
                memcpy(whole + at, frames[i].part[j].data, frames[i].part[j].length);
        if (is_kept(whole, length)) {
            memmove(whole, whole + ETHERNET_HEADER, length - ETHERNET_HEADER);
            keep(run, whole, length - ETHERNET_HEADER);
        } else {
            free(whole);
        }
    }
    return count;
}

static bool configure(struct run *run)
{
    const struct settings *settings = &run->script->settings;
    struct baro_address any = { .family = settings->local.family };
    int interface = baro_stack_add_interface(run->stack, &run->device);
    int result;

    if (interface < 0)
        return drill_run_fail(run, "the stack refuses the interface: %s", strerror(-interface));
    result = baro_stack_add_address(run->stack, interface, settings->local, settings->prefix_length, false);
    if (result != 0)
        return drill_run_fail(run, "the stack refuses its address: %s", strerror(-result));
    result = baro_stack_set_neighbour(run->stack, interface, settings->gateway, gateway_mac);
    if (result != 0)
        return drill_run_fail(run, "the stack refuses the gateway's MAC address: %s", strerror(-result));
    result = baro_stack_add_route(run->stack, any, 0, settings->gateway, interface);
    if (result != 0)
        return drill_run_fail(run, "the stack refuses the gateway: %s", strerror(-result));
    return drill_run_settle(run, true);
}

bool drill_device_open(struct run *run)
{
    struct baro_stack_config config = run->script->settings.config;

    config.trace = run->trace;
    config.memory = (struct baro_memory){ run, take, give_back };
    config.now.ns = epoch_ns;
    config.memory_limit = MEMORY_LIMIT;
    for (unsigned i = 0; i < sizeof config.seed; i++)
        config.seed[i] = (uint8_t)((run->options.seed + 1) * (i + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 56);
    run->device = (struct baro_device){ .context = run,
                                        .mac = own_mac,
                                        .mtu = run->script->settings.mtu,
                                        .rx_burst = rx_burst,
                                        .rx_end = rx_end,
                                        .tx_room = tx_room,
                                        .tx_burst = tx_burst };
    run->next_remote_port = FIRST_REMOTE_PORT;
    run->stack = baro_stack_create(&config);
    if (run->stack == NULL)
        return drill_run_fail(run, "no memory for a stack");
    return configure(run);
}

void drill_device_close(struct run *run)
{
    if (run->stack != NULL)
        baro_stack_free(run->stack);
    run->stack = NULL;
    free(run->incoming);
    run->incoming = NULL;
    while (drill_run_sent(run) != NULL)
        drill_run_sent_take(run);
    free(run->sent);
    run->sent = NULL;
}

struct baro_instant drill_device_now(const struct run *run)
{
    return (struct baro_instant){ epoch_ns + run->now_ns };
}

bool drill_run_deadline(const struct run *run, int64_t *at_ns)
{
    struct baro_instant deadline;

    bool known = baro_stack_next_deadline(run->stack, &deadline);

    *at_ns = known ? deadline.ns - epoch_ns : INT64_MAX;
    if (run->waiting.event != NULL && run->waiting.timeout_ns < *at_ns)
        *at_ns = run->waiting.timeout_ns;
    return *at_ns != INT64_MAX;
}

bool drill_device_receive(struct run *run, const uint8_t *datagram, size_t length)
{
    unsigned type = length > 0 && datagram[0] >> 4 == 6 ? TYPE_IPV6 : TYPE_IPV4;

    run->incoming_length = length + ETHERNET_HEADER;
    run->incoming = malloc(run->incoming_length);
    if (run->incoming == NULL)
        abort();
    memcpy(run->incoming, own_mac.octet, sizeof own_mac.octet);
    memcpy(run->incoming + 6, gateway_mac.octet, sizeof gateway_mac.octet);
    run->incoming[TYPE_AT] = (uint8_t)(type >> 8);
    run->incoming[TYPE_AT + 1] = (uint8_t)(type & 0xff);
    memcpy(run->incoming + ETHERNET_HEADER, datagram, length);
    return drill_run_settle(run, true);
}

const struct sent *drill_run_sent(const struct run *run)
{
    return run->sent_count == 0 ? NULL : &run->sent[run->sent_first];
}

void drill_run_sent_take(struct run *run)
{
    struct sent *first = &run->sent[run->sent_first];

    run->quoted_length = first->length < sizeof run->quoted ? first->length : sizeof run->quoted;
    memcpy(run->quoted, first->data, run->quoted_length);
    free(first->data);
    run->sent_first++;
    run->sent_count--;
    if (run->sent_count == 0)
        run->sent_first = 0;
}
