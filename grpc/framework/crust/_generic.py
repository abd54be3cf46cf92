"""The generic stub over Base: everybody's, with the passive way of calling besides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from grpc.framework.interfaces.face import face, invoking

if TYPE_CHECKING:
    from grpc.framework.crust._invoker import Invoker


class StreamUnaryMultiCallable(invoking.StreamUnaryMultiCallable, face.PassiveMultiCallable):
    """See `face.StreamUnaryMultiCallable` and `face.PassiveMultiCallable`."""

    __slots__ = ()

    _invoker: Invoker

    def passive(
        self, timeout: Optional[float], metadata: Optional[Any] = None, protocol_options: Optional[Any] = None
    ) -> Any:
        return self._invoker.passive_many_requests(
            False, self._group, self._method, timeout, metadata, protocol_options
        )


class StreamStreamMultiCallable(invoking.StreamStreamMultiCallable, face.PassiveMultiCallable):
    """See `face.StreamStreamMultiCallable` and `face.PassiveMultiCallable`."""

    __slots__ = ()

    _invoker: Invoker

    def passive(
        self, timeout: Optional[float], metadata: Optional[Any] = None, protocol_options: Optional[Any] = None
    ) -> Any:
        return self._invoker.passive_many_requests(True, self._group, self._method, timeout, metadata, protocol_options)


class GenericStub(invoking.GenericStub):
    """See `face.GenericStub`."""

    __slots__ = ()

    _invoker: Invoker

    def stream_unary(self, group: str, method: str) -> StreamUnaryMultiCallable:
        return StreamUnaryMultiCallable(self._invoker, group, method)

    def stream_stream(self, group: str, method: str) -> StreamStreamMultiCallable:
        return StreamStreamMultiCallable(self._invoker, group, method)
