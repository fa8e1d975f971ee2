#!/bin/bash
# A host on a TAP gets its address from dnsmasq, answers the kernel's ping at it, and gives it back when it ends.
. test/netns/lib.sh
need ip ping unshare dnsmasq
namespace "$@"

# One that stays when the host is gone: a server hears nothing from a link that vanished.
ip tuntap add dev dhcp0 mode tap 2>/dev/null || skip "no TAP may be made here"
background tap.log "$BARO" tap --name dhcp0 --address dhcp
tap=$last
ip addr add 10.45.0.1/24 dev dhcp0
ip link set dhcp0 up
background dnsmasq.log dnsmasq -d -C /dev/null --port=0 --interface=dhcp0 --bind-interfaces --user=root --group=root \
    --no-ping --dhcp-authoritative --log-dhcp --dhcp-leasefile="$work/leases" --pid-file="$work/pid" \
    --dhcp-range=10.45.0.20,10.45.0.20,255.255.255.0,10m

until_true 400 grep -q "address 10.45.0.20/24 by DHCP" "$work/tap.log" || fail "no lease"
ping -c 2 -i 0.2 -W 2 10.45.0.20 >"$work/ping.log" || fail "ping the host"
grep -q "10.45.0.20 baro" "$work/leases" || fail "dnsmasq's lease"

kill -INT "$tap"
wait "$tap" || fail "baro tap ended with $?"
until_true 30 grep -q "DHCPRELEASE(dhcp0) 10.45.0.20" "$work/dnsmasq.log" || fail "the lease was not given back"
echo ok
