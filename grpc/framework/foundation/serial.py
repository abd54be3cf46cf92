"""Effects in their order, one at a time, run by whichever thread finds nobody running them.

Several threads want things to happen in one order, yet nothing that happens may block them, and no thread is kept
just for that. So an effect is appended: if another call is busy with this object the effect is only queued, and the
busy thread runs it in its turn; if nobody is, the appending thread becomes the busy one until the queue is empty.

An effect may append. It finds its own thread busy, so what it appends waits for the frame below and the stack does not
grow, however long the chain. A lock held around each effect would do neither: others would block behind a slow effect,
and an effect that appends would wait for itself.

The price is that a thread may run effects of others before its call returns, so effects should be short.
"""

from __future__ import annotations

import collections
import logging
import threading
from typing import Callable

_LOGGER = logging.getLogger(__name__)

Effect = Callable[[], object]


class Serial:
    """Runs effects one at a time, in the order in which they were appended."""

    # _lock guards _effects, those that wait for their turn, and _running, whether some call has taken the first and
    # not yet found the queue empty. It is never held while an effect runs. Effects wait only while _running.
    __slots__ = ("_effects", "_execute", "_lock", "_running")

    def __init__(self, execute: Callable[[Callable[[Effect], None], Effect], object] | None = None) -> None:
        """Makes one with nothing to run.

        Args:
            execute: Where the effects run. It gets a function and the function's argument and has to make that call
                once, in any thread, now or later; the ``submit`` of a pool fits. There is at most one such call at a
                time. None runs them in the thread that appends.
        """
        self._lock = threading.Lock()
        self._effects: collections.deque[Effect] = collections.deque()
        self._running = False
        self._execute = execute

    def __repr__(self) -> str:
        return f"<Serial {'running' if self._running else 'idle'}, {len(self._effects)} waiting>"

    def append(self, effect: Effect) -> None:
        """Has an effect run after all those appended before it.

        Callable from any thread and from inside an effect. When it returns, the effect has run, or another call (the
        one around this, one of another thread, one of the executor) is going to run it.

        Args:
            effect: What to call, without arguments. An `Exception` that it raises is logged and the next effect
                runs. KeyboardInterrupt, SystemExit and the like are raised here once the waiting effects have run.

        Raises:
            Exception: Whatever the `execute` given at construction raises. The effect does not run then, nor do those
                that were appended meanwhile; each append after that tries anew.
        """
        with self._lock:
            if self._running:
                self._effects.append(effect)
                return
            self._running = True
        if self._execute is None:
            self._run(effect)
        else:
            self._hand_over(self._execute, effect)

    def _run(self, effect: Effect) -> None:
        interruption: BaseException | None = None
        while True:
            try:
                effect()
            except Exception:
                _LOGGER.exception("Effect raised: %r", effect)
            except BaseException as error:
                # Leaving at once would strand what other threads have left to this one.
                interruption = interruption or error
            with self._lock:
                if not self._effects:
                    self._running = False
                    break
                effect = self._effects.popleft()
        if interruption is not None:
            try:
                raise interruption
            finally:
                del interruption  # the traceback keeps this frame, which must not keep the exception in turn

    def _hand_over(self, execute: Callable[[Callable[[Effect], None], Effect], object], effect: Effect) -> None:
        try:
            execute(self._run, effect)
        except BaseException:
            # Kept, they would run after later ones or never. An executor refuses when it is shut down, so for good.
            with self._lock:
                dropped = len(self._effects)
                self._effects.clear()
                self._running = False
            if dropped:
                _LOGGER.warning("Executor refused; %d waiting effects dropped", dropped)
            raise
