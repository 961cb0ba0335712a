# SPDX-License-Identifier: Apache-2.0
"""Relays with real processes: three nodes at the prompt, what scripts read, what comes back after a stop, a crash and a reload."""

import contextlib
import os
import signal
import subprocess
import threading

import pytest

import wire
from processes import kill, pid_of, wait_until

FIELDS = {"connection_status", "destination_address", "flow_control_id", "forwarding_route", "last_failure", "name", "remote_address", "worker_address"}


@pytest.fixture
def nodes(ockam):
    """relay, which can be dialled, db, which only dials, and app; the route to the relay node."""
    address = ockam("node", "create", "relay", "--output", "json").json["transports"][0]["socket_addr"]
    for name in ("db", "app"):
        assert ockam("node", "create", name).code == 0
    return "/ip4/127.0.0.1/tcp/" + address.split(":")[1]


def create(ockam, *words):
    r = ockam("relay", "create", *words)
    assert r.code == 0, r
    return r


def relay(ockam, name="db", at="db"):
    return ockam("relay", "show", name, "--at", at, "--output", "json").json


def is_up(ockam, name="db", at="db"):
    r = ockam("relay", "show", name, "--at", at, "--output", "json")
    return r.code == 0 and r.json["connection_status"] == "Up"


def through(ockam, name="db", service="uppercase", *more):
    return ockam("message", "send", "hello", "--timeout", "3", "--to", f"/node/relay/service/forward_to_{name}/service/{service}", *more)


def test_a_node_that_nobody_dials_is_reached_by_its_relay(ockam, nodes):
    assert create(ockam, "db", "--at", "/node/relay", "--to", "db").out == "/service/forward_to_db\n"
    assert through(ockam).out == "HELLO\n"
    assert through(ockam, "db", "echo", "--from", "app").out == "hello\n"
    assert create(ockam, "other", "--at", nodes, "--to", "/node/db", "--relay-address", "custom").out == "/service/forward_to_custom\n"
    assert through(ockam, "custom").out == "HELLO\n"
    assert create(ockam, "--at", "relay", "--to", "app").out == "/service/forward_to_default\n"
    assert through(ockam, "default").out == "HELLO\n"


def test_what_scripts_read_is_as_recorded(ockam, nodes):
    made = create(ockam, "db", "--at", "relay", "--to", "db", "--output", "json").json
    assert FIELDS <= made.keys()
    assert made["connection_status"] == "Up" and made["destination_address"] == nodes and made["last_failure"] is None
    assert made["remote_address"] == "forward_to_db" and made["worker_address"].startswith("0#")
    first, last = made["forwarding_route"].split(" => ")
    assert len(first) == 34 and last == "0#forward_to_db" and len(made["flow_control_id"]) == 32
    listed = ockam("relay", "list", "--to", "db").json
    assert [r["name"] for r in listed] == ["db"] and FIELDS <= listed[0].keys()
    assert ockam("relay", "list", "--to", "app").out == "[]\n"
    assert ockam("relay", "list", "--to", "db", "--output", "json", "--jq", ".[].remote_address").out == '"forward_to_db"\n'
    assert ockam("relay", "show", "db", "--at", "db").out == "db\n"
    shown = relay(ockam)
    assert shown["remote_address"] == "/service/forward_to_db" and shown["relay_route"] == made["forwarding_route"]
    assert shown["worker_address"] == "/service/" + made["worker_address"][2:] and shown["destination"] == nodes
    deleted = ockam("relay", "delete", "db", "--at", "db", "-y")
    assert deleted.out == "  ✔ Relay with name db on Node db has been deleted\n"
    again = ockam("relay", "delete", "db", "--at", "db")
    assert (again.code, again.out) == (0, "[]\n"), "there is none any more"
    assert ockam("relay", "list", "--to", "db").out == "[]\n"
    assert through(ockam).code == 70


