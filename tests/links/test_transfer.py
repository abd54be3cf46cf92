"""Payloads through a connection: flow control both ways, wire facts, section 3."""

from __future__ import annotations

from typing import Any, List, Tuple

import h2.events
import pytest
from hyperframe.frame import DataFrame
from hypothesis import given, settings
from hypothesis import strategies as st

from grpc._links import _compression, _flow
from grpc._values import contexts
from grpc._values.limits import Limits
from tests.links.wire_rig import REQUEST, RESPONSE, ClientRig, Codes, ServerRig, frame, messages

SMALL = 1000
SMALL_WINDOW = Limits(stream_window=SMALL)


def _beginning(limits: Limits = SMALL_WINDOW) -> ServerRig:
    """A server whose client has begun a call and sent nothing yet."""
    rig = ServerRig(limits)
    rig.call(None, whole=False)
    return rig


def _arrive(rig: Any, *payloads: bytes, end: bool = False) -> None:
    """Have a peer send messages as far as its windows admit them, in frames of any size."""
    data = b"".join(map(frame, payloads))
    while data:
        room = min(rig.peer.local_flow_control_window(1), rig.peer.max_outbound_frame_size)
        if room <= 0:
            break
        rig.peer.send_data(1, data[:room])
        data = data[room:]
        rig.flush()
    assert not data, f"{len(data)} bytes were not admitted"
    if end:
        rig.peer.end_stream(1)
    rig.flush()


def _allow(rig: ServerRig, number: int, payloads: int) -> None:
    rig.answer(number=number, last=False, allowance=payloads)


