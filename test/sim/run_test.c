/* A run (transport/tcp/expected_again.c, expected_acks.c): of segments that differ in nothing but their text only the
 * first is asked everything, and of ACKs what is the same for all. It decides nothing by itself: who is watched asks
 * each, and the two must not differ.
 *
 * Two stacks and up to three connections, which carry bulk in one direction, or in both. On the cable frames are lost,
 * doubled, overtaken, and forged: sequence number, acknowledgment, flags, window, timestamps, marks, identification,
 * time to live, sums, octets of text, its end, a tail behind the packet, another sender's MAC address. Programs read at
 * once, late, little, or say beforehand where it shall go; they want ACKs quickly, or write behind what they read. Each
 * seed is run twice, with a trace and without. Each frame, the counters, what TCP_INFO says and what is ready must be
 * the same to the last bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "baro/socket.h"
#include "stack.h"
#include "support/twice.h"
#include "transport/tcp/connection.h"

enum { SEEDS = 100, STEPS = 150, FLOWS = 3, PORT = 7000, CHUNK = 60000, OUT = 1 << 17 };

#define NS_PER_MILLISECOND INT64_C(1000000)

static struct {
    struct test_memory memory[2];
    struct frame_device device[2];
    struct baro_stack *stack[2];
    struct baro_instant now;
    unsigned flows, faults; /* one frame in so many is not what was sent; 0: all are */
    bool both_ways, posts;
    int fd[2][FLOWS];
    uint8_t room[2][FLOWS][CHUNK]; /* where what comes shall go */
} world;
static uint64_t again, acks; /* segments behind the first of a run, and of one of ACKs */

/* ---- the cable ---- */

static struct device_frame *frame_in(struct frame_device *device, unsigned i)
{
    return &device->in[(device->in_first + i) % FRAME_DEVICE_FRAMES];
}

/* Of a whole TCP segment something is not what was sent; sums are made right, if it is not these. */
static void forge_tcp(struct device_frame *frame, uint8_t *ip, uint8_t *tcp)
{
    static const uint8_t flags[] = { TCP_FLAG_PSH, TCP_FLAG_PSH, TCP_FLAG_PSH, TCP_FLAG_URG,
                                     TCP_FLAG_ECE, TCP_FLAG_CWR, TCP_FLAG_FIN };

    switch (draw(12)) {
    case 0:
        forge(tcp + 6, read_be16(tcp + 6) + (unsigned)draw(5) - 2, tcp + 16);
        break;
    case 1:
        forge(tcp + 10, read_be16(tcp + 10) + (unsigned)draw(2000) - 1000, tcp + 16);
        break;
    case 2:
        forge(tcp + 12, read_be16(tcp + 12) ^ flags[draw(sizeof flags)], tcp + 16);
        break;
    case 3:
        forge(tcp + 14, one_in(4) ? 0 : read_be16(tcp + 14) + (unsigned)draw(9) - 4, tcp + 16);
        break;
    case 4:
        forge(tcp + 18, (unsigned)draw(100), tcp + 16); /* the urgent pointer */
        break;
    case 5:
        if (tcp[12] >> 4 == 8)
            forge(tcp + (one_in(2) ? 26 : 30), read_be16(tcp + 26) + (unsigned)draw(9) - 5, tcp + 16);
        break;
    case 6:
    case 7:
        frame->data[frame->length - 1 - draw(8)] ^= (uint8_t)(1 + draw(255));
        frame->checksum = BARO_RX_CHECKSUM_NONE;
        break;
    case 8:
        if (ip[0] >> 4 == 4) /* CE */
            forge(ip, read_be16(ip) | 3, ip + 10);
        else
            ip[1] |= 0x30;
        break;
    case 9:
        if (ip[0] >> 4 == 4)
            forge(ip + 4, (unsigned)draw(65536), ip + 10); /* the identification */
        break;
    case 10:
        if (ip[0] >> 4 == 4 && one_in(2))
            forge(ip + 6, read_be16(ip + 6) ^ 0x2000, ip + 10); /* more fragments follow */
        else if (ip[0] >> 4 == 4)
            forge(ip + 8, (unsigned)(1 + draw(255)) << 8 | ip[9], ip + 10); /* the time to live */
        else
            ip[7] = (uint8_t)draw(256);
        break;
    default:
        ip[ip[0] >> 4 == 4 ? 4 + draw(8) : 1 + draw(3)] ^= 1; /* identification to sum, or the flow label */
        break;
    }
}

