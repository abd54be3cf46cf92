"""The stubs: how an RPC is invoked in each style."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from grpc.framework.crust import _unary
from grpc.framework.foundation import environment as _environment
from grpc.framework.interfaces.base import utilities
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from concurrent import futures

    from grpc.framework.interfaces.base import base

_NOTHING_MORE = utilities.completion(None, None, None)


class Invoker:
    """Begins RPCs on an End."""

    __slots__ = ("_end", "_environment", "_operate", "_pool")

    def __init__(self, end: base.End, pool: Optional[futures.Executor]) -> None:
        self._end = end
        self._operate = end.operate
        self._pool = pool
        # An End of another make need not tell its environment; then waiting is done the plain way.
        self._environment: _environment.Environment = getattr(end, "environment", None) or _environment.default()

    def unary_unary(
        self,
        group: str,
        method: str,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Any],
        protocol_options: Optional[Any],
    ) -> _unary.UnaryRendezvous:
        """Begin an RPC with one request and one response; everything leaves as one ticket."""
        rendezvous = _unary.UnaryRendezvous(self._environment)
        operation, _ = self._operate(
            group, method, rendezvous, timeout, metadata, request, _NOTHING_MORE, protocol_options
        )
        rendezvous.attach(operation)
        return rendezvous


class UnaryUnaryMultiCallable(face.UnaryUnaryMultiCallable):
    """Invokes one unary-unary method in any style."""

    __slots__ = ("_group", "_invoker", "_method")

    def __init__(self, invoker: Invoker, group: str, method: str) -> None:
        self._invoker = invoker
        self._group = group
        self._method = method

    def __call__(
        self,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        with_call: bool = False,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        rendezvous = self._invoker.unary_unary(
            self._group, self._method, request, timeout, metadata, protocol_options
        )
        response = rendezvous.response()
        return (response, rendezvous) if with_call else response

    def future(
        self,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> _unary.UnaryRendezvous:
        return self._invoker.unary_unary(self._group, self._method, request, timeout, metadata, protocol_options)

    def event(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError()


class GenericStub:
    """Invokes any method by its names."""

    __slots__ = ("_invoker",)

    def __init__(self, end: base.End, pool: Optional[futures.Executor]) -> None:
        self._invoker = Invoker(end, pool)

    def unary_unary(self, group: str, method: str) -> UnaryUnaryMultiCallable:
        return UnaryUnaryMultiCallable(self._invoker, group, method)
