# SPDX-License-Identifier: Apache-2.0
"""`ockam support-bundle` and `ockam backup`: what is in them, what is not, and the way back."""

import io
import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import tarfile

import pytest
from processes import wait_until


@pytest.fixture
def n1(ockam):
    assert ockam("node", "create", "n1", "--tcp-listener-address", "127.0.0.1:0", "--http-server").code == 0


def members(path):
    """name below the one directory → text"""
    with tarfile.open(path) as t:
        return {m.name.partition("/")[2]: t.extractfile(m).read().decode(errors="replace") for m in t.getmembers() if m.isfile()}


def test_a_bundle_has_what_is_asked_for_and_no_secret(n1, ockam, home):
    ini = home / "nodes/n1/node.ini"
    (home / "secret").write_text("hunter2-in-a-file")
    (home / "s.lua").write_text("for _, name in ipairs{'api-token', 'motd', 'plain'} do options.text(name) end\nfunction on_message(m) m:reply('x') end\n")
    ini.write_text(ini.read_text() + "# hunter2-in-a-comment\n[tcp-connection west]\naddress = 127.0.0.1:9\n"
                   "proxy = http://me:hunter2-in-a-url@127.0.0.1:1\n"
                   f"[service s]\nscript = {home}/s.lua\napi-token = hunter2-in-an-option\nmotd = ${{file:{home}/secret}}\nplain = seen\n")
    assert ockam("node", "stop", "n1").code == 0 and ockam("node", "start", "n1").code == 0
    r = ockam("support-bundle", "--to", home / "b.tar.gz", "--output", "json")
    assert r.code == 0, r
    assert stat.S_IMODE((home / "b.tar.gz").stat().st_mode) == 0o600
    files = members(home / "b.tar.gz")
    for name in ("README.md", "host/versions.txt", "host/home.txt", "nodes/n1/node.ini", "nodes/n1/effective.ini", "nodes/n1/log.txt", "nodes/n1/show.json",
                 "nodes/n1/connections.json", "nodes/n1/workers.json", "nodes/n1/metrics.txt", "nodes/n1/traces.txt", "nodes/n1/differences.txt"):
        assert files.get(name), f"{name} of {sorted(files)}"
        assert name == "README.md" or f"`{name}`" in files["README.md"]
    assert not [name for name, text in files.items() if "hunter2" in text]
    vault = next(home.glob("vault-*")).read_text(errors="replace") if list(home.glob("vault-*")) else None
    assert not vault or not [name for name, text in files.items() if vault in text]
    assert "plain = seen" in files["nodes/n1/node.ini"] and "ockam_build_info" in files["nodes/n1/metrics.txt"]
    assert "connection west" in files["nodes/n1/traces.txt"]
    assert ockam("support-bundle", "--to", home / "b.tar.gz").code != 0, "a file that is there stays"


def test_a_bundle_is_made_of_a_node_that_does_not_run(n1, ockam, home):
    assert ockam("node", "stop", "n1").code == 0
    assert ockam("support-bundle", "n1", "--to", home / "b.tar.gz").code == 0
    files = members(home / "b.tar.gz")
    assert "nodes/n1/log.txt" in files and "nodes/n1/metrics.txt" not in files
    assert "is missing: it does not run" in files["README.md"]


