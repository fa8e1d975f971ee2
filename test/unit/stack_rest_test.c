/* Connections rest and wake: by each state that may, by segments, calls and ends, and where budget or memory have no
 * room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "stack.h"
#include "transport/tcp/rest.h"
#include "user/user_private.h"
#include "unit/resting.h" /* behind them: it has a `now` */

static void say(int from, int heard_by, const char *text)
{
    char got[64];
    size_t length = strlen(text);

    assert_int_equal(baro_send(stack, from, text, length, 0), length);
    pass(2);
    assert_int_equal(baro_recv(stack, heard_by, got, sizeof got, 0), length);
    assert_memory_equal(got, text, length);
}

static struct baro_tcp_info info_of(int fd)
{
    struct baro_tcp_info info;
    size_t length = sizeof info;

    assert_int_equal(baro_getsockopt(stack, fd, BARO_TCP_INFO, &info, &length), 0);
    info.last_ack_recv.ns = info.last_data_recv.ns = info.last_data_sent.ns = 0; /* time passes */
    return info;
}

static void they_rest_and_speak_again(void **state)
{
    struct baro_endpoint local, peer;
    struct baro_tcp_info before;
    uint64_t charged;
    char octet;

    (void)state;
    pair_on(loopback(80));
    idle(1);
    assert_int_equal(counters()->tcp_resting, 0); /* that may be between a question and its answer */
    say(client, server, "hello");
    idle(9);
    assert_int_equal(counters()->tcp_resting, 2);
    assert_int_equal(counters()->tcp_connections, 2);
    charged = counters()->buffer_bytes;
    assert_int_equal(charged, 0);
    before = info_of(client);
    assert_int_equal(before.bytes_acked, 5);
    assert_int_equal(before.state, BARO_TCP_ESTABLISHED);
    assert_int_equal(baro_poll(stack, client), BARO_EVENT_OUT); /* who asks wakes nobody */
    assert_int_equal(baro_readable_bytes(stack, client), 0);
    assert_true(baro_writable_bytes(stack, client) > 1000);
    assert_int_equal(baro_recv(stack, client, &octet, 1, 0), -EAGAIN);
    assert_int_equal(baro_recv(stack, client, &octet, 1, BARO_MSG_OOB), -EINVAL);
    assert_int_equal(get_int(client, BARO_SO_ERROR), 0);
    assert_int_equal(baro_getsockname(stack, client, &local), 0);
    assert_int_equal(baro_getpeername(stack, server, &peer), 0);
    assert_true(endpoint_equal(local, peer));
    assert_int_equal(counters()->tcp_resting, 2);
    assert_int_equal(set_int(client, BARO_TCP_NODELAY, 1), 0); /* who changes something wakes one */
    assert_int_equal(counters()->tcp_resting, 1);
    assert_int_equal(get_int(client, BARO_TCP_NODELAY), 1);
    idle(9);
    assert_int_equal(get_int(client, BARO_TCP_NODELAY), 1);
    assert_int_equal(counters()->tcp_resting, 2);
    struct baro_tcp_info after = info_of(client);
    assert_memory_equal(&before, &after, sizeof before);
    say(server, client, "good morning");
    say(client, server, "to you too");
    assert_int_equal(counters()->tcp_resting, 0);
    assert_int_equal(counters()->tcp_woken, 3);
}

