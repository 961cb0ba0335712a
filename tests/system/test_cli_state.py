# SPDX-License-Identifier: Apache-2.0
"""What the command line keeps of nodes: races of commands, processes, the file of a node, disks and databases that fail."""

import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess

import pytest

from ports import free_port
from processes import cannot_run, fill, of_home, pid_of, Process, wait_until


def listens_at(ockam, name):
    return [t["socket_addr"] for t in ockam("node", "show", name, "--output", "json").json["transports"]]


def services_of(ockam, name):
    r = ockam("service", "list", "--at", name, "--output", "json")
    assert r.code == 0, r
    return {s["addr"] for s in r.json}


@pytest.fixture
def begin(env, home, programs):
    """begin(*args) → a command of the command line that runs beside others."""
    begun = []

    def start(*args):
        begun.append(subprocess.Popen([programs / "ockam", *args], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, cwd=home))
        return begun[-1]

    yield start
    for p in begun:
        p.communicate(timeout=60)


# -- races ------------------------------------------------------------------------------------------------------------

def test_a_reset_beside_creates_leaves_no_node_behind(begin, ockam, home):
    for _ in range(2):
        begun = [begin("node", "create", f"z{i}") for i in range(6)] + [begin("reset", "-y")]
        ends = [(p, *p.communicate(timeout=60)) for p in begun]
        assert begun[-1].returncode == 0, ends
        known = {n["node_name"] for n in ockam("node", "list", "--output", "json").json}
        assert len(of_home(home)) == len(known), "each node that runs is in the list"
        assert all(p.returncode == 0 or "reset" in err or "is gone" in err for p, _, err in ends), ends
    assert ockam("reset", "-y").code == 0
    assert of_home(home) == [] and ockam("node", "list").out == "[]\n"


def test_a_storm_of_create_and_delete_of_one_name_says_nothing_strange(begin, ockam, home):
    said = []
    for _ in range(4):
        begun = [begin("node", *words) for _ in range(2) for words in (["create", "st"], ["delete", "st", "-y"], ["stop", "st"])]
        said += [p.communicate(timeout=60)[1] for p in begun]
    expected = ("already running", "no node with name st", "is not running", "There was a node st already")
    assert [s for s in said if s and not any(e in s for e in expected)] == []
    ockam("node", "delete", "st", "-y")
    assert of_home(home) == []


def test_a_reset_ends_nodes_that_are_in_no_list(ockam, home):
    ockam("node", "create", "n1")
    shutil.rmtree(home / "nodes")
    for f in home.glob("*.sqlite3*"):
        f.unlink()
    assert len(of_home(home)) == 1
    assert ockam("reset", "-y").code == 0
    assert of_home(home) == []


# -- which process ----------------------------------------------------------------------------------------------------

def set_pid(home, name, pid):
    [database] = home.glob("*.sqlite3")
    with sqlite3.connect(database) as db:
        db.execute("UPDATE node SET pid = ? WHERE name = ?", (pid, name))
    db.close()


@pytest.fixture
def stranger():
    with subprocess.Popen(["sleep", "300"]) as p:
        yield p
        p.kill()


@pytest.mark.parametrize("how", [[], ["--force"]])
def test_a_stop_ends_the_node_and_not_whoever_has_its_number_in_the_database(ockam, home, stranger, how):
    ockam("node", "create", "n1")
    pid = pid_of(ockam, "n1")
    set_pid(home, "n1", stranger.pid)
    assert ockam("node", "stop", "n1", *how).code == 0
    assert not Process(pid).alive() and stranger.poll() is None


@pytest.mark.parametrize("words", [["node", "stop", "n1"], ["node", "delete", "n1", "-y"], ["reset", "-y"]])
def test_a_number_that_was_used_again_is_nobody(ockam, home, stranger, words):
    ockam("node", "create", "n1")
    os.kill(pid_of(ockam, "n1"), signal.SIGKILL)
    wait_until(lambda: of_home(home) == [], "the node is gone")
    set_pid(home, "n1", stranger.pid)
    assert ockam("node", "list", "--output", "json").json[0]["status"]["status"] == "killed"
    ockam(*words)
    assert stranger.poll() is None


def test_a_node_without_its_control_socket_is_found_by_its_lock(ockam, home, stranger):
    ockam("node", "create", "n1")
    pid = pid_of(ockam, "n1")
    set_pid(home, "n1", stranger.pid)
    next(home.rglob("control.sock")).unlink()
    assert ockam("node", "stop", "n1").code == 0
    assert not Process(pid).alive() and stranger.poll() is None


