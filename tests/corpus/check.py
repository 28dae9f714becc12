#!/usr/bin/env python3
"""Checks the labelled corpus: fields, duplicates, shell syntax, balance.

Usage: check.py [FOLDER]   (exit status 1 on any finding)

A row with "stress": "syntax" is meant to be refused by `bash -n`; every other
shell row must parse.
"""
import collections
import json
import pathlib
import subprocess
import sys

EXPECT = {"block", "warn", "allow", "any"}
CLASSES = {
    "plain", "spelling", "quoting", "wrapper", "inline-shell", "heredoc", "substitution",
    "variable", "encoding", "interpreter", "compound", "sql", "parser-stress", "raw-sql",
    "freetext", "fp:commit-message", "fp:echo", "fp:search", "fp:comment", "fp:heredoc-doc",
    "fp:data-argument", "fp:identifier", "fp:near-twin", "fp:agent-idiom",
    "policy:build-artifact", "policy:temp-path",
}
CATEGORIES = {"git", "file", "database", "credential", "deployment", "none"}
KINDS = ("cmd", "sql", "text", "path")


def rows(folder):
    """Yields (file name, line number, row) of every row below `folder`."""
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield path.name, number, json.loads(line)


def shape_faults(row):
    """Names what is wrong with the fields of one row."""
    kinds = [kind for kind in KINDS if kind in row]
    if len(kinds) != 1:
        yield f"needs exactly one of {KINDS}"
    if "path" in row and "op" not in row:
        yield "path without op"
    if row.get("expect") not in EXPECT:
        yield f"unknown expect {row.get('expect')!r}"
    if row.get("class") not in CLASSES:
        yield f"unknown class {row.get('class')!r}"
    if row.get("category") not in CATEGORIES:
        yield f"unknown category {row.get('category')!r}"
    if str(row.get("class", "")).startswith("fp:") and row.get("expect") not in ("allow", "any"):
        yield "a false-positive row must be harmless"


def syntax_fault(command):
    """Returns bash's complaint about `command`, or None when it parses."""
    result = subprocess.run(["bash", "-n"], input=command + "\n", text=True, capture_output=True)
    noisy = "here-document" in result.stderr and result.returncode == 0
    return result.stderr.strip() if result.returncode or noisy else None


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    seen, faults = {}, 0
    tally = collections.Counter()
    for name, number, row in rows(folder):
        where = f"{name}:{number}"
        found = list(shape_faults(row))
        key = json.dumps([row.get(k) for k in (*KINDS, "op", "branch", "cwd")])
        if key in seen:
            found.append(f"duplicate of {seen[key]}")
        seen.setdefault(key, where)
        if "cmd" in row:
            complaint = syntax_fault(row["cmd"])
            marked = row.get("stress") == "syntax"
            if bool(complaint) != marked:
                found.append(f"bash -n: {complaint}" if complaint else "marked as syntax stress, but parses")
        for fault in found:
            print(f"{where}: {fault}: {row}")
        faults += len(found)
        tally[row.get("class"), row.get("expect")] += 1
        tally["category " + str(row.get("category")), row.get("expect")] += 1
        tally["total", row.get("expect")] += 1
    names = sorted({name for name, _ in tally})
    for name in names:
        cells = "  ".join(f"{e} {tally[name, e]:4}" for e in ("block", "warn", "allow", "any"))
        print(f"{name:24} {cells}")
    print(f"{faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
