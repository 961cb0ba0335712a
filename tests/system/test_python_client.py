# SPDX-License-Identifier: Apache-2.0
"""The Python client (python/) and real nodes, in all roles. What needs no node is tested in python_client/."""

import asyncio
import os
import pathlib
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from ports import free_port
from processes import wait_until

CLIENT = pathlib.Path(__file__).parents[2] / "python"
sys.path.insert(0, str(CLIENT))
import ockam_client as ockam  # noqa: E402

MiB = 1 << 20


@pytest.fixture
def addresses(node, home):
    """Of one node: a TCP and a Unix socket address."""
    n = node("n1", config=f"[node]\nname = n1\n[tcp-listener t]\naddress = 127.0.0.1:0\n[uds-listener u]\naddress = {home}/n1.sock\nallow = services\n"
                          "[service hop]\n[service error]\ntype = error\n")
    return {"tcp": f"127.0.0.1:{n.port}", "uds": f"{home}/n1.sock"}


@pytest.fixture
def ockam_cli(request):
    return request.getfixturevalue("ockam")


def run(what):
    return asyncio.run(asyncio.wait_for(what, 30))


@pytest.mark.parametrize("over", ["tcp", "uds"])
def test_a_request_is_answered(addresses, over):
    async def go():
        async with await ockam.connect(addresses[over]) as n:
            assert (await n.request("/service/uppercase", "hello")).text == "HELLO"
            assert (await n.request(["echo"], b"\x00\xff")).payload == b"\x00\xff"
            assert (await n.request("/service/echo", {"a": [1]})).json() == {"a": [1]}
            assert (await n.request("/service/hop/service/uppercase", "x")).text == "X"

    run(go())


@pytest.mark.parametrize("size", [0, 1, 65536, 15 * MiB])
def test_payloads_of_every_size(addresses, size):
    async def go():
        body = random.Random(size).randbytes(size)
        async with await ockam.connect(addresses["uds"]) as n:
            assert (await n.request("echo", body)).payload == body

    run(go())


def test_a_thousand_requests_at_a_time(addresses):
    async def go():
        async with await ockam.connect(addresses["tcp"]) as n:
            replies = await asyncio.gather(*(n.request("echo", str(i)) for i in range(1000)))
            assert [r.text for r in replies] == [str(i) for i in range(1000)]

    run(go())


def test_what_goes_wrong_says_why(addresses, home):
    async def go():
        async with await ockam.connect(addresses["tcp"]) as n:
            with pytest.raises(ockam.Undeliverable) as e:
                await n.request("/service/nothere", "x")
            assert e.value.reason == "unknown-worker" and e.value.node == "n1" and "there is no worker at 0#nothere" in e.value.cause
            with pytest.raises(ockam.Undeliverable) as e:
                await n.request("/service/" + "\x01" * 900, "x")
            assert e.value.reason == "unknown-worker" and e.value.node == "n1"
            with pytest.raises(ockam.ServiceFailed):
                await n.request("/service/error", "x")
            with pytest.raises(ockam.InvalidRoute) as e:
                await n.request("/servce/echo", "x")
            assert "servce" in e.value.cause
            with pytest.raises(ockam.OckamError) as e:
                await n.request("echo", bytes(16 * MiB))
            assert "at most" in e.value.cause
            assert (await n.request("echo", "still there")).text == "still there"
        for nowhere in ("127.0.0.1:1", f"{home}/nothere.sock"):
            with pytest.raises(ockam.Unreachable):
                await ockam.connect(nowhere)

    run(go())


