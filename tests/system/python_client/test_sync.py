# SPDX-License-Identifier: Apache-2.0
"""The client without asyncio. The node runs on a thread of its own."""

import asyncio
import concurrent.futures
import contextlib
import os
import pathlib
import queue
import socket
import subprocess
import sys
import textwrap
import threading
import time

import fake_node
import ockam_client as ockam
import pytest
from ockam_client import link as links


class EchoNode:
    """Answers every message with its payload; what comes for "kick" makes it send one to the worker "w"; "mute" is not answered."""

    async def main(self, started, stop):
        async with fake_node.FakeNode() as node:
            started.set_result(node.address)
            serving = asyncio.create_task(self.serve(node))
            await stop.wait()
            serving.cancel()

    async def serve(self, node):
        while True:
            link = await node.link()
            self.task = asyncio.create_task(self.answer(link))

    async def answer(self, link):
        with contextlib.suppress(EOFError):
            while m := await link.receive():
                if m.onward == ["kick"]:
                    link.send(["w"], m.payload, back=m.back, extras=m.extras)
                elif len(m.onward[0]) == 32:  # an answer, to be passed on
                    link.send(m.onward, m.payload, back=m.back, extras=m.extras)
                elif m.onward == ["end"]:
                    return link.end()
                elif m.onward == ["deaf"]:
                    return link.reader._transport.pause_reading()
                elif m.onward != ["mute"]:
                    link.send(m.back, m.payload, back=())


@pytest.fixture
def address():
    started, stop = concurrent.futures.Future(), asyncio.Event()
    runner = asyncio.Runner()
    thread = threading.Thread(target=lambda: runner.run(EchoNode().main(started, stop)))
    thread.start()
    yield started.result(5)
    runner.get_loop().call_soon_threadsafe(stop.set)
    thread.join(5)
    runner.close()


def in_time(function, seconds=5):
    """Its result; a deadlock is a failure."""
    out = concurrent.futures.Future()

    def call():
        try:
            out.set_result(function())
        except BaseException as e:
            out.set_exception(e)

    threading.Thread(target=call, daemon=True).start()
    return out.result(seconds)


def test_it_asks_and_sends(address):
    with ockam.sync.connect(address) as c:
        assert c.request("echo", "hi").text == "hi" and c.request("echo").payload == b"" and c.connected and not c.closed
        heard = queue.SimpleQueue()
        c.worker("me")(lambda m: heard.put(m.payload))
        c.send("echo", "hi", sender="me")
        c.send("echo", sender="me")
        assert [heard.get(timeout=5) for _ in range(2)] == [b"\x02hi", b""]
        with pytest.raises(ockam.TimedOut, match="within 0.05 s"):
            c.request("mute", timeout=0.05)
        with pytest.raises(ockam.InvalidRoute):
            c.send("")
        c.wait_connected()
    assert c.closed and not c.connected


def test_threads_share_it(address):
    with ockam.sync.connect(address) as c, concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert [r.text for r in pool.map(lambda i: c.request("echo", str(i)), range(200))] == [str(i) for i in range(200)]


def test_no_thread_stays(address):
    before = threading.active_count()
    c = ockam.sync.connect(address)
    assert threading.active_count() > before
    c.close()
    assert threading.active_count() == before
    with pytest.raises(ockam.Unreachable):
        ockam.sync.connect("127.0.0.1:1")
    assert threading.active_count() == before


def test_after_close(address):
    c = ockam.sync.connect(address)
    c.close()
    c.close()
    for what in (lambda: c.request("echo"), lambda: c.send("echo"), c.wait_connected):
        with pytest.raises(ockam.Closed, match="closed here"):
            what()


def test_a_handler_asks_over_its_own_connection(address):
    with ockam.sync.connect(address) as c:
        @c.worker("w")
        def back(m):
            return c.request("echo", m.text + "!").text

        assert in_time(lambda: c.request("kick", "x").text) == "x!"
        c.remove("w")
        with pytest.raises(ockam.Undeliverable):
            in_time(lambda: c.request("kick", "x"))


