# SPDX-License-Identifier: Apache-2.0
"""The first attempt: addresses, names, handshake, and the one limit for all of it."""

import asyncio
import contextlib
import os
import socket
import sys
import time

import fake_node
import ockam_client as ockam
import pytest
from ockam_client import dialing, link as links


@pytest.mark.parametrize("text,place", [
    ("127.0.0.1:4000", ("127.0.0.1", 4000)), ("4000", ("127.0.0.1", 4000)), (":4000", ("127.0.0.1", 4000)), ("[::1]:65535", ("::1", 65535)),
    ("[fe80::1%lo]:1", ("fe80::1%lo", 1)), ("localhost:0", ("localhost", 0)), ("h:" + "0" * 5000 + "7", ("h", 7)), ("/run/x.sock", ("/run/x.sock", None)), ("./x", ("./x", None))])
def test_places(text, place):
    assert dialing.place(text) == place


@pytest.mark.parametrize("text", ["", "localhost", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:x", "h:", "h:٣", "h:" + "9" * 5000, "h:000000070000"])
def test_places_that_are_none(text, run):
    with pytest.raises(ockam.OckamError, match="neither HOST:PORT nor a path") as e:
        run(ockam.connect(text))
    assert e.value.hint
    with pytest.raises(ockam.OckamError, match="neither HOST:PORT nor a path"):
        run(ockam.listen(text))


def test_nobody_there(run, tmp_path):
    async def go():
        for nowhere, says in (("127.0.0.1:1", "cannot connect to 127.0.0.1:1"), (f"{tmp_path}/x.sock", "No such file"), ("/" + "x" * 200, "path too long")):
            with pytest.raises(ockam.Unreachable, match=says) as e:
                await ockam.connect(nowhere)
            assert e.value.hint == "is a node listening there?"

    run(go())


@pytest.mark.parametrize("name", ["x" * 300 + ".test", "a..b"])
def test_a_name_that_is_none(run, name):
    with pytest.raises(ockam.Unreachable, match="cannot connect to"):
        run(ockam.connect(f"{name}:1"))


def test_the_host_that_is_named_is_asked(run):
    """Not another one of this machine."""

    async def go():
        async with fake_node.FakeNode(host="127.0.0.2") as node, ockam.connect(node.address) as c:
            assert (await node.link()).writer.get_extra_info("sockname")[0] == "127.0.0.2" and c.connected

    run(go())


def test_a_name_that_nobody_knows(run, monkeypatch):
    def nobody(*_args, **_more):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(ockam.Unreachable, match="Name or service not known") as e:
        run(ockam.connect("nobody.test:1"))
    assert "name" in e.value.hint


def test_something_else_that_listens_is_named(run):
    async def go():
        async with fake_node.FakeNode(greeting=b"HTTP/1.1 400") as node:
            with pytest.raises(ockam.ProtocolError, match="not an ockam node"):
                await ockam.connect(node.address)
            await node.all[0].closed()

    run(go())


def test_one_that_closes_at_once_is_named(run):
    async def go():
        server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
        async with server:
            with pytest.raises(ockam.Unreachable, match="no ockam node answers there"):
                await ockam.connect(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")

    run(go())


def test_the_limit_bounds_the_handshake_too(run):
    async def go():
        async with fake_node.FakeNode(greeting=b"") as node:
            began = time.monotonic()
            with pytest.raises(ockam.Unreachable, match="within 0.2 s") as e:
                await ockam.connect(node.address, timeout=0.2)
            assert "firewall" in e.value.hint
            assert 0.15 < time.monotonic() - began < 5
            await node.all[0].closed()

    run(go())


def test_an_attempt_that_is_cancelled_leaves_no_socket(run):
    async def go():
        async with fake_node.FakeNode(greeting=b"") as node:
            before = len(os.listdir("/proc/self/fd"))
            for _ in range(5):
                task = asyncio.create_task(ockam.connect(node.address))
                while len(node.all) == 0 or node.all[-1] is None:
                    await asyncio.sleep(0)
                link = node.all.pop()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                await link.closed()
                link.end()
            await asyncio.sleep(0)
            assert len(os.listdir("/proc/self/fd")) <= before

    run(go())


# -- names with several addresses (RFC 8305) -------------------------------------------------------------


@contextlib.contextmanager
def swallowing():
    """The port of a socket that answers no attempt: its queue is full."""
    with socket.socket() as s, contextlib.ExitStack() as clients:
        s.bind(("127.0.0.2", 0))
        s.listen(0)
        for _ in range(4):
            c = clients.enter_context(socket.socket())
            c.setblocking(False)
            c.connect_ex(s.getsockname())
        yield s.getsockname()[1]


@pytest.fixture
def resolves(monkeypatch):
    """resolves(host, …): what the only name has as its addresses, in this order."""

    def have(*hosts):
        def look_up(name, port, *_args, **_more):
            return [(socket.AF_INET6 if ":" in h else socket.AF_INET, socket.SOCK_STREAM, 6, "", (h, port, 0, 0) if ":" in h else (h, port)) for h in hosts]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return have


def test_a_first_address_that_swallows_packets_costs_a_quarter_of_a_second(run, resolves):
    resolves("127.0.0.2", "127.0.0.1")

    async def go():
        with swallowing() as port:
            async with fake_node.FakeNode(port=port):
                began = time.monotonic()
                async with ockam.connect(f"two.test:{port}"):
                    assert 0.2 < time.monotonic() - began < 2

    run(go())


def test_families_take_turns(run, resolves, monkeypatch):
    tried = []
    resolves("::2", "::3", "127.0.0.3", "127.0.0.4")

    async def go():
        async def refuse(_self, sock, address):
            tried.append(address[0])
            raise ConnectionRefusedError(111, "Connection refused")

        monkeypatch.setattr(type(asyncio.get_running_loop()), "sock_connect", refuse)
        with pytest.raises(ockam.Unreachable, match="cannot connect to four.test:1"):
            await ockam.connect("four.test:1")

    run(go())
    assert tried == ["::2", "127.0.0.3", "::3", "127.0.0.4"]


def test_one_limit_for_all_addresses(run, resolves):
    resolves("127.0.0.2", "127.0.0.2", "127.0.0.2")

    async def go():
        with swallowing() as port:
            began = time.monotonic()
            with pytest.raises(ockam.Unreachable, match="within 0.4 s"):
                await ockam.connect(f"three.test:{port}", timeout=0.4)
            assert time.monotonic() - began < 3

    run(go())


# -- a peer that vanished --------------------------------------------------------------------------------


def test_heartbeats_are_sent_and_not_answered(run, monkeypatch):
    monkeypatch.setattr(links, "HEARTBEAT", 0.02)

    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            link = await node.link()
            assert await link.reader.readexactly(16) == bytes.fromhex("0000000483808040") * 2
            link.send([], back=())
            asking = asyncio.create_task(c.request("x"))
            await link.answer(b"1")
            assert (await asking).payload == b"1"

    run(go())


def test_a_peer_whose_system_acknowledges_nothing_has_ended(run, monkeypatch):
    monkeypatch.setattr(links, "HEARTBEAT", 0.02)
    monkeypatch.setattr(links, "silent_for", lambda _: 6.1)

    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address, reconnect=False) as c:
            with pytest.raises(ockam.Closed, match="acknowledged nothing for 6 s"):
                await c.serve_forever()

    run(go())


class Kernel:
    """A socket that says this of itself: bytes that stand where those of struct tcp_info stand (linux/tcp.h)."""

    def __init__(self, probes=0, unacknowledged=0, last=0, size=None):
        self.info = bytearray(60)
        self.info[3] = probes
        self.info[24:28] = unacknowledged.to_bytes(4, sys.byteorder)
        self.info[56:60] = last.to_bytes(4, sys.byteorder)
        del self.info[size or 60:]

    def getsockopt(self, level, name, size):
        assert (level, name, size) == (socket.IPPROTO_TCP, socket.TCP_INFO, 60)
        return bytes(self.info)


def test_how_long_a_peer_has_been_silent(monkeypatch):
    assert links.silent_for(Kernel(unacknowledged=1, last=6100)) == 6.1
    assert links.silent_for(Kernel(probes=1, last=1000)) == 1.0
    assert links.silent_for(Kernel(last=6100)) == 0.0, "nothing waits to be acknowledged"
    assert links.silent_for(Kernel(probes=1, last=6100, size=59)) == 0.0, "a system that says less"
    with socket.socket(socket.AF_UNIX) as no_tcp:
        assert links.silent_for(no_tcp) == 0.0
    monkeypatch.delattr(socket, "TCP_INFO")
    assert links.silent_for(None) == 0.0


@pytest.mark.parametrize("over", ["tcp", "unix"])
def test_a_peer_that_takes_nothing_for_long_has_ended(run, monkeypatch, tmp_path, over):
    monkeypatch.setattr(links, "HEARTBEAT", 0.02)
    monkeypatch.setattr(links, "WRITE_TIMEOUT", 0.2)

    async def go():
        async with ockam.listen("127.0.0.1:0" if over == "tcp" else f"{tmp_path}/s") as s:
            link = await fake_node.dial(s.address)
            link.reader._transport.pause_reading()
            while not s.connections:
                await asyncio.sleep(0)
            (c,) = s.connections
            with pytest.raises(ockam.TimedOut):
                await c.request("x", timeout=0.4)
            assert c.connected, "nothing waits, so nothing is missing"
            await c.send("x", bytes(12 << 20))
            with pytest.raises(ockam.Closed, match="taken nothing for 0.2 s"):
                await c.request("x")

    run(go())


def test_a_slow_peer_has_not_ended(run, monkeypatch):
    monkeypatch.setattr(links, "HEARTBEAT", 0.02)
    monkeypatch.setattr(links, "WRITE_TIMEOUT", 1.0)  # less than all of it takes, and more than a busy machine stands still

    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address, reconnect=False) as c:
            link = await node.link()
            sending = asyncio.create_task(c.send("x", bytes(15 << 20)))
            left = (15 << 20) - (4 << 20)
            while left > 0:
                left -= len(await link.reader.read(1 << 20))
                await asyncio.sleep(0.03)
            await sending
            assert c.connected

    run(go())


def test_a_peer_that_only_reads_nothing_has_not(run, monkeypatch):
    """Its system answers."""
    monkeypatch.setattr(links, "HEARTBEAT", 0.02)

    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address, reconnect=False) as c:
            link = await node.link()
            link.reader._transport.pause_reading()
            await c.send("x", bytes(12 << 20))
            with pytest.raises(ockam.TimedOut):
                await c.request("x", timeout=0.3)
            assert c.connected
            assert links.silent_for(c._link._writer.get_extra_info("socket")) < 5

    run(go())


