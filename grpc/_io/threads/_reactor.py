"""One thread that watches descriptors and runs timers; everything it calls must be short.

Who uses a reactor holds it (`acquire`) and lets go of it (`release`): the first user starts the thread, the last one
ends it and may wait until it has ended (`join`). Customers' callbacks run on a second thread, started when first
needed, so that one that blocks holds up neither timers nor traffic.

In a forked process neither thread exists. What was watched there is closed (see `_forking`), timers stay, and the
thread is started again by the first thing that needs it.
"""

from __future__ import annotations

import collections
import logging
import queue
import threading
import time
from typing import TYPE_CHECKING, Callable, Deque, Dict, List, Optional

from grpc._io.threads import _forking, _poller, _timers
from grpc.framework.foundation import forking

if TYPE_CHECKING:
    from grpc.framework.foundation import environment

_LOGGER = logging.getLogger(__name__)

# Seconds. Whoever sleeps longer wakes for nothing once: systems refuse waits of many weeks.
_LONGEST_SLEEP = 24 * 60 * 60.0

Handler = Callable[[int], None]


class Reactor(forking.Member):
    """See the module."""

    def __init__(
        self,
        name: str,
        clock: Callable[[], float] = time.monotonic,
        make_poller: Callable[[], _poller.Poller] = _poller.make_poller,
    ) -> None:
        """Make a reactor without a thread.

        Args:
          name: Of the thread, for people who look at a list of threads.
          clock: Gives the monotonic time in seconds.
          make_poller: Gives the poller for a new thread.
        """
        self._name = name
        self.time = clock
        self._make_poller = make_poller
        # Guards everything below but what says otherwise. Nothing is called while it is held.
        self._lock = threading.Lock()
        self._users = 0
        self._poller: Optional[_poller.Poller] = None
        self._thread: Optional[threading.Thread] = None
        self._thread_id = -1
        # Threads that were told to end, and the pollers that they have yet to close.
        self._ending: List[threading.Thread] = []
        self._ending_pollers: List[_poller.Poller] = []
        self._timers = _timers.Timers()
        self._wake_at = _timers.NEVER
        self._callbacks: Optional[queue.SimpleQueue[Optional[Callable[[], None]]]] = None
        self._callback_thread: Optional[threading.Thread] = None
        # The three below are changed by any thread; single operations on a dict or deque are atomic.
        self._soon: Deque[Callable[[], object]] = collections.deque()
        self._handlers: Dict[int, Handler] = {}
        self.members: Dict[_forking.Member, None] = {}
        """What has descriptors that must be closed in a forked process."""
        _forking.REACTORS[id(self)] = self
        forking.register(self)

    def __repr__(self) -> str:
        state = "running" if self._thread is not None else "idle"
        return f"<Reactor {self._name!r}, {state}, {self._users} users, {len(self._handlers)} descriptors>"

    # ------------------------------------------------------------ users

    def acquire(self) -> None:
        """Use the reactor; its thread runs from now on."""
        with self._lock:
            self._users += 1
            if self._poller is None:
                self._start()

    def _start(self) -> None:
        """Start the thread. The lock is held."""
        self._poller = self._make_poller()
        self._thread = threading.Thread(target=self._run, args=(self._poller,), name=self._name, daemon=True)
        self._thread.start()

    def release(self) -> None:
        """Use it no more. The last user's release makes the threads end; `join` waits for that."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
            poller, self._poller = self._poller, None  # the sign for the thread to end
            if poller is not None:
                self._ending_pollers.append(poller)
            callbacks, self._callbacks = self._callbacks, None
            self._ending = [thread for thread in self._ending if thread.is_alive()]
            self._ending += [thread for thread in (self._thread, self._callback_thread) if thread is not None]
            self._thread = self._callback_thread = None
            self._thread_id = -1
            self._timers = _timers.Timers()
            self._wake_at = _timers.NEVER
        if poller is not None:
            poller.wake()
        if callbacks is not None:
            callbacks.put(None)

    def join(self) -> None:
        """Wait until threads that have been told to end have ended, but for the calling one."""
        with self._lock:
            ending = list(self._ending)
        for thread in ending:
            if thread is not threading.current_thread():
                thread.join()

    # ------------------------------------------------------------ descriptors

    def add(self, fd: int, handler: Handler, interest: int, once: bool = False) -> None:
        """Have a handler called with the events of a descriptor, and now and then for nothing (see `_poller`).

        Once the last user has left it is not called any more: what it belongs to is being given up.
        """
        self._handlers[fd] = handler
        poller = self._needed_poller()
        if poller is not None:
            poller.add(fd, interest, once)

    def change(self, fd: int, interest: int, once: bool = False) -> None:
        """Watch for other events of a descriptor that was added."""
        poller = self._poller
        if poller is not None and fd in self._handlers:
            poller.change(fd, interest, once)

    def remove(self, fd: int) -> None:
        """Forget a descriptor, before it is closed."""
        poller = self._poller
        if self._handlers.pop(fd, None) is not None and poller is not None:
            poller.remove(fd)

    def _needed_poller(self) -> Optional[_poller.Poller]:
        """The poller, started anew if this is a forked process; None if the last user has left."""
        poller = self._poller
        if poller is None:
            with self._lock:
                if self._poller is None and self._users:
                    self._start()
                poller = self._poller
        return poller

    # ------------------------------------------------------------ time and work

    def call_at(self, when: float, action: Callable[[], None]) -> environment.Timer:
        """Run an action on the reactor's thread at a point of `time()`."""
        try:
            with self._lock:
                timer = self._timers.add(when, action)
                sooner = when < self._wake_at
                if sooner:
                    self._wake_at = when  # so that of many new timers only the first one wakes
            if sooner:
                self.wake()
        except BaseException:  # KeyboardInterrupt: nobody else would wake the thread for this timer
            self.wake()
            raise
        return timer

    def call_soon(self, action: Callable[[], None]) -> None:
        """Run an action on the reactor's thread as soon as possible."""
        try:
            self._soon.append(action)
            self.wake()
        except BaseException:  # KeyboardInterrupt, as above
            self.wake()
            raise

    def call_from_finalizer(self, action: Callable[[], object]) -> None:
        """The same without a lock, see `Environment.call_from_finalizer`. Nor does it start the thread in a forked
        process: there the action waits for the first thing that does."""
        self._soon.append(action)
        poller = self._poller
        if poller is not None:
            poller.wake()

    def execute(self, action: Callable[[], None]) -> None:
        """Run customers' code on the callback thread, in the order of the calls."""
        with self._lock:
            callbacks = self._callbacks
            if callbacks is None and self._users:
                callbacks = self._callbacks = queue.SimpleQueue()
                self._callback_thread = threading.Thread(
                    target=_run_callbacks, args=(callbacks,), name=f"{self._name}-callbacks", daemon=True
                )
                self._callback_thread.start()
            if callbacks is not None:
                callbacks.put(action)
                return
        _run_callback(action)  # nobody is left to run it but the caller

    def wake(self) -> None:
        """Have the thread look at the time and at what there is to do."""
        if self._thread_id != threading.get_ident():
            poller = self._poller
            if poller is None:
                if not self._users:
                    return
                poller = self._needed_poller()
            if poller is not None:
                poller.wake()

    # ------------------------------------------------------------ the thread

    def _run(self, poller: _poller.Poller) -> None:
        handlers = self._handlers
        with self._lock:
            if self._poller is poller:
                self._thread_id = threading.get_ident()
        try:
            while self._poller is poller:
                for fd, events in poller.poll(self._time_to_sleep()):
                    handler = handlers.get(fd)
                    if handler is not None:
                        _guarded(handler, events)
                self._run_due()
            self._run_soon()  # what was asked for before the last user left
        finally:
            poller.close()
            with self._lock:
                if poller in self._ending_pollers:
                    self._ending_pollers.remove(poller)

    def _time_to_sleep(self) -> Optional[float]:
        """How long the next poll may take."""
        with self._lock:
            self._wake_at = soonest = self._timers.soonest()
            if self._soon:
                return 0
        if soonest == _timers.NEVER:
            return None
        return min(max(0.0, soonest - self.time()), _LONGEST_SLEEP)

    def _run_due(self) -> None:
        if self._soon:
            self._run_soon()
        if self._wake_at == _timers.NEVER:
            return
        now = self.time()
        if now < self._wake_at:
            return
        with self._lock:
            due = self._timers.take_due(now)
        for timer in due:
            action = _timers.take_action(timer)
            if action is not None:
                _guarded(action)

    def _run_soon(self) -> None:
        for _ in range(len(self._soon)):  # what these add comes after the next look at the descriptors
            _guarded(self._soon.popleft())

    # ------------------------------------------------------------ forking

    def hold(self, timeout: float) -> Callable[[], None]:
        """Keep what this object guards still while the process forks; returns how to let go again."""
        return self._lock.release if self._lock.acquire(timeout=timeout) else _nothing

    def after_fork_in_child(self) -> forking.Report:
        """Begin anew, without threads: close what belongs to the parent process.

        Returns:
          How to have the members report it.
        """
        self._lock = threading.Lock()
        poller, self._poller = self._poller, None
        self._thread = self._callback_thread = self._callbacks = None
        self._thread_id = -1
        self._ending = []
        self._wake_at = _timers.NEVER
        self._handlers.clear()
        if poller is not None:
            poller.close()
        ending, self._ending_pollers = self._ending_pollers, []
        for poller in ending:
            poller.close()
        members, self.members = list(self.members), {}
        reports = [report for report in map(_after_fork_in_child, members) if report is not None]
        if not reports:
            return None

        def report() -> None:
            self._soon.extend(reports)
            self.wake()

        return report


def _nothing() -> None:
    pass


def _after_fork_in_child(member: _forking.Member) -> Optional[Callable[[], None]]:
    try:
        return member.after_fork_in_child()
    except Exception:  # another thread's half-done work may have been forked along
        _LOGGER.exception("A connection could not be given up after a fork")
        return None


def _guarded(action: Callable[..., object], *args: int) -> None:
    """Call what a layer above gave us; a defect there must not end the thread that serves all others."""
    try:
        action(*args)
    except BaseException:
        _LOGGER.exception("A handler on the reactor's thread raised: this is a defect of the library")


def _run_callbacks(callbacks: queue.SimpleQueue[Optional[Callable[[], None]]]) -> None:
    while True:
        action = callbacks.get()
        if action is None:
            return
        _run_callback(action)


def _run_callback(action: Callable[[], None]) -> None:
    try:
        action()
    except BaseException:  # even SystemExit: it is the callback's, not the thread's
        _LOGGER.exception("A callback raised")
