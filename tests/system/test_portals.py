# SPDX-License-Identifier: Apache-2.0
"""Inlets and outlets of real nodes: bytes, ends, what the command line says, and that they come back.

    client ══ inlet (node app) ══ tcp ══ (node db) outlet ══ target, a server of the test"""

import hashlib
import json
import os
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

import endings
from ports import free_port
from processes import kill, pid_of, wait_until


class Target:
    """A TCP server that hands each connection to `serve`, on a thread of its own."""

    def __init__(self, serve):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.serve = serve
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                s, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._run, args=(s,), daemon=True).start()

    def _run(self, s):
        with s:
            try:
                self.serve(s)
            except OSError:
                pass  # the other end is gone

    def close(self):
        self.server.close()


@pytest.fixture
def target():
    """target(serve) → a Target; all are closed at the end."""
    made = []

    def make(serve):
        made.append(Target(serve))
        return made[-1]

    yield make
    for t in made:
        t.close()


def echo(s):
    while data := s.recv(65536):
        s.sendall(data)


def read_all(s):
    out = []
    while data := s.recv(1 << 16):
        out.append(data)
    return b"".join(out)


def connect(at, timeout=20):
    host, port = at.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=timeout)


def answers(at, text=b"hello"):
    try:
        with connect(at, 5) as s:
            s.sendall(text)
            return s.recv(100) == text
    except OSError:
        return False


@pytest.fixture
def portal(ockam):
    """portal(target port, *inlet options) → host:port of the inlet, between the nodes db and app."""

    def make(port, *options, outlet=()):
        for name in ("db", "app"):
            if ockam("node", "show", name, "--jq", ".status").out.strip() != '"running"':
                assert ockam("node", "create", name).code == 0
        assert ockam("tcp-outlet", "create", "--at", "db", "--to", port, *outlet).out.strip() == "/service/outlet"
        r = ockam("tcp-inlet", "create", "in", "--at", "app", "--to", "/node/db/service/outlet", *options)
        assert r.code == 0, r
        return r.out.strip()

    return make


def test_bytes_go_both_ways_with_the_same_checksums(target, portal):
    data = os.urandom(40 << 20)

    def serve(s):
        got = hashlib.sha256()
        for _ in range(len(data) >> 20):
            left = 1 << 20
            while left > 0:
                part = s.recv(left)
                got.update(part)
                left -= len(part)
        s.sendall(got.digest())
        s.sendall(data)

    at = portal(target(serve).port)
    with connect(at, 60) as s:
        s.sendall(data)
        assert s.recv(32) == hashlib.sha256(data).digest()
        got = read_all(s)
    assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest()


def test_half_close_passes_in_both_directions(target, portal):
    answer = os.urandom(10 << 20)

    def serve(s):
        request = read_all(s)  # to the client's end
        s.sendall(request + answer)

    at = portal(target(serve).port)
    with connect(at) as s:
        s.sendall(b"request")
        s.shutdown(socket.SHUT_WR)
        assert read_all(s) == b"request" + answer


def test_a_reset_stays_a_reset(target, portal):
    seen = []

    def serve(s):
        try:
            seen.append(s.recv(100))
            seen.append(s.recv(100))
        except ConnectionResetError:
            seen.append("reset")

    at = portal(target(serve).port)
    s = connect(at)
    s.sendall(b"x")
    wait_until(lambda: seen == [b"x"], "the target has got it")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    wait_until(lambda: seen == [b"x", "reset"], "the target is reset")


def test_a_target_that_refuses_closes_the_client_at_once(ockam, portal):
    port = free_port()
    at = portal(port)
    began = time.monotonic()
    with pytest.raises(ConnectionResetError), connect(at) as s:
        s.recv(1)
    assert time.monotonic() - began < 2
    failure = json.loads(ockam("tcp-inlet", "show", "in", "--at", "app").out)["last_failure"]
    assert "Connection refused" in failure and f"127.0.0.1:{port}" in failure


