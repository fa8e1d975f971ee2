#!/bin/bash
# An AF_XDP socket on a veth: everything that link_lib.sh asks of a device; frames of several pieces; nothing left on the interface.
KIND=xdp
. test/netns/link_lib.sh
link_namespace "$@"
wire_up
head -c 3000000 /dev/urandom >"$work/sent"

host xdp.log
ip link show veth0 | grep -q xdp || fail "no XDP program on the interface: the test shows nothing"
refused xdp:veth0 "another .* \(queue\|attached\)"
carries
link_goes_and_comes
gone
ip link show veth0 | grep -q xdp && fail "the XDP program stays on the interface"
counted xdp.log undone_in || fail "no undone checksum came: the test shows nothing"
host wire.log --wire large=no # frames as on a wire
carries
gone
counted wire.log completed || fail "no undone checksum came over a wire: the test shows nothing"
large_mtu
too_long
overflow
killed
through_gateway
refused xdp:none0 "no such interface"
refused xdp:veth0/7 "no such queue"
echo ok
