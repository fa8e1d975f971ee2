/* The drill's runner: what passes, and that each way of being wrong is seen and said. */
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
    "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n+0 listen(3, 1) = 0\n"
#define CONNECTION                                                                                           \
    LISTENER "+0 < S 0:0(0) win 65535 <mss 1000>\n+0 > S. 0:0(0) ack 1 <mss 1460>\n"                         \
             "+.1 < . 1:1(0) ack 1 win 65535\n+0 accept(3, ..., ...) = 4\n"

static void expect(const char *script, enum baro_drill_result result, const char *words)
{
    char *output = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&output, &length);
    enum baro_drill_result got;

    assert_non_null(out);
    got = baro_drill_run_text("test.pkt", script, strlen(script), NULL, out);
    fclose(out);
    if (got != result || (words != NULL && strstr(output, words) == NULL) || (words == NULL && length != 0))
        fail_msg("result %d, output:\n%s", (int)got, output);
    free(output);
}

static void what_is_right_passes_silently(void **state)
{
    (void)state;
    expect(CONNECTION, BARO_DRILL_PASSED, NULL);
    expect(CONNECTION "+0 write(4, ..., 2500) = 2500\n+0 > P. 1:2501(2500) ack 1\n", BARO_DRILL_PASSED, NULL);
    expect(CONNECTION "+0...1 read(4, ..., 5) = 5\n+1 < P. 1:6(5) ack 1 win 65535\n", BARO_DRILL_PASSED,
           NULL);
}

static void a_wrong_packet_is_told_with_what_differs(void **state)
{
    (void)state;
    expect(
        LISTENER "+0 < S 0:0(0) win 65535 <mss 1000>\n+0 > S. 0:0(0) ack 2 <mss 1460>\n", BARO_DRILL_FAILED,
        "test.pkt:5: at 0.000000: the packet differs in: ack\n    line      +0 > S. 0:0(0) ack 2 <mss 1460>\n"
        "                expected                      actual\n"
        "    time        0.000000                      0.000000\n"
        "    flags       S.                            S.\n"
        "    seq         0                             0\n"
        "    length      0                             0\n"
        "  * ack         2                             1\n"
        "    win         *                             16384\n"
        "    options     mss 1460                      mss 1460\n"
        "    sent      0.000000 > S. 0:0(0) ack 1 win 16384 <mss 1460>\n"
        "\nwhat happened to this connection last (all of it with --journey):\n\n+--    0.000000  stack");
    expect(LISTENER "+0 < S 0:0(0) win 65535 <mss 1000>\n+0 > S. 0:0(0) ack 1 <mss 1400>\n",
           BARO_DRILL_FAILED, "differs in: options");
    expect(LISTENER "+0 < S 0:0(0) win 65535 <mss 1000>\n+0 > . 0:0(0) ack 1 <...>\n", BARO_DRILL_FAILED,
           "flags");
    expect(CONNECTION "+0 write(4, ..., 10) = 10\n+0 > P. 2:12(10) ack 1\n", BARO_DRILL_FAILED,
           "differs in: seq");
    expect(CONNECTION "+0 write(4, ..., 10) = 10\n+0 > P. 1:12(11) ack 1\n", BARO_DRILL_FAILED,
           "differs in: flags");
    expect(CONNECTION "+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1 win 7\n", BARO_DRILL_FAILED, "win");
    expect(CONNECTION "+0 write(4, ..., 10) = 10\n+0 > udp (10)\n", BARO_DRILL_FAILED,
           "actual    0.100000 > P. 1:11(10) ack 1 win ");
}

