# What a program notices of its sockets inside `baro run` is what it notices of the kernel's.
. "$BARO_SOURCE/test/run/support.sh"
need python3
python3 "$here/programs/semantics.py" >"$dir/kernel" || fail "semantics.py outside"
for user in $users; do
    as $user timeout 60 "$BARO" run -- python3 "$here/programs/semantics.py" >"$dir/baro.out" 2>"$dir/errors" ||
        { cat "$dir/errors"; fail "semantics.py inside, as $user"; }
    diff "$dir/kernel" "$dir/baro.out" || fail "the kernel (<) and baro (>) differ, as $user"
    echo "ok: $(grep -vc '^#' "$dir/kernel") lines alike, as $user"
done
