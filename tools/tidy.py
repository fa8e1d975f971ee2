#!/usr/bin/env python3
"""The rules of the house that a program can check (docs/STYLE.md says them in full):

- include arrows: which folder may include what;
- the core includes nothing but its own headers and libc's string functions, and holds no mutable statics;
- functions of at most 70 lines, files of at most 500, with a short list of exceptions that may only shrink;
- lines of at most 120 columns, but for those with a string, and for tests;
- every file opens with a comment; no trailing white space; no tabs in C.

Prints one line a finding, exit 1 when there is any."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FUNCTION_LINES = 70
FILE_LINES = 500
COLUMNS = 120

# path: reason. May only shrink; none in TCP.
LONG_FILES = {}
LONG_FUNCTIONS = {}

CORE_LIBC = {"assert.h", "errno.h", "limits.h", "stdalign.h", "stdbool.h", "stddef.h", "stdint.h", "string.h",
             "immintrin.h"}  # the compiler's own, needs no libc

# Folder of src/ -> folders of src/ it may include, besides itself and baro/.
CORE_ARROWS = {
    "base": set(),
    "codec": {"base"},
    "adapter": {"base"},
    "ethernet": {"codec", "base"},
    "ip": {"codec", "base"},
    "transport": {"codec", "base"},
    "user": {"transport", "base"},
    "": {"base", "codec", "ethernet", "ip", "transport", "user", ""},
}

# Outside the core: public headers that are not everybody's -> who may include them.
EVERYBODYS = {"types", "device", "drop_reasons", "shard", "trace", "stack", "socket", "medium", "adapter", "signal", "fcs",
              "packet", "dns_message", "dhcp_message", "dhcp6_message"}
OUTER_ARROWS = {
    "posix": {"posix"},
    "network": {"network"},
    "explain": {"explain"},
    "drill": {"drill", "explain"},
    "host": {"host", "network", "posix", "explain", "service"},
    "service": {"service"},
    "packetdrill": {"posix"},
}
OWNER_OF_HEADER = {"posix": "posix", "clock": "posix", "network": "network", "explain": "explain", "drill": "drill", "loop": "host",
                   "run": "host", "gateway": "host", "tap": "host", "link": "host", "dhcp": "service",
                   "dhcp6": "service", "iperf": "service", "dns_server": "service", "mdns": "service", "dns": "service"}

findings = []


def find(path, line, text):
    findings.append(f"{os.path.relpath(path, ROOT)}:{line}: {text}")


def without_comments_and_strings(text):
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def check_core_include(path, number, folder, angled, name):
    if angled:
        if name not in CORE_LIBC:
            find(path, number, f"the core may not include <{name}>")
        return
    if name.startswith("baro/"):
        return
    target = name.split("/")[0] if "/" in name else ""
    if target != folder and target not in CORE_ARROWS.get(folder, set()):
        find(path, number, f"no arrow from {folder or 'the top of src'}/ to {target or 'the top of src'}: {name}")


def check_outer_include(path, number, area, angled, name):
    if angled:
        return
    if not name.startswith("baro/"):
        # its own private headers, relative to its folder; the tools, those of the benchmark, too
        own = [os.path.realpath(os.path.join(ROOT, folder)) for folder in (area, "bench") if folder == area or area == "tools"]
        places = (os.path.join(os.path.dirname(path), name), os.path.join(ROOT, area, name))
        if not any(os.path.exists(place) and os.path.realpath(place).startswith(folder + os.sep)
                   for place in places for folder in own):
            find(path, number, f"{area}/ may include public headers and its own only: {name}")
        return
    header = name[len("baro/"):].removesuffix(".h")
    owner = OWNER_OF_HEADER.get(header)
    if area in OUTER_ARROWS and owner is not None and owner not in OUTER_ARROWS[area]:
        find(path, number, f"no arrow from {area}/ to {owner}/: {name}")
    if owner is None and header not in EVERYBODYS:
        find(path, number, f"unknown public header {name}: name its owner in tools/tidy.py")


def check_includes(path, lines, area, folder):
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        angled, name = match.group(1) == "<", match.group(2)
        if area == "src":
            check_core_include(path, number, folder, angled, name)
        elif area in ("posix", "network", "explain", "drill", "host", "service", "packetdrill", "tools", "examples"):
            check_outer_include(path, number, area, angled, name)
        elif area == "include" and not angled and not name.startswith("baro/"):
            find(path, number, f"a public header may include public headers only: {name}")


def check_functions(path, code, relative):
    depth, start, name = 0, 0, ""
    lines = code.split("\n")
    for number, line in enumerate(lines, 1):
        if depth == 0 and line.startswith("{"):
            start = number
            signature = " ".join(lines[max(0, number - 6):number - 1])
            found = re.findall(r"(\w+)\s*\(", signature)
            name = found[-1] if found else "?"
        depth += line.count("{") - line.count("}")
        if depth == 0 and start and line.startswith("}"):
            length = number - start + 1
            if length > FUNCTION_LINES and f"{relative}:{name}" not in LONG_FUNCTIONS:
                find(path, start, f"function {name} has {length} lines, more than {FUNCTION_LINES}")
            start = 0


def check_statics(path, code):
    for number, line in enumerate(code.split("\n"), 1):
        match = re.match(r"\s*static\s+(?!inline|const|_Assert)(.*)$", line)
        if match and "(" not in line.split("=")[0] and "const" not in line.split("=")[0]:
            find(path, number, "a mutable static in the core")


def check_file(path):
    relative = os.path.relpath(path, ROOT)
    area = relative.split(os.sep)[0]
    parts = relative.split(os.sep)
    folder = parts[1] if area == "src" and len(parts) > 2 else ""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    lines = text.split("\n")
    if not text.startswith("/*") and not text.startswith("//"):
        find(path, 1, "the file does not open with its theory of operation")
    if len(lines) - 1 > FILE_LINES and relative not in LONG_FILES:
        find(path, len(lines) - 1, f"{len(lines) - 1} lines, more than {FILE_LINES}")
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            find(path, number, "trailing white space")
        if len(line) > COLUMNS and '"' not in line and not os.path.relpath(path, ROOT).startswith("test" + os.sep):
            find(path, number, f"{len(line)} columns, more than {COLUMNS}")
        if "\t" in line:
            find(path, number, "a tab")
    code = without_comments_and_strings(text)
    check_includes(path, lines, area, folder)
    check_functions(path, code, relative)
    if area == "src" and path.endswith(".c"):
        check_statics(path, code)


def main():
    for area in ("include", "src", "posix", "network", "service", "explain", "drill", "host", "packetdrill", "tools", "examples",
                 "test", "bench"):
        for folder, _, files in os.walk(os.path.join(ROOT, area)):
            for name in sorted(files):
                if name.endswith((".c", ".h")):
                    check_file(os.path.join(folder, name))
    for line in findings:
        print(line)
    return 1 if findings else 0


sys.exit(main())
