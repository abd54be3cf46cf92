"""Finds who serves an operation: a method by its names, else the multi-method."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Mapping, Optional, Tuple

from grpc.framework.crust import _behaviors, _service
from grpc.framework.foundation import abandonment
from grpc.framework.foundation import environment as _environment
from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from concurrent import futures

_LOGGER = logging.getLogger(__name__)


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
        self._methods = dict(methods)
        self._multi_method = multi_method
        self._pool = pool
        self._environment = environment or _environment.default()

    def service(
        self, group: str, method: str, context: base.OperationContext, output_operator: base.Operator
    ) -> base.Subscription:
        implementation = self._methods.get((group, method))
        if implementation is not None:
            run = functools.partial(_behaviors.run, method=implementation)
        elif self._multi_method is not None:
            run = functools.partial(_run_multi_method, self._multi_method, group, method)
        else:
            raise base.NoSuchMethodError(None, f"no method {method!r} in group {group!r}")
        return _service.ServiceRendezvous(self._environment, context, output_operator, self._pool, run)


def _run_multi_method(
    multi_method: face.MultiMethodImplementation, group: str, method: str, call: _service.ServiceRendezvous
) -> None:
    try:
        served = multi_method.service(group, method, call, call)
    except face.NoSuchMethodError as error:
        call.fail(base.NoSuchMethodError(None, str(error)))
        return
    except abandonment.Abandoned as error:
        call.fail(error)
        return
    except Exception as error:
        _LOGGER.exception("The multi-method implementation raised for %s/%s", group, method)
        call.fail(error)
        return
    if isinstance(served, face.MethodImplementation):
        _behaviors.run(call, served)
    else:
        _behaviors.feed(call, served)
