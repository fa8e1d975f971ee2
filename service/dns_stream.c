/* service/dns_stream.c: the name server over TCP (RFC 1035 §4.2.2, RFC 7766): each message behind its length, many
 * queries on one connection.
 *
 * Queries that go outside are worked on at the same time and answered as they come back, in whatever order (RFC 7766
 * §6.2.1.1). A query is taken only while there is room for the longest answers to it and to all before it; until then
 * nothing more is read, so a peer that does not read its answers costs no more than its place. A connection that stays
 * idle for ten seconds is ended, a query longer than DNS_QUERY_LIMIT ends it at once, and a new connection takes the
 * place of the one that would be ended next. */
#include "dns_server.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static const struct baro_duration idle = { INT64_C(10000000000) };
/* longer than the outside takes to answer or not */
static const struct baro_duration waiting = { INT64_C(60000000000) };

void dns_stream_close(struct baro_dns_server *server, struct dns_client **client)
{
    const struct baro_memory *memory = &server->config.memory;

    if (*client == NULL)
        return;
    dns_forget_client(server, *client);
    baro_close(server->config.stack, (*client)->fd);
    memory->give_back(memory->context, *client, sizeof **client);
    *client = NULL;
}

/* What waits to be sent moves to the front. True: there is room for the longest answer to one query more. */
static bool has_room(struct dns_client *client)
{
    const size_t longest = 2 + DNS_STREAM_LIMIT;

    memmove(client->out, client->out + client->said, client->length - client->said);
    client->length -= client->said;
    client->said = 0;
    return sizeof client->out - client->length >= (client->waiting + 1) * longest;
}

void dns_stream_say(struct dns_client *client, uint16_t id, struct baro_bytes answer, struct baro_instant now)
{
    uint8_t *to = client->out + client->length;

    assert(client->waiting != 0 && sizeof client->out - client->length >= 2 + answer.length);
    to[0] = (uint8_t)(answer.length >> 8);
    to[1] = (uint8_t)answer.length;
    memcpy(to + 2, answer.data, answer.length);
    to[2] = (uint8_t)(id >> 8);
    to[3] = (uint8_t)id;
    client->length += 2 + answer.length;
    client->waiting--;
    client->idle_until.ns = now.ns + (client->waiting != 0 ? waiting : idle).ns;
}

/* A place with memory; NULL: there is none. */
static struct dns_client *place_for_one(struct baro_dns_server *server)
{
    const struct baro_memory *memory = &server->config.memory;
    struct dns_client **first = &server->client[0];

    for (int i = 0; i < BARO_DNS_SERVER_CLIENTS && *first != NULL; i++) {
        if (server->client[i] == NULL || server->client[i]->idle_until.ns < (*first)->idle_until.ns)
            first = &server->client[i];
    }
    dns_stream_close(server, first);
    *first = memory->take(memory->context, sizeof **first);
    return *first;
}

static bool accept_all(struct baro_dns_server *server, int listener, struct baro_instant now)
{
    const int one = 1;
    bool any = false;
    int fd;

    while (listener >= 0 && (fd = baro_accept(server->config.stack, listener, NULL)) >= 0) {
        struct dns_client *client = place_for_one(server);

        any = true;
        if (client == NULL) {
            baro_close(server->config.stack, fd);
            continue;
        }
        baro_setsockopt(server->config.stack, fd, BARO_TCP_NODELAY, &one, sizeof one); /* answers wait for no other */
        client->fd = fd;
        client->waiting = 0;
        client->heard = client->said = client->length = 0;
        client->idle_until.ns = now.ns + idle.ns;
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

/* Answers the query at the front of `in`, if it is whole, or passes it on. False: the connection is over. */
static bool answer_one(struct baro_dns_server *server, struct dns_client *client, struct baro_instant now,
                       bool *answered)
{
    const struct dns_asker asker = { .client = client };
    size_t length, said, before = client->length;
    unsigned outside = client->waiting;
    uint8_t *to = client->out + client->length;

    *answered = false;
    if (client->heard < 2)
        return true;
    length = (size_t)client->in[0] << 8 | client->in[1];
    if (length > DNS_QUERY_LIMIT)
        return false;
    if (client->heard < 2 + length)
        return true;
    said = dns_answer(server, (struct baro_bytes){ client->in + 2, length }, &asker,
                      (struct baro_buffer){ to + 2, DNS_ANSWER_LIMIT }, now);
    if (said == 0 && client->waiting == outside && client->length == before)
        return false; /* not a query: who speaks is no resolver */
    if (said != 0) {
        to[0] = (uint8_t)(said >> 8);
        to[1] = (uint8_t)said;
        client->length += 2 + said;
    }
    client->heard -= 2 + length;
    memmove(client->in, client->in + 2 + length, client->heard);
    *answered = true;
    return send_out(server, client);
}

/* Reads, answers, sends, as long as something moves. False: the connection is over. */
static bool pump(struct baro_dns_server *server, struct dns_client *client, struct baro_instant now, bool *did)
{
    size_t left = client->length - client->said;

    if (!send_out(server, client))
        return false;
    *did = *did || client->length - client->said != left;
    while (has_room(client)) {
        bool answered;
        ptrdiff_t octets;

        if (!answer_one(server, client, now, &answered))
            return false;
        if (answered) {
            client->idle_until.ns = now.ns + (client->waiting != 0 ? waiting : idle).ns;
            *did = true;
            continue;
        }
        octets = baro_recv(server->config.stack, client->fd, client->in + client->heard,
                           sizeof client->in - client->heard, 0);
        if (octets == 0 && (client->waiting != 0 || client->length != 0))
            return true; /* it has nothing more to ask, and hears what it asked */
        if (octets <= 0)
            return octets == -EAGAIN;
        client->heard += (size_t)octets;
    }
    return true;
}

bool dns_stream_poll(struct baro_dns_server *server, struct baro_instant now)
{
    bool did = accept_all(server, server->listener[0], now);

    did = accept_all(server, server->listener[1], now) || did;
    for (int i = 0; i < BARO_DNS_SERVER_CLIENTS; i++) {
        struct dns_client *client = server->client[i];

        if (client != NULL && (!pump(server, client, now, &did) || client->idle_until.ns <= now.ns)) {
            dns_stream_close(server, &server->client[i]);
            did = true;
        }
    }
    return did;
}
