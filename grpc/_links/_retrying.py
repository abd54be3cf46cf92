"""Whether and when an operation that failed is tried again: the rules of gRFC A6, without clock, timer or ticket."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Callable, Iterable, Optional, Tuple

from grpc._values import status

if TYPE_CHECKING:
    from grpc._links._service_config import RetryPolicy
    from grpc._links._throttle import Throttle

PREVIOUS_ATTEMPTS = "grpc-previous-rpc-attempts"
"""The request metadata that says how many attempts came before this one; the first one has none."""

PUSHBACK = "grpc-retry-pushback-ms"
"""The trailing metadata with which a server says when to come back."""

NEVER = -1.0
"""A pushback: do not come back."""

_MILLISECONDS = re.compile(r"[0-9]{1,10}")

_LEAST_JITTER = 0.8
_MOST_JITTER = 1.2


def read_pushback(metadata: Optional[Iterable[Tuple[str, Any]]]) -> Optional[float]:
    """What a server's trailing metadata says about another attempt.

    Returns:
      Seconds from now; NEVER if there is to be none, or if it cannot be understood; None if nothing is said.
    """
    said = [value for key, value in metadata or () if key == PUSHBACK]
    if not said:
        return None
    if len(said) > 1 or not isinstance(said[0], str) or not _MILLISECONDS.fullmatch(said[0]):
        return NEVER
    return int(said[0]) / 1000


class Course:
    """How far the attempts of one operation have come."""

    __slots__ = ("_backoffs", "_policy", "attempts")

    def __init__(self, policy: RetryPolicy) -> None:
        """Begin with the first attempt."""
        self._policy = policy
        # How many were begun.
        self.attempts = 1
        # How many backoffs there were since the first one, or since the server chose the delay.
        self._backoffs = 0

    def __repr__(self) -> str:
        return f"<Course: attempt {self.attempts} of {self._policy.max_attempts}>"

    def after(
        self,
        code: int,
        pushback: Optional[float],
        committed: bool,
        throttle: Optional[Throttle],
        draw: Callable[[float, float], float],
    ) -> Optional[float]:
        """Decide after an attempt, and count what it means for the throttle.

        Args:
          code: The status number with which the attempt ended.
          pushback: What the server said, see `read_pushback`.
          committed: Whether this attempt had to be the last one in any case.
          throttle: The channel's; None if it has none.
          draw: Gives a random number between two.

        Returns:
          Seconds until the next attempt, which counts as begun; None if there is none.
        """
        policy = self._policy
        if code == status.OK:
            if throttle is not None:
                throttle.on_success()
            return None
        retryable = code in policy.retryable_codes
        unwanted = pushback is not None and pushback < 0
        if throttle is not None and (retryable or unwanted):
            throttle.on_failure()
        if not retryable or unwanted or committed or self.attempts >= policy.max_attempts:
            return None
        if throttle is not None and not throttle.allows:
            return None
        self.attempts += 1
        if pushback is not None:
            self._backoffs = 0
            return pushback
        delay = min(policy.initial_backoff * policy.backoff_multiplier**self._backoffs, policy.max_backoff)
        self._backoffs += 1
        return delay * draw(_LEAST_JITTER, _MOST_JITTER)
