# SPDX-License-Identifier: Apache-2.0
"""A configuration of several files and with values from elsewhere: read, shown, compared, reloaded, and never flattened."""

import json
import signal

import pytest

import pypi
from processes import wait_until

SECRET = "hunter2-do-not-show"


@pytest.fixture
def tree(home):
    """A configuration of three files and a secret."""
    (home / "conf.d").mkdir()
    (home / "node.ini").write_text(
        "[node]\nname = n1\nlog-level = ${LEVEL:-info}\n[include]\nfiles = conf.d/*.ini\n"
        "[tcp-listener main]\naddress = 127.0.0.1:${PORT}\n")
    (home / "conf.d/10-limits.ini").write_text("[node]\nmax-connections = 100\n")
    (home / "conf.d/20-peer.ini").write_text(
        f"[tcp-connection west]\naddress = 127.0.0.1:9\nproxy = http://me:${{file:../secret}}@127.0.0.1:1\n")
    (home / "secret").write_text(SECRET + "\n")
    (home / "secret").chmod(0o600)
    return home / "node.ini"


def test_the_effective_configuration_says_where_each_value_comes_from(run, tree):
    r = run("ockam-node", "--config", tree, "--print-config", "--threads", "3", env_extra={"PORT": "0"})
    assert r.code == 0, r
    lines = {line.split(" = ")[0]: line for line in r.out.splitlines() if " = " in line}
    assert lines["name"].endswith(f"# {tree}:2")
    assert lines["max-connections"].split() == ["max-connections", "=", "100", "#", f"{tree.parent}/conf.d/10-limits.ini:2"]
    assert lines["threads"].endswith("# command line")
    assert lines["stall"].split()[2:] == ["2s", "#", "default"]
    assert lines["log-level"].split()[2:4] == ["info", "#"]
    assert "address = 127.0.0.1:0 " in r.out and ", environment PORT" in r.out
    assert SECRET not in r.out and "${file:../secret}" in lines["proxy"]


def test_what_is_printed_is_a_configuration_again(run, tree, home):
    first = run("ockam-node", "--config", tree, "--print-config", env_extra={"PORT": "0"}).out
    again = home / "conf.d/printed.txt"  # beside the file whose secret it names
    again.write_text(first)
    r = run("ockam-node", "--config", again, "--print-config")
    assert r.code == 0, r
    values = lambda text: [line.split(" #")[0].split() for line in text.splitlines()]
    assert values(r.out) == values(first)


def test_the_schema_fits_what_is_printed(run, ockam, tree):
    jsonschema = pypi.load("jsonschema")
    schema = json.loads(run("ockam-node", "--config-schema").out)
    assert json.loads(ockam("config", "schema").out) == schema
    shown = json.loads(run("ockam-node", "--config", tree, "--print-config=json", env_extra={"PORT": "0"}).out)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(shown["configuration"], schema)
    assert shown["origins"]["node"]["max-connections"].endswith("10-limits.ini:2")
    shown["configuration"]["node"]["threads"] = 1000
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(shown["configuration"], schema)


@pytest.mark.parametrize("text, says", [
    ("[include]\nfiles = node.ini\n", "node.ini:4: the configuration includes itself: "),
    ("[tcp-listener a]\naddress = ${NOT_SET}\n", "node.ini:4: address: the variable NOT_SET of the environment is not set"),
    ("[tcp-listener a]\naddress = ${file:none}\n", "node.ini:4: address: ${file:none}: cannot read "),
    ("[include]\nfiles = /dev/zero\n", "/dev/zero is not a file"),
])
def test_check_config_names_file_and_line(run, home, text, says):
    (home / "node.ini").write_text("[node]\nname = n\n" + text)
    r = run("ockam-node", "--config", "node.ini", "--check-config")
    assert r.code == 78 and says in r.err, r


def test_a_reload_follows_included_files(node, ockam, home):
    (home / "conf.d").mkdir()
    n = node(config="[node]\nname = n1\n[tcp-listener main]\naddress = 127.0.0.1:0\n[include]\nfiles = conf.d/*.ini\n")
    (home / "conf.d/a.ini").write_text("[service extra]\ntype = echo\n")
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: "started service echo at 0#extra" in n.errors(), "the new file is in effect")
    (home / "conf.d/a.ini").write_text("[service extra\n")
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: f"{home}/conf.d/a.ini:1: " in n.errors() and "nothing was changed" in n.errors(), "it is said where it is wrong")
    (home / "conf.d/a.ini").unlink()
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: "stopped service echo at 0#extra" in n.errors(), "what was in it has ended")


def test_secrets_are_in_no_log_and_no_answer(node, ockam, home):
    (home / "secret").write_text(SECRET)
    (home / "teller.lua").write_text('local key = options.text("key")\nlog.info("the key is " .. key)\nfunction on_message(m) error("it was " .. key) end\n')
    text = (f"[node]\nname = n1\nlog-level = trace\n[tcp-listener main]\naddress = 127.0.0.1:0\n"
            "[tcp-connection west]\naddress = 127.0.0.1:9\nproxy = http://me:${file:secret}@127.0.0.1:1\n"
            "[service teller]\nscript = teller.lua\nkey = ${file:secret}\n")
    n = node(config=text)
    wait_until(lambda: "the key is ********" in n.errors(), "the script has said it")
    for words in (["node", "show", "n1"], ["tcp-connection", "list", "--at", "n1"], ["worker", "list", "--at", "n1"],
                  ["worker", "show", "teller", "--at", "n1"], ["config", "diff", "n1"]):
        r = ockam(*words, "--output", "json")
        assert SECRET not in r.out + r.err, r
    (home / "n1.ini").write_text(text.replace("http://me:${file:secret}@", "${file:secret}"))
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: "the configuration is wrong" in n.errors(), "it was read")
    assert SECRET not in n.errors()


