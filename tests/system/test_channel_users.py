# SPDX-License-Identifier: Apache-2.0
"""What goes through secure channels: relays, portals behind them, services in C++, Lua and Python; identities of single channels,
keys that are changed, and what nodes remember of others."""

import asyncio
import json
import pathlib
import re
import signal
import socket
import sys
import threading
import time

import pytest

from processes import pid_of, wait_until
from test_portals import Target

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "python"))
import ockam_client  # noqa: E402

SECRET = b"nobody but the two ends may read this"


def config(name, more=""):
    return (f"[node]\nname = {name}\n[identity]\nvault = {name}.vault\nhistory = {name}.identity\n"
            f"[tcp-listener main]\naddress = 127.0.0.1:0\n{more}")


def identity_of(n):
    return re.search(r"this node is (I[0-9a-f]{64})", n.errors()).group(1)


class Tap:
    """A TCP port that leads to another, and keeps what goes by in either direction."""

    def __init__(self, port):
        self.to, self.seen, self.sockets = port, bytearray(), []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                s, _ = self.server.accept()
            except OSError:
                return
            try:
                t = socket.create_connection(("127.0.0.1", self.to))
            except OSError:  # the one behind it is away
                s.close()
                continue
            self.sockets += [s, t]
            for a, b in ((s, t), (t, s)):
                threading.Thread(target=self._pour, args=(a, b), daemon=True).start()

    def _pour(self, a, b):
        try:
            while data := a.recv(65536):
                self.seen += data
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        for s in [self.server, *self.sockets]:
            s.close()


@pytest.fixture
def tap():
    made = []

    def make(port):
        made.append(Tap(port))
        return made[-1]

    yield make
    for t in made:
        t.close()


@pytest.fixture
def three(ockam):
    """Nodes relay, db and app, each with an identity of its own; the port of the relay node."""
    port = None
    for name in ("relay", "db", "app"):
        r = ockam("node", "create", name, "--identity", name, "--output", "json")
        assert r.code == 0, r
        port = port or int(r.json["transports"][0]["socket_addr"].split(":")[1])
    return port


def identifier(ockam, name):
    return ockam("identity", "show", name).out.strip()


def connection_status(ockam, name="db", at="db"):
    return ockam("relay", "show", name, "--at", at, "--output", "json").json["connection_status"]


# -- relays --------------------------------------------------------------------------------------------------


def test_a_relay_through_a_channel_is_nobody_elses(ockam, three):
    made = ockam("relay", "create", "db", "--at", "/node/relay/secure/api", "--to", "db")
    assert (made.code, made.out) == (0, "/service/forward_to_db\n"), made
    for way in ("/node/relay/service/forward_to_db", "/node/relay/secure/api/service/forward_to_db"):
        sent = ockam("message", "send", "hello", "--from", "app", "--to", f"{way}/service/uppercase")
        assert sent.out == "HELLO\n", sent
    for at in ("/node/relay", "/node/relay/secure/api"):
        taken = ockam("relay", "create", "thief", "--at", at, "--to", "app", "--relay-address", "db", "--output", "json").json
        assert taken["connection_status"] == "Down", taken
        assert ockam("relay", "delete", "thief", "--at", "app", "-y").code == 0
    assert ockam("message", "send", "hello", "--from", "app", "--to", "/node/relay/service/forward_to_db/service/uppercase").out == "HELLO\n"
    assert connection_status(ockam) == "Up"


def test_a_relay_through_a_channel_is_back_when_its_node_is(ockam, three):
    assert ockam("relay", "create", "db", "--at", "/node/relay/secure/api", "--to", "db").code == 0
    assert ockam("node", "stop", "relay").code == 0
    wait_until(lambda: connection_status(ockam) == "Down", "the relay is down")
    assert ockam("node", "start", "relay").code == 0
    began = time.monotonic()
    wait_until(lambda: connection_status(ockam) == "Up", "the relay is up again")
    assert time.monotonic() - began < 10
    assert ockam("message", "send", "hello", "--from", "app", "--to", "/node/relay/service/forward_to_db/service/uppercase").out == "HELLO\n"
    assert ockam("node", "stop", "db").code == 0 and ockam("node", "start", "db").code == 0
    wait_until(lambda: connection_status(ockam) == "Up", "it is in the file of its node")


