/* A program that sends on more connections in one turn than the queue of intents holds: all of it leaves as the device
 * has room, and nobody has to answer or to wait for that. Over both families, watched and not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/intent.h"
#include "baro/socket.h"
#include "support/cable.h"

enum { PORT = 80, CROWD = 2 * INTENT_QUEUE_SIZE + 300, WAIT = INTENT_QUEUE_SIZE - 1, AT_ONCE = 100 };

static struct test_memory memory[2];
static struct frame_device device[2];
static struct baro_stack *stack[2];
static struct baro_instant now;
static int client[CROWD], server[CROWD];

static void watch(void *context, const struct baro_trace_event *event)
{
    (void)context;
    (void)event;
}

static void turn(void)
{
    for (unsigned end = 0; end < 2; end++) {
        frame_device_carry(&device[1 - end], &device[end]);
        baro_stack_poll(stack[end], now);
        baro_stack_flush(stack[end]);
        baro_stack_check_invariants(stack[end]);
    }
}

static void begin(bool ipv6, bool watched)
{
    const struct baro_endpoint to = { cable_address(ipv6, 1), { PORT } };
    unsigned accepted = 0;
    int listener;

    now = (struct baro_instant){ INT64_C(1000000000) };
    for (unsigned end = 0; end < 2; end++) {
        struct baro_stack_config config = { .now = now,
                                            .seed = { (uint8_t)end },
                                            .trace = { NULL, watched ? watch : NULL } };

        memory[end] = (struct test_memory){ 0 };
        config.memory = test_memory(&memory[end]);
        frame_device_init(&device[end], (uint8_t)(1 + end), 1500);
        stack[end] = cable_stack(&config, ipv6, end, &device[end]);
        cable_knows(stack[end], ipv6, end);
    }
    listener = baro_socket(stack[1], to.address.family, BARO_STREAM);
    assert_int_equal(baro_bind(stack[1], listener, &to), 0);
    assert_int_equal(baro_listen(stack[1], listener, AT_ONCE), 0);
    for (unsigned i = 0; i < CROWD; i++) {
        client[i] = baro_socket(stack[0], to.address.family, BARO_STREAM);
        assert_true(client[i] >= 0);
        assert_int_equal(baro_connect(stack[0], client[i], &to), -EINPROGRESS);
        if (i % AT_ONCE != AT_ONCE - 1 && i + 1 != CROWD)
            continue;
        for (int k = 0; k < 4; k++)
            turn();
        while (accepted < CROWD && (server[accepted] = baro_accept(stack[1], listener, NULL)) >= 0)
            accepted++;
    }
    for (int k = 0; k < 4; k++) { /* nobody owes an ACK any more */
        now.ns += INT64_C(100000000);
        turn();
    }
    assert_int_equal(accepted, CROWD);
    while (frame_device_take(&device[0]) != NULL)
        continue;
}

static void end(void)
{
    for (unsigned i = 0; i < 2; i++)
        cable_end(stack[i], &device[i], &memory[i]);
}

/* Frames that leave, one filling of the device after the other, while nothing comes and no time passes. */
static unsigned all_that_leaves(void)
{
    unsigned frames = 0, before;

    baro_stack_flush(stack[0]);
    do {
        before = frames;
        while (frame_device_take(&device[0]) != NULL)
            frames++;
        baro_stack_poll(stack[0], now);
        baro_stack_check_invariants(stack[0]);
    } while (frames != before);
    return frames;
}

static void all_leaves(bool ipv6, bool watched)
{
    const uint8_t octet = 7;

    begin(ipv6, watched);
    for (unsigned i = 0; i < CROWD; i++)
        assert_int_equal(baro_send(stack[0], client[i], &octet, 1, 0), 1);
    assert_int_equal(all_that_leaves(), CROWD);
    end();
}

/* What the other end's programs can read. */
static unsigned all_that_came(void)
{
    unsigned octets = 0;
    uint8_t octet[16];

    for (unsigned i = 0; i < CROWD; i++) {
        ptrdiff_t got = baro_recv(stack[1], server[i], octet, sizeof octet, 0);

        octets += got > 0 ? (unsigned)got : 0;
    }
    return octets;
}

/* The device takes nothing while the program sends; text, FINs and a new connection come, and an ACK's delay ends: who
 * waits for room among the intents is forgotten by none of these, and all of it leaves when the device has room. */
