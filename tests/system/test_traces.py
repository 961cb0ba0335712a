# SPDX-License-Identifier: Apache-2.0
"""Traces (W3C Trace Context): through real nodes, their services and their command line, and to a collector of spans, with
every way in which that one may fail."""

import json
import re
import signal
import time

import pytest

import collector
import wire
from collector import Collector
from processes import wait_until
from test_http import get, http_address, series

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE_ID}-{PARENT}-01"
LISTENER = "[tcp-listener main]\naddress = 127.0.0.1:0\nallow = services, hop\n[service hop]\ntype = hop\n"


@pytest.fixture
def named(node):
    """named(name, more, …) → a node with hop and echo."""
    return lambda name="n1", more="", **kw: node(name, config=f"[node]\nname = {name}\n{LISTENER}{more}", **kw)


def spans_of(n):
    """The figures of its spans, by /metrics."""
    figures = series(get(http_address(n), "/metrics")[1])
    return {k.removeprefix("ockam_spans_"): v for k, v in figures.items() if k.startswith("ockam_spans_")}


def send_traced(n, count=1, payload=b"x"):
    """Has it answer so many messages of a trace."""
    with n.peer(timeout=30) as p:
        for _ in range(count):
            assert p.ask(["echo"], payload, extras={"traceparent": TRACEPARENT}).payload == payload


# -- the trace ---------------------------------------------------------------------------------------


def test_a_node_passes_a_trace_on_as_it_came(named):
    with named().peer() as p:
        sent = {"traceparent": TRACEPARENT, "tracestate": 'rojo=1,congo="x"'}
        extras = p.ask(["hop", "echo"], b"x", extras=sent).extras
        assert {k: extras[k] for k in sent} == sent
        later = p.ask(["echo"], b"x", extras={"traceparent": "cc" + TRACEPARENT[2:] + "-and more"}).extras
        assert later["traceparent"] == TRACEPARENT, "of a later version of the format goes on what this one knows"


def test_what_is_no_trace_is_left_out_and_counted(named):
    n = named(more="[http]\naddress = 127.0.0.1:0\n")
    with n.peer() as p:
        for bad in ("", "x", "00-1-2-01", TRACEPARENT.upper(), f"00-{'0' * 32}-{PARENT}-01", "x" * 3000):
            reply = p.ask(["echo"], b"x", extras={"traceparent": bad})
            assert reply.payload == b"x" and "traceparent" not in reply.extras
        long_state = p.ask(["echo"], b"x", extras={"traceparent": TRACEPARENT, "tracestate": "x" * 513}).extras
        assert long_state["traceparent"] == TRACEPARENT and "tracestate" not in long_state
    assert series(get(http_address(n), "/metrics")[1])['ockam_refusals_total{reason="malformed-trace"}'] == 7


def test_spans_of_two_nodes_make_one_tree(named):
    with Collector() as c:
        far = named("far", collector.section(c.url, service_name="shop"))
        near = named("near", collector.section(c.url) + f"[tcp-connection west]\naddress = 127.0.0.1:{far.port}\nhold-bytes = 1MiB\n")
        with near.peer() as p:
            reply = p.ask(["hop", "west", "hop", "echo"], b"x", extras={"traceparent": TRACEPARENT, "tracestate": "a=1"})
        spans = c.wait(5)
    assert len(spans) == 5 and {s["traceId"] for s in spans} == {TRACE_ID} and {s["traceState"] for s in spans} == {"a=1"}
    by_parent = {s["parentSpanId"]: s for s in spans}
    chain, at = [], PARENT
    while at in by_parent:
        chain.append(by_parent[at])
        at = by_parent[at]["spanId"]
    assert [(s["resource"]["service.name"], s["name"], s["kind"]) for s in chain] == [
        ("near", "forward hop", 5), ("shop", "forward hop", 5), ("shop", "answer echo", 2), ("shop", "forward hop", 5), ("near", "forward hop", 5)]
    assert reply.extras["traceparent"].split("-")[2] == at
    first = chain[0]["attributes"]
    assert first["messaging.system"] == "ockam" and first["ockam.worker.type"] == "hop" and first["ockam.next"] == "0#west"
    assert re.fullmatch(r"127\.0\.0\.1:\d+", first["network.peer.address"]) and re.fullmatch("0#[0-9a-f]{32}", first["ockam.link"])
    assert chain[4]["attributes"]["network.peer.address"] == f"127.0.0.1:{far.port}", "of a connection that has a name, too"
    assert all(int(s["endTimeUnixNano"]) >= int(s["startTimeUnixNano"]) for s in chain)
    assert "x" not in json.dumps([s["attributes"] for s in chain]).replace("next", ""), "nothing of the payload"


