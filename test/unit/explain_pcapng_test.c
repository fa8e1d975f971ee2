/* pcapng read back block by block, and by tshark where it is installed. */
#include "baro/explain.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "support/tell.h"

static const struct baro_host_name hosts[] = { { 1, "client" }, { 2, "server" } };

static uint64_t number(const uint8_t *at, unsigned octets)
{
    uint64_t value = 0;
    for (unsigned i = octets; i > 0; i--)
        value = value << 8 | at[i - 1];
    return value;
}

/* One block, its body and the options in it. */
struct block {
    uint32_t type;
    const uint8_t *body;
    size_t length;
};

/* The block at *at, checked for its lengths. */
static struct block block_next(const uint8_t *file, size_t size, size_t *at)
{
    struct block block = { 0 };
    assert_true(size - *at >= 12);
    size_t length = number(file + *at + 4, 4);
    assert_true(length >= 12 && length % 4 == 0 && length <= size - *at);
    assert_int_equal(number(file + *at + length - 4, 4), length);
    block.type = (uint32_t)number(file + *at, 4);
    block.body = file + *at + 8;
    block.length = length - 12;
    *at += length;
    return block;
}

/* The option `code` behind `fixed` octets; its length in *length. NULL: not there. */
static const uint8_t *option(const struct block *block, size_t fixed, unsigned code, size_t *length)
{
    for (size_t at = fixed; at + 4 <= block->length;) {
        size_t octets = number(block->body + at + 2, 2);
        assert_true(at + 4 + octets <= block->length);
        if (number(block->body + at, 2) == code) {
            *length = octets;
            return block->body + at + 4;
        }
        if (number(block->body + at, 2) == 0) {
            assert_int_equal(at + 4, block->length);
            return NULL;
        }
        at += 4 + (octets + 3) / 4 * 4;
    }
    fail_msg("options without an end");
    return NULL;
}

/* A SYN sent and received, a large segment, a bare packet of the loopback, a frame of 15 octets. */
static void tell_frames(struct baro_trace_sink sink)
{
    static uint8_t frame[70000];
    size_t length = tell_segment(frame, 2, 1000, 0, 0);
    tell(sink, 1, 1500000001, "PACKET_OUT");
    tell(sink, 1, 1500000001,
         "TCP_OUT source=10.0.0.1:40000 destination=10.0.0.2:80 flags=2 seq=1000 window=65535");
    tell_frame(sink, 1, 1500000001, "FRAME_OUT interface=1 octets=54 departure=1", frame, length);
    tell(sink, 1, 1500000001, "FRAME_END");
    tell_frame(sink, 2, 1500000002, "FRAME_IN interface=1 octets=54", frame, length);
    tell(sink, 2, 1500000002, "PROTOCOL protocol=6");
    tell(sink, 2, 1500000002, "FRAME_END");
    tell_frame(sink, 1, 1500000003, "FRAME_OUT interface=1", frame, tell_segment(frame, 24, 1001, 1, 60001));
    tell(sink, 1, 1500000003, "FRAME_END");
    length = tell_segment(frame, 16, 1001, 1, 2); /* 56 octets with its header: no padding */
    tell_frame(sink, 1, 1500000004, "FRAME_IN interface=0", frame + 14, length - 14);
    tell(sink, 1, 1500000004, "FRAME_END");
    tell_frame(sink, 1, 1500000005, "FRAME_IN interface=1", frame, 15);
    tell(sink, 1, 1500000005, "FRAME_END");
}

static uint8_t *record(struct baro_pcapng_config config, size_t *size)
{
    char *file = NULL;
    config.out = open_memstream(&file, size);
    config.hosts = hosts;
    config.host_count = 2;
    struct baro_pcapng *pcapng = baro_pcapng_create(&config);
    assert_non_null(pcapng);
    tell_frames(baro_pcapng_sink(pcapng));
    assert_int_equal(baro_pcapng_finish(pcapng), 0);
    baro_pcapng_free(pcapng);
    fclose(config.out);
    return (uint8_t *)file;
}

