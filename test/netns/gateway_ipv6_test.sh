#!/bin/bash
# A guest with this machine's kernel behind `baro gateway`, in a network namespace of its own: it makes itself an IPv6 address
# from the gateway's advertisements and reaches, by TCP and UDP, what the other namespace reaches, or hears why not.
. test/netns/lib.sh
need ip python3 ping unshare nsenter timeout mount dig rdisc6 dhclient
namespace "$@"
programs=$BARO_SOURCE/test/run/programs
export IPV6=1
mac=02:00:00:00:00:07 address=fdba:70::ff:fe00:7

same() { # WHAT EXPECTED GOT
    [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
    echo "ok: $1"
}

# The outside: a tun that nobody opened has the servers' addresses.
ip tuntap add dev outside0 mode tun || skip "no tun in a namespace of one's own"
ip addr add 10.77.0.1/24 dev outside0
ip addr add 10.77.0.2/24 dev outside0
ip link set outside0 up
for host in 1 2 53; do
    ip -6 addr add fd77::$host/64 dev outside0 nodad || skip "this kernel has no IPv6"
done
ip -6 route add unreachable fd78::/64
ip -6 route add prohibit fd79::/64
echo "nameserver fd77::53" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf || skip "no bind mount over /etc/resolv.conf"
background outside.log python3 "$programs/outside.py" fd77::53
until_true 100 grep -q ready "$work/outside.log" || fail "the servers outside"

# The gateway, and the guest's namespace, into which the TAP goes; it stays when the gateway ends.
ip tuntap add dev guest0 mode tap
background gateway.log "$BARO" gateway --tap guest0 -p "[::]:7080:[$address]:80" -p 7081:80 --pcap "$work/gateway.pcapng"
gateway=$last
until_true 50 grep -q "the way out" "$work/gateway.log" || fail "no gateway"
background guest.log unshare --net sleep 600
guest=$last
other() { [ "$(readlink /proc/$guest/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; }
until_true 50 other || fail "no second namespace"
ip link set guest0 netns "$guest" || fail "the TAP stays"
in_guest() { nsenter --net="/proc/$guest/ns/net" timeout 60 "$@"; }
in_guest ip link set lo up
in_guest ip link set guest0 address $mac
in_guest ip link set guest0 addrgenmode eui64
in_guest ip link set guest0 up
in_guest ip addr add 10.0.2.3/24 dev guest0

has_address() { in_guest ip -6 addr show dev guest0 scope global -tentative | grep -q "$address/64"; }
until_true 200 has_address || fail "no address of the prefix: $(in_guest ip -6 addr show dev guest0)"
echo "ok: an address from the advertised prefix"
router=$(in_guest ip -6 route show default | sed -n 's/.*via \(fe80[^ ]*\).*/\1/p')
same "the router" fe80::2 "$router"
in_guest rdisc6 -1 -w 4000 guest0 >"$work/rdisc6.log" 2>&1 || fail "rdisc6"
grep -q "Prefix *: fdba:70::/64" "$work/rdisc6.log" || fail "the prefix advertised"
grep -q "Recursive DNS server *: fdba:70::2" "$work/rdisc6.log" || fail "the name server advertised"
grep -q "MTU *: *1500" "$work/rdisc6.log" || fail "the MTU advertised"
grep -q "Stateful address conf. *: *Yes" "$work/rdisc6.log" || fail "DHCPv6 is not advertised"
background dhclient.log nsenter --net="/proc/$guest/ns/net" dhclient -6 -1 -d -sf /bin/true -lf "$work/leases" -pf "$work/pid" guest0
until_true 300 grep -q "dhcp6.name-servers" "$work/leases" || fail "dhclient -6"
grep -q "iaaddr fdba:70::1[0-9a-f][0-9a-f] " "$work/leases" || fail "dhclient's address: $(cat "$work/leases")"
grep -q "option dhcp6.name-servers fdba:70::2;" "$work/leases" || fail "dhclient's name server: $(cat "$work/leases")"
grep -q 'option dhcp6.domain-search "lan.*";' "$work/leases" || fail "dhclient's search list: $(cat "$work/leases")"
echo "ok: an address and the name server by DHCPv6"
in_guest ping -6 -c 2 -i 0.2 -W 2 fdba:70::2 >"$work/ping.log" || fail "ping the gateway"
in_guest ping -6 -c 1 -W 2 fd77::1 >"$work/ping.log" 2>&1 && fail "a ping for the outside was answered"
grep -qi "prohibited" "$work/ping.log" || fail "a ping for the outside: $(cat "$work/ping.log")"
echo "ok: pings for the gateway, none for others"

ok() { # WHAT, and inside's arguments
    what=$1
    shift
    in_guest python3 "$programs/inside.py" "$@" >"$work/inside.log" 2>&1 || fail "$what: exit $?"
    echo "ok: $what"
}
ok "refused outside is refused inside, at once" refused
ok "no route, a host out of reach, and what is prohibited, at once" unreachable
ok "silence stays silence" silent
ok "8 MB up, the end of it, and the answer" half_close
ok "8 MB down" download
ok "200 connections at once" parallel
ok "datagrams both ways, in fragments too" datagrams
ok "a datagram to a closed port is refused" datagram_refused

ask() { # COMMAND ..., its last two words address and port: what the server says
    local last2=("${@: -2}") before=("${@:1:$#-2}")
    "${before[@]}" python3 -c "
import socket, sys
print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).makefile().read(), end='')" "${last2[@]}" 2>&1 | tail -1
}
cat >"$work/own.py" <<'END'
import socket, sys
listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
print(listener.getsockname()[1], flush=True)
while True:
    with listener.accept()[0] as one:
        one.sendall(b"this machine\n")
END
background own.log python3 "$work/own.py"
until_true 100 test -s "$work/own.log" || fail "a server on ::1"
port=$(head -1 "$work/own.log")
same "this machine's loopback at the gateway's address" "this machine" "$(ask in_guest fdba:70::2 "$port")"
same "and at its link-local one" "this machine" "$(ask in_guest "$router%guest0" "$port")"

same "a name, over UDP" fd77:1::53 "$(in_guest dig +short +tries=1 @fdba:70::2 AAAA one.test)"
same "a name, over TCP" fd77:1::53 "$(in_guest dig +short +tcp @fdba:70::2 AAAA one.test)"
same "a name, asked outside" fd77:1::53 "$(in_guest dig +short +tries=1 @fd77::53 AAAA one.test)"
same "the gateway's name" fdba:70::2 "$(in_guest dig +short +tries=1 @fdba:70::2 AAAA gateway.lan)"

background peers.log nsenter --net="/proc/$guest/ns/net" python3 "$programs/inside.py" peers
heard() { [ "$(ask env "$1" "$2")" = "$3" ]; }
until_true 100 heard ::1 7080 fdba:70::2 || fail "a published port: $(ask env ::1 7080)"
echo "ok: a published port; loopback is seen as the gateway"
same "another peer is seen as itself" fd77::1 "$(ask env fd77::1 7080)"
background peers4.log env IPV6=0 nsenter --net="/proc/$guest/ns/net" python3 "$programs/inside.py" peers
until_true 100 heard 127.0.0.1 7081 10.0.2.2 || fail "a published port of IPv4: $(ask env 127.0.0.1 7081)"
same "its other family leads there, too" 10.0.2.2 "$(ask env ::1 7081)"

# The outside loses IPv6: told at once.
ip -6 addr flush dev outside0
errno() { in_guest python3 -c "
import errno, socket, time
began = time.monotonic()
try:
    socket.create_connection(('fd77::1', 7002), 20)
except OSError as error:
    print(errno.errorcode[error.errno], 'soon' if time.monotonic() - began < 2 else 'late')"; }
same "no address of IPv6 outside" "ENETUNREACH soon" "$(errno)"
if echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 2>/dev/null; then
    same "no IPv6 outside at all" "ENETUNREACH soon" "$(errno)"
fi

if command -v tshark >/dev/null; then
    same "tshark finds nothing malformed" "" "$(timeout 60 tshark -r "$work/gateway.pcapng" -o tcp.desegment_tcp_streams:FALSE \
        -Y '_ws.malformed || icmpv6.checksum.status == "Bad"' 2>/dev/null | head -3)"
fi
kill -INT "$gateway"
wait "$gateway" || fail "baro gateway ended with $?"
no_router() { [ -z "$(in_guest ip -6 route show default)" ]; }
until_true 50 no_router || fail "the guest keeps a router that has gone"
echo "ok: a gateway that ends takes its route back"
exit 0
