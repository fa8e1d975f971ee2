/* src/receive_error.c: step 10 of the way up (receive.c) for errors about what we sent: whose it was, by the packet
 * that is quoted. */
#include "stack.h"

#include "transport/ping.h"
#include "transport/tcp/tcp.h"
#include "transport/udp/udp.h"

/* "Fragmentation needed", "packet too big": what it makes of the path MTU, which is lowered only once the quote proved
 * right. */
static uint32_t lowered_mtu(struct baro_stack *stack, const struct icmp_error *error, uint32_t *link_mtu)
{
    const struct baro_address any = { .family = BARO_FAMILY_NONE };
    struct ip_hop hop;

    if (icmp_meaning(error->remote.family, error->type, error->code) != ICMP_MEANS_TOO_BIG)
        return 0;
    if (!ip_find_route(&stack->table, error->remote, any, 0, &hop) || hop.interface == 0)
        return 0;
    *link_mtu = interface_mtu(&stack->interface[hop.interface], error->remote.family);
    return path_mtu_lowered(&stack->path_mtus, error->remote, *link_mtu, error->reported_mtu, error->length);
}

enum baro_drop_reason receive_error(struct baro_stack *stack, const struct icmp_error *error)
{
    struct core *core = &stack->core;
    const uint8_t *quoted = error->transport.data;
    struct baro_endpoint local = { error->local, { read_be16(quoted) } };
    struct baro_endpoint remote = { error->remote, { read_be16(quoted + 2) } };
    enum baro_drop_reason reason = BARO_DROP_ICMP_NO_MATCH;
    uint32_t link_mtu = 0, mtu = lowered_mtu(stack, error, &link_mtu);
    enum icmp_meaning meaning = icmp_meaning(error->remote.family, error->type, error->code);
    struct icmp_error told = *error;
    bool needs_mtu = meaning == ICMP_MEANS_TOO_BIG;
    bool hard = meaning == ICMP_MEANS_PROTOCOL_UNREACHABLE || meaning == ICMP_MEANS_PORT_UNREACHABLE;

    /* A quote of something that this host does not send is a forgery. */
    if ((!stack->table.any_destination && ip_owner(&stack->table, error->local) < 0) || (needs_mtu && mtu == 0))
        return core_drop(core, BARO_DROP_ICMP_NO_MATCH);
    told.reported_mtu = mtu;
    switch (error->protocol) {
    case IP_PROTOCOL_TCP:
        reason =
            tcp_icmp_error(stack->tcp, local, remote, seq_of(read_be32(quoted + 4)), error->type, error->code, mtu);
        break;
    case IP_PROTOCOL_UDP:
        reason = udp_icmp_error(stack->udp, &told);
        break;
    case IP_PROTOCOL_ICMPV6:
    case IP_PROTOCOL_ICMP:
        local.port.number = remote.port.number = 0;
        reason = icmp_ping_error(&stack->icmp, error) ? BARO_DROP_NONE : ping_icmp_error(stack->pings, &told);
        break;
    default:
        break;
    }
    if (reason != BARO_DROP_NONE)
        return core_drop(core, reason);
    TRACE(core, ICMP_ERROR_MATCHED, TRACE_N(error->protocol), TRACE_E(local), TRACE_E(remote), TRACE_N(error->type),
          TRACE_N(error->code), TRACE_N(hard));
    if (needs_mtu)
        path_mtu_lower(&stack->path_mtus, error->remote, link_mtu, mtu);
    return BARO_DROP_NONE;
}
