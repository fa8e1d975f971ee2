/* service/dns_literal.c: addresses as people write them (RFC 4291 §2.2, RFC 4007 §11 with the interface's number as
 * zone); of IPv4 only four decimal numbers without leading zeros (RFC 6943 §3.1.1: other forms mean different things to
 * different readers). */
#include "dns_resolver.h"

#include <string.h>

/* A decimal number of at most `most` off the front of *text. */
static bool decimal(const char **text, unsigned most, unsigned *number)
{
    const char *at = *text;

    for (*number = 0; *at >= '0' && *at <= '9' && *number <= most; at++)
        *number = *number * 10 + (unsigned)(*at - '0');
    if (at == *text || *number > most || (**text == '0' && at - *text > 1))
        return false;
    *text = at;
    return true;
}

static bool quad(const char *text, uint8_t octet[4])
{
    for (int i = 0; i < 4; i++) {
        unsigned number;

        if ((i != 0 && *text++ != '.') || !decimal(&text, 255, &number))
            return false;
        octet[i] = (uint8_t)number;
    }
    return *text == '\0';
}

static int digit(char sign)
{
    if (sign >= '0' && sign <= '9')
        return sign - '0';
    if (sign >= 'a' && sign <= 'f')
        return sign - 'a' + 10;
    return sign >= 'A' && sign <= 'F' ? sign - 'A' + 10 : -1;
}

/* Up to four hexadecimal digits off the front of *text. */
static bool group(const char **text, uint8_t octet[2])
{
    unsigned value = 0, digits = 0;

    for (; digit(**text) >= 0 && digits < 5; digits++)
        value = value << 4 | (unsigned)digit(*(*text)++);
    octet[0] = (uint8_t)(value >> 8);
    octet[1] = (uint8_t)value;
    return digits >= 1 && digits <= 4;
}

/* The zone's number behind a percent sign. */
static bool zone(const char *text, struct baro_address *address)
{
    bool local = (address->octet[0] == 0xfe && (address->octet[1] & 0xc0) == 0x80) ||
                 (address->octet[0] == 0xff && (address->octet[1] & 15) <= 2);
    unsigned number;

    if (*text++ != '%' || !local || !decimal(&text, 255, &number))
        return false;
    address->zone = (uint8_t)number;
    return *text == '\0';
}

static bool groups(const char *text, struct baro_address *address)
{
    size_t at = 0, gap = SIZE_MAX, behind;

    if (text[0] == ':' && text[1] == ':') {
        gap = 0;
        text += 2;
    }
    while (*text != '\0' && *text != '%' && at < 16) {
        const char *begin = text;

        if (!group(&text, address->octet + at))
            return false;
        if (*text == '.' && at <= 12 && quad(begin, address->octet + at)) {
            at += 4;
            text = "";
            break;
        }
        at += 2;
        if (*text == ':' && text[1] == ':' && gap == SIZE_MAX) {
            gap = at;
            text += 2;
        } else if (*text == ':' && text[1] != '\0' && text[1] != '%' && text[1] != ':') {
            text++;
        } else {
            break;
        }
    }
    if ((gap == SIZE_MAX && at != 16) || (gap != SIZE_MAX && at > 14) || (*text != '\0' && !zone(text, address)))
        return false;
    if (gap != SIZE_MAX) {
        behind = at - gap;
        memmove(address->octet + 16 - behind, address->octet + gap, behind);
        memset(address->octet + gap, 0, 16 - behind - gap);
    }
    return true;
}

bool dns_literal(const char *text, struct baro_address *address)
{
    memset(address, 0, sizeof *address);
    address->family = BARO_FAMILY_IPV4;
    if (quad(text, address->octet))
        return true;
    memset(address, 0, sizeof *address);
    address->family = BARO_FAMILY_IPV6;
    return groups(text, address);
}
