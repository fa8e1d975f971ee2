/* service/dhcp6_client.c: the DHCPv6 client, see baro/dhcp6.h.
 *
 * One state and one moment at which it does something by itself (`due`): begin, say again, go on to RENEWING or
 * REBINDING. Messages move it in between (dhcp6_hear.c), and while it probes the stack's word on the address. What an
 * address's own lifetimes say is looked at in every state.
 *
 * Each failure (a server that offers and then refuses or keeps silent, an address that somebody uses) doubles the time
 * before it begins again, up to 64 s, so that a broken server is not asked without end. */
#include "dhcp6_client.h"

#include <errno.h>
#include <string.h>

enum { DUID_LEAST = 3, FAILURES_MOST = 6, MAX_RT_S = 3600 /* RFC 8415 §7.6 */ };

/* ---- life ---- */

void dhcp6_rest(struct baro_dhcp6_client *client, enum baro_dhcp6_client_state state, struct baro_instant due)
{
    client->state = state;
    client->due = due;
    client->offer.there = false;
}

void dhcp6_start_over(struct baro_dhcp6_client *client, struct baro_instant now, int64_t wait_s)
{
    dhcp6_rest(client, BARO_DHCP6_CLIENT_INIT,
               dhcp_after(now, wait_s * 1000 + service_random_below(&client->random, 1001)));
    client->waits = false;
}

void dhcp6_fail(struct baro_dhcp6_client *client, struct baro_instant now)
{
    if (client->failures < FAILURES_MOST)
        client->failures++;
    dhcp6_start_over(client, now, INT64_C(1) << client->failures);
}

static int set_up(struct baro_dhcp6_client *client, const struct baro_dhcp6_client_config *config)
{
    client->config = *config;
    client->now = config->now;
    client->sol_max_rt_s = client->inf_max_rt_s = MAX_RT_S;
    service_random_init(&client->random, config->seed);
    dhcp6_start_over(client, config->now, 0);
    client->socket = dhcp_socket(config->stack, BARO_FAMILY_IPV6, BARO_DHCP6_CLIENT_PORT);
    return client->socket < 0 ? client->socket : 0;
}

struct baro_dhcp6_client *baro_dhcp6_client_create(const struct baro_dhcp6_client_config *config, int *error)
{
    struct baro_dhcp6_client *client = NULL;
    int result = config->duid.length < DUID_LEAST || config->duid.length > BARO_DHCP6_DUID ? -EINVAL : 0;

    if (result == 0) {
        client = config->memory.take(config->memory.context, sizeof *client);
        result = client == NULL ? -ENOMEM : set_up(client, config);
    }
    if (client != NULL && result != 0) {
        config->memory.give_back(config->memory.context, client, sizeof *client);
        client = NULL;
    }
    if (error != NULL)
        *error = result;
    return client;
}

enum baro_dhcp6_client_state baro_dhcp6_client_state(const struct baro_dhcp6_client *client)
{
    return client->state;
}

/* ---- the address and the stack ---- */

const struct baro_dhcp6_client_lease *baro_dhcp6_client_lease(const struct baro_dhcp6_client *client)
{
    return client->informed || (client->held && client->state != BARO_DHCP6_CLIENT_PROBING) ? &client->lease : NULL;
}

void dhcp6_tell(const struct baro_dhcp6_client *client)
{
    if (client->config.told != NULL)
        client->config.told(client->config.context, baro_dhcp6_client_lease(client));
}

static void let_go(struct baro_dhcp6_client *client)
{
    if (client->held)
        (void)baro_stack_remove_address(client->config.stack, client->config.interface, client->lease.address);
    client->held = client->informed = false;
}

void dhcp6_lose(struct baro_dhcp6_client *client)
{
    bool was_told = baro_dhcp6_client_lease(client) != NULL;

    let_go(client);
    if (was_told)
        dhcp6_tell(client);
}

