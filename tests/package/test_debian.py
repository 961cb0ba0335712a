# SPDX-License-Identifier: Apache-2.0
"""The Debian packages: what is in them, and their life in a fresh root: install, a node, a message, an upgrade, removal,
purge."""

import json
import os
import re
import shutil
import subprocess

import pytest
from conftest import NEWER, ROOT, succeed
from processes import cannot_run

LIMIT = 8 << 20


def contents(package):
    return {line.split()[5].removeprefix("."): line.split()[0] for line in succeed("dpkg-deb", "-c", package).splitlines()}


def field(package, name):
    return succeed("dpkg-deb", "-f", package, name).strip()


def test_the_node_has_what_an_operator_needs(packages):
    package = packages["own"]["ockam-node"]
    files = contents(package)
    for path in ("/usr/bin/ockam", "/usr/bin/ockam-node", "/lib/systemd/system/ockam-node@.service", "/usr/lib/sysusers.d/ockam-node.conf",
                 "/usr/lib/tmpfiles.d/ockam-node.conf", "/etc/ockam/default.ini", "/etc/logrotate.d/ockam-node", "/usr/share/man/man1/ockam.1.gz",
                 "/usr/share/man/man1/ockam-node-create.1.gz", "/usr/share/man/man8/ockam-node.8.gz", "/usr/share/man/man5/node.ini.5.gz",
                 "/usr/share/bash-completion/completions/ockam", "/usr/share/fish/vendor_completions.d/ockam.fish",
                 "/usr/share/doc/ockam-node/copyright", "/usr/share/doc/ockam-node/examples/prometheus/ockam-node.rules.yml",
                 "/usr/share/doc/ockam-node/docs/installation.md", "/usr/share/doc/ockam-node/docs/configuration.md", "/usr/share/doc/ockam-node/SECURITY.md"):
        assert path in files, f"{path} is missing"
    unit = (ROOT / "packaging/systemd/ockam-node@.service").read_text()
    for path in re.findall(r"file://(\S+)", unit):
        assert path in files, f"the unit refers to {path}"
    assert re.search(r"^Documentation=.*file:///usr/share/doc/ockam-node/docs/operation.md", unit, re.MULTILINE)
    assert any(p.endswith("/_ockam") for p in files)
    assert not [p for p in files if p.startswith(("/usr/include", "/usr/lib/ockam", "/usr/lib/cmake"))]
    assert "libcaf-core0.17" in field(package, "Depends") and field(package, "Package") == "ockam-node"
    assert package.stat().st_size < LIMIT


def test_development_files_have_what_services_need(packages):
    if "ockam-dev" not in packages["own"]:
        pytest.skip("made of a release only: dev/test --ring release")
    files = contents(packages["own"]["ockam-dev"])
    for path in ("/usr/include/ockam/service.hpp", "/usr/include/ockam/internal/runtime/core/message.hpp", "/usr/lib/cmake/ockam/ockam-config.cmake",
                 "/usr/lib/ockam/libockam-core.a", "/usr/share/doc/ockam-dev/examples/greeter/CMakeLists.txt", "/usr/share/doc/ockam-dev/docs/tutorial.md"):
        assert path in files, f"{path} is missing"
    assert not [p for p in files if p.startswith(("/usr/bin", "/etc"))]


def test_scripts_of_the_package_are_right(packages, tmp_path):
    succeed("dpkg-deb", "-e", packages["own"]["ockam-node"], tmp_path)
    for name in ("postinst", "prerm", "postrm"):
        assert os.access(tmp_path / name, os.X_OK)
        succeed("sh", "-n", tmp_path / name)
    assert (tmp_path / "conffiles").read_text().split() == ["/etc/ockam/default.ini", "/etc/logrotate.d/ockam-node"]


