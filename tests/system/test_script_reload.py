# SPDX-License-Identifier: Apache-2.0
"""Scripts that are loaded again when their file is another one: whoever changes it and however, with the state of the one
before, which stays when the new one is no good."""

import os

import pytest
from processes import wait_until
from scripts import ECHO, counters, n1, say, script, shown, start  # noqa: F401: fixtures

ASKED = "options.text('greeting') "
COUNTING = """
  local n = 0
  function on_start(state) n = state or 0 end
  function on_reload() return n end
  function on_message(m) n = n + 1 m:reply(n) end
"""


def test_a_changed_file_is_loaded_again_with_the_state_of_the_one_before(n1, script, start, say, counters):
    start(script("local n = 0 function on_message(m) n = n + 1 m:reply('old ' .. n) end function on_reload() return {n = n} end"))
    assert say().out == "old 1\n"
    script("local n = 0 function on_start(state) n = state and state.n or 0 end function on_message(m) n = n + 1 m:reply('new ' .. n) end")
    wait_until(lambda: say().out.startswith("new"), "the new one answers")
    assert int(say().out.split()[1]) >= 3, "the state was carried over"
    assert counters()["reloads"] == 1
    wait_until(lambda: "loaded x.lua again" in n1.errors(), "the line is there")


def test_the_old_one_stays_when_the_new_one_does_not_load(n1, script, start, say, counters):
    start(script(ECHO))
    script("function on_message(m)\n  m:reply(\nend")
    wait_until(lambda: counters().get("reloads-failed") == 1, "the new one is refused")
    assert say().out == "hi\n"
    wait_until(lambda: "x.lua:3: unexpected symbol near 'end'; the script before it stays" in n1.errors(), "the line is there")
    script("function on_message(m) m:reply('better') end")
    wait_until(lambda: say().out == "better\n", "a better one is taken")


def test_a_new_one_that_does_not_load_does_nothing_to_the_old_one(n1, script, start, say, counters):
    """Its top runs beside the old one: it may not use the worker that is the other's."""
    start(script("function on_message(m) local r = request('/service/uppercase', m.text, 5) m:reply(r.text) end"))
    script("after(0.01, function() end) function on_message(m) end")
    wait_until(lambda: counters().get("reloads-failed") == 1, "the new one is refused")
    wait_until(lambda: "the script has no address yet" in n1.errors(), "the line is there: the log has a thread of its own")
    script("count('x') error('no')")
    wait_until(lambda: counters().get("reloads-failed") == 2, "that one as well")
    with n1.peer() as p:
        for text in (b"a", b"b", b"c"):
            p.send(["x"], b"\x01" + text)
        assert sorted(p.receive().payload for _ in range(3)) == [b"\x01A", b"\x01B", b"\x01C"]


def test_what_waits_when_the_script_is_replaced_is_told_and_holds_up_nobody(n1, script, start, ockam):
    start(script("function on_message(m) m:keep() end", "silent.lua"), addr="silent")
    start(script("function on_message(m) m:reply(request('silent', 'x', 30).text) end"))
    with n1.peer() as p:
        for _ in range(4):
            p.send(["x"], bytes(400_000), extras={"ockam_report": "1"})
        silent = lambda: ockam("worker", "show", "silent", "--at", "n1", "--output", "json").json
        wait_until(lambda: silent()["messages_in"] > 0, "they are on their way")
        script("function on_message(m) m:reply('new') end")
        told = [p.receive() for _ in range(4)]
        assert any("replaced" in m.extras.get("ockam_detail", "") for m in told), [m.extras for m in told]
        assert p.ask(["echo"], b"goes on").payload == b"goes on"


def answers(text):
    return f"function on_message(m) m:reply('{text}') end\n"


def link_over(target, link):
    """A symbolic link in place of what is there, at one moment."""
    fresh = link.with_name(link.name + ".new")
    os.symlink(target, fresh)
    os.replace(fresh, link)


def in_place(d):
    (d / "x.lua").write_text(answers("old"))
    yield
    (d / "x.lua").write_text(answers("new"))
    yield


def link_to_another_file(d):
    (d / "1.lua").write_text(answers("old"))
    link_over("1.lua", d / "x.lua")
    yield
    (d / "2.lua").write_text(answers("new"))
    link_over("2.lua", d / "x.lua")
    yield


def kubernetes(d):
    """A mounted ConfigMap: files are links through `..data`, which is exchanged as a whole."""
    for i, text in enumerate(("old", "new")):
        (d / f"..{i}").mkdir()
        (d / f"..{i}/x.lua").write_text(answers(text))
        link_over(f"..{i}", d / "..data")
        if i == 0:
            link_over("..data/x.lua", d / "x.lua")
        else:
            (d / "..0/x.lua").unlink()
        yield


