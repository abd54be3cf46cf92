"""Random tickets and calls, in any order, against the reference model of an operation."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grpc.framework.interfaces.base import base, utilities
from grpc.framework.interfaces.links import links
from tests.framework.core._kit import Customer, Heard, Invocation, Kind, Service, Termination, counted, is_idle
from tests.framework.core._model import Model

SubscriptionKind = base.Subscription.Kind

# The steps are drawn in the same order in every run: a test that fails here fails everywhere.
SETTINGS = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

# Beyond this an allowance stands for "as much as you like", which the model does not count.
BOUNDLESS = 1 << 20


class Step(NamedTuple):
    """One thing that happens to a side."""

    what: str
    values: Dict[str, Any]


def _mostly(common: Any, *others: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([common] * (4 * len(others)) + list(others))


COMPLETIONS = st.sampled_from([utilities.completion(None, None, None), utilities.completion("t", 3, "w")])
ALLOWANCES = _mostly(None, None, 1, 1, 2, 5, 0)
PAYLOADS = st.sampled_from([(), ("p",), ("p",), ("p", "q"), ("p", "q", "r")])
METADATA = _mostly(None, "i")

ADVANCES = st.fixed_dictionaries(
    {
        "initial_metadata": METADATA,
        "payload": st.sampled_from([None, "a", "b", b""]),
        "completion": st.one_of(st.none(), st.none(), st.none(), COMPLETIONS),
        "allowance": ALLOWANCES,
    }
)
BATCHES = st.fixed_dictionaries(
    {"payloads": PAYLOADS, "completion": st.one_of(st.none(), st.none(), st.none(), COMPLETIONS)}
)
TICKETS = st.fixed_dictionaries(
    {
        "skip": _mostly(0, 1, -1),
        "group": _mostly(None, "g"),
        "timeout": _mostly(None, 0.0, 1.0, 30.0),
        "allowance": ALLOWANCES,
        "initial_metadata": METADATA,
        "payloads": PAYLOADS,
        "lonely": _mostly((), ("x",)),
        "words": _mostly(None, "x"),
        "termination": _mostly(None, Termination.COMPLETION, Termination.COMPLETION, *Termination),
    }
)

STEPS = st.one_of(
    st.builds(Step, st.just("advance"), ADVANCES),
    st.builds(Step, st.just("advance"), ADVANCES),
    st.builds(Step, st.just("advance_payloads"), BATCHES),
    st.builds(Step, st.just("hear"), TICKETS),
    st.builds(Step, st.just("hear"), TICKETS),
    st.builds(Step, st.just("hear"), TICKETS),
    st.builds(Step, st.just("wait"), st.fixed_dictionaries({"seconds": st.sampled_from([0.5, 2.0])})),
    st.builds(Step, st.sampled_from(["cancel", "fail", "stop", "grace"]), st.just({})),
)
PLAYS = st.lists(STEPS, max_size=14)


def _ticket(side: Any, values: Dict[str, Any], received: int) -> Dict[str, Any]:
    """The number and the fields of a ticket that was drawn."""
    payloads = values["payloads"]
    fields: Dict[str, Any] = {
        "number": max(0, received + values["skip"]),
        "group": values["group"],
        "timeout": values["timeout"],
        "allowance": values["allowance"],
        "initial_metadata": values["initial_metadata"],
        "payload": payloads[0] if payloads else None,
        "further_payloads": payloads[1:] if payloads else values["lonely"],
        "message": values["words"],
        "termination": values["termination"],
    }
    return {name: value for name, value in fields.items() if value is not None}


def _play(side: Any, context: base.OperationContext, operator: base.Operator, model: Model, step: Step) -> None:
    """Do one step to both."""
    if step.what == "advance":
        payload = step.values["payload"]
        said = {**step.values, "payloads": () if payload is None else (payload,)}
        del said["payload"]
        if model.advance(**said):
            operator.advance(**step.values)
        else:
            with pytest.raises(ValueError, match=r"completion|metadata|allowance"):
                operator.advance(**step.values)
    elif step.what == "advance_payloads":
        if model.advance(**step.values):
            operator.advance_payloads(**step.values)
        else:
            with pytest.raises(ValueError, match=r"completion"):
                operator.advance_payloads(**step.values)
    elif step.what == "hear":
        fields = _ticket(side, step.values, model.tickets_received)
        number = fields.pop("number")
        if model.end is not None:
            fields.pop("group", None)  # else it would be the first ticket of another operation
        model.hear(links.Ticket(model.operation_id, number, **fields))
        side.end.accept_ticket(links.Ticket(model.operation_id, number, **fields))
    elif step.what == "wait":
        model.wait(**step.values)
        side.environment.advance(**step.values)
    elif step.what == "cancel":
        model.abort(Kind.CANCELLED)
        context.cancel()
    elif step.what == "fail":
        model.abort(Kind.LOCAL_FAILURE)
        context.fail(ValueError("broken"))
    elif step.what == "stop":
        model.abort(Kind.LOCAL_SHUTDOWN)
        side.end.stop(0)
    else:
        side.end.stop(1000.0)


def _without_words(ticket: links.Ticket) -> links.Ticket:
    """A ticket whose words are the implementation's own to choose."""
    if ticket.termination is Termination.RECEPTION_FAILURE:
        return ticket._replace(message=None)
    return ticket


