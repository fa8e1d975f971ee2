#!/bin/sh
# Instructions of a 64-octet message one way (program, both stacks, both devices), IPv4 and IPv6, and of a whole connection
# with an octet each way, as callgrind counts them: unlike time they are the same on a busy machine. Usage: bench/instructions.sh [path of the baro command]
set -e
baro=${1:-build/release/baro}
command -v valgrind >/dev/null || { echo "valgrind is not installed"; exit 77; }
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for row in round-trips round-trips-ipv6; do
    valgrind --tool=callgrind --collect-atstart=no --toggle-collect=bench_message --callgrind-out-file="$out" \
        "$baro" bench --runs 1 "$row" >/dev/null 2>&1
    # 101,000 round trips of two messages
    awk -v row="$row" '/^summary:|^totals:/ { n = $2 } END { printf "%-18s %8.1f instructions a message\n", row, n / 202000 }' "$out"
done
valgrind --tool=callgrind --collect-atstart=no --toggle-collect=bench_connection --callgrind-out-file="$out" \
    "$baro" bench --runs 1 connections >/dev/null 2>&1
awk '/^summary:|^totals:/ { n = $2 } END { printf "%-18s %8.1f instructions a connection\n", "connections", n / 30000 }' "$out"
