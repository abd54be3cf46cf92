"""Requests as a server reads them: wire facts, section 1 and what sections 4 and 5 say of requests."""

from __future__ import annotations

from typing import List, Tuple

import pytest

from grpc._values.limits import Limits
from tests.links.wire_rig import REQUEST, ServerRig, frame

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
        assert b"does not begin with a slash" in rig.status()[1]

    def test_a_path_that_names_no_method_is_unimplemented(self) -> None:
        rig = ServerRig()
        rig.call(fields=_changed(b":path", b"/index.html"))
        assert rig.status() == (b"12", b"the path '/index.html' names no method")

    @pytest.mark.parametrize("name", [b":method", b":scheme", b":path"])
    def test_a_missing_pseudo_header_is_the_end_of_the_connection(self, name: bytes) -> None:
        """HTTP/2 calls it malformed, and h2 takes that for a connection error."""
        rig = ServerRig()
        rig.connection.receive_data(rig.peer.data_to_send())
        rig.call(fields=_without(name))
        assert rig.connection.finished
        assert (rig.tickets, rig.left) == ([], (0, 0))

    def test_neither_authority_nor_host_is_the_end_of_the_connection(self) -> None:
        rig = ServerRig()
        rig.call(fields=_without(b":authority"))
        assert rig.connection.finished

    def test_data_after_the_answer_is_ignored(self) -> None:
        rig = ServerRig()
        rig.peer.send_headers(1, _changed(b"content-type", b"text/html"))
        rig.peer.send_data(1, frame(b"x"), end_stream=True)
        rig.flush()
        assert (rig.tickets, rig.left) == ([], (0, 0))
        assert not rig.connection.finished


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

    def test_twice_the_limit_or_64_kib_end_the_connection(self) -> None:
        rig = ServerRig(Limits(max_metadata_size=400))
        for number in range(3):
            rig.peer.send_headers(2 * number + 1, [*REQUEST, (b"a", b"x" * 20_000)])
        rig.flush()
        assert not rig.connection.finished
        rig.peer.send_headers(7, [*REQUEST, *((b"a%d" % number, b"x" * 16_000) for number in range(5))])
        rig.flush()
        assert rig.connection.finished