static void set_preferred(struct baro_dhcp6_client *client, struct baro_instant now)
{
    bool over = client->lease.preferred_until.ns <= now.ns;

    if (over != client->deprecated)
        (void)baro_stack_deprecate_address(client->config.stack, client->config.interface, client->lease.address, over);
    client->deprecated = over;
}

void dhcp6_bind(struct baro_dhcp6_client *client, struct baro_instant now)
{
    client->failures = 0;
    dhcp6_rest(client, BARO_DHCP6_CLIENT_BOUND, client->renew);
    set_preferred(client, now);
    dhcp6_tell(client);
}

/* §18.2.8: the server hears of it before another address is asked for. */
static void look_at_probe(struct baro_dhcp6_client *client, struct baro_instant now)
{
    switch (baro_stack_address_state(client->config.stack, client->config.interface, client->lease.address)) {
    case BARO_ADDRESS_PROBING:
        break;
    case BARO_ADDRESS_USABLE:
        dhcp6_bind(client, now);
        break;
    case BARO_ADDRESS_NONE:
        client->held = false; /* the stack has taken it away */
        client->wanted = dhcp6_nobody;
        dhcp6_enter(client, BARO_DHCP6_CLIENT_DECLINING, now);
        break;
    }
}

static void look_at_lifetimes(struct baro_dhcp6_client *client, struct baro_instant now)
{
    if (client->lease.expires.ns <= now.ns) {
        dhcp6_lose(client);
        dhcp6_start_over(client, now, 0);
    } else if (client->state != BARO_DHCP6_CLIENT_PROBING) {
        set_preferred(client, now);
    }
}

void dhcp6_resume(struct baro_dhcp6_client *client)
{
    dhcp6_rest(client, BARO_DHCP6_CLIENT_BOUND, client->renew);
}

void baro_dhcp6_client_link_came(struct baro_dhcp6_client *client, struct baro_instant now)
{
    struct baro_instant soon = dhcp_after(now, service_random_below(&client->random, 1001)); /* CNF_MAX_DELAY */

    switch (client->state) {
    case BARO_DHCP6_CLIENT_BOUND:
    case BARO_DHCP6_CLIENT_RENEWING:
    case BARO_DHCP6_CLIENT_REBINDING:
        dhcp6_rest(client, BARO_DHCP6_CLIENT_CONFIRMING, soon);
        client->exchange.sent = 0;
        break;
    case BARO_DHCP6_CLIENT_INFORMED:
        client->due = soon;
        break;
    default:
        break; /* it is about to speak, and then it will see */
    }
}

void baro_dhcp6_client_stop(struct baro_dhcp6_client *client, struct baro_instant now)
{
    bool held = client->held;

    if (client->state == BARO_DHCP6_CLIENT_RELEASING || client->state == BARO_DHCP6_CLIENT_STOPPED)
        return;
    let_go(client); /* first: nothing of it is used any more when the server hears of it */
    client->server = client->lease.server;
    if (held)
        dhcp6_enter(client, BARO_DHCP6_CLIENT_RELEASING, now);
    else
        dhcp6_rest(client, BARO_DHCP6_CLIENT_STOPPED, dhcp6_never);
}

void baro_dhcp6_client_free(struct baro_dhcp6_client *client)
{
    if (client == NULL)
        return;
    baro_dhcp6_client_stop(client, client->now);
    baro_stack_flush(client->config.stack);
    baro_close(client->config.stack, client->socket);
    client->config.memory.give_back(client->config.memory.context, client, sizeof *client);
}

/* ---- time ---- */

bool baro_dhcp6_client_next_deadline(const struct baro_dhcp6_client *client, struct baro_instant *deadline)
{
    *deadline = client->waits ? dhcp6_never : client->due;
    if (client->held)
        *deadline = dhcp_earlier(*deadline, client->lease.expires);
    if (client->held && !client->deprecated && client->state != BARO_DHCP6_CLIENT_PROBING)
        *deadline = dhcp_earlier(*deadline, client->lease.preferred_until);
    return deadline->ns != INT64_MAX;
}