static void every_difference_has_its_mark(void **state)
{
    (void)state;
    expect(LISTENER "+0 < S 0:0(0) win 65535 <mss 1000,sackOK,nop,nop>\n"
                    "+0 > [ect0] (ttl 63, tos 2) S. 0:0(0) ack 1 win 9 <mss 1460,nop>\n",
           BARO_DRILL_NOT_A_SCRIPT, "not a multiple of four");
    expect(LISTENER "+0 < S 0:0(0) win 65535 <mss 1000,sackOK,nop,nop>\n"
                    "+0 > [ect0, ttl 63] S. 0:0(0) ack 1 win 9 <mss 1460,eol,nop,sackOK>\n",
           BARO_DRILL_FAILED,
           "the packet differs in: ECN, TTL, win, options\n"
           "    line      +0 > [ect0, ttl 63] S. 0:0(0) ack 1 win 9 <mss 1460,eol,nop,sackOK>\n"
           "                expected                      actual\n"
           "    time        0.000000                      0.000000\n"
           "  * ECN         ect0                          noecn\n"
           "  * TTL         63                            64\n"
           "    flags       S.                            S.\n"
           "    seq         0                             0\n"
           "    length      0                             0\n"
           "    ack         1                             1\n"
           "  * win         9                             16384\n"
           "    options     mss 1460                      mss 1460\n"
           "  *             eol                           nop\n");
    /* A time is marked, too, and a range is shown. */
    expect(CONNECTION "+0 write(4, ..., 10) = 10\n+.2~+.3 > P. 1:11(10) ack 1\n", BARO_DRILL_FAILED,
           "  * time        0.300000~0.400000             0.100000\n    flags       P.");
}

static void the_language_is_chosen(void **state)
{
    static const char script[] = LISTENER "+0 < S 0:0(0) win 65535 <mss 1000>\n+0 > S. 0:0(0) ack 2 <...>\n";
    const struct baro_drill_options korean = { .language = BARO_LANGUAGE_KOREAN };
    char *output = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&output, &length);

    (void)state;
    assert_non_null(out);
    assert_int_equal(baro_drill_run_text("t", script, strlen(script), &korean, out), BARO_DRILL_FAILED);
    fclose(out);
    assert_non_null(strstr(output, "패킷의 다른 필드: ack\n    스크립트  +0"));
    assert_non_null(strstr(output, "TCP 상태         LISTEN -> SYN-RECEIVED"));
    free(output);
}

/* The last blocks of the connection alone; everything with --journey, also of what passes. */
static void the_journey_is_of_the_connection(void **state)
{
    static const char two[] =
        CONNECTION "+0 < 4000>8080 S 0:0(0) win 65535 <mss 500>\n+0 > 8080>4000 S. 0:0(0) ack 1 <...>\n"
                   "+.1 < 4000>8080 . 1:1(0) ack 1 win 65535\n+0 write(4, ..., 10) = 10\n"
                   "+0 > 8080>40000 P. 1:12(11) ack 1\n";
    const struct baro_drill_options whole = { .journey = true };
    char *output = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&output, &length);

    (void)state;
    assert_non_null(out);
    assert_int_equal(baro_drill_run_text("t", two, strlen(two), NULL, out), BARO_DRILL_FAILED);
    fflush(out);
    assert_non_null(strstr(output, "> 192.0.2.1:40000 PSH+ACK seq 1 "));
    assert_null(strstr(output, "192.0.2.1:4000 "));
    assert_null(strstr(output, "what happened:"));
    rewind(out);
    assert_int_equal(baro_drill_run_text("t", CONNECTION, strlen(CONNECTION), &whole, out), BARO_DRILL_PASSED);
    fclose(out);
    assert_non_null(strstr(output, "what happened:\n\n+--    0.000000  stack"));
    assert_non_null(strstr(output, "SYN-RECEIVED -> ESTABLISHED"));
    free(output);
}

