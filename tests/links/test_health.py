"""gRFC A17: a connection is READY only while its server's health service says SERVING, where the config asks for it."""

from __future__ import annotations

import itertools
import json
import logging
import random
from typing import Any, List, Optional, Tuple

import pytest

from grpc._links import _health
from grpc._links._health import Effect, Input, State
from grpc._values.compression import Compression
from grpc._values.connecting import ConfigLookup
from grpc._values.connection_options import KeepaliveOptions
from grpc._values.limits import Limits
from tests.links.channel_peer import Peer, frame
from tests.links.channel_rig import Rig

PATH = b"/grpc.health.v1.Health/Watch"
SERVING = b"\x08\x01"
NOT_SERVING = b"\x08\x02"
INTERNAL = 13
UNIMPLEMENTED = 12


@pytest.fixture(autouse=True)
def _no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: 1.0)


def config(service: Optional[str] = "svc", **more: Any) -> str:
    check = {} if service is None else {"healthCheckConfig": {"serviceName": service}}
    return json.dumps({"loadBalancingConfig": [{"round_robin": {}}], **check, **more})


def checking(**choices: Any) -> Rig:
    """A channel that asks about the health of its servers."""
    return Rig(**{"service_config": config(), **choices})


def said(answer: Optional[bytes], **choices: Any) -> Tuple[Rig, Peer]:
    """Such a channel with one server, which has said that, if anything, on the stream of the watch, number 1."""
    rig = checking(**choices)
    peer = rig.connect()
    peer.begin_answer(1)
    if answer is not None:
        peer.send(1, answer)
    return rig, peer


def ask_again(rig: Rig) -> None:
    """Have the channel look for the addresses again."""
    rig.environment.advance(30.0)
    with rig.link._section:
        rig.link._pool._resolution.request()


def texts(service: Optional[str], **more: Any) -> List[List[bytes]]:
    """What the DNS has to say of a service config that has such a health check."""
    return [[b'grpc_config=[{"serviceConfig":' + config(service, **more).encode() + b"}]"]]


def paths(peer: Peer) -> List[Optional[bytes]]:
    """What was asked for on each stream."""
    return [peer.header(b":path", number) for number in range(len(peer.streams))]


def reason(rig: Rig) -> str:
    """Why an operation that begins now fails."""
    operation_id = f"asks why, {len(rig.ear.tickets)}"
    rig.call(operation_id)
    ending = rig.ending(operation_id)
    assert ending is not None, "it waits"
    assert ending.startswith("failed to connect to 'test.example:1': a: ")
    return ending[len("failed to connect to 'test.example:1': a: ") :]


class TestTable:
    @pytest.mark.parametrize(("state", "happened"), list(itertools.product(State, Input)))
    def test_every_state_takes_what_can_happen_in_it_and_nothing_else(self, state: State, happened: Input) -> None:
        stream = (State.ASKING, State.TOLD)
        expected = {
            (State.ASKING, Input.ENDED): (State.PAUSING, Effect.PAUSE),
            (State.TOLD, Input.ENDED): (State.ASKING, Effect.ASK),
            (State.PAUSING, Input.DUE): (State.ASKING, Effect.ASK),
        }.get((state, happened))
        if state is State.OVER:
            expected = (State.OVER, Effect.NOTHING)
        elif happened is Input.STOPPED:
            expected = (State.OVER, Effect.CANCEL if state in stream else Effect.NOTHING)
        elif state in stream and happened is Input.SAID:
            expected = (State.TOLD, Effect.JUDGE)
        elif state in stream and happened is Input.UNIMPLEMENTED:
            expected = (State.UNCHECKED, Effect.TRUST)
        assert _health.TRANSITIONS.get((state, happened)) == expected


