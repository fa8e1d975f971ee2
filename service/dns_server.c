/* service/dns_server.c: the name server's life, its hosts and its datagrams, see baro/dns_server.h. */
#include "dns_server.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { DATAGRAMS = 64 }; /* answered in one poll; the next poll goes on */

static int open_sockets(struct baro_dns_server *server, int which, const struct baro_endpoint *local)
{
    struct baro_stack *stack = server->config.stack;
    enum baro_family family = (enum baro_family)local->address.family;
    const int one = 1;
    int result;

    server->datagrams[which] = baro_socket(stack, family, BARO_DATAGRAM);
    if (server->datagrams[which] < 0)
        return server->datagrams[which];
    server->listener[which] = baro_socket(stack, family, BARO_STREAM);
    if (server->listener[which] < 0)
        return server->listener[which];
    baro_setsockopt(stack, server->listener[which], BARO_SO_REUSE_ADDRESS, &one, sizeof one);
    if ((result = baro_bind(stack, server->datagrams[which], local)) != 0 ||
        (result = baro_bind(stack, server->listener[which], local)) != 0)
        return result;
    return baro_listen(stack, server->listener[which], BARO_DNS_SERVER_CLIENTS);
}

static int open_all(struct baro_dns_server *server)
{
    struct baro_dns_server_config *config = &server->config;
    int result;

    if (config->local.port.number == 0)
        config->local.port.number = BARO_DNS_PORT;
    if (config->also.port.number == 0)
        config->also.port.number = BARO_DNS_PORT;
    if (config->outside != NULL && !dns_forwarder_init(server))
        return -ENOMEM;
    result = open_sockets(server, 0, &config->local);
    if (result == 0 && config->also.address.family != BARO_FAMILY_NONE)
        result = open_sockets(server, 1, &config->also);
    return result;
}

struct baro_dns_server *baro_dns_server_create(const struct baro_dns_server_config *config, int *error)
{
    struct baro_dns_server *server = config->memory.take(config->memory.context, sizeof *server);
    int result = -ENOMEM;

    if (server != NULL) {
        server->config = *config;
        for (int i = 0; i < 2; i++)
            server->datagrams[i] = server->listener[i] = -1;
        result = open_all(server);
        if (result < 0) {
            baro_dns_server_free(server);
            server = NULL;
        }
    }
    if (error != NULL)
        *error = result;
    return server;
}

void baro_dns_server_free(struct baro_dns_server *server)
{
    if (server == NULL)
        return;
    for (int i = 0; i < BARO_DNS_SERVER_CLIENTS; i++)
        dns_stream_close(server, &server->client[i]);
    dns_forwarder_release(server);
    for (int i = 0; i < 2; i++) {
        if (server->datagrams[i] >= 0)
            baro_close(server->config.stack, server->datagrams[i]);
        if (server->listener[i] >= 0)
            baro_close(server->config.stack, server->listener[i]);
    }
    server->config.memory.give_back(server->config.memory.context, server, sizeof *server);
}

/* The host's place; server->hosts: it is not there. */
static unsigned find(const struct baro_dns_server *server, const struct dns_host *host)
{
    unsigned i = 0;

    while (i < server->hosts && !(baro_dns_name_equal(&server->host[i].name, &host->name) &&
                                  memcmp(&server->host[i].address, &host->address, sizeof host->address) == 0))
        i++;
    return i;
}

static int make_host(struct dns_host *host, const char *name, struct baro_address address)
{
    *host = (struct dns_host){ .address = address };
    host->address.zone = 0;
    if (baro_dns_name_parse(&host->name, name) != 0 || host->name.length == 1 || address.family == BARO_FAMILY_NONE)
        return -EINVAL;
    return 0;
}

int baro_dns_server_add_host(struct baro_dns_server *server, const char *name, struct baro_address address)
{
    struct dns_host host;

    if (make_host(&host, name, address) != 0)
        return -EINVAL;
    if (find(server, &host) < server->hosts)
        return -EEXIST;
    if (server->hosts == BARO_DNS_SERVER_HOSTS)
        return -ENOSPC;
    server->host[server->hosts++] = host;
    return 0;
}

