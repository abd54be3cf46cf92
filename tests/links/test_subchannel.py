"""One address: the table of its states, the backoff between attempts, and what is left of an attempt given up."""

from __future__ import annotations

import itertools
import random
from typing import Optional

import pytest

from grpc._links import _subchannel
from grpc._links._subchannel import Event
from grpc._values.connectivity import ChannelConnectivity
from tests.links.channel_rig import Rig

State = ChannelConnectivity


class TestTable:
    """Wire facts, section 9: IDLE -> CONNECTING -> READY and back, TRANSIENT_FAILURE until the backoff is over."""

    @pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
    def test_every_state_takes_every_event_that_can_happen_in_it_and_no_other(self, state: State, event: Event) -> None:
        expected = {
            (State.IDLE, Event.WANTED): State.CONNECTING,
            (State.CONNECTING, Event.FAILED): State.TRANSIENT_FAILURE,
            (State.TRANSIENT_FAILURE, Event.BACKOFF_OVER): State.IDLE,
        }
        # A connection that works may be in any of three states, as the peer's health says (A17).
        of_connections = {
            Event.CONNECTED: State.READY,
            Event.UNHEALTHY: State.TRANSIENT_FAILURE,
            Event.ASKED: State.CONNECTING,
            Event.LOST: State.IDLE,
        }
        result: Optional[State]
        if event is Event.CLOSED:
            result = State.SHUTDOWN
        elif event is Event.RESET:
            result = None if state is State.SHUTDOWN else State.IDLE
        elif event in of_connections:
            result = None if state in (State.IDLE, State.SHUTDOWN) else of_connections[event]
        else:
            result = expected.get((state, event))
        assert _subchannel.TRANSITIONS.get((state, event)) is result


@pytest.fixture
def _no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: 1.0)


@pytest.mark.usefixtures("_no_jitter")
class TestAttempts:
    def test_the_next_attempt_begins_at_the_backoff_counted_from_the_start_of_the_last(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a")
        begun = rig.environment.now
        rig.environment.advance(0.7)
        rig.refuse()
        rig.environment.advance(60.0)
        assert [dial.at - begun for dial in rig.driver.dials] == [0.0, 1.0]
        rig.refuse()  # late: the backoff has long been over
        rig.environment.advance(0.0)
        assert len(rig.driver.dials) == 3

    def test_attempts_go_on_with_nobody_waiting_and_ever_more_slowly(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a")
        for number, delay in enumerate((1.0, 1.6, 2.56, 4.096), start=1):
            rig.refuse()
            rig.environment.advance(delay - 0.001)
            assert len(rig.driver.dials) == number
            rig.environment.advance(0.001)
            assert len(rig.driver.dials) == number + 1

    def test_a_connection_resets_the_backoff(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a")
        rig.refuse()
        rig.environment.advance(1.0)
        rig.last_dial.accept().hang_up()
        rig.call("two")
        rig.refuse()
        again = len(rig.driver.dials)
        rig.environment.advance(1.0)
        assert len(rig.driver.dials) == again + 1

    def test_an_attempt_is_given_at_least_20_seconds_and_never_less_than_the_backoff(self) -> None:
        rig = Rig(initial_backoff=50.0)
        rig.call("one")
        rig.resolve("a")
        assert rig.last_dial.timeout == 50.0
        other = Rig()
        other.call("one")
        other.resolve("a")
        assert other.last_dial.timeout == 20.0

    def test_the_figures_come_from_the_options(self) -> None:
        rig = Rig(initial_backoff=0.1, max_backoff=0.2, min_connect_timeout=3.0)
        rig.call("one")
        rig.resolve("a")
        assert rig.last_dial.timeout == 3.0
        for delay in (0.1, 0.16, 0.2, 0.2):
            rig.refuse()
            before = rig.environment.now
            rig.environment.advance(delay)
            assert rig.last_dial.at == pytest.approx(before + delay)

    def test_a_peer_whose_settings_do_not_come_in_time_has_failed(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a")
        rig.environment.advance(5.0)
        peer = rig.last_dial.open()
        rig.environment.advance(14.9)
        assert rig.state == "CONNECTING"
        rig.environment.advance(0.1)
        assert peer.transport.closed
        assert rig.ending("one") == ("failed to connect to 'test.example:1': a: no HTTP/2 settings came in 20 seconds")

    def test_a_peer_that_hangs_up_before_its_settings_has_failed(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a")
        rig.last_dial.open().hang_up()
        assert rig.state == "TRANSIENT_FAILURE"
        assert rig.ending("one") == "failed to connect to 'test.example:1': a: the peer closed the connection"

    @pytest.mark.parametrize(
        "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x50", b"\0\0\0\0\0\0\0\0\0"]
    )
    def test_a_server_that_does_not_begin_with_settings_has_failed_at_once(self, answer: bytes) -> None:
        """RFC 9113, 3.4. To h2 the text of an HTTP/1 answer begins a frame that it would wait for."""
        rig = Rig()
        rig.call("one")
        rig.resolve("a")
        peer = rig.last_dial.open()
        peer.say_raw(answer)
        assert peer.transport.closed
        assert rig.ending("one") == (
            "failed to connect to 'test.example:1': a: the server does not speak HTTP/2: "
            f"the first that it said is {answer[:24]!r}"
        )

    def test_a_server_that_breaks_the_protocol_at_once_has_failed_with_that_reason(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a")
        rig.last_dial.open().say_raw(b"\0\0\1\4\0\0\0\0\0\0")  # SETTINGS of one byte
        ending = rig.ending("one")
        assert ending is not None
        assert ending.startswith("failed to connect to 'test.example:1': a: the peer broke the HTTP/2 protocol: ")

    def test_a_failure_that_does_not_name_its_address_is_given_the_name(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("ipv4:10.0.0.1:1")
        rig.last_dial.failed("no luck", None)
        assert rig.ending("one") == "failed to connect to 'test.example:1': ipv4:10.0.0.1:1: no luck"

    def test_what_comes_of_an_attempt_given_up_is_ignored(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("x", "a")
        rig.refuse()
        given_up = rig.last_dial
        rig.environment.advance(30.0)
        rig.resolve("b")
        assert given_up.cancelled
        given_up.failed("a: late", None)
        assert given_up.open().transport.closed
        assert rig.state == "CONNECTING"
        rig.last_dial.accept()
        assert rig.state == "READY"

    def test_an_attempt_that_is_given_up_while_it_begins_is_cancelled(self) -> None:
        rig = Rig()
        rig.driver.meanwhile = rig.link.close
        rig.link.state(try_to_connect=True)
        rig.resolve("a")
        assert rig.last_dial.cancelled

    def test_no_timer_is_left_once_there_is_a_connection(self) -> None:
        rig = Rig()
        rig.connect()
        assert rig.environment.pending == 0
