"""TLS between a transport and its connection: each part is a connection itself, so a driver need not know of TLS.

A transport runs a `Handshake` first. When that is over, the connection proper is opened and the transport goes on with
it, inside of a `SecuredConnection` that encrypts and decrypts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, List, Optional, Tuple, Union

from grpc._io import buffers, contract, pieces
from grpc._io.securable import Opening
from grpc._io.tls import TlsError

if TYPE_CHECKING:
    from grpc._io.securable import SecurableTransport
    from grpc._io.tls import Session


# From how many bytes of ciphertext on the plaintext goes into a buffer of its own.
_LONG = 16 * 1024
# How many bytes of plaintext are encrypted at a time: four records, in memory that is used again for the next four.
_BLOCK = 64 * 1024


class Handshake(Opening):
    """The beginning of a TLS connection, up to the moment at which both sides know each other."""

    takes_views = True

    __slots__ = ("_cause", "_over", "_session")

    def __init__(
        self,
        session: Session,
        transport: SecurableTransport,
        open_connection: Callable[[contract.Transport], Optional[contract.Connection]],
        failed: contract.Failed,
        deadline: float,
        patience: float,
    ) -> None:
        """Make a handshake that has its first words ready, if this side has to speak first.

        Args:
          session: Has not yet said anything.
          transport: Will run this connection.
          open_connection: Called when the handshake is over; gives the connection to go on with, or None if the
            transport has been, or is just being, closed.
          failed: Called instead, with a sentence and an error, if the handshake fails.
          deadline: The time at which the handshake is given up.
          patience: How many seconds that was from the beginning, for the sentence.
        """
        super().__init__(transport, open_connection, failed, deadline, f"no TLS handshake in {patience:g} seconds")
        self._session = session
        self._over = False
        self._cause: Optional[BaseException] = None
        self.receive_data(b"")

    def receive_data(self, data: bytes) -> None:
        self._session.receive(data)
        if self._over or self._failure:
            return  # what comes early waits in the session for the connection proper
        try:
            self._over = self._session.handshake()
        except TlsError as error:
            self._failure, self._cause = error.reason, error.cause
        if self._over:
            self._succeed()

    def data_to_send(self) -> bytes:
        return self._session.output()

    def connection_lost(self, reason: str, cause: Optional[BaseException]) -> None:
        if self._over:
            return  # the connection proper will hear of it
        if self._failure:
            reason, cause = f"{self._transport.peer}: {self._failure}", self._cause
        else:
            reason = f"{reason} during the TLS handshake"
        self._report(reason, cause)

    def _go_on(self) -> None:
        self._transport.set_auth_context(self._session.auth_context())
        connection = self._open(self._transport)
        if connection is not None:
            self._transport.exchange(SecuredConnection(self._session, self._transport.peer, connection))


class SecuredConnection(contract.Connection):
    """A connection inside of TLS."""

    takes_views = True

    __slots__ = ("_closing", "_fault", "_inner", "_peer", "_session", "deliveries")

    def __init__(self, session: Session, peer: str, inner: contract.Connection) -> None:
        """Put a connection inside.

        Args:
          session: Its handshake is over.
          peer: The other end as an address string.
          inner: Speaks plaintext.
        """
        self._session = session
        self._peer = peer
        self._inner = inner
        self.deliveries = inner.deliveries
        self._closing = False
        self._fault: Optional[Tuple[str, Optional[BaseException]]] = None

    def receive_data(self, data: bytes) -> None:
        session = self._session
        session.receive(data)
        if self._fault is not None:
            return
        try:
            if len(data) >= _LONG and self._inner.takes_views:
                self._receive_long()
            else:
                plaintext = session.read()
                if plaintext:
                    self._inner.receive_data(plaintext)
        except TlsError as error:
            self._fail(error)
            return
        if session.ended:
            self._fault = (f"{self._peer}: the peer closed the connection", None)

    def _receive_long(self) -> None:
        """Decrypt into a buffer, from which the inner connection takes what it wants."""
        buffer = buffers.take()
        size = len(buffer)
        while size == len(buffer):
            size = self._session.read_into(buffer)
            if size:
                self._inner.receive_data(buffer[:size])  # type: ignore[arg-type]  # it takes views
        buffers.give_back(buffer)

    def data_to_send(self) -> bytes:
        data = self.pieces_to_send()
        return b"".join(data) if isinstance(data, list) else data

    def pieces_to_send(self) -> contract.Pieces:
        output: List[Union[bytes, memoryview]] = []
        if self._fault is None:
            data = self._inner.pieces_to_send()
            try:
                if isinstance(data, list) or len(data) > _BLOCK:
                    for block in pieces.blocks(data, _BLOCK):
                        self._session.write(block)
                        output.append(self._session.output())
                elif data:
                    self._session.write(data)
            except TlsError as error:
                self._fail(error)
        if self.finished and not self._closing:
            self._closing = True
            self._session.close()
        last = self._session.output()
        if not output:
            return last
        if last:
            output.append(last)
        return output

    def _fail(self, error: TlsError) -> None:
        self._fault = (f"{self._peer}: {error.reason}", error.cause)

    def connection_lost(self, reason: str, cause: Optional[BaseException]) -> None:
        self._inner.connection_lost(*(self._fault or (reason, cause)))

    def deliver(self, delivery: Any) -> None:
        self._inner.deliver(delivery)

    @property
    def busy(self) -> bool:
        return self._inner.busy

    @property
    def finished(self) -> bool:
        return self._fault is not None or self._inner.finished

    def next_deadline(self) -> Optional[float]:
        return self._inner.next_deadline()

    def handle_deadline(self, now: float) -> None:
        self._inner.handle_deadline(now)

    def farewell(self) -> bytes:
        if self._fault is None and not self._closing:
            self._closing = True
            last = self._inner.farewell()
            try:
                self._session.write(last)
            except TlsError:
                return b""
            self._session.close()
        return self._session.output()
