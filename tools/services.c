/* tools/services.c: see services.h. Echo stops reading while what it read is not sent, so a peer that does not read
 * stops being read from. */
#include "services.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 16384 };

static const uint16_t ports[3] = { SERVICE_ECHO, SERVICE_DISCARD, SERVICE_CHARGEN };

static bool remember(struct services *services, int fd, uint16_t port)
{
    if ((size_t)fd >= services->size) {
        size_t size = (size_t)fd * 2 + 64;
        uint16_t *grown = realloc(services->port, size * sizeof *grown);

        if (grown == NULL)
            return false;
        memset(grown + services->size, 0, (size - services->size) * sizeof *grown);
        services->port = grown;
        services->size = size;
    }
    services->port[fd] = port;
    return true;
}

int services_open(struct services *services, struct baro_stack *stack)
{
    struct baro_endpoint any = { .address = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0) }; /* both families */

    *services = (struct services){ .stack = stack };
    for (int i = 0; i < 3; i++) {
        int fd = baro_socket(stack, BARO_FAMILY_IPV6, BARO_STREAM), result;

        any.port.number = ports[i];
        if (fd < 0)
            return fd;
        if ((result = baro_bind(stack, fd, &any)) != 0 || (result = baro_listen(stack, fd, 128)) != 0)
            return result;
        services->listener[i] = fd;
    }
    any.port.number = SERVICE_ECHO;
    services->datagrams = baro_socket(stack, BARO_FAMILY_IPV6, BARO_DATAGRAM);
    return services->datagrams < 0 ? services->datagrams : baro_bind(stack, services->datagrams, &any);
}

static void finish(struct services *services, int fd)
{
    services->port[fd] = 0;
    baro_close(services->stack, fd);
}

static void echo(struct services *services, int fd)
{
    uint8_t data[CHUNK];

    for (;;) {
        ptrdiff_t room = baro_writable_bytes(services->stack, fd), octets;

        if (room == 0)
            return;
        octets = room < 0 ? room : baro_recv(services->stack, fd, data, room < CHUNK ? (size_t)room : CHUNK, 0);
        if (octets == -EAGAIN)
            return;
        if (octets <= 0 || baro_send(services->stack, fd, data, (size_t)octets, 0) != octets) {
            finish(services, fd);
            return;
        }
        services->octets_in += (uint64_t)octets;
        services->octets_out += (uint64_t)octets;
    }
}

static void discard(struct services *services, int fd)
{
    uint8_t data[CHUNK];
    ptrdiff_t octets;

    while ((octets = baro_recv(services->stack, fd, data, sizeof data, 0)) > 0)
        services->octets_in += (uint64_t)octets;
    if (octets != -EAGAIN)
        finish(services, fd);
}

static void generate(struct services *services, int fd)
{
    uint8_t line[72 * 95];
    ptrdiff_t octets;

    for (size_t i = 0; i < 95; i++) {
        for (size_t j = 0; j < 72; j++)
            line[i * 72 + j] = j == 71 ? '\n' : (uint8_t)(' ' + (i + j) % 95);
    }
    while ((octets = baro_send(services->stack, fd, line, sizeof line, 0)) > 0)
        services->octets_out += (uint64_t)octets;
    if (octets != -EAGAIN)
        finish(services, fd);
}

static void serve(struct services *services, int fd)
{
    if (services->port[fd] == SERVICE_ECHO)
        echo(services, fd);
    else if (services->port[fd] == SERVICE_DISCARD)
        discard(services, fd);
    else if (services->port[fd] == SERVICE_CHARGEN)
        generate(services, fd);
}

static void accept_all(struct services *services, int listener, uint16_t port)
{
    int fd;

    while ((fd = baro_accept(services->stack, listener, NULL)) >= 0) {
        services->connections++;
        if (remember(services, fd, port))
            serve(services, fd);
        else
            baro_close(services->stack, fd);
    }
}

static void echo_datagrams(struct services *services)
{
    uint8_t data[65536];
    struct baro_endpoint peer;
    ptrdiff_t octets;

    while ((octets = baro_recvfrom(services->stack, services->datagrams, data, sizeof data, 0, &peer)) >= 0)
        baro_sendto(services->stack, services->datagrams, data, (size_t)octets, 0, &peer);
}

bool services_run(struct services *services)
{
    struct baro_ready ready;
    bool did = false;

    while (baro_next_ready(services->stack, &ready)) {
        bool listener = false;

        did = true;
        for (int i = 0; i < 3; i++) {
            if (ready.fd == services->listener[i]) {
                accept_all(services, ready.fd, ports[i]);
                listener = true;
            }
        }
        if (ready.fd == services->datagrams)
            echo_datagrams(services);
        else if (!listener && (size_t)ready.fd < services->size)
            serve(services, ready.fd);
    }
    return did;
}

void services_close(struct services *services)
{
    free(services->port);
    services->port = NULL;
}
