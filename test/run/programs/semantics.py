# Prints one line for each thing a program may notice of its sockets. The same lines must come from the kernel's own
# loopback and from inside `baro run`: the test compares the two.
import errno, os, select, signal, socket, struct, sys, threading, time


def name(error):
    return errno.errorcode.get(error, str(error))


def outcome(function, *arguments):
    try:
        return repr(function(*arguments))
    except OSError as e:
        return name(e.errno) if e.errno else type(e).__name__


def say(what, *values):
    print(what + ":", *values, flush=True)


def events(sock, wanted=select.POLLIN | select.POLLOUT | select.POLLRDHUP, wait=0):
    poll = select.poll()
    poll.register(sock, wanted)
    got = poll.poll(wait)
    bits = got[0][1] if got else 0
    names = [("IN", 1), ("PRI", 2), ("OUT", 4), ("ERR", 8), ("HUP", 16), ("RDHUP", 0x2000)]
    return "|".join(n for n, b in names if bits & b) or "none"


def listener(backlog=5):
    l = socket.socket()
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    l.bind(("127.0.0.1", 0))
    l.listen(backlog)
    return l


def pair():
    l = listener()
    c = socket.create_connection(l.getsockname())
    s, _ = l.accept()
    l.close()
    return c, s


def until(predicate, seconds=3):
    end = time.time() + seconds
    while not predicate() and time.time() < end:
        time.sleep(0.005)
    return predicate()


def new_sockets():
    s = socket.socket()
    say("unbound name", s.getsockname())
    say("unconnected peer", outcome(s.getpeername))
    say("domain type protocol", s.getsockopt(1, 39), s.getsockopt(1, 3), s.getsockopt(1, 38))
    say("accept before listen", outcome(s.accept))
    say("shutdown before connect", outcome(s.shutdown, 2))
    say("raw", outcome(socket.socket, socket.AF_INET, 99, 0))
    say("bad protocol", outcome(socket.socket, socket.AF_INET, socket.SOCK_STREAM, 17))
    say("bad address family", outcome(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).bind(("127.0.0.1", 0))))
    d = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    say("datagram domain type protocol", d.getsockopt(1, 39), d.getsockopt(1, 3), d.getsockopt(1, 38))
    say("datagram listen", outcome(d.listen))
    say("tcp option on datagram", outcome(d.getsockopt, 6, 1) in ("EOPNOTSUPP", "ENOPROTOOPT"))
    say("new datagram socket", events(d))


def options():
    s = socket.socket()
    for level, option, value in [(1, 2, 1), (1, 9, 1), (6, 1, 1), (0, 1, 0x10), (0, 2, 33), (1, 12, 3), (6, 4, 77),
                                 (6, 5, 7), (6, 6, 5), (6, 18, 5000)]:
        s.setsockopt(level, option, value)
        say("option", level, option, s.getsockopt(level, option))
    s.setsockopt(1, 13, struct.pack("ii", 1, 7))
    say("linger", struct.unpack("ii", s.getsockopt(1, 13, 8)))
    s.setsockopt(1, 7, 20000)
    say("send buffer doubled", s.getsockopt(1, 7))
    say("short option", outcome(s.getsockopt, 1, 2, 2))
    say("unknown option", outcome(s.setsockopt, 6, 199, 1))
    say("error option", s.getsockopt(1, 4))
    say("accepting", s.getsockopt(1, 30), listener().getsockopt(1, 30))
    c, p = pair()
    say("info state", struct.unpack("B", c.getsockopt(6, 11, 1))[0], "mss", c.getsockopt(6, 2) > 500)


def streams():
    l = listener()
    say("idle listener", events(l))
    c = socket.create_connection(l.getsockname())
    until(lambda: events(l) == "IN")
    say("listener with one", events(l))
    s, peer = l.accept()
    say("accepted", peer == c.getsockname(), s.getpeername() == peer, s.getsockname() == l.getsockname())
    say("after accept", events(l), events(c), events(s))
    say("connect again", outcome(c.connect, l.getsockname()))
    c.sendall(b"hello")
    until(lambda: "IN" in events(s))
    say("peek", s.recv(3, socket.MSG_PEEK), s.recv(100))
    say("accept on connection", outcome(c.accept))
    c.shutdown(socket.SHUT_WR)
    until(lambda: "RDHUP" in events(s))
    say("after fin", events(s), s.recv(10), s.recv(10))
    say("half closed still sends", s.send(b"answer"), c.recv(100))
    s.close()
    until(lambda: "HUP" in events(c))
    say("both ends", events(c), c.recv(10))
    say("write after both", outcome(c.send, b"x"))


