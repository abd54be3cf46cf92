"""The operations of a channel that its service config has tried again, unseen by their End.

Such an operation is recorded from its first ticket on. When an attempt fails in a way that the policy knows, its last
ticket goes no further, and after a backoff all that the End has said is said again on a new stream. What the End has
heard by then is allowance at the most: the next attempt numbers its tickets on from there and counts what was granted.

An operation is committed, and no longer recorded, once something of a response has arrived or there is too much to
keep. What the End says meanwhile is recorded and passed on within one section, the same in which a failure is judged:
so an attempt hears everything either as it is said or when it begins, and never twice.

`_retrying` has the rules, `_throttle` the tokens; this module has the register and the timers.
"""

from __future__ import annotations

import functools
import random
from typing import TYPE_CHECKING, Callable, Dict, Hashable, List, Optional

from grpc._links import _retrying
from grpc._links._throttle import Throttle
from grpc._links._waiting import Waiting
from grpc._values import status
from grpc.framework.interfaces.links import links

if TYPE_CHECKING:
    from grpc._links._section import Section
    from grpc._links._service_config import RetryPolicy, ServiceConfig
    from grpc.framework.foundation.environment import Environment, Timer

_COMPLETION = links.Ticket.Termination.COMPLETION
_REMOTE_FAILURE = links.Ticket.Termination.REMOTE_FAILURE


class _Call:
    """An operation with a policy, or one that may yet be found to have one."""

    __slots__ = ("course", "kept", "replayed", "timer")

    def __init__(self, policy: Optional[RetryPolicy], kept: Optional[Waiting]) -> None:
        # None while it is not known which service config holds, and so whether there will be other attempts.
        self.course = None if policy is None else _retrying.Course(policy)
        # What another attempt would have to say; None once committed.
        self.kept = kept
        # Whether the server has refused it before, so that the connection may not try it again by itself (A6: once).
        self.replayed = False
        # Set between two attempts, and only then.
        self.timer: Optional[Timer] = None

    def __repr__(self) -> str:
        return f"<_Call: {self.course!r}, {'committed' if self.kept is None else 'may be retried'}>"


