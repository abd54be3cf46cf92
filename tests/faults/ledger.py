"""What was planned, what callers saw and what handlers saw, call by call; and the rules that join the three.

    once       a call ends once; whoever waits for its end is told once
    time       it ends within its deadline, and fails with DEADLINE_EXCEEDED no sooner than that
    status     it ends with a status for which there is a reason: the plan, the deadline, or UNAVAILABLE
    order      messages come in order, once, unchanged, in both directions
    whole      a call that ended OK has all its responses; a handler that heard the end of the requests has all of them
    served     a call that ended OK was completed by a handler, once
    repeated   no call is served twice, but by a retry policy, and then as another attempt
    recovery   after each fault the channel recovers by itself, and then calls end OK
    stuck      a handler ends when its call does; its callbacks are called, once

Callers and handlers tell the ledger what happens, from any thread. What breaks a rule is kept, with the call's name and
plan, and reported at once.
"""

from __future__ import annotations

import collections
import threading
import time
from typing import Callable, Counter, Dict, List, Optional

from tests.faults.messages import REQUESTS, RESPONSES, Flaw, Reader
from tests.faults.plans import Order, Plan

# Seconds beyond its deadline that a call may take: for threads of a machine that does more than this.
MARGIN = 5.0
# Seconds for a call without a deadline: its messages, what slows them down, and keepalive in the end.
_UNTIMED = 45.0
# Seconds for a handler once its call has ended: the server must find out by keepalive, at the worst.
_HANDLER = 30.0
# Seconds for which calls are remembered: requests that were delayed may come late, but not so late.
_REMEMBERED = 40.0
# Seconds of a timeout that rounding may cost on the way.
_ROUNDING = 0.01

OK, CANCELLED, UNKNOWN, EXPIRED, UNAVAILABLE = "OK", "CANCELLED", "UNKNOWN", "DEADLINE_EXCEEDED", "UNAVAILABLE"
DROPPED, REFUSED = "dropped", "refused"
"""Ends that are no statuses: the caller dropped the call unread; the channel was closed already."""

ABORTED = "DATA_LOSS"
"""The status with which handlers abort when it is planned."""


class Execution:
    """One handler's view of a call; its methods are called by that handler alone."""

    def __init__(self, ledger: Ledger, entry: Entry, attempt: int) -> None:
        self._ledger = ledger
        self.entry = entry
        self.attempt = attempt
        self.began = ledger.time()
        self.ended: Optional[str] = None
        self.reader = Reader(entry.plan.key, REQUESTS)
        self.told = 0

    @property
    def plan(self) -> Plan:
        """What is to be done."""
        return self.entry.plan

    def request(self, message: bytes) -> None:
        """A request has come."""
        try:
            self.reader.accept(message)
        except Flaw as flaw:
            self._ledger.broken("order", self.entry, f"at the handler: {flaw}")

    def no_more_requests(self) -> None:
        """The requests have ended, as the handler hears it."""
        if self.reader.seen != len(self.plan.requests):
            text = f"the handler heard the end of the requests after {self.reader.seen} of {len(self.plan.requests)}"
            self._ledger.broken("whole", self.entry, text)
        if self.plan.raises_at is not None:
            self._ledger.broken("whole", self.entry, "the handler heard the end of requests whose iterator raised")

    def completed(self) -> None:
        """The handler is about to return."""
        self.ended = OK

    def tell(self) -> None:
        """The handler's context says that the call is over."""
        self.told += 1
        if self.told > 1:
            self._ledger.broken("once", self.entry, "the handler's callback was called again")

    def __enter__(self) -> Execution:
        return self

    def __exit__(self, kind: Optional[type], error: object, traceback: object) -> None:
        if self.ended is None:
            self.ended = "left" if kind is None else kind.__name__


