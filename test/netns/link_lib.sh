# test/netns/link_lib.sh: `baro tap` and `baro gateway` on one end of a veth, through a device of the given KIND (packet, xdp),
# and a kernel in another namespace at the other end. Sourced by a test of each kind, after KIND is set.
. test/netns/lib.sh
need ip ping nc cmp unshare nsenter curl python3 iperf3

# AF_XDP wants the machine's root; AF_PACKET is content with that of a user namespace.
link_namespace() {
    if [ "$KIND" = packet ]; then
        namespace "$@"
        return
    fi
    if [ "${IN_NAMESPACE:-}" != 1 ]; then
        [ "$(id -u)" = 0 ] || skip "BPF wants this machine's root"
        unshare --net true 2>/dev/null || skip "network namespaces are refused on this machine"
        IN_NAMESPACE=1 exec unshare --net --mount bash "$0" "$@"
    fi
    trap cleanup EXIT
    ip link set lo up
}

there() { # COMMAND ...: in the other namespace
    nsenter --target "$peer" --net "$@"
}

# veth0 here, without an address, and veth1 there with 10.9.0.1 and fd00:9::1.
wire_up() {
    background peer.log unshare --net sleep 1000
    peer=$last
    until_true 50 there test -e /proc/self || fail "no namespace for the peer"
    until_true 50 eval '[ "$(readlink /proc/$peer/ns/net)" != "$(readlink /proc/self/ns/net)" ]' || fail "no namespace of its own"
    ip link add veth0 type veth peer name veth1 || skip "the kernel has no veth"
    ip link set veth1 netns "$peer"
    there ip link set lo up
    there ip addr add 10.9.0.1/24 dev veth1
    there ip -6 addr add fd00:9::1/64 dev veth1 nodad
    there ip link set veth1 up
    ip link set veth0 up
}

host() { # LOG OPTION ...
    log=$1
    shift
    there ip neigh flush dev veth1 # each host has another MAC address
    background "$log" "$BARO" tap --name "$KIND:veth0" --address 10.9.0.2/24,fd00:9::2/64 --stats "$@"
    until_true 50 grep -q Ctrl-C "$work/$log" || {
        grep -qE "has no AF_XDP|not permitted" "$work/$log" && skip "$(cat "$work/$log")"
        fail "baro tap does not begin"
    }
    until_true 50 there ping -c 1 -W 1 10.9.0.2 || fail "no answer to ping"
}

gone() { # ends the last one by Ctrl-C
    kill -INT "$last"
    wait "$last"
    status=$?
    [ "$status" = 0 ] || fail "baro ended with $status"
}

counted() { # LOG NAME: the device's counter is not 0
    grep -qE "^ *[1-9][0-9]*  $2 " "$work/$1"
}

carries() { # what an Ethernet carries, both ways and by both families
    there ping -c 3 -i 0.2 -W 2 10.9.0.2 >"$work/ping.log" || fail "ping"
    there ping -c 2 -i 0.2 -W 2 -s 4000 10.9.0.2 >"$work/ping-fragments.log" || fail "ping in fragments"
    until_true 30 there ping -6 -c 1 -W 1 fd00:9::2 || fail "ping by IPv6"
    there timeout 30 nc -N 10.9.0.2 7 <"$work/sent" >"$work/echoed" || fail "echo"
    cmp "$work/sent" "$work/echoed" || fail "echo came back different"
    there timeout 30 nc -N fd00:9::2 7 <"$work/sent" >"$work/echoed" || fail "echo by IPv6"
    cmp "$work/sent" "$work/echoed" || fail "echo by IPv6 came back different"
    there timeout 30 nc 10.9.0.2 19 </dev/null 2>/dev/null | head -c 2000000 >"$work/generated"
    [ "$(wc -c <"$work/generated")" = 2000000 ] || fail "character generator stalled"
    head -c 1400 "$work/sent" >"$work/datagram"
    there timeout 2 nc -u -w 1 10.9.0.2 7 <"$work/datagram" >"$work/echoed"
    cmp "$work/datagram" "$work/echoed" || fail "a datagram came back different"
}

link_goes_and_comes() {
    there ip link set veth1 down
    there ping -c 1 -W 1 10.9.0.2 >/dev/null 2>&1 && fail "an answer over a link that is down"
    there ip link set veth1 up
    there ip -6 addr add fd00:9::1/64 dev veth1 nodad # went with the link
    until_true 50 there ping -c 1 -W 1 10.9.0.2 || fail "no answer after the carrier came back"
    ip link set veth0 down
    sleep 0.3
    ip link set veth0 up
    until_true 50 there ping -c 1 -W 1 10.9.0.2 || fail "no answer after the interface was down"
    there timeout 30 nc -N 10.9.0.2 7 <"$work/datagram" >"$work/echoed" || fail "echo after the interface was down"
    cmp "$work/datagram" "$work/echoed" || fail "echo after the interface was down came back different"
}

