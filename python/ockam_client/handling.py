# SPDX-License-Identifier: Apache-2.0
"""Messages that are being handled for one connection, each in a task of its own."""

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable

from . import payloads, routes, trace, wire
from .errors import OckamError, printable
from .message import Message
from .workers import Room, Worker

log = logging.getLogger("ockam_client")

GRACE = 1.0  # seconds in which handlers have to end once they are cancelled
MAX_REPORTS = 100  # that wait for a node that does not read; further ones are left out


#: The task of the handler in which this runs, also of what it has started.
_current: contextvars.ContextVar[asyncio.Task[None] | None] = contextvars.ContextVar("ockam_client_handler", default=None)


class Handling:
    """Takes messages without waiting: what handlers wait for comes over the same connection, so reading must go on. What is
    over its room is refused, and reported as congested. `write` waits for its turn, and raises Closed; `offer` writes if
    nobody has to wait for that, and says whether it has."""

    def __init__(self, room: Room, write: Callable[[bytes], Awaitable[None]], offer: Callable[[bytes], bool]) -> None:
        self._room, self._write, self._offer = room, write, offer
        self._tasks: set[asyncio.Task[None]] = set()
        self._reports: set[asyncio.Task[None]] = set()
        self._closers: set[asyncio.Task[None] | None] = set()  # handlers that close; nobody cancels them any more
        self._closing = False

    def take(self, worker: Worker, message: Message) -> None:
        if not self._room.take(len(message.payload)):
            return self.report(message, (routes.LOCAL, worker.name), "congested", "too many messages at a time")
        task = asyncio.create_task(self._handle(worker, message))
        self._tasks.add(task)

        def done(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            self._room.give_back(len(message.payload))

        task.add_done_callback(done)

    def report(self, message: Message, hop: routes.Address, reason: str, detail: str = "") -> None:
        """Tells a sender that asked for it that its message ended here."""
        if not message.wants_report or not message.return_route:
            return
        extras = {"ockam_undeliverable": reason, "ockam_hop": routes.show(hop), "ockam_node": "python", "ockam_detail": printable(detail)}
        frame = wire.encode(message.return_route, [], b"", extras)
        if self._offer(frame) or len(self._reports) >= MAX_REPORTS:
            return
        task = asyncio.create_task(self._deliver(frame, "a report"))
        self._reports.add(task)
        task.add_done_callback(self._reports.discard)

    async def close(self) -> None:
        """Cancels all of it, but for a handler that closes. Waits for what takes its time to end, up to `GRACE`. A plain
        function cannot be cancelled: its thread goes on, and its answer goes nowhere."""
        self._closing = True
        self._closers.add(_current.get())
        tasks = (self._tasks | self._reports) - self._closers
        for t in tasks:
            t.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE)

    async def _handle(self, worker: Worker, message: Message) -> None:
        _current.set(asyncio.current_task())
        trace.current.set(message.trace)
        try:
            answer = await worker.handle(message)
            if answer is None or not message.return_route:
                return
            frame = wire.encode(message.return_route, [(routes.LOCAL, worker.name)], payloads.encode(answer), trace.extras_of(message.trace))
        except (Exception, asyncio.CancelledError, SystemExit) as e:  # noqa: BLE001: of the handler, whatever it is
            if self._closing and isinstance(e, asyncio.CancelledError):
                raise
            log.exception("worker %s failed", worker.name)
            why = e.cause if isinstance(e, OckamError) else ": ".join(filter(None, (type(e).__name__, str(e))))
            return self.report(message, (routes.LOCAL, worker.name), "service-error", why)
        await self._deliver(frame, f"an answer of worker {worker.name}")

    async def _deliver(self, frame: bytes, what: str) -> None:
        try:
            await self._write(frame)
        except OckamError as e:
            log.debug("%s is lost: %s", what, e)
