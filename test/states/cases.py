"""The eleven states as connections with numbers, the lines of a script that lead to each, and the segments that meet them.

The peer's first window is 10,000 octets, ours is WINDOW; a round trip takes 0.8 s, so that no retransmission timer ends
(RTO = SRTT + 4 * RTTVAR >= 2.4 s) before a case is over."""
from dataclasses import dataclass, replace

from rules import Connection, Segment

WINDOW = 16384          # of our SYN+ACK; the scripts check it
PEER_WINDOW = 10000
TEXT = 10


@dataclass(frozen=True)
class Start:
    name: str
    connection: Connection
    lines: str
    fd: int = 4             # of the connection
    nobody: bool = False    # no listener behind it
    later: str = ""         # time that passes before the case


def listening():
    return f"""0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   setsockopt(3, SOL_SOCKET, SO_RCVBUF, [{WINDOW}], 4) = 0
+0   bind(3, ..., ...) = 0
+0   listen(3, 1) = 0
"""


def called():
    return listening() + f"""+0   < S 0:0(0) win {PEER_WINDOW} <mss 1000>
+0   > S. 0:0(0) ack 1 win {WINDOW} <...>
"""


def established():
    return called() + f"""+.8  < . 1:1(0) ack 1 win {PEER_WINDOW}
+0   accept(3, ..., ...) = 4
"""


def calling():
    return f"""0    socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3
+0   setsockopt(3, SOL_SOCKET, SO_RCVBUF, [{WINDOW}], 4) = 0
+0   connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
+0   > S 0:0(0) win {WINDOW} <...>
"""


def text(ack):
    return f"""+0   write(4, ..., 2000) = 2000
+0   > . 1:1001(1000) ack {ack}
+0   > P. 1001:2001(1000) ack {ack}
"""


def fin(seq, ack):
    return f"""+0   shutdown(4, SHUT_WR) = 0
+0   > F. {seq}:{seq}(0) ack {ack}
"""


def peer_fin(seq, ack):
    return f"""+.01 < F. 1:1(0) ack {ack} win {PEER_WINDOW}
+0   > . {seq}:{seq}(0) ack 2
"""


def full(seq):
    """The receive buffer, to its last octet."""
    half = WINDOW // 2
    return f"""+.01 < . 1:{1 + half}({half}) ack 1 win {PEER_WINDOW}
+0~+.5 > . {seq}:{seq}(0) ack {1 + half} win {half}
+.01 < . {1 + half}:{1 + WINDOW}({half}) ack 1 win {PEER_WINDOW}
+0~+.5 > . {seq}:{seq}(0) ack {1 + WINDOW} win 0
"""


def starts():
    base = Connection("ESTABLISHED", True, 1, 2001, PEER_WINDOW, 1, WINDOW)
    ended = replace(base, rcv_nxt=2, rcv_wnd=WINDOW - 1)
    closed = dict(rcv_nxt=1 + WINDOW, rcv_wnd=0)
    received = replace(base, state="SYN-RECEIVED", una=0, nxt=1)
    rest = replace(base, state="FIN-WAIT-2", una=2, nxt=2, fin_sent=True)
    return [
        Start("CLOSED", Connection("CLOSED"), "", nobody=True),
        Start("LISTEN", Connection("LISTEN"), listening()),
        Start("SYN-SENT", Connection("SYN-SENT", False, 0, 1, 0, 0, WINDOW), calling(), 3, True),
        Start("SYN-RECEIVED", received, called()),
        Start("SYN-RECEIVED, both called", replace(received, passive=False), calling() +
              f"+.01 < S 0:0(0) win {PEER_WINDOW} <mss 1000>\n+0   > S. 0:0(0) ack 1 win {WINDOW} <...>\n", 3, True),
        Start("ESTABLISHED", base, established() + text(1)),
        Start("ESTABLISHED, timestamps", replace(base, stamps=True), established() + text(1)),
        Start("ESTABLISHED, window closed", replace(base, **closed), established() + text(1) + full(2001)),
        Start("FIN-WAIT-1", replace(base, state="FIN-WAIT-1", nxt=2002, fin_sent=True),
              established() + text(1) + fin(2001, 1)),
        Start("FIN-WAIT-1, window closed", replace(base, state="FIN-WAIT-1", nxt=2002, fin_sent=True, **closed),
              established() + text(1) + fin(2001, 1) + full(2002)),
        Start("FIN-WAIT-2", rest, established() + fin(1, 1) + f"+.01 < . 1:1(0) ack 2 win {PEER_WINDOW}\n"),
        Start("FIN-WAIT-2, window closed", replace(rest, **closed),
              established() + fin(1, 1) + f"+.01 < . 1:1(0) ack 2 win {PEER_WINDOW}\n" + full(2).replace("ack 1 ", "ack 2 ")),
        Start("CLOSE-WAIT", replace(ended, state="CLOSE-WAIT"), established() + peer_fin(1, 1) + text(2)),
        Start("CLOSING", replace(ended, state="CLOSING", nxt=2002, fin_sent=True),
              established() + text(1) + fin(2001, 1) + peer_fin(2002, 1)),
        Start("LAST-ACK", replace(ended, state="LAST-ACK", nxt=2002, fin_sent=True),
              established() + peer_fin(1, 1) + text(2) + fin(2001, 2)),
        Start("TIME-WAIT", replace(rest, state="TIME-WAIT", rcv_nxt=2, rcv_wnd=WINDOW - 1),
              established() + fin(1, 1) + peer_fin(2, 2), later="+30 wait\n"),
    ]


