"""The tuned connection is plain h2 to whoever looks at it, and is used only where h2 is the known one."""

from __future__ import annotations

import sys
from typing import Any, Iterator

import h2
import h2.connection
import h2.events
import hpack
import pytest
from h2.connection import H2Connection

from grpc._links import _h2_tuning
from grpc._links._h2_graceful import GracefulConnection
from grpc._links._h2_receiving import TunedConnection
from grpc._links._h2_tuning import connection_class, make_connection, unknown_shape
from tests.links.h2_random import REQUESTS, RESPONSES, TRAILERS, Session
from tests.links.h2_recorded import CONVERSATION
from tests.links.h2_twin import Twin

ROLES = [pytest.param(True, id="client"), pytest.param(False, id="server")]


@pytest.fixture
def _decided_anew() -> Iterator[None]:
    connection_class.cache_clear()
    yield
    connection_class.cache_clear()


class TestRandomSessions:
    """Events, output, errors and state after each step are those of plain h2; see h2_random for what happens."""

    @pytest.mark.parametrize("client_side", ROLES)
    @pytest.mark.parametrize("first", range(0, 60, 10))
    def test_ordinary(self, client_side: bool, first: int) -> None:
        for seed in range(first, first + 10):
            Session(seed, client_side, wildness=0.0, rashness=0.0).live(80)

    @pytest.mark.parametrize("client_side", ROLES)
    @pytest.mark.parametrize("first", range(1000, 1040, 10))
    def test_with_forbidden_frames(self, client_side: bool, first: int) -> None:
        for seed in range(first, first + 10):
            Session(seed, client_side, wildness=0.05, rashness=0.02).live(80)

    @pytest.mark.parametrize("client_side", ROLES)
    @pytest.mark.parametrize("first", range(2000, 2040, 10))
    def test_with_either_side_careless_of_state(self, client_side: bool, first: int) -> None:
        for seed in range(first, first + 10):
            Session(seed, client_side, wildness=0.0, rashness=0.05).live(80)