# Both directions of HTTP and of iperf3: the guest's kernel is the client of this namespace's, and its server by -p.
through_gateway() {
    background gateway.log "$BARO" gateway --tap "$KIND:veth0" --address 10.44.0.1/24 -p 127.0.0.1:8081:10.44.0.2:8080
    gateway=$last
    there ip addr add 10.44.0.2/24 dev veth1
    there ip route replace default via 10.44.0.1
    mkdir "$work/web"
    cp "$work/sent" "$work/web/sent"
    background web-here.log python3 -m http.server --bind 127.0.0.1 --directory "$work/web" 8080
    background web-there.log nsenter --target "$peer" --net python3 -m http.server --bind 10.44.0.2 --directory "$work/web" 8080
    background iperf.log iperf3 -s -B 127.0.0.1 -p 5201 --forceflush
    until_true 50 there curl -sf -o "$work/got" http://10.44.0.1:8080/sent || fail "curl from the guest"
    cmp "$work/sent" "$work/got" || fail "curl from the guest got something else"
    until_true 50 curl -sf -m 20 -o "$work/got" http://127.0.0.1:8081/sent || fail "curl to the guest"
    cmp "$work/sent" "$work/got" || fail "curl to the guest got something else"
    until_true 50 iperf3_waits iperf.log 0 || fail "no iperf3 outside"
    there timeout 20 iperf3 -c 10.44.0.1 -n 20M >"$work/iperf-up.log" 2>&1 || fail "iperf3 from the guest"
    until_true 50 iperf3_waits iperf.log 1 || fail "iperf3 listens no more"
    there timeout 20 iperf3 -c 10.44.0.1 -n 20M -R >"$work/iperf-down.log" 2>&1 || fail "iperf3 to the guest"
    kill -INT "$gateway"
    wait "$gateway" || fail "baro gateway ended with $?"
}

too_long() { # frames above the MTU that the device was opened with
    host long.log
    ip link set veth0 mtu 3000
    there ip link set veth1 mtu 3000
    there ping -c 1 -W 1 -M do -s 2500 10.9.0.2 >/dev/null 2>&1 && fail "an answer to a frame above the MTU"
    there ping -c 1 -W 2 10.9.0.2 >/dev/null 2>&1 || fail "no answer after a frame above the MTU"
    gone
    counted long.log too_long || fail "frames above the MTU are not counted"
    ip link set veth0 mtu 1500
    there ip link set veth1 mtu 1500
}

overflow() { # nobody takes frames while more come than the ring holds
    host overflow.log
    kill -STOP "$last"
    there timeout 20 ping -q -f -l 6000 -c 6000 -W 1 10.9.0.2 >"$work/flood.log" 2>&1
    kill -CONT "$last"
    until_true 50 there ping -c 1 -W 1 10.9.0.2 || fail "no answer after the ring was full"
    gone
    counted overflow.log overflowed || fail "frames beyond the ring are not counted"
}

killed() { # without a chance to tidy up
    host killed.log
    kill -KILL "$last"
    wait "$last" 2>/dev/null
    ip link show veth0 | grep -q "xdp" && fail "the XDP program outlives the process"
    host again.log
    there timeout 30 nc -N 10.9.0.2 7 <"$work/datagram" >"$work/echoed" || fail "echo after a kill"
    cmp "$work/datagram" "$work/echoed" || fail "echo after a kill came back different"
    gone
}

large_mtu() {
    ip link set veth0 mtu 9000
    there ip link set veth1 mtu 9000
    host large.log
    there ping -c 2 -i 0.2 -W 2 -M do -s 8900 10.9.0.2 >"$work/ping-large.log" || fail "ping at MTU 9000"
    there timeout 30 nc -N 10.9.0.2 7 <"$work/sent" >"$work/echoed" || fail "echo at MTU 9000"
    cmp "$work/sent" "$work/echoed" || fail "echo at MTU 9000 came back different"
    gone
    ip link set veth0 mtu 1500
    there ip link set veth1 mtu 1500
}

refused() { # ARGUMENT TEXT: `baro tap` ends with 1 and says so
    "$BARO" tap --name "$1" >"$work/refused.log" 2>&1
    status=$?
    [ "$status" = 1 ] || fail "$1: exit $status"
    grep -q "$2" "$work/refused.log" || fail "$1: the reason is not told"
}
