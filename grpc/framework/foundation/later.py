"""Computations that take place after a delay, all in one thread that lives only while some are pending.

A thread per computation would be simpler and waste a thread on mere waiting. Here the pending computations lie in a
heap by the time they are due; the first one starts the thread, which sleeps until the top of the heap is due, and which
ends by itself when it finds nothing pending. Only the thread takes part in its own end, so there is nothing to stop
or join; it is a daemon, so it does not hold up the interpreter's exit either.

Locks: the timer has one and each future has one. No thread holds two of them at once, and none is held while a
computation or a callback runs.
"""

from __future__ import annotations

import enum
import heapq
import itertools
import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Callable, TypeVar, cast

from grpc.framework.foundation import future

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")

_LOGGER = logging.getLogger(__name__)

_THREAD_NAME = "grpc-later"

# Cancelled entries stay in the heap until they outnumber the pending ones by this many, so that cancelling is cheap
# and the heap bounded. Any small number does; below it a rebuild would cost more than the entries it frees.
_SLACK = 64


@enum.unique
class _State(enum.Enum):
    PENDING = "pending"  # -> COMPUTING by the timer, -> CANCELLED by cancel()
    COMPUTING = "computing"  # -> RETURNED, -> RAISED
    CANCELLED = "cancelled"
    RETURNED = "returned"
    RAISED = "raised"


_ENDED = frozenset((_State.CANCELLED, _State.RETURNED, _State.RAISED))


class _LaterFuture(future.Future[T]):
    # _condition guards everything but _timer. _state is written last, so reading it alone takes no lock.
    __slots__ = ("_callbacks", "_computation", "_condition", "_exception", "_state", "_timer", "_traceback", "_value")

    def __init__(self, computation: Callable[[], T], timer: _Timer) -> None:
        self._timer = timer
        self._condition = threading.Condition()
        self._computation: Callable[[], T] | None = computation
        self._callbacks: list[Callable[[future.Future[T]], object]] = []
        self._value: T | None = None
        self._exception: BaseException | None = None
        self._traceback: TracebackType | None = None
        self._state = _State.PENDING

    def __repr__(self) -> str:
        return f"<Future of later(), {self._state.value}>"

    def cancel(self) -> bool:
        with self._condition:
            if self._state is not _State.PENDING:
                return self._state is _State.CANCELLED
            callbacks = self._end(_State.CANCELLED, None, None)
        self._timer.discard(self)
        self._call(callbacks)
        return True

    def cancelled(self) -> bool:
        return self._state is _State.CANCELLED

    def running(self) -> bool:
        return not self.done()

    def done(self) -> bool:
        return self._state in _ENDED

    def result(self, timeout: float | None = None) -> T:
        self._wait(timeout)
        error = self._exception
        if error is None:
            return cast("T", self._value)
        try:
            raise error.with_traceback(self._traceback)
        finally:
            del self, error  # the traceback keeps this frame, which must not keep the exception in turn

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._wait(timeout)
        return self._exception

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        self._wait(timeout)
        return self._traceback

    def add_done_callback(self, fn: Callable[[future.Future[T]], object]) -> None:
        with self._condition:
            if self._state not in _ENDED:
                self._callbacks.append(fn)
                return
        self._call_one(fn)

    def compute(self) -> None:
        """Runs the computation and the callbacks, unless it was cancelled; for the timer's thread."""
        with self._condition:
            if self._state is not _State.PENDING:
                return
            self._state = _State.COMPUTING
            computation = self._computation
        assert computation is not None
        value: T | None = None
        error: BaseException | None = None
        try:
            value = computation()
        except BaseException as raised:  # even a SystemExit belongs to who waits, not to the thread that others share
            error = raised
        with self._condition:
            callbacks = self._end(_State.RETURNED if error is None else _State.RAISED, value, error)
        self._call(callbacks)
        del self, computation, error, callbacks  # a traceback keeps this frame, which must not keep these in turn

    def _wait(self, timeout: float | None) -> None:
        if timeout is None and not self.done() and self._timer.is_current_thread():
            raise RuntimeError(
                "a computation given to later() waits for another one, which runs in the same thread and so never "
                "would; add a done callback to that future instead"
            )
        with self._condition:
            if not self._condition.wait_for(self.done, timeout):
                raise future.TimeoutError(f"not done after {timeout} seconds")
        if self._state is _State.CANCELLED:
            raise future.CancelledError("cancelled before it began")

    def _end(
        self, state: _State, value: T | None, error: BaseException | None
    ) -> list[Callable[[future.Future[T]], object]]:
        """Ends the computation and returns the callbacks that are to be called; needs the lock."""
        callbacks, self._callbacks = self._callbacks, []
        self._computation = None
        self._value = value
        self._exception = error
        self._traceback = None if error is None else error.__traceback__
        self._state = state
        self._condition.notify_all()
        return callbacks

    def _call(self, callbacks: list[Callable[[future.Future[T]], object]]) -> None:
        for callback in callbacks:
            self._call_one(callback)

    def _call_one(self, callback: Callable[[future.Future[T]], object]) -> None:
        try:
            callback(self)
        except Exception:  # callbacks are code that is not ours
            _LOGGER.exception("Done callback raised: %r", callback)


