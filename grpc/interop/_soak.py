"""The account of a soak: many calls one after the other, some of which may fail or be late."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Iterator, List, Optional

from grpc.interop import _rules

if TYPE_CHECKING:
    from grpc.interop import _flags

# Of the failures, that many are told one by one.
_TOLD = 3


class Account:
    """Counts calls; used by one thread or task."""

    def __init__(self, lasting: _flags.Lasting) -> None:
        """Begin.

        Args:
            lasting: What is expected.
        """
        self._lasting = lasting
        self._begin = time.monotonic()
        self._done = 0
        self._failures: List[str] = []

    def turns(self) -> Iterator[float]:
        """Once for each call that is to be made, while there is time: how many seconds to wait before it."""
        for turn in range(self._lasting.iterations):
            passed = time.monotonic() - self._begin
            if passed >= self._lasting.overall_timeout:
                return
            yield max(0.0, turn * self._lasting.spacing - passed)

    def note(self, begin: float, failure: Optional[str]) -> None:
        """Count one that has ended.

        Args:
            begin: When it began, by `time.monotonic`.
            failure: Why it failed; None if it did not.
        """
        seconds = time.monotonic() - begin
        self._done += 1
        if failure is None and seconds > self._lasting.acceptable_latency:
            failure = f"took {seconds:.3f} s, and at most {self._lasting.acceptable_latency:g} s are acceptable"
        if failure is not None:
            self._failures.append(f"call {self._done} {failure}")

    def settle(self) -> None:
        """Check all that was counted.

        Raises:
            Failed: Calls are missing for want of time, or too many failed.
        """
        wanted, allowed = self._lasting.iterations, self._lasting.max_failures
        _rules.check(
            self._done == wanted,
            f"{self._done} of {wanted} calls were made when the {self._lasting.overall_timeout:g} s were over",
        )
        count = len(self._failures)
        told = "; ".join(self._failures[:_TOLD])
        _rules.check(count <= allowed, f"{count} of {wanted} calls failed, and {allowed} may: {told}")


def ended_with(error: Exception) -> str:
    """How an account tells of a failed call."""
    code, details = _rules.status(error)
    return f"ended with {code.name}: {details}"
