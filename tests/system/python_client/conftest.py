# SPDX-License-Identifier: Apache-2.0
"""Tests of the Python client alone: its peer is `fake_node`, so they need no programs."""

import asyncio
import os
import pathlib
import sys

import pytest

LIMIT = float(os.environ.get("OCKAM_TEST_LIMIT", 20))  # seconds; dev/mutate-python has little patience

HERE = pathlib.Path(__file__).resolve().parent
for folder in (HERE, HERE.parent, HERE.parents[2] / "python"):
    sys.path.insert(0, str(folder))


def pytest_collection_modifyitems(items):
    """An exception on a thread, or in a task that nobody asks, fails the test in which it is raised."""
    for item in items:
        for kind in ("PytestUnhandledThreadExceptionWarning", "PytestUnraisableExceptionWarning"):
            item.add_marker(pytest.mark.filterwarnings(f"error::pytest.{kind}"))


@pytest.fixture
def run():
    """run(coroutine) → its result, in time."""

    def start(what):
        return asyncio.run(asyncio.wait_for(what, LIMIT))

    return start
