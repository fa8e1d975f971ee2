#!/bin/bash
# avahi, on this machine's kernel in a namespace of the test's own, finds our name over a TAP: name to address and back,
# takes notice of our leave, and we give way to it where both want the same name. dig asks as one who is no mDNS host.
. test/netns/lib.sh
need ip unshare mount avahi-daemon avahi-resolve dbus-daemon dig timeout
namespace "$@"

# avahi wants to belong to its own user, who does not exist here: root plays it. Its bus is private, too.
mount -t tmpfs none /run && mkdir /run/avahi-daemon || skip "no tmpfs over /run"
sed 's/^avahi:[^:]*:[0-9]*:[0-9]*/avahi:x:0:0/' /etc/passwd >"$work/passwd"
sed 's/^avahi:[^:]*:[0-9]*/avahi:x:0/' /etc/group >"$work/group"
mount --bind "$work/passwd" /etc/passwd && mount --bind "$work/group" /etc/group || skip "no bind mount over /etc/passwd"
cat >"$work/bus.conf" <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=$work/bus</listen><auth>EXTERNAL</auth><policy context="default">
<allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_destination="*"/><allow receive_sender="*"/>
</policy></busconfig>
END
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus
background bus.log dbus-daemon --config-file="$work/bus.conf" --nofork --nopidfile
until_true 50 [ -S "$work/bus" ] || skip "no private D-Bus: $(tail -1 "$work/bus.log")"

# A bridge that stays up while hosts come and go, so that avahi is there before them.
ip link add bridge0 type bridge && ip link add keep0 type veth peer name keep1 || skip "no bridge in a namespace of one's own"
ip tuntap add dev mdns0 mode tap || skip "no TAP in a namespace of one's own"
for port in keep0 mdns0; do ip link set $port master bridge0 up; done
ip link set keep1 up
ip addr add 10.9.0.1/24 dev bridge0
ip -6 addr add fd00:9::1/64 dev bridge0 nodad
sysctl -q -w net.ipv6.conf.bridge0.accept_dad=0 2>/dev/null || echo 0 2>/dev/null >/proc/sys/net/ipv6/conf/bridge0/accept_dad
ip link set bridge0 up multicast on
ip route add 224.0.0.0/4 dev bridge0
until_true 50 sh -c "ip -6 addr show dev bridge0 scope link -tentative | grep -q fe80" || skip "no link-local address on a bridge"

host() { # log, name: a host on the TAP that wants this name
    background "$1.log" "$BARO" tap --name mdns0 --address ${3:-10.9.0.2/24,fd00:9::2/64} --mdns "$2" --pcap "$work/$1.pcapng"
}
leave() {
    kill -INT "$last"
    wait "$last"
    status=$?
    pids=${pids% "$last"}
    [ "$status" = 0 ] || fail "baro tap ended with $status"
}
avahi() {
    printf '%s\n' "[server]" "host-name=peer" "use-ipv4=${1:-yes}" "use-ipv6=${2:-yes}" "enable-dbus=yes" "allow-interfaces=bridge0" "[wide-area]" "enable-wide-area=no" >"$work/avahi.conf"
    background avahi.log avahi-daemon -f "$work/avahi.conf" --no-drop-root --no-chroot --no-proc-title --no-rlimits
    daemon=$last
    until_true 100 grep -q "Server startup complete" "$work/avahi.log" || skip "avahi does not start: $(tail -1 "$work/avahi.log")"
}
find_it() { [ "$(timeout 8 avahi-resolve -4 -n "$1" 2>/dev/null | tr '\t' ' ')" = "$1 $2" ]; }
find_it_6() { timeout 8 avahi-resolve -6 -n "$1" 2>/dev/null | tr '\t' ' ' | grep -q "^$1 $2"; }

host first pebble
ours=$last
avahi
until_true 5 find_it peer.local 10.9.0.1 || skip "avahi does not even find itself"
until_true 5 find_it pebble.local 10.9.0.2 || fail "avahi does not find pebble.local"
echo "ok: avahi finds our name"
[ "$(timeout 8 avahi-resolve -a 10.9.0.2 | tr '\t' ' ')" = "10.9.0.2 pebble.local" ] || fail "avahi does not find our address's name"
echo "ok: avahi finds our address's name"
until_true 5 find_it_6 pebble.local "f[de]" || fail "avahi does not find pebble.local's IPv6 address"
[ "$(timeout 8 avahi-resolve -a fd00:9::2 | tr '\t' ' ')" = "fd00:9::2 pebble.local" ] || fail "avahi does not find our IPv6 address's name"
echo "ok: avahi finds our IPv6 address and its name"
# The two families probe for the name each for itself, and avahi may have heard of it by the other one. dig says on standard
# output, before an answer, that there was none at first.
dug() { timeout 8 dig -p 5353 "@$1" +short +tries=1 +time=2 "${@:2}"; }
tells() { [ "$(dug "${@:2}")" = "$1" ]; } # what, dig's words
until_true 5 tells 10.9.0.2 10.9.0.2 pebble.local A || fail "an asker of the old kind"
until_true 5 tells pebble.local. 10.9.0.2 -x 10.9.0.2 || fail "asked alone, by address"
until_true 5 tells 10.9.0.2 fd00:9::2 pebble.local A || fail "an asker of the old kind, by IPv6"
link_local() { local=$(dug fd00:9::2 pebble.local AAAA | grep '^fe80::'); }
until_true 50 link_local || fail "our link-local address is not told"
until_true 5 tells pebble.local. "$local%bridge0" -x "$local" || fail "asked at the link-local address"
echo "ok: askers that are no multicast DNS hosts"
last=$ours
leave
lost() { ! find_it "$@"; } # a record bidden farewell lives for one more second (RFC 6762 §10.1), one of silence for two minutes
until_true 30 lost pebble.local 10.9.0.2 || fail "still found after goodbye"
echo "ok: gone after goodbye"

# avahi has the name "peer": ours becomes peer-2.
host second peer
until_true 5 find_it peer-2.local 10.9.0.2 || fail "no other name after a conflict"
find_it peer.local 10.9.0.1 || fail "avahi lost its name to us"
echo "ok: we give way to who was there before"
leave
kill "$daemon"
wait "$daemon" 2>/dev/null

# avahi in the world of IPv6 alone: ff02::fb finds our name, both its addresses, and gives way the same.
avahi no yes
host third granite
until_true 10 find_it_6 granite.local "f[de]" || fail "avahi does not find granite.local by ff02::fb"
echo "ok: found by ff02::fb alone"
timeout 8 avahi-resolve -4 -n granite.local | grep -q 10.9.0.2 || fail "no A record by ff02::fb"
echo "ok: an IPv4 address told by ff02::fb"
leave
host fourth peer fd00:9::2/64
until_true 10 find_it_6 peer-2.local "f[de]" || fail "no other name after a conflict on ff02::fb"
echo "ok: we give way to who was there before, by IPv6 alone"
leave
kill "$daemon"
