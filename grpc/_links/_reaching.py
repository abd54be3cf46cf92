"""One connection to a target: resolve it, then try its addresses in order until one answers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Callable, List, Optional

from grpc._io import contract

if TYPE_CHECKING:
    from grpc._values.security import ClientSecurity


class Reaching(contract.Attempt):
    """See the module; begins when it is made."""

    __slots__ = ("_cancelled", "_cause", "_driver", "_failed", "_faults", "_left", "_lock", "_open", "_security",
                 "_steps", "_target")  # fmt: skip

    def __init__(
        self,
        driver: contract.Driver,
        target: str,
        open_connection: Callable[[contract.Transport], contract.Connection],
        failed: contract.Failed,
        security: Optional[ClientSecurity] = None,
    ) -> None:
        """Begin; the arguments are those of `Driver.resolve` and `Driver.connect`."""
        self._driver = driver
        self._target = target
        self._open = open_connection
        self._failed = failed
        self._security = security
        self._left: List[contract.Address] = []
        self._faults: List[str] = []
        self._cause: Optional[BaseException] = None
        # Guards the two below. Nothing is called while it is held.
        self._lock = threading.Lock()
        self._cancelled = False
        self._steps: List[contract.Attempt] = []
        self._go_on(driver.resolve(target, self._resolved, failed))

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            steps, self._steps = self._steps, []
        for step in steps:
            step.cancel()

    def _go_on(self, step: contract.Attempt) -> None:
        """Note a step for `cancel`. The one after it may have been noted before: the driver is another thread."""
        with self._lock:
            cancelled = self._cancelled
            if not cancelled:
                self._steps.append(step)
        if cancelled:
            step.cancel()

    def _resolved(self, found: List[contract.Address]) -> None:
        self._left = found[::-1]
        self._try_next()

    def _try_next(self) -> None:
        address = self._left.pop()
        self._go_on(self._driver.connect(address, self._open, self._unreachable, self._security))

    def _unreachable(self, reason: str, cause: Optional[BaseException]) -> None:
        self._faults.append(reason)
        self._cause = cause
        if self._left:
            self._try_next()
        else:
            self._failed(f"failed to connect to {self._target!r}: {'; '.join(self._faults)}", self._cause)
