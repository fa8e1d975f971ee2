/* service/dns_private.c: which names belong inside, so that a forwarder answers for them itself and asks nobody
 * outside.
 *
 * Names for private use: nobody outside knows them, and that somebody asks for them is nobody's business. The reverse
 * names are those of RFC 6303 §4 and RFC 7793, and of all of fc00::/7 (RFC 4193). Names in .test go out: where RFC 6761
 * §6.2 has name servers keep them back it wants a way to say otherwise, and who tests with such names has a resolver
 * that knows them. */
#include "dns_server.h"

enum { TYPE_DS = 43, TYPE_DNSKEY = 48 };

#define ZONE(labels) { sizeof(labels), labels }
static const struct baro_dns_name zones[] = {
    ZONE("\3lan"),
    ZONE("\5local"),         /* RFC 6762 §22.1 */
    ZONE("\10internal"),     /* set aside by ICANN, 2024 */
    ZONE("\4home\4arpa"),    /* RFC 8375 §4 */
    ZONE("\10resolver\4arpa"), /* RFC 9462 §6.4 */
    ZONE("\11localhost"),    /* RFC 6761 §6.3 */
    ZONE("\7invalid"),       /* §6.4 */
    ZONE("\5onion"),         /* RFC 7686 §2 */
    ZONE("\3alt"),           /* RFC 9476 §2 */
    ZONE("\1c\1f\3ip6\4arpa"), ZONE("\1d\1f\3ip6\4arpa"),
    ZONE("\1" "8\1e\1f\3ip6\4arpa"), ZONE("\1" "9\1e\1f\3ip6\4arpa"),
    ZONE("\1a\1e\1f\3ip6\4arpa"), ZONE("\1b\1e\1f\3ip6\4arpa"),
    ZONE("\1" "8\1b\1d\1" "0\1" "1\1" "0\1" "0\1" "2\3ip6\4arpa")
};

static const struct baro_dns_name in_addr = ZONE("\7in-addr\4arpa");

/* The last labels of a name below in-addr.arpa as the first octets of an address; how many there are. */
static unsigned octets_of(const struct baro_dns_name *name, int octet[4])
{
    unsigned labels = baro_dns_name_labels(name) - 2, count = 0, at = 0;

    for (unsigned i = 0; i < labels; i++, at += 1u + name->octet[at]) {
        int number = 0;

        if (labels - i > 4)
            continue;
        for (unsigned j = 1; j <= name->octet[at]; j++) {
            uint8_t digit = name->octet[at + j];

            number = digit < '0' || digit > '9' || number > 255 ? 256 : number * 10 + (digit - '0');
        }
        octet[labels - i - 1] = number;
        count++;
    }
    return count;
}

/* RFC 6303 §4.1, §4.2, RFC 7793: zones of one to four octets. */
static bool is_private_v4(const struct baro_dns_name *name)
{
    int octet[4] = { -1, -1, -1, -1 };
    unsigned count = octets_of(name, octet);
    int a = octet[0], b = octet[1], c = octet[2];

    if (a == 0 || a == 10 || a == 127)
        return true;
    if (count >= 2 && ((a == 172 && b >= 16 && b <= 31) || (a == 192 && b == 168) || (a == 169 && b == 254) ||
                       (a == 100 && b >= 64 && b <= 127)))
        return true;
    if (count >= 3 &&
        ((a == 192 && b == 0 && c == 2) || (a == 198 && b == 51 && c == 100) || (a == 203 && b == 0 && c == 113)))
        return true;
    return a == 255 && b == 255 && c == 255 && octet[3] == 255;
}

/* :: and ::1, whose reverse names are zones of their own (§4.3). */
static bool is_nobody_v6(const struct baro_dns_name *name)
{
    struct baro_address address;

    if (!baro_dns_name_address(name, &address) || address.family != BARO_FAMILY_IPV6 || address.octet[15] > 1)
        return false;
    for (unsigned i = 0; i < 15; i++) {
        if (address.octet[i] != 0)
            return false;
    }
    return true;
}

bool dns_is_private(const struct baro_dns_name *name, uint16_t type)
{
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        if (baro_dns_name_within(name, &zones[i]))
            return true;
    }
    if (baro_dns_name_within(name, &in_addr) && is_private_v4(name))
        return true;
    /* A single label is a host here; that the zones of the top are asked about belongs to those who validate. */
    if (baro_dns_name_labels(name) == 1)
        return type != BARO_DNS_NS && type != BARO_DNS_SOA && type != TYPE_DS && type != TYPE_DNSKEY;
    return is_nobody_v6(name);
}
