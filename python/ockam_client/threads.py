# SPDX-License-Identifier: Apache-2.0
"""Functions that block, beside an event loop."""

import asyncio
import concurrent.futures
import contextvars
import functools
import queue
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")
_Job = tuple[concurrent.futures.Future[Any], Callable[[], Any]]


class BackgroundThread:
    """Runs functions one after the other, in order, off the event loop. Unlike those of an executor of the standard library
    it keeps no program from ending: a function that never returns ends with the process."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def call(self, function: Callable[[], T]) -> Awaitable[T]:
        """What the function returns, for the event loop that calls. In the context of the caller."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._jobs.put((future, functools.partial(contextvars.copy_context().run, function)))
        return asyncio.wrap_future(future)

    def end(self) -> None:
        """After what it was given."""
        self._jobs.put(None)

    def _work(self) -> None:
        while job := self._jobs.get():
            future, function = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = function()
            except StopIteration as e:  # which no future takes
                future.set_exception(RuntimeError(f"a function raised {e!r}"))
            except BaseException as e:  # noqa: BLE001: whatever it is, it is the caller's
                future.set_exception(e)
            else:
                future.set_result(result)
            del job, future, function