class TestReceivingWithinTheAllowance:
    def test_the_first_payload_is_allowed_and_the_second_is_not(self) -> None:
        rig = _beginning()
        _arrive(rig, b"1", b"2", b"3")
        assert rig.payloads(rig.id()) == [b"1"]

    def test_payloads_arrive_as_they_are_allowed(self) -> None:
        rig = _beginning()
        _arrive(rig, b"1", b"2", b"3", b"4")
        _allow(rig, 0, 2)
        assert rig.payloads(rig.id()) == [b"1", b"2", b"3"]
        _allow(rig, 1, 1)
        assert rig.payloads(rig.id()) == [b"1", b"2", b"3", b"4"]

    def test_what_is_allowed_in_advance_arrives_at_once(self) -> None:
        rig = _beginning()
        _allow(rig, 0, 2)
        _arrive(rig, b"1", b"2", b"3", b"4")
        assert rig.payloads(rig.id()) == [b"1", b"2", b"3"]

    def test_many_messages_of_one_read_are_one_ticket(self) -> None:
        rig = _beginning(Limits())
        _allow(rig, 0, 99)
        for number in range(100):
            rig.peer.send_data(1, frame(b"%d" % number))
        rig.flush()
        assert [len(ticket.further_payloads) for ticket in rig.tickets] == [0, 99]

    def test_the_end_of_a_request_waits_for_the_payloads_before_it(self) -> None:
        rig = _beginning()
        _arrive(rig, b"1", b"2", end=True)
        assert rig.tickets[-1].termination is None
        _allow(rig, 0, 1)
        last = rig.tickets[-1]
        assert (last.payload, last.termination is not None) == (b"2", True)

    def test_the_status_waits_for_the_payloads_before_it(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.respond(frame(b"1") + frame(b"2"))
        rig.conclude([(b"grpc-status", b"5")])
        rig.flush()
        assert rig.tickets[-1].termination is None
        assert rig.left == (0, 1)
        rig.say(1, allowance=5)
        assert (rig.payloads("one"), rig.ending()[0]) == ([b"1", b"2"], 5)
        assert rig.left == (0, 0)

    def test_a_stream_whose_rest_is_not_allowed_yet_counts_no_more_for_the_peers_limit(self) -> None:
        rig = ClientRig(settings={Codes.MAX_CONCURRENT_STREAMS: 1})
        rig.call("one")
        rig.call("two")
        rig.respond(frame(b"1") + frame(b"2"))
        rig.conclude()
        rig.flush()
        assert len(rig.heard(h2.events.RequestReceived)) == 2

    def test_a_stream_that_ends_within_a_message_after_payloads_that_wait_is_found_out_in_the_end(self) -> None:
        rig = _beginning()
        rig.peer.send_data(1, frame(b"1") + frame(b"2") + b"\0\0", end_stream=True)
        rig.flush()
        _allow(rig, 0, 5)
        assert rig.status()[0] == b"13"
        assert rig.left == (0, 0)

    def test_a_payload_that_cannot_be_read_fails_the_call_when_it_is_allowed(self) -> None:
        rig = _beginning()
        rig.peer.send_data(1, frame(b"1") + frame(b"2", 1))
        rig.flush()
        assert rig.payloads(rig.id()) == [b"1"]
        _allow(rig, 0, 1)
        assert rig.status()[0] == b"13"


class TestGivingWindowsBack:
    def test_a_message_larger_than_the_window_arrives(self) -> None:
        rig = _beginning()
        _arrive(rig, bytes(50 * SMALL))
        assert rig.payloads(rig.id()) == [bytes(50 * SMALL)]

    def test_even_a_window_of_one_byte_will_do(self) -> None:
        rig = _beginning(Limits(stream_window=1))
        _arrive(rig, bytes(10))
        assert rig.payloads(rig.id()) == [bytes(10)]

    def test_what_is_not_allowed_is_not_given_back(self) -> None:
        rig = _beginning()
        with pytest.raises(AssertionError, match="were not admitted"):
            _arrive(rig, b"1", bytes(50 * SMALL))
        assert rig.connection._streams[1].reader.held <= SMALL
        assert rig.peer.local_flow_control_window(1) == 0

    def test_it_is_when_it_is_allowed(self) -> None:
        rig = _beginning()
        with pytest.raises(AssertionError):
            _arrive(rig, b"1", b"2" * (2 * SMALL))
        _allow(rig, 0, 1)
        assert rig.peer.local_flow_control_window(1) >= SMALL * 3 // 4

    def test_many_small_messages_then_large_ones_keep_flowing_while_allowed(self) -> None:
        """The allowance is a promise, whatever the sizes; bytes do not hold it up."""
        rig = _beginning()
        _allow(rig, 0, 128)
        sizes = [10] * 10 + [3 * SMALL] * 20
        _arrive(rig, *(bytes(size) for size in sizes))
        assert [len(payload) for payload in rig.payloads(rig.id())] == sizes

    def test_windows_are_given_back_in_quarters(self) -> None:
        rig = _beginning()
        _allow(rig, 0, 1000)
        _arrive(rig, *([bytes(5)] * 100))
        updates = [event.delta for event in rig.heard(h2.events.WindowUpdated) if event.stream_id == 1]
        assert updates
        assert min(updates) >= SMALL // 4
        assert sum(updates) <= 1000

    def test_a_stream_whose_peer_has_ended_gets_nothing(self) -> None:
        rig = _beginning()
        _arrive(rig, b"1", bytes(SMALL - 100), end=True)
        _allow(rig, 0, 1)
        assert rig.given_back(1) == 0

    def test_padding_counts(self) -> None:
        """Section 14, data_frame_padding: 5 bytes of payload and 255 of padding per frame."""
        rig = _beginning()
        body = frame(bytes(95))
        for start in range(0, len(body), 5):
            rig.peer.send_data(1, body[start : start + 5], pad_length=255)
            rig.flush()
        assert rig.payloads(rig.id()) == [bytes(95)]
        arrived = 20 * (5 + 256)
        assert arrived - SMALL // 4 < rig.given_back(1) <= arrived

    def test_padding_of_what_is_held_is_given_back(self) -> None:
        rig = _beginning()
        rig.peer.send_data(1, frame(b"1"))
        for _ in range(20):
            rig.peer.send_data(1, b"\0", pad_length=255)
            rig.flush()
        assert rig.connection._streams[1].held == 20

    def test_the_connections_window_is_given_back_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rig = _beginning(Limits(stream_window=2**26, max_receive_message_length=-1))
        rig.connection._connection_step = 1000
        rig.peer.send_data(1, frame(b"1"))
        before = rig.given_back()
        for _ in range(10):
            rig.peer.send_data(1, bytes(1000))
            rig.flush()
        assert rig.given_back() - before >= 9000
        assert rig.connection._streams[1].held == 10_000

    def test_beyond_the_bound_it_is_given_back_as_payloads_are_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_flow, "HELD_BOUND", 5000)
        rig = _beginning(Limits(stream_window=2**26))
        rig.connection._connection_step = 1000
        rig.peer.send_data(1, frame(b"1"))
        rig.flush()
        before = rig.given_back()
        for _ in range(20):
            rig.peer.send_data(1, frame(bytes(995)))
            rig.flush()
        assert rig.given_back() - before <= 6 + 5000 + 1000
        _allow(rig, 0, 20)
        assert rig.given_back() - before >= 19_000

    def test_one_slow_reader_does_not_stop_another_stream(self) -> None:
        rig = _beginning(SMALL_WINDOW)
        with pytest.raises(AssertionError):
            _arrive(rig, b"1", bytes(50 * SMALL))
        rig.call(frame(b"2"), stream_id=3)
        assert rig.payloads(rig.id(3)) == [b"2"]

    def test_data_on_streams_that_are_over_is_given_back_to_the_connection(self) -> None:
        rig = _beginning(Limits())
        rig.connection._connection_step = 1000
        rig.peer.send_headers(3, [*REQUEST[:-1], (b"content-type", b"text/html")])
        rig.peer.send_data(3, bytes(2000))
        before = rig.given_back()
        rig.flush()
        assert rig.given_back() - before >= 2000

    def test_a_call_that_ends_with_data_held_frees_its_share(self) -> None:
        rig = _beginning()
        _arrive(rig, b"1", b"2", b"3")
        assert rig.connection._held > 0
        rig.answer(b"done")
        assert rig.connection._held == 0


