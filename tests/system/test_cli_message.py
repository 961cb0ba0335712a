# SPDX-License-Identifier: Apache-2.0
"""`ockam message send`: routes, payloads, time-outs, pipes."""

import json
import os
import signal
import socket
import subprocess

import pytest

from processes import Process, cannot_run, wait_until


@pytest.fixture
def n1(ockam):
    assert ockam("node", "create", "n1").code == 0
    return ockam("node", "show", "n1", "--output", "json").json["transports"][0]["socket_addr"].rsplit(":")[1]


@pytest.fixture
def send(ockam):
    return lambda text, to, *more, **kw: ockam("message", "send", text, "--to", to, *more, **kw)


def test_text(n1, send):
    assert send("hello", "/node/n1/service/echo").out == "hello\n"
    assert send("hello", "/node/n1/worker/uppercase").out == "HELLO\n"
    assert send("ünïcode ß ✓", "/node/n1/service/uppercase").out == "ÜNÏCODE SS ✓\n"
    assert send("two\nlines", "/node/n1/service/echo").out == "two\nlines\n"
    assert send("", "/node/n1/service/echo").code == 0


def test_hex(n1, send):
    assert send("0568656c6c6f", "/node/n1/service/uppercase", "--hex").out == "0548454c4c4f\n"
    assert send("00FF10", "/node/n1/service/echo", "--hex").out == "00ff10\n"
    r = send("abc", "/node/n1/service/echo", "--hex")
    assert r.code == 70 and "not a valid hex string" in r.err and "Odd number of digits" in r.err
    assert "Invalid character 'x' at position 0" in send("xyz!", "/node/n1/service/echo", "--hex").err


def test_json(n1, send):
    j = send("hello", "/node/n1/service/echo", "--output", "json").json
    assert j == {"from": "n1", "hex": "0568656c6c6f", "reply": "hello", "route": "/service/echo"}
    assert send("ff00", "/node/n1/service/echo", "--hex", "--jq", ".reply").out == "null\n"


def test_from_and_addresses(n1, send, ockam):
    ockam("node", "create", "n2")
    for to in (f"/ip4/127.0.0.1/tcp/{n1}/service/uppercase", f"/dnsaddr/localhost/tcp/{n1}/service/uppercase"):
        assert send("hi", to).out == "HI\n"
        assert send("hi", to, "--from", "n2").out == "HI\n"
    for origin in ("n1", "/node/n1"):
        assert send("hi", "/service/uppercase", "--from", origin).out == "HI\n"
    assert send("hi", "/node/n2/service/uppercase", "--from", "n1").out == "HI\n"
    assert send("hi", "/service/echo").out == "hi\n", "local workers are those of the default node"
    assert send("hi", "/node/n1/service/hop/node/n1/service/uppercase").out == "HI\n", "already there: nothing is dialled"
    j = send("hi", "/node/n2/service/echo", "--from", "n1", "--output", "json").json
    assert j["from"] == "n1" and j["route"].startswith("/ip4/127.0.0.1/tcp/") and j["route"].endswith("/service/echo")


def test_ipv6(ockam, send):
    r = ockam("node", "create", "n1", "--tcp-listener-address", "[::1]:0")
    if r.code != 0 and "Cannot assign" in r.err:
        cannot_run("this machine has no IPv6 loopback")
    ockam("node", "create", "n2")
    assert send("hi", "/node/n1/service/uppercase", "--from", "n2").out == "HI\n"


def test_a_default_node_is_made_where_there_is_none(ockam, send):
    r = send("hi", "/service/uppercase")
    assert (r.code, r.out) == (0, "HI\n"), r
    [n] = ockam("node", "list").json
    assert n["is_default"] and n["status"]["status"] == "running"


