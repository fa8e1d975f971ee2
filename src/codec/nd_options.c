/* codec/nd_options.c: see nd.h. An option is its kind, its length in units of eight octets, and what that leaves. */
#include "codec/nd_options.h"

enum {
    UNIT = 8,
    FLAG_ON_LINK = 0x80,
    FLAG_AUTONOMOUS = 0x40,
    PREFERENCE_SHIFT = 3,
    PREFERENCE_RESERVED = 2,
    LABEL_LIMIT = 63, /* RFC 1035 §2.3.4 */
    NAME_LIMIT = 255,
    OPTION_LIMIT = 255 * UNIT
};

/* ---- names ---- */

/* The octets of the name at `at`, its end included; 0: it has none within the bytes, or is too long, or is
 * compressed. */
static size_t name_length(struct baro_bytes names, size_t at)
{
    size_t length = 0;

    while (at + length < names.length) {
        uint8_t label = names.data[at + length];

        if (label > LABEL_LIMIT)
            return 0;
        length += 1 + (size_t)label;
        if (length > NAME_LIMIT)
            return 0;
        if (label == 0)
            return length;
    }
    return 0;
}

/* Names, then zeros up to the option's end (RFC 8106 §5.2). Shortens `names` by the zeros; false: not of that form. */
static bool names_check(struct baro_bytes *names)
{
    size_t at = 0;

    while (at < names->length && names->data[at] != 0) {
        size_t length = name_length(*names, at);

        if (length == 0)
            return false;
        at += length;
    }
    for (size_t i = at; i < names->length; i++) {
        if (names->data[i] != 0)
            return false;
    }
    names->length = at;
    return at != 0;
}

bool nd_name_text(struct baro_bytes names, size_t *at, char text[ND_NAME_TEXT])
{
    size_t length = *at < names.length ? name_length(names, *at) : 0, used = 0;
    const uint8_t *label = names.data + *at;

    if (length < 2)
        return false;
    for (; *label != 0; label += 1 + *label) {
        if (used != 0)
            text[used++] = '.';
        /* what would be read as something else on a screen or in a file is shown as '?' */
        for (unsigned i = 1; i <= *label; i++)
            text[used++] = label[i] > ' ' && label[i] < 0x7f && label[i] != '.' ? (char)label[i] : '?';
    }
    text[used] = '\0';
    *at += length;
    return true;
}

size_t nd_name_write(const char *text, uint8_t *to, size_t room)
{
    size_t used = 0;

    while (*text != '\0') {
        size_t label = strcspn(text, ".");

        if (label == 0 || label > LABEL_LIMIT || used + label + 2 > room || used + label + 2 > NAME_LIMIT)
            return 0;
        to[used++] = (uint8_t)label;
        memcpy(to + used, text, label);
        used += label;
        text += label;
        if (*text == '.')
            text++;
    }
    if (used == 0)
        return 0;
    to[used++] = 0;
    return used;
}

/* ---- reading ---- */

static struct baro_address cut_to_prefix(struct baro_address address, unsigned length)
{
    for (unsigned i = 0; i < sizeof address.octet; i++) {
        unsigned kept = length > 8 * i ? length - 8 * i : 0;

        if (kept < 8)
            address.octet[i] &= (uint8_t)(0xff00U >> kept);
    }
    return address;
}

static void read_prefix(struct nd_message *message, const uint8_t *at)
{
    struct nd_prefix *prefix = &message->prefix[message->prefixes];
    struct nd_prefix_option option;

    nd_prefix_option_read(&option, at + 2);
    if (option.length > 128 || message->prefixes == ND_PREFIXES)
        return;
    prefix->prefix = cut_to_prefix(option.prefix, option.length);
    prefix->length = option.length;
    prefix->on_link = (option.flags & FLAG_ON_LINK) != 0;
    prefix->autonomous = (option.flags & FLAG_AUTONOMOUS) != 0;
    prefix->valid_s = option.valid_s;
    prefix->preferred_s = option.preferred_s;
    message->prefixes++;
}

