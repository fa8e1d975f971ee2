/* Frames in one line, counters, and one trace to several sinks. */
#include "baro/explain.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "support/tell.h"

static const char *summary(const uint8_t *frame, size_t length, enum baro_language language)
{
    static char text[256];
    uint8_t *exact = malloc(length + 1); /* so that a sanitizer sees a read past the end */
    memcpy(exact + 1, frame, length);
    baro_frame_summary((struct baro_bytes){ exact + 1, length }, language, text, sizeof text);
    free(exact);
    return text;
}

static void test_tcp(void **state)
{
    uint8_t frame[256];
    (void)state;
    size_t length = tell_segment(frame, 0x18, 7, 9, 120);
    assert_string_equal(
        summary(frame, length, BARO_LANGUAGE_ENGLISH),
        "TCP 10.0.0.1:40000 > 10.0.0.2:80 PSH+ACK seq 7 ack 9 win 65535, with 120 octets of data");
    assert_string_equal(summary(frame, length, BARO_LANGUAGE_KOREAN),
                        "TCP 10.0.0.1:40000 > 10.0.0.2:80 PSH+ACK seq 7 ack 9 win 65535, 데이터 120바이트");
    frame[20] = 0x20; /* more fragments, and this one is not the first */
    frame[21] = 0xB9;
    assert_string_equal(summary(frame, length, BARO_LANGUAGE_ENGLISH),
                        "TCP 10.0.0.1 > 10.0.0.2 fragment at octet 1480 of packet 7");
}

static void test_arp(void **state)
{
    uint8_t frame[60] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0,  0, 0, 0, 1, 8, 6, 0, 1, 8, 0,  6, 4, 0,
                          1,    2,    0,    0,    0,    0,    1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2 };
    (void)state;
    assert_string_equal(summary(frame, 60, BARO_LANGUAGE_ENGLISH), "ARP who has 10.0.0.2? tell 10.0.0.1");
    frame[21] = 2;
    assert_string_equal(summary(frame, 60, BARO_LANGUAGE_ENGLISH), "ARP 10.0.0.1 is at 02:00:00:00:00:01");
    frame[21] = 1;
    memset(frame + 28, 0, 4);
    assert_string_equal(summary(frame, 60, BARO_LANGUAGE_KOREAN), "ARP 10.0.0.2 주소를 누가 쓰고 있는가?");
}

static void test_others(void **state)
{
    uint8_t frame[128];
    (void)state;
    size_t length = tell_segment(frame, 2, 1, 0, 0);
    frame[23] = 1; /* ICMP */
    frame[34] = 8;
    assert_string_equal(summary(frame, length, BARO_LANGUAGE_ENGLISH),
                        "ICMP 10.0.0.1 > 10.0.0.2 echo request, 12 octets");
    frame[23] = 17;
    assert_string_equal(summary(frame, length, BARO_LANGUAGE_ENGLISH),
                        "UDP 10.0.0.1:2112 > 10.0.0.2:80 with 12 octets of data");
    frame[23] = 2;
    for (unsigned i = 0; i < 6; i++) {
        static const uint8_t type[] = { 0x11, 0x12, 0x16, 0x22, 0x17, 0x99 };
        static const char *const said[] = { "query", "report", "report", "report", "done" };
        char expected[100];

        frame[34] = type[i];
        snprintf(expected, sizeof expected, i < 5 ? "IGMP 10.0.0.1 > 10.0.0.2 multicast listener %s, 12 octets"
                                                  : "IGMP 10.0.0.1 > 10.0.0.2 %s, 12 octets", i < 5 ? said[i] : "153");
        assert_string_equal(summary(frame, length, BARO_LANGUAGE_ENGLISH), expected);
    }
    frame[12] = 0x88;
    assert_string_equal(summary(frame, length, BARO_LANGUAGE_ENGLISH), "type 0x8800, 40 octets");
    assert_string_equal(summary(frame, 0, BARO_LANGUAGE_ENGLISH), "type 0x0000, 0 octets (cut short)");
}

