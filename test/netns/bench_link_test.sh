#!/bin/bash
# `baro bench link` makes its own namespaces and veth, measures frames, this stack and the kernel, and says what it cannot measure
# and why. Only that it measures is asserted: what, depends on the machine.
. test/netns/lib.sh
need unshare awk python3
unshare --user --map-root-user --net true 2>/dev/null || skip "user namespaces are refused on this machine"
trap cleanup EXIT

figure() { # LOG TEXT: a line with this text and a figure above 0
    awk -v text="$2" 'index($0, text) == 1 { rest = substr($0, length(text) + 1); split(rest, word, " "); if (word[1] > 0) found = 1 }
        END { exit !found }' "$work/$1" || fail "no figure: $2"
}

"$BARO" bench link --runs 1 --seconds 0.05 >"$work/table.log" 2>&1 || {
    grep -q "a veth" "$work/table.log" && skip "$(cat "$work/table.log")"
    fail "exit code $?"
}
figure table.log "AF_PACKET, frames of 64 octets, no stack"
figure table.log "AF_PACKET, TCP of this stack, super-segments"
figure table.log "the kernel's TCP, its offloads off"
figure table.log "AF_PACKET: stack to raw frames of 1,514 octets"
figure table.log "MTU 9000: the kernel's TCP, its offloads off"
packet() { # TEXT LEAST MOST: frames that the row's receiver got as one packet
    awk -v text="$1" -v least="$2" -v most="$3" 'index($0, text) == 1 && /frames in a packet$/ {
            rest = substr($0, length(text) + 1); split(rest, word, " "); if (word[1] >= least && word[1] <= most) found = 1 }
        END { exit !found }' "$work/table.log" || fail "frames in a packet are not $2 to $3: $1"
}
packet "the kernel's TCP, its offloads off" 0.9 1.1
packet "the kernel's TCP, GRO alone on" 1.5 100
packet "two threads: the kernel's TCP, GRO alone on" 1.5 100
# Who may not look into sysfs of a namespace is told so.
grep -q "^kernel-gro-napi: not measured: threads for NAPI" "$work/table.log" || {
    figure table.log "NAPI in threads, too: the kernel's TCP, GRO alone on"
    packet "NAPI in threads, too: the kernel's TCP, GRO alone on" 1.1 100
}
if grep -q "^xdp-raw-64: not measured:" "$work/table.log"; then
    grep "^xdp-raw-64" "$work/table.log" # why, in the test's output
else
    figure table.log "AF_XDP, TCP of this stack"
    figure table.log "AF_XDP to the kernel's TCP, two threads"
    figure table.log "MTU 9000: AF_XDP, TCP of this stack"
    figure table.log "MTU 9000, AF_XDP: stack to raw frames, the same mix"
    figure table.log "AF_XDP, GRO, to the kernel's TCP, GRO alone on"
    figure table.log "AF_XDP, GRO, to the kernel's, GRO alone, two threads"
fi

# A user namespace may have AF_PACKET, but no BPF.
unshare --user --map-root-user "$BARO" bench link --runs 1 --seconds 0.02 packet-raw-64 xdp-raw-64 >"$work/user.log" 2>&1 ||
    fail "not from a user namespace"
figure user.log "AF_PACKET, frames of 64 octets, no stack"
grep -qE "^xdp-raw-64: not measured: .*(BPF|AF_XDP)" "$work/user.log" || fail "why AF_XDP is not measured is not told"

unshare --user --map-root-user "$BARO" bench link --runs 2 --seconds 0.02 --json packet-raw-mix packet-stack xdp-raw-64 \
    >"$work/json.log" 2>&1 || fail "--json"
python3 - "$work/json.log" <<'END' || fail "the JSON is not as it should be"
import json, sys
rows = json.load(open(sys.argv[1]))
assert rows[0]["name"] == "packet-stack/packet-raw-mix" and len(rows[0]["runs"]) == 2, rows
assert all(("median" in row) != ("not_measured" in row) for row in rows), rows
assert "not_measured" in next(row for row in rows if row["name"] == "xdp-raw-64"), rows
END

# What the kernel refuses is told, and nothing measured under a name that is then wrong: the ninth ioctl is the first that sets
# an MTU, the eleventh the first that sets an offload.
refused() { # FIRST-IOCTL WHAT
    strace -f -o /dev/null -e inject=ioctl:error=EOPNOTSUPP:when="$1+" "$BARO" bench link --runs 1 --seconds 0.02 kernel-gro \
        >"$work/refused.log" 2>&1 || fail "with $2 refused: exit code $?"
    grep -q "^kernel-gro: not measured: $2 of veth0: Operation not supported" "$work/refused.log" || fail "that $2 is refused is not told"
    ! grep -q "Gbit/s" "$work/refused.log" || fail "measured though $2 is refused"
}
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    refused 9 "MTU 1500"
    refused 11 GRO
fi
"$BARO" bench link --runs 0 >/dev/null 2>&1
[ $? = 2 ] || fail "a mistake at the command line"
echo ok