/* RFC 4191 §2.3: one, two or three units, as the prefix needs; the reserved preference: not for us. */
static void read_route(struct nd_message *message, const uint8_t *at, size_t length)
{
    struct nd_route *route = &message->route[message->routes];
    unsigned preference = (unsigned)at[3] >> PREFERENCE_SHIFT & 3;
    uint8_t octets[16] = { 0 };

    if (length > 3 * UNIT || at[2] > 128 || (length - UNIT) * 8 < at[2] || preference == PREFERENCE_RESERVED ||
        message->routes == ND_ROUTES)
        return;
    memcpy(octets, at + UNIT, length - UNIT);
    route->prefix = cut_to_prefix(read_ipv6(octets), at[2]);
    route->length = at[2];
    route->preference = (enum nd_preference)preference;
    route->lifetime_s = read_be32(at + 4);
    message->routes++;
}

/* RFC 8106 §5.1: a unit and two more for each server. */
static void read_servers(struct nd_message *message, int interface, const uint8_t *at, size_t length)
{
    if (length < 3 * UNIT || length / UNIT % 2 == 0)
        return;
    for (size_t i = UNIT; i < length && message->servers < ND_SERVERS; i += 16) {
        struct baro_address address = address_in_zone(read_ipv6(at + i), interface);

        if (address_is_multicast(address) || address_is_unspecified(address) || address_is_loopback(address))
            continue;
        message->server[message->servers++] = (struct nd_server){ address, read_be32(at + 4) };
    }
}

static void read_search(struct nd_message *message, const uint8_t *at, size_t length)
{
    struct baro_bytes names = { at + UNIT, length - UNIT };

    if (length < 2 * UNIT || message->searches == ND_SEARCHES || !names_check(&names))
        return;
    message->search[message->searches++] = (struct nd_search){ names, read_be32(at + 4) };
}

/* An option that an advertisement alone may carry, or not. */
static void read_advertised(struct nd_message *message, int interface, const uint8_t *at, size_t length)
{
    switch (at[0]) {
    case ND_OPTION_PREFIX:
        if (length == 4 * UNIT)
            read_prefix(message, at);
        break;
    case ND_OPTION_MTU:
        if (length == UNIT) {
            message->has_mtu = true;
            message->mtu = read_be32(at + 4);
        }
        break;
    case ND_OPTION_ROUTE:
        read_route(message, at, length);
        break;
    case ND_OPTION_SERVERS:
        read_servers(message, interface, at, length);
        break;
    case ND_OPTION_SEARCH:
        read_search(message, at, length);
        break;
    default:
        break;
    }
}

/* Each message has its options (§4.1 to §4.5); what stands in another is ignored there. */
static void read_option(struct nd_message *message, int interface, const uint8_t *at, size_t length)
{
    bool advertises = message->type == ICMPV6_NEIGHBOUR_ADVERTISEMENT || message->type == ICMPV6_REDIRECT;

    switch (at[0]) {
    case ND_OPTION_SOURCE_MAC:
        if (length == UNIT && !advertises) {
            message->has_source_mac = true;
            message->source_mac = read_mac(at + 2);
        }
        break;
    case ND_OPTION_TARGET_MAC:
        if (length == UNIT && advertises) {
            message->has_target_mac = true;
            message->target_mac = read_mac(at + 2);
        }
        break;
    case ND_OPTION_REDIRECTED:
        if (message->type == ICMPV6_REDIRECT)
            message->redirected = (struct baro_bytes){ at + UNIT, length - UNIT };
        break;
    case ND_OPTION_NONCE:
        message->nonce = (struct baro_bytes){ at + 2, length - 2 };
        break;
    default:
        if (message->type == ICMPV6_ROUTER_ADVERTISEMENT)
            read_advertised(message, interface, at, length);
        break;
    }
}

bool nd_options_read(struct nd_message *message, int interface, struct baro_bytes options)
{
    size_t at = 0;

    while (at < options.length) {
        size_t length = options.length - at < 2 ? 0 : (size_t)options.data[at + 1] * UNIT;

        if (length == 0 || length > options.length - at)
            return false;
        read_option(message, interface, options.data + at, length);
        at += length;
    }
    return true;
}

/* ---- writing ---- */

struct writer {
    uint8_t *to;
    size_t room, used;
    bool failed;
};

