"""Finding a target's addresses without holding anybody up."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Callable, List, Optional

from grpc._io import addresses, contract
from grpc._io.threads import _forking

if TYPE_CHECKING:
    from grpc._io.threads._reactor import Reactor


class Resolution(contract.Attempt, _forking.Member):
    """One look-up of a target. A name service is asked on a thread of its own, which ends with its one answer.

    A thread inside of the system's resolver cannot be stopped: after `cancel` it goes on, and nobody listens.
    """

    __slots__ = ("_failed", "_lock", "_over", "_reactor", "_resolved", "_target")

    def __init__(
        self,
        reactor: Reactor,
        target: str,
        resolved: Callable[[List[contract.Address]], None],
        failed: contract.Failed,
    ) -> None:
        """Make a resolution; `start` begins it. The arguments are those of `Driver.resolve`."""
        self._reactor = reactor
        self._target = target
        self._resolved = resolved
        self._failed = failed
        # Guards `_over`, which decides between `cancel` and a report.
        self._lock = threading.Lock()
        self._over = False

    def start(self) -> None:
        """Begin; may be called from any thread."""
        self._reactor.members[self] = None
        self._reactor.call_soon(self._begin)

    def cancel(self) -> None:
        self._end()

    def _end(self) -> bool:
        """Enter the last state; tell whether it is this call that does."""
        with self._lock:
            over, self._over = self._over, True
        self._reactor.members.pop(self, None)
        return not over

    def _begin(self) -> None:
        if self._over:
            return
        try:
            found = addresses.literal(self._target)
            if not found:
                threading.Thread(target=self._look_up, name="grpc-resolver", daemon=True).start()
        except (ValueError, RuntimeError) as error:  # a bad target; no more threads to be had
            self._fail(str(error), error)
        else:
            if found:
                self._succeed(found)

    def _look_up(self) -> None:
        try:
            found = addresses.resolve(self._target)
        except (OSError, ValueError) as error:
            cause = error
            reason = f"cannot resolve {self._target!r}: {getattr(error, 'strerror', None) or error}"
            self._reactor.call_soon(lambda: self._fail(reason, cause))
        else:
            self._reactor.call_soon(lambda: self._succeed(found))

    def _succeed(self, found: List[contract.Address]) -> None:
        if self._end():
            self._resolved(found)

    def _fail(self, reason: str, cause: Optional[BaseException]) -> None:
        if self._end():
            self._failed(reason, cause)

    def after_fork_in_child(self) -> Optional[Callable[[], None]]:
        self._lock = threading.Lock()
        return None if self._over else lambda: self._fail(f"cannot resolve {self._target!r}: {_forking.FORKED}", None)