def test_a_backup_of_running_nodes_comes_back_elsewhere(n1, ockam, run, home, tmp_path_factory):
    assert ockam("service", "start", "hop", "--addr", "h2", "--at", "n1").code == 0
    before = ockam("identity", "list", "--output", "json").json
    assert ockam("backup", "create", home / "all.tar.gz").code == 0
    assert stat.S_IMODE((home / "all.tar.gz").stat().st_mode) == 0o600
    assert ockam("backup", "create", home / "all.tar.gz").code != 0, "a file that is there stays"
    names = members(home / "all.tar.gz")
    assert not [n for n in names if n.endswith((".log", "lock", ".sock"))]
    there = home / "o"
    there.mkdir()
    env = {"OCKAM_HOME": str(there)}
    elsewhere = lambda *a: run("ockam", *a, env_extra=env)
    r = elsewhere("backup", "restore", home / "all.tar.gz")
    assert r.code == 0, r
    for p in there.rglob("*"):
        assert stat.S_IMODE(p.lstat().st_mode) & 0o077 == 0, p
    assert json.loads(elsewhere("identity", "list", "--output", "json").out) == before
    assert ockam("node", "stop", "n1").code == 0, "it had the port"
    started = elsewhere("node", "start", "n1")
    try:
        assert started.code == 0, started
        services = json.loads(elsewhere("service", "list", "--at", "n1", "--output", "json").out)
        assert "h2" in [s["addr"] for s in services]
        assert str(home / "identities") not in (there / "nodes/n1/node.ini").read_text()
    finally:
        elsewhere("node", "stop", "n1")


def test_a_restore_replaces_nothing_unless_it_is_told_to(n1, ockam, home):
    assert ockam("backup", "create", home / "all.tar.gz").code == 0
    assert "--force" in ockam("backup", "restore", home / "all.tar.gz").err
    running = ockam("backup", "restore", home / "all.tar.gz", "--force")
    assert running.code != 0 and "node n1 of this home runs" in running.err
    assert ockam("node", "stop", "n1").code == 0
    (home / "nodes/n1/mine").write_text("later")
    r = ockam("backup", "restore", home / "all.tar.gz", "--force", "--output", "json")
    assert r.code == 0, r
    aside = r.json["moved_aside"]
    assert (home / aside / "nodes/n1/mine").read_text() == "later" and not (home / "nodes/n1/mine").exists()
    assert ockam("node", "start", "n1").code == 0


def altered(archive, home, change):
    """The archive with one member's text changed."""
    out = home / "altered.tar.gz"
    with tarfile.open(archive) as old, tarfile.open(out, "w:gz") as new:
        for m in old.getmembers():
            data = old.extractfile(m).read() if m.isfile() else None
            if data is not None:
                data = change(m.name, data)
                m.size = len(data)

            new.addfile(m, io.BytesIO(data) if data is not None else None)
    return out


@pytest.mark.parametrize("what, says", [
    (lambda n, d: d.replace(b'"schema": ', b'"schema": 9') if n.endswith("manifest.json") else d, "newer version"),
    (lambda n, d: d.replace(b'"format": 1', b'"format": 2') if n.endswith("manifest.json") else d, "newer version"),
    (lambda n, d: d + b"#" if n.endswith("node.ini") else d, "node.ini is damaged"),
    (lambda n, d: re.sub(rb'"sha256": "\w+"', b'"sha256": 1', d) if n.endswith("manifest.json") else d, "is damaged"),
    (lambda n, d: re.sub(rb'\{\s*"sha256": "\w+",\s*"size": \d+\s*\}', b"[]", d) if n.endswith("manifest.json") else d, "is damaged"),
    (lambda n, d: b"{}" if n.endswith("manifest.json") else d, "not a backup of this program"),
])
def test_a_backup_that_is_not_right_is_refused_and_changes_nothing(n1, ockam, run, home, what, says):
    assert ockam("backup", "create", home / "all.tar.gz").code == 0
    there = home / "o"
    there.mkdir()
    r = run("ockam", "backup", "restore", altered(home / "all.tar.gz", home, what), env_extra={"OCKAM_HOME": str(there)})
    assert r.code != 0 and says in r.err, r
    assert [p.name for p in there.iterdir()] == []


def drafts(at):
    return [p.name for p in at.iterdir() if p.name.startswith((".ockam-", ".restore."))]


