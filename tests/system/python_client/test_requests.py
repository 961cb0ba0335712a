# SPDX-License-Identifier: Apache-2.0
"""Asking and sending over one link."""

import asyncio
import traceback
import types

import fake_node
import ockam_client as ockam
import pytest
import wire
from ockam_client import connection, link as links, opening

MiB = 1 << 20


def test_a_request_and_its_answer(run):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            link = await node.link()
            asking = asyncio.create_task(c.request("/service/hop/service/echo", "hello"))
            m = await link.answer(wire.bare("hi"))
            assert m.onward == ["hop", "echo"] and m.payload == wire.bare("hello") and m.extras == {"ockam_report": "1"} and len(m.back) == 1
            reply = await asking
            assert (reply.text, reply.payload, reply.onward, reply.return_route, reply.connection) == ("hi", b"\x02hi", [], [], c)
            assert c.connected and not c.closed and c.address == node.address

    run(go())


def test_both_ways_to_open(run):
    async def go():
        async with fake_node.FakeNode() as node:
            async with await ockam.connect(node.address) as c:
                assert c.connected
            assert c.closed and not c.connected
            task = asyncio.create_task(ockam.connect(node.address))
            await (await task).close()
            ockam.connect(node.address).close()  # never begun

    run(go())


def test_an_opening_is_a_coroutine_like_others():
    """Whoever drives it, with whatever values."""

    @types.coroutine
    def made():
        return (yield "what comes first")

    o = opening.Opening(made())
    assert o.send(None) == "what comes first"
    with pytest.raises(StopIteration) as e:
        o.send(7)
    assert e.value.value == 7


def test_a_message_that_wants_no_answer(run):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            link = await node.link()
            await c.send("news", {"a": 1}, sender="me")
            m = await link.receive()
            assert (m.onward, m.back, m.payload, m.extras) == (["news"], ["me"], wire.bare('{"a": 1}'), {})
            await c.send("news")
            m = await link.receive()
            assert m.payload == b"" and len(m.back[0]) == 32
            with pytest.raises(ockam.InvalidRoute):
                await c.send("news", sender="x" * 2000)

    run(go())


def test_answers_find_their_requests_in_any_order(run):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            link = await node.link()
            asking = [asyncio.create_task(c.request("x", str(i))) for i in range(5)]
            came = [await link.receive() for _ in asking]
            for m in reversed(came):
                link.send(m.back, m.payload)
            assert [(await a).text for a in asking] == ["0", "1", "2", "3", "4"]

    run(go())


def test_a_second_answer_is_nobodys(run):
    """The address of a request is gone with it."""

    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            link = await node.link()
            asking = asyncio.create_task(c.request("x"))
            m = await link.answer(b"1")
            assert (await asking).payload == b"1"
            report = await link.ask(m.back[0])
            assert report.extras["ockam_undeliverable"] == "unknown-worker"

    run(go())


def test_two_answers_at_once_are_one(run):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            link = await node.link()
            asking = asyncio.create_task(c.request("x"))
            m = await link.receive()
            link.send(m.back, b"1")
            link.send(m.back, b"2")
            link.send(m.back, b"", extras={"ockam_undeliverable": "refused"})
            assert (await asking).payload == b"1"
            await link.nothing_came()

    run(go())


def test_reports_are_errors(run):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            link = await node.link()

            async def fails(extras):
                asking = asyncio.create_task(c.request("x"))
                link.send((await link.receive()).back, b"", extras=extras)
                with pytest.raises(ockam.Undeliverable) as e:
                    await asking
                return e.value

            e = await fails({"ockam_undeliverable": "unknown-worker", "ockam_hop": "0#x", "ockam_node": "n1", "ockam_detail": "d"})
            assert (type(e), e.reason, e.hop, e.node, e.detail) == (ockam.Undeliverable, "unknown-worker", "0#x", "n1", "d")
            for reason in ("service-error", "worker-failed"):
                e = await fails({"ockam_undeliverable": reason, "ockam_hop": "0#x", "ockam_node": "n1", "ockam_detail": "no"})
                assert type(e) is ockam.ServiceFailed and e.detail == "no"
            e = await fails({"ockam_undeliverable": "refused"})
            assert (e.hop, e.node, e.detail) == ("?", "?", "")

    run(go())


@pytest.mark.parametrize("timeout", [0.05, 0, -1])
def test_a_request_gives_up(run, timeout):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            with pytest.raises(ockam.TimedOut) as e:
                await c.request("/service/hop/service/x", timeout=timeout)
            assert f"no reply from 0#hop => 0#x within {timeout:g} s" in e.value.cause and "trace" in e.value.hint
            assert not c.closed

    run(go())


