"""Groups and their sources by every option there is, each with what came of it; what is sent to a group comes back to its
members on this host, if they hear the sender. Nothing is said that differs from host to host."""
import errno
import fcntl
import socket
import struct
import termios
import time

PORT = 5000
IP_UNBLOCK_SOURCE, IP_BLOCK_SOURCE, IP_ADD_SOURCE, IP_DROP_SOURCE = 37, 38, 39, 40
MCAST_JOIN, MCAST_BLOCK, MCAST_UNBLOCK, MCAST_LEAVE, MCAST_JOIN_SOURCE, MCAST_LEAVE_SOURCE = range(42, 48)


def said(what, call):
    try:
        call()
        print(what, "ok")
    except OSError as error:
        print(what, errno.errorcode[error.errno])


def storage(family, address):
    if family == socket.AF_INET:
        body = struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(address))
    else:
        body = struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, socket.inet_pton(socket.AF_INET6, address), 0)
    return body.ljust(128, b"\0")


def both(family, group, source=None):
    return struct.pack("=I4x", 0) + storage(family, group) + (storage(family, source) if source else b"")


class Round:
    def __init__(self, family, group):
        self.family, self.group = family, group
        self.level = socket.IPPROTO_IP if family == socket.AF_INET else socket.IPPROTO_IPV6
        self.member = socket.socket(family, socket.SOCK_DGRAM)
        self.member.bind(("", PORT))
        self.sender = socket.socket(family, socket.SOCK_DGRAM)
        self.sender.connect((group, PORT))
        self.own = self.sender.getsockname()[0]
        self.end = socket.socket(family, socket.SOCK_DGRAM)
        self.other = "10.9.9.9" if family == socket.AF_INET else "fd99::9"

    def option(self, what, name, value):
        said(f"{what}:", lambda: self.member.setsockopt(self.level, name, value))

    def source(self, what, name, source):
        self.option(f"{what} {'own' if source == self.own else 'other'}", name, both(self.family, self.group, source))

    def heard(self):
        self.sender.send(b"word")
        while struct.unpack("i", fcntl.ioctl(self.sender, termios.TIOCOUTQ, bytes(4)))[0]:
            time.sleep(0.001)  # until it is on its way
        self.end.sendto(b"nothing", (self.own, PORT))  # to oneself nothing is overtaken
        print("  heard", first := self.member.recv(100).decode())
        if first == "word":
            self.member.recv(100)


def by_both(family, group):
    r = Round(family, group)
    print("group", group)
    r.source("leave source", MCAST_LEAVE_SOURCE, r.own)
    r.source("block", MCAST_BLOCK, r.own)
    r.source("join source", MCAST_JOIN_SOURCE, r.other)
    r.heard()
    r.source("join source", MCAST_JOIN_SOURCE, r.own)
    r.heard()
    r.source("join source", MCAST_JOIN_SOURCE, r.own)
    r.source("leave source", MCAST_LEAVE_SOURCE, r.own)
    r.heard()
    r.option("leave", MCAST_LEAVE, both(family, group))
    r.option("leave", MCAST_LEAVE, both(family, group))
    r.option("join", MCAST_JOIN, both(family, group))
    r.option("join", MCAST_JOIN, both(family, group))
    r.heard()
    r.source("block", MCAST_BLOCK, r.own)
    r.heard()
    r.source("block", MCAST_BLOCK, r.own)
    r.source("unblock", MCAST_UNBLOCK, r.own)
    r.heard()
    r.source("unblock", MCAST_UNBLOCK, r.other)
    r.option("too short", MCAST_JOIN_SOURCE, b"1234")


def by_ipv4(group):
    r = Round(socket.AF_INET, group)
    one = lambda source: socket.inet_aton(group) + socket.inet_aton("0.0.0.0") + socket.inet_aton(source)
    print("group", group)
    r.option("add other", IP_ADD_SOURCE, one(r.other))
    r.heard()
    r.option("add own", IP_ADD_SOURCE, one(r.own))
    r.heard()
    r.option("drop own", IP_DROP_SOURCE, one(r.own))
    r.heard()
    r.option("drop other", IP_DROP_SOURCE, one(r.other))
    r.option("add all", socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton("0.0.0.0"))
    r.option("block own", IP_BLOCK_SOURCE, one(r.own))
    r.heard()
    r.option("unblock own", IP_UNBLOCK_SOURCE, one(r.own))
    r.heard()
    r.option("no group", IP_ADD_SOURCE, socket.inet_aton("10.1.1.1") + one(r.own)[4:])


by_both(socket.AF_INET, "239.1.1.1")
by_ipv4("239.1.1.2")
by_both(socket.AF_INET6, "ff15::1")