def test_a_portal_through_a_relay_and_a_channel_shows_the_relay_ciphertext_only(ockam, three, tap):
    def upper(s):
        while data := s.recv(65536):
            s.sendall(data.upper())

    target, seen = Target(upper), tap(three)
    at = f"/ip4/127.0.0.1/tcp/{seen.port}"
    assert ockam("tcp-outlet", "create", "--at", "db", "--to", f"127.0.0.1:{target.port}").code == 0
    assert ockam("relay", "create", "db", "--at", f"{at}/secure/api", "--to", "db").code == 0
    made = ockam("tcp-inlet", "create", "--at", "app", "--to", f"{at}/service/forward_to_db/secure/api/service/outlet",
                 "--allow", identifier(ockam, "db"))
    assert made.code == 0 and not made.err, made
    host, port = made.out.strip().split(":")

    def through():
        with socket.create_connection((host, int(port)), timeout=5) as s:
            s.sendall(SECRET)
            got = b""
            while len(got) < len(SECRET) and (data := s.recv(65536)):
                got += data
            return got

    assert through() == SECRET.upper()
    assert SECRET not in seen.seen and SECRET.upper() not in seen.seen and len(seen.seen) > 1000
    plain = ockam("message", "send", SECRET.decode(), "--from", "app", "--to", f"{at}/service/echo")
    assert plain.code == 0 and SECRET in seen.seen, "what goes without a channel is seen: the tap taps"
    assert ockam("node", "stop", "relay").code == 0 and ockam("node", "start", "relay").code == 0

    def works():
        try:
            return through() == SECRET.upper()
        except OSError:
            return False

    wait_until(works, "the portal works again", 30)
    target.close()


def test_an_inlet_refuses_another_identity_than_allow_names(ockam, three):
    assert ockam("tcp-outlet", "create", "--at", "db", "--to", "127.0.0.1:1").code == 0
    made = ockam("tcp-inlet", "create", "--at", "app", "--to", "/node/db/secure/api/service/outlet", "--allow", identifier(ockam, "relay"))
    assert identifier(ockam, "db") in made.err and "is not authorized" in made.err, made


def test_who_has_to_be_at_the_far_end_of_an_inlet_and_of_a_relay(ockam, three):
    def upper(s):
        while data := s.recv(65536):
            s.sendall(data.upper())

    target = Target(upper)
    assert ockam("tcp-outlet", "create", "--at", "db", "--to", f"127.0.0.1:{target.port}").code == 0
    to = ("--at", "app", "--to", "/node/db/secure/api/service/outlet")
    made = ockam("tcp-inlet", "create", *to, "--authorized", identifier(ockam, "db"))
    assert made.code == 0 and not made.err, made
    with socket.create_connection(("127.0.0.1", int(made.out.strip().rpartition(":")[2])), 10) as s:
        s.sendall(b"hello")
        assert s.recv(100) == b"HELLO"
    nobody = "I" + "0" * 64
    refused = ockam("tcp-inlet", "create", "stays", *to, "--authorized", nobody)
    assert refused.code == 0 and "is not authorized" in refused.err, "as in the reference it is there, and tries again"
    for wrong in ("nonsense", ""):
        for option in ("--authorized", "--allow"):
            bad = ockam("tcp-inlet", "create", *to, option, wrong)
            assert bad.code == 64 and "invalid value" in bad.out, bad
        bad = ockam("tcp-outlet", "create", "other", "--at", "db", "--to", "1", "--allow", wrong)
        assert bad.code == 64, bad
        bad = ockam("relay", "create", "x", "--at", "/node/relay/secure/api", "--to", "db", "--authorized", wrong)
        assert bad.code == 64, bad
    assert ockam("relay", "create", "x", "--at", "/node/relay/secure/api", "--to", "db", "--allow", "").code == 64
    there = ockam("relay", "create", "x", "--at", "/node/relay/secure/api", "--to", "db", "--authorized", identifier(ockam, "relay"))
    assert there.out == "/service/forward_to_x\n", there
    other = ockam("relay", "create", "y", "--at", "/node/relay/secure/api", "--to", "db", "--authorized", nobody)
    assert other.code == 0 and "is not authorized" in other.out + other.err, other
    target.close()


# -- identities of single channels ---------------------------------------------------------------------------


