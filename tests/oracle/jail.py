#!/usr/bin/env python3
"""Runs a command with the real bash in a throw-away jail and reports what ran.

* The command sees a file tree of its own on tmpfs, no network, no host process,
  no host device but null/zero/random, and no writable host file.
* Nobody inside holds a capability; when started as root, the jail first
  becomes `nobody`, so even an escape would own nothing.
* Without user namespaces the jail does not run at all: `Unavailable`.

Usage: jail.py < COMMAND | jail.py --batch < JSONL | jail.py --probe
Not here: which programs are stubs (programs.py), what they do (stub.sh), the
files (world.py), what counts as destructive (judge.py).
"""
import ctypes
import hashlib
import json
import os
import pathlib
import resource
import shutil
import signal
import stat
import sys
import tempfile
import time

import programs
import world

HERE = pathlib.Path(__file__).resolve().parent
NOBODY = 65534
NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC = 1, 2, 4, 8, 32, 4096, 16384
MS_PRIVATE, MS_STRICTATIME, MNT_DETACH = 1 << 18, 1 << 24, 2
PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG = 4, 24, 38, 1
OLD = 1_000_000_000  # the access time that marks a file as not yet read

_libc = ctypes.CDLL(None, use_errno=True)


class Unavailable(Exception):
    """The machine does not allow the namespaces that make the jail safe."""


def _call(what, result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _bytes(text):
    return None if text is None else os.fsencode(text)


def _mount(source, target, kind, flags, data=None):
    _call(f"mount {target}", _libc.mount(_bytes(source), _bytes(target), _bytes(kind), ctypes.c_ulong(flags), _bytes(data)))


def _bind(source, target, read_only):
    _mount(source, target, None, MS_BIND | MS_REC)
    if read_only:
        locked = os.statvfs(target).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC | 1024 | 2048 | 4096)
        keep = (locked & (MS_NOSUID | MS_NODEV | MS_NOEXEC)) | (locked & 1024) | (locked & 2048)
        relatime = (1 << 21) if locked & 4096 else 0
        _mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | keep | relatime)


