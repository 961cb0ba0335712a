# SPDX-License-Identifier: Apache-2.0
"""What a handler gets, and a request returns."""

from typing import TYPE_CHECKING, Any

from . import payloads, routes, wire
from .trace import Trace, of_extras

if TYPE_CHECKING:
    from .connection import Connection


class Message:
    """A message that has come: `payload` (bytes), `return_route` (a list of addresses, for `send`), `onward`, the rest of
    its route behind the worker that got it, and `connection`, by which it came: a handler may ask there."""

    def __init__(self, frame: wire.Frame, connection: "Connection") -> None:
        self.onward, self.return_route, self.payload = frame.onward[1:], frame.back, frame.payload
        self.connection = connection
        self._extras = frame.extras

    @property
    def text(self) -> str | None:
        """The payload as text, as `ockam message send` sends it; None when it is none."""
        return payloads.text(self.payload)

    def json(self) -> Any:
        """What the payload says in JSON. Raises ValueError."""
        return payloads.json_value(self.payload)

    @property
    def identity(self) -> str | None:
        """Who has sent it, as a secure channel has proved it to the node at the other end of this connection: an identifier, or
        what a link there has proved. None when nothing proves it, and over anything but a Unix socket, where nodes do not say it. It
        is as true as that node is yours."""
        return self._extras.get("ockam_identity") if self.connection.is_unix else None

    def is_from(self, *identifiers: str) -> bool:
        """Whether one of these identities has sent it."""
        return self.identity is not None and self.identity in identifiers

    @property
    def trace(self) -> Trace | None:
        """The trace that it belongs to; None for most. What its handler answers, sends and asks belongs to it as well."""
        return of_extras(self._extras)

    @property
    def wants_report(self) -> bool:
        return self._extras.get("ockam_report") == "1"

    def __repr__(self) -> str:
        return f"<Message {self.text if self.text is not None else self.payload!r} from {list(map(routes.show, self.return_route))}>"
