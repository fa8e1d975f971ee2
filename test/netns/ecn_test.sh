#!/bin/bash
# Explicit congestion notification with this machine's kernel as the peer, over a wire that marks: each asks the other and
# each sends to the other, over both families. The kernel counts the marks that came and the ECEs that it heard; baro's
# counters tell the same of the other end. A kernel that wants no ECN is spoken to without.
. test/netns/lib.sh
need ip nc ss nstat sysctl unshare head ping
namespace "$@"
sysctl -qw net.ipv4.tcp_ecn=1 2>/dev/null || skip "net.ipv4.tcp_ecn cannot be set here"
wire=rate=40mbit,delay=2ms,queue=2000p,ecn=5,seed=3

# The kernel's counter, and one of baro's by its words.
kernel() { nstat -asz "$1" | awk -v name="$1" '$1 == name { print $2 }'; }
ours() { awk -v words="$1" 'index($0, words) { print $1; exit }' "$work/tap.log"; }
# Does the kernel have ECN with this peer? "" or "no ": it shall not.
agreed() {
    connection=$(ss -HtinoO state established | grep -F "$1") || return 1
    if grep -qw ecn <<<"$connection"; then [ -z "$2" ]; else [ -n "$2" ]; fi
}
end() { # what was started last
    kill "-${1:-TERM}" "$last" 2>/dev/null
    wait "$last" 2>/dev/null
    pids=${pids% "$last"}
}
more() { [ "${2:-0}" -gt "${1:-0}" ]; }

head -c 4000000 /dev/urandom >"$work/sent"

# The kernel asks. FAMILY, the host's address, the kernel's counter of marked packets.
asked() {
    ce=$(kernel "$3") ece=$(kernel TcpExtTCPDeliveredCE)
    timeout 60 nc -N "$2" 9 <"$work/sent" || fail "IPv$1: discard"
    more "$ece" "$(kernel TcpExtTCPDeliveredCE)" || fail "IPv$1: the kernel heard no ECE"
    timeout 60 nc "$2" 19 </dev/null 2>/dev/null | head -c 4000000 >"$work/got"
    [ "$(wc -c <"$work/got")" = 4000000 ] || fail "IPv$1: character generator stalled"
    more "$ce" "$(kernel "$3")" || fail "IPv$1: no marked packet came to the kernel"
    nc "$2" 19 </dev/null >/dev/null 2>&1 &
    last=$! pids="$pids $!"
    until_true 50 agreed "$2" "" || fail "IPv$1: the kernel does not say that it has ECN"
    end
}

background tap.log "$BARO" tap --name ecn0 --address 10.9.0.2/24,fd00:9::2/64 --wire "$wire" --stats
host=$last
until_true 50 ip link show ecn0 || fail "no TAP"
ip addr add 10.9.0.1/24 dev ecn0
ip addr add fd00:9::1/64 dev ecn0 nodad
ip link set ecn0 up
until_true 100 ping -c 1 -W 1 fd00:9::2 || fail "the host behind the TAP does not answer"
asked 4 10.9.0.2 IpExtInCEPkts
asked 6 fd00:9::2 Ip6InCEPkts
last=$host
end INT
until_true 50 grep -q "congestion mark" "$work/tap.log" || fail "no statistics"
more 0 "$(ours "received with a congestion mark")" || fail "no mark came to baro"
more 0 "$(ours "because of congestion marks")" || fail "baro reduced no window"

# Our stack asks: a kernel that answers, one that does not want to.
ip tuntap add dev ecn1 mode tap || fail "no TAP"
ip addr add 10.9.1.1/24 dev ecn1
ip link set ecn1 up
for answer in 2 0; do
    sysctl -qw net.ipv4.tcp_ecn=$answer
    [ $answer = 2 ] && not= || not="no "
    ce=$(kernel IpExtInCEPkts) ect=$(kernel IpExtInECT0Pkts)
    nc -l 10.9.1.1 7000 >"$work/came" 2>/dev/null &
    server=$! pids="$pids $!"
    until_true 50 listens 7000 || fail "nc does not listen"
    background run.log timeout 40 "$BARO" run --tap ecn1 --address 10.9.1.2/24 --wire "$wire" -- \
        sh -c "(cat '$work/sent'; sleep 2) | nc -N 10.9.1.1 7000"
    until_true 100 agreed 10.9.1.2 "$not" || fail "tcp_ecn=$answer: ${not}ECN was expected"
    wait "$last" || fail "tcp_ecn=$answer: baro run"
    wait "$server"
    cmp "$work/sent" "$work/came" || fail "tcp_ecn=$answer: something else came"
    pids=${pids% "$last"} pids=${pids% "$server"}
    if [ $answer = 2 ]; then
        more "$ce" "$(kernel IpExtInCEPkts)" || fail "asked and agreed: no marked packet came to the kernel"
    else
        [ "$ect" = "$(kernel IpExtInECT0Pkts)" ] || fail "not agreed, and yet ECN-capable packets came to the kernel"
    fi
done
echo ok
