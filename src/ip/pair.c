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

static const struct ip_pair *judge(struct ip_pair *pair, const struct ip_table *table, int interface,
                                   enum baro_family family, const uint8_t *addresses)
{
    struct baro_address source, destination;

    if (family == BARO_FAMILY_IPV6) {
        source = address_in_zone(read_ipv6(addresses), interface);
        destination = address_in_zone(read_ipv6(addresses + 16), interface);
    } else {
        source = read_ipv4(addresses);
        destination = read_ipv4(addresses + 4);
    }
    if (!is_plain(table, interface, source, destination))
        return NULL;
    pair->source_zone = source.zone;
    pair->destination_zone = destination.zone;
    return pair;
}

const struct ip_pair *ip_pair_find(struct ip_pairs *pairs, const struct ip_table *table, int interface,
                                   enum baro_family family, const uint8_t *addresses)
{
    uint64_t when = (uint64_t)table->changes << 32 | (uint64_t)interface << 8 | (uint64_t)family,
             octets[4] = { 0 };
    struct ip_pair *pair;

    memcpy(octets, addresses, family == BARO_FAMILY_IPV6 ? 32 : 8);
    pair =
        &pairs->pair[((octets[0] ^ octets[1] ^ octets[2] ^ octets[3]) * UINT64_C(0x9e3779b97f4a7c15)) >> 58];
    if (pair->when == when && pair->octets[0] == octets[0] && pair->octets[1] == octets[1] &&
        pair->octets[2] == octets[2] && pair->octets[3] == octets[3])
        return pair;
    memcpy(pair->octets, octets, sizeof octets);
    pair->when = 0;
    if (judge(pair, table, interface, family, addresses) == NULL)
        return NULL;
    pair->when = when;
    return pair;
}
