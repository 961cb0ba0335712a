# SPDX-License-Identifier: Apache-2.0
"""Connections that end in every order: by their client or their target, in order or by a reset, half of them or all."""

import contextlib
import random
import selectors
import socket
import struct
import threading


def reset_at_close(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Target:
    """A server on a thread of its own that does what the first byte of a connection says."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.server.setblocking(False)
        self.address = "127.0.0.1:%d" % self.server.getsockname()[1]
        self.stop, self.stopped = socket.socketpair()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.close()
        self.thread.join()
        self.stopped.close()
        self.server.close()

    def _run(self):
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.server, selectors.EVENT_READ)
            waiting.register(self.stopped, selectors.EVENT_READ)
            while True:
                for key, _ in waiting.select():
                    if key.fileobj is self.stopped:
                        return
                    if key.fileobj is self.server:
                        with contextlib.suppress(OSError):
                            s, _ = self.server.accept()
                            s.setblocking(False)
                            waiting.register(s, selectors.EVENT_READ)
                    elif not self._serve(key.fileobj):
                        waiting.unregister(key.fileobj)
                        key.fileobj.close()

    @staticmethod
    def _serve(s):
        """False: it is over."""
        try:
            said = s.recv(100)
            if said.startswith(b"r"):  # it cuts the connection off
                reset_at_close(s)
                return False
            if said.startswith(b"f"):  # it ends its direction, and goes on reading
                s.shutdown(socket.SHUT_WR)
                return True
            if said.startswith(b"k"):
                s.sendall(b"k")
                return True
            return False  # `c`: it closes; the client has ended
        except OSError:
            return False


def run(address, count, seed, at_once=50):
    """Opens so many, and ends each."""
    host, port = address.rsplit(":", 1)
    chance = random.Random(seed)
    for _ in range(count // at_once):
        batch = []
        for _ in range(at_once):
            s = socket.create_connection((host, int(port)), 20)
            s.sendall(chance.choice((b"r", b"f", b"k", b"k", b"c")))
            batch.append(s)
        chance.shuffle(batch)
        for s in batch:
            way = chance.randrange(4)
            with contextlib.suppress(OSError):
                if way == 0:
                    reset_at_close(s)
                elif way == 1:
                    s.shutdown(socket.SHUT_WR)
                    while s.recv(100):
                        pass
                elif way == 2:
                    s.recv(100)
            s.close()
