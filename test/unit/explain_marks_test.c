/* A journey tells of congestion marks where they happen: asked, agreed, marked, echoed, reduced, told (RFC 3168 §6.1),
 * in both languages, and each event stands in the packet that it is about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "baro/drill.h"

static const char script[] =
    "`sysctl -q net.ipv4.tcp_ecn=1`\n"
    "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0...0.1 connect(3, ..., ...) = 0\n"
    "+0 > SEW 0:0(0) <...>\n+.1 < SE. 0:0(0) ack 1 win 65535 <mss 1000>\n+0 > . 1:1(0) ack 1\n"
    "+0 < [ce] . 1:1001(1000) ack 1 win 65535\n+0 > E. 1:1(0) ack 1001\n"
    "+0 < [ect0] W. 1001:2001(1000) ack 1 win 65535\n+0 > . 1:1(0) ack 2001\n"
    "+0 write(3, ..., 20000) = 20000\n+0 > [ect0] . 1:10001(10000) ack 2001\n"
    "+.1 < E. 2001:2001(0) ack 9001 win 65535\n+0 > [ect0] W. 10001:11001(1000) ack 2001\n";

static char *journey(enum baro_language language)
{
    const struct baro_drill_options options = { .journey = true, .language = language };
    char *output = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&output, &length);
    enum baro_drill_result result;

    assert_non_null(out);
    result = baro_drill_run_text("t", script, strlen(script), &options, out);
    fclose(out);
    if (result != BARO_DRILL_PASSED)
        fail_msg("%s", output);
    return output;
}

/* `words` stand in `text` behind *at; *at then behind them. */
static void next(const char **at, const char *words)
{
    const char *found = strstr(*at, words);

    if (found == NULL)
        fail_msg("\"%s\" is not told, or not in its place:\n%s", words, *at);
    *at = found + strlen(words);
}

static void what_happens_is_told_in_its_place(void **state)
{
    char *text = journey(BARO_LANGUAGE_ENGLISH);
    const char *at = text;

    (void)state;
    next(&at, "call  connect");
    next(&at, "the SYN asks for marks instead of losses");
    next(&at, "SYN+ECE+CWR");
    next(&at, "SYN+ACK+ECE");
    next(&at, "agreed: new data goes out as ECN-capable");
    next(&at, "a router has marked this segment (CE)");
    next(&at, "out   TCP 192.168.0.1");
    next(&at, "ACK+ECE");
    next(&at, "in    TCP 192.0.2.1:8080");
    next(&at, "ACK+CWR");
    next(&at, "the peer has slowed down (CWR)");
    next(&at, "ECE: a router has marked our data, 10000 octets under way: the window goes down to 7000, ssthresh 7000");
    next(&at, "ACK+CWR seq 10001");
    next(&at, "CWR tells the peer");
    assert_null(strstr(text, " kept "));
    free(text);
}

static void in_korean_too(void **state)
{
    char *text = journey(BARO_LANGUAGE_KOREAN);
    const char *at = text;

    (void)state;
    next(&at, "SYN으로 손실 대신 표시를 쓰자고 청함");
    next(&at, "합의함");
    next(&at, "라우터가 이 세그먼트에 혼잡 표시(CE)를 함");
    next(&at, "상대가 늦추었음(CWR)");
    next(&at, "윈도우를 7000로 줄임");
    next(&at, "윈도우를 줄였다고 CWR로 알림");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_happens_is_told_in_its_place),
        cmocka_unit_test(in_korean_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
