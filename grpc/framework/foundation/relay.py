"""Passing values to a behavior one at a time and in order, whichever threads they come from."""

from __future__ import annotations

import abc
import functools
from typing import TYPE_CHECKING, Callable, Generic, TypeVar

from grpc.framework.foundation.serial import Serial

if TYPE_CHECKING:
    import concurrent.futures

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Relay(abc.ABC, Generic[T_contra]):
    """Hands values to a behavior in the order in which they were added, never two at once."""

    __slots__ = ()

    @abc.abstractmethod
    def add_value(self, value: T_contra) -> None:
        """Adds a value; callable from any thread and from inside the behavior, which then only queues the value.

        Args:
            value: What the behavior will be called with once it is done with all values added before. An `Exception`
                that the behavior raises is logged and the next value follows.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def set_behavior(self, behavior: Callable[[T_contra], object] | None) -> None:
        """Sets the behavior for the values whose turn is yet to come; callable from any thread, does not block.

        Args:
            behavior: What to call with each value, or None to drop the values.
        """
        raise NotImplementedError


class _SerialRelay(Relay[T]):
    # _behavior needs no lock: it is one reference, read anew for each value.
    __slots__ = ("_behavior", "_serial")

    def __init__(self, behavior: Callable[[T], object] | None, serial: Serial) -> None:
        self._behavior = behavior
        self._serial = serial

    def add_value(self, value: T) -> None:
        self._serial.append(functools.partial(self._pass, value))

    def set_behavior(self, behavior: Callable[[T], object] | None) -> None:
        self._behavior = behavior

    def _pass(self, value: T) -> None:
        behavior = self._behavior
        if behavior is not None:
            behavior(value)


def relay(behavior: Callable[[T], object] | None) -> Relay[T]:
    """Makes a relay that calls the behavior in the threads that add the values.

    Args:
        behavior: What to call with each value, or None to drop values until a behavior is set. A thread that adds a
            value may have to call it for values that others add meanwhile, so it should be quick.

    Returns:
        The relay.
    """
    return _SerialRelay(behavior, Serial())


def pool_relay(pool: concurrent.futures.Executor, behavior: Callable[[T], object] | None) -> Relay[T]:
    """Makes a relay that calls the behavior in a pool, so that adding a value never waits for it.

    Args:
        pool: Where to call the behavior. The relay has at most one task in it at a time, which goes on as long as
            there are values, and adding a value raises what the pool raises when it takes no more tasks. The caller
            shuts it down; a task that the pool then cancels leaves the relay's values undelivered.
        behavior: What to call with each value, or None to drop values until a behavior is set.

    Returns:
        The relay.
    """
    return _SerialRelay(behavior, Serial(pool.submit))
