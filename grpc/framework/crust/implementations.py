"""Makes Face servicers and stubs over Base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, Optional, Tuple

from grpc.framework.crust import _generic, _invoker, _servicer
from grpc.framework.interfaces.face import invoking

if TYPE_CHECKING:
    from concurrent import futures

    from grpc.framework.common.cardinality import Cardinality
    from grpc.framework.foundation.environment import Environment
    from grpc.framework.interfaces.base import base
    from grpc.framework.interfaces.face import face

__all__ = ["dynamic_stub", "generic_stub", "servicer"]


def servicer(
    method_implementations: Mapping[Tuple[str, str], face.MethodImplementation],
    multi_method_implementation: Optional[face.MultiMethodImplementation],
    pool: Optional[futures.Executor],
    environment: Optional[Environment] = None,
) -> base.Servicer:
    """Make a Base servicer that runs Face method implementations.

    Args:
      method_implementations: From (group, method) to what serves it. It is copied.
      multi_method_implementation: Is asked for all other methods; None if there are none.
      pool: Runs customers' code; whoever made it shuts it down, after the End has stopped. An inline method keeps one
        of its threads until it has ended; an event method, or a stream of requests passed to a consumer, keeps one
        only while it runs. None runs methods in the thread that brings their requests, and then no inline method may
        have a stream on either side.
      environment: Where methods wait, and callbacks are called, if not the default: that of the End to be served.

    Raises:
      ValueError: A method implementation lacks shape, style or the callable for them, or needs a pool.
    """
    return _servicer.Servicer(method_implementations, multi_method_implementation, pool, environment)


def generic_stub(end: base.End, pool: Optional[futures.Executor]) -> face.GenericStub:
    """Make a stub that invokes any method by its names.

    Args:
      end: Where the operations are invoked. Its start and stop are not the stub's business.
      pool: Draws requests from iterators, one thread for each iterator until it is exhausted, and calls the receivers
        of event-driven invocations. With None receivers are called as the End's environment executes customers'
        code, and iterators of requests can only be used by blocking calls, which then draw from them in their own
        thread; other styles raise ValueError for them.
    """
    return _generic.GenericStub(_invoker.Invoker(end, pool))


def dynamic_stub(
    end: base.End, group: str, cardinalities: Mapping[str, Cardinality], pool: Optional[futures.Executor]
) -> face.DynamicStub:
    """Make a stub whose attributes invoke the methods of one group.

    Args:
      end: As for `generic_stub`.
      group: The group.
      cardinalities: From the name of each method to its shape. It is copied.
      pool: As for `generic_stub`.

    Raises:
      ValueError: A shape is none of the four.
    """
    return invoking.DynamicStub(_invoker.Invoker(end, pool), group, cardinalities)