int baro_dns_server_remove_host(struct baro_dns_server *server, const char *name, struct baro_address address)
{
    struct dns_host host;
    unsigned place;

    if (make_host(&host, name, address) != 0)
        return -ENOENT;
    place = find(server, &host);
    if (place == server->hosts)
        return -ENOENT;
    memmove(&server->host[place], &server->host[place + 1], (server->hosts - place - 1) * sizeof host);
    server->hosts--;
    return 0;
}

void baro_dns_server_remove_hosts(struct baro_dns_server *server)
{
    server->hosts = 0;
}

bool baro_dns_server_has_host(const struct baro_dns_server *server, const char *name)
{
    struct baro_dns_name wanted;

    if (baro_dns_name_parse(&wanted, name) != 0)
        return false;
    for (unsigned i = 0; i < server->hosts; i++) {
        if (baro_dns_name_equal(&server->host[i].name, &wanted))
            return true;
    }
    return false;
}

void dns_server_say(struct baro_dns_server *server, const struct dns_asker *asker, uint16_t id,
                    struct baro_bytes answer, struct baro_instant now)
{
    uint8_t octets[BARO_DNS_UDP_EDNS];
    struct baro_buffer piece = { octets, answer.length };
    const struct baro_message message = {
        .peer = asker->peer, .local = asker->local, .buffer = &piece, .buffers = 1
    };

    if (asker->client != NULL) {
        dns_stream_say(asker->client, id, answer, now);
        return;
    }
    assert(answer.length <= sizeof octets);
    memcpy(octets, answer.data, answer.length);
    octets[0] = (uint8_t)(id >> 8);
    octets[1] = (uint8_t)id;
    baro_sendmsg(server->config.stack, asker->fd, &message, 0);
}

static bool answer_datagrams(struct baro_dns_server *server, int fd, struct baro_instant now)
{
    struct baro_stack *stack = server->config.stack;
    uint8_t query[DNS_QUERY_LIMIT], answer[BARO_DNS_UDP_EDNS];
    int answered = 0;

    for (; fd >= 0 && answered < DATAGRAMS; answered++) {
        struct baro_buffer piece = { query, sizeof query };
        struct baro_message message = { .buffer = &piece, .buffers = 1 };
        ptrdiff_t octets = baro_recvmsg(stack, fd, &message, 0);
        struct dns_asker asker = { .fd = fd };
        size_t length;

        if (octets == -EAGAIN)
            break;
        if (octets < 0 || (message.flags & BARO_MSG_TRUNCATED) != 0)
            continue; /* an earlier answer's ICMP error, or no query of ours */
        asker.peer = message.peer;
        asker.local = message.local;
        length = dns_answer(server, (struct baro_bytes){ query, (size_t)octets }, &asker,
                            (struct baro_buffer){ answer, sizeof answer }, now);
        if (length != 0)
            dns_server_say(server, &asker, (uint16_t)(answer[0] << 8 | answer[1]),
                           (struct baro_bytes){ answer, length }, now);
    }
    return answered != 0;
}

bool baro_dns_server_poll(struct baro_dns_server *server, struct baro_instant now)
{
    bool did = dns_forwarder_poll(server, now);

    did = answer_datagrams(server, server->datagrams[0], now) || did;
    did = answer_datagrams(server, server->datagrams[1], now) || did;
    return dns_stream_poll(server, now) || did;
}

bool baro_dns_server_next_deadline(const struct baro_dns_server *server, struct baro_instant *deadline)
{
    bool any = dns_forwarder_deadline(server, deadline);

    for (int i = 0; i < BARO_DNS_SERVER_CLIENTS; i++) {
        const struct dns_client *client = server->client[i];

        if (client == NULL || (any && client->idle_until.ns >= deadline->ns))
            continue;
        *deadline = client->idle_until;
        any = true;
    }
    return any;
}

void baro_dns_server_statistics(const struct baro_dns_server *server, struct baro_dns_server_statistics *statistics)
{
    *statistics = server->counts;
}
