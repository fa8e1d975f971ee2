/* Frames that stay borrowed while their text waits for the program's turn (transport/tcp/borrowed.c): when they go
 * back, what a peek points at, what becomes of connections that end meanwhile, and that who reads later is not made to
 * pay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "baro/socket.h"
#include "base/bytes.h"
#include "codec/tcp.h"
#include "stack.h"
#include "support/cable.h"
#include "support/twice.h"
#include "transport/tcp/connection.h"

enum { PORT = 80, TEXT = 1000 };

static struct test_memory memory[2];
static struct frame_device device[2];
static struct baro_stack *stack[2];
static struct baro_instant now;
static int client, server;
static uint8_t data[65536];

static uint8_t octet_at(size_t offset)
{
    return (uint8_t)(offset * 7 + offset / 256);
}

static void are_from(const uint8_t *octets, size_t length, size_t offset)
{
    for (size_t i = 0; i < length; i++)
        assert_int_equal(octets[i], octet_at(offset + i));
}

/* What `from` has to say is with the other, which has not looked. */
static void carry(unsigned from)
{
    baro_stack_flush(stack[from]);
    frame_device_carry(&device[from], &device[1 - from]);
}

static void poll(unsigned end)
{
    now.ns += 1000;
    baro_stack_poll(stack[end], now);
    baro_stack_check_invariants(stack[end]);
}

/* `count` segments of TEXT octets are on the wire as one burst; the first octet is the one at `offset`. */
static void segments_leave(unsigned count, size_t offset)
{
    for (size_t i = 0; i < (size_t)count * TEXT; i++)
        data[i] = octet_at(offset + i);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(baro_send(stack[0], client, data + i * TEXT, TEXT, 0), TEXT);
        baro_stack_flush(stack[0]);
    }
    frame_device_carry(&device[0], &device[1]);
    assert_int_equal(device[1].in_count - device[1].in_borrowed, count);
}

static void segments_come(unsigned count, size_t offset)
{
    segments_leave(count, offset);
    poll(1);
}

static void all_is_acknowledged(void)
{
    for (int i = 0; i < 4; i++) {
        carry(1);
        now.ns += 50000000;
        poll(0);
        carry(0);
        poll(1);
    }
    baro_stack_flush(stack[1]);
}

static int set_up(void **state)
{
    const struct baro_endpoint to = { cable_address(false, 1), { PORT } };
    const int nodelay = 1;
    int listener;

    (void)state;
    now.ns = 1000000000;
    for (unsigned end = 0; end < 2; end++) {
        struct baro_stack_config config = { .now = now, .seed = { (uint8_t)(1 + end) } };

        memory[end] = (struct test_memory){ 0 };
        config.memory = test_memory(&memory[end]);
        frame_device_init(&device[end], (uint8_t)(1 + end), 1500);
        stack[end] = cable_stack(&config, false, end, &device[end]);
        cable_knows(stack[end], false, end);
    }
    listener = baro_socket(stack[1], BARO_FAMILY_IPV4, BARO_STREAM);
    assert_int_equal(baro_bind(stack[1], listener, &to), 0);
    assert_int_equal(baro_listen(stack[1], listener, 1), 0);
    client = baro_socket(stack[0], BARO_FAMILY_IPV4, BARO_STREAM);
    baro_setsockopt(stack[0], client, BARO_TCP_NODELAY, &nodelay, sizeof nodelay);
    baro_connect(stack[0], client, &to);
    all_is_acknowledged();
    server = baro_accept(stack[1], listener, NULL);
    assert_true(server >= 0);
    all_is_acknowledged();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned end = 0; end < 2; end++)
        cable_end(stack[end], &device[end], &memory[end]);
    return 0;
}

static bool asks_now(void)
{
    struct baro_instant deadline;

    return baro_stack_next_deadline(stack[1], &deadline) && deadline.ns <= now.ns;
}