class TestAsking:
    def test_a_connection_is_ready_only_when_its_server_says_that_it_serves(self) -> None:
        rig = checking()
        peer = rig.connect()
        assert (rig.state, paths(peer)) == ("CONNECTING", [PATH])
        peer.begin_answer(1)
        assert rig.state == "CONNECTING"
        peer.send(1, SERVING)
        assert rig.states == ["IDLE", "CONNECTING", "READY"]

    @pytest.mark.parametrize(("service", "request_"), [("svc", b"\x0a\x03svc"), ("", b"")])
    def test_the_service_of_the_config_is_asked_about(self, service: str, request_: bytes) -> None:
        """An empty name stands for the server as a whole."""
        peer = checking(service_config=config(service)).connect()
        assert (peer.requests, peer.completed) == ([frame(request_)], [1])

    def test_the_settings_come_first(self) -> None:
        rig = checking()
        rig.link.state(try_to_connect=True)
        rig.resolve("a")
        peer = rig.last_dial.open()
        assert peer.streams == []
        peer.greet()
        assert paths(peer) == [PATH]

    def test_operations_wait_for_as_long_as_nothing_is_said(self) -> None:
        rig = checking()
        rig.call("one")
        rig.resolve("a")
        peer = rig.last_dial.accept()
        rig.environment.advance(1000.0)
        assert (paths(peer), rig.state) == ([PATH], "CONNECTING")
        peer.begin_answer(1)
        peer.send(1, SERVING)
        assert peer.requests[1:] == [frame(b"one")]

    def test_every_address_is_asked_by_itself(self) -> None:
        rig = checking()
        rig.link.state(try_to_connect=True)
        rig.resolve("a", "b")
        first, second = [dial.accept() for dial in rig.driver.dials]
        assert paths(first) == paths(second) == [PATH]
        second.begin_answer(1)
        second.send(1, SERVING)
        rig.call("one")
        rig.call("two")
        assert (rig.state, len(first.requests), len(second.requests)) == ("READY", 1, 3)

    def test_the_end_hears_nothing_of_it(self) -> None:
        rig, peer = said(NOT_SERVING)
        peer.end_answer(1, INTERNAL)
        rig.link.close()
        assert rig.ear.tickets == []

    @pytest.mark.parametrize(
        "choices",
        [
            {"policy": "pick_first", "service_config": '{"healthCheckConfig": {"serviceName": "svc"}}'},
            {"inhibit_health_checking": True},
            {"service_config": config(None)},
            {"service_config": config(None, healthCheckConfig={})},
        ],
        ids=["pick_first", "inhibited", "no health check", "no name"],
    )
    def test_nothing_is_asked_where_nobody_wants_to_know(self, choices: Any) -> None:
        """That pick_first does not is what grpcio 1.85.1 does."""
        rig = checking(**choices)
        peer = rig.connect()
        assert (rig.state, peer.streams) == ("READY", [])

    def test_no_config_of_methods_and_no_compression_is_for_it(self) -> None:
        method = {
            "name": [{}],
            "timeout": "0.1s",
            "maxRequestMessageBytes": 0,
            "maxResponseMessageBytes": 0,
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.001s",
                "maxBackoff": "0.001s",
                "backoffMultiplier": 1,
                "retryableStatusCodes": ["INTERNAL"],
            },
        }
        rig = checking(service_config=config(methodConfig=[method]), limits=Limits(compression=Compression.Gzip))
        peer = rig.connect()
        assert peer.requests == [frame(b"\x0a\x03svc")]
        assert [peer.header(name) for name in (b"grpc-timeout", b"grpc-encoding")] == [None, None]
        rig.environment.advance(0.9)
        peer.fail(1, INTERNAL)
        rig.environment.advance(0.9)
        assert peer.streams == [1]  # for the backoff of connections is a second
        rig.environment.advance(0.1)
        peer.begin_answer(3)
        peer.send(3, SERVING)
        assert rig.state == "READY"


