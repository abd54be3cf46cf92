"""What a side says in an operation: the operator that its customer calls, and the tickets that come of it.

Payloads leave as far as the peer allows. The others are withheld, in order, together with the completion that follows
them; what becomes allowed at once leaves as one ticket.
"""

from __future__ import annotations

import collections
from typing import Any, Deque, Optional, Sequence, Tuple

from grpc.framework.core import _life, _states, _values
from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.links import links

_LOCAL_COMPLETION = _states.Input.LOCAL_COMPLETION
_ENDED = _states.State.ENDED
_LOCAL_COMPLETE = _states.State.LOCAL_COMPLETE
_REMOTE_COMPLETE = _states.State.REMOTE_COMPLETE
_COMPLETION = links.Ticket.Termination.COMPLETION
_Subscription = links.Ticket.Subscription
_FULL = _Subscription.FULL

_make_ticket = _values.make_ticket


class _Withheld:
    """At least one payload, and perhaps the completion after the last one."""

    __slots__ = ("completion", "payloads")

    def __init__(self) -> None:
        self.payloads: Deque[Any] = collections.deque()
        self.completion: Optional[base.Completion] = None


class Speech(_life.Life, base.Operator):
    """The operator for a customer's side."""

    __slots__ = ("_initial_sent", "_receive_allowance", "_send_allowance", "_withheld")

    # How many more payloads we may send; nothing is withheld unless it is 0.
    _send_allowance: int
    # How many more the peer may send.
    _receive_allowance: int
    _initial_sent: bool
    # What the peer has not allowed yet, if anything.
    _withheld: Optional[_Withheld]

    def advance(
        self,
        initial_metadata: Optional[Any] = None,
        payload: Optional[Any] = None,
        completion: Optional[base.Completion] = None,
        allowance: Optional[int] = None,
    ) -> None:
        lock = self._lock
        lock.acquire()
        try:
            if self._outcome is not None:
                return
            self._check(initial_metadata, payload is not None, completion, allowance)
            if payload is not None:
                if self._send_allowance:
                    self._send_allowance -= 1
                else:
                    self._withhold((payload,), completion)
                    payload = completion = None
            elif completion is not None and self._withheld is not None:
                self._withheld.completion = completion
                completion = None
            ticket = self._compose(initial_metadata, payload, (), completion, allowance)
            if ticket is not None:
                if self._transmitting or self._tickets:
                    self._enqueue(ticket)
                    ticket = None
                else:
                    self._transmitting = True
        finally:
            lock.release()
        if ticket is not None:
            self._transmit_from(ticket)
        if self._outcome is not None or self._tickets:
            self._settle()

    def advance_payloads(self, payloads: Sequence[Any], completion: Optional[base.Completion] = None) -> None:
        """See `base.Operator.advance_payloads`: as many payloads as are allowed leave as one ticket."""
        with self._lock:
            if self._outcome is not None:
                return
            self._check(None, bool(payloads), completion, None)
            leaving = payloads[: self._send_allowance]
            if len(leaving) < len(payloads) or (self._withheld is not None and completion is not None):
                self._withhold(payloads[len(leaving) :], completion)
                completion = None
            self._send_allowance -= len(leaving)
            ticket = self._compose(None, leaving[0] if leaving else None, tuple(leaving[1:]), completion, None)
            if ticket is not None:
                self._enqueue(ticket)
        self._settle()

    def _check(
        self,
        initial_metadata: Optional[Any],
        has_payload: bool,
        completion: Optional[base.Completion],
        allowance: Optional[int],
    ) -> None:
        """Raise ValueError, before anything is changed, if the customer may not say this now. The lock is held."""
        if allowance is not None and allowance <= 0:
            raise ValueError(f"allowance must be a positive number of payloads, not {allowance!r}")
        if initial_metadata is not None or has_payload:
            if initial_metadata is not None and self._initial_sent:
                raise ValueError("initial metadata comes once, and before the first payload")
        elif completion is None:
            return
        withheld = self._withheld
        if self._state is _LOCAL_COMPLETE or (withheld is not None and withheld.completion is not None):
            raise ValueError("advance() after the completion: nothing but allowance may follow it")

    def _withhold(self, payloads: Sequence[Any], completion: Optional[base.Completion]) -> None:
        """Keep what the peer has not allowed yet, in order. The lock is held."""
        if self._withheld is None:
            self._withheld = _Withheld()
        self._withheld.payloads.extend(payloads)
        self._withheld.completion = completion

    def _release(self, allowance: Optional[int]) -> None:
        """Leave a ticket of what has become allowed, and of what we allow. The lock is held, and `_settle` is due."""
        leaving: Sequence[Any] = ()
        completion = None
        withheld = self._withheld
        if withheld is not None:
            payloads = withheld.payloads
            leaving = [payloads.popleft() for _ in range(min(self._send_allowance, len(payloads)))]
            self._send_allowance -= len(leaving)
            if not payloads:
                completion = withheld.completion
                self._withheld = None
        ticket = self._compose(None, leaving[0] if leaving else None, tuple(leaving[1:]), completion, allowance)
        if ticket is not None:
            self._enqueue(ticket)

    def _compose(
        self,
        initial_metadata: Optional[Any],
        payload: Optional[Any],
        further_payloads: Tuple[Any, ...],
        completion: Optional[base.Completion],
        allowance: Optional[int],
    ) -> Optional[links.Ticket]:
        """Make one ticket of all this, if there is anything in it, and note that it was said. The lock is held."""
        terminal_metadata = code = message = termination = None
        if initial_metadata is not None or payload is not None:
            self._initial_sent = True
        if allowance is not None:
            if self._state is _REMOTE_COMPLETE:
                allowance = None  # nothing more will come, so there is nothing to allow
            else:
                self._receive_allowance += allowance
        if completion is not None:
            terminal_metadata = completion.terminal_metadata
            code = completion.code
            message = completion.message
            termination = _COMPLETION
            state = self._state = self._transitions[self._state, _LOCAL_COMPLETION]
            if state is _ENDED:
                # Whoever has said the last word of all wants to hear no more.
                self._conclude(_values.COMPLETED, silent=True)
        if self._peer_subscription is not _FULL:
            initial_metadata = payload = None
            further_payloads = ()
            if self._peer_subscription is _Subscription.NONE:
                terminal_metadata = code = message = termination = None
        if payload is None and termination is None and initial_metadata is None and allowance is None:
            return None
        number = self._next_sent
        self._next_sent = number + 1
        return _make_ticket(
            (
                self.operation_id, number, None, None, None, None, allowance, initial_metadata, payload,
                terminal_metadata, code, message, termination, None, further_payloads,
            )
        )  # fmt: skip
