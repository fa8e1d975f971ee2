/* A SYN from an address of the link that nobody has: the SYN+ACK waits until the neighbour is found to be missing,
 * which ends the half-open record; then nothing of it is left that would have the neighbour asked for once more. The
 * SYN+ACK's third second is the third second of the asking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "baro/socket.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/arp.h"
#include "hostile/craft.h"
#include "stack.h"
#include "transport/tcp/connection.h"

enum { PORT = 80, OWN_PORT = 4000 };

static struct victim victim;
static struct crafted frame;
static unsigned requests;

static void syn(uint16_t from_port)
{
    const struct baro_address from = baro_ipv4(10, 0, 0, 77), to = baro_ipv4(10, 0, 0, 1);
    struct craft craft = craft_default();
    uint8_t segment[20] = { 0 };

    craft.source = from;
    craft.protocol = 6;
    write_be16(segment, from_port);
    write_be16(segment + 2, PORT);
    write_be32(segment + 4, 1000);
    segment[12] = 5 << 4;
    segment[13] = 2;
    write_be16(segment + 14, 65535);
    write_be16(segment + 16,
               checksum_fold(checksum_add(checksum_pseudo(from, to, 6, sizeof segment), segment, sizeof segment)));
    craft_ip(&frame, &craft, segment, sizeof segment);
    victim_feed(&victim, frame.octets, frame.length, BARO_DROP_NONE);
}

/* Everything that leaves is a question for the neighbour. */
static void pass(unsigned ms)
{
    for (unsigned i = 0; i < ms; i++) {
        const struct device_frame *sent;

        victim_wait(&victim, 1);
        while ((sent = frame_device_take(&victim.device)) != NULL) {
            assert_int_equal(read_be16(sent->data + 12), 0x0806);
            requests++;
        }
    }
}

static void listens(void)
{
    const struct baro_endpoint at = { baro_ipv4(10, 0, 0, 1), { PORT } };
    int fd = baro_socket(victim.stack, at.address.family, BARO_STREAM);

    assert_int_equal(baro_bind(victim.stack, fd, &at), 0);
    assert_int_equal(baro_listen(victim.stack, fd, 99), 0);
}

static void of_many(unsigned count)
{
    victim_init(&victim, false);
    listens();
    pass(1000);
    requests = 0;
    for (unsigned i = 0; i < count; i++)
        syn((uint16_t)(OWN_PORT + i));
    pass(2900);
    assert_int_equal(victim.stack->tcp->half_opens.used, count);
    assert_int_equal(requests, 3);
    pass(200);
    assert_int_equal(victim.stack->tcp->half_opens.used, 0);
    assert_int_equal(victim.stack->neighbours.packets, 0);
    pass(20000);
    assert_int_equal(requests, 3);
    assert_int_equal(victim.stack->core.intents.count, 0);
    victim_release(&victim);
}

static void one(void **state)
{
    (void)state;
    of_many(1);
}

/* With their second SYN+ACKs as many as may wait for one neighbour. */
static void several(void **state)
{
    (void)state;
    of_many(NEIGHBOUR_WAITING_LIMIT / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one),
        cmocka_unit_test(several),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