class Entry:
    """All about one call; its caller calls `request`, `response`, `end` and `tell`."""

    def __init__(self, ledger: Ledger, plan: Plan) -> None:
        self._ledger = ledger
        self.plan = plan
        self.began = ledger.time()
        self.ended: Optional[float] = None
        self.outcome = ""
        self.details = ""
        self.drawn = 0
        self.cancelled = False
        self.answered = False  # for callers that have more to do then
        self.reader = Reader(plan.key, RESPONSES)
        self.executions: List[Execution] = []
        self.told = 0

    def response(self, message: bytes) -> None:
        """A response has come."""
        if self.ended is not None:
            self._ledger.broken("once", self, "a response came after the end")
        try:
            self.reader.accept(message)
        except Flaw as flaw:
            self._ledger.broken("order", self, f"at the caller: {flaw}")

    def end(self, outcome: str, details: str = "") -> None:
        """The call has ended, with the name of a status, `DROPPED` or `REFUSED`."""
        self._ledger.end(self, outcome, details)

    def tell(self) -> None:
        """A done callback was called."""
        self.told += 1
        if self.told > 1:
            self._ledger.broken("once", self, "the caller's done callback was called again")

    @property
    def bound(self) -> float:
        """When it must have ended."""
        timeout = self.plan.timeout
        return self.began + (_UNTIMED if timeout is None else timeout + MARGIN)

    def __str__(self) -> str:
        plan = self.plan
        sizes = f"{len(plan.requests)} requests of {sum(plan.requests)} B, {len(plan.responses)} responses of "
        return f"{plan.name} ({plan.shape.value}, {plan.style}; {sizes}{sum(plan.responses)} B)"


