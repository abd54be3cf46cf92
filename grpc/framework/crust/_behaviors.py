"""How each style of method is run: where customers' functions are called."""

from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, Tuple

from grpc.framework.common.cardinality import Cardinality
from grpc.framework.common.style import Service

if TYPE_CHECKING:
    from grpc.framework.crust._service import ServiceCall
    from grpc.framework.interfaces.face import face


def _unary_unary_inline(call: ServiceCall, behavior: Callable[..., Any]) -> None:
    call.respond(behavior(call.request(), call))


def _unary_stream_inline(call: ServiceCall, behavior: Callable[..., Any]) -> None:
    _pump(call, iter(behavior(call.request(), call)))


def _stream_unary_inline(call: ServiceCall, behavior: Callable[..., Any]) -> None:
    call.respond(behavior(call, call))


def _stream_stream_inline(call: ServiceCall, behavior: Callable[..., Any]) -> None:
    _pump(call, iter(behavior(call, call)))


def _unary_unary_event(call: ServiceCall, behavior: Callable[..., Any]) -> None:
    behavior(call.request(), call.respond, call)


def _unary_stream_event(call: ServiceCall, behavior: Callable[..., Any]) -> None:
    behavior(call.request(), call, call)


def _stream_unary_event(call: ServiceCall, behavior: Callable[..., Any]) -> None:
    call.feed(behavior(call.respond, call))


def _stream_stream_event(call: ServiceCall, behavior: Callable[..., Any]) -> None:
    call.feed(behavior(call, call))


def _pump(call: ServiceCall, responses: Iterator[Any]) -> None:
    """Send all responses, or those that come before the end of the RPC.

    What a generator has in its `finally` is run then and there, and not whenever memory is tidied: other Pythons than
    CPython do that late.
    """
    try:
        call.pump(responses)
    finally:
        if type(responses) is types.GeneratorType:
            responses.close()


_Runner = Callable[["ServiceCall", Callable[..., Any]], None]

# For each shape and style: how it is run, and the attribute of a method implementation that holds what is run.
_RUNNERS: Dict[Tuple[Cardinality, Service], Tuple[_Runner, str]] = {
    (Cardinality.UNARY_UNARY, Service.INLINE): (_unary_unary_inline, "unary_unary_inline"),
    (Cardinality.UNARY_STREAM, Service.INLINE): (_unary_stream_inline, "unary_stream_inline"),
    (Cardinality.STREAM_UNARY, Service.INLINE): (_stream_unary_inline, "stream_unary_inline"),
    (Cardinality.STREAM_STREAM, Service.INLINE): (_stream_stream_inline, "stream_stream_inline"),
    (Cardinality.UNARY_UNARY, Service.EVENT): (_unary_unary_event, "unary_unary_event"),
    (Cardinality.UNARY_STREAM, Service.EVENT): (_unary_stream_event, "unary_stream_event"),
    (Cardinality.STREAM_UNARY, Service.EVENT): (_stream_unary_event, "stream_unary_event"),
    (Cardinality.STREAM_STREAM, Service.EVENT): (_stream_stream_event, "stream_stream_event"),
}

_ONE_REQUEST = frozenset({Cardinality.UNARY_UNARY, Cardinality.UNARY_STREAM})

# Those that block their thread until the other side does something. Without a pool that thread is the one that would
# bring what they wait for.
_BLOCKING = frozenset((shape, Service.INLINE) for shape in Cardinality if shape is not Cardinality.UNARY_UNARY)


def takes_one_request(method: face.MethodImplementation) -> bool:
    """Whether the method's requests are single."""
    return method.cardinality in _ONE_REQUEST


def runner(method: face.MethodImplementation, pooled: bool) -> Callable[[ServiceCall], None]:
    """What runs a method for a call, in the thread that calls it; whatever goes wrong ends the call.

    Args:
      method: The method.
      pooled: Whether it runs in a pool.

    Raises:
      ValueError: The method lacks shape, style or the callable for them, or needs a pool and has none.
    """
    key = (method.cardinality, method.style)
    if key not in _RUNNERS:
        raise ValueError(f"a method implementation has a cardinality and a style; these are {key!r}")
    run, attribute = _RUNNERS[key]
    behavior = getattr(method, attribute)
    if behavior is None:
        raise ValueError(f"the method implementation {method!r} has nothing set as {attribute}")
    if not pooled and key in _BLOCKING:
        raise ValueError(
            f"{attribute} blocks until the invocation side goes on, so it has to run in a pool, and there is none: "
            "make the servicer with a pool, or serve the method in the event style"
        )
    return functools.partial(_guarded, run, behavior)


def _guarded(run: _Runner, behavior: Callable[..., Any], call: ServiceCall) -> None:
    try:
        run(call, behavior)
    except BaseException as error:
        call.fail(error, f"The implementation of a method raised: {behavior!r}")
        if not isinstance(error, Exception):
            raise
