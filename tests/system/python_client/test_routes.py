# SPDX-License-Identifier: Apache-2.0
"""Routes as people write them."""

import ockam_client as ockam
import pytest
from ockam_client import routes


@pytest.mark.parametrize("text,route", [
    ("/service/hop/worker/x", [(0, "hop"), (0, "x")]), ("echo", [(0, "echo")]), ("1#h:1", [(1, "h:1")]), ("0#", [(0, "")]), ("255#x", [(255, "x")]),
    ("/ip4/1.2.3.4/tcp/80/ws/service/a", [(3, "ws://1.2.3.4:80"), (0, "a")]), ("/ip6/::1/udp/5/service/a", [(2, "[::1]:5"), (0, "a")]),
    ("/dnsaddr/a.b/caf/5", [(200, "a.b:5")]), ("/unix/%2Fa%25b", [(5, "/a%b")]), ("/unix/%2Fa/service/b", [(5, "/a"), (0, "b")]),
    ("/dnsaddr/h/tcp/4000/wss", [(3, "wss://h:4000")]), ("/dnsaddr/h/tcp/4000/service/ws", [(1, "h:4000"), (0, "ws")]),
    ("/dnsaddr/h/tcp/65535", [(1, "h:65535")]), ("/dnsaddr/h/tcp/007", [(1, "h:7")]),
    ("/ip4/1.2.3.4/tcp/1/ip4/1.2.3.4/udp/2", [(1, "1.2.3.4:1"), (2, "1.2.3.4:2")]),
    ("/dnsaddr/h/tcp/" + "0" * 5000 + "7", [(1, "h:7")]), ("0" * 5000 + "1#x", [(1, "x")]), ("000#x", [(0, "x")]), ([(255, "x")], [(255, "x")]),
    (["hop", (1, "h:1"), "2#x"], [(0, "hop"), (1, "h:1"), (2, "x")]), ([(0, "")], [(0, "")])])
def test_routes(text, route):
    assert routes.parse(text) == route


@pytest.mark.parametrize("route,says", [
    ("", "empty"), ([], "empty"), ([""], "empty"), (None, "None is not a route"), (7, "7 is not a route"), (b"echo", "is not a route"),
    ("//", "cannot be part"), ("/service", "/service has no value in '/service'"), ("/unix", "/unix has no value in '/unix'"), ("/ip4", "/ip4 has no value in '/ip4'"), ("/service/", "/service has no value in '/service/'"), ("/service/a/", "cannot be part"),
    ("/ip4/1.2.3/tcp/1", "'1.2.3' is not an address of ip4"), ("/ip6/1.2.3.4/tcp/1", "is not an address of ip6"),
    ("/ip4/1.2.3.4", "1.2.3.4 is not followed by a port"), ("/ip4/1.2.3.4/tcp", "/tcp has no value in '/ip4/1.2.3.4/tcp'"), ("/ip4/1.2.3.4/tcp/x", "'x' is not a port number"),
    ("/ip4/1.2.3.4/tcp/65536", "'65536' is not a port number"), ("/ip4/1.2.3.4/sctp/1", "not followed by a port"),
    ("/ip4/1.2.3.4/tcp/" + "9" * 5000, "is not a port number"), ("/ip4/1.2.3.4/tcp/٣", "is not a port number"), ("/ip4/1.2.3.4/tcp/" + "0" * 20 + "70000", "is not a port number"),
    ("/ip4/1.2.3.4/udp/1/ws", "/ws/ cannot be part"), ("/x/y", "/x/ cannot be part"), ("/node/n1", "/node/ cannot be part"),
    ("x#y#z", "'x#y#z' is not an address"), ("X1#a", "is not an address"), ("1#y#z", "is not an address"), ("256#a", "is not an address"), ("-1#a", "is not an address"),
    ([(300, "x")], "is not an address"), ([(256, "x")], "is not an address"), ([(-1, "x")], "is not an address"), ([("0", "x")], "is not an address"),
    ([(0, b"x")], "is not an address"), ([(0, "x", "y")], "is not an address"), ([None], "is not an address"),
    (["x" * 1025], "has 1025 bytes"), ([(0, "ß" * 513)], "has 1026 bytes"), (["\ud800"], "is not a name"), (["hop"] * 1025, "1025 addresses")])
def test_routes_that_are_none(route, says):
    with pytest.raises(ockam.InvalidRoute) as e:
        routes.parse(route)
    assert says in e.value.cause and e.value.hint


def test_a_long_name_is_shown_in_part():
    with pytest.raises(ockam.InvalidRoute) as e:
        routes.parse("x" * 2000)
    assert "x" * 32 in e.value.cause and "x" * 33 not in e.value.cause


def test_what_gives_addresses_is_a_route():
    assert routes.parse(a for a in ("a", "b")) == routes.parse(("a", "b")) == [(0, "a"), (0, "b")]


def test_the_longest_ones():
    assert len(routes.parse(["x" * 1024] * 1024)) == 1024
    assert routes.parse([(0, "\udcff" * 1024)])  # bytes that are not UTF-8


def test_nodes_are_the_command_lines_business():
    with pytest.raises(ockam.InvalidRoute, match="command line"):
        routes.parse("/node/n1/service/echo")
    with pytest.raises(ockam.InvalidRoute) as e:
        routes.parse("/x/y")
    assert e.value.hint == "for example /service/echo"


def test_random_addresses_differ():
    assert len({routes.random_address() for _ in range(100)}) == 100 and len(routes.random_address()) == 32


def test_they_are_shown():
    assert routes.show((1, "h:1")) == "1#h:1" and routes.show((0, "a\x1b")) == "0#a\\x1b"
    assert routes.show((0, "x" * 1024)) == "0#" + "x" * 1024
    assert routes.show((0, "\x1b" * 1024)) == "0#" + "\\x1b" * 256


@pytest.mark.parametrize("text,way,behind", [
    ("/service/hop/secure/api/service/echo", "/service/hop/secure/api", [(0, "echo")]),
    ("/secure/api/service/echo", "/secure/api", [(0, "echo")]),
    ("/dnsaddr/h/tcp/1/secure/api/secure/inner/service/echo", "/dnsaddr/h/tcp/1/secure/api/secure/inner", [(0, "echo")]),
    ("/service/a/secure/api/service/b/secure/inner/service/hop/service/c", "/service/a/secure/api/service/b/secure/inner", [(0, "hop"), (0, "c")])])
def test_a_channel_is_split_off_at_the_last_one(text, way, behind):
    assert routes.split_at_channel(text) == (way, behind)


@pytest.mark.parametrize("text,says", [
    ("/service/hop/secure/api", "'/service/hop/secure/api' ends in a secure channel"), ("/service/hop/secure/", "ends in a secure channel"),
    ("/service/hop/secure/api/", "ends in a secure channel"), ("/secure//service/echo", "ends in a secure channel"),
    ("/service/hop/x/secure/api/service/echo", "cannot be part"), ("/service/hop/secure/api/x/echo", "/x/ cannot be part")])
def test_what_has_no_channel_or_nothing_behind_it(text, says):
    with pytest.raises(ockam.InvalidRoute, match=says) as e:
        routes.split_at_channel(text)
    assert "ends in" not in says or e.value.hint == "for example …/secure/api/service/echo"
