#!/bin/bash
# iperf3 of this machine against baro's server and client: both directions, both families, several streams, a number of
# octets, small blocks, the first second left out, over super-frames and over a wire that loses; both ends agree on what
# came. What is not spoken is refused, who is busy says so, and a client that talks nonsense harms nobody.
. test/netns/lib.sh
need ip iperf3 unshare ping timeout python3
namespace "$@"

server() { # options
    background server.log "$BARO" iperf3 -s --tap perf0 --address 10.9.0.2/24,fd00:9::2/64 --stats "$@"
    raise
}
raise() {
    until_true 50 ip link show perf0 || fail "no TAP"
    ip addr add 10.9.0.1/24 dev perf0
    ip addr add fd00:9::1/64 dev perf0 nodad
    ip link set perf0 up
    until_true 100 ping -c 1 -W 1 fd00:9::2 || fail "the host behind the TAP does not answer"
}
gone() {
    kill -INT "$last"
    wait "$last" || fail "baro iperf3 ended with $?"
}
counter() { awk -v name="$1" '$2 == name { print $1 }' "$work/server.log"; }

# Both ends' counts of one test: what baro says, and that iperf3 heard the same.
agrees() { # how it is called, iperf3's options ...
    called=$1
    shift
    lines=$(grep -c octets "$work/server.log")
    timeout 60 iperf3 -J "$@" >"$work/client.json" 2>"$work/client.log" || fail "$called: iperf3 failed: $(tail -3 "$work/client.json")"
    until_true 50 sh -c "[ \$(grep -c octets '$work/server.log') -gt $lines ]" || fail "$called: the server says nothing"
    grep octets "$work/server.log" | tail -1 >"$work/said"
    python3 - "$work/client.json" "$work/said" <<'P' || fail "$called: $(cat "$work/said")"
import json, re, sys
end = json.load(open(sys.argv[1]))["end"]
said = open(sys.argv[2]).read()
verb, octets, others = re.match(r"(sent|received) (\d+) octets.* (\d+)", said.split("; ", 1)[0] + "; " + said.split("; ")[1]).groups()
ours, theirs = ("sum_sent", "sum_received") if verb == "sent" else ("sum_received", "sum_sent")
sys.exit(not (int(octets) == end[ours]["bytes"] > 0 and int(others) == end[theirs]["bytes"] > 0))
P
}

server
agrees "to baro" -c 10.9.0.2 -t 1
agrees "from baro" -c 10.9.0.2 -t 1 -R
agrees "to baro, IPv6" -c fd00:9::2 -t 1
agrees "from baro, IPv6" -c fd00:9::2 -t 1 -R
agrees "four streams" -c 10.9.0.2 -t 1 -P 4
agrees "four streams from baro" -c fd00:9::2 -t 1 -P 4 -R
agrees "so many octets" -c 10.9.0.2 -n 20M
agrees "so many octets from baro" -c 10.9.0.2 -n 20M -R
agrees "small blocks" -c 10.9.0.2 -n 200K -l 100
agrees "small blocks from baro" -c 10.9.0.2 -k 2000 -l 100 -R
agrees "a second left out" -c 10.9.0.2 -t 1 -O 1
agrees "at a rate, in small segments" -c 10.9.0.2 -t 1 -b 20M -M 600 -N -R
rate=$(sed -n 's/.*: \([0-9.]*\) Gbit.*/\1/p' "$work/said")
awk -v rate="$rate" 'BEGIN { exit !(rate < 0.03) }' || fail "20 Mbit/s were $rate Gbit/s"

for refused in "-u" "--bidir" "-C vegas"; do
    timeout 20 iperf3 -c 10.9.0.2 -t 1 $refused >"$work/refused.log" 2>&1 && fail "iperf3 $refused was not refused"
done
iperf3 -c 10.9.0.2 -t 8 --forceflush >"$work/long.log" 2>&1 &
long=$!
until_true 50 grep -q "connected to" "$work/long.log" || fail "a long test does not begin"
timeout 20 iperf3 -c 10.9.0.2 -t 1 >"$work/busy.log" 2>&1 && fail "two tests at once"
grep -q busy "$work/busy.log" || fail "the server is not said to be busy"
kill -KILL $long # in the middle of a test
wait $long 2>/dev/null
until_true 50 grep -q "test failed: the" "$work/server.log" || fail "the server does not see that its client died"
agrees "after a client that died" -c 10.9.0.2 -n 1M
python3 - <<'P' || fail "nonsense"
import socket, struct
def talk(*parts):
    s = socket.create_connection(("10.9.0.2", 5201), timeout=5)
    s.sendall(b"x" * 36 + b"\0")
    assert s.recv(1) == b"\x09"
    for part in parts:
        s.sendall(part)
    return s
text = b'{"tcp":true,"parallel":2,"len":1000,"time":1}'
for wrong in (b'{"tcp":', b'[' * 100, b'{"tcp":true,"parallel":500}', b'{"len":1e300}', b'{"time":-1}', b'"\\u00'):
    s = talk(struct.pack(">I", len(wrong)), wrong)
    assert s.recv(1) == b"\xfe", wrong
    s.close()
s = talk(b"\xff\xff\xff\xff")               # a text of 4 GB
assert s.recv(1) == b""
s.close()
s = talk(struct.pack(">I", len(text)), text)
assert s.recv(1) == b"\x0a"
stranger = socket.create_connection(("10.9.0.2", 5201), timeout=5)
stranger.sendall(b"y" * 37)                 # a stream with another cookie
assert stranger.recv(1) == b"\xff"
s.close()
P
agrees "after nonsense" -c 10.9.0.2 -n 1M -R
gone
[ "$(counter super_in)" -gt 100 ] || fail "super-frames received: $(counter super_in)"
[ "$(counter super_out)" -gt 100 ] || fail "super-frames sent: $(counter super_out)"

server --wire loss=1%,delay=1ms,seed=3
agrees "to baro, with losses" -c 10.9.0.2 -t 2
agrees "from baro, with losses" -c fd00:9::2 -t 2 -R
gone

# baro is the client of iperf3 -s, whose TAP is there before.
ip tuntap add dev perf0 mode tap || fail "no TAP"
raise_only() { ip addr add 10.9.0.1/24 dev perf0; ip addr add fd00:9::1/64 dev perf0 nodad; ip link set perf0 up; }
raise_only
background iperf3.log iperf3 -s --forceflush
tests=0
for options in "-c 10.9.0.1 -t 1" "-c fd00:9::1 -t 1 -R" "-c 10.9.0.1 -n 10M -P 3 -l 1000" "-c 10.9.0.1 -t 1 -P 5 -R"; do
    until_true 50 iperf3_waits iperf3.log $tests || fail "iperf3 does not listen"
    tests=$((tests + 1))
    timeout 30 "$BARO" iperf3 --tap perf0 --address 10.9.0.2/24,fd00:9::2/64 $options >"$work/ours.log" 2>&1 ||
        fail "baro iperf3 $options"
    grep -q "Gbit/s; the other end" "$work/ours.log" || fail "baro iperf3 $options says nothing"
done
timeout 30 "$BARO" iperf3 --tap perf0 -c 10.9.0.1 -p 5999 >"$work/ours.log" 2>&1 && fail "a port where nobody listens"
grep -q "nobody listens" "$work/ours.log" || fail "what is wrong with the port is not said"
echo ok
