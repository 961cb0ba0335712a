# SPDX-License-Identifier: Apache-2.0
"""Runs the code blocks of a page of documentation, in the order of the page, as a reader would.

    ```lua greeter.lua      a file of that name
    ```console              `$ command`, and all of its output; it fails where the page shows an error, and only there
    ```sh                   commands whose output is not shown; each line has to succeed

In an output `…` stands for anything within a line, and a line of only `…` for any lines. One shell runs all commands of a
page, so that variables and background jobs live on.
"""

import os
import re
import signal
import subprocess
import threading

import pytest
from ports import free_port


def blocks(text):
    """(language, file name or None, body) of each fenced block."""
    return [(m[1], (m[2] or "").strip() or None, m[3]) for m in re.finditer(r"^```(\w+)[ ]*([^\n]*)\n(.*?)^```$", text, re.M | re.S)]


def commands(body):
    """(command, promised lines) of a console block. A command goes on in lines that begin with `> `."""
    out = []
    for line in body.splitlines():
        if line.startswith("$ "):
            out.append([line[2:], []])
        elif line.startswith("> ") and out and not out[-1][1]:
            out[-1][0] += "\n" + line[2:]
        elif out:
            out[-1][1].append(line)
    return [(c, o) for c, o in out]


def agrees(promised, found):
    """Whether an output is what a page promises."""
    pattern = ""
    for line in promised:
        pattern += r"(?:.*\n)*" if line.strip() == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n"
    return re.fullmatch(pattern, found if found.endswith("\n") or not found else found + "\n") is not None


def with_free_ports(text):
    """The page with ports that are free here instead of those that it names (127.0.0.1:PORT, also as a word alone)."""
    for port in sorted(set(re.findall(r"127\.0\.0\.1:(\d+)", text)) - {"0"}):
        text = re.sub(rf"(?<=[:/ ]){port}\b", str(free_port()), text)
    return text


# What bash says, sooner or later, of a job that was killed.
JOB_NOTICE = re.compile(r"bash: line \d+: +\d+ (Killed|Terminated|Done|Exit)\b")


class Shell:
    """A bash that runs one command after the other."""

    def __init__(self, directory, env):
        self.child = subprocess.Popen(["bash", "--norc"], cwd=directory, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def run(self, command, timeout):
        """(exit code, output)."""
        mark = "-- end of a command "
        self.child.stdin.write(f"{command}\nended=$?; echo; echo '{mark}'$ended\n")
        self.child.stdin.flush()
        out = ""
        watchdog = threading.Timer(timeout, self.end)
        watchdog.start()
        try:
            for line in self.child.stdout:
                if line.startswith(mark):
                    return int(line[len(mark):]), out[:-1]  # but for the line feed of `echo`
                if not JOB_NOTICE.match(line):
                    out += line
        finally:
            watchdog.cancel()
        pytest.fail(f"{command!r} did not end within {timeout} s:\n{out}")

    def end(self):
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()


def run_page(text, directory, env, timeout=60, skip=()):
    """Runs the blocks of `text`. A command for which `skip` has a regular expression is left out."""
    ran = 0
    text = with_free_ports(text)
    shell = Shell(directory, env)
    try:
        for language, name, body in blocks(text):
            if name:
                (directory / name).parent.mkdir(parents=True, exist_ok=True)
                (directory / name).write_text(body)
            elif language in ("console", "sh"):
                lines = commands(body) if language == "console" else [(l, []) for l in body.splitlines() if l and not l.startswith("#")]
                for command, promised in lines:
                    if any(re.search(s, command) for s in skip):
                        continue
                    code, found = shell.run(command, timeout)
                    fails = any(l.startswith(("    x ", "error: ")) for l in promised)
                    if (code != 0) != fails or (language == "console" and not agrees(promised, found)) or (language == "sh" and code != 0):
                        pytest.fail(f"$ {command}\nexit {code}, printed:\n{found}\nthe page says:\n" + "\n".join(promised))
                    ran += 1
    finally:
        shell.run("ockam node delete --all -y > /dev/null 2>&1; true", 20) if shell.child.poll() is None else None
        shell.end()
    assert ran > 0, "the page has no commands"
    return ran
