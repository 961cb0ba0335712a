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
@pytest.mark.parametrize("transport", ["tcp", "ws", "wss", "caf"])
@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_connection_by_way_of_a_proxy(node, ockam, authority, kind, transport):
    name = "ws" if transport == "wss" else transport
    scheme = f"{transport}://" if name == "ws" else ""
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


def far_node(node):
    return node("far", config="[node]\nname = far\n" + "".join(f"[{t}-listener {t}]\naddress = {scheme}127.0.0.1:0\nallow = services\n"
                                                                for t, scheme in (("tcp", ""), ("ws", "ws://"), ("caf", ""))))


def port_of(far, transport):
    return next(at for kind, at in far.listeners if kind == transport).rsplit(":", 1)[1].split("/")[0]


#   near ══▶ proxy ══▶ far: echo          only the proxy knows where far.test is
@pytest.mark.parametrize("asked_for", ["itself", "the environment"])
@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_links_that_are_made_for_routes_by_way_of_a_proxy(node, ockam, kind, asked_for):
    far = far_node(node)
    with Proxy(kind, "me", SECRET, names={"far.test": "127.0.0.1"}) as proxy:
        url = f"{kind}://me:{SECRET}@127.0.0.1:{proxy.port}"
        value = url if asked_for == "itself" else "environment"
        near = node("near", config=f"[node]\nname = near\nlog-level = trace\n[routing]\nproxy = {value}\n", env_extra={"ALL_PROXY": url, "NO_PROXY": "127.0.0.1"})
        routes = {"tcp": "tcp/{}", "ws": "tcp/{}/ws", "caf": "caf/{}"}
        for transport, route in routes.items():
            port = port_of(far, transport)
            r = ockam("message", "send", "hello", "--from", "near", "--to", f"/dnsaddr/far.test/{route.format(port)}/service/echo")
            assert r.out.strip() == "hello", r
            assert proxy.asked[-1] == ("far.test", int(port))
        straight = ockam("message", "send", "hello", "--from", "near", "--to", f"/ip4/127.0.0.1/tcp/{port_of(far, 'tcp')}/service/echo")
        assert straight.out.strip() == "hello"
        assert len(proxy.asked) == len(routes) + (value == url)
        shown = ockam("node", "show", "near", "--output", "json").out + ockam("tcp-connection", "list", "--at", "near", "--output", "json").out
        assert SECRET not in near.errors() + shown


def test_a_proxy_that_does_not_know_this_user_is_named_to_who_sends(node, ockam):
    with Proxy("http", "me", SECRET) as proxy:
        near = node("near", config=f"[node]\nname = near\n[routing]\nproxy = http://me:wrong-{SECRET}@127.0.0.1:{proxy.port}\n")
        r = ockam("message", "send", "hello", "--from", "near", "--to", "/dnsaddr/far.test/tcp/4000/service/echo", "--timeout", "5s")
        assert r.code != 0 and "does not accept the user and password" in r.err
        assert SECRET not in r.err + near.errors()


def test_a_relay_by_way_of_a_proxy(node, ockam):
    far = far_node(node)
    with Proxy("socks5", names={"far.test": "127.0.0.1"}) as proxy:
        at = f"/dnsaddr/far.test/tcp/{port_of(far, 'tcp')}"
        node("behind", config=f"[node]\nname = behind\n[routing]\nproxy = socks5://127.0.0.1:{proxy.port}\n[relay db]\nat = {at}\n")
        wait_until(lambda: ockam("relay", "show", "db", "--at", "behind", "--output", "json").json["connection_status"] == "Up", "it is up")
        assert proxy.asked == [("far.test", int(port_of(far, "tcp")))]


@pytest.mark.parametrize("section", ["tcp-connection c", "caf-connection c", "routing"])
def test_a_wrong_proxy_in_the_configuration_is_named_without_its_secret(run, config_file, section):
    address = "" if section == "routing" else "address = 127.0.0.1:1"
    path = config_file(f"[node]\nname = n\n[{section}]\n{address}\nproxy = http://me:{SECRET}@\n")
    r = run("ockam-node", "--config", path, "--check-config")
    assert r.code == 78
    assert "proxy" in r.err and ":5:" in r.err
    assert SECRET not in r.out + r.err