static void test_blocks(void **state)
{
    size_t size, at = 0, length;
    struct baro_pcapng_config config = { .snap_length = 1001, .epoch = { 4000000000 } };
    uint8_t *file = record(config, &size);
    uint8_t frame[64];
    (void)state;
    struct block block = block_next(file, size, &at);
    assert_int_equal(block.type, 0x0A0D0D0A);
    assert_int_equal(number(block.body, 4), 0x1A2B3C4D);
    assert_int_equal(number(block.body + 4, 2), 1);
    block = block_next(file, size, &at);
    assert_int_equal(block.type, 1);
    assert_int_equal(number(block.body, 2), 1);
    assert_int_equal(number(block.body + 4, 4), 1001);
    assert_memory_equal(option(&block, 8, 2, &length), "client/1", 8);
    assert_int_equal(*option(&block, 8, 9, &length), 9);
    block = block_next(file, size, &at);
    assert_int_equal(block.type, 6);
    assert_int_equal(number(block.body, 4), 0);
    assert_true((number(block.body + 4, 4) << 32 | number(block.body + 8, 4)) == 5500000001);
    assert_int_equal(number(block.body + 12, 4), 54);
    assert_int_equal(number(block.body + 16, 4), 54);
    tell_segment(frame, 2, 1000, 0, 0);
    assert_memory_equal(block.body + 20, frame, 54);
    assert_int_equal(number(option(&block, 76, 2, &length), 4), 2);
    const uint8_t *comment = option(&block, 76, 1, &length);
    assert_memory_equal(
        comment, "TCP 10.0.0.1:40000 > 10.0.0.2:80 SYN seq 0 win 65535, control only\n10 TCP header: ", 82);
    block = block_next(file, size, &at); /* the server's interface */
    assert_memory_equal(option(&block, 8, 2, &length), "server/1", 8);
    block = block_next(file, size, &at);
    assert_int_equal(number(block.body, 4), 1);
    assert_int_equal(number(option(&block, 76, 2, &length), 4), 1);
    block = block_next(file, size, &at); /* longer than the snap length */
    assert_int_equal(number(block.body + 12, 4), 1001);
    assert_int_equal(number(block.body + 16, 4), 60055);
    block = block_next(file, size, &at);
    assert_memory_equal(option(&block, 8, 2, &length), "client/lo", 9);
    block = block_next(file, size, &at); /* a bare packet got a header */
    assert_int_equal(number(block.body + 16, 4), 56);
    assert_non_null(option(&block, 76, 1, &length));
    assert_int_equal(block.body[20 + 12], 8);
    block = block_next(file, size, &at);
    assert_int_equal(number(block.body + 12, 4), 15);
    assert_non_null(option(&block, 36, 1, &length));
    assert_int_equal(at, size);
    free(file);
}

static void test_tshark(void **state)
{
    (void)state;
    if (system("tshark --version >/dev/null 2>&1") != 0)
        skip();
    for (int language = 0; language < BARO_LANGUAGE_COUNT; language++) {
        char name[] = "/tmp/baro_pcapng_XXXXXX", command[256], line[256];
        size_t size;
        struct baro_pcapng_config config = { .language = (enum baro_language)language };
        uint8_t *file = record(config, &size);
        int fd = mkstemp(name);
        assert_true(fd >= 0 && write(fd, file, size) == (ssize_t)size);
        close(fd);
        free(file);
        unsigned frames = 0;
        snprintf(command, sizeof command,
                 "tshark -r %s -T fields -e _ws.malformed -e frame.interface_name 2>&1", name);
        FILE *tshark = popen(command, "r");
        assert_non_null(tshark);
        while (fgets(line, sizeof line, tshark) != NULL) {
            if (strncmp(line, "Running as", 10) == 0)
                continue;
            if (frames < 4 && line[0] != '\t') /* the last one, 15 octets, is cut on purpose */
                fail_msg("malformed: %s", line);
            if (strstr(line, "client/") != NULL || strstr(line, "server/") != NULL)
                frames++;
        }
        assert_int_equal(pclose(tshark), 0);
        assert_int_equal(frames, 5);
        unlink(name);
    }
}

