"""What TCP answers to a segment: RFC 9293 §3.10.7 written down as rules, state by state, step by step.

Nothing here knows the implementation. `answer(connection, segment)` goes through the RFC's steps in the RFC's order and
returns an Outcome: the segment that goes back, the state that follows, the numbers that move, what the user is told,
and the section that says so. Where the RFC leaves a choice, or where this stack goes another way knowingly, the rule says
which choice, by its letter in CHOICES; the page docs/conformance/states.md prints them.

Numbers are those of a script: both initial sequence numbers are 0, plain integers that may lie below zero."""
from dataclasses import dataclass, field, replace
from typing import Optional

CHOICES = {
    "a": "The SYN+ACK of a simultaneous open repeats the peer's SYN and so begins one before RCV.NXT, where the first step "
         "would refuse it; figure 7 of §3.5 (MUST-10) has it accepted: its SYN is stripped and its ACK counts.",
    "b": "The SYN that led to SYN-RECEIVED, coming again, is answered by the SYN+ACK again. The first step wants an "
         "acknowledgment; the SYN+ACK is one, and the only one that a peer in SYN-SENT can use.",
    "c": "An ACK without text exactly at the right edge is taken: it comes from a peer that has filled the window, and its "
         "ACK field is good news (appendix A.2 names the problem and leaves the remedy to implementers).",
    "d": "A FIN right behind the window's last octet counts when the text before it is taken: it needs no room.",
    "e": "RST does not end TIME-WAIT (RFC 1337 §3, its first remedy), against the second step.",
    "f": "Behind the peer's FIN nothing can come, so in TIME-WAIT the window counts as closed; and 2^30, the largest window "
         "that can be, stands for MAX.SND.WND, as the fifth step permits: the record of a TIME-WAIT is small.",
    "g": "A SYN beyond RCV.NXT opens a new connection from TIME-WAIT (MAY-2; RFC 6191 §2 where there are timestamps).",
    "h": "SYN with FIN opens nothing: no honest host sends it.",
    "i": "Text or FIN on a SYN that no ACK of ours covers yet is not kept. It is not acknowledged either, so it comes again.",
    "j": "Text and FIN behind the peer's FIN \"should not occur\". They are ignored, and answered by an ACK.",
    "k": "In SYN-RECEIVED every unacceptable ACK is answered by RST, beyond RFC 5961's range as well (§3.5.2, group 2).",
    "l": "The user is told ECONNREFUSED, as sockets have it, where the RFC says \"connection reset\".",
    "m": "Of a segment that meets a closed window at RCV.NXT (a probe), ACK and URG are looked at (MUST-66), text and FIN are "
         "not; the acknowledgment of the first step is its answer.",
    "n": "A peer that resets after its FIN is told to the user as EPIPE by SEND; RECEIVE has the end of the stream before that.",
    "o": "An ACK of CLOSING that does not cover our FIN is ignored, but for SND.UNA, which may move over text; see j.",
}


@dataclass(frozen=True)
class Segment:
    flags: frozenset            # of SYN FIN RST URG
    seq: int
    text: int = 0               # octets
    ack: Optional[int] = None   # None: the ACK bit is off
    stamp: str = "newer"        # newer, older, missing: of its timestamp, where they were agreed on

    @property
    def length(self):
        """SEG.LEN: text, SYN and FIN."""
        return self.text + ("SYN" in self.flags) + ("FIN" in self.flags)


@dataclass(frozen=True)
class Connection:
    state: str
    passive: bool = True
    una: int = 0
    nxt: int = 0
    max_wnd: int = 0
    rcv_nxt: int = 0
    rcv_wnd: int = 0
    fin_sent: bool = False      # our FIN is the octet before SND.NXT
    held: tuple = ()            # (first, last, fin) behind a hole
    stamps: bool = False        # timestamps were agreed on

    @property
    def right(self):
        return self.rcv_nxt + self.rcv_wnd

    def inside(self, seq):
        return self.rcv_nxt <= seq < self.right


@dataclass(frozen=True)
class Outcome:
    after: Connection
    answer: str = "nothing"     # nothing, ACK, RST, RST+ACK, SYN+ACK
    seq: int = 0                # of the answer
    ack: int = 0
    why: str = ""
    choices: str = ""
    delivered: int = 0          # octets for the user
    error: str = ""             # errno for the user
    delayed: bool = False       # the ACK may wait up to 0.5 s (MUST-40)
    restarted: bool = False     # 2 MSL begin anew
    extra: dict = field(default_factory=dict, compare=False)


def silent(c, why, choices="", **more):
    return Outcome(c, why=why, choices=choices, **more)


def acks(c, why, choices="", **more):
    """<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>"""
    return Outcome(c, "ACK", c.nxt, c.rcv_nxt, why, choices, **more)


