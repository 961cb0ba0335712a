# SPDX-License-Identifier: Apache-2.0
"""Errors are what went wrong and what to do about it."""


class OckamError(Exception):
    """`cause` is one line without a full stop; `hint` may be empty."""

    def __init__(self, cause, hint=""):
        super().__init__(cause + (f" ({hint})" if hint else ""))
        self.cause, self.hint = cause, hint


class InvalidRoute(OckamError):
    """A route or an address that cannot be read."""


class Unreachable(OckamError):
    """Nobody is there to connect to."""


class TimedOut(OckamError):
    """No answer in time."""


class Closed(OckamError):
    """The connection has ended."""


class ProtocolError(OckamError):
    """The other end sent bytes that are not the protocol's; the connection has been closed."""


class Undeliverable(OckamError):
    """A node says that a message ended on its way: `reason`, at which `hop`, on which `node`."""

    def __init__(self, reason, hop, node, detail):
        where = f" at {hop} on node {node}"
        cause = f"there is no worker{where}" if reason == "unknown-worker" else f"undeliverable{where}: {reason}"
        super().__init__(cause + (f": {detail}" if detail else ""))
        self.reason, self.hop, self.node, self.detail = reason, hop, node, detail


class ServiceFailed(Undeliverable):
    """The service answered with an error, or died of the message."""

    def __init__(self, reason, hop, node, detail):
        super().__init__(reason, hop, node, detail)
        self.cause = f"the service at {hop} on node {node} answered with an error" + (f": {detail}" if detail else "")
        self.args = (self.cause,)
