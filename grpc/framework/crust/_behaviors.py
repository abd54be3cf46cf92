"""How each style of method is run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Callable, Dict, Tuple

from grpc.framework.common import cardinality, style
from grpc.framework.foundation import abandonment
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from grpc.framework.foundation import stream
    from grpc.framework.crust._service import ServiceRendezvous

_LOGGER = logging.getLogger(__name__)


def _unary_unary_inline(call: ServiceRendezvous, method: face.MethodImplementation) -> None:
    assert method.unary_unary_inline is not None
    request = call.next_request()
    call.complete(method.unary_unary_inline(request, call))


_RUNNERS: Dict[
    Tuple[cardinality.Cardinality, style.Service], Callable[[ServiceRendezvous, face.MethodImplementation], None]
] = {
    (cardinality.Cardinality.UNARY_UNARY, style.Service.INLINE): _unary_unary_inline,
}


def run(call: ServiceRendezvous, method: face.MethodImplementation) -> None:
    """Run a method for a call to its end, in this thread; whatever goes wrong ends the call."""
    assert method.cardinality is not None
    assert method.style is not None
    try:
        _RUNNERS[method.cardinality, method.style](call, method)
    except abandonment.Abandoned as error:
        call.fail(error)
    except Exception as error:
        _LOGGER.exception("The implementation of a method raised")
        call.fail(error)


def feed(call: ServiceRendezvous, consumer: stream.Consumer[Any]) -> None:
    """Pass all requests of a call to a consumer, in this thread."""
    try:
        while True:
            try:
                request = call.next_request()
            except StopIteration:
                break
            consumer.consume(request)
        consumer.terminate()
    except abandonment.Abandoned:
        pass  # the RPC has ended: nobody wants the rest
    except Exception as error:
        _LOGGER.exception("A consumer of requests raised")
        call.fail(error)
