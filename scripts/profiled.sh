#!/bin/sh
# Builds the command a second time by what gcc counted while the first ran the benchmark's recorded rows
# (bench/instructions.txt): what runs lies together then, and branches fall through the way they mostly go. The counts are of
# bulk, round trips, short connections and resting ones over both families; losses are not among them, and what never ran is
# compiled as ever.
#
#   scripts/profiled.sh [build directory]      build/profiled, if none is given
set -eu
cd "$(dirname "$0")/.."
build=${1:-build/profiled}
rows=$(sed '/^#/d; s/ .*//' bench/instructions.txt)

step() { # a command, whose words are shown where it fails
    "$@" >"$build/step.log" 2>&1 || { tail -n 40 "$build/step.log"; echo "baro: failed: $*"; exit 1; }
}

cc=${CC:-gcc}
command -v "$cc" >/dev/null && "$cc" --version | grep -q 'Free Software Foundation' || { echo "baro: gcc is needed, $cc is not"; exit 1; }
mkdir -p "$build"
step cmake --preset release -B "$build" -DCMAKE_C_COMPILER="$cc" -DBARO_TESTS=OFF -DBARO_WHOLE=ON -DBARO_PROFILE=make
step cmake --build "$build" --target baro_tool
find "$build" -name '*.gcda' -exec rm {} +
# Each row of received segments has some ten thousand in front of those that are counted: without more of the others, and of what wakes
# most of all, gcc takes what these alone run for what hardly ever runs.
others=$(printf '%s\n' "$rows" | grep -v '^segment-')
wake=$(printf '%s\n' "$rows" | grep '^wake-')
# shellcheck disable=SC2086
step "$build/baro" bench --count $rows
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
    # shellcheck disable=SC2086
    step "$build/baro" bench --count $others $wake
done
step cmake -B "$build" -DBARO_PROFILE=use
step cmake --build "$build" --target baro_tool
echo "$build/baro"
