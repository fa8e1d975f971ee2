#!/bin/bash
# `baro tap --advertise` is a router of this machine's kernel, in a namespace of the test's own: rdisc6 asks and reads what
# it says, the kernel makes itself addresses in the prefixes and has its default route by it, until it goes.
. test/netns/lib.sh
need ip rdisc6 ping unshare
namespace "$@"

# A TAP that outlives the tool, so that what goes with the router is the router's doing and not the interface's.
ip tuntap add dev radv0 mode tap || skip "this kernel makes no TAP by ip tuntap"
echo 1 >/proc/sys/net/ipv6/conf/radv0/accept_ra
echo 0 >/proc/sys/net/ipv6/conf/radv0/accept_dad
router_starts() {
    background tap.log "$BARO" tap --name radv0 --address 10.9.0.2/24,fd00:71::1/64 \
        --advertise fd00:71::/64,2001:db8:71::/64 --wire fast,mtu=1400 --stats
    tap=$last
    until_true 50 grep -q "Ctrl-C" "$work/tap.log" || fail "no router"
    ip link set radv0 up
    until_true 100 has_default || fail "no default route"
}
has_default() {
    ip -6 route show default dev radv0 | grep -q 'via fe80::'
}

router_starts
for prefix in fd00:71: 2001:db8:71:; do
    until_true 50 sh -c "ip -6 addr show dev radv0 dynamic | grep -q 'inet6 $prefix'" || fail "no address in $prefix"
done
[ "$(cat /proc/sys/net/ipv6/conf/radv0/mtu)" = 1400 ] || fail "the kernel's MTU is not the router's"
ping -6 -c 2 -i 0.2 -W 2 fd00:71::1 >"$work/ping.log" || fail "the kernel's new address gets no answer"
# A host of another network: the router has no way there, and says so. That came by the default route.
ping -6 -c 1 -W 2 2001:db8:99::1 >"$work/beyond.log"
grep -qi "unreachable\|no route" "$work/beyond.log" || fail "the router says nothing about another network"

rdisc6 -1 -w 4000 radv0 >"$work/rdisc.log" 2>&1 || fail "rdisc6 hears no router"
router=$(ip -6 route show default dev radv0 | sed -n 's/.*via \(fe80[^ ]*\) .*/\1/p' | head -1)
for said in "Hop limit *: *64" "Router lifetime *: *1800" "Router preference *: *medium" "Prefix *: fd00:71::/64" \
    "Prefix *: 2001:db8:71::/64" "MTU *: *1400" "Source link-layer address" "from $router"; do
    grep -qi "$said" "$work/rdisc.log" || fail "rdisc6 does not read '$said'"
done

# One that is torn from the wire leaves its route behind; one that ends takes it back.
kill -KILL "$tap"
wait "$tap" 2>/dev/null
has_default || fail "the default route went without a word"
ip -6 route flush default dev radv0
router_starts
kill -TERM "$tap"
wait "$tap" || fail "baro tap ended with $?"
until_true 30 sh -c "! ip -6 route show default | grep -q via" || fail "the default route stays: $(ip -6 route show default)"
echo ok
