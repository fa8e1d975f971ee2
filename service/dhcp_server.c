/* service/dhcp_server.c: the DHCPv4 server, see baro/dhcp.h.
 *
 * One record an address of the pool. A record remembers its client when its lease has ended, so that the client gets the
 * same address again as long as nobody else needed it (RFC 2131 §4.3.1): first its own, then the one it asks for, then one
 * never used, then the one whose lease ended first. An offer holds an address for OFFER_S; a declined one rests for
 * DECLINED_S. A client is known by its identifier, without one by its MAC address (§4.2). */
#include "baro/dhcp.h"

#include <errno.h>
#include <string.h>

#include "baro/socket.h"
#include "dhcp_parts.h"

enum { POOL_LIMIT = 4096, OFFER_S = 60, DECLINED_S = 600, LEASE_S = 3600, LEASE_LEAST_S = 60, DATAGRAM_LIMIT = 4096,
       HEADERS = 28 /* IPv4 and UDP */, MESSAGE_SIZE_LEAST = 576 };

enum record_state { NEVER, OFFERED, BOUND, DECLINED };

struct record {
    enum record_state state;
    struct baro_instant until; /* with state BOUND and ns INT64_MAX: for ever */
    struct baro_mac mac;
    uint8_t id_length, id[BARO_DHCP_ID];
    char host_name[BARO_DHCP_NAME];
};

struct baro_dhcp_server {
    struct baro_dhcp_server_config config;
    int socket;
    uint32_t first, count;
    size_t octets; /* of this slab */
    struct record record[];
};

static struct baro_address address_of(uint32_t number)
{
    return baro_ipv4((uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number);
}

static uint32_t mask_of(const struct baro_dhcp_server_config *config)
{
    return UINT32_MAX << (32 - config->prefix_length);
}

static bool in_subnet(const struct baro_dhcp_server *server, struct baro_address address)
{
    return ((dhcp_number(address) ^ dhcp_number(server->config.address)) & mask_of(&server->config)) == 0;
}

/* ---- life ---- */

static int check(const struct baro_dhcp_server_config *config)
{
    uint32_t own = dhcp_number(config->address), first = dhcp_number(config->first), last = dhcp_number(config->last), host;

    if (config->address.family != BARO_FAMILY_IPV4 || config->first.family != BARO_FAMILY_IPV4 ||
        config->last.family != BARO_FAMILY_IPV4 || config->prefix_length < 8 || config->prefix_length > 30)
        return -EINVAL;
    host = ~mask_of(config);
    if (first > last || last - first >= POOL_LIMIT || ((first ^ own) & ~host) != 0 || ((last ^ own) & ~host) != 0 ||
        (first & host) == 0 || (last & host) == host)
        return -EINVAL;
    return 0;
}

struct baro_dhcp_server *baro_dhcp_server_create(const struct baro_dhcp_server_config *config, int *error)
{
    struct baro_dhcp_server *server = NULL;
    struct baro_dhcp_parameters *parameters;
    int result = check(config);
    size_t octets;

