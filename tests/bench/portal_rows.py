# SPDX-License-Identifier: Apache-2.0
"""Rows about portals: what real clients get through an inlet and an outlet on two nodes, beside the same through
forwarders of others, and without any."""

import contextlib
import csv
import io
import json
import resource
import selectors
import shutil
import socket
import subprocess
import time

import endings
import machines
import ways
from rows import Row, least, most

#: Beside ours, unless a row says otherwise.
OTHERS = ("no portal", "two socats", "real")


class Portal(Row):
    """A client program against a server program. `runs`: {name in the table: (way, options of the client)}."""

    needs = ()

    def __init__(self, key, title, unit, goal, runs, rounds=5):
        super().__init__(key, title, unit, goal, rounds)
        self.runs = runs

    def missing(self, m):
        absent = [p for p in self.needs if not shutil.which(p, path=machines.SEARCH_PATH)]
        return f"{', '.join(absent)} not installed: dev/install-packages bench" if absent else None

    @contextlib.contextmanager
    def server(self, m):
        """Yields the address of the service."""
        raise NotImplementedError

    def client(self, m, way, options, seconds):
        """One measurement."""
        raise NotImplementedError

    def probe(self, m, way):
        """Fails while the way does not work yet."""
        raise NotImplementedError

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        with contextlib.ExitStack() as stack:
            target = stack.enter_context(self.server(m))
            open_ways, found = {}, {}
            for name, (way, options) in self.runs.items():
                if not ways.is_here(m, way):
                    continue
                if way not in open_ways:
                    open_ways[way] = stack.enter_context(ways.WAYS[way](m, target))
                    ways.wait_until_works(lambda: self.probe(m, open_ways[way]))
                found[name] = lambda w=open_ways[way], o=options: self.client(m, w, o, seconds)
            yield found


def beside(*options, others=OTHERS):
    """Runs of ours and of others, with the same options."""
    return {name: (name, options) for name in ("ours", *others)}


class Iperf(Portal):
    """What iperf3 moves, in Gbit/s, counted where it arrives."""

    needs = ("iperf3",)

    def __init__(self, key, title, goal, runs):
        super().__init__(key, title, "Gbit/s", goal, runs)

    @contextlib.contextmanager
    def server(self, m):
        at = f"127.0.0.1:{ways.free_port()}"
        with ways.program("iperf3", "-s", "-B", "127.0.0.1", "-p", ways.port_of(at), listens=at):
            yield at

    def run(self, m, way, options, seconds):
        until = time.monotonic() + 15  # its server takes one test at a time, and is not done with the last one yet
        while True:
            try:
                said = json.loads(m.run("iperf3", "-c", "127.0.0.1", "-p", ways.port_of(way.address), "-J", "-t", max(1, round(seconds)),
                                        *options, timeout=seconds + 30))
                if "sum_received" not in said["end"]:
                    raise RuntimeError(f"iperf3: {said.get('error', 'no result')}")
                return said["end"]
            except RuntimeError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.3)

    def probe(self, m, way):
        self.run(m, way, (), 1)

    def client(self, m, way, options, seconds):
        return self.run(m, way, options, seconds)["sum_received"]["bits_per_second"] / 1e9


class Cpu(Iperf):
    """CPU time of the processes that carry it, for each GB that iperf3 moves; the client's and the server's aside."""

    def __init__(self, key, title, goal, runs):
        super().__init__(key, title, goal, runs)
        self.unit = "s/GB"

    def client(self, m, way, options, seconds):
        before = sum(map(machines.cpu_seconds_with_children, way.pids))
        moved = self.run(m, way, options, seconds)["sum_received"]["bytes"] / 1e9
        return (sum(map(machines.cpu_seconds_with_children, way.pids)) - before) / moved


class Redis(Portal):
    """PINGs of redis-benchmark with so many clients."""

    needs = ("redis-server", "redis-benchmark")

    def __init__(self, key, title, goal, clients, each_second, others=OTHERS):
        super().__init__(key, title, "k/s", goal, beside(others=others))
        self.clients, self.each_second = clients, each_second

    @contextlib.contextmanager
    def server(self, m):
        at = f"127.0.0.1:{ways.free_port()}"
        with ways.program("redis-server", "--bind", "127.0.0.1", "--port", ways.port_of(at), "--save", "", "--appendonly", "no",
                          "--dir", m.home, listens=at):
            yield at

    def run(self, m, way, clients, requests):
        text = m.run("redis-benchmark", "-h", "127.0.0.1", "-p", ways.port_of(way.address), "-t", "ping_mbulk", "-c", clients, "-n", requests,
                     "--csv", timeout=120)
        for words in csv.reader(io.StringIO(text)):
            if words and words[0].startswith("PING"):
                return float(words[1]) / 1e3
        raise RuntimeError(f"redis-benchmark said: {text.strip()}")

    def probe(self, m, way):
        self.run(m, way, 1, 100)

    def client(self, m, way, options, seconds):
        return self.run(m, way, self.clients, max(1000, round(self.each_second * seconds)))


