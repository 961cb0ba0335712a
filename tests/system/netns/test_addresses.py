# SPDX-License-Identifier: Apache-2.0
"""Addresses as hosts have them: several of them, those of one cable only, those that come late, names that move."""

import os
import signal
import subprocess

import pytest
from processes import wait_until
from test_networks import connection, is_up, listener, send

ECHO = "/worker/next/service/echo"


def answers(ockam, start="a"):
    return send(ockam, "x", ECHO, timeout="1s", start=start).code == 0


#   a ══▶ b, then c: echo          the name of the peer moves from b to c
@pytest.mark.parametrize("how", ["refused", "silent", "reload"])
def test_udp_follows_a_name_that_moves(world, ockam, how):
    a, b, c = (world.host(n) for n in "abc")
    cable = world.join(a, b, "10.83.1")
    world.join(a, c, "10.83.2")
    a.hosts("127.0.0.1 localhost", "10.83.1.2 peer.test")
    first = b.node(listener("udp", "10.83.1.2:4000"))
    c.node(listener("udp", "10.83.2.2:4000"))
    node = a.node(connection("udp", "peer.test:4000"))
    wait_until(lambda: answers(ockam), "the first one answers")
    a.hosts("127.0.0.1 localhost", "10.83.2.2 peer.test")
    if how == "refused":
        first.finish()
    elif how == "silent":
        cable.cut()
        first.finish()
    else:
        os.kill(node.pid, signal.SIGHUP)
    wait_until(lambda: "peer.test:4000 is at 10.83.2.2:4000 now" in (answers(ockam), node.errors())[1], "it has moved", timeout=20)
    wait_until(lambda: answers(ockam), "the second one answers")


#   a ══▶ b: echo, at all of its addresses          an address that is not the one which b sends from by itself
@pytest.mark.parametrize("at,asked", [("0.0.0.0:4000", "10.84.1.3:4000"), ("[::]:4000", "10.84.1.3:4000"),
                                      ("[::]:4000", "[2001:db8:84::3]:4000")])
def test_udp_answers_from_the_address_that_was_asked(world, ockam, at, asked):
    a, b = world.host("a"), world.host("b")
    cable = world.join(a, b, "10.84.1")
    cable.also("10.84.1.3/24")
    cable.also("2001:db8:84::2/64", near="2001:db8:84::1/64")
    cable.also("2001:db8:84::3/64")
    b.node(listener("udp", at))
    a.node(connection("udp", asked))
    wait_until(lambda: answers(ockam), "the address that was asked answers")
    big = "x" * 60_000
    assert send(ockam, big, ECHO).out.strip() == big


#   a ══▶ b: echo, at a link-local address
@pytest.mark.parametrize("transport", ["tcp", "udp", "ws", "caf"])
def test_link_local_addresses_name_their_interface(world, ockam, transport):
    a, b = world.host("a"), world.host("b")
    cable = world.join(a, b, "10.86.1")
    cable.also("fe80::77/64", near="fe80::66/64")
    scheme = "ws://" if transport == "ws" else ""
    mark = "%25" if transport == "ws" else "%"
    b.node(listener(transport, f"{scheme}[fe80::77{mark}{cable.far_device}]:4000", "insecure = yes\n" if transport == "caf" else ""))
    a.node(connection(transport, f"{scheme}[fe80::77{mark}{cable.device}]:4000"))
    wait_until(lambda: answers(ockam), "it answers")
    at = ockam(f"{transport}-listener", "list", "--at", "b", "--output", "json").json
    assert f"%{cable.far_device}]:4000" in str(at), at
    if transport == "tcp":
        peers = ockam("tcp-connection", "list", "--at", "b", "--output", "json").json
        assert f"[fe80::66%{cable.far_device}]:" in str(peers), peers
        route = f"/ip6/fe80::77%{cable.device}/tcp/4000/service/echo"
        assert send(ockam, "over", route).out.strip() == "over"


