# SPDX-License-Identifier: Apache-2.0
"""The path of messages through a secure channel, between real processes and real threads.

    wire.Peer ──▶ [ n1: hop, channel c ] ══ tcp, or udp with the test between ══ [ n2: listener api, echo ]
"""

import contextlib
import random
import selectors
import socket
import threading
import time

import pytest
import wire
from processes import wait_until


def config(name, more=""):
    return (f"[node]\nname = {name}\n[identity]\nvault = {name}.vault\nhistory = {name}.identity\n"
            f"[tcp-listener main]\naddress = 127.0.0.1:0\n[service hop]\ntype = hop\n{more}")


def two_nodes(node, at=None, more_b=""):
    """n1 has the channel `c` to n2; `at`: where it goes in place of n2's listener, as HOST/TRANSPORT/PORT of a route."""
    b = node("n2", config=config("n2", more_b))
    to = at(b) if at else f"/ip4/127.0.0.1/tcp/{b.port}"
    a = node("n1", config=config("n1", f"[secure-channel c]\nto = {to}/service/api\nallow = hop\n"))
    wait_until(lambda: "secure channel c is up" in a.errors(), "the channel is up", 30)
    return a, b


def through(a, bodies, timeout=60):
    """What comes back of these, sent without waiting."""
    with wire.Peer(a.port, timeout=timeout) as p:
        sender = threading.Thread(target=lambda: [p.send(["hop", "c", "echo"], body) for body in bodies])
        sender.start()
        got = [p.receive().payload for _ in bodies]
        sender.join()
    return got


def test_large_and_small_messages_come_in_order_whichever_thread_has_them(node):
    a, _ = two_nodes(node)
    sizes = random.Random(5)
    bodies = []
    for i in range(400):
        size = sizes.choice((8, 100, 3_000, 60_000, 70_000, 300_000))
        bodies.append(i.to_bytes(8, "big") + bytes(size))
    got = through(a, bodies)
    assert [g[:8] for g in got] == [b[:8] for b in bodies]
    assert got == bodies


def test_a_large_message_of_another_channel_delays_nobody_for_long(node):
    a, b = two_nodes(node)
    ends = threading.Event()

    def load():
        body = bytes(8 << 20)
        with wire.Peer(a.port, timeout=60) as p:
            while not ends.is_set():
                assert len(p.ask(["hop", "c", "echo"], body).payload) == len(body)

    other = threading.Thread(target=load)
    other.start()
    with wire.Peer(b.port) as p:
        took = []
        for i in range(200):
            began = time.monotonic()
            assert p.ask(["echo"], b"%d" % i).payload == b"%d" % i
            took.append(time.monotonic() - began)
    ends.set()
    other.join()
    assert sorted(took)[-10] < 1, "the socket thread has others to serve meanwhile"


class Between:
    """A proxy for datagrams of one client: `treat` has each batch, and says what goes on."""

    def __init__(self, to, treat):
        self.to, self.treat, self.client = to, treat, None
        self.near, self.far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for s in (self.near, self.far):
            s.bind(("127.0.0.1", 0))
            s.setblocking(False)
        self.port = self.near.getsockname()[1]
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        ready = selectors.DefaultSelector()
        ready.register(self.near, selectors.EVENT_READ)
        ready.register(self.far, selectors.EVENT_READ)
        while not self.ends.is_set():
            for key, _ in ready.select(0.1):
                batch = []
                with contextlib.suppress(BlockingIOError):
                    while len(batch) < 16:
                        data, source = key.fileobj.recvfrom(65536)
                        batch.append(data)
                        if key.fileobj is self.near:
                            self.client = source
                for data in self.treat(batch):
                    if key.fileobj is self.near:
                        self.far.sendto(data, self.to)
                    else:
                        self.near.sendto(data, self.client)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()
        self.near.close()
        self.far.close()


def test_over_udp_loss_and_another_order_cost_only_what_was_lost(node):
    lost = 0
    seen = 0
    treats = False

    def treat(batch):
        nonlocal lost, seen
        out = []
        for d in batch:
            seen += 1
            if treats and seen % 13 == 0:
                lost += 1
            else:
                out.append(d)
        return [d for at in range(0, len(out), 4) for d in out[at:at + 4][::-1]] if treats else out  # UDP itself forgives five

    with contextlib.ExitStack() as stack:
        def at(b):
            host, port = next(address for kind, address in b.listeners if kind == "udp").rsplit(":", 1)
            proxy = stack.enter_context(Between((host, int(port)), treat))
            return f"/ip4/127.0.0.1/udp/{proxy.port}"
        a, _ = two_nodes(node, at, "[udp-listener u]\naddress = 127.0.0.1:0\nallow = services, api\n")
        treats = True
        count, got = 1500, set()
        with wire.Peer(a.port, timeout=3) as p:
            def receive():
                with contextlib.suppress(TimeoutError, OSError):
                    while True:
                        number = int(p.receive().payload)
                        assert number not in got, "taken twice"
                        got.add(number)
            receiver = threading.Thread(target=receive)
            receiver.start()
            for i in range(count):
                p.send(["hop", "c", "echo"], b"%d" % i)
                if i % 10 == 9:
                    time.sleep(0.002)  # datagrams have no back-pressure: what a kernel drops is not what is tested
            receiver.join()
        assert lost > 50
        assert len(got) >= count - lost
        assert "is up again" not in a.errors(), "the same channel all the time"


@pytest.mark.parametrize("sources", [1, 20])
def test_a_flood_at_a_listener_takes_bounded_memory_and_time_and_others_are_served(node, sources):
    a, b = two_nodes(node)

    def flood(number):
        with wire.Peer(b.port, timeout=30) as p:
            for i in range(10_000 // sources):
                p.send(["api"], bytes([number + 1, i & 255, i >> 8 & 255]) + bytes(range(29)))
            with contextlib.suppress(TimeoutError, OSError):
                p.socket.shutdown(socket.SHUT_WR)
                while p.socket.recv(1 << 16):
                    pass

    before = b.resident()
    threads = [threading.Thread(target=flood, args=(n,)) for n in range(sources)]
    for t in threads:
        t.start()
    took = []
    with wire.Peer(a.port, timeout=30) as p:
        while any(t.is_alive() for t in threads) and len(took) < 2000:
            began = time.monotonic()
            assert p.ask(["hop", "c", "echo"], b"x").payload == b"x"
            took.append(time.monotonic() - began)
    for t in threads:
        t.join()
    assert took and sorted(took)[len(took) * 99 // 100] < 1
    assert b.resident() - before < 64 << 20
