"""A client's operations on their way to streams: wire facts, sections 4, 5, 7 and 9."""

from __future__ import annotations

from typing import Any, List

import h2.errors
import h2.events
import pytest
from hyperframe.frame import GoAwayFrame, RstStreamFrame, WindowUpdateFrame

from grpc._links._calls import Aside
from grpc._links._service_config import parse_service_config
from grpc._links._upkeep import ClientLife
from grpc._values import contexts
from grpc._values.limits import Limits
from grpc.framework.interfaces.links import links
from tests.links.wire_rig import CANCELLATION, ClientRig, Codes, Termination, frame


def _cancel(operation_id: str) -> links.Ticket:
    return links.Ticket(operation_id, 1, termination=CANCELLATION)


class TestWhatCannotBeSent:
    @pytest.mark.parametrize(
        ("metadata", "words"),
        [
            ((("A", "x"),), "'A' may hold only"),
            ((("grpc-status", "0"),), "'grpc-status' is reserved"),
            (((":path", "/"),), "':path'"),
        ],
    )
    def test_metadata_fails_the_rpc_and_opens_no_stream(self, metadata: Any, words: str) -> None:
        rig = ClientRig()
        rig.call(initial_metadata=metadata)
        code, message, _ = rig.ending()
        assert code == 13
        assert words in message
        assert (rig.heard(h2.events.RequestReceived), rig.left) == ([], (0, 0))

    def test_metadata_beyond_the_peers_limit_fails_the_rpc(self) -> None:
        rig = ClientRig(settings={Codes.MAX_HEADER_LIST_SIZE: 500})
        rig.call(initial_metadata=(("a", "x" * 500),))
        assert rig.ending()[0] == 8
        assert "request metadata to be sent of" in rig.ending()[1]
        assert rig.heard(h2.events.RequestReceived) == []

    def test_a_first_message_over_the_limit_fails_the_rpc_and_opens_no_stream(self) -> None:
        rig = ClientRig(Limits(max_send_message_length=4))
        rig.call()
        text = "message to be sent of 5 bytes exceeds the limit of 4; raise it with 'grpc.max_send_message_length'"
        assert rig.ending()[:2] == (8, text)
        assert rig.heard(h2.events.RequestReceived) == []

    def test_a_later_message_over_the_limit_fails_the_rpc_and_resets_the_stream(self) -> None:
        rig = ClientRig(Limits(max_send_message_length=5))
        rig.call(whole=False)
        rig.say(1, b"toolong", last=True)
        assert rig.ending()[0] == 8
        assert rig.resets() == [h2.errors.ErrorCodes.ENHANCE_YOUR_CALM]
        assert (rig.data(), rig.left) == (frame(b"hello"), (0, 0))

    def test_a_message_that_is_not_bytes_fails_the_rpc(self) -> None:
        rig = ClientRig()
        rig.call(payload="text")  # type: ignore[arg-type]
        assert rig.ending()[:2] == (13, "a message is sent as bytes, not as str")