def test_a_channel_and_a_listener_have_the_identity_that_they_name(ockam, three):
    assert ockam("identity", "create", "alice").code == 0
    alice, app, db = (identifier(ockam, who) for who in ("alice", "app", "db"))
    assert ockam("secure-channel-listener", "create", "for-alice", "--at", "db", "--authorized", alice).code == 0
    assert ockam("secure-channel-listener", "create", "as-alice", "--at", "db", "--identity", "alice").code == 0
    as_alice = ockam("secure-channel", "create", "--from", "app", "--to", "/node/db/service/for-alice", "--identity", "alice")
    assert as_alice.code == 0, as_alice
    sent = ockam("message", "send", "hello", "--from", "app", "--to", f"{as_alice.out.strip()}/service/uppercase")
    assert sent.out == "HELLO\n", sent
    (made,) = ockam("secure-channel", "list", "--at", "app", "--output", "json").json
    assert (made["identifier"], made["their_identifier"]) == (alice, db)
    assert ockam("secure-channel-listener", "show", "as-alice", "--at", "db", "--output", "json").json["identifier"] == alice
    refused = ockam("secure-channel", "create", "--from", "app", "--to", "/node/db/service/for-alice", "--timeout", "3s")
    assert refused.code != 0, "app is not alice"
    other = ockam("secure-channel", "create", "--from", "app", "--to", "/node/db/service/as-alice", "--authorized", db, "--output", "json")
    assert other.code != 0 and f"{alice} is not authorized" in other.err
    assert ockam("secure-channel", "create", "--from", "app", "--to", "/node/db/service/as-alice", "--authorized", alice).code == 0
    assert "is used by the node(s): app, db" in ockam("identity", "delete", "alice", "-y").err
    assert "There is no Identity with name nope" in ockam("secure-channel", "create", "--from", "app", "--to", "/node/db/service/api", "--identity", "nope").err
    assert ockam("node", "stop", "db").code == 0 and ockam("node", "start", "db").code == 0
    assert ockam("secure-channel-listener", "show", "as-alice", "--at", "db", "--output", "json").json["identifier"] == alice
    assert app != alice


def test_relays_and_inlets_have_the_identity_that_they_name(ockam, three):
    assert ockam("identity", "create", "alice").code == 0
    alice = identifier(ockam, "alice")
    assert ockam("secure-channel-listener", "create", "for-alice", "--at", "relay", "--authorized", alice).code == 0
    made = ockam("relay", "create", "db", "--at", "/node/relay/secure/for-alice", "--to", "db", "--identity", "alice")
    assert made.out == "/service/forward_to_db\n", made
    assert ockam("tcp-outlet", "create", "--at", "relay", "--to", "127.0.0.1:1").code == 0
    made = ockam("tcp-inlet", "create", "--at", "app", "--to", "/node/relay/secure/for-alice/service/outlet", "--identity", "alice")
    assert made.code == 0 and not made.err, made


def test_a_configuration_names_identities_of_this_home_and_of_files(ockam, node, home):
    assert ockam("identity", "create", "alice").code == 0
    (home / "n1.yaml").write_text("name: n1\nsecure-channel-listeners:\n  as-alice:\n    identity: alice\n")
    assert ockam("node", "create", home / "n1.yaml").code == 0
    assert ockam("secure-channel-listener", "show", "as-alice", "--at", "n1", "--output", "json").json["identifier"] == identifier(ockam, "alice")
    more = ("[channel-identity other]\nvault = other.vault\nhistory = other.identity\n"
            "[secure-channel-listener as-other]\nidentity = other\n")
    history = identifier_files(ockam, home)
    n = node("n2", config=config("n2", more))
    other = re.search(r"this node is also (I[0-9a-f]{64})", n.errors())
    wait_until(lambda: re.search(r"this node is also (I[0-9a-f]{64})", n.errors()), "the other identity is there")
    assert ockam("secure-channel-listener", "show", "as-other", "--at", "n2", "--output", "json").json["identifier"] == history, other


def identifier_files(ockam, home):
    """Vault and history of an identity that is made elsewhere."""
    assert ockam("vault", "create", "v", "--path", home / "other.vault").code == 0
    assert ockam("identity", "create", "bob", "--vault", "v").code == 0
    (home / "other.identity").write_text(ockam("identity", "export", "bob").out)
    (home / "other.identity").chmod(0o600)
    return identifier(ockam, "bob")


# -- keys that are changed -----------------------------------------------------------------------------------


