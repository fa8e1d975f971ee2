/* How connections begin and end, watched and not: a stack that somebody watches goes the slow path with each segment
 * and call, one that nobody watches takes the fast paths, and the two must not differ (fast_path_test.c and
 * tcp_expected_test.c are about what lies between).
 *
 * Two stacks open, accept and close connections all the time: to listeners with short queues that are seldom asked,
 * held SYNs and deferred ones, cookies always, when it is full, or never; to closed ports; both ends at once to each
 * other. Frames are lost, come twice, come again much later, and come again changed by an adversary who sees
 * everything: other flags, ports, numbers, options, their checksums made right or left wrong. Programs change options,
 * reset, and leave connections alone. Each seed is run twice, with a trace and without. Each frame, the counters, the
 * next deadline, what calls answer and what TCP_INFO says at every step must be the same to the last bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "stack.h"
#include "support/twice.h"

enum {
    SEEDS = 60, STEPS = 250, SOCKETS = 24, LISTENERS = 2, FIRST_PORT = 7000, BOTH_PORT = 9000, BOTH_PORTS = 3,
    KEPT = 64, KEPT_OCTETS = 160, TCP_LEAST = 20
};

#define NS_PER_MILLISECOND INT64_C(1000000)

struct kept_frame {
    uint32_t length;
    uint8_t octets[KEPT_OCTETS];
};

struct side {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
    int fd[SOCKETS], listener[LISTENERS]; /* -1: none */
    struct kept_frame kept[KEPT];         /* of what it sent */
    unsigned kept_count;
};

static struct {
    bool lossy, hostile;
    struct side side[2];
    struct baro_instant now;
} world;

/* ---- the cable ---- */

static bool is_tcp(const struct device_frame *frame)
{
    uint32_t ip = 14, tcp = this_run.ipv6 ? 54 : 34;

    return frame->length >= tcp + TCP_LEAST && frame->length <= KEPT_OCTETS &&
           frame->data[12] == (this_run.ipv6 ? 0x86 : 0x08) && frame->data[13] == (this_run.ipv6 ? 0xdd : 0x00) &&
           frame->data[ip + (this_run.ipv6 ? 6 : 9)] == 6;
}

static void keep(struct side *from, const struct device_frame *frame)
{
    struct kept_frame *kept = &from->kept[from->kept_count++ % KEPT];

    kept->length = frame->length;
    memcpy(kept->octets, frame->data, frame->length);
}

static void carry(unsigned from)
{
    struct side *side = &world.side[from];
    struct frame_device *to = &world.side[1 - from].device;
    const struct device_frame *frame;

    while ((frame = frame_device_take(&side->device)) != NULL) {
        note_frame(frame);
        if (is_tcp(frame))
            keep(side, frame);
        if (world.lossy && one_in(12))
            continue;
        frame_device_put(to, frame->data, frame->length);
        if (world.lossy && one_in(20))
            frame_device_put(to, frame->data, frame->length);
    }
}

/* ---- the adversary ---- */

/* Another 16 bits in a TCP header. */
static void write_word(uint8_t *tcp, unsigned at, unsigned value)
{
    forge(tcp + at, value, tcp + 16);
}

