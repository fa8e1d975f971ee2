"""What stands outside in the gateway's test: TCP and UDP services on all addresses, a name server on two.

7001 reads to the end, then says the digest; 7002 sends 8 MB; 7003 echoes; 7004 reads and says how it ended on standard
output; 7005 echoes datagrams. The name server at ADDRESS says that every name is at 10.77.1.N and fd77:1::N, N the last
number of its own address, and for names that begin with "big" only over TCP. All of it over IPv6, too."""
import hashlib
import socket
import struct
import sys
import threading

PAGE = hashlib.shake_256(b"baro").digest(8000000)


def digest(connection):
    sum = hashlib.sha256()
    while part := connection.recv(65536):
        sum.update(part)
    connection.sendall(sum.hexdigest().encode())


def page(connection):
    connection.sendall(PAGE)


def echo(connection):
    while part := connection.recv(65536):
        connection.sendall(part)


def listen(connection):
    octets = 0
    try:
        while part := connection.recv(65536):
            octets += len(part)
        print("ended", octets, flush=True)
    except ConnectionResetError:
        print("reset", octets, flush=True)


def tell(octets, connection):
    data = b""
    while len(data) < octets:
        part = connection.recv(octets - len(data))
        if not part:
            return b""
        data += part
    return data


def answer(query, last, tcp):
    end = query.index(0, 12) + 5
    question = query[12:end]
    if question[1:4] == b"big" and not tcp:
        return query[:2] + struct.pack(">HHHHH", 0x8380, 1, 0, 0, 0) + question
    found = {1: bytes((10, 77, 1, last)), 28: socket.inet_pton(socket.AF_INET6, "fd77:1::%d" % last)}
    kind = struct.unpack(">H", question[-4:-2])[0]
    reply = query[:2] + struct.pack(">HHHHH", 0x8180, 1, int(kind in found), 0, 0) + question
    if kind in found:
        reply += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(found[kind])) + found[kind]
    return reply


def names_tcp(last):
    def serve(connection):
        while length := tell(2, connection):
            reply = answer(tell(struct.unpack(">H", length)[0], connection), last, True)
            connection.sendall(struct.pack(">H", len(reply)) + reply)
    return serve


def make(address, kind):
    if ":" not in address:
        return socket.socket(socket.AF_INET, kind)
    one = socket.socket(socket.AF_INET6, kind)
    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return one


def tcp(address, port, serve):
    listener = make(address, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(512)

    def one(connection):
        with connection:
            try:
                serve(connection)
            except OSError:
                pass

    def run():
        while True:
            threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()
    threading.Thread(target=run, daemon=True).start()


def udp(address, port, reply):
    one = make(address, socket.SOCK_DGRAM)
    one.bind((address, port))

    def run():
        while True:
            data, peer = one.recvfrom(65535)
            one.sendto(reply(data), peer)
    threading.Thread(target=run, daemon=True).start()


own = ["10.77.0.1", "10.77.0.2"]  # each answers datagrams from the address it was asked at
every = ["0.0.0.0"]
if any(":" in address for address in sys.argv[1:]):
    own += ["fd77::1", "fd77::2"]
    every += ["::"]
for number, serve in (7001, digest), (7002, page), (7003, echo), (7004, listen):
    for address in every:
        tcp(address, number, serve)
for address in own:
    udp(address, 7005, lambda data: data)
for address in sys.argv[1:]:
    last = int(address.replace(":", ".").split(".")[-1])
    tcp(address, 53, names_tcp(last))
    udp(address, 53, lambda data, last=last: answer(data, last, False))
print("ready", flush=True)
threading.Event().wait()
