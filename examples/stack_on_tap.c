/* examples/stack_on_tap.c: a stack on a TAP device in one thread: answers ping and echoes TCP on port 7.
 *
 * Run it as root (or in a namespace of yours): stack_on_tap baro0, then in another terminal
 *     ip addr add 10.9.0.1/24 dev baro0; ip link set baro0 up; ping 10.9.0.2; nc 10.9.0.2 7
 *
 * This is the whole of embedding: a memory function, a seed, a device, an address, and a loop that polls the
 * stack with the time and sleeps until a frame or the next deadline. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "baro/socket.h"
#include "baro/tap.h"

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

/* Sends back what came in, as far as there is room to send. */
static void echo(struct baro_stack *stack, int fd)
{
    char data[4096];

    for (;;) {
        ptrdiff_t room = baro_writable_bytes(stack, fd), octets;

        if (room == 0)
            return;
        octets = baro_recv(stack, fd, data, room < 4096 ? (size_t)room : sizeof data, 0);
        if (octets == -EAGAIN)
            return;
        if (octets <= 0) {
            baro_close(stack, fd);
            return;
        }
        baro_send(stack, fd, data, (size_t)octets, 0);
    }
}

static void serve(struct baro_stack *stack, int listener)
{
    struct baro_ready ready;

    while (baro_next_ready(stack, &ready)) {
        int fd = ready.fd;

        if (fd != listener)
            echo(stack, fd);
        else
            while ((fd = baro_accept(stack, listener, NULL)) >= 0)
                echo(stack, fd);
    }
}

int main(int argc, char **argv)
{
    struct baro_stack_config config = { .memory = { NULL, take, give_back }, .now = now() };
    struct baro_endpoint local = { baro_ipv4(0, 0, 0, 0), { 7 } };
    struct baro_tap *tap = baro_tap_open(argc > 1 ? argv[1] : "baro0", 1500, (struct baro_mac){ { 2, 0, 0, 0, 9, 2 } });
    struct baro_stack *stack;
    int interface, listener;

    if (tap == NULL || getrandom(config.seed, sizeof config.seed, 0) != sizeof config.seed) {
        perror("stack_on_tap");
        return 1;
    }
    stack = baro_stack_create(&config);
    interface = baro_stack_add_interface(stack, baro_tap_device(tap));
    baro_stack_add_address(stack, interface, baro_ipv4(10, 9, 0, 2), 24, false);
    listener = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);
    baro_bind(stack, listener, &local);
    baro_listen(stack, listener, 16);
    for (;;) {
        struct pollfd frames = { .fd = baro_tap_descriptor(tap), .events = POLLIN };
        struct baro_instant deadline;
        int wait_ms = -1;

        while (baro_stack_poll(stack, now()) != 0)
            serve(stack, listener);
        serve(stack, listener);
        baro_stack_flush(stack);
        if (baro_stack_next_deadline(stack, &deadline)) {
            int64_t left_ns = deadline.ns - now().ns;
            wait_ms = left_ns <= 0 ? 0 : (int)(left_ns / 1000000) + 1;
        }
        poll(&frames, 1, wait_ms);
    }
}
