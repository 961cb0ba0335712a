# SPDX-License-Identifier: Apache-2.0
"""The Ockam wire over a byte stream. After a preamble of one byte, 01, in each direction come frames: a length (u32
big endian, at most 16 MiB) and CBOR

    [onward: [* address], return: [* address], payload: bytes, ? extras: text]      address = [type, name]

where extras is JSON, an object of strings. Everything that comes in is checked before it is taken."""

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .errors import InvalidPayload, ProtocolError
from .routes import MAX_HOPS, MAX_NAME, Address

PREAMBLE = b"\x01"
MAX_FRAME = 16 << 20
HEARTBEAT = b"\x00\x00\x00\x04\x83\x80\x80\x40"  # a frame with an empty message
_MAX_DEPTH = 32
_MAX_EXTRAS = 4096
# Only reports have these.
_REPORT_KEYS = (b'"ockam_undeliverable"', b'"ockam_passed"', b'"ockam_hop"', b'"ockam_detail"')


class Frame(NamedTuple):
    """What a frame says. Without an onward route it is a heartbeat."""

    onward: list[Address]
    back: list[Address]
    payload: bytes
    extras: dict[str, str]


class BadRoute(Exception):
    """A route that nobody takes. That message is dropped; the stream goes on."""


def _head(major: int, value: int) -> bytes:
    if value < 24:
        return bytes([major << 5 | value])
    for code, size in ((24, 1), (25, 2), (26, 4)):
        if value < 1 << (8 * size):
            return bytes([major << 5 | code]) + value.to_bytes(size, "big")
    raise InvalidPayload(f"a message of over 4 GiB; at most {MAX_FRAME} bytes are sent", "send it in parts")


def _encode_route(route: Sequence[Address]) -> bytes:
    parts = [_head(4, len(route))]
    for kind, name in route:
        raw = name.encode("utf-8", "surrogateescape")
        parts.append(b"\x82" + _head(0, kind) + _head(2, len(raw)) + raw)
    return b"".join(parts)


def encode(onward: Sequence[Address], back: Sequence[Address], payload: bytes, extras: Mapping[str, str] | None = None) -> bytes:
    """A frame, of routes that `routes.parse` has let through. Raises InvalidPayload when it would be too large."""
    body = _head(4, 4 if extras else 3) + _encode_route(onward) + _encode_route(back) + _head(2, len(payload)) + payload
    if extras:
        text = json.dumps(extras).encode()
        body += _head(3, len(text)) + text
    if len(body) > MAX_FRAME:
        raise InvalidPayload(f"a message of {len(body)} bytes; at most {MAX_FRAME} are sent", "send it in parts")
    return struct.pack(">I", len(body)) + body


class _Reader:
    """A cursor over CBOR as nodes read it: definite strings, arrays of both kinds."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, n: int) -> bytes:
        if n > len(self.data) - self.at:
            raise ProtocolError("the peer sent a message that is cut off")
        self.at += n
        return self.data[self.at - n : self.at]

    def head(self) -> tuple[int, int | None]:
        """Major type and value; None for an array or a map of indefinite length."""
        first = self.take(1)[0]
        major, low = first >> 5, first & 0x1F
        if low < 24:
            return major, low
        if low < 28:
            return major, int.from_bytes(self.take(1 << (low - 24)), "big")
        if low == 31 and major in (4, 5):
            return major, None
        raise ProtocolError("the peer sent a message that is not CBOR")

    def expect(self, major: int, what: str) -> int:
        got, value = self.head()
        if got != major or value is None:
            raise ProtocolError(f"the peer sent a message without {what}")
        return value

    def ends(self) -> bool:
        """Whether an indefinite array or map ends here."""
        if self.data[self.at : self.at + 1] != b"\xff":
            return False
        self.at += 1
        return True

    def array(self, what: str) -> Iterator[None]:
        """The items of an array, one at a time: yields once for each."""
        got, n = self.head()
        if got != 4:
            raise ProtocolError(f"the peer sent a message without {what}")
        while n is None or n > 0:
            if n is None and self.ends():
                return
            yield
            n = n if n is None else n - 1

    def block(self, what: str, major: int = 2) -> bytes:
        return self.take(self.expect(major, what))

    def skip(self) -> None:
        """One item, whatever it is. Without recursion: input is hostile."""
        left: list[int | None] = [1]  # items to come at each level; None: until a break
        while left:
            n = left[-1]
            if n == 0 or (n is None and self.ends()):
                left.pop()
                continue
            if n is not None:
                left[-1] = n - 1
            major, value = self.head()
            if major in (2, 3):
                self.take(value or 0)
            elif major in (4, 5, 6):
                if len(left) == _MAX_DEPTH:
                    raise ProtocolError("the peer sent a message that is nested too deep")
                left.append(1 if major == 6 else value and value * (2 if major == 5 else 1))

    def address(self) -> Address:
        kind = name = None
        for i, _ in enumerate(self.array("an address")):
            if i == 0:
                kind = self.expect(0, "the type of an address")
            elif i == 1:
                name = self.block("the name of an address")
            else:
                self.skip()
        if kind is None or name is None or kind > 255:
            raise ProtocolError("the peer sent an address that is none")
        if len(name) > MAX_NAME:
            raise BadRoute(f"a name of {len(name)} bytes")
        return kind, name.decode("utf-8", "surrogateescape")

    def route(self) -> list[Address]:
        out: list[Address] = []
        for _ in self.array("a route"):
            if len(out) == MAX_HOPS:
                raise BadRoute(f"a route of over {MAX_HOPS} addresses")
            out.append(self.address())
        return out


def decode(body: bytes) -> Frame:
    """The body of a frame. Raises ProtocolError, and BadRoute for a message that is dropped alone."""
    r = _Reader(body)
    onward = back = payload = None
    extras: dict[str, str] = {}
    for i, _ in enumerate(r.array("its parts")):
        if i == 0:
            onward = r.route()
        elif i == 1:
            back = r.route()
        elif i == 2:
            payload = r.block("a payload")
        elif i == 3:
            extras = _extras(r)
        else:
            r.skip()
    if onward is None or back is None or payload is None:
        raise ProtocolError("the peer sent a message of too few parts")
    return Frame(onward, back, payload, extras)


def _extras(r: _Reader) -> dict[str, str]:
    """An object of strings; what is none is ignored, as the protocol says. null stands for nothing."""
    if r.data[r.at : r.at + 1] == b"\xf6":
        r.at += 1
        return {}
    text = r.block("text as its last part", major=3)
    try:
        found = json.loads(text) if len(text) <= _MAX_EXTRAS else None
    except (ValueError, RecursionError):
        found = None
    extras = {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}
    says_report = any(key in text[:_MAX_EXTRAS] for key in _REPORT_KEYS)
    if says_report and not extras.get("ockam_undeliverable") and "ockam_passed" not in extras:
        extras["ockam_undeliverable"] = "unknown"  # a report that cannot be read is no reply
    return extras
