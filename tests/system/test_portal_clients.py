# SPDX-License-Identifier: Apache-2.0
"""Clients and servers that people have, through a portal:

    pgbench, curl, ssh … ══ inlet (node app) ══ tcp ══ (node db) outlet ══ their server

Each test ends with nodes that have nothing left of it: no descriptor, no worker, no connection in any state."""

import asyncio
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading

import pytest

import pypi
from processes import wait_until
from ports import free_port
from servers import Servers, client, nobody, program

#: States of /proc/net/tcp in which a connection costs nobody anything: LISTEN, TIME_WAIT.
AT_REST = ("0A", "06")


@pytest.fixture
def servers():
    s = Servers()
    yield s
    s.end()


def connections_at(ports):
    """Those of the kernel that begin or end at these ports and are not at rest."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    ends = [(int(r[1].split(":")[1], 16), int(r[2].split(":")[1], 16), r[3]) for r in rows]
    return [e for e in ends if (e[0] in ports or e[1] in ports) and e[2] not in AT_REST]


@pytest.fixture
def portal(node, ockam):
    """portal(port of a server) → port of an inlet that leads to it. Both nodes are as before once the clients are gone."""
    nodes = {name: node(name) for name in ("db", "app")}
    made = []
    before = []

    def make(port):
        number = len(made)
        assert ockam("tcp-outlet", "create", "--at", "db", "--from", f"out{number}", "--to", port).code == 0
        r = ockam("tcp-inlet", "create", f"in{number}", "--at", "app", "--to", f"/node/db/service/out{number}")
        assert r.code == 0, r
        made.append((port, int(r.out.strip().rsplit(":", 1)[1])))
        wait_until(lambda: "Up" in ockam("tcp-inlet", "show", f"in{number}", "--at", "app", "--jq", ".status").out, "the inlet is up", 15)
        before[:] = [n.descriptors() for n in nodes.values()]
        return made[-1][1]

    def nothing_left():
        ports = [p for ends in made for p in ends]
        descriptors = lambda: [n.descriptors() for n in nodes.values()]
        wait_until(lambda: all(now <= then for now, then in zip(descriptors(), before)), "descriptors are as before", 15)
        wait_until(lambda: all("stream" not in ockam("worker", "list", "--at", n, "--output", "json").out for n in nodes), "no worker is left", 15)
        wait_until(lambda: not connections_at(ports), "no connection is left", 15)
        for number in range(len(made)):
            for kind, name, at in (("tcp-outlet", f"out{number}", "db"), ("tcp-inlet", f"in{number}", "app")):
                shown = ockam(kind, "show", name, "--at", at, "--output", "json").json
                assert shown["opened"] > 0 and shown["failed"] <= make.may_fail, shown

    make.may_fail = 0  # of its streams: a connection that is reset has failed
    yield make
    nothing_left()


# -- PostgreSQL --------------------------------------------------------------------------------------------


@pytest.fixture
def postgres(servers):
    initdb, server = program("initdb"), program("postgres")
    program("pgbench")
    at = servers.folder(of_nobody=True)
    who = {**nobody(), "cwd": at, "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}}
    subprocess.run([initdb, "-D", at / "data", "-U", "test", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions"], check=True,
                   capture_output=True, timeout=60, **who)
    port = free_port()
    return servers.start(port, [server, "-D", at / "data", "-p", port, "-h", "127.0.0.1", "-k", at, "-F"], **who)


def test_postgresql(postgres, portal):
    at = portal(postgres)
    to = lambda port: ("-h", "127.0.0.1", "-p", port, "-U", "test")
    client("pgbench", *to(at), "-i", "-q", "postgres")
    said = client("pgbench", *to(at), "-n", "-c", 8, "-j", 2, "-t", 60, "postgres").decode()
    assert "actually processed: 480/480" in said and "failed transactions: 0 " in said, said
    said = client("pgbench", *to(at), "-n", "-C", "-S", "-c", 4, "-t", 20, "postgres").decode()  # a connection for each
    assert "actually processed: 80/80" in said, said

    def rows(port):
        return client("psql", *to(port), "-At", "-c", "select g, md5(g::text) from generate_series(1, 100000) g", "postgres")

    assert rows(at) == rows(postgres)


# -- Redis -------------------------------------------------------------------------------------------------


def test_redis(servers, portal):
    port = free_port()
    servers.start(port, [program("redis-server"), "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", servers.folder()])
    at = portal(port)
    rates = client("redis-benchmark", "-p", at, "-c", 50, "-n", 2000, "-t", "ping_mbulk,set,get,lrange_600", "--csv").decode()
    assert {line.split(",")[0].strip('"').split(" ")[0] for line in rates.splitlines()[1:]} >= {"PING_MBULK", "SET", "GET", "LRANGE_600"}, rates
    client("redis-benchmark", "-p", at, "-c", 10, "-n", 10000, "-P", 16, "-t", "set", "-q")
    value = os.urandom(4 << 20)
    assert client("redis-cli", "-p", at, "-x", "set", "k", input=value) == b"OK\n"
    assert client("redis-cli", "-p", at, "get", "k") == value + b"\n"
    # Nobody but who asks is connected still.
    wait_until(lambda: b"connected_clients:1\r" in client("redis-cli", "-p", port, "info", "clients"), "the server's clients are gone")


# -- iperf3 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [(), ("-P", 8), ("-R",), ("-R", "-P", 8)], ids=["one", "eight", "reverse", "eight-reverse"])
def test_iperf3(servers, portal, how):
    port = free_port()
    servers.start(port, [program("iperf3"), "-s", "-B", "127.0.0.1", "-p", port])
    portal.may_fail = 8 if 8 in how else 1  # it leaves them with what it has not read, so that they are reset
    said = json.loads(client("iperf3", "-c", "127.0.0.1", "-p", portal(port), "-t", 1, "-J", *how))
    assert "error" not in said, said
    streams = said["end"]["streams"]
    assert len(streams) == (8 if 8 in how else 1)
    assert all(s["receiver"]["bytes"] > 0 for s in streams), said["end"]


# -- OpenSSH -----------------------------------------------------------------------------------------------


@pytest.fixture
def sshd(servers):
    """Port of a server that lets in who runs the test, and what ssh and scp need to go there."""
    server = program("sshd")
    at = servers.folder()
    for key in ("host", "user"):
        client("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", at / key)
    shutil.copy(at / "user.pub", at / "authorized")
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # where it locks up what has no rights yet
    port = free_port()
    settings = {"ListenAddress": f"127.0.0.1:{port}", "HostKey": at / "host", "AuthorizedKeysFile": at / "authorized", "StrictModes": "no", "UsePAM": "no",
                "PasswordAuthentication": "no", "PidFile": "none", "PermitRootLogin": "yes", "Subsystem": "sftp internal-sftp"}
    (at / "sshd_config").write_text("".join(f"{k} {v}\n" for k, v in settings.items()))
    servers.start(port, [server, "-D", "-e", "-f", at / "sshd_config"])
    return port, ["-F", "none", "-i", at / "user", *(w for o in ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")
                                                      for w in ("-o", o))]


def test_scp_and_an_interactive_session(sshd, portal, tmp_path):
    port, options = sshd
    at = portal(port)
    data = os.urandom(10 << 20)
    (tmp_path / "up").write_bytes(data)
    client("scp", "-P", at, *options, tmp_path / "up", f"127.0.0.1:{tmp_path}/there")
    client("scp", "-P", at, *options, f"127.0.0.1:{tmp_path}/there", tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == data

    command = [program("ssh"), "-p", at, *options, "-tt", "127.0.0.1", "stty -echo; echo ready; exec cat"]
    with subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as session:
        try:
            assert session.stdout.readline() == b"ready\r\n"
            for n in range(100):
                session.stdin.write(b"line %d\n" % n)
                session.stdin.flush()
                assert session.stdout.readline() == b"line %d\r\n" % n
            session.stdin.write(b"\x04")  # end of what is typed
            session.stdin.flush()
            assert session.wait(20) == 0
        finally:
            session.kill()


# -- HTTP --------------------------------------------------------------------------------------------------


def test_http_2(servers, portal):
    port, at = free_port(), servers.folder()
    data = os.urandom(20 << 20)
    (at / "large").write_bytes(data)
    (at / "small").write_bytes(b"hello")
    servers.start(port, [program("nghttpd"), "--no-tls", "--echo-upload", "-a", "127.0.0.1", "-d", at, port])
    url = f"http://127.0.0.1:{portal(port)}"
    assert client("curl", "-sf", "--http2-prior-knowledge", f"{url}/large") == data
    assert client("curl", "-sf", "--http2-prior-knowledge", "--data-binary", f"@{at}/large", f"{url}/upload") == data
    said = client("h2load", "-n", 3000, "-c", 8, "-m", 50, f"{url}/small").decode()
    assert "3000 succeeded, 0 failed, 0 errored, 0 timeout" in said, said


class Store(http.server.BaseHTTPRequestHandler):
    """Answers what is put with its SHA-256, and sends as many bytes as the path says."""

    protocol_version = "HTTP/1.1"
    block = bytes(range(256)) * 4096

    def do_PUT(self):
        got, left = hashlib.sha256(), int(self.headers["Content-Length"])
        if self.headers.get("Expect"):
            self.send_response_only(100)
            self.end_headers()
        while left > 0:
            part = self.rfile.read(min(left, 1 << 20))
            got.update(part)
            left -= len(part)
        self.answer([got.hexdigest().encode()])

    def do_GET(self):
        self.answer([self.block] * int(self.path[1:]))

    def answer(self, parts):
        self.send_response(200)
        self.send_header("Content-Length", str(sum(map(len, parts))))
        self.end_headers()
        for p in parts:
            self.wfile.write(p)

    def handle_expect_100(self):
        return True

    def log_message(self, *_):
        pass


@pytest.fixture
def store():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_curl_up_and_down_200_megabytes(store, portal, tmp_path):
    at = portal(store)
    url = f"http://127.0.0.1:{at}/200"
    digest = hashlib.sha256(Store.block * 200).hexdigest()
    client("curl", "-sf", "-o", tmp_path / "down", url)
    with open(tmp_path / "down", "rb") as f:
        assert hashlib.file_digest(f, "sha256").hexdigest() == digest
    assert client("curl", "-sf", "-T", tmp_path / "down", url).decode() == digest


# -- WebSocket ---------------------------------------------------------------------------------------------


WEBSOCKET_ECHO = """
import asyncio, sys, websockets
async def echo(s, *_):
    async for message in s:
        await s.send(message)
