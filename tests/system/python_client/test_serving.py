# SPDX-License-Identifier: Apache-2.0
"""Servers: nodes connect to them."""

import asyncio
import logging
import os
import socket
import stat
import threading

import fake_node
import ockam_client as ockam
import pytest
from ockam_client import link as links, server, unix_socket, workers


def test_workers_are_reached_over_each_connection(run, tmp_path):
    async def go():
        for address in ("127.0.0.1:0", "[::1]:0", f"{tmp_path}/s"):
            async with ockam.listen(address) as s:
                assert s.address == address or s.address.startswith(address[:-1]) and not s.address.endswith(":0")
                s.worker("w")(lambda m: "here")
                one, two = await fake_node.dial(s.address.replace("[::1]", "::1")), await fake_node.dial(s.address.replace("[::1]", "::1"))
                assert [(await n.ask("w")).payload for n in (one, two)] == [b"\x04here"] * 2
                places = [c.address for c in s.connections]
                assert len(places) == 2 and all(p == "a Unix socket" if "/" in address else p.startswith(("127.0.0.1:", "::1:")) for p in places), places
                one.end()
                while len(s.connections) > 1:
                    await asyncio.sleep(0)
                await s.close()
                await two.closed()
                assert s.connections == []

    run(go())


def test_a_handler_asks_the_node_that_sent_the_message(run):
    async def go():
        async with await ockam.listen("127.0.0.1:0") as s:
            @s.worker("outer")
            async def outer(m):
                assert m.connection in s.connections
                return (await m.connection.request("inner")).payload

            link = await fake_node.dial(s.address)
            link.send(["outer"])
            inner = await link.answer(b"1")
            assert inner.onward == ["inner"]
            assert (await link.receive()).payload == b"1"

    run(go())


def test_the_room_is_shared_by_all_connections(run, monkeypatch):
    monkeypatch.setattr(workers, "MAX_HANDLED", 1)

    async def go():
        async with ockam.listen("127.0.0.1:0") as s:
            entered = asyncio.Event()

            @s.worker("w")
            async def wait(m):
                entered.set()
                await asyncio.Event().wait()

            one, two = await fake_node.dial(s.address), await fake_node.dial(s.address)
            one.send(["w"])
            await entered.wait()
            assert (await two.ask("w")).extras["ockam_undeliverable"] == "congested"
            one.end()
            while len(s.connections) > 1:
                await asyncio.sleep(0.01)
            entered.clear()
            two.send(["w"])
            await entered.wait()  # what was handled for the first is over

    run(go())


def test_close_in_a_handler_of_a_server(run):
    async def go():
        async with ockam.listen("127.0.0.1:0") as s:
            ended = asyncio.Event()

            @s.worker("closer")
            async def closer(m):
                await s.close()
                ended.set()

            link = await fake_node.dial(s.address)
            link.send(["closer"])
            await asyncio.wait_for(asyncio.gather(ended.wait(), link.closed(), s.serve_forever()), 5)

    run(go())


def test_close_cancels_handlers_and_threads(run):
    async def go():
        s = await ockam.listen("127.0.0.1:0")
        entered, cancelled = asyncio.Event(), asyncio.Event()
        s.worker("plain")(lambda m: "x")

        @s.worker("w")
        async def wait(m):
            entered.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        link = await fake_node.dial(s.address)
        assert (await link.ask("plain")).payload == b"\x01x"
        link.send(["w"])
        await entered.wait()
        await s.close()
        await s.close()
        assert cancelled.is_set()
        await link.closed()
        with pytest.raises(OSError):
            await fake_node.dial(s.address)
        for t in threading.enumerate():
            if t.name == "ockam worker plain":
                await asyncio.to_thread(t.join, 5)
                assert not t.is_alive()

    run(go())


def test_close_during_a_handshake(run):
    async def go():
        s = await ockam.listen("127.0.0.1:0")
        host, port = s.address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        await reader.readexactly(1)  # its preamble: it waits for ours
        await s.close()
        assert await reader.read() == b""
        writer.close()

    run(go())


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n", b"\x01\x7f\xff\xff\xff", b"\x01\x00\x00\x00\x03\xff\xff\xff"])
def test_who_does_not_speak_the_protocol_is_closed(run, monkeypatch, caplog, sent):
    monkeypatch.setattr(links, "HANDSHAKE", 0.1)
    caplog.set_level(logging.INFO)

    async def go():
        async with ockam.listen("127.0.0.1:0") as s:
            s.worker("w")(lambda m: "here")
            host, port = s.address.split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(sent)
            assert (await reader.read()).startswith(b"\x01")
            writer.close()
            assert (await (await fake_node.dial(s.address)).ask("w")).payload == b"\x04here"

    run(go())
    said = [r.getMessage() for r in caplog.records if r.name == "ockam_client"]
    if sent.startswith(b"\x01"):
        assert said[0].startswith("the connection of 127.0.0.1:") and " has ended: the peer " in said[0], said
    else:
        why = "not an ockam node" if sent else "said nothing within 0.1 s"
        assert said[0].startswith("somebody who connected was closed: ") and why in said[0], said


