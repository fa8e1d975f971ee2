/* src/stack.c: create, configure, advance time, next deadline.
 *
 * One poll is: the ACKs that have waited in vain for the program's turn (transport/tcp/ack_turn.c); a burst of every
 * device, each drained behind it; the timers up to now; a drain; then what we sent to ourselves, round after round
 * until that is silent or LOOPBACK_ROUNDS are over (two programs that echo to each other must not keep the caller from
 * its devices). Input that finds the queue of intents nearly full is drained in between. */
#include "stack.h"

#include "codec/icmpv6.h"

#include <assert.h>
#include <errno.h>

#include "base/likely.h"
#include "base/time.h"
#include "codec/ipv4.h"
#include "codec/ipv6.h"
#include "ethernet/frame.h"
#include "transport/tcp/tcp.h"
#include "transport/udp/udp.h"
#include "user/user.h"

enum {
    MEMORY_DEFAULT = 64 << 20,
    BUFFER_FIRST_DEFAULT = 256 << 10,
    BUFFER_MOST_DEFAULT = 16 << 20,
    BUFFER_LARGEST = 1 << 30,
    SEND_BUFFER_LEAST = 2048,
    RECV_BUFFER_LEAST = 16384,
    DESCRIPTORS_DEFAULT = 1048576,
    MTU_LEAST = 68 /* RFC 791 §3.2 */
};

/* ---- life ---- */

static struct baro_buffer_size buffer_size(struct baro_buffer_size wanted, uint32_t least, size_t memory)
{
    struct baro_buffer_size size = wanted;

    if (size.most == 0)
        size.most = memory / 4 < BUFFER_MOST_DEFAULT ? (uint32_t)(memory / 4) : BUFFER_MOST_DEFAULT;
    if (size.first == 0)
        size.first = BUFFER_FIRST_DEFAULT;
    if (size.most > BUFFER_LARGEST)
        size.most = BUFFER_LARGEST;
    if (size.most < least)
        size.most = least;
    if (size.first > size.most)
        size.first = size.most;
    return size;
}

struct baro_stack *baro_stack_create(const struct baro_stack_config *config)
{
    struct slabs slabs = { .memory = config->memory };
    struct baro_stack *stack = slab_take(&slabs, sizeof *stack);
    struct core *core;
    uint32_t descriptors = config->descriptor_limit == 0 ? DESCRIPTORS_DEFAULT : config->descriptor_limit;

    assert(config->shard.count <= 1 || config->shard.number < config->shard.count);
    if (stack == NULL)
        return NULL;
    slabs.limit = config->memory_limit == 0 ? (size_t)MEMORY_DEFAULT : config->memory_limit;
    core = &stack->core;
    core->slabs = slabs;
    trim_init(stack);
    stack->recent = &stack->way[0];
    core->now = config->now;
    core->trace = (struct trace){ .sink = config->trace, .host = config->trace_host };
    random_init(&core->random, config->seed);
    wheel_init(&core->wheel, config->now);
    core->flow_key = random_key(&core->random);
    flow_shard_init(&core->shard, &config->shard);
    neighbours_init(&stack->neighbours, core);
    claims_init(&stack->claims, core);
    membership_init(&stack->membership, core);
    ip_ids_init(&stack->ids, core);
    ip_errors_init(&stack->errors, core);
    path_mtus_init(&stack->path_mtus, core);
    reassembly_init(&stack->reassembly, core);
    icmp_init(&stack->icmp, core);
    captures_init(&stack->captures, core, descriptors);
    stack->table.any_destination = config->forward_any_destination;
    stack->interface[0].mtu = UINT16_MAX;
    stack->interfaces = stack->table.interfaces = 1;
    if (intent_queue_init(&core->intents, &core->slabs)) {
        stack->tcp = tcp_create(core, descriptors);
        if (stack->tcp != NULL) {
            tcp_choose_ecn(stack->tcp, config->ecn);
            tcp_limit_time_waits(stack->tcp, config->time_wait_limit);
            tcp_choose_pacing(stack->tcp, config->pacing);
            tcp_choose_syn_cookies(stack->tcp, config->syn_cookies);
        }
        stack->udp = stack->tcp == NULL ? NULL : udp_create(core, UDP_DATAGRAMS, descriptors);
        stack->pings = stack->udp == NULL ? NULL : udp_create(core, UDP_PINGS, descriptors);
        stack->user = stack->pings == NULL ? NULL
                                           : user_create(core, stack->tcp, stack->udp, stack->pings,
                                                         &stack->captures, descriptors, config->congestion);
    }
    if (stack->user == NULL) {
        baro_stack_free(stack);
        return NULL;
    }
    if (config->black_holes == BARO_BLACK_HOLES_DEFAULT)
        tcp_watch_holes(stack->tcp);
    tcp_leave_out(stack->tcp, config->tcp_without);
    tcp_size_buffers(stack->tcp, buffer_size(config->send_buffer, SEND_BUFFER_LEAST, core->slabs.limit),
                     buffer_size(config->recv_buffer, RECV_BUFFER_LEAST, core->slabs.limit));
    return stack;
}

