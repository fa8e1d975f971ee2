/* service/dhcp6_say.c: what the DHCPv6 client says, see dhcp6_client.h: which message in which state, what stands in
 * it, and how often it is said (RFC 8415 §18.2). All of it goes to the group of all servers. */
#include "dhcp6_client.h"

enum { OWN_ADDRESSES = 16 };

bool dhcp6_can_speak(const struct baro_dhcp6_client *client, struct baro_address *address)
{
    struct baro_address_status own[OWN_ADDRESSES];
    int count = baro_stack_addresses(client->config.stack, client->config.interface, own, OWN_ADDRESSES);

    for (int i = 0; i < count; i++) {
        *address = own[i].address;
        if (address->family == BARO_FAMILY_IPV6 && address->octet[0] == 0xfe && (address->octet[1] & 0xc0) == 0x80 &&
            !own[i].tentative)
            return true;
    }
    return false;
}

static enum baro_dhcp6_type type_of(enum baro_dhcp6_client_state state)
{
    switch (state) {
    case BARO_DHCP6_CLIENT_REQUESTING:
        return BARO_DHCP6_REQUEST;
    case BARO_DHCP6_CLIENT_RENEWING:
        return BARO_DHCP6_RENEW;
    case BARO_DHCP6_CLIENT_REBINDING:
        return BARO_DHCP6_REBIND;
    case BARO_DHCP6_CLIENT_CONFIRMING:
        return BARO_DHCP6_CONFIRM;
    case BARO_DHCP6_CLIENT_DECLINING:
        return BARO_DHCP6_DECLINE;
    case BARO_DHCP6_CLIENT_RELEASING:
        return BARO_DHCP6_RELEASE;
    case BARO_DHCP6_CLIENT_INFORMING:
        return BARO_DHCP6_INFORMATION_REQUEST;
    default:
        return BARO_DHCP6_SOLICIT;
    }
}

/* §7.6 and §18.2.1 to §18.2.8. */
static struct dhcp6_timing timing_of(const struct baro_dhcp6_client *client)
{
    switch (client->state) {
    case BARO_DHCP6_CLIENT_REQUESTING:
        return (struct dhcp6_timing){ 1, 30, 10, false };
    case BARO_DHCP6_CLIENT_RENEWING:
    case BARO_DHCP6_CLIENT_REBINDING:
        return (struct dhcp6_timing){ 10, 600, 0, false };
    case BARO_DHCP6_CLIENT_CONFIRMING:
        return (struct dhcp6_timing){ 1, 4, 0, false };
    case BARO_DHCP6_CLIENT_DECLINING:
    case BARO_DHCP6_CLIENT_RELEASING:
        return (struct dhcp6_timing){ 1, 0, 4, false };
    case BARO_DHCP6_CLIENT_INFORMING:
        return (struct dhcp6_timing){ 1, client->inf_max_rt_s, 0, false };
    default:
        return (struct dhcp6_timing){ 1, client->sol_max_rt_s, 0, true };
    }
}

static void ask_for_options(struct baro_dhcp6_message *message)
{
    baro_dhcp6_ask(message, BARO_DHCP6_OPTION_DNS);
    baro_dhcp6_ask(message, BARO_DHCP6_OPTION_SEARCH);
    if (message->type == BARO_DHCP6_INFORMATION_REQUEST) {
        baro_dhcp6_ask(message, BARO_DHCP6_OPTION_REFRESH);
        baro_dhcp6_ask(message, BARO_DHCP6_OPTION_INF_MAX_RT);
    } else {
        baro_dhcp6_ask(message, BARO_DHCP6_OPTION_SOL_MAX_RT);
    }
}

static struct baro_dhcp6_message message_of(const struct baro_dhcp6_client *client, struct baro_instant now)
{
    struct baro_dhcp6_message message = { .type = type_of(client->state),
                                          .transaction = client->exchange.transaction,
                                          .client_id = client->config.duid,
                                          .has_elapsed = true,
                                          .elapsed_cs = dhcp6_exchange_elapsed_cs(&client->exchange, now) };
    bool solicits = message.type == BARO_DHCP6_SOLICIT;
    struct baro_dhcp6_ia *ia = &message.ia[0];

    if (message.type != BARO_DHCP6_RELEASE && message.type != BARO_DHCP6_DECLINE && message.type != BARO_DHCP6_CONFIRM)
        ask_for_options(&message);
    if (message.type == BARO_DHCP6_INFORMATION_REQUEST)
        return message;
    if (!solicits && message.type != BARO_DHCP6_REBIND && message.type != BARO_DHCP6_CONFIRM)
        message.server_id = client->server;
    message.rapid_commit = solicits && client->config.rapid_commit;
    message.ias = 1;
    ia->iaid = client->config.iaid;
    ia->address[0].address = solicits || message.type == BARO_DHCP6_REQUEST ? client->wanted : client->lease.address;
    ia->addresses = ia->address[0].address.family == BARO_FAMILY_IPV6;
    return message;
}

/* What cannot be sent now is said again later like what is lost. */
void dhcp6_say(struct baro_dhcp6_client *client, struct baro_instant now)
{
    const struct baro_dhcp6_message message = message_of(client, now);
    struct baro_endpoint peer = { DHCP6_ALL_SERVERS, { BARO_DHCP6_SERVER_PORT } };
    uint8_t octets[BARO_DHCP6_MESSAGE_OCTETS];
    struct baro_buffer piece = { octets, sizeof octets };
    ptrdiff_t length = baro_dhcp6_build(&message, piece);
    struct baro_address local;

    client->due = dhcp6_exchange_send(&client->exchange, &client->random, now);
    if (client->state == BARO_DHCP6_CLIENT_RENEWING)
        client->due = dhcp_earlier(client->due, client->rebind);
    if (client->state == BARO_DHCP6_CLIENT_CONFIRMING)
        client->due = dhcp_earlier(client->due, dhcp_after(client->exchange.began, DHCP6_CONFIRM_MS));
    if (length < 0 || !dhcp6_can_speak(client, &local))
        return;
    piece.length = (size_t)length;
    peer.address.zone = (uint8_t)client->config.interface;
    dhcp_send(client->config.stack, client->socket, piece, peer, local);
}

void dhcp6_enter(struct baro_dhcp6_client *client, enum baro_dhcp6_client_state state, struct baro_instant now)
{
    client->state = state;
    dhcp6_exchange_begin(&client->exchange, &client->random, timing_of(client), now);
    dhcp6_say(client, now);
}
