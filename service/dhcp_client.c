/* service/dhcp_client.c: the DHCPv4 client, see baro/dhcp.h.
 *
 * One state and one moment at which it does something by itself (`due`): begin, send again, go on to RENEWING,
 * REBINDING or the end of the lease. Messages move it in between, and while it probes the stack's word on the address.
 *
 * It believes an answer that has its transaction number and its MAC address, names its server, comes in by its
 * interface and grants the very address it asked for. Each failure (a NAK, a server that offers and then keeps silent)
 * doubles the time before it begins again, up to 64 s, so that a broken server is not asked without end. */
#include "baro/dhcp.h"

#include <errno.h>
#include <string.h>

#include "dhcp_parts.h"
#include "dhcp_routes.h"
#include "random.h"

enum { HEADERS = 28 /* IPv4 and UDP */, RETRY_FIRST_S = 4, RETRY_MOST_S = 64, REQUESTS = 4,
       RENEW_LEAST_S = 60, LEASE_LEAST_S = 10, DECLINE_WAIT_S = 10, FAILURES_MOST = 6, HARDWARE_ETHERNET = 1 };

struct baro_dhcp_client {
    struct baro_dhcp_client_config config;
    char host_name[BARO_DHCP_NAME];
    struct service_random random;
    int socket;
    enum baro_dhcp_client_state state;
    struct baro_instant due;                /* ns INT64_MAX: never */
    struct baro_instant began, asked;       /* this dialogue; when the request went out that an ACK counts from */
    struct baro_instant renew, rebind;      /* T1 and T2 */
    uint32_t xid;
    uint16_t seconds;
    unsigned sent, failures;
    struct baro_address wanted, server;     /* family NONE: none yet */
    bool held;                              /* the stack has the address of `lease`, probed or being probed */
    struct baro_dhcp_client_lease lease;
    struct dhcp_routes routes;
};

static bool same(struct baro_address a, struct baro_address b)
{
    return a.family == BARO_FAMILY_IPV4 && b.family == BARO_FAMILY_IPV4 && dhcp_number(a) == dhcp_number(b);
}

/* ---- life ---- */

/* Begins again after so long, and up to a second more (§4.4.1: hosts that start together do not ask together). */
static void start_over(struct baro_dhcp_client *client, struct baro_instant now, int64_t wait_s)
{
    client->state = BARO_DHCP_CLIENT_INIT;
    client->due = dhcp_after(now, wait_s * 1000 + service_random_below(&client->random, 1001));
}

static void fail(struct baro_dhcp_client *client, struct baro_instant now)
{
    if (client->failures < FAILURES_MOST)
        client->failures++;
    start_over(client, now, INT64_C(1) << client->failures);
}

struct baro_dhcp_client *baro_dhcp_client_create(const struct baro_dhcp_client_config *config, int *error)
{
    size_t name = config->host_name == NULL ? 0 : strlen(config->host_name);
    struct baro_dhcp_client *client = NULL;
    int result = name >= BARO_DHCP_NAME ? -EINVAL : 0;

    if (result == 0) {
        client = config->memory.take(config->memory.context, sizeof *client);
        result = client == NULL ? -ENOMEM : 0;
    }
    if (result == 0) {
        memset(client, 0, sizeof *client);
        client->config = *config;
        if (name != 0)
            memcpy(client->host_name, config->host_name, name);
        service_random_init(&client->random, config->seed);
        start_over(client, config->now, 0);
        client->socket = dhcp_socket(config->stack, BARO_FAMILY_IPV4, BARO_DHCP_CLIENT_PORT);
        result = client->socket < 0 ? client->socket : 0;
        if (result != 0) {
            config->memory.give_back(config->memory.context, client, sizeof *client);
            client = NULL;
        }
    }
    if (error != NULL)
        *error = result;
    return client;
}

enum baro_dhcp_client_state baro_dhcp_client_state(const struct baro_dhcp_client *client)
{
    return client->state;
}

const struct baro_dhcp_client_lease *baro_dhcp_client_lease(const struct baro_dhcp_client *client)
{
    return client->held && client->state != BARO_DHCP_CLIENT_PROBING ? &client->lease : NULL;
}

bool baro_dhcp_client_next_deadline(const struct baro_dhcp_client *client, struct baro_instant *deadline)
{
    *deadline = client->due;
    return client->due.ns != INT64_MAX;
}

/* ---- sending ---- */

