#!/bin/bash
# `baro drill`: what a failure says, in both languages, each mistake in one line, exit codes, and the manual's example.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "FAILED: $*"; exit 1; }
has() { grep -qF -- "$2" "$folder/$1" || { tail -40 "$folder/$1"; fail "$1 has no '$2'"; }; }
hasnt() { ! grep -qF -- "$2" "$folder/$1" || { tail -40 "$folder/$1"; fail "$1 has '$2'"; }; }
drill() { # drill NAME EXIT ARGUMENTS...
    local name=$1 code=$2
    shift 2
    "$BARO" drill "$@" > "$folder/$name" 2>&1
    local got=$?
    [ $got = "$code" ] || { tail -20 "$folder/$name"; fail "$name: exit code $got, not $code"; }
    echo "ok: $name"
}
export LC_ALL=C

cat > "$folder/good.pkt" << 'END'
    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0 bind(3, ..., ...) = 0
   +0 listen(3, 1) = 0
   +0 < S 0:0(0) win 65535 <mss 1000,sackOK,nop,nop>
   +0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK>
  +.1 < . 1:1(0) ack 1 win 65535
   +0 accept(3, ..., ...) = 4
END
sed 's/> S. 0:0(0) ack 1 .*/> S. 0:0(0) ack 2 <mss 1460,nop,nop,nop,nop>/' "$folder/good.pkt" > "$folder/packet.pkt"
{ cat "$folder/good.pkt"; echo '+0 %{ assert tcpi_snd_cwnd == 11, "ten" }%'; } > "$folder/assert.pkt"
{ cat "$folder/good.pkt"; echo '+0 read(4, ..., 10) = -1 EPIPE (Broken pipe)'; } > "$folder/call.pkt"
{ cat "$folder/good.pkt"; echo '+0 %{ assert tcpi_nothing == 1 }%'; } > "$folder/unknown.pkt"

drill passes 0 "$folder/good.pkt"
[ "$(cat "$folder/passes")" = "1 passed, 0 failed, 0 not understood" ] || fail "a pass says more"
drill packet 1 "$folder/packet.pkt"
for words in 'packet.pkt:5: at 0.000000: the packet differs in: ack, options' \
             '    line         +0 > S. 0:0(0) ack 2 <mss 1460,nop,nop,nop,nop>' \
             '                expected                      actual' \
             '  * ack         2                             1' \
             '    options     mss 1460                      mss 1460' \
             '  *             nop                           sackOK' \
             '  *             nop                           -' \
             '    sent      0.000000 > S. 0:0(0) ack 1 win ' \
             'what happened to this connection last (all of it with --journey):' \
             'LISTEN -> SYN-RECEIVED' '0 passed, 1 failed, 0 not understood'; do
    has packet "$words"
done
drill again 1 "$folder/packet.pkt"
cmp "$folder/packet" "$folder/again" || fail "the same script, another text"
drill korean 1 --lang ko "$folder/packet.pkt"
for words in '패킷의 다른 필드: ack, options' '기대                          실제' '이 연결에 마지막으로 일어난 일' \
             'TCP 상태         LISTEN -> SYN-RECEIVED'; do
    has korean "$words"
done
LC_ALL=ko_KR.UTF-8 "$BARO" drill "$folder/packet.pkt" | cmp - "$folder/korean" || fail "--lang ko is not the environment's ko"
drill assertion 1 "$folder/assert.pkt"
has assertion 'this does not hold: tcpi_snd_cwnd == 11'
has assertion '    where     tcpi_snd_cwnd = 10'
has assertion '    message   ten'
drill call 1 "$folder/call.pkt"
has call 'read would wait, and the script gives it no end time'
drill journey 0 --journey "$folder/good.pkt"
has journey 'what happened:'
has journey 'SYN-RECEIVED -> ESTABLISHED'
drill seed 1 --seed 7 "$folder/packet.pkt"
grep -v 'sequence number\|checksum' "$folder/packet" > "$folder/a"
grep -v 'sequence number\|checksum' "$folder/seed" > "$folder/b"
cmp "$folder/a" "$folder/b" || fail "a seed changes more than numbers that it may"

# What is not understood: where, and by its name. One such script makes the exit code 2.
drill unknown 2 "$folder/good.pkt" "$folder/unknown.pkt"
has unknown "unknown.pkt:8:14: this stack does not tell 'tcpi_nothing'"
has unknown '1 passed, 0 failed, 1 not understood'
drill absent 2 "$folder/nothing.pkt"
has absent 'nothing.pkt: No such file or directory'
drill dry 0 --dry_run "$folder/packet.pkt"
drill defined 0 -D MSS=1460 -D NAME=3 "$folder/good.pkt"
drill ipv6 0 --ipv6 "$folder/good.pkt"
for line in '`ip route change x initcwnd 20`' '`nstat`' '`sysctl -q net.ipv4.tcp_recovery=0`' '--init_scripts=x' \
            '0 vmsplice(3, ..., 1, 0) = 1' '0 < ipv4 1.1.1.1 > 2.2.2.2: . 1:1(0) ack 1' '0 %{ import os }%'; do
    echo "$line" > "$folder/line.pkt"
    drill refused 2 "$folder/line.pkt"
    grep -q '/line.pkt:1:[0-9]*: ' "$folder/refused" || fail "no place is said: $line"
done

# Wrong usage: one line, exit code 2.
for arguments in '' '--wrong' '-D' '-D X' '--seed' '--seed x' '--lang xx' '--lang' '--journey'; do
    drill usage 2 $arguments
    [ "$(wc -l < "$folder/usage")" = 1 ] || fail "'$arguments' says more than one line"
done
drill setting 2 --mtu=7 "$folder/good.pkt"
has setting '--mtu=7: expected a number'
drill help 0 --help
has help '--lang en|ko'

# The manual's example is a script that passes, and fails as the manual says.
sed -n '/^\.\\" example/,/^\.Ed/p' "$BARO_SOURCE/docs/man/baro-drill.1" | grep -v '^\.' | sed 's/\\&//; s/\\e/\\/g' > "$folder/example.pkt"
[ -s "$folder/example.pkt" ] || fail "the manual has no example"
drill example 0 "$folder/example.pkt"
drill example6 0 --ipv6 "$folder/example.pkt"
echo "all of baro drill's words"