void baro_stack_free(struct baro_stack *stack)
{
    struct slabs slabs;

    if (stack == NULL)
        return;
    if (stack->lender != NULL)
        receive_give_back(stack);
    if (stack->user != NULL)
        user_free(stack->user);
    captures_release(&stack->captures);
    udp_free(stack->pings);
    udp_free(stack->udp);
    if (stack->tcp != NULL)
        tcp_free(stack->tcp);
    reassembly_release(&stack->reassembly);
    advertise_release(stack);
    advertised_release(stack);
    membership_release(&stack->membership);
    claims_release(&stack->claims);
    neighbours_release(&stack->neighbours);
    burst_release(stack);
    slab_give_back(&stack->core.slabs, stack->ping_octets, STACK_PING_OCTETS);
    intent_queue_release(&stack->core.intents, &stack->core.slabs);
    slabs = stack->core.slabs;
    slab_give_back(&slabs, stack, sizeof *stack);
}

void baro_stack_set_trace(struct baro_stack *stack, struct baro_trace_sink trace, uint32_t host)
{
    stack->core.trace = (struct trace){ .sink = trace, .host = host };
}

/* ---- configuration ---- */

static bool is_interface(const struct baro_stack *stack, int interface)
{
    return interface >= 1 && interface < stack->interfaces;
}

int baro_stack_add_interface(struct baro_stack *stack, const struct baro_device *device)
{
    struct interface *interface;

    if (device->mtu < MTU_LEAST || device->mtu > UINT16_MAX)
        return -EINVAL;
    if (stack->interfaces == STACK_INTERFACES)
        return -ENOSPC;
    interface = &stack->interface[stack->interfaces];
    interface->device = device;
    interface->mtu = device->mtu;
    stack->table.interfaces = ++stack->interfaces;
    groups_changed(stack, stack->interfaces - 1, false);
    return stack->interfaces - 1;
}

/* RFC 8200 §5: a link that carries less has no IPv6. */
static int add_ipv6_address(struct baro_stack *stack, int interface, struct baro_address address,
                            unsigned prefix_length, bool probe)
{
    int result;

    if (stack->interface[interface].mtu < IPV6_LEAST_MTU)
        return -EINVAL;
    result = ip_address_add(&stack->table, interface, address, prefix_length, !probe);
    if (result != 0)
        return result;
    groups_changed(stack, interface, probe); /* before the probe: its answer comes to the group (RFC 4862 §5.4.2) */
    result = probe ? claim_begin(&stack->claims, interface, address, true) : 0;
    if (result != 0) {
        ip_address_remove(&stack->table, interface, address);
        groups_changed(stack, interface, false);
    } else if (!probe) {
        advertised_usable(stack, interface, address);
        advertise_usable(stack, interface);
    }
    return result;
}

int baro_stack_add_address(struct baro_stack *stack, int interface, struct baro_address address,
                           unsigned prefix_length, bool probe)
{
    int result;

    if (!is_interface(stack, interface))
        return -ENODEV;
    if (address.family == BARO_FAMILY_IPV6)
        return add_ipv6_address(stack, interface, address_in_zone(address, interface), prefix_length, probe);
    result = ip_address_add(&stack->table, interface, address, prefix_length, !probe);
    if (result != 0)
        return result;
    result = claim_begin(&stack->claims, interface, address, probe);
    if (result != 0)
        ip_address_remove(&stack->table, interface, address);
    return result;
}

int baro_stack_remove_address(struct baro_stack *stack, int interface, struct baro_address address)
{
    int result;

    if (!is_interface(stack, interface))
        return -EADDRNOTAVAIL;
    address = address_in_zone(address, interface);
    result = ip_address_remove(&stack->table, interface, address);
    if (result != 0)
        return result;
    claim_end(&stack->claims, interface, address);
    groups_changed(stack, interface, false);
    tcp_address_removed(stack->tcp, address);
    return 0;
}

enum baro_address_state baro_stack_address_state(const struct baro_stack *stack, int interface,
                                                 struct baro_address address)
{
    const struct ip_interface *at;

