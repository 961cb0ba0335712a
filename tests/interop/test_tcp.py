# SPDX-License-Identifier: Apache-2.0
"""The two implementations over TCP, each in both roles (`asking.py`)."""

import signal

import pytest

import wire
from asking import Accepted, OursAsksTheirs, TheirsAsksOurs, digest, pattern
from processes import wait_until

MIB = 1 << 20


@pytest.fixture(params=[TheirsAsksOurs, OursAsksTheirs], ids=["theirs-asks-ours", "ours-asks-theirs"])
def requester(request, ours, theirs):
    return request.param(ours, theirs)


@pytest.fixture(params=["ours", "theirs"])
def server(request):
    """A node of either make: the same bytes have to do the same to both."""
    return request.getfixturevalue(request.param)()


def test_echo(requester):
    assert requester.echo(["echo"], 64) == (64, digest(pattern(64)))


@pytest.mark.parametrize("text", ["hello", "Straße ñandú", "мир"])
def test_uppercase_by_unicode(requester, text):
    assert requester.text(["uppercase"], text) == text.upper()


@pytest.mark.parametrize("size", [0, 1, 64 << 10, 15 * MIB], ids=["0B", "1B", "64KiB", "15MiB"])
def test_payload_of(requester, size):
    assert requester.echo(["echo"], size) == (size, digest(pattern(size)))


@pytest.mark.parametrize("count", [64, 1000])
def test_pipelined(requester, count):
    assert requester.pipeline(["echo"], count, 64)


@pytest.mark.parametrize("count", [64, 1000])
def test_pipelined_through_our_hops(ours, theirs, count):
    requester = TheirsAsksOurs(ours, theirs)
    assert requester.pipeline(["hop", "hop", "echo"], count, 64)


def test_pipelined_through_their_hop(ours, theirs):
    # Not more than 8: its mailboxes hold so many, and its hop and echo then wait for each other's room for
    # ever. That is theirs; ours is in the test above.
    requester = OursAsksTheirs(ours, theirs)
    assert requester.pipeline(["hop", "echo"], 8, 64)


def test_chain_ours_theirs_ours(ours, theirs):
    last, middle = ours("n2"), theirs()
    onward = middle.dial(last.tcp)
    first = ours("n1", connections={"out": middle.tcp})
    with first.peer() as p:
        reply = p.ask(["hop", "out", "hop", onward, "echo"], b"hello")
        assert reply.payload == b"hello"
        assert p.ask(["hop", "out", "hop", onward, "uppercase"], wire.bare("hello")).payload == wire.bare("HELLO")


def test_chain_theirs_ours_theirs(ours, theirs):
    last, first = theirs(), theirs()
    middle = ours(connections={"out": last.tcp})
    link = first.dial(middle.tcp)
    assert first.say("ask", f"{link},hop,out,echo", 64)[:3] == ["reply", "64", digest(pattern(64))]
    assert first.say("text", f"{link},hop,out,uppercase", "hello") == ["reply", "HELLO"]


def test_heartbeat_of_the_requester_is_no_message(requester):
    requester.heartbeat()
    assert requester.echo(["echo"], 10) == (10, digest(pattern(10)))


# -- the end of a connection -------------------------------------------------------------------------


def open_links(ockam, name="n1"):
    listed = ockam("tcp-connection", "list", "--at", name, "--output", "json")
    assert listed.code == 0, listed
    return len(listed.json)


def test_they_close_and_we_notice(ours, theirs, ockam):
    t, n = theirs(), ours()
    link = t.dial(n.tcp)
    assert t.say("ask", f"{link},echo", 5)[0] == "reply"
    assert open_links(ockam) == 1
    assert t.say("close", link) == ["closed"]
    wait_until(lambda: open_links(ockam) == 0, "our side has closed")
    with n.peer() as p:
        assert p.ask(["echo"], b"others go on").payload == b"others go on"


def test_we_stop_and_they_notice(ours, theirs):
    t, n = theirs(), ours()
    link = t.dial(n.tcp)
    assert t.say("ask", f"{link},echo", 5)[0] == "reply"
    assert t.links() == 1
    assert n.stop(signal.SIGTERM)[0] == 0
    wait_until(lambda: t.links() == 0, "their side has closed")


def test_we_disconnect_and_they_notice(ours, theirs, ockam):
    t = theirs()
    n = ours()
    created = ockam("tcp-connection", "create", "--from", "n1", "--to", t.tcp)
    assert created.code == 0, created
    link = created.out.strip().removeprefix("/worker/")
    wait_until(lambda: t.links() == 1, "they have accepted")
    deleted = ockam("tcp-connection", "delete", link, "--at", "n1", "-y")
    assert deleted.code == 0, deleted
    wait_until(lambda: t.links() == 0, "their side has closed")
    assert n.alive()


# -- the same bytes do the same to both --------------------------------------------------------------


def framed(body):
    return len(body).to_bytes(4, "big") + body


ECHO = wire.route(["echo"])
BACK = wire.route(["test"])
TO_ECHO = ECHO + BACK
EMPTY = b"\x40"

