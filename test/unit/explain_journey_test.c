/* The journey's text from hand-made events. */
#include "baro/explain.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "support/tell.h"

static const struct baro_host_name hosts[] = { { 1, "client" }, { 2, "server" } };

struct run {
    char *text;
    size_t size;
    struct baro_journey_config config;
    struct baro_journey *journey;
    struct baro_trace_sink sink;
};

static int begin(void **state)
{
    struct run *run = calloc(1, sizeof *run);
    run->config.out = open_memstream(&run->text, &run->size);
    run->config.hosts = hosts;
    run->config.host_count = 2;
    *state = run;
    return 0;
}

static struct baro_trace_sink start(struct run *run)
{
    run->journey = baro_journey_create(&run->config);
    assert_non_null(run->journey);
    run->sink = baro_journey_sink(run->journey);
    return run->sink;
}

static const char *finish(struct run *run)
{
    assert_int_equal(baro_journey_finish(run->journey), 0);
    return run->text;
}

static int end(void **state)
{
    struct run *run = *state;
    baro_journey_free(run->journey);
    fclose(run->config.out);
    free(run->text);
    free(run);
    return 0;
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("not told: %s\nin:\n%s", part, text);
}

/* A SYN from signal to socket. */
static void tell_syn(struct baro_trace_sink sink)
{
    uint8_t frame[64];
    size_t length = tell_segment(frame, 2, 1000, 0, 0);
    tell(sink, 2, 500, "SIGNAL_IN frame=1 code=0 samples=5760 octets=72 clock_ppm=-20");
    tell(sink, 2, 500, "FCS_IN frame=1 received=0x12345678 computed=0x12345678");
    tell(sink, 2, 500,
         "MAC_FILTER frame=1 destination=02:00:00:00:00:02 mine=02:00:00:00:00:02 accepted=1 why=1");
    tell(sink, 2, 500, "RX_RING frame=1 slot=0 used=1 size=4");
    tell(sink, 2, 20500, "INTERRUPT frames=1 waited=20000 masked=1");
    tell(sink, 2, 20500, "DRIVER_BURST frames=1 polling=0");
    tell_frame(sink, 2, 20500, "FRAME_IN interface=1 octets=54 arrival=1", frame, length);
    tell(sink, 2, 20500,
         "ETHERNET_IN destination=02:00:00:00:00:02 source=02:00:00:00:00:01 type=0x800 vlan=-1");
    tell(sink, 2, 20500,
         "IP_IN source=10.0.0.1 destination=10.0.0.2 protocol=6 ttl=64 length=40 checksum=0x26c7");
    tell(sink, 2, 20500, "PROTOCOL protocol=6");
    tell(sink, 2, 20500,
         "TCP_IN source=10.0.0.1:40000 destination=10.0.0.2:80 flags=2 seq=1000 window=65535");
    tell(sink, 2, 20500, "TCP_FOUND connection=4 how=2 state=1");
    tell(sink, 2, 20500, "ACCEPT_QUEUE listener=4 waiting=2 half_open=1 limit=8");
    tell(sink, 2, 20500, "FRAME_END");
}

static const char golden_english[] =
    "+--    0.000020  server   in    TCP 10.0.0.1:40000 > 10.0.0.2:80 SYN seq 0 win 65535, control only\n"
    "|  1 electric signal  10BASE-T (Manchester): 5760 samples give the bits of 72 octets, clock -20 ppm off "
    "(IEEE 802.3 §14, §24)\n"
    "|  2 FCS              received 0x12345678, computed 0x12345678: equal, the frame is whole (IEEE 802.3 "
    "§3.2.9)\n"
    "|  3 MAC address      to 02:00:00:00:00:02, mine is 02:00:00:00:00:02: taken, my own (IEEE 802.3 "
    "§3.2.3)\n"
    "|  4 buffer memory    into slot 0 of the receive ring [#...] 1 of 4\n"
    "|  4 interrupt        the LAN adapter interrupts the processor, no call waits: 1 frame, after 20 µs; no "
    "more interrupts until the driver is done\n"
    "|  5 LAN driver       takes 1 frame out of buffer memory, called by the interrupt\n"
    "|  5 protocol stack   the driver hands up 54 octets from interface 1, frame 1\n"
    "|  6 type field       0x0800, so IPv4; MAC 02:00:00:00:00:01 to 02:00:00:00:00:02 (RFC 894)\n"
    "|  8 IP software      10.0.0.1 > 10.0.0.2, protocol 6, TTL 64, 40 octets, header checksum 0x26c7 (RFC "
    "791 "
    "§3.1)\n"
    "| 10 protocol number  6, so TCP (RFC 1122 §3.2.1.6)\n"
    "| 10 TCP software     10.0.0.1:40000 > 10.0.0.2:80, SYN, seq 0, ack 0, window 65535, control "
    "information "
    "only (RFC 9293 §3.1)\n"
    "| 10 four-tuple       no connection yet, but a socket in LISTEN (RFC 9293 §3.3.1)\n"
    "| 11 accept queue     [##......] 2 of 8 waiting, 1 half open (RFC 9293 §3.9.1.2)\n";

