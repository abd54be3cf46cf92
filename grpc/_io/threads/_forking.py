"""What a fork means for reactors and for what has descriptors on them.

The child gets copies of all descriptors and none of our threads. It must close its copies without a word to anybody
(a `shutdown`, a TLS farewell or a change of the shared epoll table would reach the parent's connections), and report to
whoever waits that everything is lost. So that the child finds things whole, each reactor and each transport is held
still in the moment of the fork, as far as that can be had without waiting long.
"""

from __future__ import annotations

import abc
import os
import time
import weakref
from typing import TYPE_CHECKING, Callable, List, Optional

if TYPE_CHECKING:
    from grpc._io.threads._reactor import Reactor

FORKED = "the process was forked"

# How long a fork may be held up altogether, in seconds. It is when the thread that forks is itself inside of one of our
# calls: then nothing comes to rest by waiting.
_PATIENCE = 0.5

REACTORS: weakref.WeakValueDictionary[int, Reactor] = weakref.WeakValueDictionary()
"""Every reactor, by its `id`."""

_holds: List[Callable[[], None]] = []


class Member(abc.ABC):
    """Something with descriptors on a reactor."""

    __slots__ = ()

    def hold(self, timeout: float) -> Callable[[], None]:
        """Wait until nobody is changing this object, and keep it so; returns how to let go again.

        Args:
          timeout: Seconds after which to go on without.
        """
        return _nothing

    @abc.abstractmethod
    def after_fork_in_child(self) -> Optional[Callable[[], None]]:
        """Close the descriptors and all else that belongs to the parent process. Nothing else runs meanwhile.

        Returns:
          What is to be run on the reactor's new thread to tell those above; None if nobody need be told.
        """
        raise NotImplementedError()


def _nothing() -> None:
    pass


def _reactors() -> List[Reactor]:
    return [reactor for reactor in [reference() for reference in REACTORS.valuerefs()] if reactor is not None]


def _before() -> None:
    end = time.monotonic() + _PATIENCE
    for reactor in _reactors():
        _holds.extend([member.hold(max(0.0, end - time.monotonic())) for member in list(reactor.members)])
        _holds.append(reactor.hold(max(0.0, end - time.monotonic())))


def _after_in_parent() -> None:
    while _holds:
        _holds.pop()()


def _after_in_child() -> None:
    _holds.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
