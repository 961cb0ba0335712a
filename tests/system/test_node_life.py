# SPDX-License-Identifier: Apache-2.0
"""How a node begins and ends, what it logs, and what it does with signals."""

import json
import os
import signal
import stat
import threading

import pytest

from processes import wait_until


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_a_node_with_connections_within_two_seconds(node, how):
    n = node("n1")
    peers = [n.peer() for _ in range(20)]
    for p in peers:
        assert p.ask(["echo"], b"hello").payload == b"hello"
    code, seconds = n.stop(how)
    assert code == 0
    assert seconds < 2
    assert all(p.closed() for p in peers)


def test_a_node_stops_in_time_while_its_connections_are_busy(node):
    n = node("n1")
    deaf = [n.peer(receive_buffer=4096) for _ in range(5)]  # peers that read nothing, with bytes pending
    for p in deaf:
        p.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            for _ in range(1000):
                p.send(["echo"], b"x" * 60_000)
    end = threading.Event()

    def busy():
        try:
            with n.peer() as p:
                while not end.is_set():
                    p.ask(["echo"], b"x" * 1000)
        except (EOFError, OSError):
            pass

    threads = [threading.Thread(target=busy) for _ in range(4)]
    for t in threads:
        t.start()
    half_open = [n.peer(preamble=None) for _ in range(5)]
    code, seconds = n.stop()
    end.set()
    for t in threads:
        t.join()
    # What waits for peers that take nothing is given up after the 2 s of `stall`.
    assert (code, seconds < 4) == (0, True), f"{code} after {seconds} s"
    assert all(p.closed() for p in half_open)


def test_a_killed_node_starts_again_under_its_name_and_at_its_port(node, ockam):
    n = node("n1")
    with n.peer() as p:
        assert p.ask(["echo"], b"x").payload == b"x"
    port = n.port
    n.kill()
    assert ockam("node", "show", "n1", "--output", "json").json["status"] != "running"
    again = node("n1", config=f"[node]\nname = n1\n[tcp-listener main]\naddress = 127.0.0.1:{port}\n")
    with again.peer() as p:
        assert p.ask(["echo"], b"y").payload == b"y"
    assert ockam("message", "send", "hello", "--to", "/node/n1/service/echo").out == "hello\n"


def test_one_node_for_each_name(node, run):
    node("n1")
    second = run("ockam-node", "--name", "n1")
    assert second.code == 69
    assert "already running" in second.err


def test_a_port_in_use_is_said_and_nothing_is_left(node, run, home):
    n = node("n1")
    r = run("ockam-node", "--name", "n2", "--tcp-listener", f"127.0.0.1:{n.port}")
    assert r.code == 69
    assert f"127.0.0.1:{n.port}" in r.err and "hint:" in r.err
    assert not (home / "nodes/n2/control.sock").exists()


def test_an_unwritable_home_is_said(run, home):
    if os.geteuid() == 0:
        (home / "file").write_text("")
        bad = home / "file" / "home"  # root may write everywhere, but not below a file
    else:
        bad = home / "closed"
        bad.mkdir(mode=0o500)
        bad = bad / "home"
    r = run("ockam-node", "--name", "n1", env_extra={"OCKAM_HOME": str(bad)})
    assert r.code == 73, r
    assert str(bad) in r.err


def test_a_corrupt_database_is_said(run, home):
    (home / "application_database.sqlite3").write_bytes(b"this is no database, " * 100)
    r = run("ockam-node", "--name", "n1")
    assert r.code == 73, r
    assert "database" in r.err and "reset" in r.err


def test_the_control_socket_is_for_its_owner(node, home):
    node("n1")
    mode = (home / "nodes/n1/control.sock").stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE((home / "nodes/n1").stat().st_mode) == 0o700