def test_a_rotated_key_is_taken_up_while_nodes_run_and_the_old_one_is_refused_also_after_a_restart(ockam, three, home):
    old = {f: f.read_bytes() for f in [home / "identities" / identifier(ockam, "db"), home / "vault-default"] if f.exists()}
    assert len(old) == 2
    made = ockam("secure-channel", "create", "--from", "app", "--to", "/node/db/service/api", "--output", "json").json[0]["address"]
    rotated = ockam("identity", "rotate", "db", "--output", "json")
    assert rotated.code == 0 and rotated.json["changes"] == 2

    def history_at_app():
        return ockam("secure-channel", "show", "--at", f"/node/app{made}", "--output", "json").json["their_change_history"]

    new = ockam("identity", "export", "db").out.strip()
    wait_until(lambda: history_at_app() == new, "the open channel has told app of the new key")
    assert ockam("message", "send", "hello", "--from", "app", "--to", f"{made}/service/uppercase").out == "HELLO\n"
    assert ockam("message", "send", "hello", "--from", "app", "--to", "/node/db/secure/api/service/uppercase").out == "HELLO\n"
    # db is set back to its old key, by somebody who has a copy, and app starts again.
    assert ockam("node", "stop", "db").code == 0 and ockam("node", "stop", "app").code == 0
    remembered = home / "nodes" / "app" / "known_identities"
    assert remembered.read_text().strip() == new and remembered.stat().st_mode & 0o077 == 0
    ini = home / "nodes" / "db" / "node.ini"
    for path, content in old.items():
        copy = home / f"old-{path.name[:8]}"
        copy.write_bytes(content)
        copy.chmod(0o600)
        ini.write_text(ini.read_text().replace(str(path) + "\n", str(copy) + "\n"))
    for name in ("db", "app"):
        assert ockam("node", "start", name).code == 0
    refused = ockam("secure-channel", "create", "--from", "app", "--to", "/node/db/service/api", "--timeout", "5s")
    assert refused.code != 0 and "shows an older history than before" in refused.err, refused


# -- services ------------------------------------------------------------------------------------------------

ASKS = """
local only = options.text("only")
function on_message(m)
  if m.identity ~= only then return m:fail("not-authorized") end
  m:reply(m.identity)
end
"""
NOBODY = "I" + "0" * 64

CAREFUL = """
local to, who = options.text("to"), options.text("who")
function on_message(m)
  local reply, why = request(through(to, who), m.text, 2)
  if reply then m:reply(reply.text) else m:fail(tostring(why)) end
end
"""

SENDS = """
local to = options.text("to")
function on_message(m)
  local reply, why = request(to, m.text, 5)
  if reply then m:reply(reply.text) else m:fail(tostring(why)) end
end
"""


@pytest.fixture
def asked_and_asking(node, home, programs):
    """db has services that want to know who asks; app has some that ask them through channels."""
    plugin = programs / "plugins" / "channel_user.so"
    listener = "[secure-channel-listener api]\nallow = services\n"
    db = node("db", config=config("db", f"[service who]\nplugin = {plugin}\n{listener}"))
    at = f"/ip4/127.0.0.1/tcp/{db.port}/secure/api/service"
    (home / "sends.lua").write_text(SENDS)
    (home / "careful.lua").write_text(CAREFUL)
    app = node("app", config=config("app", f"[uds-listener py]\naddress = {home}/app.sock\nallow = services, secure_channels\n"
                                           f"[service cpp]\nplugin = {plugin}\nto = {at}/who\n"
                                           f"[service lua]\nscript = sends.lua\nto = {at}/who\n"
                                           f"[service to-db]\nscript = careful.lua\nto = {at}/who\nwho = {identity_of(db)}\n"
                                           f"[service to-nobody]\nscript = careful.lua\nto = {at}/who\nwho = {NOBODY}\n"
                                           f"[service to-empty]\nscript = careful.lua\nto = {at}/who\nwho =\n"
                                           f"[service nowhere]\nplugin = {plugin}\nto = {at}/nowhere\n"))
    return db, app, at


