# SPDX-License-Identifier: Apache-2.0
"""Rows about secure channels: what goes through them, beside the same without one and through those of a real node; what
making them takes, and what an idle one does."""

import contextlib
import json
import subprocess
import threading

import machines
import portal_rows
import ways
from rows import Row, least, most


@contextlib.contextmanager
def listening(m):
    """A node of ours with a listener of secure channels."""
    with m.node(ini=m.identity()) as far:
        yield far


@contextlib.contextmanager
def real_listening(m):
    with m.real() as far:
        far.ask("secure-listener api")
        yield far


class Through(Row):
    """Messages from a worker inside a node to the echo of another one, through a channel over TCP. `beside`: also without the
    channel, and between two real nodes."""

    def __init__(self, key, title, goal, beside=("plain", "real"), unit="k/s", **load):
        super().__init__(key, title, unit, goal)
        self.beside, self.load = beside, load

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        scale = self.load["bytes"] / 1e6 if self.unit == "MB/s" else 1e-3

        def ours(**more):
            return lambda: scale * m.bench("node", route="echo", via=f"tcp:{far.address('tcp')}", seconds=seconds, **self.load, **more)["per_second"]

        with contextlib.ExitStack() as stack:
            far = stack.enter_context(listening(m))
            found = {"ours": ours(channel="api")}
            if "plain" in self.beside:
                found["without a channel"] = ours()
            if "real" in self.beside and m.peer:
                real = stack.enter_context(real_listening(m))
                # More than 8 in flight can stop a real node for ever.
                in_flight = min(8, self.load.get("in_flight", 1))
                found["real"] = lambda: scale * float(m.run(m.peer, "load", real.address("tcp"), "secure:api,echo", self.load.get("bytes", 64),
                                                            in_flight, seconds).split()[1])
            yield found


class Handshakes(Row):
    """Milliseconds from the beginning of a channel to the moment at which both ends have it, one after the other."""

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        count = max(20, round(100 * seconds))
        with contextlib.ExitStack() as stack:
            far = stack.enter_context(listening(m))
            found = {"ours": lambda: m.bench("channels", to=far.address("tcp"), count=count)["p50_ms"]}
            if m.peer:
                real = stack.enter_context(real_listening(m))
                found["real"] = lambda: float(m.run(m.peer, "handshakes", real.address("tcp"), "api", count).split()[1])
            yield found


class AtOnce(Row):
    """Channels that one node makes at once with one listener, while another client has its echoes there: its p99 in
    milliseconds. Then what a channel that says nothing has cost each node."""

    def __init__(self, key, title, goal, count, each):
        super().__init__(key, title, "ms", goal, rounds=3)
        self.count, self.each, self.failed, self.sizes, self.took = count, each, 0, [], []

    @contextlib.contextmanager
    def contenders(self, m, seconds):
        def once():
            with listening(m) as far:
                m.bench("channels", to=far.address("tcp"), count=5)  # what the first handshake takes for good
                before = machines.proc_status(far.pid, "VmRSS")
                others = {}
                load = threading.Thread(target=lambda: others.update(m.bench("tcp", to=far.address("tcp"), seconds=4, warmup=0.2)))
                load.start()
                with machines.Server([m.programs / "ockam-bench", "channels", "--to", far.address("tcp"), "--count", self.count, "--at-once",
                                      self.count, "--keep"], "up", m.env, subprocess.PIPE) as many:
                    found = json.loads(many.lines[-1])
                    load.join()
                    self.failed += self.count - found["up"]
                    self.took.append(found["seconds"])
                    self.sizes.append(max(found["own_kib_each"], (machines.proc_status(far.pid, "VmRSS") - before) / self.count))
                return others["p99_us"] / 1e3

        yield {"ours": once}

    def extras(self, m, results):
        return [(f"{self.failed} failed (none may)", self.failed == 0), (f"{max(self.took):.2f} s", None),
                (f"{max(self.sizes):.1f} KiB each (at most {self.each})", max(self.sizes) <= self.each)]


@contextlib.contextmanager
def portal_through_channel(m, target):
    with m.node(ini=m.identity() + f"[tcp-outlet outlet]\nto = {target}\n") as far:
        host, port = far.address("tcp").rsplit(":", 1)
        at = f"127.0.0.1:{ways.free_port()}"
        inlet = f"[tcp-inlet i]\nfrom = {at}\nto = /ip4/{host}/tcp/{port}/secure/api/service/outlet\n"
        with m.node(ini=m.identity() + inlet) as near:
            yield ways.Way(at, [near.pid, far.pid])


@contextlib.contextmanager
def real_portal_through_channel(m, target):
    with real_listening(m) as far, m.real() as near:
        far.ask(f"outlet outlet {target}")
        link = near.ask(f"dial {far.address('tcp')}")
        channel = near.ask(f"secure {link},api").split()[0]
        yield ways.Way(near.ask(f"inlet {channel},outlet"), [near.pid, far.pid])


ways.WAYS.update({"through a channel": portal_through_channel, "real through a channel": real_portal_through_channel})


ROWS = [
    Handshakes("channel-handshake", "secure channel, handshake, both ends", "ms", most(0.5, "real")),
    Through("channel-64k", "secure channel over TCP, echo of 64 KiB × 16 in flight", least(2, "real"), unit="MB/s", bytes=65536, in_flight=16),
    Through("channel-100", "secure channel over TCP, echo of 64 B, 100 in flight", least(150), in_flight=100),
    Through("channel-1", "secure channel over TCP, echo of 64 B, 1 in flight", least(0.85, "without a channel")),
    portal_rows.Iperf("channel-portal", "portal through a secure channel, iperf3, one stream", [least(1.6, "real"), least(0.5, "plain portal")],
                      {"ours": ("through a channel", ()), "plain portal": ("ours", ()), "real": ("real through a channel", ())}),
    AtOnce("channel-1000", "1,000 secure channels at once through one listener, p99 of another client's echoes", most(50), 1000, 16),
]
