"""The interface of something that takes values until there are no more."""

from __future__ import annotations

import abc
from typing import Generic, TypeVar

T_contra = TypeVar("T_contra", contravariant=True)


class Consumer(abc.ABC, Generic[T_contra]):
    """Takes any number of values and then, at most once, the news that no more follow.

    The last value and that news may come together, in `consume_and_terminate`, or one after the other: it means the
    same. Whoever calls must not make two calls at once, nor any call after the terminating one, unless the
    implementation says that it copes.
    """

    __slots__ = ()

    @abc.abstractmethod
    def consume(self, value: T_contra) -> None:
        """Takes a value that may not be the last.

        Args:
            value: The value.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def terminate(self) -> None:
        """Takes the news that no more values follow."""
        raise NotImplementedError

    @abc.abstractmethod
    def consume_and_terminate(self, value: T_contra) -> None:
        """Takes the last value.

        Args:
            value: The value.
        """
        raise NotImplementedError
