# SPDX-License-Identifier: Apache-2.0
"""Secure channels between real processes, by their configurations and at the prompt."""

import json
import re

import wire
from processes import on_a_terminal, wait_until

NOBODY = "I" + "0" * 64


def config(name, more=""):
    return (f"[node]\nname = {name}\n[identity]\nvault = {name}.vault\nhistory = {name}.identity\n"
            f"[tcp-listener main]\naddress = 127.0.0.1:0\n[service hop]\ntype = hop\n{more}")


def identity_of(n):
    return re.search(r"this node is (I[0-9a-f]{64})", n.errors()).group(1)


def two_nodes(node):
    b = node("n2", config=config("n2"))
    return node("n1", config=config("n1")), b


def test_a_channel_of_the_prompt_is_used_by_its_address_and_deleted(node, ockam):
    a, b = two_nodes(node)
    made = ockam("secure-channel", "create", "--from", "n1", "--to", "/node/n2/service/api")
    assert made.code == 0, made
    address = made.out.strip()
    assert re.fullmatch(r"/service/[0-9a-f]{32}", address)
    assert ockam("message", "send", "hello", "--from", "n1", "--to", f"{address}/service/uppercase").out.strip() == "HELLO"
    assert ockam("message", "send", "hello", "--from", "n1", "--to", "-/service/uppercase", stdin=made.out).out.strip() == "HELLO"
    (listed,) = ockam("secure-channel", "list", "--at", "n1").json
    assert (listed["address"], listed["their_identifier"], listed["state"]) == (address, identity_of(b), "up")
    shown = ockam("secure-channel", "show", "--at", f"/node/n1{address}").json
    assert shown["their_change_history"] == (b.log_path.parent / "n2.identity").read_text().strip()
    assert re.fullmatch(r"/service/[0-9a-f]{32}/service/api", shown["route"]), shown
    assert ockam("message", "send", "hello", "--from", "n1", "--to", shown["route"].replace("/api", "/uppercase")).out.strip() == "HELLO", "by the link"
    inner = ockam("secure-channel", "create", "--from", "n1", "--to", f"{address}/service/api").out.strip()
    assert ockam("secure-channel", "show", "--at", f"/node/n1{inner}").json["route"] == f"{address}/service/api"
    assert ockam("secure-channel", "delete", inner, "--at", "n1", "-y").code == 0
    assert ockam("secure-channel", "delete", address, "--at", "n1").code != 0  # --yes to confirm
    assert ockam("secure-channel", "delete", address, "--at", "n1", "-y").out.strip() == address
    assert ockam("secure-channel", "list", "--at", "n1").json == []
    assert "not found" in ockam("secure-channel", "delete", address, "--at", "n1", "-y").err


def test_secure_in_a_route_makes_a_channel_for_its_message(node, ockam):
    a, b = two_nodes(node)
    for route in ("/node/n2/secure/api/service/uppercase", "/node/n2/secure/api/secure/api/service/uppercase"):
        sent = ockam("message", "send", "hello", "--from", "n1", "--to", route)
        assert (sent.code, sent.out.strip()) == (0, "HELLO"), sent
    wait_until(lambda: ockam("secure-channel-listener", "show", "api", "--at", "n2", "--output", "json").json["channels"] == 0,
               "the channels have ended with their users")


def test_who_is_not_authorized_gets_no_channel_and_a_reason(node, ockam):
    a, b = two_nodes(node)
    refused = ockam("secure-channel", "create", "--from", "n1", "--to", "/node/n2/service/api", "--authorized", NOBODY)
    assert refused.code != 0
    assert f"{identity_of(b)} is not authorized" in refused.err
    assert "somebody else than --authorized names" in refused.err and "is the listener there" not in refused.err, refused
    assert ockam("secure-channel", "list", "--at", "n1").json == []
    assert ockam("secure-channel", "create", "--from", "n1", "--to", "/node/n2/service/api", "--authorized", "bad").code == 64


def test_listeners_are_made_listed_shown_and_deleted(node, ockam, env, programs):
    a, b = two_nodes(node)
    assert ockam("secure-channel-listener", "list", "--at", "n2").out.strip() == "│ Listener at /service/api"
    rows = on_a_terminal(programs / "ockam", ["secure-channel-listener", "list", "--at", "n2"], env)[0].splitlines()
    assert [r.split() for r in rows] == [["LISTENER", "AUTHORIZED", "ALLOW", "CHANNELS"], ["/service/api", "anybody", "services", "0"]], rows
    made = ockam("secure-channel-listener", "create", "lst", "--at", "n2", "--authorized", identity_of(a))
    assert made.out.strip() == "/service/lst"
    assert ockam("secure-channel-listener", "create", "lst", "--at", "n2").code != 0
    assert ockam("message", "send", "hello", "--from", "n1", "--to", "/node/n2/secure/lst/service/uppercase").out.strip() == "HELLO"
    assert ockam("secure-channel-listener", "show", "lst", "--at", "n2").out.strip() == "/service/lst"
    assert ockam("secure-channel-listener", "delete", "lst", "--at", "n2").out.strip() == "0#lst"
    assert ockam("secure-channel-listener", "delete", "lst", "--at", "n2").code != 0


