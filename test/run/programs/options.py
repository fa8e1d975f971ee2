# Socket options as programs of today set them: one line for what each call said.
import errno, socket, struct

S, IP, IP6, TCP = socket.SOL_SOCKET, 0, 41, 6
i = lambda *numbers: struct.pack("%di" % len(numbers), *numbers)
TIME = lambda s, us: struct.pack("ll", s, us)


def said(call, *arguments):
    try:
        result = call(*arguments)
        return "ok" if result is None else result
    except OSError as error:
        return errno.errorcode[error.errno]


def get(s, level, name, room=4):
    value = said(s.getsockopt, level, name, room)
    if isinstance(value, str):
        return value
    return struct.unpack("i", value)[0] if len(value) == room == 4 else value.hex()


def line(what, s, level, name, *values, room=4):
    # What is written "=" is not looked at: it is another on each system.
    out = [get(s, level, name, room)] if values[:1] != ("=",) else []
    for value in values:
        if value != "=":
            out.append(said(s.setsockopt, level, name, value if isinstance(value, bytes) else i(value)))
            out.append(get(s, level, name, room))
    print(what, *out)


NAMES = [
    # what, level, name, values
    ("SO_TYPE", S, 3, 1), ("SO_DOMAIN", S, 39, 1), ("SO_PROTOCOL", S, 38, 1), ("SO_ACCEPTCONN", S, 30, 1),
    ("SO_ERROR", S, 4, 1), ("SO_REUSEADDR", S, 2, 1, 7, 0), ("SO_REUSEPORT", S, 15, 1, 0), ("SO_BROADCAST", S, 6, 1),
    ("SO_KEEPALIVE", S, 9, 1, 0), ("SO_OOBINLINE", S, 10, 1, 0), ("SO_DONTROUTE", S, 5, 1, 0),
    ("SO_RCVLOWAT", S, 18, 100, 1, 0), ("SO_SNDLOWAT", S, 19, 5), ("SO_PRIORITY", S, 12, 3, 0),
    ("SO_TIMESTAMP", S, 29, 1, 0), ("SO_TIMESTAMPNS", S, 35, 1, 0), 
    ("SO_NO_CHECK", S, 11, 1, 0), ("SO_BUSY_POLL", S, 46), ("SO_INCOMING_CPU_set", S, 49),
    ("SO_SNDBUF", S, 7, "=", 10000, 1), ("SO_RCVBUF", S, 8, "=", 10000, 1), ("unknown", S, 999, 1), ("unknown", 77, 1, 1),
    ("IP_TOS", IP, 1, 0x10, 0xff, 0), ("IP_TTL", IP, 2, 17, 0, 256, -1), ("IP_MTU_DISCOVER", IP, 10, 2, 0, 3, 6, 1),
    ("IP_RECVERR", IP, 11, 1, 0), ("IP_RECVTTL", IP, 12, 1, 0), ("IP_RECVTOS", IP, 13, 1, 0), ("IP_PKTINFO", IP, 8, 1, 0),
    ("IP_FREEBIND", IP, 15, 1, 0), ("IP_BIND_ADDRESS_NO_PORT", IP, 24, 1, 0), ("IP_MTU", IP, 14, 1),
    ("IP_unknown", IP, 45, 1),
]
STREAM = [
    ("TCP_NODELAY", TCP, 1, 1, 5, 0), ("TCP_MAXSEG", TCP, 2, 1000, 87, 40000, 0), ("TCP_CORK", TCP, 3, 1, 0),
    ("TCP_KEEPIDLE", TCP, 4, 10, 0, 32767, 32768, -1), ("TCP_KEEPINTVL", TCP, 5, 10, 0, 32767, 32768),
    ("TCP_KEEPCNT", TCP, 6, 5, 0, 127, 128), ("TCP_SYNCNT", TCP, 7, "=", 3, 0, 127, 128),
    ("TCP_LINGER2", TCP, 8, 10, 120, 121, 0, -5), ("TCP_DEFER_ACCEPT", TCP, 9, 1, 5, 30, 10000, 0, -1),
    ("TCP_WINDOW_CLAMP", TCP, 10, 5000, 10, 0), ("TCP_QUICKACK", TCP, 12, 0, 1), ("TCP_USER_TIMEOUT", TCP, 18, 5000, -1, 0),
    ("TCP_FASTOPEN", TCP, 23, 5), ("TCP_NOTSENT_LOWAT", TCP, 25, 16384, -1, 0), ("TCP_FASTOPEN_CONNECT", TCP, 30),
    ("TCP_THIN_LINEAR_TIMEOUTS", TCP, 16, 1, 2, 0), ("TCP_INQ", TCP, 36),
    ("TCP_SAVE_SYN", TCP, 27), ("TCP_unknown", TCP, 99, 1),
]


def all_of(what, s, names):
    for name, level, number, *values in names:
        line("%s %s" % (what, name), s, level, number, *values)


