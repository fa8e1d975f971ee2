#!/bin/bash
# arping from the kernel's side agrees with what our host says by ARP (RFC 826): its address is answered for by its MAC
# address alone, the kernel has learnt the same one, nobody answers for others, and a probe for the host's address, as one
# who wants it would send it (RFC 5227 §2.1.1), is answered.
. test/netns/lib.sh
need ip arping unshare
arping --help 2>&1 | grep -q Habets || skip "arping is another program of that name (package arping is meant)"
namespace "$@"

background tap.log "$BARO" tap --name baro0 --address 10.9.0.2/24
until_true 50 ip link show baro0 || fail "no TAP"
ip addr add 10.9.0.1/24 dev baro0
ip link set baro0 up

says() { # arguments of arping: its answer in $work/arping.log. Each question is given a second.
    arping -i baro0 -W 1 "$@" >"$work/arping.log" 2>&1
}

until_true 20 says -c 1 10.9.0.2 || fail "no answer"
says -c 3 -r 10.9.0.2 || fail "no three answers"
[ "$(wc -l <"$work/arping.log")" = 3 ] || fail "not three answers to three questions"
[ "$(sort -u "$work/arping.log" | wc -l)" = 1 ] || fail "not one MAC address"
mac=$(sort -u "$work/arping.log" | tr 'A-Z' 'a-z')

ip neigh flush dev baro0
(exec 3<>/dev/tcp/10.9.0.2/7) || fail "no connection to its echo port"
learnt=$(ip neigh show 10.9.0.2 dev baro0 | sed 's/.*lladdr \([0-9a-f:]*\).*/\1/')
[ "$learnt" = "$mac" ] || fail "the kernel has learnt $learnt, arping was told $mac"

says -c 2 10.9.0.3 && fail "somebody answers for 10.9.0.3"
says -0 -c 1 -r 10.9.0.2 || fail "a probe from 0.0.0.0 is not answered"
[ "$(tr 'A-Z' 'a-z' <"$work/arping.log")" = "$mac" ] || fail "a probe is answered by another"
echo ok