# `vault create --path` puts keys into the home under any name: a restore replaced a file of that name in silence.
def test_a_restore_replaces_no_vault_of_any_name(ockam, run, home):
    (home / "keys").mkdir(mode=0o700)
    for name, path in (("v1", "prod.keys"), ("v2", "keys/second")):
        assert ockam("vault", "create", name, "--path", home / path).code == 0
    before = {p: (home / p).read_bytes() for p in ("prod.keys", "keys/second")}
    assert ockam("backup", "create", home / "all.tar.gz").code == 0
    there = home / "o"
    (there / "keys").mkdir(parents=True)
    (there / "prod.keys").write_text("mine")
    (there / "keys/mine").write_text("mine")
    elsewhere = lambda *a: run("ockam", *a, env_extra={"OCKAM_HOME": str(there)})
    refused = elsewhere("backup", "restore", home / "all.tar.gz")
    assert refused.code != 0 and "--force" in refused.err, refused
    assert (there / "prod.keys").read_text() == "mine" and sorted(p.name for p in there.iterdir()) == ["keys", "prod.keys"]
    done = elsewhere("backup", "restore", home / "all.tar.gz", "--force", "--output", "json")
    assert done.code == 0, done
    aside = there / json.loads(done.out)["moved_aside"]
    assert (aside / "prod.keys").read_text() == "mine" and (aside / "keys/mine").read_text() == "mine"
    assert {p: (there / p).read_bytes() for p in before} == before


def test_a_forced_restore_moves_the_vaults_that_the_database_before_knew(ockam, run, home):
    assert ockam("vault", "create", "v1").code == 0
    assert ockam("backup", "create", home / "all.tar.gz").code == 0
    there = home / "o"
    there.mkdir()
    elsewhere = lambda *a: run("ockam", *a, env_extra={"OCKAM_HOME": str(there)})
    assert elsewhere("vault", "create", "other", "--path", there / "prod.keys").code == 0
    keys = (there / "prod.keys").read_bytes()
    done = elsewhere("backup", "restore", home / "all.tar.gz", "--force", "--output", "json")
    assert done.code == 0, done
    assert (there / json.loads(done.out)["moved_aside"] / "prod.keys").read_bytes() == keys and not (there / "prod.keys").exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("what", ["create", "restore"])
def test_a_backup_that_is_cut_off_leaves_no_keys_beside_it(ockam, env, programs, home, how, what):
    assert ockam("vault", "create", "v1").code == 0
    assert ockam("backup", "create", home / "all.tar.gz").code == 0
    (home / "slow").mkdir()
    (home / "slow/tar").write_text(f"#!/bin/sh\ntouch {home}/begun\nexec sleep 60\n")
    (home / "slow/tar").chmod(0o755)
    (home / "out").mkdir()
    at = home / "out" if what == "create" else home / "o"
    words = [programs / "ockam", "backup", what, home / "out/b.tar.gz" if what == "create" else home / "all.tar.gz"]
    child = subprocess.Popen(words, env={**env, "PATH": f"{home}/slow:{env['PATH']}", **({} if what == "create" else {"OCKAM_HOME": str(at)})},
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
                             preexec_fn=lambda: signal.signal(how, signal.SIG_DFL))
    wait_until(lambda: (home / "begun").exists() and drafts(at), "it has begun")
    os.kill(child.pid, how)
    _, err = child.communicate(timeout=20)
    assert child.returncode == 130 and b"interrupted" in err
    assert list(at.iterdir()) == []


def test_what_a_killed_program_has_left_goes_with_the_next_one(ockam, home):
    assert ockam("vault", "create", "v1").code == 0
    (home / "out").mkdir()
    for name in (".ockam-backup.abcdef", ".ockam-support.ABC123"):
        (home / "out" / name / "ockam-backup").mkdir(parents=True)
        (home / "out" / name / "ockam-backup/keys").write_text("secret")
    for name in (".ockam-backup.mine", ".other.abcdef"):
        (home / "out" / name).mkdir()
    assert ockam("backup", "create", home / "out/b.tar.gz").code == 0
    assert sorted(p.name for p in (home / "out").iterdir()) == [".ockam-backup.mine", ".other.abcdef", "b.tar.gz"]


