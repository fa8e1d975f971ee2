/* Two stacks and two frame devices: a stream goes over whole, whatever the devices can do by themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "baro/socket.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "support/frame_device.h"

enum { OCTETS = 300000 };

struct host {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
};

struct way {
    uint32_t mtu, capabilities;
    unsigned room; /* frames that each device takes a round; 0: no limit */
    bool loopback;
};

static uint8_t sent[OCTETS], received[OCTETS];

static void host_init(struct host *host, uint8_t last, const struct way *way)
{
    struct baro_stack_config config = { .memory = test_memory(&host->memory), .seed = { last } };

    memset(host, 0, sizeof *host);
    frame_device_init(&host->device, last, way->mtu);
    host->device.device.capabilities = way->capabilities;
    host->stack = baro_stack_create(&config);
    assert_non_null(host->stack);
    baro_stack_add_interface(host->stack, &host->device.device);
    assert_int_equal(baro_stack_add_address(host->stack, 1, baro_ipv4(10, 0, 0, last), 24, false), 0);
}

static void host_release(struct host *host)
{
    baro_stack_free(host->stack);
    assert_int_equal(host->memory.slabs, 0);
    frame_device_release(&host->device);
}

/* Every frame is as long as the device allows and its checksums are right, where the stack was to fill them in. */
static void look_at(const struct device_frame *frame, const struct way *way)
{
    const uint8_t *ip = frame->data + 14;
    uint32_t total;

    if (frame->data[12] != 8 || frame->data[13] != 0)
        return;
    total = read_be16(ip + 2);
    assert_int_equal(total + 14, frame->length);
    assert_int_equal(checksum_fold(checksum_add(0, ip, 20)), 0);
    if (frame->gso_size == 0)
        assert_true(total <= way->mtu);
    else
        assert_true((way->capabilities & BARO_DEVICE_TSO) != 0 && frame->gso_size + 40U <= way->mtu);
    if (frame->checksum_start == 0) { /* also what waited for its neighbour: done by the stack */
        uint64_t sum = checksum_pseudo(read_ipv4(ip + 12), read_ipv4(ip + 16), ip[9], total - 20);

        assert_int_equal(checksum_fold(checksum_add(sum, ip + 20, total - 20)), 0);
    } else {
        assert_true((way->capabilities & BARO_DEVICE_TX_CHECKSUM) != 0 && frame->checksum_start == 34);
    }
}

static unsigned carry(struct frame_device *from, struct frame_device *to, const struct way *way)
{
    for (unsigned i = 0; i < from->out_count; i++)
        look_at(&from->out[(from->out_first + i) % FRAME_DEVICE_FRAMES], way);
    from->room = way->room == 0 ? UINT32_MAX : way->room;
    return frame_device_carry(from, to);
}

static void transfer(const struct way *way)
{
    static struct host a, b;
    struct baro_stack *server = way->loopback ? a.stack : b.stack;
    struct baro_endpoint at = { way->loopback ? baro_ipv4(127, 0, 0, 1) : baro_ipv4(10, 0, 0, 2), { 80 } };
    size_t put = 0, got = 0;
    int listener, client, accepted = -1;

    host_init(&a, 1, way);
    host_init(&b, 2, way);
    server = way->loopback ? a.stack : b.stack;
    listener = baro_socket(server, BARO_FAMILY_IPV4, BARO_STREAM);
    assert_int_equal(baro_bind(server, listener, &at), 0);
    assert_int_equal(baro_listen(server, listener, 4), 0);
    client = baro_socket(a.stack, BARO_FAMILY_IPV4, BARO_STREAM);
    assert_true(baro_connect(a.stack, client, &at) < 0);
    memset(received, 0, sizeof received);
    for (int64_t ms = 0; ms < 60000 && got < OCTETS; ms++) {
        ptrdiff_t n;

        baro_stack_poll(a.stack, (struct baro_instant){ ms * 1000000 });
        baro_stack_poll(b.stack, (struct baro_instant){ ms * 1000000 });
        carry(&a.device, &b.device, way);
        carry(&b.device, &a.device, way);
        baro_stack_check_invariants(a.stack);
        baro_stack_check_invariants(b.stack);
        if (accepted < 0)
            accepted = baro_accept(server, listener, NULL);
        if (accepted >= 0 && put < OCTETS && (n = baro_send(a.stack, client, sent + put, OCTETS - put, 0)) > 0)
            put += (size_t)n;
        while (accepted >= 0 && (n = baro_recv(server, accepted, received + got, OCTETS - got, 0)) > 0)
            got += (size_t)n;
    }
    assert_int_equal(got, OCTETS);
    assert_memory_equal(sent, received, OCTETS);
    if (way->loopback)
        assert_true(a.device.sent <= 2); /* ARP's announcement, nothing of the stream */
    host_release(&a);
    host_release(&b);
}

static void every_device(void **state)
{
    static const struct way way[] = {
        { .mtu = 1500 },
        { .mtu = 1500, .capabilities = BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_RX_CHECKSUM },
        { .mtu = 1500,
          .capabilities = BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_RX_CHECKSUM | BARO_DEVICE_TSO | BARO_DEVICE_LRO },
        { .mtu = 68 },
        { .mtu = 120 },
        { .mtu = 576 },
        { .mtu = 9000 },
        { .mtu = 65535 },
        { .mtu = 1500, .room = 3 },
        { .mtu = 1500, .loopback = true },
    };

    (void)state;
    for (size_t i = 0; i < OCTETS; i++)
        sent[i] = (uint8_t)(i * 37 + i / 251);
    for (unsigned i = 0; i < sizeof way / sizeof way[0]; i++) {
        print_message("mtu %u capabilities %u room %u\n", way[i].mtu, way[i].capabilities, way[i].room);
        transfer(&way[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_device) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
