"""The server's role: answers to operations, wire facts, sections 1, 2, 4 and 7."""

from __future__ import annotations

from typing import Any

import h2.errors
import h2.events
import pytest
from hyperframe.frame import RstStreamFrame, WindowUpdateFrame

from grpc._values import contexts
from grpc._values.limits import Limits
from grpc.framework.interfaces.links import links
from tests.links.wire_rig import CANCELLATION, COMPLETION, REQUEST, Codes, ServerRig, Termination, frame


class TestAUnaryCall:
    def test_request_and_end_in_one_read_are_one_ticket(self) -> None:
        rig = ServerRig()
        rig.call(frame(b"hello"))
        (ticket,) = rig.tickets
        assert (ticket.payload, ticket.termination) == (b"hello", COMPLETION)
        assert ticket.subscription is links.Ticket.Subscription.FULL

    def test_the_answer_is_headers_data_and_trailers(self) -> None:
        rig = ServerRig()
        rig.call(frame(b"hello"))
        rig.answer(b"hi")
        assert rig.response() == {b":status": b"200", b"content-type": b"application/grpc"}
        assert rig.data() == frame(b"hi")
        assert rig.trailers() == {b"grpc-status": b"0"}
        assert len(rig.heard(h2.events.StreamEnded)) == 1

    def test_it_leaves_nothing_behind(self) -> None:
        rig = ServerRig()
        rig.call(frame(b"hello"))
        rig.answer(b"hi")
        assert (rig.left, rig.resets()) == ((0, 0), [])

    def test_no_allowance_is_ever_told(self) -> None:
        rig = ServerRig()
        rig.call(frame(b"hello"))
        rig.answer(b"hi")
        assert [ticket.allowance for ticket in rig.tickets] == [None]

    def test_metadata_is_initial_and_trailing(self) -> None:
        rig = ServerRig()
        rig.call()
        rig.answer(b"hi", initial_metadata=(("a", "1"),), terminal_metadata=(("b-bin", b"ab"),))
        assert rig.response()[b"a"] == b"1"
        assert rig.trailers() == {b"grpc-status": b"0", b"b-bin": b"YWI"}

    def test_initial_metadata_goes_when_it_is_given(self) -> None:
        rig = ServerRig()
        rig.call()
        rig.answer(initial_metadata=(("a", "1"),), last=False)
        assert rig.response()[b"a"] == b"1"
        rig.answer(b"hi", number=1)
        assert rig.data() == frame(b"hi")


class TestTrailersOnly:
    def test_a_failure_before_anything_was_sent_is_one_header_block(self) -> None:
        rig = ServerRig()
        rig.call()
        rig.answer(code=5, message="nothing here")
        assert rig.response() == {
            b":status": b"200",
            b"content-type": b"application/grpc",
            b"grpc-status": b"5",
            b"grpc-message": b"nothing here",
        }
        assert rig.heard(h2.events.TrailersReceived) == []

    def test_its_metadata_is_the_trailing_one(self) -> None:
        rig = ServerRig()
        rig.call()
        rig.answer(code=5, terminal_metadata=(("a", "1"),))
        assert rig.response()[b"a"] == b"1"


class TestStatus:
    def test_it_is_sent_even_when_ok(self) -> None:
        rig = ServerRig()
        rig.call()
        rig.answer(b"hi", code=None)
        assert rig.status() == (b"0", b"")

    def test_the_message_is_percent_encoded(self) -> None:
        rig = ServerRig()
        rig.call()
        rig.answer(b"hi", code=3, message="50% ☺\n")
        assert rig.status() == (b"3", b"50%25 %E2%98%BA%0A")

    @pytest.mark.parametrize(
        ("termination", "code"),
        [
            (Termination.CANCELLATION, b"1"),
            (Termination.EXPIRATION, b"4"),
            (Termination.SHUTDOWN, b"14"),
            (Termination.LOCAL_FAILURE, b"2"),
            (Termination.REMOTE_FAILURE, b"12"),
            (Termination.RECEPTION_FAILURE, b"13"),
        ],
    )
    def test_an_abortion_by_the_end_is_a_status(self, termination: Termination, code: bytes) -> None:
        """Section 5: DEADLINE_EXCEEDED, and CANCELLED, if a status can still be sent."""
        rig = ServerRig()
        rig.call(whole=False)
        rig.answer(termination=termination, code=None)
        assert rig.status()[0] == code
        assert rig.left == (0, 0)

    @pytest.mark.parametrize(
        ("termination", "words"),
        [
            (Termination.CANCELLATION, b"the server cancelled the RPC"),
            (Termination.EXPIRATION, b"Deadline Exceeded"),
            (Termination.SHUTDOWN, b"the server was stopped"),
            (Termination.LOCAL_FAILURE, b""),
        ],
    )
    def test_an_abortion_for_which_nobody_has_words_says_which_side_it_was(
        self, termination: Termination, words: bytes
    ) -> None:
        rig = ServerRig()
        rig.call()
        rig.answer(termination=termination, code=None)
        assert rig.status()[1] == words
        rig = ServerRig()
        rig.call()
        rig.answer(termination=termination, code=None, message="told")
        assert rig.status()[1] == b"told"

    def test_an_abortion_does_not_wait_for_what_the_client_has_not_read(self) -> None:
        rig = ServerRig(settings={Codes.INITIAL_WINDOW_SIZE: 10})
        rig.call()
        rig.answer(bytes(100), last=False)
        rig.answer(number=1, termination=CANCELLATION, code=None)
        assert (len(rig.data()), rig.status()[0]) == (10, b"1")
        assert rig.connection._blocked == {}

    def test_a_status_that_is_no_abortion_waits_for_the_messages_before_it(self) -> None:
        rig = ServerRig(settings={Codes.INITIAL_WINDOW_SIZE: 10})
        rig.call()
        rig.answer(bytes(100))
        assert rig.heard(h2.events.TrailersReceived) == []
        rig.open(1000, 1)
        assert (rig.data(), rig.status()) == (frame(bytes(100)), (b"0", b""))
        assert rig.left == (0, 0)

    def test_a_refusal_by_the_end_is_refused_stream(self) -> None:
        rig = ServerRig()
        rig.call()
        rig.answer(termination=Termination.SHUTDOWN, code=None, message=links.REFUSAL)
        assert rig.resets() == [h2.errors.ErrorCodes.REFUSED_STREAM]
        assert rig.left == (0, 0)

    def test_a_client_that_has_not_ended_is_reset_without_error_after_the_trailers(self) -> None:
        rig = ServerRig()
        rig.call(frame(b"hello"), whole=False)
        rig.answer(b"hi")
        assert rig.status()[0] == b"0"
        assert rig.resets() == [h2.errors.ErrorCodes.NO_ERROR]


