# Programs that speak IPv6: two hosts on a LAN, and one alone, whose lines must be those of the kernel's sockets.
. "$BARO_SOURCE/test/run/support.sh"
need curl python3
cat >"$dir/client.sh" <<'EOF'
for try in 1 2 3 4 5 6 7 8 9 10; do curl -s -6 -g -m 5 -o /dev/null "http://[fd00:7::1]:8000/" && break; sleep 0.3; done
curl -sS -6 -g -m 20 "http://[fd00:7::1]:8000/"
curl -sS -4 -m 20 "http://10.7.0.1:8000/"
python3 - <<'END'
import socket
for family,to in ((socket.AF_INET6,"fd00:7::1"),(socket.AF_INET,"10.7.0.1")):
    s=socket.socket(family,socket.SOCK_DGRAM); s.settimeout(20)
    for length in 5,3000:
        s.sendto(b"x"*length,(to,9000)); data,peer=s.recvfrom(999); print(data.decode(),"by",peer[0])
END
EOF
chmod a+r "$dir/client.sh"
cat >"$dir/expected" <<'EOF'
you are fd00:7::2, I am fd00:7::1
you are ::ffff:10.7.0.2, I am ::ffff:10.7.0.1
5 from fd00:7::2 scope 0 to fd00:7::1 on 2 hops 64 class 0 by fd00:7::1
3000 from fd00:7::2 scope 0 to fd00:7::1 on 2 hops 64 class 0 by fd00:7::1
5 from ::ffff:10.7.0.2 scope 0 to ::ffff:10.7.0.1 on 2 by 10.7.0.1
3000 from ::ffff:10.7.0.2 scope 0 to ::ffff:10.7.0.1 on 2 by 10.7.0.1
EOF
for user in $users; do
    as $user timeout 120 "$BARO" lan --host server=10.7.0.1,fd00:7::1/64 python3 "$here/programs/dual.py" \
        --host client=10.7.0.2,fd00:7::2/64 sh "$dir/client.sh" >"$dir/said" 2>"$dir/error"
    grep -E '^(you|[0-9]+ from)' "$dir/said" | diff "$dir/expected" - || fail "as $user: $(cat "$dir/said" "$dir/error")"
    echo "ok: as $user: HTTP and datagrams over IPv6, and over IPv4 to the same sockets"
done

native='ip link set lo up && echo "0 0" >/proc/sys/net/ipv4/ping_group_range && exec python3 "$0"'
for program in inet6 pending options6; do
    timeout 60 "$BARO" run -- python3 "$here/programs/$program.py" >"$dir/inside" 2>"$dir/error" || fail "$(cat "$dir/inside" "$dir/error")"
    unshare -Urn sh -c "$native" "$here/programs/$program.py" >"$dir/kernel" 2>"$dir/error" ||
        skip "no IPv6 sockets of the kernel's to compare with: $(tail -1 "$dir/error")"
    diff "$dir/kernel" "$dir/inside" || fail "$program.py: the kernel (<) and baro (>) differ"
    echo "ok: $program.py: $(wc -l <"$dir/kernel") lines alike"
done
