#!/bin/bash
# examples/shards.c: two stacks, a thread each, behind one address of a TAP. Twenty connections of this machine's kernel over each
# family at once are echoed byte for byte, each shard accepts some of them, and together they accept all.
. test/netns/lib.sh
need ip ping python3 unshare
example=${BARO_BUILD:?the folder of the build}/example_shards
[ -x "$example" ] || skip "no example_shards in $BARO_BUILD"
namespace "$@"

# Wrong arguments are told, and nothing is begun.
for wrong in "" "two" "two 0" "two 17" "two -1" "two 2x" "two 2 0" "two 2 1h" "two 2 1 1"; do
    "$example" $wrong 2>"$work/wrong.log"
    [ $? = 2 ] || fail "no error for the arguments '$wrong'"
    grep -q "^usage: " "$work/wrong.log" || fail "no usage for the arguments '$wrong'"
done
"$example" a-name-that-is-too-long 2 2>"$work/wrong.log" && fail "no error for a name that is too long"
grep -q "Invalid argument" "$work/wrong.log" || fail "not told what is wrong with a name that is too long"

# An argument of seconds ends it.
timeout 20 "$example" brief 3 1 >"$work/brief.log" 2>&1 || fail "it ended with $?"
[ "$(grep -c '^shard [0-2]: 0 connections accepted' "$work/brief.log")" = 3 ] || fail "not three shards"

background shards.log "$example" two 2
until_true 50 ip link show two || fail "no TAP"
ip addr add 10.9.0.1/24 dev two
ip addr add fd00:9::1/64 dev two nodad
ip link set two up
until_true 50 ip -6 route get fd00:9::2 || fail "no route"
until_true 100 ping -c 1 -W 1 fd00:9::2 || fail "the stacks do not answer"

timeout 60 python3 - >"$work/clients.log" 2>&1 <<'PYTHON' || fail "echo"
import os, socket, threading

echoed = []

def ask(address):
    sent, got = os.urandom(100000), b""
    with socket.create_connection((address, 7), timeout=50) as peer:
        begun.wait()  # all are open at once
        threading.Thread(target=lambda: (peer.sendall(sent), peer.shutdown(socket.SHUT_WR))).start()
        while piece := peer.recv(65536):
            got += piece
    if got == sent:
        echoed.append(address)
    else:
        print(f"{address}: sent {len(sent)} octets, {len(got)} came back, and not those")

addresses = ["10.9.0.2", "fd00:9::2"] * 20
begun = threading.Barrier(len(addresses))
clients = [threading.Thread(target=ask, args=(address,)) for address in addresses]
for client in clients:
    client.start()
for client in clients:
    client.join()
print(f"{len(echoed)} connections echoed")
raise SystemExit(len(echoed) != len(addresses))
PYTHON

kill -TERM "$last"
wait "$last" || fail "it ended with $?"
accepted=$(sed -n 's/^shard [01]: \([0-9]*\) connections accepted, [0-9]* frames dropped since its ring was full$/\1/p' "$work/shards.log")
set -- $accepted
[ $# = 2 ] || fail "not two shards"
[ "$1" -gt 0 ] && [ "$2" -gt 0 ] || fail "a shard accepted nothing"
[ $(($1 + $2)) = 40 ] || fail "$1 and $2 connections accepted, not 40"
cat "$work/shards.log"