class TestCancel:
    @pytest.mark.parametrize(
        "termination",
        [Termination.CANCELLATION, Termination.EXPIRATION, Termination.LOCAL_FAILURE, Termination.RECEPTION_FAILURE],
    )
    def test_it_is_rst_stream_cancel(self, termination: Termination) -> None:
        rig = ClientRig()
        rig.call(whole=False)
        rig.say(1, termination=termination)
        assert rig.resets() == [h2.errors.ErrorCodes.CANCEL]
        assert rig.left == (0, 0)

    def test_what_the_server_says_after_it_is_dropped(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.respond(frame(b"hi"))
        rig.conclude()
        late = rig.peer.data_to_send()
        rig.connection.send(_cancel("one"))
        rig.receive(late)
        assert rig.tickets == []
        assert not rig.connection.finished

    def test_what_waits_in_the_outbox_is_dropped(self) -> None:
        rig = ClientRig(settings={Codes.INITIAL_WINDOW_SIZE: 10})
        rig.call(payload=bytes(100))
        rig.send(_cancel("one"))
        rig.receive(WindowUpdateFrame(0, 1000))
        assert len(rig.data()) == 10
        assert (rig.connection._blocked, rig.left) == ({}, (0, 0))

    def test_a_second_one_means_nothing(self) -> None:
        rig = ClientRig()
        rig.call(whole=False)
        rig.send(_cancel("one"))
        rig.send(_cancel("one"))
        assert len(rig.resets()) == 1


class TestTheStreamLimit:
    """Section 9: calls above the peer's MAX_CONCURRENT_STREAMS are queued by the client, not failed."""

    def _rig(self, most: int = 1, **extra: Any) -> ClientRig:
        return ClientRig(settings={Codes.MAX_CONCURRENT_STREAMS: most}, **extra)

    def _paths(self, rig: ClientRig) -> List[bytes]:
        return [dict(event.headers)[b":path"] for event in rig.heard(h2.events.RequestReceived)]

    def _finish(self, rig: ClientRig, stream_id: int) -> None:
        rig.respond(stream_id=stream_id)
        rig.conclude(stream_id=stream_id)
        rig.flush()

    def test_calls_above_it_wait_and_begin_in_order(self) -> None:
        rig = self._rig(2)
        for number in range(5):
            rig.call(number, method=f"M{number}")
        assert self._paths(rig) == [b"/pkg.Svc/M0", b"/pkg.Svc/M1"]
        self._finish(rig, 3)
        self._finish(rig, 1)
        assert self._paths(rig) == [b"/pkg.Svc/M%d" % number for number in range(4)]
        self._finish(rig, 7)
        assert self._paths(rig)[4:] == [b"/pkg.Svc/M4"]

    def test_no_newer_call_overtakes_one_that_waits(self) -> None:
        rig = self._rig(10)
        rig.connection._max_streams = 1
        rig.call("a", method="A")
        rig.call("b", method="B")
        rig.connection._max_streams = 10
        rig.call("c", method="C")
        assert self._paths(rig) == [b"/pkg.Svc/A"]

    def test_a_call_that_waits_keeps_all_that_is_said(self) -> None:
        rig = self._rig()
        rig.call("one")
        rig.call("two", b"1", whole=False)
        rig.say(1, b"2", b"3", operation_id="two", allowance=3)
        rig.say(2, operation_id="two", last=True)
        self._finish(rig, 1)
        assert rig.data(3) == frame(b"1") + frame(b"2") + frame(b"3")
        assert [event.stream_id for event in rig.heard(h2.events.StreamEnded)] == [1, 3]
        assert rig.connection._operations["two"].allowed == 4

    def test_a_call_that_is_cancelled_while_it_waits_never_begins(self) -> None:
        rig = self._rig()
        rig.call("one")
        rig.call("two")
        rig.call("three", method="Third")
        rig.send(_cancel("two"))
        assert not rig.connection.holds("two")
        self._finish(rig, 1)
        assert self._paths(rig) == [b"/pkg.Svc/Do", b"/pkg.Svc/Third"]

    def test_a_cancelled_stream_makes_room(self) -> None:
        rig = self._rig()
        rig.call("one")
        rig.call("two")
        rig.send(_cancel("one"))
        assert len(self._paths(rig)) == 2

    def test_the_remaining_time_is_told_when_the_headers_go_out(self) -> None:
        now = [100.0]
        rig = self._rig(life=ClientLife(lambda: now[0]))
        rig.call("one")
        rig.call("two", timeout=10.0)
        now[0] += 4
        self._finish(rig, 1)
        assert dict(rig.request())[b"grpc-timeout"] == b"6S"

    def test_a_deadline_that_has_passed_meanwhile_is_one_nanosecond(self) -> None:
        now = [100.0]
        rig = self._rig(life=ClientLife(lambda: now[0]))
        rig.call("one")
        rig.call("two", timeout=3.0)
        now[0] += 4
        self._finish(rig, 1)
        assert dict(rig.request())[b"grpc-timeout"] == b"1n"

    def test_a_limit_that_is_raised_lets_waiting_calls_begin(self) -> None:
        rig = self._rig(0)
        rig.call("one")
        assert self._paths(rig) == []
        rig.set(MAX_CONCURRENT_STREAMS=1)
        assert len(self._paths(rig)) == 1

    def test_a_limit_that_falls_in_the_read_that_ends_a_stream_is_kept(self) -> None:
        """h2 knows it already when the end of the stream is handled."""
        rig = self._rig()
        rig.call("one")
        rig.call("two")
        rig.peer.reset_stream(1, 7)
        rig.set(MAX_CONCURRENT_STREAMS=0)
        assert rig.ending("one")[0] == 14
        assert not rig.connection.finished
        assert len(self._paths(rig)) == 1
        assert rig.connection.holds("two")
        rig.set(MAX_CONCURRENT_STREAMS=1)
        assert len(self._paths(rig)) == 2

    def test_calls_that_wait_when_the_connection_is_lost_were_not_processed(self) -> None:
        rig = self._rig()
        rig.call("one")
        rig.call("two")
        rig.connection.connection_lost("gone", None)
        rig.deliver()
        assert rig.ending("one") == (14, "gone", Termination.TRANSMISSION_FAILURE)
        assert rig.ending("two") == (14, "gone", Termination.SHUTDOWN)


class TestNumbersOfStreams:
    def test_when_they_run_out_the_connection_takes_no_more_calls(self) -> None:
        rig = ClientRig()
        rig.connection._next_stream_id = 2**31 - 3
        rig.call("one")
        assert rig.connection.open
        rig.call("two")
        assert not rig.connection.open
        assert rig.notes == ["ready", "going away"]

    def test_those_that_run_finish_and_then_the_connection_does(self) -> None:
        rig = ClientRig()
        rig.connection._next_stream_id = 2**31 - 1
        rig.call("one")
        assert not rig.connection.finished
        rig.respond(frame(b"hi"), stream_id=2**31 - 1)
        rig.conclude(stream_id=2**31 - 1)
        rig.flush()
        assert (rig.payloads("one"), rig.ending()[0]) == ([b"hi"], 0)
        assert rig.connection.finished

    def test_those_that_wait_were_not_processed(self) -> None:
        rig = ClientRig(settings={Codes.MAX_CONCURRENT_STREAMS: 0})
        rig.connection._next_stream_id = 2**31 - 1
        rig.call("one")
        rig.call("two")
        rig.set(MAX_CONCURRENT_STREAMS=5)
        assert rig.heard(h2.events.RequestReceived)[0].stream_id == 2**31 - 1
        assert rig.ending("two") == (14, "the connection has no stream numbers left", Termination.SHUTDOWN)


class TestGivingBack:
    """Operations that the server has not processed go to whoever takes them back, with all that was said."""

    def _rig(self, **extra: Any) -> ClientRig:
        self.refused: List[Any] = []
        return ClientRig(refused=self.refused.append, **extra)

    def test_a_refused_stream_is_given_back_instead_of_failing(self) -> None:
        rig = self._rig()
        rig.call(whole=False)
        rig.say(1, b"more", last=True)
        rig.receive(RstStreamFrame(1, 7))
        assert self.refused == ["one"]
        assert rig.connection.holds("one")
        waiting = rig.connection.take_back("one")
        assert [ticket.payload for ticket in waiting.tickets] == [b"hello", b"more"]
        assert waiting.replayed
        assert not rig.connection.holds("one")
        assert [ticket.termination for ticket in rig.tickets] == [None]

    def test_it_begins_again_where_it_is_taken_to(self) -> None:
        rig = self._rig()
        rig.call(whole=False)
        rig.say(1, b"more", last=True)
        rig.receive(RstStreamFrame(1, 7))
        rig.connection.begin(rig.connection.take_back("one"))
        rig.pump()
        assert rig.data(3) == frame(b"hello") + frame(b"more")
        rig.respond(frame(b"hi"), stream_id=3)
        rig.conclude(stream_id=3)
        rig.flush()
        assert [ticket.sequence_number for ticket in rig.tickets] == list(range(len(rig.tickets)))
        assert (rig.payloads("one"), rig.ending()[0]) == ([b"hi"], 0)

    def test_one_that_was_given_back_before_fails_the_second_time(self) -> None:
        rig = self._rig()
        rig.call()
        rig.receive(RstStreamFrame(1, 7))
        rig.connection.begin(rig.connection.take_back("one"))
        rig.pump()
        rig.receive(RstStreamFrame(3, 7))
        assert self.refused == ["one"]
        assert (rig.ending()[0], rig.ending()[2]) == (14, Termination.SHUTDOWN)

    def test_one_whose_response_has_begun_fails(self) -> None:
        rig = self._rig()
        rig.call()
        rig.respond()
        rig.peer.reset_stream(1, 7)
        rig.flush()
        assert self.refused == []
        assert rig.ending()[0] == 14

    def test_one_that_is_cancelled_before_it_is_taken_is_gone(self) -> None:
        rig = self._rig()
        rig.call(whole=False)
        rig.receive(RstStreamFrame(1, 7))
        rig.send(_cancel("one"))
        assert rig.connection.take_back("one") is None

    def test_calls_that_wait_for_a_stream_are_given_back_in_order_and_unspent(self) -> None:
        rig = self._rig(settings={Codes.MAX_CONCURRENT_STREAMS: 1})
        for name in ("one", "two", "three"):
            rig.call(name)
        rig.receive(GoAwayFrame(0, last_stream_id=1, error_code=0))
        assert self.refused == ["two", "three"]
        assert not rig.connection.take_back("two").replayed


class TestProtocolOptions:
    def test_the_authority_of_a_call(self) -> None:
        rig = ClientRig()
        rig.call(options=contexts.CallOptions(authority="other.example"))
        assert dict(rig.request())[b":authority"] == b"other.example"

    def test_an_authority_that_cannot_be_sent_fails_the_rpc(self) -> None:
        rig = ClientRig()
        rig.call(options=contexts.CallOptions(authority="no such"))
        assert rig.ending()[0] == 13


class TestAsides:
    """Operations of the channel's own, which are no calls: the watch of gRFC A17."""

    @staticmethod
    def _begin(rig: ClientRig) -> List[links.Ticket]:
        """Begin one; gives what it is told, from now on."""
        heard: List[links.Ticket] = []
        aside = Aside(heard.append)
        ticket = links.Ticket(aside, 0, "pkg.Svc", "Watch", payload=b"", termination=Termination.COMPLETION)
        rig.connection.begin_aside(ticket)
        rig.pump()
        return heard

    def test_it_is_told_what_the_end_is_not(self) -> None:
        rig = ClientRig()
        heard = self._begin(rig)
        rig.call()
        for stream_id in (1, 3):
            rig.respond(frame(b"%d" % stream_id), stream_id=stream_id)
            rig.conclude(stream_id=stream_id)
        rig.flush()
        assert [ticket.payload for ticket in heard] == [b"1"]
        assert [ticket.payload for ticket in rig.tickets] == [b"3"]

    def test_it_keeps_nobody_busy_and_is_not_counted(self) -> None:
        rig = ClientRig()
        self._begin(rig)
        assert (rig.connection.busy, rig.connection.begun) == (False, 0)
        rig.call()
        assert (rig.connection.busy, rig.connection.begun) == (True, 1)

    def test_neither_does_one_that_waits_for_a_stream(self) -> None:
        rig = ClientRig(settings={Codes.MAX_CONCURRENT_STREAMS: 0})
        self._begin(rig)
        assert rig.connection.busy is False
        rig.call()
        assert rig.connection.busy is True

    def test_a_call_on_the_same_connection_is_busy_when_it_has_ended(self) -> None:
        rig = ClientRig()
        self._begin(rig)
        rig.call()
        rig.respond()
        rig.conclude()
        rig.flush()
        assert rig.connection.busy is True

    @pytest.mark.parametrize("streams", [0, 1])
    def test_it_is_not_given_back(self, streams: int) -> None:
        returned: List[Any] = []
        rig = ClientRig(settings={Codes.MAX_CONCURRENT_STREAMS: streams}, refused=returned.append)
        heard = self._begin(rig)
        rig.receive(GoAwayFrame(0, last_stream_id=0))
        assert [ticket.termination for ticket in heard] == [Termination.SHUTDOWN]
        assert returned == []

    def test_no_service_config_is_for_it(self) -> None:
        config = parse_service_config('{"methodConfig": [{"name": [{}], "maxResponseMessageBytes": 0}]}', ())
        rig = ClientRig(config=config)
        heard = self._begin(rig)
        rig.respond(frame(b"hello"))
        rig.flush()
        assert [ticket.payload for ticket in heard] == [b"hello"]
