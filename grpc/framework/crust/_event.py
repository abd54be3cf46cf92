"""The invocation side of an RPC whose responses are passed to a receiver.

The receiver hears everything by `Delivery`, so in order and one call at a time, the abortion included. Nothing is
passed to it before the operation is attached: a service in the same process may answer within the invocation itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence

from grpc.framework.crust import _abortion, _call, _delivery, _outgoing, _rendezvous
from grpc.framework.interfaces.base import base

if TYPE_CHECKING:
    from concurrent import futures

    from grpc.framework.foundation.environment import Environment
    from grpc.framework.interfaces.face import face

_COMPLETED = base.Outcome.Kind.COMPLETED


class EventCall(_delivery.Delivery, _call.Call):
    """Passes on what arrives; as a call it knows no response."""

    __slots__ = ("_abortion_callback", "_attached", "_initial_untold", "_owed", "_receiver")

    def __init__(
        self,
        environment: Environment,
        pool: Optional[futures.Executor],
        many: bool,
        receiver: face.ResponseReceiver,
        abortion_callback: Optional[Callable[[face.Abortion], None]],
    ) -> None:
        """Make one for an operation that `attach` will name.

        Args:
          environment: Where threads wait, and where the receiver is called if there is no pool.
          pool: Where the receiver is called, or None.
          many: Whether there may be many responses.
          receiver: Takes what arrives.
          abortion_callback: Called instead of the receiver's `complete` if the RPC is aborted; or None.
        """
        super().__init__(environment)
        self._expect_incoming(many)
        self._expect_delivery(pool)
        self._attached = False
        self._owed = not many  # whether the one response has yet to come
        self._initial_untold = False
        # Given up when the last has been said.
        self._receiver: Optional[face.ResponseReceiver] = receiver
        self._abortion_callback = abortion_callback

    def attach(self, operation: base.OperationContext, output: base.Operator) -> None:
        super().attach(operation, output)
        with self._lock:
            self._attached = True
            anything = bool(self._incoming) or self._initial_untold or self._ended
            answered = self._window is None and bool(self._incoming) and not self._incoming_complete
        if answered:
            self._allow_surplus()
        if anything:
            self._schedule()

    # ------------------------------------------------------------ what arrives

    def advance(
        self,
        initial_metadata: Optional[Any] = None,
        payload: Optional[Any] = None,
        completion: Optional[base.Completion] = None,
        allowance: Optional[int] = None,
    ) -> None:
        if payload is None and initial_metadata is None and completion is None:
            return
        if payload is not None and self._window is None and not self._owed:
            self._refuse_surplus()
            return
        waiters = None
        with self._lock:
            self._note(initial_metadata, completion)
            if initial_metadata is not None:
                self._initial_untold = True
                waiters, self._waiters = self._waiters, None
            if payload is not None:
                self._owed = False
                self._take_in(payload)
            if completion is not None:
                self._incoming_complete = True
            attached = self._attached
        if waiters is not None:
            _rendezvous.wake(waiters)
        if attached and (payload is not None or initial_metadata is not None):
            if payload is not None and completion is None and self._window is None:
                self._allow_surplus()
            self._schedule()

    def advance_payloads(self, payloads: Sequence[Any], completion: Optional[base.Completion] = None) -> None:
        with self._lock:
            self._take_in_all(payloads)
            if completion is not None:
                self._note(None, completion)
                self._incoming_complete = True
            attached = self._attached
        if attached:
            self._schedule()

    def _conclude(self, outcome: base.Outcome) -> None:
        super()._conclude(outcome)
        self._incoming_complete = True
        if self._reading is None and self._owed:
            self._reading = _abortion.NO_RESPONSE
        if self._drops_responses(outcome):
            self._incoming.clear()
            self._initial_untold = False

    def _after_end(self) -> None:
        super()._after_end()
        with self._lock:
            attached = self._attached
        if attached:
            self._schedule()

    # ------------------------------------------------------------ what the receiver is told

    def _deliver(self) -> None:
        receiver = self._receiver
        if receiver is None:
            return
        # Looked at first: what is found after that is all there will be.
        ended = self._ended
        while True:
            try:
                response = self._incoming.popleft()
            except IndexError:
                break
            # Only now, because metadata may have come with this response while the deque was looked into.
            self._tell_initial_metadata(receiver)
            self._tell(receiver.response, response)
            self._consumed()
        self._tell_initial_metadata(receiver)
        if ended:
            self._tell_end(receiver)

    def _tell_initial_metadata(self, receiver: face.ResponseReceiver) -> None:
        if self._initial_untold:
            self._initial_untold = False
            self._tell(receiver.initial_metadata, self._initial_metadata)

    def _tell(self, method: Callable[..., object], *values: Any) -> None:
        """Call the receiver. If it raises while the RPC goes on the RPC fails, and no more is passed on."""
        try:
            method(*values)
        except BaseException as error:
            self.fail(error, "A receiver of responses raised")
            outcome = self._operation.outcome()
            if outcome is None or outcome.kind is not _COMPLETED:
                with self._lock:
                    self._incoming.clear()
                    self._initial_untold = False
            if not isinstance(error, Exception):
                raise

    def _tell_end(self, receiver: face.ResponseReceiver) -> None:
        callback, self._abortion_callback = self._abortion_callback, None
        self._receiver = None
        abortion = self.abortion()
        if abortion is None:
            self._tell(receiver.complete, self._terminal_metadata, self._code, self._details)
        elif callback is not None:
            _rendezvous.call_logged(callback, abortion)


class ConsumingEventCall(_outgoing.OutgoingConsumer, EventCall):
    """The same, with requests that the customer passes in."""

    __slots__ = ()

    def __init__(
        self,
        environment: Environment,
        pool: Optional[futures.Executor],
        many: bool,
        receiver: face.ResponseReceiver,
        abortion_callback: Optional[Callable[[face.Abortion], None]],
    ) -> None:
        super().__init__(environment, pool, many, receiver, abortion_callback)
        self._expect_consumption()
