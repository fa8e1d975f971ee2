#!/bin/sh
# scripts/profiled.sh builds a command that works, by a profile: a connection takes at least 3 % fewer instructions than is
# recorded, and no recorded row more than its 3 % above. Without valgrind only that it works.
set -eu
cd "$BARO_SOURCE"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "FAILED: $*"; exit 1; }

CC=false sh scripts/profiled.sh "$work/none" >"$work/none.log" && fail "a compiler that is none"
grep -q "gcc is needed" "$work/none.log" || fail "why it does not build"
sh scripts/profiled.sh "$work/build" >"$work/log" || { cat "$work/log"; fail "it does not build"; }
[ "$(tail -1 "$work/log")" = "$work/build/baro" ] || fail "it tells where the command is"
"$work/build/baro" bench --count connections | grep -q "^connections 320 " || fail "the command works"
command -v valgrind >/dev/null || { echo "valgrind is not installed"; exit 0; }
sh bench/instructions.sh --check "$work/build/baro" >"$work/check" || { cat "$work/check"; fail "instructions"; }
awk '$1 == "connections" { sub(",", "", $4); exit !($2 < 0.97 * $4) }' "$work/check" || { cat "$work/check"; fail "no profile was used"; }
echo ok