def test_a_reset_deletes_keys_of_before_as_well(ockam, home):
    assert ockam("vault", "create", "v1").code == 0
    assert ockam("backup", "create", home / "all.tar.gz").code == 0
    assert ockam("backup", "restore", home / "all.tar.gz", "--force").code == 0
    (home / ".restore.abcdef").mkdir()
    (home / ".restore.abcdef/keys").write_text("secret")
    (home / "application_database.sqlite3.schema-1").write_text("old")
    assert list(home.glob("before-restore-*"))
    assert ockam("reset", "-y").code == 0
    assert sorted(p.name for p in home.iterdir()) == ["all.tar.gz", "application_database.sqlite3"]


@pytest.fixture
def edge(node, tmp_path):
    """A node as its service runs it: with a configuration outside of the home, and its log on standard error."""
    (tmp_path / "edge.ini").write_text("[include]\nfiles = more.ini\n[tcp-listener main]\naddress = 127.0.0.1:0\n")
    (tmp_path / "more.ini").write_text("[service seen]\ntype = echo\n")
    return node("edge", "--config", tmp_path / "edge.ini")


def test_a_bundle_and_a_backup_see_the_configuration_of_a_service(edge, ockam, home, tmp_path):
    assert ockam("support-bundle", "edge", "--to", home / "b.tar.gz").code == 0
    files = members(home / "b.tar.gz")
    assert "files = more.ini" in files["nodes/edge/node.ini"] and "type = echo" in files["nodes/edge/included-1.ini"]
    assert str(tmp_path / "edge.ini") in files["nodes/edge/effective.ini"]
    assert "journalctl OCKAM_NODE=edge" in files["README.md"]
    made = ockam("backup", "create", home / "all.tar.gz", "--output", "json")
    assert made.code == 0, made
    for one in ("edge.ini", "more.ini"):
        assert len([left for left in made.json["left_out"] if left.endswith(str(tmp_path / one))]) == 1, made.json["left_out"]


# The keys of a node that runs with `--config` were neither in the archive nor named: a restore had another identity.
def test_a_backup_has_or_names_all_files_that_a_configuration_names(node, ockam, run, home, tmp_path):
    for d in ("etc", "keys"):
        (home / d).mkdir()
    (home / "keys/passphrase").write_text("correct horse\n")
    (home / "keys/proxy").write_text("none\n")
    for p in ("passphrase", "proxy"):
        (home / "keys" / p).chmod(0o600)
    (tmp_path / "s.lua").write_text("function on_message(m) m:reply('x') end\n")
    node("maker", "--no-state", config=f"[node]\nname = maker\n[identity]\nvault = {tmp_path}/other.vault\nhistory = {tmp_path}/other.identity\n").stop()
    (home / "etc/edge.ini").write_text(
        "[node]\nname = edge\nlog-file = ../edge.log\n[identity]\nvault = ../keys/edge.vault\nhistory = ../keys/edge.identity\npassphrase-file = ../keys/passphrase\n"
        f"[channel-identity other]\nvault = {tmp_path}/other.vault\nhistory = {tmp_path}/other.identity\n"
        f"[secure-channel-listener api]\nidentity = other\n[routing]\nproxy = ${{file:../keys/proxy}}\n[service s]\nscript = {tmp_path}/s.lua\n")
    n = node("edge", "--config", home / "etc/edge.ini")
    made = ockam("backup", "create", home / "all.tar.gz", "--output", "json")
    assert made.code == 0, made
    inside = ("etc/edge.ini", "keys/edge.vault", "keys/edge.identity", "keys/passphrase", "keys/proxy")
    names = members(home / "all.tar.gz")
    assert {f"home/{p}" for p in inside} <= names.keys() and "home/edge.log" not in names, sorted(names)
    elsewhere = sorted(left.rpartition(": ")[2] for left in made.json["left_out"])
    assert elsewhere == sorted(str(tmp_path / p) for p in ("other.vault", "other.identity", "s.lua")), made.json["left_out"]
    n.stop()
    there = home / "o"
    there.mkdir()
    r = run("ockam", "backup", "restore", home / "all.tar.gz", env_extra={"OCKAM_HOME": str(there)})
    assert r.code == 0, r
    assert {p: (there / p).read_bytes() for p in inside} == {p: (home / p).read_bytes() for p in inside}


