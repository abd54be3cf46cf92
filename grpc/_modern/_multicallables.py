"""The four multi-callables, by way of Face's.

Every call goes the same three steps: prepare (serialize, check, ask the credentials: in the caller's thread, and
nothing is sent), begin (one Face call), and wait or wrap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, Optional, Tuple

from grpc._modern import _calling, _errors, _rpc
from grpc._modern._requests import Requests, serialized
from grpc._values import compression as _compression
from grpc._values import contexts
from grpc._values import metadata as _metadata
from grpc.framework.foundation.environment import GOING_TO_WAIT

if TYPE_CHECKING:
    from grpc._assembly.client import TimeoutRule
    from grpc._modern._calling import Deserializer, Serializer
    from grpc._modern._channel import Channel
    from grpc._modern._contexts import Call, Metadata
    from grpc._values.compression import Compression


class _MultiCallable:
    """What the four have in common."""

    __slots__ = (
        "__dict__",  # libraries that wrap a multi-callable note things on it, to begin with a `__name__`
        "__weakref__",
        "_channel",
        "_deserializer",
        "_face",
        "_method",
        "_serializer",
        "_timeout_rule",
    )

    def __init__(
        self,
        channel: Channel,
        method: str,
        face_callable: Any,
        serializer: Serializer,
        deserializer: Deserializer,
        timeout_rule: Optional[TimeoutRule],
    ) -> None:
        """Make a multi-callable.

        Args:
          channel: The channel.
          method: As `/package.Service/Method`.
          face_callable: Face's multi-callable of the same cardinality.
          serializer: From request to bytes, or None.
          deserializer: From bytes to response, or None.
          timeout_rule: What the service config makes of an RPC's timeout; None if it leaves every one as it is.
        """
        self._channel = channel
        self._method = method
        self._face = face_callable
        self._timeout_rule = timeout_rule
        self._serializer = serializer
        self._deserializer = deserializer

    def _begin(
        self,
        begin: Any,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Metadata],
        credentials: Optional[Any],
        wait_for_ready: Optional[bool],
        compression: Optional[Compression],
        waits: bool = False,
    ) -> Any:
        """Check the arguments and begin a Face call with them.

        Args:
          waits: Whether this thread goes on to wait for the end.

        Raises:
          ValueError: The channel is closed, or an argument is out of range.
          TypeError: An argument is of the wrong type.
        """
        channel = self._channel
        if channel.closed:
            raise ValueError("Cannot invoke RPC on closed channel!")
        if timeout is not None:
            check_timeout(timeout)
        if self._timeout_rule is not None:
            timeout = self._timeout_rule(timeout)
        # Never None: with its first ticket the server hears of the call, and may begin before the first request.
        items: Any = () if metadata is None else _metadata.checked(metadata)
        if credentials is not None or channel.call_credentials is not None:
            items = channel.with_credentials(self._method, items, credentials, timeout)
        options = None
        if wait_for_ready is not None or compression is not None:
            options = contexts.CallOptions(
                wait_for_ready, None if compression is None else _compression.number(compression)
            )
        if waits:
            with GOING_TO_WAIT:
                return begin(request, timeout, items, protocol_options=options)
        return begin(request, timeout, items, protocol_options=options)

    def _wait(self, call: Any, requests: Optional[Requests] = None) -> Tuple[Optional[_errors.InactiveRpcError], Any]:
        """Wait for the one response of a Face call; whoever is torn out of the wait cancels the RPC.

        Returns:
          The error, or else None and the response. Public methods raise it: the traceback ends there.
        """
        try:
            payload = call.result()
        except _rpc.NO_RESULT:
            return _rpc.error_of(_rpc.ending_of(call, self._method, requests)), None
        except BaseException:
            call.cancel()
            raise
        if call.code():
            return _rpc.error_of(_rpc.ending_of(call, self._method, requests)), None
        return None, _rpc.deserialized(self._deserializer, payload, call)


class UnaryUnaryMultiCallable(_MultiCallable, _calling.UnaryUnaryMultiCallable):
    """See `grpc.UnaryUnaryMultiCallable`."""

    __slots__ = ()

    def __call__(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Any:
        payload = serialized(self._serializer, request)
        call = self._begin(
            self._face.future, payload, timeout, metadata, credentials, wait_for_ready, compression, waits=True
        )
        error, response = self._wait(call)
        if error is not None:
            raise error from error.__cause__
        return response

    def with_call(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Tuple[Any, Call]:
        payload = serialized(self._serializer, request)
        call = self._begin(
            self._face.future, payload, timeout, metadata, credentials, wait_for_ready, compression, waits=True
        )
        error, response = self._wait(call)
        if error is not None:
            raise error from error.__cause__
        return response, _rpc.RpcCall(call, self._method, self._deserializer)

    def future(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> _rpc.RpcCall:
        payload = serialized(self._serializer, request)
        call = self._begin(self._face.future, payload, timeout, metadata, credentials, wait_for_ready, compression)
        return _rpc.RpcCall(call, self._method, self._deserializer)


class UnaryStreamMultiCallable(_MultiCallable, _calling.UnaryStreamMultiCallable):
    """See `grpc.UnaryStreamMultiCallable`."""

    __slots__ = ()

    def __call__(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> _rpc.StreamCall:
        payload = serialized(self._serializer, request)
        call = self._begin(self._face, payload, timeout, metadata, credentials, wait_for_ready, compression)
        return _rpc.StreamCall(call, self._method, self._deserializer)


class StreamUnaryMultiCallable(_MultiCallable, _calling.StreamUnaryMultiCallable):
    """See `grpc.StreamUnaryMultiCallable`."""

    __slots__ = ()

    def __call__(
        self,
        request_iterator: Iterable[Any],
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Any:
        requests = Requests(request_iterator, self._serializer)
        call = self._begin(self._face.future, requests, timeout, metadata, credentials, wait_for_ready, compression)
        error, response = self._wait(call, requests)
        if error is not None:
            raise error from error.__cause__
        return response

    def with_call(
        self,
        request_iterator: Iterable[Any],
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Tuple[Any, Call]:
        requests = Requests(request_iterator, self._serializer)
        call = self._begin(self._face.future, requests, timeout, metadata, credentials, wait_for_ready, compression)
        error, response = self._wait(call, requests)
        if error is not None:
            raise error from error.__cause__
        return response, _rpc.RpcCall(call, self._method, self._deserializer, requests)

    def future(
        self,
        request_iterator: Iterable[Any],
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> _rpc.RpcCall:
        requests = Requests(request_iterator, self._serializer)
        call = self._begin(self._face.future, requests, timeout, metadata, credentials, wait_for_ready, compression)
        return _rpc.RpcCall(call, self._method, self._deserializer, requests)


class StreamStreamMultiCallable(_MultiCallable, _calling.StreamStreamMultiCallable):
    """See `grpc.StreamStreamMultiCallable`."""

    __slots__ = ()

    def __call__(
        self,
        request_iterator: Iterable[Any],
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> _rpc.StreamCall:
        requests = Requests(request_iterator, self._serializer)
        call = self._begin(self._face, requests, timeout, metadata, credentials, wait_for_ready, compression)
        return _rpc.StreamCall(call, self._method, self._deserializer, requests)


def check_timeout(timeout: Any) -> None:
    """Refuse what is no number of seconds.

    Raises:
      TypeError: It is not a number.
      ValueError: It is NaN.
    """
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"a timeout is a number of seconds or None, not {timeout!r}")
    if timeout != timeout:
        raise ValueError("a timeout is a number of seconds or None, not NaN")
