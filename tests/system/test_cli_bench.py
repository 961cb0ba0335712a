# SPDX-License-Identifier: Apache-2.0
"""`ockam bench`, `top` and `logs`: what users measure and watch."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

import processes
from processes import wait_until


@pytest.fixture
def n1(ockam):
    assert ockam("node", "create", "n1", "--tcp-listener-address", "127.0.0.1:0").code == 0


@pytest.fixture
def echo_server():
    """HOST:PORT of a server that sends back what it gets; and how many bytes it got."""
    listening = socket.create_server(("127.0.0.1", 0))
    got = [0]

    def serve(c):
        with c, contextlib.suppress(OSError):  # who measures closes when it has measured
            while data := c.recv(65536):
                got[0] += len(data)
                c.sendall(data)

    def accept():
        while True:
            try:
                c, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(c,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield "127.0.0.1:%d" % listening.getsockname()[1], got
    listening.close()


def bench(ockam, *args, **kw):
    r = ockam("bench", *args, "--output", "json", **kw)
    assert r.code == 0, r
    return json.loads(r.out)


def test_a_route_is_measured(n1, ockam):
    r = bench(ockam, "/node/n1/service/echo", "--duration", "1s", "--in-flight", "10", "--size", "100")
    assert r["sent"] == r["answered"] > 100 and r["failed"] == 0 and r["errors"] == {}
    assert 0.9 < r["seconds"] < 3 and r["size"] == 100 and r["in_flight"] == 10
    t = r["latency_us"]
    assert 0 < t["min"] <= t["p50"] <= t["p90"] <= t["p99"] <= t["p99.9"] <= t["max"]
    assert sum(row["count"] for row in r["histogram"]) == r["answered"]


def test_a_rate_is_kept_and_what_was_not_sent_is_said(n1, ockam, home):
    r = bench(ockam, "/node/n1/service/echo", "--duration", "1s", "--in-flight", "100", "--rate", "500")
    assert 450 <= r["sent"] + r["errors"].get("not-sent", 0) <= 501
    (home / "slow.lua").write_text("function on_message(m) m:keep() after(0.2, function() m:reply(m.text) end) end\n")
    assert ockam("service", "start", "script", "--addr", "slow", "--file", home / "slow.lua", "--at", "n1").code == 0
    r = bench(ockam, "/node/n1/service/slow", "--duration", "1s", "--in-flight", "2", "--rate", "1000")
    assert r["errors"]["not-sent"] > 500, "a route that does not keep up is not measured as if it did"
    assert r["latency_us"]["max"] > 200_000


def test_what_is_lost_is_counted_by_reason(n1, ockam):
    r = ockam("bench", "/node/n1/service/nobody", "--duration", "300ms", "--output", "json")
    assert r.code != 0 and "nothing was answered" in r.err
    assert set(json.loads(r.out)["errors"]) == {"unknown-worker"}
    refused = ockam("bench", "/node/n1/service/echo", "--size", "1MiB", "--in-flight", "1000")
    assert refused.code != 0 and "fewer in flight" in refused.err


def test_runs_are_compared(n1, ockam, home):
    bench(ockam, "/node/n1/service/echo", "--duration", "300ms", "--save", home / "before.json")
    r = ockam("bench", "/node/n1/service/echo", "--duration", "300ms", "--compare", home / "before.json")
    assert r.code == 0 and "messages_per_second" in r.out and "latency_us.p99" in r.out and "%" in r.out, r
    assert "█" in r.out or "▏" in r.out
    (home / "other.json").write_text("[]")
    assert ockam("bench", "/node/n1/service/echo", "--duration", "300ms", "--compare", home / "other.json").code != 0


def test_a_portal_is_measured(n1, ockam, echo_server):
    server, got = echo_server
    assert ockam("tcp-outlet", "create", "--to", server, "--at", "n1").code == 0
    inlet = json.loads(ockam("tcp-inlet", "create", "--from", "127.0.0.1:0", "--to", "/service/outlet", "--at", "n1", "--output", "json").out)
    at = inlet.get("bind_addr") or inlet["from"]
    r = bench(ockam, "--tcp", at, "--duration", "1s", "--in-flight", "4", "--connections", "2", "--size", "1KiB")
    assert r["sent"] == r["answered"] > 20 and r["failed"] == 0
    assert got[0] == r["sent"] * 1024
    taken = bench(ockam, "--tcp", server, "--duration", "300ms", "--discard", "--size", "64KiB")
    assert taken["bytes_per_second"] > 1e6 and taken["latency_us"] is None or taken["answered"] > 0


def test_a_tcp_server_that_closes_is_told(ockam):
    with socket.create_server(("127.0.0.1", 0)) as s:
        threading.Thread(target=lambda: s.accept()[0].close(), daemon=True).start()
        r = ockam("bench", "--tcp", "127.0.0.1:%d" % s.getsockname()[1], "--duration", "1s", "--output", "json")
    assert r.code != 0 and any(k.startswith("connection-lost") for k in json.loads(r.out)["errors"]), r


def test_top_shows_rates_once(n1, ockam, programs, env):
    load = subprocess.Popen([programs / "ockam", "bench", "/node/n1/service/echo", "--duration", "4s"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        shown = json.loads(ockam("top", "--once", "--interval", "500ms", "--output", "json").out)
    finally:
        load.wait(30)
    node = shown["nodes"][0]
    assert node["name"] == "n1" and node["messages_per_second"] > 100 and node["resident"] > 1e6
    text = ockam("top", "n1", "--once", "--interval", "100ms")
    assert text.code == 0 and "msg/s" in text.out


def test_top_shows_links_and_those_that_do_not_run(n1, ockam):
    assert ockam("node", "create", "n2", "--tcp-listener-address", "127.0.0.1:0").code == 0
    address = ockam("tcp-listener", "list", "--at", "n2", "--output", "json").json[0]["socket_addr"]
    assert ockam("tcp-connection", "create", "--to", address, "--from", "n1").code == 0
    n1_links = json.loads(ockam("top", "n1", "--once", "--interval", "100ms", "--output", "json").out)["nodes"][0]["links"]
    assert any(l["state"] == "up" and l["transport"] == "tcp" for l in n1_links)
    assert ockam("node", "stop", "n2").code == 0
    both = json.loads(ockam("top", "n1", "n2", "--once", "--interval", "100ms", "--output", "json").out)["nodes"]
    assert [("trouble" in n) for n in both] == [False, True]


def test_logs_of_several_nodes_come_in_order_of_time(n1, ockam):
    assert ockam("node", "create", "n2", "--tcp-listener-address", "127.0.0.1:0").code == 0
    r = ockam("logs", "--lines", "1000")
    lines = [line.split(" │ ", 1) for line in r.out.splitlines()]
    assert {name.strip() for name, _ in lines} == {"n1", "n2"}
    times = [text[:24] for _, text in lines]
    assert times == sorted(times)
    alone = ockam("logs", "n1", "-n", "1").out
    assert alone.count("\n") == 1 and " │ " not in alone
    data = [json.loads(line) for line in ockam("logs", "n1", "n2", "-n", "2", "--output", "json").out.splitlines()]
    assert len(data) == 4 and all(d["time"] and d["line"] for d in data)


def test_logs_go_on_with_what_comes(n1, ockam, programs, env):
    assert ockam("node", "create", "n2", "--tcp-listener-address", "127.0.0.1:0").code == 0
    follow = subprocess.Popen([programs / "ockam", "logs", "-f", "-n", "0"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    seen = []
    threading.Thread(target=lambda: [seen.append(line) for line in follow.stdout], daemon=True).start()
    try:
        for name in ("n1", "n2"):
            pid = processes.pid_of(ockam, name)
            wait_until(lambda: (os.kill(pid, signal.SIGHUP), any(line.startswith(name + " │ ") and "SIGHUP" in line for line in seen))[1], "it is printed", 20)
        follow.send_signal(signal.SIGINT)
        assert follow.wait(10) == 0
    finally:
        follow.kill()
