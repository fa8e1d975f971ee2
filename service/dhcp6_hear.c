/* service/dhcp6_hear.c: what answers do to the DHCPv6 client, see dhcp6_client.h.
 *
 * It believes an answer that has its transaction number and its identifier and names its server; while it has a server,
 * that one's only. */
#include "dhcp6_client.h"

#include <string.h>

enum { RENEW_LEAST_S = 5, REFRESH_S = 86400, REFRESH_LEAST_S = 600 /* RFC 8415 §7.6 */, PREFERENCE_MOST = 255 };

static bool same(struct baro_address a, struct baro_address b)
{
    return memcmp(a.octet, b.octet, sizeof a.octet) == 0;
}

/* ---- leases ---- */

/* An address of a host on other links too; a lifetime that can be (§21.6). */
static bool can_be_used(const struct baro_dhcp6_ia_address *address)
{
    const uint8_t *octet = address->address.octet;
    static const uint8_t zero[10] = { 0 };

    return octet[0] < 0xfe && memcmp(octet, zero, sizeof zero) != 0 && address->preferred_s <= address->valid_s &&
           address->status == BARO_DHCP6_SUCCESS;
}

/* T1 and T2 as told if they make sense, else half and four fifths of the preferred lifetime (§14.2). */
static void set_times(struct baro_dhcp6_client *client, const struct baro_dhcp6_ia *ia,
                      const struct baro_dhcp6_ia_address *address, struct baro_instant now)
{
    uint32_t lasts_s = address->preferred_s != 0 ? address->preferred_s : address->valid_s;
    uint32_t renew_s = ia->renew_s, rebind_s = ia->rebind_s;

    if (renew_s < RENEW_LEAST_S || renew_s > rebind_s || rebind_s > address->valid_s) {
        renew_s = lasts_s == UINT32_MAX ? UINT32_MAX : lasts_s / 2;
        rebind_s = lasts_s == UINT32_MAX ? UINT32_MAX : (uint32_t)((uint64_t)lasts_s * 4 / 5);
        if (renew_s < RENEW_LEAST_S)
            renew_s = rebind_s = RENEW_LEAST_S;
    }
    client->renew = dhcp_after_s(now, renew_s);
    client->rebind = dhcp_after_s(now, rebind_s);
    client->lease.preferred_until = dhcp_after_s(now, address->preferred_s);
    client->lease.expires = dhcp_after_s(now, address->valid_s);
}

static void adopt(struct baro_dhcp6_client *client, const struct baro_dhcp6_message *reply,
                  const struct baro_dhcp6_ia *ia, const struct baro_dhcp6_ia_address *address, struct baro_instant now)
{
    bool is_new = !client->held || !same(address->address, client->lease.address);

    if (is_new)
        dhcp6_lose(client);
    client->server = client->lease.server = reply->server_id;
    client->lease.parameters = reply->parameters;
    client->wanted = client->lease.address = address->address;
    set_times(client, ia, address, now);
    if (!is_new) {
        dhcp6_bind(client, now);
        return;
    }
    if (baro_stack_add_address(client->config.stack, client->config.interface, client->lease.address, 128, true) != 0) {
        client->wanted = dhcp6_nobody; /* the host has it already, or has too many */
        dhcp6_fail(client, now);
        return;
    }
    client->held = true;
    client->deprecated = false;
    dhcp6_rest(client, BARO_DHCP6_CLIENT_PROBING, dhcp6_never);
}

/* §18.2.10.1: what an IA in a Reply says of the address that we have, or would have. */
static void take(struct baro_dhcp6_client *client, const struct baro_dhcp6_message *reply,
                 const struct baro_dhcp6_ia *ia, struct baro_instant now)
{
    const struct baro_dhcp6_ia_address *ours = NULL, *best = NULL;

    if (ia->renew_s > ia->rebind_s && ia->rebind_s != 0)
        return; /* §21.4 */
    for (unsigned i = 0; i < ia->addresses; i++) {
        const struct baro_dhcp6_ia_address *address = &ia->address[i];

        if (!can_be_used(address))
            continue;
        if (client->held && same(address->address, client->lease.address))
            ours = address;
        else if (best == NULL && address->valid_s >= DHCP6_LEASE_LEAST_S)
            best = address;
    }
    if (ours != NULL && ours->valid_s >= DHCP6_LEASE_LEAST_S) {
        adopt(client, reply, ia, ours, now);
    } else if (best != NULL) {
        adopt(client, reply, ia, best, now);
    } else if (ours != NULL) { /* no longer to be used */
        client->wanted = dhcp6_nobody;
        dhcp6_lose(client);
        dhcp6_start_over(client, now, 0);
    } else if (client->state == BARO_DHCP6_CLIENT_REQUESTING && !client->held) {
        dhcp6_fail(client, now);
    }
}

/* ---- receiving ---- */

static const struct baro_dhcp6_ia *ia_of(const struct baro_dhcp6_client *client,
                                         const struct baro_dhcp6_message *message)
{
    for (unsigned i = 0; i < message->ias; i++) {
        if (message->ia[i].iaid == client->config.iaid)
            return &message->ia[i];
    }
    return NULL;
}

/* §18.2.9: the first wait is for the best of them, after it the first is good enough. */
static void hear_offer(struct baro_dhcp6_client *client, const struct baro_dhcp6_message *message,
                       struct baro_instant now)
{
    const struct baro_dhcp6_ia *ia = ia_of(client, message);

