#!/bin/bash
# Names for a guest behind `baro gateway`: hosts of the private network and their reverse names are answered inside, names of
# the outside by dnsmasq in an outer namespace of the test's own, over UDP and TCP, short answers and long; what is private
# never gets out, many queries at once all come back, and a name server that keeps silent makes SERVFAIL.
. test/netns/lib.sh
need ip unshare nsenter mount dnsmasq dig udhcpc timeout
namespace "$@"

# The guest: a namespace of its own, whose process is known by id.
unshare --net sleep 300 &
guest=$!
pids="$pids $guest"
other() { [ "$(readlink /proc/$guest/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; }
until_true 50 other || skip "no namespace in a namespace"
in_guest() { nsenter -t "$guest" -n "$@"; }

# This machine's resolver: dnsmasq, which writes down what it is asked.
long=$(printf 'x%.0s' $(seq 200))
records="--address=/www.example.com/192.0.2.80 --host-record=six.example.com,2001:db8::80 --cname=alias.example.com,www.example.com"
for i in 1 2 3 4 5 6 7 8 9; do records="$records --txt-record=long.example.com,$i$long"; done
start_dnsmasq() {
    background dnsmasq.log dnsmasq --no-daemon --no-hosts --no-resolv --conf-file=/dev/null --pid-file= --user=root --port=53 --bind-interfaces \
        --listen-address=127.0.0.1 --log-queries --log-facility=- --local=/example.com/ --host-record=www.example.com,192.0.2.80 $records
    server=$last
    until_true 50 dig +short +time=1 +tries=1 @127.0.0.1 www.example.com || fail "dnsmasq"
}
start_dnsmasq
echo "nameserver 127.0.0.1" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" "$(readlink -f /etc/resolv.conf)" || skip "no bind mount over /etc/resolv.conf"

background gateway.log "$BARO" gateway --tap guest0 --address 10.44.0.1/24,fdba:70::1/64
gateway=$last
until_true 50 ip link show guest0 || fail "no TAP"
ip link set guest0 netns "$guest"
in_guest ip link set lo up
in_guest ip link set guest0 up
cat >"$work/udhcpc.sh" <<'SCRIPT'
#!/bin/sh
[ "$1" != bound ] || ip addr add "$ip/$mask" dev "$interface"
[ "$1" != bound ] || ip route add default via "$router"
SCRIPT
chmod +x "$work/udhcpc.sh"
in_guest timeout 40 udhcpc -i guest0 -f -q -n -t 5 -T 2 -x hostname:pebble -s "$work/udhcpc.sh" >"$work/udhcpc.log" 2>&1 || fail "udhcpc"

ask() { in_guest timeout 20 dig @10.44.0.1 +time=3 +tries=3 "$@"; }
is() { # what, expected, dig's words
    what=$1 expected=$2
    shift 2
    got=$(ask "$@" | tr '\n' ' ' | sed 's/ $//')
    [ "$got" = "$expected" ] || fail "$what: '$got' instead of '$expected'"
    echo "ok: $what"
}
code() { ask "$@" | sed -n 's/.*status: \([A-Z]*\).*/\1/p'; }

is "a guest by the name it told with DHCP" 10.44.0.2 +short pebble.lan
is "over TCP and without .lan" 10.44.0.2 +short +tcp pebble
is "the gateway" 10.44.0.1 +short gateway.lan
is "a private address's name" pebble.lan. +short -x 10.44.0.2
is "a name outside" 192.0.2.80 +short www.example.com
is "a name outside over TCP" 192.0.2.80 +short +tcp www.example.com
is "an IPv6 address outside" 2001:db8::80 +short six.example.com AAAA
is "a name of a name" "www.example.com. 192.0.2.80" +short alias.example.com
is "without EDNS" 192.0.2.80 +short +noedns www.example.com
[ "$(ask +short +notcp long.example.com TXT | wc -l)" = 9 ] || fail "a long answer: dig goes over to TCP"
echo "ok: a long answer is truncated and comes whole by TCP"
ask +ignore +notcp long.example.com TXT | grep -q "flags: qr tc" || ask +ignore +notcp long.example.com TXT | grep -q "flags: qr.* tc" || fail "not truncated"
is "two queries on a connection" "192.0.2.80 2001:db8::80" +short +tcp +keepopen www.example.com A six.example.com AAAA
[ "$(code nosuch.example.com)" = NXDOMAIN ] || fail "a name that the outside has not"
[ "$(code www.example.com MX)" = NOERROR ] || fail "a type that the outside has not"
[ "$(code nosuch.lan)" = NXDOMAIN ] || fail "a name that the LAN has not"
for name in nosuch.lan secret.local db.internal printer.home.arpa x.onion dotless 9.168.192.in-addr.arpa; do
    [ "$(code "$name")" = NXDOMAIN ] || fail "$name"
done
for address in 10.44.0.99 192.168.7.7 172.20.1.1 169.254.3.3 100.64.0.1 fd00::1 fe80::1 ::1; do ask +short -x $address >/dev/null; done
[ "$(code -x 192.0.32.8)" != "" ] || fail "a reverse name of the outside"
grep -q "8.32.0.192.in-addr.arpa\|192.0.32.8" "$work/dnsmasq.log" || fail "a public reverse name was not asked for outside"
! grep -E "query.*(lan|local|internal|home\.arpa|onion|dotless|10\.in-addr\.arpa|168\.192\.in-addr|20\.172\.in-addr|254\.169\.in-addr|64\.100\.in-addr|ip6\.arpa) " \
    "$work/dnsmasq.log" || fail "something private got out"
echo "ok: nothing private gets out"

# The same server by IPv6, at the gateway's address, from the address the guest makes itself.
has_global() { in_guest ip -6 addr show dev guest0 scope global -tentative | grep -q fdba:70:; }
until_true 100 has_global || fail "no IPv6 address for the guest"
for way in +notcp +tcp; do
    [ "$(in_guest timeout 20 dig @fdba:70::1 +time=3 +tries=3 +short $way www.example.com)" = 192.0.2.80 ] || fail "asked by IPv6 $way"
    [ "$(in_guest timeout 20 dig @fdba:70::1 +time=3 +tries=3 +short $way gateway.lan AAAA)" = fdba:70::1 ] || fail "a LAN name by IPv6 $way"
done
echo "ok: asked by IPv6, over UDP and TCP"

# Many at once: twenty who ask fifteen times each.
for j in $(seq 15); do echo "www.example.com A"; done >"$work/names"
for i in $(seq 20); do
    in_guest timeout 60 dig @10.44.0.1 +short +time=5 +tries=3 -f "$work/names" >"$work/many.$i" 2>&1 &
    waits="$waits $!"
done
wait $waits
[ "$(cat "$work"/many.* | grep -c '^192.0.2.80$')" = 300 ] || fail "many at once: $(cat "$work"/many.* | grep -c '^192.0.2.80$') of 300"
echo "ok: many at once"

# Nobody outside.
kill "$server"
wait "$server" 2>/dev/null
[ "$(code www.example.com)" = SERVFAIL ] || fail "no name server outside: not SERVFAIL"
is "inside without the outside" 10.44.0.2 +short pebble.lan
start_dnsmasq
is "the outside is back" 192.0.2.80 +short www.example.com
kill -INT "$gateway"
wait "$gateway" || fail "baro gateway ended with $?"
