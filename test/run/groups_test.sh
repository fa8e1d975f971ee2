# A program joins groups and chooses their sources by every option there is: its lines must be those of the kernel's sockets.
. "$BARO_SOURCE/test/run/support.sh"
need python3
for user in $users; do
    as $user timeout 60 "$BARO" run -- python3 "$here/programs/groups.py" >"$dir/inside" 2>"$dir/error" ||
        fail "as $user: $(cat "$dir/inside" "$dir/error")"
    grep -c heard "$dir/inside" | grep -qx 17 || fail "as $user: $(cat "$dir/inside")"
done
unshare -Urn sh -c 'ip link set lo up && ip link add eth0 type veth peer name peer0 && ip link set peer0 up &&
    ip addr add 10.0.0.2/24 dev eth0 && ip -6 addr add fd00::2/64 dev eth0 nodad && ip link set eth0 up &&
    ip route add default via 10.0.0.1 && exec python3 "$0"' "$here/programs/groups.py" >"$dir/kernel" 2>"$dir/error" ||
    skip "no network of the kernel's to compare with: $(tail -1 "$dir/error")"
diff "$dir/kernel" "$dir/inside" || fail "the kernel (<) and baro (>) differ"
echo "ok: $(wc -l <"$dir/kernel") lines alike"
