# SPDX-License-Identifier: Apache-2.0
"""Send to, ask and serve as workers of ockam nodes, from Python: see README.md."""

from . import sync
from .connection import Connection, connect
from .errors import (CannotListen, Closed, Disconnected, InvalidPayload, InvalidRoute, OckamError, ProtocolError, ServiceFailed, TimedOut,
                     Undeliverable, Unreachable)
from .message import Message
from .payloads import Json, Payload
from .routes import Address, Route
from .server import Server, listen
from .trace import Trace
from .version import __version__
from .workers import Handler

__all__ = ["Address", "CannotListen", "Closed", "Connection", "Disconnected", "Handler", "InvalidPayload", "InvalidRoute", "Json", "Message",
           "OckamError", "Payload", "ProtocolError", "Route", "Server", "ServiceFailed", "TimedOut", "Trace", "Undeliverable", "Unreachable",
           "__version__", "connect", "listen", "sync"]
