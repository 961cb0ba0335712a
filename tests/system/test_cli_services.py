# SPDX-License-Identifier: Apache-2.0
"""`ockam service …`, `ockam worker …`, `ockam flow-control …`."""

import pytest


@pytest.fixture
def n1(ockam):
    assert ockam("node", "create", "n1").code == 0


def services(ockam):
    return {s["addr"]: (s["type"], s["reachable"]) for s in ockam("service", "list").json}


def test_start_list_stop(n1, ockam):
    assert services(ockam) == {"echo": ("echo", True), "uppercase": ("uppercase", True), "hop": ("hop", False)}
    workers = {w["addr"] for w in ockam("worker", "list", "--output", "json").json}
    assert {"forwarding_service", "static_forwarding_service"} <= workers, "as in the reference, these are workers and no services"
    r = ockam("service", "start", "hop", "--addr", "h1")
    assert (r.code, r.out) == (0, "") and "SECURITY WARNING" in r.err
    assert services(ockam)["h1"] == ("hop", True)
    assert ockam("service", "start", "uppercase", "--addr", "up", "--output", "json").json == {"addr": "up", "reachable": True, "type": "uppercase"}
    assert ockam("service", "start", "hop", "--addr", "h2", "-q").err == ""
    assert ockam("service", "list", "--at", "/node/n1", "--jq", ".[].addr").out.splitlines() == [
        '"echo"', '"h1"', '"h2"', '"hop"', '"up"', '"uppercase"']
    assert ockam("service", "stop", "h1").code == 0
    assert "h1" not in services(ockam)


def test_the_default_hop_is_claimed_once(n1, ockam):
    assert ockam("service", "start", "hop").code == 0
    assert services(ockam)["hop"] == ("hop", True)
    r = ockam("service", "start", "hop")
    assert r.code == 70 and "already exists at 0#hop" in r.err and "--addr" in r.err
    assert "OCK409" in r.err


def test_wrong_names_get_the_nearest(n1, ockam):
    r = ockam("service", "start", "ecko")
    assert r.code == 70 and "ecko" in r.err and "did you mean echo?" in r.err
    r = ockam("service", "stop", "uppercas")
    assert r.code == 70 and "did you mean uppercase?" in r.err
    r = ockam("service", "start", "hop", "--addr", "echo")
    assert r.code == 70 and "already exists at 0#echo" in r.err


def test_without_any_node(ockam):
    r = ockam("service", "list")
    assert r.code == 70 and "There is no default node" in r.err
    assert ockam("service", "start", "hop", "-q").code == 0, "this one makes a default node"
    assert len(ockam("node", "list").json) == 1


def test_workers(n1, ockam):
    found = ockam("worker", "list", "--at", "n1", "--output", "json").json
    by_name = {w["addr"]: w for w in found}
    assert by_name["echo"]["type"] == "echo" and by_name["echo"]["thread"] in ("socket", "pool")
    before = by_name["echo"]["messages_in"]
    ockam("message", "send", "x", "--to", "/node/n1/service/echo")
    after = {w["addr"]: w for w in ockam("worker", "list", "--output", "json").json}["echo"]["messages_in"]
    assert after == before + 1
    assert "Worker echo" in ockam("worker", "list").out.splitlines()


def test_flow_control(n1, ockam):
    ockam("tcp-listener", "create", "127.0.0.1:0", "--at", "n1")
    listener = ockam("tcp-listener", "list", "--output", "json").json[1]
    ockam("node", "create", "n2")
    route = "/ip4/127.0.0.1/tcp/" + listener["socket_addr"].rsplit(":")[1] + "/service/echo"
    r = ockam("message", "send", "hi", "--to", route, "--from", "n2", "--timeout", "2s")
    assert r.code == 70 and "flow control" in r.err
    j = ockam("flow-control", "add-consumer", listener["flow_control_id"], "/service/echo", "--at", "n1", "--output", "json").json
    assert j == {"address": "echo", "flow_control_id": listener["flow_control_id"], "node": "n1"}
    assert ockam("message", "send", "hi", "--to", route, "--from", "n2").out == "hi\n"


