#!/bin/bash
# `baro journey`: all steps of a connection in both languages, the same text each time, a pcapng in which tshark
# finds nothing malformed, delivery over a bad wire, and each mistake in one line with exit code 2.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "FAILED: $*"; exit 1; }
has() { grep -q -- "$2" "$folder/$1" || { tail -40 "$folder/$1"; fail "$1 has no '$2'"; }; }

export LC_ALL=C
"$BARO" journey --pcap "$folder/pcapng" --stats > "$folder/english" || fail "exit code $?"
"$BARO" journey --stats > "$folder/again" || fail "exit code $? the second time"
cmp "$folder/english" "$folder/again" || fail "the same arguments, another text"
for step in ' 1 electric signal' ' 2 FCS' ' 3 MAC address' ' 4 buffer memory' ' 4 interrupt' ' 5 LAN driver' \
            ' 6 type field' ' 7 ARP' ' 8 IP software' '10 protocol number' '10 TCP software' '11 socket' \
            '11 buffer memory' '11 accept queue'; do
    has english "^| $step"
done
for words in 'out   ARP who has 10.0.0.2' 'SYN+ECE+CWR seq 0 .*control only' 'SYN+ACK+ECE seq 0 ack 1 ' 'PSH+ACK seq 1 ack 1 .*with 18 octets' \
             'FIN+ACK' 'knows nobody' 'control information of descriptor' 'SYN-SENT -> ESTABLISHED' \
             'retransmission timer started' 'wakes' '^client: frames ' '^server: frames '; do
    has english "$words"
done
# A timer that ran is told when it is cancelled, and no other.
grep -q 'TIME-WAIT timer cancelled' "$folder/english" && fail "a TIME-WAIT timer is cancelled that nobody started"
LC_ALL=ko_KR.UTF-8 "$BARO" journey > "$folder/korean" || fail "exit code $? in Korean"
"$BARO" journey --lang ko | cmp - "$folder/korean" || fail "--lang ko is not the environment's ko"
for words in '전기 신호' 'LAN 드라이버' '버퍼 메모리' '연결 대기 큐' '제어 정보만'; do
    has korean "$words"
done
"$BARO" journey --frames 4 > "$folder/four" || fail "exit code $? with --frames"
[ "$(grep -cE '^\+-- .*  (in|out)   ' "$folder/four")" = 4 ] || fail "--frames 4 tells not 4"
"$BARO" journey --wire fast,loss=10%,duplicate=5%,reorder=5% --answer 100000 --seed 3 > "$folder/bad" || fail "a bad wire"
if command -v tshark > "$folder/where"; then
    [ -z "$(tshark -r "$folder/pcapng" -Y _ws.malformed 2> "$folder/err")" ] || fail "malformed packets"
    tshark -r "$folder/pcapng" -T fields -e frame.comment 2> "$folder/err" > "$folder/comments"
    has comments 'IP software: 10.0.0.1 > 10.0.0.2'
fi

# The same over IPv6, with its own words and sources and nothing of the other family.
"$BARO" journey --ipv6 --pcap "$folder/pcapng6" > "$folder/ipv6" || fail "exit code $? over IPv6"
for words in 'out   ICMPv6 fd00:7::1 > ff02::1:ff00:2 who has fd00:7::2?' ' 6 type field .*so IPv6' ' 7 neighbour cache' \
             'ICMPv6 fd00:7::2 > fd00:7::1 fd00:7::2 is at' ' 8 IP software .*hop limit 64, .*(RFC 8200 §3)' \
             '58, so ICMPv6' '\[fd00:7::1\]:[0-9]* > \[fd00:7::2\]:80 SYN+ECE+CWR seq 0 ' 'SYN-SENT -> ESTABLISHED' \
             'PSH+ACK seq 1 ack 1' 'FIN+ACK'; do
    has ipv6 "$words"
done
grep -qE 'ARP|RFC 791|RFC 826|TTL' "$folder/ipv6" && fail "IPv6 told in words of IPv4: $(grep -E 'ARP|RFC 791|RFC 826|TTL' "$folder/ipv6")"
"$BARO" journey --ipv6 --lang ko > "$folder/korean6" || fail "exit code $? in Korean over IPv6"
has korean6 '이웃 캐시'
has korean6 '홉 제한 64'
if command -v tshark > "$folder/where"; then
    [ -z "$(tshark -r "$folder/pcapng6" -Y '_ws.malformed || _ws.expert.severity == error' 2> "$folder/err")" ] || fail "malformed IPv6"
    [ -n "$(tshark -r "$folder/pcapng6" -Y 'icmpv6.type == 135' 2> "$folder/err")" ] || fail "no neighbour solicitation"
fi

mistake() {
    "$BARO" journey "$@" > "$folder/out" 2> "$folder/err"
    [ $? = 2 ] || fail "exit code of: $*"
    [ "$(wc -l < "$folder/err")" = 1 ] || fail "not one line for: $*"
}
mistake --lang fr
mistake --wire token-ring
mistake --frames -3
mistake --answer 10x
mistake --nothing
mistake --pcap
mistake --pcap "$folder/none/file"
mistake word
exit 0
