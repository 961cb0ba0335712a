# SPDX-License-Identifier: Apache-2.0
"""Services that are CAF actors, in a real node: on its pool and in threads of their own."""

import json
import os
import re

import pytest

from processes import wait_until


@pytest.fixture
def n1(node):
    return node("n1")


def start(ockam, programs, *options, addr="p"):
    pairs = [a for o in options for a in ("--option", o)]
    return ockam("service", "start", "plugin", "--addr", addr, "--file", programs / "plugins/actor_service.so", *pairs, "--at", "n1")


def say(ockam, text, addr="p"):
    return ockam("message", "send", text, "--timeout", "5s", "--to", f"/node/n1/service/{addr}")


def worker(ockam, addr="p"):
    return json.loads(ockam("worker", "show", addr, "--at", "n1", "--output", "json").out)


@pytest.mark.parametrize("thread", ["pool", "socket", "detached"])
@pytest.mark.parametrize("kind", ["function", "blocking"])
def test_an_actor_of_a_plugin_answers_and_stops_with_its_service(n1, ockam, programs, kind, thread):
    assert start(ockam, programs, f"kind={kind}", f"thread={thread}").code == 0
    assert say(ockam, "x").out.strip() == f"{kind} x"
    assert worker(ockam)["messages_out"] == 1
    assert ockam("service", "stop", "p", "--at", "n1").code == 0
    assert "there is no worker" in say(ockam, "x").err


def test_an_option_that_the_actor_does_not_know_is_refused(n1, ockam, programs):
    refused = start(ockam, programs, "kind=other")
    assert refused.code == 70 and "kind" in refused.err, refused
    refused = start(ockam, programs, "colour=blue")
    assert refused.code == 70 and "colour" in refused.err, refused


def test_an_exception_is_told_and_the_actor_goes_on(n1, ockam, programs):
    assert start(ockam, programs, "restart=on-failure").code == 0
    failed = say(ockam, "throw")
    assert failed.code == 70 and "as you wish" in failed.err, failed
    assert say(ockam, "x").out.strip() == "function x"
    assert (worker(ockam)["failed"], worker(ockam)["restarts"]) == (1, 0)


@pytest.mark.parametrize("kind", ["blocking", "blocking-class"])
def test_an_exception_ends_one_that_blocks_and_is_told(n1, ockam, programs, kind):
    """It has left the loop of the actor: there is nothing that could go on."""
    assert start(ockam, programs, f"kind={kind}", "restart=on-failure").code == 0
    failed = say(ockam, "throw")
    assert failed.code == 70 and "as you wish" in failed.err, failed
    assert say(ockam, "x").out.strip() == "blocking x"
    assert worker(ockam)["restarts"] == 1


def test_actors_that_are_published_have_the_manners_of_a_service_where_they_are_spawned_so(n1, ockam, programs):
    assert start(ockam, programs, "kind=publisher").code == 0
    for addr in ("with", "without", "blocks", "class"):
        wait_until(lambda: say(ockam, "x", addr).out.endswith(" x\n"), "it is there")
        failed = say(ockam, "throw", addr)
        assert failed.code == 70 and "as you wish" in failed.err, (addr, failed)
    assert say(ockam, "x", "with").out == "function x\n"
    for addr in ("without", "blocks", "class"):
        wait_until(lambda: "there is no worker" in say(ockam, "x", addr).err, "it has ended")


@pytest.mark.parametrize("thread", ["pool", "detached"])
def test_one_that_never_returns_holds_up_nobody(node, ockam, programs, thread):
    node("n1", "--threads", "1", expected=(75,)) # which is cut off
    assert start(ockam, programs, "kind=stuck", f"thread={thread}").code == 0
    assert start(ockam, programs, addr="other").code == 0
    late = ockam("message", "send", "x", "--timeout", "300ms", "--to", "/node/n1/service/p")
    assert late.code == 70 and "no reply within" in late.err, late
    for _ in range(3):
        assert say(ockam, "x", "other").out.strip() == "function x"


def threads_of(ockam):
    return {w["addr"]: w["thread"] for w in ockam("worker", "list", "--at", "n1", "--output", "json").json}


def test_typed_ones_that_never_return_hold_up_nobody_and_are_named(node, ockam, programs):
    """They are run by the pool as those are that are not typed, not by CAF's own threads, of which there are few."""
    node("n1", "--threads", "1", "--watchdog", "200ms", expected=(75,)) # they are cut off
    for addr in ("a", "b", "other"):
        assert start(ockam, programs, "kind=typed-texts", addr=addr).code == 0
    assert threads_of(ockam)["a"] == "pool"
    for addr in ("a", "b"):
        late = ockam("message", "send", "stay", "--timeout", "300ms", "--to", f"/node/n1/service/{addr}")
        assert late.code == 70 and "no reply within" in late.err, late
    for _ in range(3):
        assert say(ockam, "x", "other").out.strip() == "typed x"
    wait_until(lambda: {w["addr"] for w in ockam("node", "show", "n1", "--output", "json").json["overdue"]} == {"0#a", "0#b"}, "both are named")


def test_lists_say_where_an_actor_runs_and_what_it_is(n1, ockam, programs):
    for addr, options in {"usual": [], "apart": ["thread=socket"], "blocks": ["kind=blocking"], "sockets": ["kind=broker"]}.items():
        assert start(ockam, programs, *options, addr=addr).code == 0
        assert say(ockam, "x", addr).out.endswith(" x\n")
    shown = threads_of(ockam)
    assert {a: shown[a] for a in ("usual", "apart", "blocks", "sockets")} == {
        "usual": "pool", "apart": "scheduler", "blocks": "detached", "sockets": "socket"}
    assert ockam("worker", "show", "apart", "--at", "n1").json["thread"] == "scheduler"


