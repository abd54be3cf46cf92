"""Calls that stand for what an interceptor has returned in a call's place: a response, or an iterator of responses.

Whoever comes next, an interceptor further out or the caller at last, has a call in any case: it can be awaited or
iterated over, and asked for its status and metadata.
"""

from __future__ import annotations

import asyncio
from typing import Any, AsyncIterator, Callable, Generator, Mapping, Optional, Type

from grpc._modern.aio import _base_call, _call, _errors
from grpc._modern.aio._errors import EOF, UsageError
from grpc._modern.aio._metadata import Metadata
from grpc._values.status import StatusCode


class Replaced(_base_call.Call):
    """What the four have in common; without a call behind it, it is an RPC that went well and said nothing."""

    __slots__ = ("__weakref__", "_behind", "_loop", "_replacement")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, replacement: Any, behind: Optional[_base_call.Call] = None
    ) -> None:
        """Stand for something.

        Args:
          loop: Where everything happens.
          replacement: What the interceptor has returned.
          behind: The last call that was begun before it did; None if there is none.
        """
        self._loop = loop
        self._replacement = replacement
        self._behind = behind

    def __repr__(self) -> str:
        behind = "no call" if self._behind is None else repr(self._behind)
        return f"<{type(self).__name__} of {type(self._replacement).__name__}, with {behind} behind it>"

    def when_ended(self, action: Callable[[], None]) -> None:
        """Have an action called at the end, at once if it is over; unlike a done callback it keeps no object alive."""
        if self._behind is None or self.done():
            action()
        elif isinstance(self._behind, (_call.Call, Replaced)):
            self._behind.when_ended(action)
        else:
            self._behind.add_done_callback(lambda _: action())

    async def debug_error_string(self) -> str:
        """The status as one line for a log."""
        return _errors.AioRpcError(await self.code(), Metadata(), Metadata(), await self.details()).debug_error_string()


class _OneResponse(Replaced):
    """An RPC that is over, and went well: there is a response, whatever became of the call behind it."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, Any]:
        yield from ()
        return self._replacement

    def cancel(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return False

    def done(self) -> bool:
        return True

    def time_remaining(self) -> Optional[float]:
        return None

    def add_done_callback(self, callback: _base_call.DoneCallback) -> None:
        self._loop.call_soon(callback, self)

    async def _answered(self) -> Optional[_base_call.Call]:
        """The call behind, if it is the one that the response may have come from."""
        behind = self._behind
        if behind is None or not behind.done() or await behind.code() is not StatusCode.OK:
            return None
        return behind

    async def initial_metadata(self) -> Metadata:
        behind = await self._answered()
        return Metadata() if behind is None else await behind.initial_metadata()

    async def trailing_metadata(self) -> Metadata:
        behind = await self._answered()
        return Metadata() if behind is None else await behind.trailing_metadata()

    async def code(self) -> StatusCode:
        return StatusCode.OK

    async def details(self) -> str:
        behind = await self._answered()
        return "" if behind is None else await behind.details()

    async def wait_for_connection(self) -> None:
        """Nothing is waited for: it is over."""


class _ManyResponses(Replaced):
    """An RPC whose responses come from an iterator, and everything else from the call behind it."""

    __slots__ = ("_iterator",)

    _iterator: AsyncIterator[Any]

    def __aiter__(self) -> Any:
        return self._replacement.__aiter__()

    async def read(self) -> Any:
        try:
            iterator = self._iterator
        except AttributeError:
            iterator = self._iterator = self._replacement.__aiter__()
        try:
            return await iterator.__anext__()
        except StopAsyncIteration:
            return EOF
        except asyncio.CancelledError:
            self.cancel()
            raise

    def cancel(self) -> bool:
        return self._behind is not None and self._behind.cancel()

    def cancelled(self) -> bool:
        return self._behind is not None and self._behind.cancelled()

    def done(self) -> bool:
        return self._behind is None or self._behind.done()

    def time_remaining(self) -> Optional[float]:
        return None if self._behind is None else self._behind.time_remaining()

    def add_done_callback(self, callback: _base_call.DoneCallback) -> None:
        if self._behind is None:
            self._loop.call_soon(callback, self)
        else:
            self._behind.add_done_callback(lambda _: callback(self))

    async def initial_metadata(self) -> Metadata:
        return Metadata() if self._behind is None else await self._behind.initial_metadata()

    async def trailing_metadata(self) -> Metadata:
        return Metadata() if self._behind is None else await self._behind.trailing_metadata()

    async def code(self) -> StatusCode:
        return StatusCode.OK if self._behind is None else await self._behind.code()

    async def details(self) -> str:
        return "" if self._behind is None else await self._behind.details()

    async def wait_for_connection(self) -> None:
        if self._behind is not None:
            await self._behind.wait_for_connection()


class _ManyRequests(Replaced):
    """An RPC whose requests went to the interceptor that has replaced it."""

    __slots__ = ()

    async def write(self, request: Any) -> None:
        raise UsageError("an interceptor writes nothing here: requests go into the iterator that it passes on")

    async def done_writing(self) -> None:
        raise UsageError("an interceptor writes nothing here: requests end with the iterator that it passes on")


class ReplacedUnaryUnaryCall(_OneResponse, _base_call.UnaryUnaryCall[Any, Any]):
    """A response in the place of a `UnaryUnaryCall`."""

    __slots__ = ()


class ReplacedUnaryStreamCall(_ManyResponses, _base_call.UnaryStreamCall[Any, Any]):
    """An iterator of responses in the place of a `UnaryStreamCall`."""

    __slots__ = ()


class ReplacedStreamUnaryCall(_ManyRequests, _OneResponse, _base_call.StreamUnaryCall[Any, Any]):
    """A response in the place of a `StreamUnaryCall`."""

    __slots__ = ()


class ReplacedStreamStreamCall(_ManyRequests, _ManyResponses, _base_call.StreamStreamCall[Any, Any]):
    """An iterator of responses in the place of a `StreamStreamCall`."""

    __slots__ = ()


OF_SHAPE: Mapping[str, Type[Replaced]] = {
    "unary_unary": ReplacedUnaryUnaryCall,
    "unary_stream": ReplacedUnaryStreamCall,
    "stream_unary": ReplacedStreamUnaryCall,
    "stream_stream": ReplacedStreamStreamCall,
}
"""The class for what replaces a call of each shape."""
