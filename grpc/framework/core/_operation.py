"""The two sides of an operation, which differ in how they begin.

Either begins in two steps. `prepare` works on an object that nobody else knows, `begin` on one that its End has
registered, and that may therefore be aborted by another thread.

Sequence, service side (the invocation side is the same without the servicer):
    prepare(ticket 0); registered; begin -> servicer.service() -> subscription -> operator.advance(...);
    accept(ticket n) -> operator.advance(...); advance(...) by the customer -> ticket to the link;
    end: upcalls still due -> termination callbacks -> forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Optional

from grpc.framework.core import _hearing, _states, _values
from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.links import links

if TYPE_CHECKING:
    from grpc.framework.core._life import Upcall

_COMPLETION = links.Ticket.Termination.COMPLETION
_ENDED = _states.State.ENDED
_FULL = links.Ticket.Subscription.FULL
_Kind = base.Outcome.Kind

# For the sake of what is done after it.
_NOTHING: Upcall = (None, None, (), None, None, None)

# The leave of a service whose peer wants no payloads: what it says is dropped here, however much it is.
_BOUNDLESS: Final = 1 << 30


class InvocationOperation(_hearing.Hearing):
    """An operation that this side's customer began."""

    __slots__ = ()

    _transitions = _states.INVOCATION
    _serves = False
    _context_kind = links.Protocol.Kind.INVOCATION_CONTEXT

    def prepare(
        self,
        group: str,
        method: str,
        subscription: base.Subscription,
        ticket_subscription: links.Ticket.Subscription,
        timeout: Optional[float],
        initial_metadata: Optional[Any],
        payload: Optional[Any],
        completion: Optional[base.Completion],
        protocol: Optional[links.Protocol],
    ) -> links.Ticket:
        """Note all that the customer said at once, while nobody else knows of this object, so without the lock.

        This thread has the role of transmitting from now on; `begin` or `give_up` is to follow.

        Returns:
          The ticket to begin with.
        """
        self._subscribe(subscription)
        self._transmitting = True
        terminal_metadata = code = message = termination = None
        if completion is not None:
            terminal_metadata = completion.terminal_metadata
            code = completion.code
            message = completion.message
            termination = _COMPLETION
            state = self._state = self._transitions[self._state, _states.Input.LOCAL_COMPLETION]
            if state is _ENDED:
                self._conclude(_values.COMPLETED, silent=True)
        if payload is not None:
            self._send_allowance -= 1
            self._initial_sent = True
        elif initial_metadata is not None:
            self._initial_sent = True
        self._next_sent = 1
        return _values.make_ticket(
            (
                self.operation_id, 0, group, method, ticket_subscription, timeout, None, initial_metadata, payload,
                terminal_metadata, code, message, termination, protocol, (),
            )
        )  # fmt: skip

    def begin(self, ticket: links.Ticket) -> None:
        """Go on from `prepare`, now that the End knows of this operation."""
        timeout = ticket.timeout
        if timeout is not None:
            if timeout <= 0:
                self.give_up(_Kind.EXPIRED)
                return
            with self._lock:
                if self._outcome is None:
                    self._set_timeout(timeout)
        self._transmit_from(ticket)
        if self._outcome is not None:
            self._settle()

    def give_up(self, kind: base.Outcome.Kind) -> None:
        """End without a word to the peer, which has not heard of the operation, instead of `begin`."""
        with self._lock:
            self._tickets = None
            self._transmitting = False
            if not self._delivering:
                self._conclude(_values.Outcome(kind), silent=True)
        if self._told and self._outcome is not None:
            # Somebody else has ended it meanwhile, and left this to who transmits.
            self._owner.forget(self, self._outcome.kind)
        self._settle()


class UnheardInvocationOperation(InvocationOperation):
    """One that ends with what its customer says, who does not want to hear how it fares."""

    __slots__ = ()

    _transitions = _states.INVOCATION_UNSUBSCRIBED


class ServiceOperation(_hearing.Hearing):
    """An operation that the peer began."""

    __slots__ = ()

    _transitions = _states.SERVICE
    _serves = True
    _context_kind = links.Protocol.Kind.SERVICER_CONTEXT

    def prepare(self, ticket: links.Ticket) -> Upcall:
        """Take the peer's first ticket, while nobody else knows of this object, so without the lock.

        This thread has the role of delivering from now on; `begin` is to follow.

        Returns:
          What to deliver as soon as there is a subscription.
        """
        upcall: Optional[Upcall] = None
        self._peer_subscription = ticket.subscription or _FULL
        try:
            if ticket.method is None:
                raise _hearing.Fault("the peer's first ticket names a group and no method")
            upcall = self._receive(ticket)
        except _hearing.Fault as fault:
            self._end_for(fault)
        self._delivering = True
        if self._peer_subscription is not _FULL:
            self._send_allowance = _BOUNDLESS
            initial_metadata, payload, further_payloads, completion, allowance, protocol = upcall or _NOTHING
            return (
                initial_metadata, payload, further_payloads, completion, _BOUNDLESS + (allowance or 0), protocol,
            )  # fmt: skip
        return upcall or _NOTHING

    def begin(
        self,
        servicer: base.Servicer,
        ticket: links.Ticket,
        upcall: Upcall,
        default_timeout: Optional[float],
        maximum_timeout: Optional[float],
    ) -> None:
        """Go on from `prepare`, now that the End knows of this operation: have it served, unless it has ended."""
        timeout = default_timeout if ticket.timeout is None else ticket.timeout
        if timeout is None:
            timeout = maximum_timeout
        if timeout is not None:
            with self._lock:
                if self._outcome is None:
                    self._set_timeout(timeout, maximum_timeout)
        try:
            if self._outcome is None:
                self._serve(servicer, ticket)
            if self._tickets:
                self._transmit_waiting()
        finally:
            self._deliver(upcall)

    def _serve(self, servicer: base.Servicer, ticket: links.Ticket) -> None:
        try:
            self._subscribe(servicer.service(ticket.group, ticket.method, self, self))  # type: ignore[arg-type]
        except base.NoSuchMethodError as error:
            self.abort(_Kind.REMOTE_FAILURE, error.code, error.details)
        except BaseException as error:
            self._customer_raised(error, "The servicer raised; its operation fails: %r")
            if not isinstance(error, Exception):
                raise
        if self._unheard and ticket.payload is not None:
            self._give_back(1 + len(ticket.further_payloads))

    def _give_back(self, payloads: int) -> None:
        """Let the peer go on: the customer does not hear what has come so far."""
        with self._lock:
            if self._outcome is None:
                self._release(payloads)