def test_what_does_not_arrive_is_an_error_with_its_reason(named):
    with Collector() as c:
        n = named(more=collector.section(c.url))
        with n.peer() as p:
            p.ask(["hop", "nobody"], b"x", extras={"traceparent": TRACEPARENT, "ockam_report": "1"})
        c.wait(2)
        lost = c.named("process nobody")
        assert lost["status"]["code"] == 2 and lost["attributes"]["error.type"] == "unknown-worker"
        assert lost["parentSpanId"] == c.named("forward hop")["spanId"] and not c.named("forward hop")["status"]


def test_what_is_not_sampled_makes_no_spans(named):
    with Collector() as c:
        n = named(more=collector.section(c.url) + "[http]\naddress = 127.0.0.1:0\n")
        with n.peer() as p:
            for flags in ("00", "02"):
                extras = p.ask(["echo"], b"x", extras={"traceparent": TRACEPARENT[:-2] + flags}).extras
                assert extras["traceparent"] == TRACEPARENT[:-2] + flags, "it passes untouched"
            p.ask(["echo"], b"x")
        assert spans_of(n)["total"] == 0


# -- who begins one ----------------------------------------------------------------------------------


def test_the_command_line_begins_a_trace(named, ockam):
    with Collector() as c:
        named(more=collector.section(c.url))
        sent = ockam("message", "send", "hello", "--to", "/service/echo", "--from", "n1", "--trace")
        assert sent.code == 0 and sent.out == "hello\n" and re.fullmatch("[0-9a-f]{32}\n", sent.err)
        c.wait(2)
        root, answer = c.named("request echo"), c.named("answer echo")
    assert {root["traceId"], answer["traceId"]} == {sent.err.strip()}
    assert "parentSpanId" not in root and root["kind"] == 3 and answer["parentSpanId"] == root["spanId"]


def test_a_trace_of_the_command_line_tells_why_nothing_came_back(named, ockam):
    with Collector() as c:
        named(more=collector.section(c.url, sample=0))  # which is for those that begin in the node
        sent = ockam("message", "send", "x", "--to", "/service/nobody", "--from", "n1", "--trace")
        assert sent.code != 0
        c.wait(2)
        assert c.named("request nobody")["attributes"]["error.type"] == "undeliverable"
        assert c.named("process nobody")["attributes"]["error.type"] == "unknown-worker"


SCRIPT = """
function on_message(m)
  if m.text == "begin" then
    local t = start_trace(m)
    send("/service/sink", "aside")
    m:reply(t.trace_id)
  elseif m.text == "ask" then
    local r = request("/service/echo", "?", 5)
    m:reply(r.trace.trace_id)
  elseif m.trace then
    m:reply({m.trace.trace_id, m.trace.span_id, m.trace.sampled, m.trace.traceparent, m.trace.tracestate})
  else
    m:reply("none")
  end
end
"""


def test_scripts_read_and_begin_traces(named, home):
    (home / "t.lua").write_text(SCRIPT)
    (home / "sink.lua").write_text("function on_message(m) end")
    scripts = f"[service t]\nscript = {home}/t.lua\n[service sink]\nscript = {home}/sink.lua\n"
    with Collector() as c:
        n = named(more=scripts + collector.section(c.url))
        with n.peer() as p:
            assert p.ask(["t"], wire.bare("x")).payload == wire.bare("none")
            state = p.ask(["t"], wire.bare("x"), extras={"traceparent": TRACEPARENT, "tracestate": "a=1"})
            trace_id, span_id, sampled, traceparent, tracestate = json.loads(state.payload[1:])  # a text: its length comes first
            assert (trace_id, sampled, tracestate) == (TRACE_ID, True, "a=1")
            assert traceparent == f"00-{TRACE_ID}-{span_id}-01" and span_id != PARENT, "the span of this call"
            assert p.ask(["t"], wire.bare("ask"), extras={"traceparent": TRACEPARENT}).payload == wire.bare(TRACE_ID)
            begun = p.ask(["t"], wire.bare("begin"))
            began = begun.payload[1:].decode()
            assert begun.extras["traceparent"].split("-")[1] == began
        c.wait(6)
        ask = c.named("request echo")
        assert c.named("answer echo")["parentSpanId"] == ask["spanId"]
        mine = [s for s in c.spans if s["traceId"] == began]
        assert sorted(s["name"] for s in mine) == ["answer t", "process sink"]


