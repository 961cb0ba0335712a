# SPDX-License-Identifier: Apache-2.0
"""Workers: what a handler may do, and what becomes of it."""

import asyncio
import logging
import threading

import fake_node
import ockam_client as ockam
import pytest
import wire
from ockam_client import handling, workers


@pytest.fixture
def served(run):
    """served(test): runs `test(connection, link)`, a connection to a fake node."""

    def start(test):
        async def go():
            async with fake_node.FakeNode() as node, ockam.connect(node.address) as c:
                await test(c, await node.link())

        run(go())

    return start


def test_a_handler_answers(served):
    async def test(c, link):
        @c.worker("greeter")
        async def greet(m):
            assert m.connection is c and m.wants_report and m.onward == [(0, "rest")] and m.return_route == [(0, "asker"), (1, "h:1")]
            return f"Hello, {m.text}"

        link.send(["greeter", "rest"], wire.bare("Ann"), back=["asker", (1, "h:1")], extras={"ockam_report": "1"})
        m = await link.receive()
        assert (m.onward, m.back, m.payload, m.extras) == (["asker", (1, "h:1")], ["greeter"], wire.bare("Hello, Ann"), {})

    served(test)


@pytest.mark.parametrize("handler,payload", [
    (lambda m: b"\xff", b"\xff"), (lambda m: {"a": 1}, wire.bare('{"a": 1}')), (lambda m: "", b"\x00"), (lambda m: asyncio.sleep(0, "x"), b"\x01x")])
def test_what_handlers_return(served, handler, payload):
    async def test(c, link):
        c.worker("w")(handler)
        assert (await link.ask("w")).payload == payload

    served(test)


def test_objects_and_methods_are_handlers(served):
    class Object:
        async def __call__(self, m):
            assert threading.current_thread() is threading.main_thread()
            return "object"

        async def method(self, m):
            return "method"

    async def test(c, link):
        c.worker("o")(Object())
        c.worker("m")(Object().method)
        assert [(await link.ask(w)).payload for w in "om"] == [b"\x06object", b"\x06method"]

    served(test)


def test_only_plain_handlers_have_threads():
    class Async:
        async def __call__(self, m):
            pass

    class Plain:
        def __call__(self, m):
            pass

    async def coroutine(m):
        pass

    for handler, has in ((coroutine, False), (Async(), False), (Async().__call__, False), (Plain(), True), (lambda m: None, True)):
        w = workers.Worker("w", handler)
        assert (w._thread is not None) == has, handler
        w.end()


def test_no_answer_without_a_way_back_or_without_a_value(served):
    async def test(c, link):
        handled = asyncio.Event()

        @c.worker("none")
        async def none(m):
            pass

        @c.worker("some")
        async def some(m):
            handled.set()
            return "some"

        link.send(["none"])
        link.send(["some"], back=[])
        await handled.wait()
        raw = asyncio.create_task(link.reader.readexactly(4))
        await asyncio.sleep(0)
        link.send(["nobody"], extras={"ockam_report": "1"})
        assert await raw != b"\0\0\0\x04"
        assert b"unknown-worker" in await link.reader.readexactly(int.from_bytes(raw.result(), "big"))

    served(test)


def test_names_are_taken_once(served):
    async def test(c, link):
        @c.worker("w")
        async def one(m):
            return "one"

        with pytest.raises(ockam.OckamError, match="a worker w is there already") as e:
            c.worker("w")(one)
        assert e.value.hint == "choose another name"
        with pytest.raises(ockam.InvalidRoute):
            c.worker("w" * 1025)(one)
        c.remove("w")
        c.remove("w")
        report = await link.ask("w")
        assert report.extras == {"ockam_undeliverable": "unknown-worker", "ockam_hop": "0#w", "ockam_node": "python", "ockam_detail": ""}
        c.worker("w")(lambda m: "two")
        assert (await link.ask("w")).payload == b"\x03two"

    served(test)


def test_nobody_there_is_reported_to_who_asked(served):
    async def test(c, link):
        c.worker("w")(lambda m: "x")
        link.send(["nobody"])  # wants no report
        link.send(["nobody"], back=[], extras={"ockam_report": "1"})
        assert (await link.ask((1, "w"))).extras["ockam_hop"] == "1#w", "another node's address, not the worker's"
        report = await link.ask((0, b"\xff\x1b"))
        assert report.extras["ockam_hop"] == "0#\\xff\\x1b" and report.onward == ["asker"] and report.payload == b"" and report.back == []

    served(test)


