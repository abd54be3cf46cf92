"""Operations that the service config has tried again, as server and End see them: wire facts, section 11."""

from __future__ import annotations

import json
import random
from typing import Any, Optional

import pytest

from grpc._links import _section
from grpc._links._timeouts import decode_timeout
from grpc.framework.interfaces.links import links
from tests.links.channel_peer import Peer, frame
from tests.links.channel_rig import Rig, Termination
from tests.support.environment import FakeTimer

NAME = [{"service": "pkg.Svc", "method": "Do"}]
POLICY = {
    "maxAttempts": 4,
    "initialBackoff": "1s",
    "maxBackoff": "60s",
    "backoffMultiplier": 10,
    "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
}
PUSHBACK = "grpc-retry-pushback-ms"


def _config(throttling: Any = None, name: Any = NAME, **changes: Any) -> str:
    config: Any = {"methodConfig": [{"name": name, "retryPolicy": {**POLICY, **changes}}]}
    if throttling is not None:
        config["retryThrottling"] = throttling
    return json.dumps(config)


@pytest.fixture(autouse=True)
def _no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: 1.0)


@pytest.fixture
def rig() -> Rig:
    return Rig(service_config=_config())


@pytest.fixture
def peer(rig: Rig) -> Peer:
    return rig.connect()


def _previous_attempts(peer: Peer) -> Optional[bytes]:
    return peer.header(b"grpc-previous-rpc-attempts")