class _Clock:
    """Real time; tests have their own."""

    __slots__ = ()

    def now(self) -> float:
        """Returns the time in seconds, which never runs backwards."""
        return time.monotonic()

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        """Waits for a notification, but no longer than so many seconds; waking early does no harm."""
        condition.wait(min(seconds, threading.TIMEOUT_MAX))


def _start_thread(target: Callable[[], None]) -> None:
    threading.Thread(target=target, name=_THREAD_NAME, daemon=True).start()


class _Timer:
    # _condition guards all but _clock and _start: the heap of (when due, order of arrival, future), the set of those
    # futures in it that nobody has discarded, and the identity of the thread, or that none runs.
    __slots__ = ("_clock", "_condition", "_count", "_heap", "_pending", "_running", "_start", "_thread")

    def __init__(
        self, clock: _Clock | None = None, start: Callable[[Callable[[], None]], None] = _start_thread
    ) -> None:
        """Makes one without a thread.

        Args:
            clock: Tells the time and waits; None for the real one.
            start: Has a function called once, in a thread. Not called again before that function has returned or is
                about to.
        """
        self._clock = clock or _Clock()
        self._start = start
        self._condition = threading.Condition()
        self._heap: list[tuple[float, int, _LaterFuture[object]]] = []
        self._pending: set[_LaterFuture[object]] = set()
        self._count = itertools.count()
        self._running = False
        self._thread: int | None = None

    def add(self, delay: float, computation: Callable[[], T]) -> _LaterFuture[T]:
        """Plans a computation; see `later`."""
        if delay != delay:
            raise ValueError("the delay is not a number")
        added = _LaterFuture(computation, self)
        entry = cast("_LaterFuture[object]", added)
        with self._condition:
            if not self._running:
                # Under the lock, since others rely on the thread as soon as _running is set. If no thread can be
                # had this raises, and nothing has changed.
                self._start(self._run)
                self._running = True
            heapq.heappush(self._heap, (self._clock.now() + delay, next(self._count), entry))
            self._pending.add(entry)
            if self._heap[0][2] is entry:
                self._condition.notify()
        return added

    def discard(self, entry: _LaterFuture[T]) -> None:
        """Forgets a future that was cancelled; does nothing if it is not pending."""
        with self._condition:
            self._pending.discard(cast("_LaterFuture[object]", entry))
            if not self._pending:
                self._heap.clear()
                self._condition.notify()  # nothing to wait for: the thread ends
            elif len(self._heap) > 2 * len(self._pending) + _SLACK:
                self._heap = [item for item in self._heap if item[2] in self._pending]
                heapq.heapify(self._heap)

    def is_current_thread(self) -> bool:
        """Tells whether it is the timer's thread that asks."""
        return self._thread == threading.get_ident()

    def _run(self) -> None:
        with self._condition:
            self._thread = threading.get_ident()
        while True:
            due = self._next()
            if due is None:
                return
            try:
                due.compute()
            except BaseException:  # a callback that exits must not take the others' thread along
                _LOGGER.exception("Done callback raised; the timer goes on")
            del due  # not to be kept alive by the wait for the next one

    def _next(self) -> _LaterFuture[object] | None:
        """Waits for a future to become due; None, and the end of the thread, if none is pending."""
        with self._condition:
            while self._pending:
                when, _, entry = self._heap[0]
                if entry not in self._pending:
                    heapq.heappop(self._heap)
                    continue
                seconds = when - self._clock.now()
                if seconds <= 0:
                    heapq.heappop(self._heap)
                    self._pending.discard(entry)
                    return entry
                del entry
                self._clock.wait(self._condition, seconds)
            self._heap.clear()
            self._running = False
            self._thread = None
            return None


_timer = _Timer()


def _renew_timer() -> None:
    # A forked child has neither the thread nor a usable lock, and what was pending is its parent's business.
    global _timer
    _timer = _Timer()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_timer)


def later(delay: float, computation: Callable[[], T]) -> future.Future[T]:
    """Has a computation take place after a delay.

    Does not block; callable from any thread, also from inside such a computation. All computations share one daemon
    thread, where they run in the order in which they become due: one that blocks holds up the others, and none may
    wait for another.

    Args:
        delay: After how many seconds; zero or less means as soon as possible.
        computation: What to call, without arguments.

    Returns:
        The future of what `computation` returns. Cancelling succeeds until the computation has begun. Callbacks run
        in the shared thread or in that which cancels.

    Raises:
        ValueError: The delay is not a number.
        RuntimeError: No thread can be started.
    """
    return _timer.add(delay, computation)
