#!/bin/bash
# An AF_PACKET socket on a veth: everything that link_lib.sh asks of a device, with the offloads of a kernel at the other end on,
# beside a kernel of our own that has another address on the same interface.
KIND=packet
. test/netns/link_lib.sh
link_namespace "$@"
wire_up
head -c 3000000 /dev/urandom >"$work/sent"

ip addr add 10.9.0.3/24 dev veth0 # the kernel's own here: it goes on beside us
host packet.log
carries
there ping -c 1 -W 2 10.9.0.3 >"$work/ping-kernel.log" || fail "the kernel beside us does not answer"
link_goes_and_comes
gone
counted packet.log super_in || fail "no super-segment came: the test shows nothing"
counted packet.log undone_in || fail "no undone checksum came: the test shows nothing"
host wire.log --wire large=no # frames as on a wire
carries
gone
counted wire.log cut || fail "no super-segment came over a wire: the test shows nothing"
counted wire.log completed || fail "no undone checksum came over a wire: the test shows nothing"
ip addr flush dev veth0
large_mtu
too_long
overflow
killed
through_gateway
refused packet:none0 "no such interface"
refused packet:lo "not an Ethernet interface"
echo ok