async def main():
    async with websockets.serve(echo, "127.0.0.1", int(sys.argv[1]), max_size=None, compression=None):
        await asyncio.Future()
asyncio.run(main())
"""


def test_websocket(servers, portal):
    websockets = pypi.load("websockets")
    port = free_port()
    servers.start(port, [pypi.environment("websockets") / "bin/python", "-c", WEBSOCKET_ECHO, port])

    async def talk(url):
        async with websockets.connect(url, max_size=None, compression=None) as s:
            for size in (0, 1, 125, 126, 65535, 65536, 3 << 20):
                data = os.urandom(size)
                await s.send(data)
                assert await s.recv() == data
            for n in range(300):
                await s.send(f"message {n}")
            assert [await s.recv() for _ in range(300)] == [f"message {n}" for n in range(300)]
            await asyncio.wait_for(await s.ping(), 10)
        assert s.close_code == 1000

    async def all_of_them(url):
        await asyncio.gather(*(talk(url) for _ in range(5)))

    asyncio.run(all_of_them(f"ws://127.0.0.1:{portal(port)}"))


# -- many connections --------------------------------------------------------------------------------------

ECHO = """
import asyncio, sys
async def echo(r, w):
    w.write(await r.readline())
    w.close()
async def main():
    async with await asyncio.start_server(echo, "127.0.0.1", int(sys.argv[1]), backlog=1024) as s:
        await s.serve_forever()
asyncio.run(main())
"""


def test_500_connections_a_second(servers, portal, request):
    seconds = request.config.getoption("--short-connections")
    port = free_port()
    servers.start(port, [sys.executable, "-c", ECHO, port])
    at = portal(port)

    async def one(number, when):
        await asyncio.sleep(max(0, when - asyncio.get_running_loop().time()))
        r, w = await asyncio.open_connection("127.0.0.1", at)
        try:
            w.write(b"%d\n" % number)
            assert await r.read() == b"%d\n" % number
        finally:
            w.close()

    async def all_of_them():
        begin = asyncio.get_running_loop().time()
        ended = await asyncio.gather(*(one(n, begin + n / 500) for n in range(500 * seconds)), return_exceptions=True)
        return [e for e in ended if e is not None]

    assert asyncio.run(all_of_them()) == []
