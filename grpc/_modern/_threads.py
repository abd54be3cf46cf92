"""The threads in which requests are drawn from users' iterators.

An iterator may block for as long as it likes, waiting for its own call's responses perhaps, so no iterator may have to
wait for another one's thread: the pool grows with the iterators that are being drawn from, and shrinks when they end.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from concurrent import futures
from typing import Any, Callable, List, Optional, Tuple

# How long a thread without work stays, in seconds: long enough to serve one call after another with the same thread.
_IDLE = 2.0

_Task = Tuple["futures.Future[Any]", Callable[..., Any], Tuple[Any, ...], Any]


class GrowingPool(futures.Executor):
    """An executor in which no task waits for another; its threads are daemons, as iterators may never end."""

    def __init__(self, name: str) -> None:
        """Make a pool without threads.

        Args:
          name: Of its threads.
        """
        self._name = name
        # Guards everything below.
        self._lock = threading.Lock()
        self._idle: List[queue.SimpleQueue[Optional[_Task]]] = []
        self._closed = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        future: futures.Future[Any] = futures.Future()
        task: _Task = (future, fn, args, kwargs)
        with self._lock:
            if self._closed:
                raise RuntimeError("the channel is closed")
            tasks = self._idle.pop() if self._idle else None
            if tasks is not None:
                tasks.put(task)
                return future
        threading.Thread(target=self._work, args=(task,), name=self._name, daemon=True).start()
        return future

    def _work(self, task: Optional[_Task]) -> None:
        """Run tasks until none comes for a while."""
        tasks: queue.SimpleQueue[Optional[_Task]] = queue.SimpleQueue()
        while task is not None:
            _run(*task)
            del task
            with self._lock:
                if self._closed:
                    return
                self._idle.append(tasks)
            try:
                task = tasks.get(timeout=_IDLE)
            except queue.Empty:
                with self._lock:
                    if tasks in self._idle:
                        self._idle.remove(tasks)
                        return
                task = tasks.get()  # one came in the last moment

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks and end the threads that have none. Does not wait for those that have: they may block."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for tasks in idle:
            tasks.put(None)


def _run(future: futures.Future[Any], fn: Callable[..., Any], args: Tuple[Any, ...], kwargs: Any) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = fn(*args, **kwargs)
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)


class IsolatingPool(futures.Executor):
    """Hands tasks on to another executor, each to be run in context variables of its own."""

    def __init__(self, pool: futures.Executor) -> None:
        """Stand before a pool.

        Args:
          pool: Runs the tasks. It is its owner's to shut down.
        """
        self._submit = pool.submit

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        return self._submit(contextvars.copy_context().run, fn, *args, **kwargs)
