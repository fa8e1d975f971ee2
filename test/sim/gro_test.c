/* What a device with BARO_DEVICE_GRO makes of a connection's ACKs (transport/tcp/stretch_ack.c): one for the text of a burst where every
 * second segment had one; everything that is acknowledged at once still is, in the same order, and nothing waits longer.
 *
 * Two stacks on a cable, over both families; end 1 receives, by a device with the capability or without. And with losses, changed
 * places and marks by a seed, watched and not: both must not differ. */
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

#define FULL (this_run.ipv6 ? 1428u : 1448u) /* octets of a full-sized segment, with timestamps */

enum { PORT = 7000, EVEN = 1100 /* segments, more than the 1,024 that are acknowledged as ever */, SEEDS = 40,
       BUFFER = 1 << 20, CHUNK = 16384, STEP_NS = 1000000, TRANSFER = 3000000 };
enum { ECE = 0x40 };

static struct {
    struct test_memory memory[2];
    struct frame_device device[2];
    struct baro_stack *stack[2];
    struct baro_instant now;
    int fd[2];
    uint64_t sent, read;
    bool watched;
    unsigned rarely; /* of so many bursts one is disturbed in some way */
} world;
static uint8_t data[CHUNK];

static uint8_t octet_at(uint64_t offset)
{
    return (uint8_t)(offset * 7 + (offset >> 8) * 13);
}

static void both_ways(void (*story)(void))
{
    for (unsigned i = 0; i < 4; i++) {
        this_run.ipv6 = (i & 1) != 0;
        world.watched = (i & 2) != 0;
        story();
    }
}

/* ---- the two ends ---- */

static void create(unsigned end, bool watched, bool gro, enum baro_ecn ecn)
{
    struct baro_stack_config config = { .now = world.now, .seed = { (uint8_t)end }, .trace = twice_trace(watched),
                                        .pacing = BARO_PACING_OFF, .ecn = ecn, .memory_limit = 1u << 28 };

    config.memory = test_memory(&world.memory[end]);
    frame_device_init(&world.device[end], (uint8_t)(1 + end), 1500);
    world.device[end].room = UINT32_MAX;
    world.device[end].device.capabilities = gro && end == 1 ? BARO_DEVICE_GRO : 0;
    world.stack[end] = cable_stack(&config, this_run.ipv6, end, &world.device[end]);
    cable_knows(world.stack[end], this_run.ipv6, end);
}

static void poll(unsigned end)
{
    struct baro_ready ready;

    baro_stack_poll(world.stack[end], world.now);
    baro_stack_check_invariants(world.stack[end]);
    while (baro_next_ready(world.stack[end], &ready))
        continue;
}

static void carry(unsigned from)
{
    struct frame_device *device = &world.device[from];

    for (unsigned i = 0; i < device->out_count; i++)
        note_frame(&device->out[(device->out_first + i) % FRAME_DEVICE_FRAMES]);
    frame_device_carry(device, &world.device[1 - from]);
}

static void connect_them(int buffer)
{
    const struct baro_endpoint own = { address(1), { PORT } };
    int listener = baro_socket(world.stack[1], family(), BARO_STREAM);

    assert_int_equal(baro_setsockopt(world.stack[1], listener, BARO_SO_RECV_BUFFER, &buffer, sizeof buffer), 0);
    assert_int_equal(baro_bind(world.stack[1], listener, &own), 0);
    assert_int_equal(baro_listen(world.stack[1], listener, 1), 0);
    world.fd[0] = baro_socket(world.stack[0], family(), BARO_STREAM);
    assert_int_equal(baro_setsockopt(world.stack[0], world.fd[0], BARO_SO_SEND_BUFFER, &(int){ BUFFER }, sizeof(int)), 0);
    assert_int_equal(baro_connect(world.stack[0], world.fd[0], &own), -EINPROGRESS);
    for (int i = 0; i < 6; i++) {
        poll((unsigned)i % 2);
        baro_stack_flush(world.stack[i % 2]);
        carry((unsigned)i % 2);
    }
    world.fd[1] = baro_accept(world.stack[1], listener, NULL);
    assert_true(world.fd[1] >= 0);
    assert_int_equal(baro_close(world.stack[1], listener), 0);
}

