# SPDX-License-Identifier: Apache-2.0
"""Errors: what they say, and that they can be copied and pickled as exceptions are."""

import pickle

import ockam_client as ockam
import pytest
from ockam_client.errors import printable

SAMPLES = [ockam.OckamError("a", "b"), ockam.Closed("a"), ockam.Disconnected("a", "b"), ockam.Undeliverable("refused", "0#x", "n1", "why"),
           ockam.ServiceFailed("service-error", "0#x", "n1", "why")]


@pytest.mark.parametrize("error", SAMPLES, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("again", [lambda e: e.fresh(), lambda e: pickle.loads(pickle.dumps(e))], ids=["fresh", "pickled"])
def test_an_error_can_be_made_again(error, again):
    other = again(error)
    assert other is not error and type(other) is type(error)
    assert (str(other), other.__dict__) == (str(error), error.__dict__)


def test_a_fresh_error_has_no_traceback():
    try:
        raise SAMPLES[0]
    except ockam.OckamError as e:
        assert e.__traceback__ and not e.fresh().__traceback__


def test_what_they_say():
    assert str(ockam.OckamError("it broke")) == "it broke"
    assert str(ockam.OckamError("it broke", "mend it")) == "it broke (mend it)"
    assert ockam.OckamError("it broke", "mend it").args == ("it broke", "mend it"), "as every exception has them"
    e = ockam.Undeliverable("unknown-worker", "0#x", "n1", "")
    assert (e.cause, e.reason, e.hop, e.node, e.detail) == ("there is no worker at 0#x on node n1", "unknown-worker", "0#x", "n1", "")
    assert ockam.Undeliverable("refused", "0#x", "n1", "by rule").cause == "undeliverable at 0#x on node n1: refused: by rule"
    assert "ockam flow-control add-consumer" in ockam.Undeliverable("refused", "0#hop", "n1", "").hint
    assert e.hint == "see the workers with: ockam worker list --at n1" and e.fresh().hint == e.hint
    assert ockam.ServiceFailed("worker-failed", "0#x", "n1", "").hint == "the log of node n1 says why: ockam node logs n1"
    assert ockam.Undeliverable("congested", "0#x", "n{1}", "").hint == "" and "n{1}" in ockam.Undeliverable("unknown-worker", "0#x", "n{1}", "").hint
    assert str(ockam.ServiceFailed("service-error", "0#x", "n1", "no")) == "the service at 0#x on node n1 answered with an error: no"


def test_what_a_peer_says_is_printable():
    e = ockam.Undeliverable("refused\n", "0#\x1b[2J", "n\udcff", "\x07" + "d" * 1000)
    assert str(e).isprintable() and "\\x1b[2J" in e.hop and e.node == "n\\xff" and len(e.detail) == 256
    assert (len(ockam.Undeliverable("refused", "h" * 2000, "n" * 2000, "").hop), len(ockam.Undeliverable("refused", "h", "n" * 2000, "").node)) == (1024, 256)
    assert printable("\udc80\udcff") == "\\x80\\xff"
    assert printable("grün") == "grün" and printable("\u200b") == "\\xe2\\x80\\x8b" and printable("\ud800") == "\\xed\\xa0\\x80"
