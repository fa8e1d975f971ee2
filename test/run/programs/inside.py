"""What runs inside in the gateway's tests: each function asserts one thing and is called by its name. IPV6=1: by IPv6."""
import concurrent.futures
import errno
import hashlib
import os
import socket
import sys
import time

V6 = os.environ.get("IPV6") == "1"
OUTSIDE, ANOTHER, SILENT = ("fd77::1", "fd77::2", "fd77::99") if V6 else ("10.77.0.1", "10.77.0.2", "10.77.0.99")
FAMILY = socket.AF_INET6 if V6 else socket.AF_INET
PAGE = hashlib.shake_256(b"baro").digest(8000000)


def connect(port, address=OUTSIDE, timeout=30):
    return socket.create_connection((address, port), timeout)


def failure(address, port, limit=10):
    """errno's name of a connect, which must not take longer than the limit."""
    one = socket.socket(FAMILY)
    one.settimeout(limit)
    try:
        one.connect((address, port))
    except TimeoutError:
        return "time-out"
    except OSError as error:
        return errno.errorcode[error.errno]
    return "connected"


def rest(connection):
    data = b""
    while part := connection.recv(65536):
        data += part
    return data


def refused():
    began = time.monotonic()
    assert failure(OUTSIDE, 7999) == "ECONNREFUSED"
    assert failure(ANOTHER, 7999) == "ECONNREFUSED"
    assert time.monotonic() - began < 5


def unreachable():
    networks = ["fd99::1", "fd78::1", "fd79::1"] if V6 else ["10.99.0.1", "10.78.0.1", "10.79.0.1"]
    began = time.monotonic()
    assert [failure(network, 80) for network in networks] == \
        ["ENETUNREACH", "EHOSTUNREACH", "EACCES" if V6 else "EHOSTUNREACH"], [failure(n, 80) for n in networks]
    assert time.monotonic() - began < 5


def silent():
    assert failure(SILENT, 80, 4) == "time-out"


def half_close():
    """All goes up, the end too, and the answer still comes down."""
    one = connect(7001)
    one.sendall(PAGE)
    one.shutdown(socket.SHUT_WR)
    assert rest(one).decode() == hashlib.sha256(PAGE).hexdigest()


def download():
    assert rest(connect(7002)) == PAGE


def parallel():
    def one(i):
        text = b"%d " % i * 5000
        with connect(7003) as c:
            c.sendall(text)
            c.shutdown(socket.SHUT_WR)
            return rest(c) == text
    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        assert all(pool.map(one, range(200)))


def datagrams():
    one = socket.socket(FAMILY, socket.SOCK_DGRAM)
    one.settimeout(5)
    for length in 0, 1, 1472, 1473, 9000, 60000:
        text = os.urandom(length)
        one.sendto(text, (OUTSIDE, 7005))
        data, peer = one.recvfrom(65535)
        assert (data, peer[:2]) == (text, (OUTSIDE, 7005)), length
    one.sendto(b"another", (ANOTHER, 7005))
    data, peer = one.recvfrom(65535)
    assert (data, peer[:2]) == (b"another", (ANOTHER, 7005))


def many_datagrams():
    """More flows than the gateway keeps: the oldest make room, and what is asked now is answered."""
    one = socket.socket(FAMILY, socket.SOCK_DGRAM)
    for port in range(20000, 25000):
        one.sendto(b"anybody?", (SILENT, port))
    asks = [socket.socket(FAMILY, socket.SOCK_DGRAM) for _ in range(20)]
    for number, ask in enumerate(asks):
        ask.settimeout(5)
        ask.sendto(b"%d" % number, (OUTSIDE, 7005))
    for number, ask in enumerate(asks):
        assert ask.recv(100) == b"%d" % number


def datagram_refused():
    one = socket.socket(FAMILY, socket.SOCK_DGRAM)
    one.settimeout(5)
    one.connect((OUTSIDE, 7999))
    one.send(b"anybody?")
    try:
        assert one.recv(100) == b""  # a native recv sees an error as an empty datagram, SO_ERROR what it was
        assert one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED
    except ConnectionRefusedError:
        pass


def names():
    """One line for each name: its address."""
    for name in sys.argv[2:]:
        print(socket.getaddrinfo(name, 80, FAMILY, socket.SOCK_STREAM)[0][4][0])


def flood():
    """Sends until it is killed."""
    one = connect(7004)
    one.sendall(PAGE[:65536])
    print("sending", flush=True)
    while True:
        one.sendall(PAGE[:65536])


def peers():
    """A server of one family that says whom it sees."""
    listener = socket.socket(FAMILY)
    if V6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind(("::" if V6 else "0.0.0.0", 80))
    listener.listen()
    while True:
        connection, peer = listener.accept()
        with connection:
            connection.sendall(peer[0].encode() + b"\n")


globals()[sys.argv[1]]()
