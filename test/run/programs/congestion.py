# TCP_CONGESTION by name: what is in force is told, another is chosen, one that is not there is refused, and what a
# listener chose is what its connections have.
import errno, socket

def name_of(s):
    return s.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0").decode()

def choose(s, name):
    try:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, name)
        return "ok"
    except OSError as error:
        return errno.errorcode[error.errno]

s = socket.socket()
print("at first", name_of(s))
print("vegas", choose(s, b"vegas"), name_of(s))
print("reno", choose(s, b"reno"), name_of(s))
print("cubic with NUL", choose(s, b"cubic\0"), name_of(s))
print("cubi", choose(s, b"cubi"), "cubicx", choose(s, b"cubicx"), "empty", choose(s, b""))
print("reno", choose(s, b"reno"), name_of(s))
print("length", len(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 100)))
try: # a failed connect keeps what was chosen
    s.connect(("127.0.0.1", 1))
except OSError as error:
    print("connect", errno.errorcode[error.errno], name_of(s))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print("datagrams", choose(u, b"reno"))
l = socket.socket()
choose(l, b"reno")
l.bind(("127.0.0.1", 0))
l.listen()
c = socket.create_connection(l.getsockname())
a, _ = l.accept()
print("accepted", name_of(a), "other end", name_of(c))
c.sendall(b"x")
print("in use", choose(c, b"reno"), name_of(c))
