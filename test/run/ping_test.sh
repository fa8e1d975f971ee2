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
asked 1 timeout 60 "$BARO" lan --host there=10.7.0.1 true --host here=10.7.0.2 ping -n -c 1 10.7.0.1
timeout 60 "$BARO" run -- ping -n -c 1 -W 1 10.0.2.77 >"$dir/silent"
same "nobody answers: ping says so" 1 $?

# Of IPv6: by address and by name, in fragments, to everybody on the link.
lan6=(timeout 60 "$BARO" lan --host there=10.7.0.1,fd00:7::1/64 true --host here=10.7.0.2,fd00:7::2/64)
says() { # says WORDS COMMAND...: ping tells what came back
    out=$("${@:2}" 2>&1) && fail "${*:2}: all is well, it says: $out"
    case $out in *"$1"*) echo "ok: ${*:2}: $1" ;; *) fail "${*:2}: no '$1': $out" ;; esac
}
asked 2 timeout 60 "$BARO" run -- ping -6 -n -c 2 -i 0.2 ::1
for user in $users; do
    asked 2 as $user "${lan6[@]}" ping -6 -n -c 2 -i 0.2 fd00:7::1
done
asked 1 "${lan6[@]}" ping -6 -c 1 there
asked 1 "${lan6[@]}" ping -6 -n -c 1 -s 20000 fd00:7::1
asked 1 "${lan6[@]}" sh -c "ping -6 -q -c 1 there >/dev/null; ping -6 -n -c 1 -s 65000 fd00:7::1"
asked 1 "${lan6[@]}" ping -6 -n -c 1 -t 1 -Q 32 fd00:7::1
asked 1 "${lan6[@]}" ping -6 -n -c 1 -I eth0 fd00:7::1
asked 1 "${lan6[@]}" ping -n -c 1 -I eth0 10.7.0.1
says "From fd00:7::2 icmp_seq=1 Destination unreachable: Address unreachable" "${lan6[@]}" ping -6 -n -c 1 -W 9 fd00:7::77
says "From 10.7.0.2 icmp_seq=1 Destination Host Unreachable" "${lan6[@]}" ping -n -c 1 -W 9 10.7.0.77
says "local error: message too long, mtu: 1500" "${lan6[@]}" ping -6 -n -c 1 -M do -s 1453 fd00:7::1
asked 1 "${lan6[@]}" ping -6 -n -c 1 -M do -s 1452 fd00:7::1

# Through a router: one hop too few, no way on, and a wire that is narrower.
far=(timeout 60 "$BARO" lan --wire a=fast --wire b=fast,mtu=1400 --router r@a=10.1.0.1,fd00:1::1 --router r@b=10.2.0.1,fd00:2::1
    --host server@b=10.2.0.2,fd00:2::2 true --host client@a=10.1.0.2,fd00:1::2)
asked 1 "${far[@]}" ping -6 -n -c 1 -t 2 fd00:2::2
says "From fd00:1::1 icmp_seq=1 Time exceeded: Hop limit" "${far[@]}" ping -6 -n -c 1 -W 9 -t 1 fd00:2::2
says "From 10.1.0.1 icmp_seq=1 Time to live exceeded" "${far[@]}" ping -n -c 1 -W 9 -t 1 10.2.0.2
says "From fd00:1::1 icmp_seq=1 Destination unreachable: No route" "${far[@]}" ping -6 -n -c 1 -W 9 fd00:3::1
says "From fd00:1::1 icmp_seq=1 Packet too big: mtu=1400" "${far[@]}" ping -6 -n -c 1 -W 2 -M do -s 1353 fd00:2::2

native='ip link set lo up && echo "0 0" >/proc/sys/net/ipv4/ping_group_range && exec python3 "$0"'
for program in ping ping6; do
    timeout 60 "$BARO" run -- python3 "$here/programs/$program.py" >"$dir/inside" 2>"$dir/error" || fail "$(cat "$dir/error")"
    unshare -Urn sh -c "$native" "$here/programs/$program.py" >"$dir/kernel" 2>"$dir/error" ||
        skip "no ping sockets of the kernel's to compare with: $(tail -1 "$dir/error")"
    diff "$dir/kernel" "$dir/inside" || fail "$program.py: the kernel (<) and baro (>) differ"
    echo "ok: $program.py: $(wc -l <"$dir/kernel") lines alike"
done
