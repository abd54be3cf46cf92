"""One thread that watches descriptors and runs timers; everything it calls must be short.

Who uses a reactor holds it (`acquire`) and lets go of it (`release`): the first user starts the thread, the last one
ends it and waits until it has ended. Customers' callbacks run on a second thread, started when first needed, so that
one that blocks holds up neither timers nor traffic.
"""

from __future__ import annotations

import collections
import heapq
import itertools
import logging
import queue
import threading
import time
from typing import Callable, Deque, Dict, List, Optional, Tuple

from grpc._io.threads import _poller
from grpc.framework.foundation import environment

_LOGGER = logging.getLogger(__name__)

_NEVER = float("inf")

Handler = Callable[[int], None]


class _Timer(environment.Timer):
    """A pending action; cancelled ones stay in the heap until their time, without what they would have called."""

    __slots__ = ("action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Optional[Callable[[], None]] = action

    def cancel(self) -> None:
        self.action = None


class Reactor:
    """See the module."""

    def __init__(self, name: str) -> None:
        """Make a reactor without a thread.

        Args:
          name: Of the thread, for people who look at a list of threads.
        """
        self._name = name
        # Guards everything below but what says otherwise. Nothing is called while it is held.
        self._lock = threading.Lock()
        self._users = 0
        self._poller: Optional[_poller.Poller] = None
        self._thread: Optional[threading.Thread] = None
        self._ending: List[threading.Thread] = []
        self._timers: List[Tuple[float, int, _Timer]] = []
        self._timer_ids = itertools.count()
        self._wake_at = _NEVER
        self._soon: Deque[Callable[[], None]] = collections.deque()
        self._callbacks: Optional[queue.SimpleQueue[Optional[Callable[[], None]]]] = None
        self._callback_thread: Optional[threading.Thread] = None
        # Changed by whoever owns the descriptor, read by the reactor; single operations on a dict are atomic.
        self._handlers: Dict[int, Handler] = {}

    # ------------------------------------------------------------ users

    def acquire(self) -> None:
        """Use the reactor; its thread runs from now on."""
        with self._lock:
            self._users += 1
            if self._users > 1:
                return
            self._poller = _poller.make_poller()
            self._thread = threading.Thread(target=self._run, args=(self._poller,), name=self._name, daemon=True)
            self._thread.start()

    def release(self) -> None:
        """Use it no more. The last user's release makes the threads end; `join` waits for that."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
            poller, self._poller = self._poller, None  # the sign for the thread to end
            callbacks, self._callbacks = self._callbacks, None
            self._ending = [thread for thread in (self._thread, self._callback_thread) if thread is not None]
            self._thread = self._callback_thread = None
            self._timers.clear()
        assert poller is not None
        poller.wake()
        if callbacks is not None:
            callbacks.put(None)

    def join(self) -> None:
        """Wait until threads that have been told to end have ended, but for the calling one."""
        for thread in self._ending:
            if thread is not threading.current_thread():
                thread.join()

    # ------------------------------------------------------------ descriptors

    def add(self, fd: int, handler: Handler, interest: int, once: bool = False) -> None:
        """Have a handler called with the events of a descriptor."""
        self._handlers[fd] = handler
        assert self._poller is not None
        self._poller.add(fd, interest, once)

    def change(self, fd: int, interest: int, once: bool = False) -> None:
        """Watch for other events of a descriptor that was added."""
        assert self._poller is not None
        self._poller.change(fd, interest, once)

    def remove(self, fd: int) -> None:
        """Forget a descriptor, before it is closed."""
        poller = self._poller
        if self._handlers.pop(fd, None) is not None and poller is not None:
            poller.remove(fd)

    # ------------------------------------------------------------ time and work

    def call_at(self, when: float, action: Callable[[], None]) -> environment.Timer:
        """Run an action on the reactor's thread at a point of `time.monotonic()`."""
        timer = _Timer(action)
        with self._lock:
            heapq.heappush(self._timers, (when, next(self._timer_ids), timer))
            sooner = when < self._wake_at
            if sooner:
                self._wake_at = when  # so that of many new timers only the first one wakes
        if sooner:
            self._wake()
        return timer

    def call_soon(self, action: Callable[[], None]) -> None:
        """Run an action on the reactor's thread as soon as possible."""
        self._soon.append(action)
        self._wake()

    def execute(self, action: Callable[[], None]) -> None:
        """Run customers' code on the callback thread, in the order of the calls."""
        with self._lock:
            if self._callbacks is None:
                if self._thread is None:
                    callbacks = None  # nobody is left to run it but the caller
                else:
                    callbacks = self._callbacks = queue.SimpleQueue()
                    self._callback_thread = threading.Thread(
                        target=_run_callbacks, args=(callbacks,), name=f"{self._name}-callbacks", daemon=True
                    )
                    self._callback_thread.start()
            else:
                callbacks = self._callbacks
            if callbacks is not None:
                callbacks.put(action)
                return
        action()

    def on_reactor_thread(self) -> bool:
        """Whether the calling thread is the reactor's."""
        return threading.current_thread() is self._thread

    def _wake(self) -> None:
        poller = self._poller
        if poller is not None and not self.on_reactor_thread():
            poller.wake()

    # ------------------------------------------------------------ the thread

    def _run(self, poller: _poller.Poller) -> None:
        handlers = self._handlers
        try:
            while self._poller is poller:
                for fd, events in poller.poll(self._time_to_sleep()):
                    handler = handlers.get(fd)
                    if handler is not None:
                        self._guarded(handler, events)
                self._run_due()
        finally:
            poller.close()

    def _time_to_sleep(self) -> Optional[float]:
        """How long the next poll may take."""
        with self._lock:
            timers = self._timers
            while timers and timers[0][2].action is None:
                heapq.heappop(timers)
            if self._soon:
                return 0
            self._wake_at = timers[0][0] if timers else _NEVER
            if not timers:
                return None
            return max(0.0, self._wake_at - time.monotonic())

    def _run_due(self) -> None:
        while self._soon:
            self._guarded(self._soon.popleft())
        if not self._timers:
            return
        due: List[Callable[[], None]] = []
        with self._lock:
            now = time.monotonic()
            while self._timers and self._timers[0][0] <= now:
                timer = heapq.heappop(self._timers)[2]
                if timer.action is not None:
                    due.append(timer.action)
                    timer.action = None
        for action in due:
            self._guarded(action)

    def _guarded(self, action: Callable[..., None], *args: int) -> None:
        """Call what a layer above gave us; a defect there must not end the thread that serves all others."""
        try:
            action(*args)
        except Exception:
            _LOGGER.exception("A handler on the reactor's thread raised: this is a defect of the library")


def _run_callbacks(callbacks: queue.SimpleQueue[Optional[Callable[[], None]]]) -> None:
    while True:
        action = callbacks.get()
        if action is None:
            return
        try:
            action()
        except Exception:
            _LOGGER.exception("A callback raised")
