/* service/dhcp6_server.c: the DHCPv6 server, see baro/dhcp6.h.
 *
 * Which client has which address is lease_pool.h's; this is the dialogue: what each message must name (RFC 8415 §16),
 * and what is answered for each identity association (IA) in it (§18.3). Answers go to where the message came from. */
#include "baro/dhcp6.h"

#include <errno.h>
#include <string.h>

#include "dhcp_parts.h"
#include "lease_pool.h"

enum { LEASE_S = 3600, DUID_LEAST = 3, PREFIX_LEAST = 8, PREFIX_MOST = 126, OWN_ADDRESSES = 16 };

struct baro_dhcp6_server {
    struct baro_dhcp6_server_config config;
    int socket;
    struct lease_pool pool;
};

/* A message with where it came from. */
struct request {
    const struct baro_dhcp6_message *message;
    struct baro_endpoint peer;
    struct baro_instant now;
};

/* ---- addresses ---- */

static uint64_t low_half(struct baro_address address)
{
    uint64_t number = 0;

    for (unsigned i = 8; i < 16; i++)
        number = number << 8 | address.octet[i];
    return number;
}

static struct baro_address with_low_half(struct baro_address address, uint64_t number)
{
    for (unsigned i = 16; i-- > 8; number >>= 8)
        address.octet[i] = (uint8_t)number;
    return address;
}

static struct baro_address address_at(const struct baro_dhcp6_server *server, const struct lease *lease)
{
    return with_low_half(server->config.first,
                         low_half(server->config.first) + (uint64_t)(lease - server->pool.lease));
}

static struct lease *lease_at(struct baro_dhcp6_server *server, struct baro_address address)
{
    uint64_t place = low_half(address) - low_half(server->config.first);

    if (memcmp(address.octet, server->config.first.octet, 8) != 0 || place >= server->pool.count)
        return NULL;
    return &server->pool.lease[place];
}

static bool is_of_prefix(const struct baro_dhcp6_server_config *config, struct baro_address address)
{
    unsigned octets = config->prefix_length / 8, bits = config->prefix_length % 8;

    return memcmp(address.octet, config->prefix.octet, octets) == 0 &&
           (address.octet[octets] ^ config->prefix.octet[octets]) >> (8 - bits) == 0;
}

/* ---- life ---- */

static bool pool_is_right(const struct baro_dhcp6_server_config *config)
{
    uint64_t host = low_half(config->first), last = host + config->addresses - 1;

    if (config->addresses == 0)
        return true;
    if (config->addresses > LEASE_POOL_LIMIT || config->first.family != BARO_FAMILY_IPV6 || last < host)
        return false;
    if (config->prefix_length > 64)
        host &= UINT64_MAX >> (config->prefix_length - 64);
    /* the first of a prefix is that of all its routers (RFC 4291 §2.6.1) */
    return host != 0 && is_of_prefix(config, config->first) && is_of_prefix(config, with_low_half(config->first, last));
}

static int check(const struct baro_dhcp6_server_config *config)
{
    const struct baro_address *prefix = &config->prefix;

    if (config->duid.length < DUID_LEAST || config->duid.length > BARO_DHCP6_DUID ||
        prefix->family != BARO_FAMILY_IPV6 || config->prefix_length < PREFIX_LEAST ||
        config->prefix_length > PREFIX_MOST || prefix->octet[0] >= 0xfe)
        return -EINVAL;
    return pool_is_right(config) ? 0 : -EINVAL;
}

static int open_socket(struct baro_dhcp6_server *server)
{
    struct baro_group group = { DHCP6_ALL_SERVERS, server->config.interface };
    int fd = dhcp_socket(server->config.stack, BARO_FAMILY_IPV6, BARO_DHCP6_SERVER_PORT), result;

    if (fd < 0)
        return fd;
    group.group.zone = (uint8_t)server->config.interface;
    result = baro_setsockopt(server->config.stack, fd, BARO_IP_ADD_GROUP, &group, sizeof group);
    if (result != 0)
        baro_close(server->config.stack, fd);
    server->socket = fd;
    return result;
}

static void withhold_own(struct baro_dhcp6_server *server)
{
    struct baro_address_status own[OWN_ADDRESSES];
    int count = baro_stack_addresses(server->config.stack, server->config.interface, own, OWN_ADDRESSES);

    for (int i = 0; i < count; i++) {
        struct lease *lease = own[i].address.family == BARO_FAMILY_IPV6 ? lease_at(server, own[i].address) : NULL;

        if (lease != NULL)
            lease_withhold(lease);
    }
}

static int set_up(struct baro_dhcp6_server *server, const struct baro_dhcp6_server_config *config)
{
    int result;

    server->config = *config;
    if (config->lease_s == 0)
        server->config.lease_s = LEASE_S;
    result = lease_pool_init(&server->pool, config->memory, config->addresses);
    if (result != 0)
        return result;
    withhold_own(server);
    result = open_socket(server);
    if (result != 0)
        lease_pool_release(&server->pool);
    return result;
}