#   a: alone, with no IPv4 but the loopback's
def test_localhost_where_only_ipv6_leads_out(world, ockam):
    a = world.host("a")
    other = world.host("b")
    cable = world.join(other, a, "10.87.1")
    a.has("2001:db8:87::2/64", cable.far_device)
    subprocess.run(["ip", "-n", a.namespace, "addr", "del", "10.87.1.2/24", "dev", cable.far_device], check=True)
    a.hosts("127.0.0.1 localhost a.test", "::1 localhost")
    a.node(listener("tcp", "127.0.0.1:4000") + connection("tcp", "localhost:4000"))
    wait_until(lambda: is_up(ockam, "a"), "localhost is 127.0.0.1 too")
    assert send(ockam, "x", ECHO).out.strip() == "x"
    for name in ("localhost.", "a.test", "a.test."):
        r = ockam("tcp-connection", "create", "--from", "a", "--to", f"{name}:4000")
        assert r.code == 0, r


#   a: alone, with names for both loopback addresses, or for one and its own address; one family leads out, the node listens at the other
@pytest.mark.parametrize("leads_out,listens", [(6, "127.0.0.1"), (4, "[::1]")])
def test_names_of_this_host_where_one_family_leads_out(world, ockam, leads_out, listens):
    a, other = world.host("a"), world.host("b")
    cable = world.join(other, a, "10.89.1")
    if leads_out == 6:
        a.has("2001:db8:89::2/64", cable.far_device)
        subprocess.run(["ip", "-n", a.namespace, "addr", "del", "10.89.1.2/24", "dev", cable.far_device], check=True)
    own = "2001:db8:89::2" if leads_out == 6 else "10.89.1.2"
    a.hosts("127.0.0.1 localhost both.test", "::1 localhost both.test", f"{own} own.test", f"{listens.strip('[]')} own.test")
    a.node(listener("tcp", f"{listens}:4000") + connection("tcp", "both.test:4000"))
    wait_until(lambda: is_up(ockam, "a"), "the configured one is up")
    for name in ("both.test", "own.test"):
        r = ockam("tcp-connection", "create", "--from", "a", "--to", f"{name}:4000")
        assert r.code == 0, r


def test_a_listener_whose_address_comes_late(world, ockam):
    a = world.host("a")
    node = a.node(listener("tcp", "10.88.1.1:4000") + "[udp-listener u]\naddress = 10.88.1.1:4001\n[tcp-listener here]\naddress = 127.0.0.1:0\n")

    def listed():
        return [at["socket_addr"] for t in ("tcp", "udp") for at in ockam(f"{t}-listener", "list", "--at", "a", "--output", "json").json]

    assert not any("10.88.1.1" in at for at in listed())
    assert node.errors().count("it is tried again every") == 2
    assert ockam("tcp-listener", "create", "--at", "a", "10.88.1.1:4002").code != 0
    a.has("10.88.1.1/24")
    wait_until(lambda: {"10.88.1.1:4000", "10.88.1.1:4001"} <= set(listed()), "they are open")
    assert "listening tcp 10.88.1.1:4000" in node.errors()
    assert node.errors().count("it is tried again every") == 2


def test_an_inlet_and_http_whose_address_comes_late(world, ockam):
    a = world.host("a")
    token = world.home / "token"
    token.write_text("a-token-of-this-test\n")
    token.chmod(0o600)
    node = a.node("[tcp-outlet outlet]\nto = 127.0.0.1:1\n[tcp-inlet i]\nfrom = 10.90.1.1:15432\nto = /service/outlet\n"
                  f"[http]\naddress = 10.90.1.1:9100\ntoken-file = {token}\n")

    def inlet():
        return ockam("tcp-inlet", "show", "i", "--at", "a", "--output", "json").json

    def http_address():
        return ockam("node", "show", "a", "--output", "json").json.get("http_server_address")

    assert inlet()["state"] == "down" and "cannot listen on 10.90.1.1:15432" in inlet()["reason"], inlet()
    assert not http_address()
    assert node.errors().count("it is tried again every") == 2
    a.has("10.90.1.1/24")
    wait_until(lambda: inlet()["state"] == "up", "the inlet is open")
    wait_until(lambda: http_address() == "10.90.1.1:9100", "the node answers there")
    assert "tcp-inlet i has its port: 10.90.1.1:15432" in node.errors()
    assert node.errors().count("it is tried again every") == 2
    # A client whose target refuses may be reset before it knows that it was connected.
    connects = ("import errno, socket, sys\n"
                "sys.exit(any(socket.socket().connect_ex(('10.90.1.1', p)) not in (0, errno.ECONNRESET) for p in (15432, 9100)))")
    reached = subprocess.run(["ip", "netns", "exec", a.namespace, "python3", "-c", connects], capture_output=True, text=True, timeout=20)
    assert reached.returncode == 0, reached
