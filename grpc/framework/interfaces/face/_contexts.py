"""What the two sides of an RPC see of it while it goes on, and what takes an event-driven RPC's answer."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Callable, Optional

if TYPE_CHECKING:
    from grpc.framework.interfaces.face.face import Abortion


class RpcContext(abc.ABC):
    """What either side can learn of an RPC, and do to it."""

    __slots__ = ()

    @abc.abstractmethod
    def is_active(self) -> bool:
        """Tells whether the RPC is still going on.

        Returns:
            True from the start until completion or abortion, False ever after.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def time_remaining(self) -> Optional[float]:
        """Tells how long the RPC may still last.

        Returns:
            Nonnegative seconds until the RPC expires, or None if it has no deadline.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def add_abortion_callback(self, abortion_callback: Callable[[Abortion], None]) -> None:
        """Asks for a call if the RPC is aborted.

        Args:
            abortion_callback: called once, with the abortion, by whichever thread aborts the
                RPC; at once by the current thread if it has been aborted already; never if the
                RPC completes.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def cancel(self) -> Optional[bool]:
        """Calls the RPC off. Has no effect if it has ended, and may be repeated.

        Returns:
            What `Future.cancel` promises, if the object is a future as well; otherwise of no
            meaning.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def protocol_context(self) -> Any:
        """Gives access to the transport's own view of the RPC.

        Returns:
            An object that the transport defines.
        """
        raise NotImplementedError


class Call(RpcContext):
    """An RPC as the invocation side sees it, with what the service side sent besides responses.

    Each method blocks until its value has arrived or certainly will not.
    """

    __slots__ = ()

    @abc.abstractmethod
    def initial_metadata(self) -> Optional[Any]:
        """Waits for the metadata that precedes the responses.

        Returns:
            The initial metadata of the service side, or None if it sent none.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def terminal_metadata(self) -> Optional[Any]:
        """Waits for the metadata that follows the responses.

        Returns:
            The terminal metadata of the service side, or None if it sent none.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def code(self) -> Optional[Any]:
        """Waits for the code with which the RPC ended.

        Returns:
            The code that the service side sent, or None if it sent none.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def details(self) -> Optional[str]:
        """Waits for the words that go with the code.

        Returns:
            The details that the service side sent, or None if it sent none.
        """
        raise NotImplementedError


class ServicerContext(RpcContext):
    """An RPC as the code that serves it sees it, and where that code puts all but its responses.

    What is not set is not sent. Setting has no effect once the value is on its way.
    """

    __slots__ = ()

    @abc.abstractmethod
    def invocation_metadata(self) -> Optional[Any]:
        """Blocks until the metadata of the invocation side has arrived or certainly will not.

        Returns:
            The metadata that the RPC was invoked with, or None if there is none.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def initial_metadata(self, initial_metadata: Any) -> None:
        """Sends metadata ahead of the responses.

        Args:
            initial_metadata: the initial metadata for the invocation side. Is given once, before
                the first response.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def terminal_metadata(self, terminal_metadata: Any) -> None:
        """Sets the metadata to send after the responses.

        Args:
            terminal_metadata: the terminal metadata for the invocation side.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def code(self, code: Any) -> None:
        """Sets the code with which the RPC will end.

        Args:
            code: the code for the invocation side.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def details(self, details: str) -> None:
        """Sets the words that go with the code.

        Args:
            details: the details for the invocation side.
        """
        raise NotImplementedError


class ResponseReceiver(abc.ABC):
    """Takes what the service side sends, in an event-driven invocation.

    Calls come one after another: initial metadata at most once and first, then responses, then
    completion once, unless the RPC is aborted, after which none come.
    """

    __slots__ = ()

    @abc.abstractmethod
    def initial_metadata(self, initial_metadata: Any) -> None:
        """Takes the metadata that precedes the responses.

        Args:
            initial_metadata: the initial metadata of the service side.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def response(self, response: Any) -> None:
        """Takes a response.

        Args:
            response: the next response value; the only one if the method's response is unary.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def complete(self, terminal_metadata: Optional[Any], code: Optional[Any], details: Optional[str]) -> None:
        """Learns that the RPC has completed.

        Args:
            terminal_metadata: the terminal metadata of the service side, or None.
            code: its code, or None.
            details: its details, or None.
        """
        raise NotImplementedError