def test_a_handler_that_fails_says_so(served, caplog):
    async def test(c, link):
        @c.worker("broken")
        async def broken(m):
            raise ValueError("not today\x1b" + "x" * 1000)

        @c.worker("ours")
        async def ours(m):
            raise ockam.TimedOut("too late", "a hint")

        report = await link.ask("broken")
        assert report.extras["ockam_undeliverable"] == "service-error" and report.extras["ockam_hop"] == "0#broken"
        assert report.extras["ockam_detail"].startswith("ValueError: not today\\x1bxxx") and len(report.extras["ockam_detail"]) == 256
        assert (await link.ask("ours")).extras["ockam_detail"] == "too late"
        link.send(["broken"])
        await link.nothing_came()

    served(test)
    assert "worker broken failed" in caplog.text and "not today" in caplog.text


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError(), StopIteration(), KeyError("x"), RecursionError()], ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("is_async", [True, False])
def test_whatever_a_handler_raises_ends_it_alone(served, error, is_async):
    async def test(c, link):
        def plain(m):
            raise error

        async def coroutine(m):
            raise error

        if is_async and isinstance(error, StopIteration):
            return  # the language makes a RuntimeError of it
        c.worker("w")(coroutine if is_async else plain)
        c.worker("up")(lambda m: "up")
        assert (await link.ask("w")).extras["ockam_undeliverable"] == "service-error"
        assert (await link.ask("up")).payload == b"\x02up"

    served(test)


def test_what_cannot_be_sent_is_the_handlers_error(served):
    async def test(c, link):
        c.worker("set")(lambda m: {1, 2})
        assert "cannot be written as JSON" in (await link.ask("set")).extras["ockam_detail"]
        c.worker("large")(lambda m: bytes(16 << 20))
        assert "at most 16777216 are sent" in (await link.ask("large")).extras["ockam_detail"]

    served(test)


def test_a_handler_asks_over_its_own_connection(served):
    async def test(c, link):
        @c.worker("outer")
        async def outer(m):
            return (await m.connection.request("inner", m.text)).text

        link.send(["outer"], wire.bare("x"))
        m = await link.receive()
        assert m.onward == ["inner"]
        link.send(m.back, wire.bare("X"))
        assert (await link.receive()).payload == b"\x01X"

    served(test)


def test_a_handler_that_asks_in_vain_says_so(served):
    """Also where it asked over a connection that is closed: what it asked is its own business."""

    async def test(c, link):
        async with fake_node.FakeNode() as other:
            closed = await ockam.connect(other.address)
            await closed.close()

            @c.worker("w")
            async def ask(m):
                return (await closed.request("x")).text

            assert "closed here" in (await link.ask("w")).extras["ockam_detail"]

    served(test)


def test_a_plain_handler_that_blocks_holds_up_only_itself(served):
    async def test(c, link):
        release = threading.Event()
        seen = []

        @c.worker("slow")
        def slow(m):
            release.wait(10)
            seen.append(m.text)
            return m.text

        c.worker("plain")(lambda m: "plain")

        @c.worker("async")
        async def coroutine(m):
            return "async"

        for text in "abc":
            link.send(["slow"], wire.bare(text))
        assert (await link.ask("plain")).payload == b"\x05plain"
        assert (await link.ask("async")).payload == b"\x05async"
        asking = asyncio.create_task(c.request("x"))
        await link.answer(b"1")
        await asking
        release.set()
        assert [(await link.receive()).payload for _ in range(3)] == [b"\x01a", b"\x01b", b"\x01c"], "in order"
        assert seen == ["a", "b", "c"]

    served(test)


def test_a_worker_that_is_removed_handles_what_it_was_given(served):
    async def test(c, link):
        release, entered = threading.Event(), threading.Event()

        @c.worker("slow")
        def slow(m):
            entered.set()
            release.wait(10)
            return m.text

        link.send(["slow"], b"\x01a")
        link.send(["slow"], b"\x01b")
        await link.nothing_came()
        await asyncio.to_thread(entered.wait)
        c.remove("slow")
        release.set()
        assert [(await link.receive()).payload for _ in range(2)] == [b"\x01a", b"\x01b"]

    served(test)


def test_threads_of_workers_end_with_the_connection(served):
    def threads():
        return [t for t in threading.enumerate() if t.name == "ockam worker w"]

    async def test(c, link):
        c.worker("w")(lambda m: "x")
        assert (await link.ask("w")).payload == b"\x01x"
        (thread,) = threads()
        assert thread.daemon, "it keeps no program from ending"
        await c.close()
        await asyncio.to_thread(thread.join, 5)
        assert not threads()

    served(test)


# -- how much at a time ----------------------------------------------------------------------------------


def test_messages_over_the_room_are_refused_as_congested(served, monkeypatch):
    monkeypatch.setattr(workers, "MAX_HANDLED", 3)

    async def test(c, link):
        release = asyncio.Event()

        @c.worker("w")
        async def wait(m):
            await release.wait()
            return "done"

        for _ in range(3):
            link.send(["w"])
        report = await link.ask("w")
        assert report.extras["ockam_undeliverable"] == "congested" and report.extras["ockam_hop"] == "0#w"
        assert report.extras["ockam_detail"] == "too many messages at a time"
        release.set()
        assert [(await link.receive()).payload for _ in range(3)] == [b"\x04done"] * 3
        assert (await link.ask("w")).payload == b"\x04done", "there is room again"
        while c._handling._tasks:
            await asyncio.sleep(0)

    served(test)


