"""Readiness of file descriptors, with interests that any thread may change while another one polls.

epoll allows that by itself. Elsewhere (and under gevent, which takes epoll away) the standard library's selector is
used: changes are queued, and the polling thread is woken to apply them.

A poller may report a descriptor for nothing: one that was closed since, and whose number another socket has got. So
whoever is told that a socket is ready tries it, and is content to find that it is not.
"""

from __future__ import annotations

import collections
import contextlib
import select
import selectors
import socket
from typing import Callable, Deque, Dict, List, Optional, Tuple, Union

READ = 1
WRITE = 2

Events = List[Tuple[int, int]]


class Waker:
    """A way to end a poll from another thread: a connected pair of sockets.

    It closes itself when nobody refers to it any more. Were it closed by command, a thread that is just waking could
    write into whatever the descriptor's number has been given to since.
    """

    __slots__ = ("_inner", "_outer", "fileno")

    def __init__(self) -> None:
        self._inner, self._outer = socket.socketpair()
        self._inner.setblocking(False)
        self._outer.setblocking(False)
        self.fileno: int = self._inner.fileno()

    def wake(self) -> None:
        """End the present or else the next poll. Never blocks."""
        with contextlib.suppress(OSError):  # full: the poll ends anyway
            self._outer.send(b"\0")

    def drain(self) -> None:
        """Forget all wakes so far."""
        with contextlib.suppress(OSError):  # empty: it was read in full the last time
            while len(self._inner.recv(4096)) == 4096:
                pass

    def __del__(self) -> None:
        for end in (getattr(self, "_inner", None), getattr(self, "_outer", None)):  # it may not have come so far
            if end is not None:
                end.close()


def _nothing() -> None:
    pass


class EpollPoller:
    """On Linux: the kernel's own table is the only one, and it may be changed at any time."""

    __slots__ = ("_epoll", "_waker", "_waker_fd", "wake")

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._waker: Optional[Waker] = Waker()
        self._waker_fd = self._waker.fileno
        self.wake: Callable[[], None] = self._waker.wake
        self._epoll.register(self._waker_fd, select.EPOLLIN)

    def add(self, fd: int, interest: int, once: bool = False) -> None:
        """Begin to watch a descriptor; with `once`, only until its first event."""
        self._epoll.register(fd, _EPOLL_MASKS[interest] | (select.EPOLLONESHOT if once or not interest else 0))

    def change(self, fd: int, interest: int, once: bool = False) -> None:
        """Watch for other events; no interest at all keeps the descriptor known but silent."""
        # Without any interest epoll would still report errors and hang-ups, again and again; as a one-shot it
        # does so once at most.
        self._epoll.modify(fd, _EPOLL_MASKS[interest] | (select.EPOLLONESHOT if once or not interest else 0))

    def remove(self, fd: int) -> None:
        """Forget a descriptor that is about to be closed."""
        with contextlib.suppress(OSError, ValueError):  # the poller has been closed: it has forgotten everything
            self._epoll.unregister(fd)

    def poll(self, timeout: Optional[float]) -> Events:
        """Wait for events, or for `wake`, or until so many seconds have passed."""
        found: Events = []
        for fd, mask in self._epoll.poll(-1 if timeout is None else timeout):
            if fd == self._waker_fd:
                self._drain()
            else:
                found.append((fd, (mask & _EPOLL_READABLE and READ) | (mask & _EPOLL_WRITABLE and WRITE)))
        return found

    def close(self) -> None:
        """Forget everything; only the polling thread may say so, or a forked process that has no such thread."""
        self._epoll.close()
        self.wake = _nothing
        self._waker = None  # its descriptors are closed when no thread is about to wake any more

    def _drain(self) -> None:
        if self._waker is not None:
            self._waker.drain()


