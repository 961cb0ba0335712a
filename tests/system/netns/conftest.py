# SPDX-License-Identifier: Apache-2.0
"""Hosts that are network namespaces, joined by veth pairs: networks that can be cut, and that have no other
way. Needs root, or CAP_SYS_ADMIN and CAP_NET_ADMIN; without them these tests are skipped, but fail where CI is set."""

import itertools
import os
import pathlib
import shutil
import subprocess

import pytest

import processes

_numbers = itertools.count()


def ip(*args):
    subprocess.run(["ip", *map(str, args)], check=True, capture_output=True, timeout=20)


@pytest.fixture(scope="session")
def permitted():
    name = f"okt{os.getpid()}"
    try:
        ip("netns", "add", name)
        ip("netns", "exec", name, "true")
        ip("link", "add", name[:11] + "a", "type", "veth", "peer", "name", name[:11] + "b")
        ip("link", "del", name[:11] + "a")
    except (OSError, subprocess.CalledProcessError) as e:
        why = getattr(e, "stderr", b"") or str(e).encode()
        processes.cannot_run("network namespaces are not permitted here (root or CAP_SYS_ADMIN and CAP_NET_ADMIN): " + why.decode().strip())
    finally:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, timeout=20)


class Host:
    """A network namespace with nodes in it."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.namespace = f"ok{os.getpid()}-{next(_numbers)}"
        self.starts = 0
        ip("netns", "add", self.namespace)
        ip("-n", self.namespace, "link", "set", "lo", "up")

    def node(self, config):
        """Starts the node of this host; `[node] name` is the host's."""
        path = self.world.home / f"{self.name}.ini"
        path.write_text(f"[node]\nname = {self.name}\n{config}")
        self.starts += 1
        log = self.world.home / f"{self.name}-{self.starts}.stderr"
        args = ["netns", "exec", self.namespace, self.world.programs / "ockam-node", "--config", path]
        n = processes.Node("/sbin/ip", args, self.world.env, log)
        self.world.nodes.append(n)
        return n

    def hosts(self, *lines):
        """What /etc/hosts says here: `ip netns exec` has programs see the file of the namespace."""
        folder = pathlib.Path("/etc/netns") / self.namespace
        folder.mkdir(parents=True, exist_ok=True)
        folder.joinpath("hosts").write_text("".join(f"{line}\n" for line in lines))

    def has(self, address, device="lo"):
        """Gives the host an address (with its length)."""
        ip("-n", self.namespace, "addr", "add", address, "dev", device, *(["nodad"] if ":" in address else []))

    def remove(self):
        subprocess.run(["ip", "netns", "del", self.namespace], capture_output=True, timeout=20)
        shutil.rmtree(pathlib.Path("/etc/netns") / self.namespace, ignore_errors=True)

    def start_again(self):
        """The same node, after its end."""
        return self.node((self.world.home / f"{self.name}.ini").read_text().split("\n", 2)[2])


class World:
    def __init__(self, home, programs, env):
        self.home, self.programs, self.env = home, programs, env
        self.hosts, self.nodes = {}, []

    def host(self, name):
        return self.hosts.setdefault(name, Host(self, name))

    def join(self, a, b, subnet):
        """A cable between two hosts; `a` gets .1 of the subnet (`10.77.1`), `b` gets .2."""
        number = next(_numbers)
        ends = [f"v{os.getpid() % 100000}x{number}{side}" for side in "ab"]
        ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
        for end, host, last in ((ends[0], a, 1), (ends[1], b, 2)):
            ip("link", "set", end, "netns", host.namespace)
            ip("-n", host.namespace, "addr", "add", f"{subnet}.{last}/24", "dev", end)
            ip("-n", host.namespace, "link", "set", end, "up")
        return Cable(a, ends[0], b, ends[1])

    def close(self):
        problems = [p for p in (n.finish() for n in self.nodes) if p]
        for h in self.hosts.values():
            h.remove()
        return problems


class Cable:
    """Cut, it swallows what is sent: neither end hears anything."""

    def __init__(self, host, device, far_host, far_device):
        self.host, self.device = host, device
        self.far_host, self.far_device = far_host, far_device

    def also(self, far, near=None):
        """Gives the far end another address (with its length), and the near end one."""
        for host, device, address in ((self.far_host, self.far_device, far), (self.host, self.device, near)):
            if address:
                host.has(address, device)

    def swallow(self, address, network):
        """Gives the host a way to this IPv6 address, where nobody is: what it sends there is lost."""
        ip("-n", self.host.namespace, "addr", "add", network, "dev", self.device, "nodad")
        ip("-n", self.host.namespace, "neigh", "add", address, "lladdr", "02:00:00:00:00:99", "dev", self.device, "nud", "permanent")

    def cut(self):
        ip("-n", self.host.namespace, "link", "set", self.device, "down")

    def mend(self):
        ip("-n", self.host.namespace, "link", "set", self.device, "up")


@pytest.fixture
def world(permitted, home, programs, env):
    w = World(home, programs, env)
    yield w
    problems = w.close()
    assert not problems, "\n".join(problems)
