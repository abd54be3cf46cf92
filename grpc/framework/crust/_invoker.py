"""Begins RPCs on an End, in each style; the stubs are names for what this does.

An RPC with one request leaves as one ticket. Requests that come from an iterator are drawn by a thread of the stub's
pool. Without a pool a blocking call draws them in its own thread, which blocks anyway; the other styles return at
once, so they cannot.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Optional, Union

from grpc.framework.crust import _event, _outgoing, _stream, _unary
from grpc.framework.crust._rendezvous import NOTHING_MORE
from grpc.framework.foundation import environment as _environment
from grpc.framework.interfaces.face import invoking

if TYPE_CHECKING:
    from concurrent import futures

    from grpc.framework.interfaces.base import base
    from grpc.framework.interfaces.face import face

_LOGGER = logging.getLogger(__name__)


class Invoker(invoking.Invoker):
    """See `invoking.Invoker`."""

    __slots__ = ("_environment", "_operate", "_pool")

    def __init__(self, end: base.End, pool: Optional[futures.Executor]) -> None:
        """Make one.

        Args:
          end: Where the operations are invoked.
          pool: Draws requests from iterators and calls receivers; or None.
        """
        self._operate = end.operate
        self._pool = pool
        # An End of another make need not tell its environment; then waiting is done the plain way.
        self._environment: _environment.Environment = getattr(end, "environment", None) or _environment.default()

    # ------------------------------------------------------------ one request

    def unary_unary(
        self, group: str, method: str, request: Any, timeout: Optional[float], metadata: Any, protocol_options: Any
    ) -> _unary.UnaryCall:
        if request is None:
            raise ValueError(_NONE_IS_NO_REQUEST)
        call = _unary.UnaryCall(self._environment)
        call.attach(*self._operate(group, method, call, timeout, metadata, request, NOTHING_MORE, protocol_options))
        return call

    def unary_stream(
        self, group: str, method: str, request: Any, timeout: Optional[float], metadata: Any, protocol_options: Any
    ) -> _stream.StreamCall:
        if request is None:
            raise ValueError(_NONE_IS_NO_REQUEST)
        call = _stream.StreamCall(self._environment)
        call.attach(*self._operate(group, method, call, timeout, metadata, request, NOTHING_MORE, protocol_options))
        return call

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
        protocol_options: Any,
    ) -> _event.EventCall:
        if request is None:
            raise ValueError(_NONE_IS_NO_REQUEST)
        call = _event.EventCall(self._environment, self._pool, many, receiver, abortion_callback)
        call.attach(*self._operate(group, method, call, timeout, metadata, request, NOTHING_MORE, protocol_options))
        return call

    # ------------------------------------------------------------ many requests

    def stream_unary(
        self,
        group: str,
        method: str,
        requests: Iterable[Any],
        timeout: Optional[float],
        metadata: Any,
        protocol_options: Any,
    ) -> _unary.UnaryCall:
        """See `invoking.Invoker.stream_unary`.

        Raises:
          ValueError: There is no pool to draw the requests in.
        """
        call = _unary.PumpedUnaryCall(self._environment)
        pool = self._pool_for("future_stream_unary")
        self._pump(call, pool, group, method, requests, timeout, metadata, protocol_options)
        return call

    def blocking_stream_unary(
        self,
        group: str,
        method: str,
        requests: Iterable[Any],
        timeout: Optional[float],
        metadata: Any,
        protocol_options: Any,
    ) -> _unary.UnaryCall:
        """Without a pool, draw the requests here.

        Then the call returns only when the iterator has, even if the RPC ends before that.
        """
        call = _unary.PumpedUnaryCall(self._environment)
        self._pump(call, self._pool, group, method, requests, timeout, metadata, protocol_options)
        return call

    def stream_stream(
        self,
        group: str,
        method: str,
        requests: Iterable[Any],
        timeout: Optional[float],
        metadata: Any,
        protocol_options: Any,
    ) -> _stream.StreamCall:
        """See `invoking.Invoker.stream_stream`.

        Raises:
          ValueError: There is no pool to draw the requests in.
        """
        call = _stream.PumpedStreamCall(self._environment)
        pool = self._pool_for("inline_stream_stream")
        self._pump(call, pool, group, method, requests, timeout, metadata, protocol_options)
        return call

    def passive_many_requests(
        self,
        many: bool,
        group: str,
        method: str,
        timeout: Optional[float],
        metadata: Any,
        protocol_options: Any,
    ) -> Union[_unary.PassiveUnaryCall, _stream.PassiveStreamCall]:
        """Begin an RPC whose requests are to be passed to the call, with one response or many to be taken from it."""
        make: Any = _stream.PassiveStreamCall if many else _unary.PassiveUnaryCall
        call: Union[_unary.PassiveUnaryCall, _stream.PassiveStreamCall] = make(self._environment)
        call.attach(*self._operate(group, method, call, timeout, metadata, None, None, protocol_options))
        return call

    def event_many_requests(
        self,
        many: bool,
        group: str,
        method: str,
        receiver: face.ResponseReceiver,
        abortion_callback: invoking.AbortionCallback,
        timeout: Optional[float],
        metadata: Any,
        protocol_options: Any,
    ) -> _event.ConsumingEventCall:
        call = _event.ConsumingEventCall(self._environment, self._pool, many, receiver, abortion_callback)
        call.attach(*self._operate(group, method, call, timeout, metadata, None, None, protocol_options))
        return call

    # ------------------------------------------------------------ drawing requests

    def _pool_for(self, style: str) -> futures.Executor:
        if self._pool is None:
            raise ValueError(
                f"{style} draws its requests in a thread of the stub's pool, and this stub has none: make the stub "
                "with a pool, or pass the requests in yourself by the event style"
            )
        return self._pool

    def _pump(
        self,
        call: _outgoing.OutgoingPump,
        pool: Optional[futures.Executor],
        group: str,
        method: str,
        requests: Iterable[Any],
        timeout: Optional[float],
        metadata: Any,
        protocol_options: Any,
    ) -> None:
        """Begin an RPC, and have its requests drawn in the pool or, without one, here and now."""
        iterator = iter(requests)  # what cannot be iterated over raises before anything is sent
        call.attach(*self._operate(group, method, call, timeout, metadata, None, None, protocol_options))
        if pool is None:
            _draw(call, iterator)
            return
        try:
            pool.submit(_draw, call, iterator)
        except RuntimeError as error:  # what an executor raises that has been shut down
            if call.is_active():  # else it was refused because everything is being closed
                _LOGGER.warning("The stub's pool takes no more work (%s); an RPC ends because of that", error)
            call.fail(error)


def _draw(call: _outgoing.OutgoingPump, requests: Iterator[Any]) -> None:
    """Send all requests of an RPC; what the iterator raises ends the RPC with a local failure."""
    try:
        call.pump(requests)
    except BaseException as error:
        call.fail(error, "An iterator of requests raised; its RPC ends because of that")
        if not isinstance(error, Exception):
            raise


_NONE_IS_NO_REQUEST = "a request cannot be None, which stands for 'no request'"