static void setup(bool watched, bool gro, enum baro_ecn ecn, int buffer)
{
    memset(&world, 0, sizeof world);
    world.watched = watched;
    world.now.ns = STEP_NS;
    for (unsigned end = 0; end < 2; end++)
        create(end, watched, gro, ecn);
    connect_them(buffer);
}

static void teardown(void)
{
    for (unsigned end = 0; end < 2; end++)
        twice_end(world.stack[end], &world.device[end], &world.memory[end]);
}

/* All that goes into the buffer, up to `most` octets in all. */
static void send_all(uint64_t most)
{
    ptrdiff_t taken = 1;

    while (taken > 0 && world.sent < most) {
        size_t length = most - world.sent < CHUNK ? (size_t)(most - world.sent) : CHUNK;

        for (size_t i = 0; i < length; i++)
            data[i] = octet_at(world.sent + i);
        taken = baro_send(world.stack[0], world.fd[0], data, length, 0);
        if (taken > 0)
            world.sent += (uint64_t)taken;
    }
}

static ptrdiff_t read_all(void)
{
    ptrdiff_t there;

    while ((there = baro_recv(world.stack[1], world.fd[1], data, sizeof data, 0)) > 0) {
        for (ptrdiff_t i = 0; i < there; i++)
            if (data[i] != octet_at(world.read + (uint64_t)i))
                fail_msg("octet %llu is another", (unsigned long long)world.read + (uint64_t)i);
        world.read += (uint64_t)there;
    }
    return there;
}

/* ---- what the frames say ---- */

static const uint8_t *tcp_of(const struct device_frame *frame)
{
    return frame->data + (this_run.ipv6 ? 54 : 34);
}

static bool has_text(const struct device_frame *frame)
{
    return frame->length > (this_run.ipv6 ? 54u : 34u) + (unsigned)(tcp_of(frame)[12] >> 4) * 4;
}

static const struct device_frame *out_at(unsigned end, unsigned i)
{
    const struct frame_device *device = &world.device[end];

    assert_true(i < device->out_count);
    return &device->out[(device->out_first + i) % FRAME_DEVICE_FRAMES];
}

/* Of the first segment that end 0 has sent and nobody has carried; what the ACK number `i` of end 1 tells. */
static uint32_t first_seq(void)
{
    return read_be32(tcp_of(out_at(0, 0)) + 4);
}

static uint32_t acked(unsigned i)
{
    assert_false(has_text(out_at(1, i)));
    return read_be32(tcp_of(out_at(1, i)) + 8);
}

static unsigned flags_of(unsigned i)
{
    return tcp_of(out_at(1, i))[13];
}

/* Has it options besides the timestamps: SACK blocks? */
static bool has_blocks(unsigned i)
{
    return tcp_of(out_at(1, i))[12] >> 4 > 8;
}

/* ---- ACKs of bursts ---- */

/* One burst of what end 0 has sent goes to end 1; its frames, and what end 1 answered, in `*acks`; then it reads. */
static unsigned burst(unsigned *acks)
{
    unsigned segments = 0;

    poll(0);
    for (const struct device_frame *frame; segments < BARO_BURST_LIMIT && (frame = frame_device_take(&world.device[0])) != NULL;
         segments++)
        frame_device_put(&world.device[1], frame->data, frame->length);
    poll(1);
    *acks = world.device[1].out_count;
    return segments;
}

static void turn_ends(void)
{
    read_all();
    baro_stack_flush(world.stack[1]);
    carry(1);
    world.now.ns += STEP_NS;
}

/* Until so many full-sized segments have come. */
static void go_on(unsigned segments)
{
    const uint64_t goal = world.read + (uint64_t)segments * FULL;
    unsigned acks;

    while (world.read < goal) {
        send_all(goal);
        burst(&acks);
        turn_ends();
    }
    assert_int_equal(world.read, goal);
}

