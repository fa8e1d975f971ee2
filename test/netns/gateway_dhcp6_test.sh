#!/bin/bash
# A guest with this machine's kernel asks `baro gateway` by DHCPv6, with dhclient: an address of the pool, which the kernel
# can use; the same one again after it was renewed and bound anew; given back; and name servers without an address.
. test/netns/lib.sh
need ip ping unshare dhclient tshark
namespace "$@"

background gateway.log "$BARO" gateway --tap guest0 --pcap "$work/gateway.pcapng" --stats
gateway=$last
until_true 50 ip link show guest0 || fail "no TAP"
ip link set guest0 up
until_true 50 sh -c "ip -6 addr show dev guest0 scope link | grep fe80 | grep -v tentative" || skip "this kernel has no IPv6"

# What dhclient wants to have done: it says what and with which address.
cat >"$work/script.sh" <<SCRIPT
#!/bin/sh
echo "\$reason new=\$new_ip6_address old=\$old_ip6_address life=\$new_max_life dns=\$new_dhcp6_name_servers" >>$work/script.log
[ "\$reason" != BOUND6 ] || ip addr add "\$new_ip6_address/128" dev guest0
SCRIPT
chmod +x "$work/script.sh"
guest() { # in a process of its own, which becomes it
    exec timeout 40 dhclient -6 -d -sf "$work/script.sh" -lf "$work/leases" -pf "$work/pid" "$@" guest0 >>"$work/dhclient.log" 2>&1
}

touch "$work/script.log"
guest &
dhclient=$!
pids="$pids $dhclient"
until_true 300 grep -q "^BOUND6 new=fdba:70::1" "$work/script.log" || fail "no lease: $(cat "$work/script.log")"
address=$(sed -n 's/^BOUND6 new=\([^ ]*\) .*/\1/p' "$work/script.log" | head -1)
grep -q "life=3600 dns=fdba:70::2" "$work/script.log" || fail "what dhclient was told: $(cat "$work/script.log")"
until_true 50 sh -c "ip -6 addr show dev guest0 | grep '$address/128' | grep -v tentative" || fail "the kernel refuses $address"
ping -6 -c 2 -i 0.2 -W 2 -I "$address" fdba:70::2 >"$work/ping.log" || fail "ping from $address"
kill "$dhclient"
wait "$dhclient" 2>/dev/null
echo "ok: $address"

# Another life of the same client: the address is confirmed.
: >"$work/script.log"
guest &
dhclient=$!
pids="$pids $dhclient"
until_true 300 grep -q "^BOUND6\|^REBOOT6\|^REBIND6\|^RENEW6" "$work/script.log" || fail "not confirmed"
grep -q "=$address " "$work/script.log" || fail "another address: $(cat "$work/script.log")"
grep -q "Confirm on guest0" "$work/dhclient.log" || fail "nothing was confirmed"
kill "$dhclient"
wait "$dhclient" 2>/dev/null
echo "ok: confirmed"

(guest -r) || fail "dhclient -r: $?"
grep -q "Release on guest0" "$work/dhclient.log" || fail "nothing was released"
echo "ok: given back"

: >"$work/script.log"
timeout 40 dhclient -6 -S -1 -d -sf "$work/script.sh" -lf "$work/leases-s" -pf "$work/pid" guest0 >"$work/stateless.log" 2>&1 &
pids="$pids $!"
until_true 300 grep -q "new= .*dns=fdba:70::2" "$work/script.log" || fail "no name server: $(cat "$work/script.log")"
echo "ok: name servers without an address"

kill -INT "$gateway"
wait "$gateway" || fail "baro gateway ended with $?"

# dhclient does not always stay to hear the answer to its Release (8): a Reply (7) with its number is in the capture.
told() { timeout 60 tshark -r "$work/gateway.pcapng" -Y "dhcpv6.msgtype == $1" -T fields -e dhcpv6.xid 2>/dev/null; }
release=$(told 8 | head -1)
[ -n "$release" ] || fail "no release in the capture"
told 7 | grep -qx "$release" || fail "the release was not answered"
echo ok
