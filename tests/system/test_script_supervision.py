# SPDX-License-Identifier: Apache-2.0
"""Scripts that watch others and start them again, ask many at a time, and what an operator sees of it."""

import json
import pathlib
import re
import time

import pytest
from processes import wait_until
from scripts import ECHO, counters, n1, say, script, shown, start  # noqa: F401: fixtures

PAGE = (pathlib.Path(__file__).resolve().parents[2] / "docs/lua.md").read_text()

#: Dies of "die", ends with "leave", says how often it was asked.
PART = """
  local n = 0
  function on_message(m)
    if m.text == 'die' then error('told to') end
    if m.text == 'leave' then exit() return m:reply('bye') end
    if m.text == 'fail' then exit('no more') return m:reply('bye') end
    n = n + 1
    m:reply(n)
  end
"""
#: Starts a part, watches it, and tells what it heard.
WATCHING = """
  local heard, ids = {}, {}
  local function tell(down) heard[#heard + 1] = {from = down.from, code = down.code, reason = down.reason} end
  function on_start()
    part = spawn{script = 'part.lua', name = 'part'}
    ids[1] = monitor(part, tell)
  end
  function on_message(m)
    if m.text == 'heard' then return m:reply(json.encode(json.array(heard))) end
    if m.text == 'no' then demonitor(ids[1]) return m:reply('no more') end
    local target = m.text:match('^monitor (.*)')
    if target then ids[#ids + 1] = monitor(target, tell) return m:reply(#ids) end
    target = m.text:match('^link (.*)')
    if target then return m:reply(link(target)) end
    target = m.text:match('^unlink (%d+)')
    if target then unlink(tonumber(target)) return m:reply('unlinked') end
    if m.text == 'stop' then stop(part) return m:reply('stopped') end
    local r, why = request(part, m.text)
    m:reply(r and r.text or why)
  end
"""


@pytest.fixture
def watching(n1, script, start, say):
    script(PART, "part.lua")
    r = start(script(WATCHING))
    assert r.code == 0, r
    return lambda: json.loads(say("heard").out)


@pytest.fixture
def tree(ockam):
    return lambda *options, node="n1": ockam("worker", "tree", "--at", node, *options)


@pytest.mark.parametrize("how,code,reason", [("die", "service-failed", "part.lua:4: told to"), ("fail", "service-failed", "no more"),
                                             ("leave", "ok", "it wanted to"), ("stop", "closed", "it was stopped")])
def test_a_monitor_tells_once_how_a_child_has_ended(watching, say, how, code, reason):
    say(how)
    wait_until(lambda: watching(), "it was told")
    down, = watching()
    assert down["from"] == "x.part" and down["code"] == code and reason in down["reason"]


def test_who_takes_a_monitor_back_hears_nothing(watching, say):
    assert say("monitor x.part").out == "2\n"
    assert say("no").out == "no more\n"
    say("die")
    wait_until(lambda: watching(), "the other one was told")
    assert len(watching()) == 1


def test_of_one_that_is_not_there_a_monitor_tells_at_once(watching, say):
    say("monitor /service/nobody")
    wait_until(lambda: watching(), "it was told")
    assert watching()[0]["code"] == "undeliverable" and watching()[0]["from"] == "/service/nobody"


def test_a_monitor_of_a_worker_of_another_node(watching, node, say, ockam, home):
    far = node("n2")
    assert ockam("service", "start", "script", "--addr", "part", "--file", home / "part.lua", "--at", "n2").code == 0
    way = f"/ip4/127.0.0.1/tcp/{far.port}"
    say(f"monitor {way}/service/part")
    wait_until(lambda: [w for w in ockam("worker", "list", "--at", "n2", "--output", "json").json if w["monitors"] == 1], "it is watched")
    assert ockam("service", "stop", "part", "--at", "n2").code == 0
    wait_until(lambda: watching(), "it was told")
    assert watching()[0]["code"] == "closed" and watching()[0]["from"] == f"{way}/service/part"