class TestWhatCannotBeSent:
    @pytest.mark.parametrize("where", ["initial_metadata", "terminal_metadata"])
    def test_metadata_fails_the_rpc_on_both_sides(self, where: str) -> None:
        fields: Any = {where: (("grpc-status", "0"),)}
        rig = ServerRig()
        rig.call()
        rig.answer(b"hi", **fields)
        assert rig.status()[0] == b"13"
        assert b"'grpc-status' is reserved" in rig.status()[1]
        assert rig.tickets[-1].termination is Termination.TRANSMISSION_FAILURE
        assert rig.left == (0, 0)

    @pytest.mark.parametrize("where", ["initial_metadata", "terminal_metadata"])
    def test_metadata_beyond_the_peers_limit_fails_the_rpc(self, where: str) -> None:
        rig = ServerRig(settings={Codes.MAX_HEADER_LIST_SIZE: 500})
        rig.call()
        fields: Any = {where: (("a", "x" * 500),)}
        rig.answer(b"hi", **fields)
        assert rig.status()[0] == b"8"

    def test_a_message_over_the_limit_fails_the_rpc_on_both_sides(self) -> None:
        rig = ServerRig(Limits(max_send_message_length=1))
        rig.call()
        rig.answer(b"hi")
        text = "message to be sent of 2 bytes exceeds the limit of 1; raise it with 'grpc.max_send_message_length'"
        assert rig.status() == (b"8", text.encode())
        assert (rig.tickets[-1].code, rig.tickets[-1].message) == (8, text)
        assert rig.left == (0, 0)

    def test_messages_before_it_have_been_sent(self) -> None:
        rig = ServerRig(Limits(max_send_message_length=2))
        rig.call()
        rig.answer(b"hi", last=False)
        rig.answer(b"toolong", number=1)
        assert (rig.data(), rig.status()[0]) == (frame(b"hi"), b"8")

    def test_a_message_that_is_not_bytes_fails_the_rpc(self) -> None:
        rig = ServerRig()
        rig.call()
        rig.answer("text")  # type: ignore[arg-type]
        assert rig.status() == (b"13", b"a message is sent as bytes, not as str")


class TestTheClientGivesUp:
    @pytest.mark.parametrize("error_code", [0, 2, 8, 99])
    def test_a_reset_cancels_the_call(self, error_code: int) -> None:
        rig = ServerRig()
        rig.call(frame(b"hello"))
        rig.receive(RstStreamFrame(1, error_code))
        assert (rig.tickets[-1].sequence_number, rig.tickets[-1].termination) == (1, CANCELLATION)
        assert rig.left == (0, 0)

    def test_what_the_end_says_after_it_is_dropped(self) -> None:
        rig = ServerRig()
        rig.call()
        rig.receive(RstStreamFrame(1, 8))
        rig.answer(b"late")
        assert rig.data() == b""
        assert not rig.connection.finished

    def test_a_call_that_is_reset_in_the_read_that_begins_it_never_reaches_the_end(self) -> None:
        rig = ServerRig()
        rig.peer.send_headers(1, REQUEST)
        rig.peer.send_data(1, frame(b"hello"))
        rig.peer.reset_stream(1, 8)
        rig.flush()
        assert (rig.tickets, rig.left) == ([], (0, 0))

    def test_a_lost_connection_cancels_every_call(self) -> None:
        rig = ServerRig()
        rig.call()
        rig.call(stream_id=3)
        rig.connection.connection_lost("gone", None)
        rig.deliver()
        assert [ticket.termination for ticket in rig.tickets[2:]] == [CANCELLATION] * 2
        assert (rig.notes, rig.left) == (["lost 1"], (0, 0))