def others(what, s):
    line(what + " SO_LINGER", s, S, 13, i(1, 5), i(1), i(0, 9), i(7, 0), room=8)
    line(what + " SO_RCVTIMEO", s, S, 20, TIME(1, 500000), TIME(1, 1000000), TIME(-1, 0), TIME(0, 0), i(1), room=16)
    line(what + " SO_SNDTIMEO", s, S, 21, TIME(0, 250000), TIME(0, 0), room=16)
    line(what + " short", s, S, 2, b"x", b"")
    line(what + " SO_RCVBUF short", s, S, 8, b"xx")
    line(what + " IP_TTL octet", s, IP, 2, b"\x09", b"", b"\x40\0\0\0")
    line(what + " IP_TTL room 1", s, IP, 2, room=1)
    line(what + " SO_MAX_PACING_RATE", s, S, 47, struct.pack("Q", 1000000), struct.pack("I", 50000), struct.pack("Q", 2**64 - 1), room=8)


tcp = socket.socket()
all_of("tcp", tcp, NAMES + STREAM)
others("tcp", tcp)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
all_of("udp", udp, NAMES + STREAM[:2])
others("udp", udp)
six = socket.socket(socket.AF_INET6)
for what, number, *values in [("TCLASS", 67, 0x2b, -1, 256), ("HOPS", 16, 9, -1, 0), ("V6ONLY", 26, 1, 0), ("RECVERR", 25, 1, 0),
                              ("MTU_DISCOVER", 23, 2, 1), ("unknown", 250, 1)]:
    line("tcp6 IPV6_" + what, six, IP6, number, *values)
line("tcp IPV6_TCLASS", tcp, IP6, 67, 1)

# What connections have from their listener, whenever it was told, and what can be set when.
listener = socket.socket()
listener.setsockopt(S, 2, 1)
inherited = [("TCP_NODELAY", TCP, 1, 1), ("TCP_KEEPIDLE", TCP, 4, 77), ("TCP_KEEPINTVL", TCP, 5, 7), ("TCP_KEEPCNT", TCP, 6, 3),
             ("TCP_LINGER2", TCP, 8, 11), ("TCP_USER_TIMEOUT", TCP, 18, 4321), ("TCP_NOTSENT_LOWAT", TCP, 25, 9999),
             ("TCP_WINDOW_CLAMP", TCP, 10, 20000), ("TCP_SYNCNT", TCP, 7, 2), ("SO_KEEPALIVE", S, 9, 1), ("IP_TOS", IP, 1, 0x20),
             ("IP_TTL", IP, 2, 33), ("SO_RCVLOWAT", S, 18, 3), ("SO_SNDBUF", S, 7, 30000), ("SO_RCVBUF", S, 8, 40000),
             ("SO_OOBINLINE", S, 10, 1), ("IP_RECVERR", IP, 11, 1), ("IP_MTU_DISCOVER", IP, 10, 2)]
for name, level, number, value in inherited[:9]:
    listener.setsockopt(level, number, value)
listener.bind(("127.0.0.1", 0))
listener.listen(5)
for name, level, number, value in inherited[9:]:
    listener.setsockopt(level, number, value)
listener.setsockopt(S, 13, i(1, 6))
line("listener SO_ACCEPTCONN", listener, S, 30)
line("listener TCP_DEFER_ACCEPT", listener, TCP, 9, 3, 0)
line("listener TCP_FASTOPEN", listener, TCP, 23, 5, 0)
line("listener TCP_MAXSEG", listener, TCP, 2)
client = socket.create_connection(listener.getsockname())
server, peer = listener.accept()
for name, level, number, value in inherited:
    line("accepted " + name, server, level, number)
line("accepted SO_LINGER", server, S, 13, room=8)
line("accepted SO_REUSEADDR", server, S, 2)
line("accepted SO_ACCEPTCONN", server, S, 30)
for what, s in ("connected", client), ("accepted", server):
    print(what, "TCP_WINDOW_CLAMP", said(s.setsockopt, TCP, 10, 0))
    print(what, "TCP_FASTOPEN", said(s.setsockopt, TCP, 23, 5))
    line(what + " TCP_SYNCNT", s, TCP, 7, "=", 4)
    line(what + " TCP_DEFER_ACCEPT", s, TCP, 9, 1, 0)
    line(what + " TCP_QUICKACK", s, TCP, 12, 1)
    line(what + " TCP_CORK", s, TCP, 3, 1, 0)
    print(what, "IP_MTU is there", s.getsockopt(IP, 14) > 1000)
    print(what, "MSG_ERRQUEUE", said(s.recv, 10, 0x2000), said(s.recvmsg, 10, 100, 0x2000))
    print(what, "nothing", said(s.recv, 10, socket.MSG_DONTWAIT), said(s.recv, 10, socket.MSG_DONTWAIT | socket.MSG_PEEK))
