"""A case as a script: the way to the state, the segment, what must come back, and then the proof of where that led.

The state that follows is asked for (TCP_INFO, where a socket of the program's is behind it) and shown: by what the user
reads, what a segment left of the window is answered with (SND.NXT and RCV.NXT), what is held behind a hole, what the
retransmission timer sends again (SND.UNA, our FIN), and by the rest of a connection's life, whose steps only that state
takes in that way."""
from cases import PEER_WINDOW, WINDOW
from rules import answer, fill

WIN = f"win {PEER_WINDOW}"


def wait(seconds):
    """Joined with the time of the line that follows."""
    return f"+{seconds} wait\n"


def joined(lines):
    found, waited = [], 0.0
    for line in lines.splitlines():
        time, _, rest = line.partition(" ")
        if rest.strip() == "wait":
            waited += float(time)
        elif waited:
            times = [f"+{float(moment) + waited:.2f}" for moment in time.split("~")]
            found.append(f"{'~'.join(times):6}{rest if rest.startswith(' ') else ' ' + rest}")
            waited = 0.0
        else:
            found.append(line)
    return "\n".join(found) + "\n"


def stamped(lines, value):
    """The same with timestamps: the peer's say `value`, those of the stack are not looked at. They take 12 octets of each
    segment, so the MSS is that much larger."""
    found = []
    for line in lines.replace("<mss 1000>", "<mss 1012>").splitlines():
        if " < " in line:
            stamp = f"nop,nop,TS val {value} ecr 0>"
            line = line[:-1] + "," + stamp if line.endswith(">") else f"{line} <{stamp}"
        elif " > " in line and not line.endswith(">"):
            line += " <...>"
        found.append(line + "\n")
    return "".join(found)


def number(value):
    return value & 0xffffffff


def inbound(s, time="+.01"):
    flags = "".join(letter for name, letter in (("SYN", "S"), ("FIN", "F"), ("RST", "R"), ("URG", "U")) if name in s.flags)
    flags += "." if s.ack is not None else ""
    ack = "" if s.ack is None else f" ack {number(s.ack)}"
    urgent = f" urg {s.text + 40}" if "URG" in s.flags else ""
    options = " <mss 1000>" if "SYN" in s.flags else ""
    return f"{time:6} < {flags or '-'} {number(s.seq)}:{number(s.seq + s.text)}({s.text}){ack} {WIN}{urgent}{options}\n"


def outbound(flags, seq, ack=None, length=0, time="+0", more=""):
    tail = "" if ack is None else f" ack {number(ack)}"
    return f"{time:6} > {flags} {number(seq)}:{number(seq + length)}({length}){tail}{more}\n"


def pure(seq, ack, time="+.1"):
    return f"{time:6} < . {number(seq)}:{number(seq)}(0) ack {number(ack)} {WIN}\n"


def answered(outcome):
    if outcome.answer == "ACK":
        return outbound(".", outcome.seq, outcome.ack, time="+0~+.5" if outcome.delayed else "+0")
    if outcome.answer == "RST":
        return outbound("R", outcome.seq)
    if outcome.answer == "RST+ACK":
        return outbound("R.", outcome.seq, outcome.ack)
    if outcome.answer == "SYN+ACK":
        return outbound("S.", 0, outcome.ack, more=f" win {WINDOW} <...>")
    return ""


NAMES = {"ESTABLISHED": "TCP_ESTABLISHED", "FIN-WAIT-1": "TCP_FIN_WAIT1", "FIN-WAIT-2": "TCP_FIN_WAIT2",
         "CLOSE-WAIT": "TCP_CLOSE_WAIT", "CLOSING": "TCP_CLOSING", "LAST-ACK": "TCP_LAST_ACK", "SYN-SENT": "TCP_SYN_SENT",
         "SYN-RECEIVED": "TCP_SYN_RECV"}


def asked(start, outcome):
    """What TCP_INFO says. A socket that waits for accept is nobody's yet; behind one in TIME-WAIT there is only a record."""
    if outcome.after.state not in NAMES or start.name in ("LISTEN", "SYN-RECEIVED", "TIME-WAIT"):
        return ""
    return f"+0   %{{ assert tcpi_state == {NAMES[outcome.after.state]}, tcpi_state }}%\n"


def received(fd, result):
    return f"+0   recv({fd}, ..., 20000, MSG_DONTWAIT) = {result}\n"


AGAIN = "-1 EAGAIN (Resource temporarily unavailable)"
ERRORS = {"ECONNRESET": "-1 ECONNRESET (Connection reset by peer)", "EPIPE": "-1 EPIPE (Broken pipe)",
          "ECONNREFUSED": "-1 ECONNREFUSED (Connection refused)"}


