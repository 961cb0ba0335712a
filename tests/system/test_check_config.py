# SPDX-License-Identifier: Apache-2.0
"""`ockam-node --check-config`: what cannot be told from the form of the keys alone."""

import shutil
import socket

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


def check(config_file, run, text, **kw):
    return run("ockam-node", "--config", config_file(text, **kw), "--check-config")


NODE = "[node]\nname = n1\n"
TO = "to = /service/outlet\n"
SOMEBODY = "I" + "0" * 64
WRONG = {
    "byte order mark": ("\ufeff" + NODE, 1, "byte order mark"),
    "blanks in brackets": ("[ node ]\nname = n1\n", 1, "[node]"),
    "key with a dot": (NODE + "foo.bar = 1\n", 3, "foo.bar"),
    "hash in a value": (NODE + "log-file = /tmp/x#y.log\n", 3, "quotes"),
    "two listeners on one port": (NODE + "[tcp-listener a]\naddress = 127.0.0.1:4000\n[ws-listener b]\naddress = ws://0.0.0.0:4000\n", 6, "[tcp-listener a]"),
    "two listeners on one path": (NODE + "[uds-listener a]\naddress = /tmp/x\n[uds-listener b]\naddress = /tmp/x\n", 6, "[uds-listener a]"),
    "a listener and a path of the node": (NODE + "control-socket = /tmp/x\n[uds-listener a]\naddress = /tmp/x\n", 5, "[node]"),
    "a listener and http on one port": (NODE + "[tcp-listener a]\naddress = 127.0.0.1:4000\n[http]\naddress = 127.0.0.1:4000\n", 6, "[tcp-listener a]"),
    "two inlets on one port": (NODE + f"[tcp-inlet a]\nfrom = 127.0.0.1:4000\n{TO}[tcp-inlet b]\nfrom = :4000\n{TO}", 7, "[tcp-inlet a]"),
    "an inlet and http on one port": (NODE + f"[tcp-inlet a]\nfrom = 0.0.0.0:4000\n{TO}[http]\naddress = 127.0.0.1:4000\n", 7, "[tcp-inlet a]"),
    "a listener and an inlet on one port": (NODE + f"[tcp-inlet a]\nfrom = 127.0.0.1:4000\n{TO}[ws-listener b]\naddress = ws://127.0.0.1:4000\n", 4, "[ws-listener b]"),
    "a ca of an outlet without TLS": (NODE + "[tcp-outlet a]\nto = 127.0.0.1:1\nca = s.lua\n", 3, "add tls = yes"),
    "a ca of an outlet that is none": (NODE + "[tcp-outlet a]\nto = 127.0.0.1:1\ntls = yes\nca = nothere.pem\n", 6, "nothere.pem"),
    "keys of an inlet that say the same": (NODE + f"[tcp-inlet a]\n{TO}allow = {SOMEBODY}\nauthorized = {SOMEBODY}\n", 3, "say the same"),
    "an inlet that cannot see who is there": (NODE + f"[tcp-inlet a]\n{TO}allow = {SOMEBODY}\nskip-handshake = yes\n", 3, "needs the handshake"),
    "two passphrases": (NODE + "[channel-identity x]\nvault = s.lua\nhistory = s.lua\npassphrase-file = s.lua\npassphrase-credential = x\n", 3, "two passphrases"),
    "a relay that cannot see who is there": (NODE + f"[relay r]\nat = /ip4/127.0.0.1/tcp/1\nauthorized = {SOMEBODY}\n", 3, "secure channel"),
    "an identity that is not there": (NODE + "[secure-channel c]\nto = /ip4/127.0.0.1/tcp/1/service/api\nidentity = x\n", 5, "[channel-identity x]"),
    "two listeners of one name": (NODE + "[tcp-listener a]\naddress = 127.0.0.1:0\n[tcp-listener  a]\naddress = 127.0.0.1:0\n", 5, "twice"),
    "no name of a node": ("[node]\nname = a/b\n", 2, "a/b"),
    "no name": ("[tcp-listener a]\naddress = 127.0.0.1:0\n", 1, "no name"),
    "empty file": ("", 1, "no name"),
    "option of a script": (NODE + "[service s]\nscript = s.lua\ngreetin = hi\n", 5, "greetin"),
    "option of a type that has none": (NODE + "[service s]\ntype = echo\nfoo = 1\n", 5, "foo"),
    "wrong value of an option": (NODE + "[service s]\nscript = s.lua\nbudget = 1\n", 5, "budget"),
    "a plugin and a script": (NODE + "[service s]\nscript = s.lua\nplugin = s.lua\n", 4, "both plugin and script"),
    "a slip in the type": (NODE + "[service s]\ntyp = echo\n", 4, "did you mean type?"),
    "an address that is too long": (NODE + "[service " + "x" * 1025 + "]\ntype = echo\n", 3, "1024"),
    "no directory for a socket": (NODE + "[uds-listener u]\naddress = nothere/u.sock\n", 4, "nothere"),
    "no plugin": (NODE + "[service s]\nplugin = s.lua\n", 3, "s.lua"),
    "no vault of another identity": (NODE + "[channel-identity x]\nvault = x.vault\nhistory = s.lua\n", 4, "x.vault"),
    "no history of another identity": (NODE + "[channel-identity x]\nhistory = x.identity\nvault = s.lua\n", 4, "x.identity"),
    "budgets": (NODE + "node-budget = 1MiB\nlink-budget = 2MiB\n", 4, "link-budget"),
    "name of a worker of the node": (NODE + "[tcp-connection echo]\naddress = 127.0.0.1:1\n", 3, "echo"),
    "name of a udp worker": (NODE + "[service x]\ntype = hop\n[udp-listener u]\naddress = 127.0.0.1:0\nworker = x\n", 7, "[service x]"),
    "name of the node's own": (NODE + "[service _internal.control]\ntype = echo\n", 3, "_internal."),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_start_does_not_take_the_check_does_not_take_and_says_where(config_file, run, home, case):
    (home / "s.lua").write_text('local g = options.text("greeting", "hi")\nfunction on_message(m) m:reply(g) end')
    text, line, word = WRONG[case]
    path = config_file(text)
    for args in (["--check-config"], []):
        r = run("ockam-node", "--config", path, *args)
        assert r.code == 78 and word in r.err, (args, r)
    r = run("ockam-node", "--config", path, "--check-config")
    assert f"{path}:{line}: " in r.err, r
    assert not (home / "x.vault").exists(), "a start that fails leaves no file behind"


TAKEN = {
    "comments and quotes": '# a\n[node] # b\nname = "n1" # c\nlog-level = info   # d\n',
    "hash in quotes": NODE + 'log-file = "x#y.log"\n',
    "windows lines": NODE.replace("\n", "\r\n") + "threads = 2\r\n",
    "a service in place of one that every node has": NODE + "[service echo]\ntype = uppercase\n",
    "one port of two protocols": NODE + "[tcp-listener a]\naddress = 127.0.0.1:{port}\n[udp-listener b]\naddress = 127.0.0.1:{port}\n",
    "one port of two addresses": NODE + "[tcp-listener a]\naddress = 127.0.0.1:{port}\n[tcp-listener b]\naddress = 127.0.0.2:{port}\n",
    "any port twice": NODE + "[tcp-listener a]\naddress = 127.0.0.1:0\n[tcp-listener b]\naddress = 127.0.0.1:0\n",
    "one port of an inlet and of a UDP listener": NODE + "[udp-listener a]\naddress = 127.0.0.1:{port}\n[tcp-inlet b]\nfrom = 127.0.0.1:{port}\n" + TO,
    "any port of inlets and http": NODE + f"[tcp-inlet a]\n{TO}[tcp-inlet b]\nfrom = 127.0.0.1:0\n{TO}[http]\naddress = 127.0.0.1:0\n",
    "a listener for nobody": NODE + "[tcp-listener a]\naddress = 127.0.0.1:0\nallow = nothing\n",
    "a script with an option": NODE + "[service s]\nscript = s.lua\ngreeting = hi\n",
    "a name with a hash": NODE + "[service a#b]\ntype = echo\n",
}


@pytest.mark.parametrize("case", TAKEN)
def test_what_the_check_takes_a_start_takes(config_file, run, node, home, case):
    (home / "s.lua").write_text('local g = options.text("greeting", "hi")\nfunction on_message(m) m:reply(g) end')
    with socket.create_server(("127.0.0.1", 0)) as s:
        text = TAKEN[case].replace("{port}", str(s.getsockname()[1]))
    r = check(config_file, run, text)
    assert r.code == 0 and r.err == "", r
    node("n1", config=text)


def test_everything_that_is_wrong_is_said_in_one_run(config_file, run):
    r = check(config_file, run, "\ufeff[ node ]\nname = a/b\nfoo.bar = 1\nlog-file = /tmp/a#b\nlink-budget = 2GiB\nnode-budget = 1MiB\n"
                                "[tcp-listener a]\naddress = 127.0.0.1:4000\n[tcp-listener b]\naddress = 127.0.0.1:4000\n"
                                "[service s]\nplugin = test.ini\n[servce t]\n[service u]\ntype = ehco\n")
    assert r.code == 78
    lines = [int(line.split(":")[2]) for line in r.err.splitlines() if line.startswith("ockam-node: ")]
    assert lines == sorted(lines), r
    for word in ("byte order", "blanks inside", "foo.bar", "#", "[tcp-listener a] listens there already", "test.ini: ", "did you mean service?", "did you mean echo?"):
        assert word in r.err, (word, r)


def test_a_start_says_all_that_the_check_says(config_file, run, ockam, home):
    (home / "bad.lua").write_text("x = = 1")
    text = NODE + "threads = {}\n[service a]\nscript = bad.lua\n[service b]\nscript = bad.lua\n"
    checked, started = check(config_file, run, text.format("many")), run("ockam-node", "--config", home / "test.ini")
    assert (checked.code, started.code) == (78, 78) and started.err == checked.err and checked.err.count("unexpected symbol") == 2, (checked, started)
    checked, started = check(config_file, run, text.format("2")), run("ockam-node", "--config", home / "test.ini")
    assert (checked.code, started.code) == (78, 78) and checked.err.count("unexpected symbol") == 2 and "--check-config" not in checked.err
    assert f"see all problems with: ockam-node --config {home / 'test.ini'} --check-config" in started.err, started
    r = ockam("node", "create", "{name: n2, threads: many, services: {lua: {scrpt: s.lua}, u: ehco}}")
    assert r.code == 70 and all(w in r.err for w in ("threads", "scrpt", "ehco")), r


def test_a_slip_in_the_key_that_says_the_type_is_named_first(config_file, run):
    r = check(config_file, run, NODE + "[service lua]\nscrpt = s.lua\n")
    assert r.code == 78 and r.err.splitlines()[0].endswith("[service lua] has no type"), r
    assert r.err.splitlines()[1] == "  hint: scrpt is no key of a service: did you mean script?", r


def test_paths_are_relative_to_the_file(node, ockam, home):
    there = home / "etc"
    there.mkdir()
    (there / "up.lua").write_text("function on_message(m) m:reply(m.text:upper()) end")
    (there / "n1.ini").write_text("[node]\nname = n1\nlog-file = logs/n1.log\ncontrol-socket = c.sock\n"
                                  "[uds-listener u]\naddress = n1.sock\n[service up]\nscript = up.lua\n")
    (there / "logs").mkdir()
    (there / "n2.ini").write_text("[node]\nname = n2\n[uds-connection to-n1]\naddress = n1.sock\n")
    for name in ("n1", "n2"):
        node(name, "--config", f"etc/{name}.ini")
    assert (there / "logs/n1.log").exists() and (there / "c.sock").exists() and (there / "n1.sock").exists()
    assert ockam("message", "send", "hi", "--to", "/node/n2/worker/to-n1/service/echo").out == "hi\n"


def test_certificates_are_relative_to_the_file(run, home, authority):
    shutil.copytree(authority, home / "etc")
    (home / "etc/n1.ini").write_text(NODE + "[ws-listener w]\naddress = wss://127.0.0.1:0\ncertificate = server.pem\nkey = server.key\nca = ca.pem\n")
    r = run("ockam-node", "--config", "etc/n1.ini", "--check-config")
    assert r.code == 0, r


def test_both_wildcard_addresses_on_one_port(run, config_file):
    path = config_file("[node]\nname = n\n[tcp-listener four]\naddress = 0.0.0.0:4000\n[tcp-listener six]\naddress = [::]:4000\n")
    r = run("ockam-node", "--config", path, "--check-config")
    assert r.code == 78
    assert "[tcp-listener four] listens there already" in r.err
    assert "[::]:4000 takes IPv4 as well: it is enough alone" in r.err


def test_who_wants_one_path_twice_is_not_told_of_ports(run, config_file):
    for text in WRONG["two listeners on one path"][0], WRONG["a listener and a path of the node"][0]:
        r = check(config_file, run, text)
        assert r.code == 78 and "each needs a path of its own" in r.err and "port" not in r.err, r


def test_link_local_addresses_name_their_interface(run, config_file):
    for address, fine in (("[fe80::77]:4000", False), ("[fe80::77%eth0]:4000", True), ("[::1%lo]:4000", False)):
        path = config_file(f"[node]\nname = n\n[tcp-listener m]\naddress = {address}\n[udp-connection c]\naddress = {address}\n")
        r = run("ockam-node", "--config", path, "--check-config")
        assert (r.code == 0) == fine, r
        if address == "[fe80::77]:4000":
            assert "on which interface" in r.err and "[fe80::77%eth0]:4000" in r.err


def test_all_options_of_a_service_that_are_wrong_are_said_in_one_run(config_file, run, home):
    (home / "s.lua").write_text('local g = options.text("greeting", "hi")\nfunction on_message(m) m:reply(g) end')
    r = check(config_file, run, NODE + "[service s]\nscript = s.lua\nmemory = 1\nrate = x\ngreetin = hi\ninstances = 0\n[service t]\nscript = s.lua\nbudget = zz\nfoo = 1\n")
    assert r.code == 78
    lines = [int(line.split(":")[2]) for line in r.err.splitlines() if line.startswith("ockam-node: ")]
    assert len(lines) == 6 and lines == sorted(set(lines)), r
    for word in ("named memory", "option rate", "named greetin", "did you mean greeting?", "option instances", "option budget", "named foo"):
        assert word in r.err, (word, r)