struct baro_dhcp6_server *baro_dhcp6_server_create(const struct baro_dhcp6_server_config *config, int *error)
{
    struct baro_dhcp6_server *server = NULL;
    int result = check(config);

    if (result == 0) {
        server = config->memory.take(config->memory.context, sizeof *server);
        result = server == NULL ? -ENOMEM : set_up(server, config);
    }
    if (server != NULL && result != 0) {
        config->memory.give_back(config->memory.context, server, sizeof *server);
        server = NULL;
    }
    if (error != NULL)
        *error = result;
    return server;
}

void baro_dhcp6_server_free(struct baro_dhcp6_server *server)
{
    if (server == NULL)
        return;
    baro_close(server->config.stack, server->socket);
    lease_pool_release(&server->pool);
    server->config.memory.give_back(server->config.memory.context, server, sizeof *server);
}

/* ---- leases ---- */

static struct lease_key key_of(const struct request *request, const struct baro_dhcp6_ia *ia)
{
    const struct baro_dhcp6_duid *duid = &request->message->client_id;
    struct lease_key key = { .length = (uint16_t)(4 + duid->length) };

    for (unsigned i = 0; i < 4; i++)
        key.octet[i] = (uint8_t)(ia->iaid >> (24 - 8 * i));
    memcpy(key.octet + 4, duid->octet, duid->length);
    return key;
}

/* The first address that the client names and could have, or NULL. */
static struct lease *wanted_of(struct baro_dhcp6_server *server, const struct request *request,
                               const struct baro_dhcp6_ia *ia)
{
    for (unsigned i = 0; i < ia->addresses; i++) {
        struct lease *lease = lease_at(server, ia->address[i].address);

        if (lease != NULL && lease_is_free(lease, request->now))
            return lease;
    }
    return NULL;
}

static bool names(const struct baro_dhcp6_ia *ia, struct baro_address address)
{
    for (unsigned i = 0; i < ia->addresses; i++) {
        if (memcmp(ia->address[i].address.octet, address.octet, sizeof address.octet) == 0)
            return true;
    }
    return false;
}

static bool is_on_link(const struct baro_dhcp6_server *server, const struct baro_dhcp6_ia *ia)
{
    for (unsigned i = 0; i < ia->addresses; i++) {
        if (!is_of_prefix(&server->config, ia->address[i].address))
            return false;
    }
    return true;
}

/* ---- answers ---- */

static struct baro_dhcp6_message reply_to(const struct baro_dhcp6_server *server, const struct request *request,
                                          enum baro_dhcp6_type type)
{
    return (struct baro_dhcp6_message){ .type = type,
                                        .transaction = request->message->transaction,
                                        .client_id = request->message->client_id,
                                        .server_id = server->config.duid };
}

static void answer(const struct baro_dhcp6_server *server, const struct request *request,
                   const struct baro_dhcp6_message *reply)
{
    uint8_t octets[BARO_DHCP6_MESSAGE_OCTETS];
    struct baro_buffer piece = { octets, sizeof octets };
    struct baro_endpoint peer = { request->peer.address, { BARO_DHCP6_CLIENT_PORT } }; /* §7.2 */
    ptrdiff_t length = baro_dhcp6_build(reply, piece);

    if (length < 0)
        return; /* a name in our configuration that is none */
    piece.length = (size_t)length;
    dhcp_send(server->config.stack, server->socket, piece, peer, (struct baro_address){ .family = BARO_FAMILY_NONE });
}

static void answer_status(const struct baro_dhcp6_server *server, const struct request *request,
                          enum baro_dhcp6_status status)
{
    struct baro_dhcp6_message reply = reply_to(server, request, BARO_DHCP6_REPLY);

    reply.has_status = true;
    reply.status = (uint16_t)status;
    answer(server, request, &reply);
}

/* Only what the client asks for; all of it when it asks for nothing. */
static void tell_parameters(const struct baro_dhcp6_server *server, const struct request *request,
                            struct baro_dhcp6_message *reply)
{
    bool all = request->message->asks == 0;

    reply->parameters = server->config.parameters;
    if (!all && !baro_dhcp6_asks(request->message, BARO_DHCP6_OPTION_DNS))
        reply->parameters.dns_servers = 0;
    if (!all && !baro_dhcp6_asks(request->message, BARO_DHCP6_OPTION_SEARCH))
        reply->parameters.searches = 0;
}

