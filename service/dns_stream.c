/* service/dns_stream.c: the name server over TCP (RFC 1035 §4.2.2, RFC 7766): each message behind its length, many
 * queries on one connection, answered in their order.
 *
 * One answer at a time waits to be sent; until it is, no further query is read, so a peer that does not read its answers
 * costs no more than its place. A connection that stays idle for ten seconds is ended, a query longer than DNS_QUERY_LIMIT ends
 * it at once, and a new connection takes the place of the one that would be ended next. */
#include "dns_server.h"

#include <errno.h>
#include <string.h>

static const struct baro_duration idle = { INT64_C(10000000000) };

void dns_stream_close(struct baro_dns_server *server, struct dns_client *client)
{
    if (client->fd >= 0)
        baro_close(server->config.stack, client->fd);
    client->fd = -1;
}

static struct dns_client *place_for_one(struct baro_dns_server *server)
{
    struct dns_client *first = &server->client[0];

    for (int i = 0; i < BARO_DNS_SERVER_CLIENTS; i++) {
        if (server->client[i].fd < 0)
            return &server->client[i];
        if (server->client[i].idle_until.ns < first->idle_until.ns)
            first = &server->client[i];
    }
    dns_stream_close(server, first);
    return first;
}

static bool accept_all(struct baro_dns_server *server, struct baro_instant now)
{
    const int one = 1;
    bool any = false;
    int fd;

    while ((fd = baro_accept(server->config.stack, server->listener, NULL)) >= 0) {
        struct dns_client *client = place_for_one(server);

        baro_setsockopt(server->config.stack, fd, BARO_TCP_NODELAY, &one, sizeof one); /* answers wait for no other */
        client->fd = fd;
        client->heard = client->said = client->length = 0;
        client->idle_until.ns = now.ns + idle.ns;
        any = true;
    }
    return any;
}

/* What waits to be sent. False: the connection is over. */
static bool send_out(struct baro_dns_server *server, struct dns_client *client)
{
    while (client->said < client->length) {
        ptrdiff_t octets = baro_send(server->config.stack, client->fd, client->out + client->said,
                                     client->length - client->said, 0);

        if (octets <= 0)
            return octets == -EAGAIN;
        client->said += (size_t)octets;
    }
    client->said = client->length = 0;
    return true;
}

/* Answers the query at the front of `in`, if it is whole. False: the connection is over. */
static bool answer_one(struct baro_dns_server *server, struct dns_client *client, bool *answered)
{
    size_t length, said;

    *answered = false;
    if (client->heard < 2)
        return true;
    length = (size_t)client->in[0] << 8 | client->in[1];
    if (length > DNS_QUERY_LIMIT)
        return false;
    if (client->heard < 2 + length)
        return true;
    said = dns_answer(server, (struct baro_bytes){ client->in + 2, length }, true,
                      (struct baro_buffer){ client->out + 2, DNS_ANSWER_LIMIT });
    if (said == 0)
        return false; /* not a query: who speaks is no resolver */
    client->out[0] = (uint8_t)(said >> 8);
    client->out[1] = (uint8_t)said;
    client->length = 2 + said;
    client->heard -= 2 + length;
    memmove(client->in, client->in + 2 + length, client->heard);
    *answered = true;
    return send_out(server, client);
}

/* Reads, answers, sends, as long as something moves. False: the connection is over. */
static bool pump(struct baro_dns_server *server, struct dns_client *client, struct baro_instant now, bool *did)
{
    if (!send_out(server, client))
        return false;
    while (client->length == 0) {
        bool answered;
        ptrdiff_t octets;

        if (!answer_one(server, client, &answered))
            return false;
        if (answered) {
            client->idle_until.ns = now.ns + idle.ns;
            *did = true;
            continue;
        }
        octets = baro_recv(server->config.stack, client->fd, client->in + client->heard,
                           sizeof client->in - client->heard, 0);
        if (octets <= 0)
            return octets == -EAGAIN;
        client->heard += (size_t)octets;
    }
    return true;
}

bool dns_stream_poll(struct baro_dns_server *server, struct baro_instant now)
{
    bool did = accept_all(server, now);

    for (int i = 0; i < BARO_DNS_SERVER_CLIENTS; i++) {
        struct dns_client *client = &server->client[i];

        if (client->fd >= 0 && (!pump(server, client, now, &did) || client->idle_until.ns <= now.ns)) {
            dns_stream_close(server, client);
            did = true;
        }
    }
    return did;
}
