/* The drill's language: what a script means, and what an error says and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drill/script.h"

static void parse(struct script *script, const char *text)
{
    if (!drill_script_parse(script, "test", text, strlen(text), NULL))
        fail_msg("%d:%d: %s", script->error_at.line, script->error_at.column, script->error);
}

static void refuse(const char *text, int line, int column, const char *words)
{
    struct script script;

    assert_false(drill_script_parse(&script, "test", text, strlen(text), NULL));
    if (strstr(script.error, words) == NULL)
        fail_msg("'%s' does not say '%s'", script.error, words);
    assert_int_equal(script.error_at.line, line);
    assert_int_equal(script.error_at.column, column);
    drill_script_release(&script);
}

static void times(void **state)
{
    struct script script;
    const struct event *event;

    (void)state;
    parse(&script, "0.000001 > . 1:1(0) ack 1\n+.25 > . 1:1(0) ack 1\n* > . 1:1(0) ack 1\n"
                   "+1~+1.5 > . 1:1(0) ack 1\n+0...0.5 accept(3, ..., ...) = 4\n");
    event = script.first;
    assert_int_equal(event->time, TIME_ABSOLUTE);
    assert_int_equal(event->from_ns, 1000);
    event = event->next;
    assert_int_equal(event->time, TIME_RELATIVE);
    assert_int_equal(event->from_ns, 250000000);
    event = event->next;
    assert_int_equal(event->time, TIME_ANY);
    event = event->next;
    assert_int_equal(event->from_ns, 1000000000);
    assert_int_equal(event->to_ns, 1500000000);
    event = event->next;
    assert_int_equal(event->from_ns, 0);
    assert_true(event->as.call.blocking);
    assert_int_equal(event->as.call.end_ns, 500000000);
    assert_null(event->next);
    drill_script_release(&script);
}

static void tcp_lines(void **state)
{
    static const uint8_t options[] = { 2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 100, 0, 0, 0, 0, 1, 3, 3, 7 };
    struct script script;
    const struct packet_line *line;

    (void)state;
    parse(&script, "0 < [ect0] 1000>80 SEW 7:7(0) win 65535 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>\n"
                   "+0 > FPU. 1:11(10) ack 8 urg 3 <...> // words\n/* more\n words */ +0 > - 1:1(0)");
    line = &script.first->as.packet;
    assert_true(line->inbound);
    assert_int_equal(line->ecn, 2);
    assert_int_equal(line->source_port, 1000);
    assert_int_equal(line->destination_port, 80);
    assert_int_equal(line->flags, BARO_TCP_SYN | BARO_TCP_ECE | BARO_TCP_CWR);
    assert_int_equal(line->range.first, 7);
    assert_int_equal(line->window, 65535);
    assert_false(line->has_ack);
    assert_int_equal(line->options_length, sizeof options);
    assert_memory_equal(line->options, options, sizeof options);
    assert_int_equal(line->timestamps_at, 8);
    line = &script.first->next->as.packet;
    assert_false(line->inbound);
    assert_int_equal(line->flags, BARO_TCP_FIN | BARO_TCP_PSH | BARO_TCP_URG | BARO_TCP_ACK);
    assert_int_equal(line->range.length, 10);
    assert_int_equal(line->urgent, 3);
    assert_int_equal(line->ack, 8);
    assert_false(line->has_window);
    assert_true(line->any_options);
    assert_int_equal(script.first->next->next->as.packet.flags, 0);
    drill_script_release(&script);
}

/* One line's options as octets. */
static void options_are(const char *text, const uint8_t *octets, size_t length)
{
    char line[256];
    struct script script;

    snprintf(line, sizeof line, "0 > S 0:0(0) <%s>", text);
    parse(&script, line);
    assert_int_equal(script.first->as.packet.options_length, length);
    assert_memory_equal(script.first->as.packet.options, octets, length);
    drill_script_release(&script);
}