def test_a_node_whose_lock_file_was_removed_runs_and_can_be_stopped(ockam, home):
    ockam("node", "create", "n1")
    pid = pid_of(ockam, "n1")
    (home / "nodes/n1/lock").unlink()
    assert ockam("node", "list", "--output", "json").json[0]["status"]["status"] == "running"
    r = ockam("node", "create", "n1")
    assert r.code == 70 and "already running" in r.err and "ockam node stop n1, which keeps its configuration" in r.err, r
    assert ockam("node", "stop", "n1").code == 0
    assert not Process(pid).alive() and (home / "nodes/n1/node.ini").exists()


def test_a_node_in_another_pid_namespace_is_stopped_by_who_it_is(env, programs, ockam, home, stranger):
    inside = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", programs / "ockam-node", "--name", "n1", "--tcp-listener", "127.0.0.1:0"],
                              env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        ready = inside.stdout.readline()
        if not ready:
            cannot_run("no pid namespaces here: " + inside.stderr.read())
        assert ready.startswith("listening")
        wait_until(lambda: ockam("node", "list").json, "the node is known")
        set_pid(home, "n1", stranger.pid)
        assert ockam("node", "stop", "n1").code == 0
        assert inside.wait(10) == 0 and stranger.poll() is None
    finally:
        inside.kill()
        inside.communicate()


# -- descriptors ------------------------------------------------------------------------------------------------------

def closed(which, *command):
    return ["sh", "-c", f'exec "$@" {" ".join(which)}', "sh", *map(str, command)]


@pytest.mark.parametrize("which", [["2>&-"], ["<&-", ">&-", "2>&-"], ["<&-"]])
def test_descriptors_that_are_closed_at_the_start_are_nobody_elses(env, programs, ockam, home, which):
    child = subprocess.Popen(closed(which, programs / "ockam-node", "--name", "n1", "--tcp-listener", "127.0.0.1:0"), env=env,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: ockam("message", "send", "hi", "--to", "/node/n1/service/echo").out == "hi\n", "it answers")
        for number in (0, 1, 2):
            assert os.readlink(f"/proc/{child.pid}/fd/{number}") == "/dev/null"
        assert (home / "nodes/n1/lock").read_bytes() == b""
    finally:
        child.terminate()
    assert child.wait(5) == 0


def test_a_command_with_closed_descriptors_works_and_says_that_nothing_was_written(env, programs, ockam, home):
    run = lambda which, *words: subprocess.run(closed(which, programs / "ockam", *words), env=env, capture_output=True, text=True, timeout=30)  # noqa: E731
    assert run(["2>&-", "<&-"], "node", "create", "n1").returncode == 0
    r = run([">&-"], "node", "list")
    assert r.returncode == 70 and "standard output" in r.stderr, r
    assert ockam("message", "send", "hi", "--to", "/node/n1/service/echo").out == "hi\n"


@pytest.mark.parametrize("words", [["node", "list"], ["help"], ["node", "create", "--help"], ["completion", "--shell", "bash"], ["node", "show"]])
def test_a_result_that_cannot_be_written_is_no_success(env, programs, ockam, words):
    ockam("node", "create", "n1")
    with open("/dev/full", "w") as full:
        r = subprocess.run([programs / "ockam", *words], env=env, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30)
    assert r.returncode == 70 and "No space left" in r.stderr, r


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["--check-config", "--name", "n1"]])
def test_nor_is_one_of_the_node_program(env, programs, words):
    with open("/dev/full", "w") as full:
        r = subprocess.run([programs / "ockam-node", *words], env=env, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30)
    assert r.returncode == 70 and "No space left" in r.stderr, r


# -- the file of a node -----------------------------------------------------------------------------------------------

def test_the_file_has_the_port_that_the_system_chose(ockam, home):
    ockam("node", "create", "n1")
    [address] = listens_at(ockam, "n1")
    assert f"address = {address}\n" in (home / "nodes/n1/node.ini").read_text()
    for f in home.glob("*.sqlite3*"):
        f.unlink()
    ockam("node", "stop", "n1")
    assert ockam("node", "start", "n1").code == 0
    assert listens_at(ockam, "n1") == [address]