static void frames_that_are_read_go_back_at_once(void **state)
{
    (void)state;
    /* A young connection's ACKs wait for the same turn, and those behind a delay in vain: ack_turn.c. The next one does
     * not. */
    for (int i = 0; i < TCP_QUICK_ACKS + 4 * (1 + TCP_ALONE_ACKS); i++) {
        segments_come(1, 0);
        assert_int_equal(baro_recv(stack[1], server, data, sizeof data, 0), TEXT);
        all_is_acknowledged();
    }
    segments_come(2, 0);
    assert_int_equal(device[1].in_borrowed, 2);
    assert_int_equal(baro_readable_bytes(stack[1], server), 2 * TEXT);
    assert_true(asks_now()); /* or they might stay for ever */
    assert_int_equal(baro_recv(stack[1], server, data, 2 * TEXT - 1, 0), 2 * TEXT - 1);
    assert_int_equal(device[1].in_borrowed, 2);
    assert_int_equal(baro_recv(stack[1], server, data + 2 * TEXT - 1, 100, 0), 1);
    assert_int_equal(device[1].in_borrowed, 0);
    assert_false(asks_now());
    are_from(data, 2 * TEXT, 0);
    assert_int_equal(baro_recv(stack[1], server, data, 100, 0), -EAGAIN);
}

static void the_flush_takes_what_is_left(void **state)
{
    (void)state;
    segments_come(2, 0);
    assert_int_equal(baro_recv(stack[1], server, data, 300, 0), 300);
    are_from(data, 300, 0);
    baro_stack_flush(stack[1]);
    assert_int_equal(device[1].in_borrowed, 0);
    assert_int_equal(baro_recv(stack[1], server, data, sizeof data, 0), 2 * TEXT - 300);
    are_from(data, 2 * TEXT - 300, 300);
}

/* Without a flush the next poll does, whether it brings frames or not. */
static void so_does_the_next_poll(void **state)
{
    (void)state;
    segments_come(1, 0);
    assert_int_equal(device[1].in_borrowed, 1);
    poll(1);
    assert_int_equal(device[1].in_borrowed, 0);
    stack[1]->tcp->borrowed.pause = 0;
    segments_come(1, TEXT);
    assert_int_equal(device[1].in_borrowed, 1);
    segments_come(1, 2 * TEXT);
    stack[1]->tcp->borrowed.pause = 0;
    segments_come(1, 3 * TEXT);
    assert_int_equal(device[1].in_borrowed, 1);
    assert_int_equal(baro_recv(stack[1], server, data, sizeof data, 0), 4 * TEXT); /* the ring's, and the frame's */
    are_from(data, 4 * TEXT, 0);
}

static bool is_in_a_frame(const uint8_t *octet)
{
    for (unsigned i = 0; i < device[1].in_borrowed; i++) {
        const struct device_frame *frame = &device[1].in[(device[1].in_first + i) % FRAME_DEVICE_FRAMES];

        if (octet >= frame->data && octet < frame->data + frame->length)
            return true;
    }
    return false;
}

static void a_peek_points_into_the_frame(void **state)
{
    struct baro_bytes part[2];

    (void)state;
    segments_come(2, 0);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(baro_recv_peek(stack[1], server, part), 2 * TEXT);
        assert_int_equal(part[0].length, TEXT);
        assert_true(is_in_a_frame(part[0].data) && is_in_a_frame(part[1].data));
        are_from(part[0].data, part[0].length, 0);
        are_from(part[1].data, part[1].length, part[0].length);
    }
    assert_int_equal(baro_recv_consume(stack[1], server, TEXT + 1), TEXT + 1);
    assert_int_equal(baro_recv_peek(stack[1], server, part), TEXT - 1);
    assert_true(is_in_a_frame(part[0].data) && part[1].length == 0);
    are_from(part[0].data, TEXT - 1, TEXT + 1);
    baro_stack_flush(stack[1]);
    assert_int_equal(baro_recv_peek(stack[1], server, part), TEXT - 1); /* they stay until they are consumed */
    are_from(part[0].data, part[0].length, TEXT + 1);
    assert_int_equal(baro_recv_consume(stack[1], server, TEXT - 1), TEXT - 1);
}

