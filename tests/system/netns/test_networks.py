# SPDX-License-Identifier: Apache-2.0
"""Several nodes in networks of their own: chains, a bridge, cuts that heal, crashes, a slow link."""

import pathlib
import subprocess
import sys
import time

import pytest
from processes import wait_until

OVER = ("tcp", "udp", "ws", "caf", "tcp")


def listener(transport, address, extra=""):
    return f"[{transport}-listener main]\naddress = {address}\nallow = services\n{extra}"


def connection(transport, address, extra=""):
    return f"[{transport}-connection next]\naddress = {address}\n{extra}"


def next_of(ockam, node, transport="tcp"):
    found = ockam(f"{transport}-connection", "list", "--at", node, "--output", "json").json
    return next((c for c in found if c["worker_addr"] == "0#next"), None)


def is_up(ockam, node, transport="tcp"):
    c = next_of(ockam, node, transport)
    return bool(c) and c["state"] == "up"


def send(ockam, text, route, timeout="5s", start="a"):
    return ockam("message", "send", text, "--from", start, "--to", route, "--timeout", timeout)


#   n0 ══tcp══ n1 ══udp══ n2 ══ws══ n3 ══caf══ n4 ══tcp══ n5: uppercase          each cable a network of its own
def test_a_chain_over_every_transport(world, ockam):
    over = OVER
    hosts = [world.host(f"n{i}") for i in range(len(over) + 1)]
    for i in range(len(over)):
        world.join(hosts[i], hosts[i + 1], f"10.77.{i}")
    for i, host in reversed(list(enumerate(hosts))):
        config = "[service hop]\n"
        if i > 0:
            insecure = "insecure = yes\n" if over[i - 1] == "caf" else ""
            config += listener(over[i - 1], f"10.77.{i - 1}.2:4000", insecure)
        if i < len(over):
            peer = ("ws://" if over[i] == "ws" else "") + f"10.77.{i}.2:4000"
            config += connection(over[i], peer)
        host.node(config)
    for i, transport in enumerate(over):
        wait_until(lambda: is_up(ockam, f"n{i}", transport), f"n{i} has its {transport} connection")
    route = "/worker/next/service/hop" * (len(over) - 1) + "/worker/next/service/uppercase"
    assert send(ockam, "hello", route, start="n0").out.strip() == "HELLO"
    trace = ockam("trace", route, "--from", "n0", "--output", "json")
    assert trace.json["outcome"] == "answered"
    links = [h["type"] for h in trace.json["hops"] if h["type"].endswith("-link")]
    assert links == [f"{t}-link" for t in over]
    assert [h["node"] for h in trace.json["hops"]][-1] == f"n{len(over)}"


#   a ══10.78.1══ bridge ══10.78.2══ c: echo          a and c have no way to each other
def test_a_bridging_node_joins_two_networks(world, ockam):
    a, bridge, c = (world.host(n) for n in ("a", "bridge", "c"))
    world.join(a, bridge, "10.78.1")
    world.join(bridge, c, "10.78.2")
    c.node(listener("tcp", "10.78.2.2:4000"))
    bridge.node(listener("tcp", "10.78.1.2:4000") + "[service hop]\n[routing]\ndial-allow = 10.78.2.2:4000\n")
    a.node("")
    there = "/ip4/10.78.2.2/tcp/4000/service/echo"
    straight = send(ockam, "x", there, timeout="2s")
    assert straight.code == 70
    assert send(ockam, "over", "/ip4/10.78.1.2/tcp/4000/service/hop" + there).out.strip() == "over"


#   a ══▶ b: echo          the cable is cut: nobody closes anything, nothing arrives
@pytest.mark.timeout(90)
@pytest.mark.parametrize("transport", ["tcp", "ws", "caf"])
def test_a_partition_is_noticed_and_heals(world, ockam, transport):
    a, b = world.host("a"), world.host("b")
    subnet = {"tcp": "10.79.1", "ws": "10.79.2", "caf": "10.79.3"}[transport]
    cable = world.join(a, b, subnet)
    scheme = "ws://" if transport == "ws" else ""
    b.node(listener(transport, f"{scheme}{subnet}.2:4000", "insecure = yes\n" if transport == "caf" else ""))
    a.node(connection(transport, f"{scheme}{subnet}.2:4000"))
    echo = "/worker/next/service/echo"
    wait_until(lambda: is_up(ockam, "a", transport), "the link is up")
    assert send(ockam, "before", echo).out.strip() == "before"
    cable.cut()
    began = time.monotonic()
    wait_until(lambda: not is_up(ockam, "a", transport), "the dead peer is noticed", timeout=20)
    assert time.monotonic() - began < 10
    assert "link-down" in send(ockam, "during", echo).err
    cable.mend()
    wait_until(lambda: is_up(ockam, "a", transport), "the link is up again", timeout=20)
    assert send(ockam, "after", echo).out.strip() == "after"


