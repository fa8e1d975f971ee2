/* codec/dhcp.c: DHCPv4 messages as values, see baro/dhcp_message.h.
 *
 * Each option is taken by its number out of wherever its pieces stand (dhcp_options.h); what each means is one
 * line in read_dialogue() or read_parameters(). */
#include "baro/dhcp_message.h"

#include <errno.h>

#include "codec/dhcp_options.h"
#include "codec/domain_name.h"

enum {
    OP_REQUEST = 1, OP_REPLY = 2, HARDWARE_ETHERNET = 1, FLAG_BROADCAST = 0x8000, FQDN_ENCODED = 4,
    MESSAGE_LIMIT = 4096, MESSAGE_LEAST = 300, MTU_LEAST = 68, MESSAGE_SIZE_LEAST = 576
};

static const uint8_t cookie[4] = { 99, 130, 83, 99 };

bool baro_dhcp_asks(const struct baro_dhcp_message *message, enum baro_dhcp_option option)
{
    return (message->asked[option / 8] & 1 << option % 8) != 0;
}

void baro_dhcp_ask(struct baro_dhcp_message *message, enum baro_dhcp_option option)
{
    message->asked[option / 8] |= (uint8_t)(1 << option % 8);
    message->has_asked = true;
}

const char *baro_dhcp_type_name(enum baro_dhcp_type type)
{
    static const char *const name[] = { "?",   "DISCOVER", "OFFER",   "REQUEST", "DECLINE",
                                        "ACK", "NAK",      "RELEASE", "INFORM" };

    return type >= BARO_DHCP_DISCOVER && type <= BARO_DHCP_INFORM ? name[type] : name[0];
}

/* ---- reading ---- */

/* One option at a time, joined. */
struct reader {
    struct dhcp_areas areas;
    uint8_t octets[DHCP_OPTION_LIMIT];
    int length;
};

static bool find(struct reader *reader, uint8_t code)
{
    reader->length = dhcp_options_find(&reader->areas, code, reader->octets);
    return reader->length >= 0;
}

static bool find_of(struct reader *reader, uint8_t code, int length)
{
    return find(reader, code) && reader->length == length;
}

static bool read_seconds(struct reader *reader, uint8_t code, uint32_t *seconds)
{
    if (!find_of(reader, code, 4))
        return false;
    *seconds = read_be32(reader->octets);
    return true;
}

static void read_address(struct reader *reader, uint8_t code, struct baro_address *address)
{
    if (find_of(reader, code, 4))
        *address = read_ipv4(reader->octets);
}

static uint8_t read_addresses(struct reader *reader, uint8_t code, struct baro_address *address)
{
    uint8_t count = 0;

    if (!find(reader, code) || reader->length % 4 != 0)
        return 0;
    for (int i = 0; i < reader->length && count < BARO_DHCP_ADDRESSES; i += 4)
        address[count++] = read_ipv4(reader->octets + i);
    return count;
}

static void read_name(struct reader *reader, uint8_t code, char text[BARO_DHCP_NAME])
{
    if (find(reader, code))
        (void)domain_name_take((struct baro_bytes){ reader->octets, (size_t)reader->length }, text);
}

/* RFC 3442: a width, as many octets of the prefix as that has, the router. One wrong route makes all of them wrong. */
static uint8_t read_routes(struct reader *reader, struct baro_dhcp_route *route)
{
    uint8_t count = 0;
    int at = 0;

    if (!find(reader, BARO_DHCP_OPTION_ROUTES))
        return 0;
    while (at < reader->length) {
        uint8_t width = reader->octets[at], prefix[4] = { 0 };
        int octets = (width + 7) / 8;
        uint32_t mask;

        if (width > 32 || at + 1 + octets + 4 > reader->length) {
            memset(route, 0, sizeof *route * BARO_DHCP_ROUTES);
            return 0;
        }
        memcpy(prefix, reader->octets + at + 1, (size_t)octets);
        mask = width == 0 ? 0 : UINT32_MAX << (32 - width);
        if (count < BARO_DHCP_ROUTES)
            route[count++] = (struct baro_dhcp_route){ ipv4_from_number(read_be32(prefix) & mask),
                                                       read_ipv4(reader->octets + at + 1 + octets), width };
        at += 1 + octets + 4;
    }
    return count;
}

