# SPDX-License-Identifier: Apache-2.0
"""Somebody between two nodes who has each frame that goes from one to the other."""

import contextlib
import socket
import struct
import threading

from proxies import exactly

#: Frames of transport heartbeats, and what else is no message of a channel or a stream, are smaller.
LEAST = 60


def untouched(frame):
    return [frame]


class Between:
    """Carries the frames of one connection; those of messages go through `there` (to the node that was dialled) or `back`, which
    say what goes on."""

    def __init__(self, to):
        self.to = to
        self.there = self.back = untouched
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.at = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.sockets = []
        self.writing = {"there": threading.Lock(), "back": threading.Lock()}
        self.sinks = {}
        self.threads = [threading.Thread(target=self.serve, daemon=True)]
        self.threads[0].start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                host, port = self.to.rsplit(":", 1)
                far = socket.create_connection((host, int(port)))
                self.sockets += [near, far]
                self.sinks = {"there": far, "back": near}
                for source, sink, way in ((near, far, "there"), (far, near, "back")):
                    self.threads.append(threading.Thread(target=self.carry, args=(source, sink, way), daemon=True))
                    self.threads[-1].start()

    def treat(self, make):
        """Both ways from now on, each by one of its own; both of them."""
        self.there, self.back = make(), make()
        return self.there, self.back

    def leave(self):
        self.there = self.back = untouched

    def inject(self, way, frames):
        with self.writing[way]:
            self.sinks[way].sendall(b"".join(frames))

    def carry(self, source, sink, way):
        with contextlib.suppress(OSError, EOFError):
            sink.sendall(exactly(source, 1))  # the preamble
            while True:
                head = exactly(source, 4)
                frame = head + exactly(source, struct.unpack(">I", head)[0])
                treated = getattr(self, way)(frame) if len(frame) >= LEAST else [frame]
                with self.writing[way]:
                    sink.sendall(b"".join(treated))
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def stop(self):
        self.listener.close()
        for s in self.sockets:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()
