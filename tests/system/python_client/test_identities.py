# SPDX-License-Identifier: Apache-2.0
"""Who has sent a message, as the node at the other end of a Unix socket says it."""

import types

import pytest
from ockam_client import message, wire

ANN, BOB = "I" + "a" * 64, "I" + "b" * 64


def from_whom(extras, is_unix=True):
    frame = wire.Frame(onward=[(0, "w")], back=[], payload=b"", extras=extras)
    return message.Message(frame, types.SimpleNamespace(is_unix=is_unix))


def test_a_message_is_from_one_of_these():
    m = from_whom({"ockam_identity": ANN})
    assert m.identity == ANN
    assert m.is_from(ANN) and m.is_from(BOB, ANN)
    assert not m.is_from(BOB) and not m.is_from()


@pytest.mark.parametrize("extras,is_unix", [({}, True), ({"ockam_identity": ANN}, False)])
def test_nobody_is_proved(extras, is_unix):
    m = from_whom(extras, is_unix)
    assert m.identity is None
    assert not m.is_from(ANN) and not m.is_from(None)