static void change(uint8_t *tcp, unsigned header)
{
    static const uint8_t flags[] = { 0x02, 0x12, 0x10, 0x04, 0x14, 0x11, 0x18, 0xc2, 0x03, 0x30, 0x52, 0x00, 0x90 };
    unsigned at;

    switch (draw(7)) {
    case 0: /* another peer: a flood */
        write_word(tcp, 0, (uint16_t)(20000 + draw(2000)));
        break;
    case 1:
        write_word(tcp, 6, (uint16_t)(read_be16(tcp + 6) + (uint16_t)draw(5) - 2));
        break;
    case 2:
        write_word(tcp, 10, (uint16_t)(read_be16(tcp + 10) + (uint16_t)draw(5) - 2));
        break;
    case 3:
        write_word(tcp, 12, (uint16_t)((read_be16(tcp + 12) & 0xff00) | flags[draw(sizeof flags)]));
        break;
    case 4:
        write_word(tcp, 14, (uint16_t)draw(one_in(2) ? 3 : 65536));
        break;
    case 5:
        write_word(tcp, 12, (uint16_t)(read_be16(tcp + 12) ^ draw(16) << 8));
        break;
    default:
        if (header <= TCP_LEAST)
            break;
        at = TCP_LEAST + 2 * (unsigned)draw((header - TCP_LEAST) / 2);
        write_word(tcp, at, (uint16_t)(read_be16(tcp + at) ^ (one_in(2) ? 1u << draw(16) : (unsigned)draw(65536))));
        break;
    }
}

/* Something that was sent before comes again, changed or not. */
static void replay(unsigned from)
{
    struct side *side = &world.side[from];
    unsigned count = side->kept_count < KEPT ? side->kept_count : KEPT;
    struct kept_frame frame;
    uint8_t *tcp = frame.octets + (this_run.ipv6 ? 54 : 34);
    unsigned header;

    if (count == 0)
        return;
    frame = side->kept[one_in(2) ? draw(count) : (side->kept_count - 1) % KEPT];
    header = (unsigned)(tcp[12] >> 4) * 4;
    if (header > frame.length - (unsigned)(tcp - frame.octets))
        header = TCP_LEAST;
    for (uint64_t changes = draw(3); changes != 0; changes--)
        change(tcp, header);
    if (one_in(20))
        tcp[draw(header)] ^= 1;
    frame_device_put(&world.side[1 - from].device, frame.octets, frame.length);
}

static void pass(int64_t ms)
{
    world.now.ns += ms * NS_PER_MILLISECOND + (int64_t)draw(1000000);
    for (unsigned end = 0; end < 2; end++) {
        while (world.hostile && one_in(3))
            replay(1 - end);
        baro_stack_poll(world.side[end].stack, world.now);
        carry(end);
        baro_stack_check_invariants(world.side[end].stack);
    }
}

/* ---- programs ---- */

static int *free_place(struct side *side)
{
    for (unsigned i = 0; i < SOCKETS; i++) {
        if (side->fd[i] < 0)
            return &side->fd[i];
    }
    return NULL;
}

/* A router may say so between a connect and its SYN. */
static void lower_path_mtu(unsigned end)
{
    struct baro_stack *stack = world.side[end].stack;

    path_mtu_lower(&stack->path_mtus, address(1 - end), stack->interface[1].mtu, 200 + (uint32_t)draw(1400));
}

static void change_option(struct side *side, int fd)
{
    static const struct { enum baro_option option; int most; } options[] = {
        { BARO_TCP_NODELAY, 2 }, { BARO_IP_TTL, 256 }, { BARO_IP_TOS, 256 }, { BARO_TCP_MAXSEG, 1400 },
        { BARO_TCP_WINDOW_CLAMP, 20000 }, { BARO_SO_RECV_BUFFER, 100000 }, { BARO_SO_KEEPALIVE, 2 },
        { BARO_TCP_NOTSENT_LOW_WATER, 3000 }, { BARO_SO_HOLD_SYN, 2 }, { BARO_TCP_DEFER_ACCEPT, 3 },
        { BARO_TCP_QUICKACK, 2 }, { BARO_SO_REUSE_ADDRESS, 2 },
    };
    size_t which = draw(sizeof options / sizeof options[0]);
    int value = one_in(8) ? 0 : (int)draw((uint64_t)options[which].most);

    note_number(baro_setsockopt(side->stack, fd, options[which].option, &value, sizeof value));
}

/* As a socket of IPv6 knows it. */
static struct baro_address mapped(struct baro_address ipv4)
{
    struct baro_address address = baro_ipv6(0, 0, 0, 0, 0, 0xffff, 0, 0);

