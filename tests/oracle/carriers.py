"""Ways to carry a command: prefixes, wrappers of a whole script, data positions.

* Every wrapper keeps the meaning: what ran before still runs, and nothing else
  that is dangerous.

Not here: how one command is written (quoting.py), the payloads (generate.py).
"""
import base64
import codecs
import re

from quoting import Piece, ansi, double, plain, single

# ---- prefixes: programs that run the rest of their argv ---------------------------

_PREFIXES = [
    "sudo {}", "sudo -u dev {}", "sudo -n -- {}", "env {}", "env A=1 {}", "env -u LANG {}", "command {}", "nohup {}", "nice -n 5 {}",
    "timeout 20 {}", "timeout -k 1 20s {}", "setsid -w {}", "stdbuf -oL {}", "exec {}", "A=1 {}", "A=1 B=2 {}", "! {}", "time {}", "doas {}",
    "flock lockfile {}", "ssh box {}", "docker exec web {}", "docker run --rm alpine {}", "kubectl exec web-0 -- {}", "2>/dev/null {}",
    ">log.out {}", "{} </dev/null", "{} >log.out 2>&1", "strace -f {}", "find . -maxdepth 0 -exec {} \\;", "xargs -r -I% {} <<< x",
    "bash -c '\"$@\"' _ {}", "sh -c '\"$0\" \"$@\"' {}",
    "env -i {}", "/usr/bin/env {}", "sudo -E env A=1 {}", "nice {}", "bash -c 'exec \"$@\"' sh {}", "command -p {}", "/usr/bin/nohup {}", "sudo --user=dev {}",
    "ionice -c 3 {}", "systemd-run --user {}", "watch -n 5 {}", "poetry run {}", "docker compose exec -T web {}", "busybox {}",
]
_NEEDS_PROGRAM = re.compile(r"^(sudo|env|nohup|nice|timeout|setsid|stdbuf|doas|flock|ssh|docker|kubectl|strace|find|xargs|ionice|systemd|watch|poetry|busybox|command|exec)")
# These join their words and read them again as shell text: quoting is taken off twice.
_REREADS = ("ssh box {}", "watch -n 5 {}")


def prefixed(rng, piece, argv):
    """Puts none to two prefixes before a simple command."""
    text = piece.text
    if piece.simple:
        for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
            form = rng.choice(_PREFIXES)
            if form in _REREADS:
                text = form.format(single(text)) if not piece.setup else text
            elif form.startswith(("A=1", "! ", "time", "2>", ">")) and not text.startswith(tuple("'\"\\$`{") + ("f ",)) and text == piece.text:
                text = form.format(text)
            elif _NEEDS_PROGRAM.match(form) and not text.startswith(("A=1", "! ", "time", "2>", ">", "command", "exec")):
                text = form.format(text)
            elif form.startswith("{}"):
                text = form.format(text)
        if rng.random() < 0.06 and not piece.setup and len(argv) > 1 and plain(argv[-1]) == argv[-1]:
            head = " ".join(map(plain, argv[:-1]))
            text = rng.choice(["echo {1} | xargs {0}", "printf '%s\\n' {1} | xargs {0}", "xargs {0} <<< {1}"]).format(head, argv[-1])
    posix = piece.posix and "<<<" not in text and not re.search(r"\btime\b", text)
    return Piece(piece.setup + text, posix=posix)


# ---- wrappers of a whole script ---------------------------------------------------


def _shell(rng, piece):
    return rng.choice(["sh", "dash", "bash", "/bin/sh", "bash -e"]) if piece.posix else rng.choice(["bash", "bash -e", "/bin/bash"])


def _dash_c(rng, piece):
    quote = rng.choice([single, double, double, ansi])
    shell = _shell(rng, piece).replace(" -e", "")
    flag = rng.choice(["-c", "-c", "-ec", "-xc"])
    return Piece(f"{shell} {flag} {quote(piece.text)}", posix=quote is not ansi)


def _login(rng, piece):
    return Piece(f"bash -lc {single(piece.text)}")


def _eval(rng, piece):
    return Piece(f"eval {rng.choice([single, double])(piece.text)}", posix=piece.posix)


def _piped(rng, piece):
    form = rng.choice(["echo {} | {}", "printf '%s\\n' {} | {}", "cat <<< {} | {}"])
    if form.startswith("echo") and ("\\" in piece.text or piece.text.startswith("-")):
        form = "printf '%s\\n' {} | {}"
    return Piece(form.format(single(piece.text), _shell(rng, piece)), posix="<<<" not in form)


def _here_string(rng, piece):
    return Piece(f"{_shell(rng, piece)} <<< {single(piece.text)}", posix=False)