class TestRecordedSession:
    """A conversation of two peers of another stack, each side replaced by a twin that only listens."""

    @pytest.mark.parametrize("size", [None, 1, 7, 100])
    def test_client_hears_the_same(self, size: Any) -> None:
        twin = Twin(client_side=True)
        twin.call("initiate_connection")
        stream_id = 1
        events: list[h2.events.Event] = []
        for who, data in CONVERSATION:
            if who == "s":
                # The calls were made by someone else; streams are opened here as they are answered.
                while stream_id < 13:
                    twin.call("send_headers", stream_id, REQUESTS[0], end_stream=True)
                    stream_id += 2
                events += twin.receive(data, [size] * (len(data) // size) if size else ())
                assert twin.error is None
                twin.take()
        ended = [event.stream_id for event in events if isinstance(event, h2.events.StreamEnded)]
        assert ended == [1, 3, 5, 7, 9, 11]

    @pytest.mark.parametrize("size", [None, 1, 7, 100])
    def test_server_hears_the_same(self, size: Any) -> None:
        twin = Twin(client_side=False)
        twin.call("initiate_connection")
        events: list[h2.events.Event] = []
        for who, data in CONVERSATION:
            if who == "c":
                events += twin.receive(data, [size] * (len(data) // size) if size else ())
                assert twin.error is None
                twin.take_equal()
        requests = [event for event in events if isinstance(event, h2.events.RequestReceived)]
        assert [dict(event.headers)[b":path"] for event in requests] == [b"/t/U"] * 3 + [b"/t/S", b"/t/U", b"/t/None"]


class TestMakeConnection:
    @pytest.mark.parametrize("client_side", ROLES)
    def test_is_tuned_for_the_installed_h2(self, client_side: bool) -> None:
        connection = make_connection(client_side)
        assert type(connection) is TunedConnection
        assert isinstance(connection, H2Connection)
        assert connection.config.client_side is client_side

    def test_leaves_headers_alone_in_both_directions(self) -> None:
        config = make_connection(True).config
        assert (config.validate_inbound_headers, config.normalize_inbound_headers) == (False, False)
        assert (config.validate_outbound_headers, config.normalize_outbound_headers) == (False, False)
        assert config.header_encoding is False

    def test_tuned_and_fallen_back_ends_understand_each_other(self) -> None:
        client, server = make_connection(True), GracefulConnection(Twin(False).plain.config)
        client.initiate_connection()
        server.initiate_connection()
        client.send_headers(1, REQUESTS[0])
        client.send_data(1, b"question", end_stream=True)
        server.receive_data(client.data_to_send())
        server.send_headers(1, RESPONSES[0])
        server.send_data(1, b"answer")
        server.send_headers(1, TRAILERS[0], end_stream=True)
        events = client.receive_data(server.data_to_send())
        assert [event.data for event in events if isinstance(event, h2.events.DataReceived)] == [b"answer"]
        assert isinstance(events[-1], h2.events.StreamEnded)


@pytest.mark.usefixtures("_decided_anew")
class TestUnknownShape:
    """Where anything differs from the known shape, plain h2 is used."""

    def assert_fallen_back(self, reason: str) -> None:
        assert unknown_shape() == reason
        assert type(make_connection(True)) is GracefulConnection

    def test_nothing_differs_in_the_installed_h2(self) -> None:
        assert unknown_shape() is None

    @pytest.mark.parametrize("version", ["4.5.0", "4.2.0", "5.0.0"])
    def test_other_version_of_h2(self, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
        monkeypatch.setattr(h2, "__version__", version)
        self.assert_fallen_back(f"h2 {version} is none of the known versions")

    def test_version_that_is_not_understood(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hpack, "__version__", "next")
        self.assert_fallen_back("hpack next is none of the known versions")

    def test_private_function_with_other_parameters(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(H2Connection, "_receive_frame", lambda self, frame, context: [])
        self.assert_fallen_back("h2.connection.H2Connection._receive_frame is not (self, frame)")

    def test_private_function_that_is_gone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr(H2Connection, "_open_streams")
        self.assert_fallen_back("h2.connection.H2Connection._open_streams is not (self, remainder)")

    def test_module_that_is_gone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "hpack.table", None)
        self.assert_fallen_back("hpack.table.HeaderTable.search is not (self, name, value)")

    def test_private_attribute_of_another_type(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Other(H2Connection):
            def __init__(self) -> None:
                super().__init__()
                self._data_to_send = []  # type: ignore[assignment]

        monkeypatch.setattr(_h2_tuning, "H2Connection", Other)
        self.assert_fallen_back("H2Connection._data_to_send is not a bytearray")

    def test_event_with_another_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr(h2.events.DataReceived, "stream_ended")
        self.assert_fallen_back("h2.events.DataReceived.stream_ended is not None by default")

    def test_stream_with_another_attribute(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_h2_tuning, "can_merge", lambda: False)
        self.assert_fallen_back("h2's stream classes do not fit into one")

    def test_name_that_cannot_be_imported(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_h2_tuning, "TunedConnection", None)
        self.assert_fallen_back("a name that is imported from h2, hpack or hyperframe is missing")


class TestManyStreams:
    """Ten thousand streams over one connection leave nothing behind that grows."""

    def test_leave_bounded_books(self) -> None:
        client, server = make_connection(True), make_connection(False)
        client.initiate_connection()
        server.initiate_connection()
        for _ in range(2):
            server.receive_data(client.data_to_send())
            client.receive_data(server.data_to_send())
        for number in range(10_000):
            stream_id = client.get_next_available_stream_id()
            timeout = hpack.NeverIndexedHeaderTuple(b"grpc-timeout", b"%du" % number)
            client.send_headers(stream_id, (*REQUESTS[0], timeout))
            client.send_data(stream_id, b"question", end_stream=True)
            server.receive_data(client.data_to_send())
            server.acknowledge_received_data(8, stream_id)
            server.send_headers(stream_id, RESPONSES[0])
            server.send_data(stream_id, b"answer")
            server.send_headers(stream_id, TRAILERS[0], end_stream=True)
            client.receive_data(server.data_to_send())
            client.acknowledge_received_data(6, stream_id)
        for connection in (client, server):
            sizes = {name: len(value) for name, value in _containers(connection)}
            assert {name: size for name, size in sizes.items() if size > 1024} == {}


def _containers(owner: Any, prefix: str = "", depth: int = 3) -> Iterator[tuple[str, Any]]:
    """Everything with a length that an object holds, some levels deep."""
    for name, value in vars(owner).items():
        path = f"{prefix}.{name}"
        if isinstance(value, tuple):
            yield from ((f"{path}[{index}]", item) for index, item in enumerate(value) if hasattr(item, "__len__"))
        elif hasattr(value, "__len__"):
            yield path, value
        if depth and hasattr(value, "__dict__") and not callable(value):
            yield from _containers(value, path, depth - 1)