static void all_options(void **state)
{
    static const uint8_t sack[] = { 1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 11, 0, 0, 0, 19 };
    static const uint8_t fast_open[] = { 34, 10, 0x12, 0x34, 0xab, 0xcd, 0, 1, 2, 3, 1, 0 };
    static const uint8_t request[] = { 34, 2, 1, 1 }, experiment[] = { 254, 8, 0xf9, 0x89, 0xde, 0xad, 0xbe, 0xef };
    static const uint8_t accurate[] = { 172, 11, 0, 0, 1, 0, 0, 2, 0, 3, 232, 1 },
                         swapped[] = { 174, 5, 0, 0, 7, 1, 1, 1 };
    static const uint8_t other[] = { 30, 4, 0xab, 0xcd, 99, 2, 1, 1 }, any[] = { 1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0 };
    struct script script;

    (void)state;
    options_are("nop,nop,sack 1:9 11:19", sack, sizeof sack);
    options_are("FO 1234abcd00010203,nop,eol", fast_open, sizeof fast_open);
    options_are("FO,nop,nop", request, sizeof request);
    options_are("FOEXP deadBEEF", experiment, sizeof experiment);
    options_are("ECN e0b 1 ceb 2 e1b 1000,nop", accurate, sizeof accurate);
    options_are("ACCECN e0b 1 ceb 2 e1b 1000,nop", accurate, sizeof accurate);
    options_are("ack-ecn e1b 7,nop,nop,nop", swapped, sizeof swapped);
    options_are("unknown 30 0xabcd,unknown 99,nop,nop", other, sizeof other);
    options_are("nop,nop,TS val ... ecr *", any, sizeof any);
    parse(&script, "0 > .5 1:1(0) ack 1\n0 < SEWA 0:0(0) win 7\n0 > P.3 1:2(1) ack 1\n");
    assert_true(script.first->as.packet.accurate_ecn);
    assert_int_equal(script.first->as.packet.flags, BARO_TCP_ACK | BARO_TCP_ECE);
    assert_int_equal(script.first->next->as.packet.flags, BARO_TCP_SYN | BARO_TCP_ECE | BARO_TCP_CWR);
    assert_true(script.first->next->as.packet.accurate_ecn);
    assert_int_equal(script.last->as.packet.flags, BARO_TCP_ACK | BARO_TCP_PSH | BARO_TCP_ECE | BARO_TCP_CWR);
    assert_false(script.last->as.packet.accurate_ecn);
    drill_script_release(&script);
    refuse("0 < S 0:0(0) <nop,nop,TS val ... ecr 0>", 1, 30, "needs all its numbers");
    refuse("0 > S 0:0(0) <FO 123,nop>", 1, 18, "found '123'");
    refuse("0 > S 0:0(0) <FO TFO_COOKIE>", 1, 18, "hexadecimal digits");
    refuse("0 > S 0:0(0) <md5 abcd>", 1, 15, "the TCP option 'md5' is not supported");
    refuse("0 > S 0:0(0) <ECN e0b 1 e1b 2>", 1, 25, "expected ceb");
    refuse("0 > S 0:0(0) <unknown 256>", 1, 23, "more than 255");
    refuse(
        "0 > S 0:0(0) <unknown 9 0123456789012345678901234567890123456789012345678901234567890123456789012345678901>",
        1, 107, "more than 40 octets");
}

