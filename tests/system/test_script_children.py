# SPDX-License-Identifier: Apache-2.0
"""Scripts that start scripts and services: what they start has nothing that they have not, and ends with them, however they
end."""

import pytest
from processes import wait_until
from scripts import ECHO, counters, n1, say, script, shown, start  # noqa: F401: fixtures

#: Starts what it is told to, `KEY=VALUE KEY=VALUE`, and answers with the address or why there is none.
BOSS = """
  function on_message(m)
    if m.text == 'exit' then exit() return m:reply('bye') end
    if m.text == 'fail' then exit('told to') return m:reply('bye') end
    if m.text == 'loop' then while true do end end
    local stopped = m.text:match('^stop (.*)')
    if stopped then stop(stopped) return m:reply('stopped') end
    local what = {}
    for k, v in m.text:gmatch('([%w-]+)=(%S+)') do what[k] = v end
    local address, why = spawn(what)
    m:reply(address or why)
  end
"""
WORKER = "local greeting = options.text('greeting', 'Hello') function on_message(m) m:reply(greeting .. ' from ' .. service.address .. ' of ' .. service.parent) end\n"


@pytest.fixture
def workers(ockam):
    """Addresses of workers below `x`."""
    return lambda: [w["addr"] for w in ockam("worker", "list", "--at", "n1", "--output", "json").json if w["addr"].startswith("x.")]


@pytest.fixture
def boss(n1, script, start):
    def go(*options, text=BOSS, worker=WORKER):
        script(worker, "worker.lua")
        r = start(script(text), *options)
        assert r.code == 0, r
        return n1

    return go


def test_a_script_starts_scripts_and_services_below_its_own_address(boss, say, shown):
    n = boss()
    assert say("script=worker.lua name=w1 greeting=Hi").out == "x.w1\n"
    assert say("script=worker.lua").out == "x.1\n"
    assert say("type=uppercase name=up").out == "x.up\n"
    assert shown("x.w1")["thread"] == "pool" and shown("x.up")["thread"] == "socket"
    assert say(addr="x.w1").out == "Hi from x.w1 of x\n"
    with n.peer() as p:
        told = p.ask(["x.w1"], b"\x02hi", extras={"ockam_report": "1"})
        assert told.extras["ockam_undeliverable"] == "refused", "peers ask the service, and not what it has started"


def test_a_child_answers_its_parent_and_whoever_is_here(n1, script, start, say):
    script(WORKER, "worker.lua")
    start(script("local c function on_start() c = spawn('worker.lua') end function on_message(m) m:reply(request(c, 'x').text) end"))
    assert say().out == "Hello from x.1 of x\n"


@pytest.mark.parametrize("what,why", [
    ("script=../x.lua", "is not in the folder of the script that starts it"),
    ("script=/etc/passwd", "is not in the folder of the script that starts it"),
    ("script=link.lua", "is not in the folder of the script that starts it"),
    ("script=below/../../y.lua", "in the folder of the script that starts it"),
    ("script=nothere.lua", "there is no file nothere.lua"),
    ("script=broken.lua", "broken.lua:1: "),
    ("script=dies.lua", "dies.lua:1: not today"),
    ("script=worker.lua greeting=1 colour=red", "no option named colour"),
    ("script=worker.lua name=a.b", "the name of a child"),
    ("script=worker.lua name=" + "x" * 65, "the name of a child"),
    ("script=worker.lua type=echo", "either script = FILE or type = TYPE"),
    ("name=w1", "either script = FILE or type = TYPE"),
    ("script=worker.lua trusted=yes", "a child has no trusted of its own"),
    ("script=worker.lua thread=socket", "a child has no thread of its own"),
    ("script=worker.lua allow-to=local", "a child has no allow-to of its own"),
    ("script=worker.lua instances=10", "a child has no instances of its own"),
    ("script=worker.lua instructions=2000000", "a child may have no more of it than its parent"),
    ("script=worker.lua time=2h", "1h"),
    ("script=worker.lua budget=32MiB", "a child may have no more of it than its parent"),
    ("script=worker.lua allow=io", "a child may use no more than its parent"),
    ("script=worker.lua restart=maybe", "restart"),
    ("type=plugin plugin=evil.so", "cannot be started by a script"),
    ("type=script", "cannot be started by a script"),
    ("type=repl", "cannot be started by a script"),
    ("type=nothing", "there is no service type named nothing"),
    ("type=echo allow-from=local", "may what its parent may"),
])
def test_what_a_child_may_not_be(boss, script, home, say, workers, what, why):
    script("x = = 1", "broken.lua")
    script("error('not today')", "dies.lua")
    (home / "link.lua").symlink_to("/etc/hostname")
    (home / "below").mkdir()
    boss("instructions=1000000")
    r = say(what)
    assert why in r.out + r.err, r
    assert workers() == []
    assert say("script=worker.lua name=w1").out == "x.w1\n"
    assert "already exists" in say("type=echo name=w1").out


