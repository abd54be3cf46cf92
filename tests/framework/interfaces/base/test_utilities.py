"""The ready-made values: they hold what they were made with, compare by it, and do not change."""

from __future__ import annotations

import copy
import pickle
from typing import Any, Callable, Dict, List, Optional, Tuple

import pytest

from grpc.framework.interfaces.base import base, utilities
from grpc.framework.interfaces.base.base import Outcome, Subscription


class Operator(base.Operator):
    """Told apart by identity alone."""

    def advance(
        self,
        initial_metadata: Optional[Any] = None,
        payload: Optional[Any] = None,
        completion: Optional[base.Completion] = None,
        allowance: Optional[int] = None,
    ) -> None: ...


class ProtocolReceiver(base.ProtocolReceiver):
    """Told apart by identity alone."""

    def context(self, protocol_context: Any) -> None: ...


OPERATOR = Operator()
RECEIVER = ProtocolReceiver()


def callback(outcome: Outcome) -> None: ...


# Pairs (maker of a value, makers of values that differ from it in one thing each).
VALUES: Dict[str, Tuple[Callable[[], Any], List[Callable[[], Any]]]] = {
    "outcome": (
        lambda: utilities.outcome(Outcome.Kind.EXPIRED, 4, "late"),
        [
            lambda: utilities.outcome(Outcome.Kind.CANCELLED, 4, "late"),
            lambda: utilities.outcome(Outcome.Kind.EXPIRED, 5, "late"),
            lambda: utilities.outcome(Outcome.Kind.EXPIRED, 4, "early"),
        ],
    ),
    "completion": (
        lambda: utilities.completion((("k", "v"),), 0, "fine"),
        [
            lambda: utilities.completion((), 0, "fine"),
            lambda: utilities.completion((("k", "v"),), 1, "fine"),
            lambda: utilities.completion((("k", "v"),), 0, "bad"),
        ],
    ),
    "full_subscription": (
        lambda: utilities.full_subscription(OPERATOR, RECEIVER),
        [
            lambda: utilities.full_subscription(Operator(), RECEIVER),
            lambda: utilities.full_subscription(OPERATOR, ProtocolReceiver()),
            lambda: utilities.full_subscription(OPERATOR, None),
        ],
    ),
    "termination_subscription": (
        lambda: utilities.termination_subscription(callback),
        [lambda: utilities.termination_subscription(print), lambda: utilities.NONE_SUBSCRIPTION],
    ),
}


@pytest.fixture(params=VALUES)
def make_value(request: pytest.FixtureRequest) -> Any:
    return VALUES[request.param][0]


class TestEveryValue:
    def test_equals_another_with_the_same_content(self, make_value: Any) -> None:
        assert make_value() == make_value()
        assert hash(make_value()) == hash(make_value())

    @pytest.mark.parametrize(
        ("make", "make_other"), [(make, other) for make, others in VALUES.values() for other in others]
    )
    def test_differs_if_one_thing_differs(self, make: Any, make_other: Any) -> None:
        assert make() != make_other()

    def test_does_not_equal_what_holds_the_same_but_is_of_another_class(self) -> None:
        outcome: Any = utilities.outcome(Outcome.Kind.EXPIRED)
        assert outcome != utilities.completion(Outcome.Kind.EXPIRED, None, None)
        assert outcome != (Outcome.Kind.EXPIRED, None, None)

    def test_leaves_it_to_the_other_object_to_know_better(self, make_value: Any) -> None:
        class Same:
            def __eq__(self, other: object) -> bool:
                return True

            __hash__ = None  # type: ignore[assignment]  # equal to all, so no hash can be right

        assert make_value() == Same()

    def test_does_not_change(self, make_value: Any) -> None:
        value = make_value()
        field = type(value).__match_args__[0]
        with pytest.raises(AttributeError, match=f"cannot set '{field}'.*does not change"):
            setattr(value, field, "other")
        with pytest.raises(AttributeError, match=f"cannot delete '{field}'.*does not change"):
            delattr(value, field)
        assert value == make_value()

    def test_has_no_room_for_other_attributes(self, make_value: Any) -> None:
        assert not hasattr(make_value(), "__dict__")

    def test_survives_copying(self, make_value: Any) -> None:
        assert copy.copy(make_value()) == make_value()


class TestOutcome:
    def test_holds_what_it_was_made_with(self) -> None:
        outcome = utilities.outcome(Outcome.Kind.REMOTE_FAILURE, 13, "broken")
        assert isinstance(outcome, Outcome)
        assert (outcome.kind, outcome.code, outcome.details) == (Outcome.Kind.REMOTE_FAILURE, 13, "broken")

    def test_can_do_without_code_and_details(self) -> None:
        outcome = utilities.outcome(Outcome.Kind.COMPLETED)
        assert (outcome.code, outcome.details) == (None, None)

    def test_survives_pickling(self) -> None:
        outcome = utilities.outcome(Outcome.Kind.EXPIRED, 4, "late")
        assert pickle.loads(pickle.dumps(outcome)) == outcome

    def test_shows_its_content(self) -> None:
        assert repr(utilities.outcome(Outcome.Kind.EXPIRED, 4, "late")) == (
            f"Outcome(kind={Outcome.Kind.EXPIRED!r}, code=4, details='late')"
        )


class TestCompletion:
    def test_holds_what_it_was_made_with(self) -> None:
        completion = utilities.completion("metadata", 7, "words")
        assert isinstance(completion, base.Completion)
        assert (completion.terminal_metadata, completion.code, completion.message) == ("metadata", 7, "words")

    def test_survives_pickling(self) -> None:
        completion = utilities.completion([("k", "v")], 7, "words")
        assert pickle.loads(pickle.dumps(completion)) == completion

    def test_shows_its_content(self) -> None:
        assert repr(utilities.completion(None, 7, "words")) == (
            "Completion(terminal_metadata=None, code=7, message='words')"
        )


def content(subscription: Subscription) -> Any:
    return (
        subscription.kind,
        subscription.termination_callback,
        subscription.allowance,
        subscription.operator,
        subscription.protocol_receiver,
    )


class TestSubscriptions:
    def test_a_full_one_has_operator_and_receiver_only(self) -> None:
        subscription = utilities.full_subscription(OPERATOR, RECEIVER)
        assert isinstance(subscription, Subscription)
        assert content(subscription) == (Subscription.Kind.FULL, None, None, OPERATOR, RECEIVER)

    def test_one_to_the_termination_has_a_callback_only(self) -> None:
        subscription = utilities.termination_subscription(callback)
        assert isinstance(subscription, Subscription)
        assert content(subscription) == (Subscription.Kind.TERMINATION_ONLY, callback, None, None, None)

    def test_one_to_nothing_has_nothing(self) -> None:
        assert isinstance(utilities.NONE_SUBSCRIPTION, Subscription)
        assert content(utilities.NONE_SUBSCRIPTION) == (Subscription.Kind.NONE, None, None, None, None)

    def test_shows_its_content(self) -> None:
        assert repr(utilities.NONE_SUBSCRIPTION) == (
            f"Subscription(kind={Subscription.Kind.NONE!r}, termination_callback=None, allowance=None, "
            "operator=None, protocol_receiver=None)"
        )
