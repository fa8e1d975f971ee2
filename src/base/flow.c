/* base/flow.c: see flow.h. */
#include "base/flow.h"

#include <string.h>

enum { LABEL_BITS = 20 };

uint32_t flow_label(const struct hash_key *key, uint8_t protocol, const struct baro_endpoint *local,
                    const struct baro_endpoint *remote)
{
    uint64_t words[5], hash;
    uint32_t label;

    if (remote->address.family != BARO_FAMILY_IPV6)
        return 0;
    words[0] = (uint64_t)protocol << 48 | (uint64_t)local->port.number << 16 | remote->port.number;
    memcpy(&words[1], local->address.octet, sizeof local->address.octet);
    memcpy(&words[3], remote->address.octet, sizeof remote->address.octet);
    hash = hash_words(key, words, 5);
    label = (uint32_t)(hash >> (64 - LABEL_BITS));
    return label != 0 ? label : 1; /* 0 says that there is none */
}