class Ledger:
    """See the module."""

    def __init__(self, seed: int, report: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        """Begin an empty ledger.

        Args:
          seed: Is named with everything that is broken.
          report: Takes a text about each broken rule; called from any thread, one call at a time.
          clock: Gives the time in seconds.
        """
        self.finds: List[str] = []
        self.calls: Counter[str] = collections.Counter()
        self.outcomes: Counter[str] = collections.Counter()
        self.closing = False
        """Whether channels and servers are being closed, so that calls may end as cancelled or unavailable."""
        self.stood_still: Callable[[float, float], bool] = lambda begin, end: False
        """Whether the process stood still between two points of the clock: then calls are not to blame for the time."""
        self._seed = seed
        self._report = report
        self.time = clock
        # Guards the entries, the counters and the finds.
        self._lock = threading.RLock()
        self._entries: Dict[int, Entry] = {}

    # ------------------------------------------------------------ what callers and handlers say

    def begin(self, plan: Plan) -> Entry:
        """A call is about to be made."""
        with self._lock:
            entry = self._entries[plan.key] = Entry(self, plan)
            self.calls[f"{plan.name.partition('-')[0]} {plan.shape.value} {plan.style}"] += 1
        return entry

    def execute(self, key: int, attempt: int) -> Execution:
        """A handler has been called.

        Raises:
          KeyError: Nobody makes such a call, which is reported, too.
        """
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                self.broken("served", None, f"a handler was called for call {key:x}, which nobody made of late")
                raise KeyError(key)
            for other in entry.executions:
                if other.attempt == attempt:
                    self.broken("repeated", entry, f"attempt {attempt} is served twice")
            if attempt and not entry.plan.retried:
                self.broken("repeated", entry, f"attempt {attempt} of a call that must not be tried again")
            execution = Execution(self, entry, attempt)
            entry.executions.append(execution)
        return execution

    def end(self, entry: Entry, outcome: str, details: str) -> None:
        """A call has ended at its caller."""
        with self._lock:
            if entry.ended is not None:
                self.broken("once", entry, f"it ended {entry.outcome}, and then {outcome} ({details})")
                return
            entry.ended, entry.outcome, entry.details = self.time(), outcome, details
            self.outcomes[outcome] += 1
            self._judge(entry)

    def expect_ok(self, entry: Entry) -> None:
        """A call should have ended OK, for nothing is in the way."""
        if entry.outcome not in (OK, REFUSED) and not self.stood_still(entry.began, self.time()):
            text = f"{entry.outcome} ({entry.details}) though nothing is in the way, begun at {entry.began:.3f}"
            self.broken("recovery", entry, text)

    def broken(self, rule: str, entry: Optional[Entry], text: str) -> None:
        """A rule is broken."""
        with self._lock:
            text = f"seed {self._seed}: BROKEN {rule}: {text}" + ("" if entry is None else f": {entry}\n  {entry.plan}")
            self.finds.append(text)
            self._report(text)

    # ------------------------------------------------------------ the rules

    def _judge(self, entry: Entry) -> None:
        plan, taken = entry.plan, (entry.ended or 0.0) - entry.began
        late = entry.ended is not None and entry.ended > entry.bound
        if late and not self.stood_still(entry.began, self.time()):
            self.broken("time", entry, f"it ended {entry.outcome} after {taken:.3f} s, its timeout is {plan.timeout}")
        reason = self._without_reason(entry, taken)
        if reason is not None:
            self.broken("status", entry, f"{entry.outcome} ({entry.details}) after {taken:.3f} s: {reason}")
        if entry.outcome != OK:
            return
        if entry.reader.seen != len(plan.responses):
            self.broken("whole", entry, f"OK after {entry.reader.seen} of {len(plan.responses)} responses")
        completed = [execution for execution in entry.executions if execution.ended == OK]
        if not completed or (len(completed) > 1 and not plan.retried):
            self.broken("served", entry, f"OK, and {len(completed)} handlers completed it")
            return
        seen = completed[-1].reader.seen
        if plan.order is not Order.LEAVE and seen != len(plan.requests):
            self.broken("whole", entry, f"OK, and the handler had {seen} of {len(plan.requests)} requests")

    def _without_reason(self, entry: Entry, taken: float) -> Optional[str]:
        """What speaks against the status; None if there is a reason for it."""
        plan, outcome = entry.plan, entry.outcome
        if outcome == OK:
            return "the handler was to abort" if plan.aborts_at is not None else None
        if outcome == EXPIRED:
            if plan.timeout is None:
                return "it has no deadline"
            return None if taken >= plan.timeout - _ROUNDING else f"its deadline was after {plan.timeout} s"
        if outcome == CANCELLED:
            return None if entry.cancelled or self.closing else "nobody cancelled it"
        if outcome == UNKNOWN:
            raised = plan.raises_at is not None or (plan.aborts_at is not None and plan.aborts_by_raising)
            return None if raised else "neither iterator nor handler raised"
        if outcome == ABORTED:
            aborted = plan.aborts_at is not None and not plan.aborts_by_raising
            return None if aborted else "no handler was to abort"
        if outcome == DROPPED:
            return None if plan.drops_at is not None else "nobody was to drop it"
        if outcome == REFUSED:
            return None if self.closing else "the channel was not closed"
        return None if outcome == UNAVAILABLE else "there is no reason for such a status"

    def check(self) -> bool:
        """Look for calls and handlers that should have ended, and forget what is long over; whether all is in time."""
        now = self.time()
        in_time = True
        with self._lock:
            for key, entry in list(self._entries.items()):
                if entry.ended is None:
                    if now > entry.bound + (_UNTIMED if self.stood_still(entry.began, now) else 0):
                        in_time = False
                        self.broken("time", entry, f"it has not ended after {now - entry.began:.3f} s")
                        entry.ended, entry.outcome = now, "hung"
                    continue
                for execution in entry.executions:
                    if execution.ended is None and now > max(entry.ended, execution.began) + _HANDLER:
                        in_time = False
                        self._stuck(execution, now)
                if now > entry.ended + _REMEMBERED:
                    del self._entries[key]
        return in_time

    def _stuck(self, execution: Execution, now: float) -> None:
        entry = execution.entry
        since = now - (entry.ended or now)
        self.broken("stuck", entry, f"its handler goes on {since:.1f} s after the end, {entry.outcome}")
        execution.ended = "stuck"

    @property
    def going_on(self) -> int:
        """How many calls or handlers have not ended."""
        with self._lock:
            return sum(
                (entry.ended is None) + sum(execution.ended is None for execution in entry.executions)
                for entry in self._entries.values()
            )

    def close(self) -> None:
        """Everything is closed: nothing may go on, and everybody must have been told. Forget it all."""
        now = self.time()
        with self._lock:
            for entry in self._entries.values():
                if entry.ended is None:
                    self.broken("time", entry, "it has not ended though everything is closed")
                elif entry.told == 0 and entry.plan.style == "callback" and entry.outcome != REFUSED:
                    self.broken("once", entry, f"it ended {entry.outcome}, and its done callback was not called")
                for execution in entry.executions:
                    if execution.ended is None:
                        self._stuck(execution, now)
                    elif not execution.told:
                        self.broken("stuck", entry, f"a handler ended {execution.ended}; its callback was not called")
            self._entries.clear()