class TestSendingWithinTheWindows:
    def test_what_the_stream_window_does_not_admit_waits(self) -> None:
        rig = ClientRig(settings={Codes.INITIAL_WINDOW_SIZE: 10})
        rig.call(payload=bytes(100))
        assert len(rig.data()) == 10
        rig.open(15, 1)
        assert len(rig.data()) == 25
        rig.open(1000, 1)
        assert rig.data() == frame(bytes(100))
        assert rig.heard(h2.events.DataReceived)[-1].stream_ended is not None

    def test_the_windows_of_the_connection_count_too(self) -> None:
        rig = ClientRig(settings={Codes.INITIAL_WINDOW_SIZE: 2**20})
        rig.call("one", bytes(60_000))
        rig.call("two", bytes(60_000))
        assert len(rig.data(1)) + len(rig.data(3)) == 65_535
        rig.open(2**20)
        assert (len(rig.data(1)), len(rig.data(3))) == (60_005, 60_005)

    def test_settings_may_push_a_window_below_zero(self) -> None:
        rig = ClientRig(settings={Codes.INITIAL_WINDOW_SIZE: 100})
        rig.call(payload=bytes(200))
        assert len(rig.data()) == 100
        rig.set(INITIAL_WINDOW_SIZE=10)
        rig.open(90, 1)
        assert len(rig.data()) == 100
        rig.open(1, 1)
        assert len(rig.data()) == 101

    def test_settings_may_open_a_window(self) -> None:
        rig = ClientRig(settings={Codes.INITIAL_WINDOW_SIZE: 10})
        rig.call(payload=bytes(100))
        rig.set(INITIAL_WINDOW_SIZE=1000)
        assert rig.data() == frame(bytes(100))

    def test_no_frame_is_larger_than_the_peer_accepts(self) -> None:
        rig = ClientRig(settings={Codes.INITIAL_WINDOW_SIZE: 2**20})
        rig.call(payload=bytes(50_000))
        sizes = [len(event.data) for event in rig.heard(h2.events.DataReceived)]
        assert (max(sizes), sum(sizes)) == (16_384, 50_005)

    def test_the_end_waits_for_what_waits(self) -> None:
        rig = ClientRig(settings={Codes.INITIAL_WINDOW_SIZE: 10})
        rig.call(payload=bytes(100), whole=False)
        rig.say(1, last=True)
        assert rig.heard(h2.events.StreamEnded) == []
        rig.open(1000, 1)
        assert len(rig.heard(h2.events.StreamEnded)) == 1

    def test_small_messages_of_one_ticket_share_a_frame(self) -> None:
        rig = ClientRig()
        rig.call(whole=False)
        rig.say(1, b"1", b"2", b"3", last=True)
        assert rig.heard(h2.events.DataReceived)[1].data == frame(b"1") + frame(b"2") + frame(b"3")

    def test_small_messages_that_have_waited_share_a_frame(self) -> None:
        rig = ClientRig(settings={Codes.INITIAL_WINDOW_SIZE: 10})
        rig.call(whole=False)
        for number in range(1, 20):
            rig.say(number, b"%d" % number)
        rig.open(10_000, 1)
        assert len(rig.heard(h2.events.DataReceived)) == 2
        assert len(messages(rig.data())) == 20

    def test_no_stream_is_served_first_for_ever(self) -> None:
        rig = ClientRig(settings={Codes.INITIAL_WINDOW_SIZE: 2**20})
        rig.call("one", bytes(65_535))
        rig.call("two", bytes(500_000))
        rig.call("three", bytes(500_000))
        rig.open(1000)
        rig.open(1000)
        rig.open(1000)
        assert len(rig.data(3)) > 0
        assert len(rig.data(5)) > 0