def test_what_an_edited_file_says_counts_at_the_next_start(ockam, home):
    ockam("node", "create", "n1")
    ini = home / "nodes/n1/node.ini"
    [before] = listens_at(ockam, "n1")
    after = f"127.0.0.1:{free_port()}"
    ini.write_text("# mine\n" + ini.read_text().replace(before, after))
    ockam("node", "stop", "n1")
    assert ockam("node", "start", "n1").code == 0
    assert listens_at(ockam, "n1") == [after]
    ini.write_text("[node]\nname = n1\n")
    ockam("node", "stop", "n1")
    assert ockam("node", "start", "n1").code == 0
    assert listens_at(ockam, "n1") == []


def test_a_node_starts_under_its_name_whatever_its_file_calls_it(ockam, home):
    ockam("node", "create", "n1")
    ockam("node", "stop", "n1")
    ini = home / "nodes/n1/node.ini"
    ini.write_text(ini.read_text().replace("name = n1", "name = n2"))
    assert ockam("node", "start", "n1").code == 0
    assert [n["node_name"] for n in ockam("node", "list").json] == ["n1"] and not (home / "nodes/n2").exists()


def test_another_first_listener_does_not_get_the_address_of_the_one_before(ockam, home):
    ockam("node", "create", "n1")
    ockam("node", "stop", "n1")
    ini = home / "nodes/n1/node.ini"
    text, port = ini.read_text(), free_port()
    ini.write_text(text.replace("[tcp-listener default]", f"[tcp-listener b]\naddress = 127.0.0.1:{port}\n\n[tcp-listener default]"))
    assert ockam("node", "start", "n1").code == 0
    assert listens_at(ockam, "n1")[0] == f"127.0.0.1:{port}" and len(set(listens_at(ockam, "n1"))) == 2


def end_in_order(ockam, pid):
    ockam("node", "stop", "n1")


def crash(ockam, pid):
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: '"killed"' in ockam("node", "list").out, "all of its threads are gone")


@pytest.mark.parametrize("end", [end_in_order, crash])
def test_what_was_made_at_the_prompt_comes_back(ockam, home, end):
    (home / "up.lua").write_text("function on_message(m) m:reply(m.text:upper()) end")
    peer = ockam("node", "create", "n2", "--output", "json").json["transports"][0]["socket_addr"]
    ockam("node", "create", "n1")
    ini = home / "nodes/n1/node.ini"
    ini.write_text("# what is written here stays\n" + ini.read_text())
    for words in (["service", "start", "hop", "--addr", "h1"], ["service", "start", "hop"],
                  ["service", "start", "script", "--addr", "up", "--file", home / "up.lua", "--option", "budget=2MiB"],
                  ["tcp-listener", "create", "127.0.0.1:0"], ["ws-listener", "create", "ws://127.0.0.1:0"],
                  ["uds-listener", "create", home / "n1.sock"], ["udp-listener", "create", "127.0.0.1:0"]):
        r = ockam(*words, "--at", "n1")
        assert r.code == 0, r
    route = ockam("tcp-connection", "create", "--from", "n1", "--to", peer).out.strip()
    send = lambda to: ockam("message", "send", "hi", "--from", "n1", "--to", to).out  # noqa: E731
    before = (listens_at(ockam, "n1"), services_of(ockam, "n1"))
    assert len(before[0]) == 5 and {"h1", "up", "hop"} <= before[1]
    assert send(f"{route}/service/uppercase") == "HI\n"
    end(ockam, pid_of(ockam, "n1"))
    assert ockam("node", "start", "n1").code == 0
    assert (listens_at(ockam, "n1"), services_of(ockam, "n1")) == before
    assert send("/service/h1/service/up") == "HI\n"
    wait_until(lambda: send(f"{route}/service/uppercase") == "HI\n", "the connection is there again, under its name")
    assert ini.read_text().startswith("# what is written here stays\n[node]\n")


@pytest.fixture
def foreground(env, home, programs):
    """foreground(name) → a node of `ockam node create --foreground` that is ready, as a process."""
    begun = []

    def start(name):
        p = subprocess.Popen([programs / "ockam", "node", "create", name, "--foreground"], env=env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, text=True, cwd=home)
        begun.append(p)
        assert p.stdout.readline() == f"{name}\n"
        return p

    yield start
    for p in begun:
        p.kill()
        p.communicate(timeout=30)