class TestWhatCannotBeReceived:
    @pytest.mark.parametrize("length", [1, 4, 5, 6])
    def test_a_request_that_ends_within_a_message_is_internal(self, length: int) -> None:
        rig = ServerRig()
        rig.call(frame(b"hi")[:length])
        assert rig.status() == (b"13", b"the client ended the stream within a message")
        assert (rig.tickets, rig.left) == ([], (0, 0))

    def test_the_end_hears_of_it_if_it_has_the_operation(self) -> None:
        rig = ServerRig()
        rig.call(frame(b"hi")[:6], whole=False)
        rig.peer.end_stream(1)
        rig.flush()
        assert [ticket.termination for ticket in rig.tickets] == [None, Termination.TRANSMISSION_FAILURE]

    def test_a_message_over_the_limit_is_resource_exhausted(self) -> None:
        rig = ServerRig(Limits(max_receive_message_length=2))
        rig.call(frame(b"abc"))
        assert rig.status()[0] == b"8"
        assert b"received message of 3 bytes exceeds the limit of 2" in rig.status()[1]
        assert rig.left == (0, 0)

    def test_the_rest_of_it_is_not_waited_for(self) -> None:
        rig = ServerRig(Limits(max_receive_message_length=2))
        rig.call(frame(b"abc")[:5], whole=False)
        assert rig.status()[0] == b"8"
        assert rig.resets() == [h2.errors.ErrorCodes.NO_ERROR]


class TestTheMiddleOfARead:
    """h2 has taken in the whole read before the first of its events is handled."""

    def test_a_request_that_is_rejected_and_then_reset(self) -> None:
        rig = ServerRig(Limits(max_receive_message_length=2))
        rig.peer.send_headers(1, REQUEST)
        rig.peer.send_data(1, frame(b"abc"))
        rig.peer.reset_stream(1, 8)
        rig.flush()
        assert (rig.tickets, rig.left) == ([], (0, 0))
        assert not rig.connection.finished

    def test_a_malformed_request_that_is_reset(self) -> None:
        rig = ServerRig()
        rig.peer.send_headers(1, [*REQUEST[:-1], (b"content-type", b"text/html")])
        rig.peer.reset_stream(1, 8)
        rig.flush()
        assert (rig.tickets, rig.left) == ([], (0, 0))
        assert not rig.connection.finished

    def test_a_stream_that_is_reset_after_its_window_was_opened(self) -> None:
        rig = ServerRig(settings={Codes.INITIAL_WINDOW_SIZE: 10})
        rig.call()
        rig.answer(bytes(100))
        rig.receive(WindowUpdateFrame(1, 1000), RstStreamFrame(1, 8))
        assert rig.tickets[-1].termination is CANCELLATION
        assert (rig.connection._blocked, rig.left) == ({}, (0, 0))
        assert not rig.connection.finished

    def test_data_after_a_rejected_message(self) -> None:
        rig = ServerRig(Limits(max_receive_message_length=2))
        rig.peer.send_headers(1, REQUEST)
        rig.peer.send_data(1, frame(b"abc"))
        rig.peer.send_data(1, frame(b"d"), end_stream=True)
        rig.flush()
        assert rig.status()[0] == b"8"
        assert (rig.tickets, rig.left) == ([], (0, 0))

    def test_broken_bytes_after_a_request_cancel_it(self) -> None:
        rig = ServerRig()
        rig.call()
        rig.receive(b"\0\0\0\0\0\0\0\0\0")
        assert rig.connection.finished
        assert rig.tickets[-1].termination is CANCELLATION
        assert rig.left == (0, 0)


class TestTheServicersContext:
    def test_it_knows_the_peer(self) -> None:
        auth = {"x509_common_name": [b"me"], "transport_security_type": [b"ssl"]}
        rig = ServerRig(context=contexts.ServiceContext("ipv4:192.0.2.7:1", auth))
        rig.call()
        protocol = rig.tickets[0].protocol
        assert protocol is not None
        assert protocol.kind is links.Protocol.Kind.SERVICER_CONTEXT
        context = protocol.value
        assert (context.peer, context.auth_context) == ("ipv4:192.0.2.7:1", auth)
        assert (context.peer_identity_key, context.peer_identities) == ("x509_common_name", [b"me"])

    def test_every_call_has_its_own(self) -> None:
        rig = ServerRig()
        rig.call()
        rig.call(stream_id=3)
        first, second = (ticket.protocol.value for ticket in rig.tickets)  # type: ignore[union-attr]
        first.set_compression(2)
        assert (first.compression, second.compression) == (2, None)

    def test_only_the_first_ticket_has_it(self) -> None:
        rig = ServerRig()
        rig.call(frame(b"1"), whole=False)
        rig.peer.end_stream(1)
        rig.flush()
        assert [ticket.protocol is None for ticket in rig.tickets] == [False, True]
