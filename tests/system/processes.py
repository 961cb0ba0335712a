# SPDX-License-Identifier: Apache-2.0
"""Real processes for the tests: nodes, the command line, and what the kernel says of them."""

import fcntl
import json
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

import wire

#: What a sanitizer writes when it has found something; no output of ours contains it.
SANITIZER_MARKS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:")


def wait_until(condition, what, timeout=10.0):
    """Polls `condition` until it is true and returns its value; fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.01)


def pid_of(ockam, name):
    return ockam("node", "show", name, "--output", "json").json["pid"]


def kill(pid):
    """Kills a process that is nobody's child here, and returns when it is gone: until then its node counts as running."""
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), f"process {pid} is gone")


def cannot_run(why):
    """Where the system does not let a test run: it is skipped, but fails in CI, where all of them have to."""
    assert not os.environ.get("CI"), why
    pytest.skip(why)


class Result:
    """What a command did."""

    def __init__(self, args, code, out, err, seconds):
        self.args, self.code, self.out, self.err, self.seconds = args, code, out, err, seconds

    def __repr__(self):
        return f"{' '.join(map(str, self.args))}\n  exit {self.code}\n  out: {self.out!r}\n  err: {self.err!r}"

    @property
    def json(self):
        return json.loads(self.out)


def on_a_terminal(program, words, env, answer=b"", width=0):
    """Runs it with a terminal as all three streams, `width` cells wide (0: it does not say). What it printed there, and its
    exit code."""
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24 if width else 0, width, 0, 0))
        os.execve(program, [os.fsencode(str(w)) for w in (program, *words)], env)
    if answer:
        os.write(fd, answer)
    out = b""
    while True:
        try:
            part = os.read(fd, 4096)
        except OSError:  # the terminal's other end is closed
            break
        if not part:
            break
        out += part
    os.close(fd)
    return out.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def asked_on_a_terminal(program, words, env, answers, timeout=60.0):
    """Runs it with a terminal, and types each answer, and Enter, when its question has been asked: `answers` are pairs of both.
    What it printed there, and its exit code."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(program, [os.fsencode(str(w)) for w in (program, *words)], env)
    out, seen, left = b"", 0, list(answers)
    deadline = time.monotonic() + timeout
    while select.select([fd], [], [], max(0, deadline - time.monotonic()))[0]:
        try:
            part = os.read(fd, 4096)
        except OSError:  # the terminal's other end is closed
            break
        if not part:
            break
        out += part
        if left and left[0][0].encode() in out[seen:]:
            seen = len(out)
            os.write(fd, left.pop(0)[1].encode() + b"\n")
    os.close(fd)
    return out.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fill(disk):
    """Until there is no room on it."""
    with open(disk / "full", "wb", buffering=0) as f:
        try:
            while f.write(b"x" * 4096):
                pass
        except OSError:
            pass


def type_into(command, env, lines, until, timeout=20.0):
    """Types lines into an interactive program on a terminal, each when the one before has been read, and Enter. What was
    printed after the last line was typed, from `until` on."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(command[0], command, {**env, "TERM": "dumb", "PS1": "READY> ", "PROMPT": "READY> "})
    out = b""

    def read_until(mark):
        nonlocal out
        deadline = time.monotonic() + timeout
        while mark not in out:
            if not select.select([fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"no {mark!r} within {timeout} s: {out!r}")
            out += os.read(fd, 4096)

    try:
        for line in lines[:-1]:
            read_until(b"READY> ")
            out = b""
            os.write(fd, line.encode() + b"\n")
        read_until(b"READY> ")
        out = b""
        os.write(fd, lines[-1].encode())
        os.write(fd, b"\n")
        read_until(until.encode())
        out = out[out.index(until.encode()):]
        read_until(b"READY> ")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(fd)
    return out.decode(errors="replace")


def of_home(home):
    """The processes that were started with this OCKAM_HOME, by pid, however they were started."""
    found = []
    mark = b"OCKAM_HOME=" + os.fsencode(home) + b"\0"
    for p in pathlib.Path("/proc").iterdir():
        if not p.name.isdigit() or int(p.name) == os.getpid():
            continue
        try:
            if mark in (p / "environ").read_bytes() + b"\0" and (p / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                found.append(int(p.name))
        except OSError:
            pass  # gone, or of somebody else
    return found


class Process:
    """A process by its pid, with what /proc says of it."""

    def __init__(self, pid):
        self.pid = pid

    def alive(self):
        """Any of its threads: the first one may be gone while others still hold its files and locks."""
        for task in pathlib.Path(f"/proc/{self.pid}/task").glob("*"):
            try:
                if (task / "stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX":
                    return True
            except OSError:
                pass  # gone meanwhile
        return False

    def resident(self):
        """Bytes in memory. 0 under asan, which keeps freed memory back: it says nothing of the node there."""
        if "libasan" in pathlib.Path(f"/proc/{self.pid}/maps").read_text():
            return 0
        return int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def sockets(self):
        """Those of its descriptors that are sockets: others come and go while a node starts."""
        kinds = []
        for fd in pathlib.Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                kinds.append(os.readlink(fd))
            except FileNotFoundError:
                pass  # closed just now
        return sum(k.startswith("socket:") for k in kinds)

    def freeze(self):
        """Stops all of its threads (SIGSTOP), and waits until the last one has: each does so in its own time."""
        os.kill(self.pid, signal.SIGSTOP)

        def frozen():
            tasks = pathlib.Path(f"/proc/{self.pid}/task").iterdir()
            return all((t / "stat").read_text().rsplit(")", 1)[1].split()[0] == "T" for t in tasks)

        wait_until(frozen, "the process has stopped")

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Node(Process):
    """An `ockam-node` in the foreground, child of the test, listening at a free port."""

    def __init__(self, program, args, env, log_path, limits=None):
        read_end, write_end = os.pipe()
        self.log_path = log_path
        self.log = open(log_path, "wb")
        self.child = subprocess.Popen(
            [program, *args, "--ready-fd", str(write_end)],
            env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log,
            pass_fds=(write_end,), preexec_fn=limits, cwd=str(pathlib.Path(log_path).parent))
        os.close(write_end)
        super().__init__(self.child.pid)
        self.expected = (0,)
        try:
            self.ready = self._ready(read_end)
        except BaseException:
            self.kill()
            raise
        finally:
            os.close(read_end)
        #: (transport, host:port) of each listener, in the order of the configuration.
        self.listeners = self._listeners() if self.ready.get("ready") else []

    def _ready(self, fd):
        data = b""
        while not data.endswith(b"\n"):
            if not select.select([fd], [], [], 60)[0]:
                raise AssertionError("the node was not ready within 60 s: " + self.errors())
            part = os.read(fd, 4096)
            if not part:
                self.child.wait(10)
                raise AssertionError(f"the node ended with {self.child.returncode}: {self.errors()}")
            data += part
        return json.loads(data)

    def _listeners(self):
        out = []
        for line in self.child.stdout:
            words = line.decode().split()
            if words[0] == "listening":
                out.append((words[1], words[2]))
            if words[-1] == "ready":
                break
        return out

    def errors(self):
        """All of standard error, the log included when it goes there."""
        return pathlib.Path(self.log_path).read_text(errors="replace")

    @property
    def port(self):
        """Of the first tcp listener."""
        return next(int(a.rsplit(":", 1)[1]) for t, a in self.listeners if t == "tcp")

    def peer(self, **kw):
        return wire.Peer(self.port, **kw)

    def send_signal(self, what):
        os.kill(self.pid, what)

    def stop(self, what=signal.SIGTERM, within=5.0):
        """Stops it in order. The exit code, and the seconds that it took."""
        began = time.monotonic()
        self.send_signal(what)
        code = self.child.wait(within)
        return code, time.monotonic() - began

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
            self.expected = (*self.expected, -signal.SIGKILL)
        self.child.wait()

    def finish(self):
        """Ends it if it runs and says what is wrong with how it ended; nothing if all is well."""
        if self.child.poll() is None:
            try:
                self.stop(within=20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
                return f"node {self.pid} did not stop: {self.errors()}"
        self.child.stdout.close()
        self.log.close()
        text = self.errors()
        if any(mark in text for mark in SANITIZER_MARKS) or self.child.returncode not in self.expected:
            return f"node {self.pid} ended with {self.child.returncode}: {text}"
        return None
