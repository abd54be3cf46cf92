"""A servicer that serves so many operations at once, and no more."""

from __future__ import annotations

import threading

from grpc._values import status
from grpc.framework.interfaces.base import base


class LimitingServicer(base.Servicer):
    """Refuses operations with RESOURCE_EXHAUSTED while as many as allowed are running."""

    __slots__ = ("_lock", "_maximum", "_running", "_servicer")

    def __init__(self, servicer: base.Servicer, maximum: int) -> None:
        """Limit a servicer.

        Args:
          servicer: Serves what is not refused.
          maximum: How many operations at once; positive.
        """
        self._servicer = servicer
        self._maximum = maximum
        # Guards the count.
        self._lock = threading.Lock()
        self._running = 0

    def service(
        self, group: str, method: str, context: base.OperationContext, output_operator: base.Operator
    ) -> base.Subscription:
        with self._lock:
            full = self._running >= self._maximum
            if not full:
                self._running += 1
        if full:
            raise base.NoSuchMethodError(status.RESOURCE_EXHAUSTED, "Concurrent RPC limit exceeded!")
        if context.add_termination_callback(self._ended) is not None:
            with self._lock:
                self._running -= 1  # it has ended meanwhile: nobody will call
        return self._servicer.service(group, method, context, output_operator)

    def after_fork_in_child(self) -> None:
        """Have the lock anew; see `forking`."""
        self._lock = threading.Lock()

    def _ended(self, _: base.Outcome) -> None:
        with self._lock:
            self._running -= 1