static struct baro_dhcp_message message_of(const struct baro_dhcp_client *client, enum baro_dhcp_type type)
{
    static const enum baro_dhcp_option asked[] = {
        BARO_DHCP_OPTION_SUBNET_MASK, BARO_DHCP_OPTION_ROUTER, BARO_DHCP_OPTION_DNS, BARO_DHCP_OPTION_DOMAIN,
        BARO_DHCP_OPTION_MTU, BARO_DHCP_OPTION_BROADCAST, BARO_DHCP_OPTION_NTP, BARO_DHCP_OPTION_SEARCH,
        BARO_DHCP_OPTION_ROUTES
    };
    struct baro_dhcp_message message = { .type = type, .xid = client->xid, .mac = client->config.mac };

    message.client = message.your = message.next_server = message.relay = baro_ipv4(0, 0, 0, 0);
    message.id[0] = HARDWARE_ETHERNET; /* RFC 2132 §9.14 */
    memcpy(message.id + 1, client->config.mac.octet, sizeof client->config.mac.octet);
    message.id_length = 1 + sizeof client->config.mac.octet;
    if (type != BARO_DHCP_DISCOVER && type != BARO_DHCP_REQUEST)
        return message;
    message.seconds = client->seconds;
    message.message_size = BARO_DHCP_MESSAGE_OCTETS + HEADERS;
    memcpy(message.parameters.host_name, client->host_name, sizeof client->host_name);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
        baro_dhcp_ask(&message, asked[i]);
    return message;
}

static const struct baro_address all_servers = { .family = BARO_FAMILY_NONE };

/* To a server, or with family NONE to all on the link. What cannot be sent now is sent again later like what is
 * lost. */
static void send(struct baro_dhcp_client *client, const struct baro_dhcp_message *message, struct baro_address server)
{
    uint8_t octets[BARO_DHCP_MESSAGE_OCTETS];
    struct baro_buffer piece = { octets, sizeof octets };
    struct baro_endpoint peer = { server, { BARO_DHCP_SERVER_PORT } };
    struct baro_address local = all_servers;
    ptrdiff_t length = baro_dhcp_build(message, piece);

    if (length < 0)
        return; /* a host name that is none: the stack has no part in it */
    piece.length = (size_t)length;
    if (server.family == BARO_FAMILY_NONE) {
        peer.address = baro_ipv4(255, 255, 255, 255);
        peer.address.zone = (uint8_t)client->config.interface; /* which of the links */
    }
    if (client->state == BARO_DHCP_CLIENT_RENEWING || client->state == BARO_DHCP_CLIENT_REBINDING)
        local = client->lease.address;
    dhcp_send(client->config.stack, client->socket, piece, peer, local);
}

/* §4.1: 4, 8, 16, 32, 64 seconds and no longer, each a second more or less. */
static void send_again_later(struct baro_dhcp_client *client, struct baro_instant now)
{
    int64_t wait_s = RETRY_FIRST_S;

    for (unsigned i = 0; i < client->sent && wait_s < RETRY_MOST_S; i++)
        wait_s *= 2;
    client->sent++;
    client->due = dhcp_after(now, wait_s * 1000 - 1000 + service_random_below(&client->random, 2001));
}

static void set_seconds(struct baro_dhcp_client *client, struct baro_instant now)
{
    int64_t seconds = (now.ns - client->began.ns) / 1000000000;

    client->seconds = (uint16_t)(seconds > UINT16_MAX ? UINT16_MAX : seconds);
}

static void send_discover(struct baro_dhcp_client *client, struct baro_instant now)
{
    struct baro_dhcp_message message;

    set_seconds(client, now);
    message = message_of(client, BARO_DHCP_DISCOVER);
    message.broadcast = true;
    message.requested = client->wanted;
    send(client, &message, all_servers);
    send_again_later(client, now);
}

/* `secs` stays as it was in the DISCOVER (§4.4.1). */
static void send_request(struct baro_dhcp_client *client, struct baro_instant now)
{
    struct baro_dhcp_message message = message_of(client, BARO_DHCP_REQUEST);

    message.broadcast = true;
    message.requested = client->wanted;
    message.server_id = client->server;
    send(client, &message, all_servers);
    send_again_later(client, now);
}

/* §4.4.5: again after half of what is left until the next step, but not within a minute. */
static void send_renewal(struct baro_dhcp_client *client, struct baro_instant now)
{
    bool renewing = client->state == BARO_DHCP_CLIENT_RENEWING;
    struct baro_instant end = renewing ? client->rebind : client->lease.expires;
    struct baro_dhcp_message message;
    int64_t wait_ms = (end.ns - now.ns) / 2 / 1000000;

    set_seconds(client, now);
    message = message_of(client, BARO_DHCP_REQUEST);
    message.client = client->lease.address;
    send(client, &message, renewing ? client->lease.server : all_servers);
    client->asked = now;
    if (wait_ms < RENEW_LEAST_S * 1000)
        wait_ms = RENEW_LEAST_S * 1000;
    client->due = dhcp_earlier(dhcp_after(now, wait_ms), end);
}

