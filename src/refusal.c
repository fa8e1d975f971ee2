/* src/refusal.c: what a gateway's stack says where it cannot stand in for a host behind it.
 *
 * A datagram was taken for somebody outside, and the outside refused it: its sender is told as that host or a router
 * would have told it. The datagram is gone by then, so the error quotes it as we understood it: IP header and UDP
 * header written anew, which is all that the sender needs to find its socket (RFC 1122 §4.1.3.3, RFC 4443 §2.4 (d)).
 * The quotes live until the queue of intents is empty; where there is no place for one more, the sender hears
 * nothing. */
#include "stack.h"

#include <errno.h>

#include "baro/socket.h"
#include "codec/icmp.h"
#include "codec/icmpv6.h"
#include "codec/ip_protocol.h"
#include "codec/ip_quote.h"
#include "codec/udp.h"

/* What a verdict means, to be said by icmp_unreachable(). */
static enum icmp_meaning meaning_of(enum baro_hold_verdict verdict)
{
    switch (verdict) {
    case BARO_HOLD_REFUSE:
        return ICMP_MEANS_PORT_UNREACHABLE;
    case BARO_HOLD_HOST_UNREACHABLE:
        return ICMP_MEANS_HOST_UNREACHABLE;
    case BARO_HOLD_NET_UNREACHABLE:
        return ICMP_MEANS_NET_UNREACHABLE;
    case BARO_HOLD_PROHIBITED:
        return ICMP_MEANS_PROHIBITED;
    case BARO_HOLD_ACCEPT:
    case BARO_HOLD_DROP:
        break;
    }
    return ICMP_MEANS_NOTHING;
}

/* Returns its octets of IP header. */
static unsigned write_quote(uint8_t *at, struct baro_endpoint remote, struct baro_endpoint local)
{
    const struct udp_header udp = { .source_port = remote.port.number, .destination_port = local.port.number,
                                    .length = udp_header_SIZE };
    unsigned header = ip_quote_write(at, remote.address, local.address, IP_PROTOCOL_UDP, udp_header_SIZE);

    udp_header_write(&udp, at + header);
    return header;
}

int baro_refuse_datagram(struct baro_stack *stack, struct baro_endpoint remote, struct baro_endpoint local,
                         enum baro_hold_verdict verdict)
{
    const struct baro_address interfaces = { .family = BARO_FAMILY_NONE };
    enum icmp_meaning meaning = meaning_of(verdict);
    struct refusals *refusals = &stack->refusals;
    struct ip_packet packet = { .source = remote.address, .destination = local.address,
                                .protocol = IP_PROTOCOL_UDP };
    struct icmp_kind kind;
    unsigned header;
    uint8_t *quote;

    if ((remote.address.family != BARO_FAMILY_IPV4 && remote.address.family != BARO_FAMILY_IPV6) ||
        local.address.family != remote.address.family)
        return -EAFNOSUPPORT;
    if (meaning == ICMP_MEANS_NOTHING)
        return verdict == BARO_HOLD_DROP ? 0 : -EINVAL;
    if (stack->core.intents.count == 0)
        refusals->count = 0;
    if (refusals->count == REFUSALS)
        return -ENOBUFS;
    quote = refusals->quote[refusals->count++];
    header = write_quote(quote, remote, local);
    packet.whole = (struct baro_bytes){ quote, header + udp_header_SIZE };
    packet.payload = (struct baro_bytes){ quote + header, udp_header_SIZE };
    kind = icmp_unreachable(remote.address.family, meaning);
    TRACE(&stack->core, CALL, TRACE_N(BARO_TRACE_CALL_REFUSE_DATAGRAM), TRACE_D(-1));
    ip_error_intend(&stack->errors, &packet, verdict == BARO_HOLD_REFUSE ? local.address : interfaces, kind.type,
                    kind.code, 0);
    TRACE(&stack->core, CALL_END, TRACE_N(BARO_TRACE_CALL_REFUSE_DATAGRAM), TRACE_D(0));
    return 0;
}
