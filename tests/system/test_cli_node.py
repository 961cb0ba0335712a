# SPDX-License-Identifier: Apache-2.0
"""`ockam node …`: the life of nodes at the prompt."""

import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest

from processes import of_home, pid_of, Process, wait_until


def address_of(ockam, name):
    return ockam("node", "show", name, "--output", "json").json["transports"][0]["socket_addr"]


def status_of(ockam, name):
    return ockam("node", "show", name, "--output", "json").json["status"]


def test_nothing_there_yet(ockam):
    for words in (["list"], ["show"], ["delete", "-y"], ["delete", "--all", "-y"], ["list", "--output", "json"]):
        r = ockam("node", *words)
        assert (r.code, r.out) == (0, "[]\n"), r
    r = ockam("node", "default")
    assert r.code == 70 and "There is no default node" in r.err
    assert "ockam node create" in r.err


def test_create_prints_the_name_and_starts_a_node_of_its_own(ockam, home):
    r = ockam("node", "create", "n1")
    assert (r.code, r.out, r.err) == (0, "n1\n", ""), r
    pid = pid_of(ockam, "n1")
    assert os.getsid(pid) == pid, "the node has a session of its own"
    assert os.readlink(f"/proc/{pid}/fd/0") == "/dev/null"
    assert stat.S_IMODE((home / "nodes/n1").stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "nodes/n1/control.sock").stat().st_mode) == 0o600
    assert (home / "nodes/n1/node.ini").read_text().startswith("[node]\nname = n1\n")
    assert not list((home / "nodes").glob(".*")), "no lock is left behind"


def test_create_as_json_shows_the_node(ockam):
    j = ockam("node", "create", "n1", "--output", "json").json
    assert j["name"] == "n1" and j["status"] == "running" and j["is_default"] is True
    assert j["route"]["short"] == "/node/n1"
    assert j["route"]["verbose"].startswith("/dnsaddr/localhost/tcp/")
    assert {s["addr"] for s in j["services"]} == {"echo", "hop", "uppercase"}
    [listener] = j["transports"]
    assert listener["mode"] == "Listen" and listener["type"] == "Tcp" and listener["socket_addr"].startswith("127.0.0.1:")


def test_without_a_name_it_gets_two_words(ockam):
    a, b = (ockam("node", "create").out.strip() for _ in range(2))
    assert a != b and all(len(n.split("-")) == 2 for n in (a, b))
    assert [n["node_name"] for n in ockam("node", "list").json] == [a, b]


def test_a_name_is_taken_only_while_its_node_runs(ockam):
    ockam("node", "create", "n1")
    r = ockam("node", "create", "n1")
    assert r.code == 70 and "Node n1 is already running" in r.err and "ockam node stop n1" in r.err
    assert ockam("node", "stop", "n1").out == "  ✔ The node with name n1 was stopped\n"
    assert ockam("node", "create", "n1", "--tcp-listener-address", "127.0.0.1:0").out == "n1\n"
    assert len(ockam("node", "list").json) == 1


@pytest.mark.parametrize("name", ["bad name", "bad/name", "bad.name", "x" * 65, "ä"])
def test_names_that_are_none(ockam, home, name):
    r = ockam("node", "create", name)
    assert r.code == 70 and "Invalid value for NAME_OR_CONFIGURATION" in r.err and "letters" in r.err
    assert not (home / "nodes").exists() or not list((home / "nodes").iterdir())


def test_a_port_in_use_leaves_nothing_behind(ockam, home):
    taken = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{taken.getsockname()[1]}"
    r = ockam("node", "create", "n1", "--tcp-listener-address", address, "--output", "json")
    assert r.code == 70 and r.out == ""
    e = json.loads(r.err)["error"]
    assert e["code"] == "address-in-use" and address in e["cause"] and e["hint"]
    assert not (home / "nodes/n1").exists() and of_home(home) == []
    assert ockam("node", "list").out == "[]\n"


