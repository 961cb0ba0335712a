# SPDX-License-Identifier: Apache-2.0
"""A node with a connection to another one that comes and goes."""

import socket
import struct
import time

import machines


def frame(onward, payload):
    """A message on Ockam's wire, `[onward, [app], payload]`, with names and payloads of less than 24 bytes."""
    def address(name):
        return b"\x82\x00" + bytes([0x40 + len(name)]) + name.encode()

    body = (b"\x83" + bytes([0x80 + len(onward)]) + b"".join(map(address, onward)) + b"\x81" + address("app")
            + bytes([0x40 + len(payload)]) + payload)
    return struct.pack(">I", len(body)) + body


class Pair:
    """`near` connects to `far`, and is asked for an echo there every few milliseconds."""

    period = 0.005

    def __init__(self, m):
        self.m = m
        self.far = m.node()
        self.port = self.far.address("tcp")
        self.near = m.node(log="error", ini=f"[service hop]\ntype = hop\n[tcp-connection far]\naddress = {self.port}\n")
        host, port = self.near.address("tcp").rsplit(":", 1)
        self.asking = socket.create_connection((host, int(port)))
        self.asking.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asking.sendall(b"\x01")
        self.asked = 0
        self.got = b""
        self.until_answered(5)

    def until_answered(self, limit):
        """Asks until an answer to a question of this call has come; when that was. Asking again is not
        waiting: a question that finds no link is lost, and nobody says so."""
        first, deadline = self.asked + 1, time.monotonic() + limit
        while time.monotonic() < deadline:
            self.asked += 1
            self.asking.sendall(frame(["hop", "far", "echo"], b"question%08d" % self.asked))
            self.asking.settimeout(self.period)
            try:
                self.got = (self.got + self.asking.recv(65536))[-4096:]
            except TimeoutError:
                continue
            at = self.got.rfind(b"question")
            if at >= 0 and self.got[at + 8:at + 16].isdigit() and int(self.got[at + 8:at + 16]) >= first:
                return time.monotonic()
        raise RuntimeError(f"no answer for {limit} s after the peer was there")

    def restart(self, away):
        """Kills `far`, starts it again `away` seconds later; seconds from when it listens to an answer."""
        self.until_answered(5)
        self.far.child.kill()
        self.far.stop()
        time.sleep(away)  # the outage itself
        self.far = self.m.node(tcp=self.port)
        listening = time.monotonic()
        return self.until_answered(30) - listening

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.asking.close()
        self.near.stop()
        self.far.stop()
