"""Finding out that a channel has carried nothing for long, at no cost to what it carries.

Nobody notes when an operation begins or ends. Instead the channel is looked at a few times in each period: with
nothing under way and nothing begun since the last look, it has been idle between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

if TYPE_CHECKING:
    from grpc._links._section import Section
    from grpc.framework.foundation.environment import Environment, Timer

# The channel is found idle after its idle timeout and a part of it, one of so many.
_LOOKS = 4


class Idling:
    """See the module. All methods are called inside the channel's section."""

    __slots__ = ("_begun", "_environment", "_expired", "_idle_looks", "_interval", "_look_at", "_section", "_timer")

    def __init__(
        self,
        section: Section,
        environment: Environment,
        timeout: Optional[float],
        look: Callable[[], Optional[int]],
        expired: Callable[[], None],
    ) -> None:
        """Look at nothing yet.

        Args:
          section: The channel's.
          environment: The clock.
          timeout: How long the channel may be idle, in seconds; None for as long as it likes.
          look: Gives the number of operations begun so far, or None while one is under way.
          expired: Called inside the section when the time is over; `stop` has been called.
        """
        self._section = section
        self._environment = environment
        self._interval = None if timeout is None else timeout / _LOOKS
        self._look_at = look
        self._expired = expired
        self._timer: Optional[Timer] = None
        self._begun: Optional[int] = None
        self._idle_looks = 0

    def start(self) -> None:
        """Begin to look, unless it has begun."""
        if self._interval is not None and self._timer is None:
            self._begun = None
            self._idle_looks = 0
            self._set_timer(self._interval)

    def stop(self) -> None:
        """Look no more."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _set_timer(self, interval: float) -> None:
        self._timer = self._environment.call_at(self._environment.time() + interval, self._look)

    def _look(self) -> None:
        with self._section:
            if self._timer is None or self._interval is None:
                return
            begun = self._look_at()
            self._idle_looks = self._idle_looks + 1 if begun is not None and begun == self._begun else 0
            self._begun = begun
            if self._idle_looks < _LOOKS:
                self._set_timer(self._interval)
            else:
                self._timer = None
                self._expired()