def _compare(
    side: Any, said: List[links.Ticket], customer: Customer, context: base.OperationContext, model: Model
) -> None:
    assert [_without_words(ticket) for ticket in said] == model.said
    values: List[Tuple[str, Any]] = []
    allowance = 0
    for word, value in customer.heard:
        if word == "allowance":
            allowance += value if value < BOUNDLESS else value - (1 << 30)
        elif word == "payloads":
            values.extend(("payload", payload) for payload in value)
        elif word != "end":
            values.append((word, value))
    assert values == model.values_heard
    assert allowance == model.allowance_heard
    outcome = context.outcome()
    remaining = context.time_remaining()
    if model.end is None:
        assert outcome is None
        assert customer.ends == []
        assert remaining == (None if model.deadline is None else max(0.0, model.deadline - model.now))
        return
    kind, code, details = model.end
    assert outcome is not None
    assert (outcome.kind, outcome.code) == (kind, code)
    assert kind is Kind.RECEPTION_FAILURE or outcome.details == details
    assert customer.ends == ([] if model.hears is SubscriptionKind.NONE else [kind])
    assert remaining == 0.0
    assert side.environment.pending == 0
    assert is_idle(side.end)
    assert counted(side.end) == {kind: 1}


@pytest.mark.slow
@SETTINGS
@given(
    hears=_mostly(SubscriptionKind.FULL, SubscriptionKind.TERMINATION_ONLY, SubscriptionKind.NONE),
    timeout=st.sampled_from([None, 1.0, 10.0]),
    initial_metadata=METADATA,
    payload=st.sampled_from([None, "first"]),
    completion=st.one_of(st.none(), st.none(), COMPLETIONS),
    steps=PLAYS,
)
def test_the_invocation_side_does_as_the_model(
    hears: base.Subscription.Kind,
    timeout: Optional[float],
    initial_metadata: Any,
    payload: Any,
    completion: Optional[base.Completion],
    steps: List[Step],
) -> None:
    customer = Customer(hears)
    if hears is SubscriptionKind.NONE:
        customer.allowance = None
    side = Invocation(
        customer, timeout=timeout, initial_metadata=initial_metadata, payload=payload, completion=completion
    )
    first = side.link.tickets.pop(0)
    model = Model(first.operation_id, False, hears, Heard.FULL)
    if timeout is not None:
        model.set_timeout(timeout)
    model.advance(initial_metadata, () if payload is None else (payload,), completion)
    model.said.clear()  # the first ticket is compared elsewhere; the model counts from 1 after it
    _compare(side, side.link.tickets, customer, side.context, model)
    for step in steps:
        _play(side, side.context, side.operator, model, step)
        assert model.payloads_sent <= model.payloads_allowed_by_peer
        _compare(side, side.link.tickets, customer, side.context, model)


@pytest.mark.slow
@SETTINGS
@given(
    hears=_mostly(SubscriptionKind.FULL, SubscriptionKind.TERMINATION_ONLY, SubscriptionKind.NONE),
    peer_hears=_mostly(Heard.FULL, Heard.TERMINATION, Heard.NONE),
    timeout=st.sampled_from([None, 1.0, 30.0]),
    maximum=st.sampled_from([None, 3.0]),
    first=TICKETS,
    steps=PLAYS,
)
def test_the_service_side_does_as_the_model(
    hears: base.Subscription.Kind,
    peer_hears: links.Ticket.Subscription,
    timeout: Optional[float],
    maximum: Optional[float],
    first: Dict[str, Any],
    steps: List[Step],
) -> None:
    customer = Customer(hears)
    if hears is SubscriptionKind.NONE:
        customer.allowance = None
    side = Service(lambda served: customer, maximum_timeout=maximum)
    model = Model(7, True, hears, peer_hears, maximum)
    fields = _ticket(side, {**first, "skip": 0, "timeout": timeout}, 0)
    fields.update(group="g", method="m", subscription=peer_hears)
    del fields["number"]
    if fields.get("termination") not in (None, Termination.COMPLETION):
        del fields["termination"]
    model.hear(links.Ticket(7, 0, **fields))
    if model.end is None and (timeout is not None or maximum is not None):
        model.set_timeout(maximum or 0.0 if timeout is None else timeout)
    side.end.accept_ticket(links.Ticket(7, 0, **fields))
    if not side.servicer.served:
        assert model.end is not None
        assert [_without_words(ticket) for ticket in side.link.tickets] == model.said
        return
    served = side.served
    _compare(side, side.link.tickets, customer, served.context, model)
    for step in steps:
        _play(side, served.context, served.output, model, step)
        _compare(side, side.link.tickets, customer, served.context, model)
