# SPDX-License-Identifier: Apache-2.0
"""Secure channels between the two implementations, each in both roles.

    theirs begins     [ their node: secure ] ══ tcp ══ [ our node: listener api, services ]

    ours begins       wire.Peer ──▶ [ our node: hop, channel c ] ══ tcp ══ [ their node: listener, services ]
"""

import re
import threading

import pytest
import wire
from asking import digest, pattern
from processes import wait_until

IDENTITY = "[identity]\nvault = {name}.vault\nhistory = {name}.identity\n"
NOBODY = "I" + "0" * 64


def identity_of(n):
    return re.search(r"this node is (I[0-9a-f]{64})", n.errors()).group(1)


def with_identity(name, more=""):
    return IDENTITY.format(name=name) + more


def to_theirs(t, more="", between=""):
    host, port = t.tcp.rsplit(":", 1)
    return f"[secure-channel c]\nto = /ip4/{host}/tcp/{port}{between}/service/secret\nallow = hop\n{more}"


@pytest.fixture
def our_listener(ours):
    return ours("n1", more=with_identity("n1"))


@pytest.fixture
def their_listener(theirs):
    t = theirs()
    assert t.say("secure-listener", "secret") == ["listener", "secret"]
    return t


@pytest.fixture
def our_channel(ours, their_listener):
    """Our node with a channel `c` to theirs, which is up."""

    def start(more="", between="", connections=None, name="n2"):
        n = ours(name, connections=connections, more=with_identity(name, to_theirs(their_listener, more, between)))
        wait_until(lambda: "secure channel c is up" in n.errors(), "the channel is up", 30)
        return n

    return start


def channel(t, route, *who):
    kind, *words = t.say("secure", route, *who)
    assert kind == "channel", words
    return words


def pipeline(n, hops, count):
    """So many numbered messages from a socket through a hop of our node; what comes back."""
    with n.peer(timeout=120) as p:
        sender = threading.Thread(target=lambda: [p.send(hops, b"%d" % i) for i in range(count)])
        sender.start()
        got = [p.receive().payload for _ in range(count)]
        sender.join()
    return got == [b"%d" % i for i in range(count)]


def test_theirs_begins_and_both_know_the_other(our_listener, theirs):
    t = theirs()
    link = t.dial(our_listener.tcp)
    address, who = channel(t, f"{link},api", identity_of(our_listener))
    assert who == identity_of(our_listener)
    assert t.say("text", f"{address},uppercase", "hello") == ["reply", "HELLO"]
    for size in (0, 1, 64 << 10, 1 << 20):
        kind, n, sha, *_ = t.say("ask", f"{address},echo", size)
        assert (kind, int(n), sha) == ("reply", size, digest(pattern(size)))


@pytest.mark.parametrize("count", [40, 10_000, 200_000])
def test_theirs_begins_and_messages_go_past_rekeys(our_listener, theirs, count):
    t = theirs()
    link = t.dial(our_listener.tcp)
    address, _ = channel(t, f"{link},api")
    assert t.say("pipeline", f"{address},echo", count, 64) == ["replies", str(count), "in-order"]


def test_ours_begins_and_both_know_the_other(our_channel, their_listener):
    n = our_channel()
    their_id = their_listener.say("identity")[1]
    assert f"secure channel c is up, with {their_id}" in n.errors()
    with n.peer() as p:
        assert p.ask(["hop", "c", "uppercase"], wire.bare("hello")).payload == wire.bare("HELLO")
        for size in (0, 1, 64 << 10, 1 << 20):
            assert p.ask(["hop", "c", "echo"], pattern(size)).payload == pattern(size)


@pytest.mark.parametrize("count", [40, 10_000, 200_000])
def test_ours_begins_and_messages_go_past_rekeys(our_channel, count):
    assert pipeline(our_channel(), ["hop", "c", "echo"], count)


def test_theirs_begins_through_two_hops_of_ours(our_listener, ours, theirs):
    between = ours("n3", connections={"on": our_listener.tcp})
    t = theirs()
    link = t.dial(between.tcp)
    address, who = channel(t, f"{link},hop,on,hop,api")
    assert who == identity_of(our_listener)
    assert t.say("text", f"{address},uppercase", "hello") == ["reply", "HELLO"]
    assert t.say("pipeline", f"{address},echo", 200, 64) == ["replies", "200", "in-order"]


def test_ours_begins_through_their_hop(our_channel):
    n = our_channel(between="/service/hop")
    assert pipeline(n, ["hop", "c", "echo"], 8) # not more: their hop and echo wait for each other's room for ever
    with n.peer() as p:
        for i in range(100):
            assert p.ask(["hop", "c", "echo"], b"%d" % i).payload == b"%d" % i


def test_theirs_begins_a_channel_inside_of_a_channel(our_listener, theirs):
    t = theirs()
    link = t.dial(our_listener.tcp)
    outer, _ = channel(t, f"{link},api")
    inner, who = channel(t, f"{outer},api")
    assert who == identity_of(our_listener)
    assert t.say("text", f"{inner},uppercase", "hello") == ["reply", "HELLO"]