/* ---- what a lease does to the stack ---- */

static void tell(const struct baro_dhcp_client *client)
{
    if (client->config.told != NULL)
        client->config.told(client->config.context, baro_dhcp_client_lease(client));
}

static void let_go(struct baro_dhcp_client *client)
{
    dhcp_routes_remove(&client->routes, client->config.stack);
    if (client->held)
        (void)baro_stack_remove_address(client->config.stack, client->config.interface, client->lease.address);
    client->held = false;
}

void baro_dhcp_client_free(struct baro_dhcp_client *client)
{
    struct baro_dhcp_message message;

    if (client == NULL)
        return;
    if (baro_dhcp_client_lease(client) != NULL) {
        client->xid = service_random_u32(&client->random);
        message = message_of(client, BARO_DHCP_RELEASE);
        message.client = client->lease.address;
        message.server_id = client->lease.server;
        send(client, &message, client->lease.server);
        baro_stack_flush(client->config.stack);
    }
    let_go(client);
    baro_close(client->config.stack, client->socket);
    client->config.memory.give_back(client->config.memory.context, client, sizeof *client);
}

/* ---- leases ---- */

/* T1 and T2 as told if they make sense, else half and seven eighths (§4.4.5), each up to a second earlier. */
static void set_times(struct baro_dhcp_client *client, const struct baro_dhcp_message *ack)
{
    int64_t lease_ms = (int64_t)ack->lease_time_s * 1000, renew_ms = lease_ms / 2, rebind_ms = lease_ms / 8 * 7;
    const struct baro_instant never = { INT64_MAX };

    if (ack->lease_time_s == UINT32_MAX) {
        client->renew = client->rebind = client->lease.expires = never;
        return;
    }
    if (ack->has_renewal_time && ack->has_rebinding_time && ack->renewal_time_s >= LEASE_LEAST_S / 2 &&
        ack->renewal_time_s < ack->rebinding_time_s && ack->rebinding_time_s < ack->lease_time_s) {
        renew_ms = (int64_t)ack->renewal_time_s * 1000;
        rebind_ms = (int64_t)ack->rebinding_time_s * 1000;
    }
    client->renew = dhcp_after(client->asked, renew_ms - service_random_below(&client->random, 1000));
    client->rebind = dhcp_after(client->asked, rebind_ms - service_random_below(&client->random, 1000));
    client->lease.expires = dhcp_after(client->asked, lease_ms);
}

static void bind_lease(struct baro_dhcp_client *client)
{
    client->state = BARO_DHCP_CLIENT_BOUND;
    client->failures = 0;
    client->due = client->renew;
    dhcp_routes_set(&client->routes, client->config.stack, client->config.interface, &client->lease.parameters);
    tell(client);
}

static void acknowledge(struct baro_dhcp_client *client, const struct baro_dhcp_message *ack, struct baro_instant now)
{
    client->lease.server = ack->server_id;
    client->lease.parameters = ack->parameters;
    set_times(client, ack);
    if (client->state != BARO_DHCP_CLIENT_REQUESTING) {
        bind_lease(client);
        return;
    }
    client->lease.address = ack->your;
    client->lease.prefix_length = dhcp_prefix_length(ack->your, ack->parameters.subnet_mask);
    if (baro_stack_add_address(client->config.stack, client->config.interface, ack->your, client->lease.prefix_length,
                               true) != 0) {
        client->wanted.family = BARO_FAMILY_NONE; /* no address of a host, or set by hand already */
        fail(client, now);
        return;
    }
    client->held = true;
    client->state = BARO_DHCP_CLIENT_PROBING;
    client->due = client->lease.expires;
}

/* §4.4.1 and RFC 5227 §2.1.1: somebody else uses it. The server hears of it, and is not asked again at once. */
static void decline(struct baro_dhcp_client *client, struct baro_instant now)
{
    struct baro_dhcp_message message;

    client->held = false; /* the stack has taken it away */
    client->xid = service_random_u32(&client->random);
    message = message_of(client, BARO_DHCP_DECLINE);
    message.requested = client->lease.address;
    message.server_id = client->lease.server;
    strcpy(message.text, "somebody else uses it");
    send(client, &message, all_servers);
    client->wanted.family = BARO_FAMILY_NONE;
    start_over(client, now, DECLINE_WAIT_S);
}