    memcpy(address.octet + 12, ipv4.octet, 4);
    return address;
}

static void open_one(unsigned end)
{
    struct side *side = &world.side[end];
    int *place = free_place(side);
    bool both = one_in(5), is_mapped = !this_run.ipv6 && !both && one_in(4);
    struct baro_endpoint to = { address(1 - end), { (uint16_t)(FIRST_PORT + draw(LISTENERS + 1)) } };

    if (place == NULL)
        return;
    *place = baro_socket(side->stack, is_mapped ? BARO_FAMILY_IPV6 : family(), BARO_STREAM);
    note_number(*place);
    if (*place < 0)
        return;
    while (one_in(3))
        change_option(side, *place);
    if (is_mapped)
        to.address = mapped(to.address);
    if (both) {
        uint64_t which = draw(BOTH_PORTS);
        const struct baro_endpoint local = { address(end), { (uint16_t)(BOTH_PORT + which) } };

        note_number(baro_bind(side->stack, *place, &local));
        to.port.number = (uint16_t)(BOTH_PORT + which);
    }
    note_number(baro_connect(side->stack, *place, &to));
    if (one_in(40))
        lower_path_mtu(end);
}

static void accept_some(unsigned end)
{
    struct side *side = &world.side[end];
    int listener = side->listener[draw(LISTENERS)];
    struct baro_held held;
    struct baro_endpoint peer = { .port = { 0 } };

    if (listener < 0)
        return;
    while (one_in(2) && baro_hold_next(side->stack, listener, &held) == 0)
        note_number(baro_hold_answer(side->stack, held.id, (enum baro_hold_verdict)draw(BARO_HOLD_DROP + 1)));
    while (!one_in(3)) {
        int *place = free_place(side);

        if (place == NULL)
            return;
        *place = baro_accept(side->stack, listener, &peer);
        note_number(*place);
        if (*place < 0)
            return;
        note(&peer, sizeof peer);
    }
}

static void use(unsigned end, int *fd)
{
    struct side *side = &world.side[end];
    const struct baro_linger reset = { .on = 1 };
    uint8_t data[2000] = { 0 };

    switch (draw(8)) {
    case 0:
    case 1:
        note_number(baro_send(side->stack, *fd, data, 1 + draw(one_in(4) ? sizeof data : 40), 0));
        break;
    case 2:
    case 3:
    case 4:
        note_number(baro_recv(side->stack, *fd, data, sizeof data, 0));
        break;
    case 5:
        if (one_in(3))
            note_number(baro_shutdown(side->stack, *fd, BARO_SHUT_WRITE));
        break;
    default:
        if (one_in(2))
            break;
        if (one_in(4))
            baro_setsockopt(side->stack, *fd, BARO_SO_LINGER, &reset, sizeof reset);
        note_number(baro_close(side->stack, *fd));
        *fd = -1;
        break;
    }
}

static void listen_again(unsigned end, unsigned which)
{
    struct side *side = &world.side[end];
    const struct baro_endpoint local = { one_in(2) ? address(end) : (struct baro_address){ .family = BARO_FAMILY_NONE },
                                         { (uint16_t)(FIRST_PORT + which) } };
    const int on = 1;

    if (side->listener[which] >= 0)
        note_number(baro_close(side->stack, side->listener[which]));
    side->listener[which] = baro_socket(side->stack, family(), BARO_STREAM);
    note_number(side->listener[which]);
    if (side->listener[which] < 0)
        return;
    baro_setsockopt(side->stack, side->listener[which], BARO_SO_REUSE_ADDRESS, &on, sizeof on);
    while (one_in(3))
        change_option(side, side->listener[which]);
    note_number(baro_bind(side->stack, side->listener[which], &local));
    note_number(baro_listen(side->stack, side->listener[which], 1 + (int)draw(one_in(2) ? 2 : 200)));
}

