"""The requests of a call: made bytes, and drawn from an iterator in a task."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, AsyncIterator, Optional, Tuple

from grpc._modern import _requests
from grpc._modern._errors import InactiveRpcError
from grpc._modern.aio import _errors
from grpc._modern.aio._sending import Sender
from grpc._values import status

if TYPE_CHECKING:
    from grpc._modern._calling import Serializer
    from grpc._modern.aio._base_channel import Requests


def serialized(serializer: Serializer, request: Any, method: str) -> Any:
    """The bytes of a request.

    Raises:
      AioRpcError: INTERNAL, if the serializer fails.
      TypeError: There is no serializer, and the request is not bytes.
    """
    if serializer is None and type(request) is bytes:
        return request
    try:
        return _requests.serialized(serializer, request)
    except InactiveRpcError as error:
        raise _errors.own_error(error.code(), error.details(), method) from error.__cause__


def check(requests: Any) -> None:
    """Refuse what gives no requests.

    Raises:
      TypeError: It cannot be iterated over.
    """
    if not hasattr(requests, "__aiter__") and not hasattr(requests, "__iter__"):
        raise TypeError(f"a call with many requests takes an iterator of them, plain or asynchronous, not {requests!r}")


class Pump:
    """Draws requests, and sends them; it does not know the call object, so that this may be dropped.

    Attributes:
      fault: The status, the text and the exception with which drawing failed, or None.
    """

    __slots__ = ("_face", "_method", "_requests", "_sender", "_serializer", "_task", "fault")

    def __init__(self, requests: Requests, serializer: Serializer, face: Any, method: str) -> None:
        """Make one for a Face call."""
        self._requests = requests
        self._serializer = serializer
        self._face = face
        self._method = method
        self.fault: Optional[Tuple[int, str, BaseException]] = None

    def start(self, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
        """Begin, in a task that ends with the RPC at the latest; the caller keeps it."""
        self._sender = Sender(self._face, loop)
        self._task = loop.create_task(self._run())
        self._face.add_done_callback(self._call_ended)
        return self._task

    def _call_ended(self, _: Any) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        try:
            if hasattr(self._requests, "__aiter__"):
                await self._draw(self._requests.__aiter__())
            else:
                for request in self._requests:
                    if not await self._send(request):
                        return
            if self._face.is_active():
                self._face.terminate()
        except asyncio.CancelledError:
            self._face.cancel()  # not by the end of the RPC, perhaps, but by that of the program
            raise
        except Exception as error:
            self._fail(status.UNKNOWN, f"Exception iterating requests! {error}", error)

    async def _draw(self, requests: AsyncIterator[Any]) -> None:
        try:
            async for request in requests:
                if not await self._send(request):
                    return
        finally:
            # A generator of which the rest is not wanted cleans up now, not whenever memory is tidied.
            close = getattr(requests, "aclose", None)
            if close is not None:
                await close()

    async def _send(self, request: Any) -> bool:
        try:
            payload = serialized(self._serializer, request, self._method)
        except _errors.AioRpcError as error:
            self._fail(status.INTERNAL, error.details() or "", error.__cause__ or error)
            return False
        except TypeError as error:
            self._fail(status.INTERNAL, f"Exception serializing request! {error}", error)
            return False
        return await self._sender.send(payload)

    def _fail(self, code: int, details: str, error: BaseException) -> None:
        if self._face.is_active():
            self.fault = (code, details, error)
            self._face.cancel()
