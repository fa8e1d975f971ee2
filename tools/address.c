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

/* A host's IPv6 address: neither ::, ::1, a group nor an IPv4 address in other clothes. */
static bool is_host_v6(const char *text, struct baro_address *address)
{
    const struct in6_addr *octets = (const struct in6_addr *)(const void *)address->octet;

    *address = (struct baro_address){ .family = BARO_FAMILY_IPV6 };
    return inet_pton(AF_INET6, text, address->octet) == 1 && !IN6_IS_ADDR_UNSPECIFIED(octets) &&
           !IN6_IS_ADDR_LOOPBACK(octets) && !IN6_IS_ADDR_MULTICAST(octets) && !IN6_IS_ADDR_V4MAPPED(octets);
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

struct baro_address address_gateway(struct baro_address address, unsigned prefix_length)
{
    struct baro_address gateway = address;
    uint32_t own, network;

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