def test_one_that_cannot_be_yet_is_no_error_and_says_why(ockam, nodes):
    r = create(ockam, "db", "--at", "/ip4/127.0.0.1/tcp/1", "--to", "db")
    assert r.json["connection_status"] == "Down" and r.json["remote_address"] is None and r.json["forwarding_route"] is None
    assert "refused" in relay(ockam)["last_failure"]
    assert create(ockam, "y", "--at", "/ip4/127.0.0.1/tcp/1", "--to", "db", "--no-connection-wait").json["connection_status"] == "Down"


@pytest.mark.parametrize("words,says", [
    (("x", "--at", "nope", "--to", "db"), "There is no node with name nope"),
    (("x", "--at", "/node/relay", "--to", "nope"), "There is no node with name nope"),
    (("x", "--to", "db"), "There is no default project defined"),
    (("x", "--at", "garbage/", "--to", "db"), "invalid value '(\"garbage/\")' for 'at'"),
    (("x", "--at", "/node/db", "--to", "db"), "cannot have a relay at itself")])
def test_what_cannot_be(ockam, nodes, words, says):
    r = ockam("relay", "create", *words)
    assert r.code == 70 and says in r.err, r
    assert ockam("relay", "list", "--to", "db").out == "[]\n"


def test_names_that_are_taken_or_not_there(ockam, nodes):
    create(ockam, "db", "--at", "relay", "--to", "db")
    again = ockam("relay", "create", "db", "--at", "relay", "--to", "db")
    assert again.code == 70 and "A relay with the name 'db' already exists" in again.err
    for r in (ockam("relay", "show", "dbx", "--at", "db"), ockam("relay", "delete", "dbx", "--at", "db", "-y")):
        assert r.code == 70 and "The relay dbx was not found" in r.err and "did you mean db?" in r.err
    assert ockam("relay", "show").code == 70
    assert ockam("relay", "show", "db", "--to", "db").code == 64
    for name in ("a/b", "a#b", "x" * 300):
        assert ockam("relay", "create", name, "--at", "relay", "--to", "db").code == 64


def test_pipes(ockam, nodes, env, home):
    def sh(line):
        return subprocess.run(["sh", "-c", line], env=env, cwd=home, capture_output=True, text=True, timeout=30)

    done = sh("ockam relay create db --at /node/relay --to db | ockam message send hello --to /node/relay/-/service/uppercase")
    assert (done.returncode, done.stdout) == (0, "HELLO\n"), done


# -- durable -----------------------------------------------------------------------------------------


def test_comes_back_after_a_stop_and_a_crash_of_either_node(ockam, nodes, home):
    create(ockam, "db", "--at", "relay", "--to", "db", "--relay-address", "d")
    text = (home / "nodes/db/node.ini").read_text()
    assert "[relay db]" in text and f"at = {nodes}" in text and "relay-address = d" in text
    for name in ("db", "relay", "db"):
        assert ockam("node", "stop", name).code == 0
        assert ockam("node", "start", name).code == 0
        wait_until(lambda: is_up(ockam), "up again", 10)
        assert through(ockam, "d").out == "HELLO\n"
    for name in ("relay", "db"):
        kill(pid_of(ockam, name))
        assert ockam("node", "start", name).code == 0
        wait_until(lambda: is_up(ockam), "up again", 10)
        assert through(ockam, "d").out == "HELLO\n"
    assert ockam("relay", "delete", "db", "--at", "db", "-y").code == 0
    assert "[relay" not in (home / "nodes/db/node.ini").read_text()
    ockam("node", "stop", "db"), ockam("node", "start", "db")
    assert ockam("relay", "list", "--to", "db").out == "[]\n"


def test_the_relay_node_may_be_stopped_when_the_relay_is_made(ockam, nodes):
    ockam("node", "stop", "relay")
    assert create(ockam, "db", "--at", "/node/relay", "--to", "db").json["connection_status"] == "Down"
    ockam("node", "start", "relay")
    wait_until(lambda: is_up(ockam), "up", 10)
    assert through(ockam).out == "HELLO\n"


