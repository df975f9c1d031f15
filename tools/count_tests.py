#!/usr/bin/env python3
"""Sums up the test logs of meson: count_tests.py BROKEN TESTLOG.json...

Counts test cases where a program reports them (cmocka, unittest, TAP, "N passed, N failed"), else the program as one.
BROKEN builds count as failures. Prints "N passed, N failed" as the last line; exit code 1 when anything failed or
nothing ran.
"""
import json
import re
import sys


def count(text, succeeded):
    """(passed, failed) of one program's output."""
    found = re.findall(r"^(\d+) passed, (\d+) failed", text, re.M)
    if found:
        passed, failed = map(sum, zip(*[(int(p), int(f)) for p, f in found]))
    elif re.search(r"^\[==========\] (Running )?\d+ test", text, re.M):
        passed = sum(map(int, re.findall(r"^\[  PASSED  \] (\d+) test", text, re.M)))
        failed = sum(map(int, re.findall(r"^\[  FAILED  \] (\d+) test", text, re.M)))
    elif re.search(r"^Ran \d+ tests? in", text, re.M):
        ran = sum(map(int, re.findall(r"^Ran (\d+) tests? in", text, re.M)))
        failed = sum(map(int, re.findall(r"(?:failures|errors)=(\d+)", text)))
        passed = max(0, ran - failed - sum(map(int, re.findall(r"skipped=(\d+)", text))))  # sub-tests fail apart
    elif re.search(r"^(not )?ok \d", text, re.M):
        passed = len(re.findall(r"^ok \d", text, re.M))
        failed = len(re.findall(r"^not ok \d", text, re.M))
    else:
        return (1, 0) if succeeded else (0, 1)
    # A crash after, or between, the cases that were reported.
    if not succeeded and failed == 0:
        failed = 1
    return passed, failed


def main():
    passed, failed = 0, int(sys.argv[1])
    for path in sys.argv[2:]:
        try:
            lines = open(path, encoding="utf-8", errors="replace").read().splitlines()
        except OSError as error:
            print(f"{path}: {error}; its tests did not run", file=sys.stderr)
            failed += 1
            continue
        for line in lines:
            test = json.loads(line)
            if test["result"] in ("SKIP", "GNU skip"):
                print(f"skipped: {test['name']}")
                continue
            succeeded = test["result"] in ("OK", "EXPECTEDFAIL")
            text = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
            p, f = count(text, succeeded)
            passed, failed = passed + p, failed + f
            if f:
                print(f"failed: {test['name']} ({f})")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
