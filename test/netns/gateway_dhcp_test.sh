#!/bin/bash
# A guest with this machine's kernel comes up by DHCP from `baro gateway`: with udhcpc and with dhclient it gets address,
# mask, router and resolver, the same address again, and reaches what is behind the gateway.
. test/netns/lib.sh
need ip ping nc ss unshare udhcpc dhclient
namespace "$@"

background gateway.log "$BARO" gateway --tap guest0 --address 10.44.0.1/24 --stats
gateway=$last
until_true 50 ip link show guest0 || fail "no TAP"
ip link set guest0 up

cat >"$work/udhcpc.sh" <<'SCRIPT'
#!/bin/sh
echo "$1 ip=$ip mask=$subnet router=$router dns=$dns lease=$lease"
[ "$1" != bound ] || ip addr add "$ip/$mask" dev "$interface"
[ "$1" != bound ] || ip route add default via "$router"
SCRIPT
chmod +x "$work/udhcpc.sh"
timeout 40 udhcpc -i guest0 -f -q -n -t 5 -T 2 -s "$work/udhcpc.sh" >"$work/udhcpc.log" 2>&1 || fail "udhcpc"
grep -q "bound ip=10.44.0.2 mask=255.255.255.0 router=10.44.0.1 dns=10.44.0.1 lease=3600" "$work/udhcpc.log" ||
    fail "what udhcpc was told"
ping -c 2 -i 0.2 -W 2 10.44.0.1 >"$work/ping.log" || fail "ping the gateway"

# The gateway's own address leads to this machine's loopback.
printf 'from outside' | timeout 20 nc -N -l 127.0.0.1 4455 >/dev/null &
pids="$pids $!"
until_true 50 listens 4455 || fail "no server outside"
answer=$(timeout 10 nc -d 10.44.0.1 4455)
[ "$answer" = "from outside" ] || fail "TCP through the gateway: '$answer'"

ip addr flush dev guest0
timeout 40 dhclient -4 -1 -d -sf /bin/true -lf "$work/leases" -pf "$work/pid" guest0 >"$work/dhclient.log" 2>&1 &
dhclient=$!
pids="$pids $dhclient"
until_true 300 grep -q "fixed-address" "$work/leases" || fail "dhclient"
grep -q "fixed-address 10.44.0." "$work/leases" || fail "dhclient's address"
grep -q "option routers 10.44.0.1;" "$work/leases" || fail "dhclient's router"
grep -q 'option domain-name "lan";' "$work/leases" || fail "dhclient's domain"
grep -q "option dhcp-server-identifier 10.44.0.1;" "$work/leases" || fail "dhclient's server"

kill -INT "$gateway"
wait "$gateway" || fail "baro gateway ended with $?"
echo ok
