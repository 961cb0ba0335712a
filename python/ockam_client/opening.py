# SPDX-License-Identifier: Apache-2.0
"""`await connect(…)` and `async with connect(…)` alike."""

from collections.abc import Coroutine, Generator
from typing import Any, Generic, Protocol, TypeVar


class Closable(Protocol):
    async def close(self) -> None: ...


T = TypeVar("T", bound=Closable)


class Opening(Coroutine[Any, Any, T], Generic[T]):
    """A coroutine that makes something to be closed, and a context manager that closes it."""

    def __init__(self, made_by: Coroutine[Any, Any, T]) -> None:
        self._made_by = made_by

    async def __aenter__(self) -> T:
        self._made = await self._made_by
        return self._made

    async def __aexit__(self, *_: object) -> None:
        await self._made.close()

    # -- a coroutine, also for asyncio.create_task -------------------------------------------------------

    def __await__(self) -> Generator[Any, Any, T]:
        return self._made_by.__await__()

    def send(self, value: Any) -> Any:
        return self._made_by.send(value)

    def throw(self, *error: Any) -> Any:
        return self._made_by.throw(*error)

    def close(self) -> None:
        self._made_by.close()