class TestVerdicts:
    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (NOT_SERVING, "says NOT_SERVING"),
            (b"", "says UNKNOWN"),
            (b"\x08\x03", "says SERVICE_UNKNOWN"),
            (b"\x08\x09", "says status 9"),
            (b"\x08", "brought what is no HealthCheckResponse: there is no number at byte 1 of 1"),
        ],
    )
    def test_whatever_else_is_said_is_a_failure_until_it_serves_again(self, answer: bytes, words: str) -> None:
        rig, peer = said(SERVING)
        peer.send(1, answer)
        assert (rig.state, reason(rig)) == ("TRANSIENT_FAILURE", f"the health check of service 'svc' {words}")
        rig.environment.advance(1000.0)
        peer.send(1, SERVING)
        assert rig.states == ["IDLE", "CONNECTING", "READY", "TRANSIENT_FAILURE", "READY"]
        assert (rig.dialled, paths(peer), peer.resets) == (["a"], [PATH], [])

    def test_the_server_as_a_whole_has_no_name(self) -> None:
        rig, _ = said(NOT_SERVING, service_config=config(""))
        assert reason(rig) == "the health check says NOT_SERVING"

    def test_operations_that_run_are_left_alone(self) -> None:
        rig, peer = said(SERVING)
        rig.call("runs", whole=False)
        peer.begin_answer(3)
        peer.send(1, NOT_SERVING)
        rig.say("runs", 1, b"more", last=True)
        peer.send(3, b"answer")
        peer.end_answer(3, 0)
        assert rig.ending("runs") == "OK"
        assert peer.requests[1] == frame(b"runs") + frame(b"more")

    def test_operations_that_wait_for_ready_wait_for_health(self) -> None:
        rig, peer = said(NOT_SERVING)
        rig.call("waits", wait_for_ready=True)
        assert rig.heard("waits") == []
        peer.send(1, SERVING)
        assert peer.requests[1:] == [frame(b"waits")]

    def test_others_take_over(self) -> None:
        rig = checking()
        rig.link.state(try_to_connect=True)
        rig.resolve("a", "b")
        peers = [dial.accept() for dial in rig.driver.dials]
        for peer in peers:
            peer.begin_answer(1)
            peer.send(1, SERVING)
        peers[0].send(1, NOT_SERVING)
        for number in range(4):
            rig.call(number)
        assert [len(peer.requests) for peer in peers] == [1, 5]
        assert rig.state == "READY"

    def test_what_is_said_last_counts(self) -> None:
        rig, peer = said(SERVING)
        peer.transport.hold_deliveries()
        for answer in (NOT_SERVING, SERVING, NOT_SERVING):
            peer.send(1, answer)
        peer.transport.release_deliveries()
        assert rig.states[2:] == ["READY", "TRANSIENT_FAILURE", "READY", "TRANSIENT_FAILURE"]

    def test_a_server_may_change_its_mind_for_ever(self) -> None:
        """Every message is given back to the stream's window."""
        rig, peer = said(SERVING)
        filler = b"\x12\xe0\xd4\x03" + b"x" * 60_000
        for _ in range(200):
            peer.send(1, NOT_SERVING + filler)
            peer.send(1, SERVING + filler)
        assert len(rig.states) == 403

    def test_what_is_said_again_is_no_change(self) -> None:
        rig, peer = said(NOT_SERVING, min_resolution_interval=0.0)
        rig.resolve("a")  # which a change has had the channel ask for
        peer.send(1, NOT_SERVING)
        assert len(rig.driver.questions) == 2
        peer.send(1, b"\x08\x03")
        assert len(rig.driver.questions) == 3
        assert reason(rig) == "the health check of service 'svc' says SERVICE_UNKNOWN"