static uint8_t read_searches(struct reader *reader, char search[][BARO_DHCP_NAME])
{
    struct baro_bytes octets;
    uint8_t count = 0;
    size_t at = 0;

    if (!find(reader, BARO_DHCP_OPTION_SEARCH))
        return 0;
    octets = (struct baro_bytes){ reader->octets, (size_t)reader->length };
    while (at < octets.length && count < BARO_DHCP_SEARCH) {
        if (!domain_name_read(octets, &at, search[count])) {
            memset(search, 0, sizeof search[0] * BARO_DHCP_SEARCH);
            return 0;
        }
        count++;
    }
    return count;
}

static bool is_mask(struct baro_address mask)
{
    uint32_t host = ~ipv4_number(mask);

    return (host & (host + 1)) == 0;
}

static void read_parameters(struct reader *reader, struct baro_dhcp_parameters *parameters)
{
    read_address(reader, BARO_DHCP_OPTION_SUBNET_MASK, &parameters->subnet_mask);
    if (!is_mask(parameters->subnet_mask))
        parameters->subnet_mask = (struct baro_address){ .family = BARO_FAMILY_NONE };
    read_address(reader, BARO_DHCP_OPTION_BROADCAST, &parameters->broadcast);
    parameters->routers = read_addresses(reader, BARO_DHCP_OPTION_ROUTER, parameters->router);
    parameters->dns_servers = read_addresses(reader, BARO_DHCP_OPTION_DNS, parameters->dns);
    parameters->ntp_servers = read_addresses(reader, BARO_DHCP_OPTION_NTP, parameters->ntp);
    parameters->routes = read_routes(reader, parameters->route);
    parameters->searches = read_searches(reader, parameters->search);
    read_name(reader, BARO_DHCP_OPTION_DOMAIN, parameters->domain);
    read_name(reader, BARO_DHCP_OPTION_HOST_NAME, parameters->host_name);
    if (find_of(reader, BARO_DHCP_OPTION_MTU, 2) && read_be16(reader->octets) >= MTU_LEAST)
        parameters->mtu = read_be16(reader->octets);
}

static void read_fqdn(struct reader *reader, struct baro_dhcp_message *message)
{
    struct baro_bytes name;
    size_t at = 0;

    if (!find(reader, BARO_DHCP_OPTION_FQDN) || reader->length < 3)
        return;
    message->has_fqdn = true;
    message->fqdn_flags = reader->octets[0];
    name = (struct baro_bytes){ reader->octets + 3, (size_t)reader->length - 3 };
    if ((message->fqdn_flags & FQDN_ENCODED) == 0) {
        (void)domain_name_take(name, message->fqdn);
        return;
    }
    /* RFC 4702 §2.3.1: a partial name has no root label at its end. */
    if (name.length < DOMAIN_NAME_TEXT) {
        reader->octets[reader->length] = 0;
        name.length++;
        (void)domain_name_read(name, &at, message->fqdn);
    }
}

static void read_text(struct reader *reader, char text[BARO_DHCP_NAME])
{
    int length = 0;

    if (!find(reader, BARO_DHCP_OPTION_TEXT))
        return;
    for (; length < reader->length && length < BARO_DHCP_NAME - 1 && reader->octets[length] != 0; length++)
        text[length] =
            (char)(reader->octets[length] < ' ' || reader->octets[length] > '~' ? '?' : reader->octets[length]);
    text[length] = '\0';
}

