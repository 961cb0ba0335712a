# SPDX-License-Identifier: Apache-2.0
"""What goes through secure channels between the two implementations, and what channels go through: relays and portals.

    initiator ══▶ relay node ◀══ responder, which only dials out

    client ══ inlet ══ channel ══ outlet ══ target
"""

import itertools

import pytest
import wire
from portal_ends import Target, accepts, free_port, much_without_mark, node_route, transfer_much
from processes import wait_until
from test_relays import is_up, relay_section
from test_secure_channels import channel, identity_of, with_identity

MAKES = ("ours", "theirs")
#: At least one of the three is ours.
CASES = [c for c in itertools.product(MAKES, repeat=3) if "ours" in c]

#: MiB each way.
MUCH = 200


@pytest.mark.parametrize("relay,responder,initiator", CASES, ids=["-".join(c) for c in CASES])
def test_a_channel_through_a_relay_has_the_node_behind_it_at_its_other_end(ours, theirs, ockam, relay, responder, initiator):
    center = ours("center") if relay == "ours" else theirs()
    if responder == "ours":
        behind = ours("behind", more=with_identity("behind", relay_section("db", center.tcp)))
        who, listener = identity_of(behind), "api"
        wait_until(lambda: is_up(ockam), "our relay is up")
    else:
        behind = theirs()
        assert behind.relay(behind.dial(center.tcp), "db") == "forward_to_db"
        who, listener = behind.say("identity")[1], "secret"
        behind.say("secure-listener", listener)
    if initiator == "ours":
        more = f"[secure-channel c]\nto = {node_route(center.tcp)}/service/forward_to_db/service/{listener}\nauthorized = {who}\nallow = hop\n"
        n = ours("sender", more=with_identity("sender", more))
        wait_until(lambda: f"secure channel c is up, with {who}" in n.errors(), "the channel is up", 30)
        with n.peer(timeout=30) as p:
            for i in range(70):  # past two rekeys
                assert p.ask(["hop", "c", "uppercase"], wire.bare(f"hello {i}")).payload == wire.bare(f"HELLO {i}")
    else:
        t = theirs()
        address, found = channel(t, f"{t.dial(center.tcp)},forward_to_db,{listener}", who)
        assert found == who
        for i in range(70):
            assert t.say("text", f"{address},uppercase", f"hello {i}") == ["reply", "HELLO", str(i)]


@pytest.fixture
def target():
    t = Target(much_without_mark(MUCH))
    yield t
    t.server.close()


@pytest.mark.timeout(180)
def test_our_inlet_through_a_channel_to_their_outlet_moves_200_mib_each_way(ours, theirs, target):
    t = theirs()
    who = t.say("identity")[1]
    assert t.say("secure-listener", "secret") == ["listener", "secret"]
    assert t.say("outlet", "outlet", target.at) == ["outlet", "outlet"]
    at = f"127.0.0.1:{free_port()}"
    inlet = f"[tcp-inlet in]\nfrom = {at}\nto = {node_route(t.tcp)}/secure/secret/service/outlet\nauthorized = {who}\n"
    ours("app", more=with_identity("app", inlet))
    wait_until(lambda: accepts(at), "the inlet is up", 30)
    transfer_much(at, target)


@pytest.mark.timeout(180)
def test_their_inlet_through_a_channel_to_our_outlet_moves_200_mib_each_way(ours, theirs, target):
    more = f"[secure-channel-listener api]\nallow = services, outlet\n[tcp-outlet outlet]\nto = {target.at}\nallow = {{}}\n"
    t = theirs()
    n = ours("db", more=with_identity("db", more.format(t.say("identity")[1])))
    address, _ = channel(t, f"{t.dial(n.tcp)},api", identity_of(n))
    kind, at = t.say("inlet", f"{address},outlet")
    assert kind == "inlet"
    transfer_much(at, target)