def test_literal_addresses_and_names_are_looked_up_as_such(run, monkeypatch):
    asked = []

    def getaddrinfo(*where, type, flags=0):
        asked.append((where, type, flags))
        if flags:
            raise socket.gaierror
        return [(socket.AF_INET, type, 6, "", ("10.0.0.1", 4000))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert run(dialing._look_up("name.test", 4000)) == [(socket.AF_INET, ("10.0.0.1", 4000))]
    where = ("name.test", 4000)
    assert asked == [(where, socket.SOCK_STREAM, socket.AI_NUMERICHOST), (where, socket.SOCK_STREAM, 0)]


@pytest.fixture
def attempts(monkeypatch):
    """attempts({address: seconds or error}): what becomes of connects."""

    def set_up(outcomes):
        async def attempt(_, where):
            if isinstance(outcomes[where], OSError):
                raise outcomes[where]
            await asyncio.sleep(outcomes[where])
            return socket.socket()

        monkeypatch.setattr(dialing, "NEXT_ADDRESS", 0.02)
        monkeypatch.setattr(dialing, "_attempt", attempt)
        return [(socket.AF_INET, where) for where in outcomes]

    return set_up


def test_the_last_address_may_take_its_time(run, attempts):
    run(dialing._race(attempts({"slow": 0.1}))).close()


def test_who_loses_is_closed_and_says_nothing(run, attempts, caplog):
    async def go():
        (await dialing._race(attempts({"never": 1000, "soon": 0.01}))).close()
        await asyncio.sleep(0)

    run(go())
    assert not caplog.records


def test_the_first_error_is_told(run, attempts):
    with pytest.raises(OSError, match="first"):
        run(dialing._race(attempts({"a": OSError("first"), "b": OSError("second")})))
    with pytest.raises(OSError, match="the name has no addresses"):
        run(dialing._race([]))
