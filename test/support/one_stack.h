/* test/support/one_stack.h: one stack with its loopback and a device, and short words for its socket calls.
 * Each test has its own copy.
 * Included after cmocka.h. */
#ifndef TEST_ONE_STACK_H
#define TEST_ONE_STACK_H

#include <errno.h>

#include "baro/socket.h"
#include "support/frame_device.h"

#define ONE_STACK_TEST(name) cmocka_unit_test_setup_teardown(name, one_stack_setup, one_stack_teardown)
#define ONE_STACK_SMALL(name) cmocka_unit_test_setup_teardown(name, one_stack_setup_small, one_stack_teardown)

#define TEST_HELPER static __attribute__((unused))

static struct test_memory memory;
static struct frame_device one_device;
static struct baro_stack *stack;
static struct baro_instant now;
static struct baro_trace_event events[4096];
static unsigned event_count;

static void on_event(void *context, const struct baro_trace_event *event)
{
    (void)context;
    if (event_count < 4096)
        events[event_count++] = *event;
}

/* The last one of a kind, or NULL. */
TEST_HELPER const struct baro_trace_event *last_event(enum baro_trace_kind kind)
{
    for (unsigned i = event_count; i-- > 0;)
        if (events[i].kind == kind)
            return &events[i];
    return NULL;
}

TEST_HELPER const struct baro_trace_event *first_event(enum baro_trace_kind kind)
{
    for (unsigned i = 0; i < event_count; i++)
        if (events[i].kind == kind)
            return &events[i];
    return NULL;
}

static int setup_with(uint32_t descriptor_limit)
{
    struct baro_stack_config config = { .seed = { 3 }, .descriptor_limit = descriptor_limit };

    memory = (struct test_memory){ 0 };
    config.memory = test_memory(&memory);
    now.ns = 1000000000;
    config.now = now;
    stack = baro_stack_create(&config);
    assert_non_null(stack);
    frame_device_init(&one_device, 1, 1500);
    assert_int_equal(baro_stack_add_interface(stack, &one_device.device), 1);
    assert_int_equal(baro_stack_add_address(stack, 1, baro_ipv4(10, 0, 0, 1), 24, false), 0);
    return 0;
}

TEST_HELPER int one_stack_setup(void **state)
{
    (void)state;
    return setup_with(0);
}

TEST_HELPER int one_stack_setup_small(void **state)
{
    (void)state;
    return setup_with(3);
}

TEST_HELPER int one_stack_teardown(void **state)
{
    (void)state;
    baro_stack_check_invariants(stack);
    baro_stack_free(stack);
    frame_device_release(&one_device);
    assert_int_equal(memory.bytes, 0);
    event_count = 0;
    return 0;
}

/* Lets `ms` of time pass, in steps of one. */
TEST_HELPER void pass(int ms)
{
    for (int i = 0; i <= ms; i++) {
        baro_stack_poll(stack, now);
        baro_stack_check_invariants(stack);
        now.ns += i < ms ? 1000000 : 0;
    }
}

TEST_HELPER struct baro_endpoint to(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
    return (struct baro_endpoint){ baro_ipv4(a, b, c, d), { port } };
}

TEST_HELPER struct baro_endpoint loopback(uint16_t port)
{
    return to(127, 0, 0, 1, port);
}

TEST_HELPER struct baro_endpoint any(uint16_t port)
{
    return (struct baro_endpoint){ .port = { port } };
}

TEST_HELPER int stream(void)
{
    int fd = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);
    assert_true(fd >= 0);
    return fd;
}

TEST_HELPER int datagram(void)
{
    int fd = baro_socket(stack, BARO_FAMILY_IPV4, BARO_DATAGRAM);
    assert_true(fd >= 0);
    return fd;
}

/* The value, or -errno. */
TEST_HELPER int get_int(int fd, enum baro_option option)
{
    int value = -12345;
    size_t length = sizeof value;
    int error = baro_getsockopt(stack, fd, option, &value, &length);
    return error != 0 ? error : value;
}

TEST_HELPER int set_int(int fd, enum baro_option option, int value)
{
    return baro_setsockopt(stack, fd, option, &value, sizeof value);
}

TEST_HELPER int bind_to(int fd, struct baro_endpoint local)
{
    return baro_bind(stack, fd, &local);
}

TEST_HELPER int connect_to(int fd, struct baro_endpoint peer)
{
    return baro_connect(stack, fd, &peer);
}

/* A stream that listens on `port`. */
TEST_HELPER int listener(uint16_t port)
{
    int fd = stream();
    assert_int_equal(bind_to(fd, any(port)), 0);
    assert_int_equal(baro_listen(stack, fd, 5), 0);
    return fd;
}

/* A pair of connected descriptors, through `listening`. */
TEST_HELPER void connected(int listening, uint16_t port, int *client, int *server)
{
    *client = stream();
    assert_int_equal(connect_to(*client, loopback(port)), -EINPROGRESS);
    pass(5);
    *server = baro_accept(stack, listening, NULL);
    assert_true(*server >= 0);
    assert_int_equal(connect_to(*client, loopback(port)), 0);
    assert_int_equal(connect_to(*client, loopback(port)), -EISCONN);
}

/* The same with buffers of so many octets at their places, 0: as they come. */
struct ends {
    int client, server;
};
TEST_HELPER struct ends open_ends(int send_octets, int recv_octets)
{
    struct ends ends = { .client = stream() };
    int listening = listener(80);

    if (send_octets != 0)
        set_int(ends.client, BARO_SO_SEND_BUFFER, send_octets);
    if (recv_octets != 0)
        set_int(listening, BARO_SO_RECV_BUFFER, recv_octets);
    assert_int_equal(connect_to(ends.client, loopback(80)), -EINPROGRESS);
    pass(5);
    ends.server = baro_accept(stack, listening, NULL);
    assert_true(ends.server >= 0);
    return ends;
}

/* Of a stream's octet at `offset`. */
TEST_HELPER uint8_t octet_at(uint64_t offset)
{
    return (uint8_t)(offset * 31 + offset / 251);
}

/* Empties the queue of readiness; did `fd` stand in it with all of `wanted`? */
TEST_HELPER bool is_ready(int fd, unsigned wanted)
{
    struct baro_ready ready;
    bool found = false;

    while (baro_next_ready(stack, &ready))
        found = found || (ready.fd == fd && (ready.events & wanted) == wanted);
    return found;
}

/* Keeps trace events from now on. */
TEST_HELPER void trace_on(void)
{
    baro_stack_set_trace(stack, (struct baro_trace_sink){ NULL, on_event }, 7);
}

TEST_HELPER unsigned traced(void)
{
    return event_count;
}

TEST_HELPER const struct baro_trace_event *traced_event(unsigned index)
{
    return &events[index];
}

#endif