    if (!is_interface(stack, interface))
        return BARO_ADDRESS_NONE;
    at = &stack->table.interface[interface];
    address = address_in_zone(address, interface);
    for (unsigned i = 0; i < at->owns; i++) {
        if (address_equal(at->own[i].address, address))
            return at->own[i].usable ? BARO_ADDRESS_USABLE : BARO_ADDRESS_PROBING;
    }
    return BARO_ADDRESS_NONE;
}

int baro_stack_add_route(struct baro_stack *stack, struct baro_address prefix, unsigned prefix_length,
                         struct baro_address gateway, int interface)
{
    if (!is_interface(stack, interface))
        return -EINVAL;
    return ip_route_add(&stack->table, address_in_zone(prefix, interface), prefix_length,
                        address_in_zone(gateway, interface), interface);
}

int baro_stack_remove_route(struct baro_stack *stack, struct baro_address prefix, unsigned prefix_length)
{
    return ip_route_remove(&stack->table, prefix, prefix_length);
}

void baro_stack_set_forwarding(struct baro_stack *stack, bool forwarding)
{
    stack->table.forwarding = forwarding;
    stack->table.changes++;
}

int baro_stack_set_neighbour(struct baro_stack *stack, int interface, struct baro_address address,
                             struct baro_mac mac)
{
    if (!is_interface(stack, interface))
        return -ENODEV;
    if (address.family == BARO_FAMILY_NONE || address_is_multicast(address) || address_is_unspecified(address) ||
        mac_is_group(mac))
        return -EINVAL;
    return neighbour_fix(&stack->neighbours, interface, address_in_zone(address, interface), mac);
}

/* ---- time ---- */

/* Packets whose neighbour did not answer: whoever sent them hears of it as of a router's ICMP host unreachable. */
static void tell_failed(struct baro_stack *stack)
{
    struct pending *pending;

    while ((pending = neighbour_next_failed(&stack->neighbours)) != NULL) {
        struct baro_bytes packet = { pending->octets + ethernet_header_SIZE,
                                     pending->length - ethernet_header_SIZE };
        struct icmp_error error = { .type = ICMP_UNREACHABLE, .code = ICMP_HOST_UNREACHABLE };

        if (read_be16(pending->octets + CODEC_AT(ethernet_header, type)) == ETHERNET_TYPE_IPV6) {
            error.type = ICMPV6_UNREACHABLE;
            error.code = ICMPV6_ADDRESS_UNREACHABLE;
        }
        if (forward_failed(stack, packet)) {
            transmit_drain(stack); /* the error quotes what is given back below */
        } else {
            core_drop(&stack->core, BARO_DROP_NEIGHBOUR_UNREACHABLE);
            if (icmp_quote_read(packet, pending->interface, &error)) {
                error.from = error.local;
                receive_error(stack, &error);
            }
        }
        neighbour_release(&stack->neighbours, pending);
    }
}

static void run_timer(struct baro_stack *stack, struct wheel_timer *timer)
{
    const struct baro_address any = { .family = BARO_FAMILY_NONE };
    const struct claim *claim;
    struct ip_packet packet;

    if (timer->kind < TIMER_NEIGHBOUR) {
        tcp_timer(stack->tcp, timer);
        return;
    }
    switch (timer->kind) {
    case TIMER_NEIGHBOUR:
        neighbour_timer(&stack->neighbours, timer);
        tell_failed(stack);
        break;
    case TIMER_ADDRESS:
        claim = claim_begins(timer);
        if (claim != NULL)
            groups_probed(stack, claim->interface, claim->address);
        claim = claim_timer(&stack->claims, timer);
        if (claim != NULL) {
            ip_address_usable(&stack->table, claim->interface, claim->address);
            groups_usable(stack, claim->interface, claim->address);
            advertised_usable(stack, claim->interface, claim->address);
            advertise_usable(stack, claim->interface);
            discovery_announce(stack, claim->interface, claim->address);
        }
        break;
    case TIMER_GROUP:
        membership_timer(&stack->membership);
        break;
    case TIMER_ADVERTISED:
        advertised_timer(stack);
        break;
    case TIMER_ADVERTISE:
        advertise_timer(stack, timer);
        break;
    case TIMER_REASSEMBLY:
        if (reassembly_is_lent(&stack->reassembly)) { /* the last one's quote has not been sent yet */
            transmit_drain(stack);
            reassembly_returned(&stack->reassembly);
        }
        if (reassembly_timer(&stack->reassembly, timer, &packet))
            ip_error_intend(&stack->errors, &packet, packet.to_group ? any : packet.destination,
                            packet.source.family == BARO_FAMILY_IPV6 ? ICMPV6_TIME_EXCEEDED : ICMP_TIME_EXCEEDED,
                            ICMP_REASSEMBLY_EXCEEDED, 0);
        break;
    case TIMER_MEMORY:
        trim_timer(stack);
        break;
    default:
        assert(false && "a timer that nobody owns");
        break;
    }
}