static void ip_fields(void **state)
{
    struct script script;
    const struct event *event;

    (void)state;
    parse(&script, "0 < icmp echo_reply\n0.5 < icmp unreachable 3\n1 < R 1:1(0) ack 7 win 0\n");
    assert_int_equal(script.events, 3); /* a time is no code */
    assert_int_equal(script.first->next->as.packet.icmp_code, 3);
    assert_true(script.last->as.packet.has_ack && script.last->as.packet.flags == BARO_TCP_RST);
    drill_script_release(&script);
    parse(&script, "0 > [ect01] . 1:1(0) ack 1\n0 > [noecn, ttl 9, tos 0x20] . 1:1(0) ack 1\n0 > [ce] (ttl 3) udp (5)\n"
                   "0 < [tos 16] [1:11(10)] icmp unreachable host\n0 < icmp unreachable code_255 [5:6(1)]\n"
                   "0 < icmp type_1 code_0\n0 < icmp redirect host\n0 < icmp address_mask_reply\n");
    event = script.first;
    assert_int_equal(event->as.packet.ecn, ECN_EITHER);
    event = event->next;
    assert_int_equal(event->as.packet.ecn, 0);
    assert_int_equal(event->as.packet.ttl, 9);
    assert_int_equal(event->as.packet.tos, 0x20);
    event = event->next;
    assert_int_equal(event->as.packet.ecn, 3);
    assert_int_equal(event->as.packet.ttl, 3);
    event = event->next;
    assert_int_equal(event->as.packet.tos, 16);
    assert_true(event->as.packet.has_quote);
    event = event->next;
    assert_int_equal(event->as.packet.icmp_code, 255);
    assert_int_equal(event->as.packet.quote.first, 5);
    event = event->next;
    assert_int_equal(event->as.packet.icmp_type, 1);
    assert_int_equal(event->next->as.packet.icmp_code, 1);
    assert_int_equal(script.last->as.packet.icmp_type, 18);
    drill_script_release(&script);
    refuse("0 < [ect01] . 1:1(0) ack 1", 1, 6, "for outbound packets");
    refuse("0 < [ttl 256] . 1:1(0) ack 1", 1, 10, "more than 255");
    refuse("0 < (foo 1) . 1:1(0) ack 1", 1, 6, "expected tos, ttl, flowlabel");
    refuse("0 < ipv4 2.2.2.2 > 1.1.1.1: gre: . 1:1(0) ack 1", 1, 5, "packets of ipv4 are not supported");
    refuse("0 > mpls (label 1) . 1:1(0) ack 1", 1, 5, "packets of mpls");
    refuse("0 < icmp type_256 code_0", 1, 10, "expected a type of ICMP");
}

static void strings_and_structs(void **state)
{
    struct script script;
    const struct value *value;

    (void)state;
    parse(
        &script,
        "0 write(4, \"a\\\"\\x41\\n\\0b\"..., 6) = 6\n# words\n"
        "0 connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "
        "\"2001:db8::1\"), sin6_scope_id=0}, 28) = 0 (words)\n"
        "0 recvmsg(4, {msg_name(16)=..., msg_iov(2)=[{..., 1}, {NULL, 2}], msg_flags=MSG_TRUNC|MSG_ERRQUEUE}, 0) = 1\n");
    value = &script.first->as.call.argument[1];
    assert_int_equal(value->length, 6);
    assert_memory_equal(value->text, "a\"A\n\0b", 6);
    value = &script.first->next->as.call.argument[1];
    assert_int_equal(value->items[3].address.octet[15], 1);
    value = &script.last->as.call.argument[1];
    assert_string_equal(value->items[1].name, "msg_iov");
    assert_int_equal(value->items[1].items[1].items[0].kind, VALUE_NULL);
    assert_int_equal(value->items[2].number, 0x20 | 0x2000);
    drill_script_release(&script);
    refuse("0 write(4, \"abc\\\", 3) = 3", 1, 12, "found a comment or a quotation without end");
}

static void other_packets(void **state)
{
    struct script script;
    const struct packet_line *line;

    (void)state;
    parse(&script, "0 < [1:1461(1460)] icmp unreachable frag_needed mtu 1200\n0 > udp (100)\n"
                   "0 < icmp echo_request id 3 seq 4 (56)\n0 < [udp (9)] icmp time_exceeded ttl\n");
    line = &script.first->as.packet;
    assert_int_equal(line->kind, PACKET_ICMP);
    assert_true(line->has_quote && !line->quote_udp);
    assert_int_equal(line->quote.length, 1460);
    assert_int_equal(line->icmp_type, 3);
    assert_int_equal(line->icmp_code, 4);
    assert_int_equal(line->icmp_rest, 1200);
    line = &script.first->next->as.packet;
    assert_int_equal(line->kind, PACKET_UDP);
    assert_int_equal(line->length, 100);
    line = &script.first->next->next->as.packet;
    assert_int_equal(line->icmp_type, 8);
    assert_int_equal(line->icmp_rest, 3 << 16 | 4);
    assert_int_equal(line->length, 56);
    line = &script.last->as.packet;
    assert_true(line->quote_udp);
    assert_int_equal(line->icmp_type, 11);
    drill_script_release(&script);
}