def resets(c, s, why, choices=""):
    """<SEQ=SEG.ACK><CTL=RST>, or <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>"""
    if s.ack is not None:
        return Outcome(c, "RST", s.ack, 0, why, choices)
    return Outcome(c, "RST+ACK", 0, s.seq + s.length, why, choices)


def becomes(c, state, **more):
    return replace(c, state=state, **more)


# ---- §3.10.7.1 ----

def closed(c, s):
    if "RST" in s.flags:
        return silent(c, "§3.10.7.1")
    return resets(c, s, "§3.10.7.1")


# ---- §3.10.7.2 ----

def listen(c, s):
    if "RST" in s.flags:
        return silent(c, "§3.10.7.2 first")
    if s.ack is not None:
        return resets(c, s, "§3.10.7.2 second")
    if "SYN" not in s.flags:
        return silent(c, "§3.10.7.2 fourth")
    if "FIN" in s.flags:
        return silent(c, "§3.10.7.2 third", "h")
    return answers_syn(c, s, "§3.10.7.2 third", "i" if s.text else "")


def answers_syn(c, s, why, choices=""):
    """<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>; RCV.NXT is SEG.SEQ+1: text is not acknowledged."""
    after = becomes(c, "SYN-RECEIVED", una=0, nxt=1, rcv_nxt=s.seq + 1)
    return Outcome(after, "SYN+ACK", 0, s.seq + 1, why, choices)


# ---- §3.10.7.3 ----

def syn_sent(c, s):
    good = s.ack is not None and c.una < s.ack <= c.nxt
    if s.ack is not None and not good:
        if "RST" in s.flags:
            return silent(c, "§3.10.7.3 first")
        return resets(c, s, "§3.10.7.3 first")
    if "RST" in s.flags:
        if good:
            return silent(becomes(c, "CLOSED"), "§3.10.7.3 second", "l", error="ECONNREFUSED")
        return silent(c, "§3.10.7.3 second")
    if "SYN" not in s.flags:
        return silent(c, "§3.10.7.3 fifth")
    if "FIN" in s.flags:
        return silent(c, "§3.10.7.3 fourth", "h")
    if not good:
        return answers_syn(c, s, "§3.10.7.3 fourth", "i" if s.text else "")
    after = becomes(c, "ESTABLISHED", una=s.ack, rcv_nxt=s.seq + 1 + s.text)
    return acks(after, "§3.10.7.3 fourth", delivered=s.text)


# ---- §3.10.7.4 ----

def acceptable(c, s):
    """Table 6. What a RST carries is a remark (SHLD-2), its place is SEG.SEQ."""
    if s.length == 0 or "RST" in s.flags:
        return s.seq == c.rcv_nxt if c.rcv_wnd == 0 else c.inside(s.seq)
    if c.rcv_wnd == 0:
        return False
    return c.inside(s.seq) or c.inside(s.seq + s.length - 1)


def others(c, s):
    if c.state == "TIME-WAIT":
        return time_wait(c, s)
    if c.state == "SYN-RECEIVED" and "SYN" in s.flags and "RST" not in s.flags and s.seq == c.rcv_nxt - 1:
        if s.ack == c.nxt and not c.passive:
            return mark(fifth(c, replace(s, flags=s.flags - {"SYN"}, seq=s.seq + 1)), "a")
        return Outcome(c, "SYN+ACK", 0, c.rcv_nxt, "§3.10.7.4 first", "b")
    return paws(c, s)


def paws(c, s):
    """RFC 7323: what comes before the first step where timestamps were agreed on; RST is not asked for any."""
    if c.stamps and "RST" not in s.flags:
        if s.stamp == "missing":
            return silent(c, "RFC 7323 §3.2")
        if s.stamp == "older":
            return acks(c, "RFC 7323 §5.3 R1")
    return first(c, s)


def mark(outcome, choice):
    return outcome if choice in outcome.choices else replace(outcome, choices=outcome.choices + choice)


def first(c, s):
    if acceptable(c, s):
        return second(c, s)
    if "RST" in s.flags:
        return silent(c, "§3.10.7.4 first")
    if s.length == 0 and s.seq == c.right and c.rcv_wnd != 0:
        return mark(fifth(c, s), "c")
    if c.rcv_wnd == 0 and s.seq == c.rcv_nxt and "SYN" not in s.flags:
        return probe(c, s)
    return acks(c, "§3.10.7.4 first")


def probe(c, s):
    """"If the RCV.WND is zero, no segments will be acceptable, but special allowance should be made to accept valid ACKs,
    URGs, and RSTs." """
    seen = fifth(c, replace(s, text=0, flags=s.flags - {"FIN"}))
    if seen.after.state == "CLOSED":
        return seen
    return replace(seen, answer="ACK", seq=c.nxt, ack=c.rcv_nxt, why="§3.10.7.4 first", choices=seen.choices + "m")