/* A peek gives all that is there, so three frames are no longer three. */
static void all_there_is_in_two_parts(void **state)
{
    struct baro_bytes part[2];

    (void)state;
    segments_come(3, 0);
    assert_int_equal(baro_recv_peek(stack[1], server, part), 3 * TEXT);
    assert_int_equal(part[0].length + part[1].length, 3 * TEXT);
    assert_false(is_in_a_frame(part[0].data));
    are_from(part[0].data, part[0].length, 0);
    are_from(part[1].data, part[1].length, part[0].length);
    assert_int_equal(baro_recv_consume(stack[1], server, 3 * TEXT), 3 * TEXT);
    assert_int_equal(device[1].in_borrowed, 0);
}

/* The place of a connection that ended with something held may be another's when the frames go. */
static void of_who_ended_nothing_is_copied(void **state)
{
    const struct baro_endpoint to = { cable_address(false, 0), { 7 } };

    (void)state;
    segments_come(3, 0);
    assert_int_equal(baro_close(stack[1], server), 0); /* unread: a reset */
    server = baro_socket(stack[1], BARO_FAMILY_IPV4, BARO_STREAM);
    assert_int_equal(baro_connect(stack[1], server, &to), -EINPROGRESS);
    baro_stack_check_invariants(stack[1]);
    assert_int_equal(device[1].in_borrowed, 3);
    carry(1);
    assert_int_equal(device[1].in_borrowed, 0);
    poll(0);
    assert_int_equal(baro_recv(stack[0], client, data, sizeof data, 0), -ECONNRESET);
    all_is_acknowledged();
}

/* Memory of places goes: nobody looks any more at that of who ended, and what others have to read stays in its
 * frames. */
static void memory_goes_while_text_is_held(void **state)
{
    struct tcp *tcp = stack[1]->tcp;

    (void)state;
    segments_come(3, 0);
    tcp_forget_places(tcp);
    assert_int_equal(tcp->borrowed.count, 3);
    assert_int_equal(device[1].in_borrowed, 3);
    baro_stack_check_invariants(stack[1]);
    assert_int_equal(baro_recv(stack[1], server, data, TEXT, 0), TEXT);
    are_from(data, TEXT, 0);
    assert_int_equal(baro_close(stack[1], server), 0); /* unread: a reset */
    assert_non_null(tcp->borrowed.text[2].place);
    tcp_forget_places(tcp);
    for (int i = 1; i < 3; i++) {
        assert_null(tcp->borrowed.text[i].place);
        assert_int_equal(tcp->borrowed.text[i].octets, 0);
    }
    carry(1);
    assert_int_equal(device[1].in_borrowed, 0);
}

/* A reset behind the text: what came before it may still be read (as from the ring). */
static void a_reset_leaves_what_came(void **state)
{
    const struct baro_linger now_gone = { .on = true };

    (void)state;
    for (size_t i = 0; i < TEXT; i++)
        data[i] = octet_at(i);
    baro_setsockopt(stack[0], client, BARO_SO_LINGER, &now_gone, sizeof now_gone);
    assert_int_equal(baro_send(stack[0], client, data, TEXT, 0), TEXT);
    baro_stack_flush(stack[0]);
    assert_int_equal(baro_close(stack[0], client), 0);
    carry(0);
    assert_int_equal(device[1].in_count, 2);
    poll(1);
    assert_int_equal(device[1].in_borrowed, 2);
    assert_int_equal(baro_recv(stack[1], server, data, sizeof data, 0), TEXT);
    are_from(data, TEXT, 0);
    assert_int_equal(baro_recv(stack[1], server, data, sizeof data, 0), -ECONNRESET);
    assert_int_equal(device[1].in_borrowed, 0);
}

static void a_stack_that_goes_gives_them_back(void **state)
{
    (void)state;
    segments_come(3, 0);
    baro_stack_free(stack[1]);
    assert_int_equal(device[1].in_borrowed, 0);
    stack[1] = NULL;
}

