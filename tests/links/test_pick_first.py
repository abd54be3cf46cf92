"""One address after another, side by side when they take long, until one of them answers."""

from __future__ import annotations

import random
import socket
from typing import Any, List, Tuple

import pytest

from grpc._io import contract
from grpc._links import _pick_first
from tests.links.channel_peer import frame
from tests.links.channel_rig import Rig

SHUFFLING = '{"loadBalancingConfig": [{"pick_first": {"shuffleAddressList": true}}]}'


@pytest.fixture(autouse=True)
def _no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: 1.0)


def begun(rig: Rig, since: float = 1000.0) -> List[Tuple[str, float]]:
    """The attempts so far: the address, and seconds after the rig's clock began."""
    return [(dial.to.name, dial.at - since) for dial in rig.driver.dials]


class TestPickFirst:
    def test_it_tries_the_addresses_in_order_the_next_as_soon_as_one_has_failed(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a", "b", "c")
        assert rig.dialled == ["a"]
        rig.refuse()
        assert rig.dialled == ["a", "b"]
        rig.refuse()
        assert rig.dialled == ["a", "b", "c"]
        assert rig.last_dial.accept().requests == [frame(b"one")]
        assert rig.states == ["IDLE", "CONNECTING", "READY"]

    def test_an_address_that_is_given_twice_is_tried_once(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a", "a", "b")
        rig.refuse()
        assert rig.dialled == ["a", "b"]

    def test_it_stays_in_transient_failure_until_it_is_ready(self) -> None:
        """gRFC A62: attempts go on, and nobody is told that they do."""
        rig = Rig()
        rig.call("one")
        rig.resolve("a", "b")
        rig.refuse()
        rig.refuse()
        rig.environment.advance(1.0)
        assert rig.dialled == ["a", "b", "a", "b"]
        rig.environment.advance(15.0)
        assert rig.state == "TRANSIENT_FAILURE"
        rig.last_dial.accept()
        assert rig.states == ["IDLE", "CONNECTING", "TRANSIENT_FAILURE", "READY"]

    def test_an_address_whose_backoff_ends_early_does_not_hide_that_all_have_failed(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a", "b")
        rig.refuse()
        rig.environment.advance(20.0)  # b does not answer, and a has long been due again
        assert rig.dialled == ["a", "b"]
        rig.refuse()
        assert rig.state == "TRANSIENT_FAILURE"
        assert rig.dialled == ["a", "b", "a"]

    def test_it_begins_with_the_first_address_again_after_a_loss(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a", "b")
        rig.refuse()
        rig.last_dial.accept().hang_up()
        rig.call("two")
        assert rig.dialled == ["a", "b", "a"]

    def test_a_loss_alone_makes_no_new_connection(self) -> None:
        rig = Rig()
        rig.connect().hang_up()
        rig.environment.advance(1000.0)
        assert (rig.state, len(rig.driver.dials)) == ("IDLE", 1)

    def test_it_keeps_its_connection_if_the_address_is_still_the_targets(self) -> None:
        rig = Rig()
        rig.link.state(try_to_connect=True)
        rig.resolve("x", "a")
        rig.refuse()
        peer = rig.last_dial.accept()
        rig.environment.advance(30.0)
        rig.resolve("b", "a")
        rig.call("one")
        assert rig.dialled == ["x", "a"]
        assert peer.requests == [frame(b"one")]

    def test_it_leaves_a_connection_whose_address_is_gone_and_lets_it_finish(self) -> None:
        rig = Rig()
        rig.link.state(try_to_connect=True)
        rig.resolve("x", "a")
        rig.refuse()
        old = rig.last_dial.accept()
        rig.call("one")
        rig.environment.advance(30.0)
        rig.resolve("b")
        assert rig.dialled == ["x", "a", "b"]
        rig.call("two")
        assert rig.last_dial.accept().requests == [frame(b"two")]
        assert old.left
        assert not old.transport.closed
        old.answer(1)
        assert rig.ending("one") == "OK"
        assert old.transport.closed


class TestStaggering:
    """gRFC A61, but for the order."""

    def test_an_attempt_that_brings_nothing_for_250_ms_is_joined_by_the_next(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a", "b", "c", "d")
        rig.environment.advance(0.2)
        assert rig.dialled == ["a"]
        rig.environment.advance(10.0)
        assert begun(rig) == [("a", 0.0), ("b", 0.25), ("c", 0.5), ("d", 0.75)]
        assert not any(dial.cancelled for dial in rig.driver.dials)
        assert rig.state == "CONNECTING"

    def test_a_socket_that_opens_without_a_word_is_no_outcome(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a", "b")
        rig.last_dial.open()
        rig.environment.advance(0.25)
        assert rig.dialled == ["a", "b"]

    def test_after_a_failure_the_next_begins_at_once_and_has_its_own_250_ms(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a", "b", "c")
        rig.environment.advance(0.125)
        rig.refuse()
        rig.environment.advance(10.0)
        assert begun(rig) == [("a", 0.0), ("b", 0.125), ("c", 0.375)]

    def test_one_that_fails_late_does_not_cut_the_time_of_the_one_after_it(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a", "b", "c")
        rig.environment.advance(0.375)
        rig.refuse(rig.driver.dials[0])
        assert rig.dialled == ["a", "b"]
        rig.environment.advance(10.0)
        assert begun(rig) == [("a", 0.0), ("b", 0.25), ("c", 0.5)]

    def test_the_first_to_be_connected_wins_and_the_others_are_given_up(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a", "b", "c")
        silent = rig.last_dial.open()
        rig.environment.advance(0.5)
        winner = rig.driver.dials[1].accept()
        assert winner.requests == [frame(b"one")]
        assert silent.transport.closed
        assert [dial.cancelled for dial in rig.driver.dials] == [False, False, True]
        assert rig.states == ["IDLE", "CONNECTING", "READY"]

    def test_an_earlier_one_may_still_win(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a", "b")
        rig.environment.advance(0.3)
        assert rig.driver.dials[0].accept().requests == [frame(b"one")]
        assert rig.driver.dials[1].cancelled

    def test_a_loser_that_opens_after_all_is_closed_again(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a", "b")
        rig.environment.advance(0.3)
        winner = rig.last_dial.accept()
        assert rig.driver.dials[0].open().transport.closed
        rig.call("two")
        assert winner.requests == [frame(b"one"), frame(b"two")]

    def test_it_has_failed_when_the_last_outcome_is_a_failure_whichever_that_is(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a", "b")
        rig.environment.advance(0.3)
        rig.refuse(rig.driver.dials[1])
        assert (rig.state, rig.ending("one")) == ("CONNECTING", None)
        rig.refuse(rig.driver.dials[0])
        assert rig.state == "TRANSIENT_FAILURE"
        assert rig.ending("one") is not None

    def test_the_name_service_is_asked_again_when_all_have_failed(self) -> None:
        rig = Rig(min_resolution_interval=0.25)
        rig.call("one")
        rig.resolve("a", "b")
        rig.environment.advance(0.3)
        assert len(rig.driver.questions) == 1
        rig.refuse(rig.driver.dials[0])
        rig.refuse(rig.driver.dials[1])
        assert len(rig.driver.questions) == 2

    def test_when_all_have_failed_each_is_tried_again_after_its_own_backoff(self) -> None:
        rig = Rig()
        rig.call("one", wait_for_ready=True)
        rig.resolve("a", "b", "c")
        rig.environment.advance(0.5)
        for dial in rig.driver.dials:
            rig.refuse(dial)
        rig.environment.advance(3.0)
        assert begun(rig)[3:] == [("a", 1.0), ("b", 1.25), ("c", 1.5)]
        rig.refuse(rig.driver.dials[4])
        rig.environment.advance(0.0)
        assert begun(rig)[6:] == [("b", 3.5)]  # 1.6 s after 1.25 have long passed
        rig.driver.dials[3].accept()
        assert rig.states == ["IDLE", "CONNECTING", "TRANSIENT_FAILURE", "READY"]

    def test_those_that_have_rested_when_the_last_one_fails_are_tried_side_by_side(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a", "b", "c")
        rig.refuse()
        rig.refuse()
        rig.environment.advance(5.0)
        rig.refuse()
        assert begun(rig)[3:] == [("a", 5.0), ("b", 5.0)]

    def test_a_pass_after_a_loss_is_staggered_too(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a", "b")
        rig.environment.advance(0.25)
        rig.last_dial.accept().hang_up()
        rig.environment.advance(0.75)
        rig.call("two")
        rig.environment.advance(10.0)
        assert begun(rig) == [("a", 0.0), ("b", 0.25), ("a", 1.0), ("b", 1.25)]


class TestTheTimer:
    def test_there_is_none_for_the_last_address(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a")
        assert rig.environment.pending == 0

    def test_a_connection_stops_it(self) -> None:
        rig = Rig()
        rig.connect("a", "b")
        assert rig.environment.pending == 0

    def test_a_channel_that_goes_idle_stops_it(self) -> None:
        rig = Rig()
        rig.link.state(try_to_connect=True)
        rig.resolve("a", "b")
        assert rig.environment.pending == 1
        rig.link.begin_anew()
        assert rig.environment.pending == 0
        assert rig.last_dial.cancelled

    def test_closing_stops_it(self) -> None:
        rig = Rig()
        rig.link.state(try_to_connect=True)
        rig.resolve("a", "b")
        rig.link.close()
        assert rig.environment.pending == 0
        assert rig.last_dial.cancelled

    def test_one_that_had_gone_off_when_it_was_stopped_begins_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rig = Rig(min_resolution_interval=0.0)
        actions: List[Any] = []
        call_at = rig.environment.call_at

        def note(when: float, action: Any) -> Any:
            actions.append(action)
            return call_at(when, action)

        monkeypatch.setattr(rig.environment, "call_at", note)
        rig.link.state(try_to_connect=True)
        rig.resolve("a", "b")
        [delay_over] = actions
        rig.link.begin_anew()
        delay_over()
        assert (rig.dialled, rig.state) == (["a"], "IDLE")

        rig.link.state(try_to_connect=True)
        delay_over()  # later still: another pass has begun
        assert (rig.dialled, rig.environment.pending) == (["a", "a"], 1)
        rig.environment.advance(0.25)
        assert rig.dialled == ["a", "a", "b"]
        assert rig.environment.pending == 0


class TestNewAddresses:
    """They come while there is no connection yet."""

    def test_the_attempts_on_those_that_stay_go_on(self) -> None:
        rig = Rig(min_resolution_interval=0.0)
        rig.call("one")
        rig.resolve("x", "a", "b")
        rig.refuse()
        rig.environment.advance(0.125)
        rig.resolve("c", "a")
        assert rig.dialled == ["x", "a"]
        rig.environment.advance(10.0)
        assert begun(rig) == [("x", 0.0), ("a", 0.0), ("c", 0.25)]
        assert rig.driver.dials[1].accept().requests == [frame(b"one")]

    def test_one_that_goes_is_given_up_and_another_begins_at_once(self) -> None:
        rig = Rig(min_resolution_interval=0.0)
        rig.call("one")
        rig.resolve("x", "a", "b")
        rig.refuse()
        rig.environment.advance(0.125)
        rig.resolve("b", "c")
        assert rig.driver.dials[1].cancelled
        rig.environment.advance(10.0)
        assert begun(rig) == [("x", 0.0), ("a", 0.0), ("b", 0.125), ("c", 0.375)]

    def test_those_that_rest_are_not_waited_for_and_those_that_have_rested_have_their_turn(self) -> None:
        rig = Rig(min_resolution_interval=0.0)
        rig.call("one")
        rig.resolve("a")
        rig.refuse()
        rig.environment.advance(0.5)
        rig.resolve("a", "b", "c")
        rig.refuse()
        assert rig.dialled == ["a", "b", "c"]
        rig.environment.advance(0.625)
        rig.resolve("d", "b", "a")
        rig.environment.advance(10.0)
        assert begun(rig)[3:] == [("d", 1.125), ("a", 1.375)]

    def test_a_channel_that_has_failed_stays_so_and_says_why_until_one_of_them_is_connected(self) -> None:
        """gRFC A62."""
        rig = Rig(min_resolution_interval=0.0)
        rig.call("one")
        rig.resolve("a")
        rig.refuse()
        rig.resolve("b", "c")
        assert rig.state == "TRANSIENT_FAILURE"
        rig.call("two")
        assert rig.ending("two") == rig.ending("one") == "failed to connect to 'test.example:1': a: Connection refused"
        rig.environment.advance(0.25)
        assert rig.dialled == ["a", "b", "c"]
        rig.refuse()
        rig.call("three")
        assert rig.ending("three") == "failed to connect to 'test.example:1': c: Connection refused"
        rig.driver.dials[1].accept()
        assert rig.states == ["IDLE", "CONNECTING", "TRANSIENT_FAILURE", "READY"]

    def test_a_failure_is_forgotten_with_the_connection_that_ends_it(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a")
        rig.refuse()
        rig.environment.advance(1.0)
        rig.last_dial.accept().hang_up()
        rig.call("two")
        assert (rig.state, rig.ending("two")) == ("CONNECTING", None)


class _Place:
    """What is ordered: something with an address."""

    def __init__(self, name: str) -> None:
        family = {"4": socket.AF_INET, "6": socket.AF_INET6, "u": socket.AF_UNIX}[name[0]]
        self.address = contract.Address(family, None, name)


class TestOrder:
    @pytest.mark.parametrize(
        ("given", "order"),
        [
            ("", ""),
            ("4a 4b 4c", "4a 4b 4c"),
            ("6a 6b 6c 4a 4b 4c", "6a 4a 6b 4b 6c 4c"),
            ("4a 6a 6b 4b", "4a 6a 4b 6b"),
            ("6a 4a 4b 4c", "6a 4a 4b 4c"),
            ("4a 4b 4c 6a", "4a 6a 4b 4c"),
            ("ua ub 4a 4b 6a 6b", "ua 4a 6a ub 4b 6b"),
            ("4a ua ub 6a", "4a ua 6a ub"),
        ],
    )
    def test_families_take_turns_beginning_with_the_first_addresses(self, given: str, order: str) -> None:
        places: List[Any] = [_Place(name) for name in given.split()]
        ordered = [place.address.name for place in _pick_first.families_in_turn(places)]
        assert ordered == order.split()

    def test_attempts_are_made_in_that_order(self) -> None:
        rig = Rig()
        rig.call("one")
        self._resolve(rig, "6a", "6b", "4a")
        rig.environment.advance(1.0)
        assert rig.dialled == ["6a", "4a", "6b"]

    def test_a_failure_names_the_addresses_in_the_order_in_which_they_were_tried(self) -> None:
        rig = Rig()
        rig.call("one")
        self._resolve(rig, "6a", "6b", "4a")
        for _ in range(3):
            rig.refuse()
        assert rig.ending("one") == (
            "failed to connect to 'test.example:1': "
            "6a: Connection refused; 4a: Connection refused; 6b: Connection refused"
        )

    def test_they_are_shuffled_first_if_the_service_config_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """gRFC A62."""
        monkeypatch.setattr(random, "shuffle", lambda items: items.reverse())
        rig = Rig(service_config=SHUFFLING)
        rig.call("one")
        self._resolve(rig, "4a", "4b", "4c", "6a")
        rig.environment.advance(1.0)
        assert rig.dialled == ["6a", "4c", "4b", "4a"]

    def test_they_are_shuffled_each_time_they_come(self, monkeypatch: pytest.MonkeyPatch) -> None:
        shuffled: List[int] = []
        monkeypatch.setattr(random, "shuffle", lambda items: shuffled.append(len(items)))
        rig = Rig(service_config=SHUFFLING, min_resolution_interval=0.0)
        rig.call("one")
        rig.resolve("a", "b")
        rig.refuse()
        rig.resolve("a", "b", "c")
        assert shuffled == [2, 3]

    def test_they_stay_as_they_are_otherwise(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(random, "shuffle", lambda items: items.reverse())
        rig = Rig(service_config='{"loadBalancingConfig": [{"pick_first": {}}]}')
        rig.call("one")
        rig.resolve("a", "b")
        assert rig.dialled == ["a"]

    @staticmethod
    def _resolve(rig: Rig, *names: str) -> None:
        rig.driver.questions[-1].resolved(contract.Answer([_Place(name).address for name in names]))
