/* ip/pair.c: see pair.h. */
#include "ip/pair.h"

/* Is there nothing special about it? The tests are those of ip_accept() and ip_accept_v6(). A link-local
 * address on the loopback has a zone that only a search finds. */
static bool is_plain(const struct ip_table *table, int interface, struct baro_address source,
                     struct baro_address destination)
{
    enum baro_trace_delivery how = ip_delivery(table, interface, destination);

    if (interface == 0)
        return how == BARO_TRACE_DELIVERY_LOOPBACK && !address_needs_zone(source) &&
               !address_needs_zone(destination);
    if (how != BARO_TRACE_DELIVERY_MINE && how != BARO_TRACE_DELIVERY_ANY)
        return false;
    if (address_is_loopback(destination) || address_is_unspecified(destination) ||
        address_is_mapped(destination))
        return false;
    if (destination.family == BARO_FAMILY_IPV4 && (destination.octet[0] == 0 || destination.octet[0] >= 240))
        return false;
    /* In the place of others a gateway takes nothing from a link-local source (forward_stand_in()). */
    if (how == BARO_TRACE_DELIVERY_ANY && address_is_link_local(source))
        return false;
    return !ip_is_martian_source(table, interface, source);
}

const struct ip_pair *ip_pair_judge(struct ip_pair *pair, const struct ip_table *table, int interface,
                                    enum baro_family family, const uint8_t *addresses)
{
    bool v6 = family == BARO_FAMILY_IPV6;
    struct baro_address source = v6 ? read_ipv6(addresses) : read_ipv4(addresses);
    struct baro_address destination = v6 ? read_ipv6(addresses + 16) : read_ipv4(addresses + 4);

    source = address_in_zone(source, interface);
    destination = address_in_zone(destination, interface);
    pair->when = 0;
    if (!is_plain(table, interface, source, destination))
        return NULL;
    memcpy(pair->octets, addresses, v6 ? 32 : 8);
    pair->source_zone = source.zone;
    pair->destination_zone = destination.zone;
    pair->when = ip_pair_when(table, interface, family);
    return pair;
}