def gone(c):
    """Nobody is there, or only a listener: an ACK meets RST."""
    return pure(c.rcv_nxt, c.nxt) + outbound("R", c.nxt)


def as_closed(start, outcome):
    error, fd = outcome.error, start.fd
    lines = wait(0.6)
    if start.name == "CLOSED":
        return lines + pure(5, 33) + outbound("R", 33)
    if error == "ECONNREFUSED":
        lines += f"+0   getsockopt({fd}, SOL_SOCKET, SO_ERROR, [111], [4]) = 0\n"
    elif error == "EPIPE":
        lines += received(fd, 0) + f"+0   write({fd}, ..., 10) = {ERRORS[error]}\n"
    elif error and start.connection.rcv_wnd != 0:
        lines += received(fd, ERRORS[error])
    elif not error:
        lines += received(fd, 0)
    return lines + gone(outcome.after)


def as_listen(start, outcome):
    lines = wait(0.6)
    if start.name != "LISTEN": # back in LISTEN: the half-open connection is forgotten
        lines += pure(1, 1, "+0") + outbound("R", 1)
    return lines + f"+0   < S 9000:9000(0) {WIN} <mss 1000>\n" + outbound("S.", 0, 9001, more=" <...>")


def as_syn_sent(start, outcome):
    return f"+.6  < S. 9000:9000(0) ack 1 {WIN} <mss 1000>\n" + outbound(".", 1, 9001) + \
        "+0   getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0\n"


def as_syn_received(start, outcome):
    """Its SYN+ACK is sent again; the third segment of the dialogue ends it."""
    c, lines = outcome.after, wait(0.6)
    if outcome.answer != "SYN+ACK": # one that has just been sent begins the timer anew
        lines += outbound("S.", 0, c.rcv_nxt, time="+0~+1.4", more=" <...>") + wait(1.5)
    lines += pure(c.rcv_nxt, 1, "+0")
    if start.nobody:
        return lines + "+0   write(3, ..., 10) = 10\n" + outbound("P.", 1, c.rcv_nxt, 10)
    return lines + f"+0   accept(3, ..., ...) = {start.fd + (start.name == 'TIME-WAIT')}\n"


def as_time_wait(start, outcome):
    c = outcome.after
    again = f"< F. {number(c.rcv_nxt - 1)}:{number(c.rcv_nxt - 1)}(0) ack {number(c.nxt)} {WIN}\n"
    if start.name != "TIME-WAIT":
        return "+.6  " + again + outbound(".", c.nxt, c.rcv_nxt) + gone(c).replace("+.1  ", "+61  ")
    # It is still there, as old text shows; it began 30 s before the segment: 65 s after that it is over, unless the segment
    # has begun it anew.
    old = f"+.6  < . {number(c.rcv_nxt - 1)}:{number(c.rcv_nxt)}(1) ack {number(c.nxt)} {WIN}\n" + outbound(".", c.nxt, c.rcv_nxt)
    return old + "+35  " + again + (outbound(".", c.nxt, c.rcv_nxt) if outcome.restarted else outbound("R", c.nxt))


def sent_again(c):
    """What the retransmission timer sends: the segment that begins at SND.UNA."""
    if c.una == c.nxt:
        return ""
    if c.una == 1:
        return outbound(".", 1, c.rcv_nxt, 1000, "+0~+4")
    end = 2001
    return outbound(("F" if c.fin_sent else "") + ("P" if c.una < end else "") + ".", c.una, c.rcv_nxt, end - c.una, "+0~+4")


