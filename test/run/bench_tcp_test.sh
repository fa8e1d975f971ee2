#!/bin/bash
# `baro bench tcp` measures: the table has its rows, the same seeds give the same figures however many processes work on
# them, and what they say is what this stack has to reach. In virtual time, so no figure depends on the machine.
BARO=${BARO:-build/release/baro}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$1"; cat "$work/table"; exit 1; }

"$BARO" bench tcp --seeds 2 --seconds 2 --jobs 1 --csv "$work/one.csv" --svg "$work/one.svg" loss queue >"$work/table" ||
    fail "exit code $?"
"$BARO" bench tcp --seeds 2 --seconds 2 --jobs 3 --csv "$work/three.csv" loss queue >"$work/again" || fail "exit code $?"
cmp "$work/one.csv" "$work/three.csv" || fail "the same seeds gave other figures"
cmp "$work/table" "$work/again" || fail "the same figures gave another table"
[ "$(grep -c '^loss .*+-.*+-' "$work/table")" = 18 ] || fail "not 18 paths with two senders each"
[ "$(grep -c '^loss,' "$work/one.csv")" = 72 ] || fail "not 72 runs over paths that lose"
[ "$(grep '^loss,virtual,[a-z]*,1,' "$work/one.csv" | cut -d, -f12 | sort -u | wc -l)" -gt 30 ] || fail "runs are alike"
grep -q '^</svg>$' "$work/one.svg" || fail "no whole picture"

awk -F, '
    $1 != "loss" || $7 != 0 || $8 != 0 { next }
    $6 == 0 && $12 < 60 { print "slow without loss: " $0; bad = 1 }
    $6 == 1000 && $12 < 6 { print "slow at 0.1 %: " $0; bad = 1 }
    $6 == 100000 && $12 < 0.05 { print "no progress at 10 %: " $0; bad = 1 }
    $6 <= 1000 && $17 != 0 { print "a timeout where RACK-TLP can repair: " $0; bad = 1 }
    END { exit bad }' "$work/one.csv" || fail "a figure is not what it has to be"

awk -F, '$1 == "queue" && $22 != 0 { marks++; if ($19 != 0) bad = 1 } END { exit bad || marks == 0 }' "$work/one.csv" ||
    fail "no marks, or drops after slow start where the path marks"

# The goal is 0.95 in the mean of many seeds (docs/PERFORMANCE.md); three of them vary too much for that bound.
"$BARO" bench tcp --seeds 3 --congestion cubic --csv "$work/fair.csv" fair >"$work/table" || fail "exit code $?"
awk -F, '$1 == "fair" { who = $3 " " $11; sum[who] += $13; runs[who]++ }
    END { for (who in sum) if (runs[who] != 3 || sum[who] / runs[who] < 0.9) bad = 1
          exit bad || length(sum) != 2 }' "$work/fair.csv" || fail "two flows of a kind do not share"

"$BARO" bench tcp --read "$work/one.csv" --csv "$work/again.csv" loss queue >"$work/table" || fail "exit code $?"
cmp "$work/one.csv" "$work/again.csv" || fail "figures were read other than they were written"

"$BARO" bench tcp --seeds 0 2>/dev/null && fail "no seeds were taken"
"$BARO" bench tcp slow 2>/dev/null && fail "a part that is none was taken"
echo "the same figures twice"
