"""Retry throttling: a channel whose servers fail too often makes no second attempts for a while (gRFC A6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grpc._links._service_config import RetryThrottling

_ONE = 1000


class Throttle:
    """A purse that starts full: a failure costs one token, a success brings a part of one back."""

    # In thousandths of a token, which is all that the config can say: sums of fractions would drift.
    __slots__ = ("_most", "_ratio", "_tokens")

    def __init__(self, throttling: RetryThrottling) -> None:
        """Fill it."""
        self._most = self._tokens = round(throttling.max_tokens * _ONE)
        self._ratio = round(throttling.token_ratio * _ONE)

    def __repr__(self) -> str:
        return f"<Throttle: {self.tokens:g} of {self._most / _ONE:g} tokens>"

    @property
    def tokens(self) -> float:
        """How many there are."""
        return self._tokens / _ONE

    @property
    def allows(self) -> bool:
        """Whether there may be retries: while more than half of the tokens are there."""
        return 2 * self._tokens > self._most

    def on_failure(self) -> None:
        """Pay for an attempt that failed retryably, or whose server said not to try again."""
        self._tokens = max(0, self._tokens - _ONE)

    def on_success(self) -> None:
        """Be paid for an operation that succeeded."""
        self._tokens = min(self._most, self._tokens + self._ratio)
