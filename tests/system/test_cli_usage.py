# SPDX-License-Identifier: Apache-2.0
"""Help, wrong usage, forms of output, and everything below OCKAM_HOME."""

import json
import os
import re
import shutil
import subprocess

import pytest

from processes import cannot_run, of_home, on_a_terminal, type_into


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


def test_help_as_json(ockam):
    top = ockam("help", "--output", "json").json
    names = [c["name"] for c in top["commands"]]
    assert {"node create", "message send", "reset"} <= set(names) and top["usage"] == "ockam [OPTIONS] <COMMAND>"
    assert ockam("--output", "json", "help").json == ockam("--help", "--output=json").json == top
    for name in names:
        page = ockam("help", *name.split(), "--output", "json").json
        assert page["example"].startswith(("ockam", "echo", "source", "less")) and page["usage"].startswith("ockam " + name), page
    send = ockam("message", "send", "--help", "--output", "json").json
    assert send["arguments"][0]["name"] == "MESSAGE" and {"--to", "--hex"} <= {o["name"] for o in send["options"]}
    assert ockam("node", "--help", "--output", "json").json["commands"][0]["name"] == "node create"
    assert ockam("help", "node", "show", "--jq", ".usage").out == '"ockam node show [OPTIONS] [NAME]"\n'
    assert ockam("--version", "--output", "json").json["name"] == "ockam"
    r = ockam("node", "--output", "json")
    assert r.code == 64 and r.out == "" and json.loads(r.err)["error"]["code"] == "invalid-argument"


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
    assert ockam("node", "show", "--jq", "[inputs]", "--compact-output").out == "[]\n"
    for query, why in ((".[", "syntax"), (".name | error", "n1"), ("nosuch", "nosuch/0 is not defined"), ("input", "no further input"),
                       ('import "a" as a; 1', "modules cannot be used"), ('# a\n include "a"; 1', "modules cannot be used"),
                       ('"a" | modulemeta', "module not found"), ('"stopped" | halt_error', "stopped")):
        r = ockam("node", "show", "--jq", query)
        cause = json.loads(r.err)["error"]["cause"]
        assert r.code == 70 and cause.startswith("the query of --jq failed: ") and why in cause, r


def test_compact(ockam):
    ockam("node", "create", "n1")
    assert len(ockam("node", "list", "--output", "json", "--compact-output").out.splitlines()) == 1


def test_on_a_terminal(env, programs):
    text, code = on_a_terminal(programs / "ockam", ["node", "create", "n1"], env)
    assert code == 0 and "\033[32m✔\033[0m Node n1 is running" in text
    text, _ = on_a_terminal(programs / "ockam", ["node", "list"], {**env, "NO_COLOR": "1"})
    assert re.search(r"^  NODE +STATUS +PID +LISTENING AT\r\n  n1 \(default\) +running +\d+  127\.0\.0\.1:\d+\r\n$", text) and "\033" not in text, text
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
    assert of_home(home) == [] and sorted(os.listdir(home)) == ["application_database.sqlite3", "precious"]
    assert ockam("node", "list").out == "[]\n"
    ockam("node", "create", "n1")
    assert ockam("reset", "-y", "--output", "json").json["nodes"] == ["n1"]
    assert ockam("reset", "-y").code == 0, "again, with nothing there"


def test_a_corrupt_database(ockam, home):
    def spoil():
        for f in home.glob("application_database.sqlite3*"):
            f.write_bytes(b"this is no database" * 100)

    ockam("node", "create", "n1")
    spoil()
    for words in (["node", "list"], ["node", "create", "n2"], ["status"]):
        r = ockam(*words)
        assert r.code == 70 and "database.sqlite3" in r.err and "ockam reset -y" in r.err and "move it away" in r.err, r
    assert not (home / "nodes/n2").exists()
    assert ockam("message", "send", "hi", "--to", "/node/n1/service/echo").out == "hi\n", "what does not need it still works"
    for f in home.glob("application_database.sqlite3*"):
        f.rename(f.with_name("moved-away-" + f.name))
    assert [n["node_name"] for n in ockam("node", "list", "--output", "json").json] == ["n1"]
    spoil()
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


