#!/bin/bash
# `baro bench tcp --kernel` makes its own namespaces and TAPs and measures the kernel and us, each with either at the other
# end. Only that it measures is asserted: what, depends on the machine.
. test/netns/lib.sh
need unshare awk
[ -e /dev/net/tun ] || skip "no /dev/net/tun on this machine"
unshare --user --map-root-user --net true 2>/dev/null || skip "user namespaces are refused on this machine"
trap cleanup EXIT

measure() {
    "$BARO" bench tcp --seeds 1 --seconds 1 --csv "$work/runs.csv" "$@" queue >"$work/table.log" 2>&1 || fail "exit code $?: $*"
    awk -F, '$1 == "queue" { runs++; if ($12 <= 0 || $20 <= 0 || $23 != "\"\"") bad = 1 } END { exit bad || runs == 0 }' \
        "$work/runs.csv" || fail "no figure: $*"
}

measure --kernel
[ "$(grep -c '^queue,\(virtual\|real\|kernel\),cubic' "$work/runs.csv")" = 6 ] || fail "not three senders and two paths"
grep -q '^Linux .*tcp_wmem=[0-9]' "$work/table.log" || fail "the kernel's settings are not told"
measure --ways kernel-paced,kernel-to-ours,ours-to-kernel --congestion reno
unshare --user --map-root-user --net "$BARO" bench tcp --seeds 1 --seconds 1 --ways kernel queue >"$work/table.log" 2>&1 ||
    fail "not from a namespace"
grep -q 'one flow  *Linux reno' "$work/table.log" || fail "no figure from a namespace"
echo ok