def test_bytes_over_the_room_are_refused_too(served, monkeypatch):
    monkeypatch.setattr(workers, "MAX_HANDLED_BYTES", 100)

    async def test(c, link):
        release = asyncio.Event()

        @c.worker("w")
        async def wait(m):
            await release.wait()
            return "done"

        link.send(["w"], bytes(60))
        assert (await link.ask("w", bytes(41))).extras["ockam_undeliverable"] == "congested"
        link.send(["w"], bytes(40))
        await link.nothing_came()
        release.set()
        assert [(await link.receive()).payload for _ in range(2)] == [b"\x04done"] * 2

    served(test)


def test_the_room_is_that_of_a_thousand_messages(served):
    async def test(c, link):
        release = asyncio.Event()

        @c.worker("w")
        async def wait(m):
            await release.wait()

        for _ in range(999):
            link.send(["w"])
        await link.nothing_came()
        link.send(["w"])
        assert (await link.ask("w")).extras["ockam_undeliverable"] == "congested"
        release.set()

    served(test)
    assert workers.MAX_HANDLED_BYTES == 64 << 20


def test_reports_of_a_burst_are_all_written(served):
    async def test(c, link):
        for _ in range(handling.MAX_REPORTS * 3):
            link.send(["nobody"], extras={"ockam_report": "1"})
        for _ in range(handling.MAX_REPORTS * 3):
            assert (await link.receive()).extras["ockam_hop"] == "0#nobody"

    served(test)


def test_reports_for_a_node_that_reads_nothing_are_bounded(served, monkeypatch):
    monkeypatch.setattr(handling, "MAX_REPORTS", 5)

    async def test(c, link):
        link.reader._transport.pause_reading()
        await c.send("x", bytes(12 << 20))
        for _ in range(50):
            link.send(["nobody"], extras={"ockam_report": "1"})
        taken = asyncio.Event()
        c.worker("last")(lambda m: c._handling and loop.call_soon_threadsafe(taken.set))
        loop = asyncio.get_running_loop()
        link.send(["last"], back=[])
        await taken.wait()
        link.reader._transport.resume_reading()
        assert len((await link.receive()).payload) == 12 << 20
        for _ in range(5):
            assert (await link.receive()).extras["ockam_hop"] == "0#nobody"
        await link.nothing_came()
        assert not c._handling._reports

    served(test)


# -- close -----------------------------------------------------------------------------------------------


def test_close_in_a_handler(served):
    async def test(c, link):
        ended = asyncio.Event()

        @c.worker("closer")
        async def closer(m):
            await m.connection.close()
            await asyncio.sleep(0)
            ended.set()
            return "nobody hears this"

        link.send(["closer"])
        await asyncio.wait_for(ended.wait(), 5)
        assert c.closed
        await link.closed()

    served(test)


def test_close_in_what_a_handler_has_started(served):
    async def test(c, link):
        ended = asyncio.Event()

        @c.worker("closer")
        async def closer(m):
            await asyncio.gather(asyncio.wait_for(m.connection.close(), 5), m.connection.close())
            ended.set()

        link.send(["closer"])
        await asyncio.wait_for(ended.wait(), 5)

    served(test)


def test_close_cancels_handlers(served):
    async def test(c, link):
        entered, cancelled = asyncio.Event(), asyncio.Event()

        @c.worker("w")
        async def wait(m):
            entered.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

        link.send(["w"])
        await entered.wait()
        await c.close()
        assert cancelled.is_set(), "and it has waited for them"

    served(test)


def test_close_does_not_wait_long_for_handlers_that_will_not_end(served, monkeypatch):
    monkeypatch.setattr(handling, "GRACE", 0.05)

    async def test(c, link):
        entered, release = asyncio.Event(), threading.Event()

        @c.worker("stubborn")
        async def stubborn(m):
            entered.set()
            while not release.is_set():
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    await asyncio.sleep(0.2)
                    release.set()

        c.worker("blocks")(lambda m: release.wait(5))
        link.send(["stubborn"])
        link.send(["blocks"])
        await entered.wait()
        await asyncio.wait_for(c.close(), 3)
        assert not release.is_set()
        while not release.is_set():
            await asyncio.sleep(0.01)

    served(test)


def test_a_close_that_is_cancelled_closes_the_link_all_the_same(served):
    async def test(c, link):
        entered, cancelled, release = asyncio.Event(), asyncio.Event(), asyncio.Event()

        @c.worker("stubborn")
        async def stubborn(m):
            entered.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()
                await release.wait()

        link.send(["stubborn"])
        await entered.wait()
        closing = asyncio.create_task(c.close())
        await cancelled.wait()
        assert c.closed and not c.connected
        closing.cancel()
        await link.closed()
        release.set()
        with pytest.raises(asyncio.CancelledError):
            await closing

    served(test)


def test_nothing_is_said_in_the_log_about_what_close_ends(served, caplog):
    async def test(c, link):
        entered = asyncio.Event()

        @c.worker("w")
        async def wait(m):
            entered.set()
            await asyncio.Event().wait()

        link.send(["w"])
        await entered.wait()
        await c.close()

    with caplog.at_level(logging.INFO):
        served(test)
    assert not [r for r in caplog.records if r.name == "ockam_client"], caplog.text
