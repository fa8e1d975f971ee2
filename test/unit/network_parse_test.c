/* A wire's specification: what is understood, and what a person is told who mistyped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "baro/network.h"

static struct baro_wire_config parse(const char *specification)
{
    struct baro_wire_config config;
    char error[200] = "";
    assert_int_equal(baro_wire_parse(specification, &config, error, sizeof error), 0);
    assert_string_equal(error, "");
    return config;
}

static void every_word_is_understood(void **state)
{
    (void)state;
    struct baro_wire_config config =
        parse("100base-tx,loss=1%,burst=12,delay=20ms,jitter=2.5ms,reorder=0.5%,duplicate=100%,corrupt=0.1%,corrupt=ip,"
              "rate=10mbit,queue=64k,ecn=20,mtu=1400,blackhole=1300,noise=300,ppm=-100,edge-jitter=200,seed=7");
    assert_int_equal(config.kind, BARO_MEDIUM_100BASE_TX);
    assert_int_equal(config.loss_ppm, 10000);
    assert_int_equal(config.burst_frames, 12);
    assert_int_equal(config.delay.ns, 20000000);
    assert_int_equal(config.jitter.ns, 2500000);
    assert_int_equal(config.reorder_ppm, 5000);
    assert_int_equal(config.duplicate_ppm, 1000000);
    assert_int_equal(config.corrupt_ppm, 1000);
    assert_true(config.corrupt_ip);
    assert_int_equal(config.rate, 10000000);
    assert_int_equal(config.queue_bytes, 65536);
    assert_int_equal(config.mtu, 1400);
    assert_int_equal(config.blackhole, 1300);
    assert_int_equal(config.ecn_packets, 20);
    assert_int_equal(config.noise_mv, 300);
    assert_int_equal(config.clock_ppm, -100);
    assert_int_equal(config.edge_jitter_ps, 200);
    assert_int_equal(config.seed, 7);
    config = parse("fast,rate=1.5gbit,queue=100p,large=no,loss=0.0001%");
    assert_int_equal(config.kind, BARO_MEDIUM_FAST);
    assert_int_equal(config.rate, 1500000000);
    assert_int_equal(config.queue_packets, 100);
    assert_true(config.no_large);
    assert_int_equal(config.loss_ppm, 1);
    assert_int_equal(parse("10base-t").kind, BARO_MEDIUM_10BASE_T);
    assert_int_equal(parse("").kind, BARO_MEDIUM_FAST);
    assert_int_equal(parse("delay=1s").delay.ns, 1000000000);
}

static void a_mistake_is_named(void **state)
{
    static const struct {
        const char *specification, *named;
    } cases[] = {
        { "1000base-t", "1000base-t" },
        { "fast,lose=1%", "lose=1%" },
        { "loss=1", "loss=1" },
        { "loss=101%", "loss=101%" },
        { "loss=-1%", "loss=-1%" },
        { "loss=100.5%", "loss=100.5%" },
        { "loss=0.00001%", "loss=0.00001%" },
        { "loss=", "loss" },
        { "loss", "loss" },
        { "burst=4", "burst" },
        { "loss=1%,burst=1", "burst=1" },
        { "loss=1%,burst=1001", "burst=1001" },
        { "loss=90%,burst=4", "burst" },
        { "delay=20", "delay=20" },
        { "delay=20min", "delay=20min" },
        { "delay=1.ms", "delay=1.ms" },
        { "delay=61s", "delay=61s" },
        { "delay=99999999999999999s", "delay=99999999999999999s" },
        { "delay=99999999999999999999999s", "too long" },
        { "rate=10mb", "rate=10mb" },
        { "rate=0mbit", "rate=0mbit" },
        { "rate=1mbit,queue=0", "queue=0" },
        { "queue=64k", "queue" },
        { "mtu=67", "mtu=67" },
        { "ecn=20", "ecn" },
        { "rate=1mbit,ecn=0", "ecn=0" },
        { "blackhole=67", "blackhole=67" },
        { "blackhole=1%", "blackhole=1%" },
        { "mtu=65536", "mtu=65536" },
        { "100base-tx,mtu=9000", "mtu" },
        { "fast,noise=300", "noise" },
        { "10base-t,ppm=1001", "ppm=1001" },
        { "corrupt=ip", "corrupt=ip" },
        { "large=maybe", "large=maybe" },
        { "seed=x", "seed=x" },
        { "fast,,loss=1%", "empty" },
        { "fast,", "comma" },
        { ",", "empty" },
    };
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct baro_wire_config config;
        char error[200] = "";
        int result = baro_wire_parse(cases[i].specification, &config, error, sizeof error);
        if (result != -EINVAL || !strstr(error, cases[i].named) || strchr(error, '\n'))
            fail_msg("\"%s\": %d, \"%s\"", cases[i].specification, result, error);
    }
}

static void a_short_buffer_for_the_error_is_respected(void **state)
{
    struct baro_wire_config config;
    char error[8] = "1234567";
    (void)state;
    assert_int_equal(baro_wire_parse("nonsense", &config, error, 5), -EINVAL);
    assert_int_equal(strlen(error), 4);
    assert_int_equal(error[6], '7');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_is_understood),
        cmocka_unit_test(a_mistake_is_named),
        cmocka_unit_test(a_short_buffer_for_the_error_is_respected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