def test_who_asks_one_whose_child_has_ended_is_told(n1, ockam, programs):
    assert start(ockam, programs, "kind=bereaved", "budget=64KiB").code == 0
    for _ in range(3):
        failed = say(ockam, "x" * 40_000)
        assert failed.code == 70 and "the actor that was to answer has ended" in failed.err, failed


def test_the_check_of_a_configuration_refuses_a_thread_of_its_own_to_a_broker(run, config_file, programs):
    section = f"[node]\nname = n1\n[service brk]\nplugin = {programs}/plugins/actor_service.so\nkind = broker\n"
    assert run("ockam-node", "--config", config_file(section), "--check-config").code == 0
    checked = run("ockam-node", "--config", config_file(section + "thread = detached\n"), "--check-config")
    assert checked.code == 78 and "it is a broker" in checked.err and "[service brk]" in checked.err, checked


def test_the_prompt_says_that_a_worker_that_answers_nothing_is_there(n1, ockam, programs):
    assert start(ockam, programs, "kind=silent").code == 0
    late = ockam("message", "send", "x", "--timeout", "300ms", "--to", "/node/n1/service/p")
    assert late.code == 70 and "the worker is there" in late.err and "another implementation" not in late.err, late


def test_one_that_has_failed_is_started_again(n1, ockam, programs):
    assert start(ockam, programs, "restart=on-failure").code == 0
    say(ockam, "fail")
    wait_until(lambda: worker(ockam)["restarts"] == 1, "it has begun again")
    assert say(ockam, "x").out.strip() == "function x"


def test_an_actor_may_have_a_thread_of_its_own(n1, ockam, programs):
    """Whatever it does there holds up nobody, and ends with it."""
    for addr in ("a", "b"):
        assert start(ockam, programs, "kind=thread", "thread=detached", addr=addr).code == 0
    ids = [say(ockam, "x", addr).out.strip() for addr in ("a", "b")]
    assert len({*ids}) == 2 and [say(ockam, "x", addr).out.strip() for addr in ("a", "b")] == ids
    assert {*ids} <= {*os.listdir(f"/proc/{n1.pid}/task")}
    assert worker(ockam, "a")["thread"] == "detached"
    assert [w["thread"] for w in ockam("worker", "list", "--at", "n1", "--output", "json").json if w["addr"] == "b"] == ["detached"]
    for addr in ("a", "b"):
        assert ockam("service", "stop", addr, "--at", "n1").code == 0
    wait_until(lambda: not {*ids} & {*os.listdir(f"/proc/{n1.pid}/task")}, "their threads have ended")


def test_a_detached_actor_comes_back_with_its_node(node, ockam, programs):
    section = f"[service p]\nplugin = {programs}/plugins/actor_service.so\nkind = thread\nthread = detached\n"
    node("n1", config="[node]\nname = n1\n" + section)
    assert worker(ockam)["thread"] == "detached" and say(ockam, "x").out.strip().isdigit()


def test_what_is_no_actor_has_no_thread_of_its_own(n1, ockam, programs, config_file):
    wrong = "only a service that is an actor can have a thread of its own"
    refused = ockam("service", "start", "echo", "--addr", "e", "--option", "thread=detached", "--at", "n1")
    assert refused.code == 70 and wrong in refused.err, refused
    refused = ockam("service", "start", "plugin", "--addr", "m", "--file", programs / "plugins/worker_monitor.so", "--option", "thread=detached", "--at", "n1")
    assert refused.code == 70 and wrong in refused.err, refused
    refused = ockam("service", "start", "script", "--file", config_file("function on_message(m) m:reply() end", "s.lua"), "--addr", "s", "--option", "thread=detached", "--at", "n1")
    assert refused.code == 70 and wrong in refused.err, refused


def test_a_node_ends_at_once_with_a_blocking_actor(n1, ockam, programs):
    assert start(ockam, programs, "kind=blocking").code == 0
    assert ockam("node", "stop", "n1").code == 0
    assert n1.child.wait(5) == 0


def test_the_tree_draws_actors_that_an_actor_has_started_by_spawn_child(n1, ockam, programs):
    assert start(ockam, programs, "kind=family", addr="service").code == 0
    drawn = r"service  plugin actor_service\.so\n.*├─ actor \d+  helper\n.*└─ actor \d+  helper\n"
    wait_until(lambda: re.search(drawn, ockam("worker", "tree", "--at", "n1").out), "it has begun")
    one, = [w for w in ockam("worker", "tree", "--at", "n1", "--output", "json").json["workers"] if w["addr"] == "service"]
    assert [a["name"] for a in one["actors"]] == ["helper", "helper"]
    assert [w["children"] for w in ockam("worker", "list", "--at", "n1", "--output", "json").json if w["addr"] == "service"] == [2]


def test_one_that_sends_to_itself_for_ever_holds_up_nobody(n1, ockam, programs):
    assert start(ockam, programs, "kind=endless").code == 0
    assert start(ockam, programs, addr="other").code == 0
    for _ in range(5):
        assert say(ockam, "x").out.strip() == "endless x"
        assert say(ockam, "x", "other").out.strip() == "function x"
    assert ockam("node", "stop", "n1").code == 0
    assert n1.child.wait(5) == 0


def test_who_does_not_speak_the_interface_of_a_typed_service_is_told(n1, ockam, programs):
    assert start(ockam, programs, "kind=typed").code == 0
    refused = say(ockam, "x")
    assert refused.code == 70 and "the interface of this service, which is (int32) -> (int64)" in refused.err, refused
    assert worker(ockam)["failed"] == 1
