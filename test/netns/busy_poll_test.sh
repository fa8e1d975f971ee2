#!/bin/bash
# --busy-poll: the loop spins when told to and works as before; without it an idle host sleeps and is woken a few times a
# second at most. What is no number of microseconds is refused by every tool that has the option.
. test/netns/lib.sh
need ip ping unshare
namespace "$@"

idle() { # options
    background tap.log "$BARO" tap --name busy0 --address 10.9.0.2/24 --stats "$@"
    until_true 50 ip link show busy0 || fail "no TAP"
    ip addr add 10.9.0.1/24 dev busy0
    ip link set busy0 up
    until_true 100 ping -c 1 -W 1 10.9.0.2 || fail "the host behind the TAP does not answer"
    sleep 2
    kill -INT "$last"
    wait "$last" || fail "baro tap ended with $?"
}
counter() { awk -v name="$1" '$2 == name { print $1 }' "$work/tap.log"; }

idle
[ "$(counter spins)" = 0 ] || fail "it spun $(counter spins) times without being told to"
[ "$(counter sleeps)" -gt 0 ] && [ "$(counter sleeps)" -lt 500 ] || fail "an idle host slept $(counter sleeps) times"
idle --busy-poll 20000
[ "$(counter spins)" -gt "$(counter sleeps)" ] || fail "$(counter spins) spins, $(counter sleeps) sleeps"

for tool in tap gateway run lan "iperf3 -s"; do
    for wrong in -1 1000001 x 5x ""; do
        "$BARO" $tool --busy-poll "$wrong" -- true >"$work/wrong.log" 2>&1
        [ $? = 2 ] && grep -q "microseconds, 0 to 1000000" "$work/wrong.log" || fail "$tool --busy-poll '$wrong'"
    done
    "$BARO" $tool --busy-poll >"$work/wrong.log" 2>&1
    [ $? = 2 ] || fail "$tool --busy-poll without a value"
done
echo ok