/* The address for the whole lease again; T1 and T2 are half of that and four fifths (§21.4). */
static void grant(const struct baro_dhcp6_server *server, const struct lease *lease, struct baro_dhcp6_ia *ia)
{
    uint32_t lease_s = server->config.lease_s;

    ia->renew_s = lease_s == UINT32_MAX ? UINT32_MAX : lease_s / 2;
    ia->rebind_s = lease_s == UINT32_MAX ? UINT32_MAX : (uint32_t)((uint64_t)lease_s * 4 / 5);
    ia->addresses = 1;
    ia->address[0] = (struct baro_dhcp6_ia_address){ .address = address_at(server, lease),
                                                     .preferred_s = lease_s,
                                                     .valid_s = lease_s };
}

/* Addresses that the client names and does not get: no longer to be used. */
static void take_back(const struct baro_dhcp6_ia *asked, struct baro_dhcp6_ia *ia)
{
    for (unsigned i = 0; i < asked->addresses && ia->addresses < BARO_DHCP6_IA_ADDRESSES; i++) {
        if (!names(ia, asked->address[i].address))
            ia->address[ia->addresses++] = (struct baro_dhcp6_ia_address){ .address = asked->address[i].address };
    }
}

/* §18.3.1, §18.3.2: an address for an IA; `bind` makes it a lease. */
static void assign(struct baro_dhcp6_server *server, const struct request *request, const struct baro_dhcp6_ia *asked,
                   struct baro_dhcp6_ia *ia, bool bind)
{
    const struct lease_key key = key_of(request, asked);
    struct lease *lease = lease_choose(&server->pool, &key, wanted_of(server, request, asked), request->now);

    if (lease == NULL) {
        ia->status = BARO_DHCP6_NO_ADDRESSES;
        return;
    }
    if (bind)
        lease_give(lease, &key, LEASE_BOUND, dhcp_after_s(request->now, server->config.lease_s));
    else
        lease_offer(lease, &key, request->now);
    grant(server, lease, ia);
}

/* §18.3.4, §18.3.5: more time for what the client has. One that an earlier server of ours may have given is given
 * again. */
static void extend(struct baro_dhcp6_server *server, const struct request *request, const struct baro_dhcp6_ia *asked,
                   struct baro_dhcp6_ia *ia)
{
    const struct lease_key key = key_of(request, asked);
    struct lease *lease = lease_find(&server->pool, &key);

    if (lease == NULL)
        lease = wanted_of(server, request, asked);
    if (lease != NULL) {
        lease_give(lease, &key, LEASE_BOUND, dhcp_after_s(request->now, server->config.lease_s));
        grant(server, lease, ia);
        take_back(asked, ia);
    } else if (request->message->type == BARO_DHCP6_REBIND && !is_on_link(server, asked)) {
        take_back(asked, ia);
    } else {
        ia->status = BARO_DHCP6_NO_BINDING;
    }
}

/* Solicit, Request, Renew, Rebind: an answer with an IA for each of the client's. */
static void serve_addresses(struct baro_dhcp6_server *server, const struct request *request)
{
    const struct baro_dhcp6_message *message = request->message;
    bool solicits = message->type == BARO_DHCP6_SOLICIT, asks = solicits || message->type == BARO_DHCP6_REQUEST;
    bool rapid = solicits && message->rapid_commit && server->config.rapid_commit;
    struct baro_dhcp6_message reply =
        reply_to(server, request, solicits && !rapid ? BARO_DHCP6_ADVERTISE : BARO_DHCP6_REPLY);

    if (message->ias == 0)
        return; /* it wants what this server does not have */
    for (unsigned i = 0; i < message->ias; i++) {
        struct baro_dhcp6_ia *ia = &reply.ia[reply.ias++];

        ia->iaid = message->ia[i].iaid;
        if (message->type == BARO_DHCP6_REQUEST && !is_on_link(server, &message->ia[i]))
            ia->status = BARO_DHCP6_NOT_ON_LINK;
        else if (asks)
            assign(server, request, &message->ia[i], ia, rapid || !solicits);
        else
            extend(server, request, &message->ia[i], ia);
    }
    reply.rapid_commit = rapid;
    reply.preference = solicits ? server->config.preference : 0;
    tell_parameters(server, request, &reply);
    answer(server, request, &reply);
}

/* §18.3.3: whether the client is still on this link; no answer where it names no address. */
static void confirm(const struct baro_dhcp6_server *server, const struct request *request)
{
    bool any = false, on_link = true;

    for (unsigned i = 0; i < request->message->ias; i++) {
        any |= request->message->ia[i].addresses != 0;
        on_link &= is_on_link(server, &request->message->ia[i]);
    }
    if (any)
        answer_status(server, request, on_link ? BARO_DHCP6_SUCCESS : BARO_DHCP6_NOT_ON_LINK);
}

