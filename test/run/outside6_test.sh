# From inside to this machine and back by IPv6: the gateway's address is this machine's ::1, -p leads in from both families.
. "$BARO_SOURCE/test/run/support.sh"
need python3 curl
python3 -c "import socket; socket.socket(socket.AF_INET6).bind(('::1', 0))" 2>/dev/null || skip "this machine has no ::1"
mkdir "$dir/site"
head -c 700000 /dev/urandom >"$dir/site/page"
sum=$(sha256sum <"$dir/site/page")
python3 -u -m http.server 0 --bind ::1 -d "$dir/site" >"$dir/log" 2>&1 &
server=$!
trap 'kill $server; rm -rf "$dir"' EXIT
port() { sed -n 's/.*port \([0-9]*\).*/\1/p' "$1" | head -1; }
for i in $(seq 200); do [ -n "$(port "$dir/log")" ] && break; sleep 0.05; done
there="[fdba:70::1]:$(port "$dir/log")"
for user in $users; do
    same "a page of this machine, as $user" "$sum" "$(as "$user" timeout 60 "$BARO" run -- curl -6 -sS "http://$there/page" | sha256sum)"
done
for wire in 100base-tx fast,loss=1%,seed=3 fast,mtu=1280; do
    same "over the wire $wire" "$sum" "$(timeout 60 "$BARO" run --wire $wire -- curl -6 -sS "http://$there/page" | sha256sum)"
done
timeout 60 "$BARO" run -- curl -6 -sS 'http://[fdba:70::1]:1/' 2>/dev/null
same "refused outside is refused inside" 7 $?
same "a failed non-blocking connect, and again" "$(python3 "$here/programs/reconnect.py" ::1 "$(port "$dir/log")")" \
    "$(timeout 60 "$BARO" run -- python3 "$here/programs/reconnect.py" fdba:70::1 "$(port "$dir/log")")"
same "its addresses" "10.0.2.100 fdba:70::100" "$(echo $(timeout 60 "$BARO" run -- python3 -c "
import socket
for family, there in (socket.AF_INET, '10.0.2.1'), (socket.AF_INET6, 'fdba:70::1'):
    one = socket.socket(family, socket.SOCK_DGRAM)
    one.connect((there, 9))
    print(one.getsockname()[0])"))"
same "an address of one's own choice" fd55::7 "$(timeout 60 "$BARO" run --address fd55::7 -- python3 -c "
import socket
print(socket.create_connection(('fd55::1', $(port "$dir/log"))).getsockname()[0])")"

published=$(python3 -c "import socket; s = socket.socket(socket.AF_INET6); s.bind(('::1', 0)); print(s.getsockname()[1])")
timeout 60 "$BARO" run -p "$published:80" -- python3 -m http.server 80 --bind :: -d "$dir/site" >/dev/null 2>&1 &
run=$!
for i in $(seq 200); do curl -sf -o /dev/null "http://[::1]:$published/page" && break; sleep 0.05; done
same "a published server, by IPv6" "$sum" "$(curl -6 -sS "http://[::1]:$published/page" | sha256sum)"
same "a published server, by IPv4" "$sum" "$(curl -4 -sS "http://127.0.0.1:$published/page" | sha256sum)"
kill $run
wait $run
timeout 60 "$BARO" run --wire fast,mtu=1000 -- curl -6 -sS "http://$there/page" >/dev/null 2>&1
same "a wire too narrow for IPv6 has none" 7 $?
for mistake in '-p ::1:80:80' '-p [::1:80:80' '-p [ff02::1]:80:80' '-p [fe80::1]:80:80' '-p [::1]:80' '-p 80:[fd00::1]:80' \
    '--address fd00::1,fd00::2' '--address ::1' '--address fd00::1/127' '--wire mtu=1000 --address fd00::1'; do
    timeout 60 "$BARO" run $mistake -- true 2>"$dir/said"
    same "'$mistake' is a mistake" 2 $?
    same "which is one line" 1 "$(wc -l <"$dir/said")"
done