    if (result == 0) {
        octets = sizeof *server +
                 sizeof server->record[0] * (size_t)(dhcp_number(config->last) - dhcp_number(config->first) + 1);
        server = config->memory.take(config->memory.context, octets);
        result = server == NULL ? -ENOMEM : 0;
    }
    if (result == 0) {
        server->config = *config;
        server->octets = octets;
        server->first = dhcp_number(config->first);
        server->count = dhcp_number(config->last) - server->first + 1;
        if (config->lease_s == 0)
            server->config.lease_s = LEASE_S;
        parameters = &server->config.parameters;
        if (parameters->subnet_mask.family == BARO_FAMILY_NONE)
            parameters->subnet_mask = address_of(mask_of(config));
        if (parameters->broadcast.family == BARO_FAMILY_NONE)
            parameters->broadcast = address_of(dhcp_number(config->address) | ~mask_of(config));
        server->socket = dhcp_socket(config->stack, BARO_DHCP_SERVER_PORT);
        result = server->socket < 0 ? server->socket : 0;
        if (result != 0) {
            config->memory.give_back(config->memory.context, server, octets);
            server = NULL;
        }
    }
    if (error != NULL)
        *error = result;
    return server;
}

void baro_dhcp_server_free(struct baro_dhcp_server *server)
{
    if (server == NULL)
        return;
    baro_close(server->config.stack, server->socket);
    server->config.memory.give_back(server->config.memory.context, server, server->octets);
}

/* ---- records ---- */

static bool is_of(const struct record *record, const struct baro_dhcp_message *message)
{
    if (record->state == NEVER || record->state == DECLINED || record->id_length != message->id_length)
        return false;
    if (message->id_length != 0)
        return memcmp(record->id, message->id, message->id_length) == 0;
    return memcmp(record->mac.octet, message->mac.octet, sizeof message->mac.octet) == 0;
}

static struct record *find_client(struct baro_dhcp_server *server, const struct baro_dhcp_message *message)
{
    for (uint32_t i = 0; i < server->count; i++) {
        if (is_of(&server->record[i], message))
            return &server->record[i];
    }
    return NULL;
}

static struct record *find_address(struct baro_dhcp_server *server, struct baro_address address)
{
    uint32_t number = dhcp_number(address);

    if (address.family != BARO_FAMILY_IPV4 || number < server->first || number - server->first >= server->count ||
        number == dhcp_number(server->config.address))
        return NULL;
    return &server->record[number - server->first];
}

static struct baro_address address_at(const struct baro_dhcp_server *server, const struct record *record)
{
    return address_of(server->first + (uint32_t)(record - server->record));
}

static bool is_free(const struct record *record, struct baro_instant now)
{
    return record->state == NEVER || record->until.ns <= now.ns;
}

static struct record *choose(struct baro_dhcp_server *server, const struct baro_dhcp_message *message,
                             struct baro_instant now)
{
    struct record *record = find_client(server, message), *best = NULL;

    if (record != NULL)
        return record;
    record = find_address(server, message->requested);
    if (record != NULL && is_free(record, now))
        return record;
    for (uint32_t i = 0; i < server->count; i++) {
        record = &server->record[i];
        if (server->first + i == dhcp_number(server->config.address) || !is_free(record, now))
            continue;
        if (record->state == NEVER)
            return record;
        if (best == NULL || record->until.ns < best->until.ns)
            best = record;
    }
    return best;
}

static void take(struct record *record, const struct baro_dhcp_message *message, enum record_state state,
                 struct baro_instant until)
{
    record->state = state;
    record->until = until;
    record->mac = message->mac;
    record->id_length = message->id_length;
    memcpy(record->id, message->id, message->id_length);
    memcpy(record->host_name, message->parameters.host_name, sizeof record->host_name);
}

static struct baro_instant after(struct baro_instant now, uint32_t seconds)
{
    return (struct baro_instant){ seconds == UINT32_MAX ? INT64_MAX : now.ns + (int64_t)seconds * 1000000000 };
}

static uint32_t lease_of(const struct baro_dhcp_server *server, const struct baro_dhcp_message *message)
{
    uint32_t wanted = message->lease_time_s < LEASE_LEAST_S ? LEASE_LEAST_S : message->lease_time_s;

    return message->has_lease_time && wanted < server->config.lease_s ? wanted : server->config.lease_s;
}

/* ---- answers ---- */

/* Only what the client asks for; all of it when it does not say (RFC 2131 §4.3.1). The mask goes with every address. */
static void tell_parameters(const struct baro_dhcp_server *server, const struct baro_dhcp_message *message,
                            struct baro_dhcp_parameters *told)
{
    *told = server->config.parameters;
    if (!message->has_asked)
        return;
    if (!baro_dhcp_asks(message, BARO_DHCP_OPTION_ROUTES))
        told->routes = 0;
    if (!baro_dhcp_asks(message, BARO_DHCP_OPTION_ROUTER))
        told->routers = 0;
    if (!baro_dhcp_asks(message, BARO_DHCP_OPTION_DNS))
        told->dns_servers = 0;
    if (!baro_dhcp_asks(message, BARO_DHCP_OPTION_NTP))
        told->ntp_servers = 0;
    if (!baro_dhcp_asks(message, BARO_DHCP_OPTION_SEARCH))
        told->searches = 0;
    if (!baro_dhcp_asks(message, BARO_DHCP_OPTION_DOMAIN))
        told->domain[0] = '\0';
    if (!baro_dhcp_asks(message, BARO_DHCP_OPTION_MTU))
        told->mtu = 0;
    if (!baro_dhcp_asks(message, BARO_DHCP_OPTION_BROADCAST))
        told->broadcast.family = BARO_FAMILY_NONE;
}

static void answer(struct baro_dhcp_server *server, const struct baro_dhcp_message *message,
                   struct baro_dhcp_message *reply)
{
    uint8_t octets[BARO_DHCP_MESSAGE_OCTETS];
    struct baro_buffer piece = { octets, sizeof octets };
    struct baro_message datagram = { .buffer = &piece, .buffers = 1 };
    size_t limit = message->message_size == 0 ? MESSAGE_SIZE_LEAST : message->message_size;
    ptrdiff_t length;

