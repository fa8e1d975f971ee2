#!/bin/bash
# A guest with this machine's kernel behind `baro gateway` speaks with it in super-frames, in both directions: iperf3 to a
# server outside, megabytes that come back as they were sent, and more than a slow server takes; through --pcap as well, with right checksums.
. test/netns/lib.sh
need ip iperf3 nc ss cmp unshare timeout tshark
namespace "$@"
head -c 8000000 /dev/urandom >"$work/sent"

gateway() { # options
    background gateway.log "$BARO" gateway --tap gso0 --address 10.45.0.1/24 --stats "$@"
    gateway=$last
    until_true 50 ip link show gso0 || fail "no TAP"
    ip addr add 10.45.0.9/24 dev gso0
    ip link set gso0 up
}
gone() {
    kill -INT "$gateway"
    wait "$gateway" || fail "baro gateway ended with $?"
}
counter() { awk -v name="$1" '$2 == name { print $1 }' "$work/gateway.log"; }
echoes() {
    nc -N -l 127.0.0.1 4455 <"$work/sent" >"$work/there" &
    server=$!
    pids="$pids $server"
    until_true 50 listens 4455 || fail "no server outside"
    # Not the first to say that it has no more (-N): a listening nc ends then, whatever it had to send.
    timeout 40 nc 10.45.0.1 4455 <"$work/sent" >"$work/back" || fail "TCP through the gateway"
    wait $server
    cmp "$work/sent" "$work/there" || fail "what went out came out different"
    cmp "$work/sent" "$work/back" || fail "what came in is different"
}
# A server that does not read for a second: more than the kernel holds waits in the stack, and goes on from there.
slow() {
    for i in 1 2 3 4 5; do cat "$work/sent"; done >"$work/much"
    { nc -l 127.0.0.1 4456 | { sleep 1; cat; } >"$work/slow"; } &
    server=$!
    pids="$pids $server"
    until_true 50 listens 4456 || fail "no slow server outside"
    timeout 40 nc -N 10.45.0.1 4456 <"$work/much" || fail "TCP to a server that waits"
    wait $server
    cmp "$work/much" "$work/slow" || fail "what a slow server got is different"
}

# The gateway's own address leads to this machine's loopback.
gateway
background server.log iperf3 -s -B 127.0.0.1 --forceflush
until_true 50 iperf3_waits server.log 0 || fail "no iperf3 outside"
timeout 30 iperf3 -c 10.45.0.1 -t 1 >"$work/out.log" 2>&1 || fail "iperf3 through the gateway"
until_true 50 iperf3_waits server.log 1 || fail "iperf3 listens no more"
timeout 30 iperf3 -c 10.45.0.1 -t 1 -R >"$work/in.log" 2>&1 || fail "iperf3 -R through the gateway"
echoes
slow
gone
[ "$(counter super_in)" -gt 50 ] || fail "super-frames from the guest: $(counter super_in)"
[ "$(counter super_out)" -gt 50 ] || fail "super-frames to the guest: $(counter super_out)"
[ "$(counter refused_in)" = 0 ] || fail "$(counter refused_in) frames were refused"

gateway --pcap "$work/gso.pcapng"
echoes
gone
tshark -r "$work/gso.pcapng" -o tcp.check_checksum:TRUE -Y 'tcp.checksum.status == 0' >"$work/wrong.log" 2>/dev/null
[ -s "$work/wrong.log" ] && fail "checksums in the capture: $(head -3 "$work/wrong.log")"
echo ok
