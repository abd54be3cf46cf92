"""TLS around a connection, sans-io: the handshake first, then the connection proper inside."""

from __future__ import annotations

import threading
from typing import Any, List, Optional, Tuple

import pytest

from grpc._io import contract, securable, securing, tls, tls_contexts
from tests.io import certificates
from tests.io.lines import LineConnection


class Side(securable.SecurableTransport):
    """A transport without a socket; delivers when told to."""

    def __init__(self, session: tls.Session, deadline: float = 10.0) -> None:
        self.lock = threading.Lock()
        self.session = session
        self.inner = LineConnection()
        self.inner.write(b"first words\n")
        self.failures: List[Tuple[str, Optional[BaseException]]] = []
        self.opened = 0
        self.cancelled = False
        self._auth_context: Optional[contract.AuthContext] = None
        self.connection: contract.Connection = securing.Handshake(
            session, self, self._open, lambda reason, cause: self.failures.append((reason, cause)), deadline, 5.0
        )

    def _open(self, transport: contract.Transport) -> Optional[contract.Connection]:
        assert transport.auth_context is not None  # it is known by then
        self.opened += 1
        return None if self.cancelled else self.inner

    @property
    def peer(self) -> str:
        return "test:peer"

    @property
    def auth_context(self) -> Optional[contract.AuthContext]:
        return self._auth_context

    def set_auth_context(self, auth_context: contract.AuthContext) -> None:
        self._auth_context = auth_context

    def set_user_timeout(self, seconds: Optional[float]) -> None:
        raise AssertionError

    def exchange(self, connection: contract.Connection, data: Optional[bytes] = b"") -> None:
        assert data is not None
        self.connection = connection
        connection.receive_data(data)

    def settle(self) -> None:
        connection = self.connection
        while connection.deliveries:
            connection.deliver(connection.deliveries.popleft())

    def close(self, reason: str) -> None:
        raise AssertionError

    def lose(self, reason: str = "test:peer: gone") -> None:
        """What a transport does at its end."""
        self.connection.connection_lost(reason, None)
        self.settle()


def _sides(**fields: Any) -> Tuple[Side, Side]:
    client = tls.Session(tls_contexts.client_context(certificates.client(**fields)), "localhost")
    server = tls.Session(tls_contexts.ServerContexts(certificates.server()).next())
    return Side(client), Side(server)


def _carry(*sides: Side) -> None:
    """Carry what both sides have to say until they fall silent."""
    silent = 0
    while silent < 2:
        silent = 0
        for sender, receiver in (sides, sides[::-1]):
            data = sender.connection.data_to_send()
            silent += not data
            if data:
                receiver.connection.receive_data(data)
            receiver.settle()


@pytest.fixture
def opened() -> Tuple[Side, Side]:
    sides = _sides()
    _carry(*sides)
    return sides


class TestHandshake:
    def test_the_connection_is_opened_afterwards_and_its_first_words_arrive(self, opened: Tuple[Side, Side]) -> None:
        for side in opened:
            assert side.opened == 1
            assert isinstance(side.connection, securing.SecuredConnection)
            assert side.inner.lines == [b"first words"]
            assert side.auth_context is not None
            assert side.failures == []

    def test_what_comes_early_waits_for_the_connection_proper(self) -> None:
        client, server = _sides()
        server.connection.receive_data(client.connection.data_to_send())
        client.connection.receive_data(server.connection.data_to_send())
        client.settle()
        # The server gets the end of the handshake and the client's first words in one piece.
        server.connection.receive_data(client.connection.data_to_send())
        server.connection.receive_data(b"")
        assert server.opened == 0
        server.settle()
        assert server.opened == 1
        server.settle()
        assert server.inner.lines == [b"first words"]

    def test_a_failure_is_told_to_the_peer_then_ends_the_transport_then_is_reported(self) -> None:
        client, server = _sides(roots_of=("second",))
        server.connection.receive_data(client.connection.data_to_send())
        client.connection.receive_data(server.connection.data_to_send())
        assert client.connection.finished
        alert = client.connection.data_to_send()
        client.lose("test:peer: closed by this side")
        ((reason, cause),) = client.failures
        assert reason.startswith("test:peer: TLS handshake failed: the peer's certificate is not accepted")
        assert isinstance(cause, OSError)
        server.connection.receive_data(alert)
        assert server.connection.finished
        server.lose()
        assert server.failures[0][0] == "test:peer: TLS handshake failed: the peer refuses: unknown ca"

    def test_a_loss_says_that_it_was_during_the_handshake(self) -> None:
        client, _ = _sides()
        client.lose("test:peer: the peer closed the connection")
        assert client.failures == [("test:peer: the peer closed the connection during the TLS handshake", None)]
        assert client.opened == 0

    def test_a_peer_that_takes_too_long_is_given_up(self) -> None:
        client, _ = _sides()
        assert client.connection.busy
        assert client.connection.next_deadline() == 10.0
        client.connection.handle_deadline(9.0)
        assert not client.connection.finished
        client.connection.handle_deadline(10.0)
        assert client.connection.finished
        assert client.connection.next_deadline() is None
        client.lose()
        assert client.failures == [("test:peer: no TLS handshake in 5 seconds", None)]

    def test_after_a_failure_nothing_more_is_taken_in(self) -> None:
        client, _ = _sides()
        client.connection.receive_data(b"not TLS at all")
        assert client.connection.finished
        client.connection.receive_data(b"more")
        client.lose()
        assert len(client.failures) == 1

    def test_a_loss_between_the_handshake_and_the_connection_is_left_to_the_connection(self) -> None:
        client, server = _sides()
        server.connection.receive_data(client.connection.data_to_send())
        client.connection.receive_data(server.connection.data_to_send())
        handshake = client.connection
        handshake.connection_lost("gone", None)
        client.settle()
        assert client.opened == 1
        assert client.failures == []

    def test_if_nobody_wants_the_connection_any_more_there_is_none(self) -> None:
        client, server = _sides()
        client.cancelled = True
        _carry(client, server)
        assert isinstance(client.connection, securing.Handshake)
        assert client.failures == []


