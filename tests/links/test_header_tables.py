"""The sizes of the HPACK tables, both roles, against a plain h2 peer (RFC 7541, sections 4.2 and 6.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, List, Tuple, Union
from unittest import mock

import h2.events
import hpack
import pytest

from grpc._links import _h2_tuning
from grpc._values.limits import Limits
from tests.links.wire_rig import REQUEST, RESPONSE, ClientRig, ServerRig, frame

if TYPE_CHECKING:
    from hpack.table import HeaderTable

_Rig = Union[ClientRig, ServerRig]

# About 12,000 octets as HPACK counts them.
_METADATA = tuple((f"key-{number:02}", "v" * 162) for number in range(60))
_FIELDS = [(name.encode(), value.encode()) for name, value in _METADATA]
_ROOM = {"max_metadata_size": 65_536}


@pytest.fixture(params=["tuned", "plain"], autouse=True)
def _connections(request: pytest.FixtureRequest) -> Iterator[None]:
    kind = _h2_tuning.connection_class() if request.param == "tuned" else _h2_tuning.GracefulConnection
    with mock.patch.object(_h2_tuning, "connection_class", return_value=kind):
        yield


def _size(table: HeaderTable) -> int:
    """How much a table holds."""
    return sum(32 + len(name) + len(value) for name, value in table.dynamic_entries)


def _hear(rig: _Rig, times: int = 3) -> None:
    """Have the peer send the same metadata again and again, and make sure that they arrive."""
    for number in range(times):
        if isinstance(rig, ServerRig):
            stream_id = rig.peer.get_next_available_stream_id()
            rig.call(extra=_FIELDS, stream_id=stream_id)
            assert rig.tickets[-1].initial_metadata == _METADATA
            rig.answer(b"done", stream_id=stream_id)
        else:
            stream_id = rig.connection._h2.get_next_available_stream_id()
            rig.call(("heard", number, stream_id))
            rig.respond(frame(b"hi"), fields=[*RESPONSE, *_FIELDS], stream_id=stream_id)
            rig.conclude(stream_id=stream_id)
            rig.flush()
            assert rig.tickets[-1].initial_metadata == _METADATA
            assert rig.tickets[-1].code == 0


def _say(rig: _Rig, times: int = 3, metadata: Tuple[Tuple[str, str], ...] = _METADATA) -> None:
    """Send the same metadata again and again, and make sure that they arrive."""
    fields = [(name.encode(), value.encode()) for name, value in metadata]
    kind: Any
    for number in range(times):
        if isinstance(rig, ServerRig):
            stream_id = rig.peer.get_next_available_stream_id()
            rig.call(stream_id=stream_id)
            rig.answer(b"done", stream_id=stream_id, initial_metadata=metadata)
            kind = h2.events.ResponseReceived
        else:
            stream_id = rig.connection._h2.get_next_available_stream_id()
            rig.call(("said", number, stream_id), initial_metadata=metadata)
            rig.peer.send_headers(stream_id, [*RESPONSE, (b"grpc-status", b"0")], end_stream=True)
            rig.flush()
            kind = h2.events.RequestReceived
        (event,) = rig.heard(kind, stream_id)
        assert list(event.headers)[-len(fields) :] == fields


_ROLES = pytest.mark.parametrize("make", [ClientRig, ServerRig])


class TestDecoder:
    """What the peer may put into the table that we hold for it."""

    @_ROLES
    @pytest.mark.parametrize("size", [0, 100, 4096, 65_536])
    def test_the_peer_is_told_and_what_it_repeats_is_understood(self, make: Any, size: int) -> None:
        rig = make(Limits(decoder_table_size=size, **_ROOM))
        assert rig.peer.remote_settings.header_table_size == size
        _hear(rig)
        table = rig.connection._h2.decoder.header_table
        assert table.maxsize == rig.peer.encoder.header_table_size == size
        assert _size(table) <= size
        assert list(table.dynamic_entries) == list(rig.peer.encoder.header_table.dynamic_entries)

    @_ROLES
    def test_a_larger_table_holds_more(self, make: Any) -> None:
        rig = make(Limits(decoder_table_size=65_536, **_ROOM))
        _hear(rig)
        assert _size(rig.connection._h2.decoder.header_table) > 12_000

    @pytest.mark.parametrize("size", [0, 100])
    def test_what_was_written_before_the_peer_knew_is_understood(self, size: int) -> None:
        rig = ServerRig(Limits(decoder_table_size=size), greet=False)
        extra = [(b"a", b"1")]
        rig.peer.send_headers(1, [*REQUEST, *extra])
        early = rig.peer.data_to_send()
        rig.connection.receive_data(early)
        assert _size(rig.connection._h2.decoder.header_table) > 100
        rig.pump()
        rig.call(stream_id=3, extra=extra)
        assert [ticket.initial_metadata for ticket in rig.tickets] == [(("a", "1"),)] * 2
        assert rig.connection._h2.decoder.header_table.maxsize == size

    @_ROLES
    def test_a_peer_that_acknowledges_a_smaller_table_and_uses_a_larger_one_loses_the_connection(
        self, make: Any
    ) -> None:
        rig = make(Limits(decoder_table_size=100))
        rig.peer.encoder = hpack.Encoder()
        if make is ServerRig:
            rig.call()
        else:
            rig.call()
            rig.respond()
            rig.flush()
        assert rig.connection.finished

    @_ROLES
    def test_a_larger_table_may_be_used_before_the_acknowledgement(self, make: Any) -> None:
        rig = make(Limits(decoder_table_size=10_000), greet=False)
        assert rig.connection._h2.decoder.max_allowed_table_size == 10_000

    @_ROLES
    def test_further_settings_of_ours_are_not_forgotten(self, make: Any) -> None:
        rig = make(Limits(decoder_table_size=0, stream_window=77_777, max_frame_size=20_000))
        settings = rig.connection._h2.local_settings
        assert (settings.header_table_size, settings.initial_window_size, settings.max_frame_size) == (
            0,
            77_777,
            20_000,
        )
        assert rig.connection._h2.max_inbound_frame_size == 20_000


class TestEncoder:
    """What we put into the table that the peer holds for us."""

    @_ROLES
    @pytest.mark.parametrize("size", [0, 100, 3000])
    def test_a_smaller_table_is_kept_to_whatever_the_peer_allows(self, make: Any, size: int) -> None:
        rig = make(Limits(encoder_table_size=size))
        rig.set(HEADER_TABLE_SIZE=65_536, MAX_HEADER_LIST_SIZE=65_536)
        _say(rig)
        table = rig.peer.decoder.header_table
        assert table.maxsize == size
        assert _size(table) <= size
        assert list(table.dynamic_entries) == list(rig.connection._h2.encoder.header_table.dynamic_entries)

    @_ROLES
    def test_a_smaller_table_is_announced_with_the_first_block(self, make: Any) -> None:
        rig = make(Limits(encoder_table_size=0))
        assert rig.peer.decoder.header_table.maxsize == 4096
        _say(rig, 1, (("a", "1"),))
        assert rig.peer.decoder.header_table.maxsize == 0

    @_ROLES
    def test_a_larger_table_waits_for_the_peer_to_allow_it(self, make: Any) -> None:
        rig = make(Limits(encoder_table_size=65_536))
        rig.set(MAX_HEADER_LIST_SIZE=65_536)
        _say(rig)
        assert rig.peer.decoder.header_table.maxsize == 4096
        rig.set(HEADER_TABLE_SIZE=20_000)
        _say(rig)
        assert rig.peer.decoder.header_table.maxsize == 20_000
        assert _size(rig.peer.decoder.header_table) > 12_000
        rig.set(HEADER_TABLE_SIZE=10_000_000)
        _say(rig)
        assert rig.peer.decoder.header_table.maxsize == 65_536

    @_ROLES
    def test_the_peer_may_allow_less_and_then_more_again(self, make: Any) -> None:
        rig = make(Limits(encoder_table_size=1000))
        sizes: List[int] = []
        for allowed in (50, 0, 70_000):
            rig.set(HEADER_TABLE_SIZE=allowed)
            _say(rig, 2, (("a", "1"), ("b", "2")))
            sizes.append(rig.peer.decoder.header_table.maxsize)
        assert sizes == [50, 0, 1000]

    @_ROLES
    def test_by_default_it_is_that_of_hpack_whatever_the_peer_allows(self, make: Any) -> None:
        rig = make()
        rig.set(HEADER_TABLE_SIZE=65_536, MAX_HEADER_LIST_SIZE=65_536)
        _say(rig)
        assert rig.peer.decoder.header_table.maxsize == 4096