static void begin(struct baro_dhcp6_client *client, struct baro_instant now)
{
    struct baro_address address;

    client->waits = !dhcp6_can_speak(client, &address);
    if (!client->waits)
        dhcp6_enter(client,
                    client->config.information_only ? BARO_DHCP6_CLIENT_INFORMING : BARO_DHCP6_CLIENT_SOLICITING, now);
}

/* More time from the server that gave the address, or later from any. */
static void renew(struct baro_dhcp6_client *client, struct baro_instant now)
{
    client->server = client->lease.server;
    dhcp6_enter(client, client->rebind.ns <= now.ns ? BARO_DHCP6_CLIENT_REBINDING : BARO_DHCP6_CLIENT_RENEWING, now);
}

/* Whether the address is still of this link; when nobody answers it is (RFC 8415 §18.2.3). */
static void confirm(struct baro_dhcp6_client *client, struct baro_instant now)
{
    if (client->exchange.sent == 0)
        dhcp6_enter(client, BARO_DHCP6_CLIENT_CONFIRMING, now);
    else if (now.ns - client->exchange.began.ns < (int64_t)DHCP6_CONFIRM_MS * 1000000)
        dhcp6_say(client, now);
    else
        dhcp6_resume(client);
}

static void request_what_was_offered(struct baro_dhcp6_client *client, struct baro_instant now)
{
    client->server = client->offer.server;
    client->wanted = client->offer.address;
    client->offer.there = false;
    dhcp6_enter(client, BARO_DHCP6_CLIENT_REQUESTING, now);
}

/* It was said often enough. */
static void give_up(struct baro_dhcp6_client *client, struct baro_instant now)
{
    if (client->state == BARO_DHCP6_CLIENT_RELEASING)
        dhcp6_rest(client, BARO_DHCP6_CLIENT_STOPPED, dhcp6_never);
    else if (client->held)
        renew(client, now);
    else
        dhcp6_fail(client, now);
}

static void act(struct baro_dhcp6_client *client, struct baro_instant now)
{
    switch (client->state) {
    case BARO_DHCP6_CLIENT_INIT:
        begin(client, now);
        break;
    case BARO_DHCP6_CLIENT_INFORMED:
        dhcp6_enter(client, BARO_DHCP6_CLIENT_INFORMING, now);
        break;
    case BARO_DHCP6_CLIENT_BOUND:
        renew(client, now);
        break;
    case BARO_DHCP6_CLIENT_CONFIRMING:
        confirm(client, now);
        break;
    default:
        if (client->offer.there)
            request_what_was_offered(client, now);
        else if (client->state == BARO_DHCP6_CLIENT_RENEWING && client->rebind.ns <= now.ns)
            renew(client, now);
        else if (dhcp6_exchange_is_over(&client->exchange))
            give_up(client, now);
        else
            dhcp6_say(client, now);
        break;
    }
}

static bool receive(struct baro_dhcp6_client *client, struct baro_instant now)
{
    const struct baro_dhcp6_client_config *config = &client->config;
    uint8_t octets[DHCP_DATAGRAM_LIMIT];
    struct baro_dhcp6_message message;
    struct baro_message datagram;
    ptrdiff_t length;
    bool any = false;

    while ((length = dhcp_receive(config->stack, client->socket, config->interface, octets, &datagram)) >= 0) {
        any = true;
        if (baro_dhcp6_parse(&message, (struct baro_bytes){ octets, (size_t)length }) == 0)
            dhcp6_hear(client, &message, now);
    }
    return any;
}

bool baro_dhcp6_client_poll(struct baro_dhcp6_client *client, struct baro_instant now)
{
    enum baro_dhcp6_client_state before = client->state;
    bool any = receive(client, now);

    client->now = now;
    if (client->state == BARO_DHCP6_CLIENT_PROBING)
        look_at_probe(client, now);
    if (client->held)
        look_at_lifetimes(client, now);
    if (client->due.ns <= now.ns) {
        act(client, now);
        any |= !client->waits;
    }
    return any || client->state != before;
}
