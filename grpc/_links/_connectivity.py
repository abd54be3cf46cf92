"""What state a channel is in, and telling it to who watches: each state once, in order, from the environment's place.

    IDLE --wanted--> CONNECTING --connected--> READY --connection lost, idle for long--> IDLE
                         |                       ^
                         '--no address answers--> TRANSIENT_FAILURE (stays until an address answers)

and SHUTDOWN from anywhere, for good.
"""

from __future__ import annotations

import collections
import logging
from typing import TYPE_CHECKING, Callable, Deque, List, Tuple

from grpc._values.connectivity import ChannelConnectivity

if TYPE_CHECKING:
    from grpc._links._section import Section
    from grpc.framework.foundation.environment import Environment

_LOGGER = logging.getLogger(__name__)

Callback = Callable[[ChannelConnectivity], None]


class _Watcher:
    """Somebody who watches. After `active` has become false no call to the callback begins."""

    __slots__ = ("active", "callback")

    def __init__(self, callback: Callback) -> None:
        self.callback = callback
        self.active = True


class Connectivity:
    """See the module. Everything but the callbacks happens inside the channel's section."""

    __slots__ = ("_due", "_environment", "_section", "_state", "_telling", "_watchers")

    def __init__(self, section: Section, environment: Environment) -> None:
        """Begin IDLE, watched by nobody.

        Args:
          section: The channel's.
          environment: Executes the callbacks.
        """
        self._section = section
        self._environment = environment
        self._state = ChannelConnectivity.IDLE
        self._watchers: List[_Watcher] = []
        self._due: Deque[Tuple[_Watcher, ChannelConnectivity]] = collections.deque()
        self._telling = False

    def __repr__(self) -> str:
        return f"<Connectivity: {self._state.name}, {len(self._watchers)} watchers>"

    @property
    def state(self) -> ChannelConnectivity:
        """The state now. May be read by anybody at any time."""
        return self._state

    def change(self, state: ChannelConnectivity) -> None:
        """Go to a state; to the same one is no change."""
        if state is self._state:
            return
        self._state = state
        for watcher in self._watchers:
            self._tell(watcher)

    def watch(self, callback: Callback) -> None:
        """Tell somebody the state now, and each that follows."""
        watcher = _Watcher(callback)
        self._watchers.append(watcher)
        self._tell(watcher)

    def unwatch(self, callback: Callback) -> None:
        """Tell somebody no more: the eldest watch with an equal callback ends; no such watch is no error."""
        for watcher in self._watchers:
            if watcher.callback == callback:
                watcher.active = False
                self._watchers.remove(watcher)
                return

    def _tell(self, watcher: _Watcher) -> None:
        self._due.append((watcher, self._state))
        if len(self._due) == 1:
            self._section.later(lambda: self._environment.execute(self._empty))

    def _empty(self) -> None:
        """Tell all that is due, unless another thread, or this one further up its stack, is at it."""
        with self._section:
            if self._telling:
                return
            self._telling = True
        while True:
            with self._section:
                if not self._due:
                    self._telling = False
                    return
                watcher, state = self._due.popleft()
            if watcher.active:
                try:
                    watcher.callback(state)
                except Exception:
                    _LOGGER.exception("A connectivity callback raised; it will be called again at the next change")