def test_a_node_of_the_foreground_keeps_what_is_made_at_the_prompt(foreground, ockam, home):
    node = foreground("f1")
    for words in (["service", "start", "hop", "--addr", "h1"], ["tcp-listener", "create", "127.0.0.1:0"]):
        assert ockam(*words, "--at", "f1").code == 0
    before = (listens_at(ockam, "f1"), services_of(ockam, "f1"))
    assert "[service h1]" in (home / "run/f1/node.ini").read_text()
    node.kill()
    node.wait(10)
    assert ockam("node", "start", "f1").code == 0
    assert (listens_at(ockam, "f1"), services_of(ockam, "f1")) == before


def test_a_node_of_the_foreground_is_found_without_its_files(foreground, ockam, home):
    node = foreground("f1")
    for f in home.glob("*.sqlite3*"):
        f.unlink()
    r = ockam("node", "list", "--output", "json")
    assert [(n["node_name"], n["pid"]) for n in r.json] == [("f1", node.pid)], "the database is made anew"
    shutil.rmtree(home / "run")
    assert ockam("node", "list", "--output", "json").json[0]["status"]["status"] == "running"
    assert ockam("node", "delete", "f1", "-y").code == 0
    node.wait(10)
    assert ockam("node", "list").out == "[]\n"


def test_a_service_that_starts_when_its_command_has_given_up_is_kept_as_well(ockam, home):
    (home / "up.lua").write_text("function on_start() local till = os.time() + 2 while os.time() < till do end end\n"
                                 "function on_message(m) m:reply(m.text:upper()) end")
    ockam("node", "create", "n1")
    slow = [a for o in ("time=10s", "instructions=1000000000000") for a in ("--option", o)]
    r = ockam("service", "start", "script", "--addr", "up", "--file", home / "up.lua", *slow, "--at", "n1", "--timeout", "100ms")
    assert r.code == 70 and "has not started within" in r.err, r
    wait_until(lambda: "[service up]" in (home / "nodes/n1/node.ini").read_text(), "it has started at last")


def test_what_was_ended_at_the_prompt_stays_ended(ockam, home):
    peer = ockam("node", "create", "n2", "--output", "json").json["transports"][0]["socket_addr"]
    ockam("node", "create", "n1", "--configuration", "{services: {h0: hop}}")
    ini = home / "nodes/n1/node.ini"
    ini.write_text("# above\n" + ini.read_text() + "# below\n")
    at = ["--at", "n1"]
    text = ini.read_text()
    first = listens_at(ockam, "n1")[0]
    ockam("service", "start", "hop", "--addr", "h1", *at)
    second = ockam("tcp-listener", "create", "127.0.0.1:0", *at, "--output", "json").json["socket_addr"]
    route = ockam("tcp-connection", "create", "--from", "n1", "--to", peer).out.strip()
    assert len(ini.read_text()) > len(text)
    for words in (["service", "stop", "h1"], ["tcp-listener", "delete", second, "-y"], ["tcp-connection", "delete", route, "-y"]):
        r = ockam(*words, *at)
        assert r.code == 0, r
    assert ini.read_text() == text, "as if nothing had been"
    ockam("service", "stop", "h0", *at)
    ockam("tcp-listener", "delete", first, "-y", *at)
    assert re.fullmatch(r"# above\n\[node\]\nname = n1\n\n\[identity\]\nvault = \S+\nhistory = \S+\n# below\n", ini.read_text())
    ockam("node", "stop", "n1")
    ockam("node", "start", "n1")
    assert listens_at(ockam, "n1") == [] and "h0" not in services_of(ockam, "n1")


def test_a_listener_from_the_prompt_admits_after_a_restart_what_it_did(ockam, home):
    ockam("node", "create", "n1")
    first = listens_at(ockam, "n1")[0]
    ockam("tcp-listener", "create", "127.0.0.1:0", "--at", "n1")
    ockam("tcp-listener", "delete", first, "-y", "--at", "n1")
    assert "allow = nothing" in (home / "nodes/n1/node.ini").read_text()
    ockam("node", "stop", "n1")
    ockam("node", "start", "n1")
    [left] = listens_at(ockam, "n1")
    host, port = left.split(":")
    ockam("node", "create", "n2")
    r = ockam("message", "send", "hi", "--from", "n2", "--to", f"/ip4/{host}/tcp/{port}/service/echo", "--timeout", "2s")
    assert r.code == 70 and "does not let this peer reach" in r.err, r


