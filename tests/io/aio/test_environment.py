"""Clock, timers and waiting on a loop."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Callable, List, Tuple

import pytest

from grpc._io.aio import _environment
from grpc.framework.foundation.environment import Waiter


class _HastyLoop:
    """Stands for a loop that calls too early, as uvloop may."""

    def __init__(self) -> None:
        self.now = 10.0
        self.calls: List[Tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def is_running(self) -> bool:
        return False

    def call_at(self, when: float, action: Callable[[], None]) -> None:
        self.calls.append((when, action))

    def call_later(self, delay: float, action: Callable[[], None]) -> None:
        self.call_at(self.now + delay, action)


def test_a_timer_never_runs_early() -> None:
    loop: Any = _HastyLoop()
    ran: List[float] = []
    _environment.Environment(loop).call_at(10.5, lambda: ran.append(loop.now))
    loop.now = 10.4996
    loop.calls.pop()[1]()
    assert ran == []
    ((when, action),) = loop.calls
    assert when > loop.now
    loop.now = 10.5
    action()
    assert ran == [10.5]


def test_a_timer_may_be_set_before_the_loop_runs() -> None:
    loop = asyncio.new_event_loop()
    try:
        environment = _environment.Environment(loop)
        done = loop.create_future()
        environment.call_at(environment.time(), lambda: done.set_result("ran"))
        assert loop.run_until_complete(done) == "ran"
    finally:
        loop.close()


def test_a_cancelled_timer_leaves_nothing_behind() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        environment = _environment.Environment(loop)
        ran: List[str] = []
        timer = environment.call_at(loop.time(), lambda: ran.append("cancelled"))
        timer.cancel()
        done = loop.create_future()
        environment.call_at(loop.time(), lambda: done.set_result(None))
        await done
        timer.cancel()
        assert ran == []

    asyncio.run(main())


def test_waiting_for_what_has_happened_is_no_wait() -> None:
    async def main() -> None:
        waiter = Waiter()
        waiter.set()
        assert _environment.Environment(asyncio.get_running_loop()).wait(waiter)

    asyncio.run(main())


def test_waiting_for_anything_else_is_an_error_that_says_what_to_do() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="await it through the asynchronous API"):
            _environment.Environment(asyncio.get_running_loop()).wait(Waiter(), 1.0)

    asyncio.run(main())


def test_customers_code_runs_at_once() -> None:
    async def main() -> None:
        ran: List[str] = []
        _environment.Environment(asyncio.get_running_loop()).execute(lambda: ran.append("ran"))
        assert ran == ["ran"]

    asyncio.run(main())


def test_a_closed_loop_is_not_called() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    _environment.call_from_thread(loop, lambda: None)


def test_an_error_of_an_open_loop_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.new_event_loop()

    def refuse(action: Callable[[], object]) -> None:
        raise RuntimeError("this one is meant")

    monkeypatch.setattr(loop, "call_soon_threadsafe", refuse)
    try:
        with pytest.raises(RuntimeError, match="this one is meant"):
            _environment.call_from_thread(loop, lambda: None)
    finally:
        loop.close()


def test_what_a_finalizer_wants_done_is_done_on_the_loop_whatever_the_thread() -> None:
    async def scenario() -> int:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[int] = loop.create_future()

        def elsewhere() -> None:
            environment.call_from_finalizer(lambda: done.set_result(threading.get_ident()))

        environment = _environment.Environment(loop)
        await loop.run_in_executor(None, elsewhere)
        return await done

    assert asyncio.run(scenario()) == threading.get_ident()


def test_a_finalizer_may_come_after_the_loop_was_closed() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    _environment.Environment(loop).call_from_finalizer(pytest.fail)
