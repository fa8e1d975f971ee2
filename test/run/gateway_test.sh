#!/bin/bash
# The gateway, in a network namespace whose "outside" is an interface with servers on its addresses: nothing leaves the machine.
# What a guest's call sees is what a program of the outside would: connected, refused, unreachable, silence.
. test/netns/lib.sh
need ip python3 unshare timeout mount
namespace "$@"
programs=$BARO_SOURCE/test/run/programs

# A tun that nobody opened: its addresses are there, what is sent to others of its subnet vanishes.
ip tuntap add dev outside0 mode tun || skip "no tun in a namespace of one's own"
for host in 1 2 53 54; do ip addr add 10.77.0.$host/24 dev outside0; done
ip link set outside0 up
ip route add unreachable 10.78.0.0/24
ip route add prohibit 10.79.0.0/24
echo "nameserver 10.77.0.53" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf || skip "no bind mount over /etc/resolv.conf"
background outside.log python3 "$programs/outside.py" 10.77.0.53 10.77.0.54
until_true 100 grep -q ready "$work/outside.log" || fail "the servers outside"

inside() { # OPTIONS -- FUNCTION ...
    options=()
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    timeout 60 "$BARO" run "${options[@]}" -- python3 "$programs/inside.py" "$@"
}
ok() { # WHAT, and inside's arguments
    what=$1
    shift
    inside "$@" >"$work/inside.log" 2>&1 || fail "$what: exit $?"
    echo "ok: $what"
}
same() { # WHAT EXPECTED GOT
    [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
    echo "ok: $1"
}
end() {
    kill "$last" 2>/dev/null
    wait "$last" 2>/dev/null
    pids=${pids% "$last"}
}

ok "refused outside is refused inside, at once" -- refused
ok "no route, a host out of reach, and what is prohibited" -- unreachable
ok "silence stays silence" -- silent
ok "8 MB up, the end of it, and the answer" --stats --pcap "$work/clean.pcapng" -- half_close
# On a wire without faults what one counts as sent the other counts as received, but for groups that its adapter is not in
# (a link-local address is asked for), and nothing is sent again.
python3 - "$work/inside.log" <<'END' || fail "the counters"
import re, sys
line = r"(host|gateway): frames (\d+) in, (\d+) out; TCP (\d+) in, (\d+) out, (\d+) again; UDP (\d+) in, (\d+) out"
told = {w[0]: [int(n) for n in w[1:]] for w in re.findall(line, open(sys.argv[1]).read())}
host, gateway = told["host"], told["gateway"]
assert 0 <= gateway[1] - host[0] < 9 and 0 <= host[1] - gateway[0] < 9, told
assert host[2] == gateway[3] and host[3] == gateway[2] and host[3] > 100, told
assert host[4:] == [0, 0, 0] and gateway[4:] == [0, 0, 0], told
END
echo "ok: the counters of both ends agree"
ok "8 MB down" -- download
ok "8 MB down with losses" --wire fast,large=no,loss=1%,seed=4 --pcap "$work/losses.pcapng" -- download
ok "8 MB up with losses" --wire fast,loss=1%,seed=5 -- half_close
ok "200 connections at once" -- parallel
ok "datagrams both ways, in fragments too" -- datagrams
ok "a datagram to a closed port is refused" -- datagram_refused
same "names over UDP and TCP" "10.77.1.53 10.77.1.53" \
    "$(echo $(inside --pcap "$work/names.pcapng" -- names one.test big.test 2>&1))"
# Each packet for itself: the capture holds both ends, so each segment twice, which tshark cannot put together.
if command -v tshark >/dev/null; then
    for capture in clean losses names; do
        same "tshark finds nothing malformed in $capture" "" "$(timeout 60 tshark -r "$work/$capture.pcapng" \
            -o ip.check_checksum:TRUE -o tcp.desegment_tcp_streams:FALSE -Y '_ws.malformed || ip.checksum.status == "Bad"' 2>/dev/null | head -3)"
        [ "$(timeout 60 tshark -r "$work/$capture.pcapng" -Y 'tcp || dns' 2>/dev/null | wc -l)" -gt 10 ] || fail "$capture has no packets"
    done
fi

# resolv.conf changes while a program runs: asked again.
background names.log timeout 60 "$BARO" run -- sh -c "python3 $programs/inside.py names one.test
    while ! [ -e $work/changed ]; do sleep 0.1; done; python3 $programs/inside.py names one.test"
until_true 100 grep -q 10.77.1.53 "$work/names.log" || fail "the first name server"
echo "nameserver 10.77.0.54" >"$work/resolv.conf"
touch "$work/changed"
wait "$last" || fail "names after a change: exit $?"
same "another name server from now on" "10.77.1.53 10.77.1.54" "$(echo $(cat "$work/names.log"))"

# Published ports.
ask() { # address, port: what the server inside says
    python3 -c "import socket; print(socket.create_connection(('$1', $2), 5).makefile().read(), end='')" 2>&1 | tail -1
}
heard() { [ "$(ask "$1" "$2")" = "$3" ]; }
background peers.log timeout 60 "$BARO" run -p 127.0.0.1:7080:80 -p 10.77.0.1:7081:80 -- python3 "$programs/inside.py" peers
until_true 100 heard 127.0.0.1 7080 10.0.2.1 || fail "a published port: $(ask 127.0.0.1 7080)"
same "loopback is seen as the gateway" 10.0.2.1 "$(ask 127.0.0.1 7080)"
same "another peer is seen as itself" 10.77.0.1 "$(ask 10.77.0.1 7081)"
case $(ask 10.77.0.1 7080) in *refused*) echo "ok: published on loopback alone" ;; *) fail "published on more than loopback" ;; esac
end

# A program killed in the midst of sending: the outside hears of an end.
ends() { grep -cE '^(ended|reset) [1-9]' "$work/outside.log"; }
timeout 60 "$BARO" run -- sh -c "python3 $programs/inside.py flood >$work/flood.log &
    until grep -q sending $work/flood.log; do sleep 0.1; done; kill -9 \$!; wait; sleep 3" >"$work/inside.log" 2>&1
ended() { [ "$(ends)" = "$1" ]; }
until_true 100 ended 1 || fail "a killed program's flow did not end outside"
echo "ok: a killed program ends its flow outside"

# A supervisor killed: no process, no flow.
marker=54321.$$
rm -f "$work/flood.log"
timeout 60 "$BARO" run -- sh -c "python3 $programs/inside.py flood >$work/flood.log & exec sleep $marker" >"$work/inside.log" 2>&1 &
run=$!
until_true 100 pgrep -f "^sleep $marker" || fail "the program did not start"
until_true 200 grep -q sending "$work/flood.log" || fail "the program did not send"
kill -9 "$(pgrep -P $run)"
wait $run 2>/dev/null
gone() { ! pgrep -f "^sleep $marker" && [ "$(ends)" = 2 ]; }
until_true 100 gone || fail "a killed supervisor left something"
echo "ok: a killed supervisor leaves nothing"
exit 0
