# SPDX-License-Identifier: Apache-2.0
"""What is measured: one class or line a row. A row yields figures of one round; rounds of all its
contenders are interleaved by whoever runs it, so that a slow moment of the machine hits all of them."""

import collections
import contextlib
import json
import shutil
import statistics
import time

import machines
import reconnect

#: `number` is a bound of what this node does, or of what it does by that of the contender `of`.
Goal = collections.namedtuple("Goal", "number of at_most")


def least(number, of=None):
    return Goal(number, of, False)


def most(number, of=None):
    return Goal(number, of, True)


class Row:
    """A row of the table. `goal` is one, a list of them, or None where a figure is only for information."""

    def __init__(self, key, title, unit, goal, rounds=5):
        self.key, self.title, self.unit, self.rounds = key, title, unit, rounds
        self.goals = goal if isinstance(goal, list) else [goal] if goal else []

    def missing(self, m):
        """Why it cannot be measured here, or None."""
        return "no real Ockam node is built" if any(g.of == "real" for g in self.goals) and not m.peer else None

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        """Yields {name: function that measures one round}; `ours` is this node."""
        raise NotImplementedError

    def extras(self, m, results):
        """Further findings after the rounds: [(text, met)]."""
        return []


class Wire(Row):
    """Messages over TCP or UDP from a load generator of another process."""

    def __init__(self, key, title, goal, transport="tcp", route="echo", against=("real",), unit="k/s", node_args=(), peak=None,
                 **load):
        super().__init__(key, title, unit, goal)
        self.transport, self.route, self.against, self.load = transport, route, against, load
        self.node_args, self.peak = node_args, peak

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        value = "megabytes_per_second" if self.unit == "MB/s" else "per_second"
        scale = 1 if self.unit == "MB/s" else 1e-3

        def load(address, **more):
            return lambda: scale * m.bench(self.transport, to=address, seconds=seconds, **self.load, **more)[value]

        udp = self.transport == "udp"
        with contextlib.ExitStack() as stack:
            self.ours = stack.enter_context(m.node(*self.node_args, ini=machines.listener("udp") if udp else ""))
            found = {"ours": load(self.ours.address(self.transport), route=self.route)}
            if "raw" in self.against:
                found["raw"] = load(stack.enter_context(m.raw(self.transport)).lines[0].split()[1], raw=True)
            if "real" in self.against and m.peer:
                self.real = stack.enter_context(m.real(*(("--udp", "127.0.0.1:0") if udp else ())))
                found["real"] = load(self.real.address(self.transport), route=self.route)
            yield found
            self.peaks = {n: s.peak_kib() / 1024 for n, s in (("ours", self.ours), ("real", getattr(self, "real", None))) if s}

    def extras(self, m, results):
        if not self.peak:
            return []
        text = f"peak {self.peaks['ours']:.0f} MB (at most {self.peak})"
        return [(text + (f", real {self.peaks['real']:.0f}" if "real" in self.peaks else ""), self.peaks["ours"] <= self.peak)]


class Inside(Row):
    """From a worker inside a node: through workers of that node, or over a link to another node, which
    `beside` compares with links of other kinds. `tls`: the link is of this name in its address."""

    def __init__(self, key, title, goal, route="echo", via=None, beside=(), tls=None, unit="k/s", **load):
        super().__init__(key, title, unit, goal)
        self.route, self.via, self.beside, self.tls, self.load = route, via, beside, tls, load

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        scale = self.load["bytes"] / 1e6 if self.unit == "MB/s" else 1e-3

        def load(**more):
            return lambda: scale * m.bench("node", route=self.route, seconds=seconds, **self.load, **more)["per_second"]

        if not self.via:
            found = {"ours": load()}
            if m.peer:
                hops, in_flight = self.route.count(","), self.load.get("in_flight", 1)
                found["real"] = lambda: float(m.run(m.peer, "local", hops, 64, in_flight, seconds).split()[1]) / 1e3
            yield found
            return
        kinds = [k for k in (self.via, *self.beside) if k != "tcp"] # that listener is there anyway
        where = {"uds": str(m.home / f"{self.key}.socket"), "ws": f"{self.tls or 'ws'}://127.0.0.1:0"}
        certificate = machines.certificate(m.home) if self.tls else None
        ini = "".join(machines.listener(k, where.get(k, "127.0.0.1:0"), certificate.listener if certificate and k == "ws" else "") for k in kinds)
        with m.node(ini=ini) as far:
            prefix = f"{self.tls}://" if self.tls else ""
            more = {"key": f"ca={certificate.ca}"} if certificate else {}
            yield {"ours": load(via=f"{self.via}:{prefix}{far.address(self.via)}", **more),
                   **{kind: load(via=f"{kind}:{far.address(kind)}") for kind in self.beside}}