/* Cut anywhere, or with any octet wrong, a frame is told and nothing is read past its end. */
static void test_damaged(void **state)
{
    uint8_t frame[128], damaged[128];
    (void)state;
    size_t length = tell_segment(frame, 2, 1, 0, 20);
    for (size_t cut = 0; cut < 54; cut++)
        assert_non_null(strstr(summary(frame, cut, BARO_LANGUAGE_ENGLISH), "(cut short)"));
    for (size_t at = 0; at < length; at++) {
        memcpy(damaged, frame, length);
        damaged[at] = 0xFF;
        assert_true(strlen(summary(damaged, length, BARO_LANGUAGE_KOREAN)) > 0);
        assert_true(strlen(summary(damaged, length / 2, BARO_LANGUAGE_KOREAN)) > 0);
    }
}

static void count(void *context, const struct baro_trace_event *event)
{
    *(unsigned *)context += event->kind == BARO_TRACE_FRAME_END;
}

static void test_fanout(void **state)
{
    unsigned first = 0, second = 0;
    struct baro_fanout fanout = { .sink = { { &first, count }, { &second, count } }, .count = 2 };
    (void)state;
    tell(baro_fanout_sink(&fanout), 1, 0, "FRAME_END");
    tell(baro_fanout_sink(&fanout), 1, 0, "PACKET_OUT");
    assert_int_equal(first, 1);
    assert_int_equal(second, 1);
}

static char *printed(enum baro_statistics_form form, enum baro_language language)
{
    struct baro_statistics statistics = { .frames_in = 12, .frames_out = 34, .tcp_in = 5, .tcp_rto = 1 };
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    statistics.drops[BARO_DROP_FCS_WRONG] = 2;
    statistics.drops[BARO_DROP_TCP_PAWS] = 1;
    assert_int_equal(baro_statistics_print(out, &statistics, form, language), 0);
    fclose(out);
    return text;
}

static void test_statistics(void **state)
{
    (void)state;
    char *text = printed(BARO_STATISTICS_LINE, BARO_LANGUAGE_ENGLISH);
    assert_string_equal(text,
                        "frames 12 in, 34 out; TCP 5 in, 0 out, 0 again; UDP 0 in, 0 out; ICMP 0 in, 0 out; "
                        "dropped 3 (frame check sequence wrong 2, timestamp too old 1)\n");
    free(text);
    text = printed(BARO_STATISTICS_TABLE, BARO_LANGUAGE_ENGLISH);
    assert_string_equal(text, "            12  frames received\n"
                              "            34  frames sent\n"
                              "             5  TCP segments received\n"
                              "             1  retransmission timeouts\n"
                              "             2  dropped: frame check sequence wrong\n"
                              "             1  dropped: timestamp too old\n");
    free(text);
    text = printed(BARO_STATISTICS_TABLE, BARO_LANGUAGE_KOREAN);
    assert_non_null(strstr(text, "             2  버림: FCS가 틀림\n"));
    free(text);
    FILE *full = fopen("/dev/full", "w");
    struct baro_statistics statistics = { 0 };
    if (full == NULL)
        skip();
    assert_int_equal(baro_statistics_print(full, &statistics, BARO_STATISTICS_LINE, BARO_LANGUAGE_ENGLISH),
                     -ENOSPC);
    fclose(full);
}

/* Both families' counters, and every other, have words in both languages. */
static void test_every_counter(void **state)
{
    struct baro_statistics statistics = {
#define COUNTER_ONE(name, text) .name = 1,
        BARO_COUNTERS(COUNTER_ONE)
#undef COUNTER_ONE
    };
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    (void)state;
    assert_int_equal(baro_statistics_print(out, &statistics, BARO_STATISTICS_TABLE, BARO_LANGUAGE_KOREAN), 0);
    fclose(out);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        bool korean = false;

        for (const char *at = line; *at != '\0'; at++)
            korean = korean || (*at & 0x80) != 0;
        if (!korean)
            fail_msg("no Korean words: %s", line);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp),     cmocka_unit_test(test_arp),    cmocka_unit_test(test_others),
        cmocka_unit_test(test_damaged), cmocka_unit_test(test_fanout), cmocka_unit_test(test_statistics),
        cmocka_unit_test(test_every_counter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