static void look_at_probe(struct baro_dhcp_client *client, struct baro_instant now)
{
    switch (baro_stack_address_state(client->config.stack, client->config.interface, client->lease.address)) {
    case BARO_ADDRESS_PROBING:
        break;
    case BARO_ADDRESS_USABLE:
        bind_lease(client);
        break;
    case BARO_ADDRESS_NONE:
        decline(client, now);
        break;
    }
}

static void lose(struct baro_dhcp_client *client)
{
    bool was_told = baro_dhcp_client_lease(client) != NULL;

    let_go(client);
    if (was_told)
        tell(client);
}

/* ---- receiving ---- */

static void handle(struct baro_dhcp_client *client, const struct baro_dhcp_message *message, struct baro_instant now)
{
    bool renewing = client->state == BARO_DHCP_CLIENT_RENEWING, rebinding = client->state == BARO_DHCP_CLIENT_REBINDING;
    bool requesting = client->state == BARO_DHCP_CLIENT_REQUESTING;
    bool grants = message->has_lease_time && message->lease_time_s >= LEASE_LEAST_S;

    if (!message->reply || message->xid != client->xid || message->server_id.family != BARO_FAMILY_IPV4 ||
        memcmp(message->mac.octet, client->config.mac.octet, sizeof message->mac.octet) != 0)
        return;
    if (client->state == BARO_DHCP_CLIENT_SELECTING) {
        if (message->type != BARO_DHCP_OFFER || !grants || dhcp_number(message->your) == 0)
            return;
        client->wanted = message->your; /* the first offer is taken */
        client->server = message->server_id;
        client->state = BARO_DHCP_CLIENT_REQUESTING;
        client->sent = 0;
        client->asked = now;
        send_request(client, now);
    } else if (requesting || renewing || rebinding) {
        if (!rebinding && !same(message->server_id, requesting ? client->server : client->lease.server))
            return;
        if (message->type == BARO_DHCP_NAK) {
            client->wanted.family = BARO_FAMILY_NONE;
            lose(client);
            fail(client, now);
        } else if (message->type == BARO_DHCP_ACK && grants &&
                   same(message->your, requesting ? client->wanted : client->lease.address)) {
            acknowledge(client, message, now);
        }
    }
}

static bool receive(struct baro_dhcp_client *client, struct baro_instant now)
{
    uint8_t octets[DHCP_DATAGRAM_LIMIT];
    struct baro_dhcp_message message;
    struct baro_message datagram;
    const struct baro_dhcp_client_config *config = &client->config;
    ptrdiff_t length;
    bool any = false;

    while ((length = dhcp_receive(config->stack, client->socket, config->interface, octets, &datagram)) >= 0) {
        any = true;
        if (baro_dhcp_parse(&message, (struct baro_bytes){ octets, (size_t)length }) == 0)
            handle(client, &message, now);
    }
    return any;
}

/* ---- time ---- */

static void begin(struct baro_dhcp_client *client, struct baro_instant now)
{
    client->state = BARO_DHCP_CLIENT_SELECTING;
    client->xid = service_random_u32(&client->random);
    client->began = now;
    client->sent = 0;
    send_discover(client, now);
}

static void act(struct baro_dhcp_client *client, struct baro_instant now)
{
    switch (client->state) {
    case BARO_DHCP_CLIENT_INIT:
        begin(client, now);
        return;
    case BARO_DHCP_CLIENT_SELECTING:
        send_discover(client, now);
        return;
    case BARO_DHCP_CLIENT_REQUESTING:
        if (client->sent < REQUESTS)
            send_request(client, now);
        else
            fail(client, now); /* a minute of silence (§3.1 (5)) */
        return;
    default:
        break;
    }
    if (client->lease.expires.ns <= now.ns) {
        lose(client);
        start_over(client, now, 0);
        return;
    }
    if (client->state == BARO_DHCP_CLIENT_BOUND) {
        client->xid = service_random_u32(&client->random);
        client->began = now;
        client->state = BARO_DHCP_CLIENT_RENEWING;
    }
    if (client->rebind.ns <= now.ns)
        client->state = BARO_DHCP_CLIENT_REBINDING;
    send_renewal(client, now);
}

bool baro_dhcp_client_poll(struct baro_dhcp_client *client, struct baro_instant now)
{
    enum baro_dhcp_client_state before = client->state;
    bool any = receive(client, now);

    if (client->state == BARO_DHCP_CLIENT_PROBING)
        look_at_probe(client, now);
    if (client->due.ns <= now.ns) {
        act(client, now);
        any = true;
    }
    return any || client->state != before;
}
