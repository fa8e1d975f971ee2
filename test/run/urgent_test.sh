# MSG_OOB under baro: refused, since a program's stream does not carry it.
. "$BARO_SOURCE/test/run/support.sh"
need python3
cat >"$dir/wanted" <<'END'
stream EOPNOTSUPP EOPNOTSUPP EINVAL
before behind
datagram EOPNOTSUPP EOPNOTSUPP
connected EOPNOTSUPP EOPNOTSUPP 5 plain
END
timeout 60 "$BARO" run -- python3 "$here/programs/urgent.py" >"$dir/told" 2>"$dir/error" || fail "$(cat "$dir/told" "$dir/error")"
diff "$dir/wanted" "$dir/told" || fail "wanted (<) and told (>) differ"
# The program's own pair is the kernel's, as this kernel has it.
own='import socket; a, b = socket.socketpair()
try: print(a.send(b"xy", socket.MSG_OOB), b.recv(9))
except OSError as error: print(error.errno)'
python3 -c "$own" >"$dir/kernel" || fail "a pair outside"
timeout 60 "$BARO" run -- python3 -c "$own" >"$dir/own" 2>&1 || fail "$(cat "$dir/own")"
diff "$dir/kernel" "$dir/own" || fail "a pair of the program's own: the kernel (<) and baro (>) differ"
echo "ok: refused with EOPNOTSUPP"
