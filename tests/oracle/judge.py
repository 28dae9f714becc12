"""Says whether what the jail saw is destructive, without looking at the command's text.

* Input is the report of jail.py: recorded argv, standard input and file changes.
* The judgement is coarse on purpose: it answers "did anything dangerous run?",
  not "block or warn?".

Not here: running commands (jail.py), the engine's own rules.
"""
import os
import re

import world

ARTEFACTS = set(
    "target node_modules dist build __pycache__ .pytest_cache .mypy_cache .ruff_cache coverage .next .nuxt .output "
    ".venv .tox .nox .turbo .parcel-cache .svelte-kit .gradle htmlcov .coverage cmake-build-debug .cache .terraform "
    "bazel-out zig-out zig-cache .nyc_output .eslintcache .stylelintcache".split()
)
HELP = {"--help", "-h", "-help", "--version", "help", "--dry-run", "--dryrun", "--dry-run=client", "--dry-run=server"}
SQL = re.compile(
    r"\b(drop\s+(table|database|schema|owned|keyspace)|truncate\b|delete\s+(\w+\s+)?from\b|update\s+\S+\s+set\b|alter\s+table.*\bdrop\b)", re.I | re.S
)
SQL_PROGRAMS = set("psql mysql mariadb sqlite3 sqlcmd cockroach duckdb bq snowsql clickhouse-client cqlsh influx mycli".split())


def _harmless_operand(word, cwd):
    """Is this operand of a recursive delete a build artefact or below a temp root?"""
    path = os.path.normpath(os.path.join(cwd, word))
    for root in ("/tmp/", "/var/tmp/", "/dev/shm/"):
        if path.startswith(root):
            return True
    inside = path.startswith(world.REPO + "/")
    last = os.path.basename(path)
    named = any(part in ARTEFACTS for part in path[len(world.REPO) :].split("/")) or last.endswith(".egg-info")
    return inside and named


def _flags(words):
    """Long options without values, and the letters of short clusters."""
    words = words[: words.index("--")] if "--" in words else words
    long = {word.split("=")[0] for word in words if word.startswith("--")}
    short = {letter for word in words if re.fullmatch(r"-[A-Za-z]+", word) for letter in word[1:]}
    return long, short


def _rm(argv, cwd):
    long, short = _flags(argv[1:])
    if "--help" in long or "--version" in long:
        return False
    operands, literal = [], False
    for word in argv[1:]:
        if word == "--" and not literal:
            literal = True
        elif literal or not word.startswith("-") or word == "-":
            operands.append(word)
    recursive = short & {"r", "R"} or any("--recursive".startswith(f) and len(f) > 3 for f in long)
    if not recursive:
        return any(word.startswith("/") or ".ssh" in word or ".env" in word or len(operands) > 3 for word in operands) and not all(
            _harmless_operand(word, cwd) for word in operands
        )
    return not operands or not all(_harmless_operand(word, cwd) for word in operands)


def _git(argv):
    words = argv[1:]
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in ("-C", "-c", "--git-dir", "--work-tree") else words[1:]
    if not words:
        return False
    verb, rest = words[0], words[1:]
    long, short = _flags(rest)
    dry = "--dry-run" in long or "--help" in long or ("n" in short and verb in ("push", "clean", "rm", "prune"))
    if dry:
        return False
    if verb == "push":
        forced = {"--force", "--mirror", "--delete", "--prune", "--force-with-lease"} & long or short & {"f", "d"}
        return bool(forced or any(re.match(r"[+:].", w) for w in rest) or "--force-with-l" in long or rest[:1] in (["heroku"], ["dokku"], ["production"]))
    return {
        "reset": any(len(f) > 4 and "--hard".startswith(f) for f in long),
        "clean": "f" in short or any("--force".startswith(f) and len(f) > 3 for f in long),
        "stash": rest[:1] in (["clear"], ["drop"]),
        "branch": "D" in short or short >= {"d", "f"} or {"--delete", "--force"} <= long,
        "checkout": "f" in short or "--force" in long or any(w in (".", "./", ":/") for w in rest) or "--" in rest,
        "restore": not ((long == {"--staged"} or short == {"S"})) and bool(rest),
        "switch": "f" in short or {"--discard-changes", "--force"} & long,
        "filter-branch": True, "filter-repo": "--analyze" not in long, "read-tree": "--reset" in long,
        "checkout-index": "f" in short, "reflog": rest[:1] in (["expire"], ["delete"]),
        "worktree": rest[:1] == ["remove"] and ("f" in short or "--force" in long),
        "tag": "d" in short or any("--delete".startswith(f) and len(f) > 3 for f in long),
        "update-ref": "d" in short, "gc": "--prune" in long, "prune": True,
        "rm": "r" in short and "--cached" not in long, "commit": False,
        "add": any(".env" in w and "example" not in w or "credentials" in w or "secrets" in w for w in rest),
    }.get(verb, False)


