# SPDX-License-Identifier: Apache-2.0
"""Identities that change their key, between the two implementations: whoever has seen the new history takes it, and neither the
older one nor another that begins in the same way.

    first ──▶ second       the key is changed: what everybody has to take
         └──▶ fork         changed once more from the first, by a copy: somebody has stolen that key
"""

import re
import signal

import pytest
import wire
from portal_ends import node_route
from processes import wait_until
from test_secure_channels import channel

OLDER, FORK = "shows an older history than before", "shows another history than before"


class Alice:
    """An identity of our command line at three times, each as the section of a node that is it: `first`, `second`, `fork`."""

    def __init__(self, ockam, home):
        self.ockam, self.home = ockam, home
        assert ockam("identity", "create", "alice").code == 0
        self.id = ockam("identity", "show", "alice").out.strip()
        self.keep("first")
        before = {f: f.read_bytes() for f in home.iterdir() if f.is_file() and not f.name.startswith("first.")}
        self.rotate()
        self.keep("second")
        for f, content in before.items():
            f.write_bytes(content)
        self.rotate()
        self.keep("fork")

    def rotate(self):
        r = self.ockam("identity", "rotate", "alice", "--output", "json")
        assert r.code == 0 and r.json["changes"] == 2, r

    def keep(self, name):
        self._write(name, (self.home / "vault-default").read_bytes(), self.ockam("identity", "export", "alice").out.encode())

    def _write(self, name, vault, history):
        for end, content in (("vault", vault), ("identity", history)):
            f = self.home / f"{name}.{end}"
            f.write_bytes(content)
            f.chmod(0o600)

    def become(self, name, then):
        """What a node knows as `name` is from now on what it is then."""
        self._write(name, *((self.home / f"{then}.{end}").read_bytes() for end in ("vault", "identity")))

    def section(self, name):
        return f"[identity]\nvault = {name}.vault\nhistory = {name}.identity\n"


@pytest.fixture
def alice(ockam, home):
    return Alice(ockam, home)


def asks(t, link, who):
    """A new channel to our node's `api`, which has to be that one, and a message through it."""
    address, found = channel(t, f"{link},api", who)
    assert found == who and t.say("text", f"{address},uppercase", "hello") == ["reply", "HELLO"]
    return address


def is_refused(t, n, who):
    """They hear no answer of somebody whom they do not take: their end gives up after two seconds."""
    return t.say("secure", f"{t.dial(n.tcp)},api", who, 2000)[0] == "error"


def test_theirs_takes_our_new_key_and_then_no_older_history_and_no_fork(ours, theirs, alice):
    t = theirs()
    alice.become("now", "first")
    n = ours("n1", more=alice.section("now"))
    link = t.dial(n.tcp)
    before = asks(t, link, alice.id)
    alice.become("now", "second")
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: "has a new history" in n.errors(), "the node has the new key")
    assert t.say("text", f"{before},uppercase", "still open") == ["reply", "STILL", "OPEN"]
    asks(t, link, alice.id)
    stranger = theirs()  # has not seen the new one: to it both are good
    for name in ("first", "fork"):
        other = ours(name, more=alice.section(name))
        assert is_refused(t, other, alice.id)
        asks(stranger, stranger.dial(other.tcp), alice.id)
    asks(t, link, alice.id)


def test_their_listener_takes_our_new_key_and_then_no_older_history_and_no_fork(ours, theirs, alice):
    t = theirs()
    t.say("secure-listener", "secret", alice.id)

    def answers(name, timeout=20):
        n = ours(name, more=alice.section(name) + f"[secure-channel c]\nto = {node_route(t.tcp)}/service/secret\nallow = hop\n")
        wait_until(lambda: "secure channel c is up" in n.errors(), "our end has sent its last message", 30)
        with n.peer(timeout=timeout) as p:
            try:
                return p.ask(["hop", "c", "uppercase"], wire.bare("hello")).payload == wire.bare("HELLO")
            except TimeoutError:
                return False
            finally:
                n.stop()  # its name is another's next

    assert answers("first")
    assert answers("second")
    assert not answers("first", 2), "an older one is not heard"
    assert not answers("fork", 2)
    assert answers("second")


def with_copies(t):
    """Their identity before its key is changed, twice."""
    for name in ("older", "fork"):
        assert t.say("copy", name) == ["copied", name]
    return t.say("identity")[1]


def test_ours_takes_their_new_key_and_then_no_older_history_and_no_fork(ours, theirs, home):
    t = theirs()
    n = ours("n1", more="[identity]\nvault = n1.vault\nhistory = n1.identity\nknown-identities = known\n")
    link = t.dial(n.tcp)

    def answers(within=20_000):
        address, _ = channel(t, f"{link},api")  # they take it for open, and hear no refusal
        return t.say("ask", f"{address},echo", 10, within)[0] == "reply"

    def refuses(why):
        refused = not answers(1000)
        wait_until(lambda: f"{who} {why}" in n.errors(), "the log says so")
        return refused

    assert answers()
    who = with_copies(t)
    assert t.say("rotate") == ["rotated", "2"] and t.say("copy", "second") == ["copied", "second"]
    assert answers()
    remembered = (home / "known").read_text()
    assert t.say("be", "older") == ["identity", who] and refuses(OLDER)
    assert t.say("be", "fork") == ["identity", who] and t.say("rotate") == ["rotated", "2"] and refuses(FORK)
    assert t.say("be", "second") == ["identity", who] and answers()
    assert (home / "known").read_text() == remembered


def test_ours_begins_and_takes_their_new_key_and_then_no_older_history_and_no_fork(ours, theirs, ockam):
    t = theirs()
    ours("n1", more="[identity]\nvault = n1.vault\nhistory = n1.identity\n")

    def begin(listener):
        return ockam("secure-channel", "create", "--from", "n1", "--to", f"{node_route(t.tcp)}/service/{listener}", "--authorized", who, "--timeout", "5s")

    t.say("secure-listener", "first")
    who = with_copies(t)
    open_one = begin("first").out.strip()
    assert re.fullmatch("/service/[0-9a-f]{32}", open_one)
    assert t.say("rotate") == ["rotated", "2"]
    assert begin("first").code == 0, "the same listener shows the new history"
    for name, why in (("older", OLDER), ("fork", FORK)):
        t.say("be", name)
        if name == "fork":
            t.say("rotate")
        t.say("secure-listener", name)
        refused = begin(name)
        assert refused.code == 70 and f"{who} {why}" in refused.err, refused
    assert begin("first").code == 0
    sent = ockam("message", "send", "still open", "--from", "n1", "--to", f"{open_one}/service/uppercase")
    assert sent.out == "STILL OPEN\n", sent
