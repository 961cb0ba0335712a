# SPDX-License-Identifier: Apache-2.0
"""Links over CAF between real nodes."""

import random
import resource
import signal
import socket
import threading

import processes
import pytest
import wire
from certificates import own


def listener(node, name="b", **kw):
    return node(name, config=f"[node]\nname = {name}\n[tcp-listener t]\naddress = 127.0.0.1:0\n"
                             "[caf-listener c]\naddress = 127.0.0.1:0\nallow = services\n", **kw)


def caf_port(n):
    return next(int(a.rsplit(":", 1)[1]) for t, a in n.listeners if t == "caf")


def dialler(node, port, name="a", **kw):
    return node(name, config=f"[node]\nname = {name}\n[tcp-listener t]\naddress = 127.0.0.1:0\n"
                             f"[service h]\ntype = hop\n[caf-connection link]\naddress = 127.0.0.1:{port}\n", **kw)


def up(n):
    processes.wait_until(lambda: " is up" in n.errors(), "the link is up")


def test_a_message_crosses_a_caf_link_and_comes_back(node):
    b = listener(node)
    a = dialler(node, caf_port(b))
    up(a)
    with a.peer() as p:
        m = p.ask(["h", "link", "echo"], b"hello")
        assert m.payload == b"hello"
        assert m.onward == ["test"]


def test_a_thousand_pipelined_messages_come_back_in_order(node):
    b = listener(node)
    a = dialler(node, caf_port(b))
    up(a)
    with a.peer() as p:
        for i in range(1000):
            p.send(["h", "link", "echo"], b"%d" % i)
        assert [p.receive().payload for _ in range(1000)] == [b"%d" % i for i in range(1000)]


def secured(node, listener_keys, connection_keys, address="127.0.0.1"):
    """Two nodes with a caf connection between them, not yet up; the one that connects."""
    b = node("b", config="[node]\nname = b\n[tcp-listener t]\naddress = 127.0.0.1:0\n"
                         f"[caf-listener c]\naddress = {address}:0\nallow = services\n" + "\n".join(listener_keys))
    return node("a", config="[node]\nname = a\n[tcp-listener t]\naddress = 127.0.0.1:0\n[service h]\ntype = hop\n"
                            f"[caf-connection link]\naddress = 127.0.0.1:{caf_port(b)}\n" + "\n".join(connection_keys))


def test_certificates_on_both_sides_open_a_caf_link_to_other_hosts(node, authority, ockam):
    trust = f"ca = {authority}/ca.pem"
    a = secured(node, (*own(authority, "server"), trust), (*own(authority, "client"), trust), address="0.0.0.0")
    up(a)
    [link] = ockam("caf-connection", "list", "--at", "a", "--output", "json").json
    assert link["identity"] == "CN=server"
    [link] = ockam("caf-connection", "list", "--at", "b", "--output", "json").json
    assert link["identity"] == "CN=client"
    body = bytes(range(256)) * 4096
    with a.peer() as p:
        assert p.ask(["h", "link", "echo"], body).payload == body


@pytest.mark.parametrize("client,why", [("nobody", "certificate required"), ("stranger", "unknown ca"), ("plain", "the peer closed")])
def test_a_caf_listener_with_a_certificate_authority_refuses_strangers(node, authority, client, why):
    trust = f"ca = {authority}/ca.pem"
    keys = {"nobody": (trust,), "stranger": (*own(authority, "stranger"), trust), "plain": ()}[client]
    a = secured(node, (*own(authority, "server"), trust), keys)
    processes.wait_until(lambda: "next try" in a.errors(), "it will be tried again")
    assert why in a.errors() and " is up" not in a.errors()