@pytest.mark.parametrize("over", ["tcp", "uds"])
def test_nodes_reach_a_worker_in_python_by_the_name_of_a_connection(node, ockam_cli, home, over):
    async def go():
        async with await ockam.listen("127.0.0.1:0" if over == "tcp" else f"{home}/py.sock") as server:

            @server.worker("greeter")
            async def greet(message):
                return f"Hello, {message.text}"

            @server.worker("broken")
            def fail(message):
                raise ValueError("not today")

            def talk():
                n = node("n1", config=f"[node]\nname = n1\n[tcp-listener t]\naddress = 127.0.0.1:0\n[{over}-connection py]\naddress = {server.address}\n")
                wait_until(lambda: " is up" in n.errors(), "the node has connected")
                assert ockam_cli("message", "send", "Ann", "--to", "/node/n1/worker/py/service/greeter").out == "Hello, Ann\n"
                r = ockam_cli("message", "send", "x", "--to", "/node/n1/worker/py/service/broken")
                assert r.code == 70 and "ValueError: not today" in r.err
                r = ockam_cli("message", "send", "x", "--to", "/node/n1/worker/py/service/nothere")
                assert r.code == 70 and "there is no worker at 0#nothere on node python" in r.err

            await asyncio.to_thread(talk)

    run(go())


def test_an_answer_finds_a_worker_of_a_connection(addresses):
    """Whoever has a message from a worker can answer it: echo does."""

    async def go():
        got = asyncio.get_running_loop().create_future()
        async with await ockam.connect(addresses["tcp"]) as n:

            @n.worker("me")
            async def me(m):
                got.set_result(m.text)

            await n.send("echo", "hello", sender="me")
            assert await got == "hello"

    run(go())


def test_workers_that_ask_over_their_own_connection_get_their_answers(addresses):
    async def go():
        async with await ockam.listen("127.0.0.1:0") as s, await ockam.connect(s.address) as c:
            c.worker("inner")(lambda m: m.text.upper())
            started = asyncio.Event()

            @s.worker("outer")
            async def outer(m):
                started.set()
                return (await m.connection.request("inner", m.text)).text

            replies = await asyncio.gather(*(c.request("outer", "x") for _ in range(1500)), return_exceptions=True)
            good = [r for r in replies if isinstance(r, ockam.Message)]
            refused = [r for r in replies if isinstance(r, ockam.Undeliverable)]
            assert len(good) + len(refused) == 1500 and len(good) >= 1000 and all(r.reason == "congested" for r in refused)

    run(go())


def test_without_asyncio(addresses):
    with ockam.sync.connect(addresses["tcp"]) as n:
        assert n.request("/service/uppercase", "hi").text == "HI"
        with pytest.raises(ockam.Undeliverable):
            n.request("nothere", "x")
    with pytest.raises(ockam.Unreachable):
        ockam.sync.connect("127.0.0.1:1")


def test_a_node_that_is_restarted_is_found_again_and_finds_the_workers(node):
    port = free_port()
    config = f"[node]\nname = n1\n[tcp-listener t]\naddress = 127.0.0.1:{port}\n"

    async def go():
        first = await asyncio.to_thread(node, "n1", config=config)
        async with ockam.connect(f"127.0.0.1:{port}") as c:
            heard = asyncio.Queue()
            c.worker("me")(lambda m: loop.call_soon_threadsafe(heard.put_nowait, m.text))
            loop = asyncio.get_running_loop()
            await asyncio.to_thread(first.stop)
            with pytest.raises(ockam.Disconnected):
                while True:
                    await c.request("echo", "x")
            await asyncio.to_thread(node, "n1", config=config)
            await c.wait_connected()
            assert (await c.request("echo", "again")).text == "again"
            await c.send("echo", "hello", sender="me")
            assert await heard.get() == "hello"

    run(go())


def test_a_node_that_stands_still_keeps_nobody(addresses, node):
    """Neither who leaves the block, nor who asks: the node is stopped, and much is on its way to it."""
    n = node("still", config="[node]\nname = still\n[tcp-listener t]\naddress = 127.0.0.1:0\n")

    async def go():
        async with ockam.connect(f"127.0.0.1:{n.port}") as c:
            n.freeze()
            with pytest.raises(ockam.TimedOut):
                await c.request("echo", bytes(12 * MiB), timeout=0.3)

    began = time.monotonic()
    run(go())
    n.send_signal(signal.SIGCONT)
    with ockam.sync.connect(f"127.0.0.1:{n.port}") as c:
        n.freeze()
        with pytest.raises(ockam.TimedOut):
            c.request("echo", bytes(12 * MiB), timeout=0.3)
    n.send_signal(signal.SIGCONT)
    assert time.monotonic() - began < 6