class TestLeaveToSend:
    def test_it_is_renewed_to_64_payloads_when_half_is_used(self) -> None:
        rig = ClientRig()
        rig.call(whole=False)
        assert rig.granted("one") == 64
        for number in range(1, 32):
            rig.say(number, b"x")
        assert rig.granted("one") == 64
        rig.say(32, b"x")
        assert rig.granted("one") == 96

    def test_a_service_gets_it_too(self) -> None:
        rig = ServerRig()
        rig.call()
        rig.answer(b"1", last=False)
        assert rig.granted(rig.id()) == 64

    def test_the_last_payload_earns_none(self) -> None:
        rig = ClientRig()
        rig.call(whole=False)
        rig.say(1, *([b"x"] * 40), last=True)
        assert rig.granted("one") == 64

    def test_an_outbox_that_is_not_nearly_empty_stops_it(self) -> None:
        rig = ClientRig(settings={Codes.INITIAL_WINDOW_SIZE: 10})
        rig.call(payload=bytes(_flow.OUTBOX_BOUND + 10), whole=False)
        assert rig.granted("one") == 0

    def test_it_comes_when_the_outbox_has_drained(self) -> None:
        rig = ClientRig(settings={Codes.INITIAL_WINDOW_SIZE: 10})
        rig.call(payload=bytes(_flow.OUTBOX_BOUND + 10), whole=False)
        rig.open(5, 1)
        assert rig.granted("one") == 0
        rig.open(100, 1)
        assert rig.granted("one") == 64

    def test_what_waits_to_be_sent_is_bounded(self) -> None:
        """A sender that keeps to its leave: 64 KiB and 64 payloads."""
        rig = ClientRig(settings={Codes.INITIAL_WINDOW_SIZE: 10})
        rig.call(payload=bytes(1000), whole=False)
        sent = 1
        while sent < 1 + rig.granted("one"):
            rig.say(sent, bytes(1000))
            sent += 1
            assert sent < 1000
        assert rig.connection._streams[1].outbox.size <= _flow.OUTBOX_BOUND + 64 * 1005

    def test_allowance_and_payloads_of_one_read_are_one_ticket(self) -> None:
        rig = ClientRig(settings={Codes.INITIAL_WINDOW_SIZE: 10})
        rig.call(payload=bytes(_flow.OUTBOX_BOUND + 100), whole=False)
        rig.respond(frame(b"hi"))
        rig.open(1000, 1)
        (ticket,) = rig.tickets
        assert (ticket.payload, ticket.allowance) == (b"hi", 64)


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
        rig.answer(bytes(1000), bytes(1000), number=1)
        assert [flag for flag, _ in messages(rig.data())] == [1, 0, 1]

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