@pytest.mark.parametrize("end", ["stop", "exit", "fail", "reload", "kill the child's parent"])
def test_what_a_script_has_started_ends_with_it(boss, script, say, workers, ockam, end):
    n = boss("restart=on-failure" if end == "fail" else "restart=never", text=BOSS)
    script(BOSS, "sub.lua")
    assert say("script=sub.lua name=a").out == "x.a\n" and say("type=echo name=b").out == "x.b\n"
    with n.peer() as p:  # through a hop one reaches every worker
        assert ockam("service", "start", "hop", "--at", "n1").code == 0
        assert p.ask(["hop", "x.a"], b"\x1cscript=worker.lua name=below").payload == b"\x09x.a.below"
    assert sorted(workers()) == ["x.a", "x.a.below", "x.b"]
    if end == "stop":
        assert ockam("service", "stop", "x", "--at", "n1").code == 0
    elif end == "reload":
        script(BOSS + "-- another one\n")
    elif end == "kill the child's parent":
        say("stop x.a")
        wait_until(lambda: workers() == ["x.b"], "x.a has ended, and what it has started")
        return
    else:
        say(end)
    wait_until(lambda: workers() == [], "they have ended")
    if end in ("fail", "reload"):
        assert say("script=worker.lua name=a").out == "x.a\n", "the name is free"


def test_only_its_own_children_are_a_scripts_to_stop(boss, say, ockam):
    boss()
    say("stop echo")
    assert say("script=worker.lua name=w").out == "x.w\n"
    assert ockam("message", "send", "still here", "--to", "/node/n1/service/echo").out == "still here\n"


def test_children_may_be_many_but_not_any_number(n1, script, start, say, workers):
    start(script("""
      function on_message(m)
        if m.text == 'scripts' then return m:reply(tostring(spawn('many.lua'))) end
        local n, why = 0
        repeat local c, w = spawn{type = 'echo'} why = w if c then n = n + 1 end until not c
        m:reply(n .. ' ' .. why)
      end"""))
    said = say(timeout="30s").out
    assert said.startswith("1000 ") and "too many children" in said
    assert len(workers()) == 1000


def test_a_script_that_starts_itself_for_ever_ends_at_a_depth(n1, script, start, workers):
    start(script("function on_start() local c, why = spawn('x.lua') if not c then print('no further: ' .. why) end end function on_message(m) end"))
    wait_until(lambda: "no further: " in n1.errors(), "the last one was refused")
    assert "8 generations above it" in n1.errors()
    assert len(workers()) == 8


