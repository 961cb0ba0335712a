# SPDX-License-Identifier: Apache-2.0
"""`ockam tcp-listener …`, `ockam tcp-connection …` and the same of other transports."""

import socket
import subprocess

import pytest

from processes import on_a_terminal, wait_until


@pytest.fixture
def pair(ockam):
    """n1 and n2; the TCP address of n2."""
    ockam("node", "create", "n1")
    return ockam("node", "create", "n2", "--output", "json").json["transports"][0]["socket_addr"]


def test_listeners(ockam, pair):
    r = ockam("tcp-listener", "create", "127.0.0.1:0", "--at", "n1")
    assert r.code == 0 and r.out.startswith("  ✔ Tcp listener created! You can send messages to it via this route:\n    /dnsaddr/localhost/tcp/")
    j = ockam("tcp-listener", "create", "127.0.0.1:0", "--at", "n1", "--output", "json").json
    assert j["type"] == "Tcp" and j["mode"] == "Listen" and len(j["flow_control_id"]) == 32
    address = j["socket_addr"]
    assert len(ockam("tcp-listener", "list", "--at", "n1", "--output", "json").json) == 3
    assert f"TCP, Listening at {address}" in ockam("tcp-listener", "list", "--at", "n1").out.splitlines()
    for which in (address, j["processor_address"]):
        assert ockam("tcp-listener", "show", which, "--at", "n1").json["socket_addr"] == address
    r = ockam("tcp-listener", "delete", address, "--at", "n1")
    assert r.code == 70 and "Use --yes to confirm" in r.err
    assert ockam("tcp-listener", "delete", address, "--at", "n1", "-y").json["node"] == "n1"
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", int(address.rsplit(":")[1])), timeout=2)
    r = ockam("tcp-listener", "delete", address, "--at", "n1", "-y")
    assert r.code == 70 and address in r.err


@pytest.mark.parametrize("address,hint", [("bad", "host:port"), ("localhost:4146", "127.0.0.1:4146"), ("4147", "127.0.0.1:4147")])
def test_listeners_that_cannot_be(ockam, pair, address, hint):
    r = ockam("tcp-listener", "create", address, "--at", "n1")
    assert r.code == 70 and address in r.err and hint in r.err
    assert len(ockam("tcp-listener", "list", "--at", "n1", "--output", "json").json) == 1


def test_a_port_in_use(ockam, pair):
    r = ockam("tcp-listener", "create", pair, "--at", "n1")
    assert r.code == 70 and "in use" in r.err and "OCK409" in r.err


def test_connections(ockam, pair):
    r = ockam("tcp-connection", "create", "--from", "n1", "--to", pair)
    route = r.out.strip()
    assert r.code == 0 and route.startswith("/worker/") and len(route) == 40
    j = ockam("tcp-connection", "create", "--from", "n1", "--to", pair.replace("127.0.0.1", "localhost"), "--output", "json").json
    assert j["from"] == "n1" and j["address"].startswith("/worker/") and j["to"].startswith("localhost:")
    assert ockam("message", "send", "hi", "--from", "n1", "--to", route + "/service/uppercase").out == "HI\n"
    listed = ockam("tcp-connection", "list", "--at", "n1", "--output", "json").json
    assert [c["mode"] for c in listed] == ["Outgoing", "Outgoing"]
    assert ockam("tcp-connection", "list", "--at", "n1").out.splitlines() == [f"TCP, Outgoing at {a}" for a in (pair, pair.replace("127.0.0.1", "localhost"))]
    assert "TCP, Incoming at 127.0.0.1:" in ockam("tcp-connection", "list", "--at", "n2").out
    link = route.removeprefix("/worker/")
    for which in (link, "0#" + link, route, "/service/" + link):
        shown = ockam("tcp-connection", "show", which, "--at", "n1", "--output", "json").json
        assert shown["route"] == route and shown["state"] == "up" and shown["messages_out"] == 1
    page = ockam("tcp-connection", "show", pair, "--at", "n1").out
    assert "TCP Connection:" in page and f"Socket address: {pair}" in page and "Flow Control Id: " in page
    r = ockam("tcp-connection", "delete", link, "--at", "n1")
    assert r.code == 70 and "Use --yes to confirm" in r.err
    assert ockam("tcp-connection", "delete", link, "--at", "n1", "-y").json == {"address": link}
    assert ockam("tcp-connection", "delete", link, "--at", "n1", "-y").code == 70
    r = ockam("message", "send", "hi", "--from", "n1", "--to", route + "/service/uppercase")
    assert r.code == 70 and link in r.err


