# SPDX-License-Identifier: Apache-2.0
"""Ways that a TCP connection can go to a service: straight, through portals, and through forwarders of others."""

import collections
import contextlib
import shutil
import socket
import subprocess
import time

import machines
from ports import free_port

#: Where clients connect to, and the processes that move their bytes.
Way = collections.namedtuple("Way", "address pids")


def port_of(address):
    return address.rsplit(":", 1)[1]


def connect(address, timeout=20):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout)


def wait_for_port(address, child, within=20):
    """Until somebody accepts there; what forwards to others may have to wait for them still."""
    until = time.monotonic() + within
    while True:
        with contextlib.suppress(OSError):
            connect(address, 5).close()
            return
        if child.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{child.args[0]} does not listen at {address}")
        time.sleep(0.02)  # nothing tells when a program of others listens


def wait_until_works(probe, within=30):
    """`probe` fails as long as an end of the way is not there yet."""
    until = time.monotonic() + within
    while True:
        try:
            return probe()
        except (RuntimeError, OSError, subprocess.TimeoutExpired):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@contextlib.contextmanager
def program(*command, listens):
    """A program of others that runs until the end, with its address."""
    child = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(listens, child)
        yield child
    finally:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextlib.contextmanager
def straight(m, target):
    yield Way(target, [])


@contextlib.contextmanager
def ours(m, target):
    """client ══ inlet (a node) ══ tcp ══ (another node) outlet ══ target"""
    at = f"127.0.0.1:{free_port()}"
    with m.node(ini=f"[tcp-outlet outlet]\nto = {target}\n") as db, \
            m.node(ini=f"[tcp-inlet in]\nfrom = {at}\nto = /ip4/127.0.0.1/tcp/{port_of(db.address('tcp'))}/service/outlet\n") as app:
        yield Way(at, [app.pid, db.pid])


@contextlib.contextmanager
def ours_relayed(m, target):
    """The same, but the outlet's node has only dialled out: client ══ inlet ══ relay node ══ outlet ══ target"""
    at = f"127.0.0.1:{free_port()}"
    with m.node() as relay:
        there = f"/ip4/127.0.0.1/tcp/{port_of(relay.address('tcp'))}"
        with m.node(ini=f"[tcp-outlet outlet]\nto = {target}\n[relay db]\nat = {there}\nallow = echo, outlet\n") as db, \
                m.node(ini=f"[tcp-inlet in]\nfrom = {at}\nto = {there}/service/forward_to_db/service/outlet\n") as app:
            yield Way(at, [app.pid, relay.pid, db.pid])


@contextlib.contextmanager
def real(m, target):
    """Real Ockam nodes at both ends."""
    with m.real() as db, m.real() as app:
        db.ask(f"outlet outlet {target}")
        link = app.ask(f"dial {db.address('tcp')}")
        yield Way(app.ask(f"inlet {link},outlet"), [app.pid, db.pid])


@contextlib.contextmanager
def real_relayed(m, target):
    with m.real() as relay, m.real() as db, m.real() as app:
        out = db.ask(f"dial {relay.address('tcp')}")
        db.ask(f"outlet outlet {target}")
        name = db.ask(f"relay {out} db")
        link = app.ask(f"dial {relay.address('tcp')}")
        yield Way(app.ask(f"inlet {link},{name},outlet"), [app.pid, relay.pid, db.pid])


@contextlib.contextmanager
def socats(m, target, count=2):
    """As many processes and sockets as a portal has; a child for each connection."""
    with contextlib.ExitStack() as stack:
        pids = []
        for _ in range(count):
            at = f"127.0.0.1:{free_port()}"
            listen = f"TCP-LISTEN:{port_of(at)},bind=127.0.0.1,fork,reuseaddr,backlog=1024"
            pids.append(stack.enter_context(program("socat", "-b", "131072", listen, f"TCP:{target}", listens=at)).pid)
            target = at
        yield Way(target, pids)


def one_socat(m, target):
    return socats(m, target, 1)


@contextlib.contextmanager
def haproxy(m, target):
    at = f"127.0.0.1:{free_port()}"
    config = m.home / f"haproxy-{port_of(at)}.cfg"
    config.write_text("defaults\n mode tcp\n timeout connect 5s\n timeout client 1h\n timeout server 1h\n"
                      f"listen l\n bind {at}\n server s {target}\n")
    with program(shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", config, listens=at) as child:
        yield Way(at, [child.pid])


@contextlib.contextmanager
def rathole(m, target):
    at, control = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    server, client = m.home / f"rathole-server-{port_of(at)}.toml", m.home / f"rathole-client-{port_of(at)}.toml"
    server.write_text(f'[server]\nbind_addr = "{control}"\ndefault_token = "t"\n[server.services.s]\nbind_addr = "{at}"\n')
    client.write_text(f'[client]\nremote_addr = "{control}"\ndefault_token = "t"\n[client.services.s]\nlocal_addr = "{target}"\n')
    with program("rathole", server, listens=control) as a:
        b = subprocess.Popen(["rathole", client], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for_port(at, b)
            yield Way(at, [a.pid, b.pid])
        finally:
            b.terminate()
            b.wait()


@contextlib.contextmanager
def frp(m, target):
    at, control = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    server, client = m.home / f"frps-{port_of(at)}.toml", m.home / f"frpc-{port_of(at)}.toml"
    server.write_text(f'bindAddr = "127.0.0.1"\nbindPort = {port_of(control)}\nproxyBindAddr = "127.0.0.1"\n')
    client.write_text(f'serverAddr = "127.0.0.1"\nserverPort = {port_of(control)}\ntransport.tls.enable = false\n'
                      f'[[proxies]]\nname = "p"\ntype = "tcp"\nlocalIP = "127.0.0.1"\nlocalPort = {port_of(target)}\nremotePort = {port_of(at)}\n')
    with program("frps", "-c", server, listens=control) as a:
        b = subprocess.Popen(["frpc", "-c", str(client)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for_port(at, b)
            yield Way(at, [a.pid, b.pid])
        finally:
            b.terminate()
            b.wait()


#: Which need a program beside what the build makes, by the name that tables have for them.
PROGRAMS = {"two socats": "socat", "one socat": "socat", "haproxy": "haproxy", "rathole": "rathole", "frp": "frps"}


def is_here(m, name):
    if name.startswith("real"):
        return m.peer is not None
    needed = PROGRAMS.get(name)
    return needed is None or shutil.which(needed, path=machines.SEARCH_PATH) is not None


WAYS = {"ours": ours, "relayed": ours_relayed, "no portal": straight, "real": real, "real relayed": real_relayed, "two socats": socats,
        "one socat": one_socat, "haproxy": haproxy, "rathole": rathole, "frp": frp}
