/* ip/fragment.c: see fragment.h. */
#include "ip/fragment.h"

struct fragment fragment_of_ipv4(const struct ipv4_header *header)
{
    return (struct fragment){ .id = header->id,
                              .offset = ipv4_fragment_offset(header),
                              .more = (header->flags_offset & IPV4_MORE_FRAGMENTS) != 0,
                              .protocol = header->protocol };
}

struct fragment fragment_of_ipv6(const struct ipv6_chain *chain, struct baro_bytes packet)
{
    struct ipv6_fragment_header header;

    ipv6_fragment_header_read(&header, packet.data + chain->fragment_at);
    return (struct fragment){ .id = header.id,
                              .offset = header.offset_more & (unsigned)IPV6_OFFSET_MASK,
                              .more = (header.offset_more & IPV6_MORE_FRAGMENTS) != 0,
                              .protocol = header.next_header,
                              .said_at = chain->fragment_said_at };
}

bool fragments_class(uint8_t seen, uint8_t first, uint8_t *whole)
{
    bool marked = (seen & 1u << ECN_CE) != 0;

    *whole = (uint8_t)(first | (marked ? ECN_CE : 0));
    return !marked || (seen & 1u << ECN_NOT_ECT) == 0;
}

bool reassembly_problem(enum baro_drop_reason reason, const struct fragment *fragment,
                        const struct ip_packet *packet, uint32_t *pointer)
{
    if (reason == BARO_DROP_FRAGMENT_MALFORMED && fragment->more && packet->payload.length % 8 != 0)
        *pointer = 4; /* the payload length */
    else if (reason == BARO_DROP_FRAGMENT_TOO_LONG)
        *pointer = (uint32_t)(packet->payload.data - packet->whole.data) - ipv6_fragment_header_SIZE + 2;
    else
        return false;
    return packet->source.family == BARO_FAMILY_IPV6;
}