def test_a_node_is_compared_with_its_file(ockam, home):
    assert ockam("node", "create", "n1", "--tcp-listener-address", "127.0.0.1:0").code == 0
    ini = home / "nodes/n1/node.ini"
    same = ockam("config", "diff", "n1", "--output", "json")
    assert same.code == 0 and json.loads(same.out)["differences"] == [], same
    (ini.parent / "more.ini").write_text("[service extra]\ntype = echo\n")
    ini.write_text(ini.read_text().replace("[node]\n", "[node]\nstall = 3s\n") + "[include]\nfiles = more.ini\n")
    found = json.loads(ockam("config", "diff", "n1", "--output", "json").out)["differences"]
    assert [(d["section"], d["key"], d["left"], d["right"]) for d in found] == [
        ("node", "stall", "2s", "3s"), ("service extra", None, None, "there")]
    assert found[0]["origin"].endswith("node.ini:2")


# Both were printed as ********, so that a changed password was no difference.
def test_a_secret_that_differs_between_two_files_is_said_and_not_shown(ockam, home, config_file):
    (home / "one").write_text("s3cret-one\n")
    (home / "two").write_text("s3cret-two\n")
    text = ("[node]\nname = n\n[tcp-connection west]\naddress = 127.0.0.1:9\nproxy = http://me:{0}@127.0.0.1:1\n"
            "[tcp-connection east]\naddress = 127.0.0.1:9\nproxy = http://me:${{file:{1}}}@127.0.0.1:1\n[routing]\nproxy = http://me:same-pw@127.0.0.1:2\n")
    (home / "d").mkdir()
    (home / "d/one").write_text("s3cret-three\n")
    a = config_file(text.format("s3cret-pw1", "one"), "a.ini")
    b = config_file(text.format("s3cret-pw2", "two"), "b.ini")
    c = config_file(text.format("s3cret-pw1", "one"), "d/c.ini")
    r = ockam("config", "diff", a, b, "--output", "json")
    assert r.code == 0 and "s3cret" not in r.out + r.err, r
    found = json.loads(r.out)["differences"]
    assert {(d["section"], d["key"]) for d in found} == {("tcp-connection west", "proxy"), ("tcp-connection east", "proxy")}, r
    assert next(d for d in found if d["section"].endswith("west"))["hidden"] is True
    text_of_it = ockam("config", "diff", a, b)
    assert "not the same" in text_of_it.out and "s3cret" not in text_of_it.out
    other = ockam("config", "diff", a, c, "--output", "json")
    assert [(d["section"], d["key"], d["hidden"]) for d in json.loads(other.out)["differences"]] == [("tcp-connection east", "proxy", True)], other
    same = ockam("config", "diff", a, a, "--output", "json")
    assert same.code == 0 and json.loads(same.out)["differences"] == []


def test_two_files_are_compared(ockam, config_file):
    a = config_file("[node]\nname = n\nstall = 2000ms\n[service x]\ntype = echo\n", "a.ini")
    b = config_file("[node]\nname = n\nthreads = 4\n", "b.ini")
    r = ockam("config", "diff", a, b, "--output", "json")
    found = [(d["section"], d["key"], d["left"], d["right"]) for d in json.loads(r.out)["differences"]]
    assert found == [("node", "threads", "2", "4"), ("service x", None, "there", None)], r
    wrong = ockam("config", "diff", a, "nowhere.ini")
    assert wrong.code != 0 and "nowhere.ini" in wrong.err


def test_what_is_included_is_not_written_into_the_file_of_a_node(ockam, home):
    assert ockam("node", "create", "n1", "--tcp-listener-address", "127.0.0.1:0").code == 0
    ini, more = home / "nodes/n1/node.ini", home / "nodes/n1/more.ini"
    assert ockam("node", "stop", "n1").code == 0
    more.write_text("[service extra]\ntype = echo\n[tcp-listener tcp-listener-1]\naddress = 127.0.0.1:0\n")
    ini.write_text(ini.read_text() + "# mine\n[include]\nfiles = more.ini\n")
    before = more.read_text()
    assert ockam("node", "start", "n1").code == 0
    assert ockam("service", "start", "hop", "--addr", "h2", "--at", "n1").code == 0
    assert ockam("tcp-listener", "create", "127.0.0.1:0", "--at", "n1").code == 0
    text = ini.read_text()
    assert "[service h2]" in text and "[service extra]" not in text and "# mine" in text
    assert "[tcp-listener tcp-listener-2]" in text and more.read_text() == before
    stopped = ockam("service", "stop", "extra", "--at", "n1")
    assert stopped.code != 0 and "more.ini:1" in stopped.err, stopped
    assert more.read_text() == before
    assert ockam("node", "stop", "n1").code == 0 and ockam("node", "start", "n1").code == 0


def test_values_made_at_the_prompt_are_taken_as_they_are(ockam, home):
    assert ockam("node", "create", "n1", "--tcp-listener-address", "127.0.0.1:0").code == 0
    (home / "s.lua").write_text('local word = options.text("word")\nfunction on_message(m) m:reply(word) end\n')
    said = lambda: ockam("message", "send", "x", "--from", "n1", "--to", "/service/s").out.strip()
    assert ockam("service", "start", "script", "--addr", "s", "--file", home / "s.lua", "--option", "word=a${HOME}$", "--at", "n1").code == 0
    assert said() == "a${HOME}$"
    assert ockam("node", "stop", "n1").code == 0 and ockam("node", "start", "n1").code == 0
    assert said() == "a${HOME}$"
