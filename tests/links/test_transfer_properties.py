"""What holds of payloads through a connection whatever their sizes, windows and allowances are."""

from __future__ import annotations

from typing import List, Tuple

import h2.events
from hypothesis import given, settings
from hypothesis import strategies as st

from grpc._values.limits import Limits
from tests.links.wire_rig import RESPONSE, ClientRig, Codes, ServerRig, frame, messages


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
        rig = ServerRig(Limits(stream_window=window))
        rig.call(None, whole=False)
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
            rig.answer(number=turn, last=False, allowance=more)
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