static uint32_t draw(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*random >> 33);
}

/* Events in any order, with any values and frames of any octets: nothing is read past its end (sanitizers
 * watch), and the file stays a file of whole blocks. */
static void test_any_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        char *file = NULL, *text = NULL;
        size_t size, text_size, at = 0, blocks = 0;
        uint64_t random = seed;
        struct baro_pcapng_config pcap = { .out = open_memstream(&file, &size), .snap_length = 100 };
        struct baro_journey_config words = { .out = open_memstream(&text, &text_size),
                                             .language = (enum baro_language)(seed % 2),
                                             .width = 60 };
        struct baro_pcapng *pcapng = baro_pcapng_create(&pcap);
        struct baro_journey *journey = baro_journey_create(&words);
        struct baro_fanout fanout = { { baro_pcapng_sink(pcapng), baro_journey_sink(journey) }, 2 };
        struct baro_trace_sink sink = baro_fanout_sink(&fanout);
        for (int i = 0; i < 3000; i++) {
            struct baro_trace_event event = { .kind = (enum baro_trace_kind)(draw(&random) %
                                                                             (BARO_TRACE_COUNT + 1)),
                                              .at = { i },
                                              .host = draw(&random) % 3,
                                              .count = BARO_TRACE_ARGUMENTS };
            uint8_t frame[128];
            for (size_t j = 0; j < sizeof frame; j++)
                frame[j] = (uint8_t)draw(&random);
            if (draw(&random) % 2 != 0)
                tell_segment(frame, (uint8_t)draw(&random), draw(&random), draw(&random), 64);
            for (int j = 0; j < BARO_TRACE_ARGUMENTS; j++) {
                event.value[j].as.number =
                    draw(&random) % 8 == 0 ? UINT64_MAX - draw(&random) : draw(&random) % 16;
                if (draw(&random) % 4 == 0)
                    event.value[j].as.endpoint.address.family = (uint8_t)(draw(&random) % 7);
            }
            if (event.kind == BARO_TRACE_FRAME_IN || event.kind == BARO_TRACE_FRAME_OUT)
                event.bytes = (struct baro_bytes){ frame, draw(&random) % 129 };
            sink.event(sink.context, &event);
        }
        assert_int_equal(baro_journey_finish(journey), 0);
        assert_int_equal(baro_pcapng_finish(pcapng), 0);
        baro_journey_free(journey);
        baro_pcapng_free(pcapng);
        fclose(pcap.out);
        fclose(words.out);
        for (; at < size; blocks++)
            block_next((const uint8_t *)file, size, &at);
        assert_true(blocks > 20 && text_size > 10000);
        free(file);
        free(text);
    }
}

static void test_write_errors(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    if (full == NULL)
        skip();
    struct baro_pcapng_config config = { .out = full };
    struct baro_pcapng *pcapng = baro_pcapng_create(&config);
    tell_frames(baro_pcapng_sink(pcapng));
    assert_int_equal(baro_pcapng_finish(pcapng), -ENOSPC);
    baro_pcapng_free(pcapng);
    fclose(full);
}

/* An interface with a name is called by it; the loopback and others by their numbers. */
static void test_wires(void **state)
{
    static const struct baro_interface_name names[] = { { 1, 1, "left" }, { 2, 7, "none" } };
    struct baro_pcapng_config config = { .interfaces = names, .interface_count = 2 };
    size_t size, at = 0, length;
    uint8_t *file = record(config, &size);
    (void)state;
    block_next(file, size, &at);
    struct block block = block_next(file, size, &at);
    assert_memory_equal(option(&block, 8, 2, &length), "client@left", 11);
    block_next(file, size, &at);
    block = block_next(file, size, &at);
    assert_memory_equal(option(&block, 8, 2, &length), "server/1", 8);
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wires),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_tshark),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_write_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
