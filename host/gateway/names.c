/* host/gateway/names.c: names at the gateway's address, port 53: those of the private network are answered there, all
 * others asked for outside with sockets of this machine (baro/dns_server.h).
 *
 * Each time a query goes outside it has a socket of its own, so the kernel draws a port that nobody knows (RFC 5452
 * §9.2), and a connected one, so that only the name server asked is heard. resolv.conf is read each time: name servers
 * change while programs run, and the file is short. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

enum { SERVERS = 8, HEARD_AT_ONCE = 64, MESSAGE_LIMIT = 65535, QUERY_LIMIT = 512 };

/* A query that is outside. fd -1: none. */
struct outside {
    struct baro_gateway *gateway;
    unsigned place;
    int fd;
    struct baro_watch *watch;
    uint8_t *stream; /* of a connection: what has come, behind its length; NULL: datagrams */
    size_t heard, said, length;
    uint8_t query[2 + QUERY_LIMIT];
};

struct gateway_names {
    struct baro_dns_server *server;
    struct outside outside[BARO_DNS_SERVER_PENDING];
};

static void *take(void *context, size_t bytes)
{
    size_t whole = (bytes + 63) / 64 * 64;
    void *slab = aligned_alloc(64, whole);

    (void)context;
    return slab == NULL ? NULL : memset(slab, 0, whole);
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(slab);
}

static void forget(void *context, unsigned place)
{
    struct baro_gateway *gateway = context;
    struct outside *outside = &gateway->names->outside[place];

    if (outside->fd < 0)
        return;
    baro_loop_unwatch(gateway->config.loop, outside->watch);
    close(outside->fd);
    free(outside->stream);
    outside->fd = -1;
    outside->watch = NULL;
    outside->stream = NULL;
}

static void failed(struct outside *outside)
{
    baro_dns_server_failed(outside->gateway->names->server, outside->place, baro_loop_now());
}

static bool heard(struct outside *outside, uint8_t *octets, size_t length)
{
    return baro_dns_server_heard(outside->gateway->names->server, outside->place,
                                 (struct baro_buffer){ octets, length }, baro_loop_now());
}

static void datagram_ready(struct outside *outside)
{
    uint8_t *scratch = outside->gateway->scratch;

    for (int i = 0; i < HEARD_AT_ONCE; i++) {
        ssize_t octets = recv(outside->fd, scratch, GATEWAY_SCRATCH, MSG_DONTWAIT);

        if (octets < 0 && errno != EAGAIN)
            failed(outside); /* refused, unreachable */
        if (octets < 0 || heard(outside, scratch, (size_t)octets))
            return;
    }
}

/* Sends what is left of the query. False: that failed, and `outside` is another's now. */
static bool send_query(struct outside *outside)
{
    while (outside->said < outside->length) {
        ssize_t octets = send(outside->fd, outside->query + outside->said, outside->length - outside->said,
                              MSG_DONTWAIT | MSG_NOSIGNAL);

        if (octets < 0 && errno == EAGAIN)
            return true;
        if (octets < 0) {
            failed(outside);
            return false;
        }
        outside->said += (size_t)octets;
    }
    return baro_loop_change(outside->gateway->config.loop, outside->watch, EPOLLIN) == 0;
}

static void stream_ready(struct outside *outside)
{
    size_t length = 0;

    if (!send_query(outside))
        return;
    do {
        ssize_t octets =
            recv(outside->fd, outside->stream + outside->heard, 2 + MESSAGE_LIMIT - outside->heard, MSG_DONTWAIT);

        if (octets < 0 && errno == EAGAIN)
            return;
        if (octets <= 0) {
            failed(outside);
            return;
        }
        outside->heard += (size_t)octets;
        length = 2 + ((size_t)outside->stream[0] << 8 | outside->stream[1]);
    } while (outside->heard < 2 || outside->heard < length);
    if (!heard(outside, outside->stream + 2, length - 2))
        failed(outside); /* on a connection nothing else can be meant */
}

static void outside_ready(void *context, uint32_t events)
{
    struct outside *outside = context;

    (void)events;
    if (outside->stream != NULL)
        stream_ready(outside);
    else
        datagram_ready(outside);
}

static int open_outside(struct outside *outside, const struct gateway_server *server, bool stream)
{
    const uint32_t events = stream ? EPOLLOUT : EPOLLIN;
    int error = 0;

    outside->fd =
        socket(server->address.ss_family, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (outside->fd < 0)
        return -errno;
    outside->heard = outside->said = 0;
    if (stream && (outside->stream = malloc(2 + MESSAGE_LIMIT)) == NULL)
        error = ENOMEM;
    if (error == 0 && connect(outside->fd, (const struct sockaddr *)&server->address, server->length) != 0 &&
        errno != EINPROGRESS)
        error = errno;
    if (error == 0 && !stream && send(outside->fd, outside->query + 2, outside->length - 2, MSG_NOSIGNAL) < 0)
        error = errno;
    if (error == 0) {
        outside->watch = baro_loop_watch(outside->gateway->config.loop, outside->fd, events, outside_ready, outside);
        error = outside->watch == NULL ? errno : 0;
    }
    return -error;
}

static int ask(void *context, unsigned place, unsigned attempt, bool stream, struct baro_bytes query)
{
    struct baro_gateway *gateway = context;
    struct outside *outside = &gateway->names->outside[place];
    struct gateway_server server[SERVERS];
    int servers, error;

    forget(gateway, place);
    if (query.length > QUERY_LIMIT)
        return -EMSGSIZE;
    servers = resolver_servers(gateway->config.resolv_conf, server, SERVERS);
    outside->query[0] = (uint8_t)(query.length >> 8);
    outside->query[1] = (uint8_t)query.length;
    memcpy(outside->query + 2, query.data, query.length);
    outside->length = 2 + query.length;
    error = open_outside(outside, &server[attempt % (unsigned)servers], stream);
    if (error != 0)
        forget(gateway, place);
    return error != 0 ? error : servers;
}

int gateway_names_open(struct baro_gateway *gateway)
{
    const struct baro_dns_outside outside = { gateway, ask, forget };
    struct baro_dns_server_config config = { .memory = { NULL, take, give_back },
                                             .stack = gateway->config.stack,
                                             .local = { .address = gateway->config.address },
                                             .also = { .address = gateway->config.address_v6 },
                                             .outside = &outside };
    int error = -ENOMEM;

    if (getrandom(config.seed, sizeof config.seed, 0) != (ssize_t)sizeof config.seed)
        return -EIO;
    gateway->names = calloc(1, sizeof *gateway->names);
    if (gateway->names == NULL)
        return error;
    for (unsigned i = 0; i < BARO_DNS_SERVER_PENDING; i++) {
        gateway->names->outside[i].gateway = gateway;
        gateway->names->outside[i].place = i;
        gateway->names->outside[i].fd = -1;
    }
    gateway->names->server = baro_dns_server_create(&config, &error);
    return gateway->names->server == NULL ? error : 0;
}

void gateway_names_close(struct baro_gateway *gateway)
{
    if (gateway->names != NULL)
        baro_dns_server_free(gateway->names->server);
    free(gateway->names);
}

bool gateway_names_run(struct baro_gateway *gateway, struct baro_instant now)
{
    return baro_dns_server_poll(gateway->names->server, now);
}

bool gateway_names_deadline(struct baro_gateway *gateway, struct baro_instant *deadline)
{
    return baro_dns_server_next_deadline(gateway->names->server, deadline);
}

struct baro_dns_server *baro_gateway_names(struct baro_gateway *gateway)
{
    return gateway->names->server;
}
