# SPDX-License-Identifier: Apache-2.0
"""Traces of messages (W3C Trace Context), as the client reads, begins and goes on with them."""

import pytest

from ockam_client import Trace, trace

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_trace_is_read_and_written_as_w3c_shows_it():
    t = Trace.parse(TRACEPARENT, "a=1")
    assert (t.trace_id, t.span_id, t.sampled) == ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", True)
    assert trace.extras_of(t) == {"ockam_stream": "0", "traceparent": TRACEPARENT, "tracestate": "a=1"}
    assert trace.of_extras(trace.extras_of(t)) == t
    assert not Trace.parse(TRACEPARENT[:-2] + "00").sampled


@pytest.mark.parametrize("text", ["", "00", TRACEPARENT.upper(), TRACEPARENT + "-", TRACEPARENT + "\n", "ff" + TRACEPARENT[2:], "0٠" + TRACEPARENT[2:],
                                  f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01", TRACEPARENT[:-1]])
def test_what_is_no_traceparent_is_none(text):
    assert Trace.parse(text) is None
    assert trace.of_extras({"traceparent": text}) is None


def test_of_a_later_version_what_is_known_counts():
    assert Trace.parse("cc" + TRACEPARENT[2:] + "-and more").traceparent == TRACEPARENT


@pytest.mark.parametrize("state", ["x" * 513, "a=\n", "ä=1"])
def test_a_state_that_cannot_go_on_is_left_out(state):
    assert Trace.parse(TRACEPARENT, state).tracestate == ""


def test_traces_that_begin_here_differ_and_may_not_be_sampled():
    one, other = Trace.start(), Trace.start(sampled=False)
    assert one.trace_id != other.trace_id and one.sampled and not other.sampled
    assert Trace.parse(one.traceparent) == one


def test_without_a_trace_nothing_is_said():
    assert trace.extras_of(None) == {} and trace.of_extras({}) is None