static void read_dialogue(struct reader *reader, struct baro_dhcp_message *message)
{
    read_address(reader, BARO_DHCP_OPTION_REQUESTED_ADDRESS, &message->requested);
    read_address(reader, BARO_DHCP_OPTION_SERVER_ID, &message->server_id);
    message->has_lease_time = read_seconds(reader, BARO_DHCP_OPTION_LEASE_TIME, &message->lease_time_s);
    message->has_renewal_time = read_seconds(reader, BARO_DHCP_OPTION_RENEWAL_TIME, &message->renewal_time_s);
    message->has_rebinding_time = read_seconds(reader, BARO_DHCP_OPTION_REBINDING_TIME, &message->rebinding_time_s);
    if (find_of(reader, BARO_DHCP_OPTION_MESSAGE_SIZE, 2) && read_be16(reader->octets) >= MESSAGE_SIZE_LEAST)
        message->message_size = read_be16(reader->octets);
    if (find(reader, BARO_DHCP_OPTION_PARAMETERS)) {
        for (int i = 0; i < reader->length; i++)
            baro_dhcp_ask(message, reader->octets[i]);
    }
    /* RFC 2132 §9.14: at least a type and one octet */
    if (find(reader, BARO_DHCP_OPTION_CLIENT_ID) && reader->length >= 2 && reader->length <= BARO_DHCP_ID) {
        message->id_length = (uint8_t)reader->length;
        memcpy(message->id, reader->octets, (size_t)reader->length);
    }
    read_fqdn(reader, message);
    read_text(reader, message->text);
}

static bool read_header(struct baro_dhcp_message *message, const uint8_t *at)
{
    if ((at[0] != OP_REQUEST && at[0] != OP_REPLY) || at[1] != HARDWARE_ETHERNET || at[2] != 6)
        return false;
    message->reply = at[0] == OP_REPLY;
    message->hops = at[3];
    message->xid = read_be32(at + 4);
    message->seconds = read_be16(at + 8);
    message->broadcast = (read_be16(at + 10) & FLAG_BROADCAST) != 0;
    message->client = read_ipv4(at + 12);
    message->your = read_ipv4(at + 16);
    message->next_server = read_ipv4(at + 20);
    message->relay = read_ipv4(at + 24);
    message->mac = read_mac(at + 28);
    return memcmp(at + DHCP_COOKIE, cookie, sizeof cookie) == 0;
}

int baro_dhcp_parse(struct baro_dhcp_message *message, struct baro_bytes octets)
{
    struct reader reader;

    memset(message, 0, sizeof *message);
    if (octets.length < DHCP_OPTIONS || octets.length > MESSAGE_LIMIT || !read_header(message, octets.data))
        return -EBADMSG;
    dhcp_areas_find(&reader.areas, octets);
    if (!find_of(&reader, BARO_DHCP_OPTION_TYPE, 1) || reader.octets[0] < BARO_DHCP_DISCOVER ||
        reader.octets[0] > BARO_DHCP_INFORM)
        return -EBADMSG;
    message->type = (enum baro_dhcp_type)reader.octets[0];
    read_dialogue(&reader, message);
    read_parameters(&reader, &message->parameters);
    return 0;
}

/* ---- writing ---- */

/* `error` is that of what must be there; parameters that find no room are left out. */
struct writer {
    struct dhcp_options_writer options;
    int error;
};

static void need(struct writer *writer, uint8_t code, const void *value, size_t length)
{
    if (!dhcp_options_put(&writer->options, code, value, length) && writer->error == 0)
        writer->error = -ENOSPC;
}

static void need_address(struct writer *writer, uint8_t code, struct baro_address address)
{
    if (address.family == BARO_FAMILY_IPV4)
        need(writer, code, address.octet, 4);
}

static void need_seconds(struct writer *writer, uint8_t code, bool there, uint32_t seconds)
{
    uint8_t octets[4];

    write_be32(octets, seconds);
    if (there)
        need(writer, code, octets, sizeof octets);
}