CONTENTS = {
    "nothing": (frozenset(), 0),
    "text": (frozenset(), TEXT),
    "FIN": (frozenset({"FIN"}), 0),
    "text, FIN": (frozenset({"FIN"}), TEXT),
    "text, URG": (frozenset({"URG"}), TEXT),
    "SYN": (frozenset({"SYN"}), 0),
    "SYN, text": (frozenset({"SYN"}), TEXT),
    "SYN, FIN": (frozenset({"SYN", "FIN"}), 0),
    "RST": (frozenset({"RST"}), 0),
    "RST, text": (frozenset({"RST"}), TEXT),
    "RST, SYN": (frozenset({"RST", "SYN"}), 0),
    "RST, FIN": (frozenset({"RST", "FIN"}), 0),
}


def places(c, length):
    """Names and first octets around the window, for a segment of this length."""
    if c.state in ("CLOSED", "LISTEN", "SYN-SENT"):
        return {"anywhere": 700, "0": 0}
    step = max(length, 1)
    found = {"far before": c.rcv_nxt - 100000, "ends at the left edge": c.rcv_nxt - step}
    if length > 1:
        found["across the left edge"] = c.rcv_nxt - length // 2
    found["RCV.NXT"] = c.rcv_nxt
    if c.rcv_wnd != 0:
        found["inside"] = c.rcv_nxt + 100
        if length > 1:
            found["up to the last octet"] = c.right - length
            found["across the right edge"] = c.right - length // 2
        found["at the last octet"] = c.right - 1
        found["at the right edge"] = c.right
    found["one beyond"] = c.right + 1
    found["far beyond"] = c.right + 100000
    return found


def acknowledgments(c):
    found = {"none": None}
    if c.state in ("CLOSED", "LISTEN"):
        return dict(found, some=33, zero=0)
    found["older than MAX.SND.WND"] = c.una - (1 << 30 if c.state == "TIME-WAIT" else c.max_wnd) - 1
    if c.state != "SYN-SENT":
        found["oldest allowed"] = c.una - c.max_wnd
    found["SND.UNA-1"] = c.una - 1
    if c.una != c.nxt:
        found["SND.UNA"] = c.una
    if c.nxt - c.una > 1:
        found["between"] = 1001
    if c.fin_sent and c.una != c.nxt:
        found["all but our FIN"] = c.nxt - 1
    found["SND.NXT"] = c.nxt
    found["SND.NXT+1"] = c.nxt + 1
    found["far future"] = c.nxt + 100000
    return found


def segments(c):
    """Every (content, place, acknowledgment, segment) of a state."""
    for stamp in ("newer", "older", "missing") if c.stamps else ("newer",):
        for content, (flags, octets) in CONTENTS.items():
            length = Segment(flags, 0, octets).length
            for place, seq in places(c, length).items():
                for acknowledged, ack in acknowledgments(c).items():
                    s = Segment(flags, seq, octets, ack, stamp)
                    yield carried(c, content, stamp), place, acknowledged, s


def carried(c, content, stamp):
    return f"{content}; timestamp {stamp}" if c.stamps else content


def contents(c):
    """The names of what segments carry, in order."""
    stamps = ("newer", "older", "missing") if c.stamps else ("newer",)
    return [carried(c, content, stamp) for stamp in stamps for content in CONTENTS]
