/* An echo server on a stack of its own, at one end of a wire between two processes. Run it and
 * example_echo_client with the same path, in two terminals:
 *
 *     example_echo_server /tmp/wire        example_echo_client /tmp/wire hello
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "baro/posix.h"

/* Sends back what comes until the peer ends; the number of octets, or -1. */
static long echo(int fd)
{
    char data[4096];
    long echoed = 0;
    ssize_t length;

    while ((length = baro_posix_recv(fd, data, sizeof data, 0)) > 0) {
        if (baro_posix_send(fd, data, (size_t)length, MSG_NOSIGNAL) != length)
            return -1;
        echoed += length;
    }
    return length < 0 ? -1 : echoed;
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = baro_posix_socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || baro_posix_bind(fd, (struct sockaddr *)&here, sizeof here) != 0 || baro_posix_listen(fd, 8) != 0)
        return -1;
    return fd;
}

int main(int count, char **argument)
{
    struct baro_posix_config config;
    struct baro_posix_stack *stack;
    int listener;

    if (count != 2) {
        fprintf(stderr, "usage: %s PATH\n", argument[0]);
        return 2;
    }
    baro_posix_config_init(&config);
    config.wire = baro_posix_wire(argument[1]); /* waits for the client's process */
    config.address = baro_ipv4(10, 0, 0, 1);
    config.prefix_length = 24;
    stack = config.wire < 0 ? NULL : baro_posix_create(&config);
    if (stack == NULL) {
        perror(argument[1]);
        return 1;
    }
    baro_posix_set_default(stack);
    listener = listen_on(7);
    if (listener < 0) {
        perror("listen");
        return 1;
    }
    for (;;) {
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        char text[INET_ADDRSTRLEN];
        int fd = baro_posix_accept(listener, (struct sockaddr *)&peer, &length);
        long echoed;

        if (fd < 0) {
            perror("accept");
            return 1;
        }
        echoed = echo(fd);
        inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text);
        printf("%s:%u: %ld octets\n", text, ntohs(peer.sin_port), echoed);
        fflush(stdout);
        baro_posix_close(fd);
    }
}