class Chain(Row):
    """Round trip through three nodes in a row, `generator → n1 → n2 → n3`, beside `generator → n3`: medians in
    microseconds. Each runs on another core than the one before it, as it would on another machine: the system
    would put two that take turns on one core where they need not wake each other, and four not."""

    def __init__(self, key, title, goal):
        super().__init__(key, title, "µs", goal)

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        def load(nodes):
            def once():
                with machines.core(0):
                    return m.bench("tcp", to=nodes[0].address("tcp"), route=route_through(nodes), seconds=seconds)["p50_us"]
            return once
        with chain(m, machines.core) as nodes:
            yield {"ours": load(nodes), "one hop": load(nodes[-1:])}


class ChainLoad(Row):
    """What a chain of three nodes carries from a load generator: `generator → n1 → n2 → n3`. The figure is
    that of its slowest node with a core for itself, by CPU time: here all four processes share the cores of
    this machine, which says more about it than about them. A node that passes messages on, and their answers
    back, has twice the work of one that answers; so the hop beside it is `generator → n2 → n3`, and n2 counts."""

    def __init__(self, key, title, goal, in_flight):
        super().__init__(key, title, "k/s", goal)
        self.in_flight = in_flight

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        with chain(m) as nodes:
            self.here = []

            def load(through):
                before = [machines.cpu_seconds(n.pid) for n in through]
                r = m.bench("tcp", to=through[0].address("tcp"), route=route_through(through), in_flight=self.in_flight, seconds=seconds,
                            warmup=0)
                busy = max(machines.cpu_seconds(n.pid) - b for n, b in zip(through, before))
                if through is nodes:
                    self.here.append(r["per_second"] / 1e3)
                return r["replies"] / busy / 1e3

            yield {"ours": lambda: load(nodes), "one hop": lambda: load(nodes[1:])}

    def extras(self, m, results):
        return [(f"{statistics.median(self.here):.0f} k/s on the cores of this machine", None)]


@contextlib.contextmanager
def chain(m, core=contextlib.nullcontext):
    """Three nodes, each connected to the next; node i is started within `core(i)`."""
    with contextlib.ExitStack() as stack:
        nodes = []
        for i in (3, 2, 1):
            onward = f"[service hop]\ntype = hop\n[tcp-connection next]\naddress = {nodes[0].address('tcp')}\n" if nodes else ""
            with core(i):
                nodes.insert(0, stack.enter_context(m.node(ini=onward)))
        yield nodes


def route_through(nodes):
    return "hop,next," * (len(nodes) - 1) + "echo"


class Services(Row):
    """An echo written against the installed headers, loaded as a plugin, beside the one of the node."""

    def __init__(self, key, title, goal, thread):
        super().__init__(key, title, "k/s", goal)
        self.thread = thread

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        def load(route):
            return lambda: m.bench("tcp", to=node.address("tcp"), route=route, in_flight=100, seconds=seconds)["per_second"] / 1e3
        plugin = m.programs / "plugins/bench_echo.so"
        with m.node(ini=f"[service mine]\nplugin = {plugin}\nthread = {self.thread}\n"
                        f"[service theirs]\ntype = echo\nthread = {self.thread}\n") as node:
            yield {"ours": load("mine"), "built-in": load("theirs")}


