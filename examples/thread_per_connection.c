/* A thread for each connection, on the loopback of one stack: the server's thread accepts and starts a thread for
 * every connection, the clients are threads too. Each connection is told from the others by its four-tuple; the
 * server's port stays the same. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "baro/posix.h"

enum { CLIENTS = 8, PORT = 8080 };

static struct sockaddr_in server_address(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* One connection: greets with the peer's port, until the peer ends. */
static void *serve(void *context)
{
    int fd = (int)(intptr_t)context;
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    char name[64], text[128];
    ssize_t got;

    if (baro_posix_getpeername(fd, (struct sockaddr *)&peer, &length) == 0) {
        while ((got = baro_posix_recv(fd, name, sizeof name - 1, 0)) > 0) {
            name[got] = '\0';
            snprintf(text, sizeof text, "hello %s, your port is %u", name, ntohs(peer.sin_port));
            baro_posix_send(fd, text, strlen(text), MSG_NOSIGNAL);
        }
    }
    baro_posix_close(fd);
    return NULL;
}

static void *accept_all(void *context)
{
    int listener = (int)(intptr_t)context, fd;
    pthread_t thread;

    /* The end: main closes the listener, which wakes accept. */
    while ((fd = baro_posix_accept(listener, NULL, NULL)) >= 0) {
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0)
            pthread_detach(thread);
        else
            baro_posix_close(fd);
    }
    return NULL;
}

static void *ask(void *context)
{
    struct sockaddr_in server = server_address();
    char name[32], text[128];
    ssize_t got;
    int fd = baro_posix_socket(AF_INET, SOCK_STREAM, 0);

    snprintf(name, sizeof name, "client %d", (int)(intptr_t)context);
    if (baro_posix_connect(fd, (struct sockaddr *)&server, sizeof server) != 0) {
        perror("connect");
        return NULL;
    }
    baro_posix_send(fd, name, strlen(name), 0);
    got = baro_posix_recv(fd, text, sizeof text, 0);
    if (got > 0)
        printf("%.*s\n", (int)got, text);
    baro_posix_close(fd);
    return NULL;
}

int main(void)
{
    struct sockaddr_in here = server_address();
    pthread_t server, client[CLIENTS];
    int listener = baro_posix_socket(AF_INET, SOCK_STREAM, 0);

    if (baro_posix_bind(listener, (struct sockaddr *)&here, sizeof here) != 0 ||
        baro_posix_listen(listener, CLIENTS) != 0) {
        perror("listen");
        return 1;
    }
    pthread_create(&server, NULL, accept_all, (void *)(intptr_t)listener);
    for (intptr_t i = 0; i < CLIENTS; i++)
        pthread_create(&client[i], NULL, ask, (void *)(i + 1));
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(client[i], NULL);
    baro_posix_close(listener);
    pthread_join(server, NULL);
    return 0;
}
