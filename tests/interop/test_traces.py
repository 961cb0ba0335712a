# SPDX-License-Identifier: Apache-2.0
"""Traces between a real Ockam node and ours: its messages have a W3C `traceparent` in their fourth element when it exports."""

import re

import wire
from asking import Accepted
from collector import Collector, section
from processes import wait_until
from test_secure_channels import channel, identity_of, to_theirs, with_identity

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
SOME = re.compile("00-[0-9a-f]{32}-[0-9a-f]{16}-01")


def test_a_trace_that_begins_at_their_node_goes_on_through_ours(theirs, ours):
    with Collector() as c:
        n = ours(more=section(c.url))
        t = theirs(traces=True)
        link = t.dial(n.tcp)
        assert t.say("text", f"{link},hop,uppercase", "hello") == ["reply", "HELLO"]
        spans = c.wait(3)
    hop, answer, back = c.named("forward hop"), c.named("answer uppercase"), spans[2]
    assert {s["traceId"] for s in spans} == {hop["traceId"]} and re.fullmatch("[0-9a-f]{32}", hop["traceId"])
    assert hop["parentSpanId"], "of the span of their node"
    assert answer["parentSpanId"] == hop["spanId"] and back["parentSpanId"] == answer["spanId"]


def test_their_node_reads_what_ours_writes_and_says_which_trace_its_answer_belongs_to(theirs, ours):
    t = theirs(traces=True)
    n = ours(connections={"out": t.tcp})
    with n.peer(timeout=30) as p:
        for extras in ({"traceparent": TRACEPARENT}, {"traceparent": TRACEPARENT, "tracestate": 'a=1,b="2"'}, {}):
            reply = p.ask(["hop", "out", "echo"], b"x", extras=extras)
            assert reply.payload == b"x" and SOME.fullmatch(reply.extras["traceparent"])


def test_what_goes_through_their_hop_belongs_to_a_trace_that_begins_there(theirs):
    # The reference begins a new trace with each message that leaves a node, and links the two: so nobody who sees two
    # messages can tell that they belong together (ockam_core, LocalMessage::start_new_tracing_context).
    t = theirs(traces=True)
    with wire.socket.create_server(("127.0.0.1", 0)) as listener:
        link = t.dial("127.0.0.1:%d" % listener.getsockname()[1])
        end = Accepted(listener.accept()[0])
    with end, wire.Peer(t.port) as p:
        p.send(["hop", link, "test"], b"hello", extras={"traceparent": TRACEPARENT})
        arrived = end.receive()
    assert arrived.payload == b"hello" and SOME.fullmatch(arrived.extras["traceparent"])


def test_a_node_of_theirs_that_does_not_export_takes_a_trace_and_drops_it(theirs, ours):
    t = theirs()
    n = ours(connections={"out": t.tcp})
    with n.peer(timeout=30) as p:
        reply = p.ask(["hop", "out", "echo"], b"x", extras={"traceparent": TRACEPARENT})
        assert reply.payload == b"x" and "traceparent" not in reply.extras


def test_a_trace_of_their_node_goes_on_through_a_secure_channel_with_ours(theirs, ours):
    with Collector() as c:
        n = ours(more=with_identity("n1", section(c.url)))
        t = theirs(traces=True)
        link = t.dial(n.tcp)
        address, _ = channel(t, f"{link},api", identity_of(n))
        assert t.say("text", f"{address},uppercase", "hello") == ["reply", "HELLO"]
        wait_until(lambda: any(s["name"] == "answer uppercase" for s in c.spans), "the service has its span", 20)
        answer = c.named("answer uppercase")
        end = next(s for s in c.spans if s["spanId"] == answer["parentSpanId"])
    assert end["attributes"]["ockam.worker.type"] == "decryptor" and end["traceId"] == answer["traceId"]
    assert end["parentSpanId"], "of the span of their node"


def test_a_trace_of_ours_goes_through_a_secure_channel_with_their_node(theirs, ours, ockam):
    with Collector() as c:
        t = theirs(traces=True)
        assert t.say("secure-listener", "secret") == ["listener", "secret"]
        n = ours(more=with_identity("n1", to_theirs(t) + section(c.url)))
        wait_until(lambda: "secure channel c is up" in n.errors(), "the channel is up", 30)
        sent = ockam("message", "send", "hello", "--to", "/service/c/service/uppercase", "--from", "n1", "--trace")
        assert sent.out == "HELLO\n", sent
        wait_until(lambda: any(s["name"].startswith("request ") for s in c.spans), "the span of the request has come", 20)
        root = c.named("request c")
        assert root["traceId"] == sent.err.strip()
