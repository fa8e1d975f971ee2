#!/bin/bash
# Unmodified programs on our stack against this machine's kernel, a TAP between: curl and iperf3, each both ways, on a clean
# wire and on one that loses a frame in a hundred. What is fetched is compared byte for byte; of iperf3 no speed is asked,
# only that it ends and that no interval went by without a byte: a stall is a fault, slowness the machine's.
. test/netns/lib.sh
need ip curl python3 cmp unshare iperf3 timeout
namespace "$@"

here=10.9.0.1 # the kernel
there=10.9.0.2 # the program's host
ip tuntap add dev baro0 mode tap || fail "no TAP"
ip addr add $here/24 dev baro0
ip link set baro0 up
mkdir "$work/kernel" "$work/baro"
head -c 5000000 /dev/urandom >"$work/kernel/page"
head -c 5000000 /dev/urandom >"$work/baro/page"

# in_baro WIRE COMMAND ...: the command on a host of its own.
in_baro() {
    wire=$1
    shift
    timeout 40 "$BARO" run --tap baro0 --address $there/24 --wire "$wire" -- "$@"
}

# Ends what was started last.
end() {
    kill "$last" 2>/dev/null
    wait "$last" 2>/dev/null
    pids=${pids% "$last"}
}

answers() { # address, port
    python3 -c "import socket; socket.create_connection(('$1', $2), 1)"
}

fetch() { # wire
    background http-kernel.log python3 -m http.server 8000 --bind $here -d "$work/kernel"
    until_true 100 answers $here 8000 || fail "http.server of the kernel does not answer"
    in_baro "$1" curl -sS -m 30 http://$here:8000/page -o "$work/got" 2>"$work/curl.log" ||
        fail "curl of our stack from the kernel, wire $1: exit $?"
    cmp "$work/kernel/page" "$work/got" || fail "another page from the kernel, wire $1"
    end
    background http-baro.log timeout 40 "$BARO" run --tap baro0 --address $there/24 --wire "$1" --stats -- \
        python3 -m http.server 8000 -d "$work/baro"
    until_true 100 answers $there 8000 || fail "http.server of our stack does not answer, wire $1"
    curl -sS -m 30 http://$there:8000/page -o "$work/got" 2>"$work/curl.log" ||
        fail "curl of the kernel from our stack, wire $1: exit $?"
    cmp "$work/baro/page" "$work/got" || fail "another page from our stack, wire $1"
    end
    echo "ok: curl both ways, wire $1"
}

# Each interval of an iperf3 client's JSON moved bytes, and both sides agree that some arrived.
judge() { # what
    python3 - "$work/iperf.json" <<'END' || fail "iperf3 $1"
import json, sys
result = json.load(open(sys.argv[1]))
assert "error" not in result, result["error"]
bytes = [i["sum"]["bytes"] for i in result["intervals"] if i["sum"]["seconds"] > 0.3]
assert len(bytes) >= 2 and min(bytes) > 0, bytes
assert result["end"]["sum_received"]["bytes"] > 0
print("    %.0f Mbit/s" % (result["end"]["sum_received"]["bits_per_second"] / 1e6))
END
    echo "ok: iperf3 $1"
}

iperf() { # wire
    background iperf-kernel.log iperf3 -s -B $here --forceflush
    tests=0
    for way in "" -R; do
        until_true 100 iperf3_waits iperf-kernel.log $tests || fail "no iperf3 of the kernel"
        tests=$((tests + 1))
        in_baro "$1" iperf3 -c $here -t 2 -i 1 -J $way >"$work/iperf.json" 2>"$work/iperf.log" ||
            { cat "$work/iperf.json"; fail "iperf3 $way client of our stack, wire $1: exit $?"; }
        judge "$way client of our stack, wire $1"
    done
    end
    background iperf-baro.log timeout 60 "$BARO" run --tap baro0 --address $there/24 --wire "$1" --stats -- iperf3 -s --forceflush
    tests=0
    for way in "" -R; do
        until_true 100 iperf3_waits iperf-baro.log $tests || fail "no iperf3 of our stack, wire $1"
        tests=$((tests + 1))
        timeout 40 iperf3 -c $there -t 2 -i 1 -J $way >"$work/iperf.json" 2>"$work/iperf.log" ||
            { cat "$work/iperf.json"; fail "iperf3 $way client of the kernel, wire $1: exit $?"; }
        judge "$way client of the kernel, wire $1"
    done
    end
}

for wire in fast fast,loss=1%,seed=11; do
    fetch "$wire"
    iperf "$wire"
done
exit 0
