# Ping sockets: the machine's ping as it is, and what a program notices of such a socket, line for line as of the kernel's.
. "$BARO_SOURCE/test/run/support.sh"
need ping python3
asked() { # asked COUNT COMMAND...: ping's exit code is 0 and all came back
    out=$("${@:2}" 2>&1) || fail "${*:2}: $out"
    case $out in *"$1 received, 0% packet loss"*) echo "ok: ${*:2}" ;; *) fail "${*:2}: $out" ;; esac
}
for user in $users; do
    asked 2 as $user timeout 60 "$BARO" run -- ping -n -c 2 -i 0.2 10.0.2.1
    asked 1 as $user timeout 60 "$BARO" run -- ping -n -c 1 -s 3000 10.0.2.100
done
asked 3 timeout 60 "$BARO" run -- ping -n -c 3 -i 0.2 127.0.0.1
asked 1 timeout 60 "$BARO" lan --host there=10.7.0.1 sh -c 'sleep 30' --host here=10.7.0.2 ping -n -c 1 10.7.0.1
timeout 60 "$BARO" run -- ping -n -c 1 -W 1 10.0.2.77 >"$dir/silent"
same "nobody answers: ping says so" 1 $?

timeout 60 "$BARO" run -- python3 "$here/programs/ping.py" >"$dir/inside" 2>"$dir/error" || fail "$(cat "$dir/error")"
native='ip link set lo up && echo "0 0" >/proc/sys/net/ipv4/ping_group_range && exec python3 "$0"'
unshare -Urn sh -c "$native" "$here/programs/ping.py" >"$dir/kernel" 2>"$dir/error" ||
    skip "no ping sockets of the kernel's to compare with: $(tail -1 "$dir/error")"
diff "$dir/kernel" "$dir/inside" || fail "the kernel (<) and baro (>) differ"
echo "ok: $(wc -l <"$dir/kernel") lines alike"
