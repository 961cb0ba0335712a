# SPDX-License-Identifier: Apache-2.0
"""When to try again: as nodes do (runtime/core/backoff.hpp)."""

import random

LEAST, MOST = 0.2, 1.0  # seconds


class Backoff:
    """Each failure waits half as long again as the one before, up to a cap, and up to a quarter less of that by chance,
    so that the clients of a node that restarts do not all come at once."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self._chance, self._last = chance or random.Random(), 0.0

    def next(self) -> float:
        """Seconds to wait after one more failure."""
        self._last = min(max(self._last * 1.5, LEAST), MOST)
        return self._last * self._chance.uniform(0.75, 1.0)

    def reset(self) -> None:
        """It went well: the next failure is the first one."""
        self._last = 0.0
