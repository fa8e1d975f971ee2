# A non-blocking connect that fails, and the same descriptor connected after that; the kernel's answers are the measure.
import errno, select, socket, sys
n = socket.socket()
n.setblocking(False)
names = lambda e: errno.errorcode.get(e, e)
def events(wait=3000):
    p = select.poll(); p.register(n, select.POLLIN | select.POLLOUT | select.POLLRDHUP)
    return p.poll(wait)[0][1]
print(names(n.connect_ex((sys.argv[1], 1))), hex(events()), names(n.getsockopt(1, 4)), n.getsockopt(1, 4))
print(names(n.connect_ex((sys.argv[1], int(sys.argv[2])))), end=" ")
print(names(n.connect_ex((sys.argv[1], int(sys.argv[2])))), hex(events()), n.getsockopt(1, 4), n.getblocking())
n.setblocking(True)
n.sendall(b"GET /nothing HTTP/1.0\r\n\r\n")
print(n.makefile("rb").readline().split()[1])
