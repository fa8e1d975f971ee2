#!/bin/sh
# Instructions of a segment, a super-segment, a round trip and a connection (both stacks, both devices, the programs'
# calls), as callgrind counts them: unlike time they are the same on a busy machine. Without rows those that are recorded.
#
#   bench/instructions.sh [--check|--record|--counts] [path of the baro command] [row ...]
#
# --counts prints them as `baro bench --instructions` reads them. --record writes them to bench/instructions.txt. --check fails where one is more than 3 % above what stands there, and
# tells of those that became better by as much. Recorded figures are gcc's, of the preset `release`, on a processor with
# AVX2 (valgrind has nothing wider); elsewhere --check is skipped (exit 77, the reason as its last line).
set -eu
mode=show
case "${1:-}" in --check|--record|--counts) mode=${1#--}; shift ;; esac
baro=${1:-build/release/baro}
[ $# = 0 ] || shift
recorded=$(dirname "$0")/instructions.txt
# shellcheck disable=SC2046
[ $# != 0 ] || set -- $(sed '/^#/d; s/ .*//' "$recorded")

skip() { echo "$1"; exit 77; }
command -v valgrind >/dev/null || skip "valgrind is not installed"
[ "$mode" = show ] || [ "$mode" = counts ] || grep -qw avx2 /proc/cpuinfo || skip "the recorded instructions are of a processor with AVX2"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Large copies of glibc are not made by `rep movsb`, which is counted by the octet; no other setting from outside counts.
env -i PATH="$PATH" GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000 \
    valgrind --tool=callgrind --collect-atstart=no --toggle-collect=bench_counted --dump-after=bench_row_end \
    --callgrind-out-file="$work/out" "$baro" bench --count "$@" >"$work/rows" 2>"$work/log" ||
    { cat "$work/log"; exit 1; }

# The n-th row that was printed is the n-th dump.
n=0
while read -r name operations what; do
    n=$((n + 1))
    awk -v name="$name" -v operations="$operations" -v what="$what" '
        $1 == "totals:" { printf "%s %.1f %s\n", name, $2 / operations, what }' "$work/out.$n"
done <"$work/rows" >"$work/counts"

case $mode in
counts)
    cat "$work/counts"
    ;;
show)
    awk '{ name = $1; count = $2; what = $0; sub(/^[^ ]* [^ ]* /, "", what); printf "%-24s %12.1f instructions a %s\n", name, count, what }' "$work/counts"
    ;;
record)
    {
        echo "# Instructions by row, written by bench/instructions.sh --record: gcc 12, preset release, AVX2."
        cat "$work/counts"
    } >"$recorded"
    cat "$recorded"
    ;;
check)
    awk '
        FNR == 1 { file++ }
        /^#/ { next }
        file == 1 { before[$1] = $2; next }
        !($1 in before) { printf "%-24s %12.1f is not recorded\n", $1, $2; bad = 1; next }
        {
            change = 100 * ($2 / before[$1] - 1)
            verdict = change > 3 ? "WORSE by more than 3 %" : change < -3 ? "better by more than 3 %" : ""
            printf "%-24s %12.1f, recorded %12.1f  %+6.1f %%  %s\n", $1, $2, before[$1], change, verdict
            bad = bad || change > 3
            seen[$1] = 1
        }
        END { exit bad }' "$recorded" "$work/counts" ||
        { echo "A count that has to rise is recorded by bench/instructions.sh --record $baro; say why in the commit."; exit 1; }
    ;;
esac