class TestSecuredConnection:
    def test_lines_go_both_ways(self, opened: Tuple[Side, Side]) -> None:
        for sender, receiver in (opened, opened[::-1]):
            sender.inner.write(b"hello\n")
            data = sender.connection.data_to_send()
            assert b"hello" not in data
            receiver.connection.receive_data(data)
            receiver.settle()
            assert receiver.inner.lines[-1] == b"hello"

    def test_much_is_encrypted_in_blocks_and_decrypted_into_a_buffer(self, opened: Tuple[Side, Side]) -> None:
        client, server = opened
        kinds: List[type] = []
        receive = server.inner.receive_data

        def note(data: bytes) -> None:
            kinds.append(type(data))
            receive(data)

        server.inner.receive_data = note  # type: ignore[method-assign]
        server.inner.takes_views = True
        line = bytes(range(65, 91)) * 50_000
        pieces: List[Any] = [line[:9], memoryview(line)[9:], b"\n"]
        client.inner.pieces_to_send = lambda: pieces  # type: ignore[method-assign]
        output = client.connection.pieces_to_send()
        assert isinstance(output, list)
        assert max(map(len, output)) < securing._BLOCK + 1000
        server.connection.receive_data(memoryview(b"".join(output)))  # type: ignore[arg-type]
        server.settle()
        assert server.inner.lines[-1] == line
        assert set(kinds) == {memoryview}

    def test_a_connection_that_takes_no_views_gets_bytes(self, opened: Tuple[Side, Side]) -> None:
        client, server = opened
        kinds: List[type] = []
        server.inner.receive_data = lambda data: kinds.append(type(data))  # type: ignore[method-assign]
        client.inner.write(bytes(100_000))
        server.connection.receive_data(client.connection.data_to_send())
        assert kinds == [bytes]

    def test_what_is_delivered_is_the_inner_ones(self, opened: Tuple[Side, Side]) -> None:
        client, _ = opened
        assert client.connection.deliveries is client.inner.deliveries

    def test_the_state_of_the_inner_one_shows(self, opened: Tuple[Side, Side]) -> None:
        client, _ = opened
        assert not client.connection.busy
        client.inner.has_callers = True
        assert client.connection.busy
        client.inner.deadline = 5.0
        assert client.connection.next_deadline() == 5.0
        client.connection.handle_deadline(6.0)
        assert client.inner.deadlines_handled == [6.0]

    def test_an_inner_one_that_has_finished_takes_its_leave_once(self, opened: Tuple[Side, Side]) -> None:
        client, server = opened
        client.inner.write(b"last\n")
        client.inner.closing = True
        data = client.connection.data_to_send()
        assert client.connection.finished
        assert client.connection.data_to_send() == b""
        assert client.connection.farewell() == b""
        server.connection.receive_data(data)
        server.settle()
        assert server.inner.lines[-1] == b"last"
        assert server.connection.finished
        server.lose("test:peer: closed by this side")
        assert server.inner.losses == [("test:peer: the peer closed the connection", None)]

    def test_a_stream_that_just_ends_is_lost_as_the_transport_says(self, opened: Tuple[Side, Side]) -> None:
        client, _ = opened
        client.lose("test:peer: the peer closed the connection")
        assert client.inner.losses == [("test:peer: the peer closed the connection", None)]

    def test_a_spoiled_stream_is_lost_with_the_reason_and_the_peer_is_told(self, opened: Tuple[Side, Side]) -> None:
        client, server = opened
        client.inner.write(b"hello\n")
        data = bytearray(client.connection.data_to_send())
        data[-1] ^= 1
        server.connection.receive_data(bytes(data))
        assert server.connection.finished
        alert = server.connection.data_to_send()
        server.connection.receive_data(b"more")
        server.lose()
        ((reason, cause),) = server.inner.losses
        assert reason == "test:peer: TLS failed: decryption failed or bad record mac"
        assert cause is not None
        client.connection.receive_data(alert)
        client.lose()
        assert client.inner.losses[0][0] == "test:peer: TLS failed: the peer refuses: bad record mac"

    def test_a_farewell_holds_the_inner_ones_last_words(self, opened: Tuple[Side, Side]) -> None:
        client, server = opened
        client.inner.last_words = b"bye\n"
        server.connection.receive_data(client.connection.farewell())
        server.settle()
        assert server.inner.lines[-1] == b"bye"
        assert server.connection.finished

    def test_a_farewell_after_the_session_has_failed_is_empty(self, opened: Tuple[Side, Side]) -> None:
        client, _ = opened
        client.session.close()
        client.connection.data_to_send()
        client.inner.last_words = b"bye\n"
        assert client.connection.farewell() == b""

    def test_writing_into_a_session_that_has_ended_is_a_fault(self, opened: Tuple[Side, Side]) -> None:
        client, _ = opened
        client.session.close()
        client.inner.write(b"too late\n")
        client.connection.data_to_send()
        assert client.connection.finished
        client.lose()
        assert client.inner.losses[0][0] == "test:peer: TLS failed: protocol is shutdown"
