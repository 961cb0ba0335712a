# SPDX-License-Identifier: Apache-2.0
"""`ockam node create` from YAML."""

import pytest


def test_inline_and_by_position(ockam):
    assert ockam("node", "create", "--configuration", "{name: n1}").out == "n1\n"
    assert ockam("node", "create", "{name: n2}").out == "n2\n"
    assert ockam("node", "create", "n3", "--configuration", "{name: other, log-level: debug}").out == "n3\n"
    assert ockam("node", "create", "--configuration", "n4").out == "n4\n"
    assert len(ockam("node", "create", "--configuration", "").out.strip().split("-")) == 2


def test_a_file(ockam, home):
    (home / "node.yaml").write_text(
        "name: y1\ntcp-listener-address: 127.0.0.1:0\nservices:\n  h1: hop\n  up: {type: uppercase}\n"
        "tcp_listeners:\n  - 127.0.0.1:0\n  - {name: more, address: '127.0.0.1:0', allow: [echo, up]}\nmax-connections: 7\n")
    assert ockam("node", "create", "./node.yaml").out == "y1\n"
    j = ockam("node", "show", "y1").json
    assert len(j["transports"]) == 3 and j["max_connections"] == 7
    assert {"h1", "up"} <= {s["addr"] for s in j["services"]}
    assert ockam("message", "send", "hi", "--to", "/node/y1/service/h1/service/up").out == "HI\n"
    to = next(t for t in j["transports"] if t["socket_addr"] != j["transports"][0]["socket_addr"])
    assert to["connections"] == 0
    assert ockam("node", "create", "--configuration", str(home / "node.yaml")).code == 70, "y1 is there already"
    r = ockam("node", "create", "./missing.yaml")
    assert r.code == 70 and "./missing.yaml" in r.err


def test_connections_and_the_first_listener(ockam):
    to = ockam("node", "create", "n1", "--output", "json").json["transports"][0]["socket_addr"]
    assert ockam("node", "create", "--configuration", f"{{name: n2, tcp-listeners: {{aaa: '127.0.0.1:0'}}, tcp-connections: {{to-n1: '{to}'}}}}").code == 0
    assert ockam("message", "send", "hi", "--to", "/node/n2/worker/to-n1/service/uppercase").out == "HI\n"
    ockam("node", "create", "n3")
    assert ockam("message", "send", "hi", "--from", "n3", "--to", "/node/n2/service/echo").out == "hi\n"


def test_variables(ockam):
    assert ockam("node", "create", "--configuration", "{name: $NAME, services: {'${S}': hop}}", "--variable", "NAME=v1", "--variable", "S=hh").out == "v1\n"
    assert "hh" in ockam("service", "list", "--at", "v1", "--jq", ".[].addr").out
    assert ockam("node", "create", "--configuration", "{variables: {WHO: v2}, name: $WHO}").out == "v2\n"
    assert ockam("node", "create", "--configuration", "{variables: {WHO: v3}, name: $WHO}", env_extra={"WHO": "v4"}).out == "v4\n"
    assert ockam("node", "create", "--configuration", "{name: $WHO}", "--variable", "WHO=v5", env_extra={"WHO": "v6"}).out == "v5\n"
    r = ockam("node", "create", "--configuration", "{name: v7, log-file: $UNSET}", "--variable", "UNSET=")
    assert r.code == 70 and "Empty value for variable 'UNSET'" in r.err
    r = ockam("node", "create", "--configuration", "{name: v7, log-file: $UNSET}")
    assert r.code == 70 and "Failed to resolve variable 'UNSET'" in r.err and "--variable UNSET=VALUE" in r.err


def test_keys_that_are_not_supported_are_named(ockam):
    r = ockam("node", "create", "--configuration", "{name: n1, vaults: r1, loglevel: debug}")
    assert r.code == 0 and r.out == "n1\n"
    assert "not supported: vaults" in r.err and "not supported: loglevel (did you mean log-level?)" in r.err
    assert ockam("node", "create", "--configuration", "{name: n2, vaults: r1}", "-q").err == ""


@pytest.mark.parametrize("yaml,says", [
    ("{name: [}", "line 1 column"), ("just text", "neither a file nor YAML"), ("[a: b]", "not a YAML map"),
    ("{name: bad name}", "Invalid value"), ("{name: n1, threads: many}", "threads"), ("{name: n1, services: {x: nosuch}}", "nosuch"),
    ("{name: n1, tcp-listener-address: {a: b}}", "single value"), ('{name: n1, log-file: "a\\nb"}', "cannot be a value"),
    ("{name: n1, tcp-connections: {c: 'nowhere'}}", "nowhere"), ("{name: n1, name: n2}", "key name is there twice, at line 1"),
    ("{name: n1, services: {a: hop, a: echo}}", "key a is there twice"), ("{name: n1, services: {a: {type: hop, type: echo}}}", "key type is there twice")])
def test_configurations_that_cannot_be(ockam, home, yaml, says):
    r = ockam("node", "create", "--configuration", yaml)
    assert r.code == 70 and says in r.err and "node.ini" not in r.err, r
    assert not (home / "nodes/n1").exists() and ockam("node", "list").out == "[]\n"


def test_more_logging_with_v(ockam, home):
    assert ockam("node", "create", "n1", "-v").code == 0
    assert "log-level = debug" in (home / "nodes/n1/node.ini").read_text()
