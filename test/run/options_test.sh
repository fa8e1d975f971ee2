# Socket options as programs of today set and get them: the lines must be those of the kernel's. What is not there is said once.
. "$BARO_SOURCE/test/run/support.sh"
need python3
for user in $users; do
    as $user timeout 60 "$BARO" run -- python3 "$here/programs/options.py" >"$dir/inside" 2>"$dir/said" ||
        fail "as $user: $(cat "$dir/inside" "$dir/said")"
done
same "an unknown option is said once" 1 "$(grep -c 'setsockopt(level 6, option 99)' "$dir/said")"
same "and nothing else is said" "" "$(grep -v 'option [0-9]*): [A-Z].*, not there yet$' "$dir/said")"
unshare -Urn sh -c 'ip link set lo up && exec timeout 60 python3 "$0"' "$here/programs/options.py" >"$dir/kernel" 2>"$dir/error" ||
    skip "no namespace of the kernel's to compare with: $(tail -1 "$dir/error")"
diff "$dir/kernel" "$dir/inside" || fail "the kernel (<) and baro (>) differ"
echo "ok: $(wc -l <"$dir/kernel") lines alike"