class Actors(Row):
    """An echo that is a CAF actor beside one that is a worker, both of plugins and on the pool."""

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        def load(route):
            return lambda: m.bench("tcp", to=node.address("tcp"), route=route, in_flight=100, seconds=seconds)["per_second"] / 1e3
        with m.node(ini="".join(f"[service {name}]\nplugin = {m.programs / 'plugins'}/bench_{name}.so\n" for name in ("actor", "echo"))) as node:
            yield {"ours": load("actor"), "worker": load("echo")}


class Handles(Row):
    """An actor asks another one over a route, beside CAF's own remoting with its defaults: `text`, or a `typed` struct of three fields."""

    def __init__(self, key, title, goal, kind, in_flight):
        super().__init__(key, title, "k/s", goal)
        self.kind, self.in_flight = kind, in_flight

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        program = m.programs / "bench-actors"

        def load(*words):
            return lambda: float(m.run(program, *words, self.kind, self.in_flight, seconds)) / 1e3
        with m.serve_actors("serve", "--no-state", "--log-level", "warn", "--tcp-listener", "127.0.0.1:0", "--service", self.kind) as node, \
                m.serve_actors("caf-serve") as caf:
            host, port = node.address("tcp").rsplit(":", 1)
            yield {"ours": load("load", "--", f"/ip4/{host}/tcp/{port}/service/{self.kind}"), "caf": load("caf-load", caf.address(self.kind))}


class Scripts(Row):
    """A Lua echo in a node that has one core, and what a thousand idle scripts take."""

    def __init__(self, key, title, goal, each):
        super().__init__(key, title, "k/s", goal)
        self.each = each

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        script = m.home / "echo.lua"
        script.write_text("function on_message(m) m:reply() end\n")
        many = "".join(f"[service s{i}]\nscript = {script}\n" for i in range(1000))
        with m.node() as plain, m.node(ini=many) as grown:
            self.found = (machines.proc_status(grown.pid, "VmRSS") - machines.proc_status(plain.pid, "VmRSS")) / 1000
        with machines.core(0):
            node = m.node(ini=f"[service lua]\nscript = {script}\n")
        with node:
            yield {"ours": lambda: m.bench("tcp", to=node.address("tcp"), route="lua", in_flight=100, seconds=seconds)["per_second"] / 1e3}

    def extras(self, m, results):
        return [(f"an idle script {self.found:.0f} KiB (under {self.each})", self.found < self.each)]


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
    """The same load on a node that has much of something: what remains of the rate of an ordinary one.
    `each` is the most memory that one of them may take, in KiB."""

    def __init__(self, key, title, goal, workers=0, idle_links=0, each=None):
        super().__init__(key, title, "k/s", goal)
        self.workers, self.idle_links, self.each = workers, idle_links, each

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        def load(node):
            return lambda: m.bench("tcp", to=node.address("tcp"), in_flight=100, seconds=seconds)["per_second"] / 1e3
        ini = "".join(f"[service w{i}]\ntype = echo\n" for i in range(self.workers))
        with m.node() as plain, m.node(ini=ini) as grown:
            links = machines.idle_connections(grown.address("tcp"), self.idle_links)
            more = machines.proc_status(grown.pid, "VmRSS") - machines.proc_status(plain.pid, "VmRSS")
            self.found = more / (self.workers + self.idle_links)
            yield {"ours": load(grown), "without": load(plain)}
            for s in links:
                s.close()

    def extras(self, m, results):
        bound = f" (under {self.each})" if self.each else ""
        return [(f"{self.found:.2f} KiB each{bound}", not self.each or self.found < self.each)]


class Command(Row):
    """How long a command takes at the prompt, in milliseconds; `{n}` in it is the number of the round."""

    def __init__(self, key, title, goal, prepare, command, undo=None):
        super().__init__(key, title, "ms", goal, rounds=15)
        self.prepare, self.command, self.undo = prepare, command, undo

    def before(self, m, n):
        """What is not measured."""

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        rounds = iter(range(1000))

        def ockam(words):
            m.run(m.programs / "ockam", *words.split())

        def once():
            n = next(rounds)
            self.before(m, n)
            began = time.perf_counter()
            ockam(self.command.format(n=n, home=m.home))
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


