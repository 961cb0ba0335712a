# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: a node goes over to another configuration without a new start."""

import signal
import socket

import pytest
from ports import free_port
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


def test_a_busy_port_leaves_everything_as_it_was_until_it_is_free(node, reload, ockam):
    n = node("n1", config=HEAD + MAIN + "[service up]\ntype = uppercase\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = HEAD + f"log-level = debug\n[tcp-listener main]\naddress = 127.0.0.1:{port}\nallow = services\n[service up]\ntype = echo\n[service new]\ntype = echo\n"
        said = reload(n, text, "[tcp-listener main]: ", "in use", "nothing was changed")
        assert "closed" not in said and "stopped" not in said and "log-level" not in said
        assert reaches(n, "up") == b"\x01X"
        assert "new" not in [s["addr"] for s in ockam("service", "list", "--at", "n1", "--output", "json").json]
    old = n.port
    reload(n, text, f"listening tcp 127.0.0.1:{port}", "log-level is now debug")
    n.listeners = [("tcp", f"127.0.0.1:{port}")]
    assert reaches(n, "up") == b"\x01x" and reaches(n, "new") == b"\x01x"
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", old), timeout=2)


def portal(target, at, more=""):
    return f"[tcp-outlet outlet]\nto = 127.0.0.1:{target.getsockname()[1]}\n[tcp-inlet i]\nfrom = 127.0.0.1:{at}\nto = /service/outlet\n{more}"


def test_a_busy_port_of_an_inlet_changes_nothing_and_cuts_no_stream(node, reload):
    old = free_port()
    with socket.create_server(("127.0.0.1", 0)) as target, socket.create_server(("127.0.0.1", 0)) as taken:
        busy = taken.getsockname()[1]
        n = node("n1", config=HEAD + MAIN + portal(target, old) + "[service s]\ntype = echo\n")
        wait_until(lambda: "tcp-inlet i is up" in n.errors(), "it has its far end")
        with socket.create_connection(("127.0.0.1", old), timeout=10) as client:
            far, _ = target.accept()
            with far:
                far.settimeout(10)
                client.sendall(b"before")
                assert far.recv(6, socket.MSG_WAITALL) == b"before"
                fresh = HEAD + MAIN + portal(target, busy) + "[service s]\ntype = uppercase\n"
                said = reload(n, fresh, "[tcp-inlet i]: ", "in use", "nothing was changed")
                assert not [w for w in ("ended", "began", "stopped", "started") if w in said], said
                client.sendall(b"after!")
                assert far.recv(6, socket.MSG_WAITALL) == b"after!"
        assert reaches(n, "s") == b"\x01x"
        taken.close()
        reload(n, fresh, "began [tcp-inlet i]", f"tcp-inlet i is up: 127.0.0.1:{busy}")
        assert reaches(n, "s") == b"\x01X"
        socket.create_connection(("127.0.0.1", busy), timeout=10).close()
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", old), timeout=2)


def test_an_inlet_that_changes_in_its_keys_keeps_its_port_open(node, reload):
    at = free_port()
    with socket.create_server(("127.0.0.1", 0)) as target:
        n = node("n1", config=HEAD + portal(target, at))
        wait_until(lambda: "tcp-inlet i is up" in n.errors(), "it has its far end")
        reload(n, HEAD + portal(target, at, "max-streams = 7\n"), "ended [tcp-inlet i]", "began [tcp-inlet i]", "tcp-inlet i is up")
        with socket.create_connection(("127.0.0.1", at), timeout=10) as client:
            far, _ = target.accept()
            with far:
                far.settimeout(10)
                client.sendall(b"x")
                assert far.recv(1) == b"x"


def test_all_that_is_wrong_is_said_at_once(node, reload, home):
    n = node("n1", config=HEAD + MAIN)
    (home / "bad.lua").write_text("garbage(")
    (home / "late.lua").write_text("function on_start() error('not today') end\nfunction on_message(m) m:reply() end\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = f"[tcp-listener more]\naddress = 127.0.0.1:{taken.getsockname()[1]}\n"
        reload(n, HEAD + MAIN + busy + "[service a]\nscript = late.lua\n[service b]\nscript = late.lua\n",
               "[service a]: ", "not today", "[service b]: ", "[tcp-listener more]: ", "nothing was changed")
    said = reload(n, HEAD + "threads = many\n" + MAIN + "[service c]\nscript = bad.lua\n[service d]\nplugin = bad.lua\n"
                  "[ws-listener w]\naddress = wss://127.0.0.1:0\ncertificate = none.pem\nkey = none.pem\n[service e]\ntype = eco\n", "nothing was changed")
    assert all(w in said for w in ("threads", "[service c]", "[service d]", "none.pem", "eco")), said
    assert reaches(n, "echo") == b"\x01x"


@pytest.mark.parametrize("script", ["garbage(", "function on_start() error('not today') end\nfunction on_message(m) m:reply('v2') end\n"])
def test_a_script_that_cannot_start_leaves_the_one_before_with_what_it_knows(node, reload, home, script):
    service = "[service lua]\nscript = s.lua\n"
    (home / "s.lua").write_text("local n = 0\nfunction on_message(m) n = n + 1; m:reply('v1 ' .. n) end\n")
    n = node("n1", config=HEAD + MAIN + service)
    assert reaches(n, "lua") == b"\x04v1 1"
    (home / "t.lua").write_text(script)
    reload(n, HEAD + MAIN + service.replace("s.lua", "t.lua"), "nothing was changed")
    assert reaches(n, "lua") == b"\x04v1 2"


@pytest.mark.parametrize("text", ["", "\n# nothing\n", HEAD + "[tcp-listner main]\naddress = 127.0.0.1:0\n", "[tcp-listener main]\naddress = 127.0.0.1:0\n[tcp-listener main]\n"])
@pytest.mark.parametrize("options", [(), ("--name", "n1")])
def test_a_file_that_no_node_would_start_with_changes_nothing(node, reload, text, options):
    n = node("n1", *options, config=HEAD + MAIN)
    reload(n, text, "nothing was changed")
    assert reaches(n, "echo") == b"\x01x"


def test_a_file_that_was_emptied_starts_no_node(run, config_file):
    r = run("ockam-node", "--config", config_file(""), "--name", "n1")
    assert r.code == 78 and "there is no section in it" in r.err, r


def test_a_listener_whose_keys_change_keeps_its_port_and_its_links(node, reload):
    n = node("n1", config=HEAD + MAIN)
    fixed = f"[tcp-listener main]\naddress = 127.0.0.1:{n.port}\n"
    with n.peer() as p:
        assert p.ask(["echo"], b"x").payload == b"x"
        reload(n, HEAD + fixed + "max-connections = 2\n", "closed tcp", "listening tcp")
        assert p.ask(["echo"], b"y").payload == b"y"
        assert reaches(n, "echo") == b"\x01x"


def test_what_was_ended_at_the_prompt_stays_so_and_the_log_says_it(node, reload, ockam):
    n = node("n1", config=HEAD + MAIN + "[tcp-listener more]\naddress = 127.0.0.1:0\n[service up]\ntype = uppercase\n")
    more = [a for t, a in n.listeners][1]
    for words in (("service", "stop", "up"), ("service", "stop", "echo"), ("tcp-listener", "delete", more, "-y")):
        assert ockam(*words, "--at", "n1").code == 0
    text = HEAD + MAIN + "[tcp-listener more]\naddress = 127.0.0.1:0\n[service up]\ntype = uppercase\n[service new]\ntype = echo\n"
    said = reload(n, text, "started service echo at 0#new")
    for what in ("[service up] does not run", "service echo does not run", "[tcp-listener more] does not run"):
        assert what in said, said
    assert not {"up", "echo"} & {s["addr"] for s in ockam("service", "list", "--at", "n1", "--output", "json").json}


def test_a_changed_key_is_taken_up_also_where_the_configuration_is_wrong(ockam, home):
    assert ockam("identity", "create", "bob").code == 0
    assert ockam("node", "create", "n1", "--identity", "bob").code == 0
    ini = home / "nodes/n1/node.ini"
    ini.write_text(ini.read_text() + "[nonsense]\n")
    rotated = ockam("identity", "rotate", "bob", "--output", "json")  # tells the node
    assert rotated.code == 0 and rotated.json["changes"] == 2, rotated

    def said():
        return "".join(f.read_text() for f in (home / "nodes/n1").glob("stdout.*.log"))

    for what in ("the configuration is wrong, nothing was changed", "has a new history or credential"):
        wait_until(lambda w=what: w in said(), f"it says {what!r}: {said()}")


def test_a_service_that_hangs_in_its_start_holds_up_no_stop(node, reload, home):
    (home / "s.lua").write_text("function on_start() local t = os.time(); while os.time() < t + 60 do end end\nfunction on_message(m) end\n")
    n = node("n1", config=HEAD + MAIN, expected=(0, 75))
    (home / "n1.ini").write_text(HEAD + MAIN + "[service s]\nscript = s.lua\ntime = 1m\ninstructions = 100000000000\nallow = os\n")
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: "SIGHUP: reading" in n.errors(), "it reads")
    assert n.stop(within=10)[1] < 6


def test_connections_and_routing_change(node, reload, ockam):
    b = node("b", "--tcp-listener", "127.0.0.1:0")
    n = node("n1", config=HEAD + MAIN + "[service hop]\n[tcp-connection gone]\naddress = 127.0.0.1:1\n")
    reload(n, HEAD + MAIN + "[routing]\ndial = never\n[service hop]\n"
           f"[tcp-connection b]\naddress = 127.0.0.1:{b.port}\n", "ended the tcp connection gone", "[routing] is in effect", " is up")
    assert reaches(n, "hop", "b", "uppercase") == b"\x01X"
    assert [c["worker_addr"] for c in ockam("tcp-connection", "list", "--at", "n1", "--output", "json").json if c["mode"] == "Outgoing"] == ["0#b"]


def test_keys_that_need_a_new_start_are_named(node, reload, home):
    n = node("n1", config=HEAD + f"control-socket = {home}/c.sock\n" + MAIN)
    reload(n, HEAD + "threads = 3\nmax-frame = 1MiB\n" + MAIN, "at the next start: threads, max-frame, control-socket")
    reload(n, HEAD.replace("n1", "n2") + f"control-socket = {home}/c.sock\nlog-file = x.log\n" + MAIN, "at the next start: name, log-file")


def test_the_log_file_is_opened_anew_and_may_be_cut(node, home, ockam):
    n = node("n1", "--log-level", "debug", config=HEAD + "log-file = n1.log\n" + MAIN)
    log = home / "n1.log"
    wait_until(lambda: "is ready" in log.read_text(), "it is written")
    log.rename(home / "n1.log.old")  # logrotate: create
    log.write_text("")
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: "no section of the configuration has changed" in log.read_text(), "it goes on in the new file")
    assert "SIGHUP" in log.read_text() and "SIGHUP" not in (home / "n1.log.old").read_text()
    with open(log, "r+") as f:  # copytruncate
        f.truncate(0)
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: "SIGHUP" in log.read_text(), "it goes on at the beginning")
    assert "\0" not in log.read_text()
    assert ockam("node", "logs", "n1").out == f"{log}\n"


def test_a_log_file_that_cannot_be_opened_anew_is_written_on(node, home):
    (home / "logs").mkdir()
    n = node("n1", config=HEAD + "log-file = logs/n1.log\n" + MAIN)
    (home / "logs").rename(home / "moved")
    (home / "logs").write_text("this is no directory")
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: "SIGHUP" in (home / "moved/n1.log").read_text(), "nothing is lost")
    wait_until(lambda: "the log cannot be written" in n.errors(), "it says so")
    (home / "logs").unlink()
