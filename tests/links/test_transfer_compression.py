"""Compressed messages through a connection, both ways: wire facts, section 3."""

from __future__ import annotations

from typing import Any, List, Tuple

import pytest

from grpc._links import _compression
from grpc._values import contexts
from grpc._values.limits import Limits
from tests.links.wire_rig import RESPONSE, ClientRig, ServerRig, frame, messages


class TestCompressionOfRequests:
    def test_none_is_the_default(self) -> None:
        rig = ClientRig()
        rig.call(payload=bytes(1000))
        assert rig.data() == frame(bytes(1000))
        assert b"grpc-encoding" not in dict(rig.request())

    def test_what_is_accepted_is_listed(self) -> None:
        rig = ClientRig()
        rig.call()
        assert dict(rig.request())[b"grpc-accept-encoding"] == b"identity, deflate, gzip"

    @pytest.mark.parametrize(("algorithm", "name"), [(1, b"deflate"), (2, b"gzip")])
    def test_a_channel_may_choose(self, algorithm: int, name: bytes) -> None:
        rig = ClientRig(Limits(compression=algorithm))
        rig.call(payload=bytes(1000))
        assert dict(rig.request())[b"grpc-encoding"] == name
        ((flag, data),) = messages(rig.data())
        assert flag == 1
        assert _compression.inflate(algorithm, data, 1000) == bytes(1000)

    def test_a_call_may_choose_otherwise(self) -> None:
        rig = ClientRig(Limits(compression=2))
        rig.call(payload=bytes(1000), options=contexts.CallOptions(compression=1))
        rig.call("two", bytes(1000), options=contexts.CallOptions(compression=0))
        assert dict(rig.request(0))[b"grpc-encoding"] == b"deflate"
        assert b"grpc-encoding" not in dict(rig.request(1))
        assert rig.data(3) == frame(bytes(1000))

    def test_a_message_may_be_kept_from_it(self) -> None:
        rig = ClientRig(Limits(compression=2))
        rig.call(payload=bytes(1000), whole=False)
        rig.say(1, contexts.Uncompressed(bytes(1000)), bytes(1000), last=True)
        assert [flag for flag, _ in messages(rig.data())] == [1, 0, 1]

    def test_messages_that_do_not_get_smaller_and_empty_ones_have_flag_0(self) -> None:
        rig = ClientRig(Limits(compression=2))
        rig.call(payload=b"", whole=False)
        rig.say(1, b"ab", last=True)
        assert messages(rig.data()) == [(0, b""), (0, b"ab")]
        assert dict(rig.request())[b"grpc-encoding"] == b"gzip"

    def test_it_may_be_switched_off_whatever_the_call_says(self) -> None:
        rig = ClientRig(Limits(compression=2, compresses=False))
        rig.call(payload=bytes(1000), options=contexts.CallOptions(compression=1))
        assert rig.data() == frame(bytes(1000))
        assert b"grpc-encoding" not in dict(rig.request())

    def test_limits_are_those_of_the_message_itself(self) -> None:
        rig = ClientRig(Limits(compression=2, max_send_message_length=999))
        rig.call(payload=bytes(1000))
        assert rig.ending()[0] == 8


