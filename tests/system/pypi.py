# SPDX-License-Identifier: Apache-2.0
"""Packages from PyPI, for tests against implementations that are not ours and of what we would publish there: put into a
virtual environment in the user's cache once, and into sys.path from there."""

import fcntl
import hashlib
import importlib
import os
import pathlib
import subprocess
import sys

from processes import cannot_run

REQUIREMENTS = pathlib.Path(__file__).parent / "requirements.txt"


def _environment():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "ockam-tests"
    cache.mkdir(parents=True, exist_ok=True)
    mark = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder, done = cache / f"pypi-{mark}", cache / f"pypi-{mark}.done"
    with open(cache / "pypi.lock", "w") as lock:  # tests run in several processes
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, capture_output=True, timeout=120)
            subprocess.run([folder / "bin/pip", "install", "-q", "-r", REQUIREMENTS], check=True, capture_output=True, timeout=300)
            done.touch()
    return folder


def environment(name):
    """The folder of the virtual environment, for the programs of package `name`; without a network the test is skipped, or
    fails where CI is set."""
    try:
        return _environment()
    except (OSError, subprocess.SubprocessError) as e:
        cannot_run(f"cannot install {name} from PyPI: {getattr(e, 'stderr', None) or e}")


def load(name):
    """The package, imported. Skips and fails as `environment` does."""
    path = str(next((environment(name) / "lib").glob("python3*/site-packages")))
    if path not in sys.path:
        sys.path.insert(0, path)  # before what the system has of that name
    return importlib.import_module(name)
