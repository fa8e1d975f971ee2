#!/bin/bash
# The gateway by IPv6, in a network namespace whose "outside" is an interface with servers on its addresses: nothing leaves
# the machine. What a guest's call sees is what a program of the outside would: connected, refused, unreachable, silence.
. test/netns/lib.sh
need ip python3 unshare timeout mount
namespace "$@"
programs=$BARO_SOURCE/test/run/programs
export IPV6=1

# A tun that nobody opened: its addresses are there, what is sent to others of its subnet vanishes.
ip tuntap add dev outside0 mode tun || skip "no tun in a namespace of one's own"
ip addr add 10.77.0.1/24 dev outside0
ip addr add 10.77.0.2/24 dev outside0
ip link set outside0 up
ip addr add 10.77.1.53/32 dev outside0 # the IPv4 address of every name; its IPv6 address is out of reach
for host in 1 2 53; do
    ip -6 addr add fd77::$host/64 dev outside0 nodad || skip "this kernel has no IPv6"
done
ip -6 route add unreachable fd78::/64
ip -6 route add prohibit fd79::/64
echo "nameserver fd77::53" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf || skip "no bind mount over /etc/resolv.conf"
background outside.log python3 "$programs/outside.py" fd77::53
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
ok "no route, a host out of reach, and what is prohibited, at once" -- unreachable
ok "silence stays silence" -- silent
ok "8 MB up, the end of it, and the answer" --pcap "$work/clean.pcapng" -- half_close
ok "8 MB down" -- download
ok "8 MB down with losses" --wire fast,large=no,loss=1%,seed=4 -- download
ok "8 MB up over the smallest packets of IPv6, with losses" --wire fast,mtu=1280,loss=1%,seed=5 -- half_close
ok "200 connections at once" -- parallel
ok "datagrams both ways, in fragments too" --pcap "$work/datagrams.pcapng" -- datagrams
ok "a datagram to a closed port is refused" -- datagram_refused
ok "datagrams for more than the gateway has flows for" -- many_datagrams
(ulimit -Sn 1024; ok "and for more than it has descriptors for" -- many_datagrams) || exit 1
ok "an address of one's own choice" --address fd55::7/64 -- half_close
same "names by a name server of IPv6" "fd77:1::53 fd77:1::53" "$(echo $(inside -- names one.test big.test 2>&1))"
if command -v tshark >/dev/null; then
    for capture in clean datagrams; do
        same "tshark finds nothing malformed in $capture" "" "$(timeout 60 tshark -r "$work/$capture.pcapng" \
            -o ipv6.defragment:TRUE -o tcp.desegment_tcp_streams:FALSE \
            -Y '_ws.malformed || icmpv6.checksum.status == "Bad"' 2>/dev/null | head -3)"
        [ "$(timeout 60 tshark -r "$work/$capture.pcapng" -Y 'ipv6 && (tcp || udp)' 2>/dev/null | wc -l)" -gt 10 ] ||
            fail "$capture has no packets"
    done
fi

# A program that knows both families takes the one there is a way by, and at once: names have addresses of both.
cat >"$work/both.py" <<'END'
import socket, time
began = time.monotonic()
for address in ("fd99::1", "fd78::1", "both.test"):
    try:
        one = socket.create_connection((address, 7003), 20)
    except OSError:
        continue
    one.sendall(b"hello")
    print(one.recv(5).decode(), "soon" if time.monotonic() - began < 5 else "late")
END
same "no way by IPv6: IPv4 is taken" "hello soon" "$(timeout 60 "$BARO" run -- python3 "$work/both.py" 2>&1)"

# Published ports.
ask() { # address, port: what the server inside says
    python3 -c "import socket; print(socket.create_connection(('$1', $2), 5).makefile().read(), end='')" 2>&1 | tail -1
}
heard() { [ "$(ask "$1" "$2")" = "$3" ]; }
background peers.log timeout 60 "$BARO" run -p 7080:80 -p '[fd77::1]:7081:80' -p '[::]:7082:80' -- python3 "$programs/inside.py" peers
until_true 100 heard ::1 7080 fdba:70::1 || fail "a published port: $(ask ::1 7080)"
same "loopback is seen as the gateway" fdba:70::1 "$(ask ::1 7080)"
same "another peer is seen as itself" fd77::1 "$(ask fd77::1 7081)"
same "all addresses of IPv6" fd77::2 "$(ask fd77::2 7082)"
case $(ask 127.0.0.1 7082) in *refused*) echo "ok: and none of IPv4" ;; *) fail "[::] took IPv4" ;; esac
case $(ask fd77::1 7080) in *refused*) echo "ok: published on loopback alone" ;; *) fail "published on more than loopback" ;; esac
same "a server of one family is reached by the other" fdba:70::1 "$(ask 127.0.0.1 7080)"
end
background peers4.log env IPV6=0 timeout 60 "$BARO" run -p 7080:80 -- python3 "$programs/inside.py" peers
until_true 100 heard ::1 7080 10.0.2.1 || fail "from ::1 to a server of IPv4: $(ask ::1 7080)"
echo "ok: and the other way round"
end
background closed.log timeout 60 "$BARO" run -p 7080:81 -- python3 "$programs/inside.py" peers
reset() { case $(ask ::1 7080) in *reset*) return 0 ;; *) return 1 ;; esac }
until_true 100 reset || fail "nobody listens inside: $(ask ::1 7080)"
echo "ok: where nobody listens by either, the peer is reset"
end
exit 0
