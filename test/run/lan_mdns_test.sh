# `baro lan --mdns`: each host answers for NAME.local on its own wire, to questions that an unmodified program sends to the
# group; what it says is in order for tshark. Without the option nothing is said.
. "$BARO_SOURCE/test/run/support.sh"
need python3
cat >"$dir/ask.sh" <<'END'
for try in 1 2 3; do python3 "$1/programs/mdns.py" server.local A | grep -q nobody || break; done
for name in server client SERVER nobody far; do python3 "$1/programs/mdns.py" $name.local A; done
# the link-local address is told, too, once it is there; who answers by IPv6 has it or the other
for group in 224.0.0.251 ff02::fb%eth0; do python3 "$1/programs/mdns.py" server.local AAAA $group; done |
    sed "s/, 'fe80::[0-9a-f:]*'//; s/from f[de][0-9a-f:]*/by IPv6/"
python3 "$1/programs/mdns.py" r.local A
python3 "$1/programs/mdns.py" r.local A ff02::fb%eth0 | sed 's/from f[de][0-9a-f:]*/by IPv6/'
END
cat >"$dir/expected" <<'END'
server.local ['10.1.0.2'] from 10.1.0.2
client.local ['10.1.0.3'] from 10.1.0.3
SERVER.local ['10.1.0.2'] from 10.1.0.2
nobody.local nobody
far.local nobody
server.local ['fd00:1::2'] from 10.1.0.2
server.local ['fd00:1::2'] by IPv6
r.local ['10.1.0.1'] from 10.1.0.1
r.local ['10.1.0.1'] by IPv6
END
chmod a+r "$dir/ask.sh"
lan="--wire a=fast --wire b=fast --router r@a=10.1.0.1,fd00:1::1 --router r@b=10.2.0.1"
for user in $users; do
    rm -f "$dir/lan.pcapng"
    touch "$dir/lan.pcapng"
    chmod a+rw "$dir/lan.pcapng"
    as $user timeout 100 "$BARO" lan --mdns --pcap "$dir/lan.pcapng" --pcap-of server $lan \
        --host server@a=10.1.0.2,fd00:1::2 python3 "$here/programs/dual.py" --host far@b=10.2.0.2 python3 "$here/programs/dual.py" \
        --host client@a=10.1.0.3,fd00:1::3 sh "$dir/ask.sh" "$dir" >"$dir/said" 2>"$dir/error" || fail "as $user: $(tail -n 5 "$dir/said" "$dir/error")"
    diff "$dir/expected" "$dir/said" || fail "as $user: $(cat "$dir/error")"
    echo "ok: as $user: NAME.local on the host's wire, and not beyond it"
done
if command -v tshark >"$dir/where"; then
    shown() { timeout 60 tshark -r "$dir/lan.pcapng" -Y "$1" 2>"$dir/error"; }
    same "nothing malformed" "" "$(shown '_ws.malformed || _ws.expert.severity == error')"
    [ -n "$(shown 'mdns && dns.flags.response == 1 && dns.resp.name == "server.local"')" ] || fail "the server did not announce itself"
    same "no host of another wire is heard" "" "$(shown 'mdns && ip.src == 10.2.0.0/24')"
fi
timeout 60 "$BARO" lan --host server=10.1.0.2 python3 "$here/programs/dual.py" --host client=10.1.0.3 \
    python3 "$here/programs/mdns.py" server.local A >"$dir/said" 2>"$dir/error"
same "without the option" "server.local nobody" "$(cat "$dir/said")"
