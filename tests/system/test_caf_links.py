# SPDX-License-Identifier: Apache-2.0
"""Links over CAF between real nodes."""

import pytest
import processes


def listener(node, name="b", **kw):
    return node(name, config=f"[node]\nname = {name}\n[tcp-listener t]\naddress = 127.0.0.1:0\n"
                             "[caf-listener c]\naddress = 127.0.0.1:0\nallow = services\n", **kw)


def caf_port(n):
    return next(int(a.rsplit(":", 1)[1]) for t, a in n.listeners if t == "caf")


def dialler(node, port, name="a", **kw):
    return node(name, config=f"[node]\nname = {name}\n[tcp-listener t]\naddress = 127.0.0.1:0\n"
                             f"[service h]\ntype = hop\n[caf-connection link]\naddress = 127.0.0.1:{port}\n", **kw)


def up(n):
    processes.wait_until(lambda: " is up" in n.errors(), "the link is up")


def test_a_message_crosses_a_caf_link_and_comes_back(node):
    b = listener(node)
    a = dialler(node, caf_port(b))
    up(a)
    with a.peer() as p:
        m = p.ask(["h", "link", "echo"], b"hello")
        assert m.payload == b"hello"
        assert m.onward == ["test"]
