/* src/refusal.c: what a gateway's stack says where it cannot stand in for a host behind it.
 *
 * A datagram was taken for somebody outside, and the outside refused it: its sender is told as that host or a router would
 * have told it. The datagram is gone by then, so the error quotes it as we understood it: IP header and UDP header
 * written anew, which is all that the sender needs to find its socket (RFC 1122 §4.1.3.3). The quotes live until the
 * queue of intents is empty; where there is no place for one more, the sender hears nothing. */
#include "stack.h"

#include <errno.h>

#include "base/checksum.h"
#include "baro/socket.h"
#include "codec/icmp.h"
#include "codec/ipv4.h"
#include "codec/udp.h"

static int code_of(enum baro_hold_verdict verdict)
{
    switch (verdict) {
    case BARO_HOLD_REFUSE:
        return ICMP_PORT_UNREACHABLE;
    case BARO_HOLD_HOST_UNREACHABLE:
        return ICMP_HOST_UNREACHABLE;
    case BARO_HOLD_NET_UNREACHABLE:
        return ICMP_NET_UNREACHABLE;
    case BARO_HOLD_PROHIBITED:
        return ICMP_ADMINISTRATIVELY_PROHIBITED;
    case BARO_HOLD_ACCEPT:
    case BARO_HOLD_DROP:
        break;
    }
    return -1;
}

static void write_quote(uint8_t *at, struct baro_endpoint remote, struct baro_endpoint local)
{
    const struct ipv4_header ip = { .version_length = 0x45, .total_length = REFUSAL_OCTETS, .ttl = 64,
                                    .protocol = IP_PROTOCOL_UDP, .source = remote.address,
                                    .destination = local.address };
    const struct udp_header udp = { .source_port = remote.port.number, .destination_port = local.port.number,
                                    .length = udp_header_SIZE };

    ipv4_header_write(&ip, at);
    write_be16(at + 10, checksum_fold(checksum_add(0, at, ipv4_header_SIZE)));
    udp_header_write(&udp, at + ipv4_header_SIZE);
}

int baro_refuse_datagram(struct baro_stack *stack, struct baro_endpoint remote, struct baro_endpoint local,
                         enum baro_hold_verdict verdict)
{
    const struct baro_address interfaces = { .family = BARO_FAMILY_NONE };
    struct refusals *refusals = &stack->refusals;
    struct ip_packet packet = { .source = remote.address, .destination = local.address,
                                .protocol = IP_PROTOCOL_UDP };
    int code = code_of(verdict);
    uint8_t *quote;

    if (remote.address.family != BARO_FAMILY_IPV4 || local.address.family != BARO_FAMILY_IPV4)
        return -EAFNOSUPPORT;
    if (code < 0)
        return verdict == BARO_HOLD_DROP ? 0 : -EINVAL;
    if (stack->core.intents.count == 0)
        refusals->count = 0;
    if (refusals->count == REFUSALS)
        return -ENOBUFS;
    quote = refusals->quote[refusals->count++];
    write_quote(quote, remote, local);
    packet.whole = (struct baro_bytes){ quote, REFUSAL_OCTETS };
    packet.payload = (struct baro_bytes){ quote + ipv4_header_SIZE, udp_header_SIZE };
    TRACE(&stack->core, CALL, TRACE_N(BARO_TRACE_CALL_REFUSE_DATAGRAM), TRACE_D(-1));
    ip_error_intend(&stack->errors, &packet, verdict == BARO_HOLD_REFUSE ? local.address : interfaces,
                    ICMP_UNREACHABLE, (uint8_t)code, 0);
    TRACE(&stack->core, CALL_END, TRACE_N(BARO_TRACE_CALL_REFUSE_DATAGRAM), TRACE_D(0));
    return 0;
}
