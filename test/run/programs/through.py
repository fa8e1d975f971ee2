# through.py V4 V6: what a program behind routers notices: hop limits that end on the way, the path's MTU, nobody there.
import errno
import socket
import sys

four, six = sys.argv[1:3]


def said(call):
    try:
        return call()
    except OSError as error:
        return errno.errorcode[error.errno]


def datagrams(family, to, hops=64):
    s = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)
        s.setsockopt(socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER, IP_PMTUDISC_DO
    else:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hops)
        s.setsockopt(socket.IPPROTO_IPV6, 23, 2)  # IPV6_MTU_DISCOVER
    s.connect((to, 9000))
    s.settimeout(20)
    return s


def asked(s, length):
    s.send(b"x" * length)
    return s.recvfrom(99)[0].decode()


for family, to in (socket.AF_INET, four), (socket.AF_INET6, six):
    for hops in 1, 2, 3:
        s = datagrams(family, to, hops)
        try:
            print(f"{hops} hops: {said(lambda: asked(s, 5))}")
        except socket.timeout:
            print(f"{hops} hops: silence")
    s = datagrams(family, to)
    level, mtu = (socket.IPPROTO_IP, 14) if family == socket.AF_INET else (socket.IPPROTO_IPV6, 24)
    print("mtu", s.getsockopt(level, mtu), end=" ")
    try:
        print(said(lambda: asked(s, 1400)), end=" ")
    except socket.timeout:
        print("silence", end=" ")
    print("mtu", s.getsockopt(level, mtu), said(lambda: asked(s, 1200)))

for to in "10.9.0.9", "10.3.0.9", "fd00:9::9", "fd00:3::9":
    s = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET)
    s.settimeout(20)
    print(to, said(lambda: s.connect((to, 80))))