def test_a_control_socket_elsewhere_is_found_by_its_name(node, home, ockam):
    """`control-socket` of the configuration, relative to it."""
    text = "[node]\nname = n1\n{}[tcp-listener main]\naddress = 127.0.0.1:0\n"
    n = node("n1", config=text.format("control-socket = c.sock\n"))
    assert stat.S_ISSOCK((home / "c.sock").lstat().st_mode)
    for words in (["message", "send", "hi", "--from", "n1", "--to", "/service/echo"], ["node", "show", "n1"], ["service", "start", "echo", "--addr", "e2", "--at", "n1"],
                  ["top", "n1", "--once", "--interval", "100ms"]):
        assert ockam(*words).code == 0, words
    (home / "c.sock").rename(home / "other.sock")
    r = ockam("message", "send", "hi", "--from", "n1", "--to", "/service/echo")
    assert r.code == 70 and "its control socket does not" in r.err and str(home / "c.sock") in r.err, r
    (home / "other.sock").rename(home / "c.sock")
    assert ockam("node", "stop", "n1").code == 0 and n.child.wait(timeout=5) == 0
    node("n1", config=text.format(""))  # again where it always is
    assert ockam("message", "send", "hi", "--from", "n1", "--to", "/service/echo").out == "hi\n"
    assert stat.S_ISSOCK((home / "nodes/n1/control.sock").lstat().st_mode)


def test_logs_are_json_lines_in_files_of_bounded_size(node, home):
    log = home / "n1.log"
    n = node("n1", "--log-file", log, "--log-format", "json", "--log-level", "debug", "--log-max-size", "8KiB", "--log-max-files", "2")
    for _ in range(300):
        with n.peer() as p:
            p.ask(["echo"], b"x")
    n.stop()
    files = sorted(home.glob("n1*.log"))
    assert 2 <= len(files) <= 3
    lines = [json.loads(line) for f in files for line in f.read_text().splitlines()]
    assert all(f.stat().st_size <= 9 * 1024 for f in files)
    assert {"time", "level", "node", "component", "message"} <= lines[0].keys()
    assert {line["node"] for line in lines} == {"n1"}


def test_it_stops_when_standard_input_ends(env, programs):
    import subprocess

    child = subprocess.Popen([programs / "ockam-node", "--name", "n1", "--exit-on-eof"], env=env,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert b"ready" in child.stdout.readline()
    child.stdin.close()
    assert child.wait(5) == 0
    child.stdout.close()


CONFIG_ERRORS = {
    "unknown key": ("[node]\nname = n1\nlog-levle = debug\n", 3, "log-level"),
    "wrong type": ("[node]\nname = n1\nthreads = many\n", 3, "threads"),
    "wrong duration": ("[node]\nname = n1\n\nstall = soon\n", 4, "stall"),
    "unknown section": ("[node]\nname = n1\n[tcp-listner a]\naddress = 127.0.0.1:0\n", 3, "tcp-listener"),
    "duplicate section": ("[node]\nname = n1\n[service echo]\n[service echo]\n", 4, "service echo"),
    "duplicate key": ("[node]\nname = n1\nname = n2\n", 3, "name"),
    "unknown type": ("[node]\nname = n1\n[service s]\ntype = eco\n", 4, "echo"),
    "bad address": ("[node]\nname = n1\n[tcp-listener a]\naddress = 4107\n", 4, "127.0.0.1:4107"),
    "no address": ("[node]\nname = n1\n[tcp-listener a]\n", 3, "address"),
    "no section": ("name = n1\n", 1, "[node]"),
    "no sense": ("[node]\nname = n1\nthis is no key\n", 3, "key"),
}


@pytest.mark.parametrize("case", CONFIG_ERRORS)
def test_check_config_names_file_and_line(run, config_file, case):
    text, line, word = CONFIG_ERRORS[case]
    path = config_file(text)
    for args in (["--check-config"], []):
        r = run("ockam-node", "--config", path, *args)
        assert r.code == 78, r
        assert f"{path}:{line}:" in r.err, r
        assert word in r.err, r
        assert "terminate" not in r.err


def test_check_config_says_ok_and_starts_nothing(run, config_file, home):
    path = config_file("[node]\nname = n1\n[tcp-listener a]\naddress = 127.0.0.1:0\n[service my-hop]\ntype = hop\n")
    r = run("ockam-node", "--config", path, "--check-config")
    assert (r.code, r.err) == (0, "")
    assert "ok" in r.out
    assert not (home / "nodes").exists()


def test_a_missing_configuration_file_is_said(run, home):
    r = run("ockam-node", "--config", home / "nothere.ini")
    assert r.code == 78
    assert str(home / "nothere.ini") in r.err and "No such file" in r.err


@pytest.mark.parametrize("args", [["--nmae", "x"], ["stray"], ["--tcp-listener"], ["--threads", "none", "--name", "n"], []])
def test_a_wrong_command_line_is_a_usage_error(run, args):
    r = run("ockam-node", *args)
    assert r.code == 64, r
    assert r.err.startswith("ockam-node: ") and len(r.err.splitlines()) <= 2, r