class TestCompressedRequestsReceived:
    def _call(self, rig: ServerRig, encoding: bytes, body: bytes) -> None:
        rig.call(body, extra=[(b"grpc-encoding", encoding)])

    @pytest.mark.parametrize(("algorithm", "name"), [(1, b"deflate"), (2, b"gzip")])
    def test_they_are_inflated(self, algorithm: int, name: bytes) -> None:
        rig = ServerRig()
        self._call(rig, name, frame(_compression.deflate(algorithm, b"hello" * 9), 1))
        assert rig.payloads(rig.id()) == [b"hello" * 9]

    def test_uncompressed_messages_may_be_among_them(self) -> None:
        rig = ServerRig()
        self._call(rig, b"gzip", frame(b"plain"))
        assert rig.payloads(rig.id()) == [b"plain"]

    @pytest.mark.parametrize("limits", [Limits(), Limits(accepted_compression=0b011)])
    def test_an_unsupported_encoding_is_unimplemented_and_the_answer_lists_what_is_supported(
        self, limits: Limits
    ) -> None:
        rig = ServerRig(limits)
        name = b"snappy" if limits == Limits() else b"gzip"
        self._call(rig, name, frame(b"x", 1))
        assert rig.status() == (b"12", b"grpc-encoding '%s' is not supported here" % name)
        expected = b"identity, deflate, gzip" if limits == Limits() else b"identity, deflate"
        assert rig.response()[b"grpc-accept-encoding"] == expected

    def test_the_answer_to_a_client_that_compresses_lists_what_is_accepted(self) -> None:
        rig = ServerRig()
        self._call(rig, b"gzip", frame(b"plain"))
        rig.answer(b"hi")
        assert rig.response()[b"grpc-accept-encoding"] == b"identity, deflate, gzip"

    @pytest.mark.parametrize("encoding", [None, b"identity"])
    def test_flag_1_without_an_encoding_is_internal(self, encoding: Any) -> None:
        rig = ServerRig()
        extra: List[Tuple[bytes, bytes]] = [] if encoding is None else [(b"grpc-encoding", encoding)]
        rig.call(frame(b"x", 1), extra=extra)
        assert rig.status()[0] == b"13"

    def test_a_corrupt_message_is_internal(self) -> None:
        rig = ServerRig()
        self._call(rig, b"gzip", frame(b"not that", 1))
        assert rig.status()[0] == b"13"
        assert rig.left == (0, 0)

    def test_a_bomb_is_resource_exhausted(self) -> None:
        rig = ServerRig(Limits(max_receive_message_length=2000))
        self._call(rig, b"gzip", frame(_compression.deflate(2, bytes(1_000_000)), 1))
        assert rig.status()[0] == b"8"
        assert b"inflated more than 2000" in rig.status()[1]


class TestCompressionOfResponses:
    ACCEPT = ((b"grpc-accept-encoding", b"identity,gzip"),)

    def _context(self, rig: ServerRig, stream_id: int = 1) -> contexts.RpcContext:
        protocol = rig.told(rig.id(stream_id))[0].protocol
        assert protocol is not None
        context: contexts.RpcContext = protocol.value
        return context

    def test_none_is_the_default(self) -> None:
        rig = ServerRig()
        rig.call(extra=self.ACCEPT)
        rig.answer(bytes(1000))
        assert rig.data() == frame(bytes(1000))
        assert b"grpc-encoding" not in rig.response()

    def test_a_server_may_choose(self) -> None:
        rig = ServerRig(Limits(compression=2))
        rig.call(extra=self.ACCEPT)
        rig.answer(bytes(1000))
        assert rig.response()[b"grpc-encoding"] == b"gzip"
        assert messages(rig.data())[0][0] == 1

    def test_an_algorithm_that_the_client_has_not_listed_is_not_used(self) -> None:
        rig = ServerRig(Limits(compression=1))
        rig.call(extra=self.ACCEPT)
        rig.answer(bytes(1000))
        assert rig.data() == frame(bytes(1000))
        assert b"grpc-encoding" not in rig.response()

    def test_a_client_that_lists_nothing_accepts_identity_only(self) -> None:
        rig = ServerRig(Limits(compression=2))
        rig.call()
        rig.answer(bytes(1000))
        assert rig.data() == frame(bytes(1000))

    def test_the_servicer_may_choose_for_its_rpc(self) -> None:
        rig = ServerRig()
        rig.call(extra=self.ACCEPT)
        rig.call(extra=self.ACCEPT, stream_id=3)
        self._context(rig).set_compression(2)
        rig.answer(bytes(1000))
        rig.answer(bytes(1000), stream_id=3)
        assert messages(rig.data(1))[0][0] == 1
        assert rig.data(3) == frame(bytes(1000))

    def test_the_servicer_may_choose_none(self) -> None:
        rig = ServerRig(Limits(compression=2))
        rig.call(extra=self.ACCEPT)
        self._context(rig).set_compression(0)
        rig.answer(bytes(1000))
        assert rig.data() == frame(bytes(1000))

    def test_the_request_may_be_compressed_otherwise(self) -> None:
        rig = ServerRig(Limits(compression=2))
        message = frame(_compression.deflate(1, bytes(100)), 1)
        rig.call(message, extra=[*self.ACCEPT, (b"grpc-encoding", b"deflate")])
        rig.answer(bytes(1000))
        assert (rig.payloads(rig.id()), rig.response()[b"grpc-encoding"]) == ([bytes(100)], b"gzip")

    def test_the_servicer_may_keep_the_next_message_from_it(self) -> None:
        rig = ServerRig(Limits(compression=2))
        rig.call(extra=self.ACCEPT)
        rig.answer(bytes(1000), last=False)
        self._context(rig).disable_next_message_compression()
        rig.answer(bytes(1000), bytes(1000), number=1, last=False)
        rig.answer(bytes(1000), number=2)
        assert [flag for flag, _ in messages(rig.data())] == [1, 0, 1, 1]

    def test_a_message_may_say_so_itself(self) -> None:
        rig = ServerRig(Limits(compression=2))
        rig.call(extra=self.ACCEPT)
        rig.answer(bytes(1000), contexts.Uncompressed(bytes(1000)))
        assert [flag for flag, _ in messages(rig.data())] == [1, 0]


