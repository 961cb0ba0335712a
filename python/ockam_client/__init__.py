# SPDX-License-Identifier: Apache-2.0
"""Send to, ask and serve as workers of ockam nodes, from Python: see README.md."""

from . import sync
from .connection import Connection, Message, Server, connect, listen
from .errors import Closed, InvalidRoute, OckamError, ProtocolError, ServiceFailed, TimedOut, Undeliverable, Unreachable

__all__ = ["Closed", "Connection", "InvalidRoute", "Message", "OckamError", "ProtocolError", "Server", "ServiceFailed", "TimedOut",
           "Undeliverable", "Unreachable", "connect", "listen", "sync"]
__version__ = "0.1.0"