@pytest.mark.parametrize("to,why", [
    ("n1", "unregistered protocol prefix"), ("/nosuch/n1/service/echo", "unregistered protocol prefix"),
    ("/servce/echo", "did you mean /service/"), ("/ip4/300.0.0.1/tcp/1/service/echo", "invalid IPv4 address"),
    ("/ip4/127.0.0.1/tcp/70000/service/echo", "70000"), ("/service", "no value")])
def test_routes_that_are_none(ockam, send, to, why):
    r = send("x", to)
    assert r.code == 64 and f"invalid value '{to}' for '--to <ROUTE>'" in r.out and why in r.out, r
    assert ockam("node", "list").out == "[]\n", "nothing was started for it"


def test_where_a_message_ends_is_said(n1, send):
    r = send("x", "/node/n1/service/hop/service/nothere", "--output", "json")
    assert r.code == 70 and r.seconds < 5
    e = json.loads(r.err)["error"]
    assert e["code"] == "undeliverable" and "0#nothere" in e["cause"] and "n1" in e["cause"]
    assert "worker list" in e["hint"]
    r = send("x", "/node/n1")
    assert r.code == 70 and "names no worker" in r.err and "/node/n1/service/echo" in r.err
    assert send("x", "").code == 70


@pytest.mark.parametrize("name", ["\x01" * 900, '"' * 1000, "ü" * 500, "n" * 1024])
def test_a_missing_worker_with_a_long_name_is_no_reply(node, ockam, name):
    """The report has to come over a link: what its sender wrote is what the other end can read."""
    n2 = node("n2")
    node("n1")
    r = ockam("message", "send", "x", "--from", "n1", "--to", f"/ip4/127.0.0.1/tcp/{n2.port}/service/{name}")
    assert r.code == 70 and "there is no worker at" in r.err and "on node n2" in r.err, r


def test_nodes_that_are_not_there(n1, send, ockam):
    for more in (["--from", "nope"], []):
        r = send("x", "/node/nope/service/echo" if not more else "/service/echo", *more)
        assert r.code == 70 and "There is no node with name nope" in r.err
    ockam("node", "create", "n2")
    ockam("node", "stop", "n2")
    r = send("x", "/node/n2/service/echo", "--from", "n1")
    assert r.code == 70 and "Node n2 of the route is not running" in r.err and "ockam node start n2" in r.err


def test_a_peer_that_refuses(n1, send):
    r = send("x", "/ip4/127.0.0.1/tcp/1/service/echo", "--timeout", "2s")
    assert r.code == 70 and "127.0.0.1:1" in r.err and r.seconds < 3


def test_a_peer_that_says_nothing_ends_with_the_timeout(n1, send):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        r = send("x", f"/ip4/127.0.0.1/tcp/{silent.getsockname()[1]}/service/echo", "--timeout", "400ms")
    assert r.code == 70 and 0.3 < r.seconds < 3, r


@pytest.mark.parametrize("text", ["abc", "-1", "10x", "2d"])
def test_timeouts_that_are_none(n1, send, text):
    r = send("x", "/service/echo", "--timeout", text)
    assert r.code == 64 and "--timeout <DURATION>" in r.out


