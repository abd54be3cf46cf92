"""Ways to run a scenario of the conformance kit: one for each driver, and for each loop that asyncio can run on.

A scenario is a coroutine function that takes a `Rig`. It waits by `await rig.until(...)` alone: on a loop that lets the
loop run, under the threads driver it blocks, and the coroutine never suspends.
"""

from __future__ import annotations

import abc
import asyncio
import gc
import importlib.util
import threading
from typing import Any, Callable, Coroutine, Dict, List, Optional

from grpc._io import aio, contract, threads

# How long a scenario waits for what has to come, in seconds, before it is declared stuck.
PATIENCE = 10.0

Scenario = Callable[["Rig"], Coroutine[Any, Any, None]]


class Rig(abc.ABC):
    """Two drivers, one for clients and one for servers, and a way to wait."""

    client: contract.Driver
    server: contract.Driver

    def __init__(self) -> None:
        self.faults: List[str] = []
        """What a fake found to break the contract; checked at the end."""
        self.listeners: List[contract.Listener] = []
        self.transports: List[contract.Transport] = []

    @abc.abstractmethod
    def run(self, scenario: Scenario) -> None:
        """Run a scenario to its end and take everything down; nothing may be left."""

    @abc.abstractmethod
    async def until(self, condition: Callable[[], bool], what: str = "") -> None:
        """Wait until a condition holds; it is looked at again after every `changed`."""

    @abc.abstractmethod
    def changed(self) -> None:
        """Say that a condition may hold now; from any thread."""

    async def in_thread(self, action: Callable[[], None]) -> None:
        """Have a thread of its own do what blocks, and wait for it."""
        thread = self.start_thread(action)
        await self.until(lambda: not thread.is_alive() or thread.done, "the thread ends")
        thread.join()

    def start_thread(self, action: Callable[[], None]) -> Doing:
        """Have a thread of its own do what blocks; the scenario has to wait for its end."""
        thread = Doing(self, action)
        thread.start()
        return thread

    def take_down(self) -> None:
        """Close what a scenario has left open, in the order that the contract asks for."""
        for listener in self.listeners:
            listener.close()
        for transport in self.transports:
            transport.close("the test is over")
        self.client.close()
        self.server.close()


class Doing(threading.Thread):
    """A thread that tells the rig when it is done."""

    def __init__(self, rig: Rig, action: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._rig = rig
        self._action = action
        self.done = False

    def run(self) -> None:
        try:
            self._action()
        finally:
            self.done = True
            self._rig.changed()


class ThreadsRig(Rig):
    """The threads driver."""

    def __init__(self) -> None:
        super().__init__()
        self._condition = threading.Condition()

    def run(self, scenario: Scenario) -> None:
        self.client = threads.client_driver()
        self.server = threads.server_driver()
        coroutine = scenario(self)
        try:
            coroutine.send(None)
        except StopIteration:
            pass
        else:
            raise AssertionError("a scenario awaits something but its rig")
        finally:
            coroutine.close()
            self.take_down()
        assert self.faults == []

    async def until(self, condition: Callable[[], bool], what: str = "") -> None:
        with self._condition:
            if not self._condition.wait_for(condition, PATIENCE):
                raise AssertionError(f"waited in vain: {what}")

    def changed(self) -> None:
        with self._condition:
            self._condition.notify_all()


class LoopRig(Rig):
    """The asyncio driver on some loop."""

    def __init__(self, make_loop: Callable[[], asyncio.AbstractEventLoop], debug: bool = False) -> None:
        super().__init__()
        self._make_loop = make_loop
        self._debug = debug
        self._loop: asyncio.AbstractEventLoop
        self._event: asyncio.Event
        self._complaints: List[Dict[str, Any]] = []

    def run(self, scenario: Scenario) -> None:
        self._loop = loop = self._make_loop()
        loop.set_debug(self._debug)
        loop.set_exception_handler(lambda _, context: self._complaints.append(context))
        try:
            loop.run_until_complete(self._main(scenario))
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            loop.close()
        gc.collect()  # so that what was left unclosed warns within this test
        assert self._complaints == []
        assert self.faults == []

    async def _main(self, scenario: Scenario) -> None:
        self._event = asyncio.Event()
        client, server = aio.driver(), aio.driver()
        self.client, self.server = client, server
        try:
            await scenario(self)
        finally:
            self.take_down()
            await asyncio.wait_for(client.wait_closed(), PATIENCE)
            await asyncio.wait_for(server.wait_closed(), PATIENCE)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert left == set()

    async def until(self, condition: Callable[[], bool], what: str = "") -> None:
        try:
            await asyncio.wait_for(self._until(condition), PATIENCE)
        except asyncio.TimeoutError:
            raise AssertionError(f"waited in vain: {what}") from None

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._event.clear()
            await self._event.wait()

    def changed(self) -> None:
        try:
            on_loop: Optional[asyncio.AbstractEventLoop] = asyncio.get_running_loop()
        except RuntimeError:
            on_loop = None
        if on_loop is self._loop:
            self._event.set()
        else:
            self._loop.call_soon_threadsafe(self._event.set)


RIGS: Dict[str, Callable[[], Rig]] = {
    "threads": ThreadsRig,
    "asyncio": lambda: LoopRig(asyncio.new_event_loop),
    "asyncio-debug": lambda: LoopRig(asyncio.new_event_loop, debug=True),
}

if importlib.util.find_spec("uvloop") is not None:
    import uvloop

    RIGS["uvloop"] = lambda: LoopRig(uvloop.new_event_loop)
