# SPDX-License-Identifier: Apache-2.0
"""One make asks the other, in either role.

    theirs-asks-ours     [ their node ] ──dialled──▶ [ our node: echo, uppercase, hop ]

    ours-asks-theirs     wire.Peer ──▶ [ our node: hop ] ──dialled──▶ [ their node: echo, uppercase, hop ]

Our node has no client inside that a test could use for large payloads, so a plain socket hands it the
message and a hop of ours sends it on over the link.
"""

import hashlib

import wire


def pattern(size):
    """The payload that the real node sends as well."""
    return bytes(range(251)) * (size // 251) + bytes(range(size % 251))


def digest(data):
    return hashlib.sha256(data).hexdigest()


class TheirsAsksOurs:
    def __init__(self, ours, theirs):
        self.ours, self.theirs = ours(), theirs()
        self.server = self.ours
        self.link = self.theirs.dial(self.ours.tcp)

    def _route(self, hops):
        return ",".join([self.link, *hops])

    def text(self, hops, text):
        kind, *answer = self.theirs.say("text", self._route(hops), text)
        assert kind == "reply"
        return " ".join(answer)

    def echo(self, hops, size):
        """Size and digest of what came back."""
        kind, came, sha, *_ = self.theirs.say("ask", self._route(hops), size)
        assert kind == "reply"
        return int(came), sha

    def pipeline(self, hops, count, size):
        return self.theirs.say("pipeline", self._route(hops), count, size) == ["replies", str(count), "in-order"]

    def heartbeat(self):
        assert self.theirs.say("heartbeat", self.link) == ["sent"]


class OursAsksTheirs:
    def __init__(self, ours, theirs):
        self.theirs = theirs()
        self.ours = ours(connections={"out": self.theirs.tcp})
        self.server = self.theirs
        self.socket = self.ours.peer(timeout=30)

    def _route(self, hops):
        return ["hop", "out", *hops]

    def text(self, hops, text):
        data = self.socket.ask(self._route(hops), wire.bare(text)).payload
        size = data[0]
        assert size < 128 and len(data) == 1 + size
        return data[1:].decode()

    def echo(self, hops, size):
        reply = self.socket.ask(self._route(hops), pattern(size))
        return len(reply.payload), digest(reply.payload)

    def pipeline(self, hops, count, size):
        numbered = [i.to_bytes(4, "big") + pattern(size)[4:] for i in range(count)]
        self.socket.send_raw(b"".join(wire.frame(self._route(hops), ["test"], p) for p in numbered))
        return [self.socket.receive().payload for _ in range(count)] == numbered

    def heartbeat(self):
        """What our links send while nothing else is under way, here by hand over a connection of its own."""
        with wire.Peer(self.theirs.port) as p:
            p.send([], b"", back=())
            assert p.ask(["echo"], b"still there").payload == b"still there"


class Accepted(wire.Peer):
    """The other end of a connection that a node has made to us."""

    def __init__(self, accepted, timeout=10):
        self.socket, self.buffer, self.greeted = accepted, bytearray(), False
        accepted.settimeout(timeout)
        accepted.sendall(wire.PREAMBLE)