/* The next burst will be `segments` full-sized ones, which stand in end 0's device. */
static void ready_a_burst(unsigned segments)
{
    while (world.device[0].out_count != 0) {
        carry(0);
        poll(1);
        turn_ends();
        poll(0);
    }
    for (int i = 0; i < 2; i++) { /* what is delayed comes */
        world.now.ns += 50 * (int64_t)STEP_NS;
        poll(1);
        carry(1);
        poll(0);
    }
    send_all(world.sent + (uint64_t)segments * FULL);
    baro_stack_flush(world.stack[0]);
    assert_int_equal(world.device[0].out_count, segments);
}

static void each_second_has_its_own(unsigned segments)
{
    unsigned acks;

    ready_a_burst(segments);
    assert_int_equal(burst(&acks), segments);
    assert_int_equal(acks, segments / 2);
    turn_ends();
}

static void acks_of_a_burst(bool watched, bool gro)
{
    unsigned acks;
    uint32_t from;

    setup(watched, gro, BARO_ECN_OFF, BUFFER);
    go_on(200);
    each_second_has_its_own(20); /* a sender in slow start counts them */
    go_on(EVEN);
    for (unsigned segments = 2; segments <= BARO_BURST_LIMIT; segments += 7) {
        ready_a_burst(segments);
        from = first_seq();
        assert_int_equal(burst(&acks), segments);
        assert_int_equal(acks, !gro ? segments / 2 : segments * FULL <= 65535 ? 1 : 2);
        assert_int_equal(acked(acks - 1) - from, segments / 2 * 2 * FULL); /* and no time has passed */
        turn_ends();
    }
    teardown();
}

static void one_for_a_burst(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        this_run.ipv6 = (i & 1) != 0;
        acks_of_a_burst((i & 2) != 0, (i & 4) != 0);
    }
}

/* ---- what is acknowledged at once ---- */

static void mark(uint8_t *frame)
{
    if (this_run.ipv6)
        frame[15] |= 0x30; /* of the traffic class the last two bits */
    else
        forge(frame + 14, read_be16(frame + 14) | 3u, frame + 24);
}

/* A burst of end 0's next eight segments, which stand in its device or do now, in an order of the test's: '1' is the first, 'a' the
 * same with a mark (CE). What end 1 answers is looked at by
 * out_at(1, ..); how many frames. */
static unsigned burst_of(const char *order)
{
    const struct device_frame *segment[9] = { NULL };

    if (world.device[0].out_count != 8)
        ready_a_burst(8);
    for (unsigned i = 1; i <= 8; i++)
        segment[i] = frame_device_take(&world.device[0]);
    for (; *order != 0; order++) {
        const struct device_frame *frame = segment[*order & 15];

        if (*order >= 'a')
            mark(frame->data);
        frame_device_put(&world.device[1], frame->data, frame->length);
    }
    poll(1);
    return world.device[1].out_count;
}

/* A grown connection, and a burst of eight segments on its way; the sequence number of the first. */
static uint32_t eight_are_ready(enum baro_ecn ecn)
{
    setup(world.watched, true, ecn, BUFFER);
    go_on(EVEN);
    ready_a_burst(8);
    return first_seq();
}

static void of_a_hole(void)
{
    uint32_t from;
    const struct device_frame *lost;

    from = eight_are_ready(BARO_ECN_OFF);
    lost = out_at(0, 3);
    assert_int_equal(burst_of("1235678"), 5);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(acked(i) - from, (i == 0 ? 2 : 3) * FULL);
        assert_int_equal(has_blocks(i), i != 0); /* as ever: of two in order, and one of each behind the hole */
    }
    turn_ends();
    frame_device_put(&world.device[1], lost->data, lost->length);
    poll(1);
    assert_int_equal(world.device[1].out_count, 1);
    assert_int_equal(acked(0) - from, 8 * FULL);
    turn_ends();
    each_second_has_its_own(4); /* its sender may count them */
    go_on(EVEN);
    assert_int_equal(burst_of("12345678"), 1);
    teardown();
}

static void of_a_duplicate(void)
{
    uint32_t from;

    from = eight_are_ready(BARO_ECN_OFF);
    assert_int_equal(burst_of("1232456"), 3);
    assert_int_equal(acked(0) - from, 2 * FULL);
    assert_false(has_blocks(0));
    assert_int_equal(acked(1) - from, 3 * FULL);
    assert_true(has_blocks(1)); /* D-SACK */
    assert_int_equal(acked(2) - from, 5 * FULL); /* every second */
    teardown();
}