class Echo(Portal):
    """Connections of this process to a server that sends back what it gets."""

    @contextlib.contextmanager
    def server(self, m):
        files = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))
        with m.raw() as server:
            yield server.lines[0].split()[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, files)

    def probe(self, m, way):
        with ways.connect(way.address) as s:
            s.sendall(b"x")
            if s.recv(1) != b"x":
                raise RuntimeError(f"a connection through {way.address} ended at once")


class IdleStreams(Echo):
    """What a connection that says nothing takes in each of the nodes that it goes through, at most."""

    def __init__(self, key, title, goal, count):
        super().__init__(key, title, "KiB each", goal, beside(others=("real",)), rounds=1)
        self.count = count

    def client(self, m, way, options, seconds):
        resident = lambda: [machines.proc_status(p, "VmRSS") for p in way.pids]
        before = resident()
        with contextlib.ExitStack() as stack:
            for _ in range(self.count):
                s = stack.enter_context(ways.connect(way.address))
                s.sendall(b"x")
                if s.recv(1) != b"x":
                    raise RuntimeError("a connection ended at once")
            return max(now - then for now, then in zip(resident(), before)) / self.count


class Connects(Echo):
    """Connections a second, `at_once` at one time; each gets a byte back and ends."""

    def __init__(self, key, title, goal, count, at_once):
        super().__init__(key, title, "/s", goal, beside(others=("no portal", "real")), rounds=3)
        self.count, self.at_once, self.failures = count, at_once, {}

    def client(self, m, way, options, seconds):
        host, port = way.address.rsplit(":", 1)
        waiting, left, failed = selectors.DefaultSelector(), self.count, 0
        began = time.monotonic()

        def begin():
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex((host, int(port)))
            waiting.register(s, selectors.EVENT_WRITE)

        for _ in range(min(left, self.at_once)):
            begin()
            left -= 1
        while waiting.get_map():
            ready = waiting.select(30)
            if not ready:
                raise RuntimeError(f"{len(waiting.get_map())} connections said nothing for 30 s")
            for key, events in ready:
                s = key.fileobj
                try:
                    if events & selectors.EVENT_WRITE:
                        s.send(b"x")
                        waiting.modify(s, selectors.EVENT_READ)
                        continue
                    failed += s.recv(1) != b"x"
                except OSError:
                    failed += 1
                waiting.unregister(s)
                s.close()
                if left > 0:
                    begin()
                    left -= 1
        self.failures[way.address] = self.failures.get(way.address, 0) + failed
        if not hasattr(self, "ours"):
            self.ours = way.address  # the first contender
        return self.count / (time.monotonic() - began)

    def extras(self, m, results):
        failed = self.failures[self.ours]
        return [(f"{failed} failed (none may)", failed == 0)]


def settled(count, within=15):
    """What `count` says when it has not changed for two seconds: both ends of the last streams have parted."""
    last, since, until = count(), time.monotonic(), time.monotonic() + within
    while time.monotonic() < min(since + 2, until):
        time.sleep(0.1)
        now = count()
        if now != last:
            last, since = now, time.monotonic()
    return last


class Ends(Row):
    """What two nodes have kept after connections that ended in every order, their target's or their client's way."""

    def __init__(self, key, title, goal, count):
        super().__init__(key, title, "MB more", goal, rounds=1)
        self.count = count

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        with endings.Target() as target, ways.ours(m, target.address) as way:
            ways.wait_until_works(lambda: endings.run(way.address, 100, seed=1))
            files = lambda: [machines.descriptors(p) for p in way.pids]
            resident = lambda: sum(machines.proc_status(p, "VmRSS") for p in way.pids)

            def once():
                before = settled(files)
                endings.run(way.address, self.count // 10, seed=2)
                was = resident()
                endings.run(way.address, self.count, seed=3)
                self.left = sum(settled(files)) - sum(before)
                return max(0, resident() - was) / 1024

            yield {"ours": once}

    def extras(self, m, results):
        return [(f"{self.left} descriptors more (none may)", self.left <= 0)]


ROWS = [
    Iperf("portal", "portal, iperf3, one stream", [least(1.4, "real"), least(0.9, "two socats")], beside()),
    Iperf("portal-8", "portal, iperf3, eight streams", least(0.95, "one stream"), {**beside("-P", 8), "one stream": ("ours", ())}),
    Iperf("portal-reverse", "portal, iperf3, reverse", least(0.95, "forward"), {**beside("-R"), "forward": ("ours", ())}),
    Iperf("portal-relay", "portal through a relay node, iperf3, one stream", least(0.6, "without relay"),
          {"ours": ("relayed", ()), "without relay": ("ours", ()), "real": ("real relayed", ())}),
    Cpu("portal-cpu", "portal, CPU time for each GB moved", most(0.5, "real"), beside(others=("two socats", "real"))),
    Redis("portal-redis-1", "portal, Redis PING, one client", [least(1.4, "real"), least(0.95, "two socats")], 1, 8000),
    Redis("portal-redis-50", "portal, Redis PING, 50 clients", [least(2, "real")], 50, 30_000),
    IdleStreams("portal-idle", "portal, 1,000 streams that say nothing", most(10), 1000),
    Connects("portal-connects", "portal, connections a second, 64 at one time", least(1000), 2000, 64),
    Ends("portal-ends", "portal, after 10,000 connections that ended in every order", most(2), 10_000),
]