@pytest.mark.parametrize("how,ends", [("die", True), ("stop", True), ("leave", False)])
def test_a_link_ends_the_script_as_failed_unless_the_other_wanted_to_end(watching, say, ockam, how, ends):
    assert say("link x.part").code == 0
    say(how)
    gone = lambda: not [w for w in ockam("worker", "list", "--at", "n1", "--output", "json").json if w["addr"].startswith("x")]
    if ends:
        wait_until(gone, "it has ended")
    else:
        wait_until(lambda: watching(), "the monitor was told")
        assert not gone()


def test_an_unlinked_script_goes_on(watching, say):
    number = say("link x.part").out.strip()
    assert say(f"unlink {number}").out == "unlinked\n"
    say("die")
    wait_until(lambda: watching(), "the monitor was told")
    assert watching()[0]["code"] == "service-failed"


def test_scripts_that_are_linked_in_a_ring_end_together(n1, script, start, say, ockam):
    for a, b in (("p", "q"), ("q", "r"), ("r", "p")):
        text = f"function on_message(m) if m.text == 'die' then exit('told to') else link('{b}') end m:reply() end"
        start(script(text, a + ".lua"), addr=a)
    for a in "pqr":
        assert say("link", addr=a).code == 0
    say("die", addr="q")
    wait_until(lambda: not [w for w in ockam("worker", "list", "--at", "n1", "--output", "json").json if w["addr"] in "pqr"], "all have ended")


def test_a_ring_of_monitors_and_a_monitor_of_itself_harm_nobody(n1, script, start, say):
    for a, b in (("p", "q"), ("q", "p")):
        start(script(f"heard = 0 function on_message(m) if m.text == 'go' then monitor('{b}', function() heard = heard + 1 end) monitor('{a}', print) end m:reply(heard) end", a + ".lua"), addr=a)
    assert say("go", addr="p").out == "0\n" and say("go", addr="q").out == "0\n"
    assert say(addr="p").out == "0\n"


def test_monitors_are_bounded(n1, script, start, say, counters):
    start(script("function on_message(m) local n = 0 while pcall(monitor, 'echo', print) do n = n + 1 end m:reply(n) end"), "instructions=100000000")
    assert int(say(timeout="20s").out) == 10_000


# -- supervisors of the page -------------------------------------------------------------------------------


@pytest.fixture
def page_script(script):
    def go(name):
        return script(re.search(rf"^```lua {re.escape(name)}\n(.*?)^```$", PAGE, re.M | re.S)[1], name)

    return go


def test_one_for_one_starts_again_what_has_failed_and_gives_up(n1, page_script, start, say, ockam):
    page_script("part.lua")
    start(page_script("one.lua"))
    assert [say(t).out for t in ("left", "left", "right")] == ["1\n", "2\n", "1\n"]
    for _ in range(3):
        assert "crashed" in say("left crash").out
        wait_until(lambda: say("left").out == "1\n", "it is a new one")
    assert say("right").out == "2\n", "the other one is the same"
    say("right crash")
    wait_until(lambda: "x" not in [w["addr"] for w in ockam("worker", "list", "--at", "n1", "--output", "json").json], "it has given up")
    assert "right: " in n1.errors() and "crashed" in n1.errors()


def test_all_for_one_starts_all_again(n1, page_script, start, say):
    page_script("part.lua")
    start(page_script("all.lua"))
    assert [say(t).out for t in ("left", "right", "right")] == ["1\n", "1\n", "2\n"]
    say("left crash")
    wait_until(lambda: say("right").out == "1\n", "the other one is a new one as well")


def test_a_child_that_never_starts_makes_its_supervisor_give_up(n1, page_script, script, start, ockam):
    script("error('never')", "part.lua")
    start(page_script("one.lua"))
    wait_until(lambda: "x" not in [w["addr"] for w in ockam("worker", "list", "--at", "n1", "--output", "json").json], "it has given up")
    assert "left: " in n1.errors() and "part.lua:1: never" in n1.errors()


