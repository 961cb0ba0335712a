# SPDX-License-Identifier: Apache-2.0
"""Packages, as who installs them has them. They are made of the programs that are built already: dev/test --ring package."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/system"))

NEWER = "99.0"


def pytest_addoption(parser):
    parser.addoption("--preset", default="dev", help="the build that is packed")
    parser.addoption("--root", help="a Debian in a folder with what the package depends on, to copy in place of making a fresh one")


def succeed(*command, **more):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, **more)
    assert done.returncode == 0, f"{command}: {done.stdout[-5000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def preset(request):
    return request.config.getoption("--preset")


@pytest.fixture(scope="session")
def packages(preset, tmp_path_factory):
    """The Debian packages of this tree, by version: that of the sources, and a newer one. Of a build with debug information
    only the node's: its libraries would take minutes."""
    out = {}
    parts = [] if preset == "release" else ["--only", "node"]
    for version in ("", NEWER):
        at = tmp_path_factory.mktemp("packages")
        succeed(ROOT / "dev/package", "--preset", preset, "--no-build", "--no-python", "--to", at, *parts, *(["--version", version, "--no-lint", "--only", "node"] if version else []))
        out[version or "own"] = {p.name.split("_")[0]: p for p in at.glob("*.deb")}
    return out
