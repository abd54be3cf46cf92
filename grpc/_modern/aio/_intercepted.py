"""What an intercepted call returns: the call that the interceptors come to, seen before they have come to it."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from typing import TYPE_CHECKING, Any, Generator, Optional

from grpc._modern.aio import _base_call, _call, _errors, _replaced
from grpc._modern.aio._errors import EOF, UsageError
from grpc._modern.aio._metadata import Metadata
from grpc._values.status import StatusCode

if TYPE_CHECKING:
    from grpc._modern.aio._conduit import Conduit
    from grpc._modern.aio._interception import Interception


class _Intercepted(_base_call.Call):
    """What the four have in common."""

    __slots__ = (
        "__dict__", "__weakref__", "_conduit", "_deadline", "_interception", "_loop", "_reading_style",
    )  # fmt: skip

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        interception: Interception,
        timeout: Optional[float],
        conduit: Optional[Conduit] = None,
    ) -> None:
        """Stand for the call to come.

        Args:
          loop: Where everything happens.
          interception: What brings it.
          timeout: Its seconds, or None.
          conduit: Takes requests that are written; None if there are none.
        """
        self._loop = loop
        self._interception = interception
        self._deadline = None if timeout is None else loop.time() + timeout
        self._conduit = conduit
        self._reading_style: Optional[str] = None
        if conduit is not None:
            interception.when_over(functools.partial(_after_interception, interception, conduit))

    def __repr__(self) -> str:
        state = "before its interceptors have ended" if self._call is None else f"for {self._call!r}"
        return f"<{type(self).__name__} {state}>"

    @property
    def _call(self) -> Optional[_base_call.Call]:
        """The call that counts, once the interceptors have ended well."""
        interception = self._interception
        return interception.call if interception.over and interception.error is None else None

    # ------------------------------------------------------------ as the context

    def cancel(self) -> bool:
        if not self._interception.over:
            self._interception.cancel()
            return True
        return self._call is not None and self._call.cancel()

    def cancelled(self) -> bool:
        if not self._interception.over:
            return False
        if self._call is None:
            return isinstance(self._interception.error, asyncio.CancelledError)
        return self._call.cancelled()

    def done(self) -> bool:
        return self._interception.over and (self._call is None or self._call.done())

    def time_remaining(self) -> Optional[float]:
        if self._call is not None:
            return self._call.time_remaining()
        return None if self._deadline is None else max(0.0, self._deadline - self._loop.time())

    def add_done_callback(self, callback: _base_call.DoneCallback) -> None:
        context = contextvars.copy_context()

        def begun() -> None:
            if self._call is None:
                context.run(self._loop.call_soon, callback, self)
            else:
                context.run(self._call.add_done_callback, lambda _: callback(self))

        self._interception.when_over(begun)

    # ------------------------------------------------------------ as the call

    async def _known(self) -> Optional[_base_call.Call]:
        """Wait for the interceptors; the call, or None if they ended without one.

        Raises:
          Exception: Whatever they raised, if it says nothing about an RPC.
        """
        await self._interception.wait()
        error = self._interception.error
        if error is not None and not isinstance(error, (_errors.AioRpcError, asyncio.CancelledError)):
            raise error
        return self._call

    def _failure(self) -> _errors.AioRpcError:
        """The error that stands for the RPC if there is no call: that of the interceptors, or a cancellation."""
        error = self._interception.error
        if isinstance(error, _errors.AioRpcError):
            return error
        return _errors.AioRpcError(StatusCode.CANCELLED, Metadata(), Metadata(), "Locally cancelled by application!")

    async def initial_metadata(self) -> Metadata:
        call = await self._known()
        return self._failure().initial_metadata() if call is None else await call.initial_metadata()

    async def trailing_metadata(self) -> Metadata:
        call = await self._known()
        return self._failure().trailing_metadata() if call is None else await call.trailing_metadata()

    async def code(self) -> StatusCode:
        call = await self._known()
        return self._failure().code() if call is None else await call.code()

    async def details(self) -> str:
        call = await self._known()
        return self._failure().details() or "" if call is None else await call.details()

    async def debug_error_string(self) -> str:
        """The status as one line for a log; waits for the end."""
        call: Any = await self._known()
        found: str = self._failure().debug_error_string() if call is None else await call.debug_error_string()
        return found

    async def wait_for_connection(self) -> None:
        call = await self._known()
        if call is not None:
            await call.wait_for_connection()
        elif self._interception.error is not None:
            raise self._interception.error

    async def _result(self) -> Any:
        """Wait for the call that the interceptors return; a task that is cancelled meanwhile cancels them and it."""
        try:
            await self._interception.wait()
        except asyncio.CancelledError:
            self.cancel()
            raise
        error = self._interception.error
        if error is None:
            return self._interception.call
        if isinstance(error, asyncio.CancelledError):
            raise asyncio.CancelledError()
        raise error


class _OneResponse(_Intercepted):
    __slots__ = ()

    def __await__(self) -> Generator[Any, None, Any]:
        return self._response().__await__()

    async def _response(self) -> Any:
        return await (await self._result())


class _ManyResponses(_Intercepted):
    __slots__ = ()

    def _read_in(self, style: str) -> None:
        if self._reading_style is None:
            self._reading_style = style
        elif self._reading_style is not style:
            raise UsageError(f"a stream is used in one style; this one is {self._reading_style} already")

    def __aiter__(self) -> Any:
        self._read_in("iterated over")
        return self

    async def __anext__(self) -> Any:
        response = await self._next()
        if response is EOF:
            raise StopAsyncIteration
        return response

    async def read(self) -> Any:
        self._read_in("read from")
        return await self._next()

    async def _next(self) -> Any:
        return await (await self._result()).read()


class _ManyRequests(_Intercepted):
    __slots__ = ("_writes_done",)

    async def write(self, request: Any) -> None:
        conduit = self._writable()
        if self._writes_done_already():
            raise asyncio.InvalidStateError("nothing can be written any more: done_writing() has been called")
        await self._check_going_on()
        try:
            written = await conduit.write(request)
        except asyncio.CancelledError:
            self.cancel()
            raise
        if not written:
            await self._check_going_on()
            raise asyncio.InvalidStateError("nothing can be written any more: the RPC has ended")

    async def _check_going_on(self) -> None:
        if not self.done():
            return
        call = await self._known()
        if call is None:
            await self._result()
        else:
            await call.wait_for_connection()  # which raises for an RPC that has failed
        raise asyncio.InvalidStateError("nothing can be written any more: the RPC has ended")

    async def done_writing(self) -> None:
        conduit = self._writable()
        if not self._writes_done_already():
            self._writes_done = True
            conduit.done()

    def _writes_done_already(self) -> bool:
        return getattr(self, "_writes_done", False)

    def _writable(self) -> Conduit:
        if self._conduit is None:
            raise UsageError("a stream is used in one style; this one was given an iterator of requests")
        return self._conduit


def _after_interception(interception: Interception, conduit: Conduit) -> None:
    """Have writers learn that nobody reads, when it comes to that."""
    call = None if interception.error is not None else interception.call
    if call is None:
        conduit.abandon()
    elif isinstance(call, (_call.Call, _replaced.Replaced)):
        call.when_ended(conduit.abandon)
    else:
        call.add_done_callback(lambda _: conduit.abandon())


class InterceptedUnaryUnaryCall(_OneResponse, _base_call.UnaryUnaryCall[Any, Any]):
    """A `UnaryUnaryCall` through interceptors."""

    __slots__ = ()


class InterceptedUnaryStreamCall(_ManyResponses, _base_call.UnaryStreamCall[Any, Any]):
    """A `UnaryStreamCall` through interceptors."""

    __slots__ = ()


class InterceptedStreamUnaryCall(_ManyRequests, _OneResponse, _base_call.StreamUnaryCall[Any, Any]):
    """A `StreamUnaryCall` through interceptors."""

    __slots__ = ()


class InterceptedStreamStreamCall(_ManyRequests, _ManyResponses, _base_call.StreamStreamCall[Any, Any]):
    """A `StreamStreamCall` through interceptors."""

    __slots__ = ()
