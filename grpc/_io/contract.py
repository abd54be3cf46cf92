"""What a driver asks of a connection, and gives to it.

A connection is sans-io: it never reads, writes, waits or looks at a clock. A driver owns the socket and the
connection's lock and keeps this order, in which nothing can be lost or reordered:

    with the lock:     feed what happened (bytes, a loss, or whatever the layer above had to say)
    then `settle()`:   take `data_to_send()` and write it, one thread at a time, in order;
                       then `deliver()` what became of it, one thread at a time, in order, without the lock.

So any thread may speak on a connection and write at once, and none ever calls upwards with the lock held.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Callable, ContextManager, Deque, Optional

if TYPE_CHECKING:
    from grpc.framework.foundation.environment import Environment


class Connection(abc.ABC):
    """A sans-io connection as a driver sees it. All methods but `deliver` are called with the transport's lock held."""

    __slots__ = ()

    deliveries: Deque[Any]
    """What is due to go upwards, in order; filled by the other methods, emptied by the driver into `deliver`."""

    @abc.abstractmethod
    def receive_data(self, data: bytes) -> None:
        """Take bytes that arrived, in order. Never raises for what a peer may send."""
        raise NotImplementedError()

    @abc.abstractmethod
    def data_to_send(self) -> bytes:
        """Give the bytes to be written next, all that there are; empty if none."""
        raise NotImplementedError()

    @abc.abstractmethod
    def connection_lost(self, reason: str, cause: Optional[BaseException]) -> None:
        """Take the news that the transport is gone; nothing is read or written any more. Called once.

        Args:
          reason: A sentence for status details: what happened, and with which address.
          cause: The error of the operating system behind it, if there was one.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def deliver(self, delivery: Any) -> None:
        """Pass one of `deliveries` upwards. Called without the lock, by one thread at a time."""
        raise NotImplementedError()

    @property
    @abc.abstractmethod
    def busy(self) -> bool:
        """Whether somebody waits for what this connection will receive next."""
        raise NotImplementedError()

    @property
    @abc.abstractmethod
    def finished(self) -> bool:
        """Whether the transport is to be closed as soon as everything has been written."""
        raise NotImplementedError()


class Transport(abc.ABC):
    """An open socket with a connection on it."""

    __slots__ = ()

    lock: ContextManager[Any]
    """Guards the connection. Whoever takes it and speaks to the connection calls `settle` after releasing it."""

    @property
    @abc.abstractmethod
    def peer(self) -> str:
        """The other end as an address string such as `ipv4:127.0.0.1:50051`."""
        raise NotImplementedError()

    @abc.abstractmethod
    def settle(self) -> None:
        """Write and deliver what is due, unless another thread is doing so. Never blocks; the lock is not held."""
        raise NotImplementedError()

    @abc.abstractmethod
    def close(self, reason: str) -> None:
        """Close the socket now; the connection hears that it is lost. May be called again."""
        raise NotImplementedError()


class Listener(abc.ABC):
    """A bound and listening socket."""

    __slots__ = ()

    @property
    @abc.abstractmethod
    def port(self) -> int:
        """The TCP port, also where port 0 was asked for; 1 for an address without ports."""
        raise NotImplementedError()

    @abc.abstractmethod
    def start(self, accept: Callable[[Transport], Connection]) -> None:
        """Begin to accept; each new transport is given the connection that `accept` returns for it."""
        raise NotImplementedError()

    @abc.abstractmethod
    def close(self) -> None:
        """Stop accepting and free the address. May be called again."""
        raise NotImplementedError()


class Attempt(abc.ABC):
    """A connection being made."""

    __slots__ = ()

    @abc.abstractmethod
    def cancel(self) -> None:
        """Give up, unless it has come to its end; neither outcome is reported after this."""
        raise NotImplementedError()


class Driver(abc.ABC):
    """A way of running sockets; the environment of the Ends above it comes along."""

    __slots__ = ()

    environment: Environment

    @abc.abstractmethod
    def connect(
        self,
        target: str,
        open_connection: Callable[[Transport], Connection],
        failed: Callable[[str, Optional[BaseException]], None],
    ) -> Attempt:
        """Resolve a target and connect to the first of its addresses that answers; does not block.

        Args:
          target: In the syntax that `addresses` explains.
          open_connection: Called once when a socket is open; returns the connection to run on it. What the
            connection has to say at once is written after that.
          failed: Called instead, with a sentence naming the addresses tried and why each failed, and the last
            error, when no address could be reached.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def listen(self, address: str) -> Listener:
        """Bind an address.

        Raises:
          ValueError: The address cannot be understood.
          OSError: It cannot be bound.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def close(self) -> None:
        """End every thread of this driver that nobody else shares. Its transports have been closed before."""
        raise NotImplementedError()