static struct wheel_timer *next_timer(struct baro_stack *stack)
{
    struct wheel_timer *timer = tcp_late_next(stack->tcp);

    if (timer != NULL)
        return timer;
    timer = wheel_expired(&stack->core.wheel, stack->core.now);
    if (timer != NULL)
        tcp_timer_prefetch(wheel_ahead(&stack->core.wheel));
    return timer;
}

static __attribute__((noinline)) void run_timers(struct baro_stack *stack)
{
    struct wheel_timer *timer;

    tcp_timers_begin(stack->tcp);
    user_collect(stack->user); /* or an event of long ago keeps a connection from its rest */
    while (tcp_timers_go_on(stack->tcp) && (timer = next_timer(stack)) != NULL) {
        run_timer(stack, timer);
        if (intent_queue_is_nearly_full(&stack->core.intents))
            transmit_drain(stack);
    }
}

static __attribute__((noinline)) void run_loopback(struct baro_stack *stack)
{
    for (unsigned round = 0; round < LOOPBACK_ROUNDS && receive_loopback(stack); round++)
        continue;
}

unsigned baro_stack_poll(struct baro_stack *stack, struct baro_instant now)
{
    unsigned frames = 0;

    assert(!instant_before(now, stack->core.now));
    stack->core.now = now;
    if (UNLIKELY(tcp_turn_is_awaited(stack->tcp))) /* nobody flushed behind the last poll */
        baro_stack_flush(stack);
    if (stack->lender != NULL)
        receive_give_back(stack);
    for (int i = 1; i < stack->interfaces; i++)
        frames += receive_burst(stack, i);
    const bool quiet = wheel_is_quiet(&stack->core.wheel, now) && !tcp_late_is_due(stack->tcp);
    if (!quiet)
        run_timers(stack);
    if (!quiet || frames == 0 || stack->core.intents.count != 0) /* else a burst's end has just done it */
        stack_settle(stack);
    if (UNLIKELY(stack->loopback.used[stack->loopback.filling] != 0))
        run_loopback(stack);
    return frames;
}

void baro_stack_flush(struct baro_stack *stack)
{
    if (tcp_turn_is_awaited(stack->tcp)) {
        if (stack->core.intents.count == 0)
            fast_turn(stack);
        else
            tcp_turn_is_over(stack->tcp, 0);
    }
    stack_settle(stack);
    if (stack->lender != NULL)
        receive_give_back(stack);
}

bool baro_stack_next_deadline(const struct baro_stack *stack, struct baro_instant *deadline)
{
    /* Intents that wait for room in a device are sent at a poll for the room, or for whatever comes first. */
    if (stack->core.intents.count != 0 || stack->loopback.used[stack->loopback.filling] != 0 ||
        tcp_turn_is_awaited(stack->tcp) || stack->lender != NULL) {
        *deadline = stack->core.now;
        return true;
    }
    return tcp_timers_next(stack->tcp, deadline);
}

/* ---- questions ---- */

bool stack_owns(const struct baro_stack *stack, struct baro_address address)
{
    return ip_owner(&stack->table, address) >= 0;
}

bool stack_is_broadcast(const struct baro_stack *stack, struct baro_address address)
{
    return ip_is_broadcast(&stack->table, -1, address);
}

int stack_interface_to(const struct baro_stack *stack, struct baro_address destination)
{
    const struct baro_address any = { .family = BARO_FAMILY_NONE };
    struct ip_hop hop;

    return ip_find_route(&stack->table, destination, any, 0, &hop) ? hop.interface : -ENETUNREACH;
}

void baro_stack_statistics(const struct baro_stack *stack, struct baro_statistics *statistics)
{
    *statistics = stack->core.counters;
    statistics->buffer_bytes = stack->core.slabs.charged;
    statistics->slab_bytes = stack->core.slabs.taken;
}

void baro_stack_check_invariants(const struct baro_stack *stack)
{
    const struct core *core = &stack->core;

    intent_check_invariants(&core->intents);
    assert(stack->burst.count == 0); /* nothing is left behind between calls */
    assert(stack->loopback.used[1 - stack->loopback.filling] == 0);
    assert(core->slabs.charged <= core->slabs.limit);
    neighbours_check_invariants(&stack->neighbours);
    membership_check_invariants(&stack->membership);
    reassembly_check_invariants(&stack->reassembly);
    tcp_check_invariants(stack->tcp);
    udp_check_invariants(stack->udp);
    udp_check_invariants(stack->pings);
    captures_check_invariants(&stack->captures);
    user_check_invariants(stack->user);
    (void)core;
}
