/* Code blocks: what Python's expressions are worth, what is refused, and what a failed assertion says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "baro/drill.h"

#define LISTENER                                                                                             \
    "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n+0 listen(3, 2) = 0\n"
#define CONNECTION                                                                                           \
    LISTENER "+0 < S 0:0(0) win 65535 <mss 1000>\n+0 > S. 0:0(0) ack 1 <mss 1460>\n"                         \
             "+.1 < . 1:1(0) ack 1 win 65535\n+0 accept(3, ..., ...) = 4\n"

static void run(const char *script, enum baro_drill_result result, const char *words)
{
    char *output = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&output, &length);
    enum baro_drill_result got;

    assert_non_null(out);
    got = baro_drill_run_text("test.pkt", script, strlen(script), NULL, out);
    fclose(out);
    if (got != result || (words != NULL && strstr(output, words) == NULL) || (words == NULL && length != 0))
        fail_msg("result %d, output:\n%s\nscript:\n%s", (int)got, output, script);
    free(output);
}

/* One block behind a connection. */
static void block(const char *code, enum baro_drill_result result, const char *words)
{
    char script[4096];

    snprintf(script, sizeof script, "%s+0 %%{ %s }%%\n", CONNECTION, code);
    run(script, result, words);
}

static void holds(const char *expression)
{
    char code[1024];

    snprintf(code, sizeof code, "assert %s", expression);
    block(code, BARO_DRILL_PASSED, NULL);
}

static void fails(const char *code, const char *words)
{
    block(code, BARO_DRILL_FAILED, words);
}

static void refused(const char *code, const char *words)
{
    block(code, BARO_DRILL_NOT_A_SCRIPT, words);
}

static void expressions_are_pythons(void **state)
{
    (void)state;
    holds("1 + 2 * 3 == 7 and (1 + 2) * 3 == 9");
    holds("2 ** 3 ** 2 == 512 and -2 ** 2 == -4");
    holds("-7 // 2 == -4 and -7 % 3 == 2 and 7 % -3 == -2 and 7 / 2 == 3.5");
    holds("7.5 // 2 == 3 and 7.5 % 2 == 1.5 and 1e3 == 1000");
    holds("1 < 2 <= 2 < 3 and not 1 < 3 < 2");
    holds("0x10 | 3 == 17 & 19 | 1 << 1"); /* 19 == 19: comparisons bind less than bits */
    holds("(0x10 | 3) == 19 and 6 ^ 3 == 5 and ~0 == -1 and 1 << 4 == 16 and 256 >> 4 == 16");
    holds("abs(-3) == 3 and abs(-1.5) == 1.5 and min(3, 1, 2) == 1 and max((4, 9)) == 9 and len('abc') == 3");
    holds("int(2.9) == 2 and int(-2.9) == -2 and round(2.5) == 2 and round(3.5) == 4 and float(1) / 4 == 0.25");
    holds("3 in (1, 2, 3) and 4 not in (1,) and 'b' in 'abc'");
    holds("(5 if 0 else 6) == 6 and (1 and 0 or 7) == 7 and (None or 3) == 3");
    holds("'%d of %5.2f, %s, %x %%' % (3, 2.5, 'x', 255) == '3 of  2.50, x, ff %'");
    holds("'%s' % 7 == \"7\" and 'a' + 'b' == 'ab' and 'a' < 'b' and str((1, 'a')) == \"(1, 'a')\"");
    holds(
        "TCP_CA_Open == 0 and TCP_CA_Disorder == 1 and TCP_CA_CWR == 2 and TCP_CA_Recovery == 3 and TCP_CA_Loss == 4");
    holds("TCP_ESTABLISHED == 1 and TCP_CLOSE == 7 and TCPI_OPT_ECN == 8 and TCPI_OPT_SYN_DATA == 32");
    holds("(1 +\n 2 # words\n) == 3");
}

static void fields_are_linuxs(void **state)
{
    (void)state;
    holds("tcpi_snd_cwnd == 10 and tcpi_snd_mss == 1000 and tcpi_state == TCP_ESTABLISHED");
    holds("tcpi_rtt == 100000 and tcpi_rttvar == 50000 and tcpi_min_rtt == 100000 and 250000 <= tcpi_rto <= 310000");
    holds("tcpi_snd_ssthresh == TCP_INFINITE_SSTHRESH and tcpi_unacked == 0 and tcpi_retransmits == 0");
    holds("tcpi_ca_state == TCP_CA_Open and tcpi_options == 0 and tcpi_advmss == 1460 and tcpi_reordering == 3");
    holds("tcpi_last_ack_recv == 0 and tcpi_data_segs_in == 0 and tcpi_rcv_mss == 536");
    run(LISTENER "+0 %{ assert tcpi_state == TCP_LISTEN and tcpi_unacked == 0 and tcpi_sacked == 2 }%\n",
        BARO_DRILL_PASSED, NULL);
    /* The values are of the moment of the block: a begun segment counts as one in flight. */
    run(CONNECTION "+0 write(4, ..., 1500) = 1500\n+0 %{ assert tcpi_unacked == 2, tcpi_unacked }%\n"
                   "+0 > P. 1:1501(1500) ack 1\n+.1 < . 1:1(0) ack 1501 win 65535\n"
                   "+0 %{ assert tcpi_unacked == 0; assert tcpi_notsent_bytes == 0, tcpi_notsent_bytes }%\n",
        BARO_DRILL_PASSED, NULL);
    run("0 %{ assert tcpi_state == 1 }%\n", BARO_DRILL_FAILED, "no TCP socket to ask for tcpi_state");
}

