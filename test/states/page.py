"""The table for reading: one row a state and a class of segment, with the answer, what follows and the section."""
from cases import PEER_WINDOW, WINDOW, acknowledgments, contents, segments, starts
from rules import CHOICES, answer

HEAD = f"""# Every state against every segment

What RFC 9293 §3.10.7 has a TCP answer, and where that leads: the rules of `test/states/rules.py`, written by
`python3 test/states/states.py --page`. Each row stands for as many scripts as its places and acknowledgments have pairs
(CASES in all), generated and drilled by the tests `states/...`; nothing in them was recorded from an implementation.

*Places* are those of the segment in the receive window: "ends at the left edge" is all before RCV.NXT, "at the right edge"
begins at RCV.NXT+RCV.WND (here {WINDOW} octets, or none in states with the window closed). *Acknowledgments*: "none" has
the ACK bit off; "older than MAX.SND.WND" is SND.UNA-MAX.SND.WND-1 ({PEER_WINDOW} octets here), beyond RFC 5961's limit. An answer "ACK"
is <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> with the numbers after the segment; RST and SYN+ACK have the numbers of the
section. "Text" is taken or held as far as it is new and inside the window; * marks an ACK that may be delayed. With timestamps
agreed on (RFC 7323) each segment comes with a newer one, with an older one, and with none.
"""


def consequence(before, outcome):
    after, said = outcome.after, []
    if after.state != before.state:
        said.append(f"**{after.state}**")
    if outcome.delivered:
        said.append("text taken")
    if after.held:
        said.append("held" + (" with its FIN" if after.held[2] else ""))
    if after.una != before.una and before.state not in ("LISTEN", "CLOSED"):
        said.append("SND.UNA moves")
    if outcome.restarted:
        said.append("2 MSL anew")
    if outcome.error:
        said.append(f"user: {outcome.error}")
    return ", ".join(said) or "stays"


def names(chosen, all_names, word):
    if len(chosen) == len(all_names):
        return word
    if len(chosen) > len(all_names) - 3 and len(all_names) > 4:
        return f"{word} but " + "; ".join(name for name in all_names if name not in chosen)
    return "; ".join(chosen)


def rows(start):
    c, cells = start.connection, {}
    for content, place, acknowledged, s in segments(c):
        outcome = answer(c, s)
        kind = (outcome.answer + ("*" if outcome.delayed else ""), consequence(c, outcome), outcome.why, outcome.choices)
        cells.setdefault(content, {}).setdefault(place, {}).setdefault(kind, []).append(acknowledged)
    for content in contents(c):
        alike = {}
        for place, kinds in cells[content].items():
            for kind, acknowledged in kinds.items():
                alike.setdefault((kind, tuple(acknowledged)), []).append(place)
        for (kind, acknowledged), where in alike.items():
            yield (content, names(where, list(cells[content]), "anywhere"),
                   names(acknowledged, list(acknowledgments(c)), "any")) + kind


def page():
    cases = sum(len(list(segments(start.connection))) for start in starts())
    lines = [HEAD.replace("CASES", f"{cases:,}"), "## Choices", ""]
    lines += [f"- **{letter}** {words}" for letter, words in CHOICES.items()]
    for start in starts():
        lines += ["", f"## {start.name}", "", "| carries | place | ACK | answer | then | says | choice |",
                  "|---|---|---|---|---|---|---|"]
        lines += ["| " + " | ".join(row[:-1]) + " | " + ", ".join(row[-1]) + " |" for row in rows(start)]
    return "\n".join(lines) + "\n"