static void fault(struct frame_device *device, unsigned i)
{
    struct device_frame *frame = frame_in(device, i), saved;
    uint8_t *ip = frame->data + 14, *tcp = ip + (ip[0] >> 4 == 4 ? 20 : 40);

    switch (draw(8)) {
    case 0: /* lost: to nobody */
        frame->data[5] ^= 0x40;
        break;
    case 1: /* overtaken */
        if (i != 0) {
            saved = *frame;
            *frame = *frame_in(device, i - 1);
            *frame_in(device, i - 1) = saved;
        }
        break;
    case 2: /* from somebody else */
        frame->data[6 + 5] ^= 0x40;
        break;
    case 3: /* its end is missing */
        frame->length -= 1 + (uint32_t)draw(8);
        break;
    default:
        forge_tcp(frame, ip, tcp);
        break;
    }
}

static void carry(unsigned from)
{
    struct frame_device *device = &world.device[from], *to = &world.device[1 - from];
    unsigned first = to->in_count;

    for (unsigned i = 0; i < device->out_count; i++)
        note_frame(&device->out[(device->out_first + i) % FRAME_DEVICE_FRAMES]);
    frame_device_carry(device, to);
    for (unsigned i = first; world.faults != 0 && i < to->in_count; i++) {
        const struct device_frame *frame = frame_in(to, i);

        if (frame->length < 14 + 40 + 20 || !one_in(world.faults))
            continue;
        if (one_in(6)) /* doubled, at the end of the burst */
            frame_device_put(to, frame->data, frame->length);
        else
            fault(to, i);
    }
}

static void ready(unsigned end)
{
    unsigned events[16] = { 0 };
    struct baro_ready one;

    while (baro_next_ready(world.stack[end], &one))
        events[one.fd % 16] |= one.events;
    note(events, sizeof events);
}

/* ---- programs ---- */

static void receive(unsigned end, unsigned flow)
{
    static uint8_t in[CHUNK];
    struct baro_stack *stack = world.stack[end];
    int fd = world.fd[end][flow];
    ptrdiff_t length;

    if (world.posts) {
        length = baro_recv_collect(stack, fd);
        note_number(length);
        if (length > 0)
            note(world.room[end][flow], (size_t)length);
        note_number(baro_recv_post(stack, fd, world.room[end][flow], 1 + draw(CHUNK)));
        return;
    }
    length = baro_recv(stack, fd, in, one_in(2) ? sizeof in : 1 + draw(CHUNK), 0);
    note_number(length);
    if (length > 0)
        note(in, (size_t)length);
}

static void act(unsigned end)
{
    static uint8_t out[CHUNK];
    const int quick = (int)draw(2);

    for (unsigned flow = 0; flow < world.flows; flow++) {
        if (end == 0 || world.both_ways)
            note_number(baro_send(world.stack[end], world.fd[end][flow], out, 1 + draw(sizeof out), 0));
        else if (one_in(4))
            note_number(baro_send(world.stack[end], world.fd[end][flow], out, 1 + draw(200), 0));
        if (!one_in(3))
            receive(end, flow);
        if (one_in(100))
            baro_setsockopt(world.stack[end], world.fd[end][flow], BARO_TCP_QUICKACK, &quick, sizeof quick);
    }
}

