"""Payloads through a connection: flow control both ways, wire facts, section 3."""

from __future__ import annotations

from typing import Any

import h2.events
import pytest
from hyperframe.frame import DataFrame

from grpc._links import _flow
from grpc._values.limits import Limits
from tests.links.wire_rig import COMPLETION, REQUEST, ClientRig, Codes, ServerRig, Termination, Ticket, frame, messages

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


class TestAPayloadThatCannotBeRead:
    """It ends the call in its place: the End gets those that came before it, even in the same read."""

    BAD = frame(b"2", 1)  # compressed, and nothing said how

    def test_a_servicer_gets_those_before_it_and_then_hears_of_the_failure(self) -> None:
        rig = _beginning()
        _allow(rig, 0, 5)
        rig.peer.send_data(1, frame(b"0") + frame(b"1") + self.BAD)
        rig.flush()
        assert rig.payloads(rig.id()) == [b"0", b"1"]
        assert rig.tickets[-1].termination is Termination.TRANSMISSION_FAILURE
        assert rig.status()[0] == b"13"

    def test_so_it_does_if_the_operation_begins_with_them(self) -> None:
        rig = ServerRig()
        rig.call(frame(b"1") + self.BAD, whole=False)
        assert rig.payloads(rig.id()) == [b"1"]
        _allow(rig, 0, 1)
        assert rig.tickets[-1].termination is Termination.TRANSMISSION_FAILURE
        assert rig.status()[0] == b"13"

    def test_a_client_gets_those_before_it_and_then_the_failure(self) -> None:
        rig = ClientRig()
        rig.call(allowance=5)
        rig.respond(frame(b"0"), frame(b"1") + self.BAD)
        rig.flush()
        assert rig.payloads("one") == [b"0", b"1"]
        assert (rig.ending()[0], rig.left) == (13, (0, 0))

    def test_a_client_gets_them_if_the_server_has_ended_already(self) -> None:
        rig = ClientRig()
        rig.call()
        rig.respond(frame(b"0") + frame(b"1") + self.BAD)
        rig.conclude()
        rig.flush()
        rig.say(1, allowance=5)
        assert rig.payloads("one") == [b"0", b"1"]
        assert (rig.ending()[0], rig.left) == (13, (0, 0))


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


class TestLongPayloads:
    """They go from the serializer to the driver uncopied, but for a beginning that shares a frame with the prefix."""

    PAYLOAD = bytes(range(256)) * 4096  # 1 MiB

    def test_hardly_anything_is_copied(self) -> None:
        rig = ServerRig(settings={Codes.INITIAL_WINDOW_SIZE: 1 << 22, Codes.MAX_FRAME_SIZE: 1 << 20})
        rig.open(1 << 22)
        rig.call(frame(b"please"))
        rig.connection.send(Ticket(rig.id(), 0, payload=self.PAYLOAD, termination=COMPLETION, code=0))
        pieces = rig.connection.pieces_to_send()
        views = [piece for piece in pieces if isinstance(piece, memoryview)]
        assert {id(view.obj) for view in views} == {id(self.PAYLOAD)}
        assert sum(map(len, views)) == (1 << 20) - 16 * 1024 + 5
        assert len(pieces) < 8

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_they_arrive_among_short_ones_in_order(self, kind: Any) -> None:
        payloads = [b"1", self.PAYLOAD[:70_000], b"2", b"3", self.PAYLOAD, b"4"]
        rig = ServerRig(settings={Codes.INITIAL_WINDOW_SIZE: 1 << 22})
        rig.open(1 << 22)
        rig.call(frame(b"please"))
        rig.answer(*map(kind, payloads))
        rig.pump()
        assert messages(rig.data()) == [(0, payload) for payload in payloads]
        assert rig.status()[0] == b"0"

    def test_what_the_caller_may_change_is_copied(self) -> None:
        payload = bytearray(self.PAYLOAD)
        rig = ServerRig(settings={Codes.INITIAL_WINDOW_SIZE: 1 << 22})
        rig.open(1 << 22)
        rig.call(frame(b"please"))
        rig.connection.send(Ticket(rig.id(), 0, payload=payload, termination=COMPLETION, code=0))
        payload[:] = bytes(len(payload))
        rig.pump()
        assert messages(rig.data()) == [(0, self.PAYLOAD)]

    def test_one_goes_behind_what_waits(self) -> None:
        rig = ServerRig(settings={Codes.INITIAL_WINDOW_SIZE: 10})
        rig.call(frame(b"please"))
        rig.answer(b"first" * 10, last=False)
        rig.answer(self.PAYLOAD, number=1)
        rig.open(1 << 22)
        rig.open(1 << 22, 1)
        assert messages(rig.data()) == [(0, b"first" * 10), (0, self.PAYLOAD)]

    @pytest.mark.parametrize("piece", [1000, 65_536, 300_000])
    def test_one_that_arrives_in_a_buffer_that_is_used_again_is_whole(self, piece: int) -> None:
        rig = ServerRig()
        rig.call(None, whole=False)
        data = frame(self.PAYLOAD) * 2 + frame(b"short")
        while data:
            room = min(rig.peer.max_outbound_frame_size, len(data))
            rig.peer.send_data(1, data[:room])
            data = data[room:]
        sent = rig.peer.data_to_send()
        buffer = bytearray(piece)
        for start in range(0, len(sent), piece):
            part = sent[start : start + piece]
            buffer[: len(part)] = part
            rig.connection.receive_data(memoryview(buffer)[: len(part)])
            buffer[:] = bytes(piece)
        rig.pump()
        _allow(rig, 0, 2)
        assert rig.payloads(rig.id()) == [self.PAYLOAD, self.PAYLOAD, b"short"]


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


def test_data_frames_of_no_length_are_nothing() -> None:
    rig = _beginning()
    rig.receive(DataFrame(1, b""), DataFrame(1, frame(b"1")))
    assert rig.payloads(rig.id()) == [b"1"]
