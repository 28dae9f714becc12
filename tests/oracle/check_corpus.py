#!/usr/bin/env python3
"""Runs each shell row of a corpus in the jail and lists labels that the run contradicts.

Usage: check_corpus.py FOLDER [FILE.jsonl …]
Prints `no evidence` for a must-detect row that did nothing destructive, and
`evidence` for an allow row that did. Both lists are for reading by a person:
some effects (a key read by a stub, a program that is not there) are invisible.
Not here: the judgement itself (judge.py).
"""
import json
import pathlib
import sys

import jail
import judge


def main():
    folder = pathlib.Path(sys.argv[1])
    names = sys.argv[2:] or sorted(path.name for path in folder.glob("*.jsonl"))
    prison = jail.Jail()
    quiet = loud = total = 0
    try:
        for name in names:
            for number, line in enumerate((folder / name).read_text(encoding="utf-8").splitlines(), 1):
                row = json.loads(line)
                if "cmd" not in row or row["expect"] == "any":
                    continue
                total += 1
                try:
                    report = prison.run(row["cmd"])
                except OSError as error:
                    print(f"error {name}:{number} {error} {row['cmd']!r}")
                    continue
                found = judge.evidence(report)
                if row["expect"] == "allow" and found:
                    loud += 1
                    print(f"evidence {name}:{number} [{row['class']}] {row['cmd']!r} -> {found[:3]}")
                if row["expect"] != "allow" and not found:
                    quiet += 1
                    print(f"no evidence {name}:{number} [{row['class']}] {row['cmd']!r} ran {[r['argv'] for r in report['ran']][:4]}")
    finally:
        prison.close()
    print(f"{total} rows run, {quiet} must-detect rows without evidence, {loud} allow rows with evidence")


if __name__ == "__main__":
    main()
