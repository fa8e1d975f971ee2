#!/bin/bash
# A host on a TAP with virtio-net headers and this machine's kernel: super-frames and undone checksums go both ways, over
# both families, byte for byte; through a queue of the kernel's that overflows, towards the host; captured with right checksums; and not at
# all where a wire is wanted.
. test/netns/lib.sh
need ip ping nc cmp unshare tc tshark
namespace "$@"

host() { # options
    background tap.log "$BARO" tap --name off0 --address 10.9.0.2/24,fd00:9::2/64 --stats "$@"
    until_true 50 ip link show off0 || fail "no TAP"
    ip addr add 10.9.0.1/24 dev off0
    ip addr add fd00:9::1/64 dev off0 nodad
    ip link set off0 up
    until_true 100 ping -c 1 -W 1 fd00:9::2 || fail "the host behind the TAP does not answer"
}
gone() {
    kill -INT "$last"
    wait "$last" || fail "baro tap ended with $?"
}
counter() { awk -v name="$1" '$2 == name { print $1 }' "$work/tap.log"; }
more() { [ "$(counter "$1")" -gt "$2" ] || fail "$1 is $(counter "$1"), not more than $2"; }
none() { [ "$(counter "$1")" = 0 ] || fail "$1 is $(counter "$1")"; }
echoes() { # address, how it is called
    timeout 60 nc -N "$1" 7 <"$work/sent" >"$work/echoed" || fail "$2: echo"
    cmp "$work/sent" "$work/echoed" || fail "$2: echo came back different"
}

head -c 8000000 /dev/urandom >"$work/sent"

host
ping -c 1 -W 2 -s 4000 10.9.0.2 >"$work/ping.log" || fail "ping in fragments"
for address in 10.9.0.2 fd00:9::2; do
    echoes $address clean
    timeout 30 nc -N $address 9 <"$work/sent" || fail "discard"
    timeout 30 nc $address 19 </dev/null 2>/dev/null | head -c 8000000 >"$work/generated"
    [ "$(wc -c <"$work/generated")" = 8000000 ] || fail "character generator stalled"
done
gone
more super_in 50
more super_out 50
more undone_in 100
more undone_out 100
none refused_in
none too_large_in

# The kernel's queue overflows on the way to the host, and behind a router on the way from it.
if tc qdisc add dev lo root tbf rate 1gbit burst 32k latency 5ms 2>/dev/null && ip link add va type veth peer name vb; then
    tc qdisc del dev lo root
    host
    tc qdisc add dev off0 root tbf rate 60mbit burst 16k latency 5ms || fail "no queue"
    echoes 10.9.0.2 "to the host"
    echoes fd00:9::2 "to the host"
    [ "$(tc -s qdisc show dev off0 | sed -n 's/.*dropped \([0-9]*\).*/\1/p')" -gt 0 ] || fail "the queue dropped nothing"
    gone
    more super_out 50
else
    echo "no queue that overflows: this kernel has no tbf"
fi

# In a capture all checksums are right, in both directions, super-frames as well.
host --pcap "$work/off.pcapng"
echoes 10.9.0.2 captured
echoes fd00:9::2 captured
gone
more super_in 50
tshark -r "$work/off.pcapng" -o tcp.check_checksum:TRUE -Y 'tcp.checksum.status == 0' >"$work/wrong.log" 2>/dev/null
[ -s "$work/wrong.log" ] && fail "checksums in the capture: $(head -3 "$work/wrong.log")"
tshark -r "$work/off.pcapng" -o tcp.check_checksum:TRUE -Y 'tcp.checksum.status == 1 && tcp.len > 3000' \
    2>/dev/null | grep -q . || fail "no super-frame in the capture"

host --wire large=no
echoes 10.9.0.2 "a wire"
gone
none super_in
none super_out
none undone_in
none undone_out
echo ok