def test_services_send_through_channels(ockam, asked_and_asking):
    db, app, at = asked_and_asking
    for service in ("cpp", "lua", "cpp"):
        sent = ockam("message", "send", "hello", "--to", f"/node/app/service/{service}")
        assert sent.out.strip() == identity_of(app), sent
    assert ockam("secure-channel-listener", "show", "api", "--at", "db", "--output", "json").json["channels"] == 2, "one for each service"
    failed = ockam("message", "send", "hello", "--to", "/node/app/service/nowhere")
    assert failed.code != 0 and "nowhere" in failed.err, failed
    for service in ("cpp", "lua", "nowhere"):
        assert ockam("service", "stop", service, "--at", "app").code == 0
    wait_until(lambda: ockam("secure-channel-listener", "show", "api", "--at", "db", "--output", "json").json["channels"] == 0,
               "channels end with the service that has asked for them")


def test_a_script_says_who_has_to_be_at_the_other_end(ockam, asked_and_asking):
    db, app, at = asked_and_asking
    sent = ockam("message", "send", "hello", "--to", "/node/app/service/to-db")
    assert sent.out.strip() == identity_of(app), sent
    for service in ("to-nobody", "to-empty"):
        failed = ockam("message", "send", "hello", "--to", f"/node/app/service/{service}")
        assert failed.code != 0, failed
    assert ockam("secure-channel-listener", "show", "api", "--at", "db", "--output", "json").json["channels"] == 1
    assert f"{identity_of(db)} is not authorized" in app.errors()


def test_a_service_takes_messages_of_one_identity_only(node, ockam, asked_and_asking, home, programs):
    db, app, at = asked_and_asking
    (home / "asks.lua").write_text(ASKS)
    plugin = programs / "plugins" / "channel_user.so"
    for service, how in (("cpp", f"plugin = {plugin}"), ("lua", "script = asks.lua")):
        n = node(f"of-{service}", config=config(f"of-{service}", f"[service only]\n{how}\nonly = {identity_of(app)}\n"))
        to = f"/ip4/127.0.0.1/tcp/{n.port}"
        taken = ockam("message", "send", "hello", "--from", "app", "--to", f"{to}/secure/api/service/only")
        assert taken.out.strip() == identity_of(app), taken
        for sender, way in (("app", to), ("db", f"{to}/secure/api")):
            refused = ockam("message", "send", "hello", "--from", sender, "--to", f"{way}/service/only")
            assert refused.code != 0 and "not-authorized" in refused.err, refused


def test_a_python_client_sends_through_channels_and_knows_who_asks(node, ockam, asked_and_asking, home):
    db, app, at = asked_and_asking

    async def go():
        async with await ockam_client.connect(f"{home}/app.sock") as n:
            assert (await n.request(f"{at}/who", "hello")).text == identity_of(app)
            assert (await n.request(f"{at}/uppercase", "hello")).text == "HELLO"
            assert (await n.request(f"{at}/who", "hello", authorized=identity_of(db))).text == identity_of(app)
            with pytest.raises(ockam_client.OckamError):
                await n.request(f"{at}/who", "hello", timeout=2, authorized=NOBODY)
            for route, who in ((f"{at}/who", ""), (f"{at}/who", " , "), ("/service/echo", NOBODY)):
                with pytest.raises(ockam_client.InvalidRoute):
                    await n.request(route, "hello", authorized=who)
            with pytest.raises(ockam_client.OckamError):
                await n.request(f"{at}/nowhere", "hello", timeout=5)
            with pytest.raises(ockam_client.InvalidRoute):
                await n.request(at.removesuffix("/service"), "hello")

    asyncio.run(asyncio.wait_for(go(), 30))
    wait_until(lambda: ockam("secure-channel-listener", "show", "api", "--at", "db", "--output", "json").json["channels"] == 0,
               "the channel of the client has ended with it")

    async def serve():
        seen = []
        async with ockam_client.listen(f"{home}/py.sock") as server:
            @server.worker("who")
            async def who(m):
                seen.append(m.identity)
                return "yes" if m.is_from(identity_of(app)) else "no"

            served = node_with_python(node, home)
            to = f"/ip4/127.0.0.1/tcp/{served.port}"

            async def ask(way):
                return await asyncio.to_thread(ockam, "message", "send", "hello", "--from", "app", "--to", f"{way}/service/hop/service/py/service/who")

            assert (await ask(f"{to}/secure/api")).out.strip() == "yes"
            assert (await ask(to)).out.strip() == "no"
            assert seen == [identity_of(app), None]

    asyncio.run(asyncio.wait_for(serve(), 30))