def release_directories(d):
    """The directory of the file is another one: `git checkout`, a deployment."""
    for text in ("old", "new"):
        (d / "next").mkdir()
        (d / "next/x.lua").write_text(answers(text))
        if (d / "current").exists():
            (d / "current").rename(d / "before")
        (d / "next").rename(d / "current")
        if not (d / "x.lua").exists():
            link_over("current/x.lua", d / "x.lua")
        yield


@pytest.mark.parametrize("way", [in_place, link_to_another_file, kubernetes, release_directories])
def test_a_change_is_seen_however_it_is_made(n1, home, start, say, way):
    steps = way(home)
    next(steps)
    start(home / "x.lua")
    assert say().out == "old\n"
    next(steps)
    wait_until(lambda: say().out == "new\n", "the new one answers")


def test_a_file_that_is_written_slowly_is_loaded_once(n1, home, script, start, say, counters):
    start(script(ECHO))
    with open(home / "x.lua", "w") as f:  # half of it would not load
        for part in ("function on_message(m)\n", "  m:reply(", "'whole')\n", "end\n"):
            f.write(part)
            f.flush()
    wait_until(lambda: say().out == "whole\n", "the new one answers")
    assert counters() == {"reloads": 1}


def test_a_file_that_goes_and_comes_back_the_same_changes_nothing(n1, home, script, start, say, counters):
    start(script(COUNTING))
    assert say().out == "1\n"
    (home / "x.lua").rename(home / "away.lua")
    (home / "away.lua").rename(home / "x.lua")
    script("function on_message(m) m:reply('other') end")
    wait_until(lambda: say().out == "other\n", "another one is seen")
    assert counters()["reloads"] == 1


@pytest.mark.parametrize("bad, why", [
    (ASKED + "function on_start(state) error('boom ' .. state) end " + ECHO, "boom 2"),
    (ASKED + "function on_start() every(0.01, function() log.error('never') end) local x = nil .. 'x' end " + ECHO, "attempt to concatenate a nil value"),
    (ASKED + "function on_start() while true do end end " + ECHO, "it ran for more instructions"),
    ("options.number('greeting') " + ECHO, 'option greeting: "Hi" is not a number'),
    (ECHO, "no option named greeting"),
    ("x = ", "unexpected symbol"),
    ("x = 1", "it defines no on_message"),
], ids=["on_start", "on_start-with-timer", "on_start-loops", "option-of-another-type", "option-not-asked-for", "syntax", "no-on_message"])
def test_one_that_cannot_start_leaves_the_one_before_with_its_state(n1, script, start, say, counters, bad, why):
    start(script(ASKED + COUNTING), "greeting=Hi")
    assert [say().out for _ in range(2)] == ["1\n", "2\n"]
    script(bad)
    wait_until(lambda: counters().get("reloads-failed") == 1, "the new one is refused")
    assert say().out == "3\n"
    wait_until(lambda: why in n1.errors() and "; the script before it stays" in n1.errors(), "the line is there")
    script("options.text('greeting') -- better\n" + COUNTING)
    wait_until(lambda: counters().get("reloads") == 1, "a better one is taken")
    assert say().out == "4\n", "with the state"
    assert "never" not in n1.errors(), "what the bad one began has ended with it"


def test_what_the_one_before_has_under_way_goes_on_when_the_new_one_cannot_start(n1, script, start, counters):
    start(script("function on_message(m) m:keep() end", "silent.lua"), addr="silent")
    start(script("""
      local kept, ticks = nil, 0
      function on_start() every(0.01, function() ticks = ticks + 1 if kept and ticks > 5 then kept:reply('kept') kept = nil end end) end
      function on_reload() ticks = 0 end
      function on_message(m)
        if m.text == 'keep' then kept = m:keep()
        elseif m.text == 'ask' then m:reply(tostring(request('silent', 'x', 2)))
        end
      end"""))
    with n1.peer() as p:
        p.send(["x"], b"\x03ask")
        script("function on_start() error('boom') end " + ECHO)
        wait_until(lambda: counters().get("reloads-failed") == 1, "the new one is refused")
        p.send(["x"], b"\x04keep")
        assert sorted(p.receive().payload for _ in range(2)) == [b"\x03nil", b"\x04kept"]


def test_a_state_that_is_none_is_said_and_the_new_one_begins_without(n1, script, start, say, counters):
    start(script("function on_reload() return {f = print} end " + ECHO))
    script("function on_start(state) s = type(state) end function on_message(m) m:reply(s) end")
    wait_until(lambda: say().out == "nil\n", "the new one answers")
    wait_until(lambda: "on_reload: a function cannot be written" in n1.errors(), "the line is there")