@pytest.mark.parametrize("address,hint", [("not-an-address", "host:port"), ("127.0.0.1:99999", "65535"), ("4107", "127.0.0.1:4107")])
def test_addresses_that_are_none(ockam, home, address, hint):
    r = ockam("node", "create", "n1", "--tcp-listener-address", address)
    assert r.code == 70 and address in r.err and hint in r.err, r
    assert not (home / "nodes/n1").exists()


def test_a_failed_create_keeps_the_stopped_node_of_that_name(ockam, home):
    ockam("node", "create", "n1")
    ockam("node", "stop", "n1")
    before = (home / "nodes/n1/node.ini").read_text()
    assert ockam("node", "create", "n1", "--tcp-listener-address", "nonsense").code == 70
    assert (home / "nodes/n1/node.ini").read_text() == before
    assert ockam("node", "start", "n1").code == 0


def test_stop_and_start_keep_address_and_configuration(ockam):
    ockam("node", "create", "n1", "--configuration", "{services: {h1: hop}, log-level: debug}")
    address = address_of(ockam, "n1")
    ockam("node", "stop", "n1")
    assert status_of(ockam, "n1") == "stopped"
    r = ockam("node", "start", "n1")
    name, _, page = r.out.partition("\n")
    assert r.code == 0 and name == "n1" and json.loads(page)["status"] == "running", r
    assert json.loads(page).keys() == ockam("node", "show", "n1").json.keys()
    assert address_of(ockam, "n1") == address
    assert ockam("message", "send", "hi", "--to", "/node/n1/service/h1/service/uppercase").out == "HI\n"
    r = ockam("node", "start", "n1")
    assert r.code == 0 and "The node 'n1' is already running" in r.out
    r = ockam("node", "stop", "n1")
    r = ockam("node", "stop", "n1")
    assert r.code == 70 and "Node n1 is not running" in r.err


def test_a_killed_node_is_seen_and_its_name_is_free(ockam):
    ockam("node", "create", "n1")
    pid, address = pid_of(ockam, "n1"), address_of(ockam, "n1")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not Process(pid).alive(), "the node is gone")
    assert ockam("node", "list").json == [{"is_default": True, "node_name": "n1", "pid": None, "status": {"status": "killed"}}]
    r = ockam("message", "send", "x", "--to", "/node/n1/service/echo")
    assert r.code == 70 and "was killed" in r.err and "ockam node start n1" in r.err
    assert ockam("node", "start", "n1").code == 0
    assert address_of(ockam, "n1") == address
    os.kill(pid_of(ockam, "n1"), signal.SIGKILL)
    wait_until(lambda: status_of(ockam, "n1") == "killed", "it is seen as killed")
    assert ockam("node", "create", "n1").code == 0
    assert ockam("node", "delete", "n1", "-y").out == "n1\n"


def test_a_node_that_hangs_is_reported_in_time_and_can_be_ended(ockam):
    ockam("node", "create", "n1")
    pid = pid_of(ockam, "n1")
    Process(pid).freeze()
    r = ockam("message", "send", "x", "--to", "/node/n1/service/echo", "--timeout", "300ms")
    assert r.code == 70 and "does not answer" in r.err and r.seconds < 3, r
    j = ockam("node", "show", "n1", "--output", "json")
    assert j.json["status"] == "running" and "does not answer" in j.err
    r = ockam("node", "stop", "n1")
    assert r.code == 0 and "Node n1 did not answer, and was killed" in r.err, r
    assert not Process(pid).alive() and status_of(ockam, "n1") == "stopped"
    ockam("node", "start", "n1")
    for how in ([], ["--force"]):
        r = ockam("node", "stop", "n1", *how)
        assert r.code == 0 and "killed" not in r.err, "it has ended in order, or as was asked for"
        ockam("node", "start", "n1")


