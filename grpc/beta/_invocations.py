"""Begins RPCs for the stubs: what the beta API is given is made into what Face takes, in the caller's thread.

Serializing, transforming metadata and asking credentials come first; if one of them fails, nothing is sent, and what
is returned is a call that has failed already. Arguments that are wrong in themselves raise TypeError or ValueError.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Callable, Iterable, Optional, Tuple, Type, TypeVar

from grpc._values import contexts
from grpc._values.compression import Compression
from grpc.beta import _abortions, _calls, _coding, _credentials, _receivers, _requests, interfaces
from grpc.framework.interfaces.face import invoking

if TYPE_CHECKING:
    from concurrent import futures

    from grpc.beta._channel import Connection
    from grpc.framework.interfaces.face import face

_LOGGER = logging.getLogger(__name__)

MetadataTransformer = Callable[[Any], Any]

_C = TypeVar("_C", bound=_calls.Call)


class Invocations(invoking.Invoker):
    """Begins RPCs of one stub; see `invoking.Invoker`."""

    __slots__ = ("_coders", "_connection", "_host", "_pool", "_stub", "_transform")

    def __init__(
        self,
        connection: Connection,
        host: Optional[str],
        coders: _coding.CoderTable,
        metadata_transformer: Optional[MetadataTransformer],
        pool: futures.Executor,
    ) -> None:
        """Make one.

        Args:
          connection: Where to invoke.
          host: The authority of the requests; None for the channel's.
          coders: Of all methods.
          metadata_transformer: Called with the metadata of each RPC, () if there is none; returns what is sent.
          pool: Draws requests from iterators, and calls receivers.
        """
        self._connection = connection
        self._stub = connection.side.another_stub(pool)
        self._host = host
        self._coders = coders
        self._transform = metadata_transformer
        self._pool = pool

    # ------------------------------------------------------------ preparing

    def _metadata(
        self, group: str, method: str, timeout: Optional[float], metadata: Any, credentials: Optional[Any]
    ) -> Any:
        """The metadata to send."""
        transform = self._transform
        items = _coding.metadata(metadata if transform is None else transform(() if metadata is None else metadata))
        plugins = self._connection.plugins
        if credentials is not None:
            plugins += _credentials.plugins_of(credentials)
        if not plugins:
            return items
        if not self._connection.secure:
            raise ValueError(
                "call credentials are sent over secure channels only: make the channel with secure_channel"
            )
        authority = self._host or self._connection.side.authority
        return (items or ()) + _credentials.ask(plugins, f"https://{authority}/{group}", method, timeout)

    def _prepare(
        self, group: str, method: str, timeout: Optional[float], metadata: Any, options: Any
    ) -> Tuple[Any, Optional[contexts.CallOptions]]:
        """The metadata to send, and what to tell the transport.

        Raises:
          Failure: Credentials failed.
          TypeError, ValueError: An argument is wrong, or the channel is closed.
        """
        if self._connection.side.closed:
            raise ValueError("the channel is closed, and no RPC can be invoked on it")
        if options is not None and not isinstance(options, interfaces.GRPCCallOptions):
            raise TypeError(f"protocol_options are what grpc_call_options makes, not {options!r}")
        items = self._metadata(group, method, timeout, metadata, None if options is None else options.credentials)
        plain = options is not None and options.disable_compression
        if not plain and self._host is None:
            return items, None
        compression = int(Compression.NoCompression) if plain else None
        return items, contexts.CallOptions(compression=compression, authority=self._host)

    # ------------------------------------------------------------ one request

    def unary_unary(
        self, group: str, method: str, request: Any, timeout: Optional[float], metadata: Any, options: Any
    ) -> _calls.UnaryCall:
        return self._one_request(
            _calls.UnaryCall, self._stub.future_unary_unary, group, method, request, timeout, metadata, options
        )

    def unary_stream(
        self, group: str, method: str, request: Any, timeout: Optional[float], metadata: Any, options: Any
    ) -> _calls.StreamCall:
        return self._one_request(
            _calls.StreamCall, self._stub.inline_unary_stream, group, method, request, timeout, metadata, options
        )

    def _one_request(
        self,
        make: Type[_C],
        begin: Callable[..., Any],
        group: str,
        method: str,
        request: Any,
        timeout: Optional[float],
        metadata: Any,
        options: Any,
    ) -> _C:
        coders = self._coders.of(group, method)
        faults = _abortions.Faults()
        call: Any
        try:
            payload = _coding.serialized(coders.serialize, request, "request")
            items, chosen = self._prepare(group, method, timeout, metadata, options)
        except _abortions.Failure as failure:
            faults.add(failure)
            call = _calls.Unbegun()
        else:
            call = begin(group, method, payload, timeout, metadata=items, protocol_options=chosen)
        return make(call, coders, faults, _coding.NextUncompressed())

    def event_one_request(
        self,
        many: bool,
        group: str,
        method: str,
        request: Any,
        receiver: face.ResponseReceiver,
        abortion_callback: invoking.AbortionCallback,
        timeout: Optional[float],
        metadata: Any,
        options: Any,
    ) -> _calls.Call:
        coders = self._coders.of(group, method)
        faults = _abortions.Faults()
        call: Any
        try:
            payload = _coding.serialized(coders.serialize, request, "request")
            items, chosen = self._prepare(group, method, timeout, metadata, options)
        except _abortions.Failure as failure:
            call = self._unbegun(failure, faults, abortion_callback)
        else:
            between = _receivers.Receiver(receiver, abortion_callback, many, coders, faults)
            begin = self._stub.event_unary_stream if many else self._stub.event_unary_unary
            call = begin(group, method, payload, between, between.aborted, timeout, items, chosen)
            between.attach(call)
        return _calls.Call(call, coders, faults, _coding.NextUncompressed())

    # ------------------------------------------------------------ many requests

    def stream_unary(
        self, group: str, method: str, requests: Iterable[Any], timeout: Optional[float], metadata: Any, options: Any
    ) -> _calls.UnaryCall:
        return self._many_requests(
            _calls.UnaryCall, self._stub.future_stream_unary, group, method, requests, timeout, metadata, options
        )

    def stream_stream(
        self, group: str, method: str, requests: Iterable[Any], timeout: Optional[float], metadata: Any, options: Any
    ) -> _calls.StreamCall:
        return self._many_requests(
            _calls.StreamCall, self._stub.inline_stream_stream, group, method, requests, timeout, metadata, options
        )

    def _many_requests(
        self,
        make: Type[_C],
        begin: Callable[..., Any],
        group: str,
        method: str,
        requests: Iterable[Any],
        timeout: Optional[float],
        metadata: Any,
        options: Any,
    ) -> _C:
        coders = self._coders.of(group, method)
        faults = _abortions.Faults()
        following = _coding.NextUncompressed()
        payloads = _requests.Requests(requests, coders.serialize, faults, following)
        call: Any
        try:
            items, chosen = self._prepare(group, method, timeout, metadata, options)
        except _abortions.Failure as failure:
            faults.add(failure)
            call = _calls.Unbegun()
        else:
            call = begin(group, method, payloads, timeout, metadata=items, protocol_options=chosen)
        return make(call, coders, faults, following)

    def event_many_requests(
        self,
        many: bool,
        group: str,
        method: str,
        receiver: face.ResponseReceiver,
        abortion_callback: invoking.AbortionCallback,
        timeout: Optional[float],
        metadata: Any,
        options: Any,
    ) -> _calls.ConsumerCall:
        coders = self._coders.of(group, method)
        faults = _abortions.Faults()
        call: Any
        try:
            items, chosen = self._prepare(group, method, timeout, metadata, options)
        except _abortions.Failure as failure:
            call = self._unbegun(failure, faults, abortion_callback)
        else:
            between = _receivers.Receiver(receiver, abortion_callback, many, coders, faults)
            begin = self._stub.event_stream_stream if many else self._stub.event_stream_unary
            call, _ = begin(group, method, between, between.aborted, timeout, items, chosen)
            between.attach(call)
        return _calls.ConsumerCall(call, coders, faults, _coding.NextUncompressed())

    def _unbegun(
        self, failure: _abortions.Failure, faults: _abortions.Faults, abortion_callback: invoking.AbortionCallback
    ) -> _calls.Unbegun:
        """What stands for the Face call of an event-driven RPC that failed before it began; the application is told."""
        faults.add(failure)
        if abortion_callback is not None:
            self._pool.submit(_call_logged, abortion_callback, failure.abortion())
        return _calls.Unbegun()


def _call_logged(callback: Callable[[face.Abortion], None], abortion: face.Abortion) -> None:
    try:
        callback(abortion)
    except Exception:
        _LOGGER.exception("An abortion callback raised: %r", callback)
