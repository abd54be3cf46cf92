"""What a handler is given: a Face servicer context in the clothes of the asynchronous API."""

from __future__ import annotations

import contextvars
import logging
from typing import TYPE_CHECKING, Any, Generator, Iterable, List, Mapping, Optional, Tuple

from grpc._modern.aio import _base_server, _errors
from grpc._modern.aio._bell import Bell
from grpc._modern.aio._errors import EOF, AbortError, UsageError
from grpc._modern.aio._metadata import Metadata
from grpc._modern.aio._sending import Sender
from grpc._values import contexts, status
from grpc._values import metadata as _metadata
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    import asyncio

    from grpc._modern._calling import Deserializer, Serializer
    from grpc._modern._contexts import Metadata as AnyMetadata
    from grpc._modern.aio._base_call import DoneCallback
    from grpc._values.compression import Compression

_LOGGER = logging.getLogger(__name__)

_FINISHED = "the RPC has been ended by its handler"

_EXPIRED = face.Abortion.Kind.EXPIRED


class _Done:
    """An awaitable that is over."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield  # a generator that yields nothing


_DONE = _Done()


class Failed(Exception):
    """The RPC has been ended with the status of a failure, and what there is to be logged has been."""


class ServicerContext(_base_server.ServicerContext[Any, Any]):
    """See `grpc.aio.ServicerContext`."""

    __slots__ = (
        "_abortion",
        "_bell",
        "_callbacks",
        "_code",
        "_compression_fixed",
        "_deserializer",
        "_details",
        "_face",
        "_initial_sent",
        "_loop",
        "_next_uncompressed",
        "_sender",
        "_serializer",
        "_trailing",
        "finished",
        "method",
        "task",
    )

    task: asyncio.Task[None]
    """Runs the handler; set by who makes it."""

    _deserializer: Deserializer
    _serializer: Serializer

    def __init__(self, face_context: Any, method: str, loop: asyncio.AbstractEventLoop) -> None:
        """Clothe a Face context that is a `face.PassiveService`, and the `face.PacedSink` of its responses."""
        self._face = face_context
        self._loop = loop
        self.method = method
        self.finished = False
        self._bell = Bell(loop, face_context.when_changed)
        self._sender = Sender(face_context, loop)
        self._code: Optional[status.StatusCode] = None
        self._details: Optional[str] = None
        self._trailing: Any = None
        self._initial_sent = False
        self._next_uncompressed = False
        self._abortion: Optional[face.Abortion] = None
        self._callbacks: Optional[List[Tuple[DoneCallback, contextvars.Context]]] = None

    def __repr__(self) -> str:
        return f"<grpc.aio.ServicerContext of {self.method}{', over' if self.done() else ''}>"

    def use(self, deserializer: Deserializer, serializer: Serializer) -> None:
        """Name what turns requests from bytes and responses into bytes; once the handler is known."""
        self._deserializer = deserializer
        self._serializer = serializer

    # ------------------------------------------------------------ requests

    async def payload(self, only: bool = False) -> Optional[bytes]:
        """Wait for the bytes of the next request; None if none follows.

        Args:
          only: Whether it is the only one, and another one would end the RPC.

        Raises:
          AioRpcError: The RPC has ended.
        """
        call = self._face
        take = call.take_only if only else call.take
        payload: Optional[bytes] = take()
        while payload is None:
            if call.exhausted():
                if self._abortion is not None:
                    raise self._ended_error()
                return None
            await self._bell.wait()
            payload = take()
        return payload

    async def single_payload(self) -> bytes:
        """Wait for the bytes of the request of a method that takes one; another one would end the RPC.

        Raises:
          Failed: There is none: the client takes the method for another shape, so there is no such method.
          AioRpcError: The RPC has ended.
        """
        payload = await self.payload(only=True)
        if payload is None:
            self.fail(status.UNIMPLEMENTED, "the method takes exactly one request, and none was sent")
            raise Failed()
        return payload

    async def read(self) -> Any:
        payload = await self.payload()
        return EOF if payload is None else self.request(payload)

    def request(self, payload: bytes) -> Any:
        """One request from its bytes.

        Raises:
          Failed: They stand for none.
        """
        deserializer = self._deserializer
        if deserializer is None:
            return payload
        try:
            return deserializer(payload)
        except Exception as error:
            _LOGGER.exception("Exception deserializing request of %s", self.method)
            self.fail(status.INTERNAL, f"Exception deserializing request! {error}")
            raise Failed() from None

    # ------------------------------------------------------------ responses

    async def write(self, message: Any) -> None:
        await self.send(self.response(message))

    def response(self, message: Any) -> bytes:
        """The bytes of a response.

        Raises:
          Failed: There are none.
        """
        serializer = self._serializer
        try:
            payload = message if serializer is None else serializer(message)
        except Exception as error:
            _LOGGER.exception("Exception serializing response of %s", self.method)
            self.fail(status.INTERNAL, f"Exception serializing response! {error}")
            raise Failed() from None
        if not isinstance(payload, bytes):
            _LOGGER.error("A response of %s is %s, not bytes", self.method, type(payload).__name__)
            self.fail(status.INTERNAL, "Failed to serialize response!")
            raise Failed()
        if self._next_uncompressed:
            self._next_uncompressed = False
            return contexts.Uncompressed(payload)
        return payload

    async def send(self, payload: bytes) -> None:
        """Send the bytes of a response as soon as there is room.

        Raises:
          UsageError, AioRpcError: See `write`.
        """
        self._check_open()
        self._initial_sent = True
        try:
            sent = await self._sender.send(payload)
        except ValueError:
            self._check_open()  # another task has ended the RPC
            raise
        if not sent:
            raise self._ended_error()

    def finish(self, payload: Optional[bytes] = None) -> None:
        """End the RPC with the status that has been set, unless it is over; the last response goes with it."""
        if self.finished:
            return
        self.finished = True
        call = self._face
        if call.is_active():
            if payload is None:
                call.terminate()
            else:
                call.consume_and_terminate(payload)
        if self._callbacks is not None:
            self._tell_done()

    def complete(self) -> None:
        """End the RPC of a handler that has given all its responses.

        OK is said in so many words. A caller that expects one response, of a handler that gave none, learns from it
        that nothing went wrong: the two only differ about the shape of the method.
        """
        if self._code is None and not self.finished:
            self._face.code(status.OK)
        self.finish()

    def fail(self, number: int, details: str) -> None:
        """End the RPC for a failure of the handler or of the library; what the handler has set goes before."""
        if self.finished:
            return
        if self._code is None:
            self._face.code(number)
        if self._details is None:
            self._face.details(details)
        self.finish()

    def _check_open(self) -> None:
        if self._abortion is not None:
            raise self._ended_error()
        if self.finished:
            raise UsageError(_FINISHED)

    # ------------------------------------------------------------ the end that others bring about

    def aborted(self, abortion: face.Abortion) -> None:
        """The RPC has ended before its handler has."""
        self._abortion = abortion
        self.task.cancel()
        self._tell_done()

    def _ended_error(self) -> _errors.AioRpcError:
        expired = self._abortion is not None and self._abortion.kind is _EXPIRED
        code = status.StatusCode.DEADLINE_EXCEEDED if expired else status.StatusCode.CANCELLED
        return _errors.own_error(code, "the RPC has ended before its handler has", self.method)

    def _tell_done(self) -> None:
        callbacks, self._callbacks = self._callbacks, None
        for callback, context in callbacks or ():
            context.run(self._loop.call_soon, callback, self)

    def cancelled(self) -> bool:
        return self._abortion is not None

    def done(self) -> bool:
        return self.finished or self._abortion is not None

    def add_done_callback(self, callback: DoneCallback) -> None:
        context = contextvars.copy_context()
        if self.done():
            context.run(self._loop.call_soon, callback, self)
        elif self._callbacks is None:
            self._callbacks = [(callback, context)]
        else:
            self._callbacks.append((callback, context))

    def time_remaining(self) -> Optional[float]:
        remaining: Optional[float] = self._face.time_remaining()
        return remaining

    # ------------------------------------------------------------ what is said besides responses

    async def send_initial_metadata(self, initial_metadata: AnyMetadata) -> None:
        items = _metadata.checked(initial_metadata)
        self._check_open()
        if self._initial_sent:
            raise UsageError("initial metadata is sent once, and before the first response")
        self._initial_sent = True
        self._face.initial_metadata(items or ())

    async def abort(self, code: status.StatusCode, details: str = "", trailing_metadata: AnyMetadata = ()) -> None:
        if not isinstance(code, status.StatusCode):
            raise TypeError(f"abort takes a grpc.StatusCode, not {code!r}")
        self._check_open()
        if code is status.StatusCode.OK:
            code, details = status.StatusCode.UNKNOWN, ""
        if trailing_metadata:
            self.set_trailing_metadata(trailing_metadata)
        self.set_code(code)
        self.set_details(details)
        self.finish()
        raise AbortError("Locally aborted.")

    def set_trailing_metadata(self, trailing_metadata: AnyMetadata) -> Any:
        # A plain method, because callers of either kind have to be content: those that await it, as is documented, and
        # those that do not, as nobody does.
        self._trailing = _metadata.checked(trailing_metadata) or ()
        self._face.terminal_metadata(self._trailing)
        return _DONE

    def trailing_metadata(self) -> Any:
        return Metadata.from_tuple(self._trailing)

    def set_code(self, code: status.StatusCode) -> None:
        if not isinstance(code, status.StatusCode):
            raise TypeError(f"set_code takes a grpc.StatusCode, not {code!r}")
        self._code = code
        self._face.code(code.value[0])

    def set_details(self, details: str) -> None:
        if isinstance(details, bytes):
            details = details.decode("utf-8", "replace")
        elif details is not None and not isinstance(details, str):
            raise TypeError(f"the details of a status are text, not {details!r}")
        self._details = details
        self._face.details(details)

    def code(self) -> Optional[status.StatusCode]:
        return self._code

    def details(self) -> Optional[str]:
        return self._details

    def set_compression(self, compression: Compression) -> None:
        if self._initial_sent:
            raise RuntimeError("compression is chosen before initial metadata and responses are sent")
        context = self._face.protocol_context()
        if context is not None:  # in memory nothing is encoded, compressed neither
            context.set_compression(compression)

    def disable_next_message_compression(self) -> None:
        self._next_uncompressed = True

    # ------------------------------------------------------------ what is known of the client

    def invocation_metadata(self) -> Metadata:
        return Metadata.from_tuple(self._face.invocation_metadata())

    def peer(self) -> str:
        context = self._face.protocol_context()
        return "inproc:" if context is None else str(context.peer)

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        context = self._face.protocol_context()
        found: Optional[Mapping[str, Iterable[bytes]]] = None if context is None else context.auth_context
        return found or {}

    def peer_identity_key(self) -> Optional[str]:
        context = self._face.protocol_context()
        key: Optional[str] = None if context is None else context.peer_identity_key
        return key

    def peer_identities(self) -> Optional[Iterable[bytes]]:
        context = self._face.protocol_context()
        found: Optional[Iterable[bytes]] = None if context is None else context.peer_identities
        return found