def test_a_node_whose_directory_is_gone(ockam, home):
    ockam("node", "create", "n1")
    pid = pid_of(ockam, "n1")
    subprocess.run(["rm", "-rf", home / "nodes/n1"], check=True)
    r = ockam("message", "send", "x", "--to", "/node/n1/service/echo")
    assert r.code == 70 and "is gone" in r.err and "ockam node delete n1" in r.err
    r = ockam("node", "create", "n1")
    assert r.code == 70 and str(pid) in r.err and "ockam node delete n1" in r.err
    assert ockam("node", "delete", "n1", "-y").code == 0
    assert not Process(pid).alive()
    assert ockam("node", "create", "n1").code == 0


def test_a_control_socket_that_nobody_serves(ockam, home):
    ockam("node", "create", "n1")
    ockam("node", "stop", "n1")
    path = home / "nodes/n1/control.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))
        r = ockam("worker", "list", "--at", "n1")
        assert r.code == 70 and "not running" in r.err
        s.listen()  # accepts, never answers
        r = ockam("worker", "list", "--at", "n1", "--timeout", "200ms")
        assert r.code == 70 and "does not answer" in r.err and r.seconds < 3


@pytest.mark.parametrize("answer,says", [(b"\x08\0\0\0", "134217728 bytes, over the 64MiB"), (b"\0\0\0\3\xff\xff\xff", "something that is no answer")])
def test_an_answer_that_cannot_be(ockam, home, answer, says):
    ockam("node", "create", "n1")
    ockam("node", "stop", "n1")
    path = home / "nodes/n1/control.sock"
    path.unlink(missing_ok=True)

    def serve():
        client, _ = s.accept()
        with client:
            client.recv(4096)
            client.sendall(answer)
            client.recv(4096)

    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))
        s.listen()
        threading.Thread(target=serve, daemon=True).start()
        r = ockam("worker", "list", "--at", "n1")
    assert r.code == 70 and says in r.err and ("version" in r.err) == ("no answer" in r.err), r


def test_the_default_node(ockam):
    ockam("node", "create", "n1")
    ockam("node", "create", "n2")
    assert ockam("node", "default").out == "The default node is 'n1'\n"
    assert ockam("node", "default", "n2").out == "n2\n"
    assert ockam("node", "default", "--output", "json").json == {"name": "n2"}
    assert ockam("node", "default", "n2").code == 70
    r = ockam("node", "default", "n3")
    assert r.code == 70 and "There is no node with name n3" in r.err and "did you mean" in r.err
    ockam("node", "delete", "n2", "-y")
    assert ockam("node", "default", "--jq", ".name").out == '"n1"\n'
    assert ockam("node", "show").json["name"] == "n1"


def test_unknown_nodes_get_the_nearest_name(ockam):
    ockam("node", "create", "gateway")
    for words in (["node", "show", "gatway"], ["node", "stop", "gatway"], ["node", "delete", "gatway", "-y"],
                  ["node", "start", "gatway"], ["node", "logs", "gatway"], ["worker", "list", "--at", "gatway"],
                  ["message", "send", "x", "--to", "/node/gatway/service/echo"], ["tcp-listener", "list", "--at", "gatway"]):
        r = ockam(*words)
        cause = "The node gatway was not found" if words[1] == "delete" else "There is no node with name gatway"
        assert r.code == 70 and cause in r.err and "did you mean gateway?" in r.err, r
        assert "Error code: OCK404" in r.err


def test_delete_where_there_is_nothing(ockam):
    for words in (["nope"], ["nope", "-y"], ["bad name"], ["--all"], []):
        r = ockam("node", "delete", *words)
        assert (r.code, r.out) == (0, "[]\n"), r
    assert ockam("node", "show", "nope").out == "[]\n"
    r = ockam("node", "start", "nope")
    assert r.code == 70 and "There is no node with name nope" in r.err
    ockam("node", "create", "n1")
    r = ockam("node", "delete", "nope", "-y")
    assert r.code == 70 and "The node nope was not found" in r.err and "OCK404" in r.err


