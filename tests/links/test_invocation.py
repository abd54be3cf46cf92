"""The channel as its End sees it: what waits, what goes where, what fails, with which words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grpc._links._timeouts import decode_timeout
from grpc._values.connection_options import KeepaliveOptions
from grpc._values.security import ClientSecurity
from grpc.framework.interfaces.links import links
from tests.links.channel_peer import frame
from tests.links.channel_rig import Rig, Termination

if TYPE_CHECKING:
    import pytest


class TestConnecting:
    """Wire facts, section 9: connectivity."""

    def test_nothing_is_resolved_or_connected_before_it_is_wanted(self) -> None:
        rig = Rig()
        assert (rig.driver.questions, rig.driver.dials, rig.states) == ([], [], ["IDLE"])

    def test_the_first_operation_makes_the_channel_connect(self) -> None:
        rig = Rig()
        rig.call("one")
        assert rig.state == "CONNECTING"
        rig.resolve("a")
        assert rig.dialled == ["a"]

    def test_the_connection_counts_when_the_settings_of_the_peer_have_arrived(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a")
        peer = rig.last_dial.open()
        assert rig.state == "CONNECTING"
        peer.greet()
        assert rig.state == "READY"
        assert peer.requests == [frame(b"one")]

    def test_operations_that_were_queued_go_out_in_order(self) -> None:
        rig = Rig()
        for name in "abcdefg":
            rig.call(name)
        rig.resolve("x")
        assert rig.last_dial.accept().requests == [frame(name.encode()) for name in "abcdefg"]

    def test_a_stream_that_was_queued_goes_out_with_all_it_has_said(self) -> None:
        rig = Rig()
        rig.call("s", b"1", whole=False)
        rig.say("s", 1, b"2")
        rig.resolve("a")
        rig.say("s", 2, b"3", last=True)
        peer = rig.last_dial.accept()
        assert peer.requests == [frame(b"1") + frame(b"2") + frame(b"3")]
        assert peer.completed == [1]

    def test_a_queued_operation_that_is_cancelled_is_never_sent(self) -> None:
        rig = Rig()
        rig.call("one", whole=False)
        rig.call("two")
        rig.cancel("one")
        rig.resolve("a")
        assert rig.last_dial.accept().requests == [frame(b"two")]
        assert rig.heard("one") == []

    def test_a_queued_operation_that_expires_is_never_sent(self) -> None:
        rig = Rig()
        rig.call("one", timeout=1.0, wait_for_ready=True)
        rig.link.accept_ticket(links.Ticket("one", 1, termination=Termination.EXPIRATION))
        rig.resolve("a")
        assert rig.last_dial.accept().requests == []

    def test_the_time_waited_is_taken_off_the_timeout_that_the_peer_is_told(self) -> None:
        rig = Rig()
        rig.call("one", timeout=10.0)
        rig.environment.advance(4.0)
        rig.resolve("a")
        header = rig.last_dial.accept().header(b"grpc-timeout")
        assert header is not None
        assert decode_timeout(header) == 6.0

    def test_the_security_of_the_channel_is_handed_to_the_driver(self) -> None:
        security = ClientSecurity()
        rig = Rig(security=security)
        rig.call("one")
        rig.resolve("a")
        assert rig.last_dial.security is security

    def test_a_server_that_complains_of_too_many_pings_is_asked_half_as_often_from_then_on(self) -> None:
        """gRFC A9: the keepalive time is doubled for the connections to come."""
        rig = Rig(keepalive=KeepaliveOptions(time=10.0, permit_without_calls=True))
        peer = rig.connect()
        assert peer.transport.next_deadline == rig.environment.now + 10.0
        peer.complain_of_pings()
        rig.link.state(try_to_connect=True)
        assert rig.last_dial.accept().transport.next_deadline == rig.environment.now + 20.0

    def test_an_operation_after_the_connection_was_lost_makes_a_new_one(self) -> None:
        """A server was restarted: nobody has to do anything about it."""
        rig = Rig()
        rig.connect().hang_up()
        assert rig.state == "IDLE"
        rig.call("one")
        assert rig.state == "CONNECTING"
        peer = rig.last_dial.accept()
        peer.answer(1)
        assert rig.ending("one") == "OK"

    def test_operations_on_a_connection_that_is_lost_fail_with_the_reason_and_its_cause(self) -> None:
        rig = Rig()
        peer = rig.connect()
        rig.call("one")
        error = ConnectionResetError(104, "Connection reset by peer")
        peer.hang_up(error)
        assert rig.ending("one") == "a: the peer closed the connection"
        assert rig.cause("one") is error
        assert rig.heard("one")[-1].code == 14

    def test_an_operation_that_finds_its_connection_just_gone_takes_another_one(self) -> None:
        rig = Rig()
        peer = rig.connect()
        peer.transport.hold_deliveries()
        peer.go_away(0)  # the channel has not heard of it yet
        rig.call("one", whole=False)
        rig.say("one", 1, b" more", last=True)
        assert (rig.state, rig.heard("one")) == ("READY", [])
        peer.transport.release_deliveries()
        assert rig.last_dial.accept().requests == [frame(b"one") + frame(b" more")]


class TestFailing:
    """Wire facts, section 9: an operation fails only in TRANSIENT_FAILURE or SHUTDOWN, and not if it waits."""

    def test_an_operation_fails_with_every_address_and_its_reason(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a", "b")
        rig.refuse()
        assert rig.ending("one") is None
        rig.refuse()
        assert rig.ending("one") == (
            "failed to connect to 'test.example:1': a: Connection refused; b: Connection refused"
        )
        assert rig.heard("one")[-1].code == 14

    def test_the_error_behind_a_failure_comes_with_it(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a")
        rig.refuse()
        assert isinstance(rig.cause("one"), ConnectionRefusedError)

    def test_an_operation_that_comes_in_transient_failure_fails_at_once(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a")
        rig.refuse()
        rig.call("two")
        assert rig.ending("two") == rig.ending("one")

    def test_an_operation_that_waits_for_ready_waits_through_transient_failure(self) -> None:
        rig = Rig()
        rig.call("patient", wait_for_ready=True)
        rig.resolve("a")
        rig.refuse()
        rig.call("later", wait_for_ready=True)
        assert rig.state == "TRANSIENT_FAILURE"
        rig.environment.advance(1.2)
        peer = rig.last_dial.accept()
        assert peer.requests == [frame(b"patient"), frame(b"later")]

    def test_a_name_that_cannot_be_resolved_fails_operations_with_the_reason(self) -> None:
        rig = Rig()
        rig.call("one")
        error = OSError(-2, "Name or service not known")
        rig.driver.questions[-1].failed("cannot resolve 'test.example:1': Name or service not known", error)
        assert rig.ending("one") == "cannot resolve 'test.example:1': Name or service not known"
        assert rig.cause("one") is error
        assert rig.state == "TRANSIENT_FAILURE"

    def test_a_target_that_makes_no_sense_fails_patient_operations_too(self) -> None:
        rig = Rig()
        rig.call("one", wait_for_ready=True)
        rig.driver.questions[-1].failed("target 'x' names no host", ValueError("x"))
        rig.call("two", wait_for_ready=True)
        assert rig.ending("one") == rig.ending("two") == "target 'x' names no host"
        assert rig.environment.pending == 0

    def test_a_closed_channel_fails_what_waits_and_what_comes(self) -> None:
        rig = Rig()
        rig.call("one", wait_for_ready=True)
        rig.link.close()
        rig.call("two", wait_for_ready=True)
        assert rig.ending("one") == rig.ending("two") == "the channel is closed"

    def test_what_a_failed_operation_says_late_is_dropped(self) -> None:
        rig = Rig()
        rig.call("one", whole=False)
        rig.resolve("a")
        rig.refuse()
        rig.say("one", 1, b"late")
        rig.cancel("one", 2)
        assert len(rig.heard("one")) == 1


class TestClosing:
    def test_closing_says_goodbye_and_closes_every_connection(self) -> None:
        rig = Rig()
        peer = rig.connect()
        rig.link.close()
        assert peer.left
        assert peer.transport.closed
        assert (rig.state, rig.states[-1]) == ("SHUTDOWN", "SHUTDOWN")

    def test_closing_gives_up_questions_attempts_and_timers(self) -> None:
        rig = Rig(policy="round_robin", idle_timeout=60.0)
        rig.call("one")
        rig.resolve("a", "b")
        rig.refuse(rig.driver.dials[0])
        rig.environment.advance(0.5)
        rig.link.close()
        assert [dial.cancelled for dial in rig.driver.dials] == [False, True]
        assert rig.environment.pending == 0

    def test_closing_while_the_name_is_resolved_gives_the_question_up(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.link.close()
        assert rig.driver.questions[0].cancelled
        rig.resolve("a")
        assert rig.driver.dials == []

    def test_closing_again_does_nothing(self) -> None:
        rig = Rig()
        rig.link.close()
        rig.link.close()
        assert rig.states == ["IDLE", "SHUTDOWN"]

    def test_a_socket_that_opens_after_all_is_closed_again(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a")
        rig.link.close()
        peer = rig.last_dial.open()
        assert peer.transport.closed


class TestServiceConfig:
    """Wire facts, section 12."""

    def test_an_invalid_config_fails_every_operation(self) -> None:
        rig = Rig(service_config='{"methodConfig": 5}')
        rig.call("one", wait_for_ready=True)
        assert rig.ending("one") == "service config: methodConfig must be an array, not 5"
        assert rig.state == "TRANSIENT_FAILURE"
        assert rig.driver.questions == []

    def test_a_method_may_wait_for_ready_by_config(self) -> None:
        rig = Rig(service_config='{"methodConfig": [{"name": [{"service": "pkg.Svc"}], "waitForReady": true}]}')
        rig.call("config")
        rig.call("hasty", wait_for_ready=False)
        rig.resolve("a")
        rig.refuse()
        assert rig.ending("config") is None
        assert rig.ending("hasty") is not None

    def test_the_policy_of_the_config_comes_before_the_argument(self) -> None:
        rig = Rig(service_config='{"loadBalancingConfig": [{"round_robin": {}}]}', policy="pick_first")
        rig.call("one")
        rig.resolve("a", "b")
        assert rig.dialled == ["a", "b"]

    def test_an_unknown_policy_argument_is_logged_and_pick_first_takes_its_place(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        rig = Rig(policy="grpclb")
        rig.call("one")
        rig.resolve("a", "b")
        assert rig.dialled == ["a"]
        assert "There is no load balancing policy 'grpclb'" in caplog.text


class TestForking:
    """What becomes of the link in a forked process."""

    def test_it_connects_anew_though_a_thread_that_was_about_to_is_not_there(self) -> None:
        rig = Rig()
        rig.link._section.__enter__()
        rig.link._pool.exit_idle()  # decided, and neither acted upon nor left
        rig.link.after_fork_in_child()
        rig.link.begin_anew()
        assert (rig.state, rig.driver.questions) == ("IDLE", [])
        rig.call("one")
        rig.resolve("a")
        assert rig.last_dial.accept().requests == [frame(b"one")]

    def test_the_connection_that_it_had_takes_nothing_more(self) -> None:
        rig = Rig()
        rig.connect("a")
        rig.link.after_fork_in_child()
        rig.link.begin_anew()
        rig.call("one")
        assert rig.state == "CONNECTING"
        assert rig.dialled == ["a", "a"]
