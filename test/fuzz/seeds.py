#!/usr/bin/env python3
"""Writes what the fuzzers begin with into folders <name>_fuzz below the folder given: for stack_fuzz whole
conversations in its language of acts (see stack_fuzz.c), from which it wanders off."""
import os
import sys

FIN, SYN, ACK, URG = 1, 2, 16, 32
PLAIN, GATEWAY, OFFLOAD, SMALL, LITTLE, HOLD, ROUTER, IPV6 = 0, 1, 2, 4, 16, 32, 64, 128


def number(value, octets=2):
    return (value % (1 << 8 * octets)).to_bytes(octets, "big")


def dialogue(talk=0):
    return bytes([2 | talk << 4])


def honest(length=0, talk=0):
    return bytes([3 | talk << 4]) + number(length)


def fin(talk=0):
    return bytes([12 | talk << 4])


def segment(flags, talk=0, ahead=0, acked=0, length=0, urgent=None, options=b"\4"):
    numbers = (2 if ahead else 0) | (8 if acked else 0) | 64 | (32 if urgent is not None else 0)
    octets = bytes([4, talk, numbers, flags])
    octets += number(ahead) if ahead else b""
    octets += number(acked) if acked else b""
    octets += bytes([urgent]) if urgent is not None else b""
    return octets + number(length) + options


def call(choice, fd=0, rest=b""):
    return bytes([13, choice, fd]) + rest


def connect(port=7):
    return call(0, 0, bytes([port]))


def to_itself():
    return call(0x10)


def send(length, fd=2):
    return call(3, fd, number(length))


def receive(fd=2, length=3000):
    return call(5, fd, number(length))


def shutdown(how=1, fd=2):
    return call(7 | how << 4, fd)


def close(fd=2):
    return call(8, fd)


def deadline(times=1):
    return bytes([9]) * times


def icmp(choice, value=0):
    return bytes([7, choice]) + number(value)


