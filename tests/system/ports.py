# SPDX-License-Identifier: Apache-2.0
"""Ports for what cannot be told to listen at port 0: a node that comes back where it was, a page with numbers in it."""

import pathlib
import random
import socket

FIRST = 10_000


def free_port():
    """One that nobody listens at. Not of those that the system gives to connections and to port 0: somebody else could
    get that before it is used."""
    end = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        try:
            with socket.create_server(("127.0.0.1", random.SystemRandom().randrange(FIRST, end))) as s:
                return s.getsockname()[1]
        except OSError:
            pass  # taken
