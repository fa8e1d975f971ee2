/* What the ACKs that wait for the program's turn (transport/tcp/ack_turn.c) make of a short connection: seven frames
 * where both programs answer in their turn; each ACK alone where nobody says anything, at the same instant, for which
 * the stack asks. Over both families, watched and not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "baro/socket.h"
#include "baro/stack.h"
#include "support/cable.h"

enum { PORT = 80, FIN = 1, SYN = 2, PSH = 8, ACK = 16 };

struct side {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
};

static struct side side[2];
static struct baro_instant now;
static bool ipv6;
static unsigned frames;
static uint8_t flags[64]; /* of each */

static void watch(void *context, const struct baro_trace_event *event)
{
    (void)context;
    (void)event;
}

static void create(unsigned end, bool watched)
{
    struct baro_stack_config config = { .now = now,
                                        .seed = { (uint8_t)end },
                                        .trace = { NULL, watched ? watch : NULL } };

    memset(&side[end], 0, sizeof side[end]);
    config.memory = test_memory(&side[end].memory);
    frame_device_init(&side[end].device, (uint8_t)(1 + end), 1500);
    side[end].stack = cable_stack(&config, ipv6, end, &side[end].device);
    cable_knows(side[end].stack, ipv6, end);
}

static void release(void)
{
    for (unsigned end = 0; end < 2; end++) {
        baro_stack_check_invariants(side[end].stack);
        cable_end(side[end].stack, &side[end].device, &side[end].memory);
    }
}

/* Puts on the other's cable what `end` has sent; how many frames. */
static unsigned carry(unsigned end)
{
    const size_t flags_at = 14 + (ipv6 ? 40 : 20) + 13;
    const struct device_frame *frame;
    unsigned count = 0;

    while ((frame = frame_device_take(&side[end].device)) != NULL) {
        /* 0: no TCP, as an announcement by ARP */
        flags[frames++] = frame->length > flags_at ? frame->data[flags_at] : 0;
        frame_device_put(&side[1 - end].device, frame->data, frame->length);
        count++;
    }
    return count;
}

static void poll(unsigned end)
{
    baro_stack_poll(side[end].stack, now);
    baro_stack_check_invariants(side[end].stack);
}

static unsigned flush(unsigned end)
{
    baro_stack_flush(side[end].stack);
    return carry(end);
}

static bool wants_now(unsigned end)
{
    struct baro_instant deadline;

    return baro_stack_next_deadline(side[end].stack, &deadline) && deadline.ns <= now.ns;
}

static int listening(void)
{
    const struct baro_endpoint own = { cable_address(ipv6, 1), { PORT } };
    int fd = baro_socket(side[1].stack, own.address.family, BARO_STREAM);

    assert_int_equal(baro_bind(side[1].stack, fd, &own), 0);
    assert_int_equal(baro_listen(side[1].stack, fd, 4), 0);
    flush(0);
    flush(1);
    poll(0);
    poll(1);
    frames = 0;
    return fd;
}

static int connecting(void)
{
    const struct baro_endpoint to = { cable_address(ipv6, 1), { PORT } };
    int fd = baro_socket(side[0].stack, to.address.family, BARO_STREAM);

    assert_int_equal(baro_connect(side[0].stack, fd, &to), -EINPROGRESS);
    assert_int_equal(flush(0), 1);
    return fd;
}

static void say(unsigned end, int fd)
{
    assert_int_equal(baro_send(side[end].stack, fd, "x", 1, 0), 1);
}

static void hear(unsigned end, int fd, ptrdiff_t octets)
{
    uint8_t data[8];

    assert_int_equal(baro_recv(side[end].stack, fd, data, sizeof data, 0), octets);
}

static void answers_in_their_turns(int listener)
{
    int client = connecting(), server;

    poll(1);
    assert_int_equal(carry(1), 1); /* SYN+ACK */
    poll(0);
    assert_int_equal(carry(0), 0);
    say(0, client);
    assert_int_equal(flush(0), 1);
    poll(1);
    server = baro_accept(side[1].stack, listener, NULL);
    assert_true(server >= 0);
    hear(1, server, 1);
    say(1, server);
    assert_int_equal(flush(1), 1);
    poll(0);
    hear(0, client, 1);
    assert_int_equal(baro_close(side[0].stack, client), 0);
    assert_int_equal(flush(0), 1);
    poll(1);
    hear(1, server, 0);
    assert_int_equal(baro_close(side[1].stack, server), 0);
    assert_int_equal(flush(1), 1);
    poll(0);
    assert_int_equal(carry(0), 1); /* TIME-WAIT's, at once */
    poll(1);
    assert_false(wants_now(0) || wants_now(1));
}

static void each_world(void (*test)(void))
{
    for (unsigned kind = 0; kind < 4; kind++) {
        ipv6 = (kind & 1) != 0;
        now.ns = INT64_C(1000000000);
        create(0, (kind & 2) != 0);
        create(1, (kind & 2) != 0);
        test();
        release();
    }
}

