# SPDX-License-Identifier: Apache-2.0
"""The Python client as a package: its types, what is built, and what somebody has who installs it."""

import email
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pypi
import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "python"

USER = '''
import asyncio
from typing import assert_type
import ockam_client as ockam

async def main() -> None:
    async with ockam.connect("127.0.0.1:4000", reconnect=False) as node, ockam.listen("./s") as server:
        assert_type(node, ockam.Connection)
        assert_type(server, ockam.Server)
        assert_type(await node.request("/service/echo", {"a": [1, None]}, timeout=None), ockam.Message)
        await node.send([(0, "echo"), "1#h:1"], b"x", sender="me")
        await node.send((await node.request("echo")).return_route)

        @server.worker("greeter")
        async def greet(message: ockam.Message) -> str:
            return f"Hello, {message.text}"

        @node.worker("plain")
        def plain(message: ockam.Message) -> None:
            assert_type(message.text, str | None)

        assert_type(await greet(await node.request("x")), str)
    other: ockam.Connection = await ockam.connect("4000")
    await other.close()
    with ockam.sync.connect("4000") as c:
        assert_type(c.request("echo", "x"), ockam.Message)

asyncio.run(main())
'''

WRONG = '''
import ockam_client as ockam

async def main(node: ockam.Connection) -> None:
    await node.request(7, "x")
    await node.request("echo", object())
    node.worker("w")(lambda: None)
    node.request("echo").text
'''


def succeed(*command, **more):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, **more)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def tools():
    """The folder of the programs that build and check packages."""
    return pypi.environment("mypy") / "bin"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy: building leaves files beside the sources."""
    at = tmp_path_factory.mktemp("source") / "python"
    shutil.copytree(SOURCE, at, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    return at


@pytest.fixture(scope="module")
def installed(tools, source, tmp_path_factory):
    """The Python of a fresh environment in which somebody has said `pip install ./python`."""
    at = tmp_path_factory.mktemp("venv")
    succeed(sys.executable, "-m", "venv", at)
    succeed(at / "bin/pip", "install", "-q", source)
    return at / "bin/python"


def test_the_types_are_strict(tools, source, tmp_path):
    said = succeed(tools / "mypy", "--strict", "--cache-dir", tmp_path / "cache", "ockam_client", cwd=source)
    assert "no issues found" in said


@pytest.mark.timeout(300)
def test_programs_that_use_it_are_checked(tools, installed, tmp_path):
    """With what is installed: the mark of a typed package comes along."""
    mypy = [tools / "mypy", "--strict", "--cache-dir", tmp_path / "cache", "--python-executable", installed]
    (tmp_path / "user.py").write_text(USER)
    succeed(*mypy, "user.py", cwd=tmp_path)
    (tmp_path / "wrong.py").write_text(WRONG)
    said = subprocess.run(list(map(str, [*mypy, "wrong.py"])), capture_output=True, text=True, cwd=tmp_path, timeout=300).stdout
    assert [line for line in (5, 6, 7, 8) if f"wrong.py:{line}: error" in said] == [5, 6, 7, 8], said


@pytest.mark.timeout(300)
def test_what_is_built_can_be_published(tools, source, tmp_path):
    succeed(tools / "python", "-m", "build", "--no-isolation", "--outdir", tmp_path, source)
    version = next(line.split('"')[1] for line in (SOURCE / "ockam_client/version.py").read_text().splitlines() if line.startswith("__version__"))
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"ockam_client-{version}-py3-none-any.whl", f"ockam_client-{version}.tar.gz"]
    with zipfile.ZipFile(tmp_path / f"ockam_client-{version}-py3-none-any.whl") as wheel:
        names = {n for n in wheel.namelist() if n.startswith("ockam_client/")}
        metadata = email.message_from_bytes(wheel.read(f"ockam_client-{version}.dist-info/METADATA"))
    assert names == {f"ockam_client/{p.name}" for p in (SOURCE / "ockam_client").iterdir() if p.is_file()} and "ockam_client/py.typed" in names
    assert metadata["Name"] == "ockam-client" and metadata["Version"] == version and metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11" and metadata["Description-Content-Type"] == "text/markdown" and not metadata.get_all("Requires-Dist")
    assert "Typing :: Typed" in metadata.get_all("Classifier") and "## Quick start" in metadata.get_payload()


@pytest.mark.timeout(300)
def test_what_is_installed_asks_a_node(installed, node):
    program = ("import sys, ockam_client as o\n"
               "with o.sync.connect(sys.argv[1]) as c: print(o.__version__, o.__file__, c.request('/service/uppercase', 'hello').text)")
    said = succeed(installed, "-I", "-c", program, f"127.0.0.1:{node().port}").split()
    assert said[2] == "HELLO" and str(installed.parents[1]) in said[1]
