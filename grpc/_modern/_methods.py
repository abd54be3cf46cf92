"""Handlers of the modern API as Face method implementations: deserialize, run, serialize, and what each failure is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Dict, Iterator, Optional, Tuple, Type

from grpc._modern import _context, _contexts
from grpc._values import status
from grpc.framework.common import cardinality, style
from grpc.framework.foundation import abandonment
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from grpc._modern._serving import RpcMethodHandler

_LOGGER = logging.getLogger(__name__)


class _Failed(Exception):
    """The call is over; its status has been set, and what there is to be logged has been."""


class _OverError(_contexts.RpcError, abandonment.Abandoned):
    """The call is over while its handler waits for a request; handlers know it as an RpcError."""


class _Method(face.MethodImplementation):
    """A handler, run for one call."""

    __slots__ = ("_context", "_handler", "_name")

    style = style.Service.INLINE

    def __init__(self, name: str, handler: RpcMethodHandler) -> None:
        self._name = name
        self._handler = handler
        self._context: Any = None

    def _begin(self, face_context: face.ServicerContext) -> _context.ServicerContext:
        context = self._context = _context.ServicerContext(face_context)
        return context

    # ------------------------------------------------------------ requests

    def _request(self, payload: bytes) -> Any:
        """One request from its bytes."""
        deserializer = self._handler.request_deserializer
        if deserializer is None:
            return payload
        try:
            return deserializer(payload)
        except Exception as error:
            _LOGGER.exception("Exception deserializing request of %s", self._name)
            self._context.fail(status.INTERNAL, f"Exception deserializing request! {error}")
            raise _Failed() from None

    def _requests(self, payloads: Iterator[bytes]) -> Iterator[Any]:
        """All requests; raises in the handler if the call is over before."""
        try:
            for payload in payloads:
                yield self._request(payload)
        except abandonment.Abandoned:
            raise _OverError("the call is over: there will be no more requests") from None

    # ------------------------------------------------------------ responses

    def _run(self, behavior: Any, request: Any) -> Any:
        """What the handler returns."""
        try:
            return behavior(request, self._context)
        except Exception as error:
            self._note(error)
            raise _Failed() from None

    def _note(self, error: Exception) -> None:
        """Set the status for what a handler raised, and log what deserves it."""
        if isinstance(error, (_Failed, abandonment.Abandoned)) or self._context.aborted:
            return
        # Logged when the call is over as well: nobody else would ever hear of it.
        _LOGGER.exception("Exception calling application in %s: %s", self._name, error)
        self._context.fail(status.UNKNOWN, f"Exception calling application: {error}")

    def _response(self, response: Any) -> Optional[bytes]:
        """The bytes of one response; None for a handler that gave none because it set an error."""
        serializer = self._handler.response_serializer
        code = self._context.code()
        if response is None and code is not None and code is not status.StatusCode.OK:
            return None
        try:
            payload = response if serializer is None else serializer(response)
        except Exception as error:
            _LOGGER.exception("Exception serializing response of %s", self._name)
            self._context.fail(status.INTERNAL, f"Exception serializing response! {error}")
            raise _Failed() from None
        if not isinstance(payload, bytes):
            _LOGGER.error("A response of %s is %s, not bytes", self._name, type(payload).__name__)
            self._context.fail(status.INTERNAL, "Failed to serialize response!")
            raise _Failed()
        wrapped: bytes = self._context.wrapped(payload)
        return wrapped

    def _responses(self, responses: Any) -> Iterator[bytes]:
        """The bytes of all responses, one at a time; None among them is the end of them."""
        try:
            for response in responses:
                payload = None if response is None else self._response(response)
                if payload is None:
                    _close(responses)
                    break
                yield payload
            self._context.completed()
        except GeneratorExit:
            _close(responses)
            raise
        except Exception as error:
            self._note(error)
        finally:
            self._context.ended()


def _close(responses: Any) -> None:
    """Have the handler's `finally` run now, in its own thread, and not whenever memory is tidied."""
    close = getattr(responses, "close", None)
    if close is not None:
        close()


class _UnaryUnary(_Method):
    __slots__ = ()

    cardinality = cardinality.Cardinality.UNARY_UNARY

    def unary_unary_inline(self, request: bytes, face_context: face.ServicerContext) -> Optional[bytes]:
        context = self._begin(face_context)
        try:
            return self._response(self._run(self._handler.unary_unary, self._request(request)))
        except _Failed:
            return None
        finally:
            context.ended()


class _StreamUnary(_Method):
    __slots__ = ()

    cardinality = cardinality.Cardinality.STREAM_UNARY

    def stream_unary_inline(self, requests: Iterator[bytes], face_context: face.ServicerContext) -> Optional[bytes]:
        context = self._begin(face_context)
        try:
            return self._response(self._run(self._handler.stream_unary, self._requests(requests)))
        except _Failed:
            return None
        finally:
            context.ended()


class _UnaryStream(_Method):
    __slots__ = ()

    cardinality = cardinality.Cardinality.UNARY_STREAM

    def unary_stream_inline(self, request: bytes, face_context: face.ServicerContext) -> Iterator[bytes]:
        self._begin(face_context)
        try:
            return self._responses(self._run(self._handler.unary_stream, self._request(request)))
        except _Failed:
            return self._responses(())


class _StreamStream(_Method):
    __slots__ = ()

    cardinality = cardinality.Cardinality.STREAM_STREAM

    def stream_stream_inline(self, requests: Iterator[bytes], face_context: face.ServicerContext) -> Iterator[bytes]:
        self._begin(face_context)
        try:
            return self._responses(self._run(self._handler.stream_stream, self._requests(requests)))
        except _Failed:
            return self._responses(())


_METHODS: Dict[Tuple[bool, bool], Type[_Method]] = {
    (False, False): _UnaryUnary,
    (False, True): _UnaryStream,
    (True, False): _StreamUnary,
    (True, True): _StreamStream,
}


def method_of(name: str, handler: RpcMethodHandler) -> face.MethodImplementation:
    """A handler as Face runs it, for one call of the method with that name."""
    return _METHODS[bool(handler.request_streaming), bool(handler.response_streaming)](name, handler)
