# SPDX-License-Identifier: Apache-2.0
"""Actors of one node that monitor workers of others: real processes that stop, fail, hang and are killed."""

import signal
import time

import pytest

from processes import wait_until


@pytest.fixture(params=["actor_monitor", "worker_monitor"])
def nodes(request, node, ockam, programs):
    """n1 has an actor, or a worker, that monitors; n2 an actor `p` to be monitored."""
    n1, n2 = node("n1"), node("n2")
    for where, addr, plugin in (("n1", "monitor", request.param), ("n2", "p", "actor_service")):
        started = ockam("service", "start", "plugin", "--addr", addr, "--file", programs / f"plugins/{plugin}.so", "--at", where)
        assert started.code == 0, started
    return n1, n2


@pytest.fixture
def say(ockam):
    return lambda text: ockam("message", "send", text, "--timeout", "5s", "--to", "/node/n1/service/monitor").out.strip()


def route_to(n, name="p"):
    return f"/ip4/127.0.0.1/tcp/{n.port}/service/{name}"


def stays(say, seconds):
    """For so long it is told of no end."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert say("?") == "nothing has ended"


def ends(say, how, within=10.0):
    """Seconds until the end is told, which begins with `how`."""
    began = time.monotonic()
    wait_until(lambda: say("?") != "nothing has ended", "the end is told", timeout=within)
    took = time.monotonic() - began
    assert say("?").startswith(how)
    return took


def test_a_service_that_stops_is_told_at_once(nodes, say, ockam):
    assert say(route_to(nodes[1])) == "monitored"
    assert say("?") == "nothing has ended"
    assert ockam("service", "stop", "p", "--at", "n2").code == 0
    assert ends(say, "closed: the worker at 1#127.0.0.1") < 1.5
    assert "it was stopped" in say("?")


def test_an_actor_that_fails_is_told_with_its_words(nodes, say, ockam):
    assert say(route_to(nodes[1])) == "monitored"
    ockam("message", "send", "fail", "--timeout", "5s", "--to", "/node/n2/service/p")
    assert ends(say, "service-failed:") < 1.5
    assert "as you wish" in say("?")


def test_a_name_that_is_not_there_is_told_at_once(nodes, say):
    assert say(route_to(nodes[1], "nobody")) == "monitored"
    assert ends(say, "undeliverable: there is no worker at") < 1.5


def test_a_node_that_is_killed_is_told_within_ten_seconds(nodes, say):
    assert say(route_to(nodes[1])) == "monitored"
    stays(say, 1)
    nodes[1].kill()
    assert 6 < ends(say, "unreachable: nothing was heard", within=12) < 10.5


def test_a_node_that_hangs_is_told_and_one_that_hangs_shortly_is_not(nodes, say):
    assert say(route_to(nodes[1])) == "monitored"
    nodes[1].send_signal(signal.SIGSTOP)
    try:
        stays(say, 4)
    finally:
        nodes[1].send_signal(signal.SIGCONT)
    stays(say, 6)
    nodes[1].send_signal(signal.SIGSTOP)
    try:
        ends(say, "unreachable:", within=12)
    finally:
        nodes[1].send_signal(signal.SIGCONT)


def test_a_node_that_stops_in_order_says_so(nodes, say):
    assert say(route_to(nodes[1])) == "monitored"
    assert say("?") == "nothing has ended"
    assert nodes[1].stop()[0] == 0
    assert ends(say, "closed: the node at 1#127.0.0.1") < 2.5
