"""What calls return, by shape: with one response or many, with one request or many."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generator, Optional

from grpc._modern import _rpc
from grpc._modern.aio import _base_call, _errors
from grpc._modern.aio._call import Call
from grpc._modern.aio._errors import EOF, UsageError
from grpc._modern.aio._requests import Pump, serialized
from grpc._modern.aio._sending import Sender
from grpc._values.status import StatusCode

if TYPE_CHECKING:
    from grpc._modern._calling import Deserializer, Serializer
    from grpc._modern.aio._channel import Channel

_TWO_STYLES = "a stream is used in one style: by iterating, or by reading and writing"


class _OneResponse(Call):
    """A call that is awaited for its response."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, Any]:
        call = self._face
        while call.is_active():
            try:
                yield from self._bell.wait()
            except asyncio.CancelledError:  # noqa: PERF203  # it seldom goes round twice
                self._give_up()
                raise
        return self._response()

    def _response(self) -> Any:
        """The response of an RPC that has ended; the same object each time."""
        try:
            return self._message
        except AttributeError:
            pass
        call = self._face
        error: Optional[BaseException] = None
        try:
            payload = call.result()
            if call.code():  # in memory a service may give a response and a status that is not OK
                error = self._error()
        except _rpc.NO_RESULT:
            error = self._error()
        if error is not None:
            raise error from error.__cause__
        deserializer = self._deserializer
        if deserializer is None:
            self._message = payload
        else:
            self._message = _deserialized(deserializer, payload, self._method)
        return self._message


class _ManyResponses(Call):
    """A call whose responses are read."""

    __slots__ = ()

    def __init__(self, channel: Channel, call: Any, method: str, deserializer: Deserializer, timed: bool) -> None:
        super().__init__(channel, call, method, deserializer, timed)
        self._reading_style: Optional[str] = None

    def __del__(self) -> None:
        # Nobody can read on. This may be any thread's doing: memory is tidied wherever it is asked for.
        try:
            call, loop = self._face, self._loop
        except AttributeError:  # it was never quite made
            return
        if call.is_active() and not loop.is_closed():
            loop.call_soon_threadsafe(call.cancel)

    def _read_in(self, style: str) -> None:
        if self._reading_style is None:
            self._reading_style = style
        elif self._reading_style is not style:
            raise UsageError(f"{_TWO_STYLES}; this one is {self._reading_style} already")

    def __aiter__(self) -> Any:
        self._read_in("iterated over")
        return self

    async def __anext__(self) -> Any:
        message = await self._next()
        if message is EOF:
            raise StopAsyncIteration
        return message

    async def read(self) -> Any:
        self._read_in("read from")
        return await self._next()

    async def _next(self) -> Any:
        call = self._face
        payload = call.take()
        while payload is None:
            if not call.is_active():
                return self._end()
            try:
                await self._bell.wait()
            except asyncio.CancelledError:
                self._give_up()
                raise
            payload = call.take()
        deserializer = self._deserializer
        if deserializer is None:
            return payload
        try:
            return _deserialized(deserializer, payload, self._method)
        except _errors.AioRpcError:
            call.cancel()
            raise

    def _end(self) -> Any:
        if self._how_it_ended().code is StatusCode.OK:
            return EOF
        error = self._error()
        raise error from error.__cause__


class _ManyRequests(Call):
    """A call whose requests are written, or drawn from an iterator."""

    __slots__ = ()

    def send_requests(self, requests: Optional[Any], serializer: Serializer) -> None:
        """Begin to send; done once, before anybody has the object.

        Args:
          requests: Gives the requests, or None if they are to be written.
          serializer: From request to bytes, or None.
        """
        self._serializer = serializer
        self._writes_done = False
        if requests is not None:
            self._pump = Pump(requests, serializer, self._face, self._method)
            self._channel.keep(self._pump.start(self._loop))
        else:
            self._sender = Sender(self._face, self._loop)

    def _check_style(self) -> None:
        if self._pump is not None:
            raise UsageError(f"{_TWO_STYLES}; this one was given an iterator of requests")

    async def write(self, request: Any) -> None:
        self._check_style()
        self._check_open()
        payload = serialized(self._serializer, request, self._method)
        try:
            sent = await self._sender.send(payload)
        except asyncio.CancelledError:
            self._give_up()
            raise
        except ValueError:
            self._check_open()  # another task has said that it was done writing
            raise
        if not sent:
            self._check_open()

    def _check_open(self) -> None:
        """Raise if nothing can be written any more."""
        if not self._face.is_active():
            if self._how_it_ended().code is StatusCode.OK:
                raise asyncio.InvalidStateError("nothing can be written any more: the RPC has ended")
            error = self._error()
            raise error from error.__cause__
        if self._writes_done:
            raise asyncio.InvalidStateError("nothing can be written any more: done_writing() has been called")

    async def done_writing(self) -> None:
        self._check_style()
        if not self._writes_done:
            self._writes_done = True
            if self._face.is_active():
                self._face.terminate()


class UnaryUnaryCall(_OneResponse, _base_call.UnaryUnaryCall[Any, Any]):
    """See `grpc.aio.UnaryUnaryCall`."""

    __slots__ = ()


class UnaryStreamCall(_ManyResponses, _base_call.UnaryStreamCall[Any, Any]):
    """See `grpc.aio.UnaryStreamCall`."""

    __slots__ = ()


class StreamUnaryCall(_ManyRequests, _OneResponse, _base_call.StreamUnaryCall[Any, Any]):
    """See `grpc.aio.StreamUnaryCall`."""

    __slots__ = ()


class StreamStreamCall(_ManyRequests, _ManyResponses, _base_call.StreamStreamCall[Any, Any]):
    """See `grpc.aio.StreamStreamCall`."""

    __slots__ = ()


def _deserialized(deserializer: Any, payload: bytes, method: str) -> Any:
    try:
        return deserializer(payload)
    except Exception as error:
        details = f"Exception deserializing response! {error}"
        raise _errors.own_error(StatusCode.INTERNAL, details, method) from error