def _enter_user_namespace():
    """Leaves root for good and becomes uid 0 of a namespace that owns nothing."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        _call("prctl", _libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
    uid, gid = os.getuid(), os.getgid()
    _call("unshare user", _libc.unshare(NEWUSER))
    pathlib.Path("/proc/self/setgroups").write_text("deny")
    pathlib.Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    pathlib.Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    pathlib.Path("/proc/sys/user/max_user_namespaces").write_text("0")


def _template(folder):
    """Lays out /usr/bin of the jail: links to real programs, and stubs."""
    binaries, real = folder / "bin", folder / "real"
    binaries.mkdir()
    real.mkdir()
    stub = folder / "stub.sh"
    shutil.copyfile(HERE / "stub.sh", stub)
    stub.chmod(0o755)
    host = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    for name in programs.REAL + programs.RECORDED:
        found = shutil.which(name, path=host)
        target = os.path.realpath(found) if found else ""
        if target.startswith("/usr/") and not (real / name).is_symlink():
            (real / name).symlink_to("/oracle/host" + target.removeprefix("/usr"))
    for name in programs.REAL:
        if (real / name).is_symlink() and name not in programs.RECORDED:
            (binaries / name).symlink_to(os.readlink(real / name))
    for name, other in {**programs.SHELLS, **programs.ALIASES}.items():
        if (real / other).is_symlink():
            (binaries / name).symlink_to(os.readlink(real / other))
    for name in programs.STUBS + programs.RECORDED:
        if not (binaries / name).is_symlink():
            os.link(stub, binaries / name)


def _build_root(folder, log):
    """Mounts the jail's file tree at folder/root; runs inside its namespaces."""
    root = str(folder / "root")
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    _mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_STRICTATIME, "size=32m,mode=755")
    for name in ("usr", "oracle", "oracle/host", "oracle/real", "proc", "dev", "usr/bin"):
        os.makedirs(f"{root}/{name}")
    for name in sorted(os.listdir("/usr")):
        source = f"/usr/{name}"
        if name in ("bin", "sbin", "games", "src") or os.path.islink(source) or not os.path.isdir(source):
            continue
        os.makedirs(f"{root}{source}", exist_ok=True)
        if name != "local":
            _bind(source, root + source, True)
    for name in ("lib", "lib32", "lib64", "libx32"):
        if os.path.islink(f"/{name}"):
            os.symlink(os.readlink(f"/{name}"), f"{root}/{name}")
        elif os.path.isdir(f"/{name}"):
            os.makedirs(f"{root}/{name}")
            _bind(f"/{name}", f"{root}/{name}", True)
    for name in ("bin", "sbin", "usr/sbin", "usr/local/bin"):
        os.makedirs(os.path.dirname(f"{root}/{name}"), exist_ok=True)
        os.symlink("/usr/bin", f"{root}/{name}")
    _bind("/usr", f"{root}/oracle/host", True)
    _bind(str(folder / "bin"), f"{root}/usr/bin", True)
    _bind(str(folder / "real"), f"{root}/oracle/real", True)
    for name in ("null", "zero", "random", "urandom", "full"):
        pathlib.Path(f"{root}/dev/{name}").touch()
        _bind(f"/dev/{name}", f"{root}/dev/{name}", False)
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(f"/proc/self/{target}", f"{root}/dev/{name}")
    pathlib.Path(f"{root}/oracle/log").touch()
    _bind(log, f"{root}/oracle/log", False)
    _mount("proc", f"{root}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for path, text in world.FILES.items():
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        pathlib.Path(root + path).write_text(text)
    for path in world.DIRECTORIES:
        os.makedirs(root + path, exist_ok=True)
    os.chdir(root)
    _call("pivot_root", _libc.pivot_root(b".", b"."))
    _call("umount", _libc.umount2(b".", MNT_DETACH))
    os.chdir("/")


def _snapshot(mark):
    """Maps each path of the jail to (kind, mode, content hash, was read)."""
    seen = {}
    for folder, names, files in os.walk("/", topdown=True):
        if folder == "/":
            names[:] = [name for name in names if name not in ("proc", "usr", "oracle", "sys")]
        for name in names + files:
            path = os.path.join(folder, name)
            try:
                info = os.lstat(path)
                regular = stat.S_ISREG(info.st_mode)
                digest = hashlib.md5(pathlib.Path(path).read_bytes()).hexdigest() if regular else ""
                if regular and mark:
                    os.utime(path, (OLD, OLD))
                kind = stat.S_IFMT(info.st_mode)
                seen[path] = (kind, stat.S_IMODE(info.st_mode), digest, regular and int(info.st_atime) != OLD)
            except OSError:
                continue
    return seen


def _difference(before, after):
    removed = sorted(path for path in before if path not in after)
    created = sorted(path for path in after if path not in before)
    changed = sorted(p for p in before if p in after and before[p][:3] != after[p][:3])
    read = sorted(p for p in before if p in after and after[p][3])
    return {"removed": removed, "created": created, "changed": changed, "read": read}


def _start_command(command, cwd):
    """Becomes bash with the command; never returns."""
    os.setsid()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for what, bound in ((resource.RLIMIT_CPU, 5), (resource.RLIMIT_FSIZE, 8 << 20), (resource.RLIMIT_NPROC, 120), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(what, (bound, bound))
    null = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.closerange(3, 1024)
    for capability in range(64):
        _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    _call("no_new_privs", _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    os.chdir(cwd or world.REPO)
    os.execve("/usr/bin/bash", ["bash", "-c", command], world.ENVIRONMENT)


def _as_first_process(folder, log, command, cwd, seconds):
    """Process 1 of the jail: builds it, runs the command, reports what changed."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _build_root(folder, log)
    before = _snapshot(mark=True)
    started = os.fork()
    if started == 0:
        try:
            _start_command(command, cwd)
        finally:
            os._exit(126)
    status, deadline, finished = None, time.monotonic() + seconds, None
    while True:
        try:
            pid, code = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid == started:
            status, finished = os.waitstatus_to_exitcode(code), time.monotonic()
        now = time.monotonic()
        if now > deadline or (finished and now > finished + 1.0):
            break
        if pid == 0:
            time.sleep(0.001)
    return {"status": status, "timeout": status is None, "files": _difference(before, _snapshot(mark=False))}


def read_records(raw):
    """Reads the stub log: count, words, directory, stdin; each NUL-terminated."""
    fields = raw.decode("utf-8", "surrogateescape").split("\0")
    records, at = [], 0
    while at < len(fields) - 1:
        if not fields[at].isdigit():
            break
        count = int(fields[at])
        words = fields[at + 1 : at + 1 + count]
        if len(fields) < at + count + 3:
            break
        records.append({"argv": words, "cwd": fields[at + 1 + count], "stdin": fields[at + 2 + count]})
        at += count + 3
    return records


class Jail:
    """A prepared jail; every `run` gets a fresh file tree and namespaces.

    Raises `Unavailable` when the machine does not allow the namespaces. The
    process that makes a `Jail` gives up root for the rest of its life.
    """

    def __init__(self):
        try:
            _enter_user_namespace()
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix="oracle-"))
            (self.folder / "root").mkdir()
            _template(self.folder)
            self.count = 0
            self.run("true")
        except OSError as error:
            raise Unavailable(str(error)) from error

    def close(self):
        """Removes the jail's own folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, command, cwd=None, seconds=5.0):
        """Runs one command; returns argv records, file changes and status."""
        self.count += 1
        log = self.folder / f"log-{self.count}"
        log.touch()
        reader, writer = os.pipe()
        outer = os.fork()
        if outer == 0:
            self._outer(reader, writer, str(log), command, cwd, seconds)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            answer = pipe.read()
        os.waitpid(outer, 0)
        report = json.loads(answer) if answer else {"error": "the jail did not answer"}
        if "error" in report:
            raise OSError(report["error"])
        report["ran"] = read_records(log.read_bytes())
        log.unlink()
        return report

    def _outer(self, reader, writer, log, command, cwd, seconds):
        code = 1
        try:
            os.close(reader)
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            _call("unshare", _libc.unshare(NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS))
            first = os.fork()
            if first == 0:
                try:
                    report = _as_first_process(self.folder, log, command, cwd, seconds)
                except BaseException as error:
                    report = {"error": repr(error)}
                os.write(writer, json.dumps(report).encode())
                os._exit(0)
            os.close(writer)
            os.waitpid(first, 0)
            code = 0
        finally:
            os._exit(code)


def main():
    try:
        jail = Jail()
    except Unavailable as why:
        print(f"jail unavailable: {why}", file=sys.stderr)
        return 3
    try:
        if "--probe" in sys.argv:
            print("jail works")
        elif "--batch" in sys.argv:
            for line in sys.stdin:
                row = json.loads(line)
                print(json.dumps(jail.run(row["cmd"], row.get("cwd"))), flush=True)
        else:
            report = jail.run(sys.stdin.read())
            for record in report.pop("ran"):
                print(json.dumps(record))
            print(json.dumps(report))
    finally:
        jail.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
