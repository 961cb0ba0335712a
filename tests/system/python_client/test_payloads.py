# SPDX-License-Identifier: Apache-2.0
"""The rule for what a payload is (docs/protocol.md, What a payload is): the same table as the C++ side's."""

import json
import pathlib

import ockam_client as ockam
import pytest
import wire
from ockam_client import payloads

TABLE = json.loads((pathlib.Path(__file__).resolve().parents[2] / "data/payloads.json").read_text())


def payload_of(row):
    return bytes.fromhex(row["hex"] if "hex" in row else row["prefix"] + row["fill"] * row["times"] + row["suffix"])


@pytest.mark.parametrize("row", TABLE, ids=lambda r: r.get("why") or r.get("hex"))
def test_the_table(row):
    payload = payload_of(row)
    found = payloads.text(payload)
    promised = row["text"]
    if promised is not None and promised.endswith("…"):
        assert found is not None and found.startswith(promised[:-1]) and len(found.encode()) > 80
    else:
        assert found == promised
    if "json" in row:
        assert payloads.json_value(payload) == row["json"]
    if row.get("is_json"):
        assert payloads.json_value(payload)


@pytest.mark.parametrize("size", [*range(120, 130), 91, 92, 93, 127, 128, 129, 16383, 16384, 16385])
def test_json_arrives_as_it_was_meant_whatever_its_length(size):
    value = {"a": "x" * (size - 8)}
    raw = json.dumps(value, separators=(",", ":")).encode()
    assert len(raw) == size
    assert payloads.json_value(raw) == value and payloads.text(raw) is None
    assert payloads.json_value(payloads.encode(value)) == value
    as_text = payloads.encode(raw.decode())
    assert payloads.text(as_text) == raw.decode() and payloads.json_value(as_text) == value


@pytest.mark.parametrize("text", ["", "x", "ß", "x" * 127, "x" * 128, "x" * 16383, "x" * 16384, "\0"])
def test_a_text_is_a_bare_string(text):
    assert payloads.encode(text) == wire.bare(text)
    assert payloads.text(wire.bare(text)) == text


@pytest.mark.parametrize("value", [b"\x00\xff", bytearray(b"ab"), memoryview(b"ab")])
def test_bytes_go_as_they_are(value):
    out = payloads.encode(value)
    assert out == bytes(value) and type(out) is bytes


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, True]}, [], 7, None, False])
def test_other_values_are_json_text(value):
    assert json.loads(payloads.text(payloads.encode(value))) == value


@pytest.mark.parametrize("value,says", [({1, 2}, "a set that cannot be written as JSON"), (float("nan"), "a float that cannot be written"),
                                        ("\ud800", "no Unicode text"), (object(), "a object that")])
def test_what_cannot_be_sent_says_why(value, says):
    with pytest.raises(ockam.InvalidPayload) as e:
        payloads.encode(value)
    assert says in e.value.cause and e.value.hint


def test_a_loop_cannot_be_sent():
    value = []
    value.append(value)
    with pytest.raises(ockam.InvalidPayload):
        payloads.encode(value)


@pytest.mark.parametrize("payload", [b"", b"\x05hello", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_a_value_error(payload):
    with pytest.raises(ValueError):
        payloads.json_value(payload)
