# SPDX-License-Identifier: Apache-2.0
"""Listening at a path, as nodes do (runtime/net/unix_sockets.cpp): a socket on which somebody listens is never taken over,
one that a process has left behind is."""

import errno
import os
import socket
import stat

from .errors import CannotListen

MODE = 0o600


class UnixListener:
    """A listening socket and its file."""

    def __init__(self, path: str) -> None:
        """Raises CannotListen."""
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self._bind()
            os.chmod(path, MODE)  # before anybody can connect
            self.socket.listen(4096)
            self._file = os.lstat(path)
        except OSError as e:
            self.socket.close()
            raise CannotListen(f"cannot listen on {path}: {e.strerror or e}") from None
        except BaseException:
            self.socket.close()
            raise

    def remove_file(self) -> None:
        """If it is still the one of this socket."""
        try:
            if os.path.samestat(os.lstat(self.path), self._file):
                os.unlink(self.path)
        except OSError:
            pass

    def _bind(self) -> None:
        try:
            return self.socket.bind(self.path)
        except OSError as e:
            if e.errno != errno.EADDRINUSE:
                raise
        _remove_stale(self.path)
        try:
            self.socket.bind(self.path)
        except OSError as e:
            raise _taken(self.path) if e.errno == errno.EADDRINUSE else e from None


def _taken(path: str) -> CannotListen:
    return CannotListen(f"cannot listen on {path}: another process listens there", "choose another path")


def _remove_stale(path: str) -> None:
    """Removes a socket without a listener. Raises CannotListen for anything else that is there."""
    try:
        held = os.open(path, os.O_PATH | os.O_NOFOLLOW)  # held open, its inode number is given to no other file meanwhile
    except FileNotFoundError:
        return
    try:
        before = os.fstat(held)
        if not stat.S_ISSOCK(before.st_mode):
            raise CannotListen(f"cannot listen on {path}: there is a file, and it is no socket", "choose another path, or move it away")
        if not _refuses(path):
            raise _taken(path)
        # Of two that both come to this conclusion, the second must not remove the socket that the first has made
        # meanwhile: who moves the file away sees which one it got.
        aside = f"{path}.{os.getpid()}"
        try:
            os.rename(path, aside)
        except FileNotFoundError:
            return
        if os.path.samestat(os.lstat(aside), before):
            os.unlink(aside)
        else:
            os.rename(aside, path)
            raise _taken(path)
    finally:
        os.close(held)


def _refuses(path: str) -> bool:
    """Whether nobody listens there."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)  # the queue of one that is busy may be full
        return probe.connect_ex(path) == errno.ECONNREFUSED
