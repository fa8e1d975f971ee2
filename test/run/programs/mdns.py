# mdns.py NAME TYPE [GROUP]: asks the group of multicast DNS for NAME's records as a program without a responder of its own
# does (RFC 6762 §6.7), and prints the answers and who gave them; "nobody" after three questions.
import socket
import struct
import sys

name, kind = sys.argv[1], {"A": 1, "AAAA": 28}[sys.argv[2]]
group = sys.argv[3] if len(sys.argv) > 3 else "224.0.0.251"
question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
query = struct.pack("!6H", 4711, 0, 1, 0, 0, 0) + question + struct.pack("!2H", kind, 1)
s = socket.socket(socket.AF_INET6 if ":" in group else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1.5)


def skip_name(data, at):
    while data[at] != 0:
        if data[at] >= 192:
            return at + 2
        at += 1 + data[at]
    return at + 1


def answers(data):
    questions, records = struct.unpack("!2H", data[4:8])
    at = 12
    for _ in range(questions):
        at = skip_name(data, at) + 4
    for _ in range(records):
        at = skip_name(data, at)
        found, length = struct.unpack("!H6xH", data[at:at + 10])
        if found == kind:
            yield socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, data[at + 10:at + 10 + length])
        at += 10 + length


for _ in range(3):
    s.sendto(query, (group, 5353))
    try:
        data, peer = s.recvfrom(9000)
    except socket.timeout:
        continue
    print(name, sorted(answers(data)), "from", peer[0])
    sys.exit()
print(name, "nobody")
