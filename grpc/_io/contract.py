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
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    ContextManager,
    Deque,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Union,
)

if TYPE_CHECKING:
    from grpc._values.connecting import ConfigLookup
    from grpc._values.security import ClientSecurity, ServerSecurity
    from grpc.framework.foundation.environment import Environment

# What an address is given to answer, in seconds: the minimum that the connection backoff document asks for.
CONNECT_TIMEOUT = 20.0
# What a client is given to say who it is before it can say anything else, in seconds.
HANDSHAKE_TIMEOUT = 120.0

AuthContext = Mapping[str, Sequence[bytes]]
"""What TLS knows of the peer: property names with one value or more."""


Pieces = Union[bytes, List[Union[bytes, memoryview]]]
"""What is to be written: bytes, or pieces of them in order, where they are long and joining them would take time."""


class Tunnel(NamedTuple):
    """What a proxy is asked for, once a connection to it is open.

    Attributes:
      authority: The destination, as `host:port`; printable ASCII.
      authorization: The value of Proxy-Authorization; None to send none.
    """

    authority: str
    authorization: Optional[str] = None

    def __repr__(self) -> str:
        return f"<Tunnel to {self.authority}>"  # a password must not get into a log


class Address(NamedTuple):
    """One place to connect or bind to; made by `Driver.resolve`, compared by value.

    Attributes:
      family: The address family, as the operating system numbers it.
      sockaddr: The address as the operating system takes it.
      name: As it is shown to people and services: `ipv4:127.0.0.1:50051`, `ipv6:[::1]:50051`, `unix:/run/x`.
      host: The host as the target named it, without port: what TLS asks for and checks unless told otherwise.
      tunnel: What to ask for at this address, which is then an HTTP proxy's; None if it is the target's own.
    """

    family: int
    sockaddr: Any
    name: str
    host: str = ""
    tunnel: Optional[Tunnel] = None


class Connection(abc.ABC):
    """A sans-io connection as a driver sees it. All methods but `deliver` are called with the transport's lock held."""

    __slots__ = ()

    deliveries: Deque[Any]
    """What is due to go upwards, in order; filled by the other methods, emptied by the driver into `deliver`."""

    takes_views = False
    """Whether `receive_data` takes views of a buffer, too, that is read into again when it has returned."""

    @abc.abstractmethod
    def receive_data(self, data: bytes) -> None:
        """Take bytes that arrived, in order. Never raises for what a peer may send.

        Args:
          data: Bytes, or if the class says that it `takes_views`, perhaps a memoryview; what is kept of that has to be
            copied.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def data_to_send(self) -> bytes:
        """Give the bytes to be written next, all that there are; empty if none."""
        raise NotImplementedError()

    def pieces_to_send(self) -> Pieces:
        """Give the same as `data_to_send` does, perhaps in pieces; what drivers ask for."""
        return self.data_to_send()

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

    def next_deadline(self) -> Optional[float]:
        """When `handle_deadline` is to be called: a point on the driver's `environment.time()`; None for never.

        Asked whenever the driver settles. A deadline that moved to an earlier time is seen at once, one that moved to
        a later time when the earlier one has passed.
        """
        return None

    def handle_deadline(self, now: float) -> None:  # noqa: B027  # most connections have nothing to do by the clock
        """Do what was due at `next_deadline`. May come early, when that has moved meanwhile.

        Args:
          now: The present `environment.time()`.
        """

    def farewell(self) -> bytes:
        """What to write last when this side closes at once, if the socket takes it; `connection_lost` follows."""
        return b""


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

    @property
    @abc.abstractmethod
    def auth_context(self) -> Optional[AuthContext]:
        """What TLS knows of the peer; None on a transport without TLS."""
        raise NotImplementedError()

    @abc.abstractmethod
    def set_user_timeout(self, seconds: Optional[float]) -> None:
        """Have the operating system give the connection up if what was written stays unacknowledged for so long.

        Does nothing where the system has no such option, nor on a socket that is not TCP.

        Args:
          seconds: The time, rounded up to milliseconds; None for the system's own choice.
        """
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


Texts = Sequence[Sequence[bytes]]
"""TXT records as the DNS has them: each is a row of character-strings."""


class Answer(NamedTuple):
    """What is known of a target once it has been resolved.

    Attributes:
      addresses: At least one, in the order in which they are to be tried.
      texts: The TXT records that may hold its service config; none if there are none, if they could not be had, or if
        nobody asked for them.
    """

    addresses: List[Address]
    texts: Texts = ()


class Attempt(abc.ABC):
    """A connection being made, or a target being resolved."""

    __slots__ = ()

    @abc.abstractmethod
    def cancel(self) -> None:
        """Give up, unless it has come to its end; no outcome is reported after this. Never blocks.

        May be called again, and from any thread. An outcome that another thread is just reporting may still arrive.
        """
        raise NotImplementedError()


Failed = Callable[[str, Optional[BaseException]], None]
"""Takes the news of a failure: a sentence for status details, and the error behind it if there was one."""


class Driver(abc.ABC):
    """A way of running sockets; the environment of the Ends above it comes along.

    What the driver calls, it calls from its own thread (or loop) and never before the method that it was handed to
    has returned; whoever is called must not block.
    """

    __slots__ = ()

    environment: Environment

    @abc.abstractmethod
    def resolve(
        self, target: str, resolved: Callable[[Answer], None], failed: Failed, lookup: Optional[ConfigLookup] = None
    ) -> Attempt:
        """Find the addresses of a target; does not block.

        Args:
          target: In the syntax that `addresses` explains.
          resolved: Called once with the addresses, and with what has come of `lookup` by then.
          failed: Called instead when there is no address: the name service knows none, or the target makes no sense
            (the error is then a ValueError, and trying again is no use).
          lookup: Which TXT records to ask for at the same time; None for none. Whatever becomes of that, addresses that
            were found are reported, as soon as both are over.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def connect(
        self,
        address: Address,
        open_connection: Callable[[Transport], Connection],
        failed: Failed,
        security: Optional[ClientSecurity] = None,
        timeout: float = CONNECT_TIMEOUT,
    ) -> Attempt:
        """Connect to an address; does not block.

        Args:
          address: As `resolve` gave it.
          open_connection: Called once when a socket is open, and the TLS handshake is over if there is one; returns
            the connection to run on it. What the connection has to say at once is written after that. From then on
            the connection hears of a loss; `failed` does not.
          failed: Called instead, with a sentence that begins with the address's name.
          security: How to speak TLS; None for plaintext.
          timeout: Seconds until the address is given up, the TLS handshake included.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def listen(
        self,
        address: str,
        security: Optional[ServerSecurity] = None,
        *,
        so_reuseport: bool = False,
        handshake_timeout: float = HANDSHAKE_TIMEOUT,
    ) -> Listener:
        """Bind an address.

        Args:
          address: In the syntax that `addresses` explains; port 0 for any free one, the same on all of a host's
            addresses.
          security: How to speak TLS; None for plaintext.
          so_reuseport: Whether other sockets that ask for it too may be bound to the same port (Linux and BSD).
          handshake_timeout: Seconds that a client is given for the TLS handshake.

        Raises:
          ValueError: The address or what `security` holds cannot be understood; the message says what to write.
          OSError: It cannot be bound; the message names it.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def close(self) -> None:
        """End every thread of this driver that nobody else shares. Its transports have been closed before."""
        raise NotImplementedError()
