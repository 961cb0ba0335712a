# SPDX-License-Identifier: Apache-2.0
"""Services in shared objects: they answer, they are refused with a reason, and what they do wrong takes
nothing else down. tests/plugins/ has the plugins."""

import json
import re
import shutil
import subprocess
import time

import pytest

from processes import wait_until


@pytest.fixture
def plugins(programs):
    return programs / "plugins"


@pytest.fixture
def n1(node):
    return node("n1")


def start(ockam, file, *options, addr="p"):
    pairs = [a for o in options for a in ("--option", o)]
    return ockam("service", "start", "plugin", "--addr", addr, "--file", file, *pairs, "--at", "n1")


def say(ockam, text, addr="p", timeout="5s"):
    return ockam("message", "send", text, "--timeout", timeout, "--to", f"/node/n1/service/{addr}")


def addresses(ockam):
    return [w["addr"] for w in json.loads(ockam("worker", "list", "--at", "n1", "--output", "json").out)]


def test_a_plugin_of_the_configuration_answers(node, ockam, plugins, home):
    shutil.copy(plugins / "moody.so", home / "moody.so")
    node("n1", config="[node]\nname = n1\n[service p]\nplugin = moody.so\nprefix = very\ninstances = 2\n")
    assert say(ockam, "good").out.strip() == "verygood"
    shown = json.loads(ockam("worker", "show", "p", "--at", "n1", "--output", "json").out)
    assert (shown["type"], shown["thread"], shown["instances"]) == ("plugin", "pool", 2)
    assert shown["messages_in"] == 1 and shown["counters"] == {"asked": 1}


def test_a_plugin_of_the_prompt_answers_and_is_shown(n1, ockam, plugins):
    began = time.monotonic()
    started = start(ockam, plugins / "moody.so", "prefix=<", "times=2")
    assert started.code == 0, started
    assert time.monotonic() - began < 5
    assert say(ockam, "x").out.strip() == "<x<x"
    shown = ockam("worker", "show", "p", "--at", "n1")
    assert json.loads(shown.out)["messages_out"] == 1, shown
    assert ockam("service", "stop", "p", "--at", "n1").code == 0
    assert "p" not in addresses(ockam)


@pytest.mark.parametrize("thread", ["pool", "socket"])
def test_a_service_that_uses_caf_itself(n1, ockam, plugins, thread):
    assert start(ockam, plugins / "actor_user.so", f"thread={thread}").code == 0
    assert say(ockam, "12").out.strip() == "144"


@pytest.mark.parametrize("file, cause", [
    ("nothere.so", "there is no file"),
    ("plain_library.so", "it does not say what it was built for"),
    ("no_entry.so", "it does not export ockam_plugin"),
    ("wrong_entry.so", "its ockam_plugin is no ockam::plugin"),
    ("missing_symbol.so", "undefined symbol"),
    ("makes_none.so", "its factory made none"),
    (".", "it is not a file"),
])
def test_what_is_not_a_plugin_of_this_node_is_refused(n1, ockam, plugins, file, cause):
    refused = start(ockam, plugins / file)
    assert refused.code == 70 and cause in refused.err, refused
    assert "p" not in addresses(ockam)
    assert say(ockam, "hello", addr="echo").out.strip() == "hello"


def test_a_text_file_is_not_a_plugin(n1, ockam, home):
    (home / "text.so").write_text("this is text\n")
    refused = start(ockam, home / "text.so")
    assert refused.code == 70 and "cannot load" in refused.err, refused


@pytest.mark.parametrize("option, cause", [
    ("start=throw", "on_start was told to throw"),
    ("throw-in-constructor=yes", "the constructor was told to throw"),
    ("times=many", 'option times: "many" is not a whole number from 1 to 10'),
    ("prefx=<", "this service has no option named prefx"),
    ("start=badly", 'option start: "badly" is not one of: well, throw, loop'),
    ("instances=0", "option instances"),
    ("restart=sometimes", "option restart"),
])
def test_what_does_not_start_leaves_nothing(n1, ockam, plugins, option, cause):
    failed = start(ockam, plugins / "moody.so", option)
    assert failed.code == 70 and cause in failed.err, failed
    assert "p" not in addresses(ockam)
    assert start(ockam, plugins / "moody.so").code == 0


def test_a_name_that_is_taken(n1, ockam, plugins):
    taken = start(ockam, plugins / "moody.so", addr="echo")
    assert taken.code == 70 and "already exists at 0#echo" in taken.err, taken


def test_a_handler_that_throws_ends_its_service_only(n1, ockam, plugins):
    start(ockam, plugins / "moody.so")
    told = say(ockam, "throw")
    assert told.code == 70 and "the service at 0#p on node n1 failed" in told.err, told
    assert "the log of node n1 says why: ockam node logs n1" in told.err and "told to throw" not in told.err, told
    assert "p" not in addresses(ockam)
    wait_until(lambda: "0#p failed: told to throw" in n1.errors(), "the line is there")
    assert say(ockam, "hello", addr="echo").out.strip() == "hello"


