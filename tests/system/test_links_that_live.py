# SPDX-License-Identifier: Apache-2.0
"""Connections that outlive their links, routes that name other nodes, trace and ping, with real processes."""

import json
import time

import pytest

from processes import wait_until


def connection(ockam, at):
    found = ockam("tcp-connection", "list", "--at", at, "--output", "json").json
    assert len(found) == 1, found
    return found[0]


@pytest.fixture
def two(node):
    """n1 with the connection `up` to n2, which has the same port whenever it is started."""
    n2 = node("n2")
    config = f"[node]\nname = n1\n[tcp-listener main]\naddress = 127.0.0.1:0\n[tcp-connection up]\naddress = 127.0.0.1:{n2.port}\n"
    return node("n1", config=config), n2


def start_again(node, n2):
    return node("n2", config=f"[node]\nname = n2\n[tcp-listener main]\naddress = 127.0.0.1:{n2.port}\n")


def send(ockam, text, route="/worker/up/service/echo"):
    return ockam("message", "send", text, "--from", "n1", "--to", route, "--timeout", "2s")


def test_a_peer_that_is_killed_and_started_again_is_found_within_a_second_and_a_half(two, node, ockam):
    _, n2 = two
    wait_until(lambda: connection(ockam, "n1")["state"] == "up", "the connection is up")
    assert send(ockam, "hello").out == "hello\n"
    worker = connection(ockam, "n1")["worker_addr"]
    n2.kill()
    wait_until(lambda: connection(ockam, "n1")["state"] != "up", "the end is noticed")
    down = send(ockam, "lost")
    assert down.code == 70
    assert "link-down" in down.err
    n2 = start_again(node, n2)
    began = time.monotonic()
    wait_until(lambda: connection(ockam, "n1")["state"] == "up", "it is up again")
    assert time.monotonic() - began < 1.5
    assert connection(ockam, "n1")["worker_addr"] == worker
    assert send(ockam, "again").out == "again\n"


def test_a_node_may_be_started_before_its_peer(node, ockam):
    n2 = node("n2")
    n2.kill()
    node("n1", config=f"[node]\nname = n1\n[tcp-connection up]\naddress = 127.0.0.1:{n2.port}\nretry-max = 500ms\n")
    wait_until(lambda: connection(ockam, "n1")["state"] == "waiting", "it waits")
    start_again(node, n2)
    wait_until(lambda: send(ockam, "hello").out == "hello\n", "it gets through")


def test_waiting_costs_no_cpu(node, ockam):
    n2 = node("n2")
    n2.kill()
    n1 = node("n1", config=f"[node]\nname = n1\n[tcp-connection up]\naddress = 127.0.0.1:{n2.port}\n")
    before, began = n1.cpu_seconds(), time.monotonic()
    wait_until(lambda: time.monotonic() - began > 3, "three seconds have passed", timeout=5)
    assert n1.cpu_seconds() - before < 0.15


def test_held_messages_arrive_when_the_peer_is_back(node, ockam):
    n2 = node("n2")
    n2.kill()
    n1 = node("n1", config=f"[node]\nname = n1\n[tcp-listener main]\naddress = 127.0.0.1:0\n"
                           f"[tcp-connection up]\naddress = 127.0.0.1:{n2.port}\nhold-bytes = 64KiB\nhold-time = 20s\n"
                           "[service hop]\n")
    peer = n1.peer()
    for i in range(10):
        peer.send(["hop", "up", "echo"], b"%d" % i)
    wait_until(lambda: ockam("node", "show", "n1", "--output", "json").json["messages"] >= 20, "they wait")
    start_again(node, n2)
    got = [peer.receive().payload for _ in range(10)]
    assert got == [b"%d" % i for i in range(10)]


def test_a_route_names_nodes_that_are_not_connected_yet(node, ockam):
    n3 = node("n3")
    n2 = node("n2", "--service", "hop", "--dial", "any")
    n1 = node("n1")
    route = f"/ip4/127.0.0.1/tcp/{n2.port}/service/hop/dnsaddr/localhost/tcp/{n3.port}/service/uppercase"
    assert send(ockam, "hello", route).out == "HELLO\n"
    assert n1.alive() and n3.alive()


def test_dialling_for_others_is_refused_unless_it_is_allowed(node, ockam):
    n3 = node("n3")
    n2 = node("n2", "--service", "hop")
    node("n1")
    r = send(ockam, "hello", f"/ip4/127.0.0.1/tcp/{n2.port}/service/hop/ip4/127.0.0.1/tcp/{n3.port}/service/echo")
    assert r.code == 70
    assert "does not connect to" in r.err and "dial-allow" in r.err


def test_trace_shows_each_hop_and_where_a_message_dies(node, ockam):
    n3 = node("n3")
    n2 = node("n2", "--service", "hop", "--dial", "listed", "--dial-allow", f"127.0.0.1:{n3.port}")
    node("n1")
    route = f"/ip4/127.0.0.1/tcp/{n2.port}/service/hop/ip4/127.0.0.1/tcp/{n3.port}"
    r = ockam("trace", route + "/service/echo", "--from", "n1", "--output", "json")
    assert r.code == 0, r
    assert r.json["outcome"] == "answered"
    assert [(h["hop"], h["node"], h["type"]) for h in r.json["hops"]] == [
        (1, "n1", "tcp-link"), (2, "n2", "hop"), (3, "n2", "tcp-link"), (4, "n3", "echo")]
    r = ockam("trace", route + "/service/nothere", "--from", "n1", "--output", "json")
    assert r.code == 70
    assert r.json["died"] == {"hop": 4, "address": "0#nothere", "node": "n3", "reason": "unknown-worker", "detail": ""}
    r = ockam("trace", route + "/service/nothere", "--from", "n1")
    assert "undeliverable at hop 4" in r.err
    assert "tcp-link" in r.out


def test_ping_counts_replies_and_losses(node, ockam):
    node("n1")
    r = ockam("ping", "/service/echo", "--from", "n1", "-c", "3", "-i", "10ms", "--output", "json")
    assert r.code == 0, r
    assert (r.json["sent"], r.json["received"], r.json["loss_percent"]) == (3, 3, 0)
    assert 0 < r.json["min_ms"] <= r.json["avg_ms"] <= r.json["max_ms"]
    r = ockam("ping", "/service/nothere", "--from", "n1", "-c", "2", "-i", "10ms")
    assert r.code == 70
    assert "2 sent, 0 received, 100% loss" in r.out
    assert "no worker" in r.err