def fragment(offset, more, length, number_of=7):
    header = bytes([0x45, 0]) + number(20 + length) + number(number_of) + number(offset // 8 | more << 13)
    header += bytes([64, 17, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1])
    frame = bytes(13) + b"\0" + header + bytes(length)
    return b"\1" + number(len(frame)) + frame


def crossing(choice, shape=0, ttl=64, protocol=17, length=100, rest=b""):
    host, gso = rest[:1] if choice & 16 else b"", b"\x64" if choice & 128 else b""
    return bytes([14, choice, shape, ttl]) + host + bytes([protocol]) + number(length) + bytes(8 * (shape & 3)) + gso


def frame6(next_header, payload, to=b"\xfd" + bytes(14) + b"\1"):
    header = b"\x60\0\0\0" + number(len(payload)) + bytes([next_header, 64])
    frame = bytes(12) + b"\x86\xdd" + header + b"\xfd" + bytes(14) + b"\2" + to + payload
    return b"\1" + number(len(frame)) + frame


TALKS = {
    "they-close-first": (PLAIN, [dialogue(), honest(1000), receive(), send(500), honest(), fin(), receive(), close(),
                                 honest(), deadline(3)]),
    "we-close-first": (PLAIN, [dialogue(1), send(5000), honest(), honest(), shutdown(), honest(), fin(), segment(SYN),
                               deadline(2), close(), segment(ACK), deadline(4)]),
    "both-close": (PLAIN, [dialogue(), shutdown(), segment(FIN | ACK, acked=-1), honest(), deadline(2)]),
    "three-duplicates": (PLAIN, [dialogue(), send(60000), honest()] + [segment(ACK)] * 6 +
                         [honest(), honest(), honest(), deadline(2), honest()]),
    "silence": (PLAIN, [dialogue(1), send(3000), deadline(30), honest(), deadline(3)]),
    "holes": (PLAIN, [dialogue(1), segment(ACK, ahead=2000, length=500), segment(ACK, ahead=1000, length=500),
                      segment(ACK, ahead=900, length=800), honest(1400), honest(), receive(), honest(1400)]),
    "urgent": (PLAIN, [dialogue(), segment(ACK | URG, length=100, urgent=50), call(0x16, 2), receive(),
                       call(0x14, 2, b"\x20"), honest()]),
    "closed-window": (PLAIN, [dialogue(), bytes([4, 0, 16, ACK, 0, 0, 4]), send(2000), deadline(8), honest()]),
    "full-buffer": (LITTLE, [dialogue()] + [honest(1460)] * 30 + [receive(length=40000)] * 3 + [honest(1460)] * 3),
    "we-call": (PLAIN, [connect(), segment(SYN | ACK, options=b"\x0f\x05\xb4\x02"), send(2000, 1), honest(),
                        honest(300), receive(1), close(2), fin(), deadline(3)]),
    "both-call": (PLAIN, [connect(), segment(SYN, options=b"\x07\x05\xb4\x02"), segment(SYN | ACK), honest(900)]),
    "refused": (PLAIN, [connect(), segment(4 | ACK), connect(9), icmp(0x10), deadline(9)]),
    "to-itself": (PLAIN, [to_itself(), call(1), send(30000), receive(3), send(30000, 3), receive(), close(),
                          receive(3), close(3), deadline(6)]),
    "smaller-path": (OFFLOAD, [dialogue(), send(20000), honest(), icmp(0x18, 600), honest(), icmp(0x18, 100),
                               deadline(3), honest()]),
    "held": (HOLD, [dialogue(), call(13, 0, b"\0"), honest(), call(1), honest(500), dialogue(1), call(13, 0, b"\1"),
                    dialogue(2), call(13, 0, b"\2"), deadline(5)]),
    "cookies": (GATEWAY | OFFLOAD, [dialogue(), honest(500), receive(), send(900), honest(), dialogue(1), segment(ACK, acked=-1),
                                    dialogue(2), fin(), deadline(3)]),
    "small-frames": (SMALL, [dialogue(), send(3000)] + [honest()] * 9 + [call(12, 1, number(900)), deadline(3)]),
    "fragments": (GATEWAY, [fragment(0, 1, 800), fragment(800, 1, 800), fragment(1600, 0, 100), fragment(0, 1, 80, 8),
                            fragment(40, 0, 80, 8), fragment(0, 1, 160, 9), deadline(4)]),
    "options": (PLAIN, [dialogue()] + [call(9, 2, bytes([i, 1])) for i in range(40)] + [call(11, 2), honest(100),
                        send(900), honest(), deadline(9)]),
    "through": (ROUTER, [crossing(family | layer << 1, length=n) for family in (0, 1) for layer in range(4)
                         for n in (0, 100, 1240, 1500, 2800)] + [deadline(2)]),
    "through-undone": (ROUTER | OFFLOAD, [crossing(192 | family | 2, length=2800) for family in (0, 1)] + [deadline(2)]),
    "through-cut": (ROUTER, [crossing(192 | family | 2, length=2800) for family in (0, 1)] + [crossing(64 | 5, 1)]),
    "through-to-nobody": (ROUTER, [crossing(16 | family | 4, rest=b"\x4d") for family in (0, 1)] + [deadline(12)]),
    "through-no-more": (ROUTER, [crossing(family | 4, ttl=hops) for family in (0, 1) for hops in (0, 1, 2)]),
    "ipv6": (IPV6, [dialogue(), honest(1000), receive(), send(5000), honest(), icmp(0x18, 1300), honest(), fin(), receive(),
                    close(), deadline(3), bytes([8, 1, 5]) + b"hello", icmp(4, 3) + b"\3abc"]),
    "ipv6-neighbours": (IPV6, [frame6(58, bytes([135]) + bytes(7) + b"\xfd" + bytes(14) + b"\1" + b"\1\1" + bytes(6)),
                               frame6(58, bytes([134]) + bytes(15), b"\xff\2" + bytes(13) + b"\1"),
                               frame6(44, b"\x11\0\0\1\0\0\0\1" + bytes(64)), frame6(0, b"\x11\0\1\4" + bytes(20))]),
    "strangers": (GATEWAY, [bytes([8, 1, 5]) + b"hello", bytes([8, 0, 9, 9, 3]) + b"abc", icmp(0), call(12, 1, number(99)),
                            icmp(8), icmp(4, 3) + b"\3abc", call(14, 0, number(64))]),
}


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    folder = os.path.join(sys.argv[1], "stack_fuzz")
    os.makedirs(folder, exist_ok=True)
    for name, (choice, acts) in TALKS.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(bytes([choice]) + b"".join(acts))


main()
