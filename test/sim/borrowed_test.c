/* Text that stays in its frame until the program's turn is over (transport/tcp/borrowed.c) is read as if it stood in
 * the ring, by every call and at every moment, and nobody else sees a difference: each seed is run with a trace,
 * where nothing is held, and without. Octets that are read from a frame that went back are others: its memory is
 * overwritten and freed. Frames are lost and change places, so that held text, text of the slow path, holes and
 * urgent octets meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "baro/socket.h"
#include "stack.h"
#include "support/twice.h"
#include "transport/tcp/connection.h"

enum { SEEDS = 60, STEPS = 400, PORT = 7000, FLOWS = 3, CHUNK = 20000 };

static struct {
    struct test_memory memory[2];
    struct frame_device device[2];
    struct baro_stack *stack[2];
    struct baro_instant now;
    struct {
        int fd[2];
        uint64_t sent, read;
        uint32_t room;  /* of what is posted, 0: nothing */
        uint8_t posted[CHUNK];
    } flow[FLOWS];
    bool lossy;
} world;
static uint64_t held, lent, in_frames; /* texts, bursts, peeks at a frame's own octets */
static uint8_t data[CHUNK];

static uint8_t octet_at(unsigned flow, uint64_t offset)
{
    return (uint8_t)(flow * 91 + offset * 7 + (offset >> 8) * 13);
}

static void are_next(unsigned flow, const uint8_t *octets, size_t length, uint64_t behind)
{
    for (size_t i = 0; i < length; i++)
        if (octets[i] != octet_at(flow, world.flow[flow].read + behind + i))
            fail_msg("octet %zu of %zu at %llu is another", i, length, (unsigned long long)world.flow[flow].read);
    note(octets, length);
}

/* ---- the cable ---- */

static void carry(unsigned from)
{
    struct frame_device *device = &world.device[from], *to = &world.device[1 - from];

    for (unsigned i = 0; i < device->out_count; i++)
        note_frame(&device->out[(device->out_first + i) % FRAME_DEVICE_FRAMES]);
    if (world.lossy && one_in(12))
        frame_device_take(device);
    if (world.lossy && device->out_count > 2 && one_in(12)) {
        struct device_frame *first = &device->out[device->out_first], swapped = *first;

        *first = device->out[(device->out_first + 1) % FRAME_DEVICE_FRAMES];
        device->out[(device->out_first + 1) % FRAME_DEVICE_FRAMES] = swapped;
    }
    frame_device_carry(device, to);
}

static void poll(unsigned end)
{
    struct baro_stack *stack = world.stack[end];

    if (one_in(2))
        stack->tcp->borrowed.pause = 0;
    baro_stack_poll(stack, world.now);
    baro_stack_check_invariants(stack);
    lent += stack->lender != NULL;
    held += stack->tcp->borrowed.count;
}

/* ---- the programs ---- */

static void send_some(unsigned end, unsigned flow)
{
    uint64_t *sent = &world.flow[flow].sent, none = 0;
    ptrdiff_t taken;

    if (end == 1)
        sent = &none; /* what goes back only acknowledges */
    size_t length = end == 1 ? 1 + draw(300) : 1 + draw(one_in(3) ? 100 : 9000);
    for (size_t i = 0; i < length; i++)
        data[i] = octet_at(flow, *sent + i);
    taken =
        baro_send(world.stack[end], world.flow[flow].fd[end], data, length, one_in(60) && end == 0 ? BARO_MSG_OOB : 0);
    note_number(taken);
    if (taken > 0)
        *sent += (uint64_t)taken;
}

static void passed(unsigned flow, ptrdiff_t octets)
{
    note_number(octets);
    if (octets > 0)
        world.flow[flow].read += (uint64_t)octets;
}

static void peek_and_consume(unsigned flow)
{
    struct baro_stack *stack = world.stack[1];
    struct baro_bytes part[2];
    int fd = world.flow[flow].fd[1];
    ptrdiff_t there = baro_recv_peek(stack, fd, part);

    note_number(there);
    if (there <= 0)
        return;
    assert_int_equal(part[0].length + part[1].length, there);
    are_next(flow, part[0].data, part[0].length, 0);
    are_next(flow, part[1].data, part[1].length, part[0].length);
    for (unsigned i = 0; i < world.device[1].in_borrowed; i++) {
        const struct device_frame *frame = &world.device[1].in[(world.device[1].in_first + i) % FRAME_DEVICE_FRAMES];

        in_frames += part[0].data >= frame->data && part[0].data < frame->data + frame->length;
    }
    passed(flow, baro_recv_consume(stack, fd, one_in(2) ? (size_t)there : draw((uint64_t)there + 1)));
}

static void post_or_collect(unsigned flow)
{
    struct baro_stack *stack = world.stack[1];
    int fd = world.flow[flow].fd[1];
    ptrdiff_t there;

    if (world.flow[flow].room == 0) {
        world.flow[flow].room = 1 + (uint32_t)draw(CHUNK);
        there = baro_recv_post(stack, fd, world.flow[flow].posted, world.flow[flow].room);
        note_number(there);
        assert_true(there >= 0);
        return;
    }
    world.flow[flow].room = 0;
    there = baro_recv_collect(stack, fd);
    if (there > 0)
        are_next(flow, world.flow[flow].posted, (size_t)there, 0);
    passed(flow, there);
}