def test_ours_begins_a_channel_inside_of_a_channel(our_channel):
    n = our_channel("[secure-channel d]\nto = /service/c/service/secret\nallow = hop\n")
    wait_until(lambda: "secure channel d is up" in n.errors(), "the inner channel is up", 30)
    assert pipeline(n, ["hop", "d", "echo"], 40)


def test_theirs_does_not_take_us_for_somebody_else(our_listener, theirs):
    t = theirs()
    link = t.dial(our_listener.tcp)
    kind, *_ = t.say("secure", f"{link},api", NOBODY, 2000)
    assert kind == "error"


def test_our_listener_takes_only_whom_it_is_for(ours, theirs):
    t = theirs()
    their_id = t.say("identity")[1]
    listeners = f"[secure-channel-listener for-nobody]\nauthorized = {NOBODY}\n[secure-channel-listener for-them]\nauthorized = {their_id}\n"
    n = ours("n1", more=with_identity("n1", listeners))
    link = t.dial(n.tcp)
    refused, _ = channel(t, f"{link},for-nobody")  # it takes the channel for open, and hears no refusal
    assert t.say("ask", f"{refused},echo", 10, 1500) == ["none"]
    assert f"{their_id} is not authorized" in n.errors()
    taken, _ = channel(t, f"{link},for-them")
    assert t.say("text", f"{taken},uppercase", "hello") == ["reply", "HELLO"]


def test_ours_does_not_take_them_for_somebody_else(ours, their_listener):
    n = ours("n2", more=with_identity("n2", to_theirs(their_listener, f"authorized = {NOBODY}\n")))
    wait_until(lambda: f"{their_listener.say('identity')[1]} is not authorized" in n.errors(), "the channel is refused", 30)
    assert "secure channel c is up" not in n.errors()


def test_their_listener_takes_us_only_where_it_is_for_us(ours, theirs):
    t = theirs()
    t.say("secure-listener", "secret", NOBODY)
    n = ours("n2", more=with_identity("n2", to_theirs(t)))
    wait_until(lambda: "secure channel c is up" in n.errors(), "our end has sent its last message", 30)
    with n.peer(timeout=3) as p:
        with pytest.raises((TimeoutError, OSError)):
            p.ask(["hop", "c", "echo"], b"x")
    mine = identity_of(n)
    u = theirs()
    u.say("secure-listener", "secret", mine)
    m = ours("n2b", more=IDENTITY.format(name="n2") + to_theirs(u))
    wait_until(lambda: "secure channel c is up" in m.errors(), "the channel is up", 30)
    with m.peer() as p:
        assert p.ask(["hop", "c", "echo"], b"x").payload == b"x"


def test_the_end_of_a_channel_is_told_both_ways(our_channel, their_listener, our_listener, theirs):
    n = our_channel()
    n.stop()
    assert their_listener.say("identity")[0] == "identity"  # it bears our Close
    t = theirs()
    link = t.dial(our_listener.tcp)
    address, _ = channel(t, f"{link},api")
    assert t.say("text", f"{address},uppercase", "hello") == ["reply", "HELLO"]
    assert t.say("close-channel", address) == ["closed"]
    again, _ = channel(t, f"{link},api")
    assert t.say("text", f"{again},uppercase", "hello") == ["reply", "HELLO"]


def test_ours_over_a_lasting_connection_is_made_anew_when_their_node_comes_back(ours, their_listener, theirs):
    """They answer no pings: that the connection has another link says that their end is gone."""
    more = with_identity("n1", "[secure-channel c]\nto = /service/on/service/secret\nallow = hop\n")
    n = ours("n1", connections={"on": their_listener.tcp}, more=more)
    wait_until(lambda: "secure channel c is up" in n.errors(), "the channel is up", 30)
    port = their_listener.port
    their_listener.end()
    wait_until(lambda: "on to" in n.errors() and "is down" in n.errors(), "the connection is down")
    t = theirs(port)
    assert t.say("secure-listener", "secret") == ["listener", "secret"]
    wait_until(lambda: n.errors().count("secure channel c is up") == 2, "the channel is up again", 30)
    with n.peer() as p:
        assert p.ask(["hop", "c", "uppercase"], wire.bare("again")).payload == wire.bare("AGAIN")


def test_theirs_begins_over_udp(ours, theirs):
    n = ours("n1", more=with_identity("n1", "[udp-listener u]\naddress = 127.0.0.1:0\nallow = services, api\n"))
    t = theirs()
    kind, link = t.say("dial-udp", next(a for transport, a in n.listeners if transport == "udp"))
    assert kind == "link"
    address, who = channel(t, f"{link},api", identity_of(n))
    assert t.say("pipeline", f"{address},echo", 20, 64) == ["replies", "20", "in-order"]
    for size in (0, 1, 20_000):
        assert t.say("ask", f"{address},echo", size)[:2] == ["reply", str(size)]


def test_ours_begins_over_udp(ours, their_listener):
    host, port = their_listener.udp.rsplit(":", 1)
    n = ours("n2", more=with_identity("n2", f"[secure-channel c]\nto = /ip4/{host}/udp/{port}/service/secret\nallow = hop\n"))
    wait_until(lambda: "secure channel c is up" in n.errors(), "the channel is up", 30)
    with n.peer() as p:
        for i in range(100):
            assert p.ask(["hop", "c", "echo"], b"%d" % i).payload == b"%d" % i
