# SPDX-License-Identifier: Apache-2.0
"""Secure channels between the two implementations with somebody between who has each frame: forged, replayed and skipped messages, in
both directions.

    their node ══ tcp ══ between ══ tcp ══ our node: listener api, services          and the other way round
"""

import pytest
import wire
from between import Between
from processes import wait_until
from test_http import get, http_address, series
from test_secure_channels import channel, their_listener, with_identity  # noqa: F401

@pytest.fixture
def between():
    made = []

    def start(to):
        made.append(Between(to))
        return made[-1]

    yield start
    for b in made:
        b.stop()


class Replaying:
    """Each comes twice."""

    def __init__(self):
        self.added = 0

    def __call__(self, frame):
        self.added += 1
        return [frame, frame]


class Forging:
    """Before each come copies that differ from it in one bit: of the number, which is in clear, of the ciphertext, of the tag. What
    else is in the frame (routes, and what their nodes say of traces behind the payload) stays as it is."""

    def __init__(self):
        self.added = 0

    def __call__(self, frame):
        payload = wire.Message(frame[4:]).payload
        at = frame.index(payload)
        end = at + len(payload)
        places = (at, at + 7, at + 8, (at + end) // 2, end - 17, end - 16, end - 1)
        self.added += len(places)
        return [*(frame[:p] + bytes([frame[p] ^ 1]) + frame[p + 1:] for p in places), frame]


class Skipping:
    """Each tenth is lost."""

    def __init__(self):
        self.seen = self.lost = 0

    def __call__(self, frame):
        self.seen += 1
        if self.seen % 10:
            return [frame]
        self.lost += 1
        return []


@pytest.fixture
def our_listener(ours):
    return ours("n1", more=with_identity("n1", "[http]\naddress = 127.0.0.1:0\n"))


@pytest.fixture
def our_channel(ours, their_listener, between):
    """Our node, with a channel `c` to theirs that is up, and what is between."""
    b = between(their_listener.tcp)
    host, port = b.at.rsplit(":", 1)
    n = ours("n2", more=with_identity("n2", f"[secure-channel c]\nto = /ip4/{host}/tcp/{port}/service/secret\nallow = hop\n"))
    wait_until(lambda: "secure channel c is up" in n.errors(), "the channel is up", 30)
    with n.peer(timeout=30) as p:  # ours takes it for open when it has sent its last message
        assert p.ask(["hop", "c", "echo"], b"open").payload == b"open"
    return n, b


def counted(n):
    """Messages that our node refused, and that its echo got."""
    metrics = series(get(http_address(n), "/metrics")[1])
    served = next((v for k, v in metrics.items() if k.startswith('ockam_service_received_messages_total{service="echo"')), 0)
    return metrics.get('ockam_messages_dropped_total{reason="refused"}', 0), served


def their_channel(t, b):
    """Through what is between, and open at our end too: theirs takes it for open when it has sent its last message."""
    address, _ = channel(t, f"{t.dial(b.at)},api")
    assert t.say("ask", f"{address},echo", 10)[0] == "reply"
    return address


def at_channel(ockam):
    """Messages by our end of the channel that did not open, and that did."""
    shown = ockam("secure-channel", "show", "--at", "/node/n2/service/c", "--output", "json").json
    return shown["not_opened"], shown["received"]


@pytest.mark.parametrize("how", [Replaying, Forging])
def test_theirs_begins_and_what_is_replayed_or_forged_is_counted_and_not_taken(our_listener, theirs, between, how):
    b = between(our_listener.tcp)
    t = theirs()
    address = their_channel(t, b)
    there, _ = b.treat(how)
    assert t.say("pipeline", f"{address},echo", 200, 64) == ["replies", "200", "in-order"]
    b.leave()
    assert t.say("pipeline", f"{address},echo", 40, 64) == ["replies", "40", "in-order"]
    assert there.added >= 200 and counted(our_listener) == (there.added, 241)


@pytest.mark.parametrize("how", [Replaying, Forging])
def test_ours_begins_and_what_is_replayed_or_forged_is_counted_and_not_taken(our_channel, ockam, how):
    n, b = our_channel
    there, back = b.treat(how)
    with n.peer(timeout=30) as p:
        for i in range(100):
            assert p.ask(["hop", "c", "echo"], b"%d" % i).payload == b"%d" % i
        b.leave()
        assert p.ask(["hop", "c", "echo"], b"after").payload == b"after"
    # Had theirs taken anything twice, its echo would have answered that as well, and more than 102 would have come.
    assert there.added >= 100 and at_channel(ockam) == (back.added, 102)


def test_theirs_begins_and_skipped_numbers_cost_only_what_was_skipped(our_listener, theirs, between):
    b = between(our_listener.tcp)
    t = theirs()
    address = their_channel(t, b)
    there, back = b.treat(Skipping)
    came = t.say("pipeline", f"{address},echo", 100, 64, 3000)[1]
    assert (there.lost, back.lost) == (10, 9) and int(came) == 81
    b.leave()
    assert t.say("pipeline", f"{address},echo", 40, 64) == ["replies", "40", "in-order"]
    assert counted(our_listener) == (0, 1 + 90 + 40), "a number that is missing is no fault"


def test_ours_begins_and_skipped_numbers_cost_only_what_was_skipped(our_channel, ockam):
    n, b = our_channel
    there, back = b.treat(Skipping)
    with n.peer(timeout=30) as p:
        for i in range(200):
            p.send(["hop", "c", "echo"], b"%d" % i)
        wait_until(lambda: there.seen == 200 and back.seen == 200 - there.lost, "all have gone by", 30)
        b.leave()
        p.send(["hop", "c", "echo"], b"200")
        got = [int(p.receive().payload)]
        while got[-1] != 200:
            got.append(int(p.receive().payload))
    assert there.lost == 20 and back.lost == 18
    assert got == sorted(set(got)) and len(got) == 201 - there.lost - back.lost
    assert at_channel(ockam) == (0, 1 + len(got))
