# SPDX-License-Identifier: Apache-2.0
"""The same without `await`, for scripts and prompts: an event loop of its own on a thread of its own."""

import asyncio
import threading

from . import connection


class Connection:
    """See `ockam_client.Connection`. From any thread."""

    def __init__(self, address, timeout):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ockam", daemon=True)
        self._thread.start()
        try:
            self._c = self._run(connection.connect(address, timeout))
        except BaseException:
            self._stop()
            raise

    def _run(self, what):
        return asyncio.run_coroutine_threadsafe(what, self._loop).result()

    def _stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def send(self, route, payload=b"", *, sender=None):
        self._run(self._c.send(route, payload, sender=sender))

    def request(self, route, payload=b"", timeout=10.0):
        return self._run(self._c.request(route, payload, timeout))

    def worker(self, name):
        """Handlers run on the thread of the loop; one that blocks keeps others waiting."""
        return self._c.worker(name)

    def close(self):
        self._run(self._c.close())
        self._stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def connect(address, timeout=10.0):
    return Connection(address, timeout)