static void a_wrong_time_is_told(void **state)
{
    (void)state;
    expect(CONNECTION "+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+.31 > P. 1:11(10) ack 1\n",
           BARO_DRILL_FAILED, "too early, by 0.006000 s");
    expect(CONNECTION "+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+.29 > P. 1:11(10) ack 1\n",
           BARO_DRILL_FAILED, "nothing was sent");
    expect("--tolerance_usecs=20000\n" CONNECTION
           "+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+.29 > P. 1:11(10) ack 1\n",
           BARO_DRILL_PASSED, NULL);
    expect(CONNECTION "+0...0.3 read(4, ..., 5) = 5\n+.1 < P. 1:6(5) ack 1 win 65535\n+1 close(4) = 0\n",
           BARO_DRILL_FAILED, "read returned 0.200000 s too early");
    expect(CONNECTION "+0...0.1 read(4, ..., 5) = 5\n+1 < P. 1:6(5) ack 1 win 65535\n", BARO_DRILL_FAILED,
           "has not returned by 0.200000");
}

static void a_wrong_result_is_told(void **state)
{
    (void)state;
    expect("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 listen(3, 1) = -1 EINVAL (Invalid)\n",
           BARO_DRILL_FAILED, "expected  -1 EINVAL");
    expect("0 socket(AF_UNSPEC, SOCK_STREAM, IPPROTO_TCP) = -1 EMFILE (x)\n", BARO_DRILL_FAILED,
           "actual    -1 EAFNOSUPPORT");
    expect(CONNECTION "+0 read(4, ..., 5) = 5\n", BARO_DRILL_FAILED, "would wait");
    expect(CONNECTION "+0 getsockopt(4, SOL_TCP, TCP_NODELAY, [1], [4]) = 0\n", BARO_DRILL_FAILED,
           "another value");
    expect("0 listen(3, 1) = 0\n", BARO_DRILL_FAILED, "no socket has the descriptor 3");
    expect("0 close(3) = 0\n", BARO_DRILL_FAILED, "actual    -1 EBADF");
    expect("0 close(3) = -1 EBADF (Bad file descriptor)\n+0 listen(3, 1) = -1 EBADF (x)\n", BARO_DRILL_PASSED, NULL);
}

/* A line may stand for the segments that add up to it. */
static void segments_add_up(void **state)
{
    (void)state;
    expect(CONNECTION "+0 write(4, ..., 10000) = 10000\n+0 > P. 1:10001(10000) ack 1\n", BARO_DRILL_PASSED, NULL);
    expect(CONNECTION "+0 write(4, ..., 2500) = 2500\n+0 > . 1:1001(1000) ack 1\n+0 > P. 1001:2501(1500) ack 1\n",
           BARO_DRILL_PASSED, NULL);
    /* The push is on the last of them. */
    expect(CONNECTION "+0 write(4, ..., 2500) = 2500\n+0 > . 1:2501(2500) ack 1\n", BARO_DRILL_FAILED,
           "sent      0.100000 > P. 2001:2501(500) ack 1");
    /* A line ends where a segment ends. */
    expect(CONNECTION "+0 write(4, ..., 2500) = 2500\n+0 > . 1:1501(1500) ack 1\n", BARO_DRILL_FAILED,
           "  * length      500                           1000");
    expect(CONNECTION "+0 write(4, ..., 2000) = 2000\n+0 > P. 1:3001(3000) ack 1\n", BARO_DRILL_FAILED,
           "the packet differs in: flags");
    expect(CONNECTION "+0 send(4, ..., 1500, MSG_MORE) = 1500\n+0 > P. 1:1501(1500) ack 1\n", BARO_DRILL_FAILED,
           "only 1000 octets of it were sent");
    /* So is the end, with the last octets. */
    expect(CONNECTION "+0 setsockopt(4, SOL_TCP, TCP_CORK, [1], 4) = 0\n+0 write(4, ..., 1500) = 1500\n"
                      "+0 > . 1:1001(1000) ack 1\n+0 close(4) = 0\n+0 > FP. 1001:1501(500) ack 1\n",
           BARO_DRILL_PASSED, NULL);
    /* Retransmissions are lines of their own, whatever was written. */
    expect(CONNECTION "+0 write(4, ..., 3000) = 3000\n+0 > P. 1:3001(3000) ack 1\n+.1 < . 1:1(0) ack 2001 win 65535\n"
                      "+0.2~+0.5 > P. 2001:3001(1000) ack 1\n",
           BARO_DRILL_PASSED, NULL);
}

