# SPDX-License-Identifier: Apache-2.0
"""Bytes that are no text, and text that drives a terminal: in names, options, errors and replies."""

import json

import pytest

from processes import on_a_terminal

#: In an argument of a process: the byte 0xff.
FF = "\udcff"
RED = "a\033[31mb\u009b2Jc"
RED_ESCAPED = "a\\x1b[31mb\\xc2\\x9b2Jc"


@pytest.fixture
def n1(ockam):
    assert ockam("node", "create", "n1").code == 0


@pytest.fixture
def script(home):
    def write(text, name="s.lua"):
        (home / name).write_bytes(text)
        return home / name

    return write


def test_names_may_be_any_bytes(n1, ockam):
    assert ockam("service", "start", "hop", "--addr", "h" + FF).code == 0
    assert "h\\xff" in [s["addr"] for s in ockam("service", "list").json]
    assert "h\\xff" in [w["addr"] for w in ockam("worker", "list", "--output", "json").json]
    assert "Worker h\\xff\n" in ockam("worker", "list").out
    assert ockam("worker", "show", "h" + FF).json["addr"] == "h\\xff"
    assert any(s["addr"] == "h\\xff" for s in ockam("node", "show", "n1").json["services"])
    assert ockam("service", "stop", "h" + FF).code == 0
    assert "h\\xff" not in ockam("worker", "list").out


def test_a_list_of_workers_ends_whatever_they_are_called(n1, ockam):
    for name in ("\x01", FF, "~", "\\x01"):
        assert ockam("service", "start", "echo", "--addr", name).code == 0
    found = [w["addr"] for w in ockam("worker", "list", "--output", "json").json]
    assert len(found) == len(ockam("worker", "list").out.splitlines()) and {"\x01", "\\xff", "~"} <= set(found)


@pytest.mark.parametrize("words", [
    ("service", "start", FF), ("service", "start", "hop", "--addr", "x", "--option", f"{FF}=a"), ("service", "start", "script", "--addr", "x", "--file", f"/nowhere/{FF}.lua"),
    ("worker", "show", FF), ("service", "stop", FF), ("tcp-listener", "create", FF), ("tcp-listener", "delete", FF, "-y"),
    ("tcp-connection", "create", "--to", f"{FF}:1"), ("tcp-connection", "delete", FF, "-y"),
    ("flow-control", "add-consumer", FF, "/service/echo")])
def test_what_is_wrong_with_them_is_said(n1, ockam, words):
    ockam("tcp-connection", "create", "--to", ockam("node", "show").json["transports"][0]["socket_addr"])
    r = ockam(*words)
    assert r.code == 70 and "\\xff" in r.err and "closed the control connection" not in r.err, r
    j = json.loads(ockam(*words, "--output", "json").err)
    assert "\\xff" in j["error"]["cause"] + j["error"]["hint"]


def test_values_of_options_may_be_any_bytes(n1, ockam, home):
    (home / "o.lua").write_text('local v = options.text("v", "") function on_message(m) m:reply(v) end')
    assert ockam("service", "start", "script", "--addr", "s", "--file", home / "o.lua", "--option", f"v=a{FF}").code == 0
    assert ockam("message", "send", "x", "--to", "/node/n1/service/s", "--output", "json").json["hex"] == "0261ff"


@pytest.mark.parametrize("words", [("trace", f"/service/{FF}"), ("ping", f"/service/{FF}"), ("message", "send", "x", "--to", f"/service/{FF}")])
def test_routes_are_text(ockam, words):
    r = ockam(*words)
    assert r.code == 64 and "\\xff" in r.out, r


@pytest.mark.parametrize("text", [b'function on_start() error("caf\\xe9 \\27[31m") end function on_message(m) end', b'error("caf\xe9 \033[31m")',
                                  b'local x = "\xe9t\xe9\nfunction on_message(m) end'])
def test_errors_of_scripts(n1, ockam, script, text):
    r = ockam("service", "start", "script", "--addr", "s", "--file", script(text))
    assert r.code == 70 and "\\xe9" in r.err and "\033" not in r.err, r
    r = ockam("script", "check", script(text))
    assert "\033" not in r.out + r.err


def test_errors_of_a_node_that_does_not_start(ockam, run, script, home):
    path = script(b'error("caf\xe9 \033[31m")')
    r = ockam("node", "create", f"{{name: n1, services: {{s: {{script: {path}}}}}}}")
    assert r.code == 70 and "caf\\xe9 \\x1b[31m" in r.err, r
    (home / "n2.ini").write_text(f"[node]\nname = n2\n[service s]\nscript = {path}\n")
    r = run("ockam-node", "--config", home / "n2.ini")
    assert r.code != 0 and "caf\\xe9" in r.err and "\033" not in r.err, r


def test_errors_of_handlers(n1, ockam, script):
    ockam("service", "start", "script", "--addr", "s", "--file", script(b'function on_message(m) error("caf\xe9 \\27[31m") end'))
    r = ockam("message", "send", "x", "--to", "/node/n1/service/s")
    assert r.code == 70 and "caf\\xe9 \\x1b[31m" in r.err, r
    assert "caf\\xe9" in json.loads(ockam("message", "send", "x", "--to", "/node/n1/service/s", "--output", "json").err)["error"]["cause"]


def test_a_reply_is_exact_when_piped(n1, ockam, run, env, programs):
    assert ockam("message", "send", RED, "--to", "/node/n1/service/echo").out == RED + "\n"
    assert ockam("message", "send", RED, "--to", "/node/n1/service/echo", "--output", "json").json["reply"] == RED
    j = ockam("message", "send", "a" + FF, "--to", "/node/n1/service/echo", "--output", "json").json
    assert j["reply"] is None and j["hex"] == "0261ff", "what is no text is not made one"


def test_a_terminal_gets_no_escape_sequences(n1, env, programs, ockam):
    terminal = lambda *words: on_a_terminal(programs / "ockam", words, env)[0].replace("\033[32m✔\033[0m", "").replace("\033[31mx\033[0m", "")
    assert terminal("message", "send", RED, "--to", "/node/n1/service/echo") == RED_ESCAPED + "\r\n"
    assert json.loads(terminal("message", "send", RED, "--to", "/node/n1/service/echo", "--output", "json"))["reply"] == RED
    assert ockam("service", "start", "echo", "--addr", RED).code == 0
    for words in (["message", "send", RED, "--to", "/node/n1/service/echo", "--output", "json"], ["worker", "list"], ["service", "list"],
                  ["worker", "show", RED], ["node", "show"], ["node", "show", RED], ["service", "stop", "no" + RED], ["trace", f"/service/{RED}"],
                  ["ping", "-c", "1", f"/service/{RED}"], ["node", "list", "--output", RED], [RED], ["node", "create", RED], ["tcp-listener", "delete", RED]):
        text = terminal(*words)
        assert "\033" not in text and "\u009b" not in text, (words, text)
