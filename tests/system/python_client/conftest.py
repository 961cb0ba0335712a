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


@pytest.fixture
def run():
    """run(coroutine) → its result, in time."""

    def start(what):
        return asyncio.run(asyncio.wait_for(what, LIMIT))

    return start
