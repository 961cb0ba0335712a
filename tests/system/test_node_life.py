# SPDX-License-Identifier: Apache-2.0
"""How a node begins and ends."""

import signal

import pytest


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_a_node_with_connections_within_two_seconds(node, how):
    n = node("n1")
    peers = [n.peer() for _ in range(20)]
    for p in peers:
        assert p.ask(["echo"], b"hello").payload == b"hello"
    code, seconds = n.stop(how)
    assert code == 0
    assert seconds < 2
    assert all(p.closed() for p in peers)
