"""Finds who serves an operation: a method by its names, else the multi-method."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Callable, Dict, Mapping, Optional, Tuple

from grpc.framework.crust import _behaviors, _service
from grpc.framework.foundation import environment as _environment
from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from concurrent import futures

_Run = Callable[["_service.ServiceCall"], None]


class Servicer(base.Servicer):
    """A Base servicer over Face implementations."""

    __slots__ = ("_environment", "_methods", "_multi_method", "_pool")

    def __init__(
        self,
        methods: Mapping[Tuple[str, str], face.MethodImplementation],
        multi_method: Optional[face.MultiMethodImplementation],
        pool: Optional[futures.Executor],
        environment: Optional[_environment.Environment],
    ) -> None:
        # For each method whether it takes one request, and what runs it.
        self._methods: Dict[Tuple[str, str], Tuple[bool, _Run]] = {
            names: (_behaviors.takes_one_request(method), _behaviors.runner(method, pool is not None))
            for names, method in methods.items()
        }
        self._multi_method = multi_method
        self._pool = pool
        self._environment = environment or _environment.default()

    def service(
        self, group: str, method: str, context: base.OperationContext, output_operator: base.Operator
    ) -> base.Subscription:
        found = self._methods.get((group, method))
        if found is not None:
            one_request, run = found
        elif self._multi_method is not None:
            one_request = False
            run = functools.partial(_run_multi_method, self._multi_method, group, method, self._pool is not None)
        else:
            raise base.NoSuchMethodError(None, f"no method {method!r} in group {group!r}")
        return _service.ServiceCall(self._environment, context, output_operator, self._pool, one_request, run)


def _run_multi_method(
    multi_method: face.MultiMethodImplementation,
    group: str,
    method: str,
    pooled: bool,
    call: _service.ServiceCall,
) -> None:
    """Ask who serves the call, and have it served."""
    try:
        served = multi_method.service(group, method, call, call)
        if served is None:
            return  # it takes the requests by itself
        if not isinstance(served, face.MethodImplementation):
            call.feed(served)
            return
        run = _behaviors.runner(served, pooled)
        one_request = _behaviors.takes_one_request(served)
    except BaseException as error:
        call.fail(error, f"The multi-method implementation failed for {group}/{method}")
        if not isinstance(error, Exception):
            raise
        return
    if one_request:
        call.when_request(run)
    else:
        run(call)
