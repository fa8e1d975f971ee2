/* service/dns_server.c: the name server's life, its hosts and its datagrams, see baro/dns_server.h. */
#include "dns_server.h"

#include <errno.h>
#include <string.h>

enum { DATAGRAMS = 64 }; /* answered in one poll; the next poll goes on */

static int open_sockets(struct baro_dns_server *server)
{
    struct baro_stack *stack = server->config.stack;
    const struct baro_endpoint *local = &server->config.local;
    const int one = 1;
    int result;

    server->datagrams = baro_socket(stack, (enum baro_family)local->address.family, BARO_DATAGRAM);
    if (server->datagrams < 0)
        return server->datagrams;
    server->listener = baro_socket(stack, (enum baro_family)local->address.family, BARO_STREAM);
    if (server->listener < 0)
        return server->listener;
    baro_setsockopt(stack, server->listener, BARO_SO_REUSE_ADDRESS, &one, sizeof one);
    if ((result = baro_bind(stack, server->datagrams, local)) != 0 ||
        (result = baro_bind(stack, server->listener, local)) != 0)
        return result;
    return baro_listen(stack, server->listener, BARO_DNS_SERVER_CLIENTS);
}

struct baro_dns_server *baro_dns_server_create(const struct baro_dns_server_config *config, int *error)
{
    struct baro_dns_server *server = config->memory.take(config->memory.context, sizeof *server);
    int result = -ENOMEM;

    if (server != NULL) {
        server->config = *config;
        if (server->config.local.port.number == 0)
            server->config.local.port.number = BARO_DNS_PORT;
        server->datagrams = server->listener = -1;
        for (int i = 0; i < BARO_DNS_SERVER_CLIENTS; i++)
            server->client[i].fd = -1;
        result = open_sockets(server);
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
    if (server->datagrams >= 0)
        baro_close(server->config.stack, server->datagrams);
    if (server->listener >= 0)
        baro_close(server->config.stack, server->listener);
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

static bool answer_datagrams(struct baro_dns_server *server)
{
    struct baro_stack *stack = server->config.stack;
    uint8_t query[DNS_QUERY_LIMIT], answer[BARO_DNS_UDP_EDNS];
    int answered = 0;

    for (; answered < DATAGRAMS; answered++) {
        struct baro_buffer piece = { query, sizeof query };
        struct baro_message message = { .buffer = &piece, .buffers = 1 };
        ptrdiff_t octets = baro_recvmsg(stack, server->datagrams, &message, 0);
        size_t length;

        if (octets == -EAGAIN)
            break;
        if (octets < 0 || (message.flags & BARO_MSG_TRUNCATED) != 0)
            continue; /* an earlier answer's ICMP error, or no query of ours */
        length = dns_answer(server, (struct baro_bytes){ query, (size_t)octets }, false,
                            (struct baro_buffer){ answer, sizeof answer });
        if (length != 0)
            baro_sendto(stack, server->datagrams, answer, length, 0, &message.peer);
    }
    return answered != 0;
}

bool baro_dns_server_poll(struct baro_dns_server *server, struct baro_instant now)
{
    bool did = answer_datagrams(server);

    return dns_stream_poll(server, now) || did;
}

bool baro_dns_server_next_deadline(const struct baro_dns_server *server, struct baro_instant *deadline)
{
    bool any = false;

    for (int i = 0; i < BARO_DNS_SERVER_CLIENTS; i++) {
        const struct dns_client *client = &server->client[i];

        if (client->fd < 0 || (any && client->idle_until.ns >= deadline->ns))
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