def test_a_request_without_a_limit(run):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            link = await node.link()
            asking = asyncio.create_task(c.request("x", timeout=None))
            assert (await link.answer(b"1")).payload == b"", "what is not said is empty"
            assert (await asking).payload == b"1"

    run(go())


def test_a_request_that_is_cancelled_leaves_nothing(run):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            link = await node.link()
            asking = asyncio.create_task(c.request("x"))
            m = await link.receive()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert (await link.ask(m.back[0])).extras["ockam_undeliverable"] == "unknown-worker"

    run(go())


def test_what_cannot_be_sent_leaves_the_link(run):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            link = await node.link()
            for route, payload, error in (("x", bytes(16 * MiB), ockam.InvalidPayload), ("x", {1}, ockam.InvalidPayload), ([(300, "x")], "", ockam.InvalidRoute),
                                          (["x"] * 1025, "", ockam.InvalidRoute), (["x" * 1025], "", ockam.InvalidRoute), ("", "", ockam.InvalidRoute)):
                with pytest.raises(error):
                    await c.request(route, payload)
                with pytest.raises(error):
                    await c.send(route, payload)
            await link.nothing_came()

    run(go())


# -- the end of the link ---------------------------------------------------------------------------------


def test_each_request_in_flight_gets_an_error_of_its_own(run):
    async def go():
        async with fake_node.FakeNode() as node:
            c = await ockam.connect(node.address, reconnect=False)
            link = await node.link()
            asking = [asyncio.create_task(c.request("x")) for _ in range(3)]
            for _ in asking:
                await link.receive()
            link.end()
            found = await asyncio.gather(*asking, return_exceptions=True)
            assert [type(e) for e in found] == [ockam.Closed] * 3 and len(set(map(id, found))) == 3
            assert "the node has closed the connection" in str(found[0])
            with pytest.raises(ockam.Closed, match="the node has closed"):
                await c.serve_forever()
            assert c.closed and not c.connected
            await c.close()

    run(go())


def test_errors_of_a_closed_connection_do_not_grow(run):
    async def go():
        async with fake_node.FakeNode() as node:
            c = await ockam.connect(node.address)
            await c.close()
            depths = set()
            for _ in range(50):
                for what in (c.request("x"), c.send("x"), c.wait_connected()):
                    with pytest.raises(ockam.Closed, match="closed here") as e:
                        await what
                    depths.add(len(traceback.extract_tb(e.value.__traceback__)))
            assert max(depths) < 10
            await c.serve_forever()  # it was closed here: no error

    run(go())


def test_close_ends_what_is_asked_and_may_be_said_twice(run):
    async def go():
        async with fake_node.FakeNode() as node:
            c = await ockam.connect(node.address)
            link = await node.link()
            asking = asyncio.create_task(c.request("x"))
            await link.receive()
            await asyncio.gather(c.close(), c.close())
            with pytest.raises(ockam.Closed, match="closed here"):
                await asking
            await c.close()
            await link.closed()

    run(go())


@pytest.mark.parametrize("body,says", [
    (b"\x83\x80\x80", "cut off"), (b"\x01", "without its parts"), (b"", "cut off"), (b"\x83\x81\x82\x19\x01\x00\x41a\x80\x40", "an address that is none")])
def test_a_peer_that_breaks_the_protocol_is_closed(run, body, says):
    async def go():
        async with fake_node.FakeNode() as node:
            c = await ockam.connect(node.address, reconnect=False)
            link = await node.link()
            link.send_raw(body)
            with pytest.raises(ockam.ProtocolError, match=says):
                await c.serve_forever()
            with pytest.raises(ockam.ProtocolError):
                await c.request("x")
            await link.closed()

    run(go())


def test_a_frame_that_is_too_large_is_not_waited_for(run):
    async def go():
        async with fake_node.FakeNode() as node:
            c = await ockam.connect(node.address, reconnect=False)
            link = await node.link()
            link.writer.write((16 * MiB + 1).to_bytes(4, "big"))
            with pytest.raises(ockam.ProtocolError, match="16777217 bytes"):
                await c.serve_forever()

    run(go())


def test_a_frame_of_the_largest_size_is_taken(run):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            link = await node.link()
            asking = asyncio.create_task(c.request("x"))
            back = (await link.receive()).back
            room = 16 * MiB - len(wire.frame(back, [], b"")) - 4 + 4
            link.send(back, bytes(room), back=())
            assert len((await asking).payload) == room

    run(go())