def test_a_backup_says_what_it_cannot_know_of_a_configuration(node, ockam, home, tmp_path):
    (home / "edge.ini").write_text(f"[node]\nname = edge\n[identity]\nvault = ${{KEYS_OF_EDGE}}/v\nhistory = {home}/h\n")
    node("edge", "--config", home / "edge.ini", env_extra={"KEYS_OF_EDGE": str(tmp_path)})
    made = ockam("backup", "create", home / "all.tar.gz", "--output", "json")
    assert made.code == 0, made
    assert [left for left in made.json["left_out"] if f"{home}/edge.ini:4: vault: " in left and "KEYS_OF_EDGE" in left], made.json["left_out"]


def test_a_restore_of_a_file_that_is_not_there_says_so(n1, ockam, home):
    r = ockam("backup", "restore", home / "NOTHERE")
    assert r.code != 0 and f"there is no {home}/NOTHERE" in r.err and "already" not in r.err


def test_logs_of_a_node_without_a_file_say_where_they_are(edge, ockam):
    r = ockam("logs", "edge")
    assert r.code != 0 and "journalctl OCKAM_NODE=edge" in r.err


def test_the_log_of_the_days_before_is_in_the_bundle_and_in_logs(n1, ockam, home):
    line = "{}T00:00:00.000Z info node: {}\n".format
    (home / "nodes/n1/stdout.2026-01-01.1.log").write_text(line("2026-01-01", "oldest"))
    (home / "nodes/n1/stdout.2026-01-01.log").write_text(line("2026-01-01", "older"))
    assert ockam("support-bundle", "n1", "--to", home / "b.tar.gz").code == 0
    log = members(home / "b.tar.gz")["nodes/n1/log.txt"]
    assert log.index("oldest") < log.index("older") < log.index("is ready")
    shown = ockam("logs", "n1", "-n", "1000").out
    assert shown == log
    assert ockam("logs", "n1", "-n", str(len(log.splitlines()) - 1)).out == log.partition("\n")[2]


def test_a_query_is_made_of_each_line(n1, ockam):
    r = ockam("logs", "n1", "--output", "json", "--jq", ".node")
    assert r.code == 0 and set(r.out.splitlines()) == {'"n1"'} and len(r.out.splitlines()) > 2
    assert ockam("logs", "n1", "--output", "json", "--jq", ".node |").code != 0
    r = ockam("top", "n1", "--once", "--interval", "100ms", "--output", "json", "--jq", ".nodes[0].node")
    assert r.code == 0, r


def test_metrics_over_tls_are_missing_with_a_reason(node, ockam, home, authority, tmp_path):
    (tmp_path / "n.ini").write_text(f"[http]\naddress = 127.0.0.1:0\ncertificate = {authority}/server.pem\nkey = {authority}/server.key\n")
    node("n1", "--config", tmp_path / "n.ini")
    assert ockam("support-bundle", "n1", "--to", home / "b.tar.gz").code == 0
    files = members(home / "b.tar.gz")
    assert "nodes/n1/metrics.txt" not in files and re.search(r"metrics.txt` \| is missing: it speaks TLS at 127", files["README.md"])


