"""Every address is connected to, and each carries the next operation in turn."""

from __future__ import annotations

import random

import pytest

from tests.links.channel_peer import frame
from tests.links.channel_rig import Rig


@pytest.fixture(autouse=True)
def _no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: 1.0)


class TestRoundRobin:
    def test_it_connects_to_all_addresses(self) -> None:
        rig = Rig(policy="round_robin")
        rig.call("one")
        rig.resolve("a", "b", "c")
        assert rig.dialled == ["a", "b", "c"]

    def test_it_gives_operations_to_the_ready_ones_in_turn(self) -> None:
        rig = Rig(policy="round_robin")
        rig.link.state(try_to_connect=True)
        rig.resolve("a", "b", "c")
        rig.refuse(rig.driver.dials[1])
        peers = [rig.driver.dials[0].accept(), rig.driver.dials[2].accept()]
        for number in range(6):
            rig.call(number)
        assert [len(peer.requests) for peer in peers] == [3, 3]
        even, odd = ([frame(str(n).encode()) for n in numbers] for numbers in ((0, 2, 4), (1, 3, 5)))
        assert {tuple(peer.requests) for peer in peers} == {tuple(even), tuple(odd)}

    def test_what_an_operation_says_later_goes_where_it_began(self) -> None:
        rig = Rig(policy="round_robin")
        rig.link.state(try_to_connect=True)
        rig.resolve("a", "b")
        peers = [dial.accept() for dial in rig.driver.dials]
        for name in "xy":
            rig.call(name, name.encode(), whole=False)
        for name in "yx":
            rig.say(name, 1, b"more", last=True)
        heard = sorted(peer.requests[0] for peer in peers)
        assert heard == [frame(b"x") + frame(b"more"), frame(b"y") + frame(b"more")]

    def test_it_is_ready_as_soon_as_one_is(self) -> None:
        rig = Rig(policy="round_robin")
        rig.call("one")
        rig.resolve("a", "b")
        assert rig.driver.dials[1].accept().requests == [frame(b"one")]
        assert rig.state == "READY"

    def test_it_is_in_transient_failure_only_if_all_fail(self) -> None:
        rig = Rig(policy="round_robin")
        rig.call("one")
        rig.resolve("a", "b")
        first, second = rig.driver.dials
        rig.refuse(second)
        assert (rig.state, rig.ending("one")) == ("CONNECTING", None)
        rig.environment.advance(1.0)
        rig.refuse(first)
        assert rig.state == "TRANSIENT_FAILURE"
        assert rig.ending("one") is not None

    def test_each_address_is_tried_again_after_its_own_backoff(self) -> None:
        rig = Rig(policy="round_robin")
        rig.call("one")
        rig.resolve("a", "b")
        first, second = rig.driver.dials
        rig.refuse(first)
        rig.environment.advance(1.0)
        assert rig.dialled == ["a", "b", "a"]
        rig.refuse(second)
        rig.environment.advance(0.0)
        assert rig.dialled == ["a", "b", "a", "b"]

    def test_a_connection_that_is_lost_is_made_again_at_once(self) -> None:
        rig = Rig(policy="round_robin")
        peer = rig.connect("a")
        rig.environment.advance(10.0)
        peer.hang_up()
        assert rig.dialled == ["a", "a"]
        rig.last_dial.accept()
        assert rig.states == ["IDLE", "CONNECTING", "READY", "CONNECTING", "READY"]

    def test_a_server_that_always_hangs_up_is_not_called_without_a_pause(self) -> None:
        rig = Rig(policy="round_robin")
        rig.connect("a").hang_up()
        assert (rig.state, len(rig.driver.dials)) == ("CONNECTING", 1)
        rig.environment.advance(1.0)
        rig.last_dial.accept()
        rig.environment.advance(5.0)
        assert (rig.state, len(rig.driver.dials)) == ("READY", 2)

    def test_operations_go_to_the_others_when_one_is_lost(self) -> None:
        rig = Rig(policy="round_robin")
        rig.link.state(try_to_connect=True)
        rig.resolve("a", "b")
        lost, kept = (dial.accept() for dial in rig.driver.dials)
        lost.hang_up()
        rig.call("one")
        rig.call("two")
        assert len(kept.requests) == 2
        assert rig.state == "READY"

    def test_addresses_come_and_go(self) -> None:
        rig = Rig(policy="round_robin")
        rig.link.state(try_to_connect=True)
        rig.resolve("x", "a", "b")
        rig.refuse(rig.driver.dials[0])
        gone, kept = (dial.accept() for dial in rig.driver.dials[1:])
        rig.environment.advance(30.0)
        again = rig.last_dial
        rig.resolve("b", "c")
        assert rig.dialled == ["x", "a", "b", "x", "c"]
        assert again.cancelled
        assert gone.transport.closed
        assert not kept.transport.closed
        new = rig.last_dial.accept()
        rig.call("one")
        rig.call("two")
        assert (len(kept.requests), len(new.requests)) == (1, 1)
