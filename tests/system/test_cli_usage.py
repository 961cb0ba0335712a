# SPDX-License-Identifier: Apache-2.0
"""Help, wrong usage, forms of output, and everything below OCKAM_HOME."""

import json
import os
import pty
import subprocess

import pytest

from processes import of_home


def test_help_at_every_level(ockam):
    top = ockam("--help")
    assert top.code == 0 and "Usage: ockam [OPTIONS] <COMMAND>" in top.out
    group = ockam("node", "--help")
    assert group.code == 0 and "Usage: ockam node [OPTIONS] <COMMAND>" in group.out and "create" in group.out
    command = ockam("message", "send", "--help")
    assert command.code == 0 and "Usage: ockam message send [OPTIONS] --to <ROUTE> <MESSAGE>" in command.out
    assert "Example:\n  $ ockam message send hello" in command.out
    assert ockam("help", "message", "send").out == command.out
    assert ockam("-h").out == top.out
    for words in ([], ["node"], ["message", "send"]):
        assert ockam(*words).code == 64
    assert ockam("node").out == group.out


def test_every_command_has_help_with_an_example(ockam):
    groups = [line.split()[0] for line in ockam("--help").out.split("Commands:\n")[1].split("\n\n")[0].splitlines()]
    seen = 0
    for g in groups:
        text = ockam(g, "--help").out
        commands = [line.split()[0] for line in text.split("Commands:\n")[1].split("\n\n")[0].splitlines()] if "Commands:\n" in text else [None]
        for c in commands:
            page = ockam(*[w for w in (g, c, "--help") if w])
            assert page.code == 0 and "Example:\n  $ " in page.out, page
            seen += 1
    assert seen > 30


@pytest.mark.parametrize("words,says", [
    (["nosuch"], "unrecognized subcommand 'nosuch'"), (["nodes"], "a similar subcommand exists: 'node'"),
    (["node", "creat"], "a similar subcommand exists: 'create'"), (["node", "create", "--nosuch"], "to pass '--nosuch' as a value"),
    (["node", "create", "--foregruond"], "a similar argument exists: '--foreground'"), (["node", "create", "a", "b"], "unexpected argument 'b' found"),
    (["node", "list", "--output", "xml"], "[possible values: plain, json]"), (["node", "list", "--output"], "a value is required for '--output <OUTPUT_FORMAT>'"),
    (["node", "list", "--jq"], "a value is required for '--jq <JQ_QUERY>'"), (["message", "send", "hello"], "required arguments were not provided:\n  --to <ROUTE>"),
    (["message", "send", "--to", "/service/echo"], "<MESSAGE>"), (["completion", "--shell", "nosuch"], "[possible values: bash, fish, zsh]"),
    (["node", "create", "v4", "--variable", "bad"], "no `=` found in `bad`"), (["--nosuch"], "unexpected argument '--nosuch'"),
    (["message", "send", "x", "--to", "/service/a", "--to", "/service/b"], "cannot be used multiple times"),
    (["node", "delete", "--yes=1"], "'--yes'")])
def test_wrong_usage(ockam, words, says):
    r = ockam(*words)
    assert r.code == 64 and says in r.out and r.out.startswith("error: ") and r.err == "", r
    assert "For more information, try '--help'." in r.out
    j = ockam(*words, "--output", "json") if "--output" not in words and "--jq" not in words else None
    if j:
        assert j.code == 64 and json.loads(j.err)["error"]["code"] == "invalid-argument"


def test_version(ockam):
    r = ockam("--version")
    assert r.code == 0 and r.out.split()[0] == "ockam" and r.out.split()[1][0].isdigit()


def test_global_options_stand_anywhere(ockam):
    ockam("node", "create", "n1")
    for words in (["--output", "json", "node", "list"], ["node", "--output", "json", "list"], ["node", "list", "--output=json"]):
        assert ockam(*words).json[0]["node_name"] == "n1"


def test_jq(ockam):
    ockam("node", "create", "n1")
    assert ockam("node", "list", "--jq", ".[].node_name").out == '"n1"\n'
    assert ockam("node", "show", "--jq", ".nope").out == "null\n"
    assert ockam("node", "show", "--jq", ".route", "--compact-output").out.startswith('{"short":"/node/n1","verbose":')
    for query in (".[", ".name | error", "nosuch"):
        r = ockam("node", "show", "--jq", query)
        assert r.code == 70 and json.loads(r.err)["error"]["cause"].startswith("the query of --jq failed: "), r


def test_compact(ockam):
    ockam("node", "create", "n1")
    assert len(ockam("node", "list", "--output", "json", "--compact-output").out.splitlines()) == 1