static void act(unsigned end)
{
    struct side *side = &world.side[end];
    struct baro_ready ready;

    while (one_in(2))
        open_one(end);
    if (!one_in(3))
        accept_some(end);
    for (unsigned i = 0; i < SOCKETS; i++) {
        if (side->fd[i] >= 0 && one_in(2))
            use(end, &side->fd[i]);
    }
    if (one_in(20) && side->fd[0] >= 0)
        change_option(side, side->fd[0]);
    if (one_in(80))
        listen_again(end, (unsigned)draw(LISTENERS));
    if (one_in(30))
        side->device.room = one_in(2) ? UINT32_MAX : (unsigned)draw(20);
    if (one_in(150)) {
        baro_stack_remove_address(side->stack, 1, address(end));
        baro_stack_add_address(side->stack, 1, address(end), this_run.ipv6 ? 64 : 24, false);
    }
    for (uint64_t asked = draw(4); asked != 0 && baro_next_ready(side->stack, &ready);)
        asked--; /* their order is not TCP's: who is watched is told after each frame */
}

static void look(void)
{
    for (unsigned end = 0; end < 2; end++) {
        struct side *side = &world.side[end];

        for (unsigned i = 0; i < SOCKETS; i++) {
            if (side->fd[i] < 0)
                continue;
            note_number(baro_poll(side->stack, side->fd[i]));
            note_info(side->stack, side->fd[i]);
        }
        note_stack(side->stack);
    }
}

/* ---- a run ---- */

static void create(unsigned end, bool watched)
{
    struct side *side = &world.side[end];
    struct baro_stack_config config = { .trace = twice_trace(watched), .now = world.now };

    memset(side, 0, sizeof *side);
    memset(side->fd, 0xff, sizeof side->fd);
    memset(side->listener, 0xff, sizeof side->listener);
    frame_device_init(&side->device, (uint8_t)(1 + end), 1300 + (uint32_t)draw(300));
    config.memory = test_memory(&side->memory);
    config.seed[0] = (uint8_t)(1 + end);
    config.ecn = (enum baro_ecn)draw(3);
    config.syn_cookies = (enum baro_syn_cookies)draw(3);
    config.tcp_without = one_in(4) ? (unsigned)draw(8) : 0;
    config.memory_limit = one_in(3) ? 65536 * (1 + draw(8)) : 0;
    config.time_wait_limit = one_in(3) ? 1 + (uint32_t)draw(8) : 0;
    side->stack = cable_stack(&config, this_run.ipv6, end, &side->device);
    if (!one_in(4))
        cable_knows(side->stack, this_run.ipv6, end);
    for (unsigned i = 0; i < LISTENERS; i++)
        listen_again(end, i);
}

static void run(bool watched)
{
    bool slow;

    memset(&world, 0, sizeof world);
    world.lossy = one_in(2);
    world.hostile = one_in(2);
    world.now.ns = INT64_C(1000000000);
    slow = one_in(2);
    create(0, watched);
    create(1, watched);
    for (unsigned step = 0; step < STEPS; step++) {
        act(0);
        act(1);
        pass(one_in(40) ? (int64_t)draw(3000) : slow ? (int64_t)draw(30) : 0);
        if (one_in(100))
            pass(130000);
        look();
    }
    for (unsigned end = 0; end < 2; end++)
        twice_end(world.side[end].stack, &world.side[end].device, &world.side[end].memory);
}

static void beginnings_and_ends_are_the_same(void **state)
{
    struct twice_run sums = twice_compare(SEEDS, run);

    (void)state;
    if (sums.fast < sums.frames / 2 || sums.expected < sums.frames / 20)
        fail_msg("%llu and %llu of %llu frames", (unsigned long long)sums.fast, (unsigned long long)sums.expected,
                 (unsigned long long)sums.frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(beginnings_and_ends_are_the_same) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