def test_without_a_handshake_a_target_that_refuses_closes_the_client_as_well(ockam, portal):
    port = free_port()
    at = portal(port, "--skip-handshake", outlet=("--skip-handshake",))
    with pytest.raises(ConnectionResetError), connect(at) as s:
        s.recv(1)
    failure = json.loads(ockam("tcp-inlet", "show", "in", "--at", "app").out)["last_failure"]
    assert "target unreachable" in failure and "Connection refused" in failure and f"127.0.0.1:{port}" in failure


def test_an_outlet_that_is_not_there_is_not_taken_for_a_target_that_is_not(ockam, portal):
    at = portal(1)
    assert ockam("tcp-outlet", "delete", "outlet", "--at", "db", "-y").code == 0
    with pytest.raises(ConnectionResetError), connect(at) as s:
        s.recv(1)
    failure = json.loads(ockam("tcp-inlet", "show", "in", "--at", "app").out)["last_failure"]
    assert failure.startswith("the outlet cannot be reached: ") and "0#outlet" in failure and "target" not in failure


def test_a_name_that_does_not_resolve_is_said(ockam, portal):
    at = portal("no-such-host.invalid:80")
    with pytest.raises(ConnectionResetError), connect(at) as s:
        s.recv(1)
    assert "no-such-host.invalid" in json.loads(ockam("tcp-inlet", "show", "in", "--at", "app").out)["last_failure"]


def test_a_target_that_accepts_nobody_closes_the_client_in_time(portal):
    with socket.socket() as full:  # its queue is full: whoever connects waits
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        for _ in range(3):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(full.getsockname())
            waiting.append(s)
        at = portal(full.getsockname()[1], "--dial-timeout", "1s", outlet=("--dial-timeout", "1s"))
        began = time.monotonic()
        with pytest.raises(ConnectionResetError), connect(at) as s:
            s.recv(1)
        assert 0.5 < time.monotonic() - began < 3
        for s in waiting:
            s.close()


def test_what_the_command_line_says(ockam, target, portal):
    port = target(echo).port
    at = portal(port)
    assert answers(at)
    assert json.loads(ockam("tcp-outlet", "list", "--at", "db").out) == [{"from": "/service/outlet", "to": f"127.0.0.1:{port}"}]
    shown = json.loads(ockam("tcp-outlet", "show", "outlet", "--at", "db").out)
    assert shown["node_name"] == "db" and shown["worker_address"] == "/service/outlet"
    inlet = json.loads(ockam("tcp-inlet", "show", "in", "--at", "app").out)
    assert inlet["status"] == "Up" and inlet["bind_addr"] == at and inlet["outlet_route"].endswith(" => 0#outlet") and inlet["opened"] == 1
    node = json.loads(ockam("node", "show", "app", "--output", "json").out)
    assert [i["alias"] for i in node["inlets"]] == ["in"]
    assert ockam("tcp-inlet", "delete", "in", "--at", "app").code == 70
    assert json.loads(ockam("tcp-inlet", "delete", "in", "--at", "app", "-y").out) == {"alias": "in", "node": "app"}
    assert ockam("tcp-outlet", "delete", "outlet", "--at", "db", "-y").out.strip() == "outlet"
    assert not answers(at)
    for kind, node in (("tcp-outlet", "db"), ("tcp-inlet", "app")):
        r = ockam(kind, "delete", "outlet", "--at", node)
        assert (r.code, r.out) == (0, "[]\n"), "there is none of them any more"
    assert ockam("tcp-outlet", "create", "--to", "127.0.0.1:1", "--at", "db").code == 0
    r = ockam("tcp-outlet", "delete", "nope", "--at", "db", "-y")
    assert r.code == 70 and "was not found" in r.err, r


def test_names_and_ports_twice(ockam, target, portal):
    at = portal(target(echo).port)
    again = ockam("tcp-inlet", "create", "in", "--at", "app", "--to", "/node/db/service/outlet")
    assert again.code == 70 and "tcp-inlet in" in again.err
    taken = ockam("tcp-inlet", "create", "other", "--at", "app", "--from", at, "--to", "/node/db/service/outlet")
    assert taken.code == 70 and at.rsplit(":", 1)[1] in taken.err
    with socket.create_server(("127.0.0.1", 0)) as s:
        foreign = ockam("tcp-inlet", "create", "other", "--at", "app", "--from", s.getsockname()[1], "--to", "/node/db/service/outlet")
        assert foreign.code == 70 and "in use" in foreign.err
    twice = ockam("tcp-outlet", "create", "outlet", "--at", "db", "--to", "1")
    assert twice.code == 70 and "outlet" in twice.err
    assert ockam("tcp-outlet", "create", "--at", "db", "--to", "1").out.startswith("/service/")  # two random words
    assert answers(at)


