# SPDX-License-Identifier: Apache-2.0
"""Services that are Lua scripts: they answer, and take nothing else down."""

import json
import subprocess
import time

import pytest
from processes import wait_until
from scripts import ECHO, counters, n1, say, script, shown, start  # noqa: F401: fixtures


def test_a_script_of_the_configuration_answers(node, script, say, ockam, counters):
    script("local greeting = options.text('greeting', 'Hello')\n"
           "function on_message(m) count('greeted') m:reply(greeting .. ', ' .. m.text .. ' at ' .. service.node .. '/' .. service.address) end\n")
    node("n1", config="[node]\nname = n1\n[service x]\nscript = x.lua\ngreeting = Hi\ninstances = 2\n")
    assert say("Ann").out == "Hi, Ann at n1/x\n"
    shown = ockam("worker", "show", "x", "--at", "n1", "--output", "json").json
    assert (shown["type"], shown["thread"], shown["instances"]) == ("script", "pool", 2)
    assert counters() == {"greeted": 1}


def test_what_a_message_tells_and_takes(n1, script, start, say):
    start(script("""
      function on_message(m)
        if m.text == 'who' then return m:reply({from = m.from, remote = m.remote, identity = m.identity or json.null}) end
        if m.text == 'raw' then return m:reply(bytes('\\x03abc')) end
        if m.text == 'json' then return m:reply(json.encode(json.decode('{"a": [1, 2.5, null]}'))) end
        if m.text == 'cbor' then return m:reply(bytes(cbor.encode('abc'))) end
        if m.text == 'fail' then return m:fail('not today') end
        if m.text == 'twice' then m:reply('one') return m:reply('two') end
        local v, why = m:json()
        m:reply(v and 'json ' .. v.x or why)
      end"""))
    assert len(json.loads(say("who").out)["from"]) == 1
    assert say("raw").out == "abc\n"
    assert json.loads(say("json").out) == {"a": [1, 2.5, None]}
    assert say("cbor").code == 0
    r = say("fail")
    assert r.code == 70 and "answered with an error: not today" in r.err
    assert say("twice").out == "one\n"
    assert say('{"x": 7}').out == "json 7\n"
    assert say("{").out.startswith("not JSON: ")


def test_a_script_forwards_sends_asks_and_keeps(n1, script, start, say):
    start(script("""
      local kept
      function on_message(m)
        if m.text == 'ask' then
          local answer, why = request('/service/uppercase', 'abc', 2)
          return m:reply(answer and answer.text or why)
        elseif m.text == 'nobody' then
          local answer, why = request('/service/nothere', 'abc', 2)
          return m:reply(tostring(answer) .. ' ' .. why)
        elseif m.text == 'keep' then
          kept = m:keep()
        elseif m.text == 'free' then
          kept:reply('at last')
          m:reply('done')
        elseif m.text == 'later' then
          m:keep()
          after(0.05, function() m:reply('later') end)
        elseif m.text == 'send' then
          send('x', 'note')
        elseif m.text == 'note' then
          noted = (noted or 0) + 1
        elseif m.text == 'noted' then
          m:reply(tostring(noted))
        else
          m:forward()
        end
      end"""))
    assert say("ask").out == "ABC\n"
    assert "there is no worker at 0#nothere" in say("nobody").out
    assert say("later").out == "later\n"
    with n1.peer() as p:
        for text in (b"\x04keep", b"\x04free"):
            p.send(["x"], text)
        assert [p.receive().payload for _ in range(2)] == [b"\x07at last", b"\x04done"]
        assert p.ask(["x", "echo"], b"\x02on").payload == b"\x02on", "what it does not know goes on along its route"
        p.send(["x"], b"\x04send")
        wait_until(lambda: p.ask(["x"], b"\x05noted").payload == b"\x011", "it has sent itself a message")


def test_many_wait_at_a_time_and_each_gets_its_answer(n1, script, start):
    start(script("function on_message(m) local r = request({'slow'}, m.text, 5) m:reply(r.text) end"))
    start(script("function on_message(m) m:keep() after(0.2, function() m:reply() end) end", "slow.lua"), addr="slow")
    with n1.peer() as p:
        began = time.monotonic()
        for i in range(50):
            p.send(["x"], bytes([2]) + b"%02d" % i)
        assert sorted(p.receive().payload for _ in range(50)) == [bytes([2]) + b"%02d" % i for i in range(50)]
        assert time.monotonic() - began < 5, "they wait together, not one after the other"


