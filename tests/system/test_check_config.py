# SPDX-License-Identifier: Apache-2.0
"""`ockam-node --check-config`: what cannot be told from the form of the keys alone."""

import pytest


@pytest.mark.parametrize("section,words", [
    ("[ws-listener x]\naddress = wss://127.0.0.1:0\n", ["[ws-listener x]", "certificate"]),
    ("[ws-listener x]\naddress = wss://127.0.0.1:0\ncertificate = /nothere.pem\nkey = /nothere.key\n", ["[ws-listener x]", "/nothere.pem"]),
    ("[ws-listener x]\naddress = ws://127.0.0.1:0\nca = /nothere.pem\n", ["[ws-listener x]", "wss://"]),
    ("[ws-connection x]\naddress = wss://127.0.0.1:1\nca = /nothere.pem\n", ["[ws-connection x]", "/nothere.pem"]),
    ("[caf-listener x]\naddress = 0.0.0.0:0\n", ["[caf-listener x]", "insecure = yes"]),
    ("[caf-connection x]\naddress = 127.0.0.1:1\ncertificate = /nothere.pem\n", ["[caf-connection x]", "belong together"]),
    ("[service x]\nscript = x.lua\n", ["[service x]", "x.lua:1:", "unexpected symbol"])])
def test_the_check_of_a_configuration_looks_into_files(config_file, run, home, section, words):
    (home / "x.lua").write_text("function on_message(m) ) end")
    r = run("ockam-node", "--config", config_file("[node]\nname = n1\n" + section), "--check-config")
    assert r.code == 78 and all(w in r.err for w in words), r


def test_the_check_says_what_each_listener_admits(config_file, run):
    r = run("ockam-node", "--check-config", "--config", config_file(
        "[node]\nname = n1\n[udp-listener a]\naddress = 127.0.0.1:4000\n[tcp-listener b]\naddress = 127.0.0.1:4001\n"
        "[tcp-listener c]\naddress = 127.0.0.1:4002\nallow = services, hop\n"))
    assert r.code == 0
    assert r.out.splitlines()[1:] == ["[udp-listener a] 127.0.0.1:4000 admits services", "[tcp-listener b] 127.0.0.1:4001 admits nothing",
                                      "[tcp-listener c] 127.0.0.1:4002 admits services, hop"], r