/* After a burst of which most was left unread so many are copied at once; then it is tried again. */
static void who_reads_later_has_a_pause(void **state)
{
    size_t offset = 0;

    (void)state;
    for (int round = 0; round < 2; round++) {
        segments_come(3, offset);
        assert_int_equal(device[1].in_borrowed, 3);
        assert_int_equal(baro_recv(stack[1], server, data, TEXT, 0), TEXT);
        baro_stack_flush(stack[1]); /* two of three */
        offset += 3 * TEXT;
        for (int i = 0; i < TCP_BORROWED_PAUSE; i++, offset += TEXT) {
            segments_come(1, offset);
            assert_int_equal(device[1].in_borrowed, 0);
            assert_true(baro_recv(stack[1], server, data, sizeof data, 0) >= TEXT);
            carry(1);
            poll(0);
        }
    }
    for (int i = 0; i < 3; i++, offset += 3 * TEXT) { /* one of three is not most */
        segments_come(3, offset);
        assert_int_equal(device[1].in_borrowed, 3);
        assert_true(baro_recv(stack[1], server, data, 2 * TEXT, 0) == 2 * TEXT);
        carry(1);
        poll(0);
        baro_recv(stack[1], server, data, sizeof data, 0);
    }
}

/* Whose device says nothing of how long its frames stay. */
static void without_rx_end_nothing_stays(void **state)
{
    void (*rx_end)(void *) = device[1].device.rx_end;

    (void)state;
    device[1].device.rx_end = NULL;
    segments_come(2, 0);
    rx_end(&device[1]);
    assert_int_equal(baro_recv(stack[1], server, data, sizeof data, 0), 2 * TEXT);
    are_from(data, 2 * TEXT, 0);
    device[1].device.rx_end = rx_end;
}

/* A wrong sum is found when the segment comes. */
static void a_wrong_sum_is_not_held(void **state)
{
    struct baro_statistics before, after;

    (void)state;
    baro_stack_statistics(stack[1], &before);
    memset(data, 1, TEXT);
    assert_int_equal(baro_send(stack[0], client, data, TEXT, 0), TEXT);
    carry(0);
    device[1].in[device[1].in_first].data[14 + 20 + 32 + 700] ^= 4;
    poll(1);
    baro_stack_statistics(stack[1], &after);
    assert_int_equal(after.tcp_data_in, before.tcp_data_in);
    assert_int_equal(device[1].in_borrowed, 0);
    assert_int_equal(baro_recv(stack[1], server, data, sizeof data, 0), -EAGAIN);
}

/* The next segment begins in the midst of what is held, and says that an octet there is urgent. */
static void an_urgent_octet_may_stand_in_a_frame(void **state)
{
    uint8_t *tcp, octet = 0;
    uint32_t seq;

    (void)state;
    segments_leave(2, 0);
    tcp = device[1].in[(device[1].in_first + 1) % FRAME_DEVICE_FRAMES].data + 14 + 20;
    seq = read_be32(tcp + 4) - 500;
    forge(tcp + 4, seq >> 16, tcp + 16);
    forge(tcp + 6, seq & 0xffff, tcp + 16);
    forge(tcp + 12, read_be16(tcp + 12) | TCP_FLAG_URG, tcp + 16);
    forge(tcp + 18, 200, tcp + 16);
    poll(1);
    assert_int_equal(baro_recv(stack[1], server, &octet, 1, BARO_MSG_OOB), 1);
    assert_int_equal(octet, octet_at(500 + 199));
    assert_int_equal(baro_recv(stack[1], server, data, sizeof data, 0), 500 + 199); /* up to it */
    are_from(data, 500 + 199, 0);
}

#define HELD_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HELD_TEST(frames_that_are_read_go_back_at_once), HELD_TEST(the_flush_takes_what_is_left),
        HELD_TEST(so_does_the_next_poll), HELD_TEST(a_peek_points_into_the_frame),
        HELD_TEST(all_there_is_in_two_parts), HELD_TEST(of_who_ended_nothing_is_copied),
        HELD_TEST(memory_goes_while_text_is_held),
        HELD_TEST(a_reset_leaves_what_came), HELD_TEST(a_stack_that_goes_gives_them_back),
        HELD_TEST(who_reads_later_has_a_pause), HELD_TEST(without_rx_end_nothing_stays),
        HELD_TEST(a_wrong_sum_is_not_held), HELD_TEST(an_urgent_octet_may_stand_in_a_frame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
