/* Text in a buffer of fixed size, and how addresses, times and flags are written. */
#include "text.h"

#include <stdio.h>
#include <string.h>

void text_init(struct text *text, char *data, size_t size)
{
    *text = (struct text){ data, size, 0 };
    if (size > 0)
        data[0] = '\0';
}

void text_put(struct text *text, const char *bytes, size_t length)
{
    if (text->size == 0)
        return;
    size_t room = text->size - 1 - text->length;
    if (length > room) {
        length = room;
        while (length > 0 && ((unsigned char)bytes[length] & 0xC0) == 0x80)
            length--;
        text->size = text->length + length + 1; /* full: nothing later may follow a gap */
    }
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
    text_put(text, string, strlen(string));
}

void text_format(struct text *text, const char *format, ...)
{
    char piece[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    if (length > 0)
        text_put(text, piece, (size_t)length < sizeof piece ? (size_t)length : sizeof piece - 1);
}

/* RFC 5952: the longest run of two or more zero groups becomes "::". */
static void text_ipv6(struct text *text, const uint8_t *octet)
{
    int best = -1, best_length = 1;
    for (int i = 0; i < 8; i++) {
        int run = 0;
        while (i + run < 8 && octet[2 * (i + run)] == 0 && octet[2 * (i + run) + 1] == 0)
            run++;
        if (run > best_length) {
            best = i;
            best_length = run;
        }
    }
    /* RFC 5952 §5: an IPv4-mapped address ends as IPv4 is written. */
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    if (memcmp(octet, mapped, sizeof mapped) == 0) {
        text_format(text, "::ffff:%u.%u.%u.%u", octet[12], octet[13], octet[14], octet[15]);
        return;
    }
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            text_add(text, "::");
            i += best_length - 1;
            continue;
        }
        if (i > 0 && i != best + best_length)
            text_add(text, ":");
        text_format(text, "%x", (unsigned)(octet[2 * i] << 8 | octet[2 * i + 1]));
    }
}

void text_address(struct text *text, const struct baro_address *address)
{
    const uint8_t *o = address->octet;
    if (address->family == BARO_FAMILY_IPV4) {
        text_format(text, "%u.%u.%u.%u", o[0], o[1], o[2], o[3]);
    } else if (address->family == BARO_FAMILY_IPV6) {
        text_ipv6(text, o);
        if (address->zone != 0) /* RFC 4007 §11 */
            text_format(text, "%%%u", address->zone);
    } else {
        text_add(text, "*");
    }
}

void text_mac(struct text *text, const struct baro_mac *mac)
{
    const uint8_t *o = mac->octet;
    text_format(text, "%02x:%02x:%02x:%02x:%02x:%02x", o[0], o[1], o[2], o[3], o[4], o[5]);
}

void text_endpoint(struct text *text, const struct baro_endpoint *endpoint)
{
    bool brackets = endpoint->address.family == BARO_FAMILY_IPV6;
    text_add(text, brackets ? "[" : "");
    text_address(text, &endpoint->address);
    text_add(text, brackets ? "]:" : ":");
    if (endpoint->port.number == 0)
        text_add(text, "*");
    else
        text_format(text, "%u", endpoint->port.number);
}

void text_duration(struct text *text, int64_t ns)
{
    static const struct {
        int64_t ns;
        const char *name;
    } units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "µs" }, { 1, "ns" } };
    size_t i = 0;
    if (ns == 0) {
        text_add(text, "0 s");
        return;
    }
    uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    while (i < 3 && size < (uint64_t)units[i].ns)
        i++;
    uint64_t unit = (uint64_t)units[i].ns, fraction = size % unit * 1000 / unit;
    text_format(text, "%s%llu", ns < 0 ? "-" : "", (unsigned long long)(size / unit));
    if (fraction != 0) {
        char digits[8];
        snprintf(digits, sizeof digits, ".%03u", (unsigned)fraction);
        size_t length = strlen(digits);
        while (digits[length - 1] == '0')
            length--;
        text_put(text, digits, length);
    }
    text_format(text, " %s", units[i].name);
}

void text_flags(struct text *text, uint64_t flags)
{
    /* In the order in which people say them: SYN+ACK, not ACK+SYN. */
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = { { 2, "SYN" },  { 1, "FIN" },  { 4, "RST" },  { 8, "PSH" },
                  { 16, "ACK" }, { 32, "URG" }, { 64, "ECE" }, { 128, "CWR" }, { 256, "AE" } };
    bool first = true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((flags & names[i].bit) == 0)
            continue;
        text_format(text, "%s%s", first ? "" : "+", names[i].name);
        first = false;
    }
    if (first)
        text_add(text, "-");
}

void text_queue(struct text *text, uint64_t used, uint64_t limit, const char *of)
{
    enum { CELLS = 16 };
    char cells[CELLS + 1];
    size_t count = limit < CELLS ? (size_t)limit : CELLS;
    for (size_t i = 0; i < count; i++) /* a long queue is scaled; whatever waits shows as one cell at least */
        cells[i] = (uint64_t)i * limit < used * (uint64_t)count ? '#' : '.';
    cells[count] = '\0';
    text_format(text, "[%s] ", cells);
    text_format(text, of, (unsigned long long)used, (unsigned long long)limit);
}

size_t text_character(const char *string, size_t length)
{
    size_t i = 1;
    while (i < length && ((unsigned char)string[i] & 0xC0) == 0x80)
        i++;
    return i;
}

size_t text_columns(const char *string, size_t length)
{
    size_t columns = 0;
    for (size_t i = 0; i < length;) {
        size_t bytes = text_character(string + i, length - i);
        unsigned char first = (unsigned char)string[i];
        /* Of the three-byte characters, those from U+1100 to U+115F and from U+2E80 on are wide; ours are. */
        bool wide = bytes == 3 && (first > 0xE2 || (first == 0xE1 && (unsigned char)string[i + 1] == 0x84));
        columns += wide ? 2 : 1;
        i += bytes;
    }
    return columns;
}