static void what_nobody_expects_is_told(void **state)
{
    (void)state;
    expect(CONNECTION "+0 write(4, ..., 10) = 10\n+.1 < . 1:1(0) ack 11 win 65535\n", BARO_DRILL_FAILED,
           "what no line expects");
    expect(CONNECTION "+0 close(4) = 0\n", BARO_DRILL_PASSED, NULL); /* at the very end it may */
    expect("+0 < 5>6 udp (1)\n+0 > 6>5 udp (1)\n", BARO_DRILL_FAILED, "differs in: protocol");
}

static void what_is_no_script_is_told(void **state)
{
    (void)state;
    expect("0 socket(\n", BARO_DRILL_NOT_A_SCRIPT, "test.pkt:2:1: expected a value, found the end");
    expect("1 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n0 close(3) = 0\n", BARO_DRILL_FAILED, "lies before");
}

#define STAMPED                                                                                              \
    LISTENER "+0 < S 0:0(0) win 65535 <mss 1000,sackOK,TS val 100 ecr 0>\n"                                   \
             "+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 700 ecr 100>\n"                                    \
             "+.1 < . 1:1(0) ack 1 win 65535 <nop,nop,TS val 200 ecr 700>\n+0 accept(3, ..., ...) = 4\n"     \
             "+0 write(4, ..., 10) = 10\n"

static void timestamps_are_compared_with_a_tick_only(void **state)
{
    (void)state;
    /* The stack's clock has gone on by 100 ticks of a millisecond. */
    expect(STAMPED "+0 > P. 1:11(10) ack 1 <nop,nop,TS val 5 ecr 200>\n", BARO_DRILL_PASSED, NULL);
    expect(STAMPED "+0 > P. 1:11(10) ack 1 <nop,nop,TS val 5 ecr 201>\n", BARO_DRILL_FAILED, "options");
    expect("--tcp_ts_tick_usecs=1000\n" STAMPED "+0 > P. 1:11(10) ack 1 <nop,nop,TS val 800 ecr 200>\n",
           BARO_DRILL_PASSED, NULL);
    expect("--tcp_ts_tick_usecs=10000\n" STAMPED "+0 > P. 1:11(10) ack 1 <nop,nop,TS val 710 ecr 200>\n",
           BARO_DRILL_PASSED, NULL);
    expect("--tcp_ts_tick_usecs=1000\n" STAMPED "+0 > P. 1:11(10) ack 1 <nop,nop,TS val 810 ecr 200>\n",
           BARO_DRILL_FAILED, "options");
    /* What the peer echoes is the script's number for it: a round trip of 50 ms. */
    expect(STAMPED "+0 > P. 1:11(10) ack 1 <nop,nop,TS val 5 ecr 200>\n"
                   "+.05 < . 1:1(0) ack 11 win 65535 <nop,nop,TS val 250 ecr 5>\n"
                   "+0 %{ assert tcpi_min_rtt <= 51000, tcpi_min_rtt }%\n",
           BARO_DRILL_PASSED, NULL);
}

