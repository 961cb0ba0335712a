# SPDX-License-Identifier: Apache-2.0
"""The units, as systemd reads them, and what a node does inside of them."""

import re
import shutil
import subprocess

import pytest
from conftest import ROOT, succeed

UNIT = ROOT / "packaging/systemd/ockam-node@.service"


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    """Under a name that an instance has; the programs that it starts are there by their names only."""
    at = tmp_path_factory.mktemp("units") / "ockam-node@default.service"
    at.write_text(UNIT.read_text().replace("/usr/bin/ockam-node ", "/bin/true "))
    return at


def test_systemd_takes_it_without_a_remark(unit):
    said = succeed("systemd-analyze", "verify", "--recursive-errors=no", "--man=no", unit)
    assert "default.service" not in said, said


def test_a_restart_keeps_sockets_with_their_files_and_goes_on_trying():
    sections = dict(re.findall(r"^\[(\w+)\]\n(.*?)(?=^\[|\Z)", UNIT.read_text(), re.M | re.S))
    assert "RuntimeDirectoryPreserve=restart\n" in sections["Service"] and "FileDescriptorStoreMax=" in sections["Service"]
    assert "StartLimitIntervalSec=0\n" in sections["Unit"] and "AssertPathExists=" in sections["Unit"]


def test_logrotate_leaves_what_nodes_have_rotated(tmp_path):
    wanted = {"n.log", "n1.log", "edge-22.log", "a_b.log"}
    for name in wanted | {"n.1.log", "n1.2.log", "n.10.log", "n.log.1"}:
        (tmp_path / name).touch()
    rule = (ROOT / "packaging/logrotate/ockam-node").read_text()
    patterns = re.search(r"^(/.*) \{$", rule, re.M)[1].split()
    found = [p.name for pattern in patterns for p in tmp_path.glob(pattern.removeprefix("/var/log/ockam/"))]
    assert sorted(found) == sorted(wanted)


def test_it_is_shut_in(unit):
    """Below 2.0 of 10, where 10 is everything."""
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=19", "--no-pager", unit], capture_output=True, text=True)
    overall = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert overall and float(overall[1]) < 2.0 and done.returncode == 0, done.stdout


def allowed():
    """The system calls that its filter lets through."""

    def calls(name):
        if not name.startswith("@"):
            return {name}
        out = set()
        for line in succeed("systemd-analyze", "syscall-filter", "--no-pager", name).splitlines()[1:]:
            word = line.strip()
            if word and not word.startswith("#"):
                out |= calls(word)
        return out

    out = set()
    for line in UNIT.read_text().splitlines():
        if line.startswith("SystemCallFilter="):
            names = line.split("=", 1)[1]
            listed = set().union(*(calls(n) for n in names.removeprefix("~").split()))
            out = out - listed if names.startswith("~") else out | listed
    return out


# SQLite calls it as root only, as which these tests run and the service does not.
HARMLESS = {"fchown"}


def test_its_filter_lets_a_node_work(preset, tmp_path):
    """All that a node calls while it starts, serves, reloads and stops is let through."""
    programs = ROOT / "build" / preset / "bin"
    assert shutil.which("strace"), "dev/install-packages test"
    config = tmp_path / "n.ini"
    script = tmp_path / "s.lua"
    script.write_text("function on_message(m) m:reply(m:text()) end\n")
    config.write_text("[node]\nname = n1\n[tcp-listener a]\naddress = 127.0.0.1:0\nallow = services\n[udp-listener u]\naddress = 127.0.0.1:0\n"
                      f"[uds-listener d]\naddress = {tmp_path}/d\n[ws-listener w]\naddress = ws://127.0.0.1:0\n[caf-listener c]\naddress = 127.0.0.1:0\n"
                      f"[service lua]\nscript = {script}\n[http]\naddress = 127.0.0.1:0\n"
                      "[tcp-connection x]\naddress = localhost:1\n")
    env = {"PATH": f"{programs}:/usr/bin:/bin", "OCKAM_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}
    trace = tmp_path / "trace"
    work = """
        strace -f -qq -o "$1" ockam-node --config "$2" > "$3" &
        until grep -q ready "$3"; do read -t 0.1 <> <(:) || true; done
        for to in echo lua; do ockam message send hello --to /node/n1/service/$to > /dev/null; done
        curl -s "http://$(awk '/http/ { print $3 }' "$3")/metrics" > /dev/null
        kill -HUP $(pgrep -P $!)
        ockam node list > /dev/null
        ockam node stop n1 > /dev/null
        wait
    """
    done = subprocess.run(["bash", "-c", work, "bash", trace, config, tmp_path / "out"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    called = set(re.findall(r"^\d+ +(?:<\.\.\. )?(\w+)[( ]", trace.read_text(), re.M))
    assert len(called) > 40, done.stdout
    assert called - allowed() - HARMLESS == set()