class Retries:
    """See the module. Called inside the channel's section where nothing else is said."""

    def __init__(
        self,
        section: Section,
        environment: Environment,
        config: Optional[ServiceConfig],
        bound: int,
        admit: Callable[[Waiting], None],
        draw: Callable[[float, float], float],
    ) -> None:
        """Know of no operation.

        Args:
          section: The channel's.
          environment: Gives the clock and the timers.
          config: Says which methods have a policy; None if that is not known until `configure`.
          bound: How many bytes of messages are kept per operation.
          admit: Called inside the section with an operation whose next attempt is to begin.
          draw: Gives a random number between two.
        """
        self._section = section
        self._environment = environment
        # Written in the section; the throttle as well. Read by new operations without.
        self._config = config
        self._throttle = _throttle_for(config)
        self._bound = bound
        self._admit = admit
        self._draw = draw
        # Those that run, the committed ones included: their endings count for the throttle. Written in the section
        # but for new operations, which nobody else knows of yet.
        self._calls: Dict[Hashable, _Call] = {}
        self._pausing = 0
        self._closed = False

    def __repr__(self) -> str:
        return f"<Retries: {len(self._calls)} operations, {self._pausing} between two attempts>"

    @property
    def pausing(self) -> bool:
        """Whether an operation is between two attempts, where no connection knows of it."""
        return bool(self._pausing)

    def configure(self, config: ServiceConfig) -> None:
        """Go by a service config from now on; operations that began by another one keep to that."""
        former, self._config = self._config, config
        if former is None or former.throttling != config.throttling:
            self._throttle = _throttle_for(config)
        for operation_id in list(self._calls):
            self._decide(operation_id, config)

    def _decide(self, operation_id: Hashable, config: ServiceConfig) -> None:
        """Find out whether an operation has a policy that began before that was known."""
        call = self._calls.get(operation_id)
        if call is None or call.course is not None:
            return
        first = None if call.kept is None else call.kept.first
        policy = None if first is None else config.method(first.group, first.method).retry
        if policy is None:
            self._calls.pop(operation_id, None)
        else:
            call.course = _retrying.Course(policy)

    # ------------------------------------------------------------ what the End says

    def begin(self, ticket: links.Ticket) -> None:
        """Take note of a first ticket, which the caller then passes on. Outside the section."""
        config = self._config
        policy = None if config is None else config.method(ticket.group, ticket.method).retry
        if config is None or policy is not None:
            kept = Waiting(ticket)
            kept.since = self._environment.time()
            self._calls[ticket.operation_id] = _Call(policy, kept if kept.weigh(ticket, self._bound) else None)
            if config is None and self._config is not None:  # it has become known just now, and maybe without this one
                with self._section:
                    self._decide(ticket.operation_id, self._config)

    def concerns(self, ticket: links.Ticket) -> bool:
        """Whether a later ticket is to be recorded before it is passed on. Outside the section."""
        call = self._calls.get(ticket.operation_id)
        return call is not None and (call.kept is not None or _aborts(ticket))

    def record(self, ticket: links.Ticket) -> None:
        """Keep a later ticket. Before the section is left, the caller passes it on to the attempt, if there is one."""
        call = self._calls.get(ticket.operation_id)
        if call is None:
            return
        if _aborts(ticket):
            self.forget(ticket.operation_id)
        elif call.timer is not None and call.kept is not None:
            call.kept.add(ticket)  # however much it is: the next attempt has to say it
        elif call.kept is not None:
            call.kept.use_leave(ticket)
            if not call.kept.record(ticket, self._bound):
                call.kept = None

    def forget(self, operation_id: Hashable) -> None:
        """Make no further attempt of an operation, if it is known at all."""
        call = self._calls.pop(operation_id, None)
        if call is not None:
            self._stop_timer(call)

    def on_replay(self, operation_id: Hashable) -> None:
        """Take note that an operation goes to another connection after one has refused it."""
        call = self._calls.get(operation_id)
        if call is not None:
            call.replayed = True

    # ------------------------------------------------------------ what the End hears

    def withhold(self, ticket: links.Ticket) -> bool:
        """Judge a ticket for the End. Outside the section.

        Returns:
          Whether the End is not to hear it, since another attempt will follow.
        """
        call = self._calls.get(ticket.operation_id)
        if call is None or (call.kept is None and ticket.termination is None):
            return False
        if ticket.code == status.OK and self._throttle is None:
            self._calls.pop(ticket.operation_id, None)  # nothing to judge
            return False
        with self._section:
            if ticket.initial_metadata is not None or ticket.payload is not None:
                call.kept = None
            if ticket.termination is None:
                if call.kept is not None:
                    call.kept.leave += ticket.allowance or 0
                return False
            if self._calls.get(ticket.operation_id) is not call:
                return False  # its End has given it up meanwhile
            delay = self._judge(call, ticket)
            if delay is None or call.kept is None:
                del self._calls[ticket.operation_id]
                return False
            call.kept.next_ticket = ticket.sequence_number
            self._pausing += 1
            call.timer = self._environment.call_at(
                self._environment.time() + delay, functools.partial(self._go_on, call)
            )
            return True

    def _judge(self, call: _Call, ticket: links.Ticket) -> Optional[float]:
        code = status.UNKNOWN if ticket.code is None else ticket.code
        if ticket.termination is _REMOTE_FAILURE and code != status.UNIMPLEMENTED:
            return None  # it was this side that could not send it, and would not be able to next time
        if call.course is None:
            return None  # it has never been sent
        pushback = _retrying.read_pushback(ticket.terminal_metadata)
        committed = call.kept is None or self._closed
        return call.course.after(code, pushback, committed, self._throttle, self._draw)

    # ------------------------------------------------------------ between two attempts

    def _go_on(self, call: _Call) -> None:
        with self._section:
            if call.timer is None or call.kept is None:
                return  # given up meanwhile
            assert call.course is not None
            self._stop_timer(call)
            kept = call.kept
            attempt = kept.copy()
            attempt.replayed = call.replayed
            first = kept.first
            attempt.tickets[0] = first._replace(
                initial_metadata=(
                    *(first.initial_metadata or ()),
                    (_retrying.PREVIOUS_ATTEMPTS, str(call.course.attempts - 1)),
                )
            )
            if kept.bytes_kept > self._bound:
                call.kept = None
            self._admit(attempt)

    def _stop_timer(self, call: _Call) -> None:
        timer, call.timer = call.timer, None
        if timer is not None:
            timer.cancel()
            self._pausing -= 1

    def close(self) -> List[Waiting]:
        """Make no further attempt of any operation.

        Returns:
          The operations that have none under way.
        """
        self._closed = True
        paused = [call for call in self._calls.values() if call.timer is not None]
        for call in paused:
            self._stop_timer(call)
        waiting = [call.kept for call in paused if call.kept is not None]
        for each in waiting:
            del self._calls[each.operation_id]
        return waiting


def _throttle_for(config: Optional[ServiceConfig]) -> Optional[Throttle]:
    return None if config is None or config.throttling is None else Throttle(config.throttling)


def _aborts(ticket: links.Ticket) -> bool:
    return ticket.termination is not None and ticket.termination is not _COMPLETION


def retries_for(
    section: Section,
    environment: Environment,
    config: Optional[ServiceConfig],
    bound: int,
    admit: Callable[[Waiting], None],
) -> Optional[Retries]:
    """The register of a channel; None if its service config has no method tried again, nor ever will. See `Retries`."""
    if config is not None and all(method.retry is None for method in config.methods.values()):
        return None
    return Retries(section, environment, config, bound, admit, random.uniform)