def test_who_is_refused_by_a_rule_of_a_worker_is_told_which(n1, ockam):
    """Not that a listener has to admit the peer: the message has come by none."""
    assert ockam("service", "start", "echo", "--addr", "others", "--allow-from", "uid=4294967294").code == 0
    r = ockam("message", "send", "hi", "--to", "/service/others")
    assert r.code == 70 and "allow-from of the service" in r.err and "ockam worker show others" in r.err and "add-consumer" not in r.err, r
    assert ockam("service", "start", "hop", "--addr", "fw", "--option", "allow-to=uppercase").code == 0
    assert ockam("worker", "show", "fw").json["sends_to"] == ["uppercase"]
    r = ockam("message", "send", "hi", "--to", "/service/fw/service/echo", "--timeout", "20s")
    assert r.code == 70 and "does not let this peer reach 0#echo" in r.err and r.seconds < 10, f"nobody was told: {r}"
    back = ockam("message", "send", "hi", "--to", "/service/fw/service/uppercase", "--timeout", "20s")
    assert back.code == 70 and "no answer could come back from 0#fw: its allow-to does not have local" in back.err and back.seconds < 10, back
    assert "allow-to of 0#fw says where it sends: ockam worker show fw" in r.err and "add-consumer" not in r.err, r


def test_what_flow_control_allows_is_kept_in_the_file_of_the_node(n1, ockam, home):
    ini = home / "nodes/n1/node.ini"
    made = ockam("tcp-listener", "create", "127.0.0.1:0", "--at", "n1", "--output", "json").json
    to = ockam("node", "create", "n2") and ockam("node", "show", "n2", "--jq", ".transports[0].socket_addr", "--output", "json").json
    link = ockam("tcp-connection", "create", "--from", "n1", "--to", to, "--output", "json").json
    flows = [made["flow_control_id"], link["flow_control_id"]]
    for flow in flows:
        assert ockam("flow-control", "add-consumer", flow, "/service/echo", "--at", "n1").code == 0
        assert ockam("flow-control", "add-consumer", flow, "/service/uppercase", "--at", "n1").code == 0
    text = ini.read_text()
    assert text.count("allow = echo, uppercase") == 2, text
    assert ockam("node", "stop", "n1").code == 0 and ockam("node", "start", "n1").code == 0
    route = "/ip4/127.0.0.1/tcp/" + made["socket_addr"].rsplit(":")[1] + "/service/"
    assert ockam("message", "send", "hi", "--to", route + "uppercase", "--from", "n2").out == "HI\n"
    assert ockam("message", "send", "hi", "--to", route + "hop", "--from", "n2", "--timeout", "2s").code == 70


def test_flow_control_of_a_link_that_comes_and_goes_is_kept_nowhere(n1, ockam, home):
    before = (home / "nodes/n1/node.ini").read_text()
    ockam("node", "create", "n2")
    to = ockam("node", "show", "n1", "--jq", ".transports[0].socket_addr", "--output", "json").json
    assert ockam("tcp-connection", "create", "--from", "n2", "--to", to).code == 0
    [link] = ockam("tcp-connection", "list", "--at", "n1", "--output", "json").json
    assert ockam("flow-control", "add-consumer", link["flow_control_id"], "/service/hop", "--at", "n1").code == 0
    assert (home / "nodes/n1/node.ini").read_text() == before


def test_a_worker_that_a_listener_allows_may_come_later_and_again(n1, ockam):
    made = ockam("tcp-listener", "create", "127.0.0.1:0", "--at", "n1", "--allow", "later", "--output", "json").json
    ockam("node", "create", "n2")
    send = lambda: ockam("message", "send", "hi", "--to", made["route"] + "/service/later", "--from", "n2").out
    for _ in range(2):
        assert ockam("service", "start", "echo", "--addr", "later", "--at", "n1").code == 0
        assert send() == "hi\n"
        assert ockam("service", "stop", "later", "--at", "n1").code == 0


def test_flow_control_that_cannot_be(n1, ockam):
    r = ockam("flow-control", "add-consumer", "00", "echo")
    assert r.code == 64 and "unregistered protocol prefix" in r.out
    r = ockam("flow-control", "add-consumer", "00", "/service/echo/service/hop")
    assert r.code == 64 and "one worker" in r.out
    r = ockam("flow-control", "add-consumer", "00112233445566778899aabbccddeeff", "/service/echo")
    assert r.code == 70 and "00112233445566778899aabbccddeeff" in r.err
