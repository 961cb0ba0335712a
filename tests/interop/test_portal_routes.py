# SPDX-License-Identifier: Apache-2.0
"""Portals that go by other nodes, between the two implementations.

    client ══ inlet ══▶ relay node ◀══ outlet ══ target       the node of the outlet only dials out
    client ══ inlet ══▶ hop (ours) ══▶ hop (theirs) ══▶ outlet ══ target

Inlet, outlet and relay node are ours or theirs.
"""

import itertools
import os

import pytest
from portal_ends import MIB, Target, bytes_without_mark, connect, exactly, free_port, node_route, our_inlet, their_inlet, transfer, works
from processes import wait_until

MAKES = ("ours", "theirs")
BACK_WITHIN = 15  # seconds


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
def center(ours, theirs):
    """center(make, port) → a node that has relays."""
    return lambda make, port=0: ours("center", port=port) if make == "ours" else theirs(port)


def relay_is_up(ockam, node="db"):
    r = ockam("relay", "show", "db", "--at", node, "--output", "json")
    return r.code == 0 and r.json["connection_status"] == "Up"


def our_outlet_behind(ours, relay_at, target_at):
    return ours("db", more=f"[tcp-outlet outlet]\nto = {target_at}\n[relay db]\nat = {node_route(relay_at)}\nallow = outlet, echo\n")


def their_outlet_behind(theirs, relay_at, target_at):
    node = theirs()
    assert node.relay(node.dial(relay_at), "db") == "forward_to_db"
    assert node.say("outlet", "outlet", target_at) == ["outlet", "outlet"]
    return node


def start_inlet(make, ours, theirs, at_node, hops):
    return our_inlet(ours, at_node, hops) if make == "ours" else their_inlet(theirs, at_node, hops)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("inlet,relay,outlet", itertools.product(MAKES, repeat=3))
def test_through_a_relay_with_equal_checksums(ours, theirs, ockam, center, target, inlet, relay, outlet):
    down = os.urandom(8 * MIB)
    c = center(relay)
    if outlet == "ours":
        our_outlet_behind(ours, c.tcp, target(down).at)
        wait_until(lambda: relay_is_up(ockam), "its relay is up")
    else:
        their_outlet_behind(theirs, c.tcp, target(down).at)
    _, at = start_inlet(inlet, ours, theirs, c.tcp, ["forward_to_db", "outlet"])
    transfer(at, bytes_without_mark(8 * MIB), down)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("inlet,outlet", itertools.product(MAKES, repeat=2))
def test_through_two_hops_with_equal_checksums(ours, theirs, target, inlet, outlet):
    down = os.urandom(8 * MIB)
    t = target(down)
    if outlet == "ours":
        last = ours("db", more=f"[tcp-outlet outlet]\nto = {t.at}\n")
    else:
        last = theirs()
        last.say("outlet", "outlet", t.at)
    second = theirs()
    link = second.dial(last.tcp)
    first = ours("first", connections={"to-second": second.tcp})
    _, at = start_inlet(inlet, ours, theirs, first.tcp, ["hop", "to-second", "hop", link, "outlet"])
    transfer(at, bytes_without_mark(8 * MIB), down)


# -- ends that are killed and started again ------------------------------------------------------------


@pytest.mark.timeout(180)
@pytest.mark.parametrize("relay", MAKES)
def test_our_inlet_is_up_again_when_our_outlets_node_behind_a_relay_was_killed(ours, ockam, center, target, relay):
    c = center(relay)
    t = target(b"down")
    db = our_outlet_behind(ours, c.tcp, t.at)
    wait_until(lambda: relay_is_up(ockam), "its relay is up")
    _, at = our_inlet(ours, c.tcp, ["forward_to_db", "outlet"])
    transfer(at, b"before", b"down")
    with connect(at) as open_stream:
        open_stream.sendall(b"x!")
        exactly(open_stream, 36)
        db.kill()
        our_outlet_behind(ours, c.tcp, t.at)
        wait_until(lambda: works(at, b"down"), "up again", BACK_WITHIN)
    transfer(at, bytes_without_mark(MIB), b"down")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("relay", MAKES)
def test_our_inlet_is_up_again_when_the_relay_node_was_killed(ours, ockam, center, target, relay):
    port = free_port()
    c = center(relay, port)
    our_outlet_behind(ours, c.tcp, target(b"down").at)
    wait_until(lambda: relay_is_up(ockam), "its relay is up")
    _, at = our_inlet(ours, c.tcp, ["forward_to_db", "outlet"])
    transfer(at, b"before", b"down")
    c.kill() if relay == "ours" else c.end()
    wait_until(lambda: not works(at, b"down"), "it is down")
    center(relay, port)
    wait_until(lambda: works(at, b"down"), "up again", BACK_WITHIN)


@pytest.mark.timeout(180)
def test_our_inlet_is_up_again_when_their_outlets_node_was_killed(ours, theirs, target):
    t = target(b"down")
    port = free_port()

    def outlet_node():
        node = theirs(port)
        node.say("outlet", "outlet", t.at)
        return node

    first = outlet_node()
    _, at = our_inlet(ours, first.tcp, ["outlet"])
    transfer(at, b"before", b"down")
    first.end()
    wait_until(lambda: not works(at, b"down"), "it is down")
    outlet_node()
    wait_until(lambda: works(at, b"down"), "up again", BACK_WITHIN)


@pytest.mark.timeout(180)
def test_our_inlet_is_up_again_when_their_outlets_node_behind_our_relay_was_killed(ours, theirs, target):
    c = ours("center")
    t = target(b"down")
    first = their_outlet_behind(theirs, c.tcp, t.at)
    _, at = our_inlet(ours, c.tcp, ["forward_to_db", "outlet"])
    transfer(at, b"before", b"down")
    first.end()
    wait_until(lambda: not works(at, b"down"), "it is down")
    their_outlet_behind(theirs, c.tcp, t.at)
    wait_until(lambda: works(at, b"down"), "up again", BACK_WITHIN)


@pytest.mark.timeout(180)
def test_our_inlets_node_that_was_killed_has_its_port_again(ours, theirs, target):
    node = theirs()
    node.say("outlet", "outlet", target(b"down").at)
    app, at = our_inlet(ours, node.tcp, ["outlet"])
    transfer(at, b"before", b"down")
    app.kill()
    our_inlet(ours, node.tcp, ["outlet"], at=at, wait=False)
    wait_until(lambda: works(at, b"down"), "up again", BACK_WITHIN)


@pytest.mark.timeout(180)
def test_their_inlet_dials_our_outlets_node_again_after_that_was_killed(ours, theirs, target):
    """What dials again is a part of their command line, which this node has not: the test does it."""
    t = target(b"down")
    port = free_port()

    def outlet_node():
        return ours("db", port=port, more=f"[tcp-outlet outlet]\nto = {t.at}\n")

    first = outlet_node()
    node, at = their_inlet(theirs, first.tcp, ["outlet"])
    transfer(at, b"before", b"down")
    with connect(at) as open_stream:
        open_stream.sendall(b"x!")
        exactly(open_stream, 36)
        first.kill()
        second = outlet_node()
        [_, again] = node.say("inlet", f"{node.dial(second.tcp)},outlet")
        transfer(again, bytes_without_mark(MIB), b"down")
