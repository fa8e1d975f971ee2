# Low waters, time-outs, the window's clamp, lingering and MSG_ flags: under baro as under the kernel.
. "$BARO_SOURCE/test/run/support.sh"
need python3
timeout 100 "$BARO" run -- python3 "$here/programs/waits.py" >"$dir/inside" 2>"$dir/error" || fail "$(cat "$dir/inside" "$dir/error")"
unshare -Urn sh -c 'ip link set lo up && exec timeout 100 python3 "$0"' "$here/programs/waits.py" >"$dir/kernel" 2>"$dir/error" ||
    skip "no namespace of the kernel's to compare with: $(tail -1 "$dir/error")"
diff "$dir/kernel" "$dir/inside" || fail "the kernel (<) and baro (>) differ"
echo "ok: $(wc -l <"$dir/kernel") lines alike"
