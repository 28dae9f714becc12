"""Runs a command as a person at a terminal would: on a terminal of its own, and no child of whoever runs the tests.

argv: the command; stdout: what it printed; exit code: its own.
"""

import os
import pty
import sys
import time

read, write = os.pipe()
if os.fork():
    os.close(write)
    held = b""
    while chunk := os.read(read, 65536):
        held += chunk
        # At once, so that whoever types can wait for a prompt; the code comes behind a zero.
        if b"\0" not in held and not held.endswith(b"\r"):
            os.write(1, held.replace(b"\r\n", b"\n"))
            held = b""
    text, _, code = held.rpartition(b"\0")
    os.write(1, text.replace(b"\r\n", b"\n"))
    os._exit(int(code))

os.setsid()
parent = os.getpid()
if os.fork():
    os._exit(0)
while os.getppid() == parent:
    time.sleep(0.001)


def copy(fd):
    chunk = os.read(fd, 65536)
    os.write(write, chunk)
    return chunk


os.dup2(os.open(os.devnull, os.O_RDWR), 1)
status = pty.spawn(sys.argv[1:], copy)
os.write(write, b"\0%d" % os.waitstatus_to_exitcode(status))
os._exit(0)
