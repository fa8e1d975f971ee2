# What programs are told of errors about their datagrams when they ask for it (IP_RECVERR, IPV6_RECVERR, MSG_ERRQUEUE).
import errno
import select
import socket
import struct

RECVERR = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}


def name(number):
    return errno.errorcode.get(number, number)


def report(s, flags=0):
    try:
        data, control, flags, peer = s.recvmsg(100, 500, socket.MSG_ERRQUEUE | flags)
    except OSError as error:
        return "nothing: " + name(error.errno)
    told = []
    for level, kind, value in control:
        number, origin, type_, code, pad, info, more = struct.unpack("=I4B2I", value[:16])
        family = struct.unpack("=H", value[16:18])[0]
        where = value[20:24] if family == socket.AF_INET else value[24:40]
        offender = "nobody" if family == 0 else socket.inet_ntop(family, where)
        told.append(f"level {level} kind {kind}: {name(number)} origin {origin} type {type_} code {code} info {info} by {offender}")
    return f"{data} to {peer[:2]} flags {flags & ~socket.MSG_CTRUNC:#x} {told}"


def received(s):
    try:
        return s.recvfrom(100, socket.MSG_DONTWAIT)
    except OSError as error:
        return name(error.errno)


for family, to in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET6, "::ffff:127.0.0.1")):
    for asks in True, False:
        for connects in False, True:
            s = socket.socket(family, socket.SOCK_DGRAM)
            print(f"{to} asks {asks} connects {connects}")
            if asks:
                s.setsockopt(*RECVERR[family], 1)
                if to.startswith("::f"):
                    s.setsockopt(*RECVERR[socket.AF_INET], 1)
            print("at first", report(s))
            if connects:
                s.connect((to, 9))
            for text in b"one", b"two":
                s.sendall(text) if connects else s.sendto(text, (to, 9))
                select.select([s], [], [], 5 if asks or connects else 0.2)
                if text == b"one":
                    print("receive", received(s))
                print("report", report(s))
                print("again", report(s), received(s))
            s.close()
