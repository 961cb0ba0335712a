# SPDX-License-Identifier: Apache-2.0
"""A link that ends is tried again, as nodes try theirs."""

import asyncio
import logging
import time

import fake_node
import ockam_client as ockam
import pytest
from ockam_client import backoff, connection, link as links


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(backoff, "LEAST", 0.02)
    monkeypatch.setattr(backoff, "MOST", 0.05)


def test_it_comes_back_and_workers_stay(run, caplog):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            c.worker("w")(lambda m: "here")
            first = await node.link()
            assert (await first.ask("w")).payload == b"\x04here"
            first.end()
            second = await node.link()
            assert (await second.ask("w")).payload == b"\x04here"
            await c.wait_connected()
            asking = asyncio.create_task(c.request("x"))
            await second.answer(b"1")
            assert (await asking).payload == b"1" and c.connected and not c.closed

    with caplog.at_level(logging.INFO):
        run(go())
    said = [r.getMessage() for r in caplog.records if r.name == "ockam_client"]
    assert said[0].startswith("the link to 127.0.0.1:") and said[0].endswith("has ended: the node has closed the connection")
    assert said[-1].startswith("connected to 127.0.0.1:") and said[-1].endswith("again")


def test_requests_in_flight_fail_and_later_ones_say_that_there_is_no_link(run):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            link = await node.link()
            asking = [asyncio.create_task(c.request("x")) for _ in range(2)]
            for _ in asking:
                await link.receive()
            node.stop()
            found = await asyncio.gather(*asking, return_exceptions=True)
            assert [type(e) for e in found] == [ockam.Disconnected] * 2 and found[0] is not found[1]
            assert "ended before an answer came" in found[0].cause and "not known" in found[0].hint
            assert not c.connected and not c.closed
            for what in (c.request("x"), c.send("x")):
                with pytest.raises(ockam.Disconnected, match=r"there is no link to \S+: (the node has closed|cannot connect)") as e:
                    await what
                assert "wait_connected" in e.value.hint

    run(go())


def test_who_waits_for_the_link_gets_it(run):
    async def go():
        async with fake_node.FakeNode() as node:
            async with ockam.connect(node.address) as c:
                (await node.link()).end()
                node.stop()
                while c.connected or "Connect call failed" not in c._down.cause:
                    await asyncio.sleep(0)  # until it has been tried once
                with pytest.raises(ockam.TimedOut, match=r"no link to (\S+) within 0.1 s: cannot connect to \1: Connect call failed"):
                    await c.wait_connected(timeout=0.1)
                assert not c._watching
                waiting = [asyncio.create_task(c.wait_connected()) for _ in range(2)]
                await asyncio.sleep(0)
                async with fake_node.FakeNode(port=node.port) as again:
                    await asyncio.gather(*waiting)
                    await again.link()
                    assert c.connected
                    await c.wait_connected(timeout=0)

    run(go())


def test_close_ends_the_tries_and_who_waits(run):
    async def go():
        async with fake_node.FakeNode() as node:
            c = await ockam.connect(node.address)
            await node.link()
            node.stop()
            while c.connected:
                await asyncio.sleep(0)
            waiting = [asyncio.create_task(c.wait_connected()) for _ in range(2)]
            serving = asyncio.create_task(c.serve_forever())
            await asyncio.sleep(0)
            await c.close()
            found = await asyncio.gather(*waiting, return_exceptions=True)
            assert [type(e) for e in found] == [ockam.Closed] * 2 and found[0] is not found[1]
            await serving
            async with fake_node.FakeNode(port=node.port) as again:
                await asyncio.sleep(0.2)
                assert again.links.empty(), "nobody tries any more"

    run(go())


def test_a_link_that_was_up_for_a_while_is_tried_at_once(run, monkeypatch):
    monkeypatch.setattr(backoff, "LEAST", 30)
    monkeypatch.setattr(backoff, "MOST", 30)
    monkeypatch.setattr(connection, "STEADY", 0.0)
    waited, sleep = [], asyncio.sleep

    async def noted(seconds):
        waited.append(seconds)
        await sleep(seconds)

    monkeypatch.setattr(asyncio, "sleep", noted)

    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address):
            for _ in range(3):
                (await node.link()).end()
            await node.link()

    run(go())
    assert [w for w in waited if w != links.HEARTBEAT] == [0.0] * 3


