# SPDX-License-Identifier: Apache-2.0
"""The first steps of a newcomer, word for word, in a shell."""

import subprocess

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


def free_ports(n):
    import socket
    held = [socket.socket() for _ in range(n)]
    for s in held:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def test_first_steps(env, home):
    two, three = free_ports(2)
    script = DEMO.replace("PORT2", str(two)).replace("PORT3", str(three))
    done = subprocess.run(["/bin/bash", "-c", script], env=env, cwd=home, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    link = lines.pop(8 - 1)
    assert link.startswith("/worker/") and len(link) == len("/worker/") + 32
    assert lines == ["n1", "hello", "hello", "hello", "HELLO", "n2", "n3", "HELLO", "HELLO", '"running"', '"running"', '"running"',
                     '"n2"', '"hop"', "n1", "n2", "n3", "[]"]
