#!/usr/bin/env python3
"""Every state against every segment: RFC 9293 §3.10.7 as a table, and the table as scripts.

    states.py --list                      the names of the states
    states.py --run STATE --drill BARO --out FOLDER [--ipv6]
                                          writes the state's scripts below FOLDER and drills them
    states.py --page | --check            writes docs/conformance/states.md, or fails when it is not what the rules say

rules.py says what must come back, cases.py which segments there are, script.py how a case becomes a script."""
import argparse
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from cases import starts, segments  # noqa: E402
from page import page  # noqa: E402
from script import script  # noqa: E402

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "conformance", "states.md")


def slug(name):
    return name.lower().replace(", ", "_").replace(" ", "_").replace("-", "_")


def write(start, folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    paths = []
    for i, case in enumerate(segments(start.connection)):
        paths.append(os.path.join(folder, f"{i:04}.pkt"))
        with open(paths[-1], "w", encoding="utf-8") as file:
            file.write(script(start, *case))
    return paths


def run(name, drill, out, ipv6):
    start = next(start for start in starts() if slug(start.name) == name)
    paths = write(start, os.path.join(out, slug(start.name) + ("_6" if ipv6 else "")))
    seen = subprocess.run([drill, "drill"] + (["--ipv6"] if ipv6 else []) + paths, stdout=subprocess.PIPE, text=True,
                          check=False)
    lines = seen.stdout.splitlines()
    for line in lines[:60]:
        print(line)
        if line.startswith(out):
            with open(line.split(":")[0], encoding="utf-8") as file:
                print("    case     ", file.readline().strip("/ \n"))
    if len(lines) > 60:
        print(f"... and more\n{lines[-1]}")
    return seen.returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--run", metavar="STATE")
    parser.add_argument("--drill", metavar="BARO")
    parser.add_argument("--out", metavar="FOLDER")
    parser.add_argument("--ipv6", action="store_true")
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(slug(start.name) for start in starts()))
        return 0
    if arguments.run:
        return run(arguments.run, arguments.drill, os.path.abspath(arguments.out), arguments.ipv6)
    text = page()
    if arguments.page:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(text)
        return 0
    with open(PAGE, encoding="utf-8") as file:
        if file.read() == text:
            return 0
    print("docs/conformance/states.md is not what the rules say: run test/states/states.py --page")
    return 1


if __name__ == "__main__":
    sys.exit(main())
