# SPDX-License-Identifier: Apache-2.0
"""A node as a service of systemd: what it tells the manager, and the sockets that it takes from there and leaves there."""

import os
import shutil
import signal
import socket
import subprocess
import time

import pytest
import service_managers
import wire
from processes import SANITIZER_MARKS, cannot_run, wait_until

CONFIG = "[node]\nname = n1\n[tcp-listener main]\naddress = {at}\nallow = services\n"


@pytest.fixture
def manager(home, env):
    m = service_managers.Manager(home, env)
    yield m
    m.close()
    for s in m.services:
        text = s.log.read_text()
        assert not any(mark in text for mark in SANITIZER_MARKS), text


@pytest.fixture
def start(manager, programs, config_file):
    """start(configuration or None for that of before, sockets=, NAME=value…) → a node that is ready."""

    def begin(config=CONFIG.format(at="127.0.0.1:0"), **more):
        s = manager.start(programs / "ockam-node", "--config", config_file(config), **more)
        s.ready = s.expect("READY", "1")
        return s

    return begin


def port_of(ready):
    return int(ready["STATUS"].split(" tcp ")[1].split(",")[0].rsplit(":", 1)[1])


def answers(port):
    with wire.Peer(port) as p:
        return p.ask(["echo"], wire.bare("hello")).payload == wire.bare("hello")


@pytest.mark.parametrize("abstract", [False, True])
def test_ready_is_said_when_the_listeners_are_open(start, abstract):
    s = start(abstract=abstract)
    assert s.ready["STATUS"].startswith("ready, listens at tcp 127.0.0.1:")
    assert answers(port_of(s.ready))
    assert s.end() == 0


def test_a_start_that_fails_says_why(manager, programs, config_file):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        s = manager.start(programs / "ockam-node", "--config", config_file(CONFIG.format(at=f"127.0.0.1:{taken.getsockname()[1]}")))
        assert "cannot listen" in s.expect("STATUS")["STATUS"]
        assert os.waitstatus_to_exitcode(os.waitpid(s.pid, 0)[1]) == 69
        s.code = 69


def test_a_stop_is_said_with_the_time_that_it_may_take(start):
    s = start(CONFIG.format(at="127.0.0.1:0").replace("name = n1", "name = n1\nstop-grace = 7s"))
    os.kill(s.pid, signal.SIGTERM)
    said = s.expect("STOPPING", "1")
    assert int(said["EXTEND_TIMEOUT_USEC"]) >= 9_000_000 and "SIGTERM" in said["STATUS"]


def test_a_reload_begins_and_ends(start, config_file):
    s = start()
    os.kill(s.pid, signal.SIGHUP)
    began = s.expect("RELOADING", "1")
    assert abs(int(began["MONOTONIC_USEC"]) / 1e6 - time.clock_gettime(time.CLOCK_MONOTONIC)) < 60
    assert s.expect("READY", "1")["STATUS"] == s.ready["STATUS"]
    config_file(CONFIG.format(at="nowhere"))
    os.kill(s.pid, signal.SIGHUP)
    s.expect("RELOADING", "1")
    assert "the configuration is wrong" in s.expect("READY", "1")["STATUS"]
    assert answers(port_of(s.ready))


def test_a_node_that_lives_says_so(start):
    s = start(WATCHDOG_USEC="600000")
    said = [n for n in s.rest(2) if n["WATCHDOG"] == "1"]
    assert 3 <= len(said) <= 15, said


def test_no_sign_of_life_where_nobody_asks(start):
    assert not [n for n in start().rest(0.5) if n["WATCHDOG"]]


def test_no_sign_of_life_while_the_socket_thread_is_stuck(start, programs):
    s = start(CONFIG.format(at="127.0.0.1:0") + f"[service p]\nplugin = {programs}/plugins/moody.so\nthread = socket\n", WATCHDOG_USEC="300000")
    s.expect("WATCHDOG")
    peer = wire.Peer(port_of(s.ready))
    peer.send(["p"], wire.bare("loop"))
    s.rest(0.5)
    assert not [n for n in s.rest(1) if n["WATCHDOG"]]
    s.end(signal.SIGKILL)


