"""Things that have to be started and stopped, by two calls or by a ``with`` statement."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


class Activated(abc.ABC):
    """An object that works only between its start and its stop.

    Either call `start` and later `stop`, or use the object as a context manager, which does both. Whether an object
    can be started a second time, and from which threads, is for the implementation to say.
    """

    __slots__ = ()

    @abc.abstractmethod
    def __enter__(self) -> Activated:
        """Starts the object.

        Returns:
            The object to use inside the ``with`` block, usually this one.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> bool | None:
        """Stops the object.

        Args:
            exc_type: The class of the exception that left the block, or None.
            exc_val: The exception that left the block, or None.
            exc_tb: Its traceback, or None.

        Returns:
            A true value to swallow the exception, which implementations should not do without good reason.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def start(self) -> Activated:
        """Starts the object.

        Returns:
            The object to use from now on, usually this one.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def stop(self) -> None:
        """Stops the object; whether it waits until everything has ended is for the implementation to say."""
        raise NotImplementedError