def test_a_server_program_ends_quietly_and_starts_again(node, ockam_cli, home):
    """Ctrl-C leaves no socket behind and says nothing but KeyboardInterrupt; a kill leaves one that the next start takes over."""
    path = home / "py.sock"
    program = textwrap.dedent('''
        import asyncio, sys
        import ockam_client as ockam

        async def main():
            server = await ockam.listen(sys.argv[1])

            @server.worker("greeter")
            async def greet(message):
                return f"Hello, {message.text}"

            await server.serve_forever()

        asyncio.run(main())
    ''')

    def start():
        return subprocess.Popen([sys.executable, "-c", program, path], env={**os.environ, "PYTHONPATH": str(CLIENT)}, stderr=subprocess.PIPE, text=True)

    def greets(name):
        def said():
            r = ockam_cli("message", "send", name, "--from", "n1", "--to", "/worker/py/service/greeter", "--timeout", "2s")
            return r.out == f"Hello, {name}\n"

        wait_until(said, "the worker answers")

    first = start()
    node("n1", config=f"[node]\nname = n1\n[uds-connection py]\naddress = {path}\n")
    greets("Ann")
    first.send_signal(signal.SIGINT)
    said = first.communicate(timeout=5)[1]
    assert said.rstrip().endswith("KeyboardInterrupt") and said.count("Traceback") <= 2 and "Exception in" not in said and "never" not in said, said
    assert not path.exists()
    second = start()
    greets("Bob")
    thief = start()
    assert "another process listens there" in thief.communicate(timeout=5)[1] and thief.returncode == 1
    greets("Bea")
    second.kill()
    second.communicate()
    assert path.exists()
    third = start()
    greets("Cid")
    third.send_signal(signal.SIGINT)
    third.communicate(timeout=5)


def test_a_route_that_no_node_takes_costs_nothing(addresses):
    async def go():
        async with ockam.connect(addresses["tcp"], reconnect=False) as n:
            for route in (["hop"] * 1025, ["x" * 1025], [(300, "x")]):
                with pytest.raises(ockam.InvalidRoute):
                    await n.request(route, "x")
            with pytest.raises(ockam.Undeliverable):
                await n.request("x" * 1024, "x")
            assert (await n.request(["hop"] * 1000 + ["echo"], "far")).text == "far"

    run(go())


def test_json_as_bytes_is_json_for_scripts_and_the_command_line(node, ockam_cli, home):
    """`{` is the length 123: an object of 124 bytes looked like a text that had lost its brace."""
    (home / "js.lua").write_text('function on_message(m) local v = m:json() m:reply((m.text and "text " or "bytes ") .. #v.a) end')
    n = node("n1", config=f"[node]\nname = n1\n[tcp-listener t]\naddress = 127.0.0.1:0\n[service js]\ntype = script\nscript = {home}/js.lua\n")

    async def go():
        async with ockam.connect(f"127.0.0.1:{n.port}") as c:
            for size in (20, 122, 123, 124, 125, 126, 300):
                raw = b'{"a":"' + b"x" * (size - 8) + b'"}'
                assert (await c.request("js", raw)).text == f"bytes {size - 8}"
                assert (await c.request("js", raw.decode())).text == f"text {size - 8}"
                assert (await c.request("echo", raw)).json() == {"a": "x" * (size - 8)}

    run(go())
    raw = '{"a":"' + "x" * 116 + '"}'
    assert ockam_cli("message", "send", "--hex", raw.encode().hex(), "--to", "/node/n1/service/echo", "--output", "json").json["reply"] == raw
