/* The same inputs make the same run whatever the processor hashes the demux's four-tuples with: AES's rounds or
 * SipHash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "stack.h"
#include "transport/tcp/connection.h"
#include "transport/udp/udp_private.h"

#include "support/one_stack.h" /* its `now` stands behind the others' */

enum { SHARING = 3, PEERS = 24, PORT = 80 };

/* What a run shows of hashes. */
struct shown {
    uint8_t segment[PEERS][128];    /* frames of SYNs to others */
    int streams[PEERS], datagrams[PEERS]; /* who of those that share a port was chosen */
};

static void begin(bool with_aes)
{
    assert_int_equal(one_stack_setup(NULL), 0);
    stack->tcp->demux.has_aes = stack->tcp->demux.has_aes && with_aes;
    stack->udp->tuples.has_aes = stack->udp->tuples.has_aes && with_aes;
}

static void connect_to_others(struct shown *shown)
{
    const struct baro_mac other = { { 2, 0, 0, 0, 0, 9 } };
    const struct device_frame *frame;

    baro_stack_set_neighbour(stack, 1, baro_ipv4(10, 0, 0, 9), other);
    for (unsigned i = 0; i < PEERS; i++) {
        assert_int_equal(connect_to(stream(), to(10, 0, 0, 9, (uint16_t)(PORT + i))), -EINPROGRESS);
        baro_stack_flush(stack);
        do { /* a probe for an address of ours may come first */
            frame = frame_device_take(&one_device);
            assert_true(frame != NULL && frame->length <= sizeof shown->segment[i]);
        } while (frame->data[14 + 9] != 6);
        memcpy(shown->segment[i], frame->data, frame->length);
    }
}

static int of(int type)
{
    const int fd = type == BARO_STREAM ? stream() : datagram();

    assert_int_equal(set_int(fd, BARO_SO_REUSE_PORT, 1), 0);
    assert_int_equal(bind_to(fd, any(PORT)), 0);
    return fd;
}

static void share(struct shown *shown)
{
    int listening[SHARING], receiving[SHARING];
    char octet;

    for (unsigned i = 0; i < SHARING; i++) {
        listening[i] = of(BARO_STREAM);
        assert_int_equal(baro_listen(stack, listening[i], PEERS), 0);
        receiving[i] = of(BARO_DATAGRAM);
    }
    for (unsigned peer = 0; peer < PEERS; peer++) {
        const struct baro_endpoint here = loopback(PORT);
        const int from = datagram(), client = stream();

        assert_int_equal(bind_to(from, loopback((uint16_t)(5000 + peer))), 0);
        assert_int_equal(baro_sendto(stack, from, "x", 1, 0, &here), 1);
        assert_int_equal(bind_to(client, loopback((uint16_t)(5000 + peer))), 0);
        assert_int_equal(connect_to(client, here), -EINPROGRESS);
        pass(2);
        shown->streams[peer] = shown->datagrams[peer] = -1;
        for (unsigned i = 0; i < SHARING; i++) {
            if (baro_accept(stack, listening[i], NULL) >= 0)
                shown->streams[peer] = (int)i;
            if (baro_recv(stack, receiving[i], &octet, 1, 0) == 1)
                shown->datagrams[peer] = (int)i;
        }
        assert_true(shown->streams[peer] >= 0 && shown->datagrams[peer] >= 0);
    }
}

static void another_hash_shows_nowhere(void **state)
{
    static struct shown shown[2];

    for (int with_aes = 0; with_aes < 2; with_aes++) {
        begin(with_aes != 0);
        connect_to_others(&shown[with_aes]);
        share(&shown[with_aes]);
        one_stack_teardown(state);
    }
    for (unsigned i = 0; i < PEERS; i++) {
        assert_memory_equal(shown[0].segment[i], shown[1].segment[i], sizeof shown[0].segment[i]);
        assert_int_equal(shown[0].streams[i], shown[1].streams[i]);
        assert_int_equal(shown[0].datagrams[i], shown[1].datagrams[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_hash_shows_nowhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
