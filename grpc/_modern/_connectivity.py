"""A future of a channel's readiness."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, Callable, List, Optional

from grpc._modern import _futures
from grpc._values.connectivity import ChannelConnectivity

if TYPE_CHECKING:
    from types import TracebackType

    from grpc._modern import _calling

_LOGGER = logging.getLogger(__name__)


class _ReadyFuture(_futures.Future):
    """Over as soon as the channel is ready, or when it is cancelled."""

    def __init__(self, channel: _calling.Channel) -> None:
        self._channel = channel
        # Guards what follows and wakes who waits for it.
        self._condition = threading.Condition()
        self._ready = False
        self._cancelled = False
        self._callbacks: List[Callable[[Any], None]] = []

    def start(self) -> _ReadyFuture:
        """Listen to the channel, and have it connect."""
        self._channel.subscribe(self._update, try_to_connect=True)
        return self

    def _update(self, connectivity: ChannelConnectivity) -> None:
        if connectivity is ChannelConnectivity.READY:
            self._end(ready=True)

    def _end(self, ready: bool) -> bool:
        """End, unless it is over; tell whether this ended it."""
        with self._condition:
            if self._ready or self._cancelled:
                return False
            self._ready = ready
            self._cancelled = not ready
            callbacks, self._callbacks = self._callbacks, []
            self._condition.notify_all()
        self._channel.unsubscribe(self._update)
        for callback in callbacks:
            self._call(callback)
        return True

    def _call(self, callback: Callable[[Any], None]) -> None:
        try:
            callback(self)
        except Exception:
            _LOGGER.exception("A done callback raised")

    def _wait(self, timeout: Optional[float]) -> None:
        with self._condition:
            if not self._condition.wait_for(lambda: self._ready or self._cancelled, timeout):
                raise _futures.FutureTimeoutError(f"the channel was not ready after {timeout} seconds")
            if self._cancelled:
                raise _futures.FutureCancelledError()

    def cancel(self) -> bool:
        return self._end(ready=False) or self._cancelled

    def cancelled(self) -> bool:
        return self._cancelled

    def running(self) -> bool:
        return not self.done()

    def done(self) -> bool:
        return self._ready or self._cancelled

    def result(self, timeout: Optional[float] = None) -> None:
        self._wait(timeout)

    def exception(self, timeout: Optional[float] = None) -> None:
        self._wait(timeout)

    def traceback(self, timeout: Optional[float] = None) -> Optional[TracebackType]:
        self._wait(timeout)
        return None

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        with self._condition:
            if not self._ready and not self._cancelled:
                self._callbacks.append(fn)
                return
        self._call(fn)


def channel_ready_future(channel: _calling.Channel) -> _futures.Future:
    """Make a future that is over as soon as a channel is ready; the channel connects for it.

    Args:
      channel: A channel.

    Returns:
      A future whose value is None. Cancelling it leaves the channel as it is.
    """
    return _ReadyFuture(channel).start()
