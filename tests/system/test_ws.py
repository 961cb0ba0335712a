# SPDX-License-Identifier: Apache-2.0
"""WebSocket links, with the `websockets` package of PyPI as the other end, in both roles."""

import os
import select
import socket
import ssl
import subprocess
import threading
import time

import pypi
import pytest
import wire
from certificates import own
from processes import wait_until

MiB = 1 << 20


@pytest.fixture(scope="module")
def client():
    return pypi.load("websockets.sync.client")


@pytest.fixture(scope="module")
def server():
    return pypi.load("websockets.sync.server")


@pytest.fixture(scope="module")
def closed():
    return pypi.load("websockets.exceptions").ConnectionClosed


@pytest.fixture
def ws_node(node):
    def start(*keys, name="n1", address="ws://127.0.0.1:0", extra="", node_keys=""):
        lines = "\n".join(keys)
        n = node(name, config=f"[node]\nname = {name}\n{node_keys}\n[tcp-listener a]\naddress = 127.0.0.1:0\n"
                              f"[ws-listener b]\naddress = {address}\nallow = services\n{lines}\n{extra}")
        n.ws = next(a for t, a in n.listeners if t == "ws")
        return n

    return start


def body(onward, payload, back=("test",)):
    return wire.frame(onward, list(back), payload)[4:]


def up(n):
    """Waits until the only connection of this node's configuration is up."""
    try:
        wait_until(lambda: " is up" in n.errors(), "the connection is up")
    except AssertionError as e:
        raise AssertionError(n.errors()) from e


def receive(ws):
    """The next message that is no heartbeat."""
    while True:
        m = wire.Message(ws.recv(timeout=10))
        if m.onward:
            return m


def ask(ws, onward, payload=b""):
    ws.send(body(onward, payload))
    return receive(ws)


def over_tls(address, context):
    """A plain socket that leads to a TLS server, for a client that reads and writes in two threads. Two threads
    must not use one TLS connection, which before Python 3.13 nothing prevents: a ticket that comes right after the
    handshake while the other thread writes breaks the connection. Here one thread does both."""
    host, port = address.rsplit(":", 1)
    tls = context.wrap_socket(socket.create_connection((host, int(port))), server_hostname=host)
    near, far = socket.socketpair()
    threading.Thread(target=pump, args=(tls, far), daemon=True).start()
    return near


def pump(tls, plain):
    onward, back = bytearray(), bytearray()  # what waits to be written to each
    ways = ((plain, tls, onward), (tls, plain, back))
    not_now = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)
    with tls, plain:
        tls.setblocking(False)
        plain.setblocking(False)
        try:
            while True:
                buffered = tls.pending() > 0 and len(back) < MiB  # of which the socket below knows nothing
                readable, _, _ = select.select([source for source, _, waiting in ways if len(waiting) < MiB],
                                               [sink for _, sink, waiting in ways if waiting], [], 0 if buffered else None)
                for source, sink, waiting in ways:
                    try:
                        if source in readable or (source is tls and buffered):
                            data = source.recv(1 << 16)
                            if not data:
                                sink.setblocking(True)
                                return sink.sendall(waiting)
                            waiting += data
                        if waiting:
                            del waiting[: sink.send(waiting)]
                    except not_now:
                        pass
        except OSError:
            pass


# -- an independent client ------------------------------------------------------------------------------


def test_answers_messages_of_every_size(ws_node, client):
    n = ws_node()
    with client.connect(f"ws://{n.ws}", max_size=None, compression=None) as ws:
        for size in (0, 1, 100, 125, 126, 65535, 65536, MiB, 15 * MiB):
            data = os.urandom(size)
            m = ask(ws, ["echo"], data)
            assert m.payload == data and m.onward == ["test"] and m.back == ["echo"]


def test_a_client_with_default_settings_is_served(ws_node, client):
    """It offers compression, which is not agreed on."""
    n = ws_node()
    with client.connect(f"ws://{n.ws}/any/path?q=1") as ws:
        assert ask(ws, ["uppercase"], wire.bare("hello")).payload == wire.bare("HELLO")
        assert ws.protocol.extensions == []


def test_a_thousand_pipelined(ws_node, client):
    n = ws_node()
    with client.connect(f"ws://{n.ws}") as ws:
        for i in range(1000):
            ws.send(body(["echo"], str(i).encode()))
        assert [int(receive(ws).payload) for _ in range(1000)] == list(range(1000))


