# SPDX-License-Identifier: Apache-2.0
"""Functions that block, beside an event loop."""

import asyncio
import contextvars
import threading

import pytest
from ockam_client.threads import BackgroundThread

spoken = contextvars.ContextVar("spoken")


def test_functions_run_in_order_and_in_the_context_of_the_caller(run):
    async def go():
        thread = BackgroundThread("t")
        spoken.set("here")
        seen = []
        await asyncio.gather(*(thread.call(lambda i=i: seen.append(i)) for i in range(100)))
        assert seen == list(range(100))
        assert await thread.call(lambda: (spoken.get(), threading.current_thread().name, threading.current_thread().daemon)) == ("here", "t", True)
        thread.end()

    run(go())


def test_what_they_raise_is_the_callers(run):
    async def go():
        thread = BackgroundThread("t")
        with pytest.raises(ZeroDivisionError):
            await thread.call(lambda: 1 / 0)
        with pytest.raises(RuntimeError, match=r"a function raised StopIteration\(7\)"):
            await thread.call(stop)
        assert await thread.call(lambda: 1) == 1
        thread.end()

    def stop():
        raise StopIteration(7)

    run(go())


def test_one_that_nobody_waits_for_any_more_is_left_out(run):
    async def go():
        thread, entered, release, seen = BackgroundThread("t"), threading.Event(), threading.Event(), []
        first = thread.call(lambda: (entered.set(), release.wait(10)))
        second = thread.call(lambda: seen.append("second"))
        third = thread.call(lambda: seen.append("third"))
        await asyncio.to_thread(entered.wait)
        second.cancel()
        await asyncio.sleep(0)  # the loop passes a cancellation on in its next round
        release.set()
        await asyncio.gather(first, third)
        assert seen == ["third"]
        thread.end()

    run(go())