#: What each shell has to complete, from a beginning to the whole.
COMPLETIONS = [("no", "node"), ("wor", "worker"), ("node create --fore", "node create --foreground"),
               ("worker list --at n", "worker list --at n1"), ("node show n", "node show n1"), ("node list --output j", "node list --output json"),
               ("message send x --to /service/echo --fr", "message send x --to /service/echo --from"),
               ("tcp-connection create --from n", "tcp-connection create --from n1"), ("completion --shell fi", "completion --shell fish")]


@pytest.fixture
def shell():
    """shell(name) → its path. Without it a test is skipped, but not where all is to be tested."""

    def find(name):
        path = shutil.which(name, path="/usr/bin:/bin")
        if not path:
            cannot_run(f"{name} is not installed: dev/install-packages test")
        return path

    return find


@pytest.fixture
def script(ockam, home):
    """script(shell) → the file with its completion; there is a node n1."""
    ockam("node", "create", "n1")

    def write(name):
        r = ockam("completion", "--shell", name)
        assert r.code == 0 and r.err == ""
        (home / f"completion.{name}").write_text(r.out)
        return home / f"completion.{name}"

    return write


def typed(shell_command, setup, env, beginning):
    """The arguments that a command gets for which this was typed, Tab pressed, and Enter."""
    show = "ockam() { printf '<%s>\\n' \"$*\"; }"
    out = type_into(shell_command, env, [*setup, show, f"ockam {beginning}\t"], until="<")
    return re.findall(r"<(.*)>", out)[-1].strip()


def test_completion_in_bash(script, shell, env):
    bash = [shell("bash"), "--norc", "--noprofile", "-i"]
    for beginning, whole in COMPLETIONS:
        assert typed(bash, [f"source {script('bash')}"], env, beginning) == whole
    assert typed(bash, [f"source {script('bash')}"], env, "node list --output=j") == "node list --output=json"


def test_completion_in_zsh(script, shell, env):
    zsh = [shell("zsh"), "-f", "-i"]
    for beginning, whole in COMPLETIONS:
        assert typed(zsh, ["autoload -U compinit && compinit -u -D", f"source {script('zsh')}"], env, beginning) == whole


def test_completion_in_fish(script, shell, env):
    for beginning, whole in COMPLETIONS:
        ask = f"source {script('fish')}; complete --do-complete 'ockam {beginning}'"
        done = subprocess.run([shell("fish"), "--no-config", "-c", ask], env=env, capture_output=True, text=True, timeout=20)
        found = [line.split("\t")[0] for line in done.stdout.splitlines()]
        assert done.returncode == 0 and not done.stderr, done
        assert whole.split()[-1] in found, (beginning, found)
        assert len(found) == len(set(found)), f"offered twice: {found}"


def test_completion_offers_every_command(script, shell, env, ockam):
    """Of the words that help lists none is missing."""
    groups = [line.split()[0] for line in ockam("--help").out.split("Commands:\n")[1].split("\n\n")[0].splitlines()]
    ask = f"source {script('bash')}; COMP_WORDS=(ockam ''); COMP_CWORD=1; _ockam; echo \"${{COMPREPLY[@]}}\""
    done = subprocess.run([shell("bash"), "-c", ask], env=env, capture_output=True, text=True, timeout=10)
    assert set(groups) <= set(done.stdout.split()) and not done.stderr
    ask = f"source {script('fish')}; complete --do-complete 'ockam '"
    done = subprocess.run([shell("fish"), "--no-config", "-c", ask], env=env, capture_output=True, text=True, timeout=20)
    assert set(groups) <= {line.split("\t")[0] for line in done.stdout.splitlines()} and not done.stderr


def test_where_there_is_nothing_there_is_nothing_to_delete(ockam):
    for kind in ("identity", "vault"):
        for words in (["nope"], ["nope", "-y"]):
            r = ockam(kind, "delete", *words)
            assert (r.code, r.out) == (0, "[]\n"), r
    ockam("identity", "create", "alice")
    for kind in ("identity", "vault"):
        r = ockam(kind, "delete", "nope", "-y")
        assert r.code == 70 and "was not found" in r.err, r