def test_delete_wants_to_be_sure(ockam):
    ockam("node", "create", "n1")
    for words in (["n1"], ["--all"], ["n1", "--no-input"]):
        r = ockam("node", "delete", *words)
        assert r.code == 70 and "Use --yes to confirm" in r.err and "add -y" in r.err
    ockam("node", "create", "n2")
    assert ockam("node", "delete", "n1", "-y", "--output", "json").json == {"name": "n1"}
    ockam("node", "create", "n3")
    assert ockam("node", "delete", "--all", "-y", "--output", "json").json == [{"name": "n2"}, {"name": "n3"}]
    assert ockam("node", "list").out == "[]\n"


def test_logs_names_a_file_that_is_there(ockam, home):
    ockam("node", "create", "n1")
    path = ockam("node", "logs", "n1").out.strip()
    today = time.strftime("%Y-%m-%d", time.gmtime())
    assert path == str(home / f"nodes/n1/stdout.{today}.log") and "is ready" in open(path).read()
    assert ockam("node", "logs", "--output", "json").json == {"path": path}
    (home / "nodes/n1/stdout.2020-01-01.log").write_text("older")
    (home / f"nodes/n1/stdout.{today}.1.log").write_text("what it had before")
    assert ockam("node", "logs", "n1").out.strip() == path


def test_the_log_is_limited_in_size(ockam, home):
    assert ockam("node", "create", "{name: n1, log-max-size: 4KiB, log-max-files: 2}").code == 0
    assert ockam("script", "repl", "--at", "n1", stdin='for i = 1, 50 do log.info(("x"):rep(200)) end\n').code == 0
    wait_until(lambda: len(list((home / "nodes/n1").glob("stdout.*.log"))) == 3, "the log has begun anew, twice at least")
    files = sorted((home / "nodes/n1").glob("stdout.*.log"))
    assert len(files) == 3 and all(f.stat().st_size <= 4096 for f in files)
    assert ockam("node", "logs", "n1").out.strip() in map(str, files)


def test_foreground_ends_with_its_input(ockam, home):
    r = ockam("node", "create", "f1", "--foreground", "--exit-on-eof")
    assert r.code == 0 and r.err == "  ! EOF received\n", r
    assert r.out.startswith("f1\n") and "node f1 is ready" in r.out, "the name, then the log"
    assert not any((home / "nodes").iterdir()) if (home / "nodes").exists() else True
    r = ockam("node", "logs", "f1")
    assert r.code == 70 and "standard output" in r.err
    wait_until(lambda: of_home(home) == [], "the announcer is gone too")
    assert status_of(ockam, "f1") == "stopped"


