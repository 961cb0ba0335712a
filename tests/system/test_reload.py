# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: a node goes over to another configuration without a new start."""

import signal
import socket

import pytest
from processes import wait_until

HEAD = "[node]\nname = n1\n"
MAIN = "[tcp-listener main]\naddress = 127.0.0.1:0\n"


@pytest.fixture
def reload(home):
    """Gives a node another configuration and waits for the words with which it says that it has it."""

    def go(n, text, *words):
        (home / "n1.ini").write_text(text)
        said = len(n.errors())
        n.send_signal(signal.SIGHUP)
        for w in words:
            wait_until(lambda: w in n.errors()[said:], f"it says {w!r}: {n.errors()[said:]}")
        return n.errors()[said:]

    return go


def reaches(n, *route):
    with n.peer(timeout=3) as p:
        return p.ask(list(route), b"\x01x", extras={"ockam_report": "1"}).payload


def test_the_log_level_changes_and_a_wrong_file_changes_nothing(node, home, reload):
    n = node("n1", config=HEAD + MAIN)
    reload(n, HEAD + "log-level = debug\n" + MAIN, "log-level is now debug", "no section of the configuration has changed")
    with n.peer() as p:
        p.ask(["echo"], b"x")
    wait_until(lambda: "connection with" in n.errors(), "debug lines are written")
    reload(n, HEAD + "log-level = loud\n", f"{home / 'n1.ini'}:3", "nothing was changed")
    assert reaches(n, "echo") == b"\x01x"


def test_services_come_change_and_go(node, reload, ockam):
    n = node("n1", config=HEAD + MAIN + "[service up]\ntype = uppercase\n[service hop]\n")
    assert reaches(n, "up") == b"\x01X" and reaches(n, "hop", "up") == b"\x01X"
    reload(n, HEAD + MAIN + "[service up]\ntype = echo\n[service new]\ntype = uppercase\n", "stopped service hop at 0#hop",
           "started service echo at 0#up", "started service uppercase at 0#new")
    assert reaches(n, "up") == b"\x01x" and reaches(n, "new") == b"\x01X"
    by_name = {s["addr"]: s for s in ockam("service", "list", "--at", "n1", "--output", "json").json}
    assert by_name["hop"]["reachable"] is False, "the hop that every node has is back, for local senders only"
    reload(n, HEAD + MAIN + "[service echo]\nthread = pool\n[service new]\ntype = uppercase\n", "stopped service echo at 0#up",
           "started service echo at 0#echo")
    assert reaches(n, "echo") == b"\x01x"
    threads = {w["addr"]: w["thread"] for w in ockam("worker", "list", "--at", "n1", "--output", "json").json}
    assert threads["echo"] == "pool" and "up" not in threads
    reload(n, HEAD + MAIN + "[service new]\ntype = uppercase\n", "stopped service echo at 0#echo")
    assert reaches(n, "echo") == b"\x01x"


def test_listeners_move_and_what_they_let_in_stays(node, reload, ockam):
    n = node("n1", config=HEAD + MAIN)
    old = n.port
    with n.peer() as p:
        assert p.ask(["echo"], b"x").payload == b"x"
        said = reload(n, HEAD + "[tcp-listener main]\naddress = 127.0.0.2:0\n[udp-listener u]\naddress = 127.0.0.1:0\n",
                      f"closed tcp 127.0.0.1:{old}", "listening tcp 127.0.0.2:", "listening udp 127.0.0.1:")
        assert p.ask(["echo"], b"y").payload == b"y"
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", old), timeout=2)
    new = int(said.split("listening tcp 127.0.0.2:")[1].split()[0])
    socket.create_connection(("127.0.0.2", new), timeout=2).close()
    verbose = lambda: ockam("node", "show", "n1", "--output", "json").json["route"]["verbose"]
    wait_until(lambda: verbose() == f"/ip4/127.0.0.2/tcp/{new}", "others find it")


def test_a_listener_that_cannot_be_is_tried_again_next_time(node, reload):
    n = node("n1", config=HEAD + MAIN)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = HEAD + MAIN + f"[tcp-listener more]\naddress = 127.0.0.1:{port}\n"
        reload(n, text, "[tcp-listener more]: ", "in use")
    reload(n, text, f"listening tcp 127.0.0.1:{port}")
    assert reaches(n, "echo") == b"\x01x"


def test_connections_and_routing_change(node, reload, ockam):
    b = node("b", "--tcp-listener", "127.0.0.1:0")
    n = node("n1", config=HEAD + MAIN + "[service hop]\n[tcp-connection gone]\naddress = 127.0.0.1:1\n")
    reload(n, HEAD + MAIN + "[routing]\ndial = never\n[service hop]\n"
           f"[tcp-connection b]\naddress = 127.0.0.1:{b.port}\n", "ended the tcp connection gone", "[routing] is in effect", " is up")
    assert reaches(n, "hop", "b", "uppercase") == b"\x01X"
    assert [c["worker_addr"] for c in ockam("tcp-connection", "list", "--at", "n1", "--output", "json").json if c["mode"] == "Outgoing"] == ["0#b"]


def test_keys_that_need_a_new_start_are_named(node, reload):
    n = node("n1", config=HEAD + MAIN)
    reload(n, HEAD + "threads = 3\nmax-frame = 1MiB\n" + MAIN, "at the next start: threads, max-frame")
