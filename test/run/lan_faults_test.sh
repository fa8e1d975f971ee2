# Two routers, and faults on the wire between them: frames lost, all of them lost, the plug out for good or for a while.
. "$BARO_SOURCE/test/run/support.sh"
. "$BARO_SOURCE/test/run/lan_row.sh"
need python3 curl ping cmp

# Half a megabyte each family, the path's MTU to be found on the way, with faults on the wire in the middle.
mkdir "$dir/site"
head -c 500000 /dev/urandom >"$dir/site/page"
chmod -R a+rX "$dir/site"
serve="python3 -u -m http.server --bind :: --directory $dir/site 8000"
fetch="curl -sS -m 60 -o $dir/four http://10.3.0.2:8000/page -o $dir/six http://[fd00:3::2]:8000/page"
for middle in fast,mtu=1300 fast,mtu=1400,delay=2ms,loss=2%,seed=5 100base-tx,mtu=1280; do
    rm -f "$dir/four" "$dir/six"
    timeout 100 "$BARO" lan --stats $(row fast $middle fast) --host $server $serve --host $client $fetch 2>"$dir/error" ||
        fail "over $middle: exit $?: $(tail -5 "$dir/error")"
    cmp "$dir/site/page" "$dir/four" && cmp "$dir/site/page" "$dir/six" || fail "over $middle: the page differs"
    case $middle in *loss*) grep -q '^wire middle: .*lost [1-9]' "$dir/error" || fail "nothing was lost: $(tail -1 "$dir/error")" ;; esac
    echo "ok: half a megabyte each over $middle"
done

# All frames lost in the middle: neighbours there find nobody, and the client hears it. Its own wire's router is there.
cat >"$dir/pulled.sh" <<'END'
ping -n -c 1 -W 20 10.1.0.1 | grep -o '1 received'
curl -4 -sS -m 30 http://10.3.0.2:8000/; echo $?
curl -6 -sS -m 30 http://server:8000/; echo $?
END
timeout 90 "$BARO" lan $(row fast fast,loss=100% fast) --host $server python3 "$here/programs/dual.py" \
    --host $client sh "$dir/pulled.sh" >"$dir/said" 2>"$dir/error" || fail "$(tail -5 "$dir/error")"
same "a wire that loses all" "1 received 7 7" "$(tr '\n' ' ' <"$dir/said" | sed 's/ $//')"

# Its plug out from the beginning, for good: the same. Out and back while a page crosses: it arrives whole.
timeout 90 "$BARO" lan --pull middle=0s $(row fast fast fast) --host $server python3 "$here/programs/dual.py" \
    --host $client sh "$dir/pulled.sh" >"$dir/said" 2>"$dir/error" || fail "$(tail -5 "$dir/error")"
same "a pulled wire" "1 received 7 7" "$(tr '\n' ' ' <"$dir/said" | sed 's/ $//')"
rm -f "$dir/four" "$dir/six"
timeout 110 "$BARO" lan --pull middle=1s-2s --pull right=3s-3500ms $(row fast fast,rate=4mbit 100base-tx) --host $server $serve \
    --host $client $fetch 2>"$dir/error" || fail "with the plug out and back: exit $?: $(tail -5 "$dir/error")"
cmp "$dir/site/page" "$dir/four" && cmp "$dir/site/page" "$dir/six" || fail "with the plug out and back the page differs"
echo "ok: the plug out and back"

# Packets above 1300 octets vanish in the middle, and no ICMP error tells (RFC 4821): the page arrives nevertheless.
rm -f "$dir/four" "$dir/six"
timeout 100 "$BARO" lan --stats $(row fast fast,blackhole=1300,delay=2ms fast) --host $server $serve \
    --host $client $fetch 2>"$dir/error" || fail "through a black hole: exit $?: $(tail -5 "$dir/error")"
cmp "$dir/site/page" "$dir/four" && cmp "$dir/site/page" "$dir/six" || fail "through a black hole the page differs"
grep -q '^wire middle: .*swallowed for their size [1-9]' "$dir/error" || fail "nothing was swallowed: $(tail -1 "$dir/error")"
echo "ok: half a megabyte each through a black hole"
