# SPDX-License-Identifier: Apache-2.0
"""One stream to a node, from its preamble to its end."""

import asyncio
import logging
import socket
import struct

from . import wire
from .dialing import Place, Stream, open_stream
from .errors import Closed, OckamError, ProtocolError, TimedOut, Unreachable

log = logging.getLogger("ockam_client")

HANDSHAKE = 10.0  # seconds for the preamble of who connects to us
FLUSH = 1.0  # seconds for what is written and not yet taken when a link is closed
HEARTBEAT = 3.0  # seconds between heartbeats
SILENT = 6.0  # seconds without an acknowledgement by the peer's system; then the link has ended
WRITE_TIMEOUT = 30.0  # seconds in which a node takes nothing of what waits; then the link has ended
# Of struct tcp_info (linux/tcp.h): tcpi_probes, tcpi_unacked, tcpi_last_ack_recv (in milliseconds).
_TCP_INFO = struct.Struct("=3xB20xI28xI")


class Link:
    """Frames in both directions. Of one event loop."""

    def __init__(self, stream: Stream) -> None:
        self._reader, self._writer = stream
        self._turn = asyncio.Lock()
        self._handed = 0  # bytes to the writer
        self._watch: asyncio.Task[None] | None = None
        self._ended: OckamError | None = None

    @property
    def is_unix(self) -> bool:
        found = self._writer.get_extra_info("socket")
        return found is not None and found.family == socket.AF_UNIX

    async def greet(self) -> None:
        """Exchanges preambles; the caller bounds the time. Raises Unreachable, ProtocolError; the stream is then closed, as
        it is when this is cancelled."""
        try:
            self._hand(wire.PREAMBLE)
            try:
                first = await self._reader.readexactly(1)
            except (asyncio.IncompleteReadError, OSError):
                raise Unreachable("no ockam node answers there", "is that the address of a tcp- or uds-listener?") from None
            if first != wire.PREAMBLE:
                raise ProtocolError("the other end is not an ockam node, or one of another version")
        except BaseException:
            self.abort()
            raise
        self._watch = asyncio.create_task(self._look_after())

    async def write(self, frame: bytes) -> None:
        """Waits while the node takes no more, and then for those that have waited longer: what is on its way never
        exceeds one frame and a little. A caller that gives up while it waits has written nothing. Raises Closed."""
        try:
            async with self._turn:
                await self._writer.drain()
                self.check()
                self._hand(frame)
        except OSError:
            raise self._end(Closed("the node has closed the connection")) from None

    def offer(self, frame: bytes) -> bool:
        """Writes it if nobody has to wait for that. Whether it has."""
        transport = self._writer.transport
        if self._ended or self._turn.locked() or transport.get_write_buffer_size() > transport.get_write_buffer_limits()[1]:
            return False
        self._hand(frame)
        return True

    def check(self) -> None:
        """Raises why the link has ended, if it has."""
        if self._ended:
            raise self._ended.fresh()

    async def read(self) -> wire.Frame:
        """The next message. Raises Closed, ProtocolError at the end of the link."""
        while True:
            try:
                length = int.from_bytes(await self._reader.readexactly(4), "big")
                if length > wire.MAX_FRAME:
                    raise ProtocolError(f"the peer announced a message of {length} bytes")
                frame = wire.decode(await self._reader.readexactly(length))
            except wire.BadRoute as e:
                log.warning("a message was dropped: %s", e)
                continue
            except (asyncio.IncompleteReadError, ConnectionError):
                raise self._end(Closed("the node has closed the connection")) from None
            except OSError as e:
                raise self._end(Closed(f"the connection has broken: {e.strerror or e}")) from None
            except ProtocolError as e:
                raise self._end(e) from None
            if frame.onward:  # else a heartbeat
                return frame

    async def close(self) -> None:
        """What is written has `FLUSH` seconds to go out: a node that reads nothing keeps nobody here."""
        self._end(Closed("the connection was closed here"))
        self._writer.close()
        try:
            async with asyncio.timeout(FLUSH):
                await self._writer.wait_closed()
        except (TimeoutError, asyncio.CancelledError) as e:
            self._writer.transport.abort()
            if not isinstance(e, TimeoutError):
                raise
        except OSError:
            pass  # it has broken: closed as well

    def abort(self) -> None:
        """Ends it at once."""
        self._end(Closed("the connection was closed here"))
        self._writer.transport.abort()

    def _end(self, why: OckamError) -> OckamError:
        """The first reason counts. Returns it for one more caller."""
        if not self._ended:
            self._ended = why
            if self._watch:
                self._watch.cancel()
        return self._ended.fresh()

    def _hand(self, data: bytes) -> None:
        self._handed += len(data)
        self._writer.write(data)

    # -- a peer that vanished (docs/protocol.md, Heartbeats and silent peers), or stands still ---------------

    async def _look_after(self) -> None:
        """Ends the link when its peer has gone without a word. Heartbeats give its system something to acknowledge; the end of
        a Unix socket is seen without."""
        transport, clock = self._writer.transport, asyncio.get_running_loop()
        tcp: socket.socket = self._writer.get_extra_info("socket")
        beats = tcp.family in (socket.AF_INET, socket.AF_INET6)
        taken, progress = 0, clock.time()
        while not self._ended:
            await asyncio.sleep(HEARTBEAT)
            waiting = transport.get_write_buffer_size()
            if waiting == 0 or self._handed - waiting > taken:
                taken, progress = self._handed - waiting, clock.time()
            if beats and (silence := silent_for(tcp)) > SILENT:
                self._give_up(f"the node's system has acknowledged nothing for {silence:.0f} s")
            elif clock.time() - progress > WRITE_TIMEOUT:
                self._give_up(f"the node has taken nothing for {WRITE_TIMEOUT:g} s")
            elif beats and waiting == 0:
                self._hand(wire.HEARTBEAT)

    def _give_up(self, why: str) -> None:
        self._end(Closed(why))
        self._writer.transport.abort()


def silent_for(tcp: socket.socket) -> float:
    """For how many seconds the peer's system has acknowledged nothing of what waits for it; 0 where nothing waits, and on
    systems that do not say."""
    if not hasattr(socket, "TCP_INFO"):
        return 0.0
    try:
        info = tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
        probes, unacknowledged, last = _TCP_INFO.unpack(info)
    except (OSError, struct.error):
        return 0.0
    return float(last) / 1000 if probes or unacknowledged else 0.0


async def dial(to: Place, address: str, timeout: float | None) -> Link:
    """A new link. `timeout` bounds all of it: look-up, every address, preambles. Raises Unreachable, ProtocolError."""
    try:
        async with asyncio.timeout(timeout):
            link = Link(await open_stream(to, address))
            await link.greet()
            return link
    except TimeoutError:
        raise Unreachable(f"no connection to {address} within {timeout:g} s", "does a firewall let it through, and is it a node?") from None


async def admit(stream: Stream) -> Link:
    """The link of a node that has connected. Raises TimedOut, Unreachable, ProtocolError."""
    link = Link(stream)
    try:
        async with asyncio.timeout(HANDSHAKE):
            await link.greet()
    except TimeoutError:
        raise TimedOut(f"who connected said nothing within {HANDSHAKE:g} s") from None
    return link
