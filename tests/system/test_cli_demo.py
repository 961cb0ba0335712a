# SPDX-License-Identifier: Apache-2.0
"""The first steps of a newcomer, word for word, in a shell."""

import pathlib
import re
import socket
import subprocess
import threading

import pages
from ports import free_port

DEMO = r"""
set -e
ockam node create n1
ockam message send hello --to /node/n1/service/echo
ockam message send hello --to /node/n1/service/hop/service/echo
ockam message send hello --to /node/n1/service/hop/service/hop/service/echo
ockam service start hop --addr h1 --at n1
ockam message send hello --to /node/n1/service/h1/service/uppercase
ockam node create n2 --tcp-listener-address=127.0.0.1:PORT2
ockam node create n3 --tcp-listener-address=127.0.0.1:PORT3
ockam service start hop --at n2
a=$(ockam tcp-connection create --from n1 --to 127.0.0.1:PORT2)
b=$(ockam tcp-connection create --from n2 --to 127.0.0.1:PORT3)
echo "$a"
ockam message send hello --from n1 --to $a/service/hop$b/service/uppercase
ockam message send hello --from n1 --to /node/n2/secure/api/service/uppercase
ockam node list --jq '.[].status.status'
ockam node show n2 --jq .name
ockam worker list --at n2 --jq '.[].type' | grep hop
ockam node delete --all -y
ockam node list
"""


def test_first_steps(env, home):
    two, three = free_port(), free_port()
    script = DEMO.replace("PORT2", str(two)).replace("PORT3", str(three))
    done = subprocess.run(["/bin/bash", "-c", script], env=env, cwd=home, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    link = lines.pop(8 - 1)
    assert link.startswith("/worker/") and len(link) == len("/worker/") + 32
    assert lines == ["n1", "hello", "hello", "hello", "HELLO", "n2", "n3", "HELLO", "HELLO", '"running"', '"running"', '"running"',
                     '"n2"', '"hop"', "n1", "n2", "n3", "[]"]


def test_the_portal_of_the_readme_carries_bytes(env, home):
    """Its commands, word for word but for the ports, with a service to reach: a server that answers in capitals."""
    readme = (pathlib.Path(__file__).resolve().parents[2] / "README.md").read_text()
    portal = readme.split("A TCP service at the other end of a route")[1].split("[docs/tutorial.md]")[0]
    assert "tcp-outlet create" in portal and "tcp-inlet create" in portal
    with socket.create_server(("127.0.0.1", 0)) as service:
        inlet = free_port()
        at = {"5432": service.getsockname()[1], "15432": inlet}
        portal = re.sub(r"127\.0\.0\.1:(5432|15432)\b", lambda m: f"127.0.0.1:{at[m[1]]}", portal)

        def serve():
            s, _ = service.accept()
            with s:
                s.sendall(s.recv(100).upper())

        threading.Thread(target=serve, daemon=True).start()
        ran = 0
        for language, _, body in pages.blocks(portal):
            assert language == "console"
            for command, promised in pages.commands(body):
                done = subprocess.run(["/bin/bash", "-c", command], env=env, cwd=home, capture_output=True, text=True, timeout=60)
                assert done.returncode == 0 and done.stdout.splitlines() == promised, (command, done)
                ran += 1
        assert ran == 3
        with socket.create_connection(("127.0.0.1", inlet), 10) as s:
            s.sendall(b"hello")
            assert s.recv(100) == b"HELLO"
