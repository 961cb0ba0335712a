# SPDX-License-Identifier: Apache-2.0
"""Tests of the Python client alone: its peer is `fake_node`, so they need no programs."""

import asyncio
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
for folder in (HERE, HERE.parent, HERE.parents[2] / "python"):
    sys.path.insert(0, str(folder))


@pytest.fixture
def run():
    """run(coroutine) → its result. At its end nothing may be left on the event loop but what it made itself."""

    def start(what):
        return asyncio.run(asyncio.wait_for(what, 20))

    return start
