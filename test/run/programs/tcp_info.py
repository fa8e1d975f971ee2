# What TCP_INFO says of a quiet dialogue over the loopback: the lines that do not depend on how a stack cuts its segments.
import socket, struct, time

ONE = "state ca_state retransmits probes backoff options wscale app_limited"
FOUR = ("rto ato snd_mss rcv_mss unacked sacked lost retrans fackets last_data_sent last_ack_sent last_data_recv last_ack_recv pmtu "
        "rcv_ssthresh rtt rttvar snd_ssthresh snd_cwnd advmss reordering rcv_rtt rcv_space total_retrans")
REST = [("Q", "pacing_rate max_pacing_rate bytes_acked bytes_received"),
        ("I", "segs_out segs_in notsent_bytes min_rtt data_segs_in data_segs_out"),
        ("Q", "delivery_rate busy_time rwnd_limited sndbuf_limited"), ("I", "delivered delivered_ce"),
        ("Q", "bytes_sent bytes_retrans"), ("I", "dsack_dups reord_seen rcv_ooopack snd_wnd")]


def info(s):
    data, at, told = s.getsockopt(6, 11, 256), 0, {}
    for kind, names in [("B", ONE), ("I", FOUR)] + REST:
        for name in names.split():
            size = struct.calcsize(kind)
            told[name] = struct.unpack_from(kind, data, at)[0]
            at += size
    assert len(data) >= at
    return told


def show(what, told):
    same = ["state", "ca_state", "retransmits", "probes", "backoff", "unacked", "sacked", "lost", "retrans", "fackets", "total_retrans",
            "notsent_bytes", "bytes_received", "bytes_sent", "bytes_retrans", "dsack_dups", "reord_seen", "rcv_ooopack",
            "snd_ssthresh", "reordering", "delivered_ce"]
    print(what, *("%s=%d" % (name, told[name]) for name in same))
    print(what, "options=%d" % (told["options"] & 7))
    # A SYN counts for Linux' bytes_acked, and the round trip is what it is.
    sane = {"bytes_acked": told["bytes_acked"] - told["bytes_sent"] in (0, 1), "rtt": 0 < told["rtt"] < 10**6, "rttvar": told["rttvar"] < 10**6,
            "min_rtt": told["min_rtt"] <= told["rtt"] + told["rttvar"], "rto": 200000 <= told["rto"] < 10**7, "cwnd": told["snd_cwnd"] >= 2,
            "mss": 500 < told["snd_mss"] <= told["pmtu"] - 40, "advmss": told["advmss"] >= told["snd_mss"], "segs": told["segs_in"] > 0 < told["segs_out"],
            "data_segs": told["data_segs_out"] <= told["segs_out"] and told["data_segs_in"] <= told["segs_in"], "snd_wnd": told["snd_wnd"] > 1000,
            "delivered": told["delivered"] > 0, "ato": told["ato"] <= 500000, "rcv_ssthresh": told["rcv_ssthresh"] > 1000}
    print(what, *(name for name, good in sane.items() if not good), "sane")


listener = socket.create_server(("127.0.0.1", 0))
told = info(listener)
print("listening", told["state"], told["unacked"], told["sacked"] > 0)
client = socket.create_connection(listener.getsockname())
while info(listener)["unacked"] == 0: # the connection waits in the queue
    time.sleep(0.01)
print("queued", info(listener)["unacked"])
server, _ = listener.accept()
print("fresh", info(socket.socket())["state"])


def all_read(s, count):
    while count:
        count -= len(s.recv(count))


for turn in range(20):
    client.sendall(b"x" * 5000)
    all_read(server, 5000)
    server.sendall(b"y" * 300)
    all_read(client, 300)
for patience in range(200): # until the last ACK has come
    if info(server)["unacked"] == 0 and info(client)["unacked"] == 0:
        break
    time.sleep(0.01)
show("client", info(client))
show("server", info(server))
time.sleep(0.3)
told = info(client)
print("ago", told["last_data_sent"] >= 250, told["last_data_recv"] >= 250, told["last_ack_recv"] >= 200, told["last_data_sent"] < 60000)
server.shutdown(socket.SHUT_WR)
assert client.recv(1) == b""
print("half", info(client)["state"])
for patience in range(200):
    if info(server)["state"] == 5:
        break
    time.sleep(0.01)
print("closed half", info(server)["state"])