def test_no_sign_of_life_while_all_of_the_pool_is_stuck(start, programs):
    services = f"[service p]\nplugin = {programs}/plugins/moody.so\ninstances = 80\n"
    s = start(CONFIG.format(at="127.0.0.1:0").replace("name = n1", "name = n1\nthreads = 1") + services, WATCHDOG_USEC="300000")
    s.expect("WATCHDOG")
    os.setpriority(os.PRIO_PROCESS, s.pid, 19)
    with wire.Peer(port_of(s.ready)) as peer:
        peer.send(["p"], wire.bare("loop"))
        assert [n for n in s.rest(1) if n["WATCHDOG"]], "one service that is stuck is no reason"
        for _ in range(79):
            peer.send(["p"], wire.bare("loop"))
        deadline = time.monotonic() + 30
        while [n for n in s.rest(1.5) if n["WATCHDOG"]]:  # until the last place is taken
            assert time.monotonic() < deadline
    s.end(signal.SIGKILL)


def test_a_listener_goes_on_with_a_socket_that_was_opened_for_it(start):
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port = opened.getsockname()[1]
        early = wire.Peer(port)  # before there is a node
        s = start(sockets=[("main", opened)])
    assert port_of(s.ready) == port
    assert early.ask(["echo"], wire.bare("early")).payload == wire.bare("early")
    assert answers(port)
    assert s.end() == 0


def test_a_socket_without_a_name_of_ours_goes_by_its_address(start):
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port = opened.getsockname()[1]
        s = start(CONFIG.format(at=f"127.0.0.1:{port}"), sockets=[("ockam-node@n1.socket", opened)])
    assert answers(port)


def test_a_socket_goes_to_the_listener_of_its_name(start):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        ports = [x.getsockname()[1] for x in (one, two)]
        s = start("[node]\nname = n1\n[tcp-listener a]\naddress = 127.0.0.1:0\n[ws-listener b]\naddress = ws://127.0.0.1:0\n",
                  sockets=[("ws-listener/b", two), ("a", one)])
    assert f"tcp 127.0.0.1:{ports[0]}" in s.ready["STATUS"] and f":{ports[1]}" in s.ready["STATUS"]


def test_a_unix_socket_is_taken_and_its_file_left_alone(start, home):
    path = home / "s"
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))
        opened.listen()
        s = start(f"[node]\nname = n1\n[uds-listener main]\naddress = {path}\n", sockets=[("main", opened)])
        assert str(path) in s.ready["STATUS"]
        assert s.end() == 0
    assert path.exists()


# systemd removed the directory of the socket at a restart, and kept the descriptor: nobody could connect any more.
def test_a_unix_socket_whose_file_is_gone_is_not_taken(start, home):
    path = home / "s"
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))
        opened.listen()
        path.unlink()
        s = start(f"[node]\nname = n1\n[uds-listener main]\naddress = {path}\n", sockets=[("uds-listener/main", opened)])
    with socket.socket(socket.AF_UNIX) as c:
        c.connect(str(path))
    assert [n["FDSTOREREMOVE"] for n in s.heard if n["FDNAME"] == "uds-listener/main"] == ["1"]
    assert "its file is gone" in s.log.read_text()
    assert s.end() == 0


def test_what_is_kept_stays_so_beside_a_socket_of_the_same_name(start):
    with socket.create_server(("127.0.0.1", 0)) as opened:
        s = start(CONFIG.format(at="127.0.0.2:0"), sockets=[("tcp-listener/main", opened)])
    said = ["keep" if n["FDSTORE"] else "forget" for n in s.heard if n["FDNAME"] == "tcp-listener/main"]
    assert said[-1] == "keep", said


def test_a_socket_that_nobody_has_a_use_for_is_closed_and_said(start):
    with socket.create_server(("127.0.0.1", 0)) as opened, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        port = opened.getsockname()[1]
        datagrams.bind(("127.0.0.1", 0))
        s = start(CONFIG.format(at="127.0.0.2:0"), sockets=[("main", opened), ("udp", datagrams)])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    for words in (f"the socket main at 127.0.0.1:{port} was handed over", "the socket udp"):
        wait_until(lambda: words in s.log.read_text(), "it is in the log")


def test_descriptors_for_another_process_are_not_taken(start, manager, programs, config_file):
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port = opened.getsockname()[1]
        s = manager.start("/usr/bin/env", "LISTEN_PID=1", programs / "ockam-node", "--config", config_file(CONFIG.format(at="127.0.0.1:0")),
                          sockets=[("main", opened)])
        assert port_of(s.expect("READY")) != port


