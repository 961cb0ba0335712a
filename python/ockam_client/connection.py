# SPDX-License-Identifier: Apache-2.0
"""A connection to a node: asking, sending, and workers that are reached over it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Self

from . import link as links
from . import payloads, routes, trace as traces, wire
from .backoff import Backoff
from .dialing import place
from .errors import Closed, Disconnected, InvalidRoute, OckamError, ProtocolError, ServiceFailed, TimedOut, Undeliverable
from .handling import Handling
from .link import Link
from .message import Message
from .opening import Opening
from .payloads import Payload
from .routes import Route
from .trace import Trace
from .workers import Workers

log = logging.getLogger("ockam_client")

STEADY = 2.0  # seconds; a link that was up for this long is tried again at once
CONNECT_TIMEOUT = 10.0  # seconds for each further attempt

CHANNEL_MAKER = "secure_channels"

Dial = Callable[[float | None], Awaitable[Link]]


class Connection(Workers):
    """Made by `connect`, or by a `Server` for each node that connects to it. Of one event loop.

        up ──the link ends──▶ waiting ──back-off──▶ connecting ──▶ up
                                 ▲──────── no link ─────┘

    While there is no link, what is sent and asked fails with Disconnected; workers stay. A connection of a server, and
    one made with `reconnect=False`, is closed when its link ends."""

    def __init__(self, address: str, link: Link, dial: Dial | None = None, shared: Workers | None = None) -> None:
        super().__init__()
        self.address = address
        self._dial, self._shared = dial, shared
        self._link: Link | None = link
        self._down: OckamError | None = None  # why there is no link
        self._why: OckamError | None = None  # why there will be none
        self._waiting: dict[str, asyncio.Future[Message]] = {}  # by reply address
        self._watching: set[asyncio.Future[None]] = set()  # who waits for a link
        self._handling = Handling(shared._room if shared else self._room, self._write, self._offer)
        self._channels: dict[str, tuple[Link, str]] = {}  # by the order of them: of which link, and the address
        self._unix = link.is_unix
        self._closed_here = False
        self._ended = asyncio.Event()
        self._life = asyncio.create_task(self._live(link))

    # -- what a user calls ---------------------------------------------------------------------------

    async def send(
        self, route: Route, payload: Payload = b"", *, sender: str | None = None, authorized: str | None = None, trace: Trace | None = None
    ) -> None:
        """A message; `sender` is the worker that an answer would go to, `authorized` who may be at the other end of the last
        secure channel of the route: identifiers with commas between; None: anybody. `trace` is what it belongs to, if not
        to the trace of the message that is being handled. Waits while the node takes no more.
        Raises InvalidRoute, InvalidPayload, Disconnected, Closed."""
        back = routes.address((routes.LOCAL, sender or routes.random_address()))
        to = await self._resolve(route, authorized)
        await self._write(wire.encode(to, [back], payloads.encode(payload), traces.extras_of(trace)))

    async def request(
        self,
        route: Route,
        payload: Payload = b"",
        timeout: float | None = 10.0,
        *,
        authorized: str | None = None,
        trace: Trace | None = None,
    ) -> Message:
        """The reply. `timeout`, in seconds, bounds sending and waiting; None does not. `authorized` and `trace` as of `send`.
        Raises TimedOut, Undeliverable, ServiceFailed, Disconnected, Closed, InvalidRoute, InvalidPayload."""
        to, address = await self._resolve(route, authorized), routes.random_address()
        frame = wire.encode(to, [(routes.LOCAL, address)], payloads.encode(payload), {"ockam_report": "1", **traces.extras_of(trace)})
        reply: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[address] = reply
        try:
            async with asyncio.timeout(timeout) as limit:
                await self._write(frame)
                return await reply
        except TimeoutError:
            if not limit.expired():
                raise
            raise TimedOut(f"no reply from {' => '.join(map(routes.show, to))} within {timeout:g} s",
                           "is every worker of the route there? ockam trace shows it") from None
        finally:
            del self._waiting[address]
            reply.cancel()  # or, if it has failed: nobody asks for its error any more, which asyncio would say aloud

    async def _resolve(self, route: Route, authorized: str | None = None) -> list[routes.Address]:
        """The node is asked for the secure channels that a route names, once for each link."""
        if authorized is not None and not authorized.strip(" ,"):  # an option that was not set must not mean anybody
            raise InvalidRoute("authorized names nobody", "an identifier: I…")
        if not isinstance(route, str) or "/secure/" not in route:
            if authorized is not None:
                raise InvalidRoute("authorized is about a secure channel, and the route names none", "for example …/secure/api/service/echo")
            return routes.parse(route)
        way, behind = routes.split_at_channel(route)
        order = f"{way}\n" if authorized is None else f"{way}\n\n{authorized}"
        made = self._channels.get(order)
        if made is None or made[0] is not self._link:
            link, address = self._link, routes.random_address()
            await self.request(CHANNEL_MAKER, f"{address}\n{order}")
            if link is None or link is not self._link:
                raise Disconnected(f"the link to {self.address} ended while a secure channel was asked for", "ask again")
            made = self._channels[order] = (link, address)
        return [(routes.LOCAL, made[1]), *behind]

    @property
    def is_unix(self) -> bool:
        """Whether it goes by a Unix socket, so that the node at the other end is one of this machine."""
        return self._unix

    @property
    def connected(self) -> bool:
        """Whether there is a link now."""
        return self._link is not None and not self._why

    @property
    def closed(self) -> bool:
        """Whether there will be no link any more."""
        return self._why is not None

    async def wait_connected(self, timeout: float | None = 10.0) -> None:
        """Until there is a link. Raises TimedOut, and Closed when there will be none."""
        if self._why:
            raise self._why.fresh()
        if self._link:
            return
        there: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watching.add(there)
        try:
            async with asyncio.timeout(timeout):
                await there
        except TimeoutError:
            raise TimedOut(f"no link to {self.address} within {timeout:g} s" + (f": {self._down.cause}" if self._down else ""),
                           "is the node running?") from None
        finally:
            self._watching.discard(there)

    async def serve_forever(self) -> None:
        """Until `close`; a connection that does not reconnect raises why its link has ended."""
        await self._ended.wait()
        if self._why and not self._closed_here:
            raise self._why.fresh()

    async def close(self) -> None:
        """Requests in flight fail with Closed, handlers are cancelled. Never waits long for a node, whatever it does. May be
        called twice, and in a handler, which then goes on without a connection."""
        self._closed_here = True
        self._finish(Closed("the connection was closed here"))
        self._life.cancel()
        try:
            await self._handling.close()
        finally:
            link, self._link = self._link, None
            if link:
                await link.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # -- the life of its links -----------------------------------------------------------------------

    async def _live(self, link: Link) -> None:
        backoff, clock = Backoff(), asyncio.get_running_loop()
        while True:
            began = clock.time()
            why = await self._read(link)
            link.abort()
            self._lost(why)
            if not self._dial:
                return
            steady = clock.time() - began >= STEADY
            if steady:
                backoff.reset()
            link = await self._dial_again(self._dial, backoff, 0.0 if steady else backoff.next())
            self._up(link)

    async def _read(self, link: Link) -> OckamError:
        """Takes messages until the link ends. Why it did."""
        try:
            while True:
                self._take(await link.read())
        except OckamError as e:
            return e
        except Exception as e:  # noqa: BLE001: nobody must wait for a reader that is gone
            log.exception("a message could not be taken")
            return OckamError(f"a message could not be taken: {type(e).__name__}: {e}")

    async def _dial_again(self, dial: Dial, backoff: Backoff, delay: float) -> Link:
        while True:
            await asyncio.sleep(delay)
            try:
                return await dial(CONNECT_TIMEOUT)
            except Exception as error:  # noqa: BLE001: whatever it is, threads or descriptors may be there later
                e = error if isinstance(error, OckamError) else OckamError(f"cannot connect to {self.address}: {error!r}")
                delay = backoff.next()
                news = self._down is None or self._down.cause != e.cause
                log.log(logging.WARNING if news else logging.DEBUG, "%s; next try in %.1f s", e.cause, delay)
                self._down = e

    def _up(self, link: Link) -> None:
        self._link, self._down = link, None
        log.info("connected to %s again", self.address)
        for there in self._watching:
            if not there.done():
                there.set_result(None)

    def _lost(self, why: OckamError) -> None:
        self._link = None
        if not self._dial:
            return self._finish(why)
        self._down = why
        log.warning("the link to %s has ended: %s", self.address, why.cause)
        self._fail_waiting(Disconnected(f"the link to {self.address} ended before an answer came: {why.cause}",
                                        "it is being tried again; whether the request was handled is not known"))

    def _finish(self, why: OckamError) -> None:
        """There will be no link any more."""
        if self._why:
            return
        self._why = why
        self._ended.set()
        self._fail_waiting(why)
        for there in self._watching:
            if not there.done():
                there.set_exception(why.fresh())
        self._end_workers()

    def _fail_waiting(self, why: OckamError) -> None:
        for reply in self._waiting.values():
            if not reply.done():
                reply.set_exception(why.fresh())

    # -- messages ------------------------------------------------------------------------------------

    async def _write(self, frame: bytes) -> None:
        if self._why:
            raise self._why.fresh()
        if not self._link:
            raise Disconnected(f"there is no link to {self.address}" + (f": {self._down.cause}" if self._down else ""),
                               "it is being tried again: await wait_connected()")
        try:
            await self._link.write(frame)
        except (Closed, ProtocolError) as e:
            if self._why or not self._dial:
                raise (self._why or e).fresh() from None
            raise Disconnected(f"the link to {self.address} ended: {e.cause}", "it is being tried again: await wait_connected()") from None

    def _offer(self, frame: bytes) -> bool:
        return self._link is not None and self._link.offer(frame)

    def _take(self, frame: wire.Frame) -> None:
        kind, name = frame.onward[0]
        message = Message(frame, self)
        if reply := self._waiting.get(name):
            return _settle(reply, message, frame.extras)
        worker = self.find(name) or (self._shared and self._shared.find(name))
        if kind != routes.LOCAL or not worker:
            return self._handling.report(message, frame.onward[0], "unknown-worker")
        self._handling.take(worker, message)


def _settle(reply: asyncio.Future[Message], message: Message, extras: dict[str, str]) -> None:
    """What came to the address of a request: an answer, or a report that there will be none."""
    if reply.done():
        return
    if reason := extras.get("ockam_undeliverable"):
        kind = ServiceFailed if reason in ("service-error", "worker-failed") else Undeliverable
        reply.set_exception(kind(reason, extras.get("ockam_hop", "?"), extras.get("ockam_node", "?"), extras.get("ockam_detail", "")))
    else:
        reply.set_result(message)


async def _connect(address: str, timeout: float | None, reconnect: bool) -> Connection:
    to = place(address)

    async def dial(timeout: float | None) -> Link:
        return await links.dial(to, address, timeout)

    return Connection(address, await dial(timeout), dial if reconnect else None)


def connect(address: str, timeout: float | None = 10.0, *, reconnect: bool = True) -> Opening[Connection]:
    """Connects to a listener of a node: `async with connect("127.0.0.1:4000") as node`, or `node = await connect(…)`. The
    first attempt has to succeed within `timeout` seconds. A link that ends later is tried again as nodes try theirs, for as
    long as the connection is not closed, unless `reconnect` is False. Raises Unreachable, ProtocolError."""
    return Opening(_connect(address, timeout, reconnect))
