"""Requests as a server reads them: wire facts, section 1 and what sections 4 and 5 say of requests."""

from __future__ import annotations

from typing import List, Tuple

import pytest

from grpc._links._metadata import TRUE_BINARY, block_size
from grpc._links._upkeep import ServerLife
from grpc._values.limits import Limits
from tests.links.wire_rig import REQUEST, ServerRig, Termination, frame, setting_frame

Fields = List[Tuple[bytes, bytes]]


def _changed(name: bytes, value: bytes) -> Fields:
    """A request with one field changed."""
    return [(key, value if key == name else old) for key, old in REQUEST]


def _without(name: bytes) -> Fields:
    """A request with one field less."""
    return [(key, old) for key, old in REQUEST if key != name]


class TestARequest:
    def test_it_begins_an_operation_with_group_and_method_of_the_path(self) -> None:
        rig = ServerRig()
        rig.call(frame(b"hello"))
        (ticket,) = rig.tickets
        assert (ticket.operation_id, ticket.sequence_number) == (rig.id(), 0)
        assert (ticket.group, ticket.method, ticket.payload) == ("pkg.Svc", "Do", b"hello")
        assert (ticket.timeout, ticket.initial_metadata) == (None, ())

    @pytest.mark.parametrize(
        ("path", "names"),
        [(b"/Svc/Do", ("Svc", "Do")), (b"/a/b/c", ("a/b", "c")), (b"//Do", ("", "Do")), (b"/Svc/", ("Svc", ""))],
    )
    def test_the_method_is_what_follows_the_last_slash(self, path: bytes, names: Tuple[str, str]) -> None:
        rig = ServerRig()
        rig.call(fields=_changed(b":path", path))
        assert (rig.tickets[0].group, rig.tickets[0].method) == names

    def test_paths_are_case_sensitive(self) -> None:
        rig = ServerRig()
        rig.call(fields=_changed(b":path", b"/PKG.svc/dO"))
        assert (rig.tickets[0].group, rig.tickets[0].method) == ("PKG.svc", "dO")

    @pytest.mark.parametrize(
        "content_type",
        [b"application/grpc", b"application/grpc+proto", b"application/grpc+json", b"application/grpc;charset=utf-8"],
    )
    def test_the_content_type_may_have_a_subtype(self, content_type: bytes) -> None:
        rig = ServerRig()
        rig.call(fields=_changed(b"content-type", content_type))
        assert rig.tickets[0].method == "Do"

    def test_metadata_is_what_is_not_the_protocols_own(self) -> None:
        rig = ServerRig()
        extra = [(b"user-agent", b"x/1"), (b"a", b"1"), (b"grpc-accept-encoding", b"gzip")]
        extra += [(b"b-bin", b"YQ,Yg"), (b"a", b"2")]
        rig.call(extra=extra)
        assert rig.tickets[0].initial_metadata == (
            ("user-agent", "x/1"),
            ("a", "1"),
            ("b-bin", b"a"),
            ("b-bin", b"b"),
            ("a", "2"),
        )

    def test_the_timeout_is_told_in_seconds(self) -> None:
        rig = ServerRig()
        rig.call(extra=[(b"grpc-timeout", b"1500m")])
        rig.call(extra=[(b"grpc-timeout", b"2S")], stream_id=3)
        rig.call(stream_id=5)
        assert [ticket.timeout for ticket in rig.tickets] == [1.5, 2.0, None]

    def test_an_unreadable_timeout_is_none(self) -> None:
        rig = ServerRig()
        rig.call(extra=[(b"grpc-timeout", b"soon")])
        assert rig.tickets[0].timeout is None

    def test_host_takes_the_place_of_a_missing_authority(self) -> None:
        rig = ServerRig()
        rig.call(fields=_without(b":authority"), extra=[(b"host", b"test.example")])
        assert rig.tickets[0].method == "Do"
        assert rig.tickets[0].initial_metadata == ()

    def test_requests_that_differ_in_any_field_are_told_apart(self) -> None:
        """What was read once is remembered."""
        rig = ServerRig()
        for number in range(4):
            extra = [(b"grpc-timeout", b"%dS" % (number + 1)), (b"n", b"%d" % (number // 2))]
            rig.call(fields=_changed(b":path", b"/S/M%d" % (number % 2)), extra=extra, stream_id=2 * number + 1)
        assert [(t.method, t.timeout, t.initial_metadata) for t in rig.tickets] == [
            ("M0", 1.0, (("n", "0"),)),
            ("M1", 2.0, (("n", "0"),)),
            ("M0", 3.0, (("n", "1"),)),
            ("M1", 4.0, (("n", "1"),)),
        ]

    def test_what_is_remembered_is_bounded(self) -> None:
        rig = ServerRig()
        for number in range(300):
            rig.call(extra=[(b"n", b"%d" % number)], stream_id=2 * number + 1)
            rig.answer(stream_id=2 * number + 1)
        assert len(rig.connection._requests._known) <= 128
        assert [ticket.initial_metadata for ticket in rig.tickets] == [(("n", str(number)),) for number in range(300)]


class TestAMalformedRequest:
    """It is answered by the link; the End hears nothing of it."""

    @pytest.mark.parametrize(
        "content_type",
        [b"", b"text/html", b"application/json", b"application/grpc-web", b"application/grpcx", b"xapplication/grpc"],
    )
    def test_another_content_type_is_http_415(self, content_type: bytes) -> None:
        rig = ServerRig()
        rig.call(fields=_changed(b"content-type", content_type))
        assert rig.response() == {b":status": b"415"}
        assert (rig.tickets, rig.left) == ([], (0, 0))

    def test_no_content_type_is_http_415(self) -> None:
        rig = ServerRig()
        rig.call(fields=_without(b"content-type"))
        assert rig.response() == {b":status": b"415"}

    def test_the_answer_to_a_request_that_has_ended_is_one_header_block(self) -> None:
        rig = ServerRig()
        rig.peer.send_headers(1, _changed(b"content-type", b"text/html"), end_stream=True)
        rig.peer.send_headers(3, _changed(b":method", b"GET"), end_stream=True)
        assert rig.answer_to(rig.peer.data_to_send()) == [1, 1]

    def test_a_415_ends_a_stream_that_the_client_has_not_ended(self) -> None:
        rig = ServerRig()
        rig.call(fields=_changed(b"content-type", b"text/html"), whole=False)
        assert rig.resets() == [0]

    @pytest.mark.parametrize("method", [b"GET", b"PUT", b"post"])
    def test_another_method_is_unknown(self, method: bytes) -> None:
        rig = ServerRig()
        rig.call(fields=_changed(b":method", method))
        assert rig.status()[0] == b"2"
        assert b"has the method POST, not" in rig.status()[1]
        assert (rig.tickets, rig.left) == ([], (0, 0))

    def test_a_missing_te_is_unknown(self) -> None:
        rig = ServerRig()
        rig.call(fields=_without(b"te"))
        assert rig.status() == (b"2", b"a gRPC request says 'te: trailers'; this one, or a proxy on its way, does not")

    def test_another_scheme_is_unknown(self) -> None:
        rig = ServerRig()
        rig.call(fields=_changed(b":scheme", b"ftp"))
        assert rig.status() == (b"2", b"a gRPC request has the scheme http or https, not 'ftp'")

    @pytest.mark.parametrize("path", [b"pkg.Svc/Do", b"*"])
    def test_a_path_without_a_leading_slash_is_unknown(self, path: bytes) -> None:
        rig = ServerRig()
        rig.call(fields=_changed(b":path", path))
        assert rig.status()[0] == b"2"
        assert b"has a path that begins with a slash, not" in rig.status()[1]

    def test_a_path_that_names_no_method_is_unimplemented(self) -> None:
        rig = ServerRig()
        rig.call(fields=_changed(b":path", b"/index.html"))
        assert rig.status() == (b"12", b"the path '/index.html' names no method")

    @pytest.mark.parametrize("name", [b":method", b":scheme", b":path"])
    def test_a_missing_pseudo_header_is_unknown(self, name: bytes) -> None:
        rig = ServerRig()
        rig.call(fields=_without(name))
        assert rig.status()[0] == b"2"
        assert rig.status()[1].endswith(b", not none")
        assert (rig.tickets, rig.left, rig.connection.finished) == ([], (0, 0), False)

    def test_neither_authority_nor_host_is_unknown(self) -> None:
        rig = ServerRig()
        rig.call(fields=_without(b":authority"))
        assert rig.status() == (b"2", b"a gRPC request has an authority of visible ASCII characters, not none")
        assert not rig.connection.finished

    @pytest.mark.parametrize("authority", [b"", b"a b", b"caf\xe9"])
    def test_a_bad_authority_is_unknown(self, authority: bytes) -> None:
        rig = ServerRig()
        rig.call(fields=_changed(b":authority", authority))
        assert rig.status()[0] == b"2"

    def test_a_host_that_says_otherwise_is_unknown(self) -> None:
        rig = ServerRig()
        rig.call(extra=[(b"host", b"other.example")])
        rig.call(extra=[(b"host", b"TEST.example")], stream_id=3)
        assert rig.status()[0] == b"2"
        assert [ticket.operation_id for ticket in rig.tickets] == [rig.id(3)]

    @pytest.mark.parametrize("te", [b"gzip", b"", b"trailers, deflate"])
    def test_a_wrong_te_is_unknown(self, te: bytes) -> None:
        rig = ServerRig()
        rig.call(fields=_changed(b"te", te))
        assert rig.status() == (b"2", b"a gRPC request says 'te: trailers', not 'te: %b'" % te)

    def test_data_after_the_answer_is_ignored(self) -> None:
        rig = ServerRig()
        rig.peer.send_headers(1, _changed(b"content-type", b"text/html"))
        rig.peer.send_data(1, frame(b"x"), end_stream=True)
        rig.flush()
        assert (rig.tickets, rig.left) == ([], (0, 0))
        assert not rig.connection.finished


_MALFORMED = {
    "upper case": [*REQUEST, (b"Name", b"x")],
    "empty name": [*REQUEST, (b"", b"x")],
    "space in a name": [*REQUEST, (b"a b", b"x")],
    "colon in a name": [*REQUEST, (b"a:b", b"x")],
    "NUL in a value": [*REQUEST, (b"a", b"x\0y")],
    "CR in a value": [*REQUEST, (b"a", b"x\ry")],
    "LF in a value": [*REQUEST, (b"a", b"x\ny")],
    "LF in a binary value that is not raw": [*REQUEST, (b"a-bin", b"YQ\n")],
    "pseudo-header behind others": [*REQUEST[:3], (b"te", b"trailers"), REQUEST[3], *REQUEST[5:]],
    "pseudo-header twice": [REQUEST[0], *REQUEST],
    "unknown pseudo-header": [(b":protocol", b"x"), *REQUEST],
    "pseudo-header of a response": [(b":status", b"200"), *REQUEST],
    "field of connections": [*REQUEST, (b"connection", b"close")],
}


class TestARequestThatHttpCallsMalformed:
    """RFC 9113, 8.1.1: a stream error of type PROTOCOL_ERROR, each time it comes, and nothing else ends."""

    @pytest.mark.parametrize("what", _MALFORMED)
    def test_its_stream_alone_is_reset(self, what: str) -> None:
        rig = ServerRig()
        rig.call(frame(b"running"), whole=False)
        for stream_id in (3, 5, 7):
            rig.call(frame(b"x"), fields=_MALFORMED[what], stream_id=stream_id)
            assert rig.resets(stream_id) == [1]
        assert [ticket.operation_id for ticket in rig.tickets] == [rig.id(1)]
        rig.answer(b"done")
        assert rig.status() == (b"0", b"")

    def test_trailers_that_are_malformed_cancel_their_call_alone(self) -> None:
        rig = ServerRig()
        for stream_id in (1, 3):
            rig.call(frame(b"x"), stream_id=stream_id, whole=False)
        rig.peer.send_headers(1, [(b"Name", b"x")], end_stream=True)
        rig.flush()
        assert rig.resets(1) == [1]
        assert [ticket.termination for ticket in rig.told(rig.id(1))][-1] is Termination.CANCELLATION
        rig.answer(b"done", stream_id=3)
        assert rig.status(3) == (b"0", b"")

    def test_trailers_that_are_well_formed_mean_nothing(self) -> None:
        rig = ServerRig()
        rig.call(frame(b"x"), whole=False)
        rig.peer.send_headers(1, [(b"name", b"x")], end_stream=True)
        rig.flush()
        rig.answer(b"done")
        assert rig.status() == (b"0", b"")

    def test_more_of_them_than_of_other_resets_bring_the_end(self) -> None:
        rig = ServerRig()
        for number in range(1001):
            rig.peer.send_headers(2 * number + 1, _MALFORMED["upper case"], end_stream=True)
        rig.flush()
        assert rig.connection.finished

    def test_a_value_may_be_anything_else_that_http_allows(self) -> None:
        rig = ServerRig()
        rig.call(extra=[(b"a", b"\x01\x7f\xff\t"), (b"b!", b" x ")])
        assert rig.tickets[0].initial_metadata == (("a", "\x01\x7f\xff\t"), ("b!", " x "))

    @pytest.mark.parametrize("length", [b"7", b"many"])
    def test_a_content_length_means_nothing(self, length: bytes) -> None:
        rig = ServerRig()
        rig.call(frame(b"hello"), extra=[(b"content-length", length)])
        assert rig.payloads(rig.id()) == [b"hello"]
        assert rig.tickets[0].initial_metadata == ()

    def test_cookies_are_left_apart(self) -> None:
        rig = ServerRig()
        rig.call(extra=[(b"cookie", b"a"), (b"x", b"y"), (b"cookie", b"b")])
        assert rig.tickets[0].initial_metadata == (("cookie", "a"), ("x", "y"), ("cookie", "b"))


class TestRawBinaryMetadata:
    """gRPC's extension G1."""

    def test_it_is_asked_for_by_a_setting(self) -> None:
        assert ServerRig().peer.remote_settings.get(TRUE_BINARY) == 1

    def test_the_setting_can_be_left_out(self) -> None:
        rig = ServerRig(Limits(true_binary=False))
        assert rig.peer.remote_settings.get(TRUE_BINARY) is None

    @pytest.mark.parametrize("value", [b"", b"\0", b"\r\n\0", b" a,b ", bytes(range(256)), b"YQ"])
    def test_it_is_what_follows_a_nul(self, value: bytes) -> None:
        rig = ServerRig()
        for stream_id in (1, 3):
            rig.call(extra=[(b"a-bin", b"\0" + value), (b"b-bin", b"YQ,Yg")], stream_id=stream_id)
        expected = (("a-bin", value), ("b-bin", b"a"), ("b-bin", b"b"))
        assert [ticket.initial_metadata for ticket in rig.tickets] == [expected, expected]

    def test_it_goes_out_to_a_client_that_asks_for_it(self) -> None:
        rig = ServerRig()
        rig.receive(setting_frame(TRUE_BINARY, 1))
        rig.peer.config.validate_inbound_headers = False  # of plain h2, which knows nothing of it
        rig.call(frame(b"x"))
        rig.answer(b"y", initial_metadata=(("a-bin", b"\0\n1"),), terminal_metadata=(("b-bin", bytes(range(256))),))
        assert rig.response()[b"a-bin"] == b"\0\0\n1"
        assert rig.trailers()[b"b-bin"] == b"\0" + bytes(range(256))

    def test_it_does_not_to_any_other(self) -> None:
        rig = ServerRig()
        rig.call(frame(b"x"))
        rig.answer(b"y", initial_metadata=(("a-bin", b"\0\n1"),))
        assert rig.response()[b"a-bin"] == b"AAox"


class TestConcurrentStreams:
    """Section 9, the limit that the server announces."""

    def test_the_limit_is_announced(self) -> None:
        rig = ServerRig(Limits(max_concurrent_streams=7))
        assert rig.peer.remote_settings.max_concurrent_streams == 7

    def test_a_stream_over_the_limit_is_refused_and_the_others_go_on(self) -> None:
        """A client that has not read the settings yet cannot know better."""
        rig = ServerRig(Limits(max_concurrent_streams=2), greet=False)
        for stream_id in (1, 3, 5):
            rig.peer.send_headers(stream_id, REQUEST, end_stream=True)
        rig.flush()
        assert [ticket.operation_id for ticket in rig.tickets] == [rig.id(1), rig.id(3)]
        assert (rig.resets(5), rig.connection.finished) == ([7], False)
        rig.answer(b"done")
        rig.call(stream_id=7)
        assert rig.tickets[-1].operation_id == rig.id(7)

    def test_a_client_that_goes_on_like_this_is_stopped(self) -> None:
        rig = ServerRig(Limits(max_concurrent_streams=1), greet=False)
        for number in range(1002):
            rig.peer.send_headers(2 * number + 1, REQUEST, end_stream=True)
        rig.flush()
        assert rig.connection.finished


class TestMetadataSize:
    def test_a_request_over_the_limit_fails_alone(self) -> None:
        rig = ServerRig(Limits(max_metadata_size=400))
        rig.call(extra=[(b"a", b"x" * 400)])
        assert rig.status()[0] == b"8"
        assert b"exceeds the limit of 400; raise it with 'grpc.max_metadata_size'" in rig.status()[1]
        assert rig.tickets == []
        rig.call(stream_id=3)
        assert [ticket.operation_id for ticket in rig.tickets] == [rig.id(3)]

    def test_the_size_is_name_and_value_and_32_of_every_field(self) -> None:
        size = sum(len(name) + len(value) + 32 for name, value in REQUEST) + 32 + len(b"a")
        limits = Limits(max_metadata_size=size + 100)
        rig = ServerRig(limits)
        rig.call(extra=[(b"a", b"x" * 100)])
        rig.call(extra=[(b"a", b"x" * 101)], stream_id=3)
        assert [ticket.operation_id for ticket in rig.tickets] == [rig.id(1)]
        assert rig.status(3)[0] == b"8"

    def test_the_limit_is_advertised(self) -> None:
        rig = ServerRig(Limits(max_metadata_size=4321))
        assert rig.peer.remote_settings.max_header_list_size == 4321

    def test_with_a_hard_limit_those_between_are_refused_at_random(self) -> None:
        size = block_size(REQUEST)
        limits = Limits(max_metadata_size=size, hard_metadata_size=size + 2 * 133)
        draw = iter((0.49, 0.51, 0.49)).__next__
        rig = ServerRig(limits, life=ServerLife(random=draw))
        rig.call()
        for stream_id in (3, 5, 7):
            rig.call(extra=[(b"a", b"x" * 100)], stream_id=stream_id)
        assert [ticket.operation_id for ticket in rig.tickets] == [rig.id(1), rig.id(5)]
        assert rig.status(3)[0] == rig.status(7)[0] == b"8"
        assert b"raise the soft one with 'grpc.max_metadata_size'" in rig.status(3)[1]

    def test_with_a_hard_limit_those_above_it_are_refused_and_it_is_advertised(self) -> None:
        rig = ServerRig(Limits(max_metadata_size=400, hard_metadata_size=500))
        assert rig.peer.remote_settings.max_header_list_size == 500
        rig.call(extra=[(b"a", b"x" * 500)])
        assert rig.status()[0] == b"8"
        assert b"exceeds the limit of 500; raise it with 'grpc.absolute_max_metadata_size'" in rig.status()[1]

    def test_one_above_a_large_hard_limit_fails_alone(self) -> None:
        rig = ServerRig(Limits(hard_metadata_size=70_000))
        rig.call(extra=[(b"a%d" % number, b"x" * 15_000) for number in range(5)])
        assert rig.status()[0] == b"8"
        assert not rig.connection.finished

    def test_twice_the_limit_or_64_kib_end_the_connection(self) -> None:
        rig = ServerRig(Limits(max_metadata_size=400))
        for number in range(3):
            rig.peer.send_headers(2 * number + 1, [*REQUEST, (b"a", b"x" * 20_000)])
        rig.flush()
        assert not rig.connection.finished
        rig.peer.send_headers(7, [*REQUEST, *((b"a%d" % number, b"x" * 16_000) for number in range(5))])
        rig.flush()
        assert rig.connection.finished
