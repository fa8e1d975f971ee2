#!/usr/bin/env python3
"""Conformance: docs/conformance/*.rows to docs/CONFORMANCE.md, and whether what the rows claim is there.

A file of rows belongs to one RFC; its lines are

    title: what the RFC is
    note: what to know before reading (optional)
    labels: MUST 69, SHLD 31 (optional: the rows' numbers are these labels, MUST-1 to MUST-69 and so on, none missing)
    number | section | MUST, MUST NOT, SHOULD, SHOULD NOT or MAY | what is required, in our words | verdict

A verdict is `test` with the tests that would fail (unit or other C tests FILE:FUNCTION, drills script/PATH, shell tests
KIND/NAME, the table of states states/NAME; commas between), `deviates` with the reason, `na` with the reason why it does not
bind here, or `open` with what is missing. Behind a reason may stand `; shown by` with tests.

Without arguments the page is written. --check fails when the page is not what the rows make, when a named test does
not exist or is not run, or when a row is malformed; --whole fails as well while a MUST is open."""
import functools
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "docs", "CONFORMANCE.md")
LEVELS = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"]
VERDICTS = {"test": "tested", "deviates": "deviates", "na": "does not bind", "open": "open"}

HEAD = """# Conformance

What the RFCs require of a host, each with the test that fails if it is not so, or why it is otherwise here.
Written by `python3 test/conformance.py` from `docs/conformance/`; the test `conformance` fails when a named test does
not exist. The words are ours; the section has the RFC's. "Open" is required and not shown by a test yet.
"""


class Row:
    def __init__(self, path, line, text):
        self.where = f"{os.path.relpath(path, ROOT)}:{line}"
        cells = [cell.strip() for cell in text.split("|")]
        self.faults = [] if len(cells) == 5 else [f"{self.where}: five cells are wanted, {len(cells)} are there"]
        self.number, self.section, self.level, self.text, verdict = (cells + [""] * 5)[:5]
        self.verdict, _, self.detail = verdict.partition(" ")
        self.detail = self.detail.strip()
        if self.level not in LEVELS:
            self.faults.append(f"{self.where}: no level '{self.level}'")
        if self.verdict not in VERDICTS or not self.detail:
            self.faults.append(f"{self.where}: the verdict is not 'test', 'deviates', 'na' or 'open' with its reason")

    def is_must(self):
        return self.level.startswith("MUST")

    def tests(self):
        """The names, and what stands before them."""
        before, names = "", self.detail
        if self.verdict != "test":
            before, _, names = self.detail.partition("; shown by ")
        return before, [name.strip() for name in names.split(",")] if names else []


class Table:
    def __init__(self, path):
        self.name = "RFC " + re.search(r"rfc(\d+)\.rows$", path).group(1)
        self.title, self.note, self.rows, self.labels = self.name, "", [], {}
        with open(path, encoding="utf-8") as file:
            for number, text in enumerate(file, 1):
                text = text.strip()
                if text.startswith("title: "):
                    self.title = text[7:]
                elif text.startswith("note: "):
                    self.note = text[6:]
                elif text.startswith("labels: "):
                    self.labels = {name: int(count) for name, count in re.findall(r"([A-Z]+) (\d+)", text[8:])}
                elif text:
                    self.rows.append(Row(path, number, text))

    def missing(self):
        """Labels of the RFC that no row has."""
        wanted = [f"{name}-{number + 1}" for name, count in self.labels.items() for number in range(count)]
        there = {row.number for row in self.rows}
        return [label for label in wanted if label not in there]

    def count(self, verdict, must):
        return sum(row.verdict == verdict and row.is_must() == must for row in self.rows)


def tables():
    paths = glob.glob(os.path.join(ROOT, "docs", "conformance", "rfc*.rows"))
    return [Table(path) for path in sorted(paths, key=lambda path: int(re.search(r"(\d+)\.rows$", path).group(1)))]


@functools.lru_cache(None)
def states():
    listing = [sys.executable, os.path.join(ROOT, "test", "states", "states.py"), "--list"]
    return subprocess.run(listing, stdout=subprocess.PIPE, text=True, check=True).stdout.split()


def test_exists(name):
    """FILE:FUNCTION is defined and run by main(); states/NAME is a state; anything else is a file below test/."""
    if name.startswith("states/"):
        return name[7:] in states()
    if ":" not in name:
        return any(os.path.isfile(os.path.join(ROOT, "test", name + end)) for end in ("", ".sh", ".c", ".pkt"))
    file, function = name.split(":")
    for path in glob.glob(os.path.join(ROOT, "test", "*", file + ".c")):
        with open(path, encoding="utf-8") as source:
            text = source.read()
        defined = re.search(r"^static void " + re.escape(function) + r"\(void \*\*state\)", text, re.M)
        run = re.search(r"(?:cmocka_unit_test\w*|[A-Z_]*TEST)\(\s*" + re.escape(function) + r"\b", text)
        if defined and run:
            return True
    return False


def cell_of(row):
    before, names = row.tests()
    named = ", ".join(f"`{name}`" for name in names)
    if row.verdict == "test":
        return named
    return f"{VERDICTS[row.verdict]}: {before}" + (f" ({named})" if named else "")


def page_of(all_tables):
    lines = [HEAD, "| RFC | MUST tested | deviates or does not bind | open | SHOULD and MAY tested | other | open |",
             "|---|---|---|---|---|---|---|"]
    for table in all_tables:
        cells = [table.title]
        for must in (True, False):
            cells.append(str(table.count("test", must)))
            cells.append(str(table.count("deviates", must) + table.count("na", must)))
            cells.append(str(table.count("open", must)))
        lines.append("| " + " | ".join(cells) + " |")
    for table in all_tables:
        lines += ["", f"## {table.title}", ""] + ([table.note, ""] if table.note else [])
        lines += ["| | section | level | required | test, or why not |", "|---|---|---|---|---|"]
        for row in table.rows:
            lines.append(f"| {row.number} | {row.section} | {row.level} | {row.text} | {cell_of(row)} |")
    return "\n".join(lines) + "\n"


def faults_of(all_tables, whole):
    faults = []
    for table in all_tables:
        seen = set()
        faults += [f"docs/conformance: {table.name} has no row for {label}" for label in table.missing()]
        for row in table.rows:
            faults += row.faults
            if row.number in seen:
                faults.append(f"{row.where}: row {row.number} is there twice")
            seen.add(row.number)
            faults += [f"{row.where}: no such test, or main() does not run it: {name}"
                       for name in row.tests()[1] if not test_exists(name)]
            if whole and row.is_must() and row.verdict == "open":
                faults.append(f"{row.where}: {table.name} {row.section} {row.level} is open")
    return faults


def main(arguments):
    if any(argument not in ("--check", "--whole") for argument in arguments):
        print(__doc__)
        return 2
    all_tables = tables()
    faults = faults_of(all_tables, "--whole" in arguments)
    page = page_of(all_tables) if not any(row.faults for table in all_tables for row in table.rows) else None
    if not arguments and page is not None:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(page)
    elif page is not None:
        with open(PAGE, encoding="utf-8") as file:
            if file.read() != page:
                faults.append("docs/CONFORMANCE.md is not what the rows make: run test/conformance.py")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
