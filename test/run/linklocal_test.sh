# Link-local addresses with their zone: two programs on a LAN find each other by them, and say the same as two on a wire of
# the kernel's; ping and curl with a zone's name.
. "$BARO_SOURCE/test/run/support.sh"
need python3 curl ping ip
for user in $users; do
    as $user timeout 60 "$BARO" lan --host server=10.7.0.1,fd00:7::1/64 python3 "$here/programs/linklocal.py" server \
        --host client=10.7.0.2,fd00:7::2/64 python3 "$here/programs/linklocal.py" client server >"$dir/inside.$user" 2>"$dir/error" ||
        fail "as $user: $(cat "$dir/inside.$user" "$dir/error")"
    echo "ok: as $user: $(wc -l <"$dir/inside.$user") lines by link-local addresses"
done

# The machine's own tools, with the zone's name. The server's address: the one that its program tells; the client's own has
# been probed before they begin, up to a second later than the server's.
cat >"$dir/tools.sh" <<'END'
until ip -6 -br addr show eth0 | grep -q 'fe80::'; do sleep 0.05; done
there=$(python3 -c 'import socket; print(socket.create_connection(("server", 8000)).recv(99).split()[0].decode())')
ping -6 -n -c 1 "$there%eth0" | grep -o '1 received'
ping -6 -n -c 1 -I eth0 ff02::1 2>/dev/null | grep -o 'from fe80::'
curl -sS -g --http0.9 --max-time 20 "http://[$there%25eth0]:8000/" | grep -o 'accepted client scope eth0'
ip -6 -br addr show eth0 | grep -o 'fe80::[0-9a-f:]*/64' | wc -l
END
same "ping, curl and ip" "1 received
from fe80::
accepted client scope eth0
1" "$(timeout 60 "$BARO" lan --host server=10.7.0.1,fd00:7::1/64 python3 "$here/programs/linklocal.py" server \
    --host client=10.7.0.2,fd00:7::2/64 sh "$dir/tools.sh" 2>"$dir/error")"

cat >"$dir/kernel.sh" <<'END'
set -e
mkfifo "$1/ready"
unshare -n sh -c 'echo $$ >"$0/pid"; echo up >"$0/ready"; exec sleep 60' "$1" &
read -r up <"$1/ready"
other=$(cat "$1/pid")
trap 'kill $other' EXIT
inside() { nsenter -t "$other" -n "$@"; }
ip link set lo up
inside ip link set lo up
ip link add eth0 type veth peer name eth0 netns "$other"
ip addr add fd00:7::2/64 dev eth0 nodad
inside ip addr add fd00:7::1/64 dev eth0 nodad
ip link set eth0 up
inside ip link set eth0 up
inside python3 "$2" server &
server=$!
timeout 50 python3 "$2" client fd00:7::1
kill $server
END
unshare -Urn sh "$dir/kernel.sh" "$dir" "$here/programs/linklocal.py" >"$dir/kernel" 2>"$dir/error" ||
    skip "no IPv6 wire of the kernel's to compare with: $(tail -1 "$dir/error")"
diff "$dir/kernel" "$dir/inside.self" || fail "the kernel (<) and baro (>) differ"
echo "ok: $(wc -l <"$dir/kernel") lines alike"