static void calls(void **state)
{
    struct script script;
    const struct call_line *call;

    (void)state;
    parse(&script,
          "--tolerance_usecs=7\n--local_ip=10.1.2.3\n`sysctl -q net.ipv4.tcp_timestamps=1`\n"
          "0 connect(3, {sa_family = AF_INET, sin_port = htons(80), sin_addr = inet_addr(\"1.2.3.4\")}, 16)"
          " = -1 ECONNREFUSED (Connection refused)\n"
          "0 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0\n0 write(3, ..., 0x10) = ...\n"
          "0 socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3\n");
    assert_int_equal(script.settings.tolerance_ns, 7000);
    assert_int_equal(script.settings.local.octet[3], 3);
    call = &script.first->as.call;
    assert_int_equal(call->arguments, 3);
    assert_int_equal(call->argument[1].count, 3);
    assert_string_equal(call->argument[1].items[1].name, "sin_port");
    assert_int_equal(call->argument[1].items[1].number, 80);
    assert_int_equal(call->argument[1].items[2].address.octet[3], 4);
    assert_int_equal(call->error, ECONNREFUSED);
    assert_int_equal(call->result.number, -1);
    call = &script.first->next->as.call;
    assert_int_equal(call->argument[3].items[0].number, 1);
    call = &script.first->next->next->as.call;
    assert_int_equal(call->argument[2].number, 16);
    assert_int_equal(call->result.kind, VALUE_ANY);
    assert_int_equal(script.last->as.call.argument[1].number, 1 | 04000);
    drill_script_release(&script);
}

static void ipv6(void **state)
{
    static const char *const said[] = { "--mtu=1400", "--remote_ip=2001:db8::7/32" };
    const struct baro_drill_options options = { .setting = said, .setting_count = 2 }, longer = { .ipv6 = true };
    const char *text = "--ip_version=ipv6\n--remote_ip=2001:db8::9\n"
                       "0 < (tos 3, ttl 4, flowlabel 0xabcde) . 1:1(0) ack 1\n"
                       "0 < [1:1461(1460)] icmpv6 packet_too_big mtu 70000\n0 < icmp unreachable port\n"
                       "0 > icmp echo_reply id 1 seq 2 (5)\n0 < icmp parameter_problem unknown_option\n";
    const struct event *event;
    struct script script;

    (void)state;
    assert_true(drill_script_parse(&script, "test", text, strlen(text), &options));
    assert_int_equal(script.settings.version, DRILL_IPV6);
    assert_int_equal(script.settings.mtu, 1400);
    assert_int_equal(script.settings.prefix_length, 48);
    assert_int_equal(script.settings.remote.octet[15], 7); /* the command line's word is the last */
    assert_int_equal(script.settings.local.octet[0], 0xfd);
    event = script.first;
    assert_int_equal(event->as.packet.flow_label, 0xabcde);
    assert_int_equal(event->as.packet.ttl, 4);
    event = event->next;
    assert_int_equal(event->as.packet.icmp_type, 2);
    assert_int_equal(event->as.packet.icmp_rest, 70000);
    event = event->next;
    assert_int_equal(event->as.packet.icmp_code, 4);
    assert_int_equal(event->next->as.packet.icmp_type, 129);
    assert_int_equal(event->next->next->as.packet.icmp_code, 2);
    drill_script_release(&script);
    text = "0 close(3) = 0";
    assert_true(drill_script_parse(&script, "test", text, strlen(text), &longer));
    assert_int_equal(script.settings.version, DRILL_IPV6);
    assert_int_equal(script.settings.mtu, 1520);
    drill_script_release(&script);
}