def test_the_memory_of_children_is_that_of_their_parent(n1, script, start, say, shown, workers):
    script("t = {} for i = 1, 20000 do t[i] = 'value ' .. i end function on_message(m) end", "fat.lua")
    start(script("""
      function on_message(m)
        local n, why = 0
        repeat local c, w = spawn{script = 'fat.lua', instructions = 1000000} why = w if c then n = n + 1 end until not c
        m:reply(n .. ' ' .. why)
      end"""), "budget=8MiB")
    said = say(timeout="30s").out
    assert "budget of 8MiB" in said or "memory is used up" in said, said
    assert 1 <= int(said.split()[0]) <= 8
    assert shown()["memory"]["used"] <= 8 << 20 and shown("x.1")["memory"] == shown()["memory"]


def test_the_rate_of_children_is_that_of_their_parent(boss, say, counters):
    boss("rate=10", text="""
      function on_message(m)
        local a, b, told = spawn('worker.lua'), spawn('worker.lua'), 0
        for i = 1, 20 do
          local r, why = request(i % 2 == 0 and a or b, 'x')
          if not r and why:find('over the rate of 10 messages a second') then told = told + 1 end
        end
        m:reply(told)
      end""")
    assert 10 <= int(say().out) <= 18
    assert counters("x.1")["over-rate"] > 0 and counters("x.2")["over-rate"] > 0


def test_the_log_of_children_is_that_of_their_parent(n1, script, start, say):
    script("function on_message(m) for i = 1, 20 do print(('x'):rep(4000)) end m:reply() end", "loud.lua")
    start(script("function on_message(m) for i = 1, 4 do request(spawn('loud.lua'), 'x') end m:reply() end"))
    assert say().code == 0
    wait_until(lambda: "x.1: xxxx" in n1.errors(), "the line is there")
    assert len(n1.errors()) < 3 * (64 << 10), "64 KiB a second, of all of them"


def test_a_child_ends_with_an_error_and_a_service_goes_on_unless_it_is_told_otherwise(boss, script, start, say, workers, ockam):
    boss(text="local c function on_start() c = spawn{script = 'worker.lua', name = 'w'} end function on_message(m) local r, why = request(c, 'x') m:reply(why) end",
         worker="function on_message(m) error('oh') end")
    assert "worker.lua:1: oh" in say().out
    wait_until(lambda: workers() == [], "it has ended")
    y = script("function on_message(m) error('oh') end", "y.lua")
    for option, there in (("on-error=go-on", True), ("on-error=end", False)):
        assert start(y, option, addr="y").code == 0
        assert "y.lua:1: oh" in say(addr="y").err
        if there:
            assert "y.lua:1: oh" in say(addr="y").err
            assert ockam("service", "stop", "y", "--at", "n1").code == 0
        else:
            wait_until(lambda: "there is no worker" in say(addr="y").err, "it has ended")


# -- state over a restart --------------------------------------------------------------------------------


KEEPING = """
  local n = 0
  function on_start(state) n = state and state.n or 0 end
  function on_message(m)
    n = n + 1
    save{n = n}
    if m.text == 'die' then error('half way') end
    if m.text == 'fail' then exit('told to') end
    if m.text == 'big' then save(('x'):rep(2 << 20)) end
    if m.text == 'function' then save{f = print} end
    m:reply(n)
  end
"""


def test_what_was_saved_is_there_after_a_restart(n1, script, start, say, shown):
    start(script(KEEPING), "restart=on-failure", "on-error=end")
    assert [say().out, say().out] == ["1\n", "2\n"]
    say("fail")
    wait_until(lambda: shown()["restarts"] == 1, "it is started again")
    assert say().out == "4\n"


def test_a_handler_that_fails_has_saved_nothing(n1, script, start, say, shown):
    start(script(KEEPING), "restart=on-failure", "on-error=end")
    assert [say().out, say().out] == ["1\n", "2\n"]
    for i, text in enumerate(("die", "big", "function")):
        assert say(text).code == 70
        wait_until(lambda: shown()["restarts"] == i + 1 and shown()["state"] == "running", "it is started again")
        wait_until(lambda: say().out == f"{i + 3}\n", "as the last handler that returned has left it")
