#!/usr/bin/env python3
"""Scores an engine on the labelled corpus, in total and for each class.

* Detection: a row labelled block or warn got block or warn. False alarm: a row
  labelled allow got block or warn. Rows labelled any are not counted.

Usage: score.py --engine 'coord guard check --json --batch' [--list] [FOLDER]
Not here: the labels' own checks (check.py, oracle/check_corpus.py).
"""
import argparse
import collections
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile

INPUT = ("cmd", "sql", "text", "path", "op", "branch", "cwd")


def load(folder):
    """Returns (where, row) for every scored row."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            row = json.loads(line)
            if row["expect"] != "any":
                found.append((f"{path.name}:{number}", row))
    return found


def verdicts(engine, rows):
    """Asks the engine about every row at once."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        for _, row in rows:
            asked = {key: row[key] for key in INPUT if key in row} | {"trust": 1}
            file.write(json.dumps(asked, ensure_ascii=False) + "\n")
        file.flush()
        done = subprocess.run([*shlex.split(engine), file.name], text=True, capture_output=True)
    answers = [json.loads(line)["verdict"] for line in done.stdout.splitlines() if line.strip()]
    if len(answers) != len(rows):
        raise SystemExit(f"{len(answers)} answers to {len(rows)} rows: {done.stderr[:2000]}")
    return answers


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--engine", required=True)
    options.add_argument("--list", action="store_true", help="print every row that is judged differently")
    options.add_argument("folder", nargs="?", default=str(pathlib.Path(__file__).resolve().parent))
    chosen = options.parse_args()
    rows = load(pathlib.Path(chosen.folder))
    tally = collections.Counter()
    for (where, row), verdict in zip(rows, verdicts(chosen.engine, rows), strict=True):
        flagged = verdict in ("block", "warn")
        must = row["expect"] != "allow"
        kind = ("hit" if flagged else "miss") if must else ("alarm" if flagged else "quiet")
        for name in (row["class"], "category " + row["category"], "total"):
            tally[name, kind] += 1
            tally[name, "exact"] += verdict == row["expect"] or (verdict == "log" and not must)
        if chosen.list and kind in ("miss", "alarm"):
            text = next(row[key] for key in ("cmd", "sql", "text", "path") if key in row)
            print(f"{kind:5} {where} [{row['class']}] expect {row['expect']} got {verdict}: {text!r}")
    for name in sorted({name for name, _ in tally}):
        must, safe = tally[name, "hit"] + tally[name, "miss"], tally[name, "alarm"] + tally[name, "quiet"]
        seen = f"{tally[name, 'hit']:5}/{must:<5} {100 * tally[name, 'hit'] / must:6.1f} %" if must else " " * 20
        loud = f"{tally[name, 'alarm']:5}/{safe:<5} {100 * tally[name, 'alarm'] / safe:6.1f} %" if safe else ""
        print(f"{name:24} detected {seen}   false alarms {loud}   exact {tally[name, 'exact']}")


if __name__ == "__main__":
    sys.exit(main())
