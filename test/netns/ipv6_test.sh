#!/bin/bash
# A host with an IPv6 address on a TAP, and this machine's kernel in a namespace of the test's own: the kernel and ndisc6
# find its MAC address by neighbour discovery, and do not find one where nobody is; ping, also in fragments; TCP, byte for
# byte, to services that listen on both families.
. test/netns/lib.sh
need ip ndisc6 ping nc cmp unshare
namespace "$@"

background tap.log "$BARO" tap --name six --address 10.9.0.2/24,fd00:9::2/64 --stats
until_true 50 ip link show six || fail "no TAP"
ip addr add fd00:9::1/64 dev six nodad
ip addr add 10.9.0.1/24 dev six
ip link set six up
until_true 50 ip -6 route get fd00:9::2 || fail "no route"

until_true 20 ndisc6 -q -1 -w 200 fd00:9::2 six || fail "ndisc6 hears no advertisement"
mac=$(ndisc6 -q -1 fd00:9::2 six)
ndisc6 -q -1 -r 1 -w 200 fd00:9::3 six && fail "somebody answers for an address that nobody has"

# The kernel's own neighbour cache, filled by a datagram to a port where nobody is.
echo | timeout 2 nc -u -w 1 fd00:9::2 9 2>/dev/null
until_true 20 sh -c "ip -6 neigh show fd00:9::2 dev six | grep -i '$mac' | grep -q 'REACHABLE\|DELAY\|STALE'" ||
    fail "the kernel knows no neighbour $mac: $(ip -6 neigh show dev six)"

ping -6 -c 3 -i 0.2 -W 2 fd00:9::2 >"$work/ping.log" || fail "ping"
ping -6 -c 2 -i 0.2 -W 2 -s 4000 fd00:9::2 >"$work/ping-fragments.log" || fail "ping in fragments"
ping -6 -c 3 -i 0.3 -W 2 ff02::1%six >"$work/ping-group.log" || fail "ping of all nodes"
grep -q "bytes from fd00:9::2\|bytes from fe80" "$work/ping-group.log" || fail "no answer to all nodes"
ping -6 -c 1 -W 1 fd00:9::3 >/dev/null && fail "somebody answers for an address that nobody has"

# The host's services listen on both families at once.
head -c 3000000 /dev/urandom >"$work/sent"
for address in fd00:9::2 10.9.0.2; do
    timeout 30 nc -N $address 7 <"$work/sent" >"$work/echoed" || fail "echo by $address"
    cmp "$work/sent" "$work/echoed" || fail "echo by $address came back different"
done
timeout 5 nc fd00:9::2 4242 </dev/null 2>"$work/refused.log" && fail "a closed port accepted"

kill -INT "$last"
wait "$last" || fail "baro tap ended with $?"
echo ok