def test_what_is_deleted_where_there_is_none_of_it(ockam, pair):
    """A script that cleans up does not fail because there is nothing to clean up."""
    for words in (["tcp-connection", "delete", "x", "--at", "n1"], ["udp-listener", "delete", "x", "--at", "n1", "-y"],
                  ["uds-connection", "delete", "x", "--at", "n1"], ["ws-listener", "delete", "x", "--at", "n1"]):
        r = ockam(*words)
        assert (r.code, r.out) == (0, "[]\n"), r
        assert ockam(*words, "--output", "json").json == []
    for words in (["tcp-listener", "delete", "127.0.0.1:9", "--at", "n1"], ["tcp-listener", "delete", "127.0.0.1:9", "--at", "n1", "-y"]):
        r = ockam(*words)
        assert r.code == 70 and "Listener 127.0.0.1:9 was not found" in r.err and "ockam tcp-listener list --at n1" in r.err, r
    r = ockam("tcp-listener", "show", "nothing-like-it")
    assert r.code == 70 and "see what there is with: ockam tcp-listener list" in r.err, r
    ockam("tcp-connection", "create", "--from", "n1", "--to", pair)
    r = ockam("tcp-connection", "delete", "nope", "--at", "n1", "-y")
    assert r.code == 70 and "Connection nope was not found" in r.err
    assert ockam("tcp-connection", "delete", "x", "--at", "nope", "-y").code == 70, "no such node is not: nothing there"


def test_lists_on_a_terminal(ockam, pair, programs, env):
    """They show what the next command needs, on lines no wider than the terminal."""
    link = ockam("tcp-connection", "create", "--from", "n1", "--to", pair).out.strip()
    port = pair.rsplit(":")[1]

    def table(*words, width=0):
        return on_a_terminal(programs / "ockam", words, {**env, "NO_COLOR": "1"}, width=width)[0].replace("\r", "").splitlines()

    head, row = table("tcp-connection", "list", "--at", "n1")
    assert head.split() == ["LINK", "PEER", "STATE", "SEND", "TO"] and row.split() == ["Outgoing", pair, "up", link]
    assert head.index("SEND TO") == row.index(link)
    head, row = table("tcp-listener", "list", "--at", "n2")
    assert head.split() == ["LISTENING", "AT", "ROUTE", "CONNECTIONS"] and row.split() == [pair, f"/dnsaddr/localhost/tcp/{port}", "1"]
    head, *rows = table("worker", "list", "--at", "n1")
    assert head.split() == ["WORKER", "TYPE", "THREAD", "MESSAGES"] and all(rows), "no worker has a behavior, children or monitors"
    assert ["echo", "echo", "socket", "0"] in [r.split() for r in rows] and len({r.rstrip().rfind(" ") + len(r.split()[-1]) for r in rows}) == 1
    head, *rows = table("service", "list", "--at", "n1")
    assert head.split() == ["SERVICE", "TYPE", "REACHED", "BY"] and ["echo", "echo", "network"] in [r.split() for r in rows]
    assert ["hop", "hop", "this", "node", "only"] in [r.split() for r in rows]
    for width in (20, 60, 80):
        assert max(map(len, table("tcp-connection", "list", "--at", "n1", width=width))) <= width
    assert link in table("tcp-connection", "list", "--at", "n1", width=80)[1], "what is needed is whole"
    assert any(link.removeprefix("/worker/") in r for r in table("worker", "list", "--at", "n1", width=80)), "and in other lists"
    assert table("udp-listener", "list", "--at", "n1") == ["  > There are no UDP listeners"]


def test_connections_that_cannot_be(ockam, pair):
    r = ockam("tcp-connection", "create", "--from", "n1", "--to", "127.0.0.1:1")
    assert r.code == 70 and "127.0.0.1:1" in r.err and r.seconds < 5
    r = ockam("tcp-connection", "create", "--from", "n1", "--to", "bad")
    assert r.code == 70 and "host:port" in r.err
    with socket.create_server(("127.0.0.1", 0)) as silent:
        to = f"127.0.0.1:{silent.getsockname()[1]}"
        r = ockam("tcp-connection", "create", "--from", "n1", "--to", to, "--timeout", "300ms")
        assert r.code == 70 and r.seconds < 3
    assert ockam("tcp-connection", "list", "--at", "n1", "--output", "json").json == []
    r = ockam("tcp-connection", "create", "--from", "n1")
    assert r.code == 64 and "--to <ADDRESS>" in r.out
    r = ockam("tcp-connection", "show", "nope", "--at", "n1")
    assert r.code == 70 and "Connection nope was not found" in r.err