static const char golden_korean[] =
    "+--    0.000020  server   수신  TCP 10.0.0.1:40000 > 10.0.0.2:80 SYN seq 0 win 65535, 제어 정보만\n"
    "|  1 전기 신호        10BASE-T(맨체스터 부호): 샘플 5760개에서 72바이트의 비트를 읽음, 클록 차이 -20 "
    "ppm "
    "(IEEE 802.3 §14, §24)\n"
    "|  2 FCS              받은 값 0x12345678, 계산한 값 0x12345678: 같음, 프레임이 손상되지 않음 (IEEE "
    "802.3 "
    "§3.2.9)\n"
    "|  3 MAC 주소         수신처 02:00:00:00:00:02, 내 주소 02:00:00:00:00:02: 받아들임, 내 주소 (IEEE "
    "802.3 "
    "§3.2.3)\n"
    "|  4 버퍼 메모리      수신 링의 0번 칸에 저장 [#...] 4개 중 1개\n"
    "|  4 인터럽트         LAN 어댑터가 인터럽트를 걺: 기다리는 호출 없음, 프레임 1개, 20 µs 뒤, 드라이버가 "
    "끝낼 "
    "때까지 더 걸지 않음\n"
    "|  5 LAN 드라이버     인터럽트를 받아 버퍼 메모리에서 프레임 1개를 꺼냄\n"
    "|  5 프로토콜 스택    LAN 드라이버가 인터페이스 1번의 프레임 1번, 54바이트를 프로토콜 스택에 건넴\n"
    "|  6 타입 필드        0x0800: IP 담당 부분으로; MAC 주소 02:00:00:00:00:01 -> 02:00:00:00:00:02 (RFC "
    "894)\n"
    "|  8 IP 담당 부분     10.0.0.1 > 10.0.0.2, 프로토콜 번호 6, TTL 64, 길이 40, 헤더 체크섬 0x26c7 (RFC "
    "791 "
    "§3.1)\n"
    "| 10 프로토콜 번호    6: TCP 담당 부분으로 (RFC 1122 §3.2.1.6)\n"
    "| 10 TCP 담당 부분    10.0.0.1:40000 > 10.0.0.2:80, SYN, 시퀀스 번호 0, ACK 번호 0, 윈도우 65535, 제어 "
    "정보만 "
    "(RFC 9293 §3.1)\n"
    "| 10 네 가지 정보     IP 주소와 포트 번호 두 쌍으로 찾음: 접속은 아직 없고 LISTEN 상태의 소켓이 있음 (RFC "
    "9293 "
    "§3.3.1)\n"
    "| 11 연결 대기 큐     [##......] 8개 중 2개 대기, 접속 동작 중 1개 (RFC 9293 §3.9.1.2)\n";

static void test_syn_in_english(void **state)
{
    struct run *run = *state;
    tell_syn(start(run));
    assert_string_equal(finish(run), golden_english);
}

static void test_syn_in_korean(void **state)
{
    struct run *run = *state;
    run->config.language = BARO_LANGUAGE_KOREAN;
    tell_syn(start(run));
    assert_string_equal(finish(run), golden_korean);
}

static void test_lines_are_broken(void **state)
{
    struct run *run = *state;
    run->config.width = 60;
    tell_syn(start(run));
    assert_has(finish(run), "|  4 interrupt        the LAN adapter interrupts the\n"
                            "|                     processor, no call waits: 1 frame,\n");
    for (const char *line = run->text; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 64); /* columns plus the second octet of § */
}

