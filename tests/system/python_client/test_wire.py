# SPDX-License-Identifier: Apache-2.0
"""Frames: what is written, what is read, and what hostile bytes come to."""

import random
import struct

import ockam_client as ockam
import pytest
import wire
from ockam_client import routes, wire as client_wire

MiB = 1 << 20
GOOD = b"\x83\x81\x82\x00\x44echo\x81\x82\x00\x41x\x41p"


def with_extras(text):
    return b"\x84" + GOOD[1:] + wire._head(3, len(text)) + text


def test_frames_are_those_that_nodes_write():
    for onward, back, payload, extras in ((["echo"], ["app"], b"\x05hello", None), (["uppercase"], ["app"], b"", {"a": "b"}),
                                          ([(1, "h:1"), "x" * 300], [], bytes(70000), None), (["a"] * 30, [(200, "b")], bytes(24), None),
                                          (["x"], [], bytes(255), {"a": "b" * 300}),
                                          (["x"], [], bytes(256), None), (["x"], [], bytes(65535), None), (["x"], [], bytes(65536), None)):
        to, reply_to = routes.parse(onward), [routes.address(a) for a in back]
        ours = client_wire.encode(to, reply_to, payload, extras)
        assert ours == wire.frame(onward, back, payload, extras)
        assert client_wire.decode(ours[4:]) == (to, reply_to, payload, extras or {})


def test_names_that_are_not_utf_8_come_back_as_they_were():
    body = b"\x83\x81\x82\x00\x42\xff\xfe\x80\x40"
    frame = client_wire.decode(body)
    assert client_wire.encode(frame.onward, frame.back, frame.payload)[4:] == body


def test_the_largest_message():
    room = client_wire.MAX_FRAME - len(client_wire.encode([(0, "x")], [], b"")) + 4 - 4  # a head of five bytes instead of one
    assert len(client_wire.encode([(0, "x")], [], bytes(room))) == client_wire.MAX_FRAME + 4
    with pytest.raises(ockam.InvalidPayload, match="at most 16777216") as e:
        client_wire.encode([(0, "x")], [], bytes(room + 1))
    assert e.value.hint == "send it in parts"


def test_what_no_head_can_say():
    """Of four GiB, which no test makes."""
    with pytest.raises(ockam.InvalidPayload) as e:
        client_wire._head(2, 1 << 32)
    assert (e.value.cause, e.value.hint) == ("a message of over 4 GiB; at most 16777216 bytes are sent", "send it in parts")


@pytest.mark.parametrize("body", [
    b"\x84" + GOOD[1:] + b"\xf6", GOOD + b"behind it", b"\x9f" + GOOD[1:] + b"\xff",
    b"\x83\x9f\x9f\x00\x44echo\xff\xff\x81\x82\x00\x41x\x41p",  # indefinite arrays
    b"\x83\x81\x84\x00\x44echo\x81\x07\xa1\x61a\x01\x81\x82\x00\x41x\x41p",  # further fields of an address
    b"\x83\x81\x83\x00\x44echo\xbf\x61a\x9f\x01\xff\xff\x81\x82\x00\x41x\x41p",
    b"\x83\x81\x82\x18\x00\x58\x04echo\x81\x82\x19\x00\x00\x41x\x59\x00\x01p",  # longer heads than they must be
    b"\x86" + GOOD[1:] + b"\xf6\xc1\x1a\x00\x00\x00\x00\xfb\x00\x00\x00\x00\x00\x00\x00\x00",  # further parts: a tag, a double
    b"\x85" + GOOD[1:] + b"\xf6" + b"\x81" * 31 + b"\x00", b"\x85" + GOOD[1:] + b"\xf6\x20",
    b"\x86" + GOOD[1:] + b"\xf6\x41\xff\x00", b"\x86" + GOOD[1:] + b"\xf6\x61\xff\x00",  # bytes and text whose content would be none as CBOR
    b"\x85" + GOOD[1:] + b"\xf6\x60", b"\x85" + GOOD[1:] + b"\xf6\xf5",  # an empty text, true
    b"\x85" + GOOD[1:] + b"\xf6\xc2\x41\x01"])  # a tag other than 1: a large number
def test_what_nodes_read_is_read(body):
    assert client_wire.decode(body) == ([(0, "echo")], [(0, "x")], b"p", {})


@pytest.mark.parametrize("body", [
    b"", b"\xff", b"\x80", b"\x82\x80\x80", b"\x83\x80\x80", b"\xa3\x80\x80\x40", b"\x83\x40\x80\x40", b"\x83\x80\x80\x60", b"\x83\x80\x80\x5f\x41a\xff",
    b"\x83\x81\x82\x19\x01\x00\x41a\x80\x40",  # a type of 256
    b"\x83\x81\x82\x20\x41a\x80\x40", b"\x83\x81\x82\x00\x61a\x80\x40", b"\x83\x81\x81\x00\x80\x40", b"\x83\x81\x80\x80\x40",
    b"\x83\x9b\xff\xff\xff\xff\xff\xff\xff\xff", b"\x83\x80\x80\x5b\xff\xff\xff\xff\xff\xff\xff\xff", b"\x84\x80\x80\x40\x01", b"\x84\x80\x80\x40\x41a",
    b"\x83\x80\x80\x5c", b"\x83\x80\x80\x5c" + bytes(16), b"\x83\x80\x80\x42a", b"\x9f\x80\x80\x40", b"\x85" + GOOD[1:] + b"\xf6" + b"\x81" * 32 + b"\x00",
    b"\x85" + GOOD[1:] + b"\xf6\x81", b"\x85" + GOOD[1:] + b"\xf6\xa1\x00", b"\x85" + GOOD[1:] + b"\xf6\xff", b"\x85" + GOOD[1:] + b"\xf6\x7f\x61a\xff",
    b"\x85" + GOOD[1:] + b"\xf6" + b"\xc1" * 32 + b"\x00", b"\x85" + GOOD[1:] + b"\xf6" + b"\x81" * 100_000])