/* §18.3.7 Release, §18.3.8 Decline: Success, and NoBinding for each IA of which nothing is known. */
static void give_up(struct baro_dhcp6_server *server, const struct request *request)
{
    struct baro_dhcp6_message reply = reply_to(server, request, BARO_DHCP6_REPLY);

    for (unsigned i = 0; i < request->message->ias; i++) {
        const struct baro_dhcp6_ia *ia = &request->message->ia[i];
        const struct lease_key key = key_of(request, ia);
        struct lease *lease = lease_find(&server->pool, &key);

        if (lease == NULL || lease_is_free(lease, request->now))
            reply.ia[reply.ias++] = (struct baro_dhcp6_ia){ .iaid = ia->iaid, .status = BARO_DHCP6_NO_BINDING };
        else if (!names(ia, address_at(server, lease)))
            continue; /* another's, or nobody's: left as it is */
        else if (request->message->type == BARO_DHCP6_DECLINE)
            lease_decline(lease, request->now);
        else
            lease->until = request->now;
    }
    reply.has_status = true;
    answer(server, request, &reply);
}

/* §18.3.6. */
static void inform(const struct baro_dhcp6_server *server, const struct request *request)
{
    struct baro_dhcp6_message reply = reply_to(server, request, BARO_DHCP6_REPLY);

    tell_parameters(server, request, &reply);
    reply.refresh_s = server->config.refresh_s;
    reply.has_refresh = reply.refresh_s != 0 && baro_dhcp6_asks(request->message, BARO_DHCP6_OPTION_REFRESH);
    answer(server, request, &reply);
}

/* ---- receiving ---- */

/* §16: whether a message names whom it must and nobody else. */
static bool is_for_us(const struct baro_dhcp6_server *server, const struct baro_dhcp6_message *message)
{
    bool has_client = message->client_id.length != 0, has_server = message->server_id.length != 0;
    bool ours = baro_dhcp6_duid_equal(&message->server_id, &server->config.duid);

    switch (message->type) {
    case BARO_DHCP6_SOLICIT:
    case BARO_DHCP6_CONFIRM:
    case BARO_DHCP6_REBIND:
        return has_client && !has_server;
    case BARO_DHCP6_REQUEST:
    case BARO_DHCP6_RENEW:
    case BARO_DHCP6_RELEASE:
    case BARO_DHCP6_DECLINE:
        return has_client && ours;
    case BARO_DHCP6_INFORMATION_REQUEST:
        return (!has_server || ours) && message->ias == 0 && !message->other_ia;
    default:
        return false; /* what servers say */
    }
}

static void handle(struct baro_dhcp6_server *server, const struct request *request, bool by_group)
{
    const struct baro_dhcp6_message *message = request->message;

    if (!is_for_us(server, message))
        return;
    if (!by_group) { /* §18.4: we told nobody to use our address */
        if (message->type != BARO_DHCP6_SOLICIT && message->type != BARO_DHCP6_CONFIRM &&
            message->type != BARO_DHCP6_REBIND)
            answer_status(server, request, BARO_DHCP6_USE_MULTICAST);
        return;
    }
    switch (message->type) {
    case BARO_DHCP6_CONFIRM:
        confirm(server, request);
        break;
    case BARO_DHCP6_RELEASE:
    case BARO_DHCP6_DECLINE:
        give_up(server, request);
        break;
    case BARO_DHCP6_INFORMATION_REQUEST:
        inform(server, request);
        break;
    default:
        serve_addresses(server, request);
        break;
    }
}

bool baro_dhcp6_server_poll(struct baro_dhcp6_server *server, struct baro_instant now)
{
    const struct baro_dhcp6_server_config *config = &server->config;
    uint8_t octets[DHCP_DATAGRAM_LIMIT];
    struct baro_dhcp6_message message;
    struct baro_message datagram;
    ptrdiff_t length;
    bool any = false;

    while ((length = dhcp_receive(config->stack, server->socket, config->interface, octets, &datagram)) >= 0) {
        const struct request request = { &message, datagram.peer, now };

        any = true;
        if (baro_dhcp6_parse(&message, (struct baro_bytes){ octets, (size_t)length }) == 0)
            handle(server, &request, datagram.local.address.octet[0] == 0xff);
    }
    return any;
}

bool baro_dhcp6_server_next_lease(const struct baro_dhcp6_server *server, struct baro_instant now, unsigned *index,
                                  struct baro_dhcp6_server_lease *lease)
{
    while (*index < server->pool.count) {
        const struct lease *at = &server->pool.lease[(*index)++];

        if (!lease_is_bound(at, now))
            continue;
        *lease = (struct baro_dhcp6_server_lease){ .address = address_at(server, at), .expires = at->until };
        lease->client.length = (uint8_t)(at->key.length - 4);
        memcpy(lease->client.octet, at->key.octet + 4, lease->client.length);
        for (unsigned i = 0; i < 4; i++)
            lease->iaid = lease->iaid << 8 | at->key.octet[i];
        return true;
    }
    return false;
}
