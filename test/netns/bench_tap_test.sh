#!/bin/bash
# `baro bench tap` in a namespace of its own: every way is measured, super-frames are there with offloads and not without, and
# where no namespace is to be had it says so.
. test/netns/lib.sh
need unshare timeout python3
namespace "$@"

timeout 60 "$BARO" bench tap --runs 1 --seconds 0.3 >"$work/bench.log" 2>&1 || fail "baro bench tap"
for line in "kernel to baro: stack to mover" "baro to kernel: stack to mover" "kernel sends, no stack" \
    "kernel sends, this stack" "kernel receives, no stack" "kernel receives, this stack"; do
    grep -q "^$line " "$work/bench.log" || fail "no line '$line'"
done
[ "$(grep -c "Gbit/s" "$work/bench.log")" = 8 ] || fail "not eight figures"
awk '/data in a frame/ { size[++rows] = $8 } END { exit !(rows == 8 && size[1] > 3000 && size[2] > 3000 && size[3] > 3000 &&
    size[4] < 1461 && size[5] > 3000 && size[6] > 3000 && size[7] > 3000 && size[8] < 1461) }' "$work/bench.log" || fail "the frames are of other sizes"
# Frames by calls and by io_uring, where the kernel has one for us.
if timeout 60 "$BARO" bench tap --calls --runs 1 >"$work/calls.log" 2>&1; then
    [ "$(grep -c "octets: io_uring to calls .* %$" "$work/calls.log")" = 7 ] || fail "not seven ratios"
    awk '/ns a frame/ { if ($(NF - 7) <= 0) bad = 1; rows++ } END { exit bad || rows != 14 }' "$work/calls.log" || fail "not fourteen figures"
else
    grep -q "not measured: a TAP, a packet socket and an io_uring: \(Function not implemented\|Operation not permitted\)" "$work/calls.log" || fail "calls"
fi
# The same for programs.
timeout 60 "$BARO" bench tap --runs 2 --seconds 0.1 --json mover-in stack-in >"$work/json.log" 2>&1 || fail "baro bench tap --json"
python3 - "$work/json.log" <<'END' || fail "the JSON is not as it should be"
import json, sys
rows = json.load(open(sys.argv[1]))
assert rows[0]["name"] == "stack-in/mover-in" and rows[0]["unit"] == "%", rows
assert {row["name"] for row in rows if row["unit"] == "Gbit/s"} == {"mover-in", "stack-in"}, rows
assert all(len(row["runs"]) == 2 and 0 < row["least"] <= row["median"] <= row["most"] for row in rows), rows
END
for wrong in "--calls stack-in" "--calls --seconds 1" "--calls --runs 0" "--calls --runs" "--calls --runs 1 stack-in"; do
    # shellcheck disable=SC2086
    "$BARO" bench tap $wrong >"$work/wrong.log" 2>&1
    [ $? = 2 ] || fail "not refused: $wrong"
done
"$BARO" bench tap --list | grep -q "^stack-out" || fail "no list"
"$BARO" bench tap nonsense >"$work/wrong.log" 2>&1
[ $? = 2 ] || fail "a measurement that is not there"
"$BARO" bench tap --seconds 0 >"$work/wrong.log" 2>&1
[ $? = 2 ] || fail "no seconds"
# a limit of none: no namespace for anybody
if sysctl -qw user.max_net_namespaces=0 2>/dev/null; then
    "$BARO" bench tap --runs 1 --seconds 0.1 stack-in >"$work/refused.log" 2>&1 && fail "measured without a namespace"
    grep -q "not measured: no network namespace" "$work/refused.log" || fail "why nothing was measured is not said"
    "$BARO" bench tap --json stack-in >"$work/refused.json" 2>/dev/null && fail "measured without a namespace"
    python3 -c 'import json, sys; row, = json.load(sys.stdin); assert "namespace" in row["not_measured"]' <"$work/refused.json" ||
        fail "why nothing was measured is not in the JSON"
fi
echo ok
