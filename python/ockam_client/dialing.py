# SPDX-License-Identifier: Apache-2.0
"""Where nodes listen, and streams to there."""

import asyncio
import itertools
import socket
from collections.abc import Iterable
from typing import Any, NamedTuple

from .errors import OckamError, Unreachable
from .routes import number_in
from .threads import BackgroundThread

NEXT_ADDRESS = 0.25  # seconds until the next address of a name is tried beside the one before (RFC 8305, section 5)


class Place(NamedTuple):
    """A path (then `port` is None), or a host and a port."""

    host: str
    port: int | None


Found = tuple[int, Any]
"""An address family, and an address of it as `connect` takes it."""

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def place(address: str) -> Place:
    """Of `127.0.0.1:4000`, `4000`, `[::1]:4000`, `name:4000` or a path. Raises OckamError."""
    if "/" in address:
        return Place(address, None)
    host, _, digits = address.rpartition(":")
    port = number_in(digits, 65535)
    if port is None:
        raise OckamError(f"{address!r} is neither HOST:PORT nor a path", "for example 127.0.0.1:4000 or /run/ockam/n1.sock")
    return Place(host.removeprefix("[").removesuffix("]") or "127.0.0.1", port)


async def open_stream(to: Place, address: str) -> Stream:
    """A stream to there; the caller bounds the time. A name with several addresses is tried as RFC 8305 has it: families
    in turn, the next address after a failure or `NEXT_ADDRESS`, the first one that answers counts. Raises Unreachable."""
    try:
        if to.port is None:
            return await asyncio.open_unix_connection(to.host)
        return await asyncio.open_connection(sock=await _race(interleaved(await _look_up(to.host, to.port))))
    except socket.gaierror as e:
        raise Unreachable(f"cannot connect to {address}: {e.strerror}", "is the name right?") from None
    except (OSError, UnicodeError) as e:  # UnicodeError: of a name that is no host name
        raise Unreachable(f"cannot connect to {address}: {getattr(e, 'strerror', None) or e}", "is a node listening there?") from None


async def _look_up(host: str, port: int) -> list[Found]:
    try:
        return _found(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    except socket.gaierror:
        pass  # a name
    # Not on the event loop's executor: at its end a program would wait for a name server that does not answer.
    thread = BackgroundThread(f"ockam look-up of {host}")
    try:
        return _found(await thread.call(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    finally:
        thread.end()


def _found(infos: Iterable[tuple[int, int, int, str, Any]]) -> list[Found]:
    return [(family, where) for family, _, _, _, where in infos]


def interleaved(found: list[Found]) -> list[Found]:
    """In the order in which the system prefers them, but families take turns (RFC 8305, section 4)."""
    families: dict[int, list[Found]] = {}
    for f in found:
        families.setdefault(f[0], []).append(f)
    turns = itertools.zip_longest(*families.values())
    return [f for turn in turns for f in turn if f is not None]


async def _race(addresses: list[Found]) -> socket.socket:
    """The first socket that is connected; others are closed. Raises the first OSError when none is."""
    attempts: set[asyncio.Task[socket.socket]] = set()
    errors: list[BaseException] = []
    try:
        for i, address in enumerate(addresses):
            attempts.add(asyncio.create_task(_attempt(*address)))
            last = i + 1 == len(addresses)
            while attempts:
                done, _ = await asyncio.wait(attempts, timeout=None if last else NEXT_ADDRESS, return_when=asyncio.FIRST_COMPLETED)
                if connected := next((t for t in done if not t.exception()), None):
                    attempts.discard(connected)
                    return connected.result()
                attempts -= done
                errors += [e for t in done if (e := t.exception())]
                if not last:
                    break
    finally:
        for task in attempts:
            task.cancel()
            task.add_done_callback(_close_result)
    raise errors[0] if errors else OSError("the name has no addresses")


async def _attempt(family: int, where: Any) -> socket.socket:
    s = socket.socket(family, socket.SOCK_STREAM)
    try:
        s.setblocking(False)
        await asyncio.get_running_loop().sock_connect(s, where)
        return s
    except BaseException:
        s.close()
        raise


def _close_result(task: asyncio.Task[socket.socket]) -> None:
    if not task.cancelled() and not task.exception():
        task.result().close()