class TestCompressedResponsesReceived:
    def _answered(self, encoding: bytes, *body: bytes, limits: Limits = Limits()) -> ClientRig:  # noqa: B008
        rig = ClientRig(limits)
        rig.call()
        rig.respond(*body, fields=[*RESPONSE, (b"grpc-encoding", encoding)])
        rig.conclude()
        rig.flush()
        return rig

    @pytest.mark.parametrize(("algorithm", "name"), [(1, b"deflate"), (2, b"gzip")])
    def test_they_are_inflated(self, algorithm: int, name: bytes) -> None:
        rig = self._answered(name, frame(_compression.deflate(algorithm, b"hello" * 9), 1))
        assert (rig.payloads("one"), rig.ending()[0]) == ([b"hello" * 9], 0)

    @pytest.mark.parametrize("limits", [Limits(), Limits(accepted_compression=0b011)])
    def test_an_encoding_that_was_not_offered_is_internal(self, limits: Limits) -> None:
        name = b"snappy" if limits == Limits() else b"gzip"
        rig = self._answered(name, frame(b"x"), limits=limits)
        text = f"the server answered with grpc-encoding '{name.decode()}', which was not offered"
        assert rig.ending()[:2] == (13, text)
        assert rig.payloads("one") == []

    def test_a_corrupt_message_is_internal(self) -> None:
        assert self._answered(b"gzip", frame(b"not that", 1)).ending()[0] == 13

    def test_flag_1_with_identity_is_internal(self) -> None:
        assert self._answered(b"identity", frame(b"x", 1)).ending()[0] == 13

    def test_a_bomb_is_resource_exhausted(self) -> None:
        bomb = frame(_compression.deflate(2, bytes(1_000_000)), 1)
        rig = self._answered(b"gzip", bomb, limits=Limits(max_receive_message_length=2000))
        assert rig.ending()[0] == 8


class TestLevelsOfCompression:
    """What a server chooses by a level, "mapped to what the client accepts"."""

    def _answered(self, limits: Limits, accepts: bytes, chosen: Any = None) -> Any:
        rig = ServerRig(limits)
        rig.call(frame(b"x"), extra=[(b"grpc-accept-encoding", accepts)])
        rig.tickets[0].protocol.value.compression = chosen
        rig.answer(bytes(1000))
        ((flag, _),) = messages(rig.data())
        name = rig.response().get(b"grpc-encoding")
        assert flag == (name is not None)
        return name

    @pytest.mark.parametrize(
        ("level", "accepts", "name"),
        [
            (1, b"identity, deflate, gzip", b"gzip"),
            (2, b"identity, deflate, gzip", b"deflate"),
            (3, b"identity,deflate,gzip", b"deflate"),
            (1, b"identity, deflate", b"deflate"),
            (3, b"gzip", b"gzip"),
            (3, b"identity, snappy", None),
            (0, b"identity, deflate, gzip", None),
        ],
    )
    def test_a_level_is_an_algorithm_that_the_client_lists(self, level: int, accepts: bytes, name: Any) -> None:
        assert self._answered(Limits(compression_level=level), accepts) == name

    def test_a_level_goes_before_the_default_algorithm(self) -> None:
        assert self._answered(Limits(compression=2, compression_level=3), b"deflate, gzip") == b"deflate"

    @pytest.mark.parametrize(("chosen", "name"), [(0, None), (2, b"gzip")])
    def test_what_the_method_chooses_goes_before_a_level(self, chosen: int, name: Any) -> None:
        assert self._answered(Limits(compression_level=3), b"deflate, gzip", chosen) == name

    def test_none_of_it_counts_where_compression_is_switched_off(self) -> None:
        limits = Limits(compression=2, compression_level=3, compresses=False)
        assert self._answered(limits, b"deflate, gzip", 1) is None
