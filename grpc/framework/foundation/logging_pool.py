"""A thread pool that logs what its tasks raise, because few callers look into every future."""

from __future__ import annotations

import concurrent.futures
import functools
import logging
from typing import Any, Callable, TypeVar

T = TypeVar("T")

_LOGGER = logging.getLogger(__name__)


class _LoggingPool(concurrent.futures.Executor):
    # map() of the base class submits its calls one by one, so they are logged without more ado.

    def __init__(self, backing: concurrent.futures.ThreadPoolExecutor) -> None:
        self._backing = backing
        # No method, because one that packs its arguments and calls the pool's makes submitting a fifth slower, this
        # a thirtieth. It lies on another object than the pool it is bound to: no cycle, so a pool that is merely
        # dropped still lets its threads go.
        submit: Callable[..., Any] = backing.submit
        self.submit = functools.partial(submit, _call_logged)  # type: ignore[method-assign]  # see above

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._backing.shutdown(wait, cancel_futures=cancel_futures)


def _call_logged(fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
    try:
        return fn(*args, **kwargs)
    except BaseException:  # the pool keeps even a SystemExit in the future, so nobody would hear of it
        _LOGGER.exception("Task of a pool raised: %r", fn)
        raise


def pool(max_workers: int | None) -> concurrent.futures.Executor:
    """Makes a thread pool that logs, with its traceback, every exception raised by a task.

    Args:
        max_workers: How many threads it may have at most, at least 1; None leaves the number to the standard library.
            Threads start as tasks come.

    Returns:
        An executor whose futures still deliver the exceptions. Whoever made it shuts it down. What the function given
        to its ``map`` raises is logged as well, whether or not anybody iterates that far.

    Raises:
        ValueError: `max_workers` is less than 1.
    """
    return _LoggingPool(concurrent.futures.ThreadPoolExecutor(max_workers, thread_name_prefix="logging_pool"))
