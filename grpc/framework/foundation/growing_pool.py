"""An executor in which no task ever waits for another one's thread.

For what may block as long as it likes: an iterator of requests waits for its own call's responses perhaps, and a
receiver of responses for a lock that another one's call holds. The pool grows with the tasks that run, and shrinks when
they end.
"""

from __future__ import annotations

import queue
import threading
import weakref
from concurrent import futures
from typing import Any, Callable, List, Optional, Tuple

from grpc.framework.foundation import forking

# How long a thread without work stays, in seconds: long enough to serve one call after another with the same thread.
_IDLE = 2.0

_Task = Tuple["futures.Future[Any]", Callable[..., Any], Tuple[Any, ...], Any]


class GrowingPool(futures.Executor, forking.Member):
    """Starts a thread whenever none is idle. The threads are daemons, as tasks may never end.

    A pool that is dropped without `shutdown` lets its idle threads go as well.
    """

    def __init__(self, name: str) -> None:
        """Make a pool without threads.

        Args:
          name: Of its threads.
        """
        self._name = name
        # Guards everything below. Nothing is called while it is held but the queues' `put`, which never blocks.
        self._lock = threading.Lock()
        self._idle: List[queue.SimpleQueue[Optional[_Task]]] = []
        self._closed = False
        forking.register(self)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        """See `futures.Executor.submit`.

        Raises:
          RuntimeError: The pool was shut down.
        """
        future: futures.Future[Any] = futures.Future()
        task: _Task = (future, fn, args, kwargs)
        with self._lock:
            if self._closed:
                raise RuntimeError(f"the pool of {self._name} threads was shut down and takes no more work")
            tasks = self._idle.pop() if self._idle else None
            if tasks is not None:
                tasks.put(task)
                return future
        threading.Thread(target=_work, args=(weakref.ref(self), task), name=self._name, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks and end the threads that have none. Does not wait for those that have: they may block."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for tasks in idle:
            tasks.put(None)

    def __del__(self) -> None:
        for tasks in self._idle:  # nobody else can know the pool any more, so no lock
            tasks.put(None)

    def after_fork_in_child(self) -> None:
        self._lock = threading.Lock()
        self._idle = []

    def _rest(self, tasks: queue.SimpleQueue[Optional[_Task]]) -> bool:
        """Note that a thread has no work; tell whether it may get some."""
        with self._lock:
            if not self._closed:
                self._idle.append(tasks)
            return not self._closed

    def _leave(self, tasks: queue.SimpleQueue[Optional[_Task]]) -> bool:
        """Strike a thread that has had no work for long; tell whether it did not get some in the last moment."""
        with self._lock:
            if tasks in self._idle:
                self._idle.remove(tasks)
                return True
            return False


def _work(whose: weakref.ref[GrowingPool], task: Optional[_Task]) -> None:
    """Run tasks until none comes for a while. No reference to the pool is kept meanwhile, so that it can be dropped."""
    tasks: queue.SimpleQueue[Optional[_Task]] = queue.SimpleQueue()
    while task is not None:
        _run(*task)
        del task
        pool = whose()
        if pool is None or not pool._rest(tasks):
            return
        del pool
        try:
            task = tasks.get(timeout=_IDLE)
        except queue.Empty:
            pool = whose()
            if pool is None or pool._leave(tasks):
                return
            del pool
            task = tasks.get()


def _run(future: futures.Future[Any], fn: Callable[..., Any], args: Tuple[Any, ...], kwargs: Any) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = fn(*args, **kwargs)
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