static void turn(unsigned end)
{
    baro_stack_poll(world.stack[end], world.now);
    ready(end);
    act(end);
    baro_stack_flush(world.stack[end]);
    baro_stack_check_invariants(world.stack[end]);
    carry(end);
}

/* ---- a run ---- */

static void create(unsigned end, bool watched)
{
    struct baro_stack_config config = { .now = world.now,
                                        .seed = { (uint8_t)(1 + end) },
                                        .trace = twice_trace(watched) };

    config.memory = test_memory(&world.memory[end]);
    config.ecn = (enum baro_ecn)draw(3);
    config.tcp_without = one_in(3) ? (unsigned)draw(8) : 0;
    frame_device_init(&world.device[end], (uint8_t)(1 + end), 1300 + (uint32_t)draw(300));
    world.device[end].device.capabilities = one_in(3) ? (uint32_t)BARO_DEVICE_TX_CHECKSUM : 0;
    world.stack[end] = cable_stack(&config, this_run.ipv6, end, &world.device[end]);
    cable_knows(world.stack[end], this_run.ipv6, end);
}

static void connect_them(void)
{
    const struct baro_endpoint to = { address(1), { PORT } };
    const int size = OUT;
    int listener = baro_socket(world.stack[1], family(), BARO_STREAM);

    assert_int_equal(baro_bind(world.stack[1], listener, &to), 0);
    assert_int_equal(baro_listen(world.stack[1], listener, FLOWS), 0);
    for (unsigned flow = 0; flow < world.flows; flow++) {
        world.fd[0][flow] = baro_socket(world.stack[0], family(), BARO_STREAM);
        if (one_in(2))
            baro_setsockopt(world.stack[0], world.fd[0][flow], BARO_SO_SEND_BUFFER, &size, sizeof size);
        assert_int_equal(baro_connect(world.stack[0], world.fd[0][flow], &to), -EINPROGRESS);
        for (unsigned i = 0; i < 4; i++) {
            baro_stack_flush(world.stack[i % 2]);
            carry(i % 2);
            world.now.ns += 1000;
            baro_stack_poll(world.stack[1 - i % 2], world.now);
        }
        world.fd[1][flow] = baro_accept(world.stack[1], listener, NULL);
        assert_true(world.fd[1][flow] >= 0);
    }
}

static void run(bool watched)
{
    memset(&world, 0, sizeof world);
    world.now.ns = INT64_C(1000000000);
    world.flows = 1 + (unsigned)draw(FLOWS);
    world.both_ways = one_in(3);
    world.posts = one_in(4);
    create(0, watched);
    create(1, watched);
    connect_them();
    world.faults = one_in(4) ? 0 : 10 + (unsigned)draw(200);
    for (unsigned step = 0; step < STEPS; step++) {
        world.now.ns += one_in(3)    ? (int64_t)draw(5 * NS_PER_MILLISECOND)
                        : one_in(30) ? (int64_t)draw(900) * NS_PER_MILLISECOND
                                     : 1000;
        turn(0);
        turn(1);
        for (unsigned end = 0; end < 2; end++) {
            for (unsigned flow = 0; flow < world.flows; flow++)
                note_info(world.stack[end], world.fd[end][flow]);
            note_stack(world.stack[end]);
        }
    }
    for (unsigned end = 0; end < 2; end++) {
        again += world.stack[end]->tcp->again;
        acks += world.stack[end]->tcp->acks;
        twice_end(world.stack[end], &world.device[end], &world.memory[end]);
    }
}

static void a_run_changes_nothing(void **state)
{
    struct twice_run sums = twice_compare(SEEDS, run);

    (void)state;
    if (again < sums.expected / 4 || acks < sums.expected / 10) /* with all these faults */
        fail_msg("%llu and %llu of %llu segments", (unsigned long long)again, (unsigned long long)acks,
                 (unsigned long long)sums.expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_run_changes_nothing) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
