# SPDX-License-Identifier: Apache-2.0
"""What is measured: one class or line a row. A row yields figures of one round; rounds of all its
contenders are interleaved by whoever runs it, so that a slow moment of the machine hits all of them."""

import contextlib
import json
import time

import machines


class Row:
    """A row of the table.

    `goal` is (kind, number): 'raw' and 'real' are factors of that contender's median, 'least' and 'most'
    bounds of ours.
    """

    def __init__(self, key, title, unit, goal, rounds=5):
        self.key, self.title, self.unit, self.goal, self.rounds = key, title, unit, goal, rounds

    def missing(self, m):
        """Why it cannot be measured here, or None."""
        return None

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        """Yields {name: function that measures one round}."""
        raise NotImplementedError

    def extras(self, m, results):
        """Further findings after the rounds: [(text, met)]."""
        return []


class Wire(Row):
    """Messages over TCP from a load generator of another process."""

    def __init__(self, key, title, goal, route="echo", against=("real",), unit="k/s", node_args=(), peak=None, **load):
        super().__init__(key, title, unit, goal)
        self.route, self.against, self.load, self.node_args, self.peak = route, against, load, node_args, peak

    def missing(self, m):
        return "the other make is not built" if self.goal[0] == "real" and not m.peer else None

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        value = "megabytes_per_second" if self.unit == "MB/s" else "per_second"
        scale = 1 if self.unit == "MB/s" else 1e-3

        def load(address, **more):
            return lambda: scale * m.bench("tcp", to=address, seconds=seconds, **self.load, **more)[value]

        with contextlib.ExitStack() as stack:
            self.ours = stack.enter_context(m.node(*self.node_args))
            found = {"ours": load(self.ours.address("tcp"), route=self.route)}
            if "raw" in self.against:
                found["raw"] = load(stack.enter_context(m.raw()).lines[0].split()[1], raw=True)
            if "real" in self.against and m.peer:
                self.real = stack.enter_context(m.real())
                found["real"] = load(self.real.address("tcp"), route=self.route)
            yield found
            self.peaks = {n: s.peak_kib() / 1024 for n, s in (("ours", self.ours), ("real", getattr(self, "real", None))) if s}

    def extras(self, m, results):
        if not self.peak:
            return []
        text = f"peak resident {self.peaks['ours']:.0f} MB, at most {self.peak}"
        return [(text + (f" (real {self.peaks['real']:.0f})" if "real" in self.peaks else ""), self.peaks["ours"] <= self.peak)]


class Inside(Row):
    """From a worker inside a node: through workers of that node, or over a link to another node."""

    def __init__(self, key, title, goal, route, in_flight=1, via=None, thread="socket"):
        super().__init__(key, title, "k/s", goal)
        self.route, self.in_flight, self.via, self.thread = route, in_flight, via, thread

    def missing(self, m):
        if self.goal[0] == "real" and not m.peer:
            return "the other make is not built"
        return None

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        with contextlib.ExitStack() as stack:
            options = {"route": self.route, "in_flight": self.in_flight, "thread": self.thread, "seconds": seconds}
            if self.via:
                # A listener beside the first tcp one admits what its section says.
                config = m.home / "far.ini"
                config.write_text(f"[{self.via}-listener far]\naddress = 127.0.0.1:0\nallow = services\n")
                other = stack.enter_context(m.node("--config", config))
                options["via"] = f"{self.via}:{other.address(self.via)}"
            found = {"ours": lambda: m.bench("node", **options)["per_second"] / 1e3}
            if m.peer and not self.via:
                hops = self.route.count(",")
                found["real"] = lambda: float(m.run(m.peer, "local", hops, 64, self.in_flight, seconds).split()[1]) / 1e3
            yield found


class Core(Row):
    """A step of the core, by Google Benchmark."""

    def __init__(self, key, title, goal, name):
        super().__init__(key, title, "ns", goal, rounds=3)
        self.name = name

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        def once():
            text = m.run(m.programs / "bench-core", f"--benchmark_filter=^{self.name}$", "--benchmark_format=json",
                         f"--benchmark_min_time={min(seconds, 1)}")
            found = json.loads(text)["benchmarks"][0]
            if found.get("error_occurred"):
                raise RuntimeError(found["error_message"])
            self.allocations = found["allocations"]
            return 1e9 / found["items_per_second"]
        yield {"ours": once}

    def extras(self, m, results):
        return [(f"{self.allocations:.0f} allocations", self.allocations == 0)]