static void write_dialogue(struct writer *writer, const struct baro_dhcp_message *message)
{
    const uint8_t type = (uint8_t)message->type;
    uint8_t octets[256];
    unsigned count = 0;

    need(writer, BARO_DHCP_OPTION_TYPE, &type, 1);
    need_address(writer, BARO_DHCP_OPTION_SERVER_ID, message->server_id);
    need_address(writer, BARO_DHCP_OPTION_REQUESTED_ADDRESS, message->requested);
    need_seconds(writer, BARO_DHCP_OPTION_LEASE_TIME, message->has_lease_time, message->lease_time_s);
    need_seconds(writer, BARO_DHCP_OPTION_RENEWAL_TIME, message->has_renewal_time, message->renewal_time_s);
    need_seconds(writer, BARO_DHCP_OPTION_REBINDING_TIME, message->has_rebinding_time, message->rebinding_time_s);
    if (message->id_length != 0)
        need(writer, BARO_DHCP_OPTION_CLIENT_ID, message->id, message->id_length);
    if (message->message_size != 0) {
        write_be16(octets, message->message_size);
        need(writer, BARO_DHCP_OPTION_MESSAGE_SIZE, octets, 2);
    }
    for (unsigned i = 1; message->has_asked && i < 255; i++) {
        if (baro_dhcp_asks(message, i))
            octets[count++] = (uint8_t)i;
    }
    if (count != 0)
        need(writer, BARO_DHCP_OPTION_PARAMETERS, octets, count);
}

static void offer(struct writer *writer, uint8_t code, const void *value, size_t length)
{
    if (length != 0)
        (void)dhcp_options_put(&writer->options, code, value, length);
}

static void offer_addresses(struct writer *writer, uint8_t code, const struct baro_address *address, unsigned count)
{
    uint8_t octets[BARO_DHCP_ADDRESSES * 4];

    for (unsigned i = 0; i < count && i < BARO_DHCP_ADDRESSES; i++)
        write_ipv4(octets + i * 4, address[i]);
    offer(writer, code, octets, (count < BARO_DHCP_ADDRESSES ? count : BARO_DHCP_ADDRESSES) * 4u);
}

static void offer_name(struct writer *writer, uint8_t code, const char *name)
{
    size_t length = strlen(name);

    if (length != 0 && !domain_name_is_right(name, length))
        writer->error = -EINVAL;
    offer(writer, code, name, length);
}

static void offer_routes(struct writer *writer, const struct baro_dhcp_parameters *parameters)
{
    uint8_t octets[BARO_DHCP_ROUTES * 9];
    size_t at = 0;

    for (unsigned i = 0; i < parameters->routes && i < BARO_DHCP_ROUTES; i++) {
        const struct baro_dhcp_route *route = &parameters->route[i];
        size_t width = (route->prefix_length + 7u) / 8u;

        if (route->prefix_length > 32) {
            writer->error = -EINVAL;
            return;
        }
        octets[at++] = route->prefix_length;
        memcpy(octets + at, route->prefix.octet, width);
        write_ipv4(octets + at + width, route->router);
        at += width + 4;
    }
    offer(writer, BARO_DHCP_OPTION_ROUTES, octets, at);
}

static void offer_searches(struct writer *writer, const struct baro_dhcp_parameters *parameters)
{
    uint8_t octets[DHCP_OPTION_LIMIT];
    size_t at = 0;

    for (unsigned i = 0; i < parameters->searches && i < BARO_DHCP_SEARCH; i++) {
        ptrdiff_t length =
            domain_name_write(parameters->search[i], (struct baro_buffer){ octets + at, sizeof octets - at });

        if (length == -EINVAL)
            writer->error = -EINVAL;
        if (length < 0)
            break; /* the last ones are left out */
        at += (size_t)length;
    }
    offer(writer, BARO_DHCP_OPTION_SEARCH, octets, at);
}