    reply->reply = true;
    reply->broadcast = message->broadcast;
    reply->xid = message->xid;
    reply->mac = message->mac;
    reply->relay = reply->next_server = baro_ipv4(0, 0, 0, 0);
    reply->server_id = server->config.address;
    reply->id_length = message->id_length; /* RFC 6842 */
    memcpy(reply->id, message->id, message->id_length);
    if (piece.length > limit - HEADERS)
        piece.length = limit - HEADERS;
    length = baro_dhcp_build(reply, piece);
    if (length < 0)
        return; /* an identifier so long that nothing else fits */
    piece.length = (size_t)length;
    datagram.local.address = server->config.address;
    datagram.peer = (struct baro_endpoint){ baro_ipv4(255, 255, 255, 255), { BARO_DHCP_CLIENT_PORT } };
    if (reply->type == BARO_DHCP_ACK && dhcp_number(message->client) != 0)
        datagram.peer.address = message->client;
    (void)baro_sendmsg(server->config.stack, server->socket, &datagram, 0); /* lost: the client asks again */
}

static void grant(struct baro_dhcp_server *server, const struct baro_dhcp_message *message, struct record *record,
                  enum baro_dhcp_type type)
{
    struct baro_dhcp_message reply = { .type = type, .has_lease_time = true };

