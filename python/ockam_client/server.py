# SPDX-License-Identifier: Apache-2.0
"""Workers to which nodes connect."""

import asyncio
import logging
from typing import Self

from . import link as links
from .connection import Connection
from .dialing import Stream, place
from .errors import CannotListen, OckamError
from .opening import Opening
from .unix_socket import UnixListener
from .workers import Workers

log = logging.getLogger("ockam_client")

MAX_CONNECTIONS = 1024  # and handshakes; later ones are closed at once


class Server(Workers):
    """Listens for nodes; its workers are reached over each of their connections. Made by `listen`."""

    def __init__(self) -> None:
        super().__init__()
        self.address = ""
        self._server: asyncio.Server | None = None
        self._unix: UnixListener | None = None
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()  # one for each who has connected
        self._greeting: set[asyncio.Task[None]] = set()  # those that are no connections yet
        self._closed = asyncio.Event()

    @property
    def connections(self) -> list[Connection]:
        """To the nodes that are connected now."""
        return list(self._connections)

    async def serve_forever(self) -> None:
        """Until `close`, or until this is cancelled (Ctrl-C), which closes."""
        try:
            await self._closed.wait()
        finally:
            await self.close()

    async def close(self) -> None:
        """Listens no more, and closes all connections. May be called twice, and in a handler."""
        self._closed.set()
        if self._server:
            self._server.close()
        if self._unix:
            self._unix.remove_file()
        for task in self._greeting:
            task.cancel()
        await asyncio.gather(*(c.close() for c in self.connections))
        self._end_workers()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _begin(self, address: str) -> Self:
        host, port = place(address)
        if port is None:
            self._unix = UnixListener(host)
            self._server = await asyncio.start_unix_server(self._accept, sock=self._unix.socket)
            self.address = host
            return self
        try:
            self._server = await asyncio.start_server(self._accept, host, port)
        except OSError as e:
            raise CannotListen(f"cannot listen on {address}: {e.strerror or e}") from None
        at = self._server.sockets[0].getsockname()
        self.address = f"[{at[0]}]:{at[1]}" if ":" in at[0] else f"{at[0]}:{at[1]}"
        return self

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._closed.is_set() or len(self._tasks) >= MAX_CONNECTIONS:
            log.warning("a connection was refused: there are %d already", len(self._tasks))
            return writer.transport.abort()
        task = asyncio.create_task(self._serve((reader, writer)))
        self._tasks.add(task)
        self._greeting.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, stream: Stream) -> None:
        try:
            link = await links.admit(stream)
        except OckamError as e:
            return log.warning("somebody who connected was closed: %s", e)
        finally:
            self._greeting -= {asyncio.current_task()}
        connection = Connection(_peer(stream), link, shared=self)
        self._connections.add(connection)
        try:
            await connection.serve_forever()
        except OckamError as e:
            log.info("the connection of %s has ended: %s", connection.address, e)
        finally:
            self._connections.discard(connection)
            await connection.close()


def _peer(stream: Stream) -> str:
    name = stream[1].get_extra_info("peername")
    return f"{name[0]}:{name[1]}" if isinstance(name, tuple) else "a Unix socket"


async def _listen(address: str) -> Server:
    return await Server()._begin(address)


def listen(address: str) -> Opening[Server]:
    """Listens for nodes at `127.0.0.1:0` or a path: `async with listen(…) as server`, or `server = await listen(…)`. A path
    gets mode 0600; one where somebody listens is left alone. Raises CannotListen."""
    return Opening(_listen(address))