def test_the_log_says_at_which_listener_and_by_which_way_a_handshake_has_failed(node, ockam):
    a, b = two_nodes(node)
    assert ockam("secure-channel-listener", "create", "lst", "--at", "n2", "--authorized", NOBODY).code == 0
    assert ockam("secure-channel", "create", "--from", "n1", "--to", "/node/n2/service/lst", "--timeout", "1s").code != 0
    wait_until(lambda: "a handshake that begins elsewhere" in b.errors(), "the log says so")
    said = re.search(r"a handshake that begins elsewhere, at listener lst from (\S+) .*has failed, not-authorized: (I[0-9a-f]{64})", b.errors())
    assert said and said.group(2) == identity_of(a), b.errors()
    assert said.group(1).startswith("0#"), said


def test_a_service_of_the_prompt_takes_messages_of_whom_it_names_only(node, ockam):
    a, b = two_nodes(node)
    node("n3", config=config("n3"))
    assert ockam("service", "start", "echo", "--addr", "mine", "--at", "n2", "--allow-from", f"uid=4294967294 | {identity_of(a)}").code == 0
    assert ockam("worker", "show", "mine", "--at", "n2", "--output", "json").json["takes_from"] == ["uid=4294967294", identity_of(a)]

    def sent(name, route):
        return ockam("message", "send", "hello", "--from", name, "--to", route, "--timeout", "3s")

    assert sent("n1", "/node/n2/secure/api/service/mine").out.strip() == "hello"
    for refused in (sent("n3", "/node/n2/secure/api/service/mine"), sent("n1", "/node/n2/service/mine"), sent("n2", "/service/mine")):
        assert refused.code == 70 and refused.out == "" and "does not let this peer reach 0#mine" in refused.err, refused
    assert sent("n3", "/node/n2/secure/api/service/echo").out.strip() == "hello", "the others are as before"
    wrong = ockam("service", "start", "echo", "--addr", "other", "--at", "n2", "--allow-from", "I0")
    assert wrong.code == 64 and "--allow-from <local|IDENTITY…>" in wrong.out, wrong


def test_yaml_names_nodes_in_routes_of_channels_and_the_listener_of_the_reference(ockam):
    ids = {}
    for name in ("n1", "y1"):
        assert ockam("identity", "create", f"who-{name}").code == 0
        ids[name] = ockam("identity", "show", f"who-{name}").out.strip()
    made = ockam("node", "create", "--configuration", "{name: n1, identity: who-n1, services: {secure-channel-listener: "
                                                      f"{{address: lst, authorized-identifiers: [{ids['y1']}]}}}}}}")
    assert (made.code, made.out) == (0, "n1\n"), made
    assert ockam("secure-channel-listener", "show", "lst", "--at", "n1", "--output", "json").json["authorized_identifiers"] == [ids["y1"]]
    made = ockam("node", "create", "--configuration", "{name: y1, identity: who-y1, secure-channels: {c1: {to: /node/n1/service/lst}, c2: /node/y1/service/api}}")
    assert (made.code, made.out) == (0, "y1\n"), made
    for route in ("/service/c1/service/uppercase", "/service/c2/service/uppercase"):
        assert ockam("message", "send", "hello", "--from", "y1", "--to", route).out.strip() == "HELLO", route
    wrong = ockam("node", "create", "--configuration", "{name: y2, secure-channels: {c1: {to: /node/nope/service/api}}}")
    assert wrong.code == 70 and "There is no node with name nope" in wrong.err, wrong


def test_a_node_without_an_identity_has_no_channels_and_says_why(node, ockam):
    node("n2", config=config("n2"))
    node("n1")
    refused = ockam("secure-channel", "create", "--from", "n1", "--to", "/node/n2/service/api")
    assert refused.code != 0
    assert "no identity" in refused.err


def test_a_configured_channel_lives_through_the_restart_of_its_other_end(node, ockam):
    b = node("n2", config=config("n2"))
    more = f"[secure-channel c]\nto = /ip4/127.0.0.1/tcp/{b.port}/service/api\nallow = hop\n"
    a = node("n1", config=config("n1", more))
    with a.peer() as p:
        assert p.ask(["hop", "c", "uppercase"], wire.bare("hello")).payload == wire.bare("HELLO")
    port = b.port
    b.stop()
    node("n2", config=config("n2").replace("127.0.0.1:0", f"127.0.0.1:{port}"))

    def works():
        sent = ockam("message", "send", "hello", "--from", "n1", "--to", "/service/c/service/uppercase", "--timeout", "2s")
        return sent.out.strip() == "HELLO"

    wait_until(works, "the channel is there again", 30)
    (listed,) = ockam("secure-channel", "list", "--at", "n1").json
    assert listed["openings"] >= 2


def test_node_show_has_the_listener_that_every_node_with_an_identity_has(ockam):
    assert ockam("node", "create", "n1").code == 0
    shown = ockam("node", "show", "n1", "--output", "json").json["secure_channel_listeners"]
    assert [bytes(l["address"]["inner"]) for l in shown] == [b"api"]
    assert len(shown[0]["flow_control_id"]) == 32 and shown[0]["is_key_exchange_only"] is False
