# SPDX-License-Identifier: Apache-2.0
"""A peer of the client that does what a test says, over a real socket. Its frames are those of `wire`, which knows the
protocol and not the client."""

import asyncio
import struct

import wire


class Link:
    """One connection, seen from the node."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    def send(self, onward, payload=b"", back=("asker",), extras=None):
        self.writer.write(wire.frame(onward, list(back), payload, extras))

    def send_raw(self, body):
        self.writer.write(struct.pack(">I", len(body)) + body)

    async def receive(self):
        """The next message; EOFError at the end. Heartbeats are left out."""
        while True:
            try:
                size = struct.unpack(">I", await self.reader.readexactly(4))[0]
                m = wire.Message(await self.reader.readexactly(size))
            except (asyncio.IncompleteReadError, ConnectionError):
                raise EOFError from None
            if m.onward:
                return m

    async def answer(self, payload):
        """Answers the next request with `payload`, and returns it."""
        m = await self.receive()
        self.send(m.back, payload, back=())
        return m

    async def ask(self, worker, payload=b"", **more):
        """What a worker of the client answers, or the report that comes instead."""
        self.send([worker], payload, extras={"ockam_report": "1"}, **more)
        return await self.receive()

    async def nothing_came(self):
        """Fails if the client has sent something: what comes next is its report about a worker that it does not have."""
        report = await self.ask("nobody, for sure")
        assert report.extras.get("ockam_undeliverable") == "unknown-worker" and "for sure" in report.extras["ockam_hop"], report

    async def closed(self):
        """Until the client has closed."""
        try:
            while await self.reader.read(1 << 16):
                pass
        except ConnectionError:
            pass

    def end(self):
        self.writer.transport.abort()


class FakeNode:
    """Listens on loopback, at `host`. `link()`: the next connection, greeted. `greeting`: what is sent at first."""

    def __init__(self, greeting=wire.PREAMBLE, port=0, host="127.0.0.1"):
        self.greeting, self.port, self.host = greeting, port, host
        self.links = asyncio.Queue()
        self.all = []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._accept, self.host, self.port)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.stop()

    def stop(self):
        """Listens no more; what is connected ends."""
        self.server.close()
        for link in self.all:
            link.end()

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    async def link(self):
        link = await self.links.get()
        assert await link.reader.readexactly(1) == wire.PREAMBLE
        return link

    def _accept(self, reader, writer):
        writer.write(self.greeting)
        link = Link(reader, writer)
        self.all.append(link)
        self.links.put_nowait(link)


async def dial(address):
    """A node that connects to the client's server. Its `Link`, greeted."""
    if "/" in address:
        reader, writer = await asyncio.open_unix_connection(address)
    else:
        host, port = address.rsplit(":", 1)
        reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(wire.PREAMBLE)
    assert await reader.readexactly(1) == wire.PREAMBLE
    return Link(reader, writer)