@pytest.mark.parametrize("text,cause", [
    ("function on_message(m)\n  m:reply(\nend", "x.lua:3: unexpected symbol near 'end'"),
    ("local x = nil .. 'a'", "x.lua:1: attempt to concatenate a nil value"),
    ("x = 1", "x.lua: it defines no on_message"),
    ("while true do end", "x.lua:1: it ran for more instructions"),
    ("local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end", "x.lua: its memory is used up"),
    ("options.number('n')\n" + ECHO, "no option named what"),
    ("options.number('what')\n" + ECHO, 'x.lua:1: option what: "x" is not a number'),
    ("options.flag('what')\n" + ECHO, 'option what: "x" is neither yes nor no'),
    ("options.duration('what')\n" + ECHO, "option what: "),
    ("options.size('what')\n" + ECHO, "option what: "),
    ("options.text('what') options.number('n', 'many')\n" + ECHO, "option n: what it is otherwise has to be a number, not a string"),
    ("options.text('what') options.text('t', {})\n" + ECHO, "option t: what it is otherwise has to be text, not a table"),
    ("options.text('what') options.flag('f', 1)\n" + ECHO, "option f: what it is otherwise has to be true or false, not a number"),
    ("options.text('what') function on_start() error('not today') end\n" + ECHO, "x.lua:1: not today"),
])
def test_a_script_that_cannot_start_leaves_nothing(n1, script, start, say, ockam, text, cause):
    r = start(script(text), "what=x")
    assert r.code == 70 and cause in r.err, r
    assert "x" not in [w["addr"] for w in ockam("worker", "list", "--at", "n1", "--output", "json").json]
    assert start(script(ECHO)).code == 0
    assert say().out == "hi\n"


def test_options_have_the_type_that_is_asked_for(n1, script, start, say):
    start(script("""
      local n, big, f, d, s = options.number('n'), options.number('big'), options.flag('f'), options.duration('d'), options.size('s')
      local t, u, v = options.text('t'), options.number('u', 7), options.flag('v', true)
      function on_message(m) m:reply(table.concat({n, math.type(n), math.type(big), tostring(f), d, s, t, u, tostring(v)}, ' ')) end"""),
          "n=3", "big=1e300", "f=yes", "d=1500ms", "s=2KiB", "t=x y")
    assert say().out == "3 integer float true 1.5 2048 x y 7 true\n"
    assert start(script("options.number('n')\n" + ECHO), "n=inf", addr="y").err.count("option n: ") == 1


def test_files_and_options_that_are_none(n1, script, start, home, ockam):
    r = start(home / "nothere.lua")
    assert r.code == 70 and "there is no file" in r.err and "nothere.lua" in r.err
    r = ockam("service", "start", "script", "--addr", "x", "--at", "n1")
    assert r.code == 70 and "needs a file" in r.err and "--file FILE" in r.err
    for option, word in (("budget=64KiB", "256KiB"), ("memory=8MiB", "memory"), ("instructions=few", "instructions"), ("allow=all", "io, os and package"), ("rate=-1", "rate"),
                         ("unknown=1", "unknown")):
        r = start(script(ECHO), option)
        assert r.code == 70 and word in r.err, r
    assert start(script(ECHO)).code == 0
    r = start(script(ECHO))
    assert r.code == 70 and "already exists" in r.err


def test_one_that_fails_loops_or_eats_tells_the_sender_and_goes_on(n1, script, start, say, counters):
    start(script("""
      function on_message(m)
        if m.text == 'error' then local x; x.y = 1 end
        if m.text == 'loop' then while true do pcall(function() while true do end end) end end
        if m.text == 'eat' then local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end end
        m:reply()
      end"""))
    for text, why in (("error", "attempt to index a nil value"), ("loop", "it ran for more instructions"), ("eat", "its memory is used up")):
        r = say(text)
        assert r.code == 70 and why in r.err, r
        assert say().out == "hi\n"
    assert counters() == {"script-errors": 3, "over-instructions": 1, "over-memory": 1}
    wait_until(lambda: "x.lua:3: attempt to index a nil value" in n1.errors(), "the line is there")


def test_over_its_rate_senders_are_told(n1, script, start, counters):
    start(script(ECHO), "rate=5")
    with n1.peer() as p:
        for i in range(50):
            p.send(["x"], b"%d" % i, extras={"ockam_report": "1"})
        got = [p.receive() for _ in range(50)]
    refused = [m for m in got if "over the rate" in m.extras.get("ockam_detail", "") or b"over the rate" in m.payload or "service-error" in str(m.extras)]
    assert 40 <= len(refused) <= 45 and counters()["over-rate"] == len(refused)


def test_a_reply_to_nobody_harms_nobody(n1, script, start, say, ockam):
    start(script("local kept function on_message(m) if kept then kept:reply('late') end kept = nil "
                 "if m.text == 'free' then m:reply('freed') else kept = m:keep() end end"))
    with n1.peer() as p:
        p.send(["x"], b"\x01x")
        wait_until(lambda: ockam("worker", "show", "x", "--at", "n1", "--output", "json").json["messages_in"] == 1, "it came")
    wait_until(lambda: not ockam("tcp-connection", "list", "--at", "n1", "--output", "json").json, "the one who asked has gone")
    assert say("free").out == "freed\n"
    wait_until(lambda: ockam("node", "show", "n1", "--output", "json").json["dropped"] == {"unknown-worker": 1}, "the reply is counted")


