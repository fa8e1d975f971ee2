#!/bin/bash
# The main job as `make run` does it: the journey of the connection's first packets, curl's result, one line of
# counters, the page whole. And a LAN over a bad wire, whose capture tshark reads without a complaint.
. "$BARO_SOURCE/test/run/support.sh"
need python3 curl cmp

out=$(timeout 60 sh "$BARO_SOURCE/scripts/main-job.sh" "$BARO" 2>&1) || fail "the main job: $out"
for words in "electric signal" "FCS " "ARP who has 10.7.0.1" "SYN+ECE+CWR seq 0" "SYN+ACK+ECE seq 0 ack 1" "ACK seq 1 ack 1" \
    "with 85" "call  accept" "curl: HTTP 200" "2 hosts: frames" "came through whole"; do
    case $out in *"$words"*) ;; *) fail "the main job does not say '$words': $out" ;; esac
done
echo "ok: the main job"

mkdir "$dir/site"
head -c 400000 /dev/urandom >"$dir/site/page"
lan() { # lan OPTIONS...
    timeout 60 "$BARO" lan "$@" --pcap "$dir/lan.pcapng" --host server=10.7.0.1 python3 -m http.server \
        --directory "$dir/site" 8000 --host client=10.7.0.2 curl -sS -o "$dir/got" http://10.7.0.1:8000/page \
        2>"$dir/err" || fail "baro lan $*: $(tail -3 "$dir/err")"
    cmp "$dir/site/page" "$dir/got" || fail "baro lan $*: the page differs"
    echo "ok: baro lan $*"
}
lan --wire 100base-tx,noise=60,ppm=100
lan --wire 10base-t,noise=200,ppm=-100
lan --wire fast,loss=2%,reorder=1%,duplicate=1%,corrupt=1%,delay=3ms,seed=9
if command -v tshark >/dev/null; then # which takes segments that are cut anew when sent again for malformed when it joins them
    same "tshark finds nothing malformed" "" "$(timeout 60 tshark -o tcp.desegment_tcp_streams:FALSE -r "$dir/lan.pcapng" -Y _ws.malformed 2>/dev/null)"
    [ "$(timeout 60 tshark -r "$dir/lan.pcapng" -T fields -e frame.comment 2>/dev/null | grep -c "four-tuple")" -gt 10 ] ||
        fail "the capture's comments do not tell the journey"
fi
out=$("$BARO" lan --journey-of nobody --host a=10.7.0.1 true --host b=10.7.0.2 true 2>&1)
same "a mistake is exit 2" 2 $?
same "and one line" "baro lan: no host is called 'nobody'" "$out"
