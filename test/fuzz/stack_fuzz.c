/* A whole stack: any frames, nearly honest segments on its connections, errors about what it sent, socket calls and
 * the passing of time, in any order.
 *
 * Octet 0 chooses: bit 0 a gateway, bit 1 a device with TSO and checksums, bit 2 a small MTU, bit 3 a device with
 * little room, bit 4 little memory, bit 5 a listener that holds SYNs, bit 6 a router with a second link, bit 7 a peer
 * that speaks IPv6; bits 0 and 1 together: SYN cookies for every SYN. Then acts, an octet each with what it needs.
 * Besides the sanitizers: the stack's own invariants, right checksums and lengths of all it sends, an end to its work
 * at every moment, and all memory given back. */
#include <stdlib.h>
#include <string.h>

#include "baro/socket.h"
#include "test/fuzz/stack_peer.h"

enum { DESCRIPTORS = 24, ACTS = 600 };

static struct frame_device device, far;
static struct peer peer;
static struct baro_stack *stack;
static size_t memory_out;

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void *take(void *context, size_t bytes)
{
    (void)context;
    memory_out += bytes;
    return calloc(1, bytes);
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    memory_out -= bytes;
    free(slab);
}

/* ---- the program above ---- */

static struct baro_endpoint endpoint(uint8_t host, uint16_t port)
{
    return (struct baro_endpoint){ peer.v6 ? baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, host) : baro_ipv4(10, 0, 0, host),
                                   { port } };
}

static enum baro_family family(void)
{
    return peer.v6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
}

static void listen_everywhere(bool hold)
{
    struct baro_endpoint at = { { .family = (uint8_t)family() }, { 80 } };
    int one = 1, stream = baro_socket(stack, family(), BARO_STREAM);
    int datagram = baro_socket(stack, family(), BARO_DATAGRAM);

    if (hold)
        baro_setsockopt(stack, stream, BARO_SO_HOLD_SYN, &one, sizeof one);
    baro_bind(stack, stream, &at);
    baro_listen(stack, stream, 8);
    baro_bind(stack, datagram, &at);
}

static void set_option(struct script *script, int fd)
{
    static const size_t sizes[] = { sizeof(int), sizeof(struct baro_duration), sizeof(struct baro_linger),
                                    sizeof(struct baro_group) };
    enum baro_option option = (enum baro_option)(script_u8(script) % BARO_OPTION_COUNT);
    union {
        int number;
        struct baro_duration duration;
        struct baro_linger linger;
        struct baro_group group;
    } value;
    uint8_t choice = script_u8(script);
    int result = -1;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && result != 0; i++) {
        memset(&value, 0, sizeof value);
        if (i == 0)
            value.number = choice * (choice > 127 ? 512 : 1);
        else if (i == 1)
            value.duration.ns = (int64_t)choice * 100000000;
        else if (i == 2)
            value.linger = (struct baro_linger){ choice & 1, { (int64_t)(choice >> 1) * 100000000 } };
        else
            value.group = (struct baro_group){ baro_ipv4(224, 0, 1, choice), 0 };
        result = baro_setsockopt(stack, fd, option, &value, sizes[i]);
    }
}

static void answer_held(struct script *script)
{
    struct baro_held held;

    if (baro_hold_next(stack, 3, &held) == 0)
        baro_hold_answer(stack, held.id, (enum baro_hold_verdict)(script_u8(script) % 6));
}

static void open_stream(struct script *script, uint8_t choice)
{
    struct baro_endpoint to = endpoint((choice & 0x10) != 0 ? 1 : 2, (choice & 0x10) != 0 ? 80 : script_u8(script));
    int fd = baro_socket(stack, family(), BARO_STREAM);

    if (fd >= 0)
        baro_connect(stack, fd, &to);
}

static void look(int fd)
{
    struct baro_tcp_info info;
    struct baro_ready ready;
    struct baro_endpoint name;
    size_t length = sizeof info;

    baro_getsockopt(stack, fd, BARO_TCP_INFO, &info, &length);
    baro_getsockname(stack, fd, &name);
    baro_getpeername(stack, fd, &name);
    baro_readable_bytes(stack, fd);
    baro_writable_bytes(stack, fd);
    baro_poll(stack, fd);
    while (baro_next_ready(stack, &ready))
        require(ready.fd >= 0);
}

static void call(struct script *script)
{
    static uint8_t octets[70000];
    uint8_t choice = script_u8(script);
    int fd = 3 + script_u8(script) % DESCRIPTORS;
    struct baro_endpoint to = endpoint(2, 7);
    struct baro_ping_result result;
    int error;
    size_t length = sizeof error;

    switch (choice & 15) {
    case 0: open_stream(script, choice); break;
    case 1: case 2: baro_accept(stack, 3, NULL); break;
    case 3: baro_send(stack, fd, octets, script_u16(script), choice >> 4 & BARO_MSG_MORE); break;
    case 4: baro_send(stack, fd, octets, script_u8(script), (choice & 16) != 0 ? BARO_MSG_OOB : 0); break;
    case 5: baro_recv(stack, fd, octets, script_u16(script), (choice & 16) != 0 ? BARO_MSG_PEEK : 0); break;
    case 6: baro_recv(stack, fd, octets, sizeof octets, (choice & 16) != 0 ? BARO_MSG_OOB : 0); break;
    case 7: baro_shutdown(stack, fd, (enum baro_shutdown)(choice >> 4 & 3)); break;
    case 8: baro_close(stack, fd); break;
    case 9: case 10: set_option(script, fd); break;
    case 11: look(fd); break;
    case 12: baro_sendto(stack, fd, octets, script_u16(script), 0, &to); break;
    case 13: answer_held(script); break;
    case 14:
        baro_stack_ping(stack, to.address, 1, 2, script_u16(script));
        baro_stack_ping_result(stack, &result);
        break;
    default: baro_getsockopt(stack, fd, BARO_SO_ERROR, &error, &length); break;
    }
}

