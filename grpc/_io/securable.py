"""What a transport begins with before its connection proper, and what that asks of it; without TLS itself.

That is for `securing`, which only those import who want it: the standard library's `ssl` and what it brings take longer
to import than all of the driver.
"""

from __future__ import annotations

import abc
import collections
from typing import Any, Callable, Deque, Optional

from grpc._io import contract


def prepare() -> None:
    """Import what TLS needs, in the thread of whoever asks for TLS.

    Not in a driver's thread, when it first connects: a process that forked just then would find the import half done
    and nobody to finish it.
    """
    from grpc._io import securing, tls, tls_contexts  # noqa: F401


class SecurableTransport(contract.Transport):
    """A transport that can begin with a handshake."""

    __slots__ = ()

    @abc.abstractmethod
    def set_auth_context(self, auth_context: contract.AuthContext) -> None:
        """Take what is known of the peer."""
        raise NotImplementedError()

    @abc.abstractmethod
    def exchange(self, connection: contract.Connection, data: Optional[bytes] = b"") -> None:
        """Go on with another connection; called from inside `deliver` of the former one.

        If the transport was closed in the meantime, the new one hears of the loss.

        Args:
          connection: The new one.
          data: What it receives first. By default an empty piece: something for it may be where it looks by itself.
            None if there is nothing at all.
        """
        raise NotImplementedError()


class Opening(contract.Connection):
    """A transport's first connection, which agrees on something with the peer and then gives way to the next one."""

    __slots__ = ("_deadline", "_failed", "_failure", "_late", "_open", "_transport", "deliveries")

    def __init__(
        self,
        transport: SecurableTransport,
        open_connection: Callable[[contract.Transport], Optional[contract.Connection]],
        failed: contract.Failed,
        deadline: float,
        late: str,
    ) -> None:
        """Make one.

        Args:
          transport: Will run this connection.
          open_connection: Called when this one is over; gives the connection to go on with, or None if the transport
            has been, or is just being, closed.
          failed: Called instead, with a sentence and an error, if this one fails.
          deadline: The time at which it is given up.
          late: The sentence for that.
        """
        self.deliveries: Deque[Any] = collections.deque()
        self._transport = transport
        self._open = open_connection
        self._failed = failed
        self._deadline: Optional[float] = deadline
        self._late = late
        # Why it has failed; empty if it has not.
        self._failure = ""

    def _succeed(self) -> None:
        """It is over: the next one is opened once this thread delivers."""
        self._deadline = None
        self.deliveries.append(self._go_on)

    def _report(self, reason: str, cause: Optional[BaseException]) -> None:
        """It has failed, and the transport is closed."""
        self.deliveries.append(lambda: self._failed(reason, cause))

    @abc.abstractmethod
    def _go_on(self) -> None:
        """Open the next connection, and have the transport go on with it. Outside the transport's lock."""
        raise NotImplementedError()

    def deliver(self, delivery: Any) -> None:
        delivery()

    @property
    def busy(self) -> bool:
        return True

    @property
    def finished(self) -> bool:
        return bool(self._failure)

    def next_deadline(self) -> Optional[float]:
        return self._deadline

    def handle_deadline(self, now: float) -> None:
        if self._deadline is not None and self._deadline <= now:
            self._deadline = None
            self._failure = self._failure or self._late