static void offer_fqdn(struct writer *writer, const struct baro_dhcp_message *message)
{
    uint8_t octets[3 + DOMAIN_NAME_TEXT] = { message->fqdn_flags };
    size_t length = strlen(message->fqdn);

    if (!message->has_fqdn)
        return;
    if (length != 0 && !domain_name_is_right(message->fqdn, length)) {
        writer->error = -EINVAL;
        return;
    }
    if ((message->fqdn_flags & FQDN_ENCODED) == 0)
        memcpy(octets + 3, message->fqdn, length);
    else if (length != 0)
        length = (size_t)domain_name_write(message->fqdn, (struct baro_buffer){ octets + 3, DOMAIN_NAME_TEXT });
    if (!dhcp_options_put(&writer->options, BARO_DHCP_OPTION_FQDN, octets, 3 + length))
        return;
}

static void write_parameters(struct writer *writer, const struct baro_dhcp_message *message)
{
    const struct baro_dhcp_parameters *parameters = &message->parameters;
    uint8_t octets[2];

    /* RFC 3442: the mask before the routers (RFC 2132 §3.3), the routes where a client looks first */
    if (parameters->subnet_mask.family == BARO_FAMILY_IPV4)
        offer(writer, BARO_DHCP_OPTION_SUBNET_MASK, parameters->subnet_mask.octet, 4);
    offer_addresses(writer, BARO_DHCP_OPTION_ROUTER, parameters->router, parameters->routers);
    offer_addresses(writer, BARO_DHCP_OPTION_DNS, parameters->dns, parameters->dns_servers);
    offer_routes(writer, parameters);
    offer_name(writer, BARO_DHCP_OPTION_DOMAIN, parameters->domain);
    write_be16(octets, parameters->mtu);
    if (parameters->mtu != 0)
        offer(writer, BARO_DHCP_OPTION_MTU, octets, sizeof octets);
    if (parameters->broadcast.family == BARO_FAMILY_IPV4)
        offer(writer, BARO_DHCP_OPTION_BROADCAST, parameters->broadcast.octet, 4);
    offer_name(writer, BARO_DHCP_OPTION_HOST_NAME, parameters->host_name);
    offer_fqdn(writer, message);
    offer_addresses(writer, BARO_DHCP_OPTION_NTP, parameters->ntp, parameters->ntp_servers);
    offer_searches(writer, parameters);
    offer(writer, BARO_DHCP_OPTION_TEXT, message->text, strlen(message->text));
}

ptrdiff_t baro_dhcp_build(const struct baro_dhcp_message *message, struct baro_buffer to)
{
    struct writer writer = { .error = 0 };
    uint8_t *at = to.data;
    size_t length;

    if (to.length < MESSAGE_LEAST)
        return -ENOSPC;
    memset(at, 0, DHCP_OPTIONS);
    at[0] = message->reply ? OP_REPLY : OP_REQUEST;
    at[1] = HARDWARE_ETHERNET;
    at[2] = 6;
    at[3] = message->hops;
    write_be32(at + 4, message->xid);
    write_be16(at + 8, message->seconds);
    write_be16(at + 10, message->broadcast ? FLAG_BROADCAST : 0);
    write_ipv4(at + 12, message->client);
    write_ipv4(at + 16, message->your);
    write_ipv4(at + 20, message->next_server);
    write_ipv4(at + 24, message->relay);
    write_mac(at + 28, message->mac);
    memcpy(at + DHCP_COOKIE, cookie, sizeof cookie);
    dhcp_options_begin(&writer.options, to);
    write_dialogue(&writer, message);
    write_parameters(&writer, message);
    if (writer.error != 0)
        return writer.error;
    length = dhcp_options_end(&writer.options);
    return (ptrdiff_t)(length < MESSAGE_LEAST ? MESSAGE_LEAST : length);
}
