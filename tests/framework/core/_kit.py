"""Ends with a test in the place of their peer, customers that write down what they hear, and threads that keep step."""

from __future__ import annotations

import threading
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from grpc.framework.core import implementations
from grpc.framework.interfaces.base import base, utilities
from grpc.framework.interfaces.links import links
from grpc.framework.interfaces.links import utilities as link_utilities
from tests.support.environment import FakeEnvironment, FakeTimer

Kind = base.Outcome.Kind
Termination = links.Ticket.Termination
Heard = links.Ticket.Subscription
DONE = utilities.completion(None, None, None)

# How long a thread of a test waits for another one before the test has failed, in seconds.
PATIENCE = 10.0


class Environment(FakeEnvironment):
    """Keeps the actions of all timers, for timers that come although they were cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.actions: List[Callable[[], None]] = []

    def call_at(self, when: float, action: Callable[[], None]) -> FakeTimer:
        self.actions.append(action)
        return super().call_at(when, action)


class RecordingLink(links.Link):
    """A mate that only writes down, or does as the test says."""

    def __init__(self, then: Optional[Callable[[links.Ticket], None]] = None) -> None:
        self.tickets: List[links.Ticket] = []
        self.then = then

    def accept_ticket(self, ticket: links.Ticket) -> None:
        self.tickets.append(ticket)
        if self.then is not None:
            self.then(ticket)

    def join_link(self, link: links.Link) -> None:
        raise AssertionError("nobody joins a recording link to another")

    @property
    def last(self) -> links.Ticket:
        return self.tickets[-1]


class Customer(base.Operator, base.ProtocolReceiver, base.Subscription):
    """A subscription that writes down all it hears, in order, as pairs of a word and a value."""

    def __init__(
        self,
        kind: base.Subscription.Kind = base.Subscription.Kind.FULL,
        then: Optional[Callable[[str, Any], object]] = None,
    ) -> None:
        full = kind is base.Subscription.Kind.FULL
        self.kind = kind
        self.operator = self if full else None
        self.protocol_receiver = self if full else None
        self.termination_callback = None if kind is base.Subscription.Kind.NONE else self._terminated
        self.allowance = None if full else self._allowed
        self.heard: List[Tuple[str, Any]] = []
        self.outcomes: List[base.Outcome] = []
        self.then = then

    def _hear(self, word: str, value: Any) -> None:
        self.heard.append((word, value))
        if self.then is not None:
            self.then(word, value)

    def advance(
        self,
        initial_metadata: Optional[Any] = None,
        payload: Optional[Any] = None,
        completion: Optional[base.Completion] = None,
        allowance: Optional[int] = None,
    ) -> None:
        if initial_metadata is not None:
            self._hear("initial metadata", initial_metadata)
        if payload is not None:
            self._hear("payload", payload)
        if completion is not None:
            self._hear("completion", (completion.terminal_metadata, completion.code, completion.message))
        if allowance is not None:
            self._allowed(allowance)

    def advance_payloads(self, payloads: Sequence[Any], completion: Optional[base.Completion] = None) -> None:
        self._hear("payloads", tuple(payloads))
        if completion is not None:
            self.advance(completion=completion)

    def context(self, protocol_context: Any) -> None:
        self._hear("context", protocol_context)

    def _allowed(self, allowance: int) -> None:
        self._hear("allowance", allowance)

    def _terminated(self, outcome: base.Outcome) -> None:
        self.outcomes.append(outcome)
        self._hear("end", outcome.kind)

    @property
    def payloads(self) -> List[Any]:
        found: List[Any] = []
        for word, value in self.heard:
            if word == "payload":
                found.append(value)
            elif word == "payloads":
                found.extend(value)
        return found

    @property
    def ends(self) -> List[base.Outcome.Kind]:
        return [outcome.kind for outcome in self.outcomes]


def _its_customer(served: Served) -> base.Subscription:
    return served.customer


class Servicer(base.Servicer):
    """Gives each operation a customer of its own, in order, and keeps what it was given."""

    def __init__(self, make: Callable[[Served], base.Subscription] = _its_customer) -> None:
        self._make = make
        self.served: List[Served] = []

    def service(
        self, group: str, method: str, context: base.OperationContext, output_operator: base.Operator
    ) -> base.Subscription:
        served = Served(group, method, context, output_operator)
        self.served.append(served)
        return self._make(served)


class Served:
    """One operation as the servicer got it."""

    def __init__(self, group: str, method: str, context: base.OperationContext, output: base.Operator) -> None:
        self.group = group
        self.method = method
        self.context = context
        self.output = output
        self.customer = Customer()


class Invocation:
    """One operation on an invocation End, whose peer is the test."""

    def __init__(self, customer: Optional[base.Subscription] = None, **operate: Any) -> None:
        self.environment = Environment()
        self.end = implementations.invocation_end_link(self.environment)
        self.link = RecordingLink()
        self.end.join_link(self.link)
        self.end.start()
        self.customer: Any = Customer() if customer is None else customer
        self.context, self.operator = operate_on(self.end, self.customer, **operate)

    def hear(self, number: int, **fields: Any) -> None:
        """Have the peer say something."""
        self.end.accept_ticket(links.Ticket(self.link.tickets[0].operation_id, number, **fields))


class Service:
    """A service End, whose peer is the test."""

    def __init__(
        self,
        make: Callable[[Served], base.Subscription] = _its_customer,
        default_timeout: Optional[float] = None,
        maximum_timeout: Optional[float] = None,
    ) -> None:
        self.environment = Environment()
        self.servicer = Servicer(make)
        self.end = implementations.service_end_link(self.servicer, default_timeout, maximum_timeout, self.environment)
        self.link = RecordingLink()
        self.end.join_link(self.link)
        self.end.start()

    def hear(self, number: int, **fields: Any) -> None:
        """Have the peer say something in operation 7; its first ticket names a method."""
        if number == 0:
            fields = {"group": "g", "method": "m", "subscription": Heard.FULL, **fields}
        self.end.accept_ticket(links.Ticket(7, number, **fields))

    @property
    def served(self) -> Served:
        return self.servicer.served[0]


class Pair:
    """An invocation End and a service End, joined."""

    def __init__(
        self,
        make: Callable[[Served], base.Subscription] = _its_customer,
        default_timeout: Optional[float] = None,
        maximum_timeout: Optional[float] = None,
    ) -> None:
        self.environment = Environment()
        self.invocation = implementations.invocation_end_link(self.environment)
        self.servicer = Servicer(make)
        self.service = implementations.service_end_link(
            self.servicer, default_timeout, maximum_timeout, self.environment
        )
        self.to_service: List[links.Ticket] = []
        self.to_invocation: List[links.Ticket] = []
        link_utilities.join(
            link_utilities.tap(self.invocation, self.to_invocation.append),
            link_utilities.tap(self.service, self.to_service.append),
        )
        self.invocation.start()
        self.service.start()
        self.customer = Customer()

    def operate(
        self, customer: Optional[base.Subscription] = None, **operate: Any
    ) -> Tuple[base.OperationContext, base.Operator]:
        return operate_on(self.invocation, customer or self.customer, **operate)

    @property
    def served(self) -> Served:
        return self.servicer.served[0]

    @property
    def idle(self) -> bool:
        """Whether neither side holds an operation, or a timer."""
        return is_idle(self.invocation) and is_idle(self.service) and self.environment.pending == 0


def operate_on(
    end: base.End, subscription: base.Subscription, timeout: Optional[float] = None, **values: Any
) -> Tuple[base.OperationContext, base.Operator]:
    return end.operate("g", "m", subscription, timeout, **values)


def is_idle(end: base.End) -> bool:
    """Whether an End has no operation, as it says itself."""
    called: List[bool] = []
    end.add_idle_action(lambda: called.append(True))
    return called == [True]


def counted(end: base.End) -> Dict[base.Outcome.Kind, int]:
    """The outcomes that have occurred."""
    return {kind: count for kind, count in end.operation_stats().items() if count}


class Gate:
    """Holds a thread where it passes, until the test lets it go on."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._open = threading.Event()

    def pass_through(self) -> None:
        self._reached.set()
        assert self._open.wait(PATIENCE), "the test never opened the gate"

    def wait_until_reached(self) -> None:
        assert self._reached.wait(PATIENCE), "nobody came to the gate"

    def open(self) -> None:
        self._open.set()


class Running:
    """An action in a thread of its own; what it raises is raised where the block ends."""

    def __init__(self, action: Callable[[], object]) -> None:
        self._action = action
        self._error: Optional[BaseException] = None
        self._thread = threading.Thread(target=self._run, name="test")

    def _run(self) -> None:
        try:
            self._action()
        except BaseException as error:
            self._error = error

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the thread is stuck"
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Running:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.join()