class Root:
    """A root file system of its own, in which commands run."""

    def __init__(self, at):
        self.at = at

    def run(self, *command, check=True, **more):
        done = subprocess.run(["chroot", str(self.at), "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
                               *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, **more)
        assert not check or done.returncode == 0, f"{command}: {done.stdout[-3000:]}"
        return done.stdout

    def as_ockam(self, *command, **more):
        return self.run(*AS_OCKAM, *command, **more)

    def files(self):
        """All that is there, without what package management keeps about itself."""
        out = succeed("find", self.at, "-xdev", "-path", self.at / "proc", "-prune", "-o", "-printf", "/%P %m\n").splitlines()
        passing = re.compile(r"^/(etc/(passwd|group|shadow|gshadow)-|var/(lib/dpkg|cache|log/(dpkg|apt|alternatives))|tmp|dev|run/lock)(/| |\.)")
        return {line for line in out if not passing.match(line)}

    def text(self, path):
        return (self.at / path.lstrip("/")).read_text()


def make_root(at, depends):
    """A Debian with what the package depends on and nothing else: no apt, no pages of manuals."""
    wanted = [d.split("|")[-1].split()[0] for d in depends.split(",")]
    small = [f"--dpkgopt=path-exclude=/usr/share/{d}/*" for d in ("locale", "doc", "man", "info")]
    done = subprocess.run(["mmdebstrap", "--mode=root", "--variant=essential", *small, f"--include={','.join([*wanted, 'logrotate'])}", "bookworm", str(at)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)
    if done.returncode != 0:
        cannot_run(f"no fresh root: {done.stdout[-2000:]}")
    # What is left out there is a matter of that root, not of the package.
    for options in (at / "etc/dpkg/dpkg.cfg.d").glob("*mmdebstrap*"):
        options.unlink()


@pytest.fixture(scope="module")
def root(packages, request, tmp_path_factory):
    """A fresh root file system, in which /proc is mounted."""
    ready = request.config.getoption("--root")
    if os.geteuid() != 0 or not (ready or shutil.which("mmdebstrap")):
        cannot_run("a fresh root needs root and mmdebstrap (dev/install-packages package)")
    at = tmp_path_factory.mktemp("root") / "root"
    if ready:
        succeed("cp", "-a", ready, at)
    else:
        make_root(at, field(packages["own"]["ockam-node"], "Depends"))
    succeed("mount", "-t", "proc", "proc", at / "proc")
    yield Root(at)
    succeed("umount", at / "proc")
    shutil.rmtree(at)


def in_container(instruction):
    """What the Containerfile says behind HEALTHCHECK … CMD, ENTRYPOINT or CMD, as a list."""
    return json.loads(re.search(rf"^{instruction} .*?(\[.*\])$", (ROOT / "Containerfile").read_text(), re.M)[1])


@pytest.mark.timeout(900)
def test_its_life(root, packages):
    before = root.files()
    accounts = [root.text(f) for f in ("/etc/passwd", "/etc/group")]
    install(root, packages["own"]["ockam-node"])
    has_its_user_and_places(root)
    a_node_runs(root)
    edited = edit(root)
    install(root, packages[NEWER]["ockam-node"])
    assert f"Version: {NEWER}" in root.run("dpkg", "-s", "ockam-node")
    assert root.text("/etc/ockam/default.ini") == edited
    assert "keep me" in root.text("/var/lib/ockam/mine")
    a_node_runs(root)
    a_container_runs(root)
    log_is_rotated(root)
    removed_and_purged(root)
    left = root.files() - before
    assert not left, f"left behind: {sorted(left)[:30]}"
    assert before - root.files() == set()
    assert [root.text(f) for f in ("/etc/passwd", "/etc/group")] == accounts


def install(root, package):
    shutil.copy(package, root.at / "tmp/p.deb")
    root.run("dpkg", "--force-confdef", "--install", "/tmp/p.deb")
    (root.at / "tmp/p.deb").unlink()


def has_its_user_and_places(root):
    assert re.search(r"^ockam:[^:]*:\d+:\d+:Ockam nodes:/var/lib/ockam:", root.text("/etc/passwd"), re.M)
    places = root.run("stat", "-c", "%n %a %U %G", "/etc/ockam", "/etc/ockam/default.ini", "/var/lib/ockam", "/var/log/ockam").split("\n")
    assert places[:4] == ["/etc/ockam 2750 root ockam", "/etc/ockam/default.ini 640 root ockam", "/var/lib/ockam 700 ockam ockam", "/var/log/ockam 750 ockam ockam"]
    assert root.run("ockam-node", "--config", "/etc/ockam/default.ini", "--name", "default", "--check-config").startswith("/etc/ockam/default.ini: ok")


AS_OCKAM = ["setpriv", "--reuid=ockam", "--regid=ockam", "--clear-groups", "env", "OCKAM_HOME=/var/lib/ockam"]


def a_node_runs(root):
    """As its service would start it: the user, the place and the file are those of the unit."""
    unit = root.text("/lib/systemd/system/ockam-node@.service")
    for line in ("ExecStart=/usr/bin/ockam-node --config /etc/ockam/%i.ini --name %i", "User=ockam", "Environment=OCKAM_HOME=/var/lib/ockam"):
        assert line in unit.splitlines()
    ours, theirs = os.pipe()
    node = subprocess.Popen(["chroot", root.at, *AS_OCKAM, "ockam-node", "--config", "/etc/ockam/default.ini", "--name", "default", "--tcp-listener-address",
                             "127.0.0.1:0", "--ready-fd", str(theirs)], pass_fds=[theirs], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    os.close(theirs)
    try:
        with os.fdopen(ours) as ready:
            assert '"ready":true' in ready.readline()
        assert root.as_ockam("ockam", "message", "send", "hello", "--to", "/node/default/service/echo").strip() == "hello"
        assert "default" in root.as_ockam("ockam", "node", "list")
        node.terminate()
        assert node.wait(30) == 0
    finally:
        node.kill()
        print(node.communicate()[0])


def a_container_runs(root):
    """The last part of the Containerfile without a builder: its user, a root that nobody can write, its entry point and its
    health check."""
    user = re.search(r"^USER (\w+)$", (ROOT / "Containerfile").read_text(), re.M)[1]
    assert user == "ockam"
    mounts = f"mount --bind {root.at} {root.at} && mount -o remount,bind,ro {root.at} && mount -t tmpfs -o mode=1777 tmpfs {root.at}/tmp && " \
             f"mount -t tmpfs -o mode=0700,uid=$(stat -c %u {root.at}/var/lib/ockam),gid=$(stat -c %g {root.at}/var/lib/ockam) tmpfs {root.at}/var/lib/ockam"
    inside = ["chroot", str(root.at), *AS_OCKAM, "sh", "-c", HEALTH, "sh", json.dumps(in_container("HEALTHCHECK")), *in_container("ENTRYPOINT"), *in_container("CMD")]
    done = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", mounts + ' && exec "$@"', "sh", *inside],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    assert done.returncode == 0 and "healthy: alive" in done.stdout and "not written" in done.stdout, done.stdout


# Starts the node, asks after its health until it has an answer, at most 30 times, and ends it.
HEALTH = """
check=$(echo "$1" | sed 's/^\\[//; s/\\]$//; s/,//g'); shift
touch /written 2> /dev/null || echo not written
"$@" > /tmp/out 2>&1 & node=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
  if said=$(eval "$check" 2> /tmp/why); then break; fi
  sleep 1
done
echo "healthy: $said"; cat /tmp/why
kill $node; wait $node
"""


def edit(root):
    path = root.at / "etc/ockam/default.ini"
    path.write_text(path.read_text() + "\n[service hop]\n")
    (root.at / "var/lib/ockam/mine").write_text("keep me")
    return path.read_text()


def log_is_rotated(root):
    log = root.at / "var/log/ockam/default.log"
    log.write_text("a line\n")
    succeed("chown", "--reference", root.at / "var/log/ockam", log)
    root.run("logrotate", "--force", "--state", "/tmp/rotated", "/etc/logrotate.d/ockam-node")
    (root.at / "tmp/rotated").unlink()
    assert (root.at / "var/log/ockam/default.log.1").read_text() == "a line\n" and log.read_text() == ""


def removed_and_purged(root):
    root.run("dpkg", "--remove", "ockam-node")
    assert not (root.at / "usr/bin/ockam-node").exists() and (root.at / "etc/ockam/default.ini").exists() and (root.at / "var/lib/ockam/mine").exists()
    root.run("dpkg", "--purge", "ockam-node")