def test_a_restart_turns_nobody_away(start):
    """The manager keeps the listening socket: who connects while no node is there is served by the next one."""
    s = start()
    port = port_of(s.ready)
    kept = next(n for n in s.heard if n["FDSTORE"] == "1")
    assert kept["FDNAME"] == "tcp-listener/main" and len(kept.fds) == 1
    assert s.end() == 0
    assert not [n for n in s.rest(0.1) if n["FDSTOREREMOVE"]]
    between = wire.Peer(port)
    again = start(sockets=[(kept["FDNAME"], kept.fds[0])])
    assert port_of(again.ready) == port, "although the configuration says port 0"
    assert between.ask(["echo"], wire.bare("between")).payload == wire.bare("between")
    assert again.end() == 0


def test_a_listener_that_goes_is_not_kept(start, config_file):
    s = start()
    port = port_of(s.ready)
    assert next(n for n in s.heard if n["FDSTORE"])
    config_file("[node]\nname = n1\n")
    for n in s.heard:
        for fd in n.fds:
            os.close(fd)
        n.fds = []
    os.kill(s.pid, signal.SIGHUP)
    assert s.expect("FDSTOREREMOVE", "1")["FDNAME"] == "tcp-listener/main"
    s.expect("READY")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_node_of_the_command_line_speaks_in_nobodys_name(home, env, ockam, programs):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(home / "notify"))
        s.settimeout(0.2)
        assert ockam("node", "create", "n1", env_extra={"NOTIFY_SOCKET": str(home / "notify")}).code == 0
        with pytest.raises(TimeoutError):
            s.recv(100)
    assert ockam("node", "delete", "--all", "-y").code == 0


JOURNAL = """
import os, socket, subprocess, sys
os.makedirs("/run/systemd/journal")
entries = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
entries.bind("/run/systemd/journal/socket")
lines, theirs = os.pipe()
s = os.fstat(theirs)
node = subprocess.Popen([sys.argv[1], "--name", "n1", "--no-state", "--exit-on-eof", "--tcp-listener", "127.0.0.1:0"], stdin=subprocess.DEVNULL, stderr=theirs,
                        env={**os.environ, "JOURNAL_STREAM": f"{s.st_dev}:{s.st_ino}"})
os.close(theirs)
entries.settimeout(20)
try:
    while True:
        entry = entries.recv(65536).decode()
        print(repr(entry))
        if "stopped" in entry:
            break
except TimeoutError:
    pass
node.wait()
print("LINES", os.read(lines, 65536))
"""


def test_the_journal_gets_fields(programs, env):
    unshare = ["unshare", "--mount", "--propagation", "private"]
    if subprocess.run([*unshare, "true"], capture_output=True).returncode != 0:
        cannot_run("no mount namespaces here")
    inner = 'mount -t tmpfs tmpfs /run && exec /usr/bin/python3 -c "$0" "$1"'
    done = subprocess.run([*unshare, "sh", "-c", inner, JOURNAL, programs / "ockam-node"], env=env, capture_output=True, text=True, timeout=60)
    entries = [eval(line) for line in done.stdout.splitlines() if line.startswith("'")]
    ready = [e for e in entries if "MESSAGE=node: node n1 is ready\n" in e]
    assert len(ready) == 1, done.stdout + done.stderr
    assert {"PRIORITY=6", "SYSLOG_IDENTIFIER=ockam-node", "OCKAM_NODE=n1", "OCKAM_COMPONENT=node"} <= set(ready[0].splitlines())
    assert "LINES b'  ! EOF received\\n'" in done.stdout, "nothing of the log is said twice"


def test_a_journal_that_is_not_there_gets_lines_with_a_priority(programs, env, home):
    log = home / "stderr"
    with open(log, "wb") as err:
        s = os.fstat(err.fileno())
        inner = 'mount -t tmpfs tmpfs /run && exec "$@"'
        if not shutil.which("unshare") or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
            cannot_run("no mount namespaces here")
        subprocess.run(["unshare", "--mount", "sh", "-c", inner, "sh", programs / "ockam-node", "--name", "n1", "--no-state", "--exit-on-eof"],
                       env={**env, "JOURNAL_STREAM": f"{s.st_dev}:{s.st_ino}"}, stdin=subprocess.DEVNULL, stderr=err, check=True, timeout=60)
    assert "<6>node: node n1 is ready\n" in log.read_text()