def test_the_python_client_goes_on_with_traces(named, programs):
    import sys

    sys.path.insert(0, str(programs.parents[2] / "python"))
    import ockam_client
    from ockam_client import Trace

    with Collector() as c:
        n = named(more=collector.section(c.url))
        with ockam_client.sync.connect(f"127.0.0.1:{n.port}") as node:
            trace = Trace.start()
            reply = node.request("/service/echo", "hello", trace=trace)
            assert reply.text == "hello" and reply.trace.trace_id == trace.trace_id and reply.trace.span_id != trace.span_id
            assert node.request("/service/echo", "hello").trace is None
        assert c.wait(1)[0]["parentSpanId"] == trace.span_id


# -- the collector -----------------------------------------------------------------------------------


def test_spans_go_out_in_batches(named):
    with Collector() as c:
        n = named(more=collector.section(c.url, batch=10, interval="1m"))
        send_traced(n, 25)
        c.wait(20)
        assert [len(collector._spans_of(body)) for _, _, body in c.requests] == [10, 10]
        path, headers, _ = c.requests[0]
        assert path == "/v1/traces" and headers["Content-Type"] == "application/json"
        n.stop()
        assert len(c.spans) == 25, "the others as the node stops"


def test_a_collector_that_is_busy_gets_them_again(named):
    with Collector(answer=lambda n: {1: 503, 2: (429, {"Retry-After": "1"})}.get(n, 200)) as c:
        n = named(more=collector.section(c.url) + "[http]\naddress = 127.0.0.1:0\n")
        send_traced(n)
        c.wait(1)
        assert len(c.requests) == 3 and len(c.spans) == 1
        wait_until(lambda: spans_of(n)["sent_total"] == 1, "it is counted")


def test_a_collector_that_is_not_there_yet_gets_them_when_it_is(named):
    with collector.nowhere() as (url, port):
        n = named(more=collector.section(url))
        send_traced(n)
        wait_until(lambda: "takes no spans, they wait" in n.errors(), "it has tried")
    with Collector(port=port) as c:
        assert c.wait(1)[0]["name"] == "answer echo"


def test_a_collector_that_refuses_loses_them_and_they_are_counted(named):
    with Collector(answer=400) as c:
        n = named(more=collector.section(c.url) + "[http]\naddress = 127.0.0.1:0\n")
        send_traced(n, 3)
        wait_until(lambda: spans_of(n)['lost_total{reason="not-sent"}'] == 3, "they are counted")
        assert "it answers 400" in n.errors()


def test_a_collector_that_takes_a_part_of_them(named):
    with Collector(answer=(200, {}, b'{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}')) as c:
        n = named(more=collector.section(c.url, batch=3, interval="1m") + "[http]\naddress = 127.0.0.1:0\n")
        send_traced(n, 3)
        wait_until(lambda: spans_of(n)["sent_total"] == 1, "they are counted")
        figures = spans_of(n)
        assert figures["total"] == 3 and figures["waiting"] == 0 and figures['lost_total{reason="not-sent"}'] == 2


@pytest.mark.parametrize("how", ["hangs", "refuses", "is busy"])
def test_a_collector_that_takes_none_delays_no_message_and_takes_no_memory(named, sanitized, how):
    with Collector(answer=None if how == "hangs" else 503) as c, collector.nowhere() as (url, _):
        where = url if how == "refuses" else c.url
        plain = named("plain")
        n = named("traced", collector.section(where, queue=100, batch=50) + "[http]\naddress = 127.0.0.1:0\n")
        count = 2000

        def seconds(of, extras):
            with of.peer(timeout=30) as p:
                began = time.monotonic()
                for _ in range(count):
                    assert p.ask(["echo"], b"x", extras=extras).payload == b"x"
                return time.monotonic() - began

        slow, fast = seconds(n, {"traceparent": TRACEPARENT}), seconds(plain, {})
        assert slow < 5 * fast + 5, f"{slow:.2f} s with spans that nobody takes, {fast:.2f} s without"
        figures = spans_of(n)
        assert figures["total"] == count and figures["waiting"] <= 100
        assert figures['lost_total{reason="queue-full"}'] >= count - 300
        c.release()