def _here_document(rng, piece):
    word = rng.choice(["EOF", "END", "X_1"])
    if word in piece.text.split("\n"):
        word = "LIMIT"
        if word in piece.text.split("\n"):
            return piece
    return Piece(f"{_shell(rng, piece)} <<'{word}'\n{piece.text}\n{word}", posix=True)


def _encoded(rng, piece):
    code = base64.b64encode((piece.text + "\n").encode()).decode()
    form = rng.choice(["echo {} | base64 -d | {}", "base64 -d <<< {} | {}", "eval \"$(echo {} | base64 -d)\"", "echo {} | base64 --decode | {}"])
    if "eval" in form:
        return Piece(form.format(code), posix=piece.posix)
    return Piece(form.format(code, _shell(rng, piece)), posix="<<<" not in form)


def _rotated(rng, piece):
    if not piece.text.isascii() or "\\" in piece.text or piece.text.startswith("-"):
        return piece
    return Piece(f"echo {single(codecs.encode(piece.text, 'rot13'))} | tr a-zA-Z n-za-mN-ZA-M | {_shell(rng, piece)}")


def _process_substitution(rng, piece):
    body = f"printf '%s\\n' {single(piece.text)}"
    return Piece(rng.choice(["bash <({})", "source <({})", ". <({})"]).format(body), posix=False)


def _substitution(rng, piece):
    form = rng.choice(['echo "$({})"', "x=$({})", 'echo "${{x:-$({})}}"', '[ -n "$({})" ]', "cat <({})", ': "$({})"', 'git commit -m "done: $({})"'])
    text = form.format("\n" + piece.text + "\n" if "\n" in piece.text else piece.text)
    return Piece(text, posix=piece.posix and "<(" not in text)


def _backticks(rng, piece):
    if "`" in piece.text or "\\" in piece.text or '"' in piece.text:
        return piece
    return Piece(f'echo "a `{piece.text}` b"' if "\n" not in piece.text else f"echo `{piece.text}`", posix=piece.posix)


def _grouped(rng, piece):
    form = rng.choice(["({})", "{{ {}; }}", "({}) 2>/dev/null", "if true; then {}; fi", "if {}; then :; fi", "for i in 1; do {}; done",
                       "while true; do {}; break; done", "case x in x) {} ;; esac", "{{ {}; }} | cat", "f1() {{ {}; }}; f1", "until {}; do break; done"])
    if "\n" in piece.text:
        form = form.replace("{};", "\n{}\n").replace("({})", "(\n{}\n)").replace("{} ;;", "\n{}\n;;")
    return Piece(form.format(piece.text), posix=piece.posix)


def _before_and_after(rng, piece):
    before = rng.choice(["cd sub && cd ..; ", "true && ", "false || ", "git status; ", "ls >/dev/null; ", "echo 'rm is fine'; ", "set -e; ", "mkdir -p out && ",
                         "x=1; ", "# note\n", "echo start\n", "git checkout main && ", "npm test; ", ": 'a;b'; ", "rm -rf target; ", "echo $((1+2)); "])
    after = rng.choice(["", "", "; echo done", " && echo ok", " || true", " | cat", " &\nwait", " # the end\n:", "\necho done", "; :"])
    if "\n" in piece.text:
        after = "" if not after.startswith("\n") else after
    return Piece(before + piece.text + after, posix=piece.posix)


def _trap(rng, piece):
    return Piece(f"trap {single(piece.text)} EXIT", posix=piece.posix)


def _written_then_run(rng, piece):
    text = single(piece.text)
    form = rng.choice(["printf '%s\\n' {0} > run.sh; {1} run.sh", "printf '%s\\n' {0} > run.sh && chmod +x run.sh && ./run.sh", "cat > run.sh <<< {0}; {1} ./run.sh",
                       "printf '%s\\n' {0} | tee run.sh; {1} run.sh"])
    return Piece(form.format(text, _shell(rng, piece)), posix=piece.posix and "<<<" not in form)


def _remote(rng, piece):
    form = rng.choice(["ssh box {}", "ssh -p 22 me@box {}", "su -c {} dev", "docker exec web sh -c {}", "kubectl exec web-0 -- sh -c {}", "sudo sh -c {}",
                       "sudo bash -c {}", "timeout 20 sh -c {}", "nohup sh -c {}", "xargs -I% sh -c {} <<< x", "find . -maxdepth 0 -exec sh -c {} \\;", "script -qc {} /dev/null",
                       "watch {}", "env sh -c {}", "nix-shell --run {}", "git submodule foreach {}", "flock lockfile -c {}"])
    if ("sh -c" in form and "bash" not in form or "flock" in form) and not piece.posix:
        form = form.replace(" sh -c", " bash -c") if "flock" not in form else "sudo bash -c {}"
    if "xargs" in form and "%" in piece.text:
        form = "ssh box {}"
    return Piece(form.format(single(piece.text)), posix="<<<" not in form)