def test_what_breaks_the_protocol(body):
    with pytest.raises(ockam.ProtocolError):
        client_wire.decode(body)


@pytest.mark.parametrize("body,what", [
    (b"\x00", "its parts"), (b"\x83\x00", "a route"), (b"\x83\x81\x00", "an address"), (b"\x83\x81\x82\x20\x41a", "the type of an address"),
    (b"\x83\x81\x82\x00\x61a", "the name of an address"), (b"\x83\x80\x80\x60", "a payload"), (b"\x84\x80\x80\x40\x01", "text as its last part")])
def test_what_is_missing_is_named(body, what):
    with pytest.raises(ockam.ProtocolError) as e:
        client_wire.decode(body)
    assert e.value.cause == f"the peer sent a message without {what}"


@pytest.mark.parametrize("body,says", [
    (b"\x83\x81\x82\x19\x01\x00\x41a\x80\x40", "the peer sent an address that is none"),
    (b"\x85" + GOOD[1:] + b"\xf6" + b"\x81" * 32 + b"\x00", "the peer sent a message that is nested too deep"),
    (b"\x83\x80\x80\x42a", "the peer sent a message that is cut off"), (b"\x83\x80\x80\x5c", "the peer sent a message that is not CBOR"),
    (b"\x82\x80\x80", "the peer sent a message of too few parts")])
def test_what_else_is_wrong_is_said(body, says):
    with pytest.raises(ockam.ProtocolError) as e:
        client_wire.decode(body)
    assert e.value.cause == says


def test_types_of_addresses_are_bytes():
    assert client_wire.decode(b"\x83\x81\x82\x18\xff\x41a\x80\x40").onward == [(255, "a")]


def test_routes_that_nobody_takes_cost_one_message():
    def frame(onward):
        return wire.frame(onward, [], b"")[4:]

    assert len(client_wire.decode(frame(["x"] * 1024)).onward) == 1024
    assert client_wire.decode(frame(["x" * 1024])).onward == [(0, "x" * 1024)]
    with pytest.raises(client_wire.BadRoute, match="over 1024"):
        client_wire.decode(frame(["x"] * 1025))
    with pytest.raises(client_wire.BadRoute, match="1025 bytes"):
        client_wire.decode(frame(["x" * 1025]))


@pytest.mark.parametrize("text,extras", [
    (b'{"a":"b"}', {"a": "b"}), (b"{}", {}), (b"", {}), (b"[]", {}), (b'"a"', {}), (b"no JSON", {}), (b"\xff", {}), (b'{"a":1,"b":"c"}', {"b": "c"}),
    (b'{"a":"' + b"x" * 4088 + b'"}', {"a": "x" * 4088}), (b'{"a":"' + b"x" * 4089 + b'"}', {}), (b"[" * 4000, {})])
def test_extras_are_an_object_of_strings(text, extras):
    assert client_wire.decode(with_extras(text)).extras == extras


@pytest.mark.parametrize("text", [b'{"ockam_undeliverable":7}', b'{"ockam_hop":"0#x"}', b'{"ockam_undeliverable":"refused"', b'{"ockam_detail":"',
                                  b'{"ockam_undeliverable":"","a":"' + b"x" * 5000 + b'"}'])
def test_a_report_that_cannot_be_read_is_no_answer(text):
    assert client_wire.decode(with_extras(text)).extras["ockam_undeliverable"] == "unknown"


def test_a_passage_is_no_report():
    text = b'{"ockam_passed":"1","ockam_hop":"0#x"}'
    assert "ockam_undeliverable" not in client_wire.decode(with_extras(text)).extras
    text = b'{"ockam_undeliverable":"refused"}'
    assert client_wire.decode(with_extras(text)).extras["ockam_undeliverable"] == "refused"


def test_decoding_noise_raises_nothing_else():
    rng = random.Random(7)
    good = client_wire.encode([(0, "echo")], [(0, "x")], b"payload", {"a": "b"})[4:]
    for _ in range(20_000):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            client_wire.decode(bytes(data[: rng.randrange(1, len(data) + 1)]))
        except (ockam.ProtocolError, client_wire.BadRoute):
            pass


def test_a_heartbeat_is_what_the_protocol_says():
    assert client_wire.HEARTBEAT == bytes.fromhex("0000000483808040") and struct.unpack(">I", client_wire.HEARTBEAT[:4])[0] == 4
