# SPDX-License-Identifier: Apache-2.0
"""Connections and descriptors run out; hostile bytes come in: the node stays up and says so once a second."""

import resource
import time

import pytest
import wire

from processes import wait_until


def test_connections_beyond_max_connections_are_closed(node, ockam):
    n = node("n1", "--max-connections", "64")
    peers = [n.peer() for _ in range(60)]  # 15 in 16, since there may be other listeners
    for p in peers:
        assert p.ask(["echo"], b"x").payload == b"x"
    late = [n.peer() for _ in range(6)]
    assert all(p.closed() for p in late)
    shown = ockam("node", "show", "n1", "--output", "json").json
    assert shown["refused"] == {"too-many-connections": 6}
    assert shown["connections"] == 60
    assert peers[0].ask(["echo"], b"others do not notice").payload == b"others do not notice"
    for p in peers[:10]:
        p.close()
    wait_until(lambda: ockam("node", "show", "n1", "--output", "json").json["connections"] == 50, "room is given back")
    with n.peer() as again:
        assert again.ask(["echo"], b"x").payload == b"x"


def test_descriptors_run_out_without_a_busy_loop(node, ockam, no_descriptors_left):
    few = 64
    n = node("n1", limits=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (few, few)))
    first = n.peer()
    assert first.ask(["echo"], b"x").payload == b"x"
    peers = [n.peer() for _ in range(few + 20)]
    wait_until(lambda: n.descriptors() >= few - 10, "all but those of its operator are used up")
    assert peers[-1].closed()
    assert ockam("node", "show", "n1").code == 0  # the operator's way in is still there
    # Others do not notice, and the process does not spin on its listening socket.
    before = n.cpu_seconds()
    end = time.monotonic() + 1
    while time.monotonic() < end:
        assert first.ask(["echo"], b"x").payload == b"x"
        first.socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            first.receive()
        first.socket.settimeout(10)
    assert n.cpu_seconds() - before < 0.5
    for p in peers:
        p.close()
    wait_until(lambda: n.descriptors() < few / 2, "they come back")
    with n.peer() as again:
        assert again.ask(["echo"], b"x").payload == b"x"
    refused = ockam("node", "show", "n1", "--output", "json").json["refused"]
    assert refused["out-of-descriptors"] >= 20
    assert n.errors().count("may not open more files") <= 10


HOSTILE = {
    "wrong-preamble": b"GET / HTTP/1.1\r\n\r\n",
    "frame-too-large": b"\x01\x01\x00\x00\x01",
    "malformed-frame": b"\x01\x00\x00\x00\x08garbage!",
}


@pytest.mark.parametrize("reason", HOSTILE)
def test_hostile_bytes_close_their_connection_only(node, ockam, reason):
    n = node("n1")
    with n.peer() as other:
        for _ in range(50):
            with n.peer(preamble=HOSTILE[reason]) as p:
                assert p.closed()
        assert other.ask(["echo"], b"x").payload == b"x"
    assert ockam("node", "show", "n1", "--output", "json").json["refused"] == {reason: 50}
    wait_until(lambda: "closed the connection with" in n.errors(), "it says so")
    assert n.errors().count("closed the connection with") <= 10


def test_a_silent_peer_and_a_dribbling_one_are_closed(node):
    n = node("n1", "--handshake-timeout", "300ms", "--frame-timeout", "300ms")
    with n.peer(preamble=None) as silent, n.peer() as dribbling:
        dribbling.send_raw(wire.frame(["echo"], ["me"], b"x" * 100)[:50])
        assert silent.closed() and dribbling.closed()


def test_routes_of_ten_thousand_hops_and_long_names_lose_only_the_message(node, ockam):
    n = node("n1")
    with n.peer() as p:
        p.send(["hop"] * 10_000, b"x")
        p.send(["n" * 2000], b"x")
        assert p.ask(["echo"], b"still here").payload == b"still here"
    assert ockam("node", "show", "n1", "--output", "json").json["refused"] == {"too-many-hops": 1, "name-too-long": 1}


def test_a_hundred_thousand_workers_start_and_answer(node, sanitized):
    count = 5_000 if sanitized else 100_000
    services = "".join(f"[service w{i}]\ntype = echo\n" for i in range(count))
    # Ending so many takes most of the two seconds that a stop may take; on a busy machine it is cut off (75).
    n = node("n1", "--log-level", "warn", expected=(0, 75),
             config="[node]\nname = n1\n[tcp-listener t]\naddress = 127.0.0.1:0\n" + services)
    with n.peer() as p:
        for i in (0, count // 2, count - 1):
            assert p.ask([f"w{i}"], b"x").payload == b"x"
