# test/netns/lib.sh: a network namespace of the test's own, with this machine's kernel in it as the peer.
#
# `need PROGRAM ...` skips the test by name when one is missing; `namespace` skips it where namespaces or TUN are.
# Everything started in the background is ended by id at exit, and the namespace goes with the last of it.

BARO=${BARO:?the path of the baro command}
work=$(mktemp -d)
pids=

skip() {
    echo "skipped: $*"
    exit 77
}

fail() {
    echo "FAILED: $*"
    for log in "$work"/*.log; do
        [ -s "$log" ] && { echo "--- $(basename "$log")"; tail -30 "$log"; }
    done
    exit 1
}

need() {
    for program in "$@"; do
        command -v "$program" >/dev/null 2>&1 || skip "no $program on this machine"
    done
}

cleanup() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    rm -rf "$work"
}

# Runs the rest of the script in a user and network namespace of its own, as root of it.
namespace() {
    if [ "${IN_NAMESPACE:-}" != 1 ]; then
        [ -e /dev/net/tun ] || skip "no /dev/net/tun on this machine"
        unshare --user --map-root-user --net true 2>/dev/null || skip "user namespaces are refused on this machine"
        IN_NAMESPACE=1 exec unshare --user --map-root-user --net --mount bash "$0" "$@"
    fi
    trap cleanup EXIT
    ip link set lo up
    head -c 0 /dev/net/tun 2>/dev/null || [ -w /dev/net/tun ] || skip "/dev/net/tun may not be opened by this user"
}

# background LOG COMMAND ...: starts it and remembers its id in $last.
background() {
    log=$1
    shift
    "$@" >"$work/$log" 2>&1 &
    last=$!
    pids="$pids $last"
}

# listens PORT: somebody listens there by TCP. A connection would tell, too, but may be the only one that the listener takes.
listens() {
    [ -n "$(ss -Htln "sport = :$1")" ]
}

# iperf3_waits LOG TESTS: `iperf3 -s --forceflush` has had so many tests and listens once more. After each test, and after
# whoever only knocked, it listens anew: who comes before that is told that it is busy, or reset.
iperf3_waits() {
    [ "$(grep -c "Server listening" "$work/$1")" -gt "$2" ]
}

# until_true TRIES COMMAND ...: tries it every 0.1 s.
until_true() {
    tries=$1
    shift
    while [ "$tries" -gt 0 ]; do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
        tries=$((tries - 1))
    done
    return 1
}
