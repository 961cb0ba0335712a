# SPDX-License-Identifier: Apache-2.0
"""How a node stops: nothing new comes in, what is under way is finished, and nothing holds it up beyond its time."""

import os
import signal
import socket
import subprocess
import threading
import time

import pytest
from processes import wait_until

LISTENER = "[tcp-listener main]\naddress = 127.0.0.1:0\n"
#: Answers after a time that the message says, in seconds; "never" is kept for ever.
SLOW = """
function on_message(m)
  count("taken")
  m:keep()
  if m.text ~= "never" then after(tonumber(m.text), function() m:reply("done") end) end
end
"""


@pytest.fixture
def slow(node, home):
    def start(keys="", name="n1"):
        (home / "slow.lua").write_text(SLOW)
        return node(name, config=f"[node]\nname = {name}\n{keys}{LISTENER}[service slow]\nscript = slow.lua\n")

    return start


def under_way(ockam, what, name="n1"):
    """Sends it to the slow service, and comes back when that has it. Its outcome is in the list."""
    outcome = []
    t = threading.Thread(target=lambda: outcome.append(ockam("message", "send", what, "--to", f"/node/{name}/service/slow", "--timeout", "20s")))
    t.start()
    taken = lambda: (ockam("worker", "show", "slow", "--at", name, "--output", "json").json.get("counters") or {}).get("taken")  # noqa: E731
    wait_until(taken, "the service has it")
    return t, outcome


def ends(n, within):
    began = time.monotonic()
    code = n.child.wait(within)
    return code, time.monotonic() - began


def test_a_request_under_way_is_answered_and_nothing_new_is_let_in(slow, ockam):
    n = slow()
    with n.peer() as p, n.peer() as other:
        p.send(["slow"], b"\x031.5")
        wait_until(lambda: ockam("worker", "show", "slow", "--at", "n1", "--output", "json").json["messages_in"] == 1, "the service has it")
        port = n.port
        n.send_signal(signal.SIGTERM)
        wait_until(lambda: "stopping: SIGTERM" in n.errors(), "it says so")

        def closed():
            try:
                socket.create_connection(("127.0.0.1", port), timeout=2).close()
            except ConnectionRefusedError:
                return True

        wait_until(closed, "nobody is let in")
        wait_until(lambda: "node-stopping" in str(other.ask(["echo"], b"\x01x", extras={"ockam_report": "1"}).extras), "nothing new is taken")
        assert p.receive().payload == b"\x04done"
        assert p.closed()
    code, seconds = ends(n, 5)
    assert (code, seconds < 2) == (0, True)


def test_the_command_line_gets_its_answer_and_begins_nothing_new(slow, ockam):
    n = slow()
    t, outcome = under_way(ockam, "1.5")
    n.send_signal(signal.SIGTERM)
    wait_until(lambda: "stopping" in n.errors(), "it says so")
    for words in (["message", "send", "hi", "--to", "/node/n1/service/echo"], ["service", "start", "hop", "--at", "n1"]):
        r = ockam(*words)
        assert r.code == 70 and "is stopping" in r.err, r
    assert ockam("node", "show", "n1", "--output", "json").code == 0
    t.join()
    assert outcome[0].out == "done\n", outcome
    assert ends(n, 5)[0] == 0


def test_an_idle_node_stops_at_once_whatever_its_grace(slow):
    n = slow("stop-grace = 1h\n")
    peers = [n.peer() for _ in range(20)]
    assert all(p.ask(["echo"], b"x").payload == b"x" for p in peers)
    code, seconds = n.stop()
    assert (code, seconds < 1) == (0, True)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(slow, ockam, how):
    n = slow("stop-grace = 1h\n")
    t, outcome = under_way(ockam, "never")
    n.send_signal(signal.SIGTERM)
    wait_until(lambda: "stopping: SIGTERM" in n.errors(), "it says so")
    code, seconds = n.stop(how)
    t.join()
    assert (code, seconds < 2) == (0, True)
    assert "again" in n.errors() and outcome[0].code == 70


def test_what_takes_too_long_is_cut_off(slow, ockam):
    n = slow("stop-grace = 1s\n")
    t, _ = under_way(ockam, "never")
    code, seconds = n.stop()
    t.join()
    assert (code, 1 <= seconds < 3) == (0, True)
    assert "has not finished in time" in n.errors()