static void test_calls(void **state)
{
    struct run *run = *state;
    struct baro_trace_sink sink = start(run);
    tell(sink, 1, 0, "CALL call=0 descriptor=-1");
    tell(sink, 1, 0, "SOCKET_NEW descriptor=3 type=1");
    tell(sink, 1, 0, "CALL_END call=0 result=3");
    tell(sink, 1, 0, "CALL call=4 descriptor=3");
    tell(sink, 1, 0, "SOCKET_CONTROL descriptor=3 local_after=10.0.0.1:40000 remote_after=10.0.0.2:80");
    tell(sink, 1, 0, "CALL_END call=4 result=-115");
    tell(sink, 1, 1000, "INTERRUPT frames=1 waited=1000");
    tell(sink, 1, 1000, "WOKE descriptor=3 events=2");
    tell(sink, 1, 2000, "INTERRUPT frames=1 waited=1000");
    const char *text = finish(run);
    assert_has(text, "client   call  socket\n");
    assert_has(text, "it knows nobody, the protocol stack hears nothing of it");
    assert_has(text, "local nobody -> 10.0.0.1:40000, remote nobody -> 10.0.0.2:80");
    assert_has(text, "gives EINPROGRESS (the dialogue has begun)");
    assert_has(text, "interrupts connect on descriptor 3, which waits: 1 frame");
    assert_has(text, "descriptor 3: writable; connect on descriptor 3 wakes");
    assert_has(text, "interrupts the processor, no call waits");
}

/* Addresses that are the same are told once; a packet to the host itself is not one that waits. */
static void test_addresses(void **state)
{
    struct run *run = *state;
    struct baro_trace_sink sink = start(run);
    tell(sink, 1, 0, "ARP_OUT operation=1 sender=10.0.0.1 target=10.0.0.1");
    tell(sink, 1, 0, "ARP_OUT operation=1 sender=10.0.0.1 target=10.0.0.2");
    tell(sink, 1, 0, "SOCKET_CONTROL descriptor=3 local_before=10.0.0.1:1 local_after=10.0.0.1:1");
    tell(sink, 1, 0, "SOCKET_CONTROL descriptor=4 local_before=10.0.0.1:1 local_after=10.0.0.1:2");
    tell(sink, 1, 0, "PACKET_OUT");
    tell(sink, 1, 0, "LOOPBACK destination=127.0.0.1 length=20");
    tell(sink, 1, 0, "FRAME_END");
    const char *text = finish(run);
    assert_has(text, "10.0.0.1 tells everybody that it has this address");
    assert_has(text, "10.0.0.1 asks everybody who has 10.0.0.2");
    assert_has(text, "of descriptor 3: local 10.0.0.1:1, remote nobody (");
    assert_has(text, "of descriptor 4: local 10.0.0.1:1 -> 10.0.0.1:2, remote nobody (");
    assert_has(text, "loop  a packet to this host itself");
}

/* Variables before and after are told as what changed, counted from the first sequence numbers. */
static void test_variables(void **state)
{
    struct run *run = *state;
    struct baro_trace_sink sink = start(run);
    uint8_t frame[64];
    tell(sink, 1, 0, "TCP_ISN connection=0x700000001 isn=5000");
    tell(sink, 1, 0, "PACKET_OUT");
    tell(sink, 1, 0, "TCP_OUT source=10.0.0.1:40000 destination=10.0.0.2:80 flags=2 seq=5000 window=9");
    tell_frame(sink, 1, 0, "FRAME_OUT interface=1 octets=54", frame, tell_segment(frame, 2, 5000, 0, 0));
    tell(sink, 1, 0, "FRAME_END");
    tell(sink, 1, 0, "PACKET_OUT"); /* again, when its neighbour is known: nothing of TCP is told */
    tell_frame(sink, 1, 0, "FRAME_OUT interface=1", frame, tell_segment(frame, 2, 5000, 0, 0));
    tell(sink, 1, 0, "FRAME_END");
    tell(sink, 1, 9, "FRAME_IN interface=1 octets=54");
    tell(sink, 1, 9, "TCP_IN source=10.0.0.2:80 destination=10.0.0.1:40000 flags=0x12 seq=70000 ack=5001");
    tell(sink, 1, 9, "TCP_BEFORE connection=0x700000001 state=2 snd_una=5000 snd_nxt=5001 cwnd=14600");
    tell(sink, 1, 9, "TCP_AFTER connection=0x700000001 state=4 snd_una=5001 snd_nxt=5001 rcv_nxt=70001 cwnd=14600");
    tell(sink, 1, 9, "FRAME_END");
    tell(sink, 1, 99, "TCP_TIMER_FIRED connection=0x700000001 timer=0");
    tell(sink, 1, 99, "TCP_RETRANSMIT connection=0x700000001 seq=5001 length=10 attempt=1");
    const char *text = finish(run);
    assert_has(text, "SYN seq 0 win 65535");
    assert_null(strstr(text, "SYN seq 5000"));
    assert_has(text, "SYN+ACK, seq 0, ack 1, ");
    assert_has(text, "| 10 variables        SYN-SENT -> ESTABLISHED, SND.UNA 0 -> 1, RCV.NXT 0 -> 1 (RFC");
    assert_has(text, "timer: connection 1: retransmission timer is up");
    assert_has(text, "connection 1: seq 1, 10 octets again");
}

