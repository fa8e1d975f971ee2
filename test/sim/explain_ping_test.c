/* A ping between two hosts on a faithful wire, told by the stacks and adapters themselves: every step of the
 * way is there, in order, and the pcapng holds what was told. */
#include "baro/explain.h"
#include "baro/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct baro_host_name names[] = { { 1, "client" }, { 2, "server" } };

struct told {
    char *text, *file;
    size_t text_size, file_size;
};

/* Pings with `length` octets and tells it. */
static struct told ping(const char *wire_words, enum baro_language language, size_t length)
{
    struct told told = { 0 };
    char error[160];
    struct baro_wire_config wire_config;
    struct baro_network_config network_config = { .seed = 1 };
    struct baro_journey_config words = { .out = open_memstream(&told.text, &told.text_size),
                                         .language = language,
                                         .hosts = names,
                                         .host_count = 2 };
    struct baro_pcapng_config pcap = { .out = open_memstream(&told.file, &told.file_size),
                                       .language = language,
                                       .hosts = names,
                                       .host_count = 2 };
    struct baro_journey *journey = baro_journey_create(&words);
    struct baro_pcapng *pcapng = baro_pcapng_create(&pcap);
    struct baro_fanout fanout = { { baro_journey_sink(journey), baro_pcapng_sink(pcapng) }, 2 };
    struct baro_network *network = baro_network_create(&network_config);
    assert_int_equal(baro_wire_parse(wire_words, &wire_config, error, sizeof error), 0);
    struct baro_wire *wire = baro_wire_create(network, &wire_config);
    struct baro_host *host[2];
    for (uint32_t i = 0; i < 2; i++) {
        struct baro_host_config config = { .name = names[i].name,
                                           .wire = wire,
                                           .ipv6 = BARO_HOST_IPV6_BY_HAND,
                                           .address = baro_ipv4(10, 0, 0, (uint8_t)(i + 1)),
                                           .prefix_length = 24,
                                           .trace = baro_fanout_sink(&fanout),
                                           .trace_host = i + 1 };
        host[i] = baro_host_create(network, &config, NULL);
        assert_non_null(host[i]);
    }
    baro_network_run_until(network, (struct baro_instant){ 1000000000 }, NULL, NULL);
    assert_int_equal(baro_stack_ping(baro_host_stack(host[0]), baro_ipv4(10, 0, 0, 2), 7, 1, length), 0);
    baro_network_run_until(network, (struct baro_instant){ 2000000000 }, NULL, NULL);
    struct baro_ping_result result;
    assert_true(baro_stack_ping_result(baro_host_stack(host[0]), &result));
    assert_int_equal(result.type, 0);
    assert_int_equal(result.length, length);
    assert_int_equal(baro_journey_finish(journey), 0);
    assert_int_equal(baro_pcapng_finish(pcapng), 0);
    baro_network_free(network);
    baro_journey_free(journey);
    baro_pcapng_free(pcapng);
    fclose(words.out);
    fclose(pcap.out);
    return told;
}

static void told_free(struct told *told)
{
    free(told->text);
    free(told->file);
}

/* The parts stand in the text in this order. */
static void assert_order(const char *text, const char *const *part, size_t count)
{
    const char *at = text;
    for (size_t i = 0; i < count; i++) {
        const char *found = strstr(at, part[i]);
        if (found == NULL)
            fail_msg("not told, or not here: %s\n%s", part[i], text);
        at = found + strlen(part[i]);
    }
}

static void test_every_step(void **state)
{
    static const char *const way[] = {
        "client   kept  ",
        "the MAC address of 10.0.0.2 is not known: 1 packet waits",
        "client   out   ARP who has 10.0.0.2? tell 10.0.0.1",
        "server   in    ARP who has 10.0.0.2? tell 10.0.0.1",
        "server   out   ARP 10.0.0.2 is at ",
        "client   in    ARP 10.0.0.2 is at ",
        "10.0.0.2: asked for -> known",
        "client   out   ICMP 10.0.0.1 > 10.0.0.2 echo request, 56 octets",
        "client   wire  ICMP 10.0.0.1 > 10.0.0.2 echo request, 56 octets",
        "server   in    ICMP 10.0.0.1 > 10.0.0.2 echo request, 56 octets",
        "|  1 electric signal",
        "|  2 FCS",
        ": equal, the frame is whole",
        "|  3 MAC address",
        "taken, my own",
        "|  4 buffer memory",
        "|  4 interrupt",
        "|  5 LAN driver",
        "|  5 protocol stack",
        "|  6 type field       0x0800, so IPv4",
        "|  8 IP software",
        "| 10 protocol number  1, so ICMP",
        "| 10 ICMP             10.0.0.1 asks for an echo: id 7, sequence 1, 56 octets come back",
        "server   out   ICMP 10.0.0.2 > 10.0.0.1 echo reply",
        "client   in    ICMP 10.0.0.2 > 10.0.0.1 echo reply",
    };
    (void)state;
    struct told told = ping("10base-t", BARO_LANGUAGE_ENGLISH, 56);
    assert_order(told.text, way, sizeof way / sizeof way[0]);
    assert_null(strstr(told.text, "  lost  "));
    told_free(&told);
}

static void test_fragments(void **state)
{
    static const char *const way[] = {
        "server   in    ICMP 10.0.0.1 > 10.0.0.2",
        "|  9 fragments        of packet ",
        "octets from 0, 1480 long, more follow",
        "server   in    ICMP 10.0.0.1 > 10.0.0.2 fragment at octet 2960",
        "octets from 2960, 48 long, the last",
        "is whole: 3 fragments, 3008 octets",
        "| 10 ICMP             10.0.0.1 asks for an echo",
    };
    (void)state;
    struct told told = ping("100base-tx", BARO_LANGUAGE_ENGLISH, 3000);
    assert_order(told.text, way, sizeof way / sizeof way[0]);
    told_free(&told);
}

/* A fast wire has no signal and no FCS; the rest is the same. Each frame in the journey is in the file. */
static void test_fast_and_pcapng(void **state)
{
    (void)state;
    struct told told = ping("fast", BARO_LANGUAGE_KOREAN, 10);
    assert_null(strstr(told.text, "전기 신호"));
    assert_non_null(strstr(told.text, "LAN 드라이버"));
    size_t frames = 0, packets = 0;
    for (const char *at = told.text; (at = strstr(at, "\n+--")) != NULL; at++) {
        size_t line = strcspn(at + 1, "\n");
        frames += memmem(at, line, "  송신  ", strlen("  송신  ")) != NULL ||
                  memmem(at, line, "  수신  ", strlen("  수신  ")) != NULL;
    }
    frames += strncmp(told.text, "+--", 3) == 0 && (memmem(told.text, 40, "송신", strlen("송신")) != NULL);
    for (size_t at = 0; at + 12 <= told.file_size;) {
        const uint8_t *block = (const uint8_t *)told.file + at;
        packets += block[0] == 6;
        at += (size_t)block[4] | (size_t)block[5] << 8 | (size_t)block[6] << 16;
    }
    assert_true(frames >= 8);
    assert_int_equal(frames, packets);
    told_free(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_step),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_fast_and_pcapng),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
