#!/bin/bash
# A host without an address on a TAP, and radvd beside the kernel in a namespace of the test's own: the host asks for
# routers, makes itself an address in the prefix that radvd advertises, and ndisc6 and the kernel find it there, as they
# find its link-local one.
. test/netns/lib.sh
need ip ndisc6 unshare radvd
namespace "$@"

background tap.log "$BARO" tap --name slaac0 --address auto --stats
tap=$last
until_true 50 ip link show slaac0 || fail "no TAP"
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
ip addr add fd00:51::1/64 dev slaac0 nodad
ip link set slaac0 up
until_true 50 sh -c "ip -6 addr show dev slaac0 scope link | grep fe80 | grep -v tentative" ||
    fail "the kernel has no link-local address"

cat >"$work/radvd.conf" <<CONF
interface slaac0 {
    AdvSendAdvert on;
    MinRtrAdvInterval 3;
    MaxRtrAdvInterval 4;
    AdvLinkMTU 1400;
    prefix fd00:51::/64 { AdvOnLink on; AdvAutonomous on; };
};
CONF
chmod 644 "$work/radvd.conf"
background radvd.log radvd -n -d 1 -m stderr -C "$work/radvd.conf" -p "$work/radvd.pid"

until_true 150 grep -q "address fd00:51:" "$work/tap.log" || fail "no address came up"
grep -q "address fe80:" "$work/tap.log" || fail "no link-local address came up"
own=$(sed -n 's/.*address \(fd00:51:.*\)/\1/p' "$work/tap.log" | head -1)
link=$(sed -n 's/.*address \(fe80:.*\)/\1/p' "$work/tap.log" | head -1)

until_true 20 ndisc6 -q -1 -w 200 "$own" slaac0 || fail "ndisc6 hears no advertisement of $own"
mac=$(ndisc6 -q -1 "$own" slaac0)
[ "$(ndisc6 -q -1 "$link" slaac0)" = "$mac" ] || fail "$link is not at $mac"
ip -6 neigh flush dev slaac0
echo | timeout 2 nc -u -w 1 "$own" 9 2>/dev/null
until_true 20 sh -c "ip -6 neigh show $own dev slaac0 | grep -qi '$mac'" ||
    fail "the kernel knows no neighbour $mac: $(ip -6 neigh show dev slaac0)"

kill -INT "$tap"
wait "$tap" || fail "baro tap ended with $?"
echo ok
