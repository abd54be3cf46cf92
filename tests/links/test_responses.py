"""Responses as a client reads them: wire facts, sections 2 and 7, and what sections 4 and 6 say of responses."""

from __future__ import annotations

from typing import List, Tuple

import h2.errors
import pytest
from hyperframe.frame import HeadersFrame, RstStreamFrame

from grpc._links import _fields
from grpc._links._metadata import TRUE_BINARY, block_size
from grpc._links._upkeep import ClientLife
from grpc._values.limits import Limits
from tests.links.wire_rig import RESPONSE, ClientRig, Termination, frame, header_block, setting_frame

OK = [(b"grpc-status", b"0")]


Fields = List[Tuple[bytes, bytes]]


def _answered(*body: bytes, fields: Fields = RESPONSE, trailers: Fields = OK) -> ClientRig:
    rig = ClientRig()
    rig.call()
    rig.respond(*body, fields=fields)
    rig.conclude(trailers)
    rig.flush()
    return rig


class TestAResponse:
    def test_headers_message_and_trailers_in_one_read_are_one_ticket(self) -> None:
        (ticket,) = _answered(frame(b"hi")).tickets
        assert (ticket.sequence_number, ticket.initial_metadata, ticket.payload) == (0, (), b"hi")
        assert (ticket.code, ticket.message, ticket.terminal_metadata) == (0, "", ())
        assert ticket.termination is Termination.COMPLETION

    def test_all_of_it_leaves_nothing_behind(self) -> None:
        rig = _answered(frame(b"hi"))
        assert rig.left == (0, 0)
        assert rig.resets() == []

    def test_custom_metadata_is_initial_and_trailing(self) -> None:
        rig = _answered(fields=[*RESPONSE, (b"a", b"1"), (b"b-bin", b"YQ==")], trailers=[*OK, (b"c", b"2")])
        (ticket,) = rig.tickets
        assert ticket.initial_metadata == (("a", "1"), ("b-bin", b"a"))
        assert ticket.terminal_metadata == (("c", "2"),)

    def test_headers_are_told_when_they_come(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.respond(fields=[*RESPONSE, (b"a", b"1")])
        rig.flush()
        assert [ticket.initial_metadata for ticket in rig.tickets] == [(("a", "1"),)]

    @pytest.mark.parametrize("content_type", [b"application/grpc+proto", b"application/grpc;x=y"])
    def test_the_content_type_may_have_a_subtype(self, content_type: bytes) -> None:
        rig = _answered(frame(b"hi"), fields=[(b":status", b"200"), (b"content-type", content_type)])
        assert (rig.payloads("one"), rig.ending()[0]) == ([b"hi"], 0)

    def test_a_response_without_messages_is_whole(self) -> None:
        assert _answered().ending() == (0, "", Termination.COMPLETION)

    def test_1xx_header_blocks_are_skipped(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.respond(fields=[(b":status", b"100")])
        rig.respond(fields=[(b":status", b"103"), (b"link", b"x")])
        rig.respond(frame(b"hi"))
        rig.conclude()
        rig.flush()
        assert (rig.payloads("one"), rig.ending()[0]) == ([b"hi"], 0)
        assert rig.tickets[0].initial_metadata == ()

    def test_details_of_a_failure_are_decoded(self) -> None:
        rig = _answered(trailers=[(b"grpc-status", b"5"), (b"grpc-message", b"no such %E2%98%BA")])
        assert rig.ending()[:2] == (5, "no such ☺")

    def test_status_details_are_metadata(self) -> None:
        rig = _answered(trailers=[(b"grpc-status", b"5"), (b"grpc-status-details-bin", b"CAU")])
        assert rig.tickets[0].terminal_metadata == (("grpc-status-details-bin", b"\x08\x05"),)

    def test_messages_come_before_the_failure_that_follows_them(self) -> None:
        (ticket,) = _answered(frame(b"hi"), trailers=[(b"grpc-status", b"5")]).tickets
        assert (ticket.payload, ticket.code) == (b"hi", 5)


class TestTrailersOnly:
    def _answered(self, *fields: Tuple[bytes, bytes]) -> ClientRig:
        rig = ClientRig()
        rig.call()
        rig.peer.send_headers(1, [*RESPONSE, *fields], end_stream=True)
        rig.flush()
        return rig

    def test_one_header_block_says_it_all(self) -> None:
        rig = self._answered((b"grpc-status", b"12"), (b"grpc-message", b"what?"))
        assert rig.ending()[:2] == (12, "what?")
        assert rig.left == (0, 0)

    def test_its_metadata_is_trailing_and_initial_metadata_is_empty(self) -> None:
        (ticket,) = self._answered((b"grpc-status", b"3"), (b"a", b"1")).tickets
        assert ticket.terminal_metadata == (("a", "1"),)
        assert not ticket.initial_metadata

    def test_it_may_say_ok(self) -> None:
        assert self._answered((b"grpc-status", b"0")).ending()[0] == 0

    def test_grpc_status_wins_over_http_status_and_content_type(self) -> None:
        rig = ClientRig()
        rig.call()
        fields = [(b":status", b"503"), (b"content-type", b"text/html"), (b"grpc-status", b"5")]
        rig.peer.send_headers(1, fields, end_stream=True)
        rig.flush()
        assert rig.ending()[0] == 5


_MALFORMED = {
    "upper case": [*RESPONSE, (b"Name", b"x")],
    "empty name": [*RESPONSE, (b"", b"x")],
    "NUL in a value": [*RESPONSE, (b"a", b"x\0y")],
    "LF in a value": [*RESPONSE, (b"a", b"x\ny")],
    "no status": RESPONSE[1:],
    "pseudo-header behind others": [*RESPONSE[1:], RESPONSE[0]],
    "pseudo-header twice": [RESPONSE[0], *RESPONSE],
    "pseudo-header of a request": [(b":path", b"/"), *RESPONSE],
    "field of connections": [*RESPONSE, (b"transfer-encoding", b"chunked")],
}


class TestAResponseThatHttpCallsMalformed:
    """RFC 9113, 8.1.1: a stream error of type PROTOCOL_ERROR, each time it comes, and nothing else ends."""

    @pytest.mark.parametrize("alone", [False, True])
    @pytest.mark.parametrize("what", _MALFORMED)
    def test_its_call_alone_is_internal(self, what: str, alone: bool) -> None:
        rig = ClientRig()
        for number, operation_id in enumerate(("one", "two", "three")):
            rig.call(operation_id)
            fields = [*_MALFORMED[what], (b"grpc-status", b"0")] if alone else _MALFORMED[what]
            rig.peer.send_headers(2 * number + 1, fields, end_stream=alone)
            rig.flush()
            code, message, _ = rig.ending(operation_id)
            assert code == 13
            assert message.startswith("the server's answer is malformed: ")
            assert rig.resets(2 * number + 1) == ([] if alone else [1])
        rig.call("four")
        rig.respond(frame(b"hi"), stream_id=7)
        rig.conclude(stream_id=7)
        rig.flush()
        assert rig.ending("four")[0] == 0
        assert rig.left == (0, 0)

    @pytest.mark.parametrize(
        "trailers",
        [[*OK, (b"Name", b"x")], [(b":status", b"200"), *OK], [(b"grpc-status", b"0\n")], [*OK, (b"a", b"\0")]],
    )
    def test_malformed_trailers_are_internal_as_well(self, trailers: Fields) -> None:
        rig = _answered(frame(b"hi"), trailers=trailers)
        assert rig.ending()[0] == 13
        assert rig.resets() == []
        assert rig.left == (0, 0)

    def test_the_fault_is_named(self) -> None:
        rig = _answered(trailers=[*OK, (b"Name", b"x")])
        assert rig.ending()[1] == "the server's answer is malformed: a field name may not be 'Name'"

    def test_a_content_length_means_nothing(self) -> None:
        rig = _answered(frame(b"hi"), fields=[*RESPONSE, (b"content-length", b"1")])
        assert (rig.payloads("one"), rig.ending()[0]) == ([b"hi"], 0)


class TestWhatIsRemembered:
    """A header block that was read once is not looked at again."""

    def _answer(self, rig: ClientRig, number: int, fields: Fields, trailers: Fields) -> None:
        rig.call(number)
        rig.respond(fields=[*RESPONSE, *fields], stream_id=2 * number + 1)
        rig.conclude([*OK, *trailers], stream_id=2 * number + 1)
        rig.flush()

    def test_equal_blocks_are_checked_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rig = ClientRig()
        self._answer(rig, 0, [(b"a", b"1")], [(b"b", b"2")])
        monkeypatch.setattr(_fields, "check", None)
        self._answer(rig, 1, [(b"a", b"1")], [(b"b", b"2")])
        assert [ticket.initial_metadata for ticket in rig.tickets] == [(("a", "1"),)] * 2
        assert [ticket.terminal_metadata for ticket in rig.tickets] == [(("b", "2"),)] * 2

    def test_other_blocks_are_told_apart(self) -> None:
        rig = ClientRig()
        for number in range(4):
            self._answer(rig, number, [(b"a", b"%d" % (number % 2))], [(b"b", b"%d" % number)])
        assert [ticket.initial_metadata for ticket in rig.tickets] == [(("a", str(n % 2)),) for n in range(4)]
        assert [ticket.terminal_metadata for ticket in rig.tickets] == [(("b", str(n)),) for n in range(4)]

    def test_what_may_begin_a_response_may_not_end_one(self) -> None:
        rig = ClientRig()
        fields = [*RESPONSE, (b"grpc-status", b"5")]
        rig.call("one")
        rig.peer.send_headers(1, fields, end_stream=True)
        rig.call("two")
        rig.respond(stream_id=3)
        rig.conclude(fields, stream_id=3)
        rig.flush()
        assert (rig.ending("one")[0], rig.ending("two")[0]) == (5, 13)

    def test_there_is_an_end_to_it(self) -> None:
        rig = ClientRig()
        for number in range(300):
            self._answer(rig, number, [(b"a", b"%d" % number)], [(b"b", b"%d" % number)])
        assert len(rig.connection._responses._responses) <= 128
        assert len(rig.connection._responses._endings) <= 128


class TestRawBinaryMetadata:
    """gRPC's extension G1."""

    def test_it_is_asked_for_by_a_setting(self) -> None:
        assert ClientRig().peer.remote_settings.get(TRUE_BINARY) == 1

    def test_the_setting_can_be_left_out(self) -> None:
        assert ClientRig(Limits(true_binary=False)).peer.remote_settings.get(TRUE_BINARY) is None

    def test_it_is_what_follows_a_nul(self) -> None:
        value = bytes(range(256))
        rig = _answered(fields=[*RESPONSE, (b"a-bin", b"\0" + value)], trailers=[*OK, (b"b-bin", b"\0\r\n")])
        assert rig.tickets[0].initial_metadata == (("a-bin", value),)
        assert rig.tickets[0].terminal_metadata == (("b-bin", b"\r\n"),)

    def test_it_goes_out_to_a_server_that_asks_for_it(self) -> None:
        rig = ClientRig()
        rig.receive(setting_frame(TRUE_BINARY, 1))
        rig.peer.config.validate_inbound_headers = False  # of plain h2, which knows nothing of it
        rig.call(initial_metadata=(("a-bin", bytes(range(256))), ("b", "text")))
        assert rig.request()[-2:] == [(b"a-bin", b"\0" + bytes(range(256))), (b"b", b"text")]

    def test_it_does_not_to_any_other(self) -> None:
        rig = ClientRig()
        rig.receive(setting_frame(TRUE_BINARY, 0))
        rig.call(initial_metadata=(("a-bin", b"\0\n1"),))
        assert rig.request()[-1] == (b"a-bin", b"AAox")


class TestNoStatus:
    def test_a_stream_that_ends_without_trailers_is_unknown(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.respond()
        rig.peer.send_data(1, frame(b"hi"), end_stream=True)
        rig.flush()
        assert rig.ending()[:2] == (2, "the server ended the stream without a status")
        assert rig.payloads("one") == [b"hi"]

    def test_trailers_without_grpc_status_are_unknown(self) -> None:
        rig = _answered(frame(b"hi"), trailers=[(b"a", b"1")])
        assert rig.ending()[:2] == (2, "the server ended the stream without a status")
        assert rig.tickets[-1].terminal_metadata == (("a", "1"),)

    def test_headers_alone_without_grpc_status_are_unknown(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.peer.send_headers(1, RESPONSE, end_stream=True)
        rig.flush()
        assert rig.ending()[0] == 2

    @pytest.mark.parametrize("text", [b"x", b"17", b"00", b"-1", b""])
    def test_a_garbled_grpc_status_is_unknown(self, text: bytes) -> None:
        assert _answered(trailers=[(b"grpc-status", text)]).ending()[0] == 2


class TestHttpStatus:
    @pytest.mark.parametrize(
        ("http_status", "code"),
        [
            *((b"400", 13), (b"401", 16), (b"403", 7), (b"404", 12), (b"429", 14), (b"502", 14), (b"503", 14)),
            *((b"504", 14), (b"500", 2), (b"302", 2)),
        ],
    )
    def test_it_makes_the_status_when_there_is_no_other(self, http_status: bytes, code: int) -> None:
        rig = ClientRig()
        rig.call()
        rig.respond(fields=[(b":status", http_status), (b"content-type", b"text/html")])
        rig.flush()
        text = f"the server did not answer as gRPC: HTTP status {http_status.decode()}, content-type 'text/html'"
        assert rig.ending()[:2] == (code, text)
        assert rig.left == (0, 0)

    def test_the_rest_of_such_an_answer_is_not_wanted(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.respond(b"<html>", fields=[(b":status", b"503"), (b"content-type", b"text/html")])
        rig.flush()
        assert rig.resets() == [7]
        assert rig.payloads("one") == []

    def test_a_grpc_status_in_the_trailers_wins(self) -> None:
        fields = [(b":status", b"503"), (b"content-type", b"application/grpc")]
        assert _answered(fields=fields, trailers=[(b"grpc-status", b"5")]).ending()[0] == 5

    def test_trailers_without_a_status_leave_it_to_the_http_status(self) -> None:
        fields = [(b":status", b"503"), (b"content-type", b"application/grpc")]
        assert _answered(fields=fields, trailers=[(b"a", b"1")]).ending()[0] == 14

    @pytest.mark.parametrize("content_type", [b"text/html", b"application/grpc-web", b""])
    def test_200_with_another_content_type_is_unknown(self, content_type: bytes) -> None:
        rig = ClientRig()
        rig.call()
        rig.respond(fields=[(b":status", b"200"), (b"content-type", content_type)])
        rig.flush()
        assert rig.ending()[0] == 2

    def test_200_without_content_type_is_unknown(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.respond(fields=[(b":status", b"200")])
        rig.flush()
        assert rig.ending()[0] == 2


class TestReset:
    @pytest.mark.parametrize(
        ("error_code", "code"),
        [
            *((0, 13), (1, 13), (2, 13), (3, 13), (4, 13), (5, 13), (6, 13), (8, 1), (9, 13), (10, 13), (11, 8)),
            *((12, 7), (13, 13), (99, 13)),
        ],
    )
    def test_its_error_code_makes_the_status(self, error_code: int, code: int) -> None:
        rig = ClientRig()
        rig.call()
        rig.receive(RstStreamFrame(1, error_code))
        assert rig.ending()[0] == code
        assert f"HTTP/2 error code {error_code} (" in rig.ending()[1]
        assert rig.left == (0, 0)

    def test_refused_stream_is_unavailable_and_says_that_nothing_was_processed(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.receive(RstStreamFrame(1, h2.errors.ErrorCodes.REFUSED_STREAM))
        assert (rig.ending()[0], rig.ending()[2]) == (14, Termination.SHUTDOWN)

    def test_what_came_before_it_is_delivered(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.respond(frame(b"hi"))
        rig.peer.reset_stream(1, 8)
        rig.flush()
        (ticket,) = rig.tickets
        assert (ticket.payload, ticket.code) == (b"hi", 1)

    def test_after_trailers_the_received_status_stands(self) -> None:
        rig = ClientRig()
        rig.call(whole=False)
        rig.respond(frame(b"hi"))
        rig.conclude()
        rig.peer.reset_stream(1, 0)
        assert rig.answer_to(rig.peer.data_to_send()) == []
        rig.deliver()
        assert rig.ending()[:2] == (0, "")
        assert rig.left == (0, 0)

    def test_after_trailers_in_a_read_of_its_own_it_means_nothing(self) -> None:
        rig = ClientRig()
        rig.call(whole=False)
        rig.respond()
        rig.conclude()
        rig.flush()
        before = len(rig.tickets)
        rig.receive(RstStreamFrame(1, 0))
        assert (len(rig.tickets), rig.ending()[0]) == (before, 0)
        assert not rig.connection.finished


class TestMetadataSize:
    def test_initial_metadata_over_the_limit_fails_the_rpc_alone(self) -> None:
        rig = ClientRig(Limits(max_metadata_size=300))
        rig.call()
        rig.call("two")
        rig.respond(fields=[*RESPONSE, (b"a", b"x" * 300)])
        rig.respond(stream_id=3)
        rig.conclude(stream_id=3)
        rig.flush()
        assert rig.ending("one")[0] == 8
        assert "received initial metadata of" in rig.ending("one")[1]
        assert rig.ending("two")[0] == 0
        assert rig.resets(1) == [11]

    def test_trailing_metadata_over_the_limit_fails_the_rpc_alone(self) -> None:
        rig = ClientRig(Limits(max_metadata_size=300))
        rig.call()
        rig.respond(frame(b"hi"))
        rig.conclude([*OK, (b"a", b"x" * 300)])
        rig.flush()
        assert rig.ending()[0] == 8
        assert "received trailing metadata of" in rig.ending()[1]
        assert not rig.connection.finished

    def _between(self, *drawn: float) -> ClientRig:
        """A client whose limits leave 120 to 280 bytes to chance, for blocks that are else remembered."""
        limits = Limits(max_metadata_size=120, hard_metadata_size=280)
        rig = ClientRig(limits, life=ClientLife(random=iter(drawn).__next__))
        assert rig.peer.remote_settings.max_header_list_size == 280
        return rig

    def test_with_a_hard_limit_initial_metadata_between_are_refused_at_random(self) -> None:
        fields = [*RESPONSE, (b"a", b"x" * (200 - 33 - block_size(RESPONSE)))]
        rig = self._between(0.51, 0.49, 0.51)
        for number, stream_id in enumerate((1, 3, 5)):
            rig.call(number)
            rig.respond(frame(b"hi"), fields=fields, stream_id=stream_id)
            rig.conclude(stream_id=stream_id)
            rig.flush()
        assert [rig.ending(number)[0] for number in range(3)] == [0, 8, 0]
        assert "raise the soft one with 'grpc.max_metadata_size'" in rig.ending(1)[1]

    def test_with_a_hard_limit_trailing_metadata_between_are_refused_at_random(self) -> None:
        fields = [*OK, (b"a", b"x" * (200 - 33 - block_size(OK)))]
        rig = self._between(0.51, 0.49, 0.51)
        for number, stream_id in enumerate((1, 3, 5)):
            rig.call(number)
            rig.respond(frame(b"hi"), stream_id=stream_id)
            rig.conclude(fields, stream_id=stream_id)
            rig.flush()
        assert [rig.ending(number)[0] for number in range(3)] == [0, 8, 0]
        assert "received trailing metadata of 200 bytes" in rig.ending(1)[1]


class TestTheEndOfAMessage:
    @pytest.mark.parametrize("length", [1, 4, 5, 6])
    def test_a_stream_that_ends_within_a_message_is_internal(self, length: int) -> None:
        rig = _answered(frame(b"hi")[:length])
        assert rig.ending()[:2] == (13, "the server ended the stream within a message")

    def test_a_failure_that_comes_within_a_message_stands(self) -> None:
        assert _answered(frame(b"hi")[:3], trailers=[(b"grpc-status", b"5")]).ending()[0] == 5

    def test_a_message_over_the_limit_fails_the_rpc_alone(self) -> None:
        rig = ClientRig(Limits(max_receive_message_length=2))
        rig.call()
        rig.respond(frame(b"abc")[:5])
        rig.flush()
        assert rig.ending()[:2] == (
            8,
            "received message of 3 bytes exceeds the limit of 2; raise it with 'grpc.max_receive_message_length'",
        )
        assert rig.resets() == [11]
        assert rig.left == (0, 0)


class TestAnEarlyEnd:
    def test_a_request_that_is_not_wanted_any_more_is_reset_without_error(self) -> None:
        rig = ClientRig()
        rig.call(whole=False)
        rig.respond(frame(b"hi"))
        rig.conclude()
        rig.flush()
        assert rig.ending()[0] == 0
        assert rig.resets() == [0]
        assert rig.left == (0, 0)

    def test_what_the_end_says_after_it_is_dropped(self) -> None:
        rig = ClientRig()
        rig.call(whole=False)
        rig.respond()
        rig.conclude()
        rig.flush()
        rig.say(1, b"late", last=True)
        assert rig.data() == frame(b"hello")


class TestOrder:
    def test_a_second_header_block_before_the_end_is_the_end_of_the_connection(self) -> None:
        """h2 refuses header blocks between the first and the trailers."""
        rig = ClientRig()
        rig.call()
        rig.respond()
        rig.receive(rig.peer.data_to_send(), HeadersFrame(1, header_block([(b"a", b"1")]), flags=["END_HEADERS"]))
        assert rig.connection.finished
        assert rig.ending()[0] == 14
        assert rig.left == (0, 0)

    def test_data_before_headers_is_the_end_of_the_connection(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.receive(b"\0\0\1\0\0\0\0\0\1x")
        assert rig.connection.finished
        assert rig.left == (0, 0)
