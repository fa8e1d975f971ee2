/* ip/source.c: see source.h.
 *
 * The candidates are the addresses of the interface that the packet leaves by, which is what a strong host has (§4),
 * and rule 5 with it. Rules 1, 2, 3, 6, 7 and 8 are asked in this order of each pair; rule 4 is Mobile IPv6's. */
#include "ip/source.h"

/* RFC 4007 §5, RFC 6724 §3.1: 2 link, 5 site, 14 global. */
static unsigned scope_of(struct baro_address address)
{
    if (address_is_multicast(address))
        return address.octet[1] & 0x0f;
    if (address_is_link_local(address) || address_is_loopback(address))
        return 2;
    if (address.octet[0] == 0xfe && (address.octet[1] & 0xc0) == 0xc0) /* fec0::/10, deprecated */
        return 5;
    return 14;
}

/* The labels of the default policy table (§2.1), the longest prefixes first. */
static unsigned label_of(struct baro_address address)
{
    const struct {
        struct baro_address prefix;
        unsigned length, label;
    } policy[] = {
        { baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1), 128, 0 },      { baro_ipv6(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, 4 },
        { baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), 96, 3 },       { baro_ipv6(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, 5 },
        { baro_ipv6(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, 2 },  { baro_ipv6(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16, 12 },
        { baro_ipv6(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, 11 }, { baro_ipv6(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, 13 },
    };

    address.zone = 0;
    for (unsigned i = 0; i < sizeof policy / sizeof policy[0]; i++) {
        if (ip_in_prefix(address, policy[i].prefix, policy[i].length))
            return policy[i].label;
    }
    return 1;
}

/* Leading bits that `own` has in common with the destination, no more than its prefix (rule 8). */
static unsigned common_bits(const struct ip_own *own, struct baro_address destination)
{
    unsigned bits = 0;

    while (bits < own->prefix_length &&
           ((own->address.octet[bits / 8] ^ destination.octet[bits / 8]) & (0x80U >> bits % 8)) == 0)
        bits++;
    return bits;
}

/* Is `a` the better source? Equal: no, the earlier one stays. */
static bool better(const struct ip_own *a, const struct ip_own *b, struct baro_address destination)
{
    unsigned scope_a = scope_of(a->address), scope_b = scope_of(b->address), scope = scope_of(destination);
    unsigned label = label_of(destination);
    bool label_a = label_of(a->address) == label, label_b = label_of(b->address) == label;

    if (address_equal(a->address, destination) != address_equal(b->address, destination)) /* rule 1 */
        return address_equal(a->address, destination);
    if (scope_a != scope_b) /* rule 2: the smallest that is large enough */
        return scope_a < scope_b ? scope_a >= scope : scope_b < scope;
    if (a->deprecated != b->deprecated) /* rule 3 */
        return b->deprecated;
    if (label_a != label_b) /* rule 6 */
        return label_a;
    if (a->temporary != b->temporary) /* rule 7 */
        return a->temporary;
    return common_bits(a, destination) > common_bits(b, destination); /* rule 8 */
}

struct baro_address ip_source_select(const struct ip_interface *at, struct baro_address destination)
{
    const struct ip_own *best = NULL;

    for (unsigned i = 0; i < at->owns; i++) {
        const struct ip_own *own = &at->own[i];

        if (own->usable && own->address.family == BARO_FAMILY_IPV6 && (best == NULL || better(own, best, destination)))
            best = own;
    }
    return best == NULL ? (struct baro_address){ .family = BARO_FAMILY_NONE } : best->address;
}