class Growth(Row):
    """The same load on a node that has much of something: what remains of the rate of an ordinary one."""

    def __init__(self, key, title, goal, workers=0, idle_links=0):
        super().__init__(key, title, "k/s", goal)
        self.workers, self.idle_links = workers, idle_links

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        def load(address):
            return lambda: m.bench("tcp", to=address, in_flight=100, seconds=seconds)["per_second"] / 1e3
        config = m.home / "workers.ini"
        config.write_text("".join(f"[service w{i}]\ntype = echo\n" for i in range(self.workers)) or "# only links\n")
        with m.node() as plain, m.node("--config", config) as grown:
            links = machines.idle_connections(grown.address("tcp"), self.idle_links)
            each = (machines.proc_status(grown.pid, "VmRSS") - machines.proc_status(plain.pid, "VmRSS")) / max(1, self.workers + self.idle_links)
            self.note = f"{each:.1f} KiB for each"
            yield {"ours": load(grown.address("tcp")), "plain": load(plain.address("tcp"))}
            for s in links:
                s.close()

    def extras(self, m, results):
        return [(self.note, None)]


class Command(Row):
    """How long a command takes at the prompt, in milliseconds."""

    def __init__(self, key, title, goal, prepare, command, undo=None):
        super().__init__(key, title, "ms", goal, rounds=15)
        self.prepare, self.command, self.undo = prepare, command, undo

    def missing(self, m):
        return None if m.has("ockam") else "there is no ockam command yet"

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        def ockam(words):
            m.run(m.programs / "ockam", *words.split())

        def once():
            began = time.perf_counter()
            ockam(self.command)
            took = 1e3 * (time.perf_counter() - began)
            if self.undo:
                ockam(self.undo)
            return took
        if self.prepare:
            ockam(self.prepare)
        try:
            yield {"ours": once}
        finally:
            ockam("node delete --all -y")


class Idle(Row):
    """A node that nobody talks to. Not beside the other make: the program that we build over its crates is
    less than its whole node (55 MB and 22 threads)."""

    def __init__(self, key, title):
        super().__init__(key, title, "MB", ("most", 15), rounds=1)

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        with m.node() as server:
            def once():
                time.sleep(1)  # it has started by then
                before, began = machines.cpu_seconds(server.pid), time.monotonic()
                time.sleep(max(5, 5 * seconds))
                self.cpu = 100 * (machines.cpu_seconds(server.pid) - before) / (time.monotonic() - began)
                self.threads = machines.proc_status(server.pid, "Threads")
                return machines.proc_status(server.pid, "VmRSS") / 1024

            yield {"ours": once}

    def extras(self, m, results):
        return [(f"{self.cpu:.2f} % of a core, at most 0.2", self.cpu <= 0.2),
                (f"{self.threads} threads, at most 8", self.threads <= 8)]


ROWS = [
    Wire("tcp-1", "TCP echo 64 B, 1 in flight", ("raw", 0.9), against=("raw", "real"), in_flight=1),
    Wire("tcp-100", "100 in flight", ("real", 10), against=("raw", "real"), in_flight=100),
    Wire("tcp-8x50", "8 connections × 50", ("real", 10), against=("raw", "real"), connections=8, in_flight=50),
    Wire("tcp-2000", "2,000 connections × 1", ("real", 1.25), against=("raw", "real"), peak=50, connections=2000),
    Wire("hops-1000", "two hops, 1,000 in flight", ("least", 800), route="h1,h2,echo", against=(), in_flight=1000,
         node_args=("--service", "h1=hop", "--service", "h2=hop")),
    Wire("tcp-64k", "64 KiB × 16 in flight", ("real", 1.25), against=("raw", "real"), unit="MB/s", bytes=65536, in_flight=16),
    Inside("local", "in process, hop + echo, 1 in flight", ("real", 2.5), route="hop,echo"),
    Inside("caf-1", "CAF link, 1 in flight", ("least", 7), route="echo", via="caf"),
    Inside("caf-100", "CAF link, 100 in flight", ("least", 300), route="echo", via="caf", in_flight=100),
    Core("header", "header rewrite, route of 4 hops", ("most", 10), "header_rewrite/link_addresses"),
    Command("message-send", "message send", ("most", 15), "node create n1", "message send hello --to /node/n1/service/echo"),
    Command("node-create", "node create", ("most", 40), None, "node create b1", "node delete b1 -y"),
    Idle("idle", "idle node, resident"),
    Growth("workers", "100 in flight beside 100,000 workers", ("plain", 0.9), workers=100_000),
    Growth("links", "100 in flight beside 1,000 idle links", ("plain", 0.9), idle_links=1000),
]