def test_one_that_was_not_waits(run, monkeypatch):
    monkeypatch.setattr(backoff, "LEAST", 0.3)
    monkeypatch.setattr(backoff, "MOST", 0.3)

    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address):
            (await node.link()).end()
            began = time.monotonic()
            await node.link()
            assert time.monotonic() - began > 0.2

    run(go())


def test_equal_failures_are_news_once(run, caplog):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            await node.link()
            node.stop()
            with pytest.raises(ockam.TimedOut):
                while c.connected:
                    await asyncio.sleep(0)
                await c.wait_connected(timeout=0.4)

    run(go())
    lines = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(lines) == 2 and "has ended" in lines[0] and lines[1].startswith("cannot connect to 127.0.0.1:") and lines[1].endswith("; next try in 0.0 s"), lines


def test_a_peer_that_breaks_the_protocol_is_tried_again(run):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            first = await node.link()
            first.send_raw(b"")
            await first.closed()
            await node.link()
            assert not c.closed

    run(go())


def test_a_try_that_fails_in_an_unusual_way_is_not_the_last(run, monkeypatch):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            link, failed = await node.link(), asyncio.Event()

            async def fails(*_):
                failed.set()
                raise RuntimeError("can't start new thread")

            with monkeypatch.context() as m:
                m.setattr(links, "dial", fails)
                link.end()
                await failed.wait()
                with pytest.raises(ockam.TimedOut, match="within 0 s: cannot connect to 127.0.0.1:.*can't start new thread") as e:
                    await c.wait_connected(timeout=0)
                assert e.value.hint == "is the node running?"
            await node.link()
            await c.wait_connected()

    run(go())


def test_each_try_is_bounded(run, monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_TIMEOUT", 0.05)

    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address):
            (await node.link()).end()
            node.greeting = b""  # the next one hears nothing
            await node.links.get()
            node.greeting = b"\x01"
            await node.link()

    run(go())


def test_an_answer_of_a_handler_that_the_link_has_not_waited_for_goes_over_the_next(run):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            entered, release = asyncio.Event(), asyncio.Event()

            @c.worker("w")
            async def wait(m):
                entered.set()
                await release.wait()
                return "late"

            first = await node.link()
            first.send(["w"])
            await entered.wait()
            first.end()
            second = await node.link()
            await c.wait_connected()
            release.set()
            assert (await second.receive()).payload == b"\x04late"

    run(go())


def test_an_answer_without_a_link_is_lost_quietly(run, caplog):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            entered, release, left = asyncio.Event(), asyncio.Event(), asyncio.Event()

            @c.worker("w")
            async def wait(m):
                entered.set()
                await release.wait()
                left.set()
                return "late"

            link = await node.link()
            link.send(["w"], extras={"ockam_report": "1"})
            await entered.wait()
            node.stop()
            while c.connected:
                await asyncio.sleep(0)
            release.set()
            await left.wait()

    with caplog.at_level(logging.DEBUG, "ockam_client"):
        run(go())
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert any(r.getMessage().startswith("an answer of worker w is lost: there is no link to 127.0.0.1:") for r in caplog.records)


def test_a_report_without_a_link_is_lost_quietly(run, caplog, monkeypatch):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            link = await node.link()
            monkeypatch.setattr(c._link, "offer", lambda _: False)  # so that it has to wait
            monkeypatch.setattr(c._link, "write", gone)
            link.send(["nobody"], extras={"ockam_report": "1"})
            while not any("is lost" in r.getMessage() for r in caplog.records):
                await asyncio.sleep(0)

    async def gone(_):
        raise ockam.Closed("it is gone")

    with caplog.at_level(logging.DEBUG, "ockam_client"):
        run(go())
    assert [r.getMessage() for r in caplog.records if "lost" in r.getMessage()][0].startswith("a report is lost: the link to 127.0.0.1:")


# Before the reader of the link hears of it, too.
@pytest.mark.parametrize("reconnect", [True, False])
def test_what_is_sent_over_a_link_that_has_just_ended(run, reconnect):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address, reconnect=reconnect) as c:
            c._link.abort()
            with pytest.raises(ockam.Closed) as e:
                await c.send("x")
            assert isinstance(e.value, ockam.Disconnected) == reconnect
            if reconnect:
                assert e.value.cause == f"the link to {node.address} ended: the connection was closed here"
                assert "wait_connected" in e.value.hint
            else:
                assert e.value.cause == "the connection was closed here"

    run(go())
