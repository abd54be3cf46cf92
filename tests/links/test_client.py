"""The client's role: streams that this side opens, wire facts, sections 1, 2, 7 and 9."""

from __future__ import annotations

import h2.errors
import h2.events
import h2.settings
from hyperframe.frame import DataFrame, GoAwayFrame, RstStreamFrame, SettingsFrame, WindowUpdateFrame

from grpc._values.limits import Limits
from grpc.framework.interfaces.links import links
from tests.links.wire_rig import CANCELLATION, RESPONSE, ClientRig, Codes, Termination, frame

UNIMPLEMENTED = [(b"grpc-status", b"12")]


class TestAUnaryCall:
    def test_the_request_leaves_in_one_write(self) -> None:
        rig = ClientRig()
        rig.call()
        assert rig.data() == frame(b"hello")
        assert len(rig.heard(h2.events.StreamEnded)) == 1

    def test_the_last_message_carries_the_end_of_the_stream(self) -> None:
        rig = ClientRig()
        rig.call()
        (event,) = rig.heard(h2.events.DataReceived)
        assert event.stream_ended is not None

    def test_a_half_close_with_nothing_left_to_send_is_an_empty_data_frame(self) -> None:
        rig = ClientRig()
        rig.call(whole=False)
        rig.say(1, last=True)
        first, last = rig.heard(h2.events.DataReceived)
        assert (last.data, last.stream_ended is not None, first.stream_ended) == (b"", True, None)

    def test_a_request_without_messages_ends_with_an_empty_data_frame(self) -> None:
        rig = ClientRig()
        rig.call(payload=None)
        (event,) = rig.heard(h2.events.DataReceived)
        assert (event.data, event.stream_ended is not None) == (b"", True)

    def test_no_allowance_is_ever_told(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.respond(frame(b"hi"))
        rig.conclude()
        rig.flush()
        assert [ticket.allowance for ticket in rig.tickets] == [None]

    def test_the_user_agent_is_sent(self) -> None:
        rig = ClientRig(user_agent="grpc-python-layered/1 (linux)")
        rig.call()
        assert dict(rig.request())[b"user-agent"] == b"grpc-python-layered/1 (linux)"

    def test_push_is_off(self) -> None:
        assert ClientRig().peer.remote_settings.enable_push == 0


def _cancel(operation_id: str) -> links.Ticket:
    return links.Ticket(operation_id, 1, termination=CANCELLATION)


class TestGoAway:
    def test_streams_above_the_last_id_were_not_processed(self) -> None:
        rig = ClientRig()
        rig.call("one")
        rig.call("two")
        rig.receive(GoAwayFrame(0, last_stream_id=1, error_code=0, additional_data=b"max_age"))
        assert rig.ending("two") == (14, "the server is going away (max_age)", Termination.SHUTDOWN)
        assert rig.told("one") == []
        assert not rig.connection.open

    def test_lower_ones_run_on_and_the_connection_finishes_with_the_last(self) -> None:
        rig = ClientRig()
        rig.call("one")
        rig.receive(GoAwayFrame(0, last_stream_id=1, error_code=0))
        assert not rig.connection.finished
        rig.respond(frame(b"hi"))
        rig.conclude()
        rig.flush()
        assert (rig.payloads("one"), rig.connection.finished) == ([b"hi"], True)

    def test_it_is_told_once(self) -> None:
        rig = ClientRig()
        rig.call("one")
        rig.receive(GoAwayFrame(0, last_stream_id=2**31 - 1, error_code=0))
        rig.receive(GoAwayFrame(0, last_stream_id=1, error_code=0))
        assert rig.notes == ["ready", "going away"]

    def test_a_response_in_the_same_read_is_delivered(self) -> None:
        rig = ClientRig()
        rig.call("one")
        rig.respond(frame(b"hi"))
        rig.conclude()
        rig.receive(rig.peer.data_to_send(), GoAwayFrame(0, last_stream_id=0, error_code=0))
        assert (rig.payloads("one"), rig.ending()[0]) == ([b"hi"], 0)


class TestTheMiddleOfARead:
    """h2 has taken in the whole read before the first of its events is handled."""

    def test_a_stream_that_is_reset_after_its_window_was_opened(self) -> None:
        rig = ClientRig(settings={Codes.INITIAL_WINDOW_SIZE: 10})
        rig.call(payload=bytes(100), whole=False)
        rig.receive(WindowUpdateFrame(1, 50), RstStreamFrame(1, 8))
        assert rig.ending()[0] == 1
        assert not rig.connection.finished
        assert (rig.connection._blocked, rig.left) == ({}, (0, 0))

    def test_a_stream_that_is_reset_after_settings_opened_its_window(self) -> None:
        rig = ClientRig(settings={Codes.INITIAL_WINDOW_SIZE: 10})
        rig.call(payload=bytes(100), whole=False)
        rig.receive(SettingsFrame(0, {4: 1000}), RstStreamFrame(1, 8))
        assert rig.ending()[0] == 1
        assert not rig.connection.finished

    def test_a_stream_that_is_rejected_and_then_reset(self) -> None:
        rig = ClientRig(Limits(max_receive_message_length=2))
        rig.call()
        rig.respond(frame(b"abc"))
        rig.peer.reset_stream(1, 2)
        rig.flush()
        assert rig.ending()[0] == 8
        assert (rig.resets(), rig.left) == ([], (0, 0))

    def test_a_stream_that_is_rejected_and_then_ends(self) -> None:
        rig = ClientRig(Limits(max_receive_message_length=2))
        rig.call()
        rig.respond(frame(b"abc"), frame(b"x"))
        rig.conclude()
        rig.flush()
        assert rig.ending()[0] == 8
        assert rig.payloads("one") == []
        assert rig.left == (0, 0)

    def test_frames_on_streams_that_are_unknown_end_the_connection_and_every_call(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.receive(DataFrame(9, b"x"))
        assert rig.connection.finished
        assert rig.ending()[0] == 14
        assert rig.left == (0, 0)

    def test_window_updates_and_resets_on_closed_streams_mean_nothing(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.respond()
        rig.conclude()
        rig.flush()
        rig.receive(WindowUpdateFrame(1, 5), RstStreamFrame(1, 8))
        assert not rig.connection.finished

    def test_data_on_a_stream_that_was_cancelled_is_given_back_to_the_connection(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.send(_cancel("one"))
        rig.receive(DataFrame(1, bytes(16_000)))
        assert not rig.connection.finished
        assert rig.tickets == []


class TestLoss:
    def test_calls_that_run_are_unavailable(self) -> None:
        rig = ClientRig()
        rig.call("one")
        rig.respond(frame(b"hi"))
        rig.flush()
        rig.connection.connection_lost("reset by peer", None)
        rig.deliver()
        assert rig.payloads("one") == [b"hi"]
        assert rig.ending() == (14, "reset by peer", Termination.TRANSMISSION_FAILURE)
        assert (rig.notes[-1], rig.left) == ("lost: reset by peer", (0, 0))

    def test_what_the_server_gave_as_the_reason_for_its_going_is_told_with_it(self) -> None:
        rig = ClientRig()
        rig.call("one")
        rig.receive(GoAwayFrame(0, last_stream_id=1, error_code=11, additional_data=b"too_many_resets"))
        rig.connection.connection_lost("peer: Broken pipe", None)
        rig.deliver()
        reason = "peer: Broken pipe, after the server had said that it is going away (too_many_resets)"
        assert rig.ending("one") == (14, reason, Termination.TRANSMISSION_FAILURE)
        assert rig.notes[-1] == f"lost: {reason}"

    def test_what_was_received_whole_is_delivered_as_it_is_allowed_all_the_same(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.respond(frame(b"1") + frame(b"2") + frame(b"3"), fields=RESPONSE)
        rig.conclude(UNIMPLEMENTED)
        rig.flush()
        rig.connection.connection_lost("gone", None)
        rig.deliver()
        assert rig.notes == ["ready", "going away"]
        assert rig.connection.holds("one")
        rig.say(1, allowance=1)
        assert (rig.payloads("one"), rig.notes[-1]) == ([b"1", b"2"], "going away")
        rig.say(2, allowance=1)
        assert (rig.payloads("one"), rig.ending()[0]) == ([b"1", b"2", b"3"], 12)
        assert (rig.notes[-1], rig.left) == ("lost: gone", (0, 0))

    def test_who_gives_up_on_the_rest_lets_the_connection_go(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.respond(frame(b"1") + frame(b"2"))
        rig.conclude()
        rig.flush()
        rig.connection.connection_lost("gone", None)
        rig.deliver()
        rig.send(_cancel("one"))
        assert (rig.notes[-1], rig.left) == ("lost: gone", (0, 0))