def test_a_reload_takes_what_was_made_at_the_prompt_for_what_it_is(ockam, home):
    ockam("node", "create", "n1")
    ockam("service", "start", "hop", "--addr", "h1", "--at", "n1")
    ockam("tcp-listener", "create", "127.0.0.1:0", "--at", "n1")
    before = (listens_at(ockam, "n1"), services_of(ockam, "n1"))
    log = pathlib.Path(ockam("node", "logs", "n1").out.strip())
    os.kill(pid_of(ockam, "n1"), signal.SIGHUP)
    wait_until(lambda: "no section of the configuration has changed" in log.read_text(), "nothing was changed")
    assert (listens_at(ockam, "n1"), services_of(ockam, "n1")) == before
    ockam("service", "stop", "h1", "--at", "n1")
    os.kill(pid_of(ockam, "n1"), signal.SIGHUP)
    wait_until(lambda: log.read_text().count("no section of the configuration has changed") == 2, "nor now")


@pytest.mark.parametrize("more", [[], ["-f", "-e"]])
def test_a_create_over_a_stopped_node_keeps_its_file_and_says_so(ockam, home, more):
    ockam("node", "create", "n1", "--configuration", "{services: {mine: hop}}")
    ini = home / "nodes/n1/node.ini"
    before = "# by hand\n" + ini.read_text()
    ini.write_text(before)
    ockam("node", "stop", "n1")
    r = ockam("node", "create", "n1", *more)
    assert r.code == 0 and r.out.startswith("n1\n"), r
    old = home / "nodes/n1/node.ini.old"
    assert old.read_text() == before and str(old) in r.err and "ockam node start n1" in r.err
    assert "mine" not in ini.read_text()
    ockam("node", "stop", "n1")
    shutil.copy(old, ini)
    assert ockam("node", "start", "n1").code == 0 and "mine" in services_of(ockam, "n1")


def test_a_create_that_fails_leaves_the_files_of_the_node_before_as_they_were(ockam, home):
    ockam("node", "create", "n1")
    ockam("node", "stop", "n1")
    ockam("node", "create", "n1")
    ockam("node", "stop", "n1")
    files = lambda: {f.name: f.read_text() for f in (home / "nodes/n1").glob("node.ini*")}  # noqa: E731
    before = files()
    r = ockam("node", "create", "n1", "--tcp-listener-address", "nonsense")
    assert r.code == 70 and "node.ini.old" not in r.err, r
    assert files() == before


# -- disks and databases ----------------------------------------------------------------------------------------------

def test_a_full_disk_is_said_and_nodes_can_be_listed_stopped_and_deleted(small_disk, ockam):
    disk = small_disk("4m")
    there = {"env_extra": {"OCKAM_HOME": str(disk / "home")}}
    for name in ("n1", "n2", "n3"):
        assert ockam("node", "create", name, **there).code == 0
    ockam("node", "stop", "n3", **there)
    fill(disk)
    r = ockam("node", "list", "--output", "json", **there)
    assert [n["status"]["status"] for n in r.json] == ["running", "running", "stopped"]
    assert ockam("message", "send", "hi", "--to", "/node/n1/service/echo", **there).out == "hi\n"
    for words in (["node", "create", "n4"], ["node", "start", "n3"]):
        r = ockam(*words, **there)
        assert r.code == 70 and ("No space left" in r.err or "full" in r.err) and "make room" in r.err, r
    r = ockam("service", "start", "hop", "--addr", "h1", "--at", "n1", **there)
    assert r.code == 70 and "No space left" in r.err and "is ended again" in r.err, r
    assert "h1" not in [s["addr"] for s in ockam("service", "list", "--at", "n1", "--output", "json", **there).json], "what would be gone after a restart is not there now"
    r = ockam("tcp-listener", "create", "127.0.0.1:0", "--at", "n1", **there)
    assert r.code == 70 and "is ended again" in r.err, r
    assert len(ockam("tcp-listener", "list", "--at", "n1", "--output", "json", **there).json) == 1
    assert ockam("service", "start", "hop", "--at", "n1", **there).code == 70
    r = ockam("service", "list", "--at", "n1", "--output", "json", **there)
    assert {s["addr"]: s["reachable"] for s in r.json}["hop"] is False, "that of every node is for local senders again"
    r = ockam("node", "stop", "n1", **there)
    assert r.code == 0, r
    r = ockam("node", "list", "--output", "json", **there)
    assert [n["status"]["status"] for n in r.json] == ["stopped", "running", "stopped"]
    r = ockam("node", "delete", "n2", "-y", **there)
    assert r.code == 0, r
    fill(disk)
    assert ockam("node", "delete", "--all", "-y", **there).code == 0
    assert ockam("node", "list", **there).out == "[]\n"
    (disk / "full").unlink()
    assert ockam("node", "create", "n1", **there).code == 0


