# What a program says of one datagram over IPv6, and the options of datagrams: the lines must be those of the kernel's.
. "$BARO_SOURCE/test/run/support.sh"
need python3
for user in $users; do
    as $user timeout 60 "$BARO" run -- python3 "$here/programs/control6.py" >"$dir/inside" 2>"$dir/error" ||
        fail "as $user: $(cat "$dir/inside" "$dir/error")"
done
unshare -Urn sh -c 'ip link set lo up && exec python3 "$0"' "$here/programs/control6.py" >"$dir/kernel" 2>"$dir/error" ||
    skip "no IPv6 sockets of the kernel's to compare with: $(tail -1 "$dir/error")"
diff "$dir/kernel" "$dir/inside" || fail "the kernel (<) and baro (>) differ"
echo "ok: $(wc -l <"$dir/kernel") lines alike"
# On a wire of its own: the hop limit and the class arrive, and a group is sent to by the interface that is named.
cat >"$dir/server.py" <<'EOF'
import socket,struct
s=socket.socket(socket.AF_INET6,socket.SOCK_DGRAM); s.bind(("::",9000)); s.settimeout(60)
tcp=socket.create_server(("::",8000),family=socket.AF_INET6) # the next host starts when somebody listens
s.setsockopt(41,20,socket.inet_pton(socket.AF_INET6,"ff05::77")+struct.pack("I",2))
for o in (49,51,66): s.setsockopt(41,o,1)
seen=set()
while len(seen)<2:
    data,control,flags,peer=s.recvmsg(99,500)
    seen.add(data)
    for level,kind,value in control:
        print("heard",data.decode(),kind,socket.inet_ntop(socket.AF_INET6,value[:16]) if kind==50 else struct.unpack("i",value)[0],flush=True)
    s.sendto(b"ok",peer)
EOF
cat >"$dir/client.py" <<'EOF'
import socket,struct
s=socket.socket(socket.AF_INET6,socket.SOCK_DGRAM); s.settimeout(1); i=lambda x: struct.pack("i",x)
s.setsockopt(41,17,2); s.setsockopt(41,18,3)
source=socket.inet_pton(socket.AF_INET6,"fd00:7::2")+struct.pack("I",2)
def until_heard(say):
    for again in range(50): # until the server is there
        say()
        try: return s.recvfrom(9)
        except OSError: pass
until_heard(lambda: s.sendmsg([b"one"],[(41,52,i(7)),(41,67,i(0x28)),(41,50,source)],0,("fd00:7::1",9000)))
until_heard(lambda: s.sendto(b"two",("ff05::77",9000)))
EOF
chmod a+r "$dir"/*.py
timeout 100 "$BARO" lan --host server=10.7.0.1,fd00:7::1/64 python3 "$dir/server.py" \
    --host client=10.7.0.2,fd00:7::2/64 python3 "$dir/client.py" >"$dir/said" 2>"$dir/error" || fail "$(cat "$dir/said" "$dir/error")"
same "what came along" "one 50 fd00:7::1
one 52 7
one 67 40
two 50 ff05::77
two 52 3
two 67 0" "$(grep heard "$dir/said" | sed 's/.*heard //' | sort -u)"