static void receive_some(unsigned flow)
{
    struct baro_stack *stack = world.stack[1];
    int fd = world.flow[flow].fd[1];
    size_t room = 1 + draw(one_in(2) ? 3000 : CHUNK - 1), first = draw(room);
    struct baro_buffer piece[2] = { { data, first }, { data + first, room - first } };
    struct baro_message message = { .buffer = piece, .buffers = 2 };
    ptrdiff_t got;

    switch (draw(8)) {
    case 0:
        got = baro_recv(stack, fd, data, room, BARO_MSG_PEEK);
        if (got > 0)
            are_next(flow, data, (size_t)got, 0);
        note_number(got);
        break;
    case 1:
        passed(flow, baro_recv(stack, fd, data, room, BARO_MSG_TRUNCATE));
        break;
    case 2:
        got = baro_recvmsg(stack, fd, &message, 0);
        if (got > 0)
            are_next(flow, data, (size_t)got, 0);
        passed(flow, got);
        break;
    case 3:
    case 4:
        peek_and_consume(flow);
        break;
    case 5:
        post_or_collect(flow);
        break;
    default:
        got = baro_recv(stack, fd, data, room, 0);
        if (got > 0)
            are_next(flow, data, (size_t)got, 0);
        passed(flow, got);
        break;
    }
    note_number(baro_readable_bytes(stack, fd));
    baro_stack_check_invariants(stack);
}

/* Not in which order: with a trace each is told of when its frame is. */
static void ready(unsigned end)
{
    unsigned events[16] = { 0 };
    struct baro_ready ready;

    while (baro_next_ready(world.stack[end], &ready))
        events[ready.fd % 16] |= ready.events;
    note(events, sizeof events);
}

/* ---- a run ---- */

static void create(unsigned end, bool watched)
{
    struct baro_stack_config config = { .now = world.now,
                                        .seed = { (uint8_t)(1 + end) },
                                        .trace = twice_trace(watched) };

    config.memory = test_memory(&world.memory[end]);
    frame_device_init(&world.device[end], (uint8_t)(1 + end), 1500);
    world.device[end].device.capabilities = one_in(2) ? BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_RX_CHECKSUM : 0;
    world.stack[end] = cable_stack(&config, this_run.ipv6, end, &world.device[end]);
    cable_knows(world.stack[end], this_run.ipv6, end);
}

static void connect_them(void)
{
    const struct baro_endpoint to = { address(1), { PORT } };
    const int in_line = 1;
    int listener = baro_socket(world.stack[1], family(), BARO_STREAM);

    assert_int_equal(baro_bind(world.stack[1], listener, &to), 0);
    assert_int_equal(baro_listen(world.stack[1], listener, 4), 0);
    for (unsigned flow = 0; flow < FLOWS; flow++) {
        int *fd = world.flow[flow].fd;

        fd[0] = baro_socket(world.stack[0], family(), BARO_STREAM);
        assert_int_equal(baro_connect(world.stack[0], fd[0], &to), -EINPROGRESS);
        fd[1] = -1;
        for (int i = 0; i < 1000 && fd[1] < 0; i++) {
            for (unsigned end = 0; end < 2; end++) {
                baro_stack_flush(world.stack[end]);
                carry(end);
                poll(1 - end);
            }
            fd[1] = baro_accept(world.stack[1], listener, NULL);
        }
        assert_true(fd[1] >= 0);
        baro_setsockopt(world.stack[1], fd[1], BARO_SO_OOB_INLINE, &in_line, sizeof in_line);
    }
}

static void step(void)
{
    unsigned flow = (unsigned)draw(FLOWS);

    world.now.ns += one_in(40) ? (int64_t)draw(3000000000) : (int64_t)draw(2000000);
    for (unsigned i = (unsigned)draw(4); i != 0; i--)
        send_some(0, one_in(2) ? flow : (unsigned)draw(FLOWS));
    if (!one_in(4))
        baro_stack_flush(world.stack[0]);
    carry(0);
    poll(1);
    if (one_in(5))
        poll(1); /* another burst, or none, before anything is read */
    for (unsigned i = (unsigned)draw(6); i != 0; i--)
        receive_some(one_in(2) ? flow : (unsigned)draw(FLOWS));
    ready(1);
    if (one_in(4))
        send_some(1, flow);
    if (one_in(2))
        baro_stack_flush(world.stack[1]);
    baro_stack_check_invariants(world.stack[1]);
    for (unsigned i = (unsigned)draw(2); i != 0; i--)
        receive_some(flow);
    carry(1);
    poll(0);
    baro_recv(world.stack[0], world.flow[flow].fd[0], data, sizeof data, 0);
    ready(0);
}

static void run(bool watched)
{
    memset(&world, 0, sizeof world);
    world.now.ns = INT64_C(1000000000);
    create(0, watched);
    create(1, watched);
    connect_them();
    world.lossy = one_in(2);
    for (unsigned i = 0; i < STEPS; i++) {
        step();
        for (unsigned flow = 0; flow < FLOWS; flow++)
            note_info(world.stack[1], world.flow[flow].fd[1]);
        note_stack(world.stack[1]);
    }
    if (one_in(2)) { /* or with frames held */
        baro_stack_flush(world.stack[1]);
        assert_int_equal(world.device[1].in_borrowed, 0);
    }
    for (unsigned end = 0; end < 2; end++)
        twice_end(world.stack[end], &world.device[end], &world.memory[end]);
}

static void what_is_held_is_read_as_from_the_ring(void **state)
{
    (void)state;
    held = lent = in_frames = 0;
    twice_compare(SEEDS, run);
    if (lent < SEEDS * STEPS / 20 || held < 2 * lent || in_frames < SEEDS * 2)
        fail_msg("held %llu texts of %llu bursts, %llu peeks", (unsigned long long)held, (unsigned long long)lent,
                 (unsigned long long)in_frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_held_is_read_as_from_the_ring) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