CLOSED = {
    "wrong preamble": b"\x02",
    "no cbor": b"\x01" + framed(b"\xff" * 16),
    "empty frame": b"\x01" + framed(b""),
    "array of two": b"\x01" + framed(b"\x82" + TO_ECHO),
    "truncated item": b"\x01" + framed((b"\x83" + TO_ECHO + b"\x45abcde")[:-2]),
    "text for a payload": b"\x01" + framed(b"\x83" + TO_ECHO + b"\x61a"),
    "indefinite payload": b"\x01" + framed(b"\x83" + TO_ECHO + b"\x5f\x41a\xff"),
    "type over 255": b"\x01" + framed(b"\x83\x81\x82\x19\x01\x00\x44echo" + BACK + EMPTY),
    "text for a name": b"\x01" + framed(b"\x83\x81\x82\x00\x64echo" + BACK + EMPTY),
    "number for the fourth element": b"\x01" + framed(b"\x84" + TO_ECHO + EMPTY + b"\x01"),
    "16 MiB and a byte announced": b"\x01" + (16 * MIB + 1).to_bytes(4, "big"),
}

OPEN = {
    "unknown worker": b"\x01" + wire.frame(["nobody"], ["test"], b""),
    "hop of type tcp": b"\x01" + wire.frame([(1, "127.0.0.1:1")], ["test"], b""),
    "hop of an unknown type": b"\x01" + wire.frame([(9, "x")], ["test"], b""),
    "not reachable": b"\x01" + wire.frame(["_internal.nodemanager"], ["test"], b""),
    "heartbeat": b"\x01" + framed(b"\x83\x80\x80\x40"),
    "uppercase of no string": b"\x01" + wire.frame(["uppercase"], ["test"], b"\xff\xff\xff"),
    "indefinite arrays": b"\x01" + framed(b"\x9f" + b"\x9f\xff" + b"\x9f\xff" + EMPTY + b"\xff"),
    "address of three elements": b"\x01" + framed(b"\x83\x81\x83\x00\x46nobody\x01" + BACK + EMPTY),
    "five elements": b"\x01" + framed(b"\x85\x80\x80\x40\xf6\x01"),
    "bytes behind the item": b"\x01" + framed(b"\x83\x80\x80\x40\x00\x00"),
    "fourth element that is no JSON": b"\x01" + framed(b"\x84\x80\x80\x40\x63abc"),
    "name that is not UTF-8": b"\x01" + wire.frame([(0, b"\xff\xfe")], ["test"], b""),
}


@pytest.mark.parametrize("what", CLOSED)
def test_closed_after(server, what):
    with wire.Peer(server.port, preamble=b"") as p:
        p.send_raw(CLOSED[what])
        assert p.closed()
    with wire.Peer(server.port) as other:
        assert other.ask(["echo"], b"others go on").payload == b"others go on"


@pytest.mark.parametrize("what", OPEN)
def test_open_after(server, what):
    with wire.Peer(server.port, preamble=b"") as p:
        p.send_raw(OPEN[what])
        assert p.ask(["echo"], b"it goes on").payload == b"it goes on"


def test_a_frame_of_16_mib_is_the_largest(server):
    # A fourth element that nobody knows makes the request longer than its reply, which has the same routes.
    pad = {"pad": "x" * 40}
    head = len(wire.frame(["echo"], ["test"], b"x" * (15 * MIB), pad)) - 4 - 15 * MIB
    body = pattern(16 * MIB - head)
    sent = wire.frame(["echo"], ["test"], body, pad)
    assert len(sent) - 4 == 16 * MIB
    with wire.Peer(server.port, timeout=60) as p:
        p.send_raw(sent)
        assert digest(p.receive().payload) == digest(body)


# -- the fourth element ------------------------------------------------------------------------------


def test_they_ignore_wishes_that_they_do_not_know(theirs):
    with wire.Peer(theirs().port) as p:
        assert p.ask(["echo"], b"hello", extras={"ockam_report": "1", "else": "x"}).payload == b"hello"


def test_we_ignore_wishes_that_we_do_not_know(ours):
    with ours().peer() as p:
        assert p.ask(["echo"], b"hello", extras={"traceparent": "00-1-2-01", "else": "x"}).payload == b"hello"


def test_their_hop_does_not_pass_wishes_on(theirs):
    # What a trace has to know: a real Ockam node parses the fourth element as its tracing context,
    # keeps nothing of it that its propagator does not know, and writes its own, `{}`. Behind such a hop
    # nobody is asked for reports any more.
    t = theirs()
    with wire.socket.create_server(("127.0.0.1", 0)) as listener:
        link = t.dial("127.0.0.1:%d" % listener.getsockname()[1])
        end = Accepted(listener.accept()[0])
    with end, wire.Peer(t.port) as p:
        p.send(["hop", link, "test"], b"hello", extras={"ockam_report": "1"})
        arrived = end.receive()
    assert arrived.payload == b"hello"
    assert arrived.extras == {}
