#!/usr/bin/env python3
"""Compares an engine's verdicts with what a jailed bash really ran.

* A command whose payload ran in the jail while the engine said allow (or log) is
  a miss; one that ran nothing destructive and was blocked or warned about is a
  false alarm. Exit status: 1 on a miss, 3 when no jail is possible.
* The seed is printed first and repeats the run.

Usage: compare.py --engine 'coord guard check --json --batch' [--seed N] [--count N] [--strict]
Not here: the commands (generate.py), the jail (jail.py).
"""
import argparse
import json
import os
import pathlib
import random
import shlex
import subprocess
import sys
import tempfile

import generate
import judge
import portable

HERE = pathlib.Path(__file__).resolve().parent


def run_in_jail(rows):
    """Adds to each row what ran; uses the portable fallback without namespaces."""
    feed = "".join(json.dumps({"cmd": row["cmd"]}) + "\n" for row in rows)
    done = subprocess.run([sys.executable, str(HERE / "jail.py"), "--batch"], input=feed, text=True, capture_output=True)
    if done.returncode == 3:
        print(f"{done.stderr.strip()}; only commands without paths are compared", file=sys.stderr)
        return portable.run_all(rows)
    if done.returncode != 0:
        raise SystemExit(f"the jail failed: {done.stderr.strip()}")
    return [{**row, "report": json.loads(line)} for row, line in zip(rows, done.stdout.splitlines(), strict=True)]


def run_engine(engine, rows):
    """Returns the engine's verdict for each row, in order."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for row in rows:
            file.write(json.dumps({"cmd": row["cmd"]}) + "\n")
        file.flush()
        done = subprocess.run([*shlex.split(engine), file.name], text=True, capture_output=True)
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    if len(answers) != len(rows):
        raise SystemExit(f"the engine gave {len(answers)} answers to {len(rows)} commands: {done.stderr.strip()[:2000]}")
    return [answer["verdict"] for answer in answers]


def payload_ran(row):
    """Did exactly the payload's argv run?"""
    ran = [[os.path.basename(record["argv"][0]), *record["argv"][1:]] for record in row["report"]["ran"] if record["argv"]]
    return row["expected"] in ran


def debatable(row):
    """Deletes that are harmless in the repository, but ran through find or on another machine."""
    programs = {os.path.basename(record["argv"][0]) for record in row["report"]["ran"] if record["argv"]}
    return (row["expected"] or [""])[0] == "rm" and bool(programs & {"ssh", "docker", "kubectl", "find"})


def findings(rows, verdicts):
    """Sorts the disagreements: missed, weaker than the policy, false alarms."""
    missed, weaker, alarms = [], [], []
    for row, verdict in zip(rows, verdicts, strict=True):
        if row["report"].get("timeout"):
            continue
        flagged = verdict in ("block", "warn")
        if row["label"] != "allow":
            if not payload_ran(row):
                continue
            if not flagged:
                missed.append((row, verdict))
            elif row["label"] == "block" and verdict == "warn":
                weaker.append((row, verdict))
        elif flagged and not debatable(row) and not judge.evidence({"ran": row["report"]["ran"], "files": judge.NO_FILES}):
            alarms.append((row, verdict))
    return missed, weaker, alarms


def _show(title, found):
    for row, verdict in found:
        print(json.dumps({"finding": title, "verdict": verdict, "cmd": row["cmd"], "expected": row["expected"]}))


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--engine", required=True)
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--count", type=int, default=300)
    options.add_argument("--strict", action="store_true", help="a false alarm also fails")
    chosen = options.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if chosen.seed is None else chosen.seed
    print(f"seed {seed}")
    rows = run_in_jail(list(generate.commands(seed, chosen.count)))
    missed, weaker, alarms = findings(rows, run_engine(chosen.engine, rows))
    _show("missed", missed)
    _show("weaker", weaker)
    _show("false alarm", alarms)
    ran = sum(row["label"] != "allow" and payload_ran(row) for row in rows)
    harmless = sum(row["label"] == "allow" for row in rows)
    print(f"{len(rows)} commands, {ran} ran a destructive payload, {harmless} harmless; "
          f"{len(missed)} missed, {len(weaker)} weaker, {len(alarms)} false alarms")
    return 1 if missed or (chosen.strict and alarms) else 0


if __name__ == "__main__":
    sys.exit(main())
