/* codec/dns_name.c: names of the DNS in their uncompressed wire form, see baro/dns_message.h.
 *
 * Every name made here is whole: its lengths add up to its length and it ends with the root. */
#include "baro/dns_message.h"

#include <errno.h>
#include <string.h>

enum { ROOT = 1 };

static uint8_t lower(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet + ('a' - 'A')) : octet;
}

static bool same(const uint8_t *a, const uint8_t *b, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (lower(a[i]) != lower(b[i])) /* lengths, up to 63, are no letters */
            return false;
    }
    return true;
}

/* One octet of a label off the front of the text, after a backslash if `*text` is one. -1: nothing follows it. */
static int escaped(const char **text)
{
    const char *at = *text;
    int number = 0;

    if (*at != '\\') {
        *text += 1;
        return (uint8_t)*at;
    }
    at++;
    if (*at < '0' || *at > '9') {
        *text = at + 1;
        return *at == '\0' ? -1 : (uint8_t)*at;
    }
    for (int i = 0; i < 3; i++, at++) {
        if (*at < '0' || *at > '9')
            return -1;
        number = number * 10 + (*at - '0');
    }
    *text = at;
    return number > 255 ? -1 : number;
}

int baro_dns_name_parse(struct baro_dns_name *name, const char *text)
{
    uint8_t *octet = name->octet;
    size_t begin = 0, at = 1; /* of the label being read: its length's place, and the next octet's */

    name->length = 0;
    if (*text == '\0')
        return -EINVAL;
    if (text[0] == '.' && text[1] == '\0')
        text++;
    while (*text != '\0') {
        if (*text == '.') {
            if (at == begin + 1)
                return -EINVAL;
            octet[begin] = (uint8_t)(at - begin - 1);
            begin = at++;
            text++;
            continue;
        }
        int value = escaped(&text);

        if (value < 0 || at - begin > BARO_DNS_LABEL_LIMIT || at >= BARO_DNS_NAME_LIMIT)
            return -EINVAL;
        octet[at++] = (uint8_t)value;
    }
    if (at > begin + 1) {
        octet[begin] = (uint8_t)(at - begin - 1);
        begin = at;
    }
    if (begin + ROOT > BARO_DNS_NAME_LIMIT)
        return -EINVAL;
    octet[begin] = 0;
    name->length = (uint8_t)(begin + ROOT);
    return 0;
}

/* One octet as text into `to`, at most four. */
static size_t spell(uint8_t octet, char *to)
{
    if (octet <= ' ' || octet > '~') {
        to[0] = '\\';
        to[1] = (char)('0' + octet / 100);
        to[2] = (char)('0' + octet / 10 % 10);
        to[3] = (char)('0' + octet % 10);
        return 4;
    }
    if (strchr(".\\\"();@$", octet) != NULL) {
        to[0] = '\\';
        to[1] = (char)octet;
        return 2;
    }
    to[0] = (char)octet;
    return 1;
}

ptrdiff_t baro_dns_name_text(const struct baro_dns_name *name, char *text, size_t size)
{
    size_t length = 0, at = 0;

    if (name->length <= ROOT) {
        if (size < 2)
            return -ENOSPC;
        memcpy(text, ".", 2);
        return 1;
    }
    while (name->octet[at] != 0) {
        size_t end = at + 1 + name->octet[at];
        char sign[4];

        if (at != 0) {
            if (length + 1 >= size)
                return -ENOSPC;
            text[length++] = '.';
        }
        for (at++; at < end; at++) {
            size_t signs = spell(name->octet[at], sign);

            if (length + signs >= size)
                return -ENOSPC;
            memcpy(text + length, sign, signs);
            length += signs;
        }
    }
    text[length] = '\0';
    return (ptrdiff_t)length;
}

unsigned baro_dns_name_labels(const struct baro_dns_name *name)
{
    unsigned labels = 0;

    for (size_t at = 0; at < name->length && name->octet[at] != 0; at += 1u + name->octet[at])
        labels++;
    return labels;
}