_VERBS = {
    "kubectl": r"\b(apply|delete|create|replace|scale|patch|drain|rollout undo|set image)\b",
    "oc": r"\b(apply|delete)\b", "helm": r"\b(install|upgrade|uninstall|delete|rollback|push)\b",
    "terraform": r"\b(apply|destroy|state rm|workspace delete)\b", "tofu": r"\b(apply|destroy)\b",
    "terragrunt": r"\b(apply|destroy)\b", "pulumi": r"\b(up|destroy|stack rm)\b",
    "docker": r"\b(push|volume (rm|prune)|(system|image|container|builder|network) prune|down (-v|--volumes)|stack|service|swarm leave|rm -fsv|--push)\b",
    "docker-compose": r"\bdown\b.*-v", "podman": r"\b(push|volume rm|prune)\b",
    "npm": r"\b(publish|unpublish|token|_authToken|deploy|reset)\b", "pnpm": r"\bpublish\b|migrate reset", "yarn": r"publish|deploy",
    "cargo": r"^(publish|yank|login|release)\b", "twine": "upload", "gem": "push|yank", "poetry": "publish", "uv": "publish",
    "vercel": "--prod|deploy|rm|rollback", "aws": r"delete|\brm\b|\brb\b|terminate|deploy|--desired-count 0|schedule-key|sync",
    "gcloud": r"delete|deploy|destroy|\brm\b", "gsutil": r"\b(rm|rb)\b", "az": "delete", "vault": r"\b(delete|destroy|disable)\b",
    "mongosh": r"drop|deleteMany\(\s*\{\s*\}|remove\(\{\}",
    "mongo": "drop", "mysqladmin": r"\bdrop\b", "rails": r"db:(drop|reset|purge|trunc|migrate)|delete_all|destroy_all|TRUNCATE",
    "rake": "db:", "bundle": "db:", "php": "fresh|wipe|reset|truncate|drop", "mix": "drop|reset", "prisma": "reset", "heroku": "reset|destroy|rollback",
    "gpg": "secret-key|delete-secret|export-secret|secret-subkeys", "gh": r"repo delete|secret (set|delete|remove)|release (create|delete)|workflow run",
    "flyctl": "deploy", "fly": "deploy|destroy", "netlify": "prod|-p|delete", "ansible-playbook": ".", "curl": r"-X ?DELETE|_delete_by_query|\.ssh/id_",
}
ALWAYS = set(
    "dropdb mkfs mkfs.ext4 mkfs.xfs mkfs.btrfs mkfs.vfat mke2fs mkswap blkdiscard wipefs sgdisk parted shred bfg rimraf srm wipe userdel "
    "lvremove zpool zfs crontab".split()
)


def _sql(text):
    """Is there a statement that drops, empties or rewrites whole tables?"""
    text = re.sub(r"/\*.*?\*/", " ", re.sub(r"(?<!\S)--\s[^\n]*|--[a-z ][^\n]*$", " ", text), flags=re.S)
    text = re.sub(r"'(?:[^']|'')*'", "''", text)
    for statement in text.split(";"):
        found = SQL.search(statement)
        if found and not re.search(r"(?i)\bexplain\b(?!\s+analyze)", statement):
            bounded = re.search(r"(?i)\bwhere\b(?!\s+(true|1|not false|''\s*=\s*''|(\w+)\s*=\s*\2)\b)", statement)
            column = re.search(r"(?i)alter\s+table.*drop\s+(not|default)", statement, re.S)
            if not (bounded or column):
                return True
    return False


def _redis(words):
    """Is the command word of a redis client one that empties the store?"""
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in ("-h", "-p", "-a", "-n", "-u", "-s", "-r", "-i", "--user", "--pass") else words[1:]
    return bool(words) and (words[0].lower() in ("flushall", "flushdb") or "flush" in " ".join(words[1:2]).lower() and words[0].lower() == "eval")


def _argv(record):
    argv = record["argv"]
    program, cwd = os.path.basename(argv[0]), record["cwd"]
    if set(argv[1:]) & HELP:
        return False
    if program in ("kubectl", "oc", "docker", "podman", "docker-compose") and set(argv[1:6]) & {"exec", "run"}:
        return False  # what runs inside has a record of its own
    text = " ".join(argv[1:])
    if program == "rm":
        return _rm(argv, cwd)
    if program == "git":
        return _git(argv)
    if program in SQL_PROGRAMS:
        return _sql(text + "\n" + record["stdin"]) or bool(re.search(r"\\!|\.shell|\.system", text))
    if program in ("redis-cli", "valkey-cli"):
        return _redis(argv[1:]) or bool(re.search(r"(?im)^\s*flush(all|db)\b", record["stdin"]))
    if program in ALWAYS:
        return program != "crontab" or "-r" in argv or "rm -rf" in record["stdin"]
    if program == "rsync":
        return "--del" in text and not set(argv) & {"-n", "-avn"}
    if program in ("chmod", "chown", "setfacl", "chattr"):
        return bool(_flags(argv[1:])[1] & {"R"})
    if program == "mv":
        return argv[-1] == "/dev/null" or ".ssh" in text or ".env" in text
    if program in _VERBS:
        return bool(re.search(_VERBS[program], text + "\n" + record["stdin"]))
    return False


NO_FILES = {"removed": [], "created": [], "changed": [], "read": []}
SECRET = re.compile(r"/\.ssh/(id_[a-z0-9]+|authorized_keys|config)$|/\.aws/credentials$|/\.kube/config$|/etc/(shadow|sudoers)|/\.env(\.local|\.production)?$|(secrets|credentials)\.\w+$")
SYSTEM = re.compile(r"^/(etc|dev|boot|home/[^/]+/\.(ssh|aws|kube))/")


def evidence(report):
    """Lists what was destructive or sensitive in one report; empty = harmless."""
    found = [" ".join(record["argv"]) for record in report["ran"] if record["argv"] and _argv(record)]
    files = report["files"]
    lost = [p for p in files["removed"] if not _harmless_operand(p, "/") and not p.startswith("/dev/fd")]
    found += [f"removed {path}" for path in lost[:3]]
    found += [f"changed {path}" for path in files["changed"] + files["created"] if SYSTEM.match(path) or SECRET.search(path)]
    found += [f"emptied or changed {path}" for path in files["changed"] if path.startswith(world.REPO)]
    found += [f"read {path}" for path in files["read"] if SECRET.search(path)]
    return found
