"""Consumers to put together: one that transforms, one to iterate over, one that changes the thread."""

from __future__ import annotations

import collections
import functools
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from grpc.framework.foundation import stream
from grpc.framework.foundation.serial import Serial

if TYPE_CHECKING:
    import concurrent.futures

T = TypeVar("T")
U = TypeVar("U")


class TransformingConsumer(stream.Consumer[T]):
    """Passes on what a function makes of each value.

    It adds no state of its own, so it may be called from the threads and in the ways that its downstream allows.
    What the function raises goes to the caller, and nothing is passed on by that call.
    """

    __slots__ = ("_downstream", "_transformation")

    def __init__(self, transformation: Callable[[T], U], downstream: stream.Consumer[U]) -> None:
        """Makes one.

        Args:
            transformation: Called with each value, in the thread of the caller.
            downstream: What gets the transformed values and the termination.
        """
        # That the two agree on U is checked here; the class is generic in what it consumes only.
        self._transformation: Callable[[T], Any] = transformation
        self._downstream: stream.Consumer[Any] = downstream

    def consume(self, value: T) -> None:
        """Passes on the transformed value."""
        self._downstream.consume(self._transformation(value))

    def terminate(self) -> None:
        """Passes on the termination."""
        self._downstream.terminate()

    def consume_and_terminate(self, value: T) -> None:
        """Passes on the transformed value and the termination, in one call."""
        self._downstream.consume_and_terminate(self._transformation(value))


class IterableConsumer(stream.Consumer[T], Iterator[T]):
    """Is fed as a consumer and read as an iterator, usually by another thread.

    Any number of threads may feed it and iterate; each value goes to one of those that iterate, in order. What is
    not read yet is kept, without bound. Feeding never blocks; after termination it does nothing.
    """

    # _condition guards the other two: the values not read yet, and whether more may come.
    __slots__ = ("_active", "_condition", "_values")

    def __init__(self) -> None:
        """Makes one without values."""
        self._condition = threading.Condition()
        self._values: collections.deque[T] = collections.deque()
        self._active = True

    def consume(self, stock_reply: T) -> None:
        """Adds a value to those to be iterated over.

        Args:
            stock_reply: The value.
        """
        with self._condition:
            if self._active:
                self._values.append(stock_reply)
                self._condition.notify()

    def terminate(self) -> None:
        """Lets the iteration end after the values that are there."""
        with self._condition:
            self._active = False
            self._condition.notify_all()

    def consume_and_terminate(self, stock_reply: T) -> None:
        """Adds the last value of the iteration.

        Args:
            stock_reply: The value.
        """
        with self._condition:
            if self._active:
                self._values.append(stock_reply)
                self._active = False
                self._condition.notify_all()

    def __iter__(self) -> IterableConsumer[T]:
        """Returns this object: there is one iteration, and all who iterate share it."""
        return self

    def __next__(self) -> T:
        """Takes the next value; blocks until there is one or the stream is terminated.

        Raises:
            StopIteration: There are no more values, now and ever.
        """
        with self._condition:
            while self._active and not self._values:
                self._condition.wait()
            if not self._values:
                raise StopIteration
            return self._values.popleft()

    def next(self) -> T:
        """Does the same as ``next()`` on this object; code of the time of Python 2 calls it by this name."""
        return self.__next__()


class ThreadSwitchingConsumer(stream.Consumer[T]):
    """Passes values on in a pool, in order and one at a time, so that its caller never waits for the sink.

    Any threads may call it, at the same time too. What comes after termination is ignored. What the sink raises is
    logged, and the next value follows.
    """

    # Only effects of _serial touch _active, so it needs no lock; and deciding there, in order, is what keeps a
    # value of one thread from overtaking the termination by another.
    __slots__ = ("_active", "_serial", "_sink")

    def __init__(self, sink: stream.Consumer[T], pool: concurrent.futures.Executor) -> None:
        """Makes one.

        Args:
            sink: What gets the values and the termination.
            pool: Where the sink is called, by at most one task at a time. If it takes no more tasks, the calls of
                this object raise what it raises. The caller shuts it down.
        """
        self._sink = sink
        self._serial = Serial(pool.submit)
        self._active = True

    def consume(self, value: T) -> None:
        """Has the sink consume a value, later and elsewhere."""
        self._serial.append(functools.partial(self._consume, value))

    def terminate(self) -> None:
        """Has the sink terminated, later and elsewhere."""
        self._serial.append(self._terminate)

    def consume_and_terminate(self, value: T) -> None:
        """Has the sink consume the last value, later and elsewhere."""
        self._serial.append(functools.partial(self._consume_and_terminate, value))

    def _consume(self, value: T) -> None:
        if self._active:
            self._sink.consume(value)

    def _terminate(self) -> None:
        if self._active:
            self._active = False
            self._sink.terminate()

    def _consume_and_terminate(self, value: T) -> None:
        if self._active:
            self._active = False
            self._sink.consume_and_terminate(value)