@pytest.mark.parametrize("words, names", [
    (("tcp-inlet", "create", "al9", "--alias", "al10", "--to", "/service/outlet"), ("al9", "al10")),
    (("tcp-outlet", "create", "a5", "--from", "a6", "--to", "1"), ("a5", "a6")),
    (("tcp-outlet", "create", "--from", "/service/a6", "--alias", "a7", "--to", "1"), ("a6", "a7"))])
def test_two_names_for_one_are_an_error_and_make_nothing(ockam, words, names):
    r = ockam(*words)
    assert r.code == 70 and r.out == "" and all(n in r.err for n in names) and "keep one of them" in r.err, r
    assert ockam("node", "list").out == "[]\n", "nor a default node"


def test_the_old_spellings_of_a_name(ockam):
    assert ockam("tcp-outlet", "create", "--from", "a6", "--to", "1").out == "/service/a6\n"
    assert ockam("tcp-outlet", "create", "--alias", "a7", "--to", "1").out == "/service/a7\n"
    assert ockam("tcp-outlet", "create", "a8", "--from", "/service/a8", "--to", "1").out == "/service/a8\n", "one name, said twice"
    assert ockam("tcp-inlet", "create", "--alias", "al10", "--to", "/service/a6").code == 0
    assert json.loads(ockam("tcp-inlet", "show", "al10").out)["alias"] == "al10"


def test_who_has_to_be_there_shows_that_by_a_channel_or_the_option_is_named(ockam, portal):
    at = ("--at", "app", "--to", "/node/db/service/outlet")
    portal(1)
    for option in ("authorized", "allow"):
        r = ockam("tcp-inlet", "create", option, *at, f"--{option}", "I" + "0" * 64)
        assert r.code == 0 and f"not whom {option} names" in r.err, r


def test_an_inlet_waits_for_its_far_end_and_is_up_when_that_comes(ockam, target):
    t = target(echo)
    port = free_port()
    assert ockam("node", "create", "app").code == 0
    r = ockam("tcp-inlet", "create", "in", "--at", "app", "--to", f"/ip4/127.0.0.1/tcp/{port}/service/outlet")
    assert r.code == 0
    shown = json.loads(ockam("tcp-inlet", "show", "in", "--at", "app").out)
    assert shown["status"] == "Down" and str(port) in shown["reason"] and shown["outlet_route"] is None
    at = r.out.strip()
    with pytest.raises(ConnectionRefusedError):
        connect(at)
    assert ockam("node", "create", "db", "-t", f"127.0.0.1:{port}").code == 0
    assert ockam("tcp-outlet", "create", "--at", "db", "--to", t.port).code == 0
    wait_until(lambda: answers(at), "the inlet is up", 15)


def test_the_far_end_may_be_killed_and_come_back(ockam, home, target, portal):
    at = portal(target(echo).port)
    s = connect(at)
    s.sendall(b"x")
    assert s.recv(1) == b"x"
    kill(pid_of(ockam, "db"))
    with pytest.raises(ConnectionResetError):
        assert s.recv(1)
    s.close()
    wait_until(lambda: json.loads(ockam("tcp-inlet", "show", "in", "--at", "app").out)["status"] == "Down", "it says so", 8)
    with pytest.raises(ConnectionError), connect(at) as late:
        late.sendall(b"x")
        if late.recv(1) == b"":
            raise ConnectionResetError
    assert ockam("node", "start", "db").code == 0
    wait_until(lambda: answers(at), "it is up again, with the outlet of before", 15)