def test_one_that_a_frozen_node_has_is_noticed_within_8_seconds_and_is_back_within_5(ockam, nodes):
    create(ockam, "db", "--at", "relay", "--to", "db")
    pid = pid_of(ockam, "relay")
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: not is_up(ockam), "noticed", 8)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: is_up(ockam), "back", 5)
    assert through(ockam).out == "HELLO\n"


# -- configurations ----------------------------------------------------------------------------------


def ini(relays):
    return "[node]\nname = db\n" + "".join(f"[relay {name}]\nat = {at}\n" for name, at in relays.items())


def relays_of(peer, name):
    return peer.ask([f"forward_to_{name}", "uppercase"], wire.bare("x")).payload


def test_a_reload_adds_changes_and_ends_relays(node, ockam, home):
    center = node("relay")
    at = f"/ip4/127.0.0.1/tcp/{center.port}"
    behind = node("db", config=ini({"stays": at, "goes": at}))
    wait_until(lambda: is_up(ockam, "stays") and is_up(ockam, "goes"), "both up")
    with center.peer() as p:
        assert relays_of(p, "goes") == wire.bare("X")
    (home / "db.ini").write_text(ini({"stays": at, "comes": at}))
    behind.send_signal(signal.SIGHUP)
    wait_until(lambda: is_up(ockam, "comes"), "the new one is up")
    names = {r["name"]: r["registrations"] for r in ockam("relay", "list", "--to", "db").json}
    assert names == {"stays": 1, "comes": 1}
    with center.peer() as p:
        assert relays_of(p, "stays") == wire.bare("X") and relays_of(p, "comes") == wire.bare("X")
    before = (home / "db.ini").read_text()
    assert ockam("relay", "create", "more", "--at", at, "--to", "db").code == 0
    assert (home / "db.ini").read_text() == before, "an operator's own file is never written"


@pytest.mark.parametrize("text,says", [
    ("[relay a]\n", "has no at"), ("[relay a]\nat = nowhere\n", "nowhere"), ("[relay a]\nat = /node/n2\n", "command line"),
    ("[relay]\nat = /ip4/1.2.3.4/tcp/1\n", "needs a name"), ("[relay a]\nat = /ip4/1.2.3.4/tcp/1\nto = b\n", "no key to"),
    ("[relay a/b]\nat = /ip4/1.2.3.4/tcp/1\n", "has no /"), ("[relay a]\nat = /ip4/1.2.3.4/tcp/1\nrelay-address = x#y\n", "no #")])
def test_files_that_are_wrong(run, config_file, text, says):
    r = run("ockam-node", "--config", config_file("[node]\nname = n1\n" + text), "--check-config")
    assert r.code == 78 and says in r.err, r


def test_yaml_in_its_forms(ockam, nodes):
    forms = {"y1": "{r1: {at: /node/relay, to: y1}}", "y2": "[{r2: {at: /node/relay}}]", "y3": "{at: relay, relay-address: r3}",
             "y4": "[{name: r4, at: /node/relay, to: /node/y4}]"}
    for name, relays in forms.items():
        r = ockam("node", "create", "--configuration", f"{{name: {name}, relays: {relays}}}")
        there = name.replace("y", "r")
        assert (r.code, r.out, r.err) == (0, f"{name}/service/forward_to_{there}\n", ""), r
        assert through(ockam, there).out == "HELLO\n", "it was up when it was printed"


def test_yaml_prints_relays_before_outlets_and_inlets_and_says_which_are_not_up(ockam, nodes):
    r = ockam("node", "create", "--configuration", "{name: y5, tcp-inlets: {i: {from: '127.0.0.1:0', to: /service/o}}, tcp-outlets: {o: {to: 1}}, "
                                                   "relays: {b5: {at: /node/relay}, a5: {at: /ip4/127.0.0.1/tcp/1}}}")
    port = ockam("tcp-inlet", "show", "i", "--at", "y5", "--output", "json").json["bind_addr"]
    assert (r.code, r.out) == (0, f"y5/service/forward_to_b5/service/o{port}\n"), r
    assert "a5 is not up yet" in r.err and "b5" not in r.err, r


