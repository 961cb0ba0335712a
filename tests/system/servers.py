# SPDX-License-Identifier: Apache-2.0
"""Servers that people run, as Debian has them, each in a folder of its own at a free port of 127.0.0.1."""

import glob
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile

from processes import cannot_run, wait_until

PLACES = os.pathsep.join(["/usr/bin", "/bin", "/usr/sbin", *sorted(glob.glob("/usr/lib/postgresql/*/bin"))])


def program(name):
    """Where it is; the test is skipped, or fails in CI, if it is nowhere."""
    return shutil.which(name, path=PLACES) or cannot_run(f"there is no {name}: dev/install-packages test")


def nobody():
    """For servers that refuse to run as root: arguments of Popen that make a process somebody else's. Of who is not root: none."""
    if os.geteuid() != 0:
        return {}
    who = pwd.getpwnam("nobody")
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False


class Servers:
    """What a test has started; it ends with the test."""

    def __init__(self):
        self.children = []
        self.folders = []

    def folder(self, of_nobody=False):
        """An empty one. It has a short path, and nothing above it keeps another user out."""
        at = pathlib.Path(tempfile.mkdtemp(prefix="ok-server-", dir="/tmp"))
        self.folders.append(at)
        if of_nobody and (who := nobody()):
            os.chown(at, who["user"], who["group"])
        return at

    def start(self, port, command, **how):
        """Runs it in the foreground, and returns the port once it listens there."""
        log = self.folder() / "log"
        with open(log, "wb") as out:
            child = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, **how)
        self.children.append(child)

        def is_there():
            assert child.poll() is None, f"{command[0]} has ended with {child.returncode}: {log.read_text(errors='replace')}"
            return listens(port)

        wait_until(is_there, f"{command[0]} listens", 60)
        return port

    def end(self):
        for child in self.children:
            child.terminate()
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        for at in self.folders:
            shutil.rmtree(at, ignore_errors=True)


def client(name, *args, timeout=110, **how):
    """Runs it to its end, in which it must succeed. What it has printed, as bytes."""
    done = subprocess.run([program(name), *map(str, args)], capture_output=True, timeout=timeout, **how)
    assert done.returncode == 0, f"{name} {args}\n  exit {done.returncode}\n  out: {done.stdout[-2000:]!r}\n  err: {done.stderr[-2000:]!r}"
    return done.stdout
