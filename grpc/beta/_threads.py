"""The threads of a stub that was not given a pool: one for each task, while it runs.

An iterator of requests may block for as long as it likes, waiting for its own call's responses perhaps, and so may a
receiver of responses. So none of them may have to wait for another one's thread, nor keep the interpreter from ending.
"""

from __future__ import annotations

import threading
from concurrent import futures
from typing import Any, Callable


class ThreadPerTask(futures.Executor):
    """An executor that starts a thread for every task. There is nothing to shut down."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        future: futures.Future[Any] = futures.Future()
        threading.Thread(target=_run, args=(future, fn, args, kwargs), name="grpc-beta", daemon=True).start()
        return future


def _run(future: futures.Future[Any], fn: Callable[..., Any], args: Any, kwargs: Any) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(fn(*args, **kwargs))
    except BaseException as error:
        future.set_exception(error)
