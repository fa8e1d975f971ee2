/* tools/address.c: see address.h. */
#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool address_parse(const char *text, struct baro_address *address, unsigned *prefix_length)
{
    char copy[32], *slash, *end;
    long prefix = 24;

    if (strlen(text) >= sizeof copy)
        return false;
    strcpy(copy, text);
    slash = strchr(copy, '/');
    if (slash != NULL) {
        *slash = '\0';
        prefix = strtol(slash + 1, &end, 10);
        if (slash[1] == '\0' || *end != '\0' || prefix < 1 || prefix > 30)
            return false;
    }
    *address = (struct baro_address){ .family = BARO_FAMILY_IPV4 };
    *prefix_length = (unsigned)prefix;
    return inet_pton(AF_INET, copy, address->octet) == 1 && address->octet[0] != 0 && address->octet[0] != 127 &&
           address->octet[0] < 224;
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
