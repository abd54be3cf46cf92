"""Makes Face servicers and stubs over Base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, Optional, Tuple

from grpc.framework.crust import _servicer, _stubs

if TYPE_CHECKING:
    from concurrent import futures

    from grpc.framework.foundation.environment import Environment
    from grpc.framework.interfaces.base import base
    from grpc.framework.interfaces.face import face

__all__ = ["generic_stub", "servicer"]


def servicer(
    method_implementations: Mapping[Tuple[str, str], face.MethodImplementation],
    multi_method_implementation: Optional[face.MultiMethodImplementation],
    pool: Optional[futures.Executor],
    environment: Optional[Environment] = None,
) -> base.Servicer:
    """Make a Base servicer that runs Face method implementations."""
    return _servicer.Servicer(method_implementations, multi_method_implementation, pool, environment)


def generic_stub(end: base.End, pool: Optional[futures.Executor]) -> _stubs.GenericStub:
    """Make a stub that invokes any method by its names."""
    return _stubs.GenericStub(end, pool)
