# SPDX-License-Identifier: Apache-2.0
"""A connection to a node, and workers that are reached over it."""

import asyncio
import json
import logging

from . import routes, wire
from .errors import Closed, OckamError, ProtocolError, ServiceFailed, TimedOut, Undeliverable, Unreachable

log = logging.getLogger("ockam_client")

MAX_HANDLED = 1000  # messages at a time; further ones are refused
_HANDSHAKE = 10  # seconds for the preamble


def _payload(value):
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    return wire.bare(value if isinstance(value, str) else json.dumps(value))


class Message:
    """A message that has come: `payload` (bytes), `return_route` (a list of addresses, for `send`), `onward`, the rest of
    its route behind the worker that got it."""

    def __init__(self, onward, return_route, payload, extras):
        self.onward, self.return_route, self.payload, self._extras = onward, return_route, payload, extras

    @property
    def text(self):
        """The payload as text, as `ockam message send` sends it; None when it is none."""
        return wire.unbare(self.payload)

    def json(self):
        """What the payload says in JSON. Raises ValueError."""
        text = self.text
        return json.loads(self.payload if text is None else text)

    @property
    def wants_report(self):
        return self._extras.get("ockam_report") == "1"

    def __repr__(self):
        return f"<Message {self.text if self.text is not None else self.payload!r} from {list(map(routes.show, self.return_route))}>"


class Workers:
    """Who serves, by name. A handler gets a Message; what it returns goes back, None does not."""

    def __init__(self):
        self._handlers = {}

    def worker(self, name):
        """`@node.worker("greeter")` in front of a function, async or not."""

        def add(handler):
            if name in self._handlers:
                raise OckamError(f"a worker {name} is there already", "choose another name")
            self._handlers[name] = handler
            return handler

        return add

    def remove(self, name):
        self._handlers.pop(name, None)

    def find(self, name):
        return self._handlers.get(name)


