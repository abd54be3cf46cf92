"""The future of the modern API, as an interface."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Callable, Optional

if TYPE_CHECKING:
    from types import TracebackType


class FutureTimeoutError(Exception):
    """A method of a `Future` waited as long as it was told to, and the computation goes on."""


class FutureCancelledError(Exception):
    """There is no result because the computation was cancelled."""


class Future(abc.ABC):
    """A computation that may be over or still going on. Any thread may call the methods."""

    __slots__ = ()

    @abc.abstractmethod
    def cancel(self) -> bool:
        """Try to cancel. Returns whether the computation is certainly cancelled; does not block."""
        raise NotImplementedError()

    @abc.abstractmethod
    def cancelled(self) -> bool:
        """Tell whether it was cancelled before it was over; does not block."""
        raise NotImplementedError()

    @abc.abstractmethod
    def running(self) -> bool:
        """Tell whether it goes on; does not block."""
        raise NotImplementedError()

    @abc.abstractmethod
    def done(self) -> bool:
        """Tell whether it is over, in whatever way; does not block."""
        raise NotImplementedError()

    @abc.abstractmethod
    def result(self, timeout: Optional[float] = None) -> Any:
        """Wait for the value.

        Args:
          timeout: Seconds to wait at most; None for as long as it takes.

        Raises:
          FutureTimeoutError: It is not over in time.
          FutureCancelledError: It was cancelled.
          Exception: What the computation raised; for an RPC an `RpcError`.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def exception(self, timeout: Optional[float] = None) -> Optional[Exception]:
        """Wait for the end and give what it raised, or None; raises as `result` does for want of an end."""
        raise NotImplementedError()

    @abc.abstractmethod
    def traceback(self, timeout: Optional[float] = None) -> Optional[TracebackType]:
        """Wait for the end and give the traceback of what it raised, or None."""
        raise NotImplementedError()

    @abc.abstractmethod
    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        """Have a callback called with this future once it is over, at once if it is."""
        raise NotImplementedError()