static void all_leaves_later(bool ipv6, bool watched)
{
    const struct baro_endpoint to = { cable_address(ipv6, 0), { PORT } };
    const uint8_t octet = 7;
    int listener;

    begin(ipv6, watched);
    listener = baro_socket(stack[0], to.address.family, BARO_STREAM);
    assert_int_equal(baro_bind(stack[0], listener, &to), 0);
    assert_int_equal(baro_listen(stack[0], listener, AT_ONCE), 0);
    device[0].room = 0;
    for (unsigned i = 0; i < CROWD; i++)
        assert_int_equal(baro_send(stack[0], client[i], &octet, 1, 0), 1);
    baro_stack_flush(stack[0]);
    assert_int_equal(baro_connect(stack[1], baro_socket(stack[1], to.address.family, BARO_STREAM), &to), -EINPROGRESS);
    for (unsigned i = 0; i < CROWD; i += 50) {
        assert_int_equal(baro_send(stack[1], server[i], &octet, 1, 0), 1);
        if (i % 100 == 0)
            assert_int_equal(baro_shutdown(stack[1], server[i], BARO_SHUT_WRITE), 0);
    }
    for (int k = 0; k < 4; k++) {
        turn();
        now.ns += INT64_C(30000000);
    }
    assert_int_equal(all_that_came(), 0);
    device[0].room = UINT32_MAX;
    for (unsigned octets = 0, more = 1; more != 0; octets += more) { /* no time passes */
        for (int k = 0; k < 4; k++)
            turn();
        more = all_that_came();
        if (more == 0)
            assert_int_equal(octets, CROWD);
    }
    end();
}

static void and_when_others_come_meanwhile(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        all_leaves_later(i % 2 != 0, i / 2 != 0);
}

static void text_of_a_crowd_leaves(void **state)
{
    (void)state;
    all_leaves(false, false);
    all_leaves(true, false);
}

static void and_while_somebody_watches(void **state)
{
    (void)state;
    all_leaves(false, true);
    all_leaves(true, true);
}

static struct baro_device asked; /* the device as it is, and how often it was asked for room */
static unsigned asks;

static unsigned room_and_count(void *context)
{
    asks++;
    return asked.tx_room(context);
}

/* A thousand wait for a device that takes nothing: a poll asks it some times, not for each of them. It takes seven
 * frames at a time, then: they leave in the order in which they were sent. */
static void who_waits_costs_nothing(void **state)
{
    const uint8_t octet = 7;
    unsigned left = 0;

    (void)state;
    begin(false, false);
    asked = device[0].device;
    device[0].device.tx_room = room_and_count;
    device[0].room = 0;
    for (unsigned i = 0; i < WAIT; i++)
        assert_int_equal(baro_send(stack[0], client[i], &octet, 1, 0), 1);
    baro_stack_flush(stack[0]);
    asks = 0;
    for (unsigned i = 0; i < 10; i++)
        baro_stack_poll(stack[0], now);
    assert_in_range(asks, 10, 40);
    for (unsigned i = 0; i < 10; i++) { /* and what comes to them is not dear, either */
        assert_int_equal(baro_send(stack[0], client[CROWD - 1 - i], &octet, 1, 0), 1);
        baro_stack_flush(stack[0]);
    }
    assert_in_range(asks, 10, 90);
    while (left < WAIT + 10) {
        const struct device_frame *frame;

        device[0].room = 7;
        baro_stack_poll(stack[0], now);
        baro_stack_check_invariants(stack[0]);
        assert_true((frame = frame_device_take(&device[0])) != NULL);
        for (; frame != NULL; frame = frame_device_take(&device[0]), left++) {
            unsigned sent = left < WAIT ? left : CROWD - 1 - (left - WAIT);
            struct baro_endpoint local;

            assert_int_equal(baro_getsockname(stack[0], client[sent], &local), 0);
            assert_int_equal(frame->data[34] << 8 | frame->data[35], local.port.number);
        }
    }
    device[0].device.tx_room = asked.tx_room;
    device[0].room = UINT32_MAX;
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_a_crowd_leaves),
        cmocka_unit_test(and_while_somebody_watches),
        cmocka_unit_test(and_when_others_come_meanwhile),
        cmocka_unit_test(who_waits_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