class Connection(Workers):
    """One connection. Made by `connect`, or by a `Server` for each node that connects to it. Of one event loop."""

    def __init__(self, reader, writer, workers=None):
        super().__init__()
        self._reader, self._writer, self._shared = reader, writer, workers
        self._waiting = {}  # reply address -> future
        self._tasks = set()
        self._why = None
        self._reading = None

    async def _begin(self):
        self._writer.write(wire.PREAMBLE)
        try:
            first = await asyncio.wait_for(self._reader.readexactly(1), _HANDSHAKE)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.TimeoutError):
            self._writer.close()
            raise Unreachable("no ockam node answers there", "is that the address of a tcp- or uds-listener?") from None
        if first != wire.PREAMBLE:
            self._writer.close()
            raise ProtocolError("the other end is not an ockam node, or one of another version")
        self._reading = asyncio.create_task(self._read())
        return self

    # -- what a user calls ---------------------------------------------------------------------------

    async def send(self, route, payload=b"", *, sender=None):
        """A message; `sender` is the worker that an answer would go to. Waits while the node takes no more."""
        await self._write(routes.parse(route), [(routes.LOCAL, sender or routes.random_address())], _payload(payload))

    async def request(self, route, payload=b"", timeout=10.0):
        """The reply, a Message. Raises TimedOut, Undeliverable, ServiceFailed, Closed, InvalidRoute."""
        to = routes.parse(route)
        address = routes.random_address()
        reply = asyncio.get_running_loop().create_future()
        self._waiting[address] = reply
        async def ask():
            await self._write(to, [(routes.LOCAL, address)], _payload(payload), {"ockam_report": "1"})
            return await reply

        try:
            return await asyncio.wait_for(ask(), timeout)
        except asyncio.TimeoutError:
            raise TimedOut(f"no reply from {' => '.join(map(routes.show, to))} within {timeout:g} s",
                           "is every worker of the route there? ockam trace shows it") from None
        finally:
            del self._waiting[address]
            reply.cancel()

    async def serve_forever(self):
        """Until the connection ends; raises why."""
        await asyncio.wait([self._reading])
        raise self._why

    async def close(self):
        self._end(Closed("the connection was closed here"))
        tasks = [t for t in (self._reading, *self._tasks) if t]  # none is read yet during the handshake
        for t in tasks:
            t.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self._writer.wait_closed()
        except OSError:
            pass

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.close()

    @property
    def closed(self):
        return self._why is not None

    # -- the wire ------------------------------------------------------------------------------------

    async def _write(self, onward, back, payload, extras=None):
        if self._why:
            raise self._why
        try:
            self._writer.write(wire.encode(onward, back, payload, extras))
            await self._writer.drain()
        except ValueError as e:
            raise OckamError(str(e)) from None
        except ConnectionError:
            raise self._why or Closed("the node has closed the connection") from None

    async def _read(self):
        try:
            while True:
                length = int.from_bytes(await self._reader.readexactly(4), "big")
                if length > wire.MAX_FRAME:
                    raise ProtocolError(f"the peer announced a message of {length} bytes")
                await self._take(*wire.decode(await self._reader.readexactly(length)))
        except (asyncio.IncompleteReadError, ConnectionError):
            self._end(Closed("the node has closed the connection"))
        except OSError as e:
            self._end(Closed(f"the connection has broken: {e.strerror or e}"))
        except OckamError as e:
            log.warning("%s", e)
            self._end(e)

    def _end(self, why):
        if self._why:
            return
        self._why = why
        self._writer.close()
        for reply in self._waiting.values():
            if not reply.done():
                reply.set_exception(why)

    async def _take(self, onward, back, payload, extras):
        if not onward:
            return  # a heartbeat
        name = onward[0][1]
        if reply := self._waiting.get(name):
            if not reply.done():
                if reason := extras.get("ockam_undeliverable"):
                    kind = ServiceFailed if reason in ("service-error", "worker-failed") else Undeliverable
                    reply.set_exception(kind(reason, extras.get("ockam_hop", "?"), extras.get("ockam_node", "?"), extras.get("ockam_detail", "")))
                else:
                    reply.set_result(Message(onward[1:], back, payload, extras))
            return
        message = Message(onward[1:], back, payload, extras)
        handler = self.find(name) or (self._shared and self._shared.find(name))
        if onward[0][0] != routes.LOCAL or not handler:
            return await self._report(message, onward[0], "unknown-worker", "")
        if len(self._tasks) >= MAX_HANDLED:
            # Not by reading no more: what the handlers wait for comes over this connection.
            return await self._report(message, onward[0], "congested", "too many messages at a time")
        task = asyncio.create_task(self._handle(handler, name, message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(self, handler, name, message):
        try:
            answer = handler(message)
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer is not None and message.return_route:
                await self._write(message.return_route, [(routes.LOCAL, name)], _payload(answer))
        except Closed:
            pass
        except Exception as e:  # noqa: BLE001: of the handler, whatever it is
            log.exception("worker %s failed", name)
            why = e.cause if isinstance(e, OckamError) else f"{type(e).__name__}: {e}"
            try:
                await self._report(message, (routes.LOCAL, name), "service-error", why)
            except OckamError:
                pass

    async def _report(self, message, hop, reason, detail):
        """Tells a sender that asked for it that its message ended here."""
        if message.wants_report and message.return_route:
            await self._write(message.return_route, [], b"", {"ockam_undeliverable": reason, "ockam_hop": routes.show(hop),
                                                              "ockam_node": "python", "ockam_detail": detail[:256]})


def _place(address):
    """(path, None) or (host, port) of `127.0.0.1:4000`, `4000`, `[::1]:4000` or a path."""
    if "/" in address:
        return address, None
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise OckamError(f"{address!r} is neither HOST:PORT nor a path", "for example 127.0.0.1:4000 or /run/ockam/n1.sock")
    return host.strip("[]") or "127.0.0.1", int(port)


async def connect(address, timeout=10.0):
    """Connects to a listener of a node. Raises Unreachable."""
    host, port = _place(address)
    opening = asyncio.open_unix_connection(host) if port is None else asyncio.open_connection(host, port)
    try:
        reader, writer = await asyncio.wait_for(opening, timeout)
    except asyncio.TimeoutError:
        raise Unreachable(f"no connection to {address} within {timeout:g} s", "does a firewall let it through?") from None
    except OSError as e:
        raise Unreachable(f"cannot connect to {address}: {e.strerror or e}", "is a node listening there?") from None
    return await Connection(reader, writer)._begin()


class Server(Workers):
    """Listens for nodes; its workers are reached over each of their connections."""

    def __init__(self):
        super().__init__()
        self._server = None
        self._connections = set()
        self.address = ""

    async def _begin(self, address):
        host, port = _place(address)
        try:
            if port is None:
                self._server = await asyncio.start_unix_server(self._accept, host)
                self.address = host
            else:
                self._server = await asyncio.start_server(self._accept, host, port)
                at = self._server.sockets[0].getsockname()
                self.address = f"[{at[0]}]:{at[1]}" if ":" in at[0] else f"{at[0]}:{at[1]}"
        except OSError as e:
            raise OckamError(f"cannot listen on {address}: {e.strerror or e}") from None
        return self

    async def _accept(self, reader, writer):
        connection = Connection(reader, writer, self)
        self._connections.add(connection)
        try:
            await connection._begin()
            await asyncio.wait([connection._reading])
        except OckamError as e:
            log.warning("%s", e)
        finally:
            self._connections.discard(connection)

    async def serve_forever(self):
        await self._server.serve_forever()

    async def close(self):
        self._server.close()
        for c in list(self._connections):
            await c.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.close()


async def listen(address):
    """Listens at `127.0.0.1:0` or a path (of a Unix socket that is not there yet) for nodes."""
    return await Server()._begin(address)
