"""A stream of values that is sent: drawn from an iterator as the other side grants, or passed in by the customer."""

from __future__ import annotations

import itertools
import operator
from typing import Any, Callable, FrozenSet, Iterator

from grpc.framework.crust import _allowance, _rendezvous
from grpc.framework.foundation import abandonment, stream
from grpc.framework.foundation.environment import POURING, Waiter
from grpc.framework.interfaces.face import face

# Iterators whose values are all there already: several can be drawn at once without keeping any of them back.
_AT_HAND: FrozenSet[type] = frozenset({type(iter([])), type(iter(())), type(iter(range(0)))})

_NONE_IS_NO_VALUE = "None cannot be sent: it stands for 'no value'"


class Outgoing(_rendezvous.Rendezvous):
    """A side that knows how much it may send.

    `_allowed` counts all values that the other side has ever granted; only upcalls change it, which come one at a
    time. `_sender` is the one who waits for it to grow.
    """

    __slots__ = ()

    def _expect_grants(self) -> None:
        """Be ready for grants. Done once, before any arrives."""
        self._allowed = _allowance.INITIAL

    def _allow(self, allowance: int) -> None:
        with self._lock:
            self._allowed += allowance
            sender, self._sender = self._sender, None
        if sender is not None:
            sender.set()


class OutgoingPump(Outgoing):
    """A side that draws what it sends from an iterator of its customer, and only as fast as it may send."""

    __slots__ = ()

    def pump(self, values: Iterator[Any]) -> None:
        """Send all that an iterator gives, and that this was all; blocks, in the iterator and for leave to send.

        Returns early, and draws no more, once the RPC has ended.

        Args:
          values: Gives the values.

        Raises:
          ValueError: The iterator gave None.
          BaseException: Whatever the iterator raises.
        """
        if type(values) in _AT_HAND:
            self._pump_batches(values)
            return
        with POURING:
            exhausted = self._pour(values)
        if exhausted:
            self._output.advance(None, None, self._closing())

    def _pour(self, values: Iterator[Any]) -> bool:
        """Send all that an iterator gives; tell whether it was all, or the RPC has ended before that."""
        advance = self._output.advance
        sent = 0
        while not self._ended:
            if sent >= self._allowed:
                self._wait_for_leave(sent)
                continue
            try:
                value = next(values)
            except StopIteration:
                return True
            if value is None:
                raise ValueError(_NONE_IS_NO_VALUE)
            sent += 1
            advance(None, value)
        return False

    def _pump_batches(self, values: Iterator[Any]) -> None:
        """Do the same for an iterator that never blocks: what is allowed leaves together."""
        sent = 0
        while not self._ended:
            if sent >= self._allowed:
                self._wait_for_leave(sent)
                continue
            batch = list(itertools.islice(values, self._allowed - sent))
            if any(value is None for value in batch):
                raise ValueError(_NONE_IS_NO_VALUE)
            sent += len(batch)
            finished = not operator.length_hint(values)
            self._output.advance_payloads(batch, self._closing() if finished else None)
            if finished:
                return

    def _wait_for_leave(self, sent: int) -> None:
        """Block until more than so many values are allowed, or the RPC has ended."""
        waiter = Waiter()
        with self._lock:
            if self._ended or sent < self._allowed:
                return
            self._sender = waiter
        self._environment.wait(waiter)


class OutgoingConsumer(_rendezvous.Rendezvous, stream.Consumer[Any]):
    """A side whose customer passes in what it sends; it never blocks, what is not allowed yet is kept by the operation.

    `_said_all` tells whether the customer has terminated its stream.
    """

    __slots__ = ()

    def _expect_consumption(self) -> None:
        """Be ready to be passed values. Done once, before anybody has the object."""
        self._said_all = False

    def consume(self, value: Any) -> None:
        """Send a value.

        Raises:
          ValueError: The stream has been terminated, or the value is None. Nothing has changed.
          Abandoned: The RPC has ended, so nobody wants the value.
        """
        self._check(value)
        self._output.advance(None, value)

    def terminate(self) -> None:
        """Say that no more values follow. Has no effect if the RPC has ended.

        Raises:
          ValueError: That has been said before. Nothing has changed.
        """
        if self._said_all:
            raise ValueError("terminate() of a stream of values that has been terminated before")
        self._said_all = True
        self._output.advance(None, None, self._closing())

    def consume_and_terminate(self, value: Any) -> None:
        """Send the last value.

        Raises:
          ValueError: The stream has been terminated, or the value is None. Nothing has changed.
          Abandoned: The RPC has ended, so nobody wants the value.
        """
        self._check(value)
        self._said_all = True
        self._output.advance(None, value, self._closing())

    def _check(self, value: Any) -> None:
        if self._said_all:
            raise ValueError("a value was passed after the stream of values had been terminated")
        if value is None:
            raise ValueError(_NONE_IS_NO_VALUE)
        if self._ended:
            raise abandonment.Abandoned()


class PacedConsumer(Outgoing, OutgoingConsumer, face.PacedSink):
    """The same for a customer that asks before it passes a value in; `_sent` counts those that it has passed."""

    __slots__ = ()

    def _expect_consumption(self) -> None:
        super()._expect_consumption()
        self._expect_grants()
        self._sent = 0

    def consume(self, value: Any) -> None:
        super().consume(value)
        self._sent += 1

    def may_send(self) -> bool:
        """See `face.PacedSink.may_send`."""
        return self._sent < self._allowed

    def when_may_send(self, action: Callable[[], None]) -> None:
        """See `face.PacedSink.when_may_send`."""
        with self._lock:
            if not self._ended and self._sent >= self._allowed:
                self._sender = _rendezvous.Notice(action)
                return
        action()
