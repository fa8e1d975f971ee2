/* examples/capture.c: a stack without a device pings itself, and a packet socket sees every frame of it.
 *
 * Run it: it prints the request and the reply, each going out and coming in, and ends. Two kinds of sockets are shown:
 * a ping socket, whose datagrams are ICMP echo messages, and a packet socket, which receives copies of frames. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Prints the frames that passed; returns how many. */
static int print_frames(struct baro_stack *stack, int packets)
{
    uint8_t octets[128];
    struct baro_buffer piece = { octets, sizeof octets };
    struct baro_message frame = { .buffer = &piece, .buffers = 1 };
    int count = 0;

    while (baro_recvmsg(stack, packets, &frame, 0) >= 34) {
        printf("%" PRId64 " ns, interface %d, %s, %" PRIu32 " octets: type 0x%02x%02x, protocol %u\n", frame.at.ns,
               frame.interface, frame.outgoing ? "out" : "in", frame.length, octets[12], octets[13], octets[23]);
        count++;
    }
    return count;
}

int main(void)
{
    const struct baro_stack_config config = { .memory = { NULL, take, give_back }, .seed = { 1 } };
    struct baro_stack *stack = baro_stack_create(&config);
    const struct baro_endpoint here = { .address = baro_ipv4(127, 0, 0, 1) };
    uint8_t message[16] = { 8 /* echo request */, 0, 0, 0, 0, 0, 0, 1 /* sequence number */, 'h', 'e', 'l', 'l', 'o' };
    int packets, pings, seen;
    ptrdiff_t length;

    if (stack == NULL)
        return 1;
    packets = baro_socket(stack, BARO_FAMILY_NONE, BARO_PACKET);
    pings = baro_socket(stack, BARO_FAMILY_IPV4, BARO_PING);
    baro_sendto(stack, pings, message, sizeof message, 0, &here);
    baro_stack_poll(stack, (struct baro_instant){ 1000 });
    seen = print_frames(stack, packets);
    length = baro_recv(stack, pings, message, sizeof message, 0);
    printf("the reply: %td octets, type %u, \"%s\"\n", length, message[0], (const char *)message + 8);
    baro_stack_free(stack);
    return seen == 4 && length == 16 && message[0] == 0 ? 0 : 1;
}