/* Octets of one stream each way, in each half closed state, with rests between. */
static void half_closed_they_rest_too(void **state)
{
    char octet;

    (void)state;
    pair_on(loopback(80));
    say(client, server, "request");
    assert_int_equal(baro_shutdown(stack, client, BARO_SHUT_WRITE), 0);
    pass(50);
    assert_int_equal(baro_recv(stack, server, &octet, 1, 0), 0);
    idle(10);
    assert_int_equal(counters()->tcp_resting, 2);
    assert_int_equal(info_of(client).state, BARO_TCP_FIN_WAIT_2);
    assert_int_equal(info_of(server).state, BARO_TCP_CLOSE_WAIT);
    assert_int_equal(baro_recv(stack, server, &octet, 1, 0), 0);
    assert_int_equal(baro_poll(stack, server), BARO_EVENT_IN | BARO_EVENT_OUT | BARO_EVENT_READ_HANGUP);
    assert_int_equal(baro_send(stack, client, "x", 1, 0), -EPIPE);
    idle(10);
    say(server, client, "answer");
    idle(10);
    assert_int_equal(counters()->tcp_resting, 2);
    assert_int_equal(baro_close(stack, server), 0);
    pass(50);
    assert_int_equal(counters()->tcp_resting, 0);
    assert_int_equal(counters()->tcp_time_wait, 1);
    assert_int_equal(baro_recv(stack, client, &octet, 1, 0), 0);
    assert_int_equal(baro_close(stack, client), 0);
}

static void a_reset_wakes(void **state)
{
    struct baro_linger linger = { .on = true };
    char octet;

    (void)state;
    pair_on(loopback(80));
    assert_int_equal(baro_setsockopt(stack, client, BARO_SO_LINGER, &linger, sizeof linger), 0);
    idle(10);
    assert_int_equal(counters()->tcp_resting, 2);
    assert_int_equal(baro_close(stack, client), 0);
    pass(2);
    assert_int_equal(baro_recv(stack, server, &octet, 1, 0), -ECONNRESET);
    assert_int_equal(counters()->tcp_connections, 0);
}

static void a_close_wakes(void **state)
{
    char octet;

    (void)state;
    pair_on(loopback(80));
    idle(10);
    assert_int_equal(baro_shutdown(stack, server, BARO_SHUT_WRITE), 0);
    assert_int_equal(baro_close(stack, client), 0);
    pass(50);
    assert_int_equal(baro_recv(stack, server, &octet, 1, 0), 0);
    assert_int_equal(baro_close(stack, server), 0);
    pass(50);
    assert_int_equal(counters()->tcp_connections, 0);
    assert_int_equal(counters()->tcp_resting, 0);
}

static void an_address_goes(void **state)
{
    char octet;

    (void)state;
    pair_on(to(10, 0, 0, 1, 80));
    idle(10);
    assert_int_equal(counters()->tcp_resting, 2);
    assert_int_equal(baro_stack_remove_address(stack, 1, baro_ipv4(10, 0, 0, 1)), 0);
    assert_int_equal(counters()->tcp_resting, 0);
    assert_int_equal(baro_recv(stack, client, &octet, 1, 0), -ECONNABORTED);
    assert_int_equal(baro_recv(stack, server, &octet, 1, 0), -ECONNABORTED);
}

/* A port is held by who rests on it, and another connection on the same ends is not possible. */
static void they_keep_their_ports(void **state)
{
    struct baro_endpoint local;
    int other;

    (void)state;
    pair_on(loopback(80));
    assert_int_equal(baro_getsockname(stack, client, &local), 0);
    idle(10);
    other = stream();
    assert_int_equal(bind_to(other, local), -EADDRINUSE);
    assert_int_equal(set_int(other, BARO_SO_REUSE_ADDRESS, 1), 0);
    assert_int_equal(bind_to(other, local), 0);
    assert_int_equal(connect_to(other, loopback(80)), -EADDRINUSE);
}

/* Their promise is given back, and where others have taken it all, they go on resting until there is some again. */
static void where_the_budget_is_used_up(void **state)
{
    struct baro_stack_config config = {
        .seed = { 3 }, .memory = test_memory(&memory), .now = now, .memory_limit = 6 * (65536 + 2048)
    };
    int resting[2], more[2];

    (void)state;
    baro_stack_free(stack);
    stack = baro_stack_create(&config);
    assert_non_null(stack);
    pair_on(loopback(80));
    resting[0] = client;
    resting[1] = server;
    idle(10);
    pair_on(loopback(81));
    more[0] = client;
    more[1] = server;
    pair_on(loopback(82));
    assert_int_equal(counters()->tcp_resting, 2);
    pair_on(loopback(83));
    assert_int_equal(baro_send(stack, resting[0], "x", 1, 0), -EAGAIN);
    assert_int_equal(baro_shutdown(stack, resting[0], BARO_SHUT_WRITE), -ENOBUFS);
    assert_int_equal(set_int(resting[0], BARO_TCP_NODELAY, 1), -ENOBUFS);
    assert_int_equal(get_int(resting[0], BARO_TCP_NODELAY), 0);
    assert_int_equal(baro_close(stack, more[0]), 0); /* the promise of one */
    assert_int_equal(baro_close(stack, more[1]), 0);
    pass(50);
    say(resting[0], resting[1], "x");
}