def test_a_flood_of_output_is_cut(n1, script, start, say):
    start(script("function on_message(m) local t, s = {}, ('x'):rep(100000) for i = 1, 200 do t[i] = s end print(table.unpack(t)) m:reply() end"))
    say()
    wait_until(lambda: "0#x: xxxx" in n1.errors(), "the line is there")
    assert max(map(len, n1.errors().splitlines())) < 5000


def test_a_script_reads_no_files_unless_that_is_allowed(n1, script, start, say):
    text = "function on_message(m) m:reply(tostring(io) .. tostring(os.getenv) .. tostring(require)) end"
    start(script(text, "closed.lua"), addr="closed")
    assert say(addr="closed").out == "nilnilnil\n"
    start(script(text, "open.lua"), "allow=io, os, package", addr="open")
    assert "nil" not in say(addr="open").out


def test_timers_and_logs(n1, script, start, say):
    start(script("""
      local n = 0
      function on_start()
        log.info('started', service.address)
        local id
        id = every(0.02, function() n = n + 1 if n == 3 then cancel(id) print('three') end end)
      end
      function on_message(m) m:reply(n) end
      function on_stop() log.warning('stopped') end"""))
    wait_until(lambda: "three" in n1.errors(), "the timer fires")
    assert say().out == "3\n"
    n1.stop()
    assert "0#x: started x" in n1.errors() and "0#x: stopped" in n1.errors()


def test_a_thousand_scripts_share_the_threads(node, script, say):
    script(ECHO)
    n = node("n1", config="[node]\nname = n1\n" + "".join(f"[service s{i}]\nscript = x.lua\n" for i in range(1000)))
    before = n.threads()
    assert before < 20
    assert say(addr="s999").out == "hi\n"


# -- ockam script ----------------------------------------------------------------------------------------


def test_check_says_what_is_wrong_and_where(ockam, script):
    good, bad = script(ECHO, "good.lua"), script("function on_message(m)\n  m:rply(greting)\n  prnt(1)\nend\ngreeting = 1\n", "bad.lua")
    assert ockam("script", "check", good).code == 0
    r = ockam("script", "check", bad)
    assert r.code == 0 and f"{bad}:2: warning: nobody defines the global greting (did you mean greeting?)" in r.out
    problems = ockam("script", "check", bad, "--output", "json").json
    assert [(p["line"], p["severity"]) for p in problems] == [(2, "warning"), (3, "warning")]
    r = ockam("script", "check", script("function on_message(m)\n", "cut.lua"))
    assert r.code == 70 and "cut.lua:2: 'end' expected" in r.out


def test_the_prompt_evaluates_lines_inside_a_node(n1, run, ockam):
    lines = "r = request('/service/uppercase', 'kept')\nr.text\n1 + 1\nrequest('/service/uppercase', 'hi').text\nfor i = 1, 2 do\nprint(i)\nend\nx = {a = {1}}\nx\n"
    r = run("ockam", "script", "repl", "--at", "n1", stdin=lines)
    assert r.code == 0 and r.out == 'KEPT\n2\nHI\n1\n2\n{"a":[1]}\n', r
    r = run("ockam", "script", "repl", "--at", "n1", stdin="error('no')\nwhile true do end\n'still here'\n")
    assert r.code == 70 and "line:1: no" in r.err and "it ran for more instructions" in r.err and r.out == "still here\n"
    r = run("ockam", "script", "repl", "--at", "n1", "--output", "json", stdin="1, 'a'\n")
    assert json.loads(r.out) == {"results": ["1", "a"]}
    assert not [s for s in ockam("service", "list", "--at", "n1", "--output", "json").json if s["type"] == "repl"], "nothing is left"


def test_a_prompt_that_is_killed_leaves_nothing(ockam, env, programs, home):
    def prompts():
        return [s for s in ockam("service", "list", "--at", "n1", "--output", "json").json if s["type"] == "repl"]

    assert ockam("node", "create", "n1").code == 0
    with subprocess.Popen([programs / "ockam", "script", "repl", "--at", "n1"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
        p.stdin.write(b"1 + 1\n")
        p.stdin.flush()
        assert p.stdout.readline() == b"2\n" and len(prompts()) == 1
        assert "repl" not in (home / "nodes" / "n1" / "node.ini").read_text(), "it is no part of the node"
        p.kill()
    wait_until(lambda: not prompts(), "its worker has ended", 5)


def test_a_prompt_serves_nobody_from_outside(n1, ockam):
    assert ockam("service", "start", "repl", "--addr", "prompt", "--at", "n1").code == 0
    with n1.peer() as p:
        m = p.ask(["prompt"], b"\x031+1", extras={"ockam_report": "1"})
        assert b"results" not in m.payload and m.extras.get("ockam_undeliverable") == "refused"