@pytest.mark.parametrize("relays,says", [
    ("r5", "There is no default project defined"), ("[r5, r6]", "There is no default project defined"),
    ("{r5: {at: /node/nope}}", "There is no node with name nope"), ("{r5: {at: /node/relay, to: other}}", "another node"),
    ("{r5: {at: /node/relay, too: n5}}", "too"), ("{r5: {}}", "There is no default project defined")])
def test_yaml_that_cannot_be_leaves_nothing(ockam, nodes, home, relays, says):
    r = ockam("node", "create", "--configuration", f"{{name: n5, relays: {relays}}}")
    assert r.code == 70 and says in r.err, r
    assert not (home / "nodes/n5").exists()
    assert "n5" not in ockam("node", "list").out


# -- limits and bad input ------------------------------------------------------------------------------


def test_a_peer_that_registers_ten_thousand_names_meets_the_limit_and_leaves_nothing(node, ockam):
    center = node("relay", config="[node]\nname = relay\nmax-relays-per-peer = 100\n[tcp-listener main]\naddress = 127.0.0.1:0\n")
    with center.peer(timeout=30) as p:
        p.send_raw(b"".join(wire.frame(["forwarding_service"], ["me"], wire.bare(f"n{i}")) for i in range(10_000)))
        assert [p.receive().back for _ in range(100)] == [[f"forward_to_n{i}"] for i in range(100)]
        assert p.ask(["echo"], b"there").payload == b"there", "the others had no answer"
        refused = p.ask(["forwarding_service"], wire.bare("one more"), extras={"ockam_report": "1"})
        assert "max-relays-per-peer" in refused.extras["ockam_detail"]
        again = p.ask(["forwarding_service"], wire.bare("n5"), extras={"ockam_report": "1"})
        assert again.back == ["forward_to_n5"], "it has that one already"
    count = lambda: sum(w["type"] == "relay" for w in ockam("worker", "list", "--at", "relay", "--output", "json").json)
    wait_until(lambda: count() == 0, "nothing is left")


def test_many_senders_of_one_relay_share_what_it_may_have_under_way(node, ockam):
    most, senders, messages = 1 << 20, 3, 64  # a link reads 256 KiB at a time, and may hold 1 MiB at another one
    center = node("relay", config="[node]\nname = relay\nmax-relay-bytes = 1MiB\nlink-budget = 4MiB\nstall = 60s\n[tcp-listener main]\naddress = 127.0.0.1:0\n")
    memory = lambda: ockam("worker", "show", "forward_to_deaf", "--at", "relay", "--output", "json").json["memory"]
    paused = lambda: sum(c["pauses"] > 0 for c in ockam("tcp-connection", "list", "--at", "relay", "--output", "json").json)
    with center.peer(timeout=60, receive_buffer=4096) as deaf, contextlib.ExitStack() as open_peers:
        assert deaf.ask(["forwarding_service"], wire.bare("deaf")).back == ["forward_to_deaf"]
        peers = [open_peers.enter_context(center.peer(timeout=60)) for _ in range(senders)]
        flood = wire.frame(["forward_to_deaf", "sink"], ["me"], bytes(64 << 10)) * messages
        at_work = [threading.Thread(target=p.send_raw, args=(flood,)) for p in peers]
        for t in at_work:
            t.start()
        wait_until(lambda: paused() > 0, "somebody waits")
        shown = memory()
        assert shown["limit"] == most
        assert most / 2 < shown["used"] <= 2 * most, shown  # what links had read before they were told to wait
        got = sum(len(deaf.receive().payload) for _ in range(senders * messages))
        for t in at_work:
            t.join()
        assert got == senders * messages * (64 << 10)
    whole = lambda: ockam("node", "show", "relay", "--output", "json").json
    assert whole()["dropped"] == {}
    wait_until(lambda: whole()["memory"]["used"] == 0, "all memory is free again")
