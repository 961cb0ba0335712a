# SPDX-License-Identifier: Apache-2.0
"""The Python client (python/) and real nodes, in all roles; and what it makes of hostile bytes."""

import asyncio
import pathlib
import random
import struct
import sys

import pytest
import wire
from processes import wait_until

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "python"))
import ockam_client as ockam  # noqa: E402
from ockam_client import routes, wire as client_wire  # noqa: E402

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
        with pytest.raises(ockam.Closed):
            await n.request("echo", "x")
        for nowhere in ("127.0.0.1:1", f"{home}/nothere.sock"):
            with pytest.raises(ockam.Unreachable):
                await ockam.connect(nowhere)

    run(go())


def test_a_node_that_does_not_answer_is_given_up(addresses):
    async def go():
        async with await ockam.listen("127.0.0.1:0") as s:
            s.worker("silent")(lambda m: None)
            async with await ockam.connect(s.address) as c:
                with pytest.raises(ockam.TimedOut) as e:
                    await c.request("silent", "x", timeout=0.05)
                assert "0#silent" in e.value.cause

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
            n.worker("me")(lambda m: got.set_result(m.text))
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
                inner = next(iter(s._connections))
                return (await inner.request("inner", m.text)).text

            replies = await asyncio.gather(*(c.request("outer", "x") for _ in range(1500)), return_exceptions=True)
            good = [r for r in replies if isinstance(r, ockam.Message)]
            refused = [r for r in replies if isinstance(r, ockam.Undeliverable)]
            assert len(good) + len(refused) == 1500 and len(good) >= 1000 and all(r.reason == "congested" for r in refused)

    run(go())


def test_a_request_gives_up_also_while_it_sends():
    async def go():
        async def deaf(reader, writer):
            writer.write(b"\x01")
            await asyncio.Event().wait()

        server = await asyncio.start_server(deaf, "127.0.0.1", 0, limit=1)
        c = await ockam.connect(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
        for _ in range(3):
            with pytest.raises(ockam.TimedOut):
                await c.request("x", bytes(8 * MiB), timeout=0.2)
        c._writer.transport.abort()
        await c.close()
        server.close()

    run(go())


def test_a_server_closes_during_a_handshake():
    async def go():
        s = await ockam.listen("127.0.0.1:0")
        host, port = s.address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        await reader.readexactly(1)  # its preamble: it waits for ours
        await s.close()
        assert await reader.read() == b""
        writer.close()

    run(go())


def test_without_asyncio(addresses):
    with ockam.sync.connect(addresses["tcp"]) as n:
        assert n.request("/service/uppercase", "hi").text == "HI"
        with pytest.raises(ockam.Undeliverable):
            n.request("nothere", "x")
    with pytest.raises(ockam.Unreachable):
        ockam.sync.connect("127.0.0.1:1")


# -- hostile bytes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", [
    struct.pack(">I", 16 * MiB + 1), struct.pack(">I", 0), struct.pack(">I", 3) + b"\x83\x80\x80", struct.pack(">I", 1) + b"\xff",
    struct.pack(">I", 9) + b"\x83\x81\x82\x19\x01\x00\x41a\x80", struct.pack(">I", 10) + b"\x83\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
    struct.pack(">I", 12) + b"\x83\x80\x80\x5b\xff\xff\xff\xff\xff\xff\xff\xff", struct.pack(">I", 5) + b"\x84\x80\x80\x40\x01"])
def test_a_peer_that_breaks_the_protocol_is_closed(what):
    async def go():
        closed = asyncio.Event()

        async def peer(reader, writer):
            writer.write(b"\x01" + what)
            while await reader.read(100):
                pass
            closed.set()

        server = await asyncio.start_server(peer, "127.0.0.1", 0)
        async with server:
            c = await ockam.connect(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
            with pytest.raises(ockam.ProtocolError):
                await c.serve_forever()
            assert c.closed
            await c.close()
            await closed.wait()

    run(go())


def test_something_else_that_listens_is_named():
    async def go():
        server = await asyncio.start_server(lambda r, w: w.write(b"HTTP/1.1 400"), "127.0.0.1", 0)
        async with server:
            with pytest.raises(ockam.ProtocolError):
                await ockam.connect(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")

    run(go())


def test_decoding_noise_raises_nothing_else():
    rng = random.Random(7)
    good = client_wire.encode([(0, "echo")], [(0, "x")], b"payload", {"a": "b"})[4:]
    for _ in range(20_000):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            client_wire.decode(bytes(data[: rng.randrange(1, len(data) + 1)]))
        except ockam.ProtocolError:
            pass


def test_frames_are_those_that_nodes_write():
    for onward, back, payload, extras in ((["echo"], ["app"], b"\x05hello", None), (["uppercase"], ["app"], b"", {"a": "b"}),
                                          ([(1, "h:1"), "x" * 300], [], bytes(70000), None)):
        ours = client_wire.encode(routes.parse(onward), [routes._address(a) for a in back], payload, extras)
        assert ours == wire.frame(onward, back, payload, extras)
        decoded = client_wire.decode(ours[4:])
        assert decoded == (routes.parse(onward), [routes._address(a) for a in back], payload, extras or {})


@pytest.mark.parametrize("text,route", [
    ("/service/hop/worker/x", [(0, "hop"), (0, "x")]), ("echo", [(0, "echo")]), ("1#h:1", [(1, "h:1")]),
    ("/ip4/1.2.3.4/tcp/80/ws/service/a", [(3, "ws://1.2.3.4:80"), (0, "a")]), ("/ip6/::1/udp/5/service/a", [(2, "[::1]:5"), (0, "a")]),
    ("/dnsaddr/a.b/caf/5", [(200, "a.b:5")]), ("/unix/%2Fa%25b", [(5, "/a%b")])])
def test_routes(text, route):
    assert routes.parse(text) == route


@pytest.mark.parametrize("text", ["", "/service", "/service/", "/ip4/1.2.3/tcp/1", "/ip4/1.2.3.4", "/ip4/1.2.3.4/tcp/x", "/ip4/1.2.3.4/tcp/65536", "/node/n1", "/x/y", "x#y#z", "300#a"])
def test_routes_that_are_none(text):
    if text == "":
        with pytest.raises(ockam.InvalidRoute):
            routes.parse([])
        return
    with pytest.raises(ockam.InvalidRoute):
        routes.parse(text)
