# SPDX-License-Identifier: Apache-2.0
"""The same without `await`, for scripts and prompts: an event loop of its own on a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

from . import connection
from .errors import Closed, OckamError
from .message import Message
from .payloads import Payload
from .routes import Route
from .trace import Trace
from .trace import current as current_trace
from .workers import H

T = TypeVar("T")


class Connection:
    """See `ockam_client.Connection`. From any thread, those of handlers included; only `async` handlers run on the event
    loop, where nothing here can be called: they use `message.connection`."""

    def __init__(self, address: str, timeout: float | None, reconnect: bool) -> None:
        self._loop = asyncio.new_event_loop()
        self._guard = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._main, name="ockam", daemon=True)
        self._thread.start()
        try:
            self._c = self._run(_connect(address, timeout, reconnect))
        except BaseException:
            self._stop()
            raise

    def send(
        self, route: Route, payload: Payload = b"", *, sender: str | None = None, authorized: str | None = None, trace: Trace | None = None
    ) -> None:
        self._run(self._c.send(route, payload, sender=sender, authorized=authorized, trace=trace or current_trace.get()))

    def request(
        self,
        route: Route,
        payload: Payload = b"",
        timeout: float | None = 10.0,
        *,
        authorized: str | None = None,
        trace: Trace | None = None,
    ) -> Message:
        return self._run(self._c.request(route, payload, timeout, authorized=authorized, trace=trace or current_trace.get()))

    def wait_connected(self, timeout: float | None = 10.0) -> None:
        self._run(self._c.wait_connected(timeout))

    @property
    def connected(self) -> bool:
        return self._c.connected

    @property
    def closed(self) -> bool:
        return self._c.closed

    def worker(self, name: str) -> Callable[[H], H]:
        return self._c.worker(name)

    def remove(self, name: str) -> None:
        self._c.remove(name)

    def close(self) -> None:
        """May be called twice."""
        try:
            self._run(self._c.close())
        except Closed:
            return
        self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, what: Coroutine[Any, Any, T]) -> T:
        if threading.current_thread() is self._thread:
            what.close()
            raise OckamError("this waits for the thread that it was called from", "in an async handler: await message.connection.request(…)")
        with self._guard:
            if self._closed:
                what.close()
                raise Closed("the connection was closed here")
            running = asyncio.run_coroutine_threadsafe(what, self._loop)
        try:
            return running.result()
        except BaseException:  # Ctrl-C too: nothing goes on behind the caller's back
            running.cancel()
            raise

    def _stop(self) -> None:
        with self._guard:
            if self._closed:
                return
            self._closed = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _main(self) -> None:
        self._loop.run_forever()
        self._loop.run_until_complete(_end_all())
        self._loop.close()


async def _end_all() -> None:
    """All that was asked for before the end: nobody must wait for a loop that runs no more."""
    await asyncio.sleep(0)  # lets what was just submitted begin
    while left := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in left:
            task.cancel()
        await asyncio.wait(left)


async def _connect(address: str, timeout: float | None, reconnect: bool) -> connection.Connection:
    return await connection.connect(address, timeout, reconnect=reconnect)


def connect(address: str, timeout: float | None = 10.0, *, reconnect: bool = True) -> Connection:
    """See `ockam_client.connect`: `with ockam_client.sync.connect("127.0.0.1:4000") as node`."""
    return Connection(address, timeout, reconnect)
