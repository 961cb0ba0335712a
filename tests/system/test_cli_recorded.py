# SPDX-License-Identifier: Apache-2.0
"""What the reference (its command line, version 0.150) prints to a pipe, and its exit codes, replayed with ours.

tests/data/cli/recorded.jsonl has a command a line, those of an area in the order in which they ran in one home: `argv`, `stdin`,
`env`, `exit`, and `out` as recorded, or `json`, the shape of a recorded JSON: its fields with their types, one element of a
list; then `learn` may have all of it, for the addresses that later commands name. `before` is what was printed in front of it,
`drawn` what of it was drawn by lot, a name or a port, and `files` are files that were there. Lines that begin with another program are
pipes, and curl through a portal, whose target is there. Commands about what is not there yet are left out (policies), those that depend on
a mistake of the reference, and clients that waited in vain for a target that is not there: ours are told."""

import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import threading

import pytest

RECORDED = pathlib.Path(__file__).resolve().parents[1] / "data/cli/recorded.jsonl"
ROWS = [json.loads(line) for line in RECORDED.read_text().splitlines()]

#: Lists and pages that the reference decorates for people even where they are piped; ours are plain lines.
PLAIN = ("worker list", "tcp-listener list", "tcp-connection list", "node default", "identity default")
#: Workers and links that each implementation has of its own.
OWN = ("worker list", "tcp-connection list")


#: Where the words differ on purpose.
DIFFERENT = {
    "node create": "a name that is drawn by lot",
    "node create --configuration ": "a name that is drawn by lot",
    "node start n2 --output json": "the reference prints it twice",
    "node delete --all -y --output json": "the reference prints one object after the other, which is no JSON",
    "service list --at /node/n2 --jq .[].addr": "ours has a hop, and an order",
    "tcp-listener create": "ours is help",
    "message send hello --timeout abc --to /node/n1/service/echo": "DURATION, not TIMEOUT",
    "tcp-inlet create in17 --at n1 --from 4187 --to /node/n2/secure/api/service/web --authorized nonsense": "IDENTIFIER, not AUTHORIZED",
    "relay list --to n3 --output json --jq .[].remote_address": "ours has an order, and the recorded one has secure channels",
    "secure-channel-listener create /service/lst3 --at n2": "the reference takes it for a name, /service//service/lst3",
    "secure-channel-listener list --at n2": "ours has an order, and no /service//service/lst3",
    "service start": "ours names the type as an argument",
    "vault create": "a name that is drawn by lot",
    "vault list --output json --jq .[].vault.name": "such a name is among them",
    "vault delete --all -y --output json": "the reference prints one object after the other, which is no JSON",
    "tcp-inlet list --at n1 --output json --jq .[].alias": "ours has an order",
    "tcp-inlet delete --all --at n1 -y": "the reference prints one object after the other, which is no JSON",
    "identity delete --all -y": "the reference prints one name behind the other, with nothing between them",
}

#: Addresses, identifiers, keys and histories, which differ from run to run.
ID = r"\bI?[0-9a-f]{32,}\b"
#: Ports that the recording chose.
PORT = r"\b(?:41\d\d|420\d|7307)\b"


class Replay:
    """Stands for what differs from run to run: ports, and names that are drawn by lot."""

    def __init__(self):
        self.ports, self.names = {}, {}

    def port(self, recorded):
        if recorded not in self.ports:
            with socket.create_server(("127.0.0.1", 0)) as s:
                self.ports[recorded] = str(s.getsockname()[1])
        return self.ports[recorded]

    def here(self, text):
        text = re.sub(PORT, lambda m: self.port(m[0]), text)
        return re.sub(ID, lambda m: self.names.get(m[0], m[0]), text)

    def learn(self, recorded, ours):
        for was, now in zip(re.findall(ID, recorded), re.findall(ID, ours)):
            self.names[was] = now


def has_shape(found, shape):
    if isinstance(shape, dict):
        return isinstance(found, dict) and all(k in found and has_shape(found[k], s) for k, s in shape.items())
    if isinstance(shape, list):
        return isinstance(found, list) and all(has_shape(f, s) for f in found for s in shape)  # what we do not have is []
    kinds = {"bool": bool, "number": (int, float), "text": (str, type(None)), "any": object}
    return isinstance(found, kinds[shape])


