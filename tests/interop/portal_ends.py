# SPDX-License-Identifier: Apache-2.0
"""The two ends of portals, each ours or theirs, and a target behind the outlet that knows what it was sent."""

import contextlib
import hashlib
import os
import socket
import threading

from asking import Accepted
from ports import free_port
from processes import wait_until

MIB = 1 << 20


class Target:
    """A server that answers each `!` at the end of what it reads with the SHA-256 of all before it, and `data`."""

    def __init__(self, data=b""):
        self.data = data
        self.server = socket.create_server(("127.0.0.1", 0))
        self.at = f"127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                s, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _serve(self, s):
        got = hashlib.sha256()
        with s:
            try:
                while part := s.recv(1 << 16):
                    got.update(part.removesuffix(b"!"))
                    if part.endswith(b"!"):
                        s.sendall(got.digest())
                        s.sendall(self.data)
            except OSError:
                pass


def connect(at):
    host, port = at.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=60)


def exactly(s, n):
    out = bytearray()
    while len(out) < n:
        part = s.recv(min(n - len(out), 1 << 16))
        assert part, f"the connection ended after {len(out)} of {n} bytes"
        out += part
    return bytes(out)


def transfer(at, up, down):
    """Sends `up`, and expects its hash and `down`."""
    with connect(at) as s:
        s.sendall(up + b"!")
        assert exactly(s, 32) == hashlib.sha256(up).digest()
        assert hashlib.sha256(exactly(s, len(down))).digest() == hashlib.sha256(down).digest()


def transfer_much(at, target):
    """Sends what `target` has to send, and expects its hash and the same back, without further copies of it."""
    sent = hashlib.sha256(target.data).digest()
    with connect(at) as s:
        s.sendall(target.data)
        s.sendall(b"!")
        assert exactly(s, 32) == sent
        came, left = hashlib.sha256(), len(target.data)
        while left:
            part = s.recv(min(left, 1 << 18))
            assert part, f"the connection ended {left} bytes too early"
            came.update(part)
            left -= len(part)
        assert came.digest() == sent


def works(at, down=b""):
    try:
        transfer(at, b"x", down)
        return True
    except (OSError, AssertionError):
        return False


def bytes_without_mark(n):
    return os.urandom(n).replace(b"!", b"?")


def much_without_mark(mib):
    """Quickly: no two MiB of it are alike."""
    unit = bytes_without_mark(MIB)
    return b"".join(unit[i:] + unit[:i] for i in range(mib))


@contextlib.contextmanager
def stream_of_their_inlet(t):
    """A stream that the test takes in place of an outlet of ours, without a hello: our end of the connection, the way back along
    the stream, and the client."""
    ping, pong = b"\x00", b"\x01"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        link = t.dial("127.0.0.1:%d" % listener.getsockname()[1])
        end = Accepted(listener.accept()[0])
    with end:
        [_, at] = t.say("inlet", f"{link},outlet")
        with connect(at) as client:
            first = end.receive()
            assert first.payload == ping
            end.send(first.back, pong, back=["stream"])
            yield end, first.back, client


def node_route(at):
    """`127.0.0.1:4000` in the words of routes."""
    host, port = at.rsplit(":", 1)
    return f"/ip4/{host}/tcp/{port}"


def our_inlet(ours, at_node, hops, name="app", at=None, wait=True):
    """An inlet of ours whose outlet is behind these workers of the node at `at_node`; where clients connect to."""
    at = at or f"127.0.0.1:{free_port()}"
    route = node_route(at_node) + "".join(f"/service/{h}" for h in hops)
    node = ours(name, more=f"[tcp-inlet in]\nfrom = {at}\nto = {route}\n")
    if wait:
        wait_until(lambda: accepts(at), "the inlet is up", 15)
    return node, at


def their_inlet(theirs, at_node, hops):
    node = theirs()
    link = node.dial(at_node)
    [kind, at] = node.say("inlet", ",".join([link, *hops]))
    assert kind == "inlet"
    return node, at


def accepts(at):
    try:
        connect(at).close()
        return True
    except OSError:
        return False
