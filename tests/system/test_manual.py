# SPDX-License-Identifier: Apache-2.0
"""The manual that the build writes, and `ockam help`, which shows it where it is installed."""

import gzip
import shutil
import subprocess

import processes
import pytest


@pytest.fixture(scope="module")
def share(programs):
    return programs.parent / "share"


def pages(share):
    return sorted((share / "man").glob("man*/*.gz"))


def test_it_is_complete(share, ockam):
    names = {p.name for p in pages(share)}
    assert {"ockam.1.gz", "ockam-node-create.1.gz", "ockam-node.1.gz", "ockam-node.8.gz", "node.ini.5.gz"} <= names
    assert len(names) > 80


def test_completions_are_those_of_the_program(share, ockam):
    for shell, path in (("bash", "bash-completion/completions/ockam"), ("zsh", "zsh/site-functions/_ockam"), ("fish", "fish/vendor_completions.d/ockam.fish")):
        assert (share / path).read_text() == ockam("completion", "--shell", shell).out


def test_groff_takes_every_page_without_a_warning(share):
    text = b"".join(gzip.decompress(p.read_bytes()) for p in pages(share))
    done = subprocess.run(["groff", "-man", "-Kutf8", "-Tutf8", "-ww", "-z"], input=text, capture_output=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr[:3000].decode()


def test_a_page_reads_well(share):
    text = subprocess.run(["man", "-l", share / "man/man1/ockam-node-create.1.gz"], capture_output=True, text=True, timeout=30,
                          env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "100", "MANPAGER": "cat"}).stdout
    for part in ("NAME", "SYNOPSIS", "--tcp-listener-address", "GLOBAL OPTIONS", "ockam-node(1), ockam(1)"):
        assert part in text, text


def at_a_terminal(env, path, program, *words):
    out, code = processes.on_a_terminal(program, words, {**env, "PATH": path, "TERM": "xterm"})
    assert code == 0, out
    return out.replace("\r\n", "\n")


@pytest.fixture
def installed(programs, share, home):
    """bin/ockam and its manual, and a `man` that says which page it was asked for."""
    (home / "bin").mkdir()
    shutil.copy(programs / "ockam", home / "bin/ockam")
    shutil.copytree(share, home / "share")
    (home / "tools").mkdir()
    (home / "tools/man").write_text('#!/bin/sh\necho "man shows $*"\n')
    (home / "tools/man").chmod(0o755)
    return home


def test_help_on_a_terminal_is_the_manual(installed, env):
    path = f"{installed}/tools:/usr/bin:/bin"
    ockam = installed / "bin/ockam"
    where = installed / "share/man/man1"
    assert at_a_terminal(env, path, ockam, "help") == f"man shows {where}/ockam.1.gz\n"
    assert at_a_terminal(env, path, ockam, "help", "node") == f"man shows {where}/ockam-node.1.gz\n"
    assert at_a_terminal(env, path, ockam, "help", "tcp-inlet", "create") == f"man shows {where}/ockam-tcp-inlet-create.1.gz\n"
    assert at_a_terminal(env, path, ockam, "node", "--help").startswith("Create, inspect and end nodes\n\nUsage:")


def test_help_is_text_where_there_is_no_manual(installed, env, ockam):
    text = ockam("help", "node").out
    assert text.startswith("Create, inspect and end nodes\n\nUsage:")
    shutil.rmtree(installed / "share")
    assert at_a_terminal(env, f"{installed}/tools:/usr/bin:/bin", installed / "bin/ockam", "help", "node") == text


def test_help_is_text_where_there_is_no_man(installed, env, ockam):
    assert at_a_terminal(env, str(installed / "bin"), installed / "bin/ockam", "help", "node") == ockam("help", "node").out


def test_help_in_a_pipe_is_text(installed, run, env):
    done = subprocess.run([installed / "bin/ockam", "help", "node"], capture_output=True, text=True, timeout=30,
                          env={**env, "PATH": f"{installed}/tools:/usr/bin:/bin"})
    assert done.stdout.startswith("Create, inspect and end nodes\n\nUsage:")
