#!/bin/sh
# Measures again all that stands in docs/PERFORMANCE.md: tables, plots, bench.json, bench/instructions.txt stays as it is.
# Takes less than ten minutes and wants a machine with nothing else to do.
#
#   bench/report.sh [build directory] [folder of PERFORMANCE.md]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=$(realpath "${1:-$root/build/release}")
docs=${2:-$root/docs}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Peers that were built are used; those of installed packages are built where they are not.
[ -x "$build/baro-bench-lwip" ] || sh "$root/bench/peers/build.sh" "$build" || true
rows="bulk-1500 bulk-1500-ipv6 bulk-1500-offload bulk-9000 bulk-9000-posted bulk-large bulk-large-posted bulk-super bulk-super-posted bulk-super-zero
    round-trips round-trips-ipv6 round-trips-100000 round-trips-100000-8 connections connections-ipv6 connections-16 connections-16-ipv6 connections-oldest connections-reused
    segment-10 segment-10-ipv6 segment-1000 segment-10000 segment-100000 segment-1000000
    size-1 size-4 size-16 size-64 size-256 size-1024 size-4096 size-16384 size-65536 size-262144 size-1048576
    size-super-1 size-super-4 size-super-16 size-super-64 size-super-256 size-super-1024 size-super-4096 size-super-16384
    size-super-65536 size-super-262144 size-super-1048576
    families-10 families-10000 idle-100 idle-1000 idle-10000 idle-10000-ipv6 idle-100000 idle-1000000
    idle-keepalive-10000 idle-keepalive-10000-ipv6 idle-keepalive-100000
    wake-call wake-segment wake-1000 wake-100000 keepalive-100000 keepalive-slice-100000 shards-2 limit-shards-2 limit-1500 limit-9000 limit-super"
counts=
# shellcheck disable=SC2086
if (cd "$root" && sh bench/instructions.sh --counts "$build/baro" $rows) >"$work/counts"; then
    counts="--instructions $work/counts"
fi
# shellcheck disable=SC2086
"$build/baro" bench --runs "${RUNS:-3}" --peers $counts --report "$docs" $rows