/* More rest than the budget has promises for: all have one end, all are told of it. */
static void all_hear_that_their_address_goes(void **state)
{
    struct baro_stack_config config = {
        .seed = { 3 }, .memory = test_memory(&memory), .now = now, .memory_limit = 6 * (16384 + 2048)
    };
    struct baro_ready ready;
    unsigned told = 0;
    int fd[20];
    char octet;

    (void)state;
    baro_stack_free(stack);
    stack = baro_stack_create(&config);
    assert_int_equal(baro_stack_add_interface(stack, &one_device.device), 1);
    assert_int_equal(baro_stack_add_address(stack, 1, baro_ipv4(10, 0, 0, 1), 24, false), 0);
    for (unsigned i = 0; i < 20; i += 2) {
        pair_on(to(10, 0, 0, 1, (uint16_t)(80 + i)));
        fd[i] = client;
        fd[i + 1] = server;
        idle(10);
    }
    assert_int_equal(counters()->tcp_resting, 20);
    forget_readiness();
    assert_int_equal(baro_stack_remove_address(stack, 1, baro_ipv4(10, 0, 0, 1)), 0);
    baro_stack_check_invariants(stack);
    assert_int_equal(counters()->tcp_connections, 0);
    for (; baro_next_ready(stack, &ready); told++)
        assert_true((ready.events & BARO_EVENT_ERROR) != 0);
    assert_int_equal(told, 20);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(info_of(fd[i]).state, BARO_TCP_CLOSED);
        assert_int_equal(baro_recv(stack, fd[i], &octet, 1, 0), -ECONNABORTED);
        assert_int_equal(baro_recv(stack, fd[i], &octet, 1, 0), 0);
        assert_int_equal(baro_send(stack, fd[i], "x", 1, 0), -EPIPE);
        assert_int_equal(baro_close(stack, fd[i]), 0);
    }
    assert_int_equal(counters()->buffer_bytes, 0);
}

/* Who closes where the budget has no promise left cannot end it with a FIN and hear what comes: the peer is told by a
 * RST, and where it rests without a promise, too, hears that all the same: it would not come again. */
static void the_peer_hears_of_a_close_without_budget(void **state)
{
    const size_t budget = stack->core.slabs.limit;
    char octet;

    (void)state;
    pair_on(loopback(80));
    idle(10);
    assert_int_equal(counters()->tcp_resting, 2);
    stack->core.slabs.limit = 0;
    assert_int_equal(baro_close(stack, client), 0);
    assert_int_equal(counters()->tcp_resets_out, 1);
    pass(1);
    stack->core.slabs.limit = budget;
    assert_int_equal(info_of(server).state, BARO_TCP_CLOSED);
    assert_int_equal(baro_recv(stack, server, &octet, 1, 0), -ECONNRESET);
    assert_int_equal(counters()->tcp_connections, 0);
}

static struct handle handle_of(int fd)
{
    return user_stream(stack->user, fd);
}