def test_traces_go_by_relays_and_channels_too(node, ockam, home, tmp_path):
    keys = "[identity]\nvault = {0}.vault\nhistory = {0}.identity\n".format
    there = node("n2", config="[node]\nname = n2\n" + keys("n2") + "[tcp-listener main]\naddress = 127.0.0.1:0\nallow = services, relay, api\n[secure-channel-listener api]\n")
    at = there.listeners[0][1].rpartition(":")[2]
    node("n1", config="[node]\nname = n1\n" + keys("n1") + f"[relay r]\nat = /ip4/127.0.0.1/tcp/{at}\n[secure-channel west]\nto = /ip4/127.0.0.1/tcp/{at}/service/api\n")
    wait_until(lambda: ockam("secure-channel", "list", "--at", "n1", "--output", "json").json[0].get("state") == "up", "the channel is up")
    assert ockam("support-bundle", "n1", "--to", home / "b.tar.gz").code == 0
    traces = members(home / "b.tar.gz")["nodes/n1/traces.txt"]
    for what in ("secure channel west: /service/west/service/echo", f"the node of relay r: /ip4/127.0.0.1/tcp/{at}/service/echo"):
        assert re.search(re.escape(what) + r"\n(  \d.*\n)+  answered", traces), traces


# A trace along the route of an inlet ended at its outlet, which refused it and counted that: an inlet that was up read `died`.
def test_traces_of_inlets_end_beside_their_outlets(node, ockam, home):
    there = node("n2", config="[node]\nname = n2\n[tcp-listener main]\naddress = 127.0.0.1:0\nallow = echo, outlet\n[tcp-outlet outlet]\nto = 127.0.0.1:9\n[http]\naddress = 127.0.0.1:0\n")
    at = next(where for what, where in there.listeners if what == "tcp").rpartition(":")[2]
    node("n1", config=f"[node]\nname = n1\n[tcp-connection west]\naddress = 127.0.0.1:{at}\n[tcp-inlet in]\nto = /worker/west/service/outlet\n[tcp-outlet outlet]\nto = 127.0.0.1:9\n"
                      "[tcp-inlet own]\nto = /service/outlet\n")
    wait_until(lambda: {i["status"] for i in ockam("tcp-inlet", "list", "--at", "n1", "--output", "json").json} == {"Up"}, "the inlets are up")
    assert ockam("support-bundle", "n1", "n2", "--to", home / "b.tar.gz").code == 0
    files = members(home / "b.tar.gz")
    traces = files["nodes/n1/traces.txt"]
    assert re.search(r"the node of the outlet of inlet in: /worker/west/service/echo\n(  \d.*\n)+  answered", traces), traces
    assert "the node of the outlet of inlet own: /service/outlet\n  it is this node\n" in traces
    assert 'ockam_tcp_outlet_refused_total{name="outlet"} 0' in files["nodes/n2/metrics.txt"].splitlines()
    assert "nodes/n2/traces.txt" not in files and re.search(r"n2/traces.txt` \| is missing: it has no connection", files["README.md"])


def test_a_newer_schema_keeps_the_old_database(ockam, home):
    db = sqlite3.connect(home / "application_database.sqlite3")
    db.executescript("CREATE TABLE node (name TEXT PRIMARY KEY, is_default INTEGER NOT NULL DEFAULT 0, tcp_listener_address TEXT NOT NULL DEFAULT '', "
                     "pid INTEGER, created INTEGER NOT NULL); INSERT INTO node VALUES ('old', 1, '', NULL, 1); PRAGMA user_version = 1;")
    db.close()
    assert [n["node_name"] if "node_name" in n else n["name"] for n in ockam("node", "list", "--output", "json").json] == ["old"]
    kept = sqlite3.connect(home / "application_database.sqlite3.schema-1")
    assert kept.execute("PRAGMA user_version").fetchone() == (1,) and kept.execute("SELECT name FROM node").fetchall() == [("old",)]
    assert stat.S_IMODE((home / "application_database.sqlite3.schema-1").stat().st_mode) == 0o600
    kept.close()
