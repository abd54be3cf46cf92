"""The passive way to use an RPC: the customer looks at what is there, and is told when to look again.

An extension for customers that may never block and are not to be handed values faster than they want them, such as
coroutines. What may be used so is said where it is returned: the calls of a stub, and the context of a service.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Callable, Optional

from grpc.framework.foundation import stream

if TYPE_CHECKING:
    from grpc.framework.interfaces.face._callables import CallConsumer


class Watchable(abc.ABC):
    """An RPC that tells of changes."""

    __slots__ = ()

    @abc.abstractmethod
    def when_changed(self, action: Callable[[], None]) -> None:
        """Asks for one call at the next change: metadata or a value has arrived, or the RPC has ended.

        Args:
            action: called by whichever thread brings the news; at once if the RPC has ended. It must not block nor
                raise, and may find that nothing has changed.
        """
        raise NotImplementedError


class PassiveCall(Watchable):
    """The invocation side of an RPC that tells of changes. After its end no method of a `Call` blocks."""

    __slots__ = ()

    @abc.abstractmethod
    def initial_metadata_known(self) -> bool:
        """Tells whether `Call.initial_metadata` returns at once."""
        raise NotImplementedError

    @abc.abstractmethod
    def forsake(self) -> None:
        """Cancels the RPC soon, if it goes on: for a finalizer of whoever was the only one to have it.

        Takes no lock, unlike `Call.cancel`, as finalizers may be called inside of any.
        """
        raise NotImplementedError


class PassiveSource(Watchable):
    """An RPC from which values can be taken as they arrive; taking them is what allows the other side to send more."""

    __slots__ = ()

    @abc.abstractmethod
    def take(self) -> Optional[Any]:
        """Takes the next value.

        Returns:
            The value, or None if none is there.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def exhausted(self) -> bool:
        """Tells whether every value has been taken and none follows."""
        raise NotImplementedError


class PassiveService(PassiveSource):
    """The service side of an RPC from which requests can be taken, or the only one."""

    __slots__ = ()

    @abc.abstractmethod
    def take_only(self) -> Optional[Any]:
        """Takes the request of a method that takes one. Nothing else may be taken from the RPC.

        Should another one come, the RPC ends as if there were no such method: the invocation side has one of another
        shape in mind. It may have ended so when this returns.

        Returns:
            The request, or None if it is not there, or will not be.
        """
        raise NotImplementedError


class PacedSink(stream.Consumer[Any]):
    """A consumer that tells whether the other side, and the way to it, have room for a value.

    Values that are passed in when there is none are kept, without limit.
    """

    __slots__ = ()

    @abc.abstractmethod
    def may_send(self) -> bool:
        """Tells whether there is room for a value."""
        raise NotImplementedError

    @abc.abstractmethod
    def when_may_send(self, action: Callable[[], None]) -> None:
        """Asks for one call as soon as there is room, or the RPC has ended. A later request replaces an earlier one.

        Args:
            action: called by whichever thread brings the news; at once if there is room. It must not block nor raise.
        """
        raise NotImplementedError


class PassiveMultiCallable(abc.ABC):
    """Invokes one method of many requests for a passive customer; the multi-callables of such methods may be one."""

    __slots__ = ()

    @abc.abstractmethod
    def passive(
        self, timeout: Optional[float], metadata: Optional[Any] = None, protocol_options: Optional[Any] = None
    ) -> CallConsumer:
        """Invokes and returns at once.

        Returns:
            What the inline or future style returns, that is a `PacedSink` for the requests as well.
        """
        raise NotImplementedError
