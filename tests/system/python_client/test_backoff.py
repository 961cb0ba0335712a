# SPDX-License-Identifier: Apache-2.0
"""The same delays as runtime/core/backoff.hpp."""

import random

import pytest
from ockam_client.backoff import Backoff


class Chance(random.Random):
    """Always the least, or always the most."""

    def __init__(self, end):
        super().__init__()
        self.end = end

    def uniform(self, low, high):
        return (low, high)[self.end]


def test_delays_grow_by_half_up_to_a_second():
    b = Backoff(Chance(1))
    assert [b.next() for _ in range(6)] == pytest.approx([0.2, 0.3, 0.45, 0.675, 1.0, 1.0])
    b.reset()
    assert b.next() == pytest.approx(0.2)


def test_up_to_a_quarter_less_by_chance():
    b = Backoff(Chance(0))
    assert [b.next() for _ in range(5)] == pytest.approx([0.15, 0.225, 0.3375, 0.50625, 0.75])
    delays = {Backoff().next() for _ in range(50)}
    assert len(delays) > 10 and all(0.15 <= d <= 0.2 for d in delays)
