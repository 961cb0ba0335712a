# SPDX-License-Identifier: Apache-2.0
"""How values become payloads, and payloads values. The one rule for what a payload is (docs/protocol.md, What a payload
is), the same for nodes, scripts and the command line:

1. A JSON object or array is JSON, as it stands.
2. A BARE string that fills the payload, its length in the shortest form, and is UTF-8, is a text: what
   `ockam message send` sends.
3. Anything else is bytes.

The first line is only of consequence where a payload is both: `{` is the length 123 and `[` the length 91, so a JSON
object of 124 bytes looks like a string that has lost its brace. What is both is JSON, since a string that becomes JSON
when one puts its length in front has not been seen, and JSON has."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Union

from .errors import InvalidPayload

Json = Union[None, bool, int, float, str, Sequence["Json"], Mapping[str, "Json"]]
Payload = Union[bytes, bytearray, memoryview, Json]
"""`str` goes out as text (a BARE string), bytes as they are, anything else as JSON text in a BARE string."""


def encode(value: Payload) -> bytes:
    """Raises InvalidPayload."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    try:
        return bare(value if isinstance(value, str) else json.dumps(value, allow_nan=False))
    except UnicodeEncodeError:
        raise InvalidPayload("the text has surrogates, so it is no Unicode text", "send bytes") from None
    except (TypeError, ValueError, RecursionError) as e:
        raise InvalidPayload(f"a {type(value).__name__} that cannot be written as JSON: {e}", "send text or bytes") from None


def bare(text: str) -> bytes:
    """A BARE string: its length, seven bits a byte, and UTF-8."""
    data = text.encode()
    n, out = len(data), bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out) + bytes([n]) + data


def text(payload: bytes) -> str | None:
    """The text that a payload is, by the rule above, or None."""
    start = _begin_of_text(payload)
    if start is None or (payload[:1] in (b"{", b"[") and _parsed(payload) is not None):
        return None
    try:
        return payload[start:].decode()
    except UnicodeDecodeError:
        return None


def json_value(payload: bytes) -> Any:
    """What a payload says in JSON: that of its text, or the whole of what is none. Raises ValueError."""
    found = text(payload)
    try:
        return json.loads(payload if found is None else found)
    except RecursionError:
        raise ValueError("JSON that is nested too deep") from None


def _begin_of_text(payload: bytes) -> int | None:
    """Where the text of a BARE string that fills the payload begins."""
    length = 0
    for at, byte in enumerate(payload[:10]):
        length |= (byte & 0x7F) << (7 * at)
        if byte < 0x80:
            shortest = byte != 0 or at == 0
            return at + 1 if shortest and length == len(payload) - at - 1 else None
    return None


def _parsed(payload: bytes) -> Any | None:
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return None