class TestTheEndOfTheStream:
    @pytest.mark.parametrize("answer", [None, NOT_SERVING, SERVING])
    def test_a_server_without_such_a_service_is_taken_to_serve(
        self, answer: Optional[bytes], caplog: pytest.LogCaptureFixture
    ) -> None:
        rig, peer = said(answer)
        peer.end_answer(1, UNIMPLEMENTED)
        rig.environment.advance(1000.0)
        assert (rig.state, peer.streams) == ("READY", [1])
        (record,) = caplog.records
        assert (record.levelno, record.getMessage()) == (
            logging.ERROR,
            "The server at a does not implement grpc.health.v1.Health/Watch, which the service config has asked about "
            "'svc': it is taken to be healthy. Add the health service to it, or drop healthCheckConfig from the "
            "service config, or set 'grpc.inhibit_health_checking' to 1.",
        )

    def test_such_a_server_is_asked_again_at_the_next_connection(self) -> None:
        rig = checking()
        peer = rig.connect()
        peer.fail(1, UNIMPLEMENTED)
        rig.environment.advance(10.0)
        peer.hang_up()
        assert paths(rig.last_dial.accept()) == [PATH]
        assert rig.state == "CONNECTING"

    @pytest.mark.parametrize(("code", "name"), [(INTERNAL, "INTERNAL"), (0, "OK")])
    def test_another_end_is_a_failure_until_the_backoff_is_over(self, code: int, name: str) -> None:
        rig = checking()
        peer = rig.connect()
        peer.fail(1, code, ("grpc-message", "why not"))
        words = f"the health check of service 'svc' ended with {name}: why not"
        assert (rig.state, reason(rig)) == ("TRANSIENT_FAILURE", words)
        rig.environment.advance(0.999)
        assert peer.streams == [1]
        rig.environment.advance(0.001)
        assert paths(peer) == [PATH, PATH]
        assert rig.link._pool._policy.subchannels[0].state.name == "CONNECTING"
        # Attempts go on, and nobody is told that they do: as with those to connect.
        assert rig.state == "TRANSIENT_FAILURE"
        peer.begin_answer(3)
        peer.send(3, SERVING)
        assert rig.state == "READY"

    def test_the_backoff_grows_by_the_channels_figures(self) -> None:
        rig = checking(initial_backoff=0.5, max_backoff=1.0)
        peer = rig.connect()
        for number, delay in enumerate((0.5, 0.8, 1.0, 1.0), start=1):
            peer.fail(peer.streams[-1], INTERNAL)
            rig.environment.advance(delay - 0.001)
            assert len(peer.streams) == number
            rig.environment.advance(0.002)
            assert len(peer.streams) == number + 1

    @pytest.mark.parametrize("answer", [SERVING, NOT_SERVING])
    def test_it_is_asked_again_at_once_if_anything_was_said(self, answer: bytes) -> None:
        rig, peer = said(answer)
        peer.end_answer(1, INTERNAL)
        assert paths(peer) == [PATH, PATH]
        assert rig.state == {SERVING: "CONNECTING", NOT_SERVING: "TRANSIENT_FAILURE"}[answer]
        peer.begin_answer(3)
        peer.send(3, SERVING)
        assert rig.state == "READY"

    def test_operations_wait_while_a_server_that_served_is_asked_again(self) -> None:
        rig, peer = said(SERVING)
        peer.end_answer(1, INTERNAL)
        rig.call("one")
        assert rig.heard("one") == []
        peer.begin_answer(3)
        peer.send(3, SERVING)
        assert peer.requests[2:] == [frame(b"one")]

    def test_something_said_begins_the_backoff_afresh(self) -> None:
        rig = checking()
        peer = rig.connect()
        peer.fail(1, INTERNAL)
        rig.environment.advance(1.0)
        peer.begin_answer(3)
        peer.send(3, SERVING)
        peer.end_answer(3, INTERNAL)
        peer.fail(5, INTERNAL)
        rig.environment.advance(1.0)
        assert peer.streams == [1, 3, 5, 7]

    def test_a_refused_stream_is_an_end_like_others(self) -> None:
        """It is not given to another connection, as operations are."""
        rig = checking()
        rig.link.state(try_to_connect=True)
        rig.resolve("a", "b")
        first, second = [dial.accept() for dial in rig.driver.dials]
        first.refuse(1)
        assert (first.streams, second.streams) == ([1], [1])
        rig.environment.advance(1.0)
        assert (paths(first), second.streams) == ([PATH, PATH], [1])