    if (ia == NULL || ia->status != BARO_DHCP6_SUCCESS ||
        (message->has_status && message->status != BARO_DHCP6_SUCCESS))
        return;
    for (unsigned i = 0; i < ia->addresses; i++) {
        if (!can_be_used(&ia->address[i]) || ia->address[i].valid_s < DHCP6_LEASE_LEAST_S ||
            (client->offer.there && message->preference <= client->offer.preference))
            continue;
        client->offer = (struct dhcp6_offer){ true, message->preference, message->server_id, ia->address[i].address };
    }
    if (client->offer.there && (client->exchange.sent > 1 || client->offer.preference == PREFERENCE_MOST))
        client->due = now;
}

static void hear_reply(struct baro_dhcp6_client *client, const struct baro_dhcp6_message *reply,
                       struct baro_instant now)
{
    const struct baro_dhcp6_ia *ia = ia_of(client, reply);
    bool requests = client->state == BARO_DHCP6_CLIENT_REQUESTING;
    bool renews = client->state == BARO_DHCP6_CLIENT_RENEWING || client->state == BARO_DHCP6_CLIENT_REBINDING;
    uint16_t status = ia != NULL ? ia->status : BARO_DHCP6_SUCCESS;

    if (reply->has_status && reply->status != BARO_DHCP6_SUCCESS)
        status = reply->status;
    if (status == BARO_DHCP6_SUCCESS) {
        if (ia != NULL)
            take(client, reply, ia, now);
    } else if (status == BARO_DHCP6_NO_BINDING && renews) { /* the server has forgotten us, and can be asked anew */
        client->server = reply->server_id;
        client->wanted = client->lease.address;
        dhcp6_enter(client, BARO_DHCP6_CLIENT_REQUESTING, now);
    } else if (requests && (status == BARO_DHCP6_NOT_ON_LINK || status == BARO_DHCP6_NO_ADDRESSES)) {
        client->wanted = dhcp6_nobody;
        dhcp6_lose(client);
        dhcp6_fail(client, now);
    } /* else: it is said again */
}

/* §18.2.10.2: any server may know, and the lifetimes stay as they are. */
static void hear_confirmed(struct baro_dhcp6_client *client, const struct baro_dhcp6_message *reply,
                           struct baro_instant now)
{
    if (reply->has_status && reply->status == BARO_DHCP6_SUCCESS) {
        dhcp6_resume(client);
    } else if (reply->has_status && reply->status == BARO_DHCP6_NOT_ON_LINK) {
        client->wanted = dhcp6_nobody;
        dhcp6_lose(client);
        dhcp6_start_over(client, now, 0);
    }
}

/* §18.2.10.4. */
static void hear_information(struct baro_dhcp6_client *client, const struct baro_dhcp6_message *reply,
                             struct baro_instant now)
{
    uint32_t refresh_s = reply->has_refresh ? reply->refresh_s : REFRESH_S;

    if (reply->has_status && reply->status != BARO_DHCP6_SUCCESS)
        return;
    if (refresh_s < REFRESH_LEAST_S)
        refresh_s = REFRESH_LEAST_S;
    client->informed = true;
    client->lease = (struct baro_dhcp6_client_lease){ .preferred_until = dhcp6_never,
                                                      .expires = dhcp6_never,
                                                      .server = reply->server_id,
                                                      .parameters = reply->parameters };
    dhcp6_rest(client, BARO_DHCP6_CLIENT_INFORMED, dhcp_after_s(now, refresh_s));
    if (client->due.ns != INT64_MAX)
        client->due = dhcp_after(client->due, service_random_below(&client->random, 1001));
    dhcp6_tell(client);
}

void dhcp6_hear(struct baro_dhcp6_client *client, const struct baro_dhcp6_message *message, struct baro_instant now)
{
    enum baro_dhcp6_type awaited =
        client->state == BARO_DHCP6_CLIENT_SOLICITING ? BARO_DHCP6_ADVERTISE : BARO_DHCP6_REPLY;
    bool rapid = client->state == BARO_DHCP6_CLIENT_SOLICITING && client->config.rapid_commit && message->rapid_commit;

    if (message->transaction != client->exchange.transaction || message->server_id.length == 0 ||
        !baro_dhcp6_duid_equal(&message->client_id, &client->config.duid) || client->exchange.sent == 0)
        return; /* §16.3, §16.10 */
    if (message->type != awaited && !(message->type == BARO_DHCP6_REPLY && rapid))
        return;
    if (message->sol_max_rt_s != 0)
        client->sol_max_rt_s = message->sol_max_rt_s;
    if (message->type == BARO_DHCP6_ADVERTISE)
        client->exchange.timing.most_s = client->sol_max_rt_s;
    if (message->inf_max_rt_s != 0)
        client->inf_max_rt_s = message->inf_max_rt_s;
    switch (client->state) {
    case BARO_DHCP6_CLIENT_SOLICITING:
        if (message->type == BARO_DHCP6_ADVERTISE)
            hear_offer(client, message, now);
        else
            hear_reply(client, message, now);
        break;
    case BARO_DHCP6_CLIENT_REBINDING:
        hear_reply(client, message, now);
        break;
    case BARO_DHCP6_CLIENT_REQUESTING:
    case BARO_DHCP6_CLIENT_RENEWING:
        if (baro_dhcp6_duid_equal(&message->server_id, &client->server))
            hear_reply(client, message, now);
        break;
    case BARO_DHCP6_CLIENT_CONFIRMING:
        hear_confirmed(client, message, now);
        break;
    case BARO_DHCP6_CLIENT_INFORMING:
        hear_information(client, message, now);
        break;
    case BARO_DHCP6_CLIENT_DECLINING:
        dhcp6_fail(client, now);
        break;
    case BARO_DHCP6_CLIENT_RELEASING:
        dhcp6_rest(client, BARO_DHCP6_CLIENT_STOPPED, dhcp6_never);
        break;
    default:
        break;
    }
}