def test_fragments_pings_and_the_closing_handshake(ws_node, client):
    n = ws_node()
    with client.connect(f"ws://{n.ws}", max_size=None) as ws:
        whole = body(["echo"], b"x" * 3 * MiB)
        ws.send([whole[i : i + 70_000] for i in range(0, len(whole), 70_000)])
        assert receive(ws).payload == b"x" * 3 * MiB
        assert ws.ping(b"hello").wait(5)
        ws.close(1000, "bye")
        assert ws.protocol.close_rcvd.code == 1000
        assert not ws.protocol.close_rcvd_then_sent


@pytest.mark.parametrize("what, code", [("text", 1003), ("too big", 1009), ("garbage", 1001)])
def test_what_is_wrong_closes_with_a_code_and_others_go_on(ws_node, client, closed, what, code):
    n = ws_node(node_keys="max-frame = 1MiB")
    with client.connect(f"ws://{n.ws}") as good, client.connect(f"ws://{n.ws}") as bad:
        with pytest.raises(closed) as e:
            if what == "text":
                bad.send("hello")
            elif what == "too big":
                bad.send(b"x" * (16 * MiB + 1))
            else:
                bad.send(b"no routing message")
            bad.recv(timeout=10)
        assert e.value.rcvd.code == code
        assert ask(good, ["echo"], b"here").payload == b"here"


