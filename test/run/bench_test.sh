#!/bin/bash
# Every benchmark takes both families, and one of each runs.
BARO=${BARO:-build/release/baro}
fail() { echo "$1"; exit 1; }
list=$("$BARO" bench --list) || fail "exit code $? of --list"
names=$(echo "$list" | cut -d' ' -f1)
for name in $names; do
    case $name in
        families-*|*-ipv6) ;;
        *) grep -qx -- "$name-ipv6" <<< "$names" || fail "$name has no twin over IPv6" ;;
    esac
done
for name in round-trips round-trips-ipv6; do
    "$BARO" bench --runs 1 "$name" | grep -q "a second" || fail "$name does not run"
done
"$BARO" bench no-such-row 2>/dev/null && fail "a row that is none was taken"
echo "both families"