def plain(text):
    lines = [re.sub(r"^\s*[│✔]\s*", "", line) for line in text.splitlines()]
    return sorted(line for line in lines if line)


def general(text):
    """Without what differs from run to run."""
    text = re.sub(ID, "<id>", text)
    return re.sub(r"\d{4}-\d\d-\d\d", "<date>", text)


def check_output(row, r, replay, home):
    words = " ".join(row["argv"])
    if "json" in row:
        text = r.out
        if "before" in row:
            name, _, text = text.partition("\n")
            assert name == row["before"], r
        assert has_shape(json.loads(text), row["json"]), r
        return
    recorded = replay.here(row["out"]).replace("$OCKAM_HOME", str(home))
    if "drawn" in row:
        kind = r"\d+" if row["drawn"].isdigit() else "[a-z]+-[a-z]+"
        assert re.fullmatch(re.escape(recorded).replace(re.escape(row["drawn"]), kind), r.out.strip()), r
        return
    if row["exit"] == 64:
        if recorded.startswith("error: "):
            # What is wrong, and where; why is said in words of our own.
            assert r.out.startswith(recorded.splitlines()[0].split("': ")[0]), r
        else:
            assert recorded.removeprefix("(help text omitted) ") in r.out, r
    elif not recorded and row["exit"] == 0 and ("json" in words or "--jq" in words):
        assert r.out and (json.loads(r.out) is not None if "--jq" not in words else True), "the reference prints nothing here"
    elif words.startswith(OWN):
        assert "│" not in r.out and "" not in r.out.splitlines(), r
        words_of = lambda t: {line.split()[0] for line in plain(t)}
        assert words_of(r.out) <= words_of(recorded), r
    elif words.startswith("tcp-connection show"):
        assert {line for line in plain(general(recorded)) if "Processor" not in line} <= set(plain(general(r.out))), r
    elif words.startswith(PLAIN):
        assert r.out.splitlines() == [re.sub(r"^\s*[│✔]\s*", "", line) for line in recorded.splitlines() if line], r
    elif "--foreground" in words:
        assert r.out.splitlines()[0] == recorded, r
    else:
        assert general(r.out.strip()) == general(recorded.strip()), r


class Target(http.server.BaseHTTPRequestHandler):
    """What was behind the outlets of the recording."""

    def do_GET(self):
        body = {"/hello.txt": b"hello from the target\n", "/big.bin": b"x" * 300_000}[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


@contextlib.contextmanager
def target_at(port):
    with http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Target) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def program_of(row):
    """The one that the line begins with, where it is not the command line, and its words."""
    first, *words = row["argv"]
    return (shutil.which(first), words) if first in ("sh", "curl") else ("ockam", row["argv"])


@pytest.mark.timeout(240)
@pytest.mark.parametrize("area", sorted({row["area"] for row in ROWS}))
def test_as_recorded(area, run, home):
    replay = Replay()
    target = target_at(replay.port("4170")) if area == "portal" else contextlib.nullcontext()
    with target:
        different = replayed(area, run, home, replay)
    assert not different, "\n".join(different)


def replayed(area, run, home, replay):
    """What was not as recorded."""
    different = []
    for row in ROWS:
        if row["area"] != area:
            continue
        if row["argv"] == ["ls"]:
            assert sorted(os.listdir(home)) == row["out"].split()
            continue
        for name, text in row.get("files", {}).items():
            (home / name).write_text(replay.here(text))
        program, words = program_of(row)
        r = run(program, *(replay.here(w) for w in words), stdin=replay.here(row.get("stdin", "")), env_extra=row.get("env"))
        replay.learn(row.get("learn", row.get("out", "")), r.out)
        try:
            assert r.code == row["exit"]
            if row["exit"] == 70:
                assert r.out == "" and r.err
            elif " ".join(row["argv"]) not in DIFFERENT:
                check_output(row, r, replay, home)
        except (AssertionError, ValueError) as e:
            different.append(f"{' '.join(row['argv'])}\n  recorded: {row['exit']} {row.get('out', row.get('json'))!r}\n  ours: {r!r}\n  {e!r:.300}")
    return different
