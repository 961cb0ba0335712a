# SPDX-License-Identifier: Apache-2.0
"""Relays between the two implementations.

    sender ══▶ relay node ◀══ node behind, which only dials out

Each of the three is ours or theirs.
"""

import itertools

import pytest

import wire
from processes import wait_until

CASES = list(itertools.product(("ours", "theirs"), repeat=3))


def relay_section(name, at):
    host, port = at.rsplit(":", 1)
    return f"[relay {name}]\nat = /ip4/{host}/tcp/{port}\n"


def status(ockam, node="behind", name="db"):
    r = ockam("relay", "show", name, "--at", node, "--output", "json")
    return r.json if r.code == 0 else {}


def is_up(ockam, **where):
    return status(ockam, **where).get("connection_status") == "Up"


class Asking:
    """Somebody at a node of either make who asks what is behind the relay."""

    def __init__(self, make, ours, theirs, at):
        if make == "ours":
            self.socket = ours("sender", connections={"out": at}).peer(timeout=30)
        else:
            self.node = theirs()
            self.link = self.node.dial(at)
        self.make = make

    def text(self, hops, text):
        if self.make == "theirs":
            return self.node.say("text", ",".join([self.link, *hops]), text)
        reply = self.socket.ask(["hop", "out", *hops], wire.bare(text))
        return ["reply", reply.payload[1:].decode()]


@pytest.mark.parametrize("center,behind,sender", CASES, ids=["-".join(c) for c in CASES])
def test_a_message_through_a_relay(ours, theirs, ockam, center, behind, sender):
    relay = ours("center") if center == "ours" else theirs()
    if behind == "ours":
        ours("behind", more=relay_section("db", relay.tcp))
        wait_until(lambda: is_up(ockam), "our relay is up")
    else:
        t = theirs()
        assert t.relay(t.dial(relay.tcp), "db") == "forward_to_db"
    asking = Asking(sender, ours, theirs, relay.tcp)
    for text in ("hello", "again", "мир"):
        assert asking.text(["forward_to_db", "uppercase"], text) == ["reply", text.upper()]


def test_a_large_message_and_many_through_our_relay_between_theirs(ours, theirs):
    relay = ours("center")
    behind, sender = theirs(), theirs()
    behind.relay(behind.dial(relay.tcp), "db")
    link = sender.dial(relay.tcp)
    assert sender.say("ask", f"{link},forward_to_db,echo", 8 << 20)[:2] == ["reply", str(8 << 20)]
    assert sender.say("pipeline", f"{link},forward_to_db,echo", 1000, 64) == ["replies", "1000", "in-order"]


def test_pings_keep_our_relay_at_their_node_and_theirs_at_ours_for_over_a_minute(ours, theirs, ockam):
    """Pings go at 0, 10, 20 … s; three without an answer would have been the end after 30, and a second registration."""
    their_center, our_center, behind = theirs(), ours("center"), theirs()
    ours("behind", more=relay_section("db", their_center.tcp))
    behind.keep(our_center.tcp, "kept")
    wait_until(lambda: is_up(ockam), "ours is up")
    wait_until(lambda: status(ockam)["since_ms"] > 62_000 and behind.pings()[1] >= 7, "a minute has passed", timeout=85)
    assert status(ockam)["registrations"] == 1
    registrations, sent, answered = behind.pings()
    assert registrations == 1 and sent - answered <= 1
    sender = theirs()
    for at, name in ((their_center.tcp, "db"), (our_center.tcp, "kept")):
        assert sender.say("text", f"{sender.dial(at)},forward_to_{name},uppercase", "x") == ["reply", "X"]


def test_our_relay_comes_back_when_their_node_has_been_killed_and_started_again(ours, theirs, ockam):
    relay = theirs()
    port = relay.port
    ours("behind", more=relay_section("db", relay.tcp))
    wait_until(lambda: is_up(ockam), "it is up")
    relay.end()
    wait_until(lambda: not is_up(ockam), "noticed", 8)
    again = theirs(port)
    wait_until(lambda: is_up(ockam), "up again", 15)
    sender = theirs()
    assert sender.say("text", f"{sender.dial(again.tcp)},forward_to_db,uppercase", "x") == ["reply", "X"]


def test_their_node_registers_again_after_it_has_been_killed(ours, theirs):
    relay = ours("center")
    sender = theirs()
    link = sender.dial(relay.tcp)
    for _ in range(3):
        behind = theirs()
        behind.relay(behind.dial(relay.tcp), "db")
        assert sender.say("text", f"{link},forward_to_db,uppercase", "x") == ["reply", "X"]
        behind.end()


def test_the_last_of_either_make_has_the_name(ours, theirs, ockam):
    relay = ours("center")
    ours("behind", more=relay_section("db", relay.tcp))
    wait_until(lambda: is_up(ockam), "ours is up")
    second = theirs()
    second.relay(second.dial(relay.tcp), "db")
    wait_until(lambda: not is_up(ockam), "ours has noticed", 10)
    assert "another node" in status(ockam)["last_failure"]
    second.end()
    wait_until(lambda: is_up(ockam), "ours is back", 10)


def test_our_node_that_is_killed_is_back_under_its_name_at_theirs(ours, theirs, ockam):
    relay = theirs()
    n = ours("behind", more=relay_section("db", relay.tcp))
    wait_until(lambda: is_up(ockam), "it is up")
    n.kill()
    ours("behind", more=relay_section("db", relay.tcp))
    wait_until(lambda: is_up(ockam), "up again")
    sender = theirs()
    assert sender.say("text", f"{sender.dial(relay.tcp)},forward_to_db,uppercase", "x") == ["reply", "X"]
