# What a program that sends urgent data hears: an error, and what stands around it comes.
import errno, socket


def out(call, *arguments):
    try:
        return call(*arguments)
    except OSError as error:
        return "EOPNOTSUPP" if error.errno == errno.EOPNOTSUPP else errno.errorcode[error.errno]


OOB = socket.MSG_OOB
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
client.sendall(b"before ")
print("stream", out(client.send, b"u", OOB), out(client.sendmsg, [b"u"], [], OOB), out(server.recv, 1, OOB))
client.sendall(b"behind")
client.close()
text = b""
while octets := server.recv(99):
    text += octets
print(text.decode())
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(("127.0.0.1", 0))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print("datagram", out(sender.sendto, b"u", OOB, receiver.getsockname()), out(sender.sendmsg, [b"u"], [], OOB, receiver.getsockname()))
sender.connect(receiver.getsockname())
print("connected", out(sender.send, b"u", OOB), out(sender.sendmsg, [b"u"], [], OOB), sender.send(b"plain"), receiver.recv(99).decode())