static void shell_lines(void **state)
{
    struct script script;

    (void)state;
    parse(&script, "`./defaults.sh\nsysctl -q net.ipv4.tcp_sack=1 net/ipv4/tcp_timestamps=1 \\\n net.ipv4.tcp_fack=0; "
                   "../x/set_sysctls.py /proc/sys/net/ipv4/tcp_min_tso_segs=\"10\" # words\n"
                   "ip tcp_metrics flush all > /dev/null 2>&1 && tc qdisc add dev tun0 root pfifo\n"
                   "ethtool -K tun0 tso off gso off\nsysctl net.ipv4.tcp_keepalive_time=$((60*2)) "
                   "net.ipv4.tcp_congestion_control=reno`\n"
                   "0 close(3) = 0\n+1 `sysctl -q net.ipv4.tcp_congestion_control=reno`\n+0 close(3) = 0\n"
                   "+0 `/tmp/sysctl_restore_${PPID}.sh`\n`/tmp/sysctl_restore_${PPID}.sh`\n");
    assert_int_equal(script.settings.config.congestion, BARO_CONGESTION_RENO);
    assert_int_equal(script.settings.options, 3); /* two are of defaults.sh: SYN and SYN+ACK retries */
    assert_int_equal(script.settings.option[1].moment, DRILL_AT_LISTEN);
    assert_int_equal(script.settings.option[2].option, BARO_TCP_KEEPALIVE_IDLE);
    assert_int_equal(script.settings.option[2].number, 120);
    /* Its time counts for what follows. */
    assert_int_equal(script.first->next->kind, EVENT_NOTHING);
    assert_int_equal(script.first->next->from_ns, 1000000000);
    assert_int_equal(script.events, 4);
    drill_script_release(&script);
    refuse("`sysctl -q net.ipv4.tcp_nothing=1`", 1, 12, "net.ipv4.tcp_nothing=1: this stack has no such setting");
    refuse("`sysctl -q\n\n  sysctl -q net.ipv4.tcp_sack=2`", 3, 13, "cannot be set so");
    refuse("`sysctl -q net.ipv4.tcp_congestion_control=bbr`", 1, 12, "cannot be set so");
    refuse("`sysctl net.ipv4.tcp_sack`", 1, 9, "expected NAME=VALUE");
    refuse("`nstat | grep x`", 1, 8, "know no '|'");
    refuse("`ip route change 1.2.3.4 initcwnd 20`", 1, 2, "'ip route change'");
    refuse("`../common/other.sh`", 1, 2, "'../common/other.sh'");
    refuse("`tc qdisc add dev tun0 root netem delay 1ms`", 1, 2, "'tc qdisc add'");
    refuse("`ethtool -K tun0 tso on`", 1, 2, "'ethtool -K tun0'");
    refuse("`sysctl \"abc`", 1, 9, "not understood");
    refuse("`sysctl net.ipv4.tcp_sack=$((1+1))`", 1, 9, "not understood");
    refuse("0 close(3) = 0\n+0 `sysctl -q net.ipv4.tcp_congestion_control=reno`", 2, 4, "cannot change while");
    refuse("0 close(3) = 0\n`sysctl -q net.ipv4.tcp_congestion_control=reno`", 2, 1, "cannot change while");
    refuse("* `true`", 1, 1, "exact time");
}

static void flags(void **state)
{
    static const char *const said[] = { "--define=THREE=3", "--define=COOKIE=12ab" };
    const struct baro_drill_options options = { .setting = said, .setting_count = 2 };
    const char *text = "--define=LEVEL=SOL_TCP // words\n--define=THREE=4\n--tcp_ts_tick_usecs=1000\n--speed=100\n"
                       "--non_fatal=packet,syscall\n--dry_run # words\n--verbose\n"
                       "0 setsockopt(THREE, LEVEL, TCP_NODELAY, [1], 4) = 0\n";
    struct script script;

    (void)state;
    assert_true(drill_script_parse(&script, "test", text, strlen(text), &options));
    assert_int_equal(script.settings.timestamp_tick_ns, 1000000);
    assert_true(script.settings.dry_run && script.settings.verbose);
    assert_true(script.settings.packets_not_fatal && script.settings.calls_not_fatal);
    assert_int_equal(script.first->as.call.argument[0].number, 3); /* the command line's word is the last */
    assert_int_equal(script.first->as.call.argument[1].number, 6);
    drill_script_release(&script);
    refuse("--define=A\n", 1, 1, "expected NAME=VALUE");
    refuse("--non_fatal=both\n", 1, 1, "expected packet, syscall or both");
    refuse("--dry_run=1\n", 1, 1, "not supported");
    refuse("--init_scripts=a.sh\n", 1, 1, "--init_scripts=a.sh is not supported");
    refuse("--tcp_ts_tick_usecs=x\n", 1, 1, "expected a number");
}