def test_a_handler_that_blocks_keeps_nobody_waiting(address):
    release = threading.Event()
    with ockam.sync.connect(address) as c:
        c.worker("w")(lambda m: release.wait(5) and "done")
        asking = concurrent.futures.Future()
        threading.Thread(target=lambda: asking.set_result(c.request("kick").text)).start()
        assert in_time(lambda: c.request("echo", "x").text) == "x"
        release.set()
        assert asking.result(5) == "done"


def test_an_async_handler_is_told_what_to_use(address):
    with ockam.sync.connect(address) as c:
        @c.worker("w")
        async def back(m):
            if m.text == "wrong":
                c.request("echo", "x")
            if m.text == "why":
                try:
                    c.request("echo", "x")
                except ockam.OckamError as e:
                    return e.hint
            return (await m.connection.request("echo", m.text)).text

        with pytest.raises(ockam.ServiceFailed, match="this waits for the thread that it was called from"):
            in_time(lambda: c.request("kick", "wrong"))
        assert in_time(lambda: c.request("kick", "why").text).startswith("in an async handler: await message.connection")
        assert in_time(lambda: c.request("kick", "right").text) == "right"


def test_close_in_a_handler(address):
    c = ockam.sync.connect(address)
    closed = threading.Event()

    @c.worker("w")
    def closer(m):
        c.close()
        closed.set()

    c.send("kick", sender="x")
    assert closed.wait(5)
    c.close()
    assert c.closed


def test_close_ends_what_other_threads_ask(address):
    c = ockam.sync.connect(address)
    found = []

    def ask():
        try:
            c.request("mute", timeout=30)
        except ockam.OckamError as e:
            found.append(e)

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for t in threads:
        t.start()
    while len(c._c._waiting) < 5:
        time.sleep(0.001)
    c.close()
    for t in threads:
        t.join(5)
    assert [type(e) for e in found] == [ockam.Closed] * 5 and len(set(map(id, found))) == 5


def test_close_does_not_wait_for_a_node_that_reads_nothing(address, monkeypatch):
    monkeypatch.setattr(links, "FLUSH", 0.1)
    with ockam.sync.connect(address) as c:
        c.send("deaf")
        with pytest.raises(ockam.TimedOut):
            c.request("echo", bytes(12 << 20), timeout=0.2)
        began = time.monotonic()
    assert time.monotonic() - began < 3


def test_it_comes_back(address):
    with ockam.sync.connect(address) as c:
        with pytest.raises(ockam.Disconnected):
            c.request("end")
        c.wait_connected()
        assert c.request("echo", "again").text == "again"
    with ockam.sync.connect(address, reconnect=False) as c:
        with pytest.raises(ockam.Closed):
            c.request("end")
        assert c.closed


def test_who_waits_for_the_link_gives_up(address, monkeypatch):
    with ockam.sync.connect(address) as c:
        monkeypatch.setattr(links, "dial", never)
        with pytest.raises(ockam.Disconnected):
            c.request("end")
        assert not c.connected and not c.closed
        with pytest.raises(ockam.TimedOut, match="within 0.05 s"):
            c.wait_connected(timeout=0.05)


async def never(*_):
    await asyncio.Event().wait()


def test_the_limit_of_the_first_attempt():
    with mute_port() as port:
        began = time.monotonic()
        with pytest.raises(ockam.Unreachable, match="within 0.1 s"):
            ockam.sync.connect(f"127.0.0.1:{port}", timeout=0.1)
        assert time.monotonic() - began < 3


@contextlib.contextmanager
def mute_port():
    """A port that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        yield s.getsockname()[1]


def ends(program, address):
    """What a program prints that uses the client; it has to end by itself."""
    at = str(pathlib.Path(ockam.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program), address], env={**os.environ, "PYTHONPATH": at}, capture_output=True,
                          text=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_program_ends_although_a_handler_does_not(address):
    assert ends("""
        import sys, threading
        import ockam_client as ockam
        entered = threading.Event()
        with ockam.sync.connect(sys.argv[1]) as c:
            @c.worker("w")
            def never(m):
                entered.set()
                threading.Event().wait()
            c.send("kick")
            entered.wait()
        print("ended")
    """, address) == "ended\n"


def test_a_program_ends_that_has_not_closed(address):
    assert ends("""
        import sys
        import ockam_client as ockam
        print(ockam.sync.connect(sys.argv[1]).request("echo", "hi").text)
    """, address) == "hi\n"