def bulk():
    c, s = pair()
    data = os.urandom(3000000)
    thread = threading.Thread(target=lambda: (c.sendall(data), c.shutdown(socket.SHUT_WR)))
    thread.start()
    got = bytearray()
    while True:
        part = s.recv(70000)
        if not part:
            break
        got += part
    thread.join()
    say("bulk", bytes(got) == data)
    c, s = pair()
    s.setblocking(False)
    total = 0
    while True:
        try:
            total += s.send(b"y" * 65536)
        except BlockingIOError:
            break
    say("full", events(s), total > 100000)
    got = 0
    while got < total:
        got += len(c.recv(1000000))
    until(lambda: events(s) == "OUT")
    say("drained", events(s), got == total)


def resets():
    c, s = pair()
    s.setsockopt(1, 13, struct.pack("ii", 1, 0))
    s.close()
    until(lambda: "HUP" in events(c))
    say("reset", events(c))
    say("reset read", outcome(c.recv, 1), outcome(c.recv, 1), "write", outcome(c.send, b"x"))
    c, s = pair()
    c.sendall(b"unread")
    until(lambda: "IN" in events(s))
    s.close()
    until(lambda: "HUP" in events(c))
    say("closed with unread", events(c), outcome(c.recv, 1))
    c, s = pair()
    s.setsockopt(1, 13, struct.pack("ii", 1, 0))
    s.close()
    until(lambda: "HUP" in events(c))
    say("reset error option", name(c.getsockopt(1, 4)))


def connecting():
    l = listener()
    c = socket.socket()
    c.setblocking(False)
    result = c.connect_ex(l.getsockname())
    say("non-blocking connect", result in (0, errno.EINPROGRESS))
    until(lambda: "OUT" in events(c))
    say("established", events(c), c.getsockopt(1, 4), c.connect_ex(l.getsockname()) in (0, errno.EISCONN),
        name(c.connect_ex(l.getsockname())))
    s, _ = l.accept()
    c.send(b"ping")
    until(lambda: "IN" in events(s))
    say("bytes", s.recv(100))
    address = l.getsockname()
    l.close()
    b = socket.socket()
    say("refused", outcome(b.connect, address))
    say("refused error option", b.getsockopt(1, 4))
    l = socket.socket()
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    l.bind(address)
    l.listen(5)
    say("retry on the same descriptor", outcome(b.connect, address))
    l.close()
    n = socket.socket()
    n.setblocking(False)
    first = n.connect_ex(address)
    until(lambda: "HUP" in events(n))
    # The kernel says so at once or by SO_ERROR, as the answer comes before or after the call returns.
    failures = {first, n.getsockopt(1, 4)} - {0, errno.EINPROGRESS}
    say("refused later", [name(f) for f in failures], "IN" in events(n), "HUP" in events(n))
    again = [n.connect_ex(address) for _ in range(3)]
    say("refused again", {name(a) for a in again} <= {"ECONNABORTED", "ECONNREFUSED", "EINPROGRESS"})
    until(lambda: "HUP" in events(n))
    n.getsockopt(1, 4)
    l = socket.socket()
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    l.bind(address)
    l.listen(5)
    for _ in range(4):
        result = n.connect_ex(address)
        if result in (0, errno.EISCONN):
            break
        until(lambda: events(n) == "OUT", 0.3)
    say("connected at last", events(n), n.getpeername() == l.getsockname(), n.getblocking())
    l.accept()[0].send(b"hello")
    until(lambda: "IN" in events(n))
    say("bytes at last", n.recv(10))


