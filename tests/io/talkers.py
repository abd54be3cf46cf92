"""A connection for the conformance kit: it echoes, or says what it is told, and minds whether the contract is kept."""

from __future__ import annotations

import collections
import enum
from typing import TYPE_CHECKING, Any, Callable, Deque, List, Optional, Tuple

from grpc._io import contract

if TYPE_CHECKING:
    from grpc._values.security import ClientSecurity, ServerSecurity
    from tests.io.rigs import Rig


class _Lost(enum.Enum):
    LOST = "the loss"


LOST = _Lost.LOST
"""What is delivered last; not a string, as those may not be compared with bytes."""


class Talker(contract.Connection):
    """One end of a conversation of bytes. Every piece of data is a delivery, and so is the loss.

    One that is `sparing` takes views of buffers, which must be what they are until it returns, and gives pieces.
    """

    def __init__(
        self,
        rig: Rig,
        *,
        echo: bool = False,
        greeting: bytes = b"",
        sparing: bool = False,
        on_deliver: Optional[Callable[[Talker, Any], None]] = None,
    ) -> None:
        self.transport: contract.Transport
        self.deliveries: Deque[Any] = collections.deque()
        self.received = bytearray()
        self.outgoing = bytearray(greeting)
        self.delivered: List[Any] = []
        self.lost: Optional[Tuple[str, Optional[BaseException]]] = None
        self.deadline: Optional[float] = None
        self.handled: List[float] = []
        self.last_words = b""
        self.done = False
        self._rig = rig
        self._echo = echo
        self.takes_views = sparing
        self.views = 0
        self._on_deliver = on_deliver
        self._delivering = False

    # ------------------------------------------------------------ as the driver sees it

    def receive_data(self, data: bytes) -> None:
        if self.takes_views and isinstance(data, memoryview):
            self.views += 1
            data = bytes(data)
        elif not isinstance(data, bytes):
            self._rig.faults.append(f"received {type(data).__name__}")
        if self.lost is not None:
            self._rig.faults.append("received data after the loss")
        if not data:
            return
        self.received += data
        if self._echo:
            self.outgoing += data
        self.deliveries.append(data)

    def data_to_send(self) -> bytes:
        if self.lost is not None:
            self._rig.faults.append("asked for data after the loss")
        data = bytes(self.outgoing)
        self.outgoing.clear()
        return data

    def pieces_to_send(self) -> contract.Pieces:
        data = self.data_to_send()
        if not self.takes_views or len(data) < 100_000:
            return data
        return [data[:9], *(memoryview(data)[start : start + 30_000] for start in range(9, len(data), 30_000))]

    def connection_lost(self, reason: str, cause: Optional[BaseException]) -> None:
        if self.lost is not None:
            self._rig.faults.append("told twice of the loss")
        self.lost = (reason, cause)
        self.deliveries.append(LOST)

    def deliver(self, delivery: Any) -> None:
        if self._delivering:
            self._rig.faults.append("delivered within a delivery")
        self._delivering = True
        try:
            if self._on_deliver is not None:
                self._on_deliver(self, delivery)
        finally:
            self._delivering = False
            self.delivered.append(delivery)
            self._rig.changed()

    @property
    def busy(self) -> bool:
        return True

    @property
    def finished(self) -> bool:
        return self.done

    def next_deadline(self) -> Optional[float]:
        return self.deadline

    def handle_deadline(self, now: float) -> None:
        if self.lost is not None:
            self._rig.faults.append("a deadline came after the loss")
        self.deadline = None
        self.handled.append(now)
        self._rig.changed()

    def farewell(self) -> bytes:
        return self.last_words

    # ------------------------------------------------------------ as the scenario sees it

    def say(self, data: bytes = b"", *, then_finish: bool = False) -> None:
        """Send data, and close after it if told so."""
        with self.transport.lock:
            self.outgoing += data
            self.done = self.done or then_finish
        self.transport.settle()

    def set_deadline(self, when: Optional[float]) -> None:
        """Move the deadline."""
        with self.transport.lock:
            self.deadline = when
        self.transport.settle()

    @property
    def over(self) -> bool:
        """Whether the loss has been delivered."""
        return LOST in self.delivered


