# SPDX-License-Identifier: Apache-2.0
"""The two implementations over UDP, each in both roles."""

import pytest

import wire
from asking import OursAsksTheirs, TheirsAsksOurs, digest, pattern

#: What a datagram carries of a message.
SLICE = 493


class TheirsAsksOursByUdp(TheirsAsksOurs):
    def __init__(self, ours, theirs):
        self.ours, self.theirs = ours(more="[udp-listener u]\naddress = 127.0.0.1:0\nallow = services\n"), theirs()
        kind, self.link = self.theirs.say("dial-udp", next(a for t, a in self.ours.listeners if t == "udp"))
        assert kind == "link"

    def our_message(self, payload):
        """What ours sends: the reply."""
        return wire.frame(["x" * 32], ["echo"], payload)[4:]


class OursAsksTheirsByUdp(OursAsksTheirs):
    def __init__(self, ours, theirs):
        self.theirs = theirs()
        self.ours = ours(more=f"[udp-connection out]\naddress = {self.theirs.udp}\nhold-bytes = 1MiB\n")
        self.socket = self.ours.peer(timeout=30)

    def our_message(self, payload):
        """What ours sends: the request, which came in over a link with an address of 32 digits."""
        return wire.frame(["echo"], ["hop", "x" * 32, "test"], payload)[4:]


@pytest.fixture(params=[TheirsAsksOursByUdp, OursAsksTheirsByUdp], ids=["theirs-asks-ours", "ours-asks-theirs"])
def requester(request, ours, theirs):
    return request.param(ours, theirs)


@pytest.mark.parametrize("size", [0, 64, 300, 5000, 64 << 10], ids=["0B", "64B", "300B", "5000B", "64KiB"])
def test_echo_of(requester, size):
    assert requester.echo(["echo"], size) == (size, digest(pattern(size)))


def test_uppercase(requester):
    assert requester.text(["uppercase"], "Straße") == "STRASSE"


@pytest.mark.parametrize("slices", [1, 2, 7])
def test_a_message_of_ours_that_fills_its_slices(requester, slices):
    # A real Ockam node would send one more slice, an empty one, which its receiver refuses: such messages of
    # theirs are always lost. Theirs is never such a message here: it has a fourth element of three bytes.
    size = next(n for n in range(slices * SLICE) if len(requester.our_message(pattern(n))) == slices * SLICE)
    assert requester.echo(["echo"], size) == (size, digest(pattern(size)))
