# SPDX-License-Identifier: Apache-2.0
"""What our ends of a stream say to a real one that it does not know: a reason behind the tag of Disconnect, which an outlet without a
handshake says when its target cannot be reached (docs/protocol.md, Portals).

    client ══ inlet (real node) ══ tcp ══ test, which plays our outlet"""

import pytest
import wire
from portal_ends import stream_of_their_inlet

PAYLOAD, DISCONNECT = b"\x03", b"\x02"
#: Version 1, reason 2: the target is unreachable.
REASON = b"o+\x01\x02" + wire.bare(b"cannot connect to 10.0.0.9:1: Connection refused")


@pytest.mark.parametrize("behind", [b"", REASON], ids=["nothing behind it", "a reason behind it"])
def test_their_inlet_takes_a_disconnect_with(theirs, behind):
    with stream_of_their_inlet(theirs()) as (end, back, client):
        end.send(back, PAYLOAD + wire.bare(b"before"), back=["stream"])
        assert client.recv(100) == b"before"
        end.send(back, DISCONNECT + behind, back=["stream"])
        assert client.recv(1) == b"", "the client's connection has ended"