#   a ══pings══▶ b: echo          b is killed in the middle and started again
def test_a_node_is_killed_in_the_middle_of_traffic(world, ockam, programs, env):
    a, b = world.host("a"), world.host("b")
    world.join(a, b, "10.80.1")
    first = b.node(listener("tcp", "10.80.1.2:4000"))
    node_a = a.node(connection("tcp", "10.80.1.2:4000"))
    wait_until(lambda: is_up(ockam, "a"), "the link is up")
    ping = subprocess.Popen(
        [programs / "ockam", "ping", "/worker/next/service/echo", "--from", "a", "-c", "100", "-i", "50ms", "--timeout", "500ms"],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    seen = []
    for line in ping.stdout:
        seen.append(line)
        if sum("reply" in s for s in seen) == 10 and first.alive():
            first.kill()
        if len(seen) > 15 and b.starts == 1:
            b.start_again()
    ping.wait(30)
    good = ["reply" in s for s in seen if "seq=" in s]
    assert len(good) == 100
    assert not all(good), "the crash was not noticed at all"
    assert all(good[-20:]), "it has not recovered: " + "".join(seen)
    assert node_a.alive()


#   a ══▶ b: echo          the name of b has another address, which comes first and swallows packets
@pytest.mark.parametrize("transport", ["tcp", "ws", "caf"])
def test_a_first_address_that_swallows_packets_costs_a_moment(world, ockam, transport):
    a, b = world.host("a"), world.host("b")
    subnet = {"tcp": "10.82.1", "ws": "10.82.2", "caf": "10.82.3"}[transport]
    world.join(a, b, subnet).swallow("2001:db8::99", "2001:db8::1/64")
    a.hosts("127.0.0.1 localhost", "2001:db8::99 b.test", f"{subnet}.2 b.test")
    scheme = "ws://" if transport == "ws" else ""
    b.node(listener(transport, f"{scheme}{subnet}.2:4000", "insecure = yes\n" if transport == "caf" else ""))
    a.node(connection(transport, f"{scheme}b.test:4000"))
    wait_until(lambda: is_up(ockam, "a", transport), "the link is up", timeout=5)
    assert next_of(ockam, "a", transport)["attempts"] == 1
    if transport == "tcp":
        assert send(ockam, "x", "/dnsaddr/b.test/tcp/4000/service/echo").out.strip() == "x"


#   peer ── a ══ slow proxy, 200 kB/s ══▶ b: echo
#           a ═══════════════════════════▶ c: echo          must not notice
def test_a_slow_link_delivers_and_holds_up_nobody(world, ockam):
    a, b, c = (world.host(n) for n in "abc")
    world.join(a, b, "10.81.1")
    world.join(a, c, "10.81.2")
    b.node(listener("tcp", "127.0.0.1:4000"))
    c.node(listener("tcp", "10.81.2.2:4000"))
    proxy = subprocess.Popen(
        ["ip", "netns", "exec", b.namespace, sys.executable, str(pathlib.Path(__file__).with_name("slow_proxy.py")),
         "10.81.1.2", "5000", "127.0.0.1", "4000", "200000"], stdout=subprocess.PIPE, text=True)
    try:
        assert proxy.stdout.readline() == "ready\n"
        node_a = a.node(connection("tcp", "10.81.1.2:5000") + "[tcp-connection fast]\naddress = 10.81.2.2:4000\n")
        wait_until(lambda: is_up(ockam, "a"), "the slow link is up")
        big = "x" * 60_000
        senders = [subprocess.Popen(
            [world.programs / "ockam", "message", "send", big, "--from", "a", "--to", "/worker/next/service/echo", "--timeout", "20s"],
            env=world.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(6)]
        r = ockam("ping", "/worker/fast/service/echo", "--from", "a", "-c", "20", "-i", "20ms", "--output", "json")
        assert r.json["received"] == 20
        assert r.json["max_ms"] < 500
        for s in senders:
            out, err = s.communicate(timeout=30)
            assert out.strip() == big, err
        assert node_a.resident() < 200 << 20
    finally:
        proxy.kill()
        proxy.wait()