/* Without memory for all of it nobody wakes half. */
static void it_wakes_whole_or_not_at_all(void **state)
{
    const uint32_t limit = stack->tcp->flows.limit;
    const size_t budget = stack->core.slabs.limit;
    uint32_t flows;
    struct tcp_sleeper sleeper;
    struct validation before;

    (void)state;
    pair_on(loopback(80));
    say(client, server, "hello");
    idle(10);
    assert_int_equal(counters()->tcp_resting, 2);
    before = tcp_look(stack->tcp, handle_of(client), &sleeper)->flow->validation;
    assert_true(before.half_ns != 0);
    flows = stack->tcp->flows.used;
    stack->tcp->flows.limit = 0;
    assert_int_equal(set_int(client, BARO_TCP_NODELAY, 1), -ENOBUFS);
    assert_int_equal(counters()->tcp_resting, 2);
    assert_int_equal(counters()->buffer_bytes, 0);
    stack->tcp->flows.limit = limit;
    /* nor without a promise, and what it had taken it gives back */
    stack->core.slabs.limit = stack->core.slabs.charged;
    assert_int_equal(set_int(client, BARO_TCP_NODELAY, 1), -ENOBUFS);
    assert_int_equal(stack->tcp->flows.used, flows);
    stack->core.slabs.limit = budget;
    assert_int_equal(set_int(client, BARO_TCP_NODELAY, 1), 0);
    assert_int_equal(counters()->tcp_resting, 1);
    assert_memory_equal(&tcp_resolve(stack->tcp, handle_of(client))->flow->validation, &before, sizeof before);
}

static void who_found_no_memory_rests_later(void **state)
{
    (void)state;
    pair_on(loopback(80));
    say(client, server, "hello");
    memory.fail_after = memory.takes;
    idle(10);
    assert_int_equal(counters()->tcp_resting, 0);
    memory.fail_after = 0;
    idle(60);
    assert_int_equal(counters()->tcp_resting, 2);
}

/* Much has happened to it, so its record is long. */
static void a_long_life_rests_too(void **state)
{
    uint8_t record[REST_OCTETS_MOST];
    struct rest_expected expected;
    struct tcp_sleeper sleeper;
    struct tcp_connection *c;

    (void)state;
    pair_on(loopback(80));
    say(client, server, "hello");
    c = tcp_resolve(stack->tcp, handle_of(client));
    c->segments_in = c->segments_out = c->data_in = c->data_out = c->counts.retransmits = c->timeouts = UINT32_MAX;
    c->counts.duplicates = c->counts.reordered = c->counts.out_of_order = c->burst.uneven = UINT32_MAX;
    c->counts.again = UINT64_MAX;
    c->challenge_at_ns = c->blind_at_ns = 1;
    for (size_t i = 0; i < sizeof c->congestion.of.word / sizeof c->congestion.of.word[0]; i++)
        c->congestion.of.word[i] = UINT32_MAX;
    c->flow->validation.again = UINT64_MAX;
    c->flow->validation.used = c->flow->validation.older = UINT32_MAX;
    c->flow->validation.since_ns = INT64_MAX / 2;
    c->ecn.window = c->blackhole.again_at_s = UINT32_MAX;
    c->rack.dsack_end.value = c->tail.end.value = c->ecn.end.value = 0x40000000; /* far from what is expected */
    c->settings.user_timeout_ms = c->settings.keepalive_idle_ms = UINT32_MAX;
    c->settings.max_pacing_rate = UINT64_MAX;
    rest_expected_init(&expected, stack->tcp);
    assert_in_range(rest_encode(&expected, c, record), 260, BLOCK_MOST);
    idle(10);
    assert_int_equal(counters()->tcp_resting, 2);
    assert_true(tcp_look(stack->tcp, handle_of(client), &sleeper)->counts.again == UINT64_MAX);
    assert_int_equal(sleeper.c.timeouts, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_STACK_TEST(they_rest_and_speak_again),
        ONE_STACK_TEST(half_closed_they_rest_too),
        ONE_STACK_TEST(a_reset_wakes),
        ONE_STACK_TEST(a_close_wakes),
        ONE_STACK_TEST(an_address_goes),
        ONE_STACK_TEST(they_keep_their_ports),
        ONE_STACK_TEST(where_the_budget_is_used_up),
        ONE_STACK_TEST(all_hear_that_their_address_goes),
        ONE_STACK_TEST(the_peer_hears_of_a_close_without_budget),
        ONE_STACK_TEST(it_wakes_whole_or_not_at_all),
        ONE_STACK_TEST(who_found_no_memory_rests_later),
        ONE_STACK_TEST(a_long_life_rests_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
