# SPDX-License-Identifier: Apache-2.0
"""The trace that a message belongs to: W3C Trace Context (https://www.w3.org/TR/trace-context)."""

import contextvars
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_TRACESTATE = re.compile(r"[\t\x20-\x7e]{0,512}", re.ASCII)
_SAMPLED = 1
_RANDOM = 2


@dataclass(frozen=True)
class Trace:
    """`traceparent` and `tracestate` as they go over the wire."""

    traceparent: str
    tracestate: str = ""

    @classmethod
    def start(cls, sampled: bool = True) -> "Trace":
        """One that begins here."""
        ids = "0" * 32, "0" * 16
        while not int(ids[0], 16) or not int(ids[1], 16):
            ids = secrets.token_hex(16), secrets.token_hex(8)
        return cls(f"00-{ids[0]}-{ids[1]}-{_RANDOM | (_SAMPLED if sampled else 0):02x}")

    @classmethod
    def parse(cls, traceparent: str, tracestate: str = "") -> "Trace | None":
        """None when it is no traceparent; a tracestate that nobody has to pass on is left out."""
        found = _TRACEPARENT.fullmatch(traceparent)
        if not found or (found[1] == "00" and found[5]) or not int(found[2], 16) or not int(found[3], 16):
            return None
        return cls(f"00-{found[2]}-{found[3]}-{found[4]}", tracestate if _TRACESTATE.fullmatch(tracestate) else "")

    @property
    def trace_id(self) -> str:
        return self.traceparent[3:35]

    @property
    def span_id(self) -> str:
        """Of who has sent the message."""
        return self.traceparent[36:52]

    @property
    def sampled(self) -> bool:
        """Whether whoever began it wants spans of it kept."""
        return bool(int(self.traceparent[53:55], 16) & _SAMPLED)


#: Of the message that is being handled, also for what its handler has started.
current: contextvars.ContextVar[Trace | None] = contextvars.ContextVar("ockam_client_trace", default=None)


def of_extras(extras: Mapping[str, str]) -> Trace | None:
    parent = extras.get("traceparent")
    return Trace.parse(parent, extras.get("tracestate", "")) if parent else None


def extras_of(trace: Trace | None) -> dict[str, str]:
    """What goes into the last part of a message that belongs to it, or to the one being handled. The first key says that
    the message is of an implementation that knows streams, and of none."""
    trace = trace or current.get()
    if not trace:
        return {}
    state = {"tracestate": trace.tracestate} if trace.tracestate else {}
    return {"ockam_stream": "0", "traceparent": trace.traceparent, **state}
