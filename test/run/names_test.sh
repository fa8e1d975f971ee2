# The names of a LAN's hosts, asked for by unmodified programs at 127.0.0.53 of their own stack: A, AAAA and PTR over UDP
# and TCP, names that do not exist, and a page by its server's name.
. "$BARO_SOURCE/test/run/support.sh"
need python3 curl dig getent
mkdir "$dir/site"
echo "a page by name" >"$dir/site/page"
chmod -R a+rX "$dir/site"

cat >"$dir/ask" <<'END'
echo "page: $(curl -sS --max-time 20 http://server:8000/page)"
echo "page in the domain: $(curl -sS --max-time 20 http://SERVER.lan:8000/page)"
echo "A: $(dig +short server A)"
echo "A over TCP: $(dig +short +tcp server.lan A)"
echo "AAAA: $(dig server AAAA | grep -c -e 'status: NOERROR' -e 'ANSWER: 0')"
echo "its SOA: $(dig server.lan AAAA | awk '$4 == "SOA" { print $1 }')"
echo "PTR: $(dig +short -x 10.7.0.1)"
echo "own name: $(dig +short client)"
echo "no such name: $(dig nosuch.lan | grep -o 'status: NXDOMAIN')"
echo "no such address: $(dig -x 10.7.0.9 | grep -o 'status: NXDOMAIN')"
echo "of the outside: $(dig www.example.com | grep -o 'status: NXDOMAIN')"
echo "localhost: $(dig +short localhost)"
echo "flags: $(dig server | grep -o 'flags: qr aa rd ra')"
echo "without EDNS: $(dig +noedns server | grep -c 'EDNS: version')"
echo "EDNS of the future: $(dig +edns=1 +noednsneg server | grep -o 'status: BADVERS')"
echo "two queries on a connection: $(dig +short +tcp +keepopen server client | tr '\n' ' ')"
echo "by the C library: $(getent ahostsv4 server | awk 'NR == 1 { print $1 }')"
echo "nobody by the C library: $(getent hosts nosuch; echo $?)"
END
cat >"$dir/expected" <<'END'
page: a page by name
page in the domain: a page by name
A: 10.7.0.1
A over TCP: 10.7.0.1
AAAA: 2
its SOA: lan.
PTR: server.lan.
own name: 10.7.0.2
no such name: status: NXDOMAIN
no such address: status: NXDOMAIN
of the outside: status: NXDOMAIN
localhost: 127.0.0.1
flags: flags: qr aa rd ra
without EDNS: 0
EDNS of the future: status: BADVERS
two queries on a connection: 10.7.0.1 10.7.0.2 
by the C library: 10.7.0.1
nobody by the C library: 2
END
for wire in 100base-tx fast,delay=2ms; do
    timeout 80 "$BARO" lan --wire $wire --host server=10.7.0.1 \
        sh -c "exec python3 -m http.server 8000 -d $dir/site >/dev/null 2>&1" --host client=10.7.0.2 bash "$dir/ask" >"$dir/got" 2>"$dir/said" || fail "the LAN: exit $?: $(tail -3 "$dir/said")"
    diff "$dir/expected" "$dir/got" || fail "names over $wire"
    echo "ok: names over $wire"
done

# Three hosts, joined by a switch: all know all.
same "three hosts" "10.7.0.1 10.7.0.2 10.7.0.3" "$(timeout 60 "$BARO" lan --host one=10.7.0.1 true --host two=10.7.0.2 true \
    --host three=10.7.0.3 sh -c 'dig +short one; dig +short two.lan; dig +short three' 2>"$dir/said" | tr '\n' ' ' | sed 's/ $//')"
timeout 20 "$BARO" lan --host same=10.7.0.1 true --host same=10.7.0.1 true 2>"$dir/said"
same "the same host twice is a mistake" 2 $?
same "and names it" "baro lan: two hosts or routers are called 'same'" "$(cat "$dir/said")"

# Addresses of both families: all of them are told, and both lead back to the name.
same "both families" "10.7.0.1 fd00:7::1 server.lan. fd00:7::2" "$(timeout 60 "$BARO" lan --host server=10.7.0.1,fd00:7::1 true \
    --host client=10.7.0.2,fd00:7::2/64 sh -c 'dig +short server A; dig +short server AAAA; dig +short -x fd00:7::1; dig +short client.lan AAAA' \
    2>"$dir/said" | tr '\n' ' ' | sed 's/ $//')"
same "the program's own interfaces" "10.7.0.2/24 fd00:7::2/64" "$(timeout 60 "$BARO" lan --host server=10.7.0.1 true \
    --host client=10.7.0.2,fd00:7::2/64 ip -br addr show eth0 2>"$dir/said" | awk '{ print $3, $4 }')"

# All that dig may ask about IPv6, over UDP and TCP; `six` has no address of IPv4.
cat >"$dir/ask6" <<'END'
echo "AAAA: $(dig +short server AAAA | sort | tr '\n' ' ')"
echo "AAAA over TCP: $(dig +short +tcp server.lan AAAA | sort | tr '\n' ' ')"
echo "A of six: $(dig six A | grep -c -e 'status: NOERROR' -e 'ANSWER: 0')"
echo "AAAA of six: $(dig +short six AAAA)"
echo "PTR: $(dig +short -x 2001:db8:7::1) $(dig +short +tcp -x fd00:7::6)"
echo "whose: $(dig -x fd00:7::6 | awk '$4 == "PTR" { print $1 }')"
echo "nobody's: $(dig -x fd00:7::9 | grep -o 'status: NXDOMAIN') $(dig +tcp -x 2001:db8::9 | grep -o 'status: NXDOMAIN')"
echo "loopback: $(dig +short localhost AAAA) $(dig +short -x ::1)"
echo "two queries on a connection: $(dig +short +tcp +keepopen six AAAA server A | tr '\n' ' ')"
echo "by the C library: $(getent ahostsv6 six | awk 'NR == 1 { print $1 }') $(getent hosts fd00:7::6 | awk '{ print $2 }')"
END
cat >"$dir/expected" <<'END'
AAAA: 2001:db8:7::1 fd00:7::1 
AAAA over TCP: 2001:db8:7::1 fd00:7::1 
A of six: 2
AAAA of six: fd00:7::6
PTR: server.lan. six.lan.
whose: 6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.0.0.0.0.0.d.f.ip6.arpa.
nobody's: status: NXDOMAIN status: NXDOMAIN
loopback: ::1 localhost.
two queries on a connection: fd00:7::6 10.7.0.1 
by the C library: fd00:7::6 six.lan
END
timeout 60 "$BARO" lan --host server=10.7.0.1,fd00:7::1/64,2001:db8:7::1/64 true --host six=fd00:7::6/64 true \
    --host client=10.7.0.2,fd00:7::2/64 bash "$dir/ask6" >"$dir/got" 2>"$dir/said" || fail "the LAN: exit $?: $(tail -3 "$dir/said")"
diff "$dir/expected" "$dir/got" || fail "what dig is told of IPv6"
echo "ok: what dig is told of IPv6"
