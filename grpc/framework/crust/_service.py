"""An RPC as it is served: where requests are left for the method, and what the method says goes out.

One object is everything that a method is given: its `face.ServicerContext`, the iterator of its requests and the
consumer of its responses. The method starts in the pool, at the first ticket, or if it takes one request as soon as
that is there, so that no thread is kept waiting for a slow invocation side.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Sequence, Union

from grpc.framework.crust import _delivery, _incoming, _outgoing, _rendezvous
from grpc.framework.foundation import abandonment
from grpc.framework.interfaces.base import base, utilities
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from concurrent import futures

    from grpc.framework.foundation import stream
    from grpc.framework.foundation.environment import Environment, Waiter

_LOGGER = logging.getLogger(__name__)

_MORE_THAN_ONE = "the method takes exactly one request, and another one was sent"


class ServiceCall(
    _incoming.IncomingIterator,
    _outgoing.OutgoingPump,
    _outgoing.PacedConsumer,
    _delivery.Delivery,
    face.PassiveService,
    face.ServicerContext,
):
    """The service side of one RPC."""

    __slots__ = (
        "_code",
        "_consumer",
        "_details",
        "_invocation_metadata",
        "_needs_request",
        "_outcome",
        "_pool",
        "_run",
        "_surplus_allowed",
        "_terminal_metadata",
    )

    def __init__(
        self,
        environment: Environment,
        operation: base.OperationContext,
        output: base.Operator,
        pool: Optional[futures.Executor],
        one_request: bool,
        run: Callable[[ServiceCall], None],
    ) -> None:
        """Make one; it starts by itself when the operation hands it its first values.

        Args:
          environment: Where threads wait, and where callbacks are called.
          operation: The operation.
          output: Takes the responses.
          pool: Runs the method; None runs it in the thread that brings the first values.
          one_request: Whether the method is known to take one request.
          run: Called once with this object, in the pool, to run the method.
        """
        super().__init__(environment)
        self._operation = operation
        self._output = output
        self._expect_incoming(not one_request)
        self._expect_consumption()
        self._pool = pool
        self._run: Optional[Callable[[ServiceCall], None]] = run
        self._needs_request = one_request
        # Whether another request may come, in order to be refused.
        self._surplus_allowed = False
        # Takes the requests of an event-driven method, when it has been named; the others draw them.
        self._consumer: Optional[stream.Consumer[Any]] = None
        self._invocation_metadata: Optional[Any] = None
        self._outcome: Optional[base.Outcome] = None
        # Said by the method, which is one thread at a time; no lock needed.
        self._terminal_metadata: Optional[Any] = None
        self._code: Optional[Any] = None
        self._details: Optional[str] = None

    # ------------------------------------------------------------ what arrives

    def advance(
        self,
        initial_metadata: Optional[Any] = None,
        payload: Optional[Any] = None,
        completion: Optional[base.Completion] = None,
        allowance: Optional[int] = None,
    ) -> None:
        if allowance is not None:
            self._allow(allowance)
            if payload is None and completion is None and initial_metadata is None and self._run is None:
                return
        if payload is not None and self._surplus_allowed:
            self._refuse_surplus()
            return
        with self._lock:
            if initial_metadata is not None:
                self._invocation_metadata = initial_metadata
            if payload is not None:
                self._take_in(payload)
            if completion is not None:
                self._incoming_complete = True
            run = None if self._run is None else self._due_run()
            waiters, self._waiters = self._waiters, None
        if run is not None:
            self._start(run)
        else:
            self._arrived(waiters)

    def advance_payloads(self, payloads: Sequence[Any], completion: Optional[base.Completion] = None) -> None:
        if self._surplus_allowed:
            self._refuse_surplus()
            return
        with self._lock:
            self._take_in_all(payloads)
            if completion is not None:
                self._incoming_complete = True
            run = None if self._run is None else self._due_run()
            waiters, self._waiters = self._waiters, None
        if run is not None:
            self._start(run)
        else:
            self._arrived(waiters)

    def _due_run(self) -> Optional[Callable[[ServiceCall], None]]:
        """What is to be run now that something has arrived, or None. The lock is held."""
        if self._needs_request and not self._incoming and not self._incoming_complete:
            return None
        run, self._run = self._run, None
        return run

    def _allow_surplus(self) -> None:
        """Let another request come after the only one there may be, unless that was said to be the last.

        Otherwise an invocation side that has another would wait for leave, and never hear that it may not say it. The
        lock is not held, and the request is still there.
        """
        with self._lock:
            if self._incoming_complete or self._surplus_allowed or len(self._incoming) != 1:
                return
            self._surplus_allowed = True
        self._output.advance(None, None, None, 1)

    def _refuse_surplus(self) -> None:
        """End an RPC because another request did come. The lock is not held."""
        self._operation.fail(base.NoSuchMethodError(None, _MORE_THAN_ONE))

    def _arrived(self, waiters: Optional[List[Union[Waiter, _rendezvous.Notice]]]) -> None:
        """Let those know who take requests. The lock is not held."""
        if waiters is not None:
            _rendezvous.wake(waiters)
        elif self._consumer is not None:
            self._schedule()

    def _start(self, run: Callable[[ServiceCall], None]) -> None:
        if self._needs_request and not self._incoming_complete:
            self._allow_surplus()
        if self._pool is None:
            run(self)
            return
        try:
            self._pool.submit(run, self)
        except RuntimeError as error:  # what an executor raises that has been shut down
            _LOGGER.warning("The pool takes no more calls (%s); refusing one", error)
            self._operation.fail(error)

    def _conclude(self, outcome: base.Outcome) -> None:
        # Whatever the end was, this side has said all it had to say, or may say no more: no request matters now.
        self._outcome = outcome
        self._incoming.clear()
        self._incoming_complete = True
        self._run = None

    # ------------------------------------------------------------ what the method hears

    def request(self) -> Any:
        """The one request of a method that takes one and has been started.

        Raises:
          Abandoned: The RPC has ended.
          NoSuchMethodError: There is none: the invocation side takes the method for another shape, which means that
            there is no such method as it has in mind. HTTP/2 has the same answer to both.
        """
        try:
            return self._incoming.popleft()
        except IndexError:
            if self._ended:
                raise abandonment.Abandoned() from None
            raise base.NoSuchMethodError(None, "the method takes exactly one request, and none was sent") from None

    def take_only(self) -> Optional[Any]:
        """See `face.PassiveService.take_only`."""
        incoming = self._incoming
        if incoming and not self._incoming_complete:
            self._allow_surplus()  # another one may be there already, and then nothing is left to be taken
        return incoming.popleft() if incoming else None

    def when_request(self, run: Callable[[ServiceCall], None]) -> None:
        """Run something as soon as the request of a method that takes one is there: now, or else in the pool."""
        with self._lock:
            if not self._incoming and not self._incoming_complete:
                self._needs_request = True
                self._run = run
                return
        if not self._incoming_complete:
            self._allow_surplus()
        run(self)

    def feed(self, consumer: stream.Consumer[Any]) -> None:
        """Have all requests passed to a consumer, as they come, in the pool."""
        self._expect_delivery(self._pool)
        with self._lock:
            self._consumer = consumer
        self._schedule()

    def _deliver(self) -> None:
        consumer = self._consumer
        try:
            while consumer is not None and not self._ended:
                # Looked at first: if nothing is found after that, nothing more comes.
                complete = self._incoming_complete
                try:
                    request = self._incoming.popleft()
                except IndexError:
                    if complete:
                        self._consumer = None
                        consumer.terminate()
                    return
                if complete and not self._incoming:
                    self._consumer = None
                    consumer.consume_and_terminate(request)
                    return
                consumer.consume(request)
                self._consumed()
        except BaseException as error:
            self.fail(error, "A consumer of requests raised; its RPC fails")
            if not isinstance(error, Exception):
                raise

    def _has_more_or_ended(self) -> bool:
        return bool(self._incoming) or self._incoming_complete

    def _raise_end(self) -> None:
        if self._ended:
            raise abandonment.Abandoned()
        raise StopIteration

    # ------------------------------------------------------------ what the method says

    def respond(self, response: Any) -> None:
        """Send the one response of a method that gives one, with all else that the method said, as one ticket.

        Args:
          response: None to send none, which the invocation side takes for a failure, whatever code goes with it.

        Raises:
          ValueError: The method has given its response before. Nothing has changed.
          Abandoned: The RPC has ended.
        """
        if self._said_all:
            raise ValueError("a method gives one response, and this one has given it before")
        if self._ended:
            raise abandonment.Abandoned()
        self._said_all = True
        self._output.advance(None, response, self._closing())

    def _closing(self) -> base.Completion:
        if self._terminal_metadata is None and self._code is None and self._details is None:
            return _rendezvous.NOTHING_MORE
        return utilities.completion(self._terminal_metadata, self._code, self._details)

    def fail(self, error: BaseException, message: Optional[str] = None) -> None:
        if isinstance(error, face.NoSuchMethodError):
            self._operation.fail(base.NoSuchMethodError(None, str(error)))
        elif isinstance(error, base.NoSuchMethodError):
            self._operation.fail(error)
        else:
            super().fail(error, message)

    # ------------------------------------------------------------ as the context

    def abortion(self) -> Optional[face.Abortion]:
        """The abortion of an RPC that was aborted, else None."""
        if self._reading is None or self._outcome is None:
            return None
        return face.Abortion(
            self._reading.kind, self._invocation_metadata, None, self._outcome.code, self._outcome.details
        )

    def invocation_metadata(self) -> Optional[Any]:
        # Face's invocation side sends its metadata with the first ticket or not at all: there is nothing to wait for.
        return self._invocation_metadata

    def initial_metadata(self, initial_metadata: Any) -> None:
        self._output.advance(initial_metadata=initial_metadata)

    def terminal_metadata(self, terminal_metadata: Any) -> None:
        self._terminal_metadata = terminal_metadata

    def code(self, code: Any) -> None:
        self._code = code

    def details(self, details: str) -> None:
        self._details = details
