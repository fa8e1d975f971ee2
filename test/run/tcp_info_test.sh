# TCP_INFO of a dialogue over the loopback, under the kernel and under baro: what must agree does.
. "$BARO_SOURCE/test/run/support.sh"
need python3
timeout 60 "$BARO" run -- python3 "$here/programs/tcp_info.py" >"$dir/inside" 2>"$dir/error" || fail "$(cat "$dir/inside" "$dir/error")"
unshare -Urn sh -c 'ip link set lo up && exec timeout 60 python3 "$0"' "$here/programs/tcp_info.py" >"$dir/kernel" 2>"$dir/error" ||
    skip "no namespace of the kernel's to compare with: $(tail -1 "$dir/error")"
diff "$dir/kernel" "$dir/inside" || fail "the kernel (<) and baro (>) differ"
echo "ok: $(wc -l <"$dir/kernel") lines alike"
