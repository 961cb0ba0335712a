# SPDX-License-Identifier: Apache-2.0
"""Portals with a real Ockam node at one end: our inlet with their outlet, their inlet with our outlet."""

import hashlib
import os
import socket
import threading
import time

import pytest
from portal_ends import MIB, Target, accepts, bytes_without_mark, connect, exactly, transfer
from processes import wait_until

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

    def make(theirs_at, outlet="outlet", more=""):
        with socket.create_server(("127.0.0.1", 0)) as s:
            at = f"127.0.0.1:{s.getsockname()[1]}"
        host, port = theirs_at.rsplit(":", 1)
        ours("app", more=f"[tcp-inlet in]\nfrom = {at}\nto = /ip4/{host}/tcp/{port}/service/{outlet}\n{more}")

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


def test_their_decoder_checks_our_counter(theirs, our_inlet, target):
    """More than 65,536 messages, so that it wraps: a wrong one would end the stream."""
    t = theirs()
    t.say("outlet", "outlet", target().at)
    at = our_inlet(t.tcp)
    with connect(at) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        got = hashlib.sha256()
        began = time.monotonic()
        for i in range(70_000):
            s.sendall(b"x")
            got.update(b"x")
            if i % 100 == 99:  # small reads at the inlet: answered, so that they are not one large one
                s.sendall(b"!")
                assert exactly(s, 32) == got.digest()
        assert time.monotonic() - began < 120


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
    with socket.create_server(("127.0.0.1", 0)) as s:
        nobody = f"127.0.0.1:{s.getsockname()[1]}"
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