def test_a_route_that_nobody_takes_costs_one_message(run, caplog):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address, reconnect=False) as c:
            link = await node.link()
            link.send(["x"], back=["y"] * 1025)
            link.send(["x" * 1025], back=["y"])
            asking = asyncio.create_task(c.request("x"))
            await link.answer(b"1")
            assert (await asking).payload == b"1"

    run(go())
    assert [r.getMessage() for r in caplog.records] == ["a message was dropped: a route of over 1024 addresses", "a message was dropped: a name of 1025 bytes"]


# -- a node that reads nothing ---------------------------------------------------------------------------


async def deaf(node, c):
    """A link whose node has stopped reading, with as much on its way as the system takes."""
    link = await node.link()
    link.reader._transport.pause_reading()
    return link


def test_what_waits_to_be_written_is_bounded(run):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
            link = await deaf(node, c)
            for _ in range(4):
                with pytest.raises(ockam.TimedOut):
                    await c.request("x", bytes(12 * MiB), timeout=0.2)
            buffered = c._link._writer.transport.get_write_buffer_size()
            assert buffered <= 13 * MiB, buffered
            sending = [asyncio.create_task(c.send("x", str(i))) for i in range(10)]
            assert not (await asyncio.wait(sending, timeout=0.1))[0], "they wait"
            link.reader._transport.resume_reading()
            got = [await link.receive() for _ in range(11)]
            assert [m.payload for m in got[1:]] == [wire.bare(str(i)) for i in range(10)], "in order, and none of those that gave up"
            await asyncio.gather(*sending)

    run(go())


def test_who_waits_to_write_hears_of_the_end(run):
    async def go():
        async with fake_node.FakeNode() as node, ockam.connect(node.address, reconnect=False) as c:
            link = await deaf(node, c)
            sending = [asyncio.create_task(c.send("x", bytes(12 * MiB))) for _ in range(3)]
            await asyncio.wait(sending, timeout=0.1)
            link.end()
            found = await asyncio.gather(*sending, return_exceptions=True)
            assert [type(e) for e in found[1:]] == [ockam.Closed] * 2

    run(go())


def test_a_link_that_has_ended_takes_nothing_and_says_why(run, monkeypatch):
    async def go():
        async with fake_node.FakeNode() as node:
            for end in ("abort", "close"):
                link = await links.dial(ockam.dialing.place(node.address), node.address, 5)
                assert link.offer(b"")
                link._writer.transport.set_write_buffer_limits(high=0)
                assert link.offer(b"")  # nothing waits: at its limit is not over it
                ended = getattr(link, end)()
                if ended:
                    await ended
                assert not link.offer(b"")
                with pytest.raises(ockam.Closed, match="the connection was closed here"):
                    link.check()

            async def reset():
                raise ConnectionResetError

            link = await links.dial(ockam.dialing.place(node.address), node.address, 5)
            monkeypatch.setattr(link._writer, "drain", reset)
            for _ in range(2):
                with pytest.raises(ockam.Closed, match="the node has closed the connection"):
                    await link.write(b"")
            await link.close()

    run(go())


def test_close_does_not_wait_for_a_node_that_reads_nothing(run, monkeypatch):
    monkeypatch.setattr(links, "FLUSH", 0.1)

    async def go():
        async with fake_node.FakeNode() as node:
            c = await ockam.connect(node.address)
            await deaf(node, c)
            await c.send("x", bytes(12 * MiB))
            async with asyncio.timeout(5):
                await c.close()

    run(go())


def test_what_was_sent_before_close_arrives(run):
    async def go():
        async with fake_node.FakeNode() as node:
            async with ockam.connect(node.address) as c:
                link = await node.link()
                receiving = asyncio.create_task(link.receive())
                await c.send("x", bytes(8 * MiB))
            assert len((await receiving).payload) == 8 * MiB
            with pytest.raises(EOFError):
                await link.receive()

    run(go())


def test_a_reader_that_fails_ends_the_connection(run, monkeypatch):
    """Nobody waits for a reader that is gone, whatever ended it."""

    async def go():
        async with fake_node.FakeNode() as node:
            c = await ockam.connect(node.address, reconnect=False)
            link = await node.link()
            monkeypatch.setattr(connection, "_settle", lambda *_: 1 / 0)
            asking = asyncio.create_task(c.request("x"))
            await link.answer(b"1")
            with pytest.raises(ockam.OckamError, match="ZeroDivisionError"):
                await asking
            await link.closed()

    run(go())
