#!/usr/bin/env python3
"""Composes shell commands from payloads, quoting styles and carriers, from a seed.

* The same seed and count always give the same commands.
* `expected` is the argv that runs when the command is executed, or None when the
  payload is only data; the jail, not this file, decides what really ran.

Usage: generate.py [--seed N] [--count N]      (one JSON object a line)
Not here: running (jail.py), comparing with an engine (compare.py), what a way of
writing looks like (quoting.py, carriers.py).
"""
import argparse
import json
import random
import sys

import carriers
import quoting

# (argv, what the labelling policy says when it runs)
PAYLOADS = [
    ("rm -rf src", "block"), ("rm -r -f src lib", "block"), ("rm -fr docs", "block"), ("rm --recursive --force src", "block"),
    ("rm -r ..", "block"), ("rm -Rf ./src", "block"), ("rm -rf target/../src", "block"), ("rm -rf /srv/app", "block"),
    ("git push --force", "block"), ("git push -f origin main", "block"), ("git push origin +main", "block"),
    ("git -C sub push --force", "block"), ("git reset --hard", "block"), ("git reset --hard HEAD~2", "block"),
    ("git clean -fdx", "block"), ("git clean -d -f", "block"), ("git checkout -- .", "block"), ("git restore .", "block"),
    ("git stash clear", "block"), ("git push --mirror backup", "block"), ("git push --delete origin main", "block"),
    ("git branch -D old", "warn"), ("git stash drop", "warn"), ("git tag -d v1", "warn"), ("git restore a.txt", "warn"),
    ("terraform destroy -auto-approve", "block"), ("terraform apply", "block"), ("kubectl delete ns prod", "block"),
    ("kubectl -n prod delete pod --all", "block"), ("kubectl apply -f k8s", "block"), ("npm publish", "block"), ("cargo publish", "block"),
    ("docker push acme/app:1", "block"), ("docker volume rm data", "block"), ("helm uninstall web", "block"),
    ("docker compose down -v", "warn"), ("cargo yank --vers 1.0.0", "warn"), ("dropdb shop", "block"), ("redis-cli FLUSHALL", "block"),
    (["psql", "-c", "DROP TABLE users"], "block"), (["psql", "shop", "-c", "DELETE FROM users"], "block"),
    (["mysql", "-e", "TRUNCATE orders"], "block"), (["sqlite3", "app.db", "DROP TABLE t;"], "block"),
    (["psql", "-c", "UPDATE users SET a = 1"], "warn"), (["mongosh", "--eval", "db.dropDatabase()"], "block"),
    ("mkfs.ext4 /dev/sdb1", "block"), ("shred -u notes.txt", "block"), ("gh repo delete acme/x --yes", "block"), ("crontab -r", "block"),
]
HARMLESS = [
    "git status", "git push", "git push --dry-run --force", "git clean -n", "git reset --soft HEAD~1", "git branch -d old",
    "git checkout main", "git restore --staged .", "git stash list", "git push origin fix/rm-rf", "rm notes.txt", "rm -rf target",
    "rm -rf node_modules dist", "rm -rf /tmp/x", "kubectl get pods", "kubectl apply --dry-run=client -f k8s", "terraform plan",
    "npm publish --dry-run", "cargo publish --dry-run", "docker ps", "docker volume ls", "helm list", "redis-cli GET flushall",
    ["psql", "-c", "SELECT 1"], ["psql", "-c", "DELETE FROM users WHERE id = 4"], ["psql", "-c", "SELECT 'DROP TABLE users'"],
    ["git", "commit", "-m", "Remove rm -rf from scripts"], ["git", "log", "--grep", "git push --force"], ["gh", "pr", "create", "--title", "DROP TABLE guard"],
    ["rg", "rm -rf"], ["curl", "-d", "rm -rf src", "http://localhost"], "cp -rf src out", "tail -n 5 logs/app.log", "docker run --rm alpine ls",
]


def _words(entry):
    return entry.split(" ") if isinstance(entry, str) else list(entry)


def _compose(rng):
    """One command: returns (text, expected argv or None, label)."""
    kind = rng.random()
    if kind < 0.22:
        argv, label = _words(rng.choice(HARMLESS)), "allow"
    else:
        entry, label = rng.choice(PAYLOADS)
        argv = _words(entry)
    piece = quoting.render(rng, argv)
    if kind >= 0.70:  # the payload is only data
        text = carriers.as_data(rng, piece.text)
        label, expected = "allow", None
        piece = quoting.Piece(text, posix=False)
    else:
        expected = argv
        piece = carriers.prefixed(rng, piece, argv)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3))):
        piece = carriers.wrapped(rng, piece)
    return piece.text, expected, label


def commands(seed, count):
    """Yields `count` rows {"cmd", "expected", "label"}; no command twice."""
    rng, seen = random.Random(seed), set()
    tries = 0
    while len(seen) < count and tries < 50 * count + 1000:
        tries += 1
        text, expected, label = _compose(rng)
        if text not in seen and len(text) < 4000:
            seen.add(text)
            yield {"cmd": text, "expected": expected, "label": label}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--count", type=int, default=100)
    chosen = options.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if chosen.seed is None else chosen.seed
    print(f"seed {seed}", file=sys.stderr)
    for row in commands(seed, chosen.count):
        print(json.dumps(row))


if __name__ == "__main__":
    main()
