"""The states of an operation, as data.

An operation is two one-way streams, ours and the peer's, each ended by a completion, or by an abortion that
ends both at once. The two sides differ in one respect only: the service has the last word. Its completion ends
the operation on both sides, whatever the invocation side may still have wanted to send (a service may answer
before it has heard everything); the invocation side's completion merely closes its own direction.

A missing row is the error: the input is not legal in that state. An abortion, ours or the peer's, is legal in every
state but ENDED, and always leads there, so it needs no rows.
"""

from __future__ import annotations

import enum
from typing import Mapping, Tuple

from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.links import links


class State(enum.Enum):
    """How much of an operation is still open, seen from one side."""

    OPEN = "open"
    LOCAL_COMPLETE = "local complete"
    REMOTE_COMPLETE = "remote complete"
    ENDED = "ended"

    __hash__ = object.__hash__  # the one of Enum runs Python code, at every look at a table


class Input(enum.Enum):
    """What can happen to an operation."""

    LOCAL_COMPLETION = "local completion"
    REMOTE_COMPLETION = "remote completion"

    __hash__ = object.__hash__  # as above


Transitions = Mapping[Tuple[State, Input], State]

# The invocation side with a FULL or TERMINATION_ONLY subscription: ends when the service says so.
INVOCATION: Transitions = {
    (State.OPEN, Input.LOCAL_COMPLETION): State.LOCAL_COMPLETE,
    (State.OPEN, Input.REMOTE_COMPLETION): State.ENDED,
    (State.LOCAL_COMPLETE, Input.REMOTE_COMPLETION): State.ENDED,
}

# The invocation side with no subscription at all hears nothing: it ends with its own completion.
INVOCATION_UNSUBSCRIBED: Transitions = {
    (State.OPEN, Input.LOCAL_COMPLETION): State.ENDED,
    (State.OPEN, Input.REMOTE_COMPLETION): State.ENDED,
}

SERVICE: Transitions = {
    (State.OPEN, Input.REMOTE_COMPLETION): State.REMOTE_COMPLETE,
    (State.OPEN, Input.LOCAL_COMPLETION): State.ENDED,
    (State.REMOTE_COMPLETE, Input.LOCAL_COMPLETION): State.ENDED,
}

_Kind = base.Outcome.Kind
_Termination = links.Ticket.Termination

# What a side tells its peer when it aborts an operation; a completion is no abortion.
TERMINATION_OF_LOCAL_ABORTION: Mapping[base.Outcome.Kind, links.Ticket.Termination] = {
    _Kind.CANCELLED: _Termination.CANCELLATION,
    _Kind.EXPIRED: _Termination.EXPIRATION,
    _Kind.LOCAL_SHUTDOWN: _Termination.SHUTDOWN,
    _Kind.RECEPTION_FAILURE: _Termination.RECEPTION_FAILURE,
    _Kind.TRANSMISSION_FAILURE: _Termination.TRANSMISSION_FAILURE,
    _Kind.LOCAL_FAILURE: _Termination.LOCAL_FAILURE,
    _Kind.REMOTE_FAILURE: _Termination.REMOTE_FAILURE,
}

# What a termination that came from the peer means here. A ticket speaks from its sender's side, so 'local' and
# 'remote', and the two directions, change places: what the peer could not receive, we failed to transmit.
OUTCOME_OF_REMOTE_TERMINATION: Mapping[links.Ticket.Termination, base.Outcome.Kind] = {
    _Termination.COMPLETION: _Kind.COMPLETED,
    _Termination.CANCELLATION: _Kind.CANCELLED,
    _Termination.EXPIRATION: _Kind.EXPIRED,
    _Termination.SHUTDOWN: _Kind.REMOTE_SHUTDOWN,
    _Termination.RECEPTION_FAILURE: _Kind.TRANSMISSION_FAILURE,
    _Termination.TRANSMISSION_FAILURE: _Kind.RECEPTION_FAILURE,
    _Termination.LOCAL_FAILURE: _Kind.REMOTE_FAILURE,
    _Termination.REMOTE_FAILURE: _Kind.LOCAL_FAILURE,
}