def test_a_service_that_keeps_the_socket_thread_holds_up_no_stop(node, home, ockam):
    (home / "busy.lua").write_text("function on_message(m) local t = os.time(); while os.time() < t + 60 do end end\n")
    n = node("n1", expected=(75,), config=f"[node]\nname = n1\nstop-grace = 1h\n{LISTENER}[service busy]\nscript = busy.lua\nthread = socket\ntrusted = yes\n"
             "time = 1m\ninstructions = 100000000000\n")
    with n.peer() as p:
        p.send(["busy"], b"\x01x")
        wait_until(lambda: ockam("node", "show", "n1", "--timeout", "200ms").code == 70, "it hangs")
        code, seconds = n.stop(within=10)
    assert (code, seconds < 4) == (75, True)


def test_its_grace_may_be_changed_while_it_runs(slow, ockam, home):
    n = slow("stop-grace = 1h\n")
    (home / "n1.ini").write_text((home / "n1.ini").read_text().replace("1h", "200ms"))
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: "no section of the configuration has changed" in n.errors(), "it has read it")
    t, _ = under_way(ockam, "never")
    code, seconds = n.stop()
    t.join()
    assert (code, seconds < 3) == (0, True)


def test_node_stop_waits_and_says_so(slow, ockam):
    n = slow()
    t, outcome = under_way(ockam, "1.5")
    r = ockam("node", "stop", "n1")
    t.join()
    assert r.code == 0 and "has work under way" in r.err and "5s" in r.err, r
    assert outcome[0].out == "done\n" and ends(n, 5)[0] == 0


def test_node_stop_may_be_given_less_time_also_later(slow, ockam):
    n = slow("stop-grace = 1h\n")
    t, _ = under_way(ockam, "never")
    n.send_signal(signal.SIGTERM)
    wait_until(lambda: "stopping" in n.errors(), "it says so")
    r = ockam("node", "stop", "n1", "--timeout", "300ms")
    t.join()
    assert r.code == 0 and r.seconds < 4 and "300ms" in r.err, r
    assert ends(n, 5)[0] == 0


def test_node_stop_says_nothing_of_waiting_when_there_is_nothing(slow, ockam):
    slow()
    r = ockam("node", "stop", "n1")
    assert r.code == 0 and "under way" not in r.err and r.seconds < 2, r


def test_what_was_asked_over_a_websocket_and_by_datagram_is_answered(node, home, ockam):
    (home / "slow.lua").write_text(SLOW)
    far = node("far", config="[node]\nname = far\n[udp-listener u]\naddress = 127.0.0.1:0\n[ws-listener w]\naddress = ws://127.0.0.1:0\n"
               "allow = services\n[service slow]\nscript = slow.lua\n")
    ports = {t: a.rsplit(":", 1)[1] for t, a in far.listeners}
    node("near")
    got = {}

    def send(kind, tail):
        got[kind] = ockam("message", "send", "1.5", "--from", "near", "--to", f"/ip4/127.0.0.1/{tail}/service/slow", "--timeout", "10s")

    threads = [threading.Thread(target=send, args=a) for a in (("udp", f"udp/{ports['udp']}"), ("ws", f"tcp/{ports['ws']}/ws"))]
    for t in threads:
        t.start()
    wait_until(lambda: ockam("worker", "show", "slow", "--at", "far", "--output", "json").json["messages_in"] == 2, "it has both")
    code, _ = far.stop()
    for t in threads:
        t.join()
    assert code == 0 and [got[k].out for k in ("udp", "ws")] == ["done\n", "done\n"], got


def stuck(programs, env, home, *args):
    """A node whose standard error is a pipe that is full and that nobody reads."""
    read_end, write_end = os.pipe()
    ready, tell = os.pipe()
    os.set_blocking(write_end, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(write_end, b"x" * 4096)
    os.set_blocking(write_end, True)
    child = subprocess.Popen([programs / "ockam-node", "--name", "n1", "--log-level", "debug", "--ready-fd", str(tell), *args], env=env, cwd=home,
                             stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=write_end, pass_fds=(tell,))
    os.close(tell)
    assert b"ready" in os.read(ready, 4096)
    os.close(ready)
    return child, (read_end, write_end)


@pytest.mark.parametrize("how", ["SIGTERM", "node stop", "end of input"])
def test_a_reader_of_standard_error_that_is_stuck_holds_up_no_stop(programs, env, home, ockam, how):
    child, pipe = stuck(programs, env, home, *(["--exit-on-eof"] if how == "end of input" else []))
    try:
        for _ in range(30):
            assert ockam("message", "send", "hi", "--to", "/node/n1/service/echo").out == "hi\n"
        began = time.monotonic()
        if how == "SIGTERM":
            child.send_signal(signal.SIGTERM)
        elif how == "node stop":
            assert ockam("node", "stop", "n1").code == 0
        else:
            child.stdin.close()
        assert child.wait(10) == 0
        assert time.monotonic() - began < 4
    finally:
        child.kill()
        for fd in pipe:
            os.close(fd)
        child.stdin.close()
