#!/bin/bash
# Every benchmark takes both families, one of each runs, what they tell can be read by people and programs, and a wrong
# argument is told from a right one.
BARO=${BARO:-build/release/baro}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$1"; cat "$work"/* 2>/dev/null | tail -20; exit 1; }

list=$("$BARO" bench --list) || fail "exit code $? of --list"
names=$(echo "$list" | cut -d' ' -f1)
for name in $names; do
    case $name in
        families-*|limit-1500|limit-9000|limit-super|*-ipv6) ;;
        *) grep -qx -- "$name-ipv6" <<< "$names" || fail "$name has no twin over IPv6" ;;
    esac
done
for name in round-trips round-trips-ipv6; do
    "$BARO" bench --runs 1 "$name" | grep -q "a second" || fail "$name does not run"
done

# Names may stand before options.
"$BARO" bench idle-100 --runs 2 --json idle-1000 >"$work/mixed" || fail "exit code $? of options behind a name"
[ "$(grep -c '"runs": *\[[^],]*,[^],]*\]' "$work/mixed")" = 2 ] || fail "not two rows of two runs each"

# A wrong argument: exit code 2, and the line names what is wrong.
refused() {
    local words=$1
    shift
    "$BARO" bench "$@" >"$work/out" 2>"$work/error"
    [ $? = 2 ] || fail "not refused: $*"
    grep -q -- "$words" "$work/error" || fail "$* is refused by other words than '$words'"
}
refused "no benchmark 'no-such-row'" no-such-row
refused "no benchmark 'no-such-'" no-such-
refused "no option '--fast'" --fast
refused "a number from 1" --runs 0 idle-100
refused "a number from 1" --runs 3x idle-100
refused "a number from 1" --runs -1 idle-100
refused "a number from 1" idle-100 --runs 0
refused "wants a value" --runs
refused "wants a value" --report
refused "no-such-file" --instructions no-such-file idle-100
refused "no-such-folder/PERFORMANCE.md" --report no-such-folder idle-100
refused "stands alone" --count --json idle-100
refused "no counts" --instructions /dev/null idle-100
refused "Is a directory" --instructions "$work" idle-100
for kind in tap link; do # each before anything is measured
    refused "a number from 1" $kind --runs 3x
    refused "takes 0" $kind --seconds 1x
    refused "no option '--peers'" $kind --peers
    "$BARO" bench $kind --runs 2 --list >"$work/out" || fail "exit code $? of $kind --list behind an option"
done
refused "wants a value" tcp --ways ""
refused "wants a value" tcp --loss ,
refused "no-such-folder/table.csv" tcp --csv no-such-folder/table.csv
[ ! -s "$work/out" ] || fail "measured before it is asked whether the table can be kept"
refused "no-such-folder/plot.svg" tcp --svg no-such-folder/plot.svg
refused "no lines of --csv" tcp --read /dev/null

# What was printed and cannot be kept was not told.
for words in "--list" "--runs 1 --json idle-100" "tap --list" "tcp --help"; do
    # shellcheck disable=SC2086
    "$BARO" bench $words >/dev/full 2>"$work/error"
    [ $? = 1 ] && grep -q "standard output: No space left" "$work/error" || fail "a full disk is not told: $words"
    # shellcheck disable=SC2086
    "$BARO" bench $words >&- 2>"$work/error"
    [ $? = 1 ] && grep -q "standard output: Bad file descriptor" "$work/error" || fail "a closed output is not told: $words"
done

# Peers are in it or say why not; JSON is JSON; a name that ends in - is all that begin so; the report is whole.
mkdir "$work/docs"
printf 'before\n<!-- baro bench: begin -->\nold\n<!-- baro bench: end -->\nafter\n' >"$work/docs/PERFORMANCE.md"
echo "idle-100 123.4 thing" >"$work/counts"
BARO_BENCH_PEERS=$work "$BARO" bench --runs 2 --json --peers --instructions "$work/counts" --report "$work/docs" \
    idle-100 idle-1000 >"$work/json" || fail "exit code $? of --report"
python3 - "$work/json" <<'END' || fail "the JSON is not as it should be"
import json, sys
rows = json.load(open(sys.argv[1]))
ours = [row for row in rows if row["by"] == "baro"]
assert [row["name"] for row in ours] == ["idle-100", "idle-1000"], ours
assert all(len(row["runs"]) == 2 and row["least"] <= row["median"] <= row["most"] for row in ours)
assert all(0 < row["median"] < 100000 for row in ours)
assert ours[0]["instructions"] == 123.4 and "instructions" not in ours[1]
assert any(row["by"] == "lwip" and "not built" in row["not_measured"] for row in rows)
END
cmp "$work/json" "$work/docs/bench.json" || fail "the report's JSON is another"
head -2 "$work/docs/PERFORMANCE.md" | grep -qx before && tail -1 "$work/docs/PERFORMANCE.md" | grep -qx after ||
    fail "the page's own text is gone"