def test_both_ends_come_back_after_stop_and_crash(ockam, target, portal):
    at = portal(target(echo).port)
    for way in (lambda n: ockam("node", "stop", n),
                lambda n: kill(pid_of(ockam, n))):
        for name in ("db", "app"):
            way(name)
        for name in ("db", "app"):
            assert ockam("node", "start", name).code == 0
        wait_until(lambda: answers(at), "the inlet is at the same port, and leads there", 15)


def test_a_reload_adds_changes_and_ends_without_touching_others(node, config_file, target):
    first, second = target(echo), target(lambda s: s.sendall(b"second"))
    outlets = f"[node]\nname = db\n[tcp-listener main]\naddress = 127.0.0.1:0\n[tcp-outlet one]\nto = 127.0.0.1:{first.port}\n"
    db = node("db", config=outlets)
    head = "[node]\nname = app\n"

    def inlet(name, to):
        return f"[tcp-inlet {name}]\nfrom = 127.0.0.1:{ports[name]}\nto = /ip4/127.0.0.1/tcp/{db.port}/service/{to}\n"

    ports = {}
    for name in ("a", "b"):
        with socket.create_server(("127.0.0.1", 0)) as s:
            ports[name] = s.getsockname()[1]
    app = node("app", config=head + inlet("a", "one"))
    at = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    wait_until(lambda: answers(at["a"]), "the inlet is up", 15)
    stays = connect(at["a"])
    stays.sendall(b"1")
    assert stays.recv(1) == b"1"
    config_file(outlets + f"[tcp-outlet two]\nto = 127.0.0.1:{second.port}\n", "db.ini")
    os.kill(db.pid, signal.SIGHUP)
    config_file(head + inlet("a", "one") + inlet("b", "two"), "app.ini")
    os.kill(app.pid, signal.SIGHUP)

    def says(name, text):
        try:
            with connect(at[name], 5) as s:
                return s.recv(100) == text
        except OSError:
            return False

    wait_until(lambda: says("b", b"second"), "the new inlet leads to the new outlet", 15)
    config_file(head + inlet("a", "one") + inlet("b", "one"), "app.ini")
    os.kill(app.pid, signal.SIGHUP)
    wait_until(lambda: answers(at["b"]), "the changed inlet leads elsewhere", 15)
    config_file(head + inlet("a", "one"), "app.ini")
    os.kill(app.pid, signal.SIGHUP)
    wait_until(lambda: not answers(at["b"]), "the inlet that is gone has ended", 15)
    stays.sendall(b"2")
    assert stays.recv(1) == b"2"
    stays.close()


def test_yaml_in_all_its_forms(ockam, target):
    port = target(echo).port
    assert ockam("node", "create", "--configuration", f"{{name: n1, tcp-outlets: {{to: {port}}}}}").out.strip() == "n1/service/outlet"
    assert ockam("node", "create", "n3", "--configuration", f"{{tcp-outlets: {{a: {{to: {port}}}, b: {port}}}}}").out.strip() == "n3/service/a/service/b"
    assert ockam("node", "create", "--configuration",
                 f"{{name: y2, tcp-outlets: [{{from: o1, to: {port}}}, {{from: /service/o2, to: {port}, at: y2}}]}}").out.strip() == "y2/service/o1/service/o2"
    with socket.create_server(("127.0.0.1", 0)) as s:
        at = f"127.0.0.1:{s.getsockname()[1]}"
    made = ockam("node", "create", "--configuration", f'{{name: n7, tcp-inlets: {{in7: {{from: "{at}", to: /node/n1/service/outlet, at: n7}}}}}}')
    assert made.out.strip() == "n7" + at
    wait_until(lambda: answers(at), "the inlet is up", 15)


@pytest.mark.parametrize("portals", ["tcp-outlets: {db: {to: 99999999}}", 'tcp-outlets: {db: {to: "127.0.0.1:port"}}', "tcp-outlets: {db: {at: n8}}",
                                     "tcp-outlets: {echo: {to: 1}}", "tcp-inlets: {i: {from: nowhere, to: /service/outlet}}",
                                     "tcp-inlets: {i: {from: 0, to: /secure/api}}", "tcp-inlets: {i: {from: 0, to: /node/nope/service/x}}",
                                     "tcp-inlets: {i: {from: 0}}"])
