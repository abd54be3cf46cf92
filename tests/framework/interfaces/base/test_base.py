"""What the Base contract brings along itself: enums, an error, a default, and room for slots."""

from __future__ import annotations

import copy
import pickle
from typing import Any, List, Optional

import pytest

from grpc.framework.interfaces.base import base, utilities

DONE = utilities.completion(None, None, None)


class RecordingOperator(base.Operator):
    """Writes down what it is passed, the absent left out."""

    def __init__(self) -> None:
        self.calls: List[Any] = []

    def advance(
        self,
        initial_metadata: Optional[Any] = None,
        payload: Optional[Any] = None,
        completion: Optional[base.Completion] = None,
        allowance: Optional[int] = None,
    ) -> None:
        passed = {
            "initial_metadata": initial_metadata,
            "payload": payload,
            "completion": completion,
            "allowance": allowance,
        }
        self.calls.append({name: value for name, value in passed.items() if value is not None})


class TestAdvancePayloads:
    def test_passes_payloads_one_by_one_in_order(self) -> None:
        operator = RecordingOperator()
        operator.advance_payloads([b"a", b"b", b"c"])
        assert operator.calls == [{"payload": b"a"}, {"payload": b"b"}, {"payload": b"c"}]

    def test_passes_the_completion_together_with_the_last_payload(self) -> None:
        operator = RecordingOperator()
        operator.advance_payloads((b"a", b"b"), DONE)
        assert operator.calls == [{"payload": b"a"}, {"payload": b"b", "completion": DONE}]

    def test_passes_one_payload_and_completion_in_one_call(self) -> None:
        operator = RecordingOperator()
        operator.advance_payloads([b"a"], completion=DONE)
        assert operator.calls == [{"payload": b"a", "completion": DONE}]

    def test_passes_the_completion_alone_if_there_are_no_payloads(self) -> None:
        operator = RecordingOperator()
        operator.advance_payloads([], DONE)
        assert operator.calls == [{"completion": DONE}]

    def test_does_nothing_if_there_is_nothing_to_pass(self) -> None:
        operator = RecordingOperator()
        operator.advance_payloads([])
        assert operator.calls == []

    def test_passes_payloads_that_are_false(self) -> None:
        operator = RecordingOperator()
        operator.advance_payloads([b"", 0])
        assert operator.calls == [{"payload": b""}, {"payload": 0}]

    def test_can_be_overridden_by_an_operator_that_does_better(self) -> None:
        class Batching(RecordingOperator):
            def advance_payloads(self, payloads: Any, completion: Optional[base.Completion] = None) -> None:
                self.calls.append((payloads, completion))

        operator = Batching()
        operator.advance_payloads([b"a", b"b"], DONE)
        assert operator.calls == [([b"a", b"b"], DONE)]


class TestNoSuchMethodError:
    def test_keeps_code_and_details(self) -> None:
        error = base.NoSuchMethodError(12, "never heard of it")
        assert (error.code, error.details) == (12, "never heard of it")

    def test_says_what_the_other_side_is_told(self) -> None:
        error = base.NoSuchMethodError(12, "never heard of it")
        assert str(error) == "no such method; the other side is told code 12, details 'never heard of it'"

    @pytest.mark.parametrize("clone", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
    def test_survives_copying_and_pickling(self, clone: Any) -> None:
        error = clone(base.NoSuchMethodError(12, "never heard of it"))
        assert type(error) is base.NoSuchMethodError
        assert (error.code, error.details) == (12, "never heard of it")


class TestKinds:
    def test_of_outcomes_have_the_published_values(self) -> None:
        assert {member.name: member.value for member in base.Outcome.Kind} == {
            "COMPLETED": "completed",
            "CANCELLED": "cancelled",
            "EXPIRED": "expired",
            "LOCAL_SHUTDOWN": "local shutdown",
            "REMOTE_SHUTDOWN": "remote shutdown",
            "RECEPTION_FAILURE": "reception failure",
            "TRANSMISSION_FAILURE": "transmission failure",
            "LOCAL_FAILURE": "local failure",
            "REMOTE_FAILURE": "remote failure",
        }

    def test_of_subscriptions_have_the_published_values(self) -> None:
        assert {member.name: member.value for member in base.Subscription.Kind} == {
            "NONE": "none",
            "TERMINATION_ONLY": "termination only",
            "FULL": "full",
        }


class TestInterfaces:
    @pytest.mark.parametrize(
        "interface",
        [
            base.Outcome,
            base.Completion,
            base.Subscription,
            base.OperationContext,
            base.Operator,
            base.ProtocolReceiver,
            base.Servicer,
            base.End,
        ],
    )
    def test_leave_implementations_free_to_have_slots(self, interface: Any) -> None:
        namespace = dict.fromkeys(getattr(interface, "__abstractmethods__", ()))
        slotted = type(interface)("Slotted", (interface,), {"__slots__": (), **namespace})
        assert not hasattr(slotted(), "__dict__")

    def test_let_one_slotted_object_be_subscription_operator_and_protocol_receiver(self) -> None:
        class Everything(base.Subscription, base.Operator, base.ProtocolReceiver):
            __slots__ = ("allowance", "heard", "kind", "operator", "protocol_receiver", "termination_callback")

            def __init__(self) -> None:
                self.kind = base.Subscription.Kind.FULL
                self.operator = self.protocol_receiver = self
                self.allowance = None
                self.heard: List[Any] = []
                self.termination_callback = self.heard.append

            def advance(self, *args: Any, **kwargs: Any) -> None:
                self.heard.append((args, kwargs))

            def context(self, protocol_context: Any) -> None:
                self.heard.append(protocol_context)

        everything: Any = Everything()
        everything.operator.advance(payload=b"x")
        everything.protocol_receiver.context("opaque")
        everything.termination_callback("outcome")
        assert everything.heard == [((), {"payload": b"x"}), "opaque", "outcome"]
        assert not hasattr(everything, "__dict__")

    @pytest.mark.parametrize(
        ("interface", "methods"),
        [
            (
                base.OperationContext,
                {"outcome", "add_termination_callback", "time_remaining", "cancel", "fail"},
            ),
            (base.Operator, {"advance"}),
            (base.ProtocolReceiver, {"context"}),
            (base.Servicer, {"service"}),
            (base.End, {"start", "stop", "operate", "operation_stats", "add_idle_action"}),
        ],
    )
    def test_demand_exactly_the_documented_methods(self, interface: Any, methods: set[str]) -> None:
        assert interface.__abstractmethods__ == methods