def second(c, s):
    if "RST" not in s.flags:
        return fourth(c, s)
    if s.seq != c.rcv_nxt:
        return acks(c, "§3.10.7.4 second, RFC 5961 §3")
    if c.state == "SYN-RECEIVED" and c.passive:
        return silent(becomes(c, "LISTEN"), "§3.10.7.4 second")
    error, choice = {"SYN-RECEIVED": ("ECONNREFUSED", ""), "CLOSE-WAIT": ("EPIPE", "n"), "CLOSING": ("", ""),
                     "LAST-ACK": ("", "")}.get(c.state, ("ECONNRESET", ""))
    return silent(becomes(c, "CLOSED"), "§3.10.7.4 second", choice, error=error)


def fourth(c, s):
    if "SYN" not in s.flags:
        return fifth(c, s)
    if c.state == "SYN-RECEIVED" and c.passive:
        return silent(becomes(c, "LISTEN"), "§3.10.7.4 fourth")
    return acks(c, "§3.10.7.4 fourth, RFC 5961 §4")


def fifth(c, s):
    if s.ack is None:
        return silent(c, "§3.10.7.4 fifth")
    if c.state == "SYN-RECEIVED":
        if not c.una < s.ack <= c.nxt:
            return resets(c, s, "§3.10.7.4 fifth", "k" if not c.una - c.max_wnd <= s.ack <= c.nxt else "")
        c = becomes(c, "ESTABLISHED")
    if not c.una - c.max_wnd <= s.ack <= c.nxt:
        return acks(c, "§3.10.7.4 fifth, RFC 5961 §5")
    c = replace(c, una=max(c.una, s.ack))
    if c.fin_sent and c.una == c.nxt:
        if c.state == "LAST-ACK":
            return silent(becomes(c, "CLOSED"), "§3.10.7.4 fifth")
        if c.state == "CLOSING":
            return silent(becomes(c, "TIME-WAIT"), "§3.10.7.4 fifth")
        if c.state == "FIN-WAIT-1":
            c = becomes(c, "FIN-WAIT-2")
    return seventh(c, s)


def seventh(c, s):
    """The text, and the FIN behind it: "trimming off any portions that lie outside the window"."""
    begin, end, fin = s.seq, s.seq + s.text, "FIN" in s.flags
    if s.text == 0 and not fin:
        return silent(c, "§3.10.7.4 fifth", "o" if c.state == "CLOSING" else "")
    if c.state in ("CLOSE-WAIT", "CLOSING", "LAST-ACK"):
        return acks(c, "§3.10.7.4 seventh", "j")
    choices = ""
    if end > c.right:
        end, fin = c.right, False
    elif fin and end == c.right and s.text:
        choices = "d"
    begin = max(begin, c.rcv_nxt)
    if begin > c.rcv_nxt:
        return acks(replace(c, held=(begin, end, fin)), "§3.10.7.4 seventh, SHLD-31, MAY-13", choices)
    return in_order(c, max(end, c.rcv_nxt), fin, choices)


def in_order(c, end, fin, choices=""):
    delivered = end - c.rcv_nxt
    c = replace(c, rcv_nxt=end, rcv_wnd=c.right - end)
    if not fin:
        return acks(c, "§3.10.7.4 seventh", choices, delivered=delivered, delayed=True)
    state = {"ESTABLISHED": "CLOSE-WAIT", "FIN-WAIT-1": "CLOSING", "FIN-WAIT-2": "TIME-WAIT"}[c.state]
    c = becomes(c, state, rcv_nxt=end + 1, rcv_wnd=max(c.rcv_wnd - 1, 0))
    return acks(c, "§3.10.7.4 eighth", choices, delivered=delivered)


def fill(c):
    """The hole before what is held is filled: all of it becomes in order at once."""
    begin, end, fin = c.held
    return in_order(replace(c, held=()), end, fin)


def time_wait(c, s):
    c = replace(c, rcv_wnd=0, max_wnd=1 << 30)
    if "RST" in s.flags:
        return silent(c, "§3.10.7.4 second", "e")
    if s.flags & {"SYN", "FIN"} == {"SYN"} and s.ack is None and s.seq > c.rcv_nxt:
        return answers_syn(c, s, "§3.10.7.4 fourth", "g" + ("i" if s.text else ""))
    if "FIN" in s.flags and "SYN" not in s.flags and s.seq + s.length == c.rcv_nxt:
        return acks(c, "§3.10.7.4 fifth", restarted=True)
    if s.length != 0 or s.seq != c.rcv_nxt:
        return acks(c, "§3.10.7.4 first", "f")
    if s.ack is not None and not c.una - c.max_wnd <= s.ack <= c.nxt:
        return acks(c, "§3.10.7.4 fifth, RFC 5961 §5", "f")
    return silent(c, "§3.10.7.4 fifth")


def answer(c, s):
    return {"CLOSED": closed, "LISTEN": listen, "SYN-SENT": syn_sent}.get(c.state, others)(c, s)
