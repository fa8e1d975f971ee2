/* ACKs alone of many connections leave in runs (src/fast_acks.c): as intents of a burst, and at the end of the
 * program's turn. A stack that is watched sends each by itself the slow path, and the two must not differ.
 *
 * A server and clients at three addresses, so that ways change within a burst. Clients say something, some of them
 * several times; the server's program hears it, answers some, urgently too, or keeps silent, says that it sends no
 * more, changes the options of one; its device can make checksums or not, and has much room or little; answers are
 * lost, what clients say is marked, their windows close; time passes until delayed ACKs leave; MAC addresses and path
 * MTUs change. Each seed is run twice, with a trace and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "codec/ip_protocol.h"
#include "stack.h"
#include "support/twice.h"

enum { SEEDS = 60, STEPS = 120, PORT = 7000, MANY = 40, HOMES = 3 };

#define NS_PER_MILLISECOND INT64_C(1000000)

static struct side {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
    int fd[MANY];
} side[2];
static struct baro_instant now;

/* End 0 lives at these. */
static struct baro_address home(unsigned number)
{
    return address(number == 0 ? 0 : 1 + number);
}

static void carry(unsigned from)
{
    struct frame_device *device = &side[from].device;

    for (unsigned i = 0; i < device->out_count; i++)
        note_frame(&device->out[(device->out_first + i) % FRAME_DEVICE_FRAMES]);
    frame_device_carry(device, &side[1 - from].device);
}

static void pass(int64_t ms)
{
    now.ns += ms * NS_PER_MILLISECOND + (int64_t)draw(1000);
    for (unsigned end = 0; end < 2; end++) {
        baro_stack_poll(side[end].stack, now);
        carry(end);
        baro_stack_check_invariants(side[end].stack);
    }
}

static void create(unsigned end, const struct baro_stack_config *config)
{
    struct baro_stack_config own = *config;

    memset(&side[end], 0, sizeof side[end]);
    frame_device_init(&side[end].device, (uint8_t)(1 + end), 1500);
    side[end].device.device.capabilities = one_in(2) ? BARO_DEVICE_TX_CHECKSUM : 0;
    side[end].device.room = UINT32_MAX;
    own.memory = test_memory(&side[end].memory);
    own.seed[0] = (uint8_t)(1 + end);
    own.now = now;
    own.ecn = (enum baro_ecn)draw(3);
    own.tcp_without = one_in(4) ? (unsigned)draw(8) : 0;
    side[end].stack = cable_stack(&own, this_run.ipv6, end, &side[end].device);
    if (one_in(2))
        cable_knows(side[end].stack, this_run.ipv6, end);
}

static void connect_them(void)
{
    const struct baro_endpoint to = { address(1), { PORT } };
    const int listener = baro_socket(side[1].stack, family(), BARO_STREAM);
    unsigned accepted = 0;

    assert_int_equal(baro_bind(side[1].stack, listener, &to), 0);
    assert_int_equal(baro_listen(side[1].stack, listener, MANY), 0);
    for (unsigned i = 1; i < HOMES; i++)
        assert_int_equal(baro_stack_add_address(side[0].stack, 1, home(i), this_run.ipv6 ? 64 : 24, false), 0);
    for (unsigned i = 0; i < MANY; i++) {
        const struct baro_endpoint at = { home(i % HOMES), { 0 } };

        side[0].fd[i] = baro_socket(side[0].stack, family(), BARO_STREAM);
        assert_int_equal(baro_bind(side[0].stack, side[0].fd[i], &at), 0);
        assert_int_equal(baro_connect(side[0].stack, side[0].fd[i], &to), -EINPROGRESS);
    }
    for (int i = 0; i < 1000 && accepted < MANY; i++) {
        pass(20);
        while (accepted < MANY && (side[1].fd[accepted] = baro_accept(side[1].stack, listener, NULL)) >= 0)
            accepted++;
    }
    assert_int_equal(accepted, MANY);
}

/* Of some frames the end is lost, which their packets' headers do not know; others are for nobody. */
static void spoil_some(struct frame_device *device)
{
    for (unsigned i = 0; i < device->out_count; i++) {
        struct device_frame *frame = &device->out[(device->out_first + i) % FRAME_DEVICE_FRAMES];

        if (one_in(60))
            frame->length -= (uint32_t)draw(frame->length < 60 ? frame->length : 60); /* ARP's are short */
        if (one_in(60))
            frame->data[this_run.ipv6 ? 53 : 33] ^= 0x40; /* the last octet of its destination */
    }
}

/* A segment that has arrived says something else: a mark on its way, another window; or something in front of it is
 * wrong. */