class Host:
    """A listener whose every connection is a `Talker`."""

    def __init__(
        self,
        rig: Rig,
        address: str = "127.0.0.1:0",
        security: Optional[ServerSecurity] = None,
        *,
        handshake_timeout: float = contract.HANDSHAKE_TIMEOUT,
        **talker: Any,
    ) -> None:
        self._rig = rig
        self._talker = talker
        self.talkers: List[Talker] = []
        self.listener = rig.server.listen(address, security, handshake_timeout=handshake_timeout)
        rig.listeners.append(self.listener)
        self.listener.start(self._accept)

    def _accept(self, transport: contract.Transport) -> Talker:
        talker = Talker(self._rig, **self._talker)
        talker.transport = transport
        self._rig.transports.append(transport)
        self.talkers.append(talker)
        self._rig.changed()
        return talker

    async def talker(self) -> Talker:
        """The first connection, once it is there."""
        await self._rig.until(lambda: bool(self.talkers), "a connection is accepted")
        return self.talkers[0]


class Call:
    """One attempt to connect, and what became of it."""

    def __init__(
        self,
        rig: Rig,
        address: contract.Address,
        security: Optional[ClientSecurity] = None,
        *,
        timeout: float = contract.CONNECT_TIMEOUT,
        **talker: Any,
    ) -> None:
        self._rig = rig
        self.talker = Talker(rig, **talker)
        self.opened = False
        self.failures: List[Tuple[str, Optional[BaseException]]] = []
        self.attempt = rig.client.connect(address, self._open, self._failed, security, timeout)

    def _open(self, transport: contract.Transport) -> Talker:
        self._check()
        self.talker.transport = transport
        self._rig.transports.append(transport)
        self.opened = True
        self._rig.changed()
        return self.talker

    def _failed(self, sentence: str, cause: Optional[BaseException]) -> None:
        self._check()
        self.failures.append((sentence, cause))
        self._rig.changed()

    def _check(self) -> None:
        if self.opened or self.failures:
            self._rig.faults.append("an attempt reported twice")

    async def outcome(self) -> None:
        """Wait until the attempt has reported."""
        await self._rig.until(lambda: self.opened or bool(self.failures), "an attempt ends")


async def addresses_of(rig: Rig, target: str) -> List[contract.Address]:
    """Resolve a target that can be resolved."""
    found: List[contract.Address] = []
    failures: List[str] = []

    def resolved(answer: contract.Answer) -> None:
        found.extend(answer.addresses)
        rig.changed()

    def failed(sentence: str, _: Optional[BaseException]) -> None:
        failures.append(sentence)
        rig.changed()

    rig.client.resolve(target, resolved, failed)
    await rig.until(lambda: bool(found or failures), f"{target} is resolved")
    assert failures == []
    return found


async def reach(rig: Rig, target: str, security: Optional[ClientSecurity] = None, **options: Any) -> Call:
    """Connect to the first address of a target, whatever becomes of it."""
    call = Call(rig, (await addresses_of(rig, target))[0], security, **options)
    await call.outcome()
    return call


async def connect(rig: Rig, target: str, security: Optional[ClientSecurity] = None, **options: Any) -> Talker:
    """Connect to a target that can be reached."""
    call = await reach(rig, target, security, **options)
    assert call.failures == []
    return call.talker


async def pair(rig: Rig, **options: Any) -> Tuple[Talker, Talker]:
    """Two ends of one connection: the client's, then the server's; the options are for both."""
    host = Host(rig, **options)
    near = await connect(rig, f"127.0.0.1:{host.listener.port}", **options)
    return near, await host.talker()