static void waiting_for_events_is_checked(void **state)
{
    (void)state;
    expect(
        CONNECTION "+0 poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLIN}], 1, 0) = 1\n", BARO_DRILL_FAILED,
        "descriptor 4 has other events\n    line      +0 poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLIN}], 1, 0) = 1\n"
        "    expected  POLLIN\n    actual    POLLOUT\n");
    expect(CONNECTION "+0...+.3 poll([{fd=4, events=POLLIN, revents=0}], 1, 200) = 0\n+1 close(4) = 0\n",
           BARO_DRILL_FAILED, "poll returned 0.100000 s too early");
    expect(CONNECTION "+0...+.1 poll([{fd=4, events=POLLIN, revents=0}], 1, 200) = 0\n+1 close(4) = 0\n",
           BARO_DRILL_FAILED, "poll returned 0.100000 s too late");
    expect(CONNECTION "+0 poll([{fd=4, events=POLLIN, revents=0}], 1, 200) = 0\n", BARO_DRILL_FAILED,
           "poll would wait, and the script gives it no end time");
    expect(CONNECTION "+0 poll([{fd=4}], 1, 0) = 0\n", BARO_DRILL_FAILED, "expected {fd=4, events=POLLIN");
    expect(CONNECTION "+0 poll([{fd=4, events=POLLIN}], 2, 0) = 0\n", BARO_DRILL_FAILED, "expected poll(");
    expect(CONNECTION "+0 epoll_create(1) = 5\n+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, fd=4}) = 0\n"
                      "+0 epoll_wait(5, {events=EPOLLIN, fd=4}, 1, 0) = 1\n",
           BARO_DRILL_FAILED, "    expected  EPOLLIN\n    actual    EPOLLOUT\n");
    expect(CONNECTION "+0 epoll_create(1) = 5\n+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, fd=4}) = 0\n"
                      "+0 epoll_wait(5, {events=EPOLLOUT, fd=3}, 1, 0) = 1\n",
           BARO_DRILL_FAILED, "    expected  3\n    actual    4\n");
    expect(CONNECTION "+0 epoll_create(1) = 5\n+0 read(5, ..., 1) = 0\n", BARO_DRILL_FAILED,
           "no socket has the descriptor 5");
}

static void messages_are_checked(void **state)
{
    (void)state;
    expect(CONNECTION "+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 1}], msg_flags=0,\n"
                      "msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=9}]}, 0) = 1\n",
           BARO_DRILL_FAILED, "would wait");
    expect(CONNECTION "+0 < P. 1:6(5) ack 1 win 65535\n+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 1}], "
                      "msg_flags=0, msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=9}]}, 0) = 1\n",
           BARO_DRILL_FAILED, "the control message TCP_CM_INQ is not supported");
    expect(CONNECTION
           "+0 < P. 1:6(5) ack 1 win 65535\n+0 recvmsg(4, {msg_iov(1)=[{..., 1}], msg_flags=MSG_TRUNC}, 0) = 1\n",
           BARO_DRILL_FAILED, "msg_flags is another");
    expect(CONNECTION "+0 send(4, ..., 10, MSG_FASTOPEN) = 10\n", BARO_DRILL_FAILED,
           "a flag of this call is not supported: MSG_FASTOPEN");
    expect(CONNECTION "+0 setsockopt(4, SOL_TCP, TCP_KEEPIDLE, [9223372036854775807], 4) = -1 EINVAL (x)\n"
                      "+0 setsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=1, linger=9223372036854775807}, 8) = 0\n",
           BARO_DRILL_FAILED, "a time of 9223372036854775807 s");
    expect(CONNECTION "+0 ioctl(4, SIOCINQ, [3]) = 0\n", BARO_DRILL_FAILED, "    expected  3\n    actual    0\n");
    expect(CONNECTION "+0 setsockopt(4, SOL_TCP, TCP_MD5SIG, [1], 4) = 0\n", BARO_DRILL_FAILED,
           "the socket option TCP_MD5SIG of SOL_TCP is not supported");
    expect(CONNECTION "+0 getsockopt(4, SOL_TCP, TCP_CONGESTION, \"bbr\", [16]) = 0\n", BARO_DRILL_FAILED,
           "    expected  bbr\n    actual    cubic\n");
    expect(CONNECTION "+0 getsockopt(4, SOL_TCP, TCP_INFO, {tcpi_snd_mss=9}, [16]) = 0\n", BARO_DRILL_FAILED,
           "tcpi_snd_mss is another");
    expect(CONNECTION "+0 getpeername(4, {sin_port=htons(9)}, [16]) = 0\n", BARO_DRILL_FAILED, "40000");
}

