"""An operation that only remembers what it is told."""

from __future__ import annotations

import queue
from typing import Any, Callable, List, Optional, Sequence, Tuple

from grpc.framework.interfaces.base import base, utilities


class FakeOperation(base.OperationContext, base.Operator):
    """Remembers what was said; a test says how it ends.

    Attributes:
        said: What was passed to the operator, without what was None: (name, value) for each value.
        failures: What it was failed with.
        rendezvous: Is told of the end.
    """

    def __init__(self) -> None:
        self.said: List[Tuple[str, Any]] = []
        self.failures: List[BaseException] = []
        self.calls = 0
        self.rendezvous: Any = None
        self.passed: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._outcome: Optional[base.Outcome] = None

    def advance(
        self,
        initial_metadata: Optional[Any] = None,
        payload: Optional[Any] = None,
        completion: Optional[base.Completion] = None,
        allowance: Optional[int] = None,
    ) -> None:
        self.calls += 1
        values = {"initial": initial_metadata, "payload": payload, "completion": completion, "allowance": allowance}
        new = [(name, value) for name, value in values.items() if value is not None]
        self.said += new
        for item in new:
            self.passed.put(item)

    def advance_payloads(self, payloads: Sequence[Any], completion: Optional[base.Completion] = None) -> None:
        calls = self.calls
        super().advance_payloads(payloads, completion)
        self.calls = calls + 1

    @property
    def payloads(self) -> List[Any]:
        """The payloads among what was said."""
        return [value for name, value in self.said if name == "payload"]

    @property
    def completed(self) -> bool:
        """Whether the completion was said."""
        return any(name == "completion" for name, _ in self.said)

    def end(self, kind: base.Outcome.Kind, code: Any = None, details: Optional[str] = None) -> None:
        """End, and tell the rendezvous."""
        if self._outcome is None:
            self._outcome = utilities.outcome(kind, code, details)
            self.rendezvous.termination_callback(self._outcome)

    def outcome(self) -> Optional[base.Outcome]:
        return self._outcome

    def add_termination_callback(self, callback: Callable[[base.Outcome], None]) -> Optional[base.Outcome]:
        raise NotImplementedError

    def time_remaining(self) -> Optional[float]:
        return 7.0

    def cancel(self) -> None:
        self.end(base.Outcome.Kind.CANCELLED)

    def fail(self, exception: BaseException) -> None:
        self.failures.append(exception)
        self.end(base.Outcome.Kind.LOCAL_FAILURE)