def test_connections_over_the_limit_are_closed_at_once(run, monkeypatch, caplog):
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 2)

    async def go():
        async with ockam.listen("127.0.0.1:0") as s:
            s.worker("w")(lambda m: "here")
            one, _ = await fake_node.dial(s.address), await fake_node.dial(s.address)
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await fake_node.dial(s.address)
            assert "a connection was refused: there are 2 already" in caplog.text
            one.end()
            while len(s._tasks) == 2:
                await asyncio.sleep(0)
            assert (await (await fake_node.dial(s.address)).ask("w")).payload == b"\x04here"

    run(go())


def test_serving_ends_with_its_task(run, tmp_path):
    async def go():
        s = await ockam.listen(f"{tmp_path}/s")
        link = await fake_node.dial(s.address)
        serving = asyncio.create_task(s.serve_forever())
        await asyncio.sleep(0)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        await link.closed()
        assert not os.path.exists(s.address)

    run(go())


# -- paths -----------------------------------------------------------------------------------------------


def test_a_path_where_somebody_listens_is_left_alone(run, tmp_path):
    async def go():
        path = f"{tmp_path}/s"
        async with ockam.listen(path) as s:
            s.worker("w")(lambda m: "first")
            with pytest.raises(ockam.CannotListen, match=f"cannot listen on {path}: another process listens there"):
                await ockam.listen(path)
            assert (await (await fake_node.dial(path)).ask("w")).payload == b"\x05first"
            assert os.listdir(tmp_path) == ["s"]
        assert os.listdir(tmp_path) == []

    run(go())


def test_a_path_that_a_process_has_left_behind_is_taken(run, tmp_path):
    async def go():
        path = f"{tmp_path}/s"
        with socket.socket(socket.AF_UNIX) as gone:
            gone.bind(path)
            gone.listen()
        async with ockam.listen(path) as s:
            assert stat.S_IMODE(os.lstat(path).st_mode) == 0o600 == unix_socket.MODE
            s.worker("w")(lambda m: "here")
            assert (await (await fake_node.dial(path)).ask("w")).payload == b"\x04here"
            assert os.listdir(tmp_path) == ["s"]

    run(go())


def test_one_that_is_too_busy_to_answer_is_left_alone(run, tmp_path):
    path = f"{tmp_path}/s"
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as two:
        busy.bind(path)
        busy.listen(0)
        for c in (one, two):
            c.setblocking(False)
            c.connect_ex(path)
        with pytest.raises(ockam.CannotListen, match="another process listens there"):
            run(ockam.listen(path))


def test_one_that_is_there_again_at_once_is_left_alone(tmp_path, monkeypatch):
    path = f"{tmp_path}/s"
    monkeypatch.setattr(unix_socket, "_remove_stale", lambda _: None)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        with pytest.raises(ockam.CannotListen, match=f"cannot listen on {path}: another process listens there") as e:
            unix_socket.UnixListener(path)
        assert e.value.hint == "choose another path"
    monkeypatch.setattr(unix_socket, "_remove_stale", lambda _: os.rename(tmp_path, f"{tmp_path}.away"))
    with pytest.raises(ockam.CannotListen, match="No such file"):
        unix_socket.UnixListener(path)


def test_what_is_no_socket_is_left_alone(run, tmp_path):
    async def go():
        (tmp_path / "file").write_text("precious")
        (tmp_path / "link").symlink_to("file")
        (tmp_path / "folder").mkdir()
        for name in ("file", "link", "folder"):
            with pytest.raises(ockam.CannotListen, match=f"cannot listen on {tmp_path}/{name}: there is a file, and it is no socket") as e:
                await ockam.listen(f"{tmp_path}/{name}")
            assert "move it away" in e.value.hint
        assert (tmp_path / "file").read_text() == "precious" and len(os.listdir(tmp_path)) == 3

    run(go())


def test_the_file_of_another_is_not_removed(run, tmp_path):
    async def go():
        path = f"{tmp_path}/s"
        s = await ockam.listen(path)
        os.rename(path, path + ".old")
        async with ockam.listen(path):
            await s.close()
            assert (await fake_node.dial(path)) and sorted(os.listdir(tmp_path)) == ["s", "s.old"]

    run(go())


def test_of_two_that_find_a_stale_socket_one_gets_the_path(tmp_path, monkeypatch):
    """The second one moves away what the first one has made meanwhile, sees it, and puts it back."""
    path = f"{tmp_path}/s"
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(path)
    rename, first = os.rename, []

    def late(source, target):
        if not first:
            os.unlink(path)
            first.append(socket.socket(socket.AF_UNIX))
            first[0].bind(path)
        rename(source, target)

    monkeypatch.setattr(os, "rename", late)
    with pytest.raises(ockam.CannotListen, match=f"cannot listen on {path}: another process listens there"):
        unix_socket.UnixListener(path)
    assert os.listdir(tmp_path) == ["s"]
    first[0].close()


@pytest.mark.parametrize("address,says", [("/nowhere/s", "No such file"), ("/" + "x" * 200, "path too long"), ("192.0.2.1:0", "cannot listen on 192.0.2.1:0")])
def test_where_nothing_can_be_made(run, address, says):
    with pytest.raises(ockam.CannotListen, match=says):
        run(ockam.listen(address))


def test_a_port_that_is_taken(run):
    async def go():
        async with ockam.listen("127.0.0.1:0") as s:
            with pytest.raises(ockam.CannotListen) as e:
                await ockam.listen(s.address)
            assert e.value.cause.startswith(f"cannot listen on {s.address}: ") and "already in use" in e.value.cause and "Errno" not in e.value.cause

    run(go())
