# SPDX-License-Identifier: Apache-2.0
"""What a user does, with a real Ockam node at the other end: the command line, trace and ping, the Python client."""

import asyncio
import pathlib
import sys

import pytest
from asking import TheirsAsksOurs, digest, pattern
from processes import wait_until

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "python"))
import ockam_client  # noqa: E402

MIB = 1 << 20


def dialled(t):
    host, port = t.tcp.rsplit(":", 1)
    return f"/ip4/{host}/tcp/{port}"


def link_of(ockam, name="n1"):
    [c] = ockam("tcp-connection", "list", "--at", name, "--output", "json").json
    return c


def test_a_message_goes_to_their_node_and_back(ours, theirs, ockam):
    t = theirs()
    ours(connections={"out": t.tcp})
    send = lambda to, text="hello": ockam("message", "send", text, "--from", "n1", "--to", to)
    assert send("/worker/out/service/echo").out == "hello\n"
    assert send("/worker/out/service/uppercase", "Straße").out == "STRASSE\n"
    assert send("/worker/out/service/hop/service/uppercase").out == "HELLO\n"
    assert send(dialled(t) + "/service/uppercase").out == "HELLO\n", "a route that names the peer"


def test_a_message_goes_through_their_node_to_ours(ours, theirs, ockam):
    last, t = ours("n2"), theirs()
    onward = t.dial(last.tcp)
    ours("n1", connections={"out": t.tcp})
    assert ockam("message", "send", "hello", "--from", "n1", "--to", f"/worker/out/service/hop/worker/{onward}/service/uppercase").out == "HELLO\n"


def test_their_node_is_a_hop_that_does_not_answer_a_trace(ours, theirs, ockam):
    last, t = ours("n2"), theirs()
    onward = t.dial(last.tcp)
    ours("n1", connections={"out": t.tcp})
    route = f"/worker/out/service/hop/worker/{onward}/service/echo"
    j = ockam("trace", "--from", "n1", route, "--timeout", "2s", "--output", "json").json
    assert [h["answered"] for h in j["hops"]] == [True, False, False, False], j
    assert (j["hops"][0]["node"], j["hops"][0]["address"]) == ("n1", "0#out")
    text = ockam("trace", "--from", "n1", route, "--timeout", "2s").out
    assert text.count("does not say") == 3 and "answered after" in text, text
    assert ockam("message", "send", "hello", "--from", "n1", "--to", route).out == "hello\n", "messages pass all the same"


def test_ping_measures_the_way_to_their_node(ours, theirs, ockam):
    t = theirs()
    ours(connections={"out": t.tcp})
    j = ockam("ping", "-c", "3", "-i", "10ms", "--from", "n1", "/worker/out/service/hop/service/echo", "--output", "json").json
    assert (j["sent"], j["received"], j["loss_percent"]) == (3, 3, 0) and 0 < j["min_ms"] <= j["max_ms"]


def test_a_worker_that_their_node_has_not_is_a_time_out(ours, theirs, ockam):
    t = theirs()
    ours(connections={"out": t.tcp})
    r = ockam("message", "send", "hello", "--from", "n1", "--to", "/worker/out/service/nothere", "--timeout", "300ms")
    assert r.code == 70 and "no reply within" in r.err and "another implementation" in r.err


@pytest.mark.timeout(60)
def test_our_heartbeats_are_no_messages_to_them(ours, theirs, ockam):
    t = theirs()
    ours(connections={"out": t.tcp})
    wait_until(lambda: link_of(ockam)["state"] == "up", "the connection is up")
    before = link_of(ockam)
    quiet = wait_until(lambda: (c := link_of(ockam))["bytes_out"] > before["bytes_out"] and c, "a heartbeat was sent")
    assert quiet["messages_out"] == before["messages_out"] and quiet["bytes_in"] == before["bytes_in"]
    assert ockam("message", "send", "hello", "--from", "n1", "--to", "/worker/out/service/echo").out == "hello\n"
    assert t.links() == 1


def test_their_message_over_16_mib_ends_the_connection_at_them(ours, theirs, ockam):
    a = TheirsAsksOurs(ours, theirs)
    assert a.echo(["echo"], 15 * MIB) == (15 * MIB, digest(pattern(15 * MIB)))
    assert a.theirs.say("ask", a._route(["echo"]), 16 * MIB + 1, 500)[0] in ("none", "error")
    wait_until(lambda: a.theirs.links() == 0, "they have closed")
    wait_until(lambda: ockam("tcp-connection", "list", "--at", "n1", "--output", "json").json == [], "and we have noticed")


def test_our_message_over_16_mib_is_refused_before_it_is_sent(ours, theirs):
    t = theirs()

    async def go():
        async with await ockam_client.connect(t.tcp) as c:
            with pytest.raises(ockam_client.OckamError) as e:
                await c.request("echo", bytes(16 * MIB + 1))
            assert "at most" in e.value.cause
            assert (await c.request("echo", b"x")).payload == b"x"

    asyncio.run(go())


def test_the_python_client_asks_and_serves_their_node(theirs):
    t = theirs()

    async def go():
        async with await ockam_client.connect(t.tcp) as c:
            assert (await c.request("/service/uppercase", "hello")).text == "HELLO"
            assert (await c.request("/service/hop/service/echo", b"\x00")).payload == b"\x00"
            replies = await asyncio.gather(*(c.request("echo", str(i)) for i in range(100)))
            assert [r.text for r in replies] == [str(i) for i in range(100)]
        async with await ockam_client.listen("127.0.0.1:0") as s:
            s.worker("shout")(lambda m: m.text.upper())
            answer = await asyncio.to_thread(lambda: t.say("text", f"{t.dial(s.address)},shout", "hello"))
            assert answer == ["reply", "HELLO"]

    asyncio.run(asyncio.wait_for(go(), 30))