/* The connection of the line above is meant, not the newest. */
static void fields_are_of_the_connection_spoken_of(void **state)
{
    static const char two[] =
        CONNECTION "+0 < 4000>8080 S 0:0(0) win 65535 <mss 500>\n+0 > 8080>4000 S. 0:0(0) ack 1 <mss 1460>\n"
                   "+.1 < 4000>8080 . 1:1(0) ack 1 win 65535\n+0 accept(3, ..., ...) = 5\n"
                   "+0 %{ assert tcpi_snd_mss == 500 }%\n+0 write(4, ..., 10) = 10\n"
                   "+0 > 8080>40000 P. 1:11(10) ack 1\n"
                   "+0 %{ assert tcpi_snd_mss == 1000 }%\n+0 write(5, ..., 10) = 10\n"
                   "+0 > 8080>4000 P. 1:11(10) ack 1\n+0 %{ assert tcpi_snd_mss == 500 }%\n";

    (void)state;
    run(two, BARO_DRILL_PASSED, NULL);
}

static void variables_last_from_block_to_block(void **state)
{
    (void)state;
    run(CONNECTION "+0 %{ before = tcpi_snd_cwnd; a, = 1, }%\n", BARO_DRILL_NOT_A_SCRIPT, "nothing has the name 'a'");
    run(CONNECTION "+0 %{ before = tcpi_segs_in\ncount = 1; count += 2; count *= 5 }%\n"
                   "+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+.1 < . 1:1(0) ack 11 win 65535\n"
                   "+0 %{ assert tcpi_segs_in == before + 1 and count == 15 }%\n",
        BARO_DRILL_PASSED, NULL);
    run(CONNECTION "+0 %{ if tcpi_snd_cwnd > 5: many = 1; two = 2\nelif 1: many = 3\nelse: many = 0 }%\n"
                   "+0 %{ assert many == 1 and two == 2 }%\n",
        BARO_DRILL_PASSED, NULL);
    run(CONNECTION "+0 %{ if 0: never = 1 }%\n+0 %{ print never }%\n", BARO_DRILL_FAILED, "never has no value yet");
}

static void prints_go_where_messages_go(void **state)
{
    (void)state;
    block("print tcpi_snd_cwnd, 'segments', 0.5, (1, 'a')", BARO_DRILL_PASSED, "10 segments 0.5 (1, 'a')\n");
    block("print(\"one\"); print", BARO_DRILL_PASSED, "one\n\n");
}

static void a_failed_assertion_tells_the_values(void **state)
{
    (void)state;
    fails("n = 3; assert tcpi_snd_cwnd == n, 'not %d' % tcpi_snd_cwnd",
          "test.pkt:8: at 0.100000: this does not hold: tcpi_snd_cwnd == n\n"
          "    line      +0 %{ n = 3; assert tcpi_snd_cwnd == n, 'not %d' % tcpi_snd_cwnd }%\n"
          "    where     tcpi_snd_cwnd = 10\n              n = 3\n    message   not 10\n");
    fails("\nassert tcpi_state == TCP_CLOSE_WAIT",
          "    in        line 9\n    where     tcpi_state = 1 (TCP_ESTABLISHED)\n");
    fails("assert 1 / 0", "a division by zero");
    fails("print 9223372036854775807 + 1", "more than 64 bits");
    fails("print 1 << 63", "more than 64 bits");
    fails("assert 'a' < 1", "do not fit the comparison");
    fails("print 'a' - 1", "do not fit the operator");
    fails("print '%d' % 'a'", "does not fit its values");
    fails("print '%d' % (1, 2)", "does not fit its values");
    fails("print 1 in 2", "do not fit 'in'");
    fails("print ~1.5", "do not fit ~");
}

static void what_is_not_known_is_refused_by_name(void **state)
{
    char deep[700], script[1024];

    (void)state;
    refused("assert tcpi_fackets == 0", "test.pkt:8:14: this stack does not tell 'tcpi_fackets'");
    refused("assert foo", "test.pkt:8:14: nothing has the name 'foo'");
    refused("\nassert tcpi_rtt\\\n == bar", "test.pkt:10:5: nothing has the name 'bar'");
    refused("import os", "no 'import'");
    refused("for i in (1, 2): print i", "no 'for'");
    refused("if 1:\n    print 1", "indented");
    refused("open('x')", "no function 'open'");
    refused("tcpi_rtt = 3", "cannot be assigned to");
    refused("TCP_CA_Open = 3", "cannot be assigned to");
    refused("x += 1", "nothing has the name 'x'");
    refused("assert", "expected a value");
    refused("assert (1", "expected ')'");
    refused("assert 1 2", "expected the end of the statement");
    refused("print 'abc", "a string without end");
    refused("print 3 $ 4", "no '$'");
    refused("print 08x", "is no number");
    refused("print 9223372036854775808", "63 bits");
    refused("abs()", "takes one argument");
    refused("print 1 is 1", "expected the end");
    memset(deep, '(', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    refused(deep, "nested too deeply");
    snprintf(script, sizeof script, "%s* %%{ print 1 }%%\n", LISTENER);
    run(script, BARO_DRILL_NOT_A_SCRIPT, "needs one exact time");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_are_pythons),
        cmocka_unit_test(fields_are_linuxs),
        cmocka_unit_test(fields_are_of_the_connection_spoken_of),
        cmocka_unit_test(variables_last_from_block_to_block),
        cmocka_unit_test(prints_go_where_messages_go),
        cmocka_unit_test(a_failed_assertion_tells_the_values),
        cmocka_unit_test(what_is_not_known_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
