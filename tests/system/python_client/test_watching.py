# SPDX-License-Identifier: Apache-2.0
"""What a link does about its peer from beat to beat, and what it says of its end. Time is what the test says."""

import asyncio
import errno
import gc
import os
import socket

import fake_node
import ockam_client as ockam
import pytest
import wire
from ockam_client import link as links

HEARTBEAT = bytes.fromhex("0000000483808040")


class Peer:
    """A transport and its writer. Between two beats 20 s pass; `waiting` says what the peer has not taken at each."""

    def __init__(self, family, waiting):
        self.family, self.waiting, self.now, self.written, self.aborted = family, iter(waiting), 0.0, [], False
        self.transport = self

    # of the loop
    def time(self):
        return self.now

    # of the transport
    def get_write_buffer_size(self):
        self.now += 20
        return next(self.waiting)

    def abort(self):
        self.aborted = True

    # of the writer
    def write(self, data):
        self.written.append(data)

    def get_extra_info(self, what):
        assert what == "socket"
        return self


def watched(run, monkeypatch, family, waiting, second=100):
    """A link that has sent 100 bytes, and sends `second` more after the first beat; when it has ended."""
    peer = Peer(family, waiting)
    monkeypatch.setattr(links, "HEARTBEAT", 0)
    monkeypatch.setattr(links, "silent_for", lambda _: 0.0)
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: peer)

    async def go():
        link = links.Link((None, peer))
        link._hand(bytes(100))
        watch = asyncio.create_task(link._look_after())
        while peer.now < 20:
            await asyncio.sleep(0)
        link._hand(bytes(second))
        await watch
        with pytest.raises(ockam.Closed, match="taken nothing for 30 s"):
            link.check()

    run(go())
    assert peer.aborted
    return peer


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX])
def test_a_peer_that_takes_a_little_at_a_time_is_kept_until_it_takes_nothing(run, monkeypatch, family):
    peer = watched(run, monkeypatch, family, [0, 90, 80, 70, 60, 60, 60])
    assert peer.now == 140, "two beats without progress are over 30 s"
    beats = [w for w in peer.written if w == HEARTBEAT]
    assert len(beats) == (0 if family == socket.AF_UNIX else 1), "only over IP, and only where nothing waits"


@pytest.mark.parametrize("broken,says", [
    (OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH)), "the connection has broken: No route to host"),
    (OSError("something odd"), "the connection has broken: something odd"),
    (ConnectionResetError(errno.ECONNRESET, "reset"), "the node has closed the connection")])
def test_a_link_that_breaks_says_how(run, broken, says):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address, reconnect=False) as c:
            await node.link()
            c._link._reader.set_exception(broken)
            with pytest.raises(ockam.Closed) as e:
                await c.serve_forever()
            assert e.value.cause == says

    run(go())


def test_a_request_that_fails_before_it_is_sent_leaves_no_error_that_nobody_asked_for(run):
    """asyncio says at the end of a future that its exception was never retrieved."""

    said = []

    async def go():
        asyncio.get_running_loop().set_exception_handler(lambda _, what: said.append(what["message"]))
        async with fake_node.FakeNode() as node, ockam.connect(node.address, reconnect=False) as c:
            link = await node.link()
            link.reader._transport.pause_reading()
            await c.send("x", bytes(15 << 20))
            asking = asyncio.create_task(c.request("x"))
            await asyncio.wait([asking], timeout=0.05)
            assert not asking.done(), "it waits for its turn to write"
            link.end()
            with pytest.raises(ockam.Closed):
                await asking

    run(go())
    gc.collect()
    assert not said


def test_a_message_says_what_it_is(run):
    """At a Python prompt."""

    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            link = await node.link()
            seen = []

            @c.worker("w")
            async def w(m):
                seen.append((repr(m), m.wants_report, m.text and m.json()))
                return b""

            for payload in (wire.bare("[1]"), b"\xff\x00"):
                await link.ask("w", payload, back=("hop", "app"))
            assert seen == [("<Message '[1]' from ['0#hop', '0#app']>", True, [1]), ("<Message b'\\xff\\x00' from ['0#hop', '0#app']>", True, None)]

    run(go())
