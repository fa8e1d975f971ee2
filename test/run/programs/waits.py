# What options and flags do to waiting: low waters, time-outs, the window's clamp, lingering, MSG_ flags. Lines as a kernel prints them.
import errno, select, socket, struct, threading, time

S, TCP = socket.SOL_SOCKET, 6


def said(call, *arguments):
    try:
        result = call(*arguments)
        return "ok" if result is None else result
    except OSError as error:
        return errno.errorcode[error.errno]


def pair(*options):
    listener = socket.socket()
    for level, name, value in options:
        listener.setsockopt(level, name, value)
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    client = socket.create_connection(listener.getsockname())
    return client, listener.accept()[0]


def ready(s, events, ms=100):
    poll = select.poll()
    poll.register(s, events)
    return bool(poll.poll(ms))


def unsent_of(s, written):
    return written - struct.unpack_from("Q", s.getsockopt(TCP, 11, 256), 200)[0] # bytes_sent


def until(condition):
    for patience in range(300):
        if condition():
            return True
        time.sleep(0.01)
    return False


# SO_RCVLOWAT
client, server = pair((S, socket.SO_RCVLOWAT, 10))
client.send(b"abcd")
print("four of ten", ready(server, select.POLLIN))
client.send(b"efghij")
print("ten of ten", ready(server, select.POLLIN, 5000), server.recv(99))
client.send(b"xyz")
client.shutdown(socket.SHUT_WR)
print("three and the end", ready(server, select.POLLIN, 5000), server.recv(99), server.recv(99))
client, server = pair()
server.setsockopt(S, socket.SO_RCVLOWAT, 8)
threading.Timer(0.1, client.send, (b"5678901234",)).start()
client.send(b"1234")
print("waited for eight", len(server.recv(99)) >= 8)

# TCP_NOTSENT_LOWAT
client, server = pair()
client.setsockopt(TCP, 25, 16384)
client.setblocking(False)
written = stuck = 0
while stuck < 50: # until no more goes
    try:
        written += client.send(b"u" * 1000)
        stuck = 0
    except BlockingIOError:
        stuck += 1
        time.sleep(0.02)
print("little waits unsent", unsent_of(client, written) < 60000, "writable", ready(client, select.POLLOUT))
threading.Thread(target=lambda: [None for piece in iter(lambda: server.recv(65536), b"")], daemon=True).start()
print("writable again", ready(client, select.POLLOUT, 10000), until(lambda: unsent_of(client, written) <= 0))

# Time-outs
soon = struct.pack("ll", 0, 100000)
client, server = pair((S, socket.SO_RCVTIMEO, soon), (S, socket.SO_SNDTIMEO, soon))
print("no data", said(server.recv, 9), said(server.recvmsg, 9))
sent = 0
while not isinstance(sent, str):
    sent = said(server.send, b"f" * 100000)
print("no room", sent)
idle = socket.socket()
idle.setsockopt(S, socket.SO_RCVTIMEO, soon)
idle.bind(("127.0.0.1", 0))
idle.listen(1)
print("nobody", said(idle.accept))

# TCP_WINDOW_CLAMP
client, server = pair((TCP, 10, 5000))
client.send(b"x")
server.recv(1)
print("clamped", 0 < struct.unpack_from("I", client.getsockopt(TCP, 11, 256), 228)[0] <= 5000) # snd_wnd

# TCP_LINGER2, SO_LINGER
client, server = pair()
client.setsockopt(TCP, 8, 1)
client.close()
server.recv(1)
time.sleep(2)
said(server.send, b"to nobody")
print("forgotten", until(lambda: said(server.send, b"x") in ("EPIPE", "ECONNRESET")))
client, server = pair((S, socket.SO_LINGER, struct.pack("ii", 1, 0)))
server.close()
print("reset", said(client.recv, 1))

# MSG_ flags
client, server = pair()
client.send(b"abcdef")
print("peek", server.recv(3, socket.MSG_PEEK | socket.MSG_WAITALL), server.recv(4))
threading.Timer(0.1, client.send, (b"ghij",)).start()
print("all", server.recv(6, socket.MSG_WAITALL))
print("none", said(server.recv, 1, socket.MSG_DONTWAIT), said(client.send, b"more ", socket.MSG_MORE), client.send(b"then"))
print("joined", until(lambda: len(server.recv(99, socket.MSG_PEEK)) == 9), server.recv(99), client.send(b"end", 0x80)) # MSG_EOR
client.shutdown(socket.SHUT_WR)
print("pipe", said(client.send, b"x", socket.MSG_NOSIGNAL))
