# SPDX-License-Identifier: Apache-2.0
"""Portals with a real Ockam node at one end: our inlet with their outlet, their inlet with our outlet."""

import hashlib
import os
import socket
import threading
import time

import pytest
import wire
from between import Between
from portal_ends import MIB, Target, accepts, bytes_without_mark, connect, exactly, stream_of_their_inlet, transfer
from ports import free_port
from processes import wait_until

PING, PONG, DISCONNECT = b"\x00", b"\x01", b"\x02"
#: Of messages of a stream, as long as they are counted: 16 bits.
COUNTER = 1 << 16
#: So many messages have each number, and a few twice.
WRAPS = COUNTER + 512


@pytest.fixture
def target():
    made = []

    def make(data=b""):
        made.append(Target(data))
        return made[-1]

    yield make
    for t in made:
        t.server.close()


@pytest.fixture
def our_inlet(ours):
    """our_inlet(address of their node, outlet) → where clients connect to."""

    def make(theirs_at, outlet="outlet", more="", wait=True):
        with socket.create_server(("127.0.0.1", 0)) as s:
            at = f"127.0.0.1:{s.getsockname()[1]}"
        host, port = theirs_at.rsplit(":", 1)
        ours("app", more=f"[tcp-inlet in]\nfrom = {at}\nto = /ip4/{host}/tcp/{port}/service/{outlet}\n{more}")
        if wait:
            wait_until(lambda: accepts(at), "the inlet is up", 15)
        return at

    return make


@pytest.mark.timeout(180)
def test_our_inlet_with_their_outlet(theirs, our_inlet, target):
    down = os.urandom(20 * MIB)
    t = theirs()
    t.say("outlet", "outlet", target(down).at)
    at = our_inlet(t.tcp)
    transfer(at, bytes_without_mark(20 * MIB), down)


@pytest.mark.timeout(180)
def test_their_inlet_with_our_outlet(theirs, ours, target):
    down = os.urandom(20 * MIB)
    n = ours("db", more=f"[tcp-outlet outlet]\nto = {target(down).at}\n")
    t = theirs()
    link = t.dial(n.tcp)
    [_, at] = t.say("inlet", f"{link},outlet")
    transfer(at, bytes_without_mark(20 * MIB), down)


def leb128(n):
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def connected(at):
    try:
        return connect(at)
    except OSError:
        return None


class Trickling:
    """Between our inlet and their outlet: tells ours that theirs has a window, and gives one byte after the other, so that each is
    a message of its own however the threads of both nodes run. The numbers of the messages are as ours wrote them."""

    AT_ONCE = 256

    def __init__(self, to):
        self.between = Between(to)
        self.between.there, self.between.back = self.numbers_of, self.with_window
        self.given, self.pong, self.numbers = 1, None, []

    def with_window(self, frame):
        m = wire.Message(frame[4:])
        if m.payload != PONG or self.pong:
            return [frame]
        self.pong = m
        return [wire.frame(m.onward, m.back, PONG + b"o+\x01\x01", m.extras), *self.windows()]  # a hello: one byte to begin with

    def windows(self):
        for _ in range(self.AT_ONCE):
            self.given += 1
            yield wire.frame(self.pong.onward, self.pong.back, b"\x04" + leb128(self.given), self.pong.extras)

    def numbers_of(self, frame):
        at = frame.find(b"\x46\x03\x01x\x01")  # a payload of 6 bytes: one of the stream, and its number
        if at >= 0:
            self.numbers.append(int.from_bytes(frame[at + 5 : at + 7], "little"))
            if len(self.numbers) % self.AT_ONCE == 0:
                self.between.inject("back", self.windows())
        return [frame]


@pytest.mark.timeout(180)
def test_their_outlet_takes_our_counter_also_where_it_begins_anew(theirs, our_inlet, target):
    t = theirs()
    t.say("outlet", "outlet", target().at)
    middle = Trickling(t.tcp)
    at = our_inlet(middle.between.at, wait=False)
    with wait_until(lambda: connected(at), "the inlet is up", 15) as s:  # its first stream is the one that trickles
        s.settimeout(150)
        s.sendall(b"x" * WRAPS + b"!")
        assert exactly(s, 32) == hashlib.sha256(b"x" * WRAPS).digest()
    assert middle.numbers == [n % COUNTER for n in range(WRAPS)]
    middle.between.stop()


