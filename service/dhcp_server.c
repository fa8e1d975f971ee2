/* service/dhcp_server.c: the DHCPv4 server, see baro/dhcp.h.
 *
 * Who has which address is lease_pool.h's; this is the dialogue. A client is known by its identifier, without one by
 * its MAC address (RFC 2131 §4.2). */
#include "baro/dhcp.h"

#include <errno.h>
#include <string.h>

#include "dhcp_parts.h"
#include "lease_pool.h"

enum { LEASE_S = 3600, LEASE_LEAST_S = 60, HEADERS = 28 /* IPv4 and UDP */, MESSAGE_SIZE_LEAST = 576 };

/* What is told of a client, in the place of its lease. */
struct guest {
    struct baro_mac mac;
    char host_name[BARO_DHCP_NAME];
};

struct baro_dhcp_server {
    struct baro_dhcp_server_config config;
    int socket;
    uint32_t first, count;
    struct lease_pool pool;
    size_t octets; /* of this slab */
    struct guest guest[];
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
    uint32_t own = dhcp_number(config->address), first = dhcp_number(config->first), last = dhcp_number(config->last),
             host;

    if (config->address.family != BARO_FAMILY_IPV4 || config->first.family != BARO_FAMILY_IPV4 ||
        config->last.family != BARO_FAMILY_IPV4 || config->prefix_length < 8 || config->prefix_length > 30)
        return -EINVAL;
    host = ~mask_of(config);
    if (first > last || last - first >= LEASE_POOL_LIMIT || ((first ^ own) & ~host) != 0 ||
        ((last ^ own) & ~host) != 0 || (first & host) == 0 || (last & host) == host)
        return -EINVAL;
    return 0;
}

/* What a client is not told otherwise comes from the prefix. */
static void fill_in(struct baro_dhcp_server *server, const struct baro_dhcp_server_config *config)
{
    struct baro_dhcp_parameters *parameters = &server->config.parameters;

    if (config->lease_s == 0)
        server->config.lease_s = LEASE_S;
    if (parameters->subnet_mask.family == BARO_FAMILY_NONE)
        parameters->subnet_mask = address_of(mask_of(config));
    if (parameters->broadcast.family == BARO_FAMILY_NONE)
        parameters->broadcast = address_of(dhcp_number(config->address) | ~mask_of(config));
}

static int set_up(struct baro_dhcp_server *server, const struct baro_dhcp_server_config *config)
{
    uint32_t own = dhcp_number(config->address);
    int result;

    server->config = *config;
    server->first = dhcp_number(config->first);
    server->count = dhcp_number(config->last) - server->first + 1;
    fill_in(server, config);
    result = lease_pool_init(&server->pool, config->memory, server->count);
    if (result != 0)
        return result;
    if (own >= server->first && own - server->first < server->count)
        lease_withhold(&server->pool.lease[own - server->first]);
    server->socket = dhcp_socket(config->stack, BARO_FAMILY_IPV4, BARO_DHCP_SERVER_PORT);
    if (server->socket < 0)
        lease_pool_release(&server->pool);
    return server->socket < 0 ? server->socket : 0;
}

struct baro_dhcp_server *baro_dhcp_server_create(const struct baro_dhcp_server_config *config, int *error)
{
    struct baro_dhcp_server *server = NULL;
    int result = check(config);
    size_t octets = 0;

    if (result == 0) {
        octets = sizeof *server +
                 sizeof server->guest[0] * (size_t)(dhcp_number(config->last) - dhcp_number(config->first) + 1);
        server = config->memory.take(config->memory.context, octets);
        result = server == NULL ? -ENOMEM : set_up(server, config);
    }
    if (server != NULL && result != 0) {
        config->memory.give_back(config->memory.context, server, octets);
        server = NULL;
    }
    if (server != NULL)
        server->octets = octets;
    if (error != NULL)
        *error = result;
    return server;
}

void baro_dhcp_server_free(struct baro_dhcp_server *server)
{
    if (server == NULL)
        return;
    baro_close(server->config.stack, server->socket);
    lease_pool_release(&server->pool);
    server->config.memory.give_back(server->config.memory.context, server, server->octets);
}

/* ---- leases ---- */

static struct lease_key key_of(const struct baro_dhcp_message *message)
{
    struct lease_key key = { .octet = { message->id_length != 0 } };

    if (message->id_length != 0)
        memcpy(key.octet + 1, message->id, message->id_length);
    else
        memcpy(key.octet + 1, message->mac.octet, sizeof message->mac.octet);
    key.length = (uint16_t)(1 + (message->id_length != 0 ? message->id_length : sizeof message->mac.octet));
    return key;
}