static void of_a_mark(void)
{
    uint32_t from;

    from = eight_are_ready(BARO_ECN_DEFAULT);
    assert_int_equal(burst_of("123d5678"), 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(acked(i) - from, 2 * (i + 1) * FULL);
        assert_int_equal((flags_of(i) & ECE) != 0, i != 0);
    }
    teardown();
}

static void of_a_program_that_wants_them(void)
{
    setup(world.watched, true, BARO_ECN_OFF, BUFFER);
    go_on(EVEN);
    assert_int_equal(baro_setsockopt(world.stack[1], world.fd[1], BARO_TCP_QUICKACK, &(int){ 1 }, sizeof(int)), 0);
    assert_int_equal(burst_of("12345678"), 8);
    teardown();
}

static void at_once_is_at_once(void **state)
{
    (void)state;
    both_ways(of_a_hole);
    both_ways(of_a_duplicate);
    both_ways(of_a_mark);
    both_ways(of_a_program_that_wants_them);
}

/* ---- nothing waits for it ---- */

/* How long a transfer takes whose window is some segments, with each burst read at once. */
static int64_t takes(bool gro, int buffer)
{
    int64_t since;
    unsigned acks;

    setup(world.watched, gro, BARO_ECN_OFF, buffer);
    since = world.now.ns;
    while (world.read < TRANSFER) {
        send_all(TRANSFER);
        burst(&acks);
        turn_ends();
        assert_true(world.now.ns - since < INT64_C(60000000000));
    }
    since = world.now.ns - since;
    teardown();
    return since;
}

static void small_windows(void)
{
    for (int segments = 2; segments <= 5; segments++)
        assert_true(takes(true, segments * (int)FULL) <= takes(false, segments * (int)FULL));
}

static void a_window_of_few_segments(void **state)
{
    (void)state;
    both_ways(small_windows);
}

/* ---- with losses ---- */

static void disturb(unsigned from)
{
    struct frame_device *device = &world.device[from];

    if (device->out_count > 2 && one_in(world.rarely))
        frame_device_take(device);
    if (from == 0 && device->out_count > 2 && one_in(world.rarely)) {
        struct device_frame *first = &device->out[device->out_first];
        struct device_frame *second = &device->out[(device->out_first + 1) % FRAME_DEVICE_FRAMES], swapped = *first;

        *first = *second;
        *second = swapped;
    }
    if (from == 0 && device->out_count > 2 && one_in(world.rarely))
        mark(device->out[device->out_first].data);
}

static void run(bool watched)
{
    ptrdiff_t last = 1;

    this_run.ipv6 = one_in(2);
    setup(watched, true, one_in(2) ? BARO_ECN_DEFAULT : BARO_ECN_OFF, (int)(4096 << draw(9)));
    world.rarely = 20u << draw(6);
    while (last != 0) {
        unsigned acks;

        send_all(TRANSFER);
        if (world.sent == TRANSFER && world.fd[0] >= 0) {
            assert_int_equal(baro_close(world.stack[0], world.fd[0]), 0);
            world.fd[0] = -1;
        }
        baro_stack_flush(world.stack[0]);
        disturb(0);
        burst(&acks);
        disturb(1);
        note_number(acks);
        if (!one_in(4))
            last = read_all();
        baro_stack_flush(world.stack[1]);
        carry(1);
        world.now.ns += STEP_NS * (int64_t)(1 + draw(20));
        assert_true(world.now.ns < INT64_C(3600000000000));
    }
    assert_int_equal(world.read, TRANSFER);
    for (unsigned end = 0; end < 2; end++)
        note_stack(world.stack[end]);
    note_info(world.stack[1], world.fd[1]);
    teardown();
}

static void over_losses(void **state)
{
    (void)state;
    twice_compare(SEEDS, run);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(one_for_a_burst), cmocka_unit_test(at_once_is_at_once),
                                        cmocka_unit_test(a_window_of_few_segments), cmocka_unit_test(over_losses) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