def test_a_default_node_is_made_for_them(ockam, pair):
    ockam("node", "delete", "--all", "-y")
    with socket.create_server(("127.0.0.1", 0)):
        assert ockam("tcp-listener", "create", "127.0.0.1:0").code == 0
    assert len(ockam("node", "list").json) == 1


def test_unix_sockets(ockam, pair, home, env, programs):
    r = ockam("uds-listener", "create", "n2.sock", "--at", "n2", "--allow", "services")
    assert r.code == 0 and "/unix/%2F" in r.out and "%2Fn2.sock" in r.out, r
    link = ockam("uds-connection", "create", "--from", "n1", "--to", str(home / "n2.sock")).out.strip()
    assert ockam("message", "send", "hi", "--from", "n1", "--to", link + "/service/uppercase").out == "HI\n"
    [c] = ockam("uds-connection", "list", "--at", "n1", "--output", "json").json
    assert c["type"] == "Uds" and c["state"] == "up"


def test_keys_of_a_transport_are_options(ockam, pair, home):
    made = ockam("udp-listener", "create", "127.0.0.1:0", "--at", "n2", "--worker", "udp", "--datagram-size", "1KiB", "--output", "json").json
    assert made["processor_address"] == "0#udp"
    assert ockam("udp-connection", "create", "--from", "n1", "--to", made["socket_addr"], "--keep-alive", "20s").code == 0
    assert ockam("uds-listener", "create", "open.sock", "--at", "n2", "--mode", "660").code == 0
    assert (home / "open.sock").stat().st_mode & 0o777 == 0o660
    assert ockam("caf-listener", "create", "0.0.0.0:0", "--at", "n2").code == 70
    assert ockam("caf-listener", "create", "0.0.0.0:0", "--at", "n2", "--insecure").code == 0


@pytest.mark.parametrize("words,says", [
    (("udp-connection", "create", "--from", "n1", "--to", "127.0.0.1:1", "--datagram-size", "9"), "64 and 65507"),
    (("uds-listener", "create", "n.sock", "--at", "n1", "--mode", "rwx"), "mode: "),
    (("ws-connection", "create", "--from", "n1", "--to", "wss://127.0.0.1:1", "--ca", "no.pem"), "{home}/no.pem: No such file or directory")])
def test_keys_of_a_transport_that_are_wrong(ockam, pair, home, words, says):
    r = ockam(*words)
    assert r.code == 70 and says.replace("{home}", str(home)) in r.err, r


@pytest.mark.parametrize("family,address", [("tcp", "127.0.0.1:0"), ("tcp", "[::1]:0"), ("udp", "127.0.0.1:0"), ("uds", "a%b.sock"),
                                            ("ws", "ws://127.0.0.1:0"), ("caf", "127.0.0.1:0")])
def test_the_route_of_a_listener_leads_to_it(ockam, pair, family, address):
    """A route can name every transport; the node where it begins connects."""
    made = ockam(f"{family}-listener", "create", address, "--at", "n2", "--allow", "services", "--output", "json").json
    route = made["route"]
    if family == "uds":
        assert route.startswith("/unix/%2F") and route.endswith("%2Fa%25b.sock")
    assert ockam("message", "send", "hi", "--from", "n1", "--to", route + "/service/uppercase").out == "HI\n"
    listed = ockam(f"{family}-listener", "list", "--at", "n2", "--output", "json").json
    assert route in [l["route"] for l in listed]


def test_a_connection_comes_back(ockam, pair):
    link = ockam("tcp-connection", "create", "--from", "n1", "--to", pair).out.strip()
    once = ockam("tcp-connection", "create", "--from", "n1", "--to", pair, "--once").out.strip()
    ockam("node", "stop", "n2")
    wait_until(lambda: ockam("tcp-connection", "show", link, "--at", "n1", "--output", "json").json["state"] != "up", "it is seen as down")
    assert ockam("tcp-connection", "show", once, "--at", "n1").code == 70
    ockam("node", "start", "n2")
    send = lambda: ockam("message", "send", "hi", "--from", "n1", "--to", link + "/service/uppercase", "--timeout", "1s").out
    wait_until(lambda: send() == "HI\n", "it carries messages again")
    j = ockam("tcp-connection", "show", link, "--at", "n1", "--output", "json").json
    assert j["reconnects"] >= 1 and j["reconnects_by_itself"] is True