static void seven(void)
{
    static const uint8_t expected[] = { SYN, SYN | ACK, PSH | ACK, PSH | ACK, FIN | ACK, FIN | ACK, ACK };
    struct baro_statistics statistics;

    answers_in_their_turns(listening());
    assert_int_equal(frames, sizeof expected);
    for (unsigned i = 0; i < sizeof expected; i++)
        assert_int_equal(flags[i] & (FIN | SYN | PSH | ACK), expected[i]);
    baro_stack_statistics(side[0].stack, &statistics);
    assert_int_equal(statistics.tcp_time_wait, 1);
    baro_stack_statistics(side[1].stack, &statistics);
    assert_int_equal(statistics.tcp_connections, 0);
}

static void a_short_connection_is_seven_frames(void **state)
{
    (void)state;
    each_world(seven);
}

/* `end` has heard something and says nothing: its next poll, at this instant, sends the ACK. */
static void acknowledges_alone(unsigned end)
{
    poll(end);
    assert_int_equal(carry(end), 0);
    assert_true(wants_now(end));
    poll(end);
    assert_int_equal(carry(end), 1);
    assert_int_equal(flags[frames - 1], ACK);
    assert_false(wants_now(end));
}

static void silent(void)
{
    int listener = listening(), client = connecting(), server;

    poll(1);
    assert_int_equal(carry(1), 1);
    acknowledges_alone(0); /* of SYN+ACK */
    poll(1);
    say(0, client);
    assert_int_equal(flush(0), 1);
    acknowledges_alone(1); /* of text: nobody has accepted yet */
    poll(0);
    server = baro_accept(side[1].stack, listener, NULL);
    hear(1, server, 1);
    say(1, server);
    assert_int_equal(flush(1), 1);
    acknowledges_alone(0); /* of text that nobody reads */
    hear(0, client, 1);
    assert_int_equal(baro_shutdown(side[0].stack, client, BARO_SHUT_WRITE), 0);
    assert_int_equal(flush(0), 1);
    acknowledges_alone(1); /* of a FIN, whose program never closes */
    poll(0);
    hear(1, server, 0);
    say(1, server); /* half closed */
    assert_int_equal(flush(1), 1);
    poll(0);
    hear(0, client, 1);
}

static void who_says_nothing_acknowledges_at_the_same_instant(void **state)
{
    (void)state;
    each_world(silent);
}

/* A flush is the end of the turn, whether there was anything to say or not. */
static void flushed(void)
{
    int client;

    listening();
    client = connecting();
    poll(1);
    carry(1);
    poll(0);
    assert_int_equal(flush(0), 1);
    assert_int_equal(flags[frames - 1], ACK);
    say(0, client);
    assert_int_equal(flush(0), 1);
    poll(1);
    assert_int_equal(flush(1), 1);
    assert_int_equal(flags[frames - 1], ACK);
    assert_false(wants_now(0) || wants_now(1));
}

static void a_flush_ends_the_turn(void **state)
{
    (void)state;
    each_world(flushed);
}

/* What the poll itself lets out carries the ACK, too: here a small piece that Nagle has held. */
static void let_out(void)
{
    int listener = listening(), client = connecting(), server;

    poll(1);
    carry(1);
    poll(0);
    say(0, client);
    flush(0);
    poll(1);
    server = baro_accept(side[1].stack, listener, NULL);
    say(1, server);
    assert_int_equal(flush(1), 1);
    say(1, server);
    assert_int_equal(flush(1), 0);
    poll(0);
    say(0, client);
    assert_int_equal(flush(0), 1);
    poll(1);
    assert_int_equal(carry(1), 1);
    assert_int_equal(flags[frames - 1], PSH | ACK);
    assert_false(wants_now(1) && flush(1) != 0);
    poll(0);
    say(0, client);
    flush(0);
    poll(1); /* nothing of the old one is in the way of this */
    assert_int_equal(flush(1), 1);
}

static void what_a_poll_lets_out_carries_it(void **state)
{
    (void)state;
    each_world(let_out);
}

/* Two programs of one host have the same turn: what they say to each other does not wait for it. */
static void inside(void)
{
    const struct baro_endpoint to = { ipv6 ? baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1) : baro_ipv4(127, 0, 0, 1), { 90 } };
    int listener = baro_socket(side[0].stack, to.address.family, BARO_STREAM), client;

    assert_int_equal(baro_bind(side[0].stack, listener, &to), 0);
    assert_int_equal(baro_listen(side[0].stack, listener, 4), 0);
    client = baro_socket(side[0].stack, to.address.family, BARO_STREAM);
    assert_int_equal(baro_connect(side[0].stack, client, &to), -EINPROGRESS);
    poll(0);
    assert_true(baro_accept(side[0].stack, listener, NULL) >= 0);
    assert_false(wants_now(0));
}

static void the_loopback_waits_for_nobody(void **state)
{
    (void)state;
    each_world(inside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_connection_is_seven_frames),
        cmocka_unit_test(who_says_nothing_acknowledges_at_the_same_instant),
        cmocka_unit_test(a_flush_ends_the_turn),
        cmocka_unit_test(what_a_poll_lets_out_carries_it),
        cmocka_unit_test(the_loopback_waits_for_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
