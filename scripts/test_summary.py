#!/usr/bin/env python3
"""Reads ctest's JUnit file: names skipped tests with their reason and failed ones with their output,
then prints `N passed, N failed, N skipped`. Exit 1 when a test failed or none ran."""
import sys
import xml.etree.ElementTree as tree


def last_line(text):
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def main():
    try:
        cases = list(tree.parse(sys.argv[1]).getroot().iter("testcase"))
    except (OSError, tree.ParseError) as error:
        print(f"no test result: {error}")
        print(open(sys.argv[2], encoding="utf-8", errors="replace").read()[-4000:])
        return 1
    passed = failed = skipped = 0
    for case in cases:
        name, output = case.get("name"), case.findtext("system-out")
        if case.find("skipped") is not None or case.get("status") == "notrun":
            skipped += 1
            print(f"skipped {name}: {last_line(output)}")
        elif case.find("failure") is not None or case.get("status") == "fail":
            failed += 1
            print(f"FAILED {name}\n{(output or '')[-6000:]}")
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


sys.exit(main())
