# Unmodified servers and clients, both on one host: python3 http.server and urllib, curl, nc, threads in accept.
. "$BARO_SOURCE/test/run/support.sh"
need python3 curl nc
mkdir "$dir/site"
head -c 700000 /dev/urandom >"$dir/site/page"
sum=$(sha256sum <"$dir/site/page")
cat >"$dir/wait.sh" <<'END'
# Waits until port $1 answers.
for i in $(seq 200); do python3 -c "import socket; socket.create_connection(('127.0.0.1', $1))" 2>/dev/null && exit 0; sleep 0.05; done
exit 1
END
for user in $users; do
    same "curl from http.server, as $user" "$sum" "$(as $user timeout 60 "$BARO" run -- sh -c "
        python3 -m http.server 8000 -d $dir/site >/dev/null 2>&1 &
        sh $dir/wait.sh 8000; curl -sS http://127.0.0.1:8000/page | sha256sum")"
done
same "curl by an address of the host's own" "$sum" "$(timeout 60 "$BARO" run --address 10.9.8.7/24 -- sh -c "
    python3 -m http.server 8000 -d $dir/site >/dev/null 2>&1 &
    sh $dir/wait.sh 8000; curl -sS http://10.9.8.7:8000/page | sha256sum")"
same "urllib, twenty at once" "20 14000000" "$(timeout 60 "$BARO" run -- python3 -c "
import http.server, threading, urllib.request, functools, concurrent.futures
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *a): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Quiet, directory='$dir/site'))
server.socket.listen(64)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = 'http://127.0.0.1:%d/page' % server.server_address[1]
with concurrent.futures.ThreadPoolExecutor(20) as pool:
    sizes = list(pool.map(lambda i: len(urllib.request.urlopen(url).read()), range(20)))
print(len(sizes), sum(sizes))")"
same "nc to nc" "from one end" "$(timeout 60 "$BARO" run -- sh -c "
    nc -N -l -p 9000 >$dir/got &
    until echo 'from one end' | nc -N 127.0.0.1 9000; do sleep 0.05; done; wait; cat $dir/got")"
same "nc with datagrams" "a datagram" "$(timeout 60 "$BARO" run -- sh -c "
    : >$dir/got; timeout 30 nc -u -l -p 9000 >$dir/got & # which hears nobody but the first
    until [ -s $dir/got ]; do echo 'a datagram' | nc -u -q 1 127.0.0.1 9000; done; kill \$!; wait; cat $dir/got")"
same "no packet sockets of the kernel's, which would see nothing" EAFNOSUPPORT "$(timeout 60 "$BARO" run -- python3 -c "
import errno, socket
try:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    print('there is one')
except OSError as error:
    print(errno.errorcode[error.errno])" 2>"$dir/said")"
grep -q 'AF_PACKET.*--pcap' "$dir/said" || fail "why there are no packet sockets is not said: $(cat "$dir/said")"
refused=$(timeout 60 "$BARO" run -- curl -sS http://127.0.0.1:9/ 2>&1)
same "a refusal is curl's exit 7" 7 $?
timeout 60 "$BARO" run -- sh -c 'exit 42'
same "the program's exit code" 42 $?
timeout 60 "$BARO" run -- /nowhere/at/all 2>/dev/null
same "a missing program" 127 $?
same "a run inside a run" "baro: already inside a run: a program can have only one supervisor" \
    "$(timeout 60 "$BARO" run -- "$BARO" run -- true 2>&1)"