@pytest.mark.parametrize("size", [0, 1, 65536, 15 << 20])
def test_payloads_of_every_size(node, size):
    b = listener(node)
    a = dialler(node, caf_port(b))
    up(a)
    body = bytes(i * 7 % 251 for i in range(min(size, 4096))) * (size // 4096 or 1)
    with a.peer(timeout=30) as p:
        assert p.ask(["h", "link", "echo"], body).payload == body


def test_a_killed_peer_ends_the_link_and_a_new_one_is_found_again(node):
    b = listener(node)
    port = caf_port(b)
    a = dialler(node, port)
    up(a)
    with a.peer() as p:
        assert p.ask(["h", "link", "echo"], b"1").payload == b"1"

    def ask():
        """An answer or a report; nothing for a message that went down with the connection."""
        with a.peer(timeout=1) as p:
            try:
                return p.ask(["h", "link", "echo"], b"2", extras={"ockam_report": "1"})
            except TimeoutError:
                return None

    b.kill()
    processes.wait_until(lambda: (m := ask()) and m.extras.get("ockam_undeliverable") == "link-down", "the link is down")
    again = node("b", config=f"[node]\nname = b\n[caf-listener c]\naddress = 127.0.0.1:{port}\nallow = services\n")
    processes.wait_until(lambda: (m := ask()) and m.payload == b"2", "the link is up again", timeout=20)
    assert again.alive()


def flood(a, route, megabytes, chunk=60_000):
    """Sends without reading until the node takes no more for a second or all is sent; the bytes that it took."""
    sent = 0
    with a.peer(timeout=1) as p:
        try:
            while sent < megabytes << 20:
                p.send(route, bytes(chunk))
                sent += chunk
        except TimeoutError:
            pass
    return sent


def test_a_stopped_peer_costs_no_memory_and_nobody_else_notices(node):
    b = listener(node)
    c = listener(node, "c")
    a = node("a", config="[node]\nname = a\n[tcp-listener t]\naddress = 127.0.0.1:0\n[service h]\ntype = hop\n"
                         f"[caf-connection b]\naddress = 127.0.0.1:{caf_port(b)}\n"
                         f"[caf-connection c]\naddress = 127.0.0.1:{caf_port(c)}\n")
    processes.wait_until(lambda: a.errors().count(" is up") == 2, "both links are up")
    with a.peer() as p:
        assert p.ask(["h", "b", "echo"], b"x").payload == b"x"
        before = a.resident()
        b.freeze()
        try:
            worst = 0
            for _ in range(5):  # 300 MB if the node took them all
                flood(a, ["h", "b", "echo"], 60)
                worst = max(worst, a.resident())
                assert p.ask(["h", "c", "echo"], b"y").payload == b"y"
            assert worst - before < 40 << 20, f"{before >> 20} → {worst >> 20} MiB"
        finally:
            b.send_signal(signal.SIGCONT)

        def answers():
            m = p.ask(["h", "b", "echo"], b"again", extras={"ockam_report": "1"})
            return m.payload == b"again"
        processes.wait_until(answers, "the link works again", timeout=20)


def test_a_node_stops_in_time_although_its_peer_has_stopped(node):
    b = listener(node)
    a = dialler(node, caf_port(b))
    up(a)
    b.freeze()
    try:
        flood(a, ["h", "link", "echo"], 30)
        code, seconds = a.stop()
    finally:
        b.send_signal(signal.SIGCONT)
    assert code == 0
    assert seconds < 2


def test_caf_links_bring_no_threads(node):
    plain = node("plain")
    b = listener(node)
    a = dialler(node, caf_port(b))
    up(a)
    with a.peer() as p:
        assert p.ask(["h", "link", "echo"], b"x").payload == b"x"
    assert a.threads() == b.threads() == plain.threads()


# -- peers that are something else ---------------------------------------------------------------------


def failing(node, transport, port):
    return node("a", config=f"[node]\nname = a\n[tcp-listener t]\naddress = 127.0.0.1:0\n"
                            f"[{transport}-connection link]\naddress = 127.0.0.1:{port}\n")


def test_each_transport_says_so_when_the_other_answers(node):
    b = listener(node)
    a = failing(node, "caf", b.port)
    processes.wait_until(lambda: "does not begin with a BASP handshake" in a.errors(), "caf to tcp fails")
    a.stop()
    a = failing(node, "tcp", caf_port(b))
    processes.wait_until(lambda: "instead of the preamble" in a.errors(), "tcp to caf fails")
    assert b.alive()


GARBAGE = {
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header of 4 GiB": b"\x01\0\0\0\xff\xff\xff\xff" + bytes(24),
    "a handshake without payload": b"\x01\0\0\0" + bytes(28),
    "a server's handshake": b"\0\0\0\0\0\0\0\x04" + b"\0" * 7 + b"\x03" + bytes(16) + b"abcd",
    "a handshake that does not decode": b"\x01\0\0\0\0\0\x10\0" + bytes(24) + b"\xff" * 4096,
    "a message first": b"\x02\0\0\0\0\0\0\x04" + b"\x10" + bytes(7) + bytes(8) + b"\xff" * 8 + b"abcd",
    "zeros": bytes(70_000),
    "ones": b"\xff" * 70_000,
}


def test_garbage_does_no_harm(node):
    b = listener(node)
    a = dialler(node, caf_port(b))
    up(a)
    memory = b.resident()
    with a.peer() as p:
        for what, data in GARBAGE.items():
            with wire.Peer(caf_port(b), preamble=None) as g:
                try:
                    g.send_raw(data)
                except ConnectionError:
                    pass
                assert g.closed(), what
            assert p.ask(["h", "link", "echo"], b"z").payload == b"z", what
    assert b.resident() - memory < 16 << 20
    # Each reason is logged once a second at most, however many come.
    processes.wait_until(lambda: "closed the connection" in b.errors(), "it says so")
    assert b.errors().count("closed the connection") <= 2 * len(GARBAGE)


class Damage(threading.Thread):
    """Hands on what two nodes say to each other, and damages each connection once until it is told to leave it."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.to, self.over, self.connections = port, False, 0
        self.random = random.Random(1)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.start()

    def run(self):
        while True:
            front, _ = self.server.accept()
            try:
                back = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return self.cut(front)  # the test is over
            self.connections += 1
            at = None if self.over else self.random.randrange(self.random.choice((32, 300, 700)))
            ways = [(front, back, at), (back, front, None)]
            if self.connections % 2:
                ways = [(front, back, None), (back, front, at)]
            for way in ways:
                threading.Thread(target=self.pump, args=way, daemon=True).start()
            if at is not None:  # not every damage is noticed: what CAF says at the start is not all checked
                threading.Timer(0.1, self.cut, (front, back)).start()

    def pump(self, source, sink, at):
        seen = 0
        try:
            while data := bytearray(source.recv(65536)):
                if at is not None and seen <= at < seen + len(data):
                    i, how = at - seen, self.random.randrange(4)
                    if how == 0:
                        data[i] ^= 1 << self.random.randrange(8)
                    elif how == 1:
                        data[i] = self.random.choice((0, 0xFF, 0x7F, 0x80))
                    elif how == 2:
                        data[i : i + 4] = self.random.randbytes(4)
                    else:
                        del data[i:]
                seen += len(data)
                sink.sendall(data)
        except OSError:
            pass
        self.cut(source, sink)

    @staticmethod
    def cut(*sockets):
        for s in sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def test_whoever_changes_bytes_on_the_way_ends_the_link_and_nothing_else(node, ockam):
    b = listener(node)
    between = Damage(caf_port(b))
    a = node("a", config="[node]\nname = a\n[tcp-listener t]\naddress = 127.0.0.1:0\n[service h]\ntype = hop\n"
                         f"[caf-connection link]\naddress = 127.0.0.1:{between.port}\nretry-min = 10ms\nretry-max = 20ms\n")
    memory = [n.resident() for n in (a, b)]
    processes.wait_until(lambda: between.connections > 40, "the link is damaged in many places", 60)
    between.over = True

    def answered():
        with a.peer(timeout=1) as p:
            try:
                return p.ask(["h", "link", "echo"], b"whole").payload == b"whole"
            except TimeoutError:
                return False

    processes.wait_until(answered, "an untouched connection carries messages", 30)
    assert a.alive() and b.alive()
    for n, before in zip((a, b), memory):
        assert n.resident() - before < 16 << 20
    refused = ockam("node", "show", "b", "--output", "json").json["refused"]
    assert refused.get("malformed-frame", 0) > 0, refused


class Tamper(threading.Thread):
    """Hands on what two nodes say to each other and changes the version in the hello of the one that connects."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.to = port
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.start()

    def run(self):
        try:
            while True:
                front, _ = self.server.accept()
                back = socket.create_connection(("127.0.0.1", self.to))
                for source, sink, change in ((front, back, True), (back, front, False)):
                    threading.Thread(target=self.pump, args=(source, sink, change), daemon=True).start()
        except OSError:
            pass

    @staticmethod
    def pump(source, sink, change):
        try:
            while data := source.recv(65536):
                sink.sendall(data.replace(b"\x08\x01\x12\x01a", b"\x08\x09\x12\x01a") if change else data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def test_another_version_is_refused_with_both_numbers(node):
    b = listener(node)
    t = Tamper(caf_port(b))
    failing(node, "caf", t.port)
    processes.wait_until(lambda: "speaks version 9 of caf links, this node version 1" in b.errors(), "b refuses it")
    t.server.close()


def test_more_connections_than_allowed_are_closed(node):
    b = node("b", config="[node]\nname = b\nmax-connections = 64\n[tcp-listener t]\naddress = 127.0.0.1:0\n"
                         "[caf-listener c]\naddress = 127.0.0.1:0\nallow = services\n")
    a = dialler(node, caf_port(b))
    up(a)
    peers = [wire.Peer(caf_port(b), preamble=None) for _ in range(63)]
    for _ in range(20):
        with wire.Peer(caf_port(b), preamble=None) as extra:
            assert extra.closed()
    with a.peer() as p:
        assert p.ask(["h", "link", "echo"], b"z").payload == b"z"
    for p in peers:
        p.close()


def test_descriptors_that_run_out_do_not_spin(node, no_descriptors_left):
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))

    b = listener(node, limits=few)
    a = dialler(node, caf_port(b))
    up(a)
    peers = [wire.Peer(caf_port(b), preamble=None) for _ in range(60)]
    with a.peer() as p:
        assert p.ask(["h", "link", "echo"], b"1").payload == b"1"
        cpu = b.cpu_seconds()
        for i in range(10):
            assert p.ask(["h", "link", "echo"], b"2").payload == b"2"
        processes.wait_until(lambda: "may not open more files" in b.errors(), "the node says so")
        assert b.cpu_seconds() - cpu < 0.5
    for p in peers:
        p.close()


def test_a_listener_for_other_hosts_needs_a_word(run, home, config_file, node):
    path = config_file("[node]\nname = b\n[caf-listener c]\naddress = 0.0.0.0:0\n")
    r = run("ockam-node", "--config", path)
    assert r.code != 0
    assert "insecure = yes" in r.err and "authenticates nobody" in r.err
    b = node("b", config="[node]\nname = b\n[caf-listener c]\naddress = 0.0.0.0:0\ninsecure = yes\n")
    assert caf_port(b) > 0