class TestPolicy:
    def test_a_retryable_failure_is_tried_again_unseen_by_the_end(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.fail(1)
        assert rig.heard("one") == []
        rig.environment.advance(1.0)
        assert peer.requests == [frame(b"one"), frame(b"one")]
        assert peer.completed == [1, 3]
        peer.answer(3)
        (ticket,) = rig.heard("one")
        assert (ticket.sequence_number, ticket.payload, ticket.code) == (0, b"done", 0)

    def test_any_other_failure_is_told(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.fail(1, 13)
        assert rig.heard("one")[-1].code == 13
        assert rig.environment.pending == 0

    def test_a_method_without_a_policy_is_not_tried_again(self) -> None:
        rig = Rig(service_config=_config(name=[{"service": "pkg.Svc", "method": "Other"}]))
        peer = rig.connect()
        rig.call("one")
        peer.fail(1)
        assert rig.heard("one")[-1].code == 14

    def test_the_policy_of_a_service_counts_for_its_methods(self) -> None:
        rig = Rig(service_config=_config(name=[{"service": "pkg.Svc"}]))
        peer = rig.connect()
        rig.call("one")
        peer.fail(1)
        assert rig.heard("one") == []

    def test_the_delay_grows_from_attempt_to_attempt_up_to_the_most(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        begun = rig.environment.now
        starts = []
        for attempt, delay in enumerate([1.0, 10.0, 60.0]):
            peer.fail(2 * attempt + 1)
            rig.environment.advance(delay - 0.01)
            assert len(peer.streams) == attempt + 1
            rig.environment.advance(0.01)
            starts.append(rig.environment.now - begun)
        assert starts == pytest.approx([1.0, 11.0, 71.0])

    def test_the_delay_is_random(self, rig: Rig, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()
        rig = Rig(service_config=_config())
        peer = rig.connect()
        for number in range(30):
            rig.call(number)
            peer.fail(2 * number + 1)
        rig.environment.advance(0.79)
        assert len(peer.streams) == 30
        rig.environment.advance(0.20)
        assert 30 < len(peer.streams) < 60
        rig.environment.advance(0.22)
        assert len(peer.streams) == 60

    def test_the_failure_of_the_last_attempt_is_told(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        for stream_id in (1, 3, 5, 7):
            assert rig.heard("one") == []
            peer.fail(stream_id, 14, ("attempt", str(stream_id)))
            rig.environment.advance(60.0)
        (ticket,) = rig.heard("one")
        assert (ticket.code, ticket.terminal_metadata) == (14, (("attempt", "7"),))
        assert peer.streams == [1, 3, 5, 7]

    def test_more_than_five_attempts_are_five(self) -> None:
        rig = Rig(service_config=_config(maxAttempts=50))
        peer = rig.connect()
        rig.call("one")
        for attempt in range(5):
            peer.fail(2 * attempt + 1)
            rig.environment.advance(60.0)
        assert (len(peer.streams), rig.heard("one")[-1].code) == (5, 14)

    def test_a_failure_that_lasts_is_told_at_once(self, rig: Rig) -> None:
        rig.call("one")
        rig.driver.questions[-1].failed("target 'x' names no host", ValueError("x"))
        assert rig.ending("one") == "target 'x' names no host"
        assert repr(rig.link._retries) == "<Retries: 0 operations, 0 between two attempts>"

    def test_a_stream_that_is_reset_counts_by_its_status(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.reset(1, 11)  # ENHANCE_YOUR_CALM is RESOURCE_EXHAUSTED
        rig.environment.advance(1.0)
        peer.reset(3, 2)  # INTERNAL_ERROR is INTERNAL
        assert peer.streams == [1, 3]
        assert rig.heard("one")[-1].code == 13

    def test_a_connection_that_is_lost_is_unavailable(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.hang_up(ConnectionResetError(104, "Connection reset by peer"))
        assert rig.heard("one") == []
        rig.environment.advance(1.0)
        assert rig.last_dial.accept().requests == [frame(b"one")]

    def test_a_channel_that_cannot_connect_is_unavailable(self, rig: Rig) -> None:
        rig.call("one")
        rig.resolve("a")
        rig.refuse()
        assert rig.heard("one") == []
        rig.environment.advance(1.0)
        peer = rig.last_dial.accept()
        rig.environment.advance(10.0)
        peer.answer(1)
        assert rig.ending("one") == "OK"

    def test_an_http_answer_is_no_response(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.say_no_grpc(1, b"503")
        rig.environment.advance(1.0)
        assert peer.streams == [1, 3]

    def test_a_message_that_cannot_be_sent_is_not_tried_again(self) -> None:
        config = json.loads(_config())
        config["methodConfig"][0]["maxRequestMessageBytes"] = 2
        rig = Rig(service_config=json.dumps(config))
        peer = rig.connect()
        rig.call("one")
        assert rig.heard("one")[-1].code == 8
        assert (peer.streams, rig.environment.pending) == ([], 0)

    def test_every_operation_has_attempts_of_its_own(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        rig.call("two")
        peer.fail(1)
        rig.environment.advance(0.5)
        peer.fail(3)
        rig.environment.advance(1.0)
        assert peer.requests == [frame(b"one"), frame(b"two"), frame(b"one"), frame(b"two")]

    def test_a_hedging_policy_is_accepted_and_one_attempt_is_made(self) -> None:
        hedging = {"maxAttempts": 3, "hedgingDelay": "0.1s", "nonFatalStatusCodes": ["UNAVAILABLE"]}
        rig = Rig(service_config=json.dumps({"methodConfig": [{"name": NAME, "hedgingPolicy": hedging}]}))
        peer = rig.connect()
        rig.call("one")
        rig.environment.advance(10.0)
        peer.fail(1)
        assert peer.streams == [1]
        assert rig.heard("one")[-1].code == 14

    def test_retries_can_be_turned_off(self) -> None:
        rig = Rig(service_config=_config(), retries=False)
        peer = rig.connect()
        rig.call("one")
        peer.fail(1)
        assert rig.heard("one")[-1].code == 14

    def test_what_a_server_refused_fails_if_retries_are_turned_off(self) -> None:
        rig = Rig(retries=False)
        peer = rig.connect()
        rig.call("one")
        rig.call("two", whole=False)
        rig.say("two", 1, b"x")
        peer.refuse(1)
        peer.refuse(3)
        assert peer.streams == [1, 3]
        assert (rig.heard("one")[-1].code, rig.heard("two")[-1].code) == (14, 14)

    def test_what_never_left_is_carried_even_so(self) -> None:
        rig = Rig(retries=False)
        peer = rig.connect(max_streams=0)
        rig.call("one")
        peer.go_away(0)
        assert rig.last_dial.accept().requests == [frame(b"one")]


class TestPreviousAttempts:
    def test_the_first_attempt_says_nothing(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        assert _previous_attempts(peer) is None

    def test_later_attempts_say_how_many_came_before(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        said = []
        for stream_id in (1, 3, 5):
            peer.fail(stream_id)
            rig.environment.advance(60.0)
            said.append(_previous_attempts(peer))
        assert said == [b"1", b"2", b"3"]

    def test_the_metadata_of_the_call_is_sent_with_it(self, rig: Rig, peer: Peer) -> None:
        full = links.Ticket.Subscription.FULL
        rig.link.accept_ticket(
            links.Ticket("one", 0, "pkg.Svc", "Do", full, initial_metadata=(("key", "value"),), payload=b"x")
        )
        peer.fail(1)
        rig.environment.advance(1.0)
        assert (peer.header(b"key"), _previous_attempts(peer)) == (b"value", b"1")

    def test_a_transparent_retry_does_not_count(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.refuse(1)
        assert (len(peer.streams), _previous_attempts(peer)) == (2, None)
        peer.fail(3)
        rig.environment.advance(1.0)
        assert _previous_attempts(peer) == b"1"


class TestTransparentRetries:
    def test_they_come_before_the_policy_and_at_once(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.refuse(1)
        assert peer.streams == [1, 3]
        assert rig.environment.pending == 0

    def test_a_second_refusal_is_a_failure_that_the_policy_may_retry(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.refuse(1)
        peer.refuse(3)
        assert (peer.streams, rig.heard("one")) == ([1, 3], [])
        rig.environment.advance(1.0)
        assert peer.streams == [1, 3, 5]

    def test_there_is_one_for_all_attempts_of_an_operation(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.refuse(1)
        peer.fail(3)
        rig.environment.advance(1.0)
        peer.refuse(5)
        assert peer.streams == [1, 3, 5]
        rig.environment.advance(10.0)
        assert peer.streams == [1, 3, 5, 7]

    def test_it_is_still_there_for_a_later_attempt(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.fail(1)
        rig.environment.advance(1.0)
        peer.refuse(3)
        assert peer.streams == [1, 3, 5]
        assert _previous_attempts(peer) == b"1"


class TestCommitment:
    def test_response_headers_commit(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.begin_answer(1)
        peer.end_answer(1)
        assert peer.streams == [1]
        assert rig.heard("one")[-1].code == 14

    def test_response_headers_that_come_with_the_status_commit(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.answer_at_once(1, 14)
        (ticket,) = rig.heard("one")
        assert (ticket.code, ticket.initial_metadata, ticket.sequence_number) == (14, (), 0)
        assert rig.environment.pending == 0

    def test_trailers_only_do_not_commit(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.fail(1)
        assert rig.environment.pending == 1

    def test_messages_that_exceed_the_buffer_commit(self) -> None:
        rig = Rig(service_config=_config(), retry_buffer=100)
        peer = rig.connect()
        rig.call("one", bytes(60), whole=False)
        rig.say("one", 1, bytes(41))
        peer.fail(1)
        assert rig.heard("one")[-1].code == 14
        assert rig.environment.pending == 0

    def test_messages_that_fill_the_buffer_do_not_commit(self) -> None:
        rig = Rig(service_config=_config(), retry_buffer=100)
        peer = rig.connect()
        rig.call("one", bytes(60), whole=False)
        rig.say("one", 1, bytes(40), last=True)
        peer.fail(1)
        rig.environment.advance(1.0)
        assert peer.requests[1] == frame(bytes(60)) + frame(bytes(40))

    def test_the_first_message_counts(self) -> None:
        rig = Rig(service_config=_config(), retry_buffer=100)
        peer = rig.connect()
        rig.call("one", bytes(101))
        peer.fail(1)
        assert rig.heard("one")[-1].code == 14

    def test_the_buffer_is_256_kib_unless_the_channel_says(self) -> None:
        rig = Rig(service_config=_config())
        peer = rig.connect()
        rig.call("fits", bytes(256 * 1024))
        rig.call("exceeds", bytes(256 * 1024 + 1))
        peer.fail(1)
        peer.fail(3)
        assert rig.ending("fits") is None
        assert rig.heard("exceeds")[-1].code == 14

    def test_a_committed_operation_goes_on_as_any_other(self) -> None:
        rig = Rig(service_config=_config(), retry_buffer=10)
        peer = rig.connect()
        rig.call("one", b"1", whole=False)
        rig.say("one", 1, bytes(10))
        rig.say("one", 2, b"2", last=True)
        assert peer.requests == [frame(b"1") + frame(bytes(10)) + frame(b"2")]
        peer.answer(1)
        assert rig.ending("one") == "OK"

    def test_a_committed_operation_can_be_cancelled(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.begin_answer(1)
        rig.cancel("one")
        assert peer.resets == [1]
        assert repr(rig.link._retries) == "<Retries: 0 operations, 0 between two attempts>"

    def test_what_is_said_between_two_attempts_is_sent_however_much_it_is(self) -> None:
        rig = Rig(service_config=_config(), retry_buffer=100)
        peer = rig.connect()
        rig.call("one", b"1", whole=False)
        peer.fail(1)
        rig.say("one", 1, bytes(200))
        rig.environment.advance(1.0)
        assert peer.requests[1] == frame(b"1") + frame(bytes(200))
        peer.fail(3)
        assert rig.heard("one")[-1].code == 14


class TestPushback:
    def test_the_server_chooses_the_delay(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.fail(1, 14, (PUSHBACK, "2500"))
        rig.environment.advance(2.49)
        assert peer.streams == [1]
        rig.environment.advance(0.01)
        assert peer.streams == [1, 3]

    def test_a_delay_of_zero_is_at_once(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.fail(1, 14, (PUSHBACK, "0"))
        rig.environment.advance(0.0)
        assert peer.streams == [1, 3]

    def test_the_backoff_restarts_after_it(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.fail(1)
        rig.environment.advance(1.0)
        peer.fail(3, 14, (PUSHBACK, "5000"))
        rig.environment.advance(5.0)
        peer.fail(5)
        rig.environment.advance(1.0)
        assert peer.streams == [1, 3, 5, 7]

    @pytest.mark.parametrize("value", ["-1", "soon"])
    def test_a_negative_or_unparsable_one_ends_the_attempts(self, rig: Rig, peer: Peer, value: str) -> None:
        rig.call("one")
        peer.fail(1, 14, (PUSHBACK, value))
        (ticket,) = rig.heard("one")
        assert (ticket.code, ticket.terminal_metadata) == (14, ((PUSHBACK, value),))


class TestThrottling:
    def test_there_are_no_retries_with_half_of_the_tokens_or_fewer(self) -> None:
        rig = Rig(service_config=_config({"maxTokens": 4, "tokenRatio": 0.5}))
        peer = rig.connect()
        rig.call("one")
        peer.fail(1)  # 3 are left
        rig.environment.advance(1.0)
        peer.fail(3)  # 2 are left
        assert rig.heard("one")[-1].code == 14
        rig.call("two")
        peer.fail(5)
        assert rig.heard("two")[-1].code == 14

    def test_successes_bring_retries_back(self) -> None:
        rig = Rig(service_config=_config({"maxTokens": 4, "tokenRatio": 0.5}, maxAttempts=2))
        peer = rig.connect()
        rig.call("one")
        peer.fail(1)  # 3 are left
        rig.environment.advance(1.0)
        peer.fail(3)  # 2 are left
        for number in (5, 7):
            rig.call(number)
            peer.answer(number)
        rig.call("too soon")
        peer.fail(9)  # 2 are left again
        assert rig.ending("too soon") is not None
        for number in (11, 13, 15):
            rig.call(number)
            peer.answer(number)
        rig.call("two")
        peer.fail(17)  # 2.5 are left
        assert rig.ending("two") is None
        rig.environment.advance(1.0)
        assert len(peer.streams) == 10

    def test_a_committed_failure_costs_a_token(self) -> None:
        rig = Rig(service_config=_config({"maxTokens": 4, "tokenRatio": 0.5}))
        peer = rig.connect()
        rig.call("one")
        peer.begin_answer(1)
        peer.end_answer(1)
        rig.call("two")
        peer.fail(3)
        assert rig.heard("two")[-1].code == 14

    def test_transparent_retries_cost_nothing_and_need_nothing(self) -> None:
        rig = Rig(service_config=_config({"maxTokens": 2, "tokenRatio": 0.5}))
        peer = rig.connect()
        rig.call("empties it")
        peer.fail(1)
        rig.call("one")
        peer.refuse(3)
        assert peer.streams == [1, 3, 5]


class TestTheEnd:
    """Several attempts look like one operation."""

    def test_the_tickets_are_numbered_without_gaps(self, rig: Rig, peer: Peer) -> None:
        rig.call("one", b"1", whole=False)
        for number, stream_id in enumerate((1, 3), 1):
            peer.fail(stream_id)
            rig.environment.advance(60.0)
            rig.say("one", number, b"x")
        rig.say("one", 3, b"y", last=True)
        peer.answer(5)
        tickets = rig.heard("one")
        assert [ticket.sequence_number for ticket in tickets] == list(range(len(tickets)))
        assert len(tickets) > 1
        assert tickets[-1].payload == b"done"

    def test_an_attempt_says_all_that_was_said_before_and_meanwhile(self, rig: Rig, peer: Peer) -> None:
        rig.call("one", b"1", whole=False)
        rig.say("one", 1, b"2")
        peer.fail(1)
        rig.say("one", 2, b"3")
        rig.environment.advance(1.0)
        assert peer.requests[1] == frame(b"1") + frame(b"2") + frame(b"3")
        rig.say("one", 3, b"4")
        peer.fail(3)
        rig.say("one", 4, None, last=True)
        rig.environment.advance(10.0)
        assert peer.requests[2] == frame(b"1") + frame(b"2") + frame(b"3") + frame(b"4")
        assert peer.completed == [5]

    def test_what_is_said_while_a_failure_is_on_its_way_is_said_once(self, rig: Rig, peer: Peer) -> None:
        rig.call("one", b"1", whole=False)
        peer.transport.hold_deliveries()
        peer.fail(1)
        rig.say("one", 1, b"2", last=True)
        peer.transport.release_deliveries()
        rig.environment.advance(1.0)
        assert peer.requests == [frame(b"1"), frame(b"1") + frame(b"2")]

    def test_what_is_said_while_an_attempt_waits_for_a_connection_is_said_once(self, rig: Rig, peer: Peer) -> None:
        rig.call("one", b"1", whole=False)
        peer.hang_up()
        rig.environment.advance(1.0)
        rig.say("one", 1, b"2", last=True)
        second = rig.last_dial.accept()
        assert second.requests == [frame(b"1") + frame(b"2")]
        second.fail(1)
        rig.environment.advance(10.0)
        assert second.requests[1] == frame(b"1") + frame(b"2")

    def test_the_leave_that_the_end_has_stays_right(self, rig: Rig, peer: Peer) -> None:
        rig.call("one", b"x", whole=False)
        sent = 1
        for round_number in range(3):
            for _ in range(20):
                rig.say("one", sent, b"x")
                sent += 1
            peer.fail(2 * round_number + 1)
            rig.say("one", sent, b"x")
            sent += 1
            rig.environment.advance(60.0)
            leave = 1 + sum(ticket.allowance or 0 for ticket in rig.heard("one")) - sent
            assert 32 < leave <= 64

    def test_the_allowance_that_the_end_granted_counts_for_the_next_attempt(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        rig.link.accept_ticket(links.Ticket("one", 1, allowance=1))
        peer.fail(1)
        rig.link.accept_ticket(links.Ticket("one", 2, allowance=1))
        rig.environment.advance(1.0)
        peer.begin_answer(3)
        for payload in (b"1", b"2", b"3", b"4"):
            peer.send(3, payload)
        heard = [ticket.payload for ticket in rig.heard("one") if ticket.payload is not None]
        assert heard == [b"1", b"2", b"3"]

    def test_the_deadline_keeps_running(self, rig: Rig, peer: Peer) -> None:
        rig.call("one", timeout=10.0)
        rig.environment.advance(2.0)
        peer.fail(1)
        rig.environment.advance(1.0)
        header = peer.header(b"grpc-timeout")
        assert header is not None
        assert decode_timeout(header) == 7.0

    @pytest.mark.parametrize("termination", [Termination.CANCELLATION, Termination.EXPIRATION])
    def test_the_end_may_end_it_between_two_attempts(self, rig: Rig, peer: Peer, termination: Termination) -> None:
        rig.call("one")
        peer.fail(1)
        rig.link.accept_ticket(links.Ticket("one", 1, termination=termination))
        assert rig.environment.pending == 0
        rig.environment.advance(10.0)
        assert (peer.streams, rig.heard("one")) == ([1], [])

    def test_the_end_may_end_it_while_a_failure_is_on_its_way(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.transport.hold_deliveries()
        peer.fail(1)
        rig.cancel("one")
        peer.transport.release_deliveries()
        rig.environment.advance(10.0)
        assert peer.streams == [1]

    def test_the_end_may_end_it_while_a_failure_is_judged(self, rig: Rig, peer: Peer) -> None:
        """The channel's section is entered by one thread after another."""
        rig.call("one")
        retries = rig.link._retries
        assert retries is not None

        class Overtaken(_section.Section):
            __slots__ = ()

            def __enter__(self) -> None:
                super().__enter__()
                assert retries is not None
                retries.forget("one")

        retries._section = Overtaken()
        peer.fail(1)
        assert rig.heard("one")[-1].code == 14
        assert rig.environment.pending == 0

    def test_the_end_may_end_it_while_an_attempt_begins(
        self, rig: Rig, peer: Peer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A timer that has gone off cannot be cancelled any more."""
        rig.call("one")
        peer.fail(1)
        monkeypatch.setattr(FakeTimer, "cancel", lambda timer: None)
        rig.cancel("one")
        rig.environment.advance(1.0)
        assert peer.streams == [1]

    def test_a_later_attempt_can_be_cancelled(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.fail(1)
        rig.environment.advance(1.0)
        rig.cancel("one")
        assert peer.resets == [3]

    def test_the_options_of_the_call_count_for_every_attempt(self, rig: Rig) -> None:
        rig.call("one", wait_for_ready=True)
        rig.resolve("a")
        peer = rig.last_dial.accept()
        peer.fail(1)
        peer.hang_up()
        rig.link.state(try_to_connect=True)
        rig.refuse()
        rig.environment.advance(1.0)
        assert rig.heard("one") == []
        assert rig.last_dial.accept().requests == [frame(b"one")]

    def test_closing_the_channel_ends_it_between_two_attempts(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        peer.fail(1)
        rig.link.close()
        assert rig.ending("one") == "the channel is closed"
        assert rig.environment.pending == 0

    def test_nothing_is_tried_again_once_the_channel_is_closed(self, rig: Rig, peer: Peer) -> None:
        rig.call("one")
        rig.link.close()
        assert rig.heard("one")[-1].code == 14
        rig.call("two")
        assert rig.ending("two") == "the channel is closed"
        assert rig.environment.pending == 0

    def test_a_channel_is_not_idle_between_two_attempts(self) -> None:
        rig = Rig(service_config=_config(initialBackoff="60s"), idle_timeout=10.0)
        peer = rig.connect()
        rig.call("one")
        peer.fail(1)
        rig.environment.advance(59.0)
        assert rig.state == "READY"
        rig.environment.advance(1.0)
        peer.answer(3)
        assert rig.ending("one") == "OK"

    @pytest.mark.parametrize("code", [0, 13, 14])
    def test_nothing_is_kept_of_an_operation_that_is_over(self, rig: Rig, peer: Peer, code: int) -> None:
        rig.call("one")
        for stream_id in (1, 3, 5, 7):
            if rig.ending("one") is None:
                peer.fail(stream_id, code)
                rig.environment.advance(60.0)
        assert rig.ending("one") is not None
        assert repr(rig.link._retries) == "<Retries: 0 operations, 0 between two attempts>"


def test_a_channel_without_a_policy_keeps_no_register() -> None:
    rig = Rig(service_config='{"methodConfig": [{"name": [{}], "waitForReady": true}], "retryThrottling": '
              '{"maxTokens": 4, "tokenRatio": 0.5}}')  # fmt: skip
    assert rig.link._retries is None
