# SPDX-License-Identifier: Apache-2.0
"""Links over Unix sockets: nodes of one host, files with modes, sockets left behind."""

import os
import socket
import stat

import wire
from processes import wait_until


class UnixPeer(wire.Peer):
    """A test's connection to the socket of a node."""

    def __init__(self, path, timeout=10):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.buffer = bytearray()
        self.greeted = False
        self.socket.sendall(wire.PREAMBLE)


def listening(path, name="n1", **keys):
    lines = "".join(f"{k} = {v}\n" for k, v in keys.items())
    return f"[node]\nname = {name}\n[tcp-listener a]\naddress = 127.0.0.1:0\n" \
           f"[uds-listener b]\naddress = {path}\nallow = services\n{lines}"


def test_answers_over_a_unix_socket_of_this_user_only(node, home):
    path = home / "n1.sock"
    n = node(config=listening(path))
    assert n.listeners[1] == ("uds", str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with UnixPeer(path) as p:
        assert p.ask(["echo"], b"x" * 100_000).payload == b"x" * 100_000
    n.stop()
    assert not path.exists()


def test_the_mode_can_be_widened(node, home):
    path = home / "n1.sock"
    node(config=listening(path, mode="0660"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_chain_of_nodes_by_their_sockets(node, home):
    a, b = home / "a.sock", home / "b.sock"
    node("n3", config=f"[node]\nname = n3\n[uds-listener l]\naddress = {b}\nallow = services\n")
    node("n2", config=f"[node]\nname = n2\n[uds-listener l]\naddress = {a}\nallow = services\n"
                      f"[uds-connection to-n3]\naddress = {b}\n[service hop]\n")
    n1 = node("n1", config=f"[node]\nname = n1\n[tcp-listener l]\naddress = 127.0.0.1:0\n[service hop]\n"
                           f"[uds-connection to-n2]\naddress = {a}\n")
    with n1.peer() as p:
        def there():
            p.socket.settimeout(0.2)
            try:
                return p.ask(["hop", "to-n2", "hop", "to-n3", "uppercase"], wire.bare("hello"))
            except TimeoutError:
                return None
        m = wait_until(there, "an answer from n3")
        assert m.payload == wire.bare("HELLO")
        assert m.back[-1] == "uppercase"


def test_a_socket_left_by_a_killed_node_is_replaced(node, home):
    path = home / "n1.sock"
    n = node(config=listening(path))
    n.kill()
    assert path.exists()
    node(config=listening(path))
    with UnixPeer(path) as p:
        assert p.ask(["echo"], b"again").payload == b"again"


def test_a_socket_in_use_is_refused_and_left_alone(node, run, config_file, home):
    path = home / "n1.sock"
    node(config=listening(path))
    r = run("ockam-node", "--config", config_file(listening(path, "n2")), "--no-state")
    assert r.code == 69
    assert "another process listens there" in r.err
    with UnixPeer(path) as p:
        assert p.ask(["echo"], b"still").payload == b"still"


def test_another_file_at_the_path_is_refused_and_left_alone(run, config_file, home):
    path = home / "precious"
    path.write_text("data")
    r = run("ockam-node", "--config", config_file(listening(path)), "--no-state")
    assert r.code != 0
    assert "no socket" in r.err
    assert path.read_text() == "data"


def test_the_configuration_check_knows_paths_and_keys(run, config_file):
    text = "[node]\nname = n\n[uds-listener a]\naddress = run/n.sock\n[uds-listener b]\naddress = /tmp/b\nmodes = 660\n" \
           f"[uds-connection c]\naddress = /{'x' * 107}\n"
    r = run("ockam-node", "--config", config_file(text), "--check-config")
    assert r.code == 78
    assert "test.ini:4: there is no directory" in r.err, "a path is relative to the file"
    assert "test.ini:7: [uds-listener] has no key modes" in r.err and "did you mean mode?" in r.err
    assert "test.ini:9: " in r.err and "107 bytes" in r.err


def test_a_peer_that_goes_is_noticed(node, home):
    path = home / "n1.sock"
    n = node(config=listening(path))
    before = n.sockets()
    peers = [UnixPeer(path) for _ in range(50)]
    for p in peers:
        p.ask(["echo"], b"x")
    assert n.sockets() == before + 50
    for p in peers:
        p.close()
    wait_until(lambda: n.sockets() == before, "all sockets closed")


def test_garbage_closes_only_its_own_connection(node, home):
    path = home / "n1.sock"
    node(config=listening(path))
    with UnixPeer(path) as good, UnixPeer(path) as bad:
        good.ask(["echo"], b"1")
        bad.send_raw(b"\xff\xff\xff\xff" + os.urandom(64))
        assert bad.closed()
        assert good.ask(["echo"], b"2").payload == b"2"


def test_the_commands(ockam, home):
    path = home / "x.sock"
    for name in ("n1", "n2"):
        assert ockam("node", "create", name).code == 0
    r = ockam("uds-listener", "create", path, "--at", "n1", "--option", "mode=660", "--allow", "echo", "--output", "json")
    assert r.code == 0 and r.json["socket_addr"] == str(path), r
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    r = ockam("uds-connection", "create", "--from", "n2", "--to", path, "--output", "json")
    assert r.code == 0, r
    assert ockam("message", "send", "hi", "--from", "n2", "--to", f"{r.json['address']}/service/echo").out.strip() == "hi"
    assert [c["socket_addr"] for c in ockam("uds-connection", "list", "--at", "n2", "--output", "json").json] == [str(path)]
    assert ockam("uds-listener", "create", home / "y.sock", "--at", "n1", "--option", "mode=rw").code != 0
    assert ockam("uds-connection", "delete", path, "--at", "n2", "-y").code == 0
    assert ockam("uds-listener", "delete", path, "--at", "n1", "-y").code == 0
    assert not path.exists()


def test_a_service_takes_messages_of_named_users_only_also_through_a_hop(node, home, ockam):
    path = home / "n1.sock"
    n = node(config=listening(path) + f"[service hop]\n[service mine]\ntype = echo\nallow-from = local | uid={os.geteuid()}\n"
                                      "[service others]\ntype = echo\nallow-from = uid=4294967294\n"
                                      "[service mute]\ntype = echo\nallow-to = local\n")
    with UnixPeer(path) as p, n.peer() as stranger:
        assert p.ask(["mine"], b"x").payload == b"x"
        assert p.ask(["hop", "mine"], b"x").payload == b"x"
        stranger.send(["mute"], b"an answer would leave the node")
        assert stranger.ask(["echo"], b"x").payload == b"x"
        for peer, route in ((p, ["others"]), (p, ["hop", "others"]), (stranger, ["mine"]), (stranger, ["hop", "mine"])):
            peer.send(route, b"x", extras={"ockam_report": "1"})
            assert peer.receive().payload == b""
    assert ockam("message", "send", "x", "--from", "n1", "--to", "/service/mine").out.strip() == "x"
    assert ockam("message", "send", "x", "--from", "n1", "--to", "/service/mute").out.strip() == "x"
    shown = ockam("worker", "show", "mine", "--at", "n1", "--output", "json").json
    assert shown["takes_from"] == ["local", f"uid={os.geteuid()}"] and not shown["opens_node"] and shown["sends_to"] == []
    assert ockam("worker", "show", "mute", "--at", "n1", "--output", "json").json["sends_to"] == ["local"]
    hop = ockam("worker", "show", "hop", "--at", "n1", "--output", "json").json
    assert hop["opens_node"] and f"peers of the uds listener b at {path} (services)" in hop["reached_by"], hop
