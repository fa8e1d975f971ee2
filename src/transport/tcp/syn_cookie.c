/* transport/tcp/syn_cookie.c: see syn_cookie.h. */
#include "transport/tcp/syn_cookie.h"

#include <string.h>

#include "base/bytes.h"

enum { MSS_COUNT = 8, HAS_TIMESTAMPS = 8, VALUES = 16, OPTION_BITS = 6, NOT_SCALED = 15 };

/* What peers offer: the floor, the default of IPv4 and of IPv6, tunnels and PPPoE, Ethernet with IPv6 and with IPv4,
 * jumbo frames. */
static const uint16_t mss_table[MSS_COUNT] = { 88, 536, 1220, 1300, 1400, 1440, 1460, 8940 };

static uint32_t hash_of(const struct hash_key *key, const struct baro_endpoint *local,
                        const struct baro_endpoint *remote, struct seq irs, uint64_t period)
{
    uint8_t tuple[56] = { 0 };

    tuple[0] = local->address.family;
    tuple[1] = local->address.zone;
    tuple[38] = remote->address.zone;
    memcpy(tuple + 2, local->address.octet, 16);
    memcpy(tuple + 18, remote->address.octet, 16);
    write_be16(tuple + 34, local->port.number);
    write_be16(tuple + 36, remote->port.number);
    write_be32(tuple + 40, irs.value);
    write_be32(tuple + 44, (uint32_t)(period >> 32));
    write_be32(tuple + 48, (uint32_t)period);
    return (uint32_t)hash_bytes(key, tuple, sizeof tuple);
}

static uint64_t period_of(struct baro_instant now)
{
    return (uint64_t)now.ns / (uint64_t)SYN_COOKIE_PERIOD_NS;
}

struct seq syn_cookie_make(const struct hash_key *key, const struct baro_endpoint *local,
                           const struct baro_endpoint *remote, struct seq irs, struct baro_instant now,
                           const struct syn_cookie *cookie)
{
    uint32_t value = MSS_COUNT - 1;

    while (value > 0 && mss_table[value] > cookie->mss)
        value--;
    value |= cookie->timestamps ? HAS_TIMESTAMPS : 0;
    return seq_of(hash_of(key, local, remote, irs, period_of(now)) + value);
}

bool syn_cookie_check(const struct hash_key *key, const struct baro_endpoint *local, const struct baro_endpoint *remote,
                      struct seq irs, struct seq iss, struct baro_instant now, struct syn_cookie *cookie)
{
    for (uint64_t age = 0; age < 2; age++) {
        uint32_t value = iss.value - hash_of(key, local, remote, irs, period_of(now) - age);

        if (value >= VALUES)
            continue;
        *cookie = (struct syn_cookie){ .mss = mss_table[value % MSS_COUNT],
                                       .timestamps = (value & HAS_TIMESTAMPS) != 0 };
        return true;
    }
    return false;
}

uint32_t syn_cookie_timestamp(uint32_t timestamp, const struct syn_cookie *cookie)
{
    uint32_t mask = (1u << OPTION_BITS) - 1;
    uint32_t options = cookie->scaled ? cookie->scale : NOT_SCALED, made;

    options |= cookie->sack_permitted ? 0x10u : 0;
    options |= cookie->ecn ? 0x20u : 0;
    made = (timestamp & ~mask) | options;
    return (int32_t)(made - timestamp) > 0 ? made - mask - 1 : made; /* never ahead: later ones must not be older */
}

void syn_cookie_read_timestamp(uint32_t echo, struct syn_cookie *cookie)
{
    cookie->scaled = (echo & 0xf) != NOT_SCALED;
    cookie->scale = (uint8_t)(cookie->scaled ? echo & 0xf : 0);
    cookie->sack_permitted = (echo & 0x10) != 0;
    cookie->ecn = (echo & 0x20) != 0;
}
