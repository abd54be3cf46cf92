"""What a forked process makes anew: every lock, for whoever held one may not exist there.

A fork copies all objects as they are in that moment, and only the thread that forks. A lock that another thread held is
held for good in the child, and what that thread was about to do is never done. So what lives as long as a channel or a
server registers here. In the child, before anything else runs, each member makes its locks anew and forgets the
threads; when all have, each does what is left to do, in the order in which they stand on each other, the uppermost
first.
"""

from __future__ import annotations

import abc
import itertools
import logging
import os
import weakref
from typing import Callable, Optional

_LOGGER = logging.getLogger(__name__)

Report = Optional[Callable[[], None]]


class Member(abc.ABC):
    """Something with locks; see the module."""

    __slots__ = ()

    @abc.abstractmethod
    def after_fork_in_child(self) -> Report:
        """Make the locks anew. No other member may be called: it may not have come so far.

        Returns:
          What is to be done once all members have made their locks anew; None for nothing.
        """
        raise NotImplementedError()


_members: weakref.WeakValueDictionary[int, Member] = weakref.WeakValueDictionary()
_numbers = itertools.count()


def register(member: Member) -> None:
    """Have a member told of every fork, as long as it lives. What it stands on has been registered before it."""
    _members[next(_numbers)] = member


def _after_fork_in_child() -> None:
    members = [member for member in [reference() for reference in _members.valuerefs()] if member is not None]
    reports = [_guarded(member.after_fork_in_child) for member in reversed(members)]
    for report in reports:
        if report is not None:
            _guarded(report)


def _guarded(action: Callable[[], Report]) -> Report:
    try:
        return action()
    except Exception:  # another thread's half-done work may have been forked along
        _LOGGER.exception("Something could not be made anew after a fork")
        return None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