class TestTheEndOfTheConnection:
    def test_a_connection_lost_while_it_did_not_serve_is_made_again_after_the_backoff(self) -> None:
        rig, peer = said(NOT_SERVING)
        rig.environment.advance(0.4)
        peer.hang_up()
        assert (rig.state, reason(rig)) == ("TRANSIENT_FAILURE", "the peer closed the connection")
        rig.environment.advance(0.599)
        assert rig.dialled == ["a"]
        rig.environment.advance(0.001)
        assert rig.dialled == ["a", "a"]

    @pytest.mark.parametrize("answer", [None, NOT_SERVING, SERVING])
    def test_one_that_held_for_longer_is_made_again_at_once(self, answer: Optional[bytes]) -> None:
        rig, peer = said(answer)
        rig.environment.advance(1.0)
        peer.hang_up()
        assert rig.dialled == ["a", "a"]
        again = rig.last_dial.accept()
        again.begin_answer(1)
        again.send(1, SERVING)
        assert rig.state == "READY"

    @pytest.mark.parametrize(
        ("answer", "states"),
        [
            (None, ["IDLE", "CONNECTING"]),
            (SERVING, ["IDLE", "CONNECTING", "READY", "CONNECTING"]),
            (NOT_SERVING, ["IDLE", "CONNECTING", "TRANSIENT_FAILURE"]),
        ],
    )
    def test_that_the_watch_ends_with_it_means_nothing(self, answer: Optional[bytes], states: List[str]) -> None:
        rig, peer = said(answer)
        rig.environment.advance(1.0)
        peer.hang_up()
        assert rig.states == states

    def test_nothing_is_left_of_a_failure_that_is_over(self) -> None:
        rig, peer = said(NOT_SERVING)
        peer.send(1, SERVING)
        rig.environment.advance(1.0)
        peer.hang_up()
        assert rig.state == "CONNECTING"

    def test_a_server_that_is_going_away_is_not_asked(self) -> None:
        """The connection knows before its owner has been told."""
        rig, peer = said(SERVING)
        rig.call("one")
        peer.end_answer(1, INTERNAL)
        peer.fail(5, INTERNAL)
        peer.transport.hold_deliveries()
        peer.go_away(5)
        rig.environment.advance(1.0)
        peer.transport.release_deliveries()
        peer.answer(3)
        assert (rig.ending("one"), peer.streams, peer.transport.closed) == ("OK", [1, 3, 5], True)

    def test_a_backoff_of_connections_that_is_over_too_late_means_nothing(self) -> None:
        """Its timer may have gone off, and waited for the section, when it was stopped."""
        rig, peer = said(NOT_SERVING)
        rig.link._pool._policy.subchannels[0]._backoff_over()
        assert (rig.dialled, peer.resets) == (["a"], [])
        peer.send(1, SERVING)
        assert rig.state == "READY"

    def test_a_loss_between_two_streams_leaves_no_timer(self) -> None:
        rig = checking(min_resolution_interval=0.0)
        peer = rig.connect()
        peer.fail(1, INTERNAL)
        rig.environment.advance(0.5)
        peer.hang_up()
        rig.environment.advance(0.5)
        assert rig.last_dial.open().streams == []
        assert rig.environment.pending == 1  # that of the connection's settings

    @pytest.mark.parametrize("last", [0, 1])
    def test_a_server_that_goes_away_is_not_held_up_by_it(self, last: int) -> None:
        rig, peer = said(SERVING)
        peer.go_away(last)
        assert peer.transport.closed
        assert rig.states[-1] == "CONNECTING"
        assert peer.resets == ([1] if last else [])

    def test_it_ends_when_the_operations_have(self) -> None:
        rig, peer = said(SERVING)
        rig.call("one")
        peer.go_away(3)
        assert (peer.resets, peer.transport.closed) == ([1], False)
        peer.answer(3)
        assert (rig.ending("one"), peer.transport.closed) == ("OK", True)

    @pytest.mark.parametrize("answer", [None, NOT_SERVING, SERVING])
    def test_an_address_that_is_gone_is_not_asked_any_more(self, answer: Optional[bytes]) -> None:
        rig, peer = said(answer)
        ask_again(rig)
        rig.resolve("b")
        assert (peer.resets, peer.left, peer.transport.closed) == ([1], True, True)
        assert rig.dialled == ["a", "b"]

    def test_closing_leaves_nothing_behind(self) -> None:
        rig = checking()
        rig.link.state(try_to_connect=True)
        rig.resolve("a", "b", "c")
        told, asked, pausing = [dial.accept() for dial in rig.driver.dials]
        told.begin_answer(1)
        told.send(1, SERVING)
        pausing.fail(1, INTERNAL)
        rig.link.close()
        assert [peer.resets for peer in (told, asked, pausing)] == [[1], [1], []]
        assert all(peer.left and peer.transport.closed for peer in (told, asked, pausing))
        assert (rig.environment.pending, rig.state) == (0, "SHUTDOWN")

    def test_what_was_said_too_late_means_nothing(self) -> None:
        rig, peer = said(SERVING)
        peer.transport.hold_deliveries()
        peer.send(1, NOT_SERVING)
        peer.end_answer(1, UNIMPLEMENTED)
        rig.link.close()
        peer.transport.release_deliveries()
        assert rig.states == ["IDLE", "CONNECTING", "READY", "SHUTDOWN"]


