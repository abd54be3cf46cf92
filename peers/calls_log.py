"""What a server knows of its calls by their tags: that one has begun and ended, and whom to let go."""

from __future__ import annotations

import threading
from typing import Any, Callable, Dict, List, Set, Tuple

try:
    from peers import script_values
except ImportError:  # in a peer's process this folder itself is what is importable
    import script_values


class CallsLog:
    """Remembers, and lets wait for, what happened to calls. From any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: Dict[Tuple[str, str], threading.Event] = {}
        self._releases: Dict[str, List[Callable[[], Any]]] = {}
        self._released: Set[str] = set()

    def note(self, tag: str, what: str) -> None:
        """A call has ``begun``, ``holds``, is ``over`` (as its handler was told), or was ``left`` by its handler."""
        self._event(tag, what).set()

    def wait(self, tag: str, what: str) -> bool:
        """Wait until that is noted; whether it was in time."""
        return self._event(tag, what).wait(script_values.PATIENCE)

    def on_release(self, tag: str, release: Callable[[], Any]) -> None:
        """A call holds until ``release`` is called, which is at once if it was let go before."""
        with self._lock:
            if tag not in self._released:
                self._releases.setdefault(tag, []).append(release)
                return
        release()

    def release(self, tag: str) -> None:
        """Let it go."""
        with self._lock:
            self._released.add(tag)
            releases = self._releases.pop(tag, [])
        for release in releases:
            release()

    def release_all(self) -> None:
        """Let all calls go, because everything ends."""
        with self._lock:
            tags = list(self._releases)
        for tag in tags:
            self.release(tag)

    def _event(self, tag: str, what: str) -> threading.Event:
        with self._lock:
            return self._events.setdefault((tag, what), threading.Event())
