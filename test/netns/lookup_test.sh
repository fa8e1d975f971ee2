#!/bin/bash
# The resolver against dnsmasq on this machine's kernel over a TAP: both families, names of names, a long answer that comes by
# TCP, the search list, an address's name, what does not exist, a server that is silent or closed, over IPv4 and IPv6, and over
# a wire that loses one frame in five.
. test/netns/lib.sh
need ip unshare dnsmasq timeout tshark
namespace "$@"

ip tuntap add dev names0 mode tap || skip "no TAP in a namespace of one's own"
ip addr add 10.9.0.1/24 dev names0
ip addr add 10.9.0.9/24 dev names0 # nobody listens there
ip -6 addr add fd00:9::1/64 dev names0 nodad
ip link set names0 up
long=$(printf 'x%.0s' $(seq 200))
many=
for i in $(seq 80); do many="$many --host-record=many.example.com,192.0.2.$i"; done
for i in $(seq 60); do many="$many --host-record=many.example.com,2001:db8::$i"; done
background dnsmasq.log dnsmasq --no-daemon --no-hosts --no-resolv --conf-file=/dev/null --pid-file= --user=root --port=53 --bind-interfaces \
    --listen-address=10.9.0.1,fd00:9::1 --except-interface=lo --log-queries --log-facility=- --local=/lan/ --local=/example.com/ \
    --host-record=www.example.com,192.0.2.80,2001:db8::80 --cname=alias.example.com,www.example.com $many
until_true 100 grep -q "started" "$work/dnsmasq.log" || fail "dnsmasq"
sleep 0.3

look_up() { timeout 60 "$BARO" lookup --tap names0 --address 10.9.0.2/24,fd00:9::2/64 "$@" 2>"$work/said.log"; }
is() { # what, expected, words
    what=$1 expected=$2
    shift 2
    got=$(look_up "$@" | sort | tr '\n' ' ' | sed 's/ $//')
    [ "$got" = "$expected" ] || fail "$what: '$got' instead of '$expected': $(cat "$work/said.log")"
    echo "ok: $what"
}
says() { # what, expected on standard error, words
    what=$1 expected=$2
    shift 2
    look_up "$@" >"$work/got"
    status=$?
    [ "$status" = 1 ] && [ ! -s "$work/got" ] && grep -q "$expected" "$work/said.log" || fail "$what: exit $status, $(cat "$work/said.log")"
    echo "ok: $what"
}
both="192.0.2.80 2001:db8::80"
is "both families" "$both" --server 10.9.0.1 www.example.com
is "from a server of IPv6" "$both" --server fd00:9::1 WWW.Example.COM
is "a name of a name" "$both" --server 10.9.0.1 alias.example.com
is "the search list" "$both" --server 10.9.0.1 --search lan --search example.com www
is "an address's name" "www.example.com" --server 10.9.0.1 192.0.2.80
is "an IPv6 address's name" "www.example.com" --server fd00:9::1 2001:db8::80
is "localhost, without asking" "127.0.0.1 ::1" --server 10.9.0.1 localhost
[ "$(look_up --pcap "$work/many.pcapng" --server 10.9.0.1 many.example.com | wc -l)" = 32 ] || fail "many addresses"
[ "$(tshark -r "$work/many.pcapng" -Y 'tcp && dns.flags.response == 1' 2>/dev/null | wc -l)" -ge 2 ] || fail "no TCP for many addresses"
[ "$(tshark -r "$work/many.pcapng" -Y 'udp && dns.flags.truncated == 1' 2>/dev/null | wc -l)" = 2 ] || fail "nothing was truncated"
echo "ok: a long answer is truncated and comes by TCP"
says "no such name" "no such name" --server 10.9.0.1 nosuch.example.com
says ".local is not ours" "not supported" --server 10.9.0.1 printer.local
says "a closed port" "no answer" --server 10.9.0.9 www.example.com
says "a silent server" "no answer" --server 10.9.0.77 www.example.com
is "another server instead of a closed one and a silent one" "$both" --server 10.9.0.9,10.9.0.77,fd00:9::1 www.example.com
is "many names at once" "$(for i in $(seq 8); do echo 192.0.2.80; done | tr '\n' ' ')$(for i in $(seq 8); do echo 2001:db8::80; done | tr '\n' ' ' | sed 's/ $//')" \
    --server 10.9.0.1 www.example.com alias.example.com www.example.com. alias.example.com. WWW.example.com Alias.example.com www.EXAMPLE.com www.example.COM
for seed in 1 2; do
    is "with losses, seed $seed" "$both" --wire fast,loss=20%,seed=$seed --server 10.9.0.1,fd00:9::1 www.example.com
done
# Ports and ids as they are on the wire: all different.
for i in $(seq 8); do look_up --pcap "$work/port$i.pcapng" --server 10.9.0.1 www.example.com >/dev/null; done
ports=$(for i in $(seq 8); do tshark -r "$work/port$i.pcapng" -Y 'dns.flags.response == 0' -T fields -e udp.srcport 2>/dev/null; done | sort -u | wc -l)
ids=$(for i in $(seq 8); do tshark -r "$work/port$i.pcapng" -Y 'dns.flags.response == 0' -T fields -e dns.id 2>/dev/null; done | sort -u | wc -l)
[ "$ports" -ge 15 ] && [ "$ids" -ge 15 ] || fail "$ports ports and $ids ids of 16"
echo "ok: ports and ids are drawn anew"
timeout 20 "$BARO" lookup --server nonsense www.example.com 2>/dev/null
[ $? = 2 ] || fail "a mistake is exit 2"