static void what_is_not_fatal_is_told_and_left(void **state)
{
    (void)state;
    expect("--non_fatal=syscall\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 listen(3, 1) = -1 EINVAL (x)\n",
           BARO_DRILL_PASSED, "the script goes on");
    expect("--non_fatal=packet\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 listen(3, 1) = -1 EINVAL (x)\n",
           BARO_DRILL_FAILED, "something else");
    expect("--dry_run\n0 close(3) = 0\n", BARO_DRILL_PASSED, NULL);
    expect("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+2 `true`\n+1 %{ x = 1 }%\n4 close(3) = 0\n2 close(3) = 0\n",
           BARO_DRILL_FAILED, "at 4.000000: this event lies before");
}

#define PIPE CONNECTION "+0 pipe([5, 6]) = 0\n"

static void pipes_and_files_are_checked(void **state)
{
    (void)state;
    /* What Linux says to a splice that cannot be. */
    expect(PIPE "+0 splice(5, NULL, 4, NULL, 1, SPLICE_F_NONBLOCK) = -1 EAGAIN (x)\n"
                "+0 write(6, ..., 65536) = 65536\n"
                "+0 splice(4, NULL, 6, NULL, 1, SPLICE_F_NONBLOCK) = -1 EAGAIN (x)\n"
                "+0 splice(3, NULL, 4, NULL, 1, 0) = -1 EINVAL (x)\n"
                "+0 splice(5, NULL, 6, NULL, 1, 0) = -1 EINVAL (x)\n"
                "+0 splice(5, NULL, 4, NULL, 1, 64) = -1 EINVAL (x)\n"
                "+0 splice(9, NULL, 6, NULL, 1, 0) = -1 EBADF (x)\n"
                "+0 splice(6, NULL, 4, NULL, 1, 0) = -1 EBADF (x)\n"
                "+0 splice(4, NULL, 5, NULL, 1, 0) = -1 EBADF (x)\n"
                "+0 splice(5, [0], 4, NULL, 1, 0) = -1 ESPIPE (x)\n"
                "+0 splice(4, [0], 6, NULL, 1, 0) = -1 EINVAL (x)\n"
                "+0 splice(9, NULL, 9, NULL, 0, 0) = 0\n"
                "+0 read(6, ..., 1) = -1 EBADF (x)\n+0 write(5, ..., 1) = -1 EBADF (x)\n"
                "+0 close(5) = 0\n+0 splice(4, NULL, 6, NULL, 1, 0) = -1 EPIPE (x)\n",
           BARO_DRILL_PASSED, NULL);
    expect(PIPE "+0 open(\"x\", O_RDONLY, 0) = 7\n+0 sendfile(9, 7, NULL, 1) = -1 EBADF (x)\n"
                "+0 sendfile(4, 9, NULL, 1) = -1 EBADF (x)\n+0 sendfile(4, 5, NULL, 1) = -1 EINVAL (x)\n"
                "+0 sendfile(4, 3, [0], 1) = -1 ESPIPE (x)\n+0 write(7, ..., 1) = -1 EBADF (x)\n",
           BARO_DRILL_PASSED, NULL);
    /* What nobody waits for, and what is not kept. */
    expect(PIPE "+0 splice(5, NULL, 4, NULL, 1, 0) = 1\n", BARO_DRILL_FAILED, "splice would wait for the pipe");
    expect(PIPE "+0 write(6, ..., 65537) = 65536\n", BARO_DRILL_FAILED, "write would wait for the pipe");
    expect(PIPE "+0 splice(4, NULL, 6, NULL, 1, 0) = 1\n", BARO_DRILL_FAILED, "gives it no end time");
    expect(PIPE "+0...1 read(5, ..., 1) = 1\n", BARO_DRILL_FAILED, "no socket has the descriptor 5");
    expect(PIPE "+0 write(6, \"x\", 1) = 1\n", BARO_DRILL_FAILED, "is not kept");
    expect(PIPE "+0 pipe([7, 5]) = 0\n", BARO_DRILL_FAILED, "not in use");
    expect(PIPE "+0 open(\"x\", O_RDWR) = 7\n", BARO_DRILL_FAILED, "only read");
    expect(PIPE "+0 poll([{fd=5, events=POLLIN, revents=0}], 1, 0) = 0\n", BARO_DRILL_FAILED, "or a pipe");
    /* What goes through has the pattern of its stream, and is counted. */
    expect(PIPE "+0 < P. 1:6(5) ack 1 win 65535\n+0 > . 1:1(0) ack 6\n+0 splice(4, NULL, 6, NULL, 9, 0) = 9\n",
           BARO_DRILL_FAILED, "something else");
}

