# SPDX-License-Identifier: Apache-2.0
"""Three nodes from three INI files, in any order of start."""

from processes import wait_until
from wire import bare


def config(name, *sections):
    return "\n".join([f"[node]\nname = {name}", "[tcp-listener main]\naddress = 127.0.0.1:0", *sections]) + "\n"


def test_a_message_goes_over_three_nodes_and_its_answer_comes_back(node):
    n3 = node("n3", config=config("n3"))
    n2 = node("n2", config=config("n2", "[service hop]", f"[tcp-connection to-n3]\naddress = 127.0.0.1:{n3.port}"))
    n1 = node("n1", config=config("n1", "[service hop]", f"[tcp-connection to-n2]\naddress = 127.0.0.1:{n2.port}"))

    def answered():
        with n1.peer(timeout=0.5) as p:
            try:
                return p.ask(["hop", "to-n2", "hop", "to-n3", "uppercase"], bare("hello"))
            except TimeoutError:
                return None

    m = wait_until(answered, "all links are up")
    assert m.payload == bare("HELLO")
    assert m.onward == ["test"]
    assert m.back == ["hop", "to-n2", "hop", "to-n3", "uppercase"]


def test_a_connection_waits_for_a_node_that_is_not_there_yet(node):
    last = node("last", config=config("last"))
    port = last.port
    last.stop()
    first = node("first", config=config("first", "[service hop]", f"[tcp-connection up]\naddress = 127.0.0.1:{port}"))
    wait_until(lambda: "next try" in first.errors() or "retry" in first.errors(), "the first connect has failed")
    again = node("last", config=f"[node]\nname = last\n[tcp-listener main]\naddress = 127.0.0.1:{port}\n")
    assert again.port == port

    def answered():
        with first.peer(timeout=0.5) as p:
            try:
                return p.ask(["hop", "up", "echo"], b"x").payload == b"x"
            except TimeoutError:
                return False

    wait_until(answered, "the connection came up by itself", 20)


def test_a_network_peer_reaches_only_what_is_meant_for_it(node, ockam):
    n = node("n1")
    with n.peer() as p:
        p.send(["hop", "echo"], b"x", extras={"ockam_report": "1"})
        told = p.receive()
        assert told.extras["ockam_undeliverable"] == "refused"
        assert told.payload == b""
        p.send(["_internal.control"], b"x", extras={"ockam_report": "1"})
        assert p.receive().extras["ockam_undeliverable"] in ("refused", "unknown-worker")
    started = ockam("service", "start", "hop", "--at", "n1")
    assert started.code == 0, started
    with n.peer() as p:
        assert p.ask(["hop", "echo"], b"x").payload == b"x"
