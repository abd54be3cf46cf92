"""The invocation side of an RPC with one response, to be waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from grpc.framework.crust import _abortion, _call, _outgoing, _rendezvous

if TYPE_CHECKING:
    from grpc.framework.foundation.environment import Environment
    from grpc.framework.interfaces.base import base


class UnaryCall(_call.Call):
    """Holds at most one response; the future's result waits for the end of the RPC, not for the response alone."""

    __slots__ = ("_attached", "_response")

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._attached = False
        self._response: Optional[Any] = None

    def attach(self, operation: base.OperationContext, output: base.Operator) -> None:
        super().attach(operation, output)
        # Written before the response is looked for, as the response is before this: one of the two is seen.
        self._attached = True
        if self._response is not None and not self._ended:
            self._allow_surplus()

    def advance(
        self,
        initial_metadata: Optional[Any] = None,
        payload: Optional[Any] = None,
        completion: Optional[base.Completion] = None,
        allowance: Optional[int] = None,
    ) -> None:
        if allowance is not None:
            self._allow(allowance)
        if payload is not None and self._response is not None:
            self._refuse_surplus()
            return
        with self._lock:
            if payload is not None:
                self._response = payload
            self._note(initial_metadata, completion)
            # With the completion the end comes next: one wake-up will do for both.
            waiters = None
            if initial_metadata is not None and completion is None:
                waiters, self._waiters = self._waiters, None
        if waiters is not None:
            _rendezvous.wake(waiters)
        if completion is None and payload is not None and self._attached:
            self._allow_surplus()

    def _conclude(self, outcome: base.Outcome) -> None:
        super()._conclude(outcome)
        if self._reading is None and self._response is None:
            self._reading = _abortion.NO_RESPONSE

    def response(self) -> Any:
        """Block until the RPC has ended; return its response or raise its `AbortionError`.

        A thread that is torn out of the wait (by Ctrl-C, say) cancels the RPC: nobody else can get its result.
        """
        try:
            self._wait_for_end(None)
        except BaseException:
            self.cancel()
            raise
        if self._reading is not None:
            raise self.abortion_error()
        return self._response

    def _result(self) -> Any:
        return self._response


class PumpedUnaryCall(_outgoing.OutgoingPump, UnaryCall):
    """The same, with requests that are drawn from an iterator."""

    __slots__ = ()

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._expect_grants()


class PassiveUnaryCall(_outgoing.PacedConsumer, UnaryCall):
    """The same, with requests that the customer passes in, as fast as they may be sent; nobody ever blocks."""

    __slots__ = ()

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._expect_consumption()