def on_a_terminal(program, words, env, answer=b""):
    """Runs it with a terminal as all three streams; what it printed there, and its exit code."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(program, [str(program), *words], env)
    if answer:
        os.write(fd, answer)
    out = b""
    while True:
        try:
            part = os.read(fd, 4096)
        except OSError:  # the terminal's other end is closed
            break
        if not part:
            break
        out += part
    os.close(fd)
    return out.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_on_a_terminal(env, programs):
    text, code = on_a_terminal(programs / "ockam", ["node", "create", "n1"], env)
    assert code == 0 and "\033[32m✔\033[0m Node n1 is running" in text
    text, _ = on_a_terminal(programs / "ockam", ["node", "list"], {**env, "NO_COLOR": "1"})
    assert "n1 (default): running" in text and "\033" not in text
    text, _ = on_a_terminal(programs / "ockam", ["node", "show", "--no-color"], env)
    assert "Services: echo, hop, uppercase" in text and "\033" not in text
    text, _ = on_a_terminal(programs / "ockam", ["message", "send", "hi", "--to", "/node/n1/service/echo"], env)
    assert text.strip() == "hi"


def test_questions_are_asked_on_a_terminal_only(env, programs, ockam):
    ockam("node", "create", "n1")
    text, code = on_a_terminal(programs / "ockam", ["node", "delete", "n1"], env, answer=b"n\n")
    assert code == 70 and "Delete node n1? [y/N]" in text and "Nothing was done" in text
    text, code = on_a_terminal(programs / "ockam", ["node", "delete", "n1", "--no-input"], env)
    assert code == 70 and "Use --yes" in text
    _, code = on_a_terminal(programs / "ockam", ["node", "delete", "n1"], env, answer=b"y\n")
    assert code == 0 and ockam("node", "list").out == "[]\n"


def test_status(ockam, home):
    assert ockam("status").json["nodes"] == []
    ockam("node", "create", "n1")
    ockam("node", "create", "n2")
    ockam("node", "stop", "n2")
    j = ockam("status", "--output", "json").json
    assert [(n["name"], n["status"]) for n in j["nodes"]] == [("n1", "running"), ("n2", "stopped")]
    assert j["home"] == str(home) and j["ockam_version"]["version"]


def test_reset(ockam, home):
    ockam("node", "create", "n1")
    (home / "precious").write_text("not ours")
    r = ockam("reset")
    assert r.code == 70 and "Use --yes to confirm" in r.err
    r = ockam("reset", "-y")
    assert (r.code, r.out) == (0, "  ✔ Local Ockam configuration deleted\n")
    assert of_home(home) == [] and os.listdir(home) == ["precious"]
    assert ockam("node", "list").out == "[]\n"
    ockam("node", "create", "n1")
    assert ockam("reset", "-y", "--output", "json").json["nodes"] == ["n1"]


def test_a_corrupt_database(ockam, home):
    ockam("node", "create", "n1")
    for f in home.glob("database.sqlite3*"):
        f.write_bytes(b"this is no database" * 100)
    for words in (["node", "list"], ["node", "create", "n2"], ["status"]):
        r = ockam(*words)
        assert r.code == 70 and "database.sqlite3" in r.err and "ockam reset -y" in r.err, r
    assert not (home / "nodes/n2").exists()
    assert ockam("message", "send", "hi", "--to", "/node/n1/service/echo").out == "hi\n", "what does not need it still works"
    assert ockam("reset", "-y").code == 0
    assert of_home(home) == [] and ockam("node", "create", "n1").code == 0


def test_an_unwritable_home(ockam, home):
    r = ockam("node", "create", "n1", env_extra={"OCKAM_HOME": "/proc/nowhere"})
    assert r.code == 70 and "/proc/nowhere" in r.err and "OCKAM_HOME" in r.err
    (home / "file").write_text("")
    r = ockam("node", "create", "n1", env_extra={"OCKAM_HOME": str(home / "file")})
    assert r.code == 70 and str(home / "file") in r.err
    r = ockam("node", "list", env_extra={"OCKAM_HOME": "", "HOME": ""})
    assert r.code == 70 and "OCKAM_HOME" in r.err


def test_a_home_with_a_path_too_long_for_a_socket(ockam, home):
    deep = home / ("x" * 100)
    r = ockam("node", "create", "n1", env_extra={"OCKAM_HOME": str(deep)})
    assert r.code == 70 and "OCKAM_HOME" in r.err, r
    assert not (deep / "nodes/n1").exists()


def test_completion(ockam, env, home):
    ockam("node", "create", "n1")
    script = ockam("completion", "--shell", "bash").out

    def complete(*words):
        ask = script + f"\nCOMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _ockam; echo \"${{COMPREPLY[@]}}\""
        done = subprocess.run(["/bin/bash", "-c", ask], env=env, capture_output=True, text=True, timeout=10)
        assert done.returncode == 0 and not done.stderr, done
        return done.stdout.split()

    assert complete("ockam", "no") == ["node"]
    assert {"list", "logs"} <= set(complete("ockam", "node", "l"))
    assert complete("ockam", "node", "create", "--fore") == ["--foreground"]
    assert complete("ockam", "worker", "list", "--at", "''") == ["n1"]
    assert complete("ockam", "node", "show", "''") == ["n1"]
    assert complete("ockam", "node", "list", "--output", "j") == ["json"]
    for shell in ("zsh", "fish"):
        assert "ockam" in ockam("completion", "--shell", shell).out
