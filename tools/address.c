/* tools/address.c: see address.h. */
#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A host's IPv4 address: not of this network, of this host, of a group, or reserved. */
static bool is_host_v4(const char *text, struct baro_address *address)
{
    *address = (struct baro_address){ .family = BARO_FAMILY_IPV4 };
    return inet_pton(AF_INET, text, address->octet) == 1 && address->octet[0] != 0 && address->octet[0] != 127 &&
           address->octet[0] < 224;
}

/* `octets` are the address's, where they may be looked at as such. */
static bool parse_v6(const char *text, struct baro_address *address, struct in6_addr *octets)
{
    *address = (struct baro_address){ .family = BARO_FAMILY_IPV6 };
    if (inet_pton(AF_INET6, text, octets) != 1)
        return false;
    memcpy(address->octet, octets, sizeof address->octet);
    return true;
}

/* A host's IPv6 address: neither ::, ::1, a group nor an IPv4 address in other clothes. */
static bool is_host_v6(const char *text, struct baro_address *address)
{
    struct in6_addr octets;

    if (!parse_v6(text, address, &octets))
        return false;
    return !IN6_IS_ADDR_UNSPECIFIED(&octets) && !IN6_IS_ADDR_LOOPBACK(&octets) && !IN6_IS_ADDR_MULTICAST(&octets) &&
           !IN6_IS_ADDR_V4MAPPED(&octets);
}

/* One address of `length` octets of text. */
static bool parse_one(const char *text, size_t length, struct baro_host_address *parsed)
{
    char copy[64], *slash, *end;
    bool v6;
    long prefix;

    if (length >= sizeof copy)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    v6 = strchr(copy, ':') != NULL;
    prefix = v6 ? 64 : 24;
    slash = strchr(copy, '/');
    if (slash != NULL) {
        *slash = '\0';
        prefix = strtol(slash + 1, &end, 10);
        if (slash[1] < '0' || slash[1] > '9' || *end != '\0' || prefix < 1 || prefix > (v6 ? 128 : 30))
            return false;
    }
    parsed->prefix_length = (unsigned)prefix;
    return v6 ? is_host_v6(copy, &parsed->address) : is_host_v4(copy, &parsed->address);
}

bool address_parse(const char *text, struct baro_address *address, unsigned *prefix_length)
{
    struct baro_host_address parsed;

    if (!parse_one(text, strlen(text), &parsed) || parsed.address.family != BARO_FAMILY_IPV4)
        return false;
    *address = parsed.address;
    *prefix_length = parsed.prefix_length;
    return true;
}

bool address_any_parse(const char *text, struct baro_address *address, unsigned *prefix_length)
{
    struct baro_host_address parsed;

    if (!parse_one(text, strlen(text), &parsed))
        return false;
    *address = parsed.address;
    *prefix_length = parsed.prefix_length;
    return true;
}

bool address_listens(const char *text, struct baro_address *address)
{
    struct in6_addr octets;

    *address = (struct baro_address){ .family = BARO_FAMILY_IPV4 };
    if (inet_pton(AF_INET, text, address->octet) == 1)
        return address->octet[0] < 224;
    return parse_v6(text, address, &octets) && !IN6_IS_ADDR_MULTICAST(&octets) && !IN6_IS_ADDR_V4MAPPED(&octets) &&
           !IN6_IS_ADDR_LINKLOCAL(&octets);
}

unsigned address_list_parse(const char *text, struct baro_host_address *list, unsigned limit)
{
    for (unsigned count = 0; count < limit; count++) {
        size_t length = strcspn(text, ",");

        if (!parse_one(text, length, &list[count]))
            return 0;
        if (text[length] == '\0')
            return count + 1;
        text += length + 1;
    }
    return 0;
}

bool address_within(struct baro_address address, struct baro_address prefix, unsigned prefix_length)
{
    unsigned whole = prefix_length / 8, rest = prefix_length % 8;

    return address.family == prefix.family && memcmp(address.octet, prefix.octet, whole) == 0 &&
           (rest == 0 || (address.octet[whole] ^ prefix.octet[whole]) >> (8 - rest) == 0);
}

struct baro_address address_subnet(struct baro_address address, unsigned prefix_length)
{
    struct baro_address subnet = { .family = address.family };
    unsigned whole = prefix_length / 8, rest = prefix_length % 8;

    memcpy(subnet.octet, address.octet, whole);
    if (rest != 0)
        subnet.octet[whole] = (uint8_t)(address.octet[whole] & 0xff00 >> rest);
    return subnet;
}

bool address_is_link_local(struct baro_address address)
{
    return address.family == BARO_FAMILY_IPV6 && address.octet[0] == 0xfe && (address.octet[1] & 0xc0) == 0x80;
}

bool prefix_parse(const char *text, struct baro_address *prefix, unsigned *prefix_length)
{
    char copy[64], *slash, *end;
    struct baro_address subnet;
    long length;

    if (strlen(text) >= sizeof copy)
        return false;
    strcpy(copy, text);
    slash = strchr(copy, '/');
    if (slash == NULL || slash[1] < '0' || slash[1] > '9')
        return false;
    *slash = '\0';
    *prefix = (struct baro_address){ .family = strchr(copy, ':') == NULL ? BARO_FAMILY_IPV4 : BARO_FAMILY_IPV6 };
    length = strtol(slash + 1, &end, 10);
    if (*end != '\0' || length < 0 || length > (prefix->family == BARO_FAMILY_IPV4 ? 32 : 128) ||
        inet_pton(prefix->family == BARO_FAMILY_IPV4 ? AF_INET : AF_INET6, copy, prefix->octet) != 1)
        return false;
    *prefix_length = (unsigned)length;
    subnet = address_subnet(*prefix, *prefix_length);
    return memcmp(subnet.octet, prefix->octet, sizeof subnet.octet) == 0;
}

const char *address_words(struct baro_address address, char text[ADDRESS_WORDS])
{
    inet_ntop(address.family == BARO_FAMILY_IPV6 ? AF_INET6 : AF_INET, address.octet, text, ADDRESS_WORDS);
    return text;
}

bool port_parse(const char *text, struct baro_port *port)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || number < 1 || number > 65535)
        return false;
    port->number = (uint16_t)number;
    return true;
}

bool interface_name_is_right(const char *text)
{
    return *text != '\0' && strlen(text) <= 15 && strpbrk(text, "/ ") == NULL;
}

static struct baro_address gateway_v6(struct baro_address address, unsigned prefix_length)
{
    struct baro_address gateway = address;

    for (unsigned bit = prefix_length; bit < 128; bit++)
        gateway.octet[bit / 8] &= (uint8_t)~(0x80U >> bit % 8);
    gateway.octet[15] |= 1;
    if (memcmp(&gateway, &address, sizeof gateway) == 0)
        gateway.octet[15] ^= 3;
    return gateway;
}

struct baro_address address_gateway(struct baro_address address, unsigned prefix_length)
{
    struct baro_address gateway = address;
    uint32_t own, network;

    if (address.family == BARO_FAMILY_IPV6)
        return gateway_v6(address, prefix_length);

    memcpy(&own, address.octet, sizeof own);
    own = ntohl(own);
    network = own & (UINT32_MAX << (32 - prefix_length));
    network = htonl(network + (own == network + 1 ? 2 : 1));
    memcpy(gateway.octet, &network, sizeof network);
    return gateway;
}

const char *address_text(struct baro_address address, char text[16])
{
    snprintf(text, 16, "%u.%u.%u.%u", address.octet[0], address.octet[1], address.octet[2], address.octet[3]);
    return text;
}