grep -q "idle connection, one end, of 100 |.*| 123 |" "$work/docs/PERFORMANCE.md" && ! grep -qx old "$work/docs/PERFORMANCE.md" || fail "the page has no new table"
grep -qx -- "- lwip, idle-100, idle-1000: baro-bench-lwip is not built" "$work/docs/PERFORMANCE.md" || fail "the page does not say what is missing"
for plot in sizes segments memory; do
    python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$work/docs/bench-$plot.svg" || fail "no picture of $plot"
done
# Sizes are two lines of this stack; the kernel stands beside the one that loopback is like, and says why not beside the other.
printf '<!-- baro bench: begin -->\n<!-- baro bench: end -->\n' >"$work/page"
mkdir "$work/sizes" && mv "$work/page" "$work/sizes/PERFORMANCE.md"
BARO_BENCH_PEERS=$work/nowhere "$BARO" bench --runs 1 --peers --report "$work/sizes" size-65536 size-super-65536 >/dev/null ||
    fail "exit code $? of sizes"
grep -q "calls of send of 64 KiB, super-segments |.* x linux " "$work/sizes/PERFORMANCE.md" || fail "the kernel is not beside super-segments"
grep -qx -- "- linux, size-65536: loopback carries super-segments without checksums only" "$work/sizes/PERFORMANCE.md" ||
    fail "the kernel is beside what it does not do"
[ "$(grep -c polyline "$work/sizes/bench-sizes.svg")" = 3 ] || fail "the picture of sizes has not three lines"
grep -q "baro, super" "$work/sizes/bench-sizes.svg" || fail "a line has no name"
grep -q polyline "$work/docs/bench-memory.svg" || fail "the picture of memory has no line"
"$BARO" bench --count connections-reused >/dev/null || fail "of connections that are counted none takes over a port"
"$BARO" bench --count idle-100 round-trips >"$work/count" || fail "exit code $? of --count"
[ "$(cat "$work/count")" = "round-trips 500 round trip" ] || fail "--count tells something else"

# A peer is asked for each row that it may know, in the words of the row, and answers, or says why not, or is told to have failed.
cat >"$work/baro-bench-lwip" <<'END'
#!/bin/sh
echo "$*" >>"$(dirname "$0")/asked"
echo "a first line is not the answer"
case $1 in
    idle) echo "0 0 0 321.5" ;;
    connections*) echo "no \"such\" thing here"; exit 77 ;;
    *) exit 3 ;;
esac
END
chmod +x "$work/baro-bench-lwip"
BARO_BENCH_PEERS=$work "$BARO" bench --runs 2 --json --peers idle-100-ipv6 connections round-trips segment-10 >"$work/json" ||
    fail "exit code $? with a peer"
python3 - "$work/json" <<'END' || fail "what a peer says is not told"
import json, sys
rows = json.load(open(sys.argv[1]))
lwip = {row["name"]: row for row in rows if row["by"] == "lwip"}
assert lwip["idle-100-ipv6"]["runs"] == [321.5, 321.5], lwip
mine = next(row for row in rows if row["by"] == "baro" and row["name"] == "idle-100-ipv6")
assert abs(lwip["idle-100-ipv6"]["ratio"] / (321.5 / mine["median"]) - 1) < 0.001, (lwip, mine)
assert "ratio" not in mine and "ratio" not in lwip["connections"]
assert lwip["connections"]["not_measured"] == "no 'such' thing here", lwip
assert "a first line" in lwip["round-trips"]["not_measured"], lwip
names = {row["name"] for row in rows}
others = {row["by"] for row in rows}
for name in names:
    for by in others:
        row, = [row for row in rows if row["name"] == name and row["by"] == by]
        assert ("median" in row) != (row.get("not_measured", "") != ""), row
END
for asked in "idle 6 1500 0 100 0 0 0 0" "connections 4 1500 0 0 1 0 0 0" "round-trips 4 1500 0 1 0 0 0 0" "segment 4 1500 0 10 0 0 0 0"; do
    grep -qx "$asked" "$work/asked" || fail "the peer was not asked: $asked"
done
[ "$(grep -c ^connections "$work/asked")" = 1 ] || fail "a peer that cannot is asked again"

