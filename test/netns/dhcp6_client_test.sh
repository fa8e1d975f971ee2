#!/bin/bash
# A host on a TAP and dnsmasq beside the kernel in a namespace of the test's own: with --address dhcp6 the host gets the
# address of dnsmasq's pool, answers the kernel's ping at it and gives it back when it ends; with --address auto it does what
# dnsmasq's router advertisements say, an address by DHCPv6 (M) or its own address and a name server by DHCPv6 (O).
. test/netns/lib.sh
need ip ping unshare dnsmasq
namespace "$@"

# One that stays when the host is gone: a server hears nothing from a link that vanished.
ip tuntap add dev dhcp60 mode tap 2>/dev/null || skip "no TAP may be made here"
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
ip addr add fd00:46::1/64 dev dhcp60 nodad
ip link set dhcp60 up

# serve NAME RANGE: dnsmasq with that range, its log and leases under that name.
serve() {
    background "$1.log" dnsmasq -d -C /dev/null --port=0 --interface=dhcp60 --bind-dynamic --user=root --group=root \
        --log-dhcp --dhcp-leasefile="$work/$1.leases" --pid-file="$work/pid" --enable-ra --ra-param=dhcp60,4,1800 \
        --dhcp-range="$2" --dhcp-option=option6:dns-server,[fd00:46::53] --dhcp-option=option6:domain-search,lan.test
    dnsmasq=$last
}

# host NAME WAY: a host that gets its addresses that way.
host() {
    background "$1.log" "$BARO" tap --name dhcp60 --address "$2" --stats
    tap=$last
}

end() {
    kill -INT "$tap"
    wait "$tap" || fail "baro tap ended with $?"
}

serve stateful fd00:46::1000,fd00:46::1000,64,10m
host given dhcp6
until_true 400 grep -q "address fd00:46::1000 by DHCPv6" "$work/given.log" || fail "no lease"
grep -q "name server fd00:46::53 by DHCPv6" "$work/given.log" || fail "no name server"
grep -q "search domain lan.test by DHCPv6" "$work/given.log" || fail "no search domain"
# DHCPv6 tells no prefix (RFC 5942 4): until a router has told what is on the link, the host has no way to the kernel.
until_true 100 grep -q "name server fd00:46::53 by a router" "$work/given.log" || fail "no advertisement"
ping -6 -c 2 -i 0.2 -W 2 fd00:46::1000 >"$work/ping.log" || fail "ping the host"
grep -q "fd00:46::1000" "$work/stateful.leases" || fail "dnsmasq's lease"
end
until_true 30 grep -q "DHCPRELEASE(dhcp60)" "$work/stateful.log" || fail "the lease was not given back"
until_true 30 sh -c "! grep -q fd00:46::1000 '$work/stateful.leases'" || fail "dnsmasq keeps the lease"

# The same server tells by its advertisements that addresses are to be had there.
host managed auto
until_true 400 grep -q "address fd00:46::1000 by DHCPv6" "$work/managed.log" || fail "M: no lease"
ping -6 -c 2 -i 0.2 -W 2 fd00:46::1000 >"$work/ping-managed.log" || fail "M: ping the host"
end
kill "$dnsmasq"
wait "$dnsmasq" 2>/dev/null

serve stateless fd00:46::,ra-stateless,64
host other auto
until_true 400 grep -q "name server fd00:46::53 by DHCPv6" "$work/other.log" || fail "O: no name server"
until_true 100 grep -q "address fd00:46:" "$work/other.log" || fail "O: no address of its own"
grep -q "address .* by DHCPv6" "$work/other.log" && fail "O: an address by DHCPv6"
own=$(sed -n 's/.*address \(fd00:46:.*\)/\1/p' "$work/other.log" | head -1)
ping -6 -c 2 -i 0.2 -W 2 "$own" >"$work/ping-other.log" || fail "O: ping the host at $own"
grep -q "DHCPINFORMATION-REQUEST(dhcp60)" "$work/stateless.log" || fail "O: dnsmasq heard no question"
end
echo ok