static void errors_say_what_and_where(void **state)
{
    (void)state;
    refuse("", 1, 1, "without events");
    refuse("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n  %{ print(1) }%", 2, 3, "expected a time");
    refuse("`ip route add`\n", 1, 2, "'ip route add'");
    refuse("`sysctl -q net.ipv4.tcp_timestamps=2`\n", 1, 12, "tcp_timestamps=2: this stack cannot be set so");
    refuse("--ip_version=ipv5\n", 1, 1, "expected ipv4, ipv4-mapped-ipv6 or ipv6");
    refuse("--ip_version=ipv6\n--local_ip=10.1.2.3\n0 close(3) = 0", 1, 1, "not all of the IP version");
    refuse("--ip_version=ipv4-mapped-ipv6\n--gateway_ip=fd00::1\n0 close(3) = 0", 1, 1, "not all of the IP version");
    refuse("--local_ip=10.1.2\n", 1, 1, "--local_ip");
    refuse("0 < (flowlabel 7) . 1:1(0) ack 1", 1, 6, "only IPv6");
    refuse("0 < icmpv6 unreachable no_route", 1, 5, "other IP version");
    refuse("--ip_version=ipv6\n0 < icmpv4 unreachable net", 2, 5, "other IP version");
    refuse("--ip_version=ipv6\n0 < icmp source_quench", 2, 10, "expected a type");
    refuse("--ip_version=ipv6\n0 < icmp unreachable protocol", 2, 22, "no code of ICMPv6 type 1");
    refuse("--wire_server\n", 1, 1, "--wire_server");
    refuse("0 epoll_wait(1) = 0", 1, 13, "1 arguments given, the call takes 4");
    refuse("0 select(4, ..., ..., ..., ...) = 1", 1, 3, "'select' is not supported");
    refuse("0 splice(4, NULL, 5) = 5", 1, 9, "3 arguments given, the call takes 6");
    refuse("0 frobnicate(1) = 0", 1, 3, "no call");
    refuse("0 close(3, 4) = 0", 1, 8, "2 arguments given, the call takes 1");
    refuse("0 close(3) = -1 EWHAT", 1, 17, "errno");
    refuse("0 < S 0:1(0)", 1, 7, "is not 0 octets");
    refuse("0 < S. 0:0(0)", 1, 14, "needs an ack number");
    refuse("0 < S 0:0(0) <mss 70000>", 1, 19, "more than 65535");
    refuse("0 < S 0:0(0) <wscale 7>", 1, 14, "multiple of four");
    refuse("0 < S 0:0(0) <foo 7>", 1, 15, "'foo'");
    refuse("0 < icmp unreachable nonsense", 1, 22, "no code");
    refuse("* < S 0:0(0)", 1, 1, "exact time");
    refuse("0 /* never ends", 1, 2, "without end");
    refuse("+0.2~+0.1 > . 1:1(0) ack 1", 1, 1, "ends before");
    refuse("0 socket(..., SOCK_STREAM, IPPROTO_NONE) = 3", 1, 28, "IPPROTO_NONE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times),
        cmocka_unit_test(tcp_lines),
        cmocka_unit_test(all_options),
        cmocka_unit_test(ip_fields),
        cmocka_unit_test(strings_and_structs),
        cmocka_unit_test(other_packets),
        cmocka_unit_test(calls),
        cmocka_unit_test(ipv6),
        cmocka_unit_test(shell_lines),
        cmocka_unit_test(flags),
        cmocka_unit_test(errors_say_what_and_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
