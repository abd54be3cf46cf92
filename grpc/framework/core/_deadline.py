"""The moment at which an operation expires, which may be moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

if TYPE_CHECKING:
    from grpc.framework.foundation.environment import Environment, Timer


class Deadline:
    """A point in time with a timer for it. All methods but `remaining` are called with the operation's lock held."""

    __slots__ = ("_environment", "_expire", "_maximum", "_timer", "_when")

    def __init__(self, environment: Environment, maximum: Optional[float], expire: Callable[[], None]) -> None:
        """Make one that is to be `put` somewhere.

        Args:
          environment: Clock and timers.
          maximum: The most seconds that it may be put ahead; None for no limit.
          expire: Called by the timer, without the lock; it asks `passed` whether the time has really come.
        """
        self._environment = environment
        self._maximum = maximum
        self._expire = expire
        self._when = 0.0
        self._timer: Optional[Timer] = None

    def put(self, timeout: float) -> None:
        """Put it so many seconds ahead of now."""
        if self._maximum is not None and timeout > self._maximum:
            timeout = self._maximum
        self._when = self._environment.time() + timeout
        self._arm()

    def _arm(self) -> None:
        self.cancel()
        self._timer = self._environment.call_at(self._when, self._expire)

    def passed(self) -> bool:
        """Tell whether the time has come. If not, the timer was early, or an old one that was beyond cancelling."""
        if self._environment.time() >= self._when:
            return True
        self._arm()
        return False

    def remaining(self) -> float:
        """Nonnegative seconds."""
        return max(0.0, self._when - self._environment.time())

    def cancel(self) -> None:
        """See that the timer does not call any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
