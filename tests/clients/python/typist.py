"""Runs a command at a terminal and types a line when it is asked for it; prints what the terminal showed.

argv: the command; TYPED: the line; ASKED: words of the question.
"""

import os
import pty
import sys

typed, asked = os.environb.pop(b"TYPED"), os.environb.pop(b"ASKED")
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
shown, told = b"", False
while True:
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        chunk = b""
    if not chunk:
        break
    shown += chunk
    if not told and asked in shown:
        told = True
        os.write(terminal, typed + b"\n")
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(status))
