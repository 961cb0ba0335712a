# SPDX-License-Identifier: Apache-2.0
"""Connections by way of a proxy, with real sockets."""

import pytest
from processes import wait_until
from proxies import Proxy

SECRET = "s3cr3t-w0rd"


def connection_of(ockam, at, transport):
    found = ockam(f"{transport}-connection", "list", "--at", at, "--output", "json").json
    return next(c for c in found if c["worker_addr"] == "0#far")


#   near ══▶ proxy ══▶ far: echo          only the proxy knows where far.test is
@pytest.mark.parametrize("transport", ["tcp", "ws", "wss"])
@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_connection_by_way_of_a_proxy(node, ockam, authority, kind, transport):
    name = "ws" if transport == "wss" else transport
    scheme = "" if transport == "tcp" else f"{transport}://"
    own = f"certificate = {authority}/server.pem\nkey = {authority}/server.key\n" if transport == "wss" else ""
    far = node("far", config=f"[node]\nname = far\n[{name}-listener m]\naddress = {scheme}127.0.0.1:0\nallow = services\n{own}")
    port = far.listeners[0][1].rsplit(":", 1)[1].split("/")[0]
    host = "localhost" if transport == "wss" else "far.test"
    trust = f"ca = {authority}/ca.pem\n" if transport == "wss" else ""
    with Proxy(kind, "me", SECRET, names={host: "127.0.0.1"}) as proxy:
        near = node("near", config=f"[node]\nname = near\nlog-level = trace\n[{name}-connection far]\naddress = {scheme}{host}:{port}\n"
                                   f"proxy = {kind}://me:{SECRET}@127.0.0.1:{proxy.port}\n{trust}")
        wait_until(lambda: connection_of(ockam, "near", name)["state"] == "up", "the link is up")
        assert proxy.asked == [(host, int(port))]
        r = ockam("message", "send", "hello", "--from", "near", "--to", "/worker/far/service/echo")
        assert r.out.strip() == "hello"
        shown = ockam(f"{name}-connection", "show", "far", "--at", "near", "--output", "json").out + ockam("node", "show", "near", "--output", "json").out
        assert SECRET not in near.errors() + shown


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_proxy_that_does_not_know_this_user(node, ockam, kind):
    with Proxy(kind, "me", SECRET) as proxy:
        near = node("near")
        given = ockam("tcp-connection", "create", "--from", "near", "--to", "far.test:4000", "--proxy", f"{kind}://me:wrong-{SECRET}@127.0.0.1:{proxy.port}")
        assert given.code != 0
        assert "does not accept the user and password" in given.err
        none = ockam("tcp-connection", "create", "--from", "near", "--to", "far.test:4000", "--proxy", f"{kind}://127.0.0.1:{proxy.port}")
        assert "asks for a user and a password" in none.err
        assert SECRET not in given.err + none.err + near.errors()
        assert proxy.refused == 2


def test_the_proxy_of_the_environment_only_where_it_is_asked_for(node, ockam):
    far = node("far")
    port = far.listeners[0][1].rsplit(":", 1)[1]
    with Proxy("socks5", names={"far.test": "127.0.0.1"}) as proxy:
        node("near", config=f"[node]\nname = near\n[tcp-connection far]\naddress = far.test:{port}\nproxy = environment\n"
                            f"[tcp-connection straight]\naddress = 127.0.0.1:{port}\nproxy = environment\n"
                            f"[tcp-connection unasked]\naddress = 127.0.0.1:{port}\n",
             env_extra={"ALL_PROXY": f"socks5://127.0.0.1:{proxy.port}", "NO_PROXY": "localhost,127.0.0.0/8"})
        wait_until(lambda: all(c["state"] == "up" for c in ockam("tcp-connection", "list", "--at", "near", "--output", "json").json), "all are up")
        assert proxy.asked == [("far.test", int(port))]


def test_a_wrong_proxy_in_the_configuration_is_named_without_its_secret(run, config_file):
    path = config_file(f"[node]\nname = n\n[tcp-connection c]\naddress = 127.0.0.1:1\nproxy = http://me:{SECRET}@\n")
    r = run("ockam-node", "--config", path, "--check-config")
    assert r.code == 78
    assert "proxy" in r.err and ":5:" in r.err
    assert SECRET not in r.out + r.err
