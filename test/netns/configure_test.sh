#!/bin/bash
# What a network tells a host that knows nothing is enough to find names in it: addresses, the way out and name servers by
# dnsmasq's router advertisements, by its DHCPv6, by its DHCP and by radvd. The stable address is the same one each time
# (RFC 7217), a temporary one is spoken from where it is wished (RFC 8981).
. test/netns/lib.sh
need ip unshare dnsmasq radvd timeout tshark
namespace "$@"

ip tuntap add dev conf0 mode tap 2>/dev/null || skip "no TAP may be made here"
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
ip addr add 10.9.0.1/24 dev conf0
ip addr add fd00:9::1/64 dev conf0 nodad
ip addr add 2001:db8:53::1/128 dev lo # of the name server, which is not on the link
ip link set conf0 up

# names LISTEN ...: this machine's name server, and whatever else dnsmasq shall do.
names() {
    log=$1
    shift
    background "$log" dnsmasq --no-daemon --no-hosts --no-resolv --conf-file=/dev/null --pid-file= --user=root --group=root \
        --bind-dynamic --log-queries --log-dhcp --log-facility=- --local=/example.com/ --dhcp-leasefile="$work/leases" \
        --host-record=www.example.com,192.0.2.80,2001:db8::80 "$@"
    server=$last
    until_true 100 grep -q started "$work/$log" || fail "dnsmasq"
}

over() {
    kill "$1"
    wait "$1" 2>/dev/null
}

# finds NAME WORDS ...: looks NAME up on a host that gets its addresses as the words say.
finds() {
    name=$1
    shift
    got=$(timeout 60 "$BARO" lookup --tap conf0 "$@" "$name" 2>"$work/said.log" | sort | tr '\n' ' ')
    [ "$got" = "192.0.2.80 2001:db8::80 " ] || fail "$*: '$got': $(cat "$work/said.log")"
}

said() { grep -q "$1" "$work/said.log" || fail "'$1' was not said: $(cat "$work/said.log")"; }

own() { sed -n 's/^baro lookup: address \(fd00:9:.*\)/\1/p' "$work/said.log"; }

# dnsmasq's advertisements alone: a server behind the default router.
names ra.log --interface=conf0 --listen-address=2001:db8:53::1 --enable-ra --ra-param=conf0,4,1800 \
    --dhcp-range=fd00:9::,ra-only,64 "--dhcp-option=option6:dns-server,[2001:db8:53::1]"
finds www.example.com --address auto --wire fast,seed=7
said "name server 2001:db8:53::1 by a router"
first=$(own)
finds www.example.com --address auto --wire fast,seed=7
[ -n "$first" ] && [ "$(own)" = "$first" ] || fail "the stable address was $first and is $(own)"
finds www.example.com --address auto --wire fast,seed=8
[ "$(own)" != "$first" ] || fail "another host has the same address $first"
case $first in *ff:fe*) fail "$first tells the hardware's address" ;; esac
echo "ok: by dnsmasq's advertisements"

finds www.example.com --address auto --temporary --pcap "$work/temporary.pcapng"
spoke=$(tshark -r "$work/temporary.pcapng" -Y 'dns.flags.response == 0' -T fields -e ipv6.src 2>/dev/null | sort -u)
said "temporary address $spoke\$"
[ "$spoke" != "$(own)" ] || fail "asked from the stable address $spoke"
over "$server"
echo "ok: from a temporary address"

names dhcp6.log --interface=conf0 --enable-ra --ra-param=conf0,4,1800 --dhcp-range=fd00:9::1000,fd00:9::1000,64,10m \
    "--dhcp-option=option6:dns-server,[fd00:9::1]" --dhcp-option=option6:domain-search,example.com
finds www --address dhcp6
said "name server fd00:9::1 by DHCPv6"
over "$server"
echo "ok: by DHCPv6"

names dhcp.log --interface=conf0 --dhcp-range=10.9.0.20,10.9.0.20,255.255.255.0,10m --domain=example.com
finds www --address dhcp
said "name server 10.9.0.1 by DHCP"
over "$server"
echo "ok: by DHCP"

names radvd-names.log --listen-address=fd00:9::1
cat >"$work/radvd.conf" <<CONF
interface conf0 {
    AdvSendAdvert on;
    MinRtrAdvInterval 3;
    MaxRtrAdvInterval 4;
    prefix fd00:9::/64 { AdvOnLink on; AdvAutonomous on; };
    RDNSS fd00:9::1 { };
};
CONF
chmod 644 "$work/radvd.conf"
background radvd.log radvd -n -d 1 -m stderr -C "$work/radvd.conf" -p "$work/radvd.pid"
radvd=$last
finds www.example.com --address auto
said "name server fd00:9::1 by a router"
over "$radvd"
over "$server"
echo "ok: by radvd"

# A lease that is there before any router's word on what is on the link (RFC 5942 4): the question waits for that.
names lease.log --interface=conf0 --dhcp-range=fd00:9::1000,fd00:9::1000,64,10m "--dhcp-option=option6:dns-server,[fd00:9::1]"
finds www.example.com --address dhcp6 &
asker=$!
pids="$pids $asker"
until_true 300 grep -q "name server fd00:9::1 by DHCPv6" "$work/said.log" || fail "no lease: $(cat "$work/said.log")"
background radvd-late.log radvd -n -d 1 -m stderr -C "$work/radvd.conf" -p "$work/radvd.pid"
wait "$asker" || exit 1
echo "ok: by DHCPv6, before a router's word"