/* ---- time ---- */

/* All that is to do now is done in a bounded number of rounds. */
static void settle(void)
{
    struct baro_instant deadline;
    unsigned rounds = 0;

    do {
        baro_stack_poll(stack, peer.now);
        baro_stack_check_invariants(stack);
        peer_listen(&peer);
        require(rounds++ < 1000);
    } while (device.in_count != 0 ||
             (device.room != 0 && baro_stack_next_deadline(stack, &deadline) && deadline.ns <= peer.now.ns));
}

static void wait_for_deadline(void)
{
    struct baro_instant deadline;

    if (baro_stack_next_deadline(stack, &deadline) && deadline.ns > peer.now.ns)
        peer.now = deadline;
}

/* The dialogue, so that what follows finds a connection. */
static void dialogue(unsigned which)
{
    peer_honest(&peer, which, BARO_TCP_SYN, 0);
    settle();
    peer_honest(&peer, which, BARO_TCP_ACK, 0);
    settle();
    baro_accept(stack, 3, NULL);
}

static void act(struct script *script, bool little_room)
{
    uint8_t what = script_u8(script);

    if (little_room)
        device.room = what >> 4;
    switch (what & 15) {
    case 0: peer_frame(&peer, script, false); break;
    case 1: peer_frame(&peer, script, true); break;
    case 2: dialogue(what >> 4); break;
    case 3: peer_honest(&peer, what >> 4, BARO_TCP_ACK, script_u16(script)); break;
    case 12: peer_honest(&peer, what >> 4, BARO_TCP_ACK | BARO_TCP_FIN, 0); break;
    case 4: case 5: case 6: peer_segment(&peer, script); break;
    case 7: peer_icmp_error(&peer, script); break;
    case 8: peer_datagram(&peer, script); break;
    case 9: case 10: wait_for_deadline(); break;
    case 11: peer.now.ns += (int64_t)script_u16(script) * 1000000; break;
    case 14:
        if (peer.far != NULL) {
            peer_crossing(&peer, script);
            break;
        }
        call(script);
        break;
    default: call(script); break;
    }
    if ((what & 0x80) == 0 || device.in_count > 60)
        settle();
}

static const struct baro_mac peer_mac = { { 2, 0, 0, 0, 0, 2 } };

/* Between 10.0.0.0/24, fd00::/64 and 10.2.0.0/24, fd02::/64, where one neighbour is known and others are not. */
static void make_router(void)
{
    frame_device_init(&far, 3, 1280);
    far.device.capabilities = device.device.capabilities;
    peer.far = &far;
    require(baro_stack_add_interface(stack, &far.device) == 2);
    require(baro_stack_add_address(stack, 2, baro_ipv4(10, 2, 0, 1), 24, false) == 0);
    require(baro_stack_add_address(stack, 2, baro_ipv6(0xfd02, 0, 0, 0, 0, 0, 0, 1), 64, false) == 0);
    require(baro_stack_set_neighbour(stack, 2, baro_ipv4(10, 2, 0, 2), peer_mac) == 0);
    require(baro_stack_set_neighbour(stack, 2, baro_ipv6(0xfd02, 0, 0, 0, 0, 0, 0, 2), peer_mac) == 0);
    baro_stack_set_forwarding(stack, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script script = { data, size };
    uint8_t choice = script_u8(&script);
    struct baro_stack_config config = { .memory = { NULL, take, give_back }, .descriptor_limit = 64,
                                        .memory_limit = (choice & 16) != 0 ? 65536 : 1 << 20,
                                        .forward_any_destination = (choice & 1) != 0,
                                        .syn_cookies = (choice & 3) == 3 ? BARO_SYN_COOKIES_ALWAYS
                                                                         : BARO_SYN_COOKIES_DEFAULT };

    memory_out = 0;
    peer = (struct peer){ .device = &device, .mtu = (choice & 4) != 0 ? 68 : 1500, .checked = (choice & 2) == 0 };
    frame_device_init(&device, 1, peer.mtu);
    device.device.capabilities = peer.checked ? 0 : 15;
    stack = baro_stack_create(&config);
    require(stack != NULL);
    require(baro_stack_add_interface(stack, &device.device) == 1);
    require(baro_stack_add_address(stack, 1, baro_ipv4(10, 0, 0, 1), 24, false) == 0);
    require(baro_stack_set_neighbour(stack, 1, baro_ipv4(10, 0, 0, 2), peer_mac) == 0);
    if ((choice & 0xc0) != 0 && peer.mtu >= 1280) {
        require(baro_stack_add_address(stack, 1, baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1), 64, false) == 0);
        require(baro_stack_add_address(stack, 1, baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1), 64, false) == 0);
        require(baro_stack_set_neighbour(stack, 1, baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 2), peer_mac) == 0);
        peer.v6 = (choice & 0x80) != 0;
    }
    if ((choice & 0x40) != 0)
        make_router();
    listen_everywhere((choice & 32) != 0);
    for (unsigned i = 0; i < ACTS && script.left != 0; i++)
        act(&script, (choice & 8) != 0);
    device.room = UINT32_MAX;
    settle();
    baro_stack_free(stack);
    require(memory_out == 0);
    frame_device_release(&device);
    if (peer.far != NULL)
        frame_device_release(&far);
    return 0;
}
