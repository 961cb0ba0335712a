# SPDX-License-Identifier: Apache-2.0
"""`ockam support-bundle` and `ockam backup`: what is in them, what is not, and the way back."""

import io
import json
import sqlite3
import stat
import tarfile

import pytest


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
    (lambda n, d: b"{}" if n.endswith("manifest.json") else d, "not a backup of this program"),
])
def test_a_backup_that_is_not_right_is_refused_and_changes_nothing(n1, ockam, run, home, what, says):
    assert ockam("backup", "create", home / "all.tar.gz").code == 0
    there = home / "o"
    there.mkdir()
    r = run("ockam", "backup", "restore", altered(home / "all.tar.gz", home, what), env_extra={"OCKAM_HOME": str(there)})
    assert r.code != 0 and says in r.err, r
    assert [p.name for p in there.iterdir()] == []


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
