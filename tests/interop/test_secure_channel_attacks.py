# SPDX-License-Identifier: Apache-2.0
"""Secure channels between the two implementations with somebody between who has each frame: forged, replayed and skipped messages, in
both directions.

    their node ══ tcp ══ between ══ tcp ══ our node: listener api, services          and the other way round
"""

import contextlib
import socket
import struct
import threading

import pytest
from processes import wait_until
from test_secure_channels import channel, our_listener, their_listener, with_identity  # noqa: F401

#: Frames of transport heartbeats, and what else is no message of a channel, are smaller.
LEAST = 100


class Between:
    """Carries the frames of one connection; those of messages go through `treat`, which says what goes on."""

    def __init__(self, to):
        self.to = to
        self.treat = lambda f: [f]
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.at = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.sockets = []
        self.threads = [threading.Thread(target=self.serve, daemon=True)]
        self.threads[0].start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                host, port = self.to.rsplit(":", 1)
                far = socket.create_connection((host, int(port)))
                self.sockets += [near, far]
                for source, sink in ((near, far), (far, near)):
                    self.threads.append(threading.Thread(target=self.carry, args=(source, sink), daemon=True))
                    self.threads[-1].start()

    def carry(self, source, sink):
        def read(n):
            data = b""
            while len(data) < n:
                more = source.recv(n - len(data))
                if not more:
                    raise EOFError
                data += more
            return data

        with contextlib.suppress(OSError, EOFError):
            sink.sendall(read(1))  # the preamble
            while True:
                head = read(4)
                frame = head + read(struct.unpack(">I", head)[0])
                for one in self.treat(frame) if len(frame) >= LEAST else [frame]:
                    sink.sendall(one)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def stop(self):
        self.listener.close()
        for s in self.sockets:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()


@pytest.fixture
def between():
    made = []

    def start(to):
        made.append(Between(to))
        return made[-1]

    yield start
    for b in made:
        b.stop()


def replayed(frame):
    return [frame, frame]


def forged(frame):
    """A copy whose last byte is another one comes before each."""
    return [frame[:-1] + bytes([frame[-1] ^ 1]), frame]


class Skipping:
    """Each tenth is lost."""

    def __init__(self):
        self.seen = 0

    def __call__(self, frame):
        self.seen += 1
        return [] if self.seen % 10 == 0 else [frame]


@pytest.mark.parametrize("treat", [replayed, forged])
def test_theirs_begins_and_what_is_replayed_or_forged_is_not_taken(our_listener, theirs, between, treat):
    b = between(our_listener.tcp)
    t = theirs()
    address, _ = channel(t, f"{t.dial(b.at)},api")
    b.treat = treat
    assert t.say("pipeline", f"{address},echo", 200, 64) == ["replies", "200", "in-order"]


@pytest.mark.parametrize("treat", [replayed, forged])
def test_ours_begins_and_what_is_replayed_or_forged_is_not_taken(ours, their_listener, between, treat):
    b = between(their_listener.tcp)
    host, port = b.at.rsplit(":", 1)
    n = ours("n2", more=with_identity("n2", f"[secure-channel c]\nto = /ip4/{host}/tcp/{port}/service/secret\nallow = hop\n"))
    wait_until(lambda: "secure channel c is up" in n.errors(), "the channel is up", 30)
    b.treat = treat
    with n.peer() as p:
        for i in range(100):
            assert p.ask(["hop", "c", "echo"], b"%d" % i).payload == b"%d" % i


def test_theirs_begins_and_skipped_numbers_cost_only_what_was_skipped(our_listener, theirs, between):
    b = between(our_listener.tcp)
    t = theirs()
    address, _ = channel(t, f"{t.dial(b.at)},api")
    b.treat = Skipping()
    answers = [t.say("ask", f"{address},echo", 10, 400)[0] for _ in range(60)]
    # A question and its answer each: of 60 questions every fifth or so loses one of the two.
    assert 5 <= answers.count("none") <= 15 and answers.count("reply") == 60 - answers.count("none")
    b.treat = lambda f: [f]
    assert t.say("ask", f"{address},echo", 10)[0] == "reply"
