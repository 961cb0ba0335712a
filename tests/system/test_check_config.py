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