# What is no figure is told as none, and the JSON stays JSON.
for answer in "0 0 0 nan" "0 0 0 0" "1 1 1 inf" "1 1 1 -5"; do
    printf '#!/bin/sh\necho %s\n' "$answer" >"$work/baro-bench-lwip"
    BARO_BENCH_PEERS=$work "$BARO" bench --runs 2 --json --peers idle-100 >"$work/json" || fail "exit code $? where a peer says $answer"
    python3 - "$work/json" <<'END' || fail "'$answer' is told as a figure"
import json, sys
def no_such(word): raise ValueError(word)
lwip, = [row for row in json.load(open(sys.argv[1]), parse_constant=no_such) if row["by"] == "lwip"]
assert lwip["not_measured"].startswith("no figure") and "median" not in lwip and "ratio" not in lwip, lwip
END
done

# One that never ends is told to be so; others are measured all the same, and nobody stays behind.
cat >"$work/baro-bench-lwip" <<'END'
#!/bin/sh
[ "$1" = idle ] || exec >&-
sleep 1000 &
echo $! >>"$(dirname "$0")/asleep"
wait
END
BARO_BENCH_PEER_LIMIT=0.3 BARO_BENCH_PEERS=$work "$BARO" bench --runs 2 --json --peers idle-100 round-trips >"$work/json" || fail "exit code $? where a peer sleeps"
python3 - "$work/json" <<'END' || fail "a peer that sleeps is not told"
import json, sys
rows = json.load(open(sys.argv[1]))
lwip = [row for row in rows if row["by"] == "lwip"]
assert len(lwip) == 2 and all(row["not_measured"] == "baro-bench-lwip did not end within 0.3 seconds" for row in lwip), lwip
assert all(len(row["runs"]) == 2 for row in rows if row["by"] == "baro")
END
[ "$(wc -l <"$work/asleep")" = 2 ] || fail "a peer that does not end is asked again"

# A signal: what was measured until then is told, and what was not.
cat >"$work/baro-bench-lwip" <<'END'
#!/bin/sh
case $5 in 100) echo "0 0 0 321.5"; exit ;; esac
sleep 1000 &
echo $! >>"$(dirname "$0")/asleep"
touch "$(dirname "$0")/now"
wait
END
python3 - "$BARO" "$work" <<'END' || fail "a signal is not heeded"
import json, os, signal, subprocess, sys, time
baro, work = sys.argv[1:]
for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
    for form in (["--json"], []):
        words = [baro, "bench", "--runs", "3", "--peers", "idle-100", "idle-1000"] + form
        bench = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, BARO_BENCH_PEERS=work), text=True)
        while not os.path.exists(work + "/now"):
            time.sleep(0.01)
        os.unlink(work + "/now")
        bench.send_signal(number)
        out, error = bench.communicate()
        assert bench.returncode == code, bench.returncode
        assert "interrupted by " + number.name in error, error
        if not form:
            assert "times lwip" in out and "lwip: not measured: interrupted" in out, out
            continue
        rows = {(row["name"], row["by"]): row for row in json.loads(out)}
        assert rows["idle-100", "lwip"]["runs"] == [321.5] and len(rows["idle-100", "baro"]["runs"]) == 1, rows
        assert len(rows["idle-1000", "baro"]["runs"]) == 1, rows
        assert rows["idle-1000", "lwip"]["not_measured"] == rows["idle-1000", "linux"]["not_measured"] == "interrupted", rows
END
while read -r process; do
    grep -qs '^State:.[^ZX]' "/proc/$process/status" && fail "what a peer started is still there"
done <"$work/asleep"
rm "$work/baro-bench-lwip"

# A peer that is a program of the machine is missed by name.
mkdir "$work/empty"
PATH_OF_BARO=$(realpath "$BARO")
env PATH="$work/empty" BARO_BENCH_PEERS="$work/empty" "$PATH_OF_BARO" bench --runs 1 --peers bulk-super >"$work/out" 2>&1 || fail "exit code $? without peers"
grep -q "iperf3: not measured: iperf3 is not installed" "$work/out" || fail "iperf3 is not missed"
grep -q "gvisor: not measured: baro-bench-gvisor is not built" "$work/out" || fail "gvisor is not missed"
grep -q "times linux .*Gbit/s" "$work/out" || fail "the kernel is not measured"

echo 'no marks' >"$work/docs/PERFORMANCE.md"
"$BARO" bench --runs 1 --report "$work/docs" idle-100 >/dev/null 2>"$work/error" && fail "a page without marks was taken"
grep -q "no marks" "$work/error" || fail "a page without marks is not named"
echo "rows, mistakes, peers, JSON, report"
