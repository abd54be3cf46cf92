"""What all that calls return has in common: a Face call in the clothes of the asynchronous API, and its end."""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Tuple

from grpc._modern import _rpc
from grpc._modern.aio import _base_call, _errors
from grpc._modern.aio._bell import Bell, anything
from grpc._modern.aio._metadata import Metadata
from grpc._values.connectivity import ChannelConnectivity
from grpc._values.status import StatusCode
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from grpc._modern._calling import Deserializer
    from grpc._modern.aio._channel import Channel
    from grpc._modern.aio._requests import Pump

_LOCAL_SHUTDOWN = face.Abortion.Kind.LOCAL_SHUTDOWN


class Call(_base_call.Call):
    """What all calls have in common: how they end, and who waits for that."""

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_bell",
        "_callbacks",
        "_cancelled",
        "_channel",
        "_deserializer",
        "_ending",
        "_face",
        "_loop",
        "_message",
        "_method",
        "_pump",
        "_reading_style",
        "_sender",
        "_serializer",
        "_timed",
        "_writes_done",
    )

    _callbacks: Optional[List[Tuple[_base_call.DoneCallback, contextvars.Context]]]
    _ending: Optional[_rpc.Ending]
    _message: Any
    _pump: Optional[Pump]

    def __init__(self, channel: Channel, call: Any, method: str, deserializer: Deserializer, timed: bool) -> None:
        """Clothe a Face call.

        Args:
          channel: Its channel.
          call: A `face.Call`.
          method: The method's name.
          deserializer: From bytes to response; None if bytes are wanted.
          timed: Whether it has a deadline.
        """
        loop = channel.loop
        self._channel = channel
        self._loop = loop
        self._face = call
        self._method = method
        self._deserializer = deserializer
        self._timed = timed
        self._cancelled = False
        self._ending = None
        self._callbacks = None
        self._pump = None
        self._bell = Bell(loop, call.when_changed)

    def __repr__(self) -> str:
        if not self.done():
            return f"<{type(self).__name__} of {self._method}, which goes on>"
        ending = self._how_it_ended()
        return f"<{type(self).__name__} of {self._method}, which ended with status {ending.code.name}>"

    # ------------------------------------------------------------ the end

    def _how_it_ended(self) -> _rpc.Ending:
        """How it ended; it has."""
        if self._ending is None:
            self._ending = _rpc.ending_of(self._face, self._method, self._pump)
        return self._ending

    async def _wait_for_end(self) -> _rpc.Ending:
        while self._face.is_active():
            await self._bell.wait()
        return self._how_it_ended()

    def _error(self) -> BaseException:
        """What to raise for an RPC that did not end with status OK."""
        if self.cancelled():
            return asyncio.CancelledError()
        return _errors.error_of(self._how_it_ended())

    def _give_up(self) -> None:
        """The task that waited has been cancelled: so is the RPC."""
        self.cancel()

    # ------------------------------------------------------------ as the context

    def cancel(self) -> bool:
        if not self._face.is_active():
            return False
        self._cancelled = True
        self._face.cancel()
        return True

    def cancelled(self) -> bool:
        if self._face.is_active():
            return False
        if self._pump is not None and self._pump.fault is not None:
            return False
        if self._cancelled:
            return self._how_it_ended().code is StatusCode.CANCELLED
        aborted: List[face.Abortion] = []
        self._face.add_abortion_callback(aborted.append)  # called at once if, and only if, the RPC was aborted
        return bool(aborted) and aborted[0].kind is _LOCAL_SHUTDOWN and aborted[0].code is None

    def done(self) -> bool:
        return not self._face.is_active()

    def time_remaining(self) -> Optional[float]:
        remaining: Optional[float] = self._face.time_remaining() if self._timed else None
        return remaining

    def add_done_callback(self, callback: _base_call.DoneCallback) -> None:
        context = contextvars.copy_context()
        if self.done():
            context.run(self._loop.call_soon, callback, self)
        elif self._callbacks is None:
            self._callbacks = [(callback, context)]
            self._bell.first = self._tell_done  # before the tasks that await the call
            self._face.add_done_callback(self._tell_done)
        else:
            self._callbacks.append((callback, context))

    def when_ended(self, action: Callable[[], None]) -> None:
        """Have an action called at the end; unlike a done callback it does not keep this object."""
        self._face.add_done_callback(lambda _: action())

    def _tell_done(self, _: Any = None) -> None:
        if not self.done():
            return
        callbacks, self._callbacks = self._callbacks, None
        for callback, context in callbacks or ():
            context.run(self._loop.call_soon, callback, self)

    # ------------------------------------------------------------ as the call

    async def initial_metadata(self) -> Metadata:
        while not self._face.initial_metadata_known():
            await self._bell.wait()
        return Metadata.from_tuple(self._face.initial_metadata())

    async def trailing_metadata(self) -> Metadata:
        return Metadata.from_tuple((await self._wait_for_end()).trailing_metadata)

    async def code(self) -> StatusCode:
        return (await self._wait_for_end()).code

    async def details(self) -> str:
        return (await self._wait_for_end()).details

    async def debug_error_string(self) -> str:
        """The status as one line for a log; waits for the end."""
        return _errors.error_of(await self._wait_for_end()).debug_error_string()

    async def wait_for_connection(self) -> None:
        side = self._channel.side
        while self._face.is_active() and side.state() is not ChannelConnectivity.READY:
            watchers: List[Any] = []

            def watch(ring: Any, watchers: List[Any] = watchers) -> None:
                def look(state: ChannelConnectivity) -> None:
                    if state is ChannelConnectivity.READY:
                        ring()

                watchers.append(look)
                side.watch(look)

            try:
                await anything(self._loop, self._face.when_changed, watch)
            finally:
                side.unwatch(watchers[0])
        if self.done() and self._how_it_ended().code is not StatusCode.OK:
            error = self._error()
            raise error from error.__cause__
