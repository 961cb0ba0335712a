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
BROWSER = REQUIREMENTS.with_name("requirements-browser.txt")


def _environment(requirements):
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "ockam-tests"
    cache.mkdir(parents=True, exist_ok=True)
    mark = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder, done = cache / f"pypi-{mark}", cache / f"pypi-{mark}.done"
    with open(cache / "pypi.lock", "w") as lock:  # tests run in several processes
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, capture_output=True, timeout=120)
            subprocess.run([folder / "bin/pip", "install", "-q", "-r", requirements], check=True, capture_output=True, timeout=300)
            done.touch()
    return folder


def environment(name, requirements=REQUIREMENTS):
    """The folder of the virtual environment, for the programs of package `name`; without a network the test is skipped, or
    fails where CI is set."""
    try:
        return _environment(requirements)
    except (OSError, subprocess.SubprocessError) as e:
        cannot_run(f"cannot install {name} from PyPI: {getattr(e, 'stderr', None) or e}")


def load(name, requirements=REQUIREMENTS):
    """The package, imported. Skips and fails as `environment` does."""
    path = str(next((environment(name, requirements) / "lib").glob("python3*/site-packages")))
    if path not in sys.path:
        sys.path.insert(0, path)  # before what the system has of that name
    return importlib.import_module(name)