class LoadPlugin(Command):
    """A new file each time: what has been loaded is not loaded again."""

    def before(self, m, n):
        shutil.copy(m.programs / "plugins/bench_echo.so", m.home / f"plugin{n}.so")


class Reconnect(Row):
    """From the moment at which a peer that was killed listens again to the first answer through it, at
    default settings, with `away` seconds between."""

    def __init__(self, key, title, goal, away, rounds):
        super().__init__(key, title, "s", goal, rounds)
        self.away = away

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        with reconnect.Pair(m) as pair:
            self.times = []

            def once():
                self.times.append(pair.restart(self.away))
                return max(self.times) # of all: a median would hide what is waited for
            yield {"ours": once}

    def extras(self, m, results):
        return [(f"the longest of {len(self.times)}, shortest {min(self.times):.2f} s", None)]


class Idle(Row):
    """A node that nobody talks to. Not beside a real node: the program that we build over its crates is
    less than its whole node (55 MB and 22 threads)."""

    def __init__(self, key, title):
        super().__init__(key, title, "MB", most(15), rounds=1)

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        with m.node() as server:
            def once():
                time.sleep(1)  # what is measured is doing nothing, and only time passes meanwhile: first the
                #                start runs out, then what the node spends in a while is read
                before, began = machines.cpu_seconds(server.pid), time.monotonic()
                time.sleep(max(5, 5 * seconds))
                self.cpu = 100 * (machines.cpu_seconds(server.pid) - before) / (time.monotonic() - began)
                self.threads = machines.proc_status(server.pid, "Threads")
                return machines.proc_status(server.pid, "VmRSS") / 1024

            yield {"ours": once}

    def extras(self, m, results):
        return [(f"{self.cpu:.2f} % of a core (at most 0.2)", self.cpu <= 0.2),
                (f"{self.threads} threads (at most 8)", self.threads <= 8)]


class Watches(Row):
    """What it costs two nodes that an actor of one monitors many handles to the other while nothing happens, the busier of
    them, and what a monitored handle takes."""

    def __init__(self, key, title, goal, count):
        super().__init__(key, title, "% of a core", goal, rounds=1)
        self.count = count

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        with m.node() as far, m.node() as plain:
            route = "/ip4/{}/tcp/{}/service/echo".format(*far.address("tcp").rsplit(":", 1))
            with m.node(ini=f"[service watches]\nplugin = {m.programs}/plugins/bench_watch.so\nroute = {route}\ncount = {self.count}\n") as near:
                def once():
                    time.sleep(5)  # until all are confirmed, then as for an idle node
                    before, began = [machines.cpu_seconds(n.pid) for n in (far, near)], time.monotonic()
                    time.sleep(max(10, 10 * seconds))
                    took = time.monotonic() - began
                    more = machines.proc_status(near.pid, "VmRSS") - machines.proc_status(plain.pid, "VmRSS")
                    self.each = 1024 * more / self.count
                    return max(100 * (machines.cpu_seconds(n.pid) - b) / took for n, b in zip((far, near), before))

                yield {"ours": once}

    def extras(self, m, results):
        return [(f"a handle and its watch {self.each:.0f} bytes (under 1,024)", self.each < 1024)]


