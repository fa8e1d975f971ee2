# From inside to this machine and back: the gateway's address is this machine's loopback, -p leads in, names resolve by
# the gateway's port 53.
. "$BARO_SOURCE/test/run/support.sh"
need python3 curl
mkdir "$dir/site"
head -c 700000 /dev/urandom >"$dir/site/page"
sum=$(sha256sum <"$dir/site/page")
python3 -u -m http.server 0 --bind 127.0.0.1 -d "$dir/site" >"$dir/log" 2>&1 &
server=$!
trap 'kill $server; rm -rf "$dir"' EXIT
port() { sed -n 's/.*port \([0-9]*\).*/\1/p' "$1" | head -1; }
for i in $(seq 200); do [ -n "$(port "$dir/log")" ] && break; sleep 0.05; done
there=10.0.2.1:$(port "$dir/log")
same "a page of this machine" "$sum" "$(timeout 60 "$BARO" run -- curl -sS "http://$there/page" | sha256sum)"
for wire in 100base-tx fast,loss=1%,seed=3; do
    same "over the wire $wire" "$sum" "$(timeout 60 "$BARO" run --wire $wire -- curl -sS "http://$there/page" | sha256sum)"
done
same "by the gateway's name" "$sum" "$(timeout 60 "$BARO" run -- curl -sS "http://gateway.lan:${there#*:}/page" | sha256sum)"
timeout 60 "$BARO" run -- curl -sS http://10.0.2.1:1/ 2>/dev/null
same "refused outside is refused inside" 7 $?
same "a failed non-blocking connect, and again" "$(python3 "$here/programs/reconnect.py" 127.0.0.1 "$(port "$dir/log")")" \
    "$(timeout 60 "$BARO" run -- python3 "$here/programs/reconnect.py" 10.0.2.1 "$(port "$dir/log")")"
same "what a program wrote before it ended arrives" "$(printf 'GET /last-words HTTP/1.0')" "$(timeout 60 "$BARO" run -- python3 -c "
import socket
s = socket.create_connection(('10.0.2.1', $(port "$dir/log")))
s.sendall(b'GET /last-words HTTP/1.0\r\n\r\n')"; for i in $(seq 200); do grep -q last-words "$dir/log" && break; sleep 0.05; done; grep -o 'GET /last-words HTTP/1.0' "$dir/log")"
published=$(python3 -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])")
timeout 60 "$BARO" run -p "$published:80" -- python3 -m http.server 80 -d "$dir/site" >/dev/null 2>&1 &
run=$!
for i in $(seq 200); do curl -sf -o /dev/null "http://127.0.0.1:$published/page" && break; sleep 0.05; done
same "a published server" "$sum" "$(curl -sS "http://127.0.0.1:$published/page" | sha256sum)"
kill $run
wait $run
timeout 60 "$BARO" run -p 99999:1 -- true 2>"$dir/said"
same "a mistake is exit 2" 2 $?
same "a mistake is one line" 1 "$(wc -l <"$dir/said")"