def _interpreted(rng, piece):
    form = rng.choice(["python3 -c {}", "perl -e {}", "node -e {}", "awk {}"])
    if "\n" in piece.text or "\\" in piece.text or not piece.posix or len(piece.text) > 300:
        return piece
    text = piece.text.replace('"', '\\"').replace("$", "\\$" if form.startswith("perl") else "$")
    if form.startswith("perl") and "@" in text:
        return piece
    code = {"python3": f'import os; os.system("{text}")', "perl": f'system("{text}")', "node": f'require("child_process").execSync("{text}")',
            "awk": f'BEGIN {{ system("{text}") }}'}[form.split()[0]]
    return Piece(form.format(single(code)))


def _joined(rng, piece):
    """The script sits in a variable before a shell gets it."""
    form = rng.choice(["s={0}; bash -c \"$s\"", "s={0}; eval \"$s\"", "s={0}; bash <<< \"$s\"", "s={0}; printf '%s\\n' \"$s\" | bash", "s={0}; ssh box \"$s\""])
    return Piece(form.format(single(piece.text)), posix="<<<" not in form and (piece.posix or "eval" not in form))


def _sourced(rng, piece):
    return Piece(f"printf '%s\\n' {single(piece.text)} > part.sh; {rng.choice(['.', 'source'])} ./part.sh", posix=False)


def _exported(rng, piece):
    return Piece(f"S={single(piece.text)} bash -c 'eval \"$S\"'")


_WRAPPERS = [_dash_c] * 4 + [_login] + [_eval] * 2 + [_piped] * 2 + [_here_string, _here_document, _encoded, _rotated, _process_substitution] + [
    _substitution] * 3 + [_backticks] + [_grouped] * 4 + [_before_and_after] * 5 + [_trap, _written_then_run] + [_remote] * 3 + [_interpreted] + [
    _joined, _sourced, _exported]


def wrapped(rng, piece):
    """Carries a script inside another one."""
    return rng.choice(_WRAPPERS)(rng, piece)


# ---- data positions ---------------------------------------------------------------

_DATA = [
    "echo {}", "printf '%s\\n' {}", "echo {} > notes.txt", "echo {} | tee -a notes.txt", "grep -rn {} docs", "grep -e {} README.md", "rg {}",
    "git commit -m {}", "git commit -m note -m {}", "git tag -a v9 -m {}", "git log --grep={}", "git stash push -m {}", "x={}", "x={}; echo \"$x\"", ": {}",
    "[ \"$y\" = {} ]", "[[ $y == {} ]] || true", "case \"$y\" in {}) echo hit;; esac", "gh pr create --title t --body {}", "jq -n --arg c {} '{{c: $c}}'",
    "curl -d {} http://localhost", "cat <<< {}", "wc -c <<< {}", "export NOTE={}", "echo {} | grep -c x", "echo {} | wc -c", "true {}",
    "awk -v c={} 'BEGIN {{ print c }}'", "python3 -c 'import sys; print(sys.argv[1])' {}", "bash -c 'echo \"$1\"' _ {}", "sh -c 'printf \"%s\\n\" \"$0\"' {}",
    "for c in {}; do echo \"$c\"; done", "a=({}); echo \"${{#a[@]}}\"", "logger {}", "printf '%s' {} | base64", "printf '%s' {} | sha256sum", "test -n {}",
]


def as_data(rng, text):
    """Puts the text where the shell treats it as data only."""
    roll = rng.random()
    if roll < 0.10 and "\n" not in text:
        return rng.choice(["ls # {}\n:", "# {}\nls", "true # {}\nls"]).format(text)
    if roll < 0.26:
        form = rng.choice(["cat > notes.md <<'EOF'\n{}\nEOF", "cat <<'EOF'\n{}\nEOF", "tee notes.md <<'EOF'\n{}\nEOF", "cat <<\\EOF >> notes.md\nsee:\n{}\nEOF",
                           "git commit -F - <<'EOF'\nsubject\n\n{}\nEOF", "git commit -m \"$(cat <<'EOF'\n{}\nEOF\n)\"", "grep -c x <<'EOF'\n{}\nEOF"])
        return form.format(text)
    quote = rng.choice([single, single, double, ansi])
    return rng.choice(_DATA).format(quote(text))