ROWS = [
    # over the wire, beside a minimal epoll echo and the real node
    Wire("tcp-1", "TCP, 1 in flight", least(0.9, "raw"), against=("raw", "real"), in_flight=1),
    Wire("tcp-100", "TCP, 100 in flight", least(10, "real"), against=("raw", "real"), in_flight=100),
    Wire("tcp-8x50", "TCP, 8 connections × 50", least(10, "real"), against=("raw", "real"), connections=8, in_flight=50),
    Wire("tcp-2000", "TCP, 2,000 connections × 1", least(1.25, "real"), against=("raw", "real"), peak=50, connections=2000),
    Wire("hops-1000", "TCP, two hops, 1,000 in flight", least(800), route="h1,h2,echo", against=(), in_flight=1000,
         node_args=("--service", "h1=hop", "--service", "h2=hop")),
    Wire("tcp-64k", "TCP, 64 KiB × 16 in flight", least(1.25, "real"), against=("raw", "real"), unit="MB/s", bytes=65536,
         in_flight=16),
    Wire("udp-1", "UDP, 1 in flight", least(0.85, "raw"), transport="udp", against=("raw", "real"), in_flight=1),
    Wire("udp-100", "UDP, 100 in flight", least(4, "real"), transport="udp", against=("raw", "real"), in_flight=100),
    # from inside a node
    Inside("local", "in process, hop + echo, 1 in flight", least(2.5, "real"), route="hop,echo"),
    Inside("ws-1", "WebSocket link, 1 in flight", least(0.7, "tcp"), via="ws", beside=("tcp",)),
    Inside("ws-100", "WebSocket link, 100 in flight", least(0.7, "tcp"), via="ws", beside=("tcp",), in_flight=100),
    Inside("ws-64k", "WebSocket link, 64 KiB × 16", least(0.7, "tcp"), via="ws", beside=("tcp",), unit="MB/s", bytes=65536,
           in_flight=16),
    Inside("wss-100", "WebSocket link with TLS, 100 in flight", None, via="ws", tls="wss", beside=("tcp",), in_flight=100),
    Inside("uds-100", "Unix socket link, 100 in flight", None, via="uds", beside=("tcp",), in_flight=100),
    Inside("caf-1", "CAF link, 1 in flight", least(7), via="caf"),
    Inside("caf-100", "CAF link, 100 in flight", least(300), via="caf", beside=("tcp",), in_flight=100),
    # several nodes
    Chain("chain-1", "chain of three nodes over TCP, round trip", most(3.2, "one hop")),
    ChainLoad("chain-100", "chain of three nodes over TCP, 100 in flight, a core for each", least(0.8, "one hop"), in_flight=100),
    Reconnect("restart", "link back after a restart of the peer", most(1.5), away=0.5, rounds=7),
    Reconnect("outage", "link back after an outage of 8 s", most(1.5), away=8, rounds=3),
    # services
    Services("cpp-pool", "C++ service of a user, on the pool, 100 in flight", least(0.9, "built-in"), "pool"),
    Services("cpp-socket", "C++ service of a user, on the socket thread, 100 in flight", least(0.9, "built-in"), "socket"),
    Actors("actor", "CAF actor as a service, on the pool, 100 in flight", "k/s", least(0.9, "worker")),
    Handles("handle-1", "request through a handle, 1 in flight", least(2.5, "caf"), "text", 1),
    Handles("handle", "request through a handle, 100 in flight", least(3, "caf"), "text", 100),
    Handles("typed", "typed messages, a struct of three fields, 100 in flight", least(2, "caf"), "typed", 100),
    Scripts("lua", "Lua echo on one core, 100 in flight", least(100), each=64),
    # steps and commands
    Core("header", "header rewrite, route of 4 hops", most(10), "header_rewrite/link_addresses"),
    Command("message-send", "`message send` from the prompt", most(15), "node create n1",
            "message send hello --to /node/n1/service/echo"),
    Command("node-create", "`node create`", most(40), None, "node create b1", "node delete b1 -y"),
    LoadPlugin("plugin", "`service start plugin`, its file new", most(5), "node create n1",
               "service start plugin --addr p{n} --file {home}/plugin{n}.so --at n1"),
    # sizes
    Idle("idle", "idle node, resident"),
    Watches("watches", "10,000 monitored handles on one link, idle", most(1), count=10_000),
    Growth("workers", "100 in flight beside 100,000 workers", least(0.9, "without"), workers=100_000, each=2),
    Growth("links", "100 in flight beside 1,000 idle links", least(0.9, "without"), idle_links=1000),
]
