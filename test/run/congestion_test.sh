# A program inside `baro run` chooses its congestion control by name, and hears the name in force.
. "$BARO_SOURCE/test/run/support.sh"
need python3
cat >"$dir/wanted" <<'END'
at first cubic
vegas ENOENT cubic
reno ok reno
cubic with NUL ok cubic
cubi ENOENT cubicx ENOENT empty EINVAL
reno ok reno
length 16
connect ECONNREFUSED reno
datagrams ENOPROTOOPT
accepted reno other end cubic
in use ok reno
END
for user in $users; do
    as $user timeout 60 "$BARO" run -- python3 "$here/programs/congestion.py" >"$dir/told" 2>"$dir/errors" ||
        { cat "$dir/errors"; fail "congestion.py inside, as $user"; }
    diff "$dir/wanted" "$dir/told" || fail "wanted (<) and told (>) differ, as $user"
    echo "ok: $(wc -l <"$dir/told") lines, as $user"
done