class Numbered:
    """One end of a stream, with a real node at the other: sends its messages with the numbers that it is told."""

    def __init__(self, peer, to):
        self.peer, self.to = peer, to

    def send(self, number, data=b"!"):
        self.peer.send(self.to, b"\x03" + wire.bare(data) + b"\x01" + (number % COUNTER).to_bytes(2, "little"), back=["stream"])

    def receive(self):
        return self.peer.receive().payload


WRONG = {"a lost one": (3, 4), "one that came before": (3, 1), "the same again": (3, 2), "a first that is not 0": (0, 1)}


def sends_a_wrong_number(stream, what, answer):
    good, wrong = WRONG[what]
    for n in range(good):
        stream.send(n)
        answer()
    stream.send(wrong)


@pytest.mark.parametrize("what", WRONG)
def test_their_outlet_ends_a_stream_by_its_counter_after(theirs, target, what):
    t = theirs()
    t.say("outlet", "outlet", target().at)
    with wire.Peer(t.port) as p:
        p.send(["outlet"], PING, back=["stream"])
        pong = p.receive()
        assert pong.payload == PONG
        stream = Numbered(p, pong.back)
        sends_a_wrong_number(stream, what, lambda: stream.receive())
        assert stream.receive() == DISCONNECT


@pytest.mark.parametrize("what", WRONG)
def test_their_inlet_ends_a_stream_by_its_counter_after(theirs, what):
    with stream_of_their_inlet(theirs()) as (end, back, client):
        sends_a_wrong_number(Numbered(end, back), what, lambda: exactly(client, 1))
        assert end.receive().payload == DISCONNECT
        assert client.recv(1) == b"", "the client's connection has ended"


def test_the_end_of_a_client_is_the_end_of_the_stream(theirs, ours, our_inlet, target):
    ended = []

    class Ends(Target):
        def _serve(self, s):
            while s.recv(100):
                pass
            ended.append(True)
            s.close()

    t = theirs()
    e = Ends()
    t.say("outlet", "outlet", e.at)
    at = our_inlet(t.tcp)
    with connect(at) as s:
        s.sendall(b"x")
    wait_until(lambda: ended, "their outlet closes its target")
    e.server.close()


def test_a_target_that_their_outlet_cannot_reach_closes_the_client_in_time(theirs, our_inlet):
    nobody = f"127.0.0.1:{free_port()}"
    t = theirs()
    t.say("outlet", "outlet", nobody)
    at = our_inlet(t.tcp, more="dial-timeout = 1s\n")
    with connect(at) as s:
        began = time.monotonic()
        with pytest.raises(ConnectionResetError):
            s.recv(1)
        assert time.monotonic() - began < 3


@pytest.mark.timeout(180)
def test_streams_of_their_outlet_live_as_long_as_it_answers_pings(theirs, our_inlet, target):
    t = theirs()
    t.say("outlet", "outlet", target(b"down").at)
    at = our_inlet(t.tcp)
    with connect(at) as s:
        time_until = time.monotonic() + 65
        while time.monotonic() < time_until:
            s.sendall(b"x!")
            exactly(s, 36)
            wait = min(5.0, max(0.0, time_until - time.monotonic()))
            threading.Event().wait(wait)
    transfer(at, b"again", b"down")


def test_many_streams_at_once(theirs, our_inlet, target):
    down = os.urandom(100_000)
    t = theirs()
    t.say("outlet", "outlet", target(down).at)
    at = our_inlet(t.tcp)
    failed = []

    def one(i):
        try:
            transfer(at, bytes_without_mark(50_000), down)
        except Exception as e:  # noqa: BLE001: told below
            failed.append((i, e))

    all_of_them = [threading.Thread(target=one, args=(i,)) for i in range(20)]
    for x in all_of_them:
        x.start()
    for x in all_of_them:
        x.join(60)
    assert not failed
