"""The interface of a computation that ends some day: with a value, an exception, or by being cancelled."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Callable, Generic, TypeVar

if TYPE_CHECKING:
    from types import TracebackType

T_co = TypeVar("T_co", covariant=True)


class TimeoutError(Exception):
    """The computation did not end within the time that the caller was ready to wait."""


class CancelledError(Exception):
    """There is no result to be had because the computation was cancelled."""


class Future(abc.ABC, Generic[T_co]):
    """A computation that may lie ahead, be under way, or be over.

    All methods may be called from any thread. Only `result`, `exception` and `traceback` may block, and only until
    the computation is over.
    """

    __slots__ = ()

    @abc.abstractmethod
    def cancel(self) -> bool:
        """Tries to keep the computation from taking place; does not block.

        Returns:
            True if it is certain now that the computation has not begun and never will. False if it has begun, is
            over, or if nothing certain can be said without blocking; an implementation may still have asked the
            computation to stop.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def cancelled(self) -> bool:
        """Tells whether the computation was cancelled before it had a result; does not block.

        Returns:
            True if it was cancelled, False if it was not, or if that is not known yet.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def running(self) -> bool:
        """Tells whether the computation is still to come or under way; does not block.

        Returns:
            True if the computation is under way or will be, False if it is over or was cancelled. (A computation that
            only waits for its turn counts as running: the standard library's futures differ here.)
        """
        raise NotImplementedError

    @abc.abstractmethod
    def done(self) -> bool:
        """Tells whether the computation is over; does not block.

        Returns:
            True if it ended in any way, cancellation included. False if it may still be under way or lie ahead.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def result(self, timeout: float | None = None) -> T_co:
        """Waits for the end of the computation and gives its value.

        Args:
            timeout: How long to wait at most, in seconds; zero or less does not wait. None waits without limit.

        Returns:
            The value of the computation.

        Raises:
            TimeoutError: The computation was not over in time. It goes on.
            CancelledError: The computation was cancelled.
            Exception: Whatever the computation raised.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Waits for the end of the computation and gives the exception it raised.

        Args:
            timeout: How long to wait at most, in seconds; zero or less does not wait. None waits without limit.

        Returns:
            The exception, or None if the computation ended with a value.

        Raises:
            TimeoutError: The computation was not over in time. It goes on.
            CancelledError: The computation was cancelled.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        """Waits for the end of the computation and gives the traceback of the exception it raised.

        Args:
            timeout: How long to wait at most, in seconds; zero or less does not wait. None waits without limit.

        Returns:
            The traceback, or None if the computation ended with a value.

        Raises:
            TimeoutError: The computation was not over in time. It goes on.
            CancelledError: The computation was cancelled.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def add_done_callback(self, fn: Callable[[Future[T_co]], object]) -> None:
        """Asks for a call when the computation is over.

        Args:
            fn: Called exactly once, with this future: in the thread that ended the computation or, if it is over
                already, at once in this thread. What it returns is ignored and what it raises is logged.
        """
        raise NotImplementedError