static struct lease *find_client(struct baro_dhcp_server *server, const struct baro_dhcp_message *message)
{
    const struct lease_key key = key_of(message);

    return lease_find(&server->pool, &key);
}

static struct lease *find_address(struct baro_dhcp_server *server, struct baro_address address)
{
    uint32_t number = dhcp_number(address);

    if (address.family != BARO_FAMILY_IPV4 || number < server->first || number - server->first >= server->count)
        return NULL;
    return &server->pool.lease[number - server->first];
}

static struct baro_address address_at(const struct baro_dhcp_server *server, const struct lease *lease)
{
    return address_of(server->first + (uint32_t)(lease - server->pool.lease));
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
    struct baro_endpoint peer = { baro_ipv4(255, 255, 255, 255), { BARO_DHCP_CLIENT_PORT } };
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
    if (reply->type == BARO_DHCP_ACK && dhcp_number(message->client) != 0)
        peer.address = message->client;
    dhcp_send(server->config.stack, server->socket, piece, peer, server->config.address);
}

static void grant(struct baro_dhcp_server *server, const struct baro_dhcp_message *message, struct lease *lease,
                  enum baro_dhcp_type type)
{
    struct baro_dhcp_message reply = { .type = type, .has_lease_time = true };

    reply.client = type == BARO_DHCP_ACK ? message->client : baro_ipv4(0, 0, 0, 0);
    reply.your = address_at(server, lease);
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
    const struct lease_key key = key_of(message);
    struct lease *lease = lease_choose(&server->pool, &key, find_address(server, message->requested), now);

    if (lease == NULL)
        return; /* the pool is used up: another server may have one */
    lease_offer(lease, &key, now);
    grant(server, message, lease, BARO_DHCP_OFFER);
}

/* The lease is the client's. */
static void commit(struct baro_dhcp_server *server, const struct baro_dhcp_message *message, struct lease *lease,
                   struct baro_instant now)
{
    const struct lease_key key = key_of(message);
    struct guest *guest = &server->guest[lease - server->pool.lease];

    lease_give(lease, &key, LEASE_BOUND, dhcp_after_s(now, lease_of(server, message)));
    guest->mac = message->mac;
    memcpy(guest->host_name, message->parameters.host_name, sizeof guest->host_name);
    grant(server, message, lease, BARO_DHCP_ACK);
}

/* RFC 2131 §4.3.2: a request that answers an offer has a server identifier; one of a host that starts again names an
 * address; one that renews or rebinds has it in `ciaddr`. */
static void request(struct baro_dhcp_server *server, const struct baro_dhcp_message *message, struct baro_instant now)
{
    struct lease *mine = find_client(server, message), *wanted;
    bool selecting = message->server_id.family != BARO_FAMILY_NONE, renewing = dhcp_number(message->client) != 0;
    struct baro_address address = renewing ? message->client : message->requested;

    if (selecting && dhcp_number(message->server_id) != dhcp_number(server->config.address)) {
        if (mine != NULL && mine->state == LEASE_OFFERED)
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
    } else if (wanted == NULL || (mine == NULL && !lease_is_free(wanted, now))) {
        refuse(server, message, "that address is not to be had");
    } else {
        commit(server, message, wanted, now);
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
    struct lease *lease = find_client(server, message);
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
        if (for_us && lease != NULL && lease == find_address(server, message->requested))
            lease_decline(lease, now);
        break;
    case BARO_DHCP_RELEASE:
        if (for_us && lease != NULL && lease == find_address(server, message->client))
            lease->until = now;
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
    uint8_t octets[DHCP_DATAGRAM_LIMIT];
    struct baro_dhcp_message message;
    struct baro_message datagram;
    const struct baro_dhcp_server_config *config = &server->config;
    ptrdiff_t length;
    bool any = false;

    while ((length = dhcp_receive(config->stack, server->socket, config->interface, octets, &datagram)) >= 0) {
        any = true;
        if (baro_dhcp_parse(&message, (struct baro_bytes){ octets, (size_t)length }) == 0)
            handle(server, &message, now);
    }
    return any;
}

bool baro_dhcp_server_next_lease(const struct baro_dhcp_server *server, struct baro_instant now, unsigned *index,
                                 struct baro_dhcp_server_lease *lease)
{
    while (*index < server->count) {
        const struct lease *at = &server->pool.lease[*index];
        const struct guest *guest = &server->guest[(*index)++];

        if (!lease_is_bound(at, now))
            continue;
        lease->address = address_at(server, at);
        lease->mac = guest->mac;
        lease->expires = at->until;
        memcpy(lease->host_name, guest->host_name, sizeof lease->host_name);
        return true;
    }
    return false;
}
