# Killed programs and killed supervisors.
. "$BARO_SOURCE/test/run/support.sh"
need python3
marker=98765.$$
timeout 60 "$BARO" run -- sh -c "python3 -m http.server 8000 >/dev/null 2>&1 & setsid sleep $marker & exec sleep $marker" &
run=$!
for i in $(seq 200); do [ "$(pgrep -fc "^sleep $marker")" = 2 ] && break; sleep 0.05; done
same "two processes run" 2 "$(pgrep -fc "^sleep $marker")"
kill -9 "$(pgrep -P $run)" # the tool itself, below timeout
wait $run 2>/dev/null
for i in $(seq 200); do [ "$(pgrep -fc "^sleep $marker")" = 0 ] && break; sleep 0.05; done
same "a killed supervisor leaves no process" 0 "$(pgrep -fc "^sleep $marker")"
same "a killed server resets nothing it had sent" "100000 then the end" "$(timeout 60 "$BARO" run -- python3 -c "
import os, signal, socket
listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen()
process = os.fork()
if process == 0:
    listener.accept()[0].sendall(b'x' * 100000)
    os.kill(os.getpid(), signal.SIGKILL)
client = socket.create_connection(listener.getsockname())
os.waitpid(process, 0)
data = b''
while part := client.recv(65536): data += part
print(len(data), 'then the end')")"
timeout 60 "$BARO" run -- sh -c 'kill -9 $$'
same "a killed program is 128 and its signal" 137 $?
"$BARO" run -- sh -c "trap 'exit 33' TERM; touch $dir/ready; while :; do sleep 0.05; done" &
run=$!
for i in $(seq 200); do [ -e "$dir/ready" ] && break; sleep 0.05; done
kill -TERM $run
wait $run
same "SIGTERM is passed on" 33 $?