/* A frame that the adapter drops has a block of its own, with the reason's step and source. */
static void test_lost_frames(void **state)
{
    struct run *run = *state;
    struct baro_trace_sink sink = start(run);
    tell(sink, 2, 0, "FCS_IN frame=8 received=1 computed=2");
    tell(sink, 2, 0, "DROP reason=6");
    tell(sink, 2, 0, "MAC_FILTER frame=9 destination=02:00:00:00:00:03 mine=02:00:00:00:00:02");
    tell(sink, 2, 0, "RX_RING frame=10 slot=1 used=1 size=4");
    tell(sink, 2, 0, "DROP reason=5"); /* about a frame to be sent */
    tell(sink, 2, 0, "FRAME_IN interface=1 arrival=11");
    tell(sink, 2, 0, "FRAME_END");
    const char *text = finish(run);
    const char *first = strstr(text, "frame 8, lost in the LAN adapter"),
               *second = strstr(text, "frame 9, lost");
    const char *third = strstr(text, "frame 10, lost"), *fourth = strstr(text, "frame 11\n");
    const char *down = strstr(text, "-     dropped: the link is down");
    assert_true(first != NULL && first < second && second < down && down < third && third < fourth);
    assert_has(text, "|  2 dropped          frame check sequence wrong (IEEE 802.3 §3.2.9)");
    assert_has(text, "not for me, dropped");
}

/* A packet sent early, inside a frame's group, is told first and by itself. */
static void test_nested_groups(void **state)
{
    struct run *run = *state;
    struct baro_trace_sink sink = start(run);
    uint8_t frame[64];
    tell(sink, 1, 0, "FRAME_END"); /* an end without a beginning is ignored */
    tell_frame(sink, 1, 0, "FRAME_IN interface=1", frame, tell_segment(frame, 16, 1, 1, 0));
    tell(sink, 1, 0, "PACKET_OUT");
    tell_frame(sink, 1, 0, "FRAME_OUT interface=1 departure=5", frame, tell_segment(frame, 4, 1, 1, 0));
    tell(sink, 1, 0, "FRAME_END");
    tell(sink, 1, 0, "DROP reason=1");
    tell(sink, 1, 0, "FRAME_END");
    tell(sink, 1, 1, "PACKET_OUT");
    tell(sink, 1, 1, "NEIGHBOUR_WAIT address=10.0.0.2 waiting=1");
    tell(sink, 1, 1, "FRAME_END");
    tell(sink, 1, 2, "FCS_OUT frame=5 fcs=7");
    tell(sink, 1, 2, "SIGNAL_OUT frame=5 code=1");
    const char *text = finish(run);
    const char *out = strstr(text, "out   TCP 10.0.0.1:40000 > 10.0.0.2:80 RST");
    const char *in = strstr(text, "in    TCP 10.0.0.1:40000 > 10.0.0.2:80 ACK");
    const char *drop = strstr(text, "dropped"), *kept = strstr(text, "kept  a packet that is not sent now");
    const char *wire = strstr(text, "wire  TCP 10.0.0.1:40000 > 10.0.0.2:80 RST");
    assert_true(out != NULL && out < in && in < drop && drop < kept && kept < wire);
}

