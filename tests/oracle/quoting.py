"""Ways to write one simple command: quoting styles, variables, arrays, names in parts.

* A `Piece` is shell text that runs the payload; `posix` says that dash runs it too,
  `simple` that it is one simple command, so that `sudo ` may stand before it.

Not here: what carries the command (carriers.py), the payloads (generate.py).
"""
import dataclasses
import re


@dataclasses.dataclass
class Piece:
    """Shell text with what may be done to it."""

    text: str
    posix: bool = True
    simple: bool = False
    setup: str = ""


# ---- quoting of one word -------------------------------------------------------


def single(word):
    """Quotes with apostrophes."""
    return "'" + word.replace("'", "'\\''") + "'"


def double(word):
    """Quotes with quotation marks."""
    return '"' + re.sub(r'([\\$`"])', r"\\\1", word) + '"'


def plain(word):
    """Quotes only what needs it."""
    return word if re.fullmatch(r"[A-Za-z0-9_./:+=@%,~^-]+", word) and not word.startswith("~") else single(word)


def backslashed(word):
    """A backslash before every character that is not a letter, and some that are."""
    return "".join("\\" + c if i % 2 == 0 and c != "\n" else (c if c.isalnum() else "\\" + c) for i, c in enumerate(word))


def split(word):
    """Cuts the word in two with empty quotes between."""
    if not re.fullmatch(r"[A-Za-z0-9_./:+=@-]{2,}", word):
        return single(word)
    middle = len(word) // 2
    return f"{word[:middle]}''{word[middle:]}"


def halves(word):
    """One half in quotation marks, one in apostrophes."""
    middle = max(1, len(word) // 2)
    return double(word[:middle]) + single(word[middle:])


def ansi(word):
    """The form with named escapes."""
    return "$'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"


def hexadecimal(word):
    """Every byte as an escape."""
    return "$'" + "".join(f"\\x{byte:02x}" for byte in word.encode()) + "'"


def octal(word):
    """Every byte as an octal escape."""
    return "$'" + "".join(f"\\{byte:03o}" for byte in word.encode()) + "'"


_POSIX_QUOTES = [plain, single, double, backslashed, split, halves]
_BASH_QUOTES = [ansi, hexadecimal, octal]


def render(rng, argv):
    """Writes argv as one simple command in a random style."""
    style = rng.random()
    if style < 0.40:
        return Piece(" ".join(map(plain, argv)), simple=True)
    if style < 0.62:
        return Piece(" ".join(rng.choice(_POSIX_QUOTES)(word) for word in argv), simple=True)
    if style < 0.72:
        return Piece(" ".join(rng.choice(_BASH_QUOTES + [plain])(word) for word in argv), posix=False, simple=True)
    return rng.choice(_STYLES)(rng, argv)


def _variable(rng, argv):
    at = rng.randrange(len(argv))
    words = [plain(word) for word in argv]
    setup = f"v={single(argv[at])}; "
    words[at] = rng.choice(['"$v"', '"${v}"'])
    return Piece(" ".join(words), simple=True, setup=setup)


def _every_word_a_variable(rng, argv):
    names = [f"v{number}" for number in range(len(argv))]
    setup = "".join(f"{name}={plain(word)}; " for name, word in zip(names, argv))
    return Piece(" ".join(f'"${name}"' for name in names), simple=True, setup=setup)


def _array(rng, argv):
    return Piece('"${a[@]}"', posix=False, simple=True, setup="a=(" + " ".join(map(plain, argv)) + "); ")


def _positional(rng, argv):
    return Piece('"$@"', simple=False, setup="set -- " + " ".join(map(plain, argv)) + "; ")


def _braces(rng, argv):
    if all(re.fullmatch(r"[A-Za-z0-9_./:=+-]+", word) for word in argv) and len(argv) > 1:
        return Piece("{" + ",".join(argv) + "}", posix=False, simple=True)
    return Piece(" ".join(map(plain, argv)), simple=True)


def _separators(rng, argv):
    if all(re.fullmatch(r"[A-Za-z0-9_./:=+-]+", word) for word in argv):
        return Piece("${IFS}".join(argv), posix=True, simple=True)
    return Piece(" ".join(map(plain, argv)), simple=True)


def _substituted_name(rng, argv):
    name = rng.choice(["$(echo {})", "$(printf %s {})", "`echo {}`", '"$(printf {})"']).format(argv[0])
    return Piece(" ".join([name] + [plain(word) for word in argv[1:]]), simple=True)


def _function(rng, argv):
    rest = " ".join(map(plain, argv[1:]))
    return Piece(f"f {rest}".rstrip(), simple=False, setup=f'f() {{ {argv[0]} "$@"; }}; ')


def _default(rng, argv):
    words = [plain(word) for word in argv]
    words[-1] = '"${UNSET_NAME:-' + argv[-1] + '}"' if re.fullmatch(r"[\w./+:-]+", argv[-1]) else words[-1]
    return Piece(" ".join(words), simple=True)


def _continued(rng, argv):
    return Piece(" \\\n  ".join(map(plain, argv)), simple=True)


def _absolute(rng, argv):
    folder = rng.choice(["/bin", "/usr/bin", "//usr/bin", "/usr/../bin", "/usr/local/bin/../../bin"])
    return Piece(" ".join([f"{folder}/{argv[0]}"] + [plain(word) for word in argv[1:]]), simple=True)


def _word_split(rng, argv):
    if not all(re.fullmatch(r"[A-Za-z0-9_./:=+-]+", word) for word in argv):
        return Piece(" ".join(map(plain, argv)), simple=True)
    cut = rng.randrange(1, len(argv) + 1)
    tail = "".join(" " + plain(word) for word in argv[cut:])
    return Piece("$c" + tail, simple=True, setup=f"c={single(' '.join(argv[:cut]))}; ")


def _read_in(rng, argv):
    if not all(re.fullmatch(r"[A-Za-z0-9_./:=+-]+", word) for word in argv):
        return Piece(" ".join(map(plain, argv)), simple=True)
    return Piece('"${r[@]}"', posix=False, simple=True, setup=f"read -ra r <<< {single(' '.join(argv))}; ")


def _in_a_loop(rng, argv):
    words = [plain(word) for word in argv]
    last, words[-1] = words[-1], '"$w"'
    return Piece(f"for w in {last}; do {' '.join(words)}; done", simple=False)


def _appended(rng, argv):
    name, at = argv[0], max(1, len(argv[0]) // 2)
    return Piece(" ".join(["$n"] + [plain(word) for word in argv[1:]]), simple=True, posix=False, setup=f"n={name[:at]}; n+={name[at:]}; ")


def _alias(rng, argv):
    return Piece(f"shopt -s expand_aliases\nalias z={single(plain(argv[0]))}\nz " + " ".join(map(plain, argv[1:])), posix=False)


def _trimmed(rng, argv):
    form = rng.choice(["n={0}.x; ${{n%.x}}", "n=x{0}; ${{n#x}}", "n=x{0}; ${{n:1}}", "n={0}; ${{n,,}}"])
    setup, name = form.format(argv[0]).split("; ")
    return Piece(" ".join([name] + [plain(word) for word in argv[1:]]), simple=True, posix=False, setup=setup + "; ")


_STYLES = [_absolute, _word_split, _read_in, _in_a_loop, _appended, _alias, _trimmed, _variable, _variable, _every_word_a_variable, _array, _positional, _braces, _separators, _substituted_name, _function, _default, _continued]