def node_with_python(node, home):
    """Others reach its client through a hop, by which the answers come back."""
    return node("py", config=config("py", f"[uds-connection py]\naddress = {home}/py.sock\n[service hop]\n"))


# -- trace ---------------------------------------------------------------------------------------------------


# The listener behind the relay and the channel that begins there were both hop 4, and one of them was missing as JSON.
def test_hops_behind_a_relay_have_a_number_each_also_in_a_channel_through_it(ockam, three):
    assert ockam("relay", "create", "x", "--at", "/node/relay", "--to", "db").code == 0
    route = "/node/relay/service/forward_to_x/secure/api/service/echo"
    lines = ockam("trace", route, "--from", "app").out.splitlines()
    assert [l.split()[0] for l in lines if l.startswith("  ")] == ["1", "2", "3", "4", "5", "6"], lines
    hops = ockam("trace", route, "--from", "app", "--output", "json").json["hops"]
    assert [h["hop"] for h in hops] == [1, 2, 3, 4, 5, 6]
    assert [(h["address"], h["node"]) for h in hops if h["hop"] in (2, 4, 6)] == [("0#forward_to_x", "relay"), ("0#api", "db"), ("0#echo", "db")]
    assert hops[4]["type"] == f"secure-channel with {identifier(ockam, 'db')}"
    lost = ockam("trace", "/node/relay/service/forward_to_x/secure/api/service/nowhere", "--from", "app", "--output", "json")
    assert lost.code != 0 and json.loads(lost.out)["died"]["hop"] == 6, lost


def test_a_trace_shows_channels_with_who_is_there_and_the_hops_around_and_within(ockam, three):
    assert ockam("service", "start", "hop", "--at", "relay").code == 0
    route = "/node/relay/service/hop/secure/api/service/hop/service/echo"
    found = ockam("trace", route, "--from", "app", "--output", "json")
    assert found.code == 0, found
    relay = identifier(ockam, "relay")
    hops = found.json["hops"]
    assert [h["type"] for h in hops] == ["tcp-link", "hop", "secure-channel-listener", f"secure-channel with {relay}", "hop", "echo"], hops
    assert [h["hop"] for h in hops] == [1, 2, 3, 4, 5, 6] and found.json["outcome"] == "answered"
    made = ockam("secure-channel", "create", "--from", "app", "--to", "/node/relay/service/api").out.strip()
    found = ockam("trace", f"{made}/service/echo", "--from", "app", "--output", "json").json
    assert [h["type"] for h in found["hops"]] == [f"secure-channel with {relay}", "echo"]
    assert [[h["type"] for h in way["hops"]] for way in found["outside"]] == [["tcp-link", "secure-channel-listener"]], found
    inner = ockam("secure-channel", "create", "--from", "app", "--to", f"{made}/service/hop/service/api").out.strip()
    found = ockam("trace", f"{inner}/service/echo", "--from", "app", "--output", "json").json
    assert [[h["type"] for h in way["hops"]] for way in found["outside"]] == [
        ["tcp-link", "secure-channel-listener"],
        [f"secure-channel with {relay}", "hop", "secure-channel-listener"]], found
    lost = ockam("trace", "/node/relay/secure/api/service/nowhere", "--from", "app", "--output", "json")
    assert lost.json["died"]["hop"] == 4 and lost.json["died"]["reason"] == "unknown-worker", lost


# -- what is said of who is not taken ------------------------------------------------------------------------


def test_not_authorized_reads_the_same_in_the_log_at_the_prompt_and_in_json(ockam, node):
    b = node("n2", config=config("n2"))
    a = node("n1", config=config("n1", "[secure-channel c]\nto = /ip4/127.0.0.1/tcp/%d/service/api\nauthorized = I%s\n" % (b.port, "0" * 64)))
    why = f"{identity_of(b)} is not authorized"
    wait_until(lambda: f"not-authorized: {why}" in a.errors(), "the log says so")
    listed = ockam("secure-channel", "list", "--at", "n1", "--output", "json").json[0]
    assert (listed["reason_code"], listed["reason"]) == ("not-authorized", why)
    refused = ockam("secure-channel", "create", "--from", "n1", "--to", "/node/n2/service/api", "--authorized", "I" + "0" * 64, "--output", "json")
    assert refused.code != 0 and why in refused.err
    assert json.loads(refused.err)["error"]["code"] == "not-authorized", refused
