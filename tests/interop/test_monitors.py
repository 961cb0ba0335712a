# SPDX-License-Identifier: Apache-2.0
"""An actor of ours monitors a worker of a real node, which nobody tells of the end of: its `echo` is asked."""

import time

import pytest

from processes import wait_until


@pytest.fixture
def say(ours, theirs, ockam, programs):
    ours()
    started = ockam("service", "start", "plugin", "--addr", "monitor", "--file", programs / "plugins/actor_monitor.so", "--at", "n1")
    assert started.code == 0, started
    return lambda text: ockam("message", "send", text, "--timeout", "5s", "--to", "/node/n1/service/monitor").out.strip()


def test_a_real_node_is_alive_while_its_echo_answers_and_unreachable_when_it_is_gone(say, theirs):
    node = theirs()
    assert say(f"/ip4/127.0.0.1/tcp/{node.port}/service/echo") == "monitored"
    until = time.monotonic() + 15  # twice the time after which it would be given up
    while time.monotonic() < until:
        assert say("?") == "nothing has ended"
    node.end()
    wait_until(lambda: say("?").startswith("unreachable: nothing was heard"), "the end is told", timeout=12)
