# SPDX-License-Identifier: Apache-2.0
"""Who serves, by name, and how handlers run."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

from . import routes
from .errors import OckamError
from .message import Message
from .payloads import Payload
from .threads import BackgroundThread

Handler = Callable[[Message], Payload | Awaitable[Payload]]
H = TypeVar("H", bound=Handler)

MAX_HANDLED = 1000  # messages at a time; further ones are refused as congested
MAX_HANDLED_BYTES = 64 << 20  # and their payloads together


class Room:
    """How much is being handled. Of one event loop."""

    def __init__(self) -> None:
        self._messages = self._bytes = 0

    def take(self, size: int) -> bool:
        """Whether there is room for one message more; then `give_back` follows."""
        if self._messages >= MAX_HANDLED or self._bytes + size > MAX_HANDLED_BYTES:
            return False
        self._messages += 1
        self._bytes += size
        return True

    def give_back(self, size: int) -> None:
        self._messages -= 1
        self._bytes -= size


class Worker:
    """A handler under its name."""

    def __init__(self, name: str, handler: Handler) -> None:
        self.name, self._handler = name, handler
        is_async = inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(getattr(handler, "__call__", None))
        self._thread = None if is_async else BackgroundThread(f"ockam worker {name}")

    async def handle(self, message: Message) -> Payload:
        """What the handler returns."""
        if self._thread:
            answer = await self._thread.call(functools.partial(self._handler, message))
        else:
            answer = self._handler(message)
        return await answer if inspect.isawaitable(answer) else answer

    def end(self) -> None:
        if self._thread:
            self._thread.end()


class Workers:
    """Workers by name. A handler gets a Message; what it returns goes back, None does not. One that is `async` runs on the
    event loop, several messages at a time; a plain function on a thread of its own, one message after the other."""

    def __init__(self) -> None:
        self._workers: dict[str, Worker] = {}
        self._room = Room()

    def worker(self, name: str) -> Callable[[H], H]:
        """`@node.worker("greeter")` in front of a function, async or not. Raises OckamError for a name that is taken,
        InvalidRoute for one that is none."""

        def add(handler: H) -> H:
            routes.address((routes.LOCAL, name))
            if name in self._workers:
                raise OckamError(f"a worker {name} is there already", "choose another name")
            self._workers[name] = Worker(name, handler)
            return handler

        return add

    def remove(self, name: str) -> None:
        """Messages that it has been given are handled, further ones are told that there is no such worker."""
        if found := self._workers.pop(name, None):
            found.end()

    def find(self, name: str) -> Worker | None:
        return self._workers.get(name)

    def _end_workers(self) -> None:
        for name in list(self._workers):
            self.remove(name)