class TestNobodysCall:
    def test_it_keeps_no_channel_from_going_idle(self) -> None:
        rig, peer = said(SERVING, idle_timeout=10.0)
        rig.environment.advance(12.5)
        assert (rig.state, peer.resets, peer.transport.closed) == ("IDLE", [1], True)

    def test_neither_do_streams_that_end(self) -> None:
        rig = checking(idle_timeout=10.0)
        peer = rig.connect()
        peer.fail(1, INTERNAL)
        for delay in (1.0, 1.6, 2.56):
            rig.environment.advance(delay)
            peer.fail(peer.streams[-1], INTERNAL)
        rig.environment.advance(12.5 - 1.0 - 1.6 - 2.56)
        assert (rig.state, len(peer.streams), peer.transport.closed) == ("IDLE", 5, True)

    def test_a_call_keeps_it_from_that(self) -> None:
        rig, _ = said(SERVING, idle_timeout=10.0)
        rig.call("one")
        rig.environment.advance(100.0)
        assert rig.state == "READY"

    def test_no_ping_goes_out_for_its_sake(self) -> None:
        rig, peer = said(SERVING, keepalive=KeepaliveOptions(time=10.0))
        assert peer.transport.next_deadline is None
        rig.call("one")
        assert peer.transport.next_deadline == rig.environment.now + 10.0
        peer.answer(3)
        assert peer.transport.next_deadline is None

    def test_it_waits_for_the_servers_leave_to_open_a_stream(self) -> None:
        rig = checking()
        peer = rig.connect(max_streams=0)
        assert (peer.streams, rig.state) == ([], "CONNECTING")
        rig.link.close()
        assert (peer.streams, peer.transport.closed) == ([], True)

    def test_its_next_stream_waits_in_turn(self) -> None:
        rig = checking()
        peer = rig.connect(max_streams=1)
        peer.begin_answer(1)
        peer.send(1, SERVING)
        rig.call("one")
        assert peer.streams == [1]
        peer.end_answer(1, INTERNAL)
        assert (peer.streams, rig.state) == ([1, 3], "CONNECTING")
        peer.answer(3)
        assert (rig.ending("one"), paths(peer)[2:]) == ("OK", [PATH])

    def test_one_that_waits_does_not_follow_the_operations_elsewhere(self) -> None:
        rig = checking()
        peer = rig.connect(max_streams=1)
        peer.begin_answer(1)
        peer.send(1, SERVING)
        rig.call("one")
        peer.end_answer(1, INTERNAL)
        peer.go_away(3)
        assert (peer.streams, rig.state) == ([1, 3], "CONNECTING")
        peer.answer(3)
        assert (rig.ending("one"), peer.transport.closed) == ("OK", True)


class TestAnotherConfig:
    @staticmethod
    def _configure(rig: Rig, service: Optional[str], **more: Any) -> None:
        if rig.driver.questions:
            ask_again(rig)
        else:
            rig.link.state(try_to_connect=True)
        rig.resolve("a", texts=texts(service, **more))

    def _serving(self, service: Optional[str]) -> Tuple[Rig, Peer]:
        rig = Rig(config_lookup=ConfigLookup("_grpc_config.test.example", 5.0, "this-machine"))
        self._configure(rig, service)
        peer = rig.last_dial.accept()
        if service is not None:
            peer.begin_answer(1)
            peer.send(1, SERVING)
        assert rig.state == "READY"
        return rig, peer

    def test_another_service_is_asked_about_on_the_same_connection(self) -> None:
        rig, peer = self._serving("svc")
        self._configure(rig, "other")
        assert (peer.requests, peer.resets) == ([frame(b"\x0a\x03svc"), frame(b"\x0a\x05other")], [1])
        assert (rig.state, rig.dialled) == ("CONNECTING", ["a"])
        peer.begin_answer(3)
        peer.send(3, SERVING)
        assert rig.state == "READY"

    def test_it_is_asked_about_too_if_nothing_was_said_of_the_former_one(self) -> None:
        rig, peer = self._serving("svc")
        self._configure(rig, "other")
        self._configure(rig, "third")
        assert peer.requests[2:] == [frame(b"\x0a\x05third")]
        assert (peer.resets, rig.state) == ([1, 3], "CONNECTING")

    def test_what_was_said_of_the_former_one_means_nothing(self) -> None:
        rig, peer = self._serving("svc")
        peer.transport.hold_deliveries()
        peer.send(1, NOT_SERVING)
        self._configure(rig, "other")
        peer.transport.release_deliveries()
        assert rig.state == "CONNECTING"

    def test_a_server_is_asked_from_then_on(self) -> None:
        rig, peer = self._serving(None)
        self._configure(rig, "svc")
        assert (rig.state, paths(peer)) == ("CONNECTING", [PATH])

    def test_a_server_is_asked_no_more(self) -> None:
        rig, peer = self._serving("svc")
        peer.send(1, NOT_SERVING)
        self._configure(rig, None)
        assert (rig.state, peer.resets) == ("READY", [1])

    def test_the_same_one_changes_nothing(self) -> None:
        rig, peer = self._serving("svc")
        self._configure(rig, "svc", methodConfig=[])
        self._configure(rig, "svc", methodConfig=[{"name": [{}], "waitForReady": True}])
        assert (rig.state, peer.streams, peer.resets) == ("READY", [1], [])

    def test_a_connection_whose_settings_have_not_come_is_asked_by_the_new_one(self) -> None:
        rig, peer = self._serving("svc")
        rig.environment.advance(30.0)
        peer.hang_up()
        late = rig.last_dial.open()
        rig.resolve("a", texts=texts("other"))
        assert late.streams == []
        late.greet()
        assert late.requests == [frame(b"\x0a\x05other")]
