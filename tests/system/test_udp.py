# SPDX-License-Identifier: Apache-2.0
"""Links over UDP between real processes, and what hostile datagrams do to a node."""

import random
import socket
import struct

import pytest
import udp_wire
import wire
from processes import cannot_run, wait_until

LISTENER = "[node]\nname = {name}\n[udp-listener u]\naddress = {address}\nallow = services\nworker = udp\n{more}"


@pytest.fixture
def listener(node):
    """A node that listens for datagrams. Its port is `udp_port`."""

    def start(name="n1", address="127.0.0.1:0", more="", **kw):
        n = node(name, config=LISTENER.format(name=name, address=address, more=more), **kw)
        n.udp_port = next(int(a.rsplit(":", 1)[1]) for t, a in n.listeners if t == "udp")
        return n

    return start


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_echo(listener, host):
    n = listener(address=f"[{host}]:0" if ":" in host else f"{host}:0")
    with udp_wire.UdpPeer(n.udp_port, host) as p:
        m = p.ask(["echo"], b"hello", back=["a", "b"])
        assert (m.onward, m.back, m.payload) == (["a", "b"], ["echo"], b"hello")


@pytest.mark.parametrize("size", [0, 1, 466, 467, 468, 493, 986, 64 << 10, 1 << 20])
def test_any_size_comes_back_without_an_empty_slice(listener, size):
    n = listener()
    with udp_wire.UdpPeer(n.udp_port) as p:
        body = random.Random(size).randbytes(size)
        m = p.ask(["echo"], body)
        assert m.payload == body
        assert len(m.datagrams) == -(-len(wire.frame(["test"], ["echo"], body)[4:]) // udp_wire.SLICE)
        assert max(m.datagrams) <= 508


def test_pipelined(listener):
    n = listener()
    with udp_wire.UdpPeer(n.udp_port) as p:
        for _ in range(20):
            for i in range(100):
                p.send(["echo"], b"%d" % i)
            assert sorted(int(p.receive().payload) for _ in range(100)) == list(range(100))


def test_a_message_over_max_frame_is_reported_to_who_asked(node):
    n = node("n1", config=LISTENER.format(name="n1\nmax-frame = 64KiB", address="127.0.0.1:0", more=""))
    port = next(int(a.rsplit(":", 1)[1]) for t, a in n.listeners if t == "udp")
    with udp_wire.UdpPeer(port) as p:
        p.send(["echo"], bytes(100_000))
        m = p.ask(["echo"], bytes(100_000), back=["asker"], extras={"ockam_report": "1"})
        assert m.onward == ["asker"] and m.extras["ockam_undeliverable"] == "too-large" and "max-frame is 65536" in m.extras["ockam_detail"], m.extras
        assert p.ask(["echo"], b"small").payload == b"small"


def test_slices_in_any_order_and_twice(listener):
    n = listener()
    body = wire.frame(["echo"], ["test"], b"x" * 5000)[4:]
    with udp_wire.UdpPeer(n.udp_port) as p:
        for seed in range(20):
            parts = udp_wire.slices(p.next(), body)
            parts += parts[:3]
            random.Random(seed).shuffle(parts)
            for d in parts:
                p.send_raw(d)
            assert p.receive().payload == b"x" * 5000
        assert p.silent()


#   test ── tcp ── n1: hop ∙∙ udp ∙∙ n2: uppercase
@pytest.mark.parametrize("to", ["127.0.0.1", "localhost"])
def test_a_route_over_tcp_and_udp(listener, node, to):
    n2 = listener("n2")
    n1 = node("n1", config="[node]\nname = n1\n[tcp-listener t]\naddress = 127.0.0.1:0\n[service hop]\n"
                           f"[udp-connection to-n2]\naddress = {to}:{n2.udp_port}\n")
    wait_until(lambda: " is up" in n1.errors(), "the name is looked up")
    with n1.peer() as p:
        # The default hop is not among the consumers of the udp link's answers: it was started by name.
        assert p.ask(["hop", "to-n2", "uppercase"], wire.bare("hello")).payload == wire.bare("HELLO")


#   test ── tcp ── n1: hop, udp listener ∙∙ n2: udp listener, echo
def test_a_listener_sends_to_an_address_in_the_route(listener, node):
    n2 = listener("n2")
    n1 = listener("n1", more="[tcp-listener t]\naddress = 127.0.0.1:0\nallow = services\n[service hop]\n[routing]\ndial = any\n")
    with n1.peer() as p:
        for host in ("127.0.0.1", "localhost"):
            m = p.ask(["hop", "udp", (2, f"{host}:{n2.udp_port}"), "echo"], b"hello", extras={"ockam_report": "1"})
            assert m.payload == b"hello", m.extras
        m = p.ask(["hop", "udp", "echo"], b"hello", extras={"ockam_report": "1"})
        assert m.extras["ockam_undeliverable"] == "bad-route"


#   test ── tcp ── n1: hop, udp listener ∙∙ somebody
@pytest.mark.parametrize("dial", ["never", "listed"])
def test_a_reachable_hop_is_no_proxy_for_datagrams(listener, dial):
    n1 = listener("n1", more=f"[tcp-listener t]\naddress = 127.0.0.1:0\nallow = services\n[service hop]\n[routing]\ndial = {dial}\n")
    with n1.peer() as p, udp_wire.UdpPeer(n1.udp_port) as somebody:
        def passed(host):
            to = (2, f"{host}:{somebody.socket.getsockname()[1]}")
            return p.ask(["hop", "udp", to, "x"], b"for others", extras={"ockam_report": "1"}).extras.get("ockam_undeliverable")
        assert passed("127.0.0.1") == "dial-refused"
        assert passed("localhost") == "dial-refused"
        assert somebody.silent()
        # From whom something came, something may go to.
        assert somebody.ask(["echo"], b"hello").payload == b"hello"
        p.send(["hop", "udp", (2, f"127.0.0.1:{somebody.socket.getsockname()[1]}"), "x"], b"for others")
        assert somebody.receive().payload == b"for others"


def forged(source, to, payload):
    """A datagram of IPv4 that names another source. Only root may write such."""
    udp = struct.pack(">HHHH", source[1], to[1], 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, socket.IPPROTO_UDP, 0,
                     socket.inet_aton(source[0]), socket.inet_aton(to[0]))
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
            s.sendto(ip + udp, (to[0], 0))
    except PermissionError:
        cannot_run("forging a source takes rights that this user has not")


@pytest.mark.parametrize("bound, sources", [("127.0.0.1", ["127.0.0.1"]), ("0.0.0.0", ["127.0.0.1", "127.0.0.7"])])
def test_a_datagram_in_the_nodes_own_name_is_not_answered(listener, bound, sources):
    n = listener(address=f"{bound}:0")
    message = wire.frame(["echo"], ["echo"], b"x")[4:]
    for i, source in enumerate(sources):
        forged((source, n.udp_port), ("127.0.0.1", n.udp_port), udp_wire.datagram(i, 0, 1, message))
    with udp_wire.UdpPeer(n.udp_port) as p:
        assert p.ask(["echo"], b"somebody else").payload == b"somebody else"
    wait_until(lambda: "own address" in n.errors(), "the node says so")


def test_a_thousand_other_ports_neither_end_a_message_nor_let_a_copy_in(listener):
    n = listener()

    def flood():
        for _ in range(1100):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.sendto(udp_wire.datagram(1, 0, 2, b"z"), ("127.0.0.1", n.udp_port))
    with udp_wire.UdpPeer(n.udp_port) as p:
        first, second = udp_wire.slices(p.next(), wire.frame(["echo"], ["me"], bytes(700))[4:])
        p.send_raw(first)
        flood()
        p.send_raw(second)
        assert p.receive().payload == bytes(700)
        once = udp_wire.slices(p.next(), wire.frame(["echo"], ["me"], b"once")[4:])[0]
        p.send_raw(once)
        assert p.receive().payload == b"once"
        flood()
        p.send_raw(once)
        assert p.silent()


def test_a_restarted_peer_with_the_same_port_is_heard_again(listener):
    n = listener()
    with udp_wire.UdpPeer(n.udp_port) as p:
        p.number = 20_000
        assert p.ask(["echo"], b"before").payload == b"before"
        p.number = 100
        for i in range(3):
            p.send(["echo"], b"%d" % i)
        assert p.receive().payload == b"2"


def test_a_connection_to_nobody_stays_up_and_reaches_who_comes(listener, node):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    n1 = node("n1", config="[node]\nname = n1\n[tcp-listener t]\naddress = 127.0.0.1:0\n[service hop]\n"
                           f"[udp-connection to-n2]\naddress = 127.0.0.1:{port}\n")
    with n1.peer() as p:
        for _ in range(50):
            p.send(["hop", "to-n2", "echo"], b"lost")
        assert p.ask(["echo"], b"served").payload == b"served"
        wait_until(lambda: "Connection refused" in n1.errors(), "the refusal in the log")
        before = n1.cpu_seconds()
        listener("n2", address=f"127.0.0.1:{port}")

        def heard():
            p.send(["hop", "to-n2", "echo"], b"hello")
            p.socket.settimeout(0.2)
            try:
                return p.receive().payload == b"hello"
            except TimeoutError:
                return False

        wait_until(heard, "an answer of the peer that came late")
        assert n1.cpu_seconds() - before < 1  # an error event that is not taken back would spin


def test_hostile_datagrams(listener):
    n = listener(more="[tcp-listener t]\naddress = 127.0.0.1:0\nallow = services\n")
    noise = random.Random(1)
    whole = wire.frame(["echo"], ["test"], b"x" * 1500)[4:]
    with udp_wire.UdpPeer(n.udp_port) as bad, udp_wire.UdpPeer(n.udp_port) as good:
        for i in range(3000):
            d = bytearray(udp_wire.slices(bad.next(), whole)[i % 4])
            for _ in range(noise.randrange(4)):
                d[noise.randrange(min(24, len(d)))] = noise.randrange(256)
            bad.send_raw(bytes(d[: noise.randrange(1, len(d) + 1)] if i % 3 == 0 else d))
            if i % 100 == 0:
                assert good.ask(["echo"], b"unharmed").payload == b"unharmed"
        for total in (0, 1, 2, 65535):
            for offset in (0, 1, 65534, 65535):
                bad.send_raw(udp_wire.datagram(bad.next(), offset, total, b"x" * 493))
        assert good.ask(["echo"], b"unharmed").payload == b"unharmed"
    with n.peer() as p:
        assert p.ask(["echo"], b"unharmed").payload == b"unharmed"
    wait_until(lambda: " warn udp:" in n.errors(), "it says so")
    assert n.errors().count(" warn udp:") < 100  # at most once a second and reason


def test_ten_thousand_sources_take_no_memory(listener):
    n = listener(address="0.0.0.0:0")
    half = udp_wire.slices(1, wire.frame(["echo"], ["test"], b"x" * 1500)[4:])[0]
    with udp_wire.UdpPeer(n.udp_port) as good:
        assert good.ask(["echo"], b"before").payload == b"before"
        before = n.resident()
        for i in range(10_000):
            # All of 127.0.0.0/8 is this host: each a source of its own.
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.bind((f"127.1.{i // 250}.{i % 250 + 1}", 0))
                s.sendto(half, ("127.0.0.1", n.udp_port))
            if i % 50 == 0:
                assert good.ask(["echo"], b"unharmed").payload == b"unharmed"
        assert n.resident() - before < 16 << 20


def test_what_a_configuration_may_say(run, config_file):
    def problems(text):
        r = run("ockam-node", "--check-config", "--config", config_file(text))
        return r.code, r.out + r.err

    good = "[node]\nname = n1\n[udp-connection c]\naddress = 127.0.0.1:4000\ndatagram-size = 1400\nkeep-alive = 20s\n"
    assert problems(good)[0] == 0
    code, text = problems(good.replace("keep-alive", "keep-alife"))
    assert code == 78 and ":6:" in text and "keep-alive" in text
    code, text = problems(good.replace("1400", "10"))
    assert code == 78 and ":5:" in text and "64 and 65507" in text
    assert problems(good.replace("20s", "10ms"))[0] == 78
    assert problems(good.replace("connection", "listener").replace("keep-alive = 20s", "worker = u"))[0] == 0


#   n1 ∙∙ connection ∙∙ listener ∙∙ n2
def test_at_the_prompt(ockam):
    for name in ("n1", "n2"):
        assert ockam("node", "create", name).code == 0
    made = ockam("udp-listener", "create", "127.0.0.1:0", "--at", "n2", "--allow", "services", "--option", "worker=udp",
                 "--output", "json").json
    at = made["socket_addr"]
    assert (made["type"], made["processor_address"]) == ("Udp", "0#udp")
    link = ockam("udp-connection", "create", "--from", "n1", "--to", at, "--option", "datagram-size=1400").out.strip()
    assert ockam("message", "send", "hello", "--from", "n1", "--to", link + "/service/uppercase").out.strip() == "HELLO"
    host, port = at.split(":")
    dialled = f"/ip4/{host}/udp/{port}/service/uppercase"
    assert ockam("message", "send", "hello", "--from", "n1", "--to", dialled).out.strip() == "HELLO"
    shown = ockam("udp-connection", "show", link, "--at", "n1", "--output", "json").json
    assert (shown["mode"], shown["state"], shown["peers"], shown["messages_in"]) == ("Outgoing", "up", 1, 2)  # dialling uses the link that there is
    assert shown["refusals"] == 0 and shown["dropped"] == 0
    wrong = ockam("udp-connection", "create", "--from", "n1", "--to", at, "--option", "datagram-size=9")
    assert wrong.code == 70 and "64 and 65507" in wrong.err
    taken = ockam("udp-listener", "create", at, "--at", "n2")
    assert taken.code == 70 and at in taken.err
    assert ockam("udp-connection", "delete", link, "--at", "n1", "-y").code == 0
    assert ockam("udp-listener", "delete", at, "--at", "n2", "-y").code == 0
    assert ockam("udp-listener", "list", "--at", "n2", "--output", "json").json == []
    assert ockam("node", "delete", "--all", "-y").code == 0