def way_on(c, fd):
    """From a synchronised state to the end of the connection."""
    last = pure(c.rcv_nxt, c.nxt)
    over = f"+61  < . {{0}}:{{0}}(0) ack {number(c.nxt)} {WIN}\n" + outbound("R", c.nxt) # it was TIME-WAIT: it ends
    fin = f"+.1  < F. {number(c.rcv_nxt)}:{number(c.rcv_nxt)}(0) ack {{}} {WIN}\n" + outbound(".", c.nxt, c.rcv_nxt + 1)
    again = f"+.1  < F. {{0}}:{{0}}(0) ack {number(c.nxt)} {WIN}\n"
    if c.state == "ESTABLISHED":
        return fin.format(c.nxt) + received(fd, 0) + f"+0   shutdown({fd}, SHUT_WR) = 0\n" + \
            outbound("F.", c.nxt, c.rcv_nxt + 1) + pure(c.rcv_nxt + 1, c.nxt + 1) + pure(c.rcv_nxt + 1, c.nxt + 1) + \
            outbound("R", c.nxt + 1)
    if c.state == "CLOSE-WAIT":
        return last + f"+0   write({fd}, ..., 10) = 10\n" + outbound("P.", c.nxt, c.rcv_nxt, 10) + \
            f"+0   shutdown({fd}, SHUT_WR) = 0\n" + outbound("F.", c.nxt + 10, c.rcv_nxt) + \
            pure(c.rcv_nxt, c.nxt + 11) + pure(c.rcv_nxt, c.nxt + 11) + outbound("R", c.nxt + 11)
    if c.state == "FIN-WAIT-1": # CLOSING, then TIME-WAIT
        return fin.format(number(c.una)) + pure(c.rcv_nxt + 1, c.nxt) + again.format(number(c.rcv_nxt)) + \
            outbound(".", c.nxt, c.rcv_nxt + 1) + over.format(number(c.rcv_nxt + 1))
    if c.state == "FIN-WAIT-2":
        return fin.format(c.nxt) + again.format(number(c.rcv_nxt)) + outbound(".", c.nxt, c.rcv_nxt + 1) + \
            over.format(number(c.rcv_nxt + 1))
    if c.state == "CLOSING":
        return last + again.format(number(c.rcv_nxt - 1)) + outbound(".", c.nxt, c.rcv_nxt) + over.format(number(c.rcv_nxt))
    return last + pure(c.rcv_nxt, c.nxt) + outbound("R", c.nxt) # LAST-ACK


def as_synchronised(start, outcome):
    c, fd, lines = outcome.after, start.fd, wait(0.6)
    if start.name == "SYN-RECEIVED":
        lines += "+0   accept(3, ..., ...) = 4\n"
    full = start.connection.rcv_wnd == 0
    if not full:
        at_end = c.state in ("CLOSE-WAIT", "CLOSING", "LAST-ACK")
        lines += received(fd, outcome.delivered or (0 if at_end else AGAIN))
    lines += f"+0   < . {number(c.rcv_nxt - 1)}:{number(c.rcv_nxt)}(1) ack {number(c.una)} {WIN}\n" + \
        outbound(".", c.nxt, c.rcv_nxt)
    if c.held:
        hole = c.held[0] - c.rcv_nxt
        filled = fill(c)
        lines += f"+0   < . {number(c.rcv_nxt)}:{number(c.held[0])}({hole}) ack {number(c.una)} {WIN}\n" + \
            outbound(".", c.nxt, filled.after.rcv_nxt)
        lines += received(fd, filled.delivered)
        c = filled.after
        if c.rcv_wnd == 0 and c.state not in ("CLOSE-WAIT", "CLOSING", "TIME-WAIT"): # it had filled the buffer
            lines += outbound(".", c.nxt, c.rcv_nxt)
        if c.state == "TIME-WAIT":
            return lines + f"+.1  < F. {number(c.rcv_nxt - 1)}:{number(c.rcv_nxt - 1)}(0) ack {c.nxt} {WIN}\n" + \
                outbound(".", c.nxt, c.rcv_nxt)
    lines += sent_again(c)
    lines += wait(4.2)
    if full: # the window opens once the user has read
        lines += received(fd, WINDOW) + outbound(".", c.nxt, c.rcv_nxt)
    return lines + way_on(c, fd)


AFTER = {"CLOSED": as_closed, "LISTEN": as_listen, "SYN-SENT": as_syn_sent, "SYN-RECEIVED": as_syn_received,
         "TIME-WAIT": as_time_wait}


def script(start, content, place, acknowledged, s):
    outcome = answer(start.connection, s)
    c = start.connection
    head = f"// {start.name}: {content}, {place}, ACK {acknowledged}: {outcome.answer}, then {outcome.after.state} " \
           f"({outcome.why}{', choice ' + ', '.join(outcome.choices) if outcome.choices else ''}).\n" \
           f"// SND.UNA {c.una}, SND.NXT {c.nxt}, RCV.NXT {c.rcv_nxt}, RCV.WND {c.rcv_wnd}.\n"
    first = "0    " if not start.lines else "+.01 "
    after = AFTER.get(outcome.after.state, as_synchronised)(start, outcome)
    before, given = start.lines + start.later, inbound(s, first)
    follows = answered(outcome) + asked(start, outcome) + after
    if c.stamps:
        before, follows = stamped(before, 1000), stamped(follows, 2000)
        given = given if s.stamp == "missing" else stamped(given, 1100 if s.stamp == "newer" else 900)
    return head + joined(before + given + follows)
