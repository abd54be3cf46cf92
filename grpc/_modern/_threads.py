"""The pool of a server's handlers: the user's own, with context variables kept apart."""

from __future__ import annotations

import contextvars
from concurrent import futures
from typing import Any, Callable


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
