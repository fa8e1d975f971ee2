/* examples/broadcast.c: what comes on standard input goes to many connections at once. One stack talks to itself by
 * 127.0.0.1.
 *
 *     example_broadcast 10000 < file */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "baro/clock.h"
#include "baro/socket.h"

static struct baro_clock watch;

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

/* The same octets to all of them; how many took them whole. */
static size_t tell_all(struct baro_stack *stack, const int fd[], size_t count, const void *data, size_t length)
{
    enum { AHEAD = 16 };
    size_t told = 0;

    baro_prefetch(stack, fd, count < AHEAD ? count : AHEAD);
    for (size_t i = 0; i < count; i++) {
        if (i % AHEAD == 0 && i + AHEAD < count) /* the next ones, while these have their turn */
            baro_prefetch(stack, fd + i + AHEAD, count - i - AHEAD < AHEAD ? count - i - AHEAD : AHEAD);
        if (baro_send(stack, fd[i], data, length, 0) == (ptrdiff_t)length)
            told++;
    }
    baro_stack_flush(stack);
    return told;
}

/* `count` connections of the stack with itself; false: they could not be made. */
static bool connect_all(struct baro_stack *stack, int client[], int server[], size_t count)
{
    const struct baro_endpoint here = { baro_ipv4(127, 0, 0, 1), { 7 } };
    int listener = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);

    if (listener < 0 || baro_bind(stack, listener, &here) != 0 || baro_listen(stack, listener, 1) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        client[i] = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);
        (void)baro_connect(stack, client[i], &here);
        baro_stack_poll(stack, baro_clock_now(&watch)); /* SYN, SYN+ACK and ACK: nothing is lost inside a host */
        server[i] = baro_accept(stack, listener, NULL);
        if (client[i] < 0 || server[i] < 0)
            return false;
    }
    baro_close(stack, listener);
    return true;
}

/* What the other ends read, of what there is now. */
static uint64_t read_all(struct baro_stack *stack)
{
    static uint8_t buffer[65536];
    struct baro_ready ready;
    uint64_t octets = 0;

    while (baro_next_ready(stack, &ready)) {
        ptrdiff_t length =
            (ready.events & BARO_EVENT_IN) != 0 ? baro_recv(stack, ready.fd, buffer, sizeof buffer, 0) : 0;

        octets += length > 0 ? (uint64_t)length : 0;
    }
    return octets;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    struct baro_stack_config config = { .memory = { NULL, take, give_back },
                                        .now = baro_clock_now(&watch),
                                        .memory_limit = (size_t)4 << 30 };
    int *client = calloc(count + 1, sizeof *client), *server = calloc(count + 1, sizeof *server);
    struct baro_stack *stack;
    uint64_t sent = 0, got = 0;
    uint8_t line[1024];
    ssize_t length;

    if (count == 0 || client == NULL || server == NULL ||
        getrandom(config.seed, sizeof config.seed, 0) != sizeof config.seed ||
        (stack = baro_stack_create(&config)) == NULL) {
        fprintf(stderr, "usage: example_broadcast connections < file\n");
        return 1;
    }
    if (!connect_all(stack, client, server, count)) {
        fprintf(stderr, "no connections\n");
        return 1;
    }
    while ((length = read(STDIN_FILENO, line, sizeof line)) > 0) {
        sent += tell_all(stack, client, count, line, (size_t)length) * (uint64_t)length;
        while (got < sent) {
            baro_stack_poll(stack, baro_clock_now(&watch));
            got += read_all(stack);
        }
    }
    printf("%zu connections got %llu octets\n", count, (unsigned long long)got);
    baro_stack_free(stack);
    free(client);
    free(server);
    return 0;
}