def test_a_configuration_with_a_wrong_one_makes_no_node(ockam, home, portals):
    r = ockam("node", "create", "--configuration", f"{{name: n8, {portals}}}")
    assert r.code == 70 and r.out == "" and r.err, r
    assert "n8" not in ockam("node", "list").out
    assert not (home / "nodes/n8").exists()


def test_outlets_and_inlets_make_a_default_node(ockam, target):
    port = target(echo).port
    assert ockam("tcp-outlet", "create", "--to", port).out.strip() == "/service/outlet"
    assert answers(ockam("tcp-inlet", "create", "--to", "/service/outlet").out.strip())


def test_tls_with_the_target(ockam, authority, target, portal):
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem", authority / "server.key")

    def serve(raw):
        with context.wrap_socket(raw, server_side=True) as s:
            s.sendall(s.recv(100).upper())

    t = target(serve)
    at = portal(f"localhost:{t.port}", outlet=("--tls", "--ca", authority / "ca.pem"))
    with connect(at) as s:
        s.sendall(b"hello")
        assert s.recv(100) == b"HELLO"


def test_tls_with_a_target_that_nobody_vouches_for(ockam, authority, target, portal):
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem", authority / "server.key")

    def serve(raw):
        with context.wrap_socket(raw, server_side=True) as s:
            s.recv(100)

    at = portal(f"localhost:{target(serve).port}", outlet=("--tls",))
    with pytest.raises(ConnectionResetError), connect(at) as s:
        s.sendall(b"hello")
        s.recv(1)
        s.recv(1)
    assert "certificate" in json.loads(ockam("tcp-outlet", "show", "outlet", "--at", "db").out)["last_failure"]


def test_a_target_that_does_not_shake_hands_closes_the_client_in_time(ockam, target, portal):
    silent = target(lambda s: s.recv(1) and s.recv(1 << 16) and time.sleep(20))
    at = portal(f"localhost:{silent.port}", "--dial-timeout", "1s", outlet=("--tls", "--dial-timeout", "1s"))
    began = time.monotonic()
    with pytest.raises(ConnectionResetError), connect(at) as s:
        s.recv(1)
    assert 0.5 < time.monotonic() - began < 10
    failure = json.loads(ockam("tcp-inlet", "show", "in", "--at", "app").out)["last_failure"]
    assert "timed out" in failure and "no TLS" in failure


def test_a_target_that_ends_in_the_handshake_closes_the_client_at_once(ockam, target, portal):
    at = portal(f"localhost:{target(lambda s: s.recv(1)).port}", outlet=("--tls",))
    began = time.monotonic()
    with pytest.raises(ConnectionResetError), connect(at) as s:
        s.recv(1)
    assert time.monotonic() - began < 4
    assert "handshake" in json.loads(ockam("tcp-inlet", "show", "in", "--at", "app").out)["last_failure"]


def test_dead_clients_and_targets_are_noticed_by_keepalives(target, portal):
    port = target(echo).port
    at = portal(port)
    with connect(at) as s:
        s.sendall(b"x")
        assert s.recv(1) == b"x"
        for end in (f"sport = :{at.rsplit(':', 1)[1]}", f"dport = :{port}"):  # the inlet's socket, and the outlet's
            shown = subprocess.run(["ss", "-tnoH", "state", "established", end], capture_output=True, text=True, check=True).stdout
            assert "timer:(keepalive" in shown, shown


def test_a_stuck_stream_delays_no_other(target, portal):
    def serve(s):
        kind = s.recv(1)
        if kind == b"f":
            while True:
                s.sendall(b"x" * 65536)
        while data := s.recv(100):
            s.sendall(data)

    at = portal(target(serve).port)
    stuck = connect(at)
    stuck.sendall(b"f")
    time_of = []
    with connect(at) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.sendall(b"e")
        for _ in range(500):
            began = time.monotonic()
            s.sendall(b"ping")
            assert s.recv(100) == b"ping"
            time_of.append(time.monotonic() - began)
    stuck.close()
    assert sorted(time_of)[-5] < 0.25


