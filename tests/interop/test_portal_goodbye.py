# SPDX-License-Identifier: Apache-2.0
"""What our ends of a stream say to a real one that it does not know: a reason behind the tag of Disconnect, which an outlet without a
handshake says when its target cannot be reached (docs/protocol.md, Portals).

    client ══ inlet (real node) ══ tcp ══ test, which plays our outlet"""

import socket

import pytest
import wire
from asking import Accepted
from portal_ends import connect

PING, PONG, PAYLOAD, DISCONNECT = b"\x00", b"\x01", b"\x03", b"\x02"
#: Version 1, reason 2: the target is unreachable.
REASON = b"o+\x01\x02" + wire.bare(b"cannot connect to 10.0.0.9:1: Connection refused")


@pytest.mark.parametrize("behind", [b"", REASON], ids=["nothing behind it", "a reason behind it"])
def test_their_inlet_takes_a_disconnect_with(theirs, behind):
    t = theirs()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        link = t.dial("127.0.0.1:%d" % listener.getsockname()[1])
        end = Accepted(listener.accept()[0])
    with end:
        [_, at] = t.say("inlet", f"{link},outlet")
        with connect(at) as client:
            ping = end.receive()
            assert ping.payload == PING
            end.send(ping.back, PONG, back=["stream"])
            end.send(ping.back, PAYLOAD + wire.bare(b"before"), back=["stream"])
            assert client.recv(100) == b"before"
            end.send(ping.back, DISCONNECT + behind, back=["stream"])
            assert client.recv(1) == b"", "the client's connection has ended"
