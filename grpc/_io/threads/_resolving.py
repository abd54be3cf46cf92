"""Finding a target's addresses without holding anybody up."""

from __future__ import annotations

import functools
import math
import threading
from typing import TYPE_CHECKING, Callable, List, Optional

from grpc._io import addresses, contract, text_records
from grpc._io.threads import _forking

if TYPE_CHECKING:
    from grpc._io.threads._reactor import Reactor
    from grpc._values.connecting import ConfigLookup
    from grpc.framework.foundation.environment import Timer


class Resolution(contract.Attempt, _forking.Member):
    """One look-up of a target. A name service is asked on a thread of its own, which ends with its one answer.

    A thread inside of the system's resolver cannot be stopped: after `cancel` it goes on, and nobody listens. TXT
    records, if somebody wants them, are asked for on another thread beside it; that one ends soon after `cancel`.
    """

    __slots__ = (
        "_failed",
        "_found",
        "_lock",
        "_lookup",
        "_over",
        "_reactor",
        "_resolved",
        "_target",
        "_texts",
        "_timer",
    )

    def __init__(
        self,
        reactor: Reactor,
        target: str,
        resolved: Callable[[contract.Answer], None],
        failed: contract.Failed,
        lookup: Optional[ConfigLookup] = None,
    ) -> None:
        """Make a resolution; `start` begins it. The arguments are those of `Driver.resolve`."""
        self._reactor = reactor
        self._target = target
        self._resolved = resolved
        self._failed = failed
        self._lookup = lookup
        # What is known so far, None for nothing yet. Written and read by the reactor's thread alone.
        self._found: Optional[List[contract.Address]] = None
        self._texts: Optional[contract.Texts] = () if lookup is None else None
        # Set while TXT records are waited for, unless they may take as long as they like.
        self._timer: Optional[Timer] = None
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
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        return not over

    def _begin(self) -> None:
        if self._over:
            return
        try:
            found = addresses.literal(self._target)
            if not found:
                threading.Thread(target=self._look_up, name="grpc-resolver", daemon=True).start()
            if self._lookup is not None:
                self._begin_to_ask(self._lookup)
        except (ValueError, RuntimeError) as error:  # a bad target; no more threads to be had
            self._fail(str(error), error)
        else:
            if found:
                self._has_found(found)

    def _look_up(self) -> None:
        try:
            found = addresses.resolve(self._target)
        except (OSError, ValueError) as error:
            cause = error
            reason = f"cannot resolve {self._target!r}: {getattr(error, 'strerror', None) or error}"
            self._reactor.call_soon(lambda: self._fail(reason, cause))
        else:
            self._reactor.call_soon(lambda: self._has_found(found))

    def _begin_to_ask(self, lookup: ConfigLookup) -> None:
        if lookup.timeout != math.inf:
            due = self._reactor.time() + lookup.timeout
            self._timer = self._reactor.call_at(due, functools.partial(self._time_is_up, lookup))
        asking = functools.partial(self._ask, lookup)
        threading.Thread(target=asking, name="grpc-config-resolver", daemon=True).start()

    def _ask(self, lookup: ConfigLookup) -> None:
        texts = text_records.ask(lookup, lambda: self._over or self._texts is not None)
        self._reactor.call_soon(lambda: self._has_texts(texts))

    def _time_is_up(self, lookup: ConfigLookup) -> None:
        if self._texts is None and not self._over:
            text_records.note_overdue(lookup)
            self._has_texts(())

    def _has_found(self, found: List[contract.Address]) -> None:
        self._found = found
        self._succeed_if_whole()

    def _has_texts(self, texts: contract.Texts) -> None:
        self._texts = texts
        self._succeed_if_whole()

    def _succeed_if_whole(self) -> None:
        if self._found is not None and self._texts is not None and self._end():
            self._resolved(contract.Answer(self._found, self._texts))

    def _fail(self, reason: str, cause: Optional[BaseException]) -> None:
        if self._end():
            self._failed(reason, cause)

    def after_fork_in_child(self) -> Optional[Callable[[], None]]:
        self._lock = threading.Lock()
        return None if self._over else lambda: self._fail(f"cannot resolve {self._target!r}: {_forking.FORKED}", None)
