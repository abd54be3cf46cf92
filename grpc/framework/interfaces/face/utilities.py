"""Makers of method implementations: one for each shape and style."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Iterator

from grpc.framework.common.cardinality import Cardinality
from grpc.framework.common.style import Service
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from grpc.framework.foundation.stream import Consumer
    from grpc.framework.interfaces.face.face import MethodImplementation, ServicerContext


class _MethodImplementation(face.MethodImplementation):
    """A shape, a style and the callable that goes with them; the other callables stay None."""

    __slots__ = (
        "cardinality",
        "stream_stream_event",
        "stream_stream_inline",
        "stream_unary_event",
        "stream_unary_inline",
        "style",
        "unary_stream_event",
        "unary_stream_inline",
        "unary_unary_event",
        "unary_unary_inline",
    )

    def __init__(self, cardinality: Cardinality, style: Service, behavior: Callable[..., Any]) -> None:
        for name in self.__slots__:
            setattr(self, name, None)
        self.cardinality = cardinality
        self.style = style
        setattr(self, _attribute(cardinality, style), behavior)

    def __repr__(self) -> str:
        assert self.cardinality is not None
        assert self.style is not None
        attribute = _attribute(self.cardinality, self.style)
        return f"{attribute}({getattr(self, attribute)!r})"


def _attribute(cardinality: Cardinality, style: Service) -> str:
    """The attribute of a method implementation that holds its one callable."""
    return f"{cardinality.name}_{style.name}".lower()


def unary_unary_inline(behavior: Callable[[Any, ServicerContext], Any]) -> MethodImplementation:
    """Describes a method that returns its one response.

    Args:
        behavior: takes the request and a `ServicerContext`, returns the response; may block.

    Returns:
        The implementation, whose one callable is `behavior`.
    """
    return _MethodImplementation(Cardinality.UNARY_UNARY, Service.INLINE, behavior)


def unary_stream_inline(behavior: Callable[[Any, ServicerContext], Iterator[Any]]) -> MethodImplementation:
    """Describes a method that yields its responses to one request.

    Args:
        behavior: takes the request and a `ServicerContext`, returns an iterator of responses; both
            the call and the iterator may block.

    Returns:
        The implementation, whose one callable is `behavior`.
    """
    return _MethodImplementation(Cardinality.UNARY_STREAM, Service.INLINE, behavior)


def stream_unary_inline(behavior: Callable[[Iterator[Any], ServicerContext], Any]) -> MethodImplementation:
    """Describes a method that draws its requests and returns its one response.

    Args:
        behavior: takes an iterator of requests, which blocks until there is a next one, and a
            `ServicerContext`, returns the response.

    Returns:
        The implementation, whose one callable is `behavior`.
    """
    return _MethodImplementation(Cardinality.STREAM_UNARY, Service.INLINE, behavior)


def stream_stream_inline(behavior: Callable[[Iterator[Any], ServicerContext], Iterator[Any]]) -> MethodImplementation:
    """Describes a method that draws its requests and yields its responses.

    Args:
        behavior: takes an iterator of requests, which blocks until there is a next one, and a
            `ServicerContext`, returns an iterator of responses.

    Returns:
        The implementation, whose one callable is `behavior`.
    """
    return _MethodImplementation(Cardinality.STREAM_STREAM, Service.INLINE, behavior)


def unary_unary_event(behavior: Callable[[Any, Callable[[Any], None], ServicerContext], None]) -> MethodImplementation:
    """Describes a method that passes on its one response when it has it.

    Args:
        behavior: takes the request, a callback to which to pass the response, once, and a
            `ServicerContext`; does not block.

    Returns:
        The implementation, whose one callable is `behavior`.
    """
    return _MethodImplementation(Cardinality.UNARY_UNARY, Service.EVENT, behavior)


def unary_stream_event(behavior: Callable[[Any, Consumer[Any], ServicerContext], None]) -> MethodImplementation:
    """Describes a method that passes on its responses to one request as they come.

    Args:
        behavior: takes the request, a `stream.Consumer` to which to pass the responses, and a
            `ServicerContext`; does not block.

    Returns:
        The implementation, whose one callable is `behavior`.
    """
    return _MethodImplementation(Cardinality.UNARY_STREAM, Service.EVENT, behavior)


def stream_unary_event(
    behavior: Callable[[Callable[[Any], None], ServicerContext], Consumer[Any]],
) -> MethodImplementation:
    """Describes a method that is passed its requests, and passes on its one response.

    Args:
        behavior: takes a callback to which to pass the response, once, and a `ServicerContext`,
            returns a `stream.Consumer` of requests; neither blocks.

    Returns:
        The implementation, whose one callable is `behavior`.
    """
    return _MethodImplementation(Cardinality.STREAM_UNARY, Service.EVENT, behavior)


def stream_stream_event(behavior: Callable[[Consumer[Any], ServicerContext], Consumer[Any]]) -> MethodImplementation:
    """Describes a method that is passed its requests, and passes on its responses.

    Args:
        behavior: takes a `stream.Consumer` to which to pass the responses and a `ServicerContext`,
            returns a `stream.Consumer` of requests; neither blocks.

    Returns:
        The implementation, whose one callable is `behavior`.
    """
    return _MethodImplementation(Cardinality.STREAM_STREAM, Service.EVENT, behavior)
