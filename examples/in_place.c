/* examples/in_place.c: standard input to standard output through a TCP connection, without a copy by the program:
 * read(2) writes into the send buffer, write(2) reads from the receive buffer, or from a buffer of the program's own
 * that it posted before the octets came. One stack talks to itself by 127.0.0.1.
 *
 *     example_in_place < file > copy
 *     example_in_place posted < file > copy */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "baro/socket.h"

static void *take(void *context, size_t bytes)
{
    void *slab = aligned_alloc(64, (bytes + 63) / 64 * 64);

    (void)context;
    return slab == NULL ? NULL : memset(slab, 0, bytes);
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(slab);
}

static struct baro_instant now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (struct baro_instant){ (int64_t)at.tv_sec * 1000000000 + at.tv_nsec };
}

/* From standard input as much as there is room for; at its end the FIN. False: it failed, or there is no more. */
static bool fill(struct baro_stack *stack, int fd)
{
    struct baro_buffer part[2];
    ptrdiff_t room = baro_send_reserve(stack, fd, 65536, part);
    ssize_t length;

    if (room == -EAGAIN)
        return true; /* the buffer is full: baro_next_ready would tell when it is not */
    if (room < 0)
        return false;
    length = read(STDIN_FILENO, part[0].data, part[0].length); /* the second part has its turn next time */
    if (length <= 0) {
        baro_shutdown(stack, fd, BARO_SHUT_WRITE);
        return false;
    }
    return baro_send_commit(stack, fd, (size_t)length) == length;
}

/* To standard output what is there; false: at the end of the stream, or it failed. */
static bool empty(struct baro_stack *stack, int fd)
{
    struct baro_bytes part[2];
    ptrdiff_t there = baro_recv_peek(stack, fd, part);
    ssize_t length;

    if (there == -EAGAIN)
        return true;
    if (there <= 0)
        return false;
    length = write(STDOUT_FILENO, part[0].data, part[0].length);
    return length > 0 && baro_recv_consume(stack, fd, (size_t)length) == length;
}

/* The same from where the stack was told that they shall go. */
static bool empty_posted(struct baro_stack *stack, int fd)
{
    static uint8_t buffer[65536];
    ptrdiff_t there = baro_recv_collect(stack, fd);

    for (ptrdiff_t at = 0, length; at < there; at += length) {
        length = write(STDOUT_FILENO, buffer + at, (size_t)(there - at));
        if (length <= 0)
            return false;
    }
    if (there <= 0 && there != -EAGAIN && there != -EINVAL) /* -EINVAL: the first time, none is posted */
        return false;
    return baro_recv_post(stack, fd, buffer, sizeof buffer) >= 0; /* what waits is collected next time */
}

/* A connection of the stack with itself; false: it could not be made. */
static bool connect_both(struct baro_stack *stack, int *client, int *server)
{
    const struct baro_endpoint here = { baro_ipv4(127, 0, 0, 1), { 7 } };
    int listener = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);

    *client = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);
    if (listener < 0 || *client < 0 || baro_bind(stack, listener, &here) != 0 || baro_listen(stack, listener, 1) != 0 ||
        baro_connect(stack, *client, &here) != -EINPROGRESS)
        return false;
    baro_stack_poll(stack, now()); /* SYN, SYN+ACK and ACK: nothing is lost inside a host */
    *server = baro_accept(stack, listener, NULL);
    baro_close(stack, listener);
    return *server >= 0;
}

int main(int argc, char **argv)
{
    bool (*drain)(struct baro_stack *stack, int fd) = argc > 1 && strcmp(argv[1], "posted") == 0 ? empty_posted : empty;
    struct baro_stack_config config = { .memory = { NULL, take, give_back }, .now = now() };
    struct baro_stack *stack;
    int client, server;
    bool more = true;

    if (getrandom(config.seed, sizeof config.seed, 0) != sizeof config.seed ||
        (stack = baro_stack_create(&config)) == NULL) {
        fprintf(stderr, "no stack\n");
        return 1;
    }
    if (!connect_both(stack, &client, &server)) {
        fprintf(stderr, "no connection\n");
        return 1;
    }
    do {
        more = more && fill(stack, client);
        baro_stack_poll(stack, now());
    } while (drain(stack, server));
    baro_stack_free(stack);
    return 0;
}