def blocking():
    l = listener()
    results = []
    threads = [threading.Thread(target=lambda: results.append(l.accept()[0].recv(1))) for _ in range(4)]
    for t in threads:
        t.start()
    time.sleep(0.1)
    clients = [socket.create_connection(l.getsockname()) for _ in range(4)]
    for c in clients:
        c.send(b"z")
    for t in threads:
        t.join()
    say("threads in accept", results)
    l.settimeout(None)
    l.setsockopt(1, 20, struct.pack("qq", 0, 100000))
    start = time.time()
    say("accept timeout", outcome(l.accept), time.time() - start >= 0.09)
    say("limit kept", struct.unpack("qq", l.getsockopt(1, 20, 16))[1] // 10000)
    shut = listener()
    timer = threading.Timer(0.1, lambda: shut.shutdown(socket.SHUT_RDWR))
    timer.start()
    say("shutdown wakes accept", outcome(shut.accept))


def signals():
    l = listener()
    seen = []
    signal.signal(signal.SIGALRM, lambda *_: (seen.append(1), 1 / 0))
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        l.accept()
    except ZeroDivisionError:
        say("signal interrupts accept", seen)
    seen.clear()
    signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
    signal.siginterrupt(signal.SIGALRM, False)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    t = threading.Timer(0.4, lambda: socket.create_connection(l.getsockname()))
    t.start()
    l.accept()
    say("accept goes on after a signal", seen)
    process = os.fork()
    if process == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        l.accept()
        os._exit(0)
    time.sleep(0.15)
    os.kill(process, signal.SIGTERM)
    say("terminated in accept", os.waitpid(process, 0)[1])


def threads_and_signals():
    l = listener()
    seen = []
    signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
    for _ in range(3):
        threading.Thread(target=lambda: outcome(l.accept), daemon=True).start()
    time.sleep(0.1)
    for count in range(1, 4):
        os.kill(os.getpid(), signal.SIGUSR1)
        until(lambda: len(seen) == count)
    say("signals among threads in accept", len(seen))
    signal.set_wakeup_fd(-1)
    timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    timer.start()
    other = listener()
    signal.setitimer(signal.ITIMER_REAL, 0)
    late = threading.Timer(0.6, lambda: socket.create_connection(other.getsockname()))
    late.start()
    other.accept()
    say("the first thread too", len(seen))
    shut = threading.Timer(0.1, lambda: l.shutdown(socket.SHUT_RDWR))
    shut.start()
    shut.join()


def inheritance():
    l = listener()
    process = os.fork()
    if process == 0:
        s, _ = l.accept()
        s.sendall(b"from the child")
        os._exit(0)
    c = socket.create_connection(l.getsockname())
    data = b""
    while len(data) < 14:
        data += c.recv(100)
    os.waitpid(process, 0)
    say("fork", data, c.recv(1))
    c, s = pair()
    copy = os.dup(c.fileno())
    c.close()
    os.write(copy, b"by a copy")
    say("dup", s.recv(100))
    left, right = socket.socketpair()
    socket.send_fds(left, [b"x"], [copy])
    _, received, _, _ = socket.recv_fds(right, 1, 1)
    os.close(copy)
    os.write(received[0], b"passed")
    say("passed", s.recv(100), socket.socket(fileno=received[0]).getpeername() == s.getsockname())


def epoll():
    l = listener()
    e = select.epoll()
    e.register(l, select.EPOLLIN | select.EPOLLET)
    clients = [socket.create_connection(l.getsockname()) for _ in range(3)]
    l.setblocking(False)
    count = 0
    while count < 3:
        e.poll(1)
        while True:
            try:
                l.accept()
                count += 1
            except BlockingIOError:
                break
    say("edges", count, e.poll(0))
    c, s = pair()
    e.register(s, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET | select.EPOLLRDHUP)
    say("first edge", e.poll(1)[0][1])
    say("no second", e.poll(0))
    c.send(b"1")
    say("edge of bytes", e.poll(1)[0][1] & 1)
    r, w, x = select.select([s], [s], [s], 0)
    say("select", len(r), len(w), len(x))


def datagrams():
    a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    a.bind(("127.0.0.1", 0))
    say("sendto", b.sendto(b"one", a.getsockname()), b.sendto(b"", a.getsockname()), b.sendto(b"three", a.getsockname()))
    until(lambda: "IN" in events(a))
    here = ("127.0.0.1", b.getsockname()[1])
    got = [a.recvfrom(100) for _ in range(3)]
    say("recvfrom", [g[0] for g in got], all(g[1] == here for g in got))
    a.sendto(b"back", got[0][1])
    until(lambda: "IN" in events(b))
    data, ancillary, flags, address = b.recvmsg(2)
    say("recvmsg", data, ancillary, flags == socket.MSG_TRUNC, address == a.getsockname())
    say("nothing", outcome(b.recvfrom, 10, socket.MSG_DONTWAIT), outcome(b.recv, 10, socket.MSG_DONTWAIT))
    say("no peer", outcome(lambda: b.sendmsg([b"x"])))
    b.connect(a.getsockname())
    say("connected", b.getpeername() == a.getsockname(), b.send(b"plain"), b.sendmsg([b"gat", b"hered"]))
    say("received", a.recv(100), a.recv(100))
    a.sendto(b"q" * 30000, b.getsockname())
    say("large", len(b.recv(65536)))
    a.sendto(b"peeked", b.getsockname())
    until(lambda: "IN" in events(b))
    say("peek", b.recvfrom(3, socket.MSG_PEEK)[0], b.recvfrom(100)[0])
    say("too large", outcome(a.sendto, b"x" * 66000, b.getsockname()))
    t = threading.Timer(0.1, lambda: a.sendto(b"late", b.getsockname()))
    t.start()
    say("waits", b.recvfrom(10)[0])
    b.settimeout(0.1)
    say("times out", outcome(b.recvfrom, 10))
    b.settimeout(None)
    address = a.getsockname()
    a.close()
    b.send(b"to nobody")
    until(lambda: "IN" in events(b) or "ERR" in events(b))
    say("refused", outcome(b.recvfrom, 10))


for part in (new_sockets, options, streams, bulk, resets, connecting, blocking, signals, threads_and_signals,
             inheritance, epoll, datagrams):
    if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
        print("#", part.__name__, flush=True)
        part()
