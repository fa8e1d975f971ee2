# Three wires in a row, joined by two routers, the middle one slower and narrower: unmodified programs talk across in both
# families, see their hop limits end on the way, the path's MTU and who is not there. Then a switch and a router on one wire,
# routes by hand where a wire has two routers, and addresses from a router.
. "$BARO_SOURCE/test/run/support.sh"
. "$BARO_SOURCE/test/run/lan_row.sh"
need python3 curl ping getent

cat >"$dir/client.sh" <<'END'
for try in 1 2 3 4 5 6 7 8 9 10; do curl -s -m 5 -o /dev/null http://10.3.0.2:8000/ && break; sleep 0.3; done
curl -sS -4 -m 20 http://server:8000/
curl -sS -6 -m 20 http://server.lan:8000/
python3 "$1/programs/through.py" 10.3.0.2 fd00:3::2
ping -4 -n -c 1 -W 20 server | grep -o 'from .* ttl=[0-9]*'
ping -6 -n -c 1 -W 20 server | grep -o 'from .* ttl=[0-9]*'
for family in -4 -6; do
    for hops in 1 2; do ping $family -n -c 1 -W 20 -t $hops server | grep '^From'; done
    for try in 1 2; do ping $family -n -c 1 -W 20 -M do -s 1400 server 2>&1 | grep -e '^From' -e 'local error'; done
done
ping -n -c 1 -W 20 10.9.0.9 | grep '^From'
ping -n -c 1 -W 20 fd00:3::9 | grep '^From'
echo r1: $(getent ahostsv4 r1 | awk '$2 == "STREAM" { print $1 }') $(getent ahostsv6 r1 | awk '$2 == "STREAM" { print $1 }')
ip route show default | grep -o 'via [0-9.]*'
ip -6 route show default | grep -o 'via [0-9a-f:]*'
END
chmod a+r "$dir/client.sh"
cat >"$dir/expected" <<'END'
you are ::ffff:10.1.0.2, I am ::ffff:10.3.0.2
you are fd00:1::2, I am fd00:3::2
1 hops: EHOSTUNREACH
2 hops: EHOSTUNREACH
3 hops: 5 from ::ffff:10.1.0.2 scope 0 to ::ffff:10.3.0.2 on 2
mtu 1500 EMSGSIZE mtu 1300 1200 from ::ffff:10.1.0.2 scope 0 to ::ffff:10.3.0.2 on 2
1 hops: EHOSTUNREACH
2 hops: EHOSTUNREACH
3 hops: 5 from fd00:1::2 scope 0 to fd00:3::2 on 2 hops 1 class 0
mtu 1500 EMSGSIZE mtu 1300 1200 from fd00:1::2 scope 0 to fd00:3::2 on 2 hops 62 class 0
10.9.0.9 ENETUNREACH
10.3.0.9 EHOSTUNREACH
fd00:9::9 ENETUNREACH
fd00:3::9 EHOSTUNREACH
from 10.3.0.2: icmp_seq=1 ttl=62
from fd00:3::2: icmp_seq=1 ttl=62
From 10.1.0.1 icmp_seq=1 Time to live exceeded
From 10.2.0.2 icmp_seq=1 Time to live exceeded
ping: local error: message too long, mtu=1300
ping: local error: message too long, mtu=1300
From fd00:1::1 icmp_seq=1 Time exceeded: Hop limit
From fd00:2::2 icmp_seq=1 Time exceeded: Hop limit
ping: local error: message too long, mtu: 1300
ping: local error: message too long, mtu: 1300
From 10.1.0.1 icmp_seq=1 Destination Net Unreachable
From fd00:2::2 icmp_seq=1 Destination unreachable: Address unreachable
r1: 10.1.0.1 10.2.0.1 fd00:1::1 fd00:2::1
via 10.1.0.1
via fd00:1::1
END
for user in $users; do
    as $user timeout 100 "$BARO" lan --stats $(row fast fast,delay=2ms,mtu=1300 100base-tx) --host $server \
        python3 "$here/programs/dual.py" --host $client sh "$dir/client.sh" "$dir" >"$dir/said" 2>"$dir/error" ||
        fail "as $user: exit $?: $(tail -5 "$dir/error")"
    diff "$dir/expected" "$dir/said" || fail "as $user: $(tail -5 "$dir/error")"
    for line in '^4 hosts: frames' '^r1: frames .* ICMP .* time to live exceeded 4' '^r2: frames ' '^client: frames' \
        '^wire middle: frames sent [1-9]'; do
        grep -q "$line" "$dir/error" || fail "the statistics have no '$line': $(cat "$dir/error")"
    done
    echo "ok: as $user: across two routers, both families"
done