# -- many requests at a time -------------------------------------------------------------------------------


def test_requests_go_on_together_and_are_awaited_in_any_order(n1, script, start, say):
    start(script("function on_message(m) m:keep() after(0.3, function() m:reply(m.text) end) end", "slow.lua"), addr="slow")
    start(script("""
      function on_message(m)
        local t = {}
        for i = 1, 20 do t[i] = async_request('slow', 'n' .. i) end
        t[21] = async_request('nobody', 'x')
        local last = await(t[20]).text
        local replies, why = await_all(t)
        local any, place = await_any(t[21], t[3])
        m:reply(table.concat({last, #t, replies[1].text, tostring(replies[21]), why[21], any.text, place, await(t[20]).text}, ' '))
      end"""))
    began = time.monotonic()
    assert say().out == "n20 21 n1 nil there is no worker at 0#nobody on node n1 n3 2 n20\n"
    assert time.monotonic() - began < 3, "they go on together"


@pytest.mark.parametrize("line,what", [
    ("local r, why = await(async_request('silent', 'x', 0.2)) m:reply(why)", "no reply in time"),
    ("local r, why = await_any(async_request('silent', 'x', 0.2), async_request('nobody', 'x')) m:reply(tostring(r) .. why)", "nil"),
    ("local r, why = await_all{async_request('nobody', 'x')} m:reply(tostring(r[1]) .. ' ' .. why[1])", "nil there is no worker"),
    ("await(1)", "request expected"),
    ("await_all()", "1 to 10000 requests"),
    ("await_all{}", "1 to 10000 requests"),
    ("await_all{1}", "request expected"),
    ("if m.text == 'hi' then kept = async_request('silent', 'x', 0.2) end after(0.01, function() await(kept) end) m:reply('in its handler')", "in its handler"),
    ("local t = {} for i = 1, 20000 do local r, why = async_request('silent', 'x', 5) if not r then return m:reply(i .. ' ' .. why) end end", "budget"),
    ("coroutine.wrap(function() await(async_request('echo', 'x')) end)()", "not in a coroutine of its own"),
])
def test_what_comes_of_requests_that_come_to_nothing(n1, script, start, say, line, what):
    start(script("function on_message(m) m:keep() end", "silent.lua"), addr="silent")
    start(script(f"function on_message(m) {line} end"), "instructions=100000000")
    r = say()
    assert what in r.out + r.err, r
    if "kept" in line:
        wait_until(lambda: "a request is awaited in the handler that has made it" in n1.errors(), "the line is there")


# -- what an operator sees ---------------------------------------------------------------------------------


def test_the_tree_draws_who_has_started_whom(watching, tree, ockam, shown):
    expected = "n1\n├─ echo\n├─ forwarding_service\n├─ hop\n├─ static_forwarding_service\n├─ uppercase\n└─ x  script x.lua\n   └─ x.part  script part.lua  (1 monitor)\n"
    wait_until(lambda: tree().out == expected, "the monitor is there as well")
    found = tree("--output", "json").json
    assert found["node"] == "n1" and [w["addr"] for w in found["workers"]] == ["echo", "forwarding_service", "hop", "static_forwarding_service", "uppercase", "x"]
    x = found["workers"][-1]
    assert (x["behavior"], x["parent"]) == ("x.lua", None) and x["children"][0]["addr"] == "x.part" and x["children"][0]["children"] == []
    listed = {w["addr"]: w for w in ockam("worker", "list", "--at", "n1", "--output", "json").json}
    assert (listed["x"]["children"], listed["x.part"]["parent"], listed["x.part"]["monitors"], listed["echo"]["behavior"]) == (1, "x", 1, None)
    assert (shown("x.part")["behavior"], shown("x.part")["parent"], shown()["children"]) == ("part.lua", "x", 1)


def test_the_tree_of_a_node_that_is_not_there(ockam):
    r = ockam("worker", "tree", "--at", "nowhere")
    assert r.code != 0 and "nowhere" in r.err