static void forge_one(const struct device_frame *frame)
{
    const bool v4 = !this_run.ipv6;
    const unsigned headers = v4 ? 34 : 54;
    uint8_t *ip = frame->data + 14, *tcp = frame->data + headers;

    if (frame->length < headers + 20 || ip[v4 ? 9 : 6] != IP_PROTOCOL_TCP)
        return;
    if (one_in(3))
        frame->data[draw(headers)] ^= (uint8_t)(1u << draw(8));
    else if (one_in(2))
        forge(tcp + 14, one_in(4) ? 0 : (unsigned)draw(200), tcp + 16);
    else if (v4)
        forge(ip, read_be16(ip) | 3, ip + 10);
    else
        ip[1] |= 0x30;
}

static void forge_some(struct frame_device *device, unsigned first)
{
    for (unsigned i = first; i < device->in_count; i++)
        if (one_in(25))
            forge_one(&device->in[(device->in_first + i) % FRAME_DEVICE_FRAMES]);
}

static void lose_some(struct frame_device *device)
{
    for (unsigned i = 0; i < device->out_count; i++)
        if (one_in(40))
            device->out[(device->out_first + i) % FRAME_DEVICE_FRAMES].data[5] ^= 0x40; /* to nobody */
}

/* Clients one after the other, some twice in a row, so that a burst has several segments of theirs. */
static void speak(void)
{
    static const uint8_t text[3000];
    const unsigned often = 1 + (unsigned)draw(MANY), before = side[1].device.in_count;

    for (unsigned i = 0; i < often; i++) {
        const int fd = side[0].fd[draw(MANY)];

        for (unsigned times = one_in(3) ? 3 : 1; times != 0; times--) {
            note_number(baro_send(side[0].stack, fd, text, one_in(10) ? draw(sizeof text) : 1 + draw(100),
                                  one_in(20) ? BARO_MSG_OOB : 0));
            baro_stack_flush(side[0].stack);
        }
    }
    if (one_in(60))
        baro_shutdown(side[0].stack, side[0].fd[draw(MANY)], BARO_SHUT_WRITE);
    spoil_some(&side[0].device);
    carry(0);
    forge_some(&side[1].device, before);
}

static void change(void)
{
    static const enum baro_option options[] = { BARO_IP_TTL, BARO_IP_TOS, BARO_TCP_QUICKACK };
    struct baro_stack *stack = side[1].stack;
    const struct baro_mac mac = { { 2, 0, 0, 0, 0, one_in(4) ? 9 : 1 } };
    const int value = (int)draw(2);

    switch (draw(4)) {
    case 0:
        path_mtu_lower(&stack->path_mtus, home((unsigned)draw(HOMES)), stack->interface[1].mtu,
                       1000 + (uint32_t)draw(400));
        break;
    case 1:
        baro_stack_set_neighbour(stack, 1, home((unsigned)draw(HOMES)), mac);
        break;
    default:
        baro_setsockopt(stack, side[1].fd[draw(MANY)], options[draw(3)], &value, sizeof value);
        break;
    }
}

static void hear(void)
{
    struct baro_stack *stack = side[1].stack;
    uint8_t heard[4000] = { 0 };

    if (one_in(10))
        side[1].device.room = one_in(2) ? UINT32_MAX : (unsigned)draw(40);
    if (one_in(10))
        change();
    baro_stack_poll(stack, now);
    for (unsigned i = 0; i < MANY; i++) { /* not those who are told: a trace is told of them in another order */
        if (!one_in(4))
            note_number(baro_recv(stack, side[1].fd[i], heard, sizeof heard, 0));
        if (one_in(40))
            note_number(
                baro_send(stack, side[1].fd[i], heard, 1 + draw(one_in(4) ? 4000 : 200), one_in(4) ? BARO_MSG_OOB : 0));
    }
    if (one_in(60))
        baro_shutdown(stack, side[1].fd[draw(MANY)], one_in(4) ? BARO_SHUT_READ : BARO_SHUT_WRITE);
    if (!one_in(4))
        baro_stack_flush(stack);
    lose_some(&side[1].device);
    carry(1);
    note_stack(stack);
    note_info(stack, side[1].fd[draw(MANY)]);
}

static void run(bool watched)
{
    const struct baro_stack_config config = { .trace = twice_trace(watched) };

    now.ns = INT64_C(1000000000);
    create(0, &config);
    create(1, &config);
    connect_them();
    for (unsigned step = 0; step < STEPS; step++) {
        speak();
        hear();
        /* of neighbours it is asked whether they are still there */
        pass(one_in(10) ? (int64_t)draw(one_in(4) ? 20000 : 100) : 0);
        if (one_in(100))
            pass(700000); /* they rest; a path MTU that was lowered is tried again */
    }
    for (unsigned end = 0; end < 2; end++)
        twice_end(side[end].stack, &side[end].device, &side[end].memory);
}

static void runs_of_acks_are_the_same(void **state)
{
    struct twice_run sums = twice_compare(SEEDS, run);

    (void)state;
    if (sums.fast < sums.frames / 2)
        fail_msg("%llu of %llu frames", (unsigned long long)sums.fast, (unsigned long long)sums.frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(runs_of_acks_are_the_same) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
