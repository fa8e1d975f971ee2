# Errors about datagrams in all their details, line for line as the kernel's sockets give them.
. "$BARO_SOURCE/test/run/support.sh"
need python3
for user in $users; do
    as $user timeout 60 "$BARO" run -- python3 "$here/programs/errors.py" >"$dir/inside" 2>"$dir/error" || fail "$(tail -n 3 "$dir/inside" "$dir/error")"
    echo "ok: as $user: it runs"
done
unshare -Urn sh -c 'ip link set lo up && exec python3 "$0"' "$here/programs/errors.py" >"$dir/kernel" 2>"$dir/error" ||
    skip "no sockets of the kernel's to compare with: $(tail -1 "$dir/error")"
diff "$dir/kernel" "$dir/inside" || fail "the kernel (<) and baro (>) differ"
echo "ok: $(wc -l <"$dir/kernel") lines alike"
