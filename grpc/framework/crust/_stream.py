"""The invocation side of an RPC with many responses, to be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Sequence

from grpc.framework.crust import _call, _incoming, _outgoing, _rendezvous

if TYPE_CHECKING:
    from grpc.framework.foundation.environment import Environment
    from grpc.framework.interfaces.base import base


class StreamCall(_incoming.IncomingIterator, _call.Call):
    """Holds responses until they are drawn; then ends the iteration, or raises the abortion's error."""

    __slots__ = ()

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._expect_incoming(many=True)

    def advance(
        self,
        initial_metadata: Optional[Any] = None,
        payload: Optional[Any] = None,
        completion: Optional[base.Completion] = None,
        allowance: Optional[int] = None,
    ) -> None:
        if allowance is not None:
            self._allow(allowance)
            if payload is None and initial_metadata is None and completion is None:
                return
        with self._lock:
            if initial_metadata is not None or completion is not None:
                self._note(initial_metadata, completion)
            if payload is not None:
                self._take_in(payload)
            if completion is not None:
                self._incoming_complete = True
            waiters, self._waiters = self._waiters, None
        if waiters is not None:
            _rendezvous.wake(waiters)

    def advance_payloads(self, payloads: Sequence[Any], completion: Optional[base.Completion] = None) -> None:
        with self._lock:
            self._take_in_all(payloads)
            if completion is not None:
                self._note(None, completion)
                self._incoming_complete = True
            waiters, self._waiters = self._waiters, None
        if waiters is not None:
            _rendezvous.wake(waiters)

    def _conclude(self, outcome: base.Outcome) -> None:
        super()._conclude(outcome)
        self._incoming_complete = True
        if self._drops_responses(outcome):
            self._incoming.clear()

    def _raise_end(self) -> None:
        if self._reading is not None:
            raise self.abortion_error()
        raise StopIteration


class PumpedStreamCall(_outgoing.OutgoingPump, StreamCall):
    """The same, with requests that are drawn from an iterator."""

    __slots__ = ()

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._expect_grants()


class PassiveStreamCall(_outgoing.PacedConsumer, StreamCall):
    """The same, with requests that the customer passes in, as fast as they may be sent; nobody ever blocks."""

    __slots__ = ()

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._expect_consumption()
