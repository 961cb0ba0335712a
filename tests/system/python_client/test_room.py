# SPDX-License-Identifier: Apache-2.0
"""How much is handled at a time."""

from ockam_client import workers


def test_room_is_given_back_as_it_was_taken(monkeypatch):
    monkeypatch.setattr(workers, "MAX_HANDLED", 3)
    monkeypatch.setattr(workers, "MAX_HANDLED_BYTES", 100)
    for _ in range(3):
        room = workers.Room()
        assert room.take(40) and room.take(60) and not room.take(1) and room.take(0) and not room.take(0)
        room.give_back(60)
        assert not room.take(61) and room.take(60) and not room.take(0)
        for size in (40, 60, 0):
            room.give_back(size)
        assert room.take(100) and not room.take(1)