def test_a_node_that_stops_sends_what_is_left_and_does_not_wait_for_ever(named):
    with Collector(answer=None) as c:
        n = named(more="".join(collector.section(c.url)))
        send_traced(n)
        wait_until(lambda: c.requests, "it hangs")
        code, took = n.stop(within=15)
        assert code == 0 and took < 8, took
        assert "spans are lost" in n.errors()
    with Collector() as c:
        n = named("n2", collector.section(c.url, interval="1m"))
        send_traced(n, 3)
        assert n.stop()[0] == 0
        assert len(c.spans) == 3


def test_a_second_signal_waits_for_no_collector(named):
    with Collector(answer=None) as c:
        n = named(more=collector.section(c.url))
        send_traced(n)
        wait_until(lambda: c.requests, "it hangs")
        n.send_signal(signal.SIGTERM)
        n.send_signal(signal.SIGTERM)
        assert n.child.wait(15) == 0


def test_a_collector_over_tls(named, authority):
    with Collector(tls=(authority / "server.pem", authority / "server.key")) as c:
        n = named(more=collector.section(c.url, ca=authority / "ca.pem"))
        send_traced(n)
        c.wait(1)
    with Collector(tls=(authority / "server.pem", authority / "server.key")) as c:
        n = named("n2", collector.section(c.url))  # whom the system trusts
        send_traced(n)
        wait_until(lambda: "takes no spans" in n.errors(), "it is not trusted")
        assert not c.requests


# -- operators ---------------------------------------------------------------------------------------


def test_a_reload_puts_another_collector_into_effect(named, home):
    with Collector() as one, Collector() as other:
        n = named(more=collector.section(one.url))
        send_traced(n)
        one.wait(1)
        config = home / "n1.ini"
        before = config.read_text()
        config.write_text(before.replace(one.url, other.url))
        n.send_signal(signal.SIGHUP)
        wait_until(lambda: other.url in n.errors(), "it is in effect")
        send_traced(n, 2)
        other.wait(2)
        assert len(one.spans) == 1
        config.write_text(before.split("[tracing]")[0])
        n.send_signal(signal.SIGHUP)
        with n.peer() as p:
            wait_until(lambda: p.ask(["echo"], b"x", extras={"traceparent": TRACEPARENT}).extras["traceparent"] == TRACEPARENT, "none are kept any more")


def test_the_node_shows_what_became_of_its_spans(named, ockam):
    with Collector() as c:
        n = named(more=collector.section(c.url))
        send_traced(n, 2)
        c.wait(2)

        def shown():
            j = ockam("node", "show", "n1", "--output", "json").json
            return j["spans"] if j["spans"].get("sent") == 2 else None

        assert wait_until(shown, "it is counted")["kept"] == 2
    named("n2")
    assert "spans" not in ockam("node", "show", "n2", "--output", "json").json


@pytest.mark.parametrize("text, said", [
    ("[tracing]\n", "otlp"),
    ("[tracing]\notlp = ftp://x\n", "http://"),
    ("[tracing]\notlp = http://u@h:1/\n", "user"),
    ("[tracing]\notlp = http://h\nsample = 2\n", "0 to 1"),
    ("[tracing]\notlp = http://h\nqueue = 10\nbatch = 11\n", "batch above its queue"),
    ("[tracing]\notlp = http://h\nca = x.pem\n", "without TLS"),
    ("[tracing]\notlp = http://h\nqueue = 0\n", "queue"),
    ("[tracing]\notlp = http://h\nsampel = 1\n", "sample"),
])
def test_what_is_wrong_with_the_section_is_said(run, config_file, text, said):
    r = run("ockam-node", "--check-config", "--config", config_file("[node]\nname = n\n" + text))
    assert r.code == 78 and said in r.err, r


def test_the_section_in_effect_is_printed(run, config_file):
    path = config_file("[node]\nname = n\n[tracing]\notlp = http://h:1/x\nsample = 0.25\n")
    assert run("ockam-node", "--check-config", "--config", path).code == 0
    printed = run("ockam-node", "--print-config=json", "--config", path).json["configuration"]["tracing"]
    assert printed == {"otlp": "http://h:1/x", "sample": "0.25", "queue": 2048, "batch": 512, "interval": "1s"}
