# SPDX-License-Identifier: Apache-2.0
"""A service manager as systemd is one, for a process of a test: the socket of sd_notify(3), and descriptors that are passed
as sd_listen_fds(3) says."""

import fcntl
import os
import pathlib
import signal
import socket
import time

# The process that is started has to be named in the environment, and knows its number only when it runs.
WITH_OWN_PID = 'export LISTEN_PID=$$ WATCHDOG_PID=$$; exec "$@"'


class Notice:
    """One datagram: its assignments, and the descriptors that came with it."""

    def __init__(self, data, fds):
        self.fields = dict(line.split("=", 1) for line in data.decode().splitlines())
        self.fds = fds

    def __getitem__(self, name):
        return self.fields.get(name)

    def __repr__(self):
        return f"{self.fields} {self.fds}"


class Service:
    """A process, with what it has told."""

    def __init__(self, pid, listening, log):
        self.pid, self.listening, self.log = pid, listening, log
        self.heard, self.code = [], None

    def take(self, timeout):
        """Hears the next notice; None when there is none in time."""
        self.listening.settimeout(max(0.01, timeout))
        try:
            data, fds, _, _ = socket.recv_fds(self.listening, 1 << 16, 16)
        except TimeoutError:
            return None
        self.heard.append(Notice(data, fds))
        return self.heard[-1]

    def expect(self, field, value=None, timeout=30):
        """The next notice with this field, and value if one is given."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            notice = self.take(until - time.monotonic())
            if notice and notice[field] is not None and value in (None, notice[field]):
                return notice
        raise AssertionError(f"no {field}={value} within {timeout} s: {self.heard} {self.log.read_text()}")

    def rest(self, seconds):
        """All that it says in this time."""
        out, until = [], time.monotonic() + seconds
        while time.monotonic() < until:
            notice = self.take(until - time.monotonic())
            if notice:
                out.append(notice)
        return out

    def end(self, what=signal.SIGTERM):
        if self.code is None:
            os.kill(self.pid, what)
            self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.code


class Manager:
    def __init__(self, folder, env):
        self.folder, self.env, self.services = pathlib.Path(folder), env, []

    def start(self, *command, sockets=(), abstract=False, **more):
        """`sockets`: pairs of a name and a socket or descriptor, passed from descriptor 3 on; `more`: environment."""
        n = len(self.services)
        at = f"\0ockam-test-{os.getpid()}-{id(self)}-{n}" if abstract else str(self.folder / f"notify-{n}")
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listening.bind(at)
        log = self.folder / f"service-{n}.log"
        env = {**self.env, **more, "NOTIFY_SOCKET": at.replace("\0", "@")}
        # Out of the way first: a target may be the source of another one.
        high = [fcntl.fcntl(s if isinstance(s, int) else s.fileno(), fcntl.F_DUPFD_CLOEXEC, 200) for _, s in sockets]
        actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT, 0o600),
                   (os.POSIX_SPAWN_DUP2, 1, 2), *((os.POSIX_SPAWN_DUP2, fd, 3 + i) for i, fd in enumerate(high))]
        if sockets:
            env |= {"LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": ":".join(name for name, _ in sockets)}
        pid = os.posix_spawn("/bin/sh", ["sh", "-c", WITH_OWN_PID, "sh", *map(str, command)], env, file_actions=actions)
        for fd in high:
            os.close(fd)
        self.services.append(Service(pid, listening, log))
        return self.services[-1]

    def close(self):
        for s in self.services:
            if s.code is None:
                s.end(signal.SIGKILL)
            s.listening.close()
            for notice in s.heard:
                for fd in notice.fds:
                    os.close(fd)
