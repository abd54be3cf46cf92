"""A future of a channel's readiness."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Callable, List, Optional

from grpc.beta import interfaces
from grpc.framework.foundation import future

if TYPE_CHECKING:
    from types import TracebackType

    from grpc.beta._channel import Channel

__all__ = ["channel_ready_future"]

_LOGGER = logging.getLogger(__name__)

_Callback = Callable[["future.Future[None]"], object]


class _ReadyFuture(future.Future[None]):
    """Over as soon as the channel is ready, or when it is cancelled."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        # Guards what follows and wakes who waits for it.
        self._condition = threading.Condition()
        self._ready = False
        self._cancelled = False
        self._callbacks: List[_Callback] = []

    def start(self) -> _ReadyFuture:
        """Listen to the channel, and have it connect."""
        self._channel.subscribe(self._update, try_to_connect=True)
        return self

    def _update(self, connectivity: interfaces.ChannelConnectivity) -> None:
        if connectivity is interfaces.ChannelConnectivity.READY:
            self._end(ready=True)

    def _end(self, ready: bool) -> bool:
        """End, unless it is over; tell whether this ended it."""
        with self._condition:
            if self.done():
                return False
            self._ready = ready
            self._cancelled = not ready
            callbacks, self._callbacks = self._callbacks, []
            self._condition.notify_all()
        self._channel.unsubscribe(self._update)
        for callback in callbacks:
            self._call(callback)
        return True

    def _call(self, callback: _Callback) -> None:
        try:
            callback(self)
        except Exception:
            _LOGGER.exception("A done callback raised: %r", callback)

    def _wait(self, timeout: Optional[float]) -> None:
        with self._condition:
            if not self._condition.wait_for(self.done, timeout):
                raise future.TimeoutError(f"the channel was not ready after {timeout} seconds")
            if self._cancelled:
                raise future.CancelledError("waiting for the channel was cancelled")

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

    def add_done_callback(self, fn: _Callback) -> None:
        with self._condition:
            if not self.done():
                self._callbacks.append(fn)
                return
        self._call(fn)


def channel_ready_future(channel: Channel) -> future.Future[None]:
    """Make a future that is over as soon as a channel is ready; the channel connects for it.

    Args:
      channel: What a maker of `implementations` made.

    Returns:
      A future whose value is None. Cancelling it leaves the channel as it is.
    """
    return _ReadyFuture(channel).start()
