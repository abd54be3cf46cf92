"""A call as it is served: where requests are left for the method, and what the method says goes out.

One object is the operation's subscription, operator and termination callback, and the method's
`face.ServicerContext`. A call starts in the pool as soon as the operation has handed over its first ticket, so that
a unary method finds its request there and never waits.
"""

from __future__ import annotations

import collections
import logging
import threading
from typing import TYPE_CHECKING, Any, Callable, Deque, List, Optional

from grpc.framework.crust import _abortion
from grpc.framework.foundation import abandonment, stream
from grpc.framework.foundation.environment import Waiter
from grpc.framework.interfaces.base import base, utilities
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from concurrent import futures

    from grpc.framework.foundation.environment import Environment

_LOGGER = logging.getLogger(__name__)

_COMPLETED = base.Outcome.Kind.COMPLETED

_NOTHING_MORE = utilities.completion(None, None, None)


class ServiceRendezvous(
    base.Operator, base.ProtocolReceiver, base.Subscription, face.ServicerContext, stream.Consumer[Any]
):
    """The service side of one RPC; as a consumer it takes the responses of a method."""

    __slots__ = (
        "__weakref__",
        "_abortion",
        "_abortion_callbacks",
        "_code",
        "_details",
        "_ended",
        "_environment",
        "_invocation_metadata",
        "_lock",
        "_operation",
        "_output",
        "_pool",
        "_protocol_context",
        "_requests",
        "_requests_complete",
        "_run",
        "_terminal_metadata",
        "_waiters",
    )

    kind = base.Subscription.Kind.FULL
    allowance = None

    def __init__(
        self,
        environment: Environment,
        operation: base.OperationContext,
        output: base.Operator,
        pool: Optional[futures.Executor],
        run: Callable[[ServiceRendezvous], None],
    ) -> None:
        self._environment = environment
        self._operation = operation
        self._output = output
        self._pool = pool
        self._run: Optional[Callable[[ServiceRendezvous], None]] = run
        # Guards everything below. Nothing is called while it is held.
        self._lock = threading.Lock()
        self._invocation_metadata: Optional[Any] = None
        self._requests: Deque[Any] = collections.deque()
        self._requests_complete = False
        self._waiters: List[Waiter] = []
        self._ended = False
        self._abortion: Optional[face.Abortion] = None
        self._abortion_callbacks: Optional[List[Callable[[face.Abortion], None]]] = None
        self._protocol_context: Optional[Any] = None
        # Said by the method, which is one thread at a time; no lock needed.
        self._terminal_metadata: Optional[Any] = None
        self._code: Optional[Any] = None
        self._details: Optional[str] = None

    # ------------------------------------------------------------ as the subscription

    @property
    def operator(self) -> base.Operator:  # type: ignore[override]  # an attribute of the contract, read-only here
        return self

    @property
    def protocol_receiver(self) -> base.ProtocolReceiver:  # type: ignore[override]  # likewise
        return self

    def context(self, protocol_context: Any) -> None:
        self._protocol_context = protocol_context

    # ------------------------------------------------------------ what arrives

    def advance(
        self,
        initial_metadata: Optional[Any] = None,
        payload: Optional[Any] = None,
        completion: Optional[base.Completion] = None,
        allowance: Optional[int] = None,
    ) -> None:
        with self._lock:
            if initial_metadata is not None:
                self._invocation_metadata = initial_metadata
            if payload is not None:
                self._requests.append(payload)
            if completion is not None:
                self._requests_complete = True
            run, self._run = self._run, None
        if run is not None:
            self._start(run)
        elif self._waiters:
            self._wake()

    def _start(self, run: Callable[[ServiceRendezvous], None]) -> None:
        """Have the method run, now that its first request may be here."""
        if self._pool is None:
            run(self)
            return
        try:
            self._pool.submit(run, self)
        except RuntimeError as error:  # what an executor raises that has been shut down
            _LOGGER.warning("The pool takes no more calls (%s); refusing one", error)
            self._operation.fail(error)

    def termination_callback(self, outcome: base.Outcome) -> None:
        """Hear how the operation ended; nothing arrives after this."""
        with self._lock:
            self._ended = self._requests_complete = True
            if outcome.kind is not _COMPLETED:
                self._abortion = face.Abortion(
                    _abortion.READINGS[outcome.kind].kind, self._invocation_metadata, None, outcome.code, outcome.details
                )
            waiters, self._waiters = self._waiters, []
            callbacks, self._abortion_callbacks = self._abortion_callbacks, None
        for waiter in waiters:
            waiter.set()
        if callbacks and self._abortion is not None:
            for callback in callbacks:
                self._call_logged(callback)

    def _call_logged(self, callback: Callable[[face.Abortion], None]) -> None:
        assert self._abortion is not None
        try:
            callback(self._abortion)
        except Exception:
            _LOGGER.exception("An abortion callback raised")

    def _wake(self) -> None:
        with self._lock:
            waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.set()

    # ------------------------------------------------------------ what the method hears

    def next_request(self) -> Any:
        """Block until there is a request and take it.

        Raises:
          StopIteration: All requests have been taken.
          Abandoned: The RPC has ended meanwhile.
        """
        while True:
            waiter = Waiter()
            with self._lock:
                if self._requests:
                    return self._requests.popleft()
                if self._ended:
                    raise abandonment.Abandoned()
                if self._requests_complete:
                    raise StopIteration
                self._waiters.append(waiter)
            self._environment.wait(waiter)

    # ------------------------------------------------------------ what the method says

    def complete(self, response: Optional[Any]) -> None:
        """Send the last response, if any, and everything else that the method said, as one ticket."""
        if self._terminal_metadata is None and self._code is None and self._details is None:
            completion = _NOTHING_MORE
        else:
            completion = utilities.completion(self._terminal_metadata, self._code, self._details)
        self._output.advance(None, response, completion)

    def consume(self, value: Any) -> None:
        if self._ended:
            raise abandonment.Abandoned()
        self._output.advance(payload=value)

    def terminate(self) -> None:
        self.complete(None)

    def consume_and_terminate(self, value: Any) -> None:
        if self._ended:
            raise abandonment.Abandoned()
        self.complete(value)

    def fail(self, error: BaseException) -> None:
        """End the RPC because the method could not do its work."""
        self._operation.fail(error)

    # ------------------------------------------------------------ as the context

    def is_active(self) -> bool:
        return not self._ended

    def time_remaining(self) -> Optional[float]:
        return self._operation.time_remaining()

    def add_abortion_callback(self, abortion_callback: Callable[[face.Abortion], None]) -> None:
        with self._lock:
            if not self._ended:
                if self._abortion_callbacks is None:
                    self._abortion_callbacks = []
                self._abortion_callbacks.append(abortion_callback)
                return
        if self._abortion is not None:
            self._call_logged(abortion_callback)

    def cancel(self) -> Optional[bool]:
        self._operation.cancel()
        return None

    def protocol_context(self) -> Any:
        return self._protocol_context

    def invocation_metadata(self) -> Optional[Any]:
        return self._invocation_metadata

    def initial_metadata(self, initial_metadata: Any) -> None:
        self._output.advance(initial_metadata=initial_metadata)

    def terminal_metadata(self, terminal_metadata: Any) -> None:
        self._terminal_metadata = terminal_metadata

    def code(self, code: Any) -> None:
        self._code = code

    def details(self, details: str) -> None:
        self._details = details
