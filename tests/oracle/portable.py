"""The poorer stand-in for the jail where namespaces are not allowed.

* PATH holds recording stubs and a few harmless real programs; home and directory
  are empty temporary folders; root is given up for `nobody`.
* Only commands made of known words are run: a path, a parent, a home, an escape,
  an encoding, a login shell or any unknown word leaves the command out.

Not here: the jail proper (jail.py).
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import generate
import programs

_PAYLOAD_WORDS = {
    part
    for entry in [payload for payload, _ in generate.PAYLOADS] + generate.HARMLESS
    for word in (entry.split() if isinstance(entry, str) else entry)
    for part in re.findall(r"[-\w.%]+", word)
}

HARMLESS = "env xargs cat printf tr head tail sort uniq wc cut rev true false test [ expr seq nohup nice timeout setsid stdbuf grep tee sleep".split()
# A command is run only when every word in it is one of these or a payload's own:
# a list of what is known, because a list of what is forbidden always has a hole
# (a login shell, for one, sets PATH anew and would find the real programs).
_KNOWN = set(
    """bash sh dash echo printf cat tee grep wc true false test env nohup nice timeout setsid stdbuf exec command sudo doas ssh docker kubectl xargs
    if then else fi for in do done while until case esac break wait trap EXIT rg jq gh pr create log tag commit stash export NOTE logger set
    c e s n m a x y u i w l f v d r o oL I A B E -c -ec -xc -e -s -n -m -a -u -w -r -I -oL -x -qc -rn -d me box dev web web-0 alpine me LANG
    start ok the end note notes.md notes.txt README.md docs log.out out mkdir ls test npm git status checkout main is fine rm done 0 1 2 5 9 20 20s 22
    subject see hit title body t v9 --arg --grep --body --title --rm run compose -T -p -k -- -- --user v0 v1 v2 v3 v4 v5 v6 f1 f EOF END X_1 LIMIT -e dash
    UNSET_NAME IFS target -rf watch su script git submodule foreach nix-shell --run strace -f ionice systemd-run poetry busybox % s%""".split()
)
_REFUSED = re.compile(r"/(?!dev/null\b)|~|\.\.|\\(?![\n])|PATH|\$'|\b(command|exec)\s+-|\benv\s+-(?!u LANG)")
NOBODY = 65534


def eligible(command):
    """May this command run without namespaces?"""
    words = set(re.findall(r"[-\w.%]+", command.replace("/dev/null", "")))
    return not _REFUSED.search(command) and words <= _KNOWN | _PAYLOAD_WORDS


def _folder():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="oracle-"))
    binaries = folder / "bin"
    for name in ("bin", "real", "work", "home"):
        (folder / name).mkdir()
    text = (pathlib.Path(__file__).resolve().parent / "stub.sh").read_text()
    stub = folder / "stub.sh"
    stub.write_text(text.replace("/oracle/", f"{folder}/"))
    stub.chmod(0o755)
    for name in HARMLESS + ["bash", "dash"]:
        found = shutil.which(name)
        if found:
            (folder / "real" / name).symlink_to(found)
            (binaries / name).symlink_to(found)
    if (binaries / "dash").is_symlink():
        (binaries / "sh").symlink_to(os.readlink(binaries / "dash"))
    for name in programs.STUBS + ["cp", "mv", "ln", "chmod", "find", "shred", "dd"]:
        if not (binaries / name).is_symlink():
            os.link(stub, binaries / name)
    (folder / "log").touch()
    for path in (folder, folder / "work", folder / "home", folder / "log"):
        path.chmod(0o777)
    return folder


def _become_nobody():
    os.setsid()
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def _run(folder, command):
    import jail

    (folder / "log").write_bytes(b"")
    environment = {"PATH": str(folder / "bin"), "HOME": str(folder / "home"), "LANG": "C.UTF-8"}
    child = subprocess.Popen([os.path.realpath(shutil.which("bash")), "-c", command], cwd=folder / "work", env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_become_nobody)
    timeout = False
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        timeout = True
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()
    return {"timeout": timeout, "ran": jail.read_records((folder / "log").read_bytes())}


def run_all(rows):
    """Runs the eligible rows; returns them with their reports."""
    folder = _folder()
    try:
        _run(folder, "true")
        return [{**row, "report": _run(folder, row["cmd"])} for row in rows if eligible(row["cmd"])]
    except subprocess.SubprocessError as error:
        print(f"no fallback either, root cannot be given up: {error}", file=sys.stderr)
        raise SystemExit(3) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
