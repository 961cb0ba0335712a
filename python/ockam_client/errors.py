# SPDX-License-Identifier: Apache-2.0
"""Errors are what went wrong and what to do about it."""

import copy
from typing import Any, Self


def printable(text: str, limit: int = 256) -> str:
    """What came from a peer, fit for a terminal and a log: control characters and bytes that were not UTF-8 as `\\xNN`,
    cut to `limit` characters. As nodes write such texts."""
    out = "".join(c if c.isprintable() else _escaped(c) for c in text[:limit])
    return out[:limit]


def _escaped(c: str) -> str:
    return "".join(f"\\x{b:02x}" for b in c.encode("utf-8", "surrogateescape" if "\udc80" <= c <= "\udcff" else "surrogatepass"))


class OckamError(Exception):
    """`cause` is one line without a full stop; `hint` may be empty."""

    def __init__(self, cause: str, hint: str = "") -> None:
        super().__init__(cause, hint)
        self.cause, self.hint = cause, hint

    def __str__(self) -> str:
        return self.cause + (f" ({self.hint})" if self.hint else "")

    def fresh(self) -> Self:
        """The same error for one more caller: an exception that is raised twice collects the tracebacks of both."""
        return copy.copy(self)


class InvalidRoute(OckamError):
    """A route or an address that cannot be read, or that no node would take."""


class InvalidPayload(OckamError):
    """What was to be sent has no JSON form, is text that is not Unicode, or is over 16 MiB."""


class Unreachable(OckamError):
    """Nobody is there to connect to."""


class CannotListen(OckamError):
    """The address or path is taken, or nothing can be made there."""


class TimedOut(OckamError):
    """No answer in time."""


class Closed(OckamError):
    """The connection has ended for good."""


class Disconnected(Closed):
    """There is no link to the node at the moment, or it broke before an answer came. It is being tried again:
    see `Connection.wait_connected`."""


class ProtocolError(OckamError):
    """The other end sent bytes that are not the protocol's; the link has been closed."""


#: What the command line says as well, by the reason of a report.
_HINTS = {
    "refused": "flow control: its operator admits peers by the key allow of a listener, or by: ockam flow-control add-consumer",
    "unknown-worker": "see the workers with: ockam worker list --at {node}",
    "worker-failed": "the log of node {node} says why: ockam node logs {node}",
}


class Undeliverable(OckamError):
    """A node says that a message ended on its way: `reason`, at which `hop`, on which `node`."""

    def __init__(self, reason: str, hop: str, node: str, detail: str) -> None:
        reason, hop, node, detail = printable(reason), printable(hop, 1024), printable(node), printable(detail)
        super().__init__(self._cause(reason, f" at {hop} on node {node}") + (f": {detail}" if detail else ""), _HINTS.get(reason, "").format(node=node or "NODE"))
        self.args: tuple[Any, ...] = (reason, hop, node, detail)  # what pickle and copy make it of
        self.reason, self.hop, self.node, self.detail = reason, hop, node, detail

    def _cause(self, reason: str, where: str) -> str:
        return f"there is no worker{where}" if reason == "unknown-worker" else f"undeliverable{where}: {reason}"


class ServiceFailed(Undeliverable):
    """The service answered with an error, or died of the message."""

    def _cause(self, reason: str, where: str) -> str:
        return f"the service{where} answered with an error"