def test_many_short_connections_leave_nothing(ockam, target, portal):
    at = portal(target(echo).port)
    assert answers(at)
    pids = [json.loads(ockam("node", "show", n, "--output", "json").out)["pid"] for n in ("app", "db")]
    counts = lambda: [len(os.listdir(f"/proc/{p}/fd")) for p in pids]
    before = counts()
    for _ in range(500):
        assert answers(at, b"short")
    wait_until(lambda: all(now <= then for now, then in zip(counts(), before)), "descriptors are as before", 15)
    for name in ("app", "db"):
        assert "stream" not in ockam("worker", "list", "--at", name, "--output", "json").out


def test_connections_that_end_in_every_order_leave_nothing(ockam, portal):
    with endings.Target() as t:
        at = portal(t.address)
        endings.run(at, 100, seed=1)
        pids = [json.loads(ockam("node", "show", n, "--output", "json").out)["pid"] for n in ("app", "db")]
        counts = lambda: [len(os.listdir(f"/proc/{p}/fd")) for p in pids]
        wait_until(lambda: all("stream" not in ockam("worker", "list", "--at", n, "--output", "json").out for n in ("app", "db")), "they have parted", 15)
        before = counts()
        endings.run(at, 1000, seed=2)
        wait_until(lambda: all(now <= then for now, then in zip(counts(), before)), "descriptors are as before", 15)
        wait_until(lambda: all("stream" not in ockam("worker", "list", "--at", n, "--output", "json").out for n in ("app", "db")), "no worker is left", 15)


# -- pipes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [
    "ockam relay create db --at /node/relay --to db --allow outlet --allow echo | ockam tcp-inlet create --at app --to /node/relay/-/service/outlet",
    "echo /node/db | ockam tcp-inlet create --at app --to -/service/outlet",
    "ockam tcp-outlet create second --at db --to {port} | ockam tcp-inlet create --at app --to /node/db/-"],
    ids=["what a relay prints", "a node", "what an outlet prints"])
def test_the_route_of_an_inlet_may_come_through_a_pipe(ockam, env, home, target, line):
    port = target(echo).port
    for name in ("relay", "db", "app"):
        assert ockam("node", "create", name).code == 0
    assert ockam("tcp-outlet", "create", "--at", "db", "--to", port).code == 0
    done = subprocess.run(["sh", "-c", line.format(port=port)], env=env, cwd=home, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done
    assert answers(done.stdout.strip())


# -- the end of a node -------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["app", "db"])
def test_a_node_that_drains_lets_no_client_in_and_finishes_what_is_under_way(ockam, target, portal, which):
    size, sent, enough = 1000, [], threading.Event()

    def serve(s):
        if not s.recv(1):  # who closes with something unread resets
            return  # a client that only looks
        while not sent or not enough.wait(0.1):  # a slow target
            s.sendall(b"x" * size)
            sent.append(size)

    at = portal(target(serve).port)
    assert ockam("tcp-inlet", "show", "in", "--at", "app", "--jq", ".state").out.strip() == '"up"'
    pid = pid_of(ockam, which)
    with connect(at) as s:
        s.sendall(b"x")
        first = s.recv(size)
        os.kill(pid, signal.SIGTERM)

        def is_closed():
            try:
                with connect(at, 0.5) as other:
                    return other.recv(1) == b""
            except TimeoutError:  # let in before the node had heard of it
                return False
            except OSError:
                return True

        wait_until(is_closed, "no client is let in", 4)
        assert os.path.exists(f"/proc/{pid}"), "it is not gone yet"
        enough.set()
        assert len(first + read_all(s)) == sum(sent)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "it has ended", 10)


def test_an_idle_stream_does_not_hold_up_the_end_of_a_node(ockam, target, portal):
    at = portal(target(echo).port)
    with connect(at) as s:
        s.sendall(b"x")
        assert s.recv(1) == b"x"
        threading.Event().wait(0.6)  # longer than what counts as under way
        began = time.monotonic()
        assert ockam("node", "stop", "app").code == 0
        assert time.monotonic() - began < 3