class SelectorPoller:
    """Everywhere else: the standard library's selector, touched by the polling thread alone."""

    __slots__ = ("_changes", "_once", "_selector", "_waker", "_waker_fd", "wake")

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._waker: Optional[Waker] = Waker()
        self._waker_fd = self._waker.fileno
        self.wake: Callable[[], None] = self._waker.wake
        self._selector.register(self._waker_fd, selectors.EVENT_READ)
        self._changes: Deque[Tuple[int, Optional[int], bool]] = collections.deque()
        # The descriptors that the selector knows, and whether they are to be forgotten at their first event.
        self._once: Dict[int, bool] = {}

    def add(self, fd: int, interest: int, once: bool = False) -> None:
        """Begin to watch a descriptor; with `once`, only until its first event."""
        self._changes.append((fd, interest, once))
        self.wake()

    def change(self, fd: int, interest: int, once: bool = False) -> None:
        """Watch for other events; no interest at all keeps the descriptor known but silent."""
        self._changes.append((fd, interest, once))
        self.wake()

    def remove(self, fd: int) -> None:
        """Forget a descriptor that is about to be closed."""
        self._changes.append((fd, None, False))
        self.wake()

    def _apply_changes(self) -> None:
        while self._changes:
            fd, interest, once = self._changes.popleft()
            if fd in self._once:
                self._selector.unregister(fd)
                del self._once[fd]
            if interest:
                try:
                    self._selector.register(fd, interest)
                except (OSError, ValueError):
                    continue  # closed meanwhile
                self._once[fd] = once

    def poll(self, timeout: Optional[float]) -> Events:
        """Wait for events, or for `wake`, or until so many seconds have passed."""
        self._apply_changes()
        found: Events = []
        try:
            ready = self._selector.select(timeout)
        except (OSError, ValueError):
            return found  # a descriptor was closed; the change that says so is in the queue, or about to be
        for key, mask in ready:
            if key.fd == self._waker_fd:
                self._drain()
                continue
            if self._once.get(key.fd):
                self._selector.unregister(key.fd)
                del self._once[key.fd]
            found.append((key.fd, mask))
        return found

    def close(self) -> None:
        """Forget everything; only the polling thread may say so, or a forked process that has no such thread."""
        self._selector.close()
        self.wake = _nothing
        self._waker = None  # its descriptors are closed when no thread is about to wake any more

    def _drain(self) -> None:
        if self._waker is not None:
            self._waker.drain()


Poller = Union[EpollPoller, SelectorPoller]


def make_poller() -> Poller:
    """The best poller of this process, looked up now: gevent may have taken epoll away since the import."""
    if hasattr(select, "epoll"):
        return EpollPoller()
    return SelectorPoller()


if hasattr(select, "epoll"):
    _EPOLL_MASKS = {0: 0, READ: select.EPOLLIN, WRITE: select.EPOLLOUT, READ | WRITE: select.EPOLLIN | select.EPOLLOUT}
    # Errors and hang-ups are learned by trying, so they count as both.
    _EPOLL_READABLE = select.EPOLLIN | select.EPOLLERR | select.EPOLLHUP
    _EPOLL_WRITABLE = select.EPOLLOUT | select.EPOLLERR | select.EPOLLHUP


class Gate:
    """One thread's wait for one descriptor, which other threads can end: what a caller that reads sleeps on."""

    __slots__ = ("_fd", "_poll", "_waker", "wake")

    def __init__(self, fd: int) -> None:
        """Make a gate.

        Args:
          fd: The descriptor to be waited for. It is not closed while somebody waits.
        """
        self._fd = fd
        self._waker = Waker()
        self.wake: Callable[[], None] = self._waker.wake
        self._poll: Optional[Callable[[Optional[float]], List[Tuple[int, int]]]] = None
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(fd, select.POLLIN)
            poll.register(self._waker.fileno, select.POLLIN)
            self._poll = poll.poll

    def wait(self, timeout: Optional[float]) -> bool:
        """Wait until the descriptor is readable, or for `wake`, or so many seconds; tell whether it is readable."""
        if self._poll is not None:
            # In whole milliseconds, rounded up by the standard library: never earlier than asked for.
            events = self._poll(None if timeout is None else timeout * 1000)
            if len(events) == 1 and events[0][0] == self._fd:
                return True
            ready = [fd for fd, _ in events]
        else:
            ready = select.select([self._fd, self._waker.fileno], [], [], timeout)[0]
        if self._waker.fileno in ready:
            self._waker.drain()
        return self._fd in ready
