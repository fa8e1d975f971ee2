/* transport/tcp/arrival.h: whose a foreseen segment is: its four-tuple as it stands in the headers, compared and read. */
#ifndef TRANSPORT_TCP_ARRIVAL_H
#define TRANSPORT_TCP_ARRIVAL_H

#include <string.h>

#include "base/bytes.h"
#include "transport/tcp/expected.h"

static inline bool arrival_is_between(const struct tcp_arrival *arrival, const struct baro_endpoint *local,
                                      const struct baro_endpoint *remote)
{
    const struct baro_address *from = &remote->address, *to = &local->address;
    const uint8_t *at = arrival->addresses;

    if (remote->port.number != read_be16(arrival->octets) || local->port.number != read_be16(arrival->octets + 2) ||
        from->family != arrival->family)
        return false;
    if (arrival->family == BARO_FAMILY_IPV4)
        return memcmp(from->octet, at, 4) == 0 && memcmp(to->octet, at + 4, 4) == 0;
    return memcmp(from->octet, at, 16) == 0 && memcmp(to->octet, at + 16, 16) == 0 &&
           from->zone == arrival->source_zone && to->zone == arrival->destination_zone;
}

/* Have both the same four-tuple? */
static inline bool arrival_is_same(const struct tcp_arrival *one, const struct tcp_arrival *other)
{
    return memcmp(one->octets, other->octets, 4) == 0 && one->family == other->family &&
           (one->family == BARO_FAMILY_IPV4 ? memcmp(one->addresses, other->addresses, 8) == 0
                                            : memcmp(one->addresses, other->addresses, 32) == 0) &&
           one->source_zone == other->source_zone && one->destination_zone == other->destination_zone;
}

static inline void arrival_ends(const struct tcp_arrival *arrival, struct baro_endpoint *local,
                                struct baro_endpoint *remote)
{
    bool v6 = arrival->family == BARO_FAMILY_IPV6;
    const uint8_t *at = arrival->addresses;

    *remote = (struct baro_endpoint){ v6 ? read_ipv6(at) : read_ipv4(at), { read_be16(arrival->octets) } };
    *local = (struct baro_endpoint){ v6 ? read_ipv6(at + 16) : read_ipv4(at + 4), { read_be16(arrival->octets + 2) } };
    remote->address.zone = arrival->source_zone;
    local->address.zone = arrival->destination_zone;
}

#endif
