/* Two stacks on a cable that talk TCP, or UDP in one direction: forward progress of TCP confirms the neighbour (RFC
 * 4861 §7.3.1), so that it need not be asked; what nobody answers says nothing, and it is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "baro/socket.h"
#include "baro/stack.h"
#include "support/frame_device.h"

static struct test_memory memory[2];
static struct frame_device device[2];
static struct baro_stack *stack[2];
static struct baro_instant now;

static struct baro_address address(unsigned side)
{
    return baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, (uint16_t)(side + 1));
}

static int start(void **state)
{
    (void)state;
    now.ns = 0;
    for (unsigned i = 0; i < 2; i++) {
        struct baro_stack_config config = { .seed = { (uint8_t)(i + 1) } };

        memory[i] = (struct test_memory){ 0 };
        config.memory = test_memory(&memory[i]);
        frame_device_init(&device[i], (uint8_t)(i + 1), 1500);
        stack[i] = baro_stack_create(&config);
        assert_int_equal(baro_stack_add_interface(stack[i], &device[i].device), 1);
        assert_int_equal(baro_stack_add_address(stack[i], 1, address(i), 64, false), 0);
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        baro_stack_check_invariants(stack[i]);
        baro_stack_free(stack[i]);
        frame_device_release(&device[i]);
        assert_int_equal(memory[i].slabs, 0);
    }
    return 0;
}

/* Time passes in tenths of a second. */
static void pass(unsigned tenths)
{
    for (unsigned i = 0; i < tenths; i++) {
        now.ns += 100000000;
        for (unsigned turn = 0; turn < 8; turn++) {
            baro_stack_poll(stack[0], now);
            baro_stack_poll(stack[1], now);
            frame_device_carry(&device[0], &device[1]);
            frame_device_carry(&device[1], &device[0]);
        }
    }
}

static uint64_t solicited(unsigned side)
{
    struct baro_statistics statistics;

    baro_stack_statistics(stack[side], &statistics);
    return statistics.nd_out;
}

/* A connection from side 0 to side 1; *accepted is the other end. */
static int connection_to(uint16_t port, int *accepted)
{
    const struct baro_endpoint server = { address(1), { port } };
    int listener = baro_socket(stack[1], BARO_FAMILY_IPV6, BARO_STREAM);
    int fd = baro_socket(stack[0], BARO_FAMILY_IPV6, BARO_STREAM);

    assert_int_equal(baro_bind(stack[1], listener, &server), 0);
    assert_int_equal(baro_listen(stack[1], listener, 1), 0);
    (void)baro_connect(stack[0], fd, &server);
    pass(10);
    *accepted = baro_accept(stack[1], listener, NULL);
    assert_true(*accepted >= 0);
    return fd;
}

static int connection(int *accepted)
{
    return connection_to(7, accepted);
}

/* One side sends, the other acknowledges: both hear that they are heard. */
static void tcp_that_makes_progress_asks_nobody(void **state)
{
    uint64_t before[2];
    char octet;
    int accepted, fd = connection(&accepted);

    (void)state;
    pass(100); /* the entry that came of the other's question is confirmed by the first talk */
    before[0] = solicited(0);
    before[1] = solicited(1);
    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(baro_send(stack[0], fd, "x", 1, 0), 1);
        pass(10);
        assert_int_equal(baro_recv(stack[1], accepted, &octet, 1, 0), 1);
    }
    assert_int_equal(solicited(0), before[0]);
    assert_int_equal(solicited(1), before[1]);
}

/* The ACK of our SYN counts too: the next segment, whatever becomes of it, goes to a neighbour that is known to be
 * there. */
static void an_accepted_syn_is_progress(void **state)
{
    uint64_t before;
    int accepted;

    (void)state;
    (void)connection(&accepted);
    before = solicited(1);
    assert_int_equal(baro_send(stack[1], accepted, "x", 1, 0), 1);
    pass(80); /* without it the five seconds of delay would be over, and it would ask */
    assert_int_equal(solicited(1), before);
    assert_int_equal(baro_close(stack[1], accepted), 0);
    pass(5000); /* the trust is over */
    before = solicited(0);
    (void)connection_to(8, &accepted);
    pass(80); /* the last segment of the dialogue says that the SYN arrived: it answers the other and asks nothing */
    assert_int_equal(solicited(0), before + 1);
}

/* Datagrams in one direction prove nothing. */
static void datagrams_prove_nothing(void **state)
{
    const struct baro_endpoint peer = { address(1), { 9 } };
    int fd = baro_socket(stack[0], BARO_FAMILY_IPV6, BARO_DATAGRAM),
        sink = baro_socket(stack[1], BARO_FAMILY_IPV6, BARO_DATAGRAM);
    uint64_t before;

    (void)state;
    assert_int_equal(baro_bind(stack[1], sink, &peer), 0);
    pass(1);
    before = solicited(0);
    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(baro_sendto(stack[0], fd, "x", 1, 0, &peer), 1);
        pass(10);
    }
    assert_in_range(solicited(0) - before, 5, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tcp_that_makes_progress_asks_nobody, start, end),
        cmocka_unit_test_setup_teardown(an_accepted_syn_is_progress, start, end),
        cmocka_unit_test_setup_teardown(datagrams_prove_nothing, start, end)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
