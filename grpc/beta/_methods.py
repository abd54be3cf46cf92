"""The methods of a beta server as Face runs them: their messages are bytes, their failures statuses.

This module has the four of inline style and finds those of event style, which are in `_events`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, Mapping, Optional, Tuple, Union

from grpc._values.status import StatusCode
from grpc.beta import _context, _events
from grpc.framework.common.cardinality import Cardinality
from grpc.framework.common.style import Service
from grpc.framework.interfaces.face import face, utilities

if TYPE_CHECKING:
    from grpc.beta._coding import Coders, CoderTable, Name
    from grpc.framework.foundation import stream

_Behavior = Callable[..., Any]


def _unary_unary(name: str, coders: Coders, behavior: _Behavior) -> face.MethodImplementation:
    def run(request: bytes, face_context: face.ServicerContext) -> Optional[bytes]:
        context = _context.ServicerContext(name, coders, face_context)
        try:
            return context.payload(behavior(context.request(request), context))
        except Exception as error:
            context.note(error)
            return None

    return utilities.unary_unary_inline(run)


def _stream_unary(name: str, coders: Coders, behavior: _Behavior) -> face.MethodImplementation:
    def run(requests: Iterator[bytes], face_context: face.ServicerContext) -> Optional[bytes]:
        context = _context.ServicerContext(name, coders, face_context)
        try:
            return context.payload(behavior(map(context.request, requests), context))
        except Exception as error:
            context.note(error)
            return None

    return utilities.stream_unary_inline(run)


def _unary_stream(name: str, coders: Coders, behavior: _Behavior) -> face.MethodImplementation:
    def run(request: bytes, face_context: face.ServicerContext) -> Iterator[bytes]:
        context = _context.ServicerContext(name, coders, face_context)
        return _responses(context, lambda: behavior(context.request(request), context))

    return utilities.unary_stream_inline(run)


def _stream_stream(name: str, coders: Coders, behavior: _Behavior) -> face.MethodImplementation:
    def run(requests: Iterator[bytes], face_context: face.ServicerContext) -> Iterator[bytes]:
        context = _context.ServicerContext(name, coders, face_context)
        return _responses(context, lambda: behavior(map(context.request, requests), context))

    return utilities.stream_stream_inline(run)


def _responses(context: _context.ServicerContext, begin: Callable[[], Any]) -> Iterator[bytes]:
    """The bytes of all responses, one at a time; a failure ends them."""
    responses: Any = ()
    try:
        responses = begin()
        if responses is None and context.has_error:
            return  # a method that sets an error need not make an iterator as well
        for response in responses:
            payload = context.payload(response)
            if payload is not None:
                yield payload
    except GeneratorExit:
        close = getattr(responses, "close", None)
        if close is not None:
            close()  # the method's `finally` runs now, in its own thread, and not whenever memory is tidied
        raise
    except Exception as error:
        context.note(error)


_Adapter = Callable[[str, "Coders", _Behavior], face.MethodImplementation]

# For each shape and style the attribute of a method implementation that holds its callable, and who adapts that.
_ADAPTERS: Mapping[Tuple[Optional[Cardinality], Optional[Service]], Tuple[str, _Adapter]] = {
    (Cardinality.UNARY_UNARY, Service.INLINE): ("unary_unary_inline", _unary_unary),
    (Cardinality.UNARY_STREAM, Service.INLINE): ("unary_stream_inline", _unary_stream),
    (Cardinality.STREAM_UNARY, Service.INLINE): ("stream_unary_inline", _stream_unary),
    (Cardinality.STREAM_STREAM, Service.INLINE): ("stream_stream_inline", _stream_stream),
    (Cardinality.UNARY_UNARY, Service.EVENT): ("unary_unary_event", _events.unary_unary),
    (Cardinality.UNARY_STREAM, Service.EVENT): ("unary_stream_event", _events.unary_stream),
    (Cardinality.STREAM_UNARY, Service.EVENT): ("stream_unary_event", _events.stream_unary),
    (Cardinality.STREAM_STREAM, Service.EVENT): ("stream_stream_event", _events.stream_stream),
}


def _adapted(name: str, coders: Coders, method: face.MethodImplementation) -> face.MethodImplementation:
    """A method implementation as Face runs it.

    Raises:
      ValueError: It lacks shape, style or the callable for them.
    """
    key = (method.cardinality, method.style)
    if key not in _ADAPTERS:
        raise ValueError(f"a method implementation has a cardinality and a style; those of {name} are {key!r}")
    attribute, adapt = _ADAPTERS[key]
    behavior = getattr(method, attribute)
    if behavior is None:
        raise ValueError(f"the method implementation of {name} has nothing set as {attribute}")
    return adapt(name, coders, behavior)


def adapted_methods(
    methods: Mapping[Name, face.MethodImplementation], coders: CoderTable
) -> Dict[Name, face.MethodImplementation]:
    """All method implementations of a server, as Face runs them.

    Raises:
      ValueError: One of them lacks shape, style or the callable for them.
    """
    return {
        (group, method): _adapted(f"/{group}/{method}", coders.of(group, method), implementation)
        for (group, method), implementation in methods.items()
    }


class MultiMethod(face.MultiMethodImplementation):
    """Serves all other methods: by the application's multi-method implementation, if it has one."""

    __slots__ = ("_application", "_coders")

    def __init__(self, application: Optional[face.MultiMethodImplementation], coders: CoderTable) -> None:
        """Stand before an application's, or None."""
        self._application = application
        self._coders = coders

    def service(
        self,
        group: str,
        method: str,
        response_consumer: stream.Consumer[Any],
        context: face.ServicerContext,
    ) -> Union[stream.Consumer[Any], face.MethodImplementation]:
        name = f"/{group}/{method}"
        coders = self._coders.of(group, method)
        clothed = _context.ServicerContext(name, coders, context)
        if self._application is not None:
            responses = _events.Responses(clothed, response_consumer)
            try:
                served = self._application.service(group, method, responses, clothed)
                if isinstance(served, face.MethodImplementation):
                    return _adapted(name, coders, served)
                return _events.Requests(clothed, served, response_consumer.terminate)
            except face.NoSuchMethodError:
                pass
            except Exception as error:
                clothed.note(error)
                return _events.abandoned(clothed, response_consumer.terminate)
        clothed.code(StatusCode.UNIMPLEMENTED)
        clothed.details("Method not found!")
        return _events.abandoned(clothed, response_consumer.terminate)