@pytest.mark.parametrize("thread", ["pool", "socket"])
def test_a_handler_that_answers_twice_ends_its_service_only(n1, ockam, plugins, thread):
    start(ockam, plugins / "moody.so", "restart=on-failure", f"thread={thread}")
    assert say(ockam, "answer twice").out.strip() == "first"
    wait_until(lambda: "0#p failed: reply: there is no message; it is null, or was answered or passed on before" in n1.errors(), "the line is there")
    assert say(ockam, "again").out.strip() == "again"
    shown = json.loads(ockam("worker", "show", "p", "--at", "n1", "--output", "json").out)
    assert (shown["restarts"], shown["failed"]) == (1, 1)


def test_one_that_is_to_be_restarted_is_back_at_once(n1, ockam, plugins):
    start(ockam, plugins / "moody.so", "restart=on-failure")
    assert say(ockam, "throw").code == 70
    assert say(ockam, "again").out.strip() == "again"
    shown = json.loads(ockam("worker", "show", "p", "--at", "n1", "--output", "json").out)
    assert (shown["restarts"], shown["failed"]) == (1, 1)


def test_one_that_loops_is_named_and_the_node_serves_on(node, ockam, plugins):
    # It cannot be ended: the node is cut off at its deadline, with the code that says so.
    n1 = node("n1", "--watchdog", "200ms", expected=(75,))
    start(ockam, plugins / "moody.so")
    assert say(ockam, "loop", timeout="1s").code == 70
    wait_until(lambda: "worker 0#p has not returned for" in n1.errors(), "the watchdog has named it")
    shown = json.loads(ockam("node", "show", "n1", "--output", "json").out)
    assert [w["addr"] for w in shown["overdue"]] == ["0#p"]
    shown = json.loads(ockam("worker", "show", "p", "--at", "n1", "--output", "json").out)
    assert shown["overruns"] == 1 and shown["busy_ms"] >= 200
    assert say(ockam, "hello", addr="echo").out.strip() == "hello"


def test_one_that_loops_keeps_nobody_else_waiting_and_who_waits_for_it_is_told(node, ockam, plugins):
    """Not that the node does not answer: it does."""
    node("n1", "--watchdog", "200ms", "--threads", "1", expected=(75,))
    assert start(ockam, plugins / "moody.so").code == 0
    assert start(ockam, plugins / "moody.so", addr="q").code == 0
    assert say(ockam, "loop", timeout="1s").code == 70
    assert say(ockam, "x", addr="q").out == "x\n"
    assert start(ockam, plugins / "moody.so", addr="r").code == 0
    for r in (say(ockam, "x", timeout="500ms"), say(ockam, "x", addr="hop/service/p", timeout="500ms")):
        assert r.code == 70 and re.search(r"no reply within \d+ ms: worker 0#p has not returned for", r.err), r


def test_one_that_loops_on_the_socket_thread_is_named(node, ockam, plugins):
    n1 = node("n1", "--watchdog", "200ms", expected=(-9,))
    assert start(ockam, plugins / "moody.so", "thread=socket").code == 0
    assert say(ockam, "loop", timeout="1s").code != 0
    wait_until(lambda: "it holds up the whole node" in n1.errors(), "the watchdog has named it")
    n1.kill()


@pytest.mark.parametrize("keys, cause", [
    ("plugin = {plugins}/plain_library.so", "it does not say what it was built for"),
    ("plugin = {plugins}/makes_none.so", "its factory made none"),
    ("plugin = {plugins}/moody.so\nthrow-in-constructor = yes", "the constructor was told to throw"),
])
def test_a_check_of_the_configuration_says_what_a_start_says(run, config_file, plugins, keys, cause):
    path = config_file("[node]\nname = n1\n[service p]\n" + keys.format(plugins=plugins) + "\n[service q]\ntype = ehco\n")
    checked = run("ockam-node", "--config", path, "--check-config")
    assert checked.code == 78 and cause in checked.err and "did you mean echo?" in checked.err, checked


def test_a_wrong_section_is_named_with_its_line(run, config_file):
    path = config_file("[node]\nname = n1\n[service p]\nplugin = nothere.so\ninstances = none\n[service echo]\nloud = yes\n"
                       "[service q]\ntype = plugin\n")
    checked = run("ockam-node", "--config", path, "--check-config")
    assert checked.code == 78, checked
    for line, cause in ((4, "there is no file"), (5, "option instances"), (7, "has no key loud"), (8, "needs a file")):
        assert f"{path}:{line}: " in checked.err and cause in checked.err, checked


def test_a_node_whose_service_never_starts_ends_with_the_reason(env, programs, plugins, home):
    config = home / "n1.ini"
    config.write_text(f"[node]\nname = n1\n[service p]\nplugin = {plugins / 'moody.so'}\nstart = loop\n")
    ended = subprocess.run([programs / "ockam-node", "--config", config], env=env, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 75
    assert "0#p" in ended.stderr and "did not start" in ended.stderr
