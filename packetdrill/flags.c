/* packetdrill/flags.c: `--so_flags=local=192.168.0.1/16,gateway=192.168.0.2,mtu=1500`.
 *
 * The tool sets no addresses: they come from here. Each of `local` and `gateway` may be given twice, once a family;
 * what is not given is as packetdrill's scripts have it when they say nothing. */
#include "adapter.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESS_ROOM = 64, MTU_LEAST = 68, MTU_MOST = 65535 };

static bool read_address(struct baro_address *address, const char *text)
{
    uint8_t octets[16];

    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, text, octets) == 1) {
        *address = baro_ipv4(octets[0], octets[1], octets[2], octets[3]);
        return true;
    }
    if (inet_pton(AF_INET6, text, octets) != 1)
        return false;
    address->family = BARO_FAMILY_IPV6;
    memcpy(address->octet, octets, sizeof octets);
    return true;
}

static bool read_number(unsigned *number, const char *text, unsigned least, unsigned most)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end != '\0' || *text == '-' || value < least || value > most)
        return false;
    *number = (unsigned)value;
    return true;
}

static bool read_local(struct adapter_flags *flags, char *value)
{
    char *slash = strchr(value, '/');
    struct baro_address address;
    unsigned family;

    if (slash != NULL)
        *slash++ = '\0';
    if (!read_address(&address, value))
        return false;
    family = address.family == BARO_FAMILY_IPV6;
    flags->local[family] = address;
    return slash == NULL || read_number(&flags->prefix_length[family], slash, 1, family ? 128 : 32);
}

static bool read_gateway(struct adapter_flags *flags, const char *value)
{
    struct baro_address address;

    if (!read_address(&address, value))
        return false;
    flags->gateway[address.family == BARO_FAMILY_IPV6] = address;
    return true;
}

static bool read_one(struct adapter_flags *flags, char *item)
{
    char *value = strchr(item, '=');

    if (value == NULL)
        return false;
    *value++ = '\0';
    if (strcmp(item, "local") == 0)
        return read_local(flags, value);
    if (strcmp(item, "gateway") == 0)
        return read_gateway(flags, value);
    if (strcmp(item, "mtu") == 0)
        return read_number(&flags->mtu, value, MTU_LEAST, MTU_MOST);
    return false;
}

bool adapter_flags_read(struct adapter_flags *flags, const char *text, char *message, size_t size)
{
    char *copy, *rest, *item;

    *flags = (struct adapter_flags){
        .local = { baro_ipv4(192, 168, 0, 1), baro_ipv6(0xfd3d, 0x0a0b, 0x17d6, 0, 0, 0, 0, 1) },
        .gateway = { baro_ipv4(192, 168, 0, 2), baro_ipv6(0xfd3d, 0x0a0b, 0x17d6, 0, 0, 0, 0, 2) },
        .prefix_length = { 16, 48 },
        .mtu = 1500,
    };
    copy = strdup(text == NULL ? "" : text);
    if (copy == NULL) {
        snprintf(message, size, "no memory");
        return false;
    }
    rest = copy;
    while ((item = strsep(&rest, ",")) != NULL) {
        char shown[ADDRESS_ROOM + 1];

        snprintf(shown, sizeof shown, "%.*s", ADDRESS_ROOM, item);
        if (*item == '\0' || read_one(flags, item))
            continue;
        snprintf(message, size, "\"%s\" is none of local=ADDRESS/LENGTH, gateway=ADDRESS, mtu=%d to %d", shown,
                 MTU_LEAST, MTU_MOST);
        free(copy);
        return false;
    }
    free(copy);
    return true;
}
