/* The learning switch, with devices as ports: floods what it does not know, then goes straight; ages; and
 * a wire as a port beside a device, which makes it the coupling of the two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "network/network_internal.h"
#include "support/frame_device.h"
#include "support/test_line.h"

enum { PORTS = 3 };

struct fixture {
    struct baro_network *network;
    struct baro_switch *bridge;
    struct frame_device *port[PORTS];
};

static void start(struct fixture *f)
{
    struct baro_network_config config = { .seed = 1 };
    f->network = baro_network_create(&config);
    f->bridge = baro_switch_create(f->network);
    for (unsigned i = 0; i < PORTS; i++) {
        f->port[i] = calloc(1, sizeof *f->port[i]);
        frame_device_init(f->port[i], (uint8_t)(100 + i), 1500);
        assert_int_equal(baro_switch_add_device(f->bridge, &f->port[i]->device), 0);
    }
}

static void stop(struct fixture *f)
{
    baro_network_free(f->network);
    for (unsigned i = 0; i < PORTS; i++) {
        frame_device_release(f->port[i]);
        free(f->port[i]);
    }
}

/* Station `from` is behind port `from`. Returns a bit for each port the frame came out of. */
static unsigned ports_reached(struct fixture *f, uint8_t from, uint8_t to)
{
    uint8_t frame[100];
    unsigned reached = 0;
    test_frame_make(frame, sizeof frame, (struct baro_mac){ { 2, 0, 0, 0, 0, to } });
    if (to == 255)
        memset(frame, 255, 6);
    frame[11] = from;
    assert_true(frame_device_put(f->port[from], frame, sizeof frame));
    baro_network_step(f->network);
    for (unsigned i = 0; i < PORTS; i++) {
        const struct device_frame *out = frame_device_take(f->port[i]);
        if (!out)
            continue;
        assert_int_equal(out->length, sizeof frame);
        assert_memory_equal(out->data, frame, sizeof frame);
        assert_null(frame_device_take(f->port[i]));
        reached |= 1u << i;
    }
    return reached;
}

static void it_learns_where_stations_are(void **state)
{
    struct fixture f;
    (void)state;
    start(&f);
    assert_int_equal(ports_reached(&f, 0, 1), 6);   /* unknown: flooded */
    assert_int_equal(ports_reached(&f, 1, 0), 1);   /* 0 was learnt */
    assert_int_equal(ports_reached(&f, 0, 1), 2);   /* and now 1 */
    assert_int_equal(ports_reached(&f, 2, 255), 3); /* broadcast goes to all others */
    assert_int_equal(ports_reached(&f, 0, 2), 4);
    baro_network_advance(f.network, (struct baro_instant){ INT64_C(301000000000) });
    assert_int_equal(ports_reached(&f, 0, 1), 6); /* forgotten */
    stop(&f);
}

static void a_station_that_moves_is_followed(void **state)
{
    struct fixture f;
    uint8_t frame[60];
    (void)state;
    start(&f);
    ports_reached(&f, 0, 255);
    assert_int_equal(ports_reached(&f, 1, 0), 1);
    test_frame_make(frame, sizeof frame, (struct baro_mac){ { 255, 255, 255, 255, 255, 255 } });
    frame[11] = 0; /* station 0 speaks behind port 2 */
    frame_device_put(f.port[2], frame, sizeof frame);
    baro_network_step(f.network);
    frame_device_take(f.port[0]);
    frame_device_take(f.port[1]);
    assert_int_equal(ports_reached(&f, 1, 0), 4);
    stop(&f);
}

static void runts_from_a_device_and_lro_are_refused(void **state)
{
    struct fixture f;
    struct frame_device *device = calloc(1, sizeof *device);
    (void)state;
    start(&f);
    frame_device_put(f.port[0], (const uint8_t *)"short", 5);
    baro_network_step(f.network);
    assert_null(frame_device_take(f.port[1]));
    frame_device_init(device, 9, 1500);
    device->device.capabilities = BARO_DEVICE_LRO;
    assert_int_equal(baro_switch_add_device(f.bridge, &device->device), -EINVAL);
    device->device.capabilities = BARO_DEVICE_RX_CHECKSUM;
    assert_int_equal(baro_switch_add_device(f.bridge, &device->device), -EINVAL);
    frame_device_release(device);
    free(device);
    stop(&f);
}

static void heard(void *context, const struct baro_transmission *transmission)
{
    (void)transmission;
    ++*(unsigned *)context;
}

/* A device and a wire with delay: what the device brings comes out of the wire, and the other way. */
static void a_wire_and_a_device_are_coupled(void **state)
{
    struct fixture f;
    struct baro_wire_config config = { .delay = { 5000 }, .no_large = true };
    struct baro_wire_config large = { 0 };
    unsigned count = 0;
    uint8_t frame[60];
    (void)state;
    start(&f);
    assert_int_equal(baro_switch_join(f.bridge, baro_wire_create(f.network, &large)), -EINVAL);
    struct baro_wire *wire = baro_wire_create(f.network, &config);
    assert_int_equal(baro_switch_join(f.bridge, wire), 0);
    struct baro_medium medium = wire_medium(wire, 1);
    wire_attach(wire, 1, (struct baro_station){ &count, heard, NULL, NULL });
    assert_int_equal(baro_switch_join(f.bridge, wire), -EBUSY);
    ports_reached(&f, 0, 255);
    assert_int_equal(count, 0);
    baro_network_advance(f.network, (struct baro_instant){ 5000 });
    assert_int_equal(count, 1);
    test_frame_make(frame, sizeof frame, (struct baro_mac){ { 2, 0, 0, 0, 0, 0 } });
    struct baro_transmission transmission = { .start = { 5000 }, .part = { { frame, sizeof frame } }, .parts = 1 };
    medium.transmit(medium.context, &transmission);
    baro_network_advance(f.network, (struct baro_instant){ 10000 });
    assert_non_null(frame_device_take(f.port[0])); /* station 0 was learnt there */
    assert_null(frame_device_take(f.port[1]));
    stop(&f);
}

/* A device's frame came while the program slept: it enters the wire when that is noticed, not when it fell asleep. */
static void a_frame_of_a_device_comes_when_it_is_seen(void **state)
{
    struct fixture f;
    struct baro_wire_config config = { .delay = { 5000 }, .no_large = true };
    unsigned count = 0;
    uint8_t frame[60];
    (void)state;
    start(&f);
    struct baro_wire *wire = baro_wire_create(f.network, &config);
    assert_int_equal(baro_switch_join(f.bridge, wire), 0);
    wire_attach(wire, 1, (struct baro_station){ &count, heard, NULL, NULL });
    baro_network_follow(f.network, (struct baro_instant){ 0 });
    test_frame_make(frame, sizeof frame, (struct baro_mac){ { 2, 0, 0, 0, 0, 7 } });
    frame_device_put(f.port[0], frame, sizeof frame);
    baro_network_follow(f.network, (struct baro_instant){ 1000000 });
    baro_network_follow(f.network, (struct baro_instant){ 1004999 });
    assert_int_equal(count, 0);
    baro_network_follow(f.network, (struct baro_instant){ 1005000 });
    assert_int_equal(count, 1);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_learns_where_stations_are),
        cmocka_unit_test(a_station_that_moves_is_followed),
        cmocka_unit_test(runts_from_a_device_and_lro_are_refused),
        cmocka_unit_test(a_wire_and_a_device_are_coupled),
        cmocka_unit_test(a_frame_of_a_device_comes_when_it_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