@pytest.mark.parametrize("parts", [1, 5])
def test_a_message_over_max_frame_is_reported_and_the_connection_goes_on(ws_node, client, parts):
    n = ws_node(node_keys="max-frame = 1MiB")
    with client.connect(f"ws://{n.ws}") as ws:
        whole = wire.frame(["echo"], ["me"], b"x" * (MiB + 1), {"ockam_report": "1"})[4:]
        size = -(-len(whole) // parts)
        ws.send(whole if parts == 1 else [whole[i : i + size] for i in range(0, len(whole), size)])
        told = receive(ws)
        assert told.extras["ockam_undeliverable"] == "too-large"
        assert ask(ws, ["echo"], b"here").payload == b"here"


def test_a_node_that_stops_says_so(ws_node, client, closed):
    n = ws_node()
    with client.connect(f"ws://{n.ws}") as ws:
        ask(ws, ["echo"])
        code, seconds = n.stop()
        assert code == 0 and seconds < 2
        with pytest.raises(closed) as e:
            ws.recv(timeout=10)
        assert e.value.rcvd.code == 1001


def test_web_pages_need_leave(ws_node, client):
    status = pypi.load("websockets.exceptions").InvalidStatus
    n = ws_node("origins = https://good.example")
    with client.connect(f"ws://{n.ws}", origin="https://good.example") as ws:
        assert ask(ws, ["echo"], b"x").payload == b"x"
    with pytest.raises(status) as e:
        client.connect(f"ws://{n.ws}", origin="https://evil.example")
    assert e.value.response.status_code == 403


def test_only_the_path_of_the_listener_is_served(ws_node, client):
    status = pypi.load("websockets.exceptions").InvalidStatus
    n = ws_node(address="ws://127.0.0.1:0/ockam")
    with client.connect(f"ws://{n.ws}/ockam") as ws:
        assert ask(ws, ["echo"], b"x").payload == b"x"
    with pytest.raises(status) as e:
        client.connect(f"ws://{n.ws}/")
    assert e.value.response.status_code == 404


# -- an independent server ------------------------------------------------------------------------------


def test_connects_to_a_server_of_another_make(node, server):
    seen = []

    def handle(ws):
        for data in ws:
            m = wire.Message(data)
            if not m.onward:
                continue
            seen.append(m)
            assert ws.ping(b"p").wait(5)
            ws.send(body(m.back, m.payload[::-1], ["there"]))

    with server.serve(handle, "127.0.0.1", 0, max_size=None) as s:
        threading.Thread(target=s.serve_forever, daemon=True).start()
        port = s.socket.getsockname()[1]
        n = node(config=f"[node]\nname = n1\n[tcp-listener a]\naddress = 127.0.0.1:0\n[service hop]\n"
                        f"[ws-connection there]\naddress = ws://127.0.0.1:{port}/chat\n")
        up(n)
        with n.peer() as p:
            for size in (1, 200, 100_000, 4 * MiB):
                data = os.urandom(size)
                assert p.ask(["hop", "there", "x"], data).payload == data[::-1]
        assert seen[0].onward == ["x"]
        s.shutdown()


# -- nodes among themselves -------------------------------------------------------------------------------


def test_a_chain_of_nodes(ws_node, node):
    n2 = ws_node(name="n2", extra="[service hop]\n")
    n1 = node("n1", config=f"[node]\nname = n1\n[tcp-listener a]\naddress = 127.0.0.1:0\n[service hop]\n"
                           f"[ws-connection to-n2]\naddress = ws://{n2.ws}\n")
    up(n1)
    with n1.peer() as p:
        data = os.urandom(2 * MiB)
        assert p.ask(["hop", "to-n2", "hop", "echo"], data).payload == data


# -- TLS ---------------------------------------------------------------------------------------------------


def connected_by_tls(node, n2, authority, *keys, host="127.0.0.1", name="n1"):
    port = n2.ws.rsplit(":", 1)[1]
    lines = "\n".join(keys)
    return node(name, config=f"[node]\nname = {name}\nlog-level = debug\n[tcp-listener a]\naddress = 127.0.0.1:0\n[service hop]\n"
                             f"[ws-connection to-n2]\naddress = wss://{host}:{port}\n{lines}\n")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_tls_between_nodes(ws_node, node, authority, host):
    n2 = ws_node(*own(authority, "server"), name="n2", address="wss://127.0.0.1:0")
    n1 = connected_by_tls(node, n2, authority, f"ca = {authority}/ca.pem", host=host)
    up(n1)
    with n1.peer() as p:
        for size in (0, 1, 20_000, 15 * MiB):
            data = os.urandom(size)
            assert p.ask(["hop", "to-n2", "echo"], data).payload == data


def test_tls_with_an_independent_client(ws_node, client, authority):
    n = ws_node(*own(authority, "server"), address="wss://127.0.0.1:0")
    context = ssl.create_default_context(cafile=authority / "ca.pem")
    with client.connect(f"ws://{n.ws}", sock=over_tls(n.ws, context), max_size=None) as ws:
        data = os.urandom(3 * MiB)
        assert ask(ws, ["echo"], data).payload == data
        assert ws.ping().wait(5)


@pytest.mark.parametrize("server_name, keys, words", [
    ("server", (), "certificate is not trusted"),
    ("server", ("ca = {}/other-ca.pem",), "certificate is not trusted"),
    ("elsewhere", ("ca = {}/ca.pem",), "certificate is not trusted"),
])
def test_a_server_that_is_not_the_one_is_refused(ws_node, node, authority, server_name, keys, words):
    n2 = ws_node(*own(authority, server_name), name="n2", address="wss://127.0.0.1:0")
    n1 = connected_by_tls(node, n2, authority, *(k.format(authority) for k in keys))
    wait_until(lambda: words in n1.errors(), "the reason is in the log")


def test_clients_need_a_certificate_where_the_listener_has_a_ca(ws_node, node, authority):
    n2 = ws_node(*own(authority, "server"), f"ca = {authority}/ca.pem", name="n2", address="wss://127.0.0.1:0")
    ca = f"ca = {authority}/ca.pem"
    n1 = connected_by_tls(node, n2, authority, ca, *own(authority, "client"))
    up(n1)
    n3 = connected_by_tls(node, n2, authority, ca, *own(authority, "stranger"), name="n3")
    wait_until(lambda: "certificate is not trusted" in n2.errors(), "a stranger is refused")
    n4 = connected_by_tls(node, n2, authority, ca, name="n4")
    wait_until(lambda: "certificate required" in n4.errors(), "so is who has none, and is told why")
    assert " is up" not in n3.errors() + n4.errors()
    with n1.peer() as p:
        assert p.ask(["hop", "to-n2", "echo"], b"x").payload == b"x"


def test_a_tls_listener_bears_with_anything(ws_node, authority, client):
    n = ws_node(*own(authority, "server"), address="wss://127.0.0.1:0", node_keys="handshake-timeout = 500ms")
    host, port = n.ws.rsplit(":", 1)
    before = n.sockets()
    for data in (b"", b"\x01", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 100, os.urandom(5000)):
        with socket.create_connection((host, int(port))) as s:
            s.settimeout(5)
            s.sendall(data)
            while True:  # closed at once or by the time-out
                try:
                    if not s.recv(4096):
                        break
                except ConnectionResetError:
                    break
    context = ssl.create_default_context(cafile=authority / "ca.pem")
    with context.wrap_socket(socket.create_connection((host, int(port))), server_hostname="localhost") as s:
        s.settimeout(5)
        assert s.recv(1) == b""  # TLS, and then silence
    wait_until(lambda: n.sockets() == before, "all closed")
    with client.connect(f"ws://{n.ws}", sock=over_tls(n.ws, context)) as ws:
        assert ask(ws, ["echo"], b"x").payload == b"x"


# -- hostile ---------------------------------------------------------------------------------------------


def upgraded(n):
    s = socket.create_connection(tuple((n.ws.rsplit(":", 1)[0], int(n.ws.rsplit(":", 1)[1]))))
    s.settimeout(10)
    s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += s.recv(1)
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer
    return s


def masked(payload, opcode=2, fin=True):
    n = len(payload)
    head = bytes([(0x80 if fin else 0) | opcode])
    head += bytes([0x80 | n]) if n < 126 else b"\xfe" + n.to_bytes(2, "big") if n < 65536 else b"\xff" + n.to_bytes(8, "big")
    return head + bytes(4) + payload


def test_byte_by_byte(ws_node):
    n = ws_node()
    with upgraded(n) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for b in masked(body(["echo"], b"slow")):
            s.sendall(bytes([b]))
        answer = body(["test"], b"slow", ["echo"])
        got = b""
        while len(got) < 2 + len(answer):
            got += s.recv(100)
        assert got == bytes([0x82, len(answer)]) + answer


def test_a_peer_that_reads_nothing_costs_bounded_memory_and_disturbs_nobody(ws_node, client):
    n = ws_node()
    with upgraded(n) as s, client.connect(f"ws://{n.ws}") as good:
        ask(good, ["echo"], b"warm")
        before = n.resident()
        s.settimeout(0.5)
        frame = masked(body(["echo"], b"x" * 60_000)) + masked(b"p" * 100, opcode=9)
        sent = 0
        try:
            while sent < 200 * MiB:
                s.sendall(frame)
                sent += len(frame)
        except TimeoutError:
            pass
        assert sent < 200 * MiB, "the node read all of it"
        began = time.monotonic()
        assert ask(good, ["echo"], b"x").payload == b"x"
        assert time.monotonic() - began < 1
        assert n.resident() - before < 20 * MiB


def test_ping_floods_are_answered_within_bounds(ws_node):
    n = ws_node()
    with upgraded(n) as s:
        before = n.resident()
        s.settimeout(0.5)
        try:
            for _ in range(200):
                s.sendall(masked(b"p" * 125, opcode=9) * 1000)
        except TimeoutError:
            pass
        assert n.resident() - before < 10 * MiB


def test_many_that_go_leave_nothing(ws_node):
    n = ws_node()
    before = n.sockets()
    for _ in range(3):
        peers = [upgraded(n) for _ in range(100)]
        for i, s in enumerate(peers):
            s.sendall(masked(b"x" * 1000, fin=False)[: i * 11 % 900])
        for s in peers:
            s.close()
    wait_until(lambda: n.sockets() == before, "all sockets closed")


def test_the_configuration_check_knows_urls_and_keys(run, config_file):
    text = "[node]\nname = n\n[ws-listener a]\naddress = http://127.0.0.1:1\n[ws-listener b]\naddress = ws://127.0.0.1:1\n" \
           "certficate = x\n[ws-connection c]\naddress = wss://example.org:99999\n"
    r = run("ockam-node", "--config", config_file(text), "--check-config")
    assert r.code == 78
    assert "test.ini:4: " in r.err and "neither ws:// nor wss://" in r.err
    assert "test.ini:7: [ws-listener] has no key certficate" in r.err and "did you mean certificate?" in r.err
    assert "test.ini:9: " in r.err


def test_tls_files_that_cannot_be_used_are_named(run, config_file, authority):
    base = "[node]\nname = n\n[ws-listener a]\naddress = wss://127.0.0.1:0\n"
    for keys, words in (("", "certificate and key"), (f"certificate = /no/cert\nkey = {authority}/server.key\n", "/no/cert"),
                        (f"certificate = {authority}/server.pem\nkey = {authority}/client.key\n", "client.key"),
                        ("\n".join(own(authority, "server")) + "\nca = /no/ca\n", "/no/ca")):
        r = run("ockam-node", "--config", config_file(base + keys), "--no-state")
        assert r.code != 0
        assert words in r.err, r


def test_the_commands(ockam, authority):
    for name in ("n1", "n2"):
        assert ockam("node", "create", name).code == 0
    r = ockam("ws-listener", "create", "wss://127.0.0.1:0", "--at", "n1", "--allow", "echo", "--option",
              f"certificate={authority}/server.pem", "--option", f"key={authority}/server.key", "--output", "json")
    assert r.code == 0, r
    where = f"wss://{r.json['socket_addr']}"
    untrusted = ockam("ws-connection", "create", "--from", "n2", "--to", where)
    assert untrusted.code != 0 and "certificate is not trusted" in untrusted.err, untrusted
    r = ockam("ws-connection", "create", "--from", "n2", "--to", where, "--option", f"ca={authority}/ca.pem", "--output", "json")
    assert r.code == 0, r
    assert ockam("message", "send", "hi", "--from", "n2", "--to", f"{r.json['address']}/service/echo").out.strip() == "hi"
    assert ockam("ws-connection", "show", where, "--at", "n2").code == 0
    assert ockam("ws-connection", "delete", where, "--at", "n2", "-y").code == 0
