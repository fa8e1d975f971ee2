#!/bin/bash
# The kernel's bridge as the one who asks who listens to what: a host on a TAP that is a port of it joins groups of both
# families, is listed for them as long as it listens, and no longer. Each round is another pair of versions of IGMP and
# MLD; tshark, where there is one, says that what we sent is of that version and well formed.
. test/netns/lib.sh
need ip bridge unshare
namespace "$@"

four=239.7.7.7
six=ff15::77

listed() {
    bridge mdb show dev "$1" 2>/dev/null | grep -q "port $2 grp $3 "
}

gone() {
    ! listed "$@"
}

# How many frames of a capture tshark finds a filter true of.
frames() {
    tshark -r "$1" -Y "$2" >"$work/frames" 2>"$work/tshark.log" || fail "tshark does not take the filter: $2"
    wc -l <"$work/frames"
}

# round NAME IGMP MLD REPORT4 LEAVE4 REPORT6 LEAVE6: a host on a bridge that speaks those versions, and tshark's words for
# what it says of its groups then.
round() {
    bridge=b$1
    ip link add "$bridge" type bridge mcast_snooping 1 mcast_querier 1 mcast_igmp_version "$2" mcast_mld_version "$3" \
        forward_delay 0 mcast_query_interval 200 mcast_startup_query_interval 100 mcast_query_response_interval 100 \
        mcast_last_member_interval 50 || skip "no bridge with snooping in this kernel"
    # MLD's querier needs a link-local address: a fixed one, which needs no probe.
    ip link set "$bridge" address 02:00:00:00:00:fe addrgenmode none up
    ip -6 addr add fe80::fe/64 dev "$bridge" nodad
    background "$1.log" "$BARO" tap --name "$1" --address 10.9.0.2/24,fe80::2/64,fd00:9::2/64 --join "$four,$six" \
        --leave-after 7 --pcap "$work/$1.pcapng" --stats
    tap=$last
    until_true 80 ip link show "$1" || fail "no TAP"
    ip link set "$1" master "$bridge" up
    until_true 100 listed "$bridge" "$1" "$four" || fail "the bridge does not list $four: $(bridge mdb show)"
    until_true 100 listed "$bridge" "$1" "$six" || fail "the bridge does not list $six: $(bridge mdb show)"
    until_true 150 grep -q "left 2 groups" "$work/$1.log" || fail "the groups are not left"
    until_true 50 gone "$bridge" "$1" "$four" || fail "the bridge still lists $four: $(bridge mdb show)"
    until_true 50 gone "$bridge" "$1" "$six" || fail "the bridge still lists $six: $(bridge mdb show)"
    kill -INT "$tap"
    wait "$tap" || fail "baro tap ended with $?"
    ip link del "$bridge"
    command -v tshark >/dev/null 2>&1 || return 0
    own="(ip.src == 10.9.0.2 || ipv6.src == fe80::2 || ipv6.src == ::)"
    for said in "$4" "$5" "$6" "$7"; do
        [ "$(frames "$work/$1.pcapng" "$own && $said")" -gt 0 ] || fail "$1: tshark sees no: $said"
    done
    [ "$(frames "$work/$1.pcapng" "$own && (_ws.malformed || ip.checksum.status == 0 || igmp.checksum.status == 0 || icmpv6.checksum.status == 0)")" = 0 ] ||
        fail "$1: tshark says malformed"
    [ "$(frames "$work/$1.pcapng" "$own && (igmp && (ip.ttl != 1 || !ip.opt.ra)) || (icmpv6.type in {131, 132, 143} && (ipv6.hlim != 1 || !ipv6.opt.router_alert) && $own)")" = 0 ] ||
        fail "$1: something was sent without TTL 1 or router alert"
}

round new 3 2 "igmp.record_type == 4 && igmp.maddr == $four" "igmp.record_type == 3 && igmp.maddr == $four" \
    "icmpv6.mldr.mar.record_type == 4 && icmpv6.mldr.mar.multicast_address == $six" \
    "icmpv6.mldr.mar.record_type == 3 && icmpv6.mldr.mar.multicast_address == $six"
round old 2 1 "igmp.type == 0x16 && ip.dst == $four" "igmp.type == 0x17 && ip.dst == 224.0.0.2" \
    "icmpv6.type == 131 && ipv6.dst == $six" "icmpv6.type == 132 && ipv6.dst == ff02::2"
echo ok
