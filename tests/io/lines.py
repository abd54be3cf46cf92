"""The least that is a connection: lines come and go, and threads wait for them."""

from __future__ import annotations

import collections
import threading
from typing import Any, Callable, Deque, Dict, List, Optional, Tuple

from grpc._io import contract
from grpc.framework.foundation.environment import Waiter

# Seconds after which something that must happen has not; only failing tests get to wait for it.
LIMIT = 10.0


class LineConnection(contract.Connection):
    """Everything that happens to it is kept for the test to look at."""

    def __init__(self, on_line: Optional[Callable[[bytes], None]] = None) -> None:
        self.deliveries: Deque[Any] = collections.deque()
        self.lines: List[bytes] = []
        self.losses: List[Tuple[str, Optional[BaseException]]] = []
        self.lost = threading.Event()
        self.arrived = threading.Semaphore(0)
        self.on_line = on_line
        self.deadline: Optional[float] = None
        self.deadlines_handled: List[float] = []
        self.last_words = b""
        self.closing = False
        self.has_callers = False
        self._out = bytearray()
        self._in = bytearray()
        self._waiters: Dict[bytes, Waiter] = {}

    # ------------------------------------------------------------ for the test; the lock is held

    def write(self, data: bytes) -> None:
        """Have bytes sent by the next `settle`."""
        self._out += data

    def expect(self, line: bytes) -> Waiter:
        """A waiter that is set when a line is delivered, or the connection lost."""
        waiter = self._waiters[line] = Waiter()
        return waiter

    @property
    def unsent(self) -> int:
        """How many bytes nobody has asked for yet."""
        return len(self._out)

    # ------------------------------------------------------------ as the driver sees it

    def receive_data(self, data: bytes) -> None:
        self._in += data
        *lines, rest = bytes(self._in).split(b"\n")
        self._in[:] = rest
        self.deliveries.extend(lines)

    def data_to_send(self) -> bytes:
        data = bytes(self._out)
        self._out.clear()
        return data

    def connection_lost(self, reason: str, cause: Optional[BaseException]) -> None:
        self.losses.append((reason, cause))
        self.deliveries.append(None)

    def deliver(self, delivery: Any) -> None:
        if delivery is None:
            waiters, self._waiters = self._waiters, {}
            for waiter in waiters.values():
                waiter.set()
            self.lost.set()
            return
        self.lines.append(delivery)
        if self.on_line is not None:
            self.on_line(delivery)
        expecting = self._waiters.pop(delivery, None)
        if expecting is not None:
            expecting.set()
        self.arrived.release()

    @property
    def busy(self) -> bool:
        return self.has_callers

    @property
    def finished(self) -> bool:
        return self.closing

    def next_deadline(self) -> Optional[float]:
        return self.deadline

    def handle_deadline(self, now: float) -> None:
        self.deadlines_handled.append(now)
        self.deadline = None
        self.write(b"late\n")

    def farewell(self) -> bytes:
        return self.last_words

    # ------------------------------------------------------------ waiting, without the lock

    def await_lines(self, count: int) -> None:
        """Return once so many more lines have been delivered."""
        for _ in range(count):
            assert self.arrived.acquire(timeout=LIMIT), "a line did not come"

    def await_loss(self) -> str:
        """Return the reason once the loss has been delivered."""
        assert self.lost.wait(LIMIT), "the loss was not reported"
        return self.losses[0][0]