def test_a_route_through_a_pipe(n1, send, ockam):
    ockam("node", "create", "n2", "--tcp-listener-address", "127.0.0.1:0")
    to = ockam("node", "show", "n2", "--output", "json").json["transports"][0]["socket_addr"]
    link = ockam("tcp-connection", "create", "--from", "n1", "--to", to).out
    for spelled in ("-/service/uppercase", "/-/service/uppercase"):
        assert send("hello", spelled, "--from", "n1", stdin=link).out == "HELLO\n"
        assert send("hello", spelled, "--from", "n1", stdin=link.strip()).out == "HELLO\n"
    assert send("hello", "/node/n1/-/service/uppercase", stdin=link).out == "HELLO\n"
    assert send("hello", "-/service/uppercase", "--from", "n1", stdin="").out == "HELLO\n", "nothing in the pipe: nothing in the route"
    assert send("a/-/b", "/node/n2/service/echo", stdin="").code == 0, "it is not the route that is empty"
    for text in ("", "\n"):
        r = send("hello", "-/service/uppercase", stdin=text)
        assert r.code == 70 and "standard input is empty" in r.err and "--from" in r.err, r
        for to in (["--to", "/node/n1/-/service/uppercase"], ["--to=/node/n1/-/service/uppercase"], ["--from", "n1", "--to", "/service/hop/-/service/echo"]):
            r = ockam("message", "send", "hello", *to, stdin=text)
            assert r.code == 70 and not r.out, f"another worker has answered: {r}"
            assert "standard input is empty: nothing says what - stands for in the route " + to[-1].removeprefix("--to=") in r.err, r
    assert send("a/-/b", "/node/n2/service/echo", stdin="zzz\n").out == "a/zzz/b\n"
    assert send("a-b", "/node/n2/service/echo", stdin="zzz\n").out == "a-b\n"
    r = send("hello", "-", stdin="/service/echo\n")
    assert r.code == 64 and 'unregistered protocol prefix "-"' in r.out
    r = send("hello", "-/service/uppercase", stdin="[\n")
    assert r.code == 64 and "/[/service/uppercase" in r.out


@pytest.mark.parametrize("command", [
    ["tcp-inlet", "create", "--at", "n1", "--to", "/node/n2/-/service/outlet"],
    ["tcp-inlet", "create", "--at", "n1", "--to", "-/service/outlet"],
    ["secure-channel", "create", "--from", "n1", "--to", "-/service/api"],
    ["relay", "create", "x", "--to", "n1", "--at", "-/service/echo"],
    ["relay", "create", "x", "--to", "n1", "--at", "/node/n2/-/service/echo"],
    ["ping", "/node/n1/-/service/echo", "--count", "1"],
    ["trace", "--from", "n1", "-/service/echo"],
], ids=" ".join)
def test_a_route_through_an_empty_pipe(n1, ockam, command):
    """What was to print a part of the route has failed: nothing is made with the rest of it."""
    ockam("node", "create", "n2", "--tcp-listener-address", "127.0.0.1:0")
    r = ockam(*command, stdin="")
    assert r.code == 70 and not r.out and "standard input is empty: nothing says" in r.err, r
    for kind in (["tcp-inlet", "list", "--at"], ["secure-channel", "list", "--at"], ["relay", "list", "--to"]):
        assert ockam(*kind, "n1", "--output", "json").json == []


def test_a_pipeline(n1, env, ockam):
    ockam("node", "create", "n2")
    script = "ockam tcp-connection create --from n1 --to $(ockam node show n2 --jq '.transports[0].socket_addr' | tr -d '\"')" \
             " | ockam message send hello --from n1 --to -/service/uppercase"
    done = subprocess.run(["/bin/bash", "-c", script], env=env, capture_output=True, text=True, timeout=30)
    assert done.stdout == "HELLO\n", done


def test_large_messages(n1, env, programs, ockam, home):
    text = "x" * 100_000
    assert ockam("message", "send", text, "--to", "/node/n1/service/echo").out == text + "\n"


def test_a_reply_that_is_not_text(n1, send):
    r = send("ff", "/node/n1/service/echo", "--hex", "--output", "json")
    assert r.json["hex"] == "ff" and r.json["reply"] is None


def test_a_stopped_peer(n1, send, ockam):
    ockam("node", "create", "n2")
    pid = ockam("node", "show", "n2", "--output", "json").json["pid"]
    Process(pid).freeze()
    r = send("x", "/node/n2/service/echo", "--from", "n1", "--timeout", "400ms")
    assert r.code == 70 and r.seconds < 3, r
    os.kill(pid, signal.SIGCONT)
    assert wait_until(lambda: send("x", "/node/n2/service/echo", "--from", "n1").out == "x\n", "it answers again")