    reply.client = type == BARO_DHCP_ACK ? message->client : baro_ipv4(0, 0, 0, 0);
    reply.your = address_at(server, record);
    reply.lease_time_s = lease_of(server, message);
    reply.has_renewal_time = reply.has_rebinding_time = reply.lease_time_s != UINT32_MAX;
    reply.renewal_time_s = reply.lease_time_s / 2;                              /* RFC 2131 §4.4.5 */
    reply.rebinding_time_s = (uint32_t)((uint64_t)reply.lease_time_s * 7 / 8);
    tell_parameters(server, message, &reply.parameters);
    answer(server, message, &reply);
}

static void refuse(struct baro_dhcp_server *server, const struct baro_dhcp_message *message, const char *text)
{
    struct baro_dhcp_message reply = { .type = BARO_DHCP_NAK };

    reply.client = reply.your = baro_ipv4(0, 0, 0, 0);
    strcpy(reply.text, text);
    answer(server, message, &reply);
}

static void discover(struct baro_dhcp_server *server, const struct baro_dhcp_message *message, struct baro_instant now)
{
    struct record *record = choose(server, message, now);

    if (record == NULL)
        return; /* the pool is used up: another server may have one */
    if (record->state != BOUND || is_free(record, now))
        take(record, message, OFFERED, after(now, OFFER_S));
    grant(server, message, record, BARO_DHCP_OFFER);
}

/* RFC 2131 §4.3.2: a request that answers an offer has a server identifier; one of a host that starts again names an
 * address; one that renews or rebinds has it in `ciaddr`. */
static void request(struct baro_dhcp_server *server, const struct baro_dhcp_message *message, struct baro_instant now)
{
    struct record *mine = find_client(server, message), *wanted;
    bool selecting = message->server_id.family != BARO_FAMILY_NONE, renewing = dhcp_number(message->client) != 0;
    struct baro_address address = renewing ? message->client : message->requested;

    if (selecting && dhcp_number(message->server_id) != dhcp_number(server->config.address)) {
        if (mine != NULL && mine->state == OFFERED)
            mine->until = now; /* another server's offer was taken */
        return;
    }
    if (address.family != BARO_FAMILY_IPV4)
        return;
    wanted = find_address(server, address);
    if (!in_subnet(server, address)) {
        refuse(server, message, "not of this network");
    } else if (mine != NULL && mine != wanted) {
        refuse(server, message, "that is not your address");
    } else if (mine == NULL && !renewing && !selecting) {
        return; /* an address that this server knows nothing of */
    } else if (wanted == NULL || (mine == NULL && !is_free(wanted, now))) {
        refuse(server, message, "that address is not to be had");
    } else {
        take(wanted, message, BOUND, after(now, lease_of(server, message)));
        grant(server, message, wanted, BARO_DHCP_ACK);
    }
}

static void inform(struct baro_dhcp_server *server, const struct baro_dhcp_message *message)
{
    struct baro_dhcp_message reply = { .type = BARO_DHCP_ACK, .client = message->client };

    if (!in_subnet(server, message->client))
        return;
    reply.your = baro_ipv4(0, 0, 0, 0);
    tell_parameters(server, message, &reply.parameters);
    answer(server, message, &reply);
}

static void handle(struct baro_dhcp_server *server, const struct baro_dhcp_message *message, struct baro_instant now)
{
    struct record *record = find_client(server, message);
    bool for_us = dhcp_number(message->server_id) == dhcp_number(server->config.address);

    if (message->reply || dhcp_number(message->relay) != 0)
        return;
    switch (message->type) {
    case BARO_DHCP_DISCOVER:
        discover(server, message, now);
        break;
    case BARO_DHCP_REQUEST:
        request(server, message, now);
        break;
    case BARO_DHCP_DECLINE:
        if (for_us && record != NULL && record == find_address(server, message->requested)) {
            record->state = DECLINED; /* somebody uses it whom we do not know */
            record->until = after(now, DECLINED_S);
        }
        break;
    case BARO_DHCP_RELEASE:
        if (for_us && record != NULL && record == find_address(server, message->client))
            record->until = now;
        break;
    case BARO_DHCP_INFORM:
        inform(server, message);
        break;
    default:
        break;
    }
}

bool baro_dhcp_server_poll(struct baro_dhcp_server *server, struct baro_instant now)
{
    uint8_t octets[DATAGRAM_LIMIT];
    struct baro_dhcp_message message;
    bool any = false;

    for (;;) {
        struct baro_buffer piece = { octets, sizeof octets };
        struct baro_message datagram = { .buffer = &piece, .buffers = 1 };
        ptrdiff_t length = baro_recvmsg(server->config.stack, server->socket, &datagram, 0);

        if (length < 0)
            return any;
        any = true;
        if (datagram.interface == server->config.interface && (datagram.flags & BARO_MSG_TRUNCATED) == 0 &&
            baro_dhcp_parse(&message, (struct baro_bytes){ octets, (size_t)length }) == 0)
            handle(server, &message, now);
    }
}

bool baro_dhcp_server_next_lease(const struct baro_dhcp_server *server, struct baro_instant now, unsigned *index,
                                 struct baro_dhcp_server_lease *lease)
{
    while (*index < server->count) {
        const struct record *record = &server->record[(*index)++];

        if (record->state != BOUND || is_free(record, now))
            continue;
        lease->address = address_at(server, record);
        lease->mac = record->mac;
        lease->expires = record->until;
        memcpy(lease->host_name, record->host_name, sizeof lease->host_name);
        return true;
    }
    return false;
}
