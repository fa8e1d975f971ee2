/* codec/domain_name.c: see domain_name.h. */
#include "codec/domain_name.h"

#include <errno.h>

enum { LABEL_LIMIT = 63, NAME_LIMIT = 253, POINTER = 0xc0 };

static bool is_letter(uint8_t octet)
{
    return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') || (octet >= '0' && octet <= '9') ||
           octet == '-' || octet == '_';
}

bool domain_name_is_right(const char *text, size_t length)
{
    size_t label = 0;

    if (length == 0 || length > NAME_LIMIT)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.') {
            if (label == 0)
                return false;
            label = 0;
        } else if (!is_letter((uint8_t)text[i]) || ++label > LABEL_LIMIT) {
            return false;
        }
    }
    return label != 0;
}

bool domain_name_take(struct baro_bytes octets, char text[DOMAIN_NAME_TEXT])
{
    size_t length = 0;

    text[0] = '\0';
    while (length < octets.length && octets.data[length] != 0)
        length++;
    if (length > 1 && octets.data[length - 1] == '.')
        length--;
    if (!domain_name_is_right((const char *)octets.data, length))
        return false;
    memcpy(text, octets.data, length);
    text[length] = '\0';
    return true;
}

static bool read_labels(struct baro_bytes octets, size_t *at, char text[DOMAIN_NAME_TEXT], bool pointers)
{
    size_t here = *at, limit = *at, used = 0;
    bool jumped = false;

    for (;;) {
        uint8_t length;

        if (here >= octets.length)
            return false;
        length = octets.data[here];
        if ((length & POINTER) == POINTER) {
            if (!pointers || here + 1 >= octets.length)
                return false;
            if (!jumped)
                *at = here + 2;
            jumped = true;
            here = (size_t)(length & ~POINTER) << 8 | octets.data[here + 1];
            if (here >= limit) /* each jump leads before where the last began: no circles */
                return false;
            limit = here;
            continue;
        }
        if (length > LABEL_LIMIT || here + 1 + length > octets.length)
            return false;
        here += 1u + length;
        if (length == 0)
            break;
        if (used + length + 1 > NAME_LIMIT + 1u)
            return false;
        memcpy(text + used, octets.data + here - length, length);
        used += length;
        text[used++] = '.';
    }
    if (!jumped)
        *at = here;
    if (used == 0)
        return false;
    text[used - 1] = '\0';
    return domain_name_is_right(text, used - 1);
}

static bool read_name(struct baro_bytes octets, size_t *at, char text[DOMAIN_NAME_TEXT], bool pointers)
{
    if (read_labels(octets, at, text, pointers))
        return true;
    memset(text, 0, DOMAIN_NAME_TEXT); /* nothing half read is left behind */
    return false;
}

bool domain_name_read(struct baro_bytes octets, size_t *at, char text[DOMAIN_NAME_TEXT])
{
    return read_name(octets, at, text, true);
}

bool domain_name_read_plain(struct baro_bytes octets, size_t *at, char text[DOMAIN_NAME_TEXT])
{
    return read_name(octets, at, text, false);
}

ptrdiff_t domain_name_write(const char *text, struct baro_buffer to)
{
    size_t length = strlen(text), label = 0;

    if (!domain_name_is_right(text, length))
        return -EINVAL;
    if (to.length < length + 2)
        return -ENOSPC;
    for (size_t i = 0; i <= length; i++) {
        if (i != length && text[i] != '.') {
            to.data[i + 1] = (uint8_t)text[i];
            continue;
        }
        to.data[label] = (uint8_t)(i - label);
        label = i + 1;
    }
    to.data[length + 1] = 0;
    return (ptrdiff_t)length + 2;
}