# ---------------------------------------------------------------- whatever happens


class TestProperties:
    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(st.integers(0, 400), min_size=1, max_size=12),
        st.integers(1, 300),
        st.lists(st.tuples(st.sampled_from(["stream", "connection", "settings"]), st.integers(1, 300)), max_size=30),
    )
    def test_no_data_leaves_beyond_a_window_and_all_of_it_once_they_are_open(
        self, sizes: List[int], window: int, steps: List[Tuple[str, int]]
    ) -> None:
        """The peer is h2, which ends the connection when a window is overrun."""
        rig = ClientRig(settings={Codes.INITIAL_WINDOW_SIZE: window})
        rig.call(payload=bytes(sizes[0]), whole=len(sizes) == 1)
        for number, size in enumerate(sizes[1:], 1):
            rig.say(number, bytes(size), last=number == len(sizes) - 1)
        for what, amount in steps:
            if what == "settings":
                rig.set(INITIAL_WINDOW_SIZE=amount)
            elif what == "connection":
                rig.open(amount)
            elif not rig.heard(h2.events.StreamEnded):
                rig.open(amount, 1)
        if not rig.heard(h2.events.StreamEnded):
            rig.open(100_000, 1)
        assert [len(payload) for _, payload in messages(rig.data())] == sizes
        assert rig.connection._blocked == {}

    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(st.integers(0, 600), min_size=1, max_size=6),
        st.integers(8, 400),
        st.lists(st.integers(1, 3), max_size=6),
        st.integers(0, 255),
    )
    def test_messages_of_any_size_arrive_as_they_are_allowed_and_no_more_is_given_back_than_arrived(
        self, sizes: List[int], window: int, grants: List[int], padding: int
    ) -> None:
        rig = _beginning(Limits(stream_window=window))
        rest = b"".join(frame(bytes(size)) for size in sizes)
        arrived = turn = 0
        allowed = 1
        while True:
            stuck = True
            while rest:
                room = rig.peer.local_flow_control_window(1) - 1 - padding
                if room <= 0:
                    room, pad = rig.peer.local_flow_control_window(1), None
                else:
                    pad = padding
                if room <= 0:
                    break
                part = rest[:room]
                rig.peer.send_data(1, part, pad_length=pad)
                arrived += len(part) + (0 if pad is None else 1 + pad)
                rest = rest[len(part) :]
                rig.flush()
                stuck = False
                assert rig.given_back(1) <= arrived
            taken = len(rig.payloads(rig.id()))
            assert taken <= allowed
            if taken == len(sizes):
                break
            # Nothing moves: then the End has had all that it allows, and what is held fits into the window.
            assert taken == allowed
            assert rig.connection._streams[1].held <= window
            assert stuck or turn < 100
            more = grants[turn % len(grants)] if grants else 1
            _allow(rig, turn, more)
            allowed += more
            turn += 1
        assert [len(payload) for payload in rig.payloads(rig.id())] == sizes

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.binary(max_size=60), max_size=8), st.lists(st.integers(1, 70), min_size=1))
    def test_a_response_survives_any_split_of_its_bytes(self, payloads: List[bytes], sizes: List[int]) -> None:
        rig = ClientRig()
        rig.call(allowance=10)
        rig.respond(b"".join(map(frame, payloads)), fields=[*RESPONSE, (b"a", b"1")])
        rig.conclude([(b"grpc-status", b"0"), (b"b", b"2")])
        data = rig.peer.data_to_send()
        turn = 0
        while data:
            size = sizes[turn % len(sizes)]
            rig.connection.receive_data(data[:size])
            data = data[size:]
            turn += 1
        rig.pump()
        assert rig.payloads("one") == payloads
        assert rig.ending()[0] == 0
        assert [ticket.sequence_number for ticket in rig.tickets] == list(range(len(rig.tickets)))
        assert rig.left == (0, 0)


def test_data_frames_of_no_length_are_nothing() -> None:
    rig = _beginning()
    rig.receive(DataFrame(1, b""), DataFrame(1, frame(b"1")))
    assert rig.payloads(rig.id()) == [b"1"]