bool baro_dns_name_equal(const struct baro_dns_name *a, const struct baro_dns_name *b)
{
    return a->length == b->length && same(a->octet, b->octet, a->length);
}

bool baro_dns_name_within(const struct baro_dns_name *name, const struct baro_dns_name *zone)
{
    size_t at = 0;

    if (name->length < zone->length)
        return false;
    while (at < (size_t)(name->length - zone->length))
        at += 1u + name->octet[at];
    return at == (size_t)(name->length - zone->length) && same(name->octet + at, zone->octet, zone->length);
}

int baro_dns_name_append(struct baro_dns_name *name, const struct baro_dns_name *zone)
{
    size_t length = (size_t)name->length - ROOT;

    if (length + zone->length > BARO_DNS_NAME_LIMIT)
        return -EINVAL;
    memcpy(name->octet + length, zone->octet, zone->length);
    name->length = (uint8_t)(length + zone->length);
    return 0;
}

static size_t put_label(struct baro_dns_name *name, size_t at, const char *text)
{
    size_t length = strlen(text);

    name->octet[at] = (uint8_t)length;
    memcpy(name->octet + at + 1, text, length);
    return at + 1 + length;
}

static size_t put_number(struct baro_dns_name *name, size_t at, uint8_t number)
{
    char text[4] = { 0 };
    size_t length = 0;

    if (number >= 100)
        text[length++] = (char)('0' + number / 100);
    if (number >= 10)
        text[length++] = (char)('0' + number / 10 % 10);
    text[length] = (char)('0' + number % 10);
    return put_label(name, at, text);
}

void baro_dns_name_reverse(struct baro_dns_name *name, struct baro_address address)
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;

    if (address.family == BARO_FAMILY_IPV4) {
        for (int i = 3; i >= 0; i--)
            at = put_number(name, at, address.octet[i]);
        at = put_label(name, at, "in-addr");
    } else {
        for (int i = 31; i >= 0; i--) {
            uint8_t half = (uint8_t)(i % 2 != 0 ? address.octet[i / 2] & 15 : address.octet[i / 2] >> 4);
            const char digit[2] = { digits[half], 0 };

            at = put_label(name, at, digit);
        }
        at = put_label(name, at, "ip6");
    }
    at = put_label(name, at, "arpa");
    name->octet[at] = 0;
    name->length = (uint8_t)(at + ROOT);
}

/* A label of decimal digits without needless zeros, 0 to 255; -1: another. */
static int decimal(const uint8_t *label)
{
    int number = 0;

    if (label[0] < 1 || label[0] > 3 || (label[0] > 1 && label[1] == '0'))
        return -1;
    for (int i = 1; i <= label[0]; i++) {
        if (label[i] < '0' || label[i] > '9')
            return -1;
        number = number * 10 + (label[i] - '0');
    }
    return number > 255 ? -1 : number;
}

static int hexadecimal(const uint8_t *label)
{
    uint8_t digit = lower(label[1]);

    if (label[0] != 1)
        return -1;
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

bool baro_dns_name_address(const struct baro_dns_name *name, struct baro_address *address)
{
    static const uint8_t ipv4[] = "\7in-addr\4arpa", ipv6[] = "\3ip6\4arpa";
    unsigned labels = baro_dns_name_labels(name);
    bool four = labels == 6;
    size_t at = 0, end = four ? sizeof ipv4 : sizeof ipv6;

    if (!four && labels != 34)
        return false;
    *address = (struct baro_address){ .family = four ? BARO_FAMILY_IPV4 : BARO_FAMILY_IPV6 };
    for (int i = four ? 3 : 31; i >= 0; i--) {
        int value = four ? decimal(name->octet + at) : hexadecimal(name->octet + at);

        if (value < 0)
            return false;
        if (four)
            address->octet[i] = (uint8_t)value;
        else
            address->octet[i / 2] |= (uint8_t)(i % 2 != 0 ? value : value << 4);
        at += 1u + name->octet[at];
    }
    return name->length - at == end && same(name->octet + at, four ? ipv4 : ipv6, end);
}