#define OVER_IPV6 "--ip_version=ipv6\n"

static void over_ipv6(void **state)
{
    const char *const mapped = "--ip_version=ipv4-mapped-ipv6\n" LISTENER
                               "+0 < S 0:0(0) win 65535 <mss 1000>\n+0 > S. 0:0(0) ack 1 <mss 1460>\n"
                               "+.1 < . 1:1(0) ack 1 win 65535\n";
    char script[1024];

    (void)state;
    expect(OVER_IPV6 LISTENER "+0 < S 0:0(0) win 65535 <mss 1000>\n+0 > (tos 0, ttl 64) S. 0:0(0) ack 1 <mss 1440>\n",
           BARO_DRILL_PASSED, NULL);
    expect(OVER_IPV6 LISTENER "+0 < S 0:0(0) win 65535 <mss 1000>\n+0 > (ttl 63) S. 0:0(0) ack 1 <...>\n",
           BARO_DRILL_FAILED, "differs in: TTL");
    expect(OVER_IPV6 LISTENER "+0 < S 0:0(0) win 65535 <mss 1000>\n+0 > (flowlabel 0xfffff) S. 0:0(0) ack 1 <...>\n",
           BARO_DRILL_FAILED, "differs in: flow label");
    expect(OVER_IPV6 "0 < icmp echo_request id 7 seq 1 (56)\n+0 > icmp unreachable port\n", BARO_DRILL_FAILED,
           "icmp echo_reply id 7 seq 1 (56)");
    expect(OVER_IPV6 "0 < udp (5)\n+0 > icmp packet_too_big mtu 1300\n", BARO_DRILL_FAILED,
           "icmp unreachable port_unreachable");
    expect(OVER_IPV6 "0 < udp (5)\n+0 > icmp unreachable no_route\n", BARO_DRILL_FAILED, "differs in: code");
    expect(OVER_IPV6 "--mtu=1279\n0 < udp (5)\n", BARO_DRILL_FAILED, "refuses its address");
    /* Who was accepted, as the socket shows it. */
    snprintf(script, sizeof script, "%s+0 accept(3, {sin6_addr = inet_addr(\"::ffff:192.0.2.1\")}, ...) = 4\n", mapped);
    expect(script, BARO_DRILL_PASSED, NULL);
    snprintf(script, sizeof script, "%s+0 accept(3, {sin6_addr = inet_addr(\"192.0.2.1\")}, ...) = 4\n", mapped);
    expect(script, BARO_DRILL_FAILED, "of ::ffff:192.0.2.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_ipv6),
        cmocka_unit_test(pipes_and_files_are_checked),
        cmocka_unit_test(timestamps_are_compared_with_a_tick_only),
        cmocka_unit_test(waiting_for_events_is_checked),
        cmocka_unit_test(messages_are_checked),
        cmocka_unit_test(what_is_not_fatal_is_told_and_left),
        cmocka_unit_test(what_is_right_passes_silently),
        cmocka_unit_test(a_wrong_packet_is_told_with_what_differs),
        cmocka_unit_test(a_wrong_time_is_told),
        cmocka_unit_test(every_difference_has_its_mark),
        cmocka_unit_test(the_language_is_chosen),
        cmocka_unit_test(the_journey_is_of_the_connection),
        cmocka_unit_test(a_wrong_result_is_told),
        cmocka_unit_test(segments_add_up),
        cmocka_unit_test(what_nobody_expects_is_told),
        cmocka_unit_test(what_is_no_script_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