/* A frame whose end was not told ends with the next. */
static void test_missing_end(void **state)
{
    struct run *run = *state;
    struct baro_trace_sink sink = start(run);
    uint8_t frame[64];
    tell_frame(sink, 1, 0, "FRAME_IN interface=1", frame, tell_segment(frame, 16, 1, 1, 0));
    tell_frame(sink, 1, 0, "FRAME_IN interface=1", frame, tell_segment(frame, 4, 1, 1, 0));
    tell(sink, 1, 0, "FRAME_END");
    const char *text = finish(run), *first = strstr(text, ":80 ACK"), *second = strstr(text, ":80 RST");
    assert_true(first != NULL && first < second);
}

/* Interfaces with names: frames are told as of HOST@WIRE, calls and other hosts' frames not. */
static void test_wires(void **state)
{
    static const struct baro_interface_name names[] = { { 2, 1, "left" }, { 2, 2, "right" }, { 1, 3, "none" } };
    struct run *run = *state;
    uint8_t frame[64];
    size_t length = tell_segment(frame, 2, 1000, 0, 0);
    run->config.interfaces = names;
    run->config.interface_count = 3;
    struct baro_trace_sink sink = start(run);
    tell_syn(sink);
    tell_frame(sink, 2, 30000, "FRAME_OUT interface=2 octets=54 departure=1", frame, length);
    tell(sink, 2, 30000, "FRAME_END");
    tell_frame(sink, 1, 40000, "FRAME_IN interface=1 octets=54", frame, length);
    tell(sink, 1, 40000, "FRAME_END");
    tell(sink, 2, 50000, "CALL call=0 descriptor=3");
    tell(sink, 2, 50000, "CALL_END call=0 result=3");
    const char *text = finish(run);
    assert_has(text, "  server@left in    TCP");
    assert_has(text, "  server@right out   TCP");
    assert_has(text, "  client   in    TCP");
    assert_has(text, "  server   call  ");
}

static void test_limits(void **state)
{
    struct run *run = *state;
    uint8_t frame[64];
    size_t length = tell_segment(frame, 16, 1, 1, 0);
    run->config.frame_limit = 1;
    run->config.port.number = 80;
    struct baro_trace_sink sink = start(run);
    frame[37]++; /* port 81 */
    tell_frame(sink, 1, 0, "FRAME_IN interface=1", frame, length);
    tell(sink, 1, 0, "FRAME_END");
    assert_false(baro_journey_done(run->journey));
    frame[37]--;
    for (int i = 0; i < 3; i++) {
        tell_frame(sink, 1, 0, "FRAME_IN interface=1", frame, length);
        tell(sink, 1, 0, "FRAME_END");
    }
    assert_true(baro_journey_done(run->journey));
    const char *text = finish(run), *first = strstr(text, "+--");
    assert_has(text, "10.0.0.2:80 ACK");
    assert_null(strstr(first + 1, "+--"));
}

static void test_write_errors(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    if (full == NULL)
        skip();
    struct baro_journey_config config = { .out = full };
    struct baro_journey *journey = baro_journey_create(&config);
    tell_syn(baro_journey_sink(journey));
    assert_int_equal(baro_journey_finish(journey), -ENOSPC);
    baro_journey_free(journey);
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_syn_in_english, begin, end),
        cmocka_unit_test_setup_teardown(test_syn_in_korean, begin, end),
        cmocka_unit_test_setup_teardown(test_lines_are_broken, begin, end),
        cmocka_unit_test_setup_teardown(test_calls, begin, end),
        cmocka_unit_test_setup_teardown(test_addresses, begin, end),
        cmocka_unit_test_setup_teardown(test_variables, begin, end),
        cmocka_unit_test_setup_teardown(test_lost_frames, begin, end),
        cmocka_unit_test_setup_teardown(test_nested_groups, begin, end),
        cmocka_unit_test_setup_teardown(test_missing_end, begin, end),
        cmocka_unit_test_setup_teardown(test_wires, begin, end),
        cmocka_unit_test_setup_teardown(test_limits, begin, end),
        cmocka_unit_test(test_write_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