/* An option of `octets`, filled up with zeros to whole units; NULL: no room. */
static uint8_t *option_add(struct writer *writer, enum nd_option kind, size_t octets)
{
    size_t length = (octets + UNIT - 1) / UNIT * UNIT;
    uint8_t *at = writer->to + writer->used;

    if (writer->failed || length > OPTION_LIMIT || length > writer->room - writer->used) {
        writer->failed = true;
        return NULL;
    }
    memset(at, 0, length);
    at[0] = (uint8_t)kind;
    at[1] = (uint8_t)(length / UNIT);
    writer->used += length;
    return at;
}

static void write_mac_option(struct writer *writer, enum nd_option kind, struct baro_mac mac)
{
    uint8_t *at = option_add(writer, kind, UNIT);

    if (at != NULL)
        write_mac(at + 2, mac);
}

static void write_prefix(struct writer *writer, const struct nd_prefix *prefix)
{
    const struct nd_prefix_option option = {
        .length = prefix->length,
        .flags = (uint8_t)((prefix->on_link ? FLAG_ON_LINK : 0) | (prefix->autonomous ? FLAG_AUTONOMOUS : 0)),
        .valid_s = prefix->valid_s,
        .preferred_s = prefix->preferred_s,
        .prefix = prefix->prefix
    };
    uint8_t *at = option_add(writer, ND_OPTION_PREFIX, 2 + nd_prefix_option_SIZE);

    if (at != NULL)
        nd_prefix_option_write(&option, at + 2);
}

static void write_route(struct writer *writer, const struct nd_route *route)
{
    size_t octets = route->length == 0 ? 0 : route->length <= 64 ? 8 : 16;
    uint8_t *at = option_add(writer, ND_OPTION_ROUTE, UNIT + octets);

    if (at == NULL)
        return;
    at[2] = route->length;
    at[3] = (uint8_t)((unsigned)route->preference << PREFERENCE_SHIFT);
    write_be32(at + 4, route->lifetime_s);
    memcpy(at + UNIT, route->prefix.octet, octets);
}

/* One option for each lifetime would do; one for each server says the same. */
static void write_server(struct writer *writer, const struct nd_server *server)
{
    uint8_t *at = option_add(writer, ND_OPTION_SERVERS, UNIT + 16);

    if (at == NULL)
        return;
    write_be32(at + 4, server->lifetime_s);
    write_ipv6(at + UNIT, server->address);
}

static void write_bytes(struct writer *writer, enum nd_option kind, size_t front, uint32_t word,
                        struct baro_bytes bytes)
{
    uint8_t *at = option_add(writer, kind, front + bytes.length);

    if (at == NULL)
        return;
    if (front == UNIT)
        write_be32(at + 4, word);
    memcpy(at + front, bytes.data, bytes.length);
}

bool nd_options_write(const struct nd_message *message, uint8_t *to, size_t room, size_t *written)
{
    struct writer writer = { .to = to, .room = room };
    struct baro_bytes redirected = message->redirected;

    if (message->has_source_mac)
        write_mac_option(&writer, ND_OPTION_SOURCE_MAC, message->source_mac);
    if (message->has_target_mac)
        write_mac_option(&writer, ND_OPTION_TARGET_MAC, message->target_mac);
    if (message->has_mtu)
        write_bytes(&writer, ND_OPTION_MTU, UNIT, message->mtu, (struct baro_bytes){ to, 0 });
    for (unsigned i = 0; i < message->prefixes; i++)
        write_prefix(&writer, &message->prefix[i]);
    for (unsigned i = 0; i < message->routes; i++)
        write_route(&writer, &message->route[i]);
    for (unsigned i = 0; i < message->servers; i++)
        write_server(&writer, &message->server[i]);
    for (unsigned i = 0; i < message->searches; i++)
        write_bytes(&writer, ND_OPTION_SEARCH, UNIT, message->search[i].lifetime_s, message->search[i].names);
    if (message->nonce.length != 0)
        write_bytes(&writer, ND_OPTION_NONCE, 2, 0, message->nonce);
    if (redirected.length != 0 && !writer.failed) {
        size_t left = (room - writer.used) / UNIT * UNIT;

        if (left > OPTION_LIMIT)
            left = OPTION_LIMIT;
        if (left < 2 * UNIT)
            return false;
        if (redirected.length > left - UNIT)
            redirected.length = left - UNIT;
        write_bytes(&writer, ND_OPTION_REDIRECTED, UNIT, 0, redirected);
    }
    *written = writer.used;
    return !writer.failed;
}