def test_a_file_of_a_node_is_not_lost_on_a_full_disk(small_disk, ockam):
    disk = small_disk("4m")
    there = {"env_extra": {"OCKAM_HOME": str(disk / "home")}}
    ockam("node", "create", "n1", **there)
    ini = disk / "home/nodes/n1/node.ini"
    before = ini.read_text()
    fill(disk)
    ockam("service", "start", "hop", "--addr", "h1", "--at", "n1", **there)
    assert ini.read_text() == before and not ini.with_suffix(".ini.new").exists()


def test_a_disk_that_can_only_be_read_is_said(small_disk, ockam):
    disk = small_disk("8m")
    there = {"env_extra": {"OCKAM_HOME": str(disk / "home")}}
    ockam("node", "create", "n1", **there)
    ockam("node", "stop", "n1", **there)
    remounted = subprocess.run(["mount", "-o", "remount,ro", disk], capture_output=True, text=True)
    assert remounted.returncode == 0, remounted
    try:
        assert ockam("node", "list", "--output", "json", **there).json[0]["status"]["status"] == "stopped"
        assert ockam("node", "show", "n1", "--jq", ".name", **there).out == '"n1"\n'
        for words in (["node", "start", "n1"], ["node", "create", "n2"], ["node", "delete", "n1", "-y"], ["reset", "-y"]):
            r = ockam(*words, **there)
            assert r.code == 70 and ("Read-only" in r.err or "readonly" in r.err), r
    finally:
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)


def test_a_lost_database_costs_no_node(ockam, home):
    for name in ("n1", "n2"):
        ockam("node", "create", name)
    pid = pid_of(ockam, "n1")
    ockam("node", "stop", "n2")
    for f in home.glob("*.sqlite3*"):
        f.unlink()
    r = ockam("node", "list", "--output", "json")
    assert [(n["node_name"], n["pid"], n["status"]["status"]) for n in r.json] == [("n1", pid, "running"), ("n2", None, "stopped")]
    assert ockam("message", "send", "hi", "--to", "/node/n1/service/echo").out == "hi\n"
    assert ockam("node", "start", "n2").code == 0
    assert ockam("node", "stop", "n1").code == 0 and not Process(pid).alive()
    assert ockam("node", "delete", "--all", "-y").code == 0 and of_home(home) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_node_of_another_user_is_said(env, programs, ockam, home):
    other = lambda *words: subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", programs / "ockam", *words],  # noqa: E731
                                          env=env, capture_output=True, text=True, timeout=30)
    if other("--version").returncode != 0:
        pytest.skip("the programs cannot be run by another user here")
    ockam("node", "create", "n1")
    pid = pid_of(ockam, "n1")
    for words in (["node", "list"], ["node", "stop", "n1"], ["node", "create", "n2"], ["message", "send", "hi", "--to", "/node/n1/service/echo"]):
        r = other(*words)
        assert r.returncode == 70 and "ermission denied" in r.stderr and "help: " in r.stderr, r
        assert words[0] != "node" or f"{home} belongs to root" in r.stderr, "whose it is"
    for d in (home, home / "nodes", home / "nodes/n1"):
        d.chmod(0o755)
    r = other("message", "send", "hi", "--to", "/node/n1/service/echo")
    assert r.returncode == 70 and "another user" in r.stderr, r
    for words in (["node", "stop", "n1"], ["node", "delete", "n1", "-y"], ["reset", "-y"]):
        r = other(*words)
        assert r.returncode == 70 and "help: " in r.stderr, r
    assert Process(pid).alive()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_root_does_not_work_in_the_home_of_another_user(run, ockam, home):
    os.chown(home, 65534, 65534)
    for r in (ockam("node", "list"), ockam("node", "create", "n1"), run("ockam-node", "--name", "n1")):
        assert r.code in (70, 73) and "sudo -u" in r.err, r
    assert list(home.iterdir()) == []
    os.chown(home, 0, 0)


def test_a_node_that_hangs_is_shown_and_the_exit_code_says_that_it_hangs(ockam):
    ockam("node", "create", "n1")
    Process(pid_of(ockam, "n1")).freeze()
    for words in (["node", "show", "n1"], ["status"]):
        r = ockam(*words, "--timeout", "1s")
        assert r.code == 70 and '"running"' in r.out and "does not answer" in r.err, r
    assert ockam("node", "stop", "n1").code == 0