def test_foreground_is_the_process_itself(env, home, programs, ockam):
    p = subprocess.Popen([programs / "ockam", "node", "create", "f1", "--foreground"], env=env, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "f1\n"
    assert pid_of(ockam, "f1") == p.pid
    assert ockam("message", "send", "hi", "--to", "/node/f1/service/echo").out == "hi\n"
    assert not list((home / "nodes").glob("*"))
    assert ockam("node", "create", "f1").code == 70, "it runs"
    p.terminate()
    assert p.wait(10) == 0
    assert "SIGTERM" in p.stdout.read()
    p.stdout.close()


def test_a_node_of_the_foreground_goes_on_in_the_background(ockam, home):
    ockam("node", "create", "f1", "--foreground", "--exit-on-eof", "--configuration", "{services: {h1: hop}}")
    assert ockam("node", "start", "f1").code == 0
    assert ockam("message", "send", "hi", "--to", "/node/f1/service/h1/service/echo").out == "hi\n"
    assert ockam("node", "logs", "f1").out.startswith(str(home / "nodes/f1/stdout."))
    ockam("node", "stop", "f1")
    r = ockam("node", "create", "f1", "--foreground", "--exit-on-eof")
    assert r.code == 0 and "is ready" in r.out, "and back"
    assert ockam("node", "delete", "f1", "-y").code == 0
    assert not (home / "nodes/f1").exists() and not (home / "run/f1").exists()


def test_reset_ends_nodes_of_the_foreground(ockam, env, home, programs):
    p = subprocess.Popen([programs / "ockam", "node", "create", "f1", "--foreground"], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert p.stdout.readline() == b"f1\n"
    assert ockam("reset", "-y").code == 0
    p.wait(10)
    p.stdout.close()
    assert os.listdir(home) == ["application_database.sqlite3"]


def test_foreground_that_cannot_start_leaves_nothing(ockam, home):
    r = ockam("node", "create", "f1", "--foreground", "--tcp-listener-address", "nonsense")
    assert r.code != 0 and "nonsense" in r.err
    wait_until(lambda: of_home(home) == [] and not (home / "nodes/f1").exists(), "nothing is left")


@pytest.mark.parametrize("wrong", ["{name: [}", "just text", "{name: a/b}", "{name: f1, log-level: loud}", "{name: f1, services: {x: {type: nonsense}}}",
                                   "{name: f1, tcp-outlets: {db: {to: 99999999}}}", "{name: f1, tcp-listener-address: nonsense}"])
def test_a_wrong_configuration_ends_the_foreground_as_it_does_ockam_node(ockam, home, wrong):
    """Whichever of the two programs finds out. In the background it is 70, as in the reference."""
    r = ockam("node", "create", "--foreground", "--exit-on-eof", "--configuration", wrong)
    assert r.code == 78, r
    assert ockam("node", "create", "--configuration", wrong).code == 70
    wait_until(lambda: of_home(home) == [] and not list((home / "nodes").glob("*")), "nothing is left")


def test_creates_at_the_same_time(env, home, programs, ockam):
    started = [subprocess.Popen([programs / "ockam", "node", "create", name], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for name in ("n1", "n1", "n2", "n3", "n1")]
    codes = sorted(p.wait(30) for p in started)
    errors = [p.stderr.read() for p in started]
    for p in started:
        p.stdout.close(), p.stderr.close()
    assert codes == [0, 0, 0, 70, 70], errors
    assert sorted(n["node_name"] for n in ockam("node", "list").json) == ["n1", "n2", "n3"]
    assert all(n["status"]["status"] == "running" for n in ockam("node", "list").json)


def test_no_program_of_the_node(env, home, programs, run, tmp_path):
    lonely = tmp_path / "ockam"
    lonely.write_bytes((programs / "ockam").read_bytes())
    lonely.chmod(0o755)
    r = subprocess.run([lonely, "node", "create", "n1"], env={**env, "PATH": "/nowhere"}, capture_output=True, text=True, timeout=20)
    assert r.returncode == 70 and "ockam-node" in r.stderr
    assert not (home / "nodes/n1").exists()


def test_a_node_keeps_nothing_open_of_who_created_it(ockam, home, env, programs):
    """A script's lock would be held for the life of the node."""
    with (home / "lock-of-a-script").open("w") as held:
        subprocess.run([programs / "ockam", "node", "create", "n1"], env=env, pass_fds=[held.fileno()], check=True, timeout=30,
                       stdout=subprocess.DEVNULL)
        pid = ockam("node", "show", "n1", "--output", "json").json["pid"]
        open_files = {os.readlink(f) for f in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
    assert str(home / "lock-of-a-script") not in open_files


def test_a_worker_that_is_not_there_gets_the_nearest_name(ockam):
    assert ockam("node", "create", "n1").code == 0
    r = ockam("message", "send", "hi", "--to", "/node/n1/service/ecoh")
    assert r.code == 70 and "did you mean echo?" in r.err
