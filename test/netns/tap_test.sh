#!/bin/bash
# A host on a TAP and this machine's kernel in a namespace of the test's own: ping, echo, discard and character generator,
# clean and with faults of our wire between, byte for byte.
. test/netns/lib.sh
need ip ping nc cmp unshare
namespace "$@"

host() { # name, wire
    background "tap-$1.log" "$BARO" tap --name "$1" --address 10.9.0.2/24 --wire "$2" --stats
    until_true 50 ip link show "$1" || fail "no TAP $1"
    ip addr add 10.9.0.1/24 dev "$1"
    ip link set "$1" up
    until_true 50 ping -c 1 -W 1 10.9.0.2 || fail "the host behind the TAP does not answer"
}

gone() {
    kill -INT "$last"
    wait "$last"
    status=$?
    [ "$status" = 0 ] || fail "baro tap ended with $status"
}

head -c 3000000 /dev/urandom >"$work/sent"

host clean fast
ping -c 3 -i 0.2 -W 2 10.9.0.2 >"$work/ping.log" || fail "ping"
ping -c 1 -W 2 -s 4000 10.9.0.2 >"$work/ping-fragments.log" || fail "ping in fragments"
timeout 30 nc -N 10.9.0.2 7 <"$work/sent" >"$work/echoed" || fail "echo"
cmp "$work/sent" "$work/echoed" || fail "echo came back different"
timeout 30 nc -N 10.9.0.2 9 <"$work/sent" || fail "discard"
timeout 30 nc 10.9.0.2 19 </dev/null 2>/dev/null | head -c 2000000 >"$work/generated"
[ "$(wc -c <"$work/generated")" = 2000000 ] || fail "character generator stalled"
timeout 5 nc 10.9.0.2 4242 </dev/null 2>"$work/refused.log" && fail "a closed port accepted"
gone

host faulty loss=1%,reorder=1%,duplicate=1%,corrupt=0.5%,delay=2ms,seed=5
timeout 60 nc -N 10.9.0.2 7 <"$work/sent" >"$work/echoed" || fail "echo over a faulty wire"
cmp "$work/sent" "$work/echoed" || fail "echo over a faulty wire came back different"
gone
echo ok
