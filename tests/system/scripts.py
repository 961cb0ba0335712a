# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of Lua scripts: a node, a script that is written as an editor does, its start, a message to it, its
counters and its memory."""

import pytest

ECHO = "function on_message(m) m:reply() end\n"


@pytest.fixture
def n1(node):
    return node("n1")


@pytest.fixture
def script(home):
    def write(text, name="x.lua"):
        draft = home / (name + ".new")
        draft.write_text(text)
        draft.rename(home / name)  # as editors do
        return home / name

    return write


@pytest.fixture
def start(ockam):
    def go(file, *options, addr="x"):
        pairs = [a for o in options for a in ("--option", o)]
        return ockam("service", "start", "script", "--addr", addr, "--file", file, *pairs, "--at", "n1")

    return go


@pytest.fixture
def say(ockam):
    def go(text="hi", addr="x", timeout="5s"):
        return ockam("message", "send", text, "--timeout", timeout, "--to", f"/node/n1/service/{addr}")

    return go


@pytest.fixture
def shown(ockam):
    return lambda addr="x": ockam("worker", "show", addr, "--at", "n1", "--output", "json").json


@pytest.fixture
def counters(shown):
    return lambda addr="x": shown(addr)["counters"]
