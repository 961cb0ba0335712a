# SPDX-License-Identifier: Apache-2.0
"""The Ockam wire over a byte stream. After a preamble of one byte, 01, in each direction come frames: a length (u32
big endian, at most 16 MiB) and CBOR

    [onward: [* address], return: [* address], payload: bytes, ? extras: text]      address = [type, name]

where extras is JSON, an object of strings. Everything that comes in is checked before it is taken."""

import json
import struct

from .errors import ProtocolError

PREAMBLE = b"\x01"
MAX_FRAME = 16 << 20
MAX_HOPS = 1024
MAX_NAME = 1024
_MAX_EXTRAS = 4096
# Only reports have these.
_REPORT_KEYS = (b'"ockam_undeliverable"', b'"ockam_passed"', b'"ockam_hop"', b'"ockam_detail"')


def _head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    for code, size in ((24, 1), (25, 2), (26, 4)):
        if value < 1 << (8 * size):
            return bytes([major << 5 | code]) + value.to_bytes(size, "big")
    raise ValueError("too large for a frame")


def _encode_route(route):
    parts = [_head(4, len(route))]
    for kind, name in route:
        raw = name.encode("utf-8", "surrogateescape")
        parts.append(b"\x82" + _head(0, kind) + _head(2, len(raw)) + raw)
    return b"".join(parts)


def encode(onward, back, payload, extras=None):
    """A frame. Raises ValueError when it would be too large."""
    body = _head(4, 4 if extras else 3) + _encode_route(onward) + _encode_route(back) + _head(2, len(payload)) + payload
    if extras:
        text = json.dumps(extras).encode()
        body += _head(3, len(text)) + text
    if len(body) > MAX_FRAME:
        raise ValueError(f"a message of {len(body)} bytes; at most {MAX_FRAME} are sent")
    return struct.pack(">I", len(body)) + body


class _Reader:
    """A cursor over CBOR of definite lengths and of indefinite arrays."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if n > len(self.data) - self.at:
            raise ProtocolError("the peer sent a message that is cut off")
        self.at += n
        return self.data[self.at - n : self.at]

    def head(self):
        first = self.take(1)[0]
        low = first & 0x1F
        if low < 24:
            return first >> 5, low
        if low > 27:
            return first >> 5, None
        return first >> 5, int.from_bytes(self.take(1 << (low - 24)), "big")

    def expect(self, major, what):
        got, value = self.head()
        if got != major or (value is None and major != 4):
            raise ProtocolError(f"the peer sent a message without {what}")
        return value

    def array(self, what):
        """The items of an array, one at a time: yields once for each."""
        n = self.expect(4, what)
        while n is None or n > 0:
            if n is None and self.data[self.at : self.at + 1] == b"\xff":
                self.at += 1
                return
            yield
            n = n if n is None else n - 1

    def bytes(self, what, major=2):
        return self.take(self.expect(major, what))

    def skip(self, depth=0):
        if depth > 16:
            raise ProtocolError("the peer sent a message that is nested too deep")
        major, value = self.head()
        if major in (2, 3):
            self.take(value or 0)
        elif major in (4, 5):
            for _ in range((value or 0) * (2 if major == 5 else 1)):
                self.skip(depth + 1)
        elif major == 6:
            self.skip(depth + 1)

    def route(self):
        out = []
        for _ in self.array("a route"):
            if len(out) == MAX_HOPS:
                raise ProtocolError(f"the peer sent a route of over {MAX_HOPS} addresses")
            fields = 0
            kind = name = None
            for _ in self.array("an address"):
                if fields == 0:
                    kind = self.expect(0, "the type of an address")
                elif fields == 1:
                    name = self.bytes("the name of an address")
                else:
                    self.skip()
                fields += 1
            if name is None or kind > 255 or len(name) > MAX_NAME:
                raise ProtocolError("the peer sent an address that is none")
            out.append((kind, name.decode("utf-8", "surrogateescape")))
        return out


def decode(body):
    """(onward, return route, payload, extras) of the body of a frame. Raises ProtocolError."""
    r = _Reader(body)
    onward = back = payload = None
    extras = {}
    n = 0
    for _ in r.array("its parts"):
        if n == 0:
            onward = r.route()
        elif n == 1:
            back = r.route()
        elif n == 2:
            payload = r.bytes("a payload")
        elif n == 3:
            extras = _extras(r)
        else:
            r.skip()
        n += 1
    if payload is None:
        raise ProtocolError("the peer sent a message of too few parts")
    return onward, back, payload, extras


def _extras(r):
    """An object of strings; what is none is ignored, as the protocol says. null stands for nothing."""
    if r.data[r.at : r.at + 1] == b"\xf6":
        r.at += 1
        return {}
    text = r.bytes("text as its last part", major=3)
    try:
        found = json.loads(text) if len(text) <= _MAX_EXTRAS else None
    except (ValueError, RecursionError):
        found = None
    extras = {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}
    says_report = any(key in text[:_MAX_EXTRAS] for key in _REPORT_KEYS)
    if says_report and not extras.get("ockam_undeliverable") and "ockam_passed" not in extras:
        extras["ockam_undeliverable"] = "unknown"  # a report that cannot be read is no reply
    return extras


def bare(text):
    """A BARE string: its length, seven bits a byte, and UTF-8."""
    data = text.encode()
    n, out = len(data), bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out) + bytes([n]) + data


def unbare(payload):
    """The text of a BARE string, or None."""
    n = shift = at = 0
    while True:
        if at == len(payload) or shift > 35:
            return None
        b = payload[at]
        at += 1
        n |= (b & 0x7F) << shift
        if b < 0x80:
            break
        shift += 7
    if n > len(payload) - at:
        return None
    try:
        return payload[at : at + n].decode()
    except UnicodeDecodeError:
        return None