# Two hosts and two routers on the wire in the middle, which so is a switch, faithful; no default there, but routes.
cat >"$dir/middle.sh" <<'END'
curl -sS -m 20 http://10.3.0.2:8000/
curl -sS -m 20 http://[fd00:3::2]:8000/
ip route show default
ping -n -c 1 -W 1 10.1.0.2 2>&1 | grep -o 'unreachable'
curl -sS -m 20 http://10.2.0.4:8000/
END
cat >"$dir/expected" <<'END'
you are ::ffff:10.2.0.3, I am ::ffff:10.3.0.2
you are fd00:2::3, I am fd00:3::2
unreachable
you are ::ffff:10.2.0.3, I am ::ffff:10.2.0.4
END
chmod a+r "$dir/middle.sh"
timeout 90 "$BARO" lan $(row fast 100base-tx fast) --route there 10.3.0.0/24 via 10.2.0.2 --route there fd00:3::/64 via fd00:2::2 \
    --route r2 fd00:9::/64 via fd00:2::1 --host $server python3 "$here/programs/dual.py" --host near@middle=10.2.0.4 python3 "$here/programs/dual.py" \
    --host there@middle=10.2.0.3,fd00:2::3 sh "$dir/middle.sh" >"$dir/said" 2>"$dir/error" || fail "$(tail -n 5 "$dir/said" "$dir/error")"
diff "$dir/expected" "$dir/said" || fail "routes by hand: $(cat "$dir/error")"
echo "ok: a switch with two routers, routes by hand"

# One router for three wires, two hosts of which are not the router's neighbours in order; its capture has all three wires.
timeout 60 "$BARO" lan --journey-to "$dir/journey" --pcap "$dir/r.pcapng" --pcap-of r --wire a=fast --wire b=fast --wire c=100base-tx --router r@a=10.1.0.1 \
    --router r@b=10.2.0.1 --router r@c=10.3.0.1 --host one@a=10.1.0.2 python3 "$here/programs/dual.py" \
    --host two@b=10.2.0.2 python3 "$here/programs/dual.py" --host three@c=10.3.0.2 \
    curl -sS -m 20 http://one:8000/ http://two:8000/ >"$dir/said" 2>"$dir/error" || fail "$(cat "$dir/error")"
same "a star" "you are ::ffff:10.3.0.2, I am ::ffff:10.1.0.2 you are ::ffff:10.3.0.2, I am ::ffff:10.2.0.2" \
    "$(tr '\n' ' ' <"$dir/said" | sed 's/ $//')"
for words in 'one@a *out .*ARP' 'r@a *in .*ARP' 'r@c *in .*TCP 10.3.0.2:[0-9]* > 10.1.0.2:8000 SYN' \
    'r@a *out .*TCP 10.3.0.2:[0-9]* > 10.1.0.2:8000 SYN' 'one  *call  *accept'; do
    grep -q "$words" "$dir/journey" || fail "the journey has no '$words': $(head -20 "$dir/journey")"
done
grep -q 'descriptor 3: gives EAGAIN' "$dir/journey" && fail "the journey tells of the name server: $(grep -m 3 EAGAIN "$dir/journey")"
echo "ok: the journey names hosts and wires"
if command -v tshark >"$dir/where"; then
    same "a router's capture has its three wires" "r@a r@b r@c" "$(timeout 60 tshark -r "$dir/r.pcapng" -T fields \
        -e frame.interface_name 2>"$dir/error" | sort -u | tr '\n' ' ' | sed 's/ $//')"
    same "with nothing malformed" "" "$(timeout 60 tshark -r "$dir/r.pcapng" -Y '_ws.malformed || _ws.expert.severity == error' 2>"$dir/error")"
fi

# Addresses of IPv6 from the router, by its advertisements: the client waits for one, everybody knows its name, its packets
# cross; the other host has its own address by hand besides, and takes no further one.
cat >"$dir/auto.sh" <<'END'
mine=$(ip -6 addr show dev eth0 scope global | awk '$1 == "inet6" { print $2 }')
case $mine in fd00:2::*:*:*:*/128) echo "an address in the subnet" ;; *) echo "my address is $mine" ;; esac
[ "$(dig +short client AAAA)/128" = "$mine" ] && echo "a name for it"
seen=$(curl -sS -6 -m 20 http://server:8000/)
[ "$seen" = "you are ${mine%/128}, I am fd00:1::2" ] && echo "the server sees it" || echo "$seen"
curl -sS -4 -m 20 http://server:8000/
ip -br -6 addr show dev eth0 | grep -o 'fe80::' # eth0 has a link-local address, too
END
cat >"$dir/expected" <<'END'
an address in the subnet
a name for it
the server sees it
you are ::ffff:10.2.0.3, I am ::ffff:10.1.0.2
fe80::
END
chmod a+r "$dir/auto.sh"
if command -v dig >"$dir/where"; then
    timeout 60 "$BARO" lan --wire a=fast --wire b=fast,delay=1ms --router r@a=10.1.0.1,fd00:1::1 --router r@b=10.2.0.1,fd00:2::1 \
        --host server@a=10.1.0.2,fd00:1::2 python3 "$here/programs/dual.py" --host client@b=auto,10.2.0.3 \
        sh "$dir/auto.sh" >"$dir/said" 2>"$dir/error" || fail "$(tail -n 5 "$dir/said" "$dir/error")"
    diff "$dir/expected" "$dir/said" || fail "an address from the router: $(cat "$dir/error")"
    echo "ok: an address from the router"
fi
