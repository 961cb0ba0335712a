# SPDX-License-Identifier: Apache-2.0
"""[http] and inlets at an address that this host has not: 192.0.2.1 is nobody's (RFC 5737). That they come when it is there:
netns/test_addresses.py."""

import signal

import pytest
from processes import wait_until

NODE = "[node]\nname = n1\n"
ABSENT = "192.0.2.1"


@pytest.fixture
def sections(home):
    (home / "token").write_text("a-token-of-this-test\n")
    (home / "token").chmod(0o600)
    return {"http": f"[http]\naddress = {ABSENT}:9100\ntoken-file = token\n", "tcp-inlet i": f"[tcp-inlet i]\nfrom = {ABSENT}:15432\nto = /service/outlet\n"}


@pytest.mark.parametrize("what", ["http", "tcp-inlet i"])
def test_the_node_starts_without_it_and_says_so_once(node, ockam, run, home, sections, what):
    n = node("n1", config=NODE + sections[what] + "[tcp-listener main]\naddress = 127.0.0.1:0\n")
    said = f"cannot listen on {ABSENT}"
    wait_until(lambda: said in n.errors(), "it says so")
    assert "it is tried again every 1s" in n.errors()
    if what != "http":
        shown = ockam("tcp-inlet", "show", "i", "--at", "n1", "--output", "json").json
        assert shown["state"] == "down" and said in shown["reason"] and shown["bind_addr"] == f"{ABSENT}:15432", shown
    (home / "n1.ini").write_text((home / "n1.ini").read_text().replace(ABSENT, "127.0.0.1").replace(":9100", ":0").replace(":15432", ":0"))
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: ("answers at 127.0.0.1:" if what == "http" else "began [tcp-inlet i]") in n.errors(), "another address is taken at once")
    assert n.errors().count(said) == 1


@pytest.mark.parametrize("what", ["http", "tcp-inlet i"])
def test_without_retry_the_node_does_not_start(run, config_file, sections, what):
    path = config_file(NODE + sections[what] + "retry = no\n")
    assert run("ockam-node", "--config", path, "--check-config").code == 0, "that the check cannot know: it is about this host, now"
    r = run("ockam-node", "--config", path)
    assert r.code != 0 and f"cannot listen on {ABSENT}" in r.err, r
